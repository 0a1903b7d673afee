//! Images and signers at a glance: a row for each image, a column for each signer of each policy.

use super::html::Html;
use super::words::{self, Sign};
use super::{BY_WEIGHT, Entry};
use crate::policy::{Mode, Outcome, PolicyDecision, Satisfaction, SignerDecision, Verdict};

/// A policy's columns: its signers, or none where it never came to them.
struct Group<'a> {
    policy: &'a str,
    mode: Mode,
    columns: Vec<Column<'a>>,
}

/// A signer's column. Other tools' policies may give two alternatives one name: the second of that name is another one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Column<'a> {
    signer: &'a str,
    /// How many of that name stand before it in the policy.
    before: usize,
}

impl Group<'_> {
    fn width(&self) -> usize {
        self.columns.len().max(1)
    }
}

/// The columns of a policy's signers, in their order.
fn columns(signers: &[SignerDecision]) -> impl Iterator<Item = Column<'_>> {
    signers.iter().enumerate().map(|(at, signer)| {
        let before = signers[..at].iter().filter(|other| other.name == signer.name).count();
        Column { signer: &signer.name, before }
    })
}

/// The policies that spoke of any of the images, in the order of their names.
fn groups<'a>(entries: &[Entry<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for policy in entries.iter().flat_map(|entry| entry.row.decision.policies()) {
        let at = groups.iter().position(|group| group.policy == policy.name).unwrap_or_else(|| {
            groups.push(Group { policy: &policy.name, mode: policy.mode, columns: Vec::new() });
            groups.len() - 1
        });
        for column in columns(policy.signers()) {
            if !groups[at].columns.contains(&column) {
                groups[at].columns.push(column);
            }
        }
    }
    groups.sort_by_key(|group| group.policy);
    groups
}

/// Most columns of signers that have room on paper beside the image; with more, the proofs alone are printed.
const PRINTED_LIMIT: usize = 6;

