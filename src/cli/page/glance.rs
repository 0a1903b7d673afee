//! Images and signers at a glance: a row for each image, a column for each signer of each policy.

use super::html::Html;
use super::words::{self, Sign};
use super::{BY_WEIGHT, Entry};
use crate::policy::{Outcome, PolicyDecision, Satisfaction, Verdict};

/// A policy's columns: its signers, or none where it never came to them.
struct Group<'a> {
    policy: &'a str,
    signers: Vec<&'a str>,
}

impl Group<'_> {
    fn width(&self) -> usize {
        self.signers.len().max(1)
    }
}

/// The policies that spoke of any of the images, in the order of their names.
fn groups<'a>(entries: &[Entry<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for policy in entries.iter().flat_map(|entry| entry.row.decision.policies()) {
        let at = groups.iter().position(|group| group.policy == policy.name).unwrap_or_else(|| {
            groups.push(Group { policy: &policy.name, signers: Vec::new() });
            groups.len() - 1
        });
        for signer in policy.signers() {
            if !groups[at].signers.contains(&signer.name.as_str()) {
                groups[at].signers.push(&signer.name);
            }
        }
    }
    groups.sort_by_key(|group| group.policy);
    groups
}

pub(super) fn glance(html: &mut Html, entries: &[Entry<'_>]) {
    html.raw(
        "<section class=\"wide\" aria-labelledby=\"glance-title\"><h2 id=\"glance-title\">At a glance</h2>",
    );
    tools(html, entries);
    html.raw("<div class=\"scroll\" role=\"region\" aria-labelledby=\"glance-title\" tabindex=\"0\">");
    html.raw("<table class=\"glance\"><caption>Every image, and what became of each signer. A signer is what a policy requires: a key must have signed.</caption>");
    let groups = groups(entries);
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
        html.element("th", &[("scope", "colgroup"), ("colspan", &width), ("class", "policy")], group.policy);
    }
    html.raw("</tr><tr>");
    for group in groups {
        for signer in &group.signers {
            html.element("th", &[("scope", "col")], signer);
        }
        if group.signers.is_empty() {
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
    cell(html, &words::verdict(entry.verdict()), 1, "decision");
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

/// A policy's cells of a row: one for each signer, or one over all of them.
fn cells(html: &mut Html, policy: Option<&PolicyDecision>, group: &Group<'_>) {
    let Some(policy) = policy else { return cell(html, &words::NOT_ASKED, group.width(), "") };
    if let Some(sign) = words::without_signers(policy) {
        return cell(html, &sign, group.width(), "");
    }
    for name in &group.signers {
        let signer = policy.signers().iter().find(|signer| signer.name == *name);
        let sign = signer.map_or(words::NOT_ASKED, |signer| sign_of(policy, &signer.outcome));
        cell(html, &sign, 1, "");
    }
}

/// How a signer's outcome is shown.
pub(super) fn sign_of(policy: &PolicyDecision, outcome: &Outcome) -> Sign {
    let is_needed = !policy.any_is_enough() || policy.verdict() != Verdict::Allowed;
    match outcome {
        Outcome::Satisfied(Satisfaction { warning: Some(_), .. }) => words::SIGNED_WARNED,
        Outcome::Satisfied(_) => words::SIGNED,
        Outcome::Unsatisfied(_) if !is_needed => words::NOT_NEEDED,
        Outcome::Unsatisfied(reason) => words::reason(reason.code),
    }
}

fn cell(html: &mut Html, sign: &Sign, width: usize, more: &str) {
    let class = format!("{} {more}", sign.class);
    let class = class.trim_end();
    match width {
        1 => html.open("td", &[("class", class)]),
        _ => html.open("td", &[("class", class), ("colspan", &width.to_string())]),
    };
    html.raw("<i aria-hidden=\"true\">").raw(sign.mark).raw("</i> ").text(sign.word).raw("</td>");
}
