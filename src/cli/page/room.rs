//! How much of what a signature, a scan or a stranger says has room on the page. The fewer images, the more of each: a
//! page is to open in a browser however many there are, and whoever can push an image writes a part of it. What is left
//! out is counted, and is in the JSON.

/// Most characters of one text that somebody else wrote.
pub(super) const TEXT_LIMIT: usize = 512;

/// How much there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Findings of a platform.
    pub(super) findings: usize,
    /// Signatures of a signer that state different things.
    pub(super) signatures: usize,
    /// Characters of what a signature states.
    pub(super) claims: usize,
    /// Lines of a list: places, remarks, platforms.
    pub(super) lines: usize,
}

impl Room {
    /// On a page with that many images, and scans of that many platforms.
    pub(super) fn on(images: usize, platforms: usize) -> Self {
        let (images, platforms) = (images.max(1), platforms.max(1));
        Self {
            findings: (1_000 / platforms).clamp(1, 20),
            signatures: (800 / images).clamp(1, 8),
            claims: (400_000 / images).clamp(1_000, 8_000),
            lines: (4_000 / images).clamp(5, 50),
        }
    }
}

/// The first characters of a text, and what is said of the others.
pub(super) fn cut(text: &str) -> (&str, Option<String>) {
    let Some((at, _)) = text.char_indices().nth(TEXT_LIMIT) else { return (text, None) };
    let (shown, left) = text.split_at(at);
    (shown, Some(format!("\u{2026} {} more characters, see the JSON", left.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_images_have_more_room_than_many() {
        assert_eq!(Room::on(0, 0), Room { findings: 20, signatures: 8, claims: 8_000, lines: 50 });
        assert_eq!(Room::on(50, 50), Room { findings: 20, signatures: 8, claims: 8_000, lines: 50 });
        assert_eq!(Room::on(200, 200), Room { findings: 5, signatures: 4, claims: 2_000, lines: 20 });
        assert_eq!(Room::on(9_000, 9_000), Room { findings: 1, signatures: 1, claims: 1_000, lines: 5 });
    }

    #[test]
    fn a_text_is_cut_between_characters_and_the_rest_is_counted() {
        let text = "\u{e9}".repeat(TEXT_LIMIT + 3);
        let (shown, rest) = cut(&text);
        assert_eq!(shown.chars().count(), TEXT_LIMIT);
        assert_eq!(rest.as_deref(), Some("\u{2026} 3 more characters, see the JSON"));
        assert_eq!(cut(&text[..4]), ("\u{e9}\u{e9}", None));
    }
}
