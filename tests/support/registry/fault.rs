//! Misbehaviour as data: which requests, how often, and what is done to them.

use super::State;
use super::answer::{Answer, Content};
use super::place::Place;
use super::server::Exchange;

/// One way to misbehave.
#[derive(Debug, Clone)]
pub struct Fault {
    place: Place,
    requests: Requests,
    times: Times,
    act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requests {
    All,
    Reads,
    Writes,
}

/// Which of the matching requests suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Every one.
    Always,
    /// That many, then none.
    First(usize),
    /// None of that many, then every one.
    After(usize),
    /// Every n-th: with 3 the third, the sixth and so on.
    EveryNth(usize),
}

/// What is done instead of answering, or to the true answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// 401 with this `WWW-Authenticate`.
    Challenge(String),
    /// This status, with an error as the specification has it.
    Status(u16),
    /// This status with an error of this code.
    Refuse {
        /// The status.
        status: u16,
        /// The code, such as `MANIFEST_BLOB_UNKNOWN`.
        code: &'static str,
    },
    /// This status and `Retry-After`.
    RetryAfter {
        /// 429 or 503.
        status: u16,
        /// The header's value: seconds or a date.
        after: String,
    },
    /// 200 with a web page.
    Html,
    /// 200 with these bytes.
    Answer {
        /// The content type.
        media_type: String,
        /// The body.
        bytes: Vec<u8>,
    },
    /// JSON nested this deep, otherwise true to the type asked for.
    DeepJson(usize),
    /// The first half of the true answer with the length of the whole, then the connection is reset.
    ResetInMidBody,
    /// Does nothing, and resets the connection without an answer.
    Reset,
    /// 201 as if it were stored, and it is not.
    Swallow,
    /// Does what was asked, then resets the connection without an answer.
    LoseAnswer,
    /// The head of the true answer, then one byte after another without end.
    EndlessBody,
    /// The head of the true answer, then that many spaces.
    LongBody {
        /// Bytes of the body.
        length: u64,
        /// Whether `Content-Length` says so.
        stated: bool,
    },
    /// The true answer with another bit in its middle byte.
    OtherBytes,
    /// The true answer cut in half, with the length of the half.
    Truncated,
    /// The true answer with a `Link` to a next page.
    Link(LinkTo),
    /// 307 to the same path at another origin (`http://HOST`).
    Redirect(String),
    /// 202: the upload is to go on at another origin (`http://HOST`).
    UploadAt(String),
    /// A put on a tag that exists gets this status; on a new one the true answer.
    ImmutableTag(u16),
}

/// Where a `Link` to the next page leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTo {
    /// To the same page.
    Itself,
    /// To a page that was never asked for, every time.
    Onward,
    /// To the same path at another origin (`http://HOST`).
    Origin(String),
    /// To this, as it is.
    Text(String),
}

impl Fault {
    /// Every request there.
    pub fn on(place: Place, act: Act) -> Self {
        Self { place, requests: Requests::All, times: Times::Always, act }
    }

    /// Every `GET` and `HEAD` there.
    pub fn on_reads(place: Place, act: Act) -> Self {
        Self { requests: Requests::Reads, ..Self::on(place, act) }
    }

    /// Every other request there.
    pub fn on_writes(place: Place, act: Act) -> Self {
        Self { requests: Requests::Writes, ..Self::on(place, act) }
    }

    /// Not always.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    pub(super) fn armed(self) -> Armed {
        Armed { fault: self, seen: 0 }
    }

    fn matches(&self, exchange: &Exchange) -> bool {
        let asked = match self.requests {
            Requests::All => true,
            Requests::Reads => exchange.reads(),
            Requests::Writes => !exchange.reads(),
        };
        asked && (self.place == Place::Any || self.place == exchange.place)
    }
}

/// A fault and how many requests it has matched.
#[derive(Debug)]
pub(super) struct Armed {
    fault: Fault,
    seen: usize,
}

