//! The proof for one image: where it stands, what each policy says, and what the signatures are worth.

use super::html::Html;
use super::{Entry, Page, scans, signer, words};
use crate::cli::report::Use;
use crate::model::verify::Remark;
use crate::policy::{Mode, Outcome, PolicyDecision, Reason, Verdict};

/// Most places of one image that are listed.
const USES_LIMIT: usize = 50;

pub(super) fn image(html: &mut Html, page: &Page<'_>, entry: &Entry<'_>, open: bool) {
    let sign = words::verdict(entry.verdict());
    let class = format!("image {}", sign.class);
    html.raw("<details");
    for (name, value) in [("class", class.as_str()), ("id", &entry.anchor()), ("data-verdict", sign.word)] {
        html.raw(" ").raw(name).raw("=\"").text(value).raw("\"");
    }
    html.raw(if open { " open>" } else { ">" });
    summary(html, entry);
    html.raw("<div class=\"body\">");
    facts(html, entry);
    for policy in entry.row.decision.policies() {
        policy_proof(html, page, policy);
    }
    remarks(html, entry);
    if let Some(known) = entry.scans {
        scans::scans(html, known, page.now);
    }
    html.raw("</div></details>\n");
}

fn summary(html: &mut Html, entry: &Entry<'_>) {
    let sign = words::verdict(entry.verdict());
    let (before, name) = entry.name();
    html.raw("<summary><span class=\"chip\"><i aria-hidden=\"true\">").raw(sign.mark).raw("</i> ");
    html.text(sign.word).raw("</span><h3>");
    html.element("span", &[("class", "before")], before).raw("<wbr>").text(name).raw("</h3>");
    html.element("p", &[], &gist(entry)).raw("</summary>");
}

/// Why, in a line.
fn gist(entry: &Entry<'_>) -> String {
    let decision = entry.row.decision;
    if entry.verdict() == Verdict::Allowed {
        let signers = decision.policies().iter().map(|policy| policy.signers().len()).sum();
        let warnings = decision.warnings().len();
        let told = match warnings {
            0 => String::new(),
            number => format!(", {}", words::count(number, "warning", "warnings")),
        };
        return match (decision.reason(), signers) {
            (Some(reason), _) => format!("{}{told}", reason.text),
            (None, 0) => format!("allowed without a signature{told}"),
            (None, number) => format!("{} satisfied{told}", words::count(number, "signer", "signers")),
        };
    }
    // A policy with words of its own has said them for its signers.
    let blocking = decision
        .policies()
        .iter()
        .filter(|policy| policy.effect() == entry.verdict() && policy.reason().is_none());
    let signers = blocking.flat_map(|policy| {
        policy.signers().iter().filter_map(move |signer| match &signer.outcome {
            Outcome::Unsatisfied(reason) => {
                Some(format!("{}, {}: {}", policy.name, signer.name, words::reason(reason.code).word))
            }
            Outcome::Satisfied(_) => None,
        })
    });
    let own = decision.reason().map(|reason| reason.text.clone());
    own.into_iter().chain(signers).collect::<Vec<_>>().join(" \u{b7} ")
}

fn facts(html: &mut Html, entry: &Entry<'_>) {
    html.raw("<dl class=\"facts\"><dt>Image</dt><dd><code>").text(&entry.row.asked).raw("</code></dd>");
    html.raw("<dt>Digest</dt><dd>");
    match entry.row.digest {
        Some(digest) => html.element("code", &[], &digest.to_string()),
        None => html.raw("none: nothing was asked of a registry"),
    };
    html.raw("</dd>");
    uses(html, &entry.row.uses);
    if !entry.row.evidence.is_complete() {
        html.raw("<dt>Looked at</dt><dd>as much as the answer needed; other signatures may be there</dd>");
    }
    html.raw("</dl>");
    let policies = entry.row.decision.policies();
    let stands_alone = |reason: &&Reason| policies.iter().all(|policy| policy.reason() != Some(*reason));
    if let Some(reason) = entry.row.decision.reason().filter(stands_alone) {
        html.element("p", &[("class", "why")], &reason.text);
    }
}

fn uses(html: &mut Html, uses: &[Use]) {
    html.raw("<dt>Used in</dt><dd>");
    match uses.is_empty() {
        true => drop(html.raw("named as an argument")),
        false => {
            html.raw("<ul>");
            for place in uses.iter().take(USES_LIMIT) {
                html.raw("<li><code>").text(&format!("{}:{}", place.file, place.line)).raw("</code> ");
                html.text(&place.object).raw(" ").element("small", &[], &place.path).raw("</li>");
            }
            if uses.len() > USES_LIMIT {
                html.element("li", &[], &format!("and {} more", uses.len() - USES_LIMIT));
            }
            html.raw("</ul>");
        }
    }
    html.raw("</dd>");
}

fn policy_proof(html: &mut Html, page: &Page<'_>, policy: &PolicyDecision) {
    let sign = words::verdict(policy.verdict());
    html.open("section", &[("class", "policy")]).raw("<h4>Policy ").element("b", &[], &policy.name);
    html.raw(" <span class=\"tag ").raw(sign.class).raw("\"><i aria-hidden=\"true\">").raw(sign.mark);
    html.raw("</i> ").text(sign.word).raw("</span> <span class=\"tag quiet\">").text(mode(policy.mode));
    html.raw("</span></h4>");
    if let Some(reason) = policy.reason() {
        html.element("p", &[("class", "why")], &reason.text);
    }
    if policy.signers().is_empty() {
        html.raw("</section>");
        return;
    }
    if policy.any_is_enough() {
        html.raw("<p class=\"why\">Any one of these is enough.</p>");
    }
    html.raw("<ul class=\"signers\">");
    for decision in policy.signers() {
        signer::signer(html, policy, decision, page.now);
    }
    html.raw("</ul></section>");
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforced",
        Mode::Warn => "warns, stops nothing",
        Mode::Audit => "audits, stops nothing",
    }
}

/// What else is to be known of an image, whatever was decided.
fn remarks(html: &mut Html, entry: &Entry<'_>) {
    let line = |remark: &&Remark| format!("{}: {}", remark.place, remark.reason);
    let lists: [(&'static str, Vec<String>); 4] = [
        ("Warnings", entry.row.decision.warnings()),
        ("Audit", entry.row.decision.notes()),
        ("Could not be asked", entry.row.evidence.unreachable().iter().map(line).collect()),
        ("Invalid, and counts for nothing", entry.row.evidence.invalid().iter().map(line).collect()),
    ];
    for (title, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        html.raw("<section class=\"remarks\"><h4>").raw(title).raw("</h4><ul>");
        for line in lines {
            html.element("li", &[], line);
        }
        html.raw("</ul></section>");
    }
}
