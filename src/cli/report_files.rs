//! Reports in files: `--report FORMAT=PATH`. Every file is opened before the first request, so that what cannot be
//! written is known before anything is decided.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;

use super::error::Failure;
use super::junit;
use super::output::json_text;
use super::report::Report;
use crate::model::escape_untrusted;

/// The forms that reports are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As on standard output (docs/json.md).
    Json,
    /// As test runners and CI systems read it.
    Junit,
}

/// A report that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportTarget {
    form: Form,
    path: PathBuf,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "a report is json=PATH or junit=PATH".to_owned();
        let (form, path) = text.split_once('=').ok_or_else(expected)?;
        let form = match form {
            "json" => Form::Json,
            "junit" => Form::Junit,
            _ => return Err(expected()),
        };
        if path.is_empty() {
            return Err(expected());
        }
        Ok(Self { form, path: path.into() })
    }
}

/// Reports whose files are open and not yet written.
pub(super) struct ReportFiles(Vec<(ReportTarget, File)>);

impl ReportFiles {
    /// Opens every file.
    pub(super) fn open(targets: &[ReportTarget]) -> Result<Self, Failure> {
        let open = |target: &ReportTarget| match File::create(&target.path) {
            Ok(file) => Ok((target.clone(), file)),
            Err(error) => Err(unwritable(target, &error)),
        };
        targets.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// Writes every file.
    pub(super) fn write(self, report: &Report<'_>, now: Timestamp) -> Result<(), Failure> {
        for (target, mut file) in self.0 {
            let text = match target.form {
                Form::Json => json_text(&report.json())?,
                Form::Junit => junit::document(report, now).map_err(|error| unwritable(&target, &error))?,
            };
            file.write_all(text.as_bytes()).map_err(|error| unwritable(&target, &error))?;
        }
        Ok(())
    }
}

fn unwritable(target: &ReportTarget, error: &std::io::Error) -> Failure {
    let shown = escape_untrusted(&target.path.to_string_lossy());
    Failure::usage(format!("the report {shown} cannot be written")).because(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_form_and_a_path() {
        let target: ReportTarget = "junit=a=b.xml".parse().unwrap();
        assert_eq!(target, ReportTarget { form: Form::Junit, path: "a=b.xml".into() });
        for wrong in ["", "json", "json=", "sarif=a", "JSON=a", "=a"] {
            assert!(wrong.parse::<ReportTarget>().is_err(), "{wrong}");
        }
    }
}
