//! Moves the declarations of a body (`some i`) to the body's beginning. The library's evaluator refuses one that stands
//! behind a loop of the same body as soon as the loop goes round twice, and published scan policies are written so.
//! The meaning stays: Rego itself refuses a name that is used in a body before it is declared there.

use std::collections::BTreeSet;
use std::ops::Range;

/// A token of Rego, as far as bodies and declarations need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A name, keyword or number.
    Word,
    /// Any other character, such as a brace.
    Sign(u8),
    /// A text in quotes or backquotes.
    Text,
    /// The end of a line.
    Line,
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    span: Range<usize>,
}

/// Brackets that are open.
struct Open<'a> {
    /// Where the statements begin; nothing before the `|` of what may be a comprehension.
    statements: Option<usize>,
    /// Names that were used since.
    names: BTreeSet<&'a str>,
}

/// `rules` with every declaration at the beginning of its body.
///
/// # Errors
/// A name that is used before it is declared.
pub fn first(rules: &str) -> Result<String, String> {
    let tokens = tokens(rules);
    let mut reading = Reading { rules, tokens: &tokens, open: Vec::new(), moves: Vec::new() };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at = match token.kind {
            Kind::Word => reading.word(at)?,
            Kind::Sign(sign) => reading.sign(sign, at),
            Kind::Text | Kind::Line => at + 1,
        };
    }
    Ok(moved(rules, reading.moves))
}

/// Rules that are being read.
struct Reading<'a> {
    rules: &'a str,
    tokens: &'a [Token],
    open: Vec<Open<'a>>,
    /// Where declarations go, and where they stand.
    moves: Vec<(usize, Range<usize>)>,
}

impl<'a> Reading<'a> {
    /// Takes in a sign; the number of the token behind.
    fn sign(&mut self, sign: u8, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before)).map(|token| token.kind);
        let end = self.tokens.get(at).map_or(0, |token| token.span.end);
        match (sign, self.open.last_mut()) {
            (b'{' | b'[' | b'(', _) => self.open.push(Open::at(sign, end, before)),
            (b'}' | b']' | b')', _) => drop(self.open.pop()),
            (b'|', Some(Open { statements: statements @ None, names })) => {
                *statements = Some(end);
                names.clear();
            }
            _ => {}
        }
        at + 1
    }

    /// Takes in a name or a declaration; the number of the token behind.
    fn word(&mut self, at: usize) -> Result<usize, String> {
        let Some(Declaration { names, next }) = declaration(self.rules, self.tokens, at) else {
            let word = self.tokens.get(at).and_then(|token| self.rules.get(token.span.clone()));
            for open in &mut self.open {
                open.names.extend(word);
            }
            return Ok(at + 1);
        };
        self.moves.extend(place(&self.open, &names, self.tokens, at..next)?);
        Ok(next)
    }
}

impl Open<'_> {
    /// Behind a name, a text or another bracket a brace holds the body of a rule, elsewhere a set or an object, which
    /// may be a comprehension.
    fn at(sign: u8, end: usize, before: Option<Kind>) -> Self {
        let is_body =
            sign == b'{' && matches!(before, Some(Kind::Word | Kind::Text | Kind::Sign(b')' | b']' | b'}')));
        Self { statements: is_body.then_some(end), names: BTreeSet::new() }
    }
}

/// Names that are declared, and the number of the token behind.
struct Declaration<'a> {
    names: Vec<&'a str>,
    next: usize,
}

/// The declaration that begins with the token `at`: `some` and names with commas between, with no `in` behind.
fn declaration<'a>(rules: &'a str, tokens: &[Token], at: usize) -> Option<Declaration<'a>> {
    let word = |number: usize| {
        let token = tokens.get(number).filter(|token| token.kind == Kind::Word)?;
        rules.get(token.span.clone())
    };
    if word(at)? != "some" {
        return None;
    }
    let mut names = vec![word(at + 1)?];
    let mut next = at + 2;
    while tokens.get(next).is_some_and(|token| token.kind == Kind::Sign(b',')) {
        names.push(word(next + 1)?);
        next += 2;
    }
    // `some x in xs` binds what it declares, and `some x, [y, z] in xs` is no list of names.
    let ends = match tokens.get(next) {
        None => true,
        Some(token) => matches!(token.kind, Kind::Line | Kind::Sign(b';' | b'}' | b']' | b')')),
    };
    ends.then_some(Declaration { names, next })
}

