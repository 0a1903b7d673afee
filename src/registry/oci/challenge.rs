//! `WWW-Authenticate` (RFC 9110, 11.6.1): which schemes a registry offers, with their parameters.

use std::collections::BTreeMap;

/// Most challenges, and most parameters of one, that are read.
const COUNT_LIMIT: usize = 32;
/// Longest header value that is read, in bytes.
const LENGTH_LIMIT: usize = 16 << 10;

/// One offered scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme in lower case: `bearer`, `basic`.
    pub scheme: String,
    /// Parameters by their names in lower case; of two with one name the first.
    pub parameters: BTreeMap<String, String>,
}

/// Why a header is not a list of challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// A quoted text without an end.
    #[error("a quoted text has no end")]
    Quote,
    /// A character where none of its kind may stand.
    #[error("no name where one is expected, at byte {0}")]
    Name(usize),
    /// Too long, or too many.
    #[error("longer than {LENGTH_LIMIT} bytes, or more than {COUNT_LIMIT} challenges or parameters")]
    TooLong,
}

/// Reads one header value, which may hold several challenges. Values without quotes may hold any character
/// but a comma or a space: some servers write URLs so.
///
/// # Errors
/// [`ChallengeError`] for what is no list of challenges.
pub fn parse_challenges(header: &str) -> Result<Vec<Challenge>, ChallengeError> {
    if header.len() > LENGTH_LIMIT {
        return Err(ChallengeError::TooLong);
    }
    let mut rest = Cursor { text: header, at: 0 };
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        rest.skip(|c| c == ',' || c.is_ascii_whitespace());
        if rest.is_at_end() {
            return Ok(challenges);
        }
        let name = rest.name()?;
        match challenges.last_mut() {
            Some(challenge) if rest.is_parameter() => {
                let value = rest.value()?;
                challenge.parameters.entry(name).or_insert(value);
            }
            _ => {
                rest.skip_token68();
                challenges.push(Challenge { scheme: name, parameters: BTreeMap::new() });
            }
        }
        let parameters = challenges.last().map_or(0, |challenge| challenge.parameters.len());
        if challenges.len().max(parameters) > COUNT_LIMIT {
            return Err(ChallengeError::TooLong);
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let kept = rest.trim_start_matches(skipped);
        self.at += rest.len() - kept.len();
        rest.get(..rest.len() - kept.len()).unwrap_or_default()
    }

    /// A token (RFC 9110, 5.6.2), in lower case.
    fn name(&mut self) -> Result<String, ChallengeError> {
        let start = self.at;
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        match self.skip(is_token) {
            "" => Err(ChallengeError::Name(start)),
            name => Ok(name.to_ascii_lowercase()),
        }
    }

    /// Whether the name just read is a parameter's: `=` follows, and it is not the padding of a token68.
    fn is_parameter(&mut self) -> bool {
        let before = self.at;
        self.skip(|c| c.is_ascii_whitespace());
        let found = self.rest().starts_with('=');
        self.at = if found { self.at + 1 } else { before };
        found
    }

    /// The value after `=`.
    fn value(&mut self) -> Result<String, ChallengeError> {
        self.skip(|c| c.is_ascii_whitespace());
        if !self.rest().starts_with('"') {
            return Ok(self.skip(|c| c != ',' && !c.is_ascii_whitespace()).to_owned());
        }
        self.at += 1;
        let (mut value, mut escaped) = (String::new(), false);
        for (i, c) in self.rest().char_indices() {
            match c {
                _ if escaped => {
                    value.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.at += i + 1;
                    return Ok(value);
                }
                _ => value.push(c),
            }
        }
        Err(ChallengeError::Quote)
    }

    /// Skips the `YWJj==` form of a scheme's parameters, which no scheme of ours uses.
    fn skip_token68(&mut self) {
        let before = self.at;
        let blank = self.skip(|c| c == ' ');
        self.skip(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        self.skip(|c| c == '=');
        self.skip(|c| c.is_ascii_whitespace());
        let ends = self.is_at_end() || self.rest().starts_with(',');
        if blank.is_empty() || !ends {
            self.at = before;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read(header: &str) -> Vec<(String, Vec<(String, String)>)> {
        let challenges = parse_challenges(header).unwrap();
        challenges.into_iter().map(|c| (c.scheme, c.parameters.into_iter().collect())).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn commas_and_escapes_in_quoted_texts_part_nothing() {
        let header = r#"Bearer realm="https://a.example/t?x=1,2",Service="a \"b\" \\",scope="repository:a/b:pull,push""#;
        let expected = [
            pair("realm", "https://a.example/t?x=1,2"),
            pair("scope", "repository:a/b:pull,push"),
            pair("service", r#"a "b" \"#),
        ];
        assert_eq!(read(header), [("bearer".to_owned(), expected.to_vec())]);
    }

    #[test]
    fn several_challenges_in_one_header_are_told_apart() {
        let header = r#"Negotiate, NTLM TlRMTVNTUAAB==, Basic realm="a, Bearer realm=b" , BEARER realm = https://b.example/t , service=s"#;
        let schemes: Vec<_> = read(header);
        assert_eq!(
            schemes.iter().map(|s| s.0.as_str()).collect::<Vec<_>>(),
            ["negotiate", "ntlm", "basic", "bearer"]
        );
        assert_eq!(schemes[2].1, [pair("realm", "a, Bearer realm=b")]);
        assert_eq!(schemes[3].1, [pair("realm", "https://b.example/t"), pair("service", "s")]);
    }

    #[test]
    fn the_first_of_two_parameters_with_one_name_counts() {
        assert_eq!(read("Bearer realm=a, realm=b"), [("bearer".to_owned(), vec![pair("realm", "a")])]);
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        assert_eq!(parse_challenges(r#"Bearer realm="open"#), Err(ChallengeError::Quote));
        assert_eq!(parse_challenges("\"Bearer\""), Err(ChallengeError::Name(0)));
        assert_eq!(parse_challenges(&"Basic,".repeat(40)), Err(ChallengeError::TooLong));
        assert_eq!(parse_challenges(&" ".repeat(LENGTH_LIMIT + 1)), Err(ChallengeError::TooLong));
        assert_eq!(parse_challenges(" , "), Ok(Vec::new()));
    }
}
