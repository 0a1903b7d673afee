//! Gives every variable that is declared (`some i`) a name of its own, and declares it at the beginning of its body.
//! The library's evaluator takes such a variable for whatever else has its name (a rule, an argument, a variable of a
//! body around it), which could let pass what must be denied, and refuses a declaration behind a loop that goes round
//! twice. The meaning stays: what Rego itself refuses, such as a use before the declaration, is refused here too.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::sandbox::lexer::{Kind, Token, tokens};

/// Names of rules beside `deny` whose messages other tools count (Conftest): that they were left out would be a pass.
const OTHER_RULES: [&str; 3] = ["violation", "violation_", "deny_"];

/// Brackets with what is in them.
struct Bracket {
    /// The brackets around them.
    parent: Option<usize>,
    /// The numbers of the tokens in them; the last is the closing one.
    inside: Range<usize>,
    /// The number of the token that their statements begin with; nothing for what holds none.
    statements: Option<usize>,
    /// Whether they are the body of a rule, and where its head begins.
    head: Option<usize>,
    declared: Vec<Declared>,
}

/// A variable that is declared.
struct Declared {
    name: String,
    /// The name of its own.
    own: String,
    /// The number of the token `some`.
    at: usize,
}

/// `rules` with every declaration at the beginning of its body, and with a name of its own for each.
///
/// # Errors
/// A name that is used before it is declared, declared twice or in the head of its rule, or declared in no body; a rule
/// of which nobody would see the messages.
pub fn first(rules: &str) -> Result<String, String> {
    let tokens: Vec<Token> = tokens(rules).into_iter().filter(|token| token.kind != Kind::Comment).collect();
    let reading = Reading { rules, tokens: &tokens };
    reading.only_deny()?;
    let (mut brackets, of) = reading.brackets();
    let declarations = reading.declarations(&mut brackets, &of)?;
    let mut edits = Vec::new();
    let declaring: BTreeSet<usize> = declarations.iter().flat_map(|(_, numbers)| numbers.clone()).collect();
    for (number, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Word || declaring.contains(&number) || reading.is_member(number) {
            continue;
        }
        if let Some(own) = reading.own_name(number, &brackets, of[number])? {
            edits.push((token.span.clone(), own.to_owned()));
        }
    }
    for (bracket, declaration) in declarations {
        edits.extend(reading.moved(&brackets[bracket], declaration));
    }
    // What goes to one place stays in the order in which it stood.
    edits.sort_by_key(|(span, _)| span.start);
    let (mut text, mut done) = (String::with_capacity(rules.len() * 2), 0);
    for (span, with) in edits {
        text.push_str(rules.get(done..span.start).unwrap_or_default());
        text.push_str(&with);
        done = span.end;
    }
    Ok(text + rules.get(done..).unwrap_or_default())
}

struct Reading<'a> {
    rules: &'a str,
    tokens: &'a [Token],
}

impl<'a> Reading<'a> {
    fn kind(&self, number: usize) -> Option<Kind> {
        self.tokens.get(number).map(|token| token.kind)
    }

