//! PEM as people have it: leading text, any line width, CRLF (RFC 7468, lax parsing). The first block counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A PEM block; the bytes are wiped when it is dropped, since they may be a private key.
pub struct Block {
    /// The label between `-----BEGIN ` and `-----`.
    pub label: String,
    /// The decoded body: DER, or JSON for sigstore's encrypted keys.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why a text holds no PEM block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No `-----BEGIN …-----`.
    #[error("no PEM block (`-----BEGIN …-----`) in it")]
    Missing,
    /// A beginning without the end of the same label.
    #[error("its PEM block `{0}` has no end: the file is cut")]
    Unterminated(String),
    /// The body is not base64.
    #[error("the body of its PEM block `{0}` is not base64")]
    Body(String),
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Reads the first block of `text`, and gives what follows it.
///
/// # Errors
/// [`PemError`].
pub fn first_block(text: &str) -> Result<(Block, &str), PemError> {
    let start = text.find(BEGIN).ok_or(PemError::Missing)? + BEGIN.len();
    let (label, rest) = text[start..].split_once(DASHES).ok_or(PemError::Missing)?;
    let shown = || super::super::escape_untrusted(&label.chars().take(64).collect::<String>());
    let end = format!("-----END {label}-----");
    let (body, after) = rest.split_once(&end).ok_or_else(|| PemError::Unterminated(shown()))?;
    // Encapsulated headers (RFC 1421) stand before an empty line; OpenSSL's encrypted keys have them.
    let compact: Zeroizing<Vec<u8>> =
        Zeroizing::new(body.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
    let body = STANDARD.decode(&*compact).map_err(|_| PemError::Body(shown()))?;
    Ok((Block { label: label.to_owned(), body: Zeroizing::new(body) }, after))
}

/// Writes a block with 64 characters a line.
pub fn write(label: &str, body: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(body));
    let mut text = Zeroizing::new(String::with_capacity(encoded.len() * 66 / 64 + 2 * label.len() + 64));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn leading_text_and_carriage_returns_do_not_matter_and_the_first_block_counts() {
        let text =
            format!("a comment\r\n{}{}", write("A", b"one").replace('\n', "\r\n"), *write("B", b"two"));
        let (block, after) = first_block(&text).unwrap();
        assert_eq!((block.label.as_str(), block.body.as_slice()), ("A", b"one".as_slice()));
        assert_eq!(first_block(after).unwrap().0.label, "B");
    }

    #[test]
    fn a_cut_block_is_told_from_none() {
        assert!(matches!(first_block("text"), Err(PemError::Missing)));
        assert!(matches!(first_block("-----BEGIN A-----\nAAAA"), Err(PemError::Unterminated(_))));
        assert!(matches!(first_block("-----BEGIN A-----\n*\n-----END A-----"), Err(PemError::Body(_))));
    }
}
