//! The tokens of Rego, as far as comments, bodies and declarations need them.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name, keyword or number.
    Word,
    /// Any other character, such as a brace.
    Sign(u8),
    /// A text in quotes or backquotes.
    Text,
    /// From `#` to the end of the line.
    Comment,
    /// The end of a line.
    Line,
}

/// A token, and where it stands in bytes.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

/// The tokens of `rules`; blanks are none.
pub fn tokens(rules: &str) -> Vec<Token> {
    let bytes = rules.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = |more: &dyn Fn(u8) -> bool| rest.iter().take_while(|byte| more(**byte)).count();
        let (kind, length) = match byte {
            b'#' => (Some(Kind::Comment), length(&|byte| byte != b'\n')),
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