pub(super) fn glance(html: &mut Html, entries: &[Entry<'_>]) {
    html.raw(
        "<section class=\"wide\" aria-labelledby=\"glance-title\"><h2 id=\"glance-title\">At a glance</h2>",
    );
    tools(html, entries);
    html.raw("<p class=\"caption\" id=\"glance-caption\">Every image, and what became of each signer. A signer is what a policy requires: a key must have signed.</p>");
    let groups = groups(entries);
    let class = match groups.iter().map(Group::width).sum::<usize>() > PRINTED_LIMIT {
        true => "scroll broad",
        false => "scroll",
    };
    let region =
        [("class", class), ("role", "region"), ("aria-labelledby", "glance-title"), ("tabindex", "0")];
    html.open("div", &region).raw("<table class=\"glance\" aria-labelledby=\"glance-caption\">");
    header(html, &groups);
    html.raw("<tbody>");
    for entry in entries {
        row(html, entry, &groups);
    }
    html.raw("</tbody></table></div></section>");
}

/// Filter and search; only the script can do them, and it shows them.
fn tools(html: &mut Html, entries: &[Entry<'_>]) {
    html.raw("<form class=\"tools\" id=\"tools\" role=\"search\" hidden><fieldset><legend>Show</legend>");
    choice(html, "all", "all", entries.len());
    for verdict in BY_WEIGHT {
        let number = entries.iter().filter(|entry| entry.verdict() == verdict).count();
        let word = words::verdict(verdict).word;
        choice(html, word, word, number);
    }
    html.raw("</fieldset><label class=\"find\">Search <input type=\"search\" id=\"find\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"image, key, claim, file\"></label>");
    html.raw("<p role=\"status\" id=\"shown\"></p></form>");
}

fn choice(html: &mut Html, value: &str, word: &str, number: usize) {
    html.raw("<label class=\"choice\"><input type=\"radio\" name=\"show\" value=\"").text(value).raw("\"");
    if value == "all" {
        html.raw(" checked");
    }
    html.raw("><span>").text(word).raw(" <b>").text(&number.to_string()).raw("</b></span></label>");
}

fn header(html: &mut Html, groups: &[Group<'_>]) {
    html.raw(
        "<thead><tr><th scope=\"col\" rowspan=\"2\">Image</th><th scope=\"col\" rowspan=\"2\">Decision</th>",
    );
    for group in groups {
        let width = group.width().to_string();
        html.open("th", &[("scope", "colgroup"), ("colspan", &width), ("class", "policy")])
            .text(group.policy);
        if let Some(mode) = words::mode(group.mode) {
            html.raw(" ").element("small", &[], mode);
        }
        html.raw("</th>");
    }
    html.raw("</tr><tr>");
    for group in groups {
        for column in &group.columns {
            html.raw("<th scope=\"col\">").text(column.signer);
            if column.before > 0 {
                html.text(&format!(" ({})", column.before + 1));
            }
            html.raw("</th>");
        }
        if group.columns.is_empty() {
            html.raw("<th scope=\"col\">no signer</th>");
        }
    }
    html.raw("</tr></thead>");
}

fn row(html: &mut Html, entry: &Entry<'_>, groups: &[Group<'_>]) {
    let (before, name) = entry.name();
    html.open("tr", &[("data-image", &entry.anchor())]).raw("<th scope=\"row\">");
    html.open("a", &[("href", &format!("#{}", entry.anchor()))]);
    html.element("span", &[("class", "before")], before).raw("<wbr>").text(name).raw("</a>");
    html.element("small", &[], &beneath(entry)).raw("</th>");
    decision(html, entry);
    for group in groups {
        let policy = entry.row.decision.policies().iter().find(|policy| policy.name == group.policy);
        cells(html, policy, group);
    }
    html.raw("</tr>\n");
}

/// What tells images of one name apart: who runs it.
fn beneath(entry: &Entry<'_>) -> String {
    let uses = &entry.row.uses;
    match (uses.first(), uses.len()) {
        (None, _) => "named as an argument".to_owned(),
        (Some(first), 1) => first.object.clone(),
        (Some(first), all) => format!("{} and {}", first.object, words::count(all - 1, "place", "places")),
    }
}

/// The decision, and why where it does not rest on signers.
fn decision(html: &mut Html, entry: &Entry<'_>) {
    let verdict = words::verdict(entry.verdict());
    let reason = entry.row.decision.reason().map(|reason| words::reason(reason.code).word);
    let more = reason.filter(|word| *word != verdict.word).map(|word| format!(": {word}"));
    html.open("td", &[("class", &format!("{} decision", verdict.class))]);
    html.raw("<i aria-hidden=\"true\">").raw(verdict.mark).raw("</i> ").text(verdict.word);
    html.text(&more.unwrap_or_default()).raw("</td>");
}

/// A policy's cells of a row: one for each signer, or one over all of them.
fn cells(html: &mut Html, policy: Option<&PolicyDecision>, group: &Group<'_>) {
    let Some(policy) = policy else { return cell(html, &words::NOT_ASKED, group.width()) };
    if let Some(sign) = words::without_signers(policy) {
        return cell(html, &sign.under(policy.mode), group.width());
    }
    for column in &group.columns {
        let at = columns(policy.signers()).position(|other| other == *column);
        let sign = at.map_or(words::NOT_ASKED, |at| sign_of(policy, &policy.signers()[at].outcome));
        cell(html, &sign, 1);
    }
}

/// How a signer's outcome is shown.
pub(super) fn sign_of(policy: &PolicyDecision, outcome: &Outcome) -> Sign {
    let is_needed = !policy.any_is_enough() || policy.verdict() != Verdict::Allowed;
    match outcome {
        Outcome::Satisfied(Satisfaction { warning: Some(_), .. }) => words::SIGNED_WARNED,
        Outcome::Satisfied(_) => words::SIGNED,
        Outcome::Unsatisfied(_) if !is_needed => words::NOT_NEEDED,
        Outcome::Unsatisfied(reason) => words::reason(reason.code).under(policy.mode),
    }
}

fn cell(html: &mut Html, sign: &Sign, width: usize) {
    match width {
        1 => html.open("td", &[("class", sign.class)]),
        _ => html.open("td", &[("class", sign.class), ("colspan", &width.to_string())]),
    };
    html.raw("<i aria-hidden=\"true\">").raw(sign.mark).raw("</i> ");
    // Most cells of a page with many policies are of this kind: the dash says it to those who see it.
    match *sign == words::NOT_ASKED {
        true => html.element("span", &[("class", "unseen")], sign.word),
        false => html.text(sign.word),
    };
    html.raw("</td>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AnyOfDecision, Conclusion, Reason, ReasonCode};

    fn policy(mode: Mode, outcomes: &[ReasonCode]) -> PolicyDecision {
        let signer = |code: &ReasonCode| SignerDecision {
            name: "authority".to_owned(),
            outcome: Outcome::Unsatisfied(Reason { code: *code, text: String::new() }),
        };
        let alternatives = outcomes.iter().map(signer).collect();
        let conclusion = Conclusion::AnyOf(AnyOfDecision { alternatives, reason: None });
        PolicyDecision { name: "policy".to_owned(), mode, conclusion }
    }

    fn shown(policy: &PolicyDecision) -> String {
        let columns = columns(policy.signers()).collect();
        let mut html = Html::default();
        cells(&mut html, Some(policy), &Group { policy: &policy.name, mode: policy.mode, columns });
        html.finish()
    }

    #[test]
    fn two_signers_of_one_name_have_a_column_each() {
        let html = shown(&policy(Mode::Enforce, &[ReasonCode::Missing, ReasonCode::Revoked]));
        assert_eq!(html.matches("<td").count(), 2, "{html}");
        assert!(html.contains("missing") && html.contains("revoked"), "{html}");
    }

    #[test]
    fn what_stops_nothing_is_not_shown_as_if_it_did() {
        assert!(shown(&policy(Mode::Enforce, &[ReasonCode::Missing])).contains("\"bad\""));
        for mode in [Mode::Warn, Mode::Audit] {
            let html = shown(&policy(mode, &[ReasonCode::Missing]));
            assert!(html.contains("\"unsure\"") && !html.contains("\"bad\""), "{html}");
        }
    }
}
