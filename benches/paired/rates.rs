//! What criterion has measured of `check`, as a table: the benchmark `check` runs before this one.

use std::fmt::Write as _;
use std::path::Path;

use super::table::verdict;

/// Least share of the library's own rate, in percent.
const SHARE: f64 = 90.0;

/// The table, unless something was not measured. `folder` is criterion's.
pub fn table(folder: &Path) -> Option<String> {
    let mut text = String::from(
        "| one core | `check` in a second | aws-lc-rs alone | share | target | | parsing before it |\n\
         |---|--:|--:|--:|--:|---|--:|\n",
    );
    for (name, shown) in [("p256", "P-256"), ("ed25519", "Ed25519")] {
        let [check, library, parse] =
            ["check", "library", "parse"].map(|what| median(&folder.join(name).join(what)));
        let (check, library, parse) = (check?, library?, parse?);
        let share = 100.0 * library / check;
        let met = verdict(share >= SHARE);
        let [check, library] = [check, library].map(|nanoseconds| 1e9 / nanoseconds);
        let parse = parse / 1e3;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {shown} | {check:.0} | {library:.0} | {share:.1} % | ≥ {SHARE} % | {met} | {parse:.1} µs |"
        );
    }
    Some(text)
}

/// Nanoseconds.
fn median(folder: &Path) -> Option<f64> {
    let text = std::fs::read(folder.join("new/estimates.json")).ok()?;
    let estimates: serde_json::Value = serde_json::from_slice(&text).ok()?;
    estimates.get("median")?.get("point_estimate")?.as_f64()
}