/// Where a declaration goes and what is taken away; nothing if it stands in no body.
fn place(
    open: &[Open<'_>],
    names: &[&str],
    tokens: &[Token],
    declared: Range<usize>,
) -> Result<Option<(usize, Range<usize>)>, String> {
    let Some(Open { statements: Some(start), names: used }) = open.last() else { return Ok(None) };
    if let Some(name) = names.iter().find(|name| used.contains(**name)) {
        return Err(format!("`{name}` is used before `some {name}` declares it"));
    }
    let begin = tokens.get(declared.start).map_or(*start, |token| token.span.start);
    let end = tokens.get(declared.end - 1).map_or(begin, |token| token.span.end);
    // A semicolon behind it would stand alone.
    let end = match tokens.get(declared.end) {
        Some(Token { kind: Kind::Sign(b';'), span }) => span.end,
        _ => end,
    };
    Ok(Some((*start, begin..end)))
}

/// `rules` with each of `moves` taken away where it stands and put where it goes; lines stay lines, for errors.
fn moved(rules: &str, mut moves: Vec<(usize, Range<usize>)>) -> String {
    // From the end, so that what is still to be moved stays where it is. What goes to one place keeps its order.
    let mut text = rules.to_owned();
    moves.sort_by_key(|(_, span)| span.start);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (start, span) in moves {
        let declaration = rules.get(span.clone()).unwrap_or_default().trim_end_matches(';').to_owned();
        edits.push((start..start, format!(" {declaration}; ")));
        edits.push((span.clone(), " ".repeat(span.len())));
    }
    edits.sort_by_key(|(span, _)| span.start);
    for (span, with) in edits.into_iter().rev() {
        text.replace_range(span, &with);
    }
    text
}

/// The tokens of `rules`; comments and blanks are none.
fn tokens(rules: &str) -> Vec<Token> {
    let bytes = rules.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = |more: &dyn Fn(u8) -> bool| rest.iter().take_while(|byte| more(**byte)).count();
        let (kind, length) = match byte {
            b'#' => (None, length(&|byte| byte != b'\n')),
            b'\n' => (Some(Kind::Line), 1),
            b'"' | b'`' => (Some(Kind::Text), text_length(rest, *byte)),
            byte if is_word(*byte) => (Some(Kind::Word), length(&is_word)),
            byte if byte.is_ascii_whitespace() => (None, 1),
            byte => (Some(Kind::Sign(*byte)), 1),
        };
        tokens.extend(kind.map(|kind| Token { kind, span: at..at + length }));
        at += length;
    }
    tokens
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Length of a text with its quotes; what does not end reaches to the end.
fn text_length(rest: &[u8], quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quote == b'"' => escaped = true,
            byte if *byte == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(from: &str, to: &str) {
        assert_eq!(first(from).as_deref(), Ok(to));
    }

    #[test]
    fn declarations_go_to_the_beginning_of_their_own_body() {
        becomes(
            "deny[m] {\n  x := a[_]\n  some j\n  m := x[j]\n}",
            "deny[m] { some j; \n  x := a[_]\n        \n  m := x[j]\n}",
        );
        becomes("p { x; some i, j; y[i][j] }", "p { some i, j;  x;            y[i][j] }");
        becomes("p { x := [y | a; some k; y := a[k]] }", "p { x := [y | some k;  a;         y := a[k]] }");
    }

    #[test]
    fn a_union_begins_no_body() {
        becomes("p { x := {a} | {b}; some i; x[i] }", "p { some i;  x := {a} | {b};         x[i] }");
        becomes(
            "p { x := { e | e := a } | { f | f := b }; some i; x[i] }",
            "p { some i;  x := { e | e := a } | { f | f := b };         x[i] }",
        );
    }

    #[test]
    fn what_declares_and_binds_stays() {
        for text in [
            "p { x; some v in xs; v }",
            "p { x; some k, v in xs }",
            "p { x; some [a, b] in xs }",
            "p if some i",
        ] {
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
    fn a_name_that_is_used_before_it_is_declared_is_an_error() {
        assert!(first("p { i == 1; some i; q[i] }").is_err());
        assert!(first("p { x := [y | y := i]; some i; q[i] }").is_err());
    }
}
