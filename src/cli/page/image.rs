//! The proof for one image: where it stands, what each policy says, and what the signatures are worth.

use super::html::Html;
use super::{Entry, Page, gist, scans, signer, words};
use crate::cli::report::Use;
use crate::model::verify::Remark;
use crate::policy::{Mode, PolicyDecision, Reason};

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
        policy_proof(html, page, entry, policy);
    }
    remarks(html, entry);
    if let Some(known) = entry.scans {
        scans::scans(html, known, &scans::Of { image: entry.name().1, room: entry.room, now: page.now });
    }
    html.raw("</div></details>\n");
}

fn summary(html: &mut Html, entry: &Entry<'_>) {
    let sign = words::verdict(entry.verdict());
    let (before, name) = entry.name();
    html.raw("<summary><span class=\"chip\"><i aria-hidden=\"true\">").raw(sign.mark).raw("</i> ");
    html.text(sign.word).raw("</span><h3>");
    html.element("span", &[("class", "before")], before).raw("<wbr>").text(name).raw("</h3>");
    html.raw("<p>").prose(&gist::gist(entry.row.decision)).raw("</p></summary>");
}

fn facts(html: &mut Html, entry: &Entry<'_>) {
    html.raw("<dl class=\"facts\"><dt>Image</dt><dd><code>").text(&entry.row.asked).raw("</code></dd>");
    html.raw("<dt>Digest</dt><dd>");
    match entry.row.digest {
        Some(digest) => html.element("code", &[], &digest.to_string()),
        None => html.raw("none: nothing was asked of a registry"),
    };
    html.raw("</dd>");
    uses(html, &entry.row.uses, entry.room.lines);
    if !entry.row.evidence.is_complete() {
        html.raw("<dt>Looked at</dt><dd>as much as the answer needed; other signatures may be there</dd>");
    }
    html.raw("</dl>");
    let policies = entry.row.decision.policies();
    let stands_alone = |reason: &&Reason| policies.iter().all(|policy| policy.reason() != Some(*reason));
    if let Some(reason) = entry.row.decision.reason().filter(stands_alone) {
        html.why(&reason.text);
    }
}

fn uses(html: &mut Html, uses: &[Use], most: usize) {
    html.raw("<dt>Used in</dt><dd>");
    match uses.is_empty() {
        true => drop(html.raw("named as an argument")),
        false => {
            html.raw("<ul>");
            for place in uses.iter().take(most) {
                html.raw("<li><code>").text(&format!("{}:{}", place.file, place.line)).raw("</code> ");
                html.cut(&place.object).raw(" <small>").cut(&place.path).raw("</small></li>");
            }
            more(html, uses.len(), most);
            html.raw("</ul>");
        }
    }
    html.raw("</dd>");
}

/// How many of `all` are not listed.
fn more(html: &mut Html, all: usize, most: usize) {
    if let Some(more) = all.checked_sub(most).filter(|more| *more > 0) {
        html.element("li", &[], &format!("and {more} more"));
    }
}

fn policy_proof(html: &mut Html, page: &Page<'_>, entry: &Entry<'_>, policy: &PolicyDecision) {
    let sign = words::verdict(policy.verdict()).under(policy.mode);
    html.open("section", &[("class", "policy")]).raw("<h4>Policy ").element("b", &[], &policy.name);
    html.raw(" <span class=\"tag ").raw(sign.class).raw("\"><i aria-hidden=\"true\">").raw(sign.mark);
    html.raw("</i> ").text(sign.word).raw("</span> <span class=\"tag quiet\">").text(mode(policy.mode));
    html.raw("</span></h4>");
    if let Some(reason) = policy.reason() {
        html.why(&reason.text);
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
        signer::signer(html, policy, decision, (entry.room, page.now));
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
        for line in lines.iter().take(entry.room.lines) {
            html.raw("<li>").prose(line).raw("</li>");
        }
        more(html, lines.len(), entry.room.lines);
        html.raw("</ul></section>");
    }
}
