//! A gate's report as one HTML page, for people who would rather look: images and signers at a glance, then the proof for
//! each image. It needs nothing beside itself, and it runs nothing but its own script: a Content-Security-Policy names
//! that, and its style, by their hashes.
//!
//! Without its script the page says the same; filter and search are what is missing then.

mod gist;
mod glance;
mod html;
mod image;
mod room;
mod scans;
mod signer;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use self::html::Html;
use self::room::Room;
pub(super) use self::scans::Scans;
use super::policies::Loaded;
use super::report::{Report, Row};
use crate::model::Digest;
use crate::policy::Verdict;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Most images that are not allowed and whose proof stands open from the beginning.
const OPEN_AT_FIRST: usize = 3;

/// What the page tells.
pub(super) struct Page<'a> {
    pub(super) report: &'a Report<'a>,
    /// When the run decided.
    pub(super) now: Timestamp,
    pub(super) policies: &'a [Loaded],
    /// For each row, what its scan found.
    pub(super) scans: &'a [Scans],
}

/// A row with its number, which its links have, and its scan.
struct Entry<'a> {
    number: usize,
    row: &'a Row<'a>,
    scans: Option<&'a Scans>,
    room: Room,
}

impl Entry<'_> {
    fn anchor(&self) -> String {
        format!("image-{}", self.number)
    }

    fn verdict(&self) -> Verdict {
        self.row.decision.verdict()
    }

    /// The name as it was written, without a digest: up to the last slash, and the rest.
    fn name(&self) -> (&str, &str) {
        let written = self.row.asked.as_str();
        let name = written.split_once('@').map_or(written, |(name, _)| name);
        name.rfind('/').map_or(("", name), |slash| name.split_at(slash + 1))
    }
}

/// The document.
pub(super) fn document(page: &Page<'_>) -> String {
    let platforms = page.scans.iter().map(Scans::platforms).sum();
    let room = Room::on(page.report.rows.len(), platforms);
    let mut entries: Vec<Entry<'_>> = page
        .report
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| Entry { number: at + 1, row, scans: page.scans.get(at), room })
        .collect();
    // What keeps a deployment from running is what is looked for.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.verdict()));
    let mut html = Html::default();
    head(&mut html, page.report);
    html.raw("<body><a class=\"skip\" href=\"#images\">Skip to the images</a>");
    banner(&mut html, page);
    html.raw("<main>");
    warnings(&mut html, page.report);
    glance::glance(&mut html, &entries);
    images(&mut html, page, &entries);
    policies(&mut html, page);
    html.raw("</main>");
    foot(&mut html, page);
    html.raw("<script>").raw(SCRIPT).raw("</script></body></html>\n");
    html.finish()
}

fn head(html: &mut Html, report: &Report<'_>) {
    html.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &content_policy())]);
    html.raw("<meta name=\"referrer\" content=\"no-referrer\">");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">");
    let sign = words::verdict(report.verdict());
    let title = format!("{}: {} \u{b7} countersign gate", sign.word, images_counted(report));
    html.element("title", &[], &title);
    html.raw("<style>").raw(STYLE).raw("</style></head>\n");
}

