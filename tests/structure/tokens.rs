//! Rust source as words and signs: comments, strings, characters, numbers and lifetimes are left out, so that
//! what a rule finds is code. No grammar: the rules need none.

/// A word or a sign, and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or a keyword; `r#type` is `type`.
    Word(String),
    /// `::`.
    PathSeparator,
    /// Any other sign.
    Sign(char),
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    pub(crate) fn is_separator(&self) -> bool {
        self.kind == Kind::PathSeparator
    }
}

/// All tokens of `source`.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { rest: source, line: 1 };
    std::iter::from_fn(|| scanner.next_token()).collect()
}

/// The tokens of `source` without the items that are compiled for tests only.
pub(crate) fn product_tokens(source: &str) -> Vec<Token> {
    let all = tokens(source);
    let mut kept = Vec::with_capacity(all.len());
    let mut at = 0;
    while at < all.len() {
        if begins_test_item(&all[at..]) {
            at += item_length(&all[at..]);
        } else {
            kept.push(all[at].clone());
            at += 1;
        }
    }
    kept
}

fn begins_test_item(tokens: &[Token]) -> bool {
    let mut expected = tokens.iter();
    let mut sign = |sign| expected.next().is_some_and(|token| token.is_sign(sign));
    let opened = sign('#') && sign('[');
    let named = |at: usize, word| tokens.get(at).is_some_and(|token: &Token| token.is_word(word));
    let closed = tokens.get(5).is_some_and(|token| token.is_sign(')'));
    opened && named(2, "cfg") && named(4, "test") && closed
}

/// Tokens up to the end of the item that `tokens` begin with: its attributes, and its block or semicolon.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0usize;
    let mut braces = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign('{') => braces += 1,
            Kind::Sign('(' | '[') => depth += 1,
            Kind::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Kind::Sign('}') if braces <= 1 => return at + 1,
            Kind::Sign('}') => braces -= 1,
            Kind::Sign(';') if depth == 0 && braces == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl Scanner<'_> {
    fn next_token(&mut self) -> Option<Token> {
        loop {
            let first = self.rest.chars().next()?;
            let line = self.line;
            let kind = match first {
                _ if self.skip_comment() => None,
                '"' => self.skip_string(0),
                '\'' => self.skip_character_or_lifetime(),
                c if c.is_ascii_digit() => self.skip(|c| c.is_alphanumeric() || c == '_'),
                c if c.is_alphabetic() || c == '_' => self.word_or_literal(),
                ':' if self.rest.starts_with("::") => self.take(2, Kind::PathSeparator),
                c if c.is_whitespace() => self.skip(char::is_whitespace),
                c => self.take(c.len_utf8(), Kind::Sign(c)),
            };
            if let Some(kind) = kind {
                return Some(Token { kind, line });
            }
        }
    }

    /// Goes on by `length` bytes.
    fn advance(&mut self, length: usize) {
        let (passed, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn take(&mut self, length: usize, kind: Kind) -> Option<Kind> {
        self.advance(length);
        Some(kind)
    }

    fn skip(&mut self, belongs: impl Fn(char) -> bool) -> Option<Kind> {
        let length = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.advance(length);
        None
    }

    fn skip_comment(&mut self) -> bool {
        if self.rest.starts_with("//") {
            self.skip(|c| c != '\n');
            return true;
        }
        if !self.rest.starts_with("/*") {
            return false;
        }
        let mut depth = 0;
        loop {
            match self.rest {
                rest if rest.starts_with("/*") => (depth += 1, self.advance(2)).1,
                rest if rest.starts_with("*/") => (depth -= 1, self.advance(2)).1,
                "" => return true,
                rest => self.advance(rest.chars().next().map_or(1, char::len_utf8)),
            }
            if depth == 0 {
                return true;
            }
        }
    }

    /// A string with escapes; `before`: length of its prefix.
    fn skip_string(&mut self, before: usize) -> Option<Kind> {
        self.advance(before + 1);
        self.skip_to_unescaped('"')
    }

    fn skip_to_unescaped(&mut self, end: char) -> Option<Kind> {
        let mut escaped = false;
        let closing = self.rest.char_indices().find(|(_, c)| match c {
            _ if escaped => {
                escaped = false;
                false
            }
            '\\' => {
                escaped = true;
                false
            }
            c => *c == end,
        });
        self.advance(closing.map_or(self.rest.len(), |(at, c)| at + c.len_utf8()));
        None
    }

    fn skip_raw_string(&mut self, before: usize) -> Option<Kind> {
        self.advance(before);
        let hashes = self.rest.len() - self.rest.trim_start_matches('#').len();
        self.advance(hashes + 1);
        let end = format!("\"{}", "#".repeat(hashes));
        self.advance(self.rest.find(&end).map_or(self.rest.len(), |at| at + end.len()));
        None
    }

    fn skip_character_or_lifetime(&mut self) -> Option<Kind> {
        let mut following = self.rest.chars().skip(1);
        match (following.next(), following.next()) {
            (Some('\\'), _) | (_, Some('\'')) => {
                self.advance(1);
                self.skip_to_unescaped('\'')
            }
            _ => {
                self.advance(1);
                self.skip(|c| c.is_alphanumeric() || c == '_')
            }
        }
    }

    fn word_or_literal(&mut self) -> Option<Kind> {
        let length = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(length);
        match (word, after.trim_start_matches('#').starts_with('"'), after.chars().next()) {
            ("r" | "br" | "cr", true, _) => self.skip_raw_string(length),
            ("b" | "c", _, Some('"')) => self.skip_string(length),
            ("b", _, Some('\'')) => {
                self.advance(length);
                self.skip_character_or_lifetime()
            }
            ("r", _, Some('#')) => {
                self.advance(length + 1);
                self.word_or_literal()
            }
            _ => self.take(length, Kind::Word(word.to_owned())),
        }
    }
}

#[test]
fn comments_and_literals_are_no_code() {
    let source = r##"a /* b /* c */ d */ "e\" f" 'g' '\'' b'"' r#"h " i"# 'j: 1_u8 // k
        l::r#m "##;
    let words: Vec<_> = tokens(source).into_iter().filter_map(|t| t.word().map(str::to_owned)).collect();
    assert_eq!(words, ["a", "l", "m"]);
}

#[test]
fn a_token_knows_its_line() {
    let found = tokens("/*\n*/ \"\n\" a");
    assert_eq!(found, [Token { kind: Kind::Word("a".to_owned()), line: 3 }]);
}

#[test]
fn what_is_compiled_for_tests_only_is_left_out_and_nothing_else_is() {
    let source = "a; #[cfg(test)] #[allow(x, reason = \"{\")] mod tests { fn b() { [1;2]; } } c; \
                  #[cfg(test)] use d::{e}; f; #[cfg(unix)] g;";
    let words: Vec<_> =
        product_tokens(source).into_iter().filter_map(|t| t.word().map(str::to_owned)).collect();
    assert_eq!(words, ["a", "c", "f", "cfg", "unix", "g"]);
}