impl Armed {
    /// Counts the request if it matches; what is done to it, if it is its turn.
    pub(super) fn turn(&mut self, exchange: &Exchange) -> Option<Act> {
        if !self.fault.matches(exchange) {
            return None;
        }
        self.seen += 1;
        let now = match self.fault.times {
            Times::Always => true,
            Times::First(count) => self.seen <= count,
            Times::After(count) => self.seen > count,
            Times::EveryNth(n) => self.seen.is_multiple_of(n),
        };
        now.then(|| self.fault.act.clone())
    }
}

impl Act {
    /// The answer of those acts that do not do what was asked.
    pub(super) fn instead(&self, exchange: &Exchange, state: &State) -> Option<Answer> {
        let refused = |status: u16| Answer::error(status, code(status), "the test registry misbehaves");
        Some(match self {
            Self::Challenge(challenge) => refused(401).with("www-authenticate", challenge),
            Self::Status(status) => refused(*status),
            Self::Refuse { status, code } => Answer::error(*status, code, "the test registry misbehaves"),
            Self::RetryAfter { status, after } => refused(*status).with("retry-after", after),
            Self::Html => Answer::new(200, "text/html", "<!doctype html><title>Sign in</title>"),
            Self::Answer { media_type, bytes } => Answer::new(200, media_type, bytes.clone()),
            Self::Swallow => Answer::empty(201).with("location", exchange.target.clone()),
            Self::Reset => Answer { body: Content::Reset, ..Answer::empty(500) },
            Self::Redirect(origin) => {
                Answer::empty(307).with("location", format!("{origin}{}", exchange.target))
            }
            Self::UploadAt(origin) => {
                let location = format!("{origin}{}elsewhere", exchange.path);
                Answer::empty(202).with("location", location)
            }
            Self::ImmutableTag(status) if exists(exchange, state) => {
                Answer::error(*status, "TAG_INVALID", "the tag is immutable")
            }
            _ => return None,
        })
    }

    /// What becomes of the true answer.
    pub(super) fn spoil(self, answer: Answer, exchange: &Exchange) -> Answer {
        let bytes = answer.bytes();
        match self {
            Self::ResetInMidBody => Answer { body: Content::Cut(bytes), ..answer },
            Self::LoseAnswer => Answer { body: Content::Reset, ..answer },
            Self::EndlessBody => Answer { body: Content::Endless, ..answer },
            Self::LongBody { length, stated } => {
                Answer { body: Content::Spaces { length, stated }, ..answer }
            }
            Self::OtherBytes => {
                let mut bytes = bytes.to_vec();
                let middle = bytes.len() / 2;
                bytes.get_mut(middle).into_iter().for_each(|byte| *byte ^= 1);
                Answer { body: Content::Bytes(bytes.into()), ..answer }
            }
            Self::Truncated => Answer { body: Content::Bytes(bytes.slice(..bytes.len() / 2)), ..answer },
            Self::DeepJson(depth) => {
                let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
                let body = format!("{{\"schemaVersion\":2,\"annotations\":{nested}}}");
                Answer { body: Content::Bytes(body.into()), ..answer }
            }
            Self::Link(to) => {
                answer.without("link").with("link", format!("<{}>; rel=\"next\"", to.target(exchange)))
            }
            _ => answer,
        }
    }
}

impl LinkTo {
    fn target(&self, exchange: &Exchange) -> String {
        match self {
            Self::Itself => exchange.target.clone(),
            Self::Onward => {
                let page: usize = exchange.parameter("page").and_then(|p| p.parse().ok()).unwrap_or(0);
                format!("{}?page={}", exchange.path, page + 1)
            }
            Self::Origin(origin) => format!("{origin}{}", exchange.target),
            Self::Text(text) => text.clone(),
        }
    }
}

fn exists(exchange: &Exchange, state: &State) -> bool {
    let super::place::Route::Manifest { repository, reference } = &exchange.route else { return false };
    exchange.method == hyper::Method::PUT
        && state.content.lock().unwrap().manifest(repository, reference).is_some()
}

fn code(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHORIZED",
        403 => "DENIED",
        404 => "NOT_FOUND",
        405 | 406 | 501 => "UNSUPPORTED",
        429 => "TOOMANYREQUESTS",
        _ => "UNKNOWN",
    }
}
