//! An answer before it is sent: also one that breaks off, never ends or lies about its length.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::json;

use super::server::Wire;

/// Bytes of a body in one piece where it is generated.
const PIECE: usize = 64 << 10;
/// Between the bytes of a slow body: shorter than any idle limit, so that only a limit on the whole helps.
const DRIP: Duration = Duration::from_millis(50);
/// For what was written to reach the client before the connection is reset.
const SETTLE: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Bytes, with their length stated.
    Bytes(Bytes),
    /// The first half of them with the length of the whole, then a connection reset.
    Cut(Bytes),
    /// One byte after another, without end.
    Endless,
    /// That many spaces.
    Spaces { length: u64, stated: bool },
    /// No answer at all: the connection is reset.
    Reset,
}

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: Content::Bytes(body.into()) }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Content::Bytes(Bytes::new()) }
    }

    /// An error as the distribution specification has it.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"errors": [{"code": code, "message": message}]});
        Self::new(status, "application/json", body.to_string())
    }

    pub(super) fn json(value: &serde_json::Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Without a header.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    /// The bytes, where it has plain ones.
    pub(super) fn bytes(&self) -> Bytes {
        match &self.body {
            Content::Bytes(bytes) => bytes.clone(),
            _ => Bytes::new(),
        }
    }

    /// What hyper sends; an error ends the connection.
    pub(super) fn into_response(self, head: bool, wire: &Wire) -> io::Result<Response<Body>> {
        let mut response = Response::new(Full::default().map_err(|never| match never {}).boxed_unsync());
        *response.status_mut() = StatusCode::from_u16(self.status).map_err(io::Error::other)?;
        for (name, value) in &self.headers {
            response.headers_mut().append(*name, value.parse().map_err(io::Error::other)?);
        }
        let body = self.body.into_body(response.headers_mut(), wire)?;
        if !head {
            *response.body_mut() = body;
        }
        Ok(response)
    }
}

impl Content {
    fn into_body(self, headers: &mut HeaderMap, wire: &Wire) -> io::Result<Body> {
        let mut state_length = |length: u64| headers.insert(CONTENT_LENGTH, length.into());
        let body = match self {
            Self::Bytes(bytes) => {
                state_length(bytes.len() as u64);
                Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
            }
            Self::Cut(bytes) => {
                state_length(bytes.len() as u64);
                cut(bytes.slice(..bytes.len() / 2), wire.clone())
            }
            Self::Endless => endless(),
            Self::Spaces { length, stated } => {
                if stated {
                    state_length(length);
                }
                spaces(length)
            }
            Self::Reset => {
                wire.reset_on_close();
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        };
        headers.entry(CONTENT_TYPE).or_insert_with(|| hyper::header::HeaderValue::from_static("text/plain"));
        Ok(body)
    }
}

fn cut(half: Bytes, wire: Wire) -> Body {
    let end = stream::once(async move {
        tokio::time::sleep(SETTLE).await;
        wire.reset_on_close();
        Err(io::ErrorKind::ConnectionReset.into())
    });
    StreamBody::new(stream::once(async { Ok(Frame::data(half)) }).chain(end)).boxed_unsync()
}

fn endless() -> Body {
    let drops = stream::repeat(()).then(|()| async {
        tokio::time::sleep(DRIP).await;
        Ok(Frame::data(Bytes::from_static(b" ")))
    });
    StreamBody::new(drops).boxed_unsync()
}

fn spaces(length: u64) -> Body {
    static SPACES: [u8; PIECE] = [b' '; PIECE];
    let whole = (length / PIECE as u64) as usize;
    let rest = (length % PIECE as u64) as usize;
    let lengths = std::iter::repeat_n(PIECE, whole).chain((rest > 0).then_some(rest));
    let pieces = lengths.map(|n| Ok(Frame::data(Bytes::from_static(&SPACES[..n]))));
    StreamBody::new(stream::iter(pieces)).boxed_unsync()
}
