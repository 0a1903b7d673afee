//! How text from outside is shown to people: one function, so that no claim, tag or scanner name can move
//! the cursor, change colours or turn the reading direction.

use std::fmt::Write as _;

/// `text` with control, bidirectional, zero-width and other invisible characters, and noncharacters, as `\u{…}`.
pub fn escape_untrusted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if must_be_escaped(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters (ESC among them), and the format characters of Unicode's category Cf and its
/// line and paragraph separators: bidirectional marks, zero-width characters, tags. Noncharacters too (the last two
/// of every plane, and U+FDD0 to U+FDEF): XML has no place for U+FFFE and U+FFFF.
fn must_be_escaped(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(u32::from(c),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x206f | 0xfdd0..=0xfdef | 0xfeff | 0xfff9..=0xfffb
            | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3
            | 0x1d173..=0x1d17a | 0xe0000..=0xe007f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_codes_and_bidirectional_marks_are_shown_and_plain_text_is_left() {
        assert_eq!(escape_untrusted("a\u{1b}[31mb\u{202e}c\n"), "a\\u{1b}[31mb\\u{202e}c\\u{a}");
        assert_eq!(
            escape_untrusted("\u{fffe}\u{ffff}\u{fdd0}\u{1fffe}\u{fffd}"),
            "\\u{fffe}\\u{ffff}\\u{fdd0}\\u{1fffe}\u{fffd}"
        );
        assert_eq!(escape_untrusted("größe ✓ 日本"), "größe ✓ 日本");
    }
}
