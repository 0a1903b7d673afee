//! Connections and the way of one request: recorded, delayed, misanswered or answered.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::answer::{Answer, Body, Content};
use super::place::{Place, Route};
use super::{Recorded, State, auth, endpoints};

/// The connection below HTTP, to end it rudely.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<std::net::TcpStream>);

impl Wire {
    /// Makes the close of the connection a reset.
    pub(super) fn reset_on_close(&self) {
        // Where that cannot be set the connection still ends before the answer does.
        let _ = socket2::SockRef::from(&*self.0).set_linger(Some(Duration::ZERO));
    }
}

/// A request with its body read.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: hyper::HeaderMap,
    pub(super) body: Bytes,
    pub(super) route: Route,
    pub(super) place: Place,
    pub(super) scheme: &'static str,
}

impl Exchange {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The host as the client names it, so that absolute URLs lead back the way it came.
    pub(super) fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    /// `http://HOST` or https.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host())
    }

    /// A parameter of the query, or of a form, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.query.as_deref().unwrap_or_default(), name)
    }

    /// Whether it asks for something and changes nothing.
    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// A value of `a=b&c=d`, decoded.
pub(super) fn parameter(pairs: &str, name: &str) -> Option<String> {
    let pair = pairs.split('&').filter_map(|pair| pair.split_once('='));
    pair.filter(|(key, _)| *key == name).map(|(_, value)| decode(value)).next()
}

fn decode(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().replace('+', " ").into_bytes();
    for piece in pieces {
        let (code, rest) = piece.split_at(piece.len().min(2));
        decoded.push(u8::from_str_radix(code, 16).unwrap_or(b'?'));
        decoded.extend(rest.replace('+', " ").bytes());
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

pub(super) async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, state) = (acceptor.clone(), state.clone());
        tokio::spawn(async move {
            // A client that breaks off is its own matter.
            let _ = serve(stream, acceptor, state).await;
        });
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, state: Arc<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let wire = Wire(Arc::new(stream.try_clone()?));
    let stream = TcpStream::from_std(stream)?;
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let service = service_fn(|request| respond(state.clone(), wire.clone(), scheme, request));
    let server = http1::Builder::new();
    match acceptor {
        None => server.serve_connection(TokioIo::new(stream), service).await,
        Some(acceptor) => {
            server.serve_connection(TokioIo::new(acceptor.accept(stream).await?), service).await
        }
    }
    .map_err(io::Error::other)
}

async fn respond(
    state: Arc<State>,
    wire: Wire,
    scheme: &'static str,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let exchange = read(&state, scheme, request).await?;
    let half = state.delay() / 2;
    tokio::time::sleep(half).await;
    let answer = state.answer(&exchange);
    tokio::time::sleep(half).await;
    state.record(&exchange, &answer);
    answer.into_response(exchange.method == Method::HEAD, &wire)
}

async fn read(state: &State, scheme: &'static str, request: Request<Incoming>) -> io::Result<Exchange> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path().to_owned();
    let route = Route::of(&path);
    let place = match (&route, head.method == Method::PUT) {
        (Route::Manifest { .. }, true) => route.place(&body),
        (Route::Manifest { repository, reference }, false) => {
            let stored = state.content.lock().unwrap().manifest(repository, reference);
            route.place(&stored.map(|stored| stored.bytes).unwrap_or_default())
        }
        _ => route.place(&[]),
    };
    Ok(Exchange {
        method: head.method,
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
        path,
        route,
        place,
        scheme,
    })
}

impl State {
    fn answer(&self, exchange: &Exchange) -> Answer {
        let act = self.act(exchange);
        if let Some(answer) = act.as_ref().and_then(|act| act.instead(exchange, self)) {
            return answer;
        }
        let answer =
            auth::refuse(&self.config.auth, exchange).unwrap_or_else(|| endpoints::answer(self, exchange));
        match act {
            Some(act) => act.spoil(answer, exchange),
            None => answer,
        }
    }

    /// What the first fault that matches does to this request, if its turn has come.
    fn act(&self, exchange: &Exchange) -> Option<super::Act> {
        let mut faults = self.faults.lock().unwrap();
        faults.iter_mut().find_map(|fault| fault.turn(exchange))
    }

    /// Spread over the range by the number of requests so far: the same in every run.
    fn delay(&self) -> Duration {
        let (least, most) = self.config.delay;
        let count = self.requests.lock().unwrap().len() as u32;
        least + (most - least) * (count.wrapping_mul(7919) % 1000) / 1000
    }

    fn record(&self, exchange: &Exchange, answer: &Answer) {
        let text = |name: &str| exchange.header(name).map(str::to_owned);
        let recorded = Recorded {
            at: Instant::now(),
            method: exchange.method.to_string(),
            path: exchange.path.clone(),
            query: exchange.query.clone(),
            host: exchange.host().to_owned(),
            authorization: text("authorization"),
            if_match: text("if-match"),
            place: exchange.place,
            sent: exchange.body.len(),
            status: if matches!(answer.body, Content::Reset) { 0 } else { answer.status },
        };
        self.requests.lock().unwrap().push(recorded);
    }
}
