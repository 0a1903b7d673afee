//! Texts with wildcards, matched in a time that is the product of both lengths, whatever the pattern. What a wildcard
//! is called in a pattern is its dialect's affair.

use std::fmt;

/// A text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Glob(Vec<Token>);

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    /// This byte.
    Byte(u8),
    /// Any bytes but `/`, none too.
    WithinSegment,
    /// Any bytes, none too.
    AcrossSegments,
}

/// A piece of a text that is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    /// This byte.
    Byte(u8),
    /// A hexadecimal digit that is not known, in lower case: it is whichever the pattern wants.
    HexDigit,
}

impl Token {
    /// Whether this wildcard may stand for that byte.
    fn may_take(self, letter: Self) -> bool {
        match (self, letter) {
            (Self::AcrossSegments, Self::Byte(_)) => true,
            (Self::WithinSegment, Self::Byte(byte)) => byte != b'/',
            _ => false,
        }
    }
}

impl Glob {
    /// `*` stays within a segment, `**` crosses.
    pub(super) fn of_segments(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(byte) = rest.bytes().next() {
            let (token, length) = match byte {
                b'*' if rest.starts_with("**") => (Token::AcrossSegments, 2),
                b'*' => (Token::WithinSegment, 1),
                byte => (Token::Byte(byte), 1),
            };
            tokens.push(token);
            rest = rest.get(length..).unwrap_or_default();
        }
        Self(tokens)
    }

    /// `*` is any run of characters, `/` too.
    pub(super) fn of_runs(text: &str) -> Self {
        let token = |byte| if byte == b'*' { Token::AcrossSegments } else { Token::Byte(byte) };
        Self(text.bytes().map(token).collect())
    }

    /// Whether more than one text may match.
    pub(super) fn has_wildcard(&self) -> bool {
        self.0.iter().any(|token| !matches!(token, Token::Byte(_)))
    }

    /// Whether `text` matches as a whole.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.matches_letters(text.bytes().map(Letter::Byte))
    }

    /// Whether these letters match as a whole. Keeps every position of the pattern that what was read so far can have
    /// led to.
    pub(super) fn matches_letters(&self, letters: impl Iterator<Item = Letter>) -> bool {
        let mut reached = vec![false; self.0.len() + 1];
        reached[0] = true;
        self.pass_wildcards(&mut reached);
        for letter in letters {
            let mut next = vec![false; self.0.len() + 1];
            let positions = (0..self.0.len()).filter(|at| reached[*at]);
            positions.filter_map(|at| self.taken(at, letter)).for_each(|at| next[at] = true);
            self.pass_wildcards(&mut next);
            if !next.contains(&true) {
                return false;
            }
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }

    /// Where the pattern is when it was at `at` and has taken `letter`; nothing if it does not take it there.
    fn taken(&self, at: usize, letter: Letter) -> Option<usize> {
        match (self.0.get(at)?, letter) {
            (Token::Byte(expected), Letter::Byte(byte)) => (*expected == byte).then_some(at + 1),
            (Token::Byte(expected), Letter::HexDigit) => is_hex_digit(*expected).then_some(at + 1),
            (Token::WithinSegment, Letter::Byte(b'/')) => None,
            (Token::WithinSegment | Token::AcrossSegments, _) => Some(at),
        }
    }

    /// Where the pattern is when a wildcard at `at` stands for nothing; nothing where none is.
    fn skipped(&self, at: usize) -> Option<usize> {
        self.0.get(at).filter(|token| !matches!(token, Token::Byte(_))).map(|_| at + 1)
    }

    /// Its pieces, in their order.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Whether everything that `other` matches is matched here too. `false` may also mean that it could not be told.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let literal = self.0.iter().take_while(|token| matches!(token, Token::Byte(_)));
        // Most pairs of patterns differ there: of many, all are held against each other.
        if literal.enumerate().any(|(at, token)| other.0.get(at) != Some(token)) {
            return false;
        }
        let mut reached = vec![false; self.0.len() + 1];
        reached[0] = true;
        self.pass_wildcards(&mut reached);
        for letter in &other.0 {
            let mut next = vec![false; self.0.len() + 1];
            for (at, token) in self.0.iter().enumerate().filter(|(at, _)| reached[*at]) {
                match (token, letter) {
                    (Token::Byte(own), Token::Byte(its)) => next[at + 1] |= own == its,
                    // What another wildcard stands for is taken in whole, or it is not certain.
                    (Token::WithinSegment, letter) => {
                        next[at] |= !matches!(letter, Token::Byte(b'/') | Token::AcrossSegments)
                    }
                    (Token::AcrossSegments, _) => next[at] = true,
                    (Token::Byte(_), _) => {}
                }
            }
            self.pass_wildcards(&mut next);
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }

    /// Whether any text is matched by both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let width = other.0.len() + 1;
        let mut seen = vec![false; (self.0.len() + 1) * width];
        let mut open = vec![(0, 0)];
        while let Some((at, its)) = open.pop() {
            if (at, its) == (self.0.len(), other.0.len()) {
                return true;
            }
            if !std::mem::replace(&mut seen[at * width + its], true) {
                open.extend(self.steps(other, at, its).into_iter().flatten());
            }
        }
        false
    }

    /// Where both are after one more letter of a text that both match, or after a wildcard that stands for nothing.
    fn steps(&self, other: &Self, at: usize, its: usize) -> [Option<(usize, usize)>; 3] {
        let (own, letter) = (self.0.get(at), other.0.get(its));
        let same =
            matches!((own, letter), (Some(Token::Byte(own)), Some(Token::Byte(letter))) if own == letter);
        let takes = |wildcard: Option<&Token>, byte: Option<&Token>| {
            wildcard.zip(byte).is_some_and(|(wildcard, byte)| wildcard.may_take(*byte))
        };
        let is_wildcard = |token: Option<&Token>| token.is_some_and(|token| !matches!(token, Token::Byte(_)));
        [
            same.then_some((at + 1, its + 1)),
            (is_wildcard(own) || takes(letter, own)).then_some((at + 1, its)),
            (is_wildcard(letter) || takes(own, letter)).then_some((at, its + 1)),
        ]
    }

    /// A wildcard may stand for nothing.
    fn pass_wildcards(&self, reached: &mut [bool]) {
        for at in 0..self.0.len() {
            if let (true, Some(behind)) = (reached[at], self.skipped(at)) {
                reached[behind] = true;
            }
        }
    }
}

/// Whether a digest may have this letter.
pub(super) fn is_hex_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

impl fmt::Display for Glob {
    /// As [`Glob::of_segments`] reads it; the bytes of other letters than ASCII's are not put together again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| match token {
            Token::Byte(byte) => write!(f, "{}", char::from(*byte)),
            Token::WithinSegment => f.write_str("*"),
            Token::AcrossSegments => f.write_str("**"),
        })
    }
}
