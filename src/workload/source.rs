//! What a text must be before any parser sees it: UTF-8, in bounds, free of characters that one reader of YAML
//! takes for a line break and another does not, and cut into documents where kubectl cuts it.

use super::{Refusal, SIZE_LIMIT};
use crate::model::yaml::Place;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a file; a byte order mark at its beginning stays in it.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    if bytes.len() > SIZE_LIMIT {
        return Err(Refusal::of_text(None, format!("larger than {SIZE_LIMIT} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = std::str::from_utf8(valid).unwrap_or_default();
        Refusal::of_text(Some(place_after(before)), "not UTF-8, and other encodings are not read")
    })?;
    characters(text)?;
    separators(text)?;
    Ok(text)
}

/// The place of what follows `before`.
fn place_after(before: &str) -> Place {
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    Place { line: count(line), column: count(last.chars().count() + 1) }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// YAML 1.1, which Kubernetes reads, breaks lines at U+0085, U+2028 and U+2029; YAML 1.2 does not. What is a
/// comment to one would be a field to the other. The same goes for a carriage return alone, at which kubectl does
/// not look for the end of a document.
fn characters(text: &str) -> Result<(), Refusal> {
    let mut all = text.char_indices().peekable();
    while let Some((at, c)) = all.next() {
        let legal = match c {
            '\t' | '\n' => true,
            '\r' => all.peek().is_some_and(|(_, next)| *next == '\n'),
            BYTE_ORDER_MARK => at == 0,
            '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => false,
            other => !other.is_control(),
        };
        if !legal {
            let place = place_after(text.get(..at).unwrap_or_default());
            let code = u32::from(c);
            return Err(Refusal::of_text(
                Some(place),
                format!(
                    "the character U+{code:04X}, which not every reader of YAML takes for the same; \
                     remove it, or write it as an escape between double quotes"
                ),
            ));
        }
    }
    Ok(())
}

/// kubectl cuts a text at every line that begins with `---`, before it reads YAML.
fn separators(text: &str) -> Result<(), Refusal> {
    for (index, line) in text.split('\n').enumerate() {
        let Some(rest) = line.strip_prefix("---") else { continue };
        let blank = rest.is_empty() || rest.starts_with([' ', '\t', '\r']);
        let rest = rest.trim();
        if !blank || !(rest.is_empty() || rest.starts_with('#')) {
            let place = Place { line: count(index + 1), column: 4 };
            return Err(Refusal::of_text(
                Some(place),
                "text after `---`, where kubectl takes nothing but a comment; begin the document on the next line",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> Place {
        text(bytes).unwrap_err().place.unwrap()
    }

    #[test]
    fn a_character_that_only_some_readers_take_for_a_line_break_is_refused_in_a_comment_too() {
        for odd in
            ['\u{85}', '\u{2028}', '\u{2029}', '\r', '\u{0}', '\u{7f}', '\u{feff}', '\u{ffff}', '\u{1b}']
        {
            assert_eq!(
                refused(format!("a: b\n# é{odd}c: d\n").as_bytes()),
                Place { line: 2, column: 4 },
                "{odd:?}"
            );
        }
        assert!(text("\u{feff}a: 'é'\r\n\tb: ✓\n".as_bytes()).is_ok());
    }

    #[test]
    fn another_encoding_is_refused_where_it_begins() {
        assert_eq!(refused(b"a: b\nc: \xff"), Place { line: 2, column: 4 });
        assert_eq!(refused(b"\xff\xfea\0"), Place { line: 1, column: 1 });
    }

    #[test]
    fn a_line_that_kubectl_takes_for_a_separator_is_one_or_refused() {
        for line in ["---a", "--- a", "---#", "--- |", "--- {a: b}", "----", "---: a"] {
            assert_eq!(
                refused(format!("a: b\n{line}\nc: d\n").as_bytes()),
                Place { line: 2, column: 4 },
                "{line}"
            );
        }
        assert!(text(b"---\na: b\n--- # c\n---  \r\n ---a\n").is_ok());
    }

    #[test]
    fn a_text_that_is_too_large_is_refused() {
        assert!(text(&vec![b' '; SIZE_LIMIT]).is_ok());
        assert!(text(&vec![b' '; SIZE_LIMIT + 1]).is_err());
    }
}