    fn word(&self, number: usize) -> Option<&'a str> {
        let token = self.tokens.get(number).filter(|token| token.kind == Kind::Word)?;
        self.rules.get(token.span.clone())
    }

    /// Whether the word is the name of a member: `input.name`.
    fn is_member(&self, number: usize) -> bool {
        number.checked_sub(1).and_then(|before| self.kind(before)) == Some(Kind::Sign(b'.'))
    }

    fn only_deny(&self) -> Result<(), String> {
        let begins_line = |number: &usize| {
            matches!(number.checked_sub(1).map(|at| self.kind(at)), None | Some(Some(Kind::Line)))
        };
        let others =
            (0..self.tokens.len()).filter(begins_line).filter_map(|number| self.word(number)).find(|word| {
                OTHER_RULES
                    .iter()
                    .any(|other| word == other || other.ends_with('_') && word.starts_with(other))
            });
        match others {
            Some(rule) => Err(format!(
                "there is a rule `{rule}`, and only the messages of `deny` are read; give its messages to `deny`"
            )),
            None => Ok(()),
        }
    }

    /// All brackets, and for each token the innermost that it is in.
    fn brackets(&self) -> (Vec<Bracket>, Vec<Option<usize>>) {
        let mut brackets: Vec<Bracket> = Vec::new();
        let mut of = Vec::with_capacity(self.tokens.len());
        let mut open: Vec<usize> = Vec::new();
        let mut head = 0;
        for (number, token) in self.tokens.iter().enumerate() {
            of.push(open.last().copied());
            match token.kind {
                Kind::Sign(sign @ (b'{' | b'[' | b'(')) => {
                    let is_body = sign == b'{' && self.opens_body(number);
                    let parent = open.last().copied();
                    open.push(brackets.len());
                    brackets.push(Bracket {
                        parent,
                        inside: number + 1..self.tokens.len(),
                        statements: is_body.then_some(number + 1),
                        head: (is_body && parent.is_none()).then_some(head),
                        declared: Vec::new(),
                    });
                }
                Kind::Sign(b'}' | b']' | b')') => {
                    if let Some(bracket) = open.pop().and_then(|closed| brackets.get_mut(closed)) {
                        bracket.inside.end = number + 1;
                    }
                    head = if open.is_empty() && token.kind == Kind::Sign(b'}') { number + 1 } else { head };
                }
                Kind::Sign(b'|') => {
                    let bracket = open.last().and_then(|innermost| brackets.get_mut(*innermost));
                    if let Some(bracket) = bracket.filter(|bracket| bracket.statements.is_none()) {
                        bracket.statements = Some(number + 1);
                    }
                }
                Kind::Line if open.is_empty() => head = number + 1,
                _ => {}
            }
        }
        (brackets, of)
    }

    /// Behind a name, a text or another bracket a brace holds the body of a rule, elsewhere a set or an object, which
    /// may be a comprehension.
    fn opens_body(&self, number: usize) -> bool {
        let Some(before) = number.checked_sub(1) else { return false };
        match self.kind(before) {
            Some(Kind::Word) => !matches!(self.word(before), Some("in" | "not" | "with" | "as")),
            Some(Kind::Text | Kind::Sign(b')' | b']' | b'}')) => true,
            _ => false,
        }
    }

    /// Every declaration, with its brackets, which learn what is declared in them.
    fn declarations(
        &self,
        brackets: &mut [Bracket],
        of: &[Option<usize>],
    ) -> Result<Vec<(usize, Range<usize>)>, String> {
        let words: BTreeSet<&str> = (0..self.tokens.len()).filter_map(|number| self.word(number)).collect();
        let mut found = Vec::new();
        let mut count = 0;
        for (number, innermost) in of.iter().enumerate() {
            let Some((names, next)) = self.declaration(number) else { continue };
            let innermost = innermost.filter(|bracket| {
                brackets[*bracket].statements.is_some_and(|statements| statements <= number)
            });
            let bracket =
                innermost.ok_or_else(|| format!("`some {}` stands in no body", names.join(", ")))?;
            for name in names {
                let head = brackets[bracket].head.map(|head| head..brackets[bracket].inside.start);
                if head.into_iter().flatten().any(|at| self.word(at) == Some(name) && !self.is_member(at)) {
                    return Err(format!(
                        "`some {name}` declares what stands in the head of its rule; give it another name"
                    ));
                }
                if brackets[bracket].declared.iter().any(|declared| declared.name == name) {
                    return Err(format!("`{name}` is declared twice in one body"));
                }
                let own = loop {
                    count += 1;
                    let own = format!("{name}__{count}");
                    if !words.contains(own.as_str()) {
                        break own;
                    }
                };
                brackets[bracket].declared.push(Declared { name: name.to_owned(), own, at: number });
            }
            found.push((bracket, number..next));
        }
        Ok(found)
    }

    /// The declaration that begins with that token: `some` and names with commas between, with no `in` behind. The
    /// names, and the number of the token behind.
    fn declaration(&self, number: usize) -> Option<(Vec<&'a str>, usize)> {
        if self.word(number)? != "some" || self.is_member(number) {
            return None;
        }
        let mut names = vec![self.word(number + 1)?];
        let mut next = number + 2;
        while self.kind(next) == Some(Kind::Sign(b',')) {
            names.push(self.word(next + 1)?);
            next += 2;
        }
        // `some x in xs` binds what it declares, and `some x, [y, z] in xs` is no list of names.
        let ends = matches!(self.kind(next), None | Some(Kind::Line | Kind::Sign(b';' | b'}' | b']' | b')')));
        ends.then_some((names, next))
    }

    /// The own name of the variable that the word means, where it is one that was declared.
    fn own_name<'b>(
        &self,
        number: usize,
        brackets: &'b [Bracket],
        innermost: Option<usize>,
    ) -> Result<Option<&'b str>, String> {
        let word = self.word(number);
        let mut around = innermost;
        while let Some(bracket) = around.and_then(|bracket| brackets.get(bracket)) {
            if let Some(declared) = bracket.declared.iter().find(|declared| word == Some(&declared.name)) {
                let is_statement = bracket.statements.is_some_and(|statements| statements <= number);
                return match is_statement && number < declared.at {
                    true => Err(format!("`{0}` is used before `some {0}` declares it", declared.name)),
                    false => Ok(Some(&declared.own)),
                };
            }
            around = bracket.parent;
        }
        Ok(None)
    }

    /// The edits that take a declaration away and put it at the beginning of its body; lines stay lines, for errors.
    fn moved(&self, bracket: &Bracket, declaration: Range<usize>) -> Vec<(Range<usize>, String)> {
        let names = bracket.declared.iter().filter(|declared| declared.at == declaration.start);
        let names: Vec<&str> = names.map(|declared| declared.own.as_str()).collect();
        let end_of = |number: usize| self.tokens.get(number).map_or(self.rules.len(), |token| token.span.end);
        let start = self.tokens.get(declaration.start).map_or(0, |token| token.span.start);
        // A semicolon behind it would stand alone.
        let last = match self.kind(declaration.end) {
            Some(Kind::Sign(b';')) => declaration.end,
            _ => declaration.end - 1,
        };
        let span = start..end_of(last);
        let body = bracket.statements.and_then(|first| first.checked_sub(1)).map_or(start, end_of);
        vec![(body..body, format!(" some {}; ", names.join(", "))), (span.clone(), " ".repeat(span.len()))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(from: &str, to: &str) {
        assert_eq!(first(from).as_deref(), Ok(to));
    }

    #[test]
    fn a_variable_gets_its_own_name_and_is_declared_first() {
        becomes(
            "deny[m] {\n  x := a[_]\n  some j\n  m := x[j]\n}",
            "deny[m] { some j__1; \n  x := a[_]\n        \n  m := x[j__1]\n}",
        );
        becomes(
            "p { x := [y | a; some k; y := a[k]] }",
            "p { x := [y | some k__1;  a;         y := a[k__1]] }",
        );
        becomes("p { x; some i, j; i.i[j] }", "p { some i__1, j__2;  x;            i__1.i[j__2] }");
    }

    #[test]
    fn a_variable_of_an_inner_body_is_another_one() {
        becomes(
            "p { some i; a[i]; x := [i | some i; b[i]]; c[i] }",
            "p { some i__1;          a[i__1]; x := [i__2 | some i__2;          b[i__2]]; c[i__1] }",
        );
        becomes("i__1 = 1\np { some i; a[i] }", "i__1 = 1\np { some i__2;          a[i__2] }");
    }

    #[test]
    fn a_union_begins_no_body() {
        becomes(
            "p { x := { e | e := a } | { f | f := b }; some i; x[i] }",
            "p { some i__1;  x := { e | e := a } | { f | f := b };         x[i__1] }",
        );
        becomes("p { 1 in {a | some i; a := b[i]} }", "p { 1 in {a | some i__1;          a := b[i__1]} }");
    }

    #[test]
    fn what_declares_and_binds_stays() {
        for text in ["p { x; some v in xs; v }", "p { x; some k, v in xs }", "p { x; some [a, b] in xs }"] {
            becomes(text, text);
        }
    }

    #[test]
    fn comments_and_texts_are_not_read() {
        for text in ["p { x # { some i\n y }", "p { x == \"} some i; \\\" {\"; y }", "p { x == `\\`; y }"] {
            becomes(text, text);
        }
    }

    #[test]
    fn what_would_mean_two_things_is_refused() {
        for text in [
            "p { i == 1; some i; q[i] }",
            "p { x := [y | y := i]; some i; q[i] }",
            "p { some i; some i; q[i] }",
            "p[i] { some i; q[i] }",
            "f(i) = m { some i; m := q[i] }",
            "p if some i",
        ] {
            assert!(first(text).is_err(), "{text}");
        }
        assert!(first("p { n := [y | some i; y := q[i]]; some i; q[i] }").is_ok());
    }

    #[test]
    fn a_rule_beside_deny_whose_messages_nobody_reads_is_refused() {
        for text in ["violation[m] { m := 1 }", "x = 1\ndeny_critical[m] { m := 1 }"] {
            assert!(first(text).is_err(), "{text}");
        }
        assert!(first("deny[m] { m := violation }\nwarn[m] { m := 1 }").is_ok());
    }
}
