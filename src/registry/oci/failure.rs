//! How a failed request is told: kind, request without query and credentials, and the whole chain of causes
//! (reqwest shows the outermost alone), all escaped. And whether asking again may help.

use std::error::Error;
use std::time::Duration;

use reqwest::{Method, Url};
use rustls::CertificateError;
use serde::Deserialize;

use crate::model::{escape_untrusted, json};
use crate::registry::{Kind, RegistryError};

/// Most characters of an error's text that are shown.
const SHOWN_LIMIT: usize = 600;

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failed {
    /// What to report unless another attempt succeeds.
    pub(super) error: RegistryError,
    /// Whether another attempt may succeed.
    pub(super) again: Again,
}

/// Whether another attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// The answer would be the same.
    No,
    /// It may, after what `Retry-After` asked for.
    After(Option<Duration>),
}

impl From<RegistryError> for Failed {
    fn from(error: RegistryError) -> Self {
        Self { error, again: Again::No }
    }
}

impl Failed {
    /// A failure of the connection, which may pass.
    pub(super) fn passing(method: &Method, url: &Url, reason: &str) -> Self {
        Self { error: failure(Kind::Unreachable, method, url, reason), again: Again::After(None) }
    }

    /// A request that reqwest could not complete.
    pub(super) fn connection(method: &Method, url: &Url, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let again = match certificate_problem(&error).is_some() || error.is_builder() {
            true => Again::No,
            false => Again::After(None),
        };
        Self { error: failure(Kind::Unreachable, method, url, &causes(&error)), again }
    }
}

/// The error of `kind` that `method` on `url` ended in; `reason` is escaped and cut here.
pub(super) fn failure(kind: Kind, method: &Method, url: &Url, reason: &str) -> RegistryError {
    RegistryError { kind, request: format!("{method} {}", shown(url)), reason: escaped(reason) }
}

/// `text` escaped, and cut where it is long.
pub(super) fn escaped(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_LIMIT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escape_untrusted(&short)
}

/// A URL without user, query and fragment: what they hold may be a credential.
pub(super) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    escape_untrusted(&format!("{}://{host}{port}{}", url.scheme(), url.path()))
}

/// The causes of `error` in one line, without those that only wrap another.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    if let Some(problem) = certificate_problem(error) {
        return problem;
    }
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        let wraps = text == "error sending request" || text.starts_with("client error (");
        if !(wraps && cause.source().is_some()) && texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}

/// What is wrong with the server's certificate, if that is the cause.
fn certificate_problem(error: &(dyn Error + 'static)) -> Option<String> {
    match tls_error(error)? {
        rustls::Error::InvalidCertificate(problem) => Some(describe(problem)),
        _ => None,
    }
}

/// The TLS error among the causes; `std::io::Error` hides what it wraps from `source`.
pub(super) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        let inner: Option<&(dyn Error + 'static)> = match cause.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => None,
        };
        let found = cause.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()));
        if found.is_some() {
            return found;
        }
        next = inner.or_else(|| cause.source());
    }
    None
}

fn describe(problem: &CertificateError) -> String {
    let what = match problem {
        CertificateError::UnknownIssuer => "is signed by an unknown CA",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another host name"
        }
        _ => "is not accepted",
    };
    format!("the server's certificate {what} ({problem})")
}

/// The body of an error (distribution specification, Error Codes).
#[derive(Deserialize)]
struct ErrorBody {
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct ErrorEntry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What an error's body says: codes and messages, or its first line where it is plain text.
pub(super) fn message(body: &[u8]) -> Option<String> {
    if let Ok(ErrorBody { errors }) = json::from_slice::<ErrorBody>(body) {
        let said = errors.iter().map(|e| [e.code.as_str(), e.message.as_str()]);
        let said =
            said.map(|parts| parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(": "));
        return Some(said.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty());
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let plain = !text.starts_with(['<', '{', '[']);
    text.lines().next().filter(|line| plain && !line.is_empty()).map(str::to_owned)
}

/// Whether the registry says of a manifest that it does not know one of its blobs. Blobs are stored before:
/// docker-registry answers so for a moment while another client stores the same blob again.
pub(super) fn lacks_blob(body: &[u8]) -> bool {
    let lacks = |error: &ErrorEntry| error.code == "MANIFEST_BLOB_UNKNOWN";
    json::from_slice::<ErrorBody>(body).is_ok_and(|body| body.errors.iter().any(lacks))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_user_and_query() {
        let url: Url = "https://user:secret@r.example:5000/v2/a/b?token=secret#part".parse().unwrap();
        assert_eq!(shown(&url), "https://r.example:5000/v2/a/b");
    }

    #[test]
    fn the_registry_s_own_message_is_found_and_markup_is_not_shown() {
        let body = br#"{"errors":[{"code":"TAG_INVALID","message":"immutable"},{"code":"DENIED"}]}"#;
        assert_eq!(message(body).unwrap(), "TAG_INVALID: immutable; DENIED");
        assert_eq!(message(b"no such thing\nmore").unwrap(), "no such thing");
        assert_eq!(message(b"<html>"), None);
        assert_eq!(message(br#"{"errors":[]}"#), None);
    }

    #[test]
    fn terminal_codes_in_a_reason_are_escaped_and_long_ones_cut() {
        let url: Url = "https://r.example/v2/".parse().unwrap();
        let error = failure(Kind::Refused, &Method::GET, &url, &format!("\u{1b}[2J{}", "x".repeat(9000)));
        assert!(error.reason.starts_with("\\u{1b}[2J") && error.reason.len() < 700, "{}", error.reason);
    }
}
