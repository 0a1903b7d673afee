//! YAML read into types: bounded in size, depth and aliases, duplicate keys refused, and every error with the line
//! and column of what breaks a rule. What a document means is its reader's affair.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_saphyr::{Location, Options, Spanned};

/// Most bytes of a file that is read so.
pub const SIZE_LIMIT: usize = 1 << 20;

/// Deepest nesting. Twice what objects out of a cluster have; each level takes its part of a thread's stack.
const DEPTH_LIMIT: usize = 24;

/// Where something stands in a text; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

impl Place {
    /// Where the value of `spanned` stands; an alias, where it is used.
    pub fn of<T>(spanned: &Spanned<T>) -> Option<Self> {
        Self::at(spanned.referenced)
    }

    fn at(location: Location) -> Option<Self> {
        let (line, column) = (location.line(), location.column());
        (line > 0).then_some(Self { line, column })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text cannot be read; escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// Where, if that is known.
    pub place: Option<Place>,
    /// What is wrong.
    pub reason: String,
}

impl YamlError {
    /// `reason` at `place`; control characters in it are escaped.
    pub fn new(place: Option<Place>, reason: impl fmt::Display) -> Self {
        Self { place, reason: super::escape_untrusted(&reason.to_string()) }
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for YamlError {}

/// Reads every document of a text; empty documents are none.
///
/// # Errors
/// [`YamlError`]: too large, not UTF-8, no YAML, a duplicate key, or not what `T` expects.
pub fn documents<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, YamlError> {
    if bytes.len() > SIZE_LIMIT {
        return Err(YamlError::new(None, format!("larger than {SIZE_LIMIT} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| YamlError::new(None, error))?;
    let options: Options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: DEPTH_LIMIT },
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| located(&error, text))
}

/// The key whose value stands at `place`, if the text before it on that line ends with one.
fn key_of(text: &str, place: Place) -> Option<&str> {
    let line = text.lines().nth(usize::try_from(place.line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let end = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let before = line.get(..end)?.trim_end();
    // A value that is not there stands at the colon.
    let at_colon = line.get(end..).is_some_and(|rest| rest.starts_with(':'));
    let before = if at_colon { before } else { before.strip_suffix(':')? };
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-');
    let key = before.rsplit(|c| !is_part(c)).next()?.trim_start_matches('-');
    (!key.is_empty()).then_some(key)
}

/// The reader's error, its place told apart from its words, with the field's name where they do not hold it.
fn located(error: &serde_saphyr::Error, text: &str) -> YamlError {
    let place = error.location().and_then(Place::at);
    let reason = error.to_string();
    // The words end with the place, where there is one.
    let words = place.and_then(|place| {
        reason.strip_suffix(&format!(" at line {}, column {}", place.line, place.column)).map(str::to_owned)
    });
    let words = words.unwrap_or(reason);
    if words.starts_with("budget breached: Depth") {
        return YamlError::new(place, format!("nested deeper than {DEPTH_LIMIT} levels"));
    }
    // An option of the library's, nothing that the writer of the text could set.
    let words = words.strip_suffix(", set DuplicateKeyPolicy in Options if acceptable").unwrap_or(&words);
    // Advice to the writer of a program.
    let words = words.strip_suffix("; use Option<String>").unwrap_or(words);
    match place.and_then(|place| key_of(text, place)).filter(|key| !words.contains(*key)) {
        Some(key) => YamlError::new(place, format!("{key}: {words}")),
        None => YamlError::new(place, words),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        name: Spanned<String>,
    }

    fn error(text: &str) -> String {
        documents::<Rule>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_document_is_read_and_values_know_where_they_stand() {
        let rules = documents::<Rule>(b"name: a\n---\n# nothing\n---\n\nname: b\n").unwrap();
        let names: Vec<_> = rules.iter().map(|rule| rule.name.value.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(Place::of(&rules[1].name), Some(Place { line: 6, column: 7 }));
    }

    #[test]
    fn an_error_says_where() {
        for text in ["name: a\nnam: b\n", "name: a\nname: b\n", "name: [a\n", "name: {}\n", "name:\n"] {
            let error = error(text);
            assert!(error.starts_with("line "), "{error}");
            assert_eq!(error.matches("line ").count(), 1, "{error}");
            assert!(!error.contains("Option"), "{error}");
        }
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        let laughs = (1..12).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
            let again = format!("*a{}, ", n - 1).repeat(10);
            format!("{text}a{n}: &a{n} [{again}]\n")
        });
        assert!(documents::<serde_json::Value>(laughs.as_bytes()).is_err());
        assert!(documents::<serde_json::Value>("[".repeat(10_000).as_bytes()).is_err());
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(documents::<serde_json::Value>(nested(DEPTH_LIMIT).as_bytes()).is_ok());
        let error = documents::<serde_json::Value>(nested(DEPTH_LIMIT + 1).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 1, column 25: nested deeper than 24 levels");
        assert!(documents::<Rule>(&[b' '; SIZE_LIMIT + 1]).is_err());
    }

    #[test]
    fn an_error_about_a_value_names_its_field() {
        for (text, start) in [
            ("name: [a]\n", "line 1, column 7: name: "),
            ("{name: {}}\n", "line 1, column 8: name: "),
            ("# a\n'name':   [a]\n", "line 2, column 11: "),
        ] {
            let error = error(text);
            assert!(error.starts_with(start), "{error}");
        }
    }
}