/// Nothing but this page's own style and script, and nothing from anywhere.
fn content_policy() -> String {
    let hash = |text: &str| STANDARD.encode(Digest::of(text.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn images_counted(report: &Report<'_>) -> String {
    words::count(report.rows.len(), "image", "images")
}

fn number_of(report: &Report<'_>, verdict: Verdict) -> usize {
    report.rows.iter().filter(|row| row.decision.verdict() == verdict).count()
}

const BY_WEIGHT: [Verdict; 3] = [Verdict::Denied, Verdict::Undecided, Verdict::Allowed];

/// The verdict of the run, and how many images it is made of.
fn banner(html: &mut Html, page: &Page<'_>) {
    let sign = words::verdict(page.report.verdict());
    html.open("header", &[("class", sign.class)]).raw("<div class=\"wide\">");
    html.raw("<p class=\"brand\"><span>countersign</span> gate</p>");
    html.raw("<h1><span class=\"seal\" aria-hidden=\"true\">").text(sign.mark).raw("</span> ");
    html.text(capitalised(page.report.verdict())).raw("</h1>");
    html.element("p", &[("class", "lead")], &lead(page.report));
    html.raw("<ul class=\"counts\">");
    for verdict in BY_WEIGHT {
        let (sign, number) = (words::verdict(verdict), number_of(page.report, verdict));
        let class = if number == 0 { "none" } else { sign.class };
        html.open("li", &[("class", class)]).element("b", &[], &number.to_string());
        html.raw(" ").text(sign.word).raw("</li>");
    }
    html.raw("</ul>");
    bar(html, page.report);
    html.raw("<p class=\"when\">Decided ");
    time(html, page.now);
    html.text(&format!(" under {}", words::count(page.policies.len(), "policy", "policies")));
    html.raw("</p></div></header>");
}

fn capitalised(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "Allowed",
        Verdict::Denied => "Denied",
        Verdict::Undecided => "Undecided",
    }
}

/// The verdict as a sentence.
fn lead(report: &Report<'_>) -> String {
    let (all, allowed) = (report.rows.len(), number_of(report, Verdict::Allowed));
    let undecided = number_of(report, Verdict::Undecided);
    match report.verdict() {
        Verdict::Allowed if all == 1 => "The image may run.".to_owned(),
        Verdict::Allowed => format!("All {all} images may run."),
        Verdict::Denied => format!("{} of {} may not run.", all - allowed, images_counted(report)),
        Verdict::Undecided => {
            format!("For {undecided} of {}, something could not be asked.", images_counted(report))
        }
    }
}

/// The shares of the verdicts as a bar; the counts beside it say the same.
fn bar(html: &mut Html, report: &Report<'_>) {
    let all = report.rows.len().max(1);
    html.raw("<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let mut before = 0;
    for verdict in BY_WEIGHT {
        let number = number_of(report, verdict);
        let (from, until) = (before * 1_000 / all, (before + number) * 1_000 / all);
        before += number;
        if until > from {
            let (x, width) = (from.to_string(), (until - from).to_string());
            let class = words::verdict(verdict).class;
            html.open("rect", &[("class", class), ("x", &x), ("width", &width), ("height", "10")])
                .close("rect");
        }
    }
    html.raw("</svg>");
}

/// A time that programs can read too.
fn time(html: &mut Html, time: Timestamp) {
    html.element("time", &[("datetime", &time.to_string())], &words::time(time));
}

/// A time that something happened or ends, and how far that is from the run. There are many on a page, so that it is as
/// short as HTML lets it be.
fn moment(html: &mut Html, label: &'static str, then: Timestamp, now: Timestamp) {
    html.raw("<dt>").raw(label).raw("<dd>").text(&words::time(then));
    html.raw(" <small>").text(&words::distance(then, now)).raw(" this run</small>");
}

/// What is to be known of the run beside its decisions.
fn warnings(html: &mut Html, report: &Report<'_>) {
    if report.warnings.is_empty() {
        return;
    }
    html.raw("<section class=\"wide\"><h2>Warnings</h2><ul class=\"remarks\">");
    for warning in &report.warnings {
        html.raw("<li>").prose(warning).raw("</li>");
    }
    html.raw("</ul></section>");
}

fn images(html: &mut Html, page: &Page<'_>, entries: &[Entry<'_>]) {
    html.raw("<section class=\"wide\" id=\"images\" aria-labelledby=\"images-title\" tabindex=\"-1\">");
    html.raw("<div class=\"title\"><h2 id=\"images-title\">Proof for each image</h2>");
    html.raw("<button type=\"button\" id=\"unfold\" hidden>Open all</button></div>");
    html.raw("<p class=\"nothing\" id=\"nothing\" hidden>No image is like that.</p>");
    for (at, entry) in entries.iter().enumerate() {
        let open = at < OPEN_AT_FIRST && entry.verdict() != Verdict::Allowed;
        image::image(html, page, entry, open);
    }
    html.raw("</section>");
}

/// The policies of the run, and where they stand.
fn policies(html: &mut Html, page: &Page<'_>) {
    html.raw("<section class=\"wide\" aria-labelledby=\"policies-title\"><h2 id=\"policies-title\">Policies of this run</h2>");
    html.raw("<div class=\"scroll\" role=\"region\" aria-labelledby=\"policies-title\" tabindex=\"0\"><table class=\"plain\"><thead><tr><th scope=\"col\">Policy</th><th scope=\"col\">Mode</th><th scope=\"col\">File</th></tr></thead><tbody>");
    for policy in page.policies {
        html.raw("<tr>").element("th", &[("scope", "row")], &policy.name);
        html.element("td", &[], &format!("{:?}", policy.mode));
        html.raw("<td>").element("code", &[], &policy.file).raw("</td></tr>");
    }
    html.raw("</tbody></table></div></section>");
}

fn foot(html: &mut Html, page: &Page<'_>) {
    html.raw("<footer class=\"wide\"><p>Written by countersign ").text(env!("CARGO_PKG_VERSION")).raw(" on ");
    time(html, page.now);
    html.raw(
        ". Times and roles in a signature are the signer\u{2019}s own word. A report shows what was decided then, and \
         decides nothing: <code>countersign gate</code> does.</p></footer>",
    );
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_end_where_their_elements_end_and_ask_for_nothing() {
        for text in [STYLE, SCRIPT] {
            let lower = text.to_ascii_lowercase();
            for foreign in ["</", "<!--", "http:", "https:", "url(", "@import", "innerhtml", "eval("] {
                assert!(!lower.contains(foreign), "{foreign}");
            }
        }
    }

    #[test]
    fn the_content_policy_names_this_style_and_this_script_and_nothing_else() {
        let policy = content_policy();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{policy}");
        assert_eq!(policy.matches("'sha256-").count(), 2);
    }
}
