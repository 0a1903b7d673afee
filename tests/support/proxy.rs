//! A proxy in front of any registry that adds a delay to every answer and counts the requests. It passes the
//! `Host` header on as it came, so that absolute `Location`s lead back through it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

/// The proxy; it ends when dropped.
#[derive(Debug)]
pub struct DelayProxy {
    host: String,
    requests: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

impl DelayProxy {
    /// Starts one in front of `upstream` (`ADDRESS:PORT`), on a port of its own.
    pub fn start(upstream: &str, delay: Duration) -> Self {
        let upstream: SocketAddr = upstream.parse().unwrap();
        let runtime = super::registry::runtime();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(AtomicUsize::new(0));
        runtime.spawn(accept(listener, upstream, delay, requests.clone()));
        Self { host, requests, runtime: Some(runtime) }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How many requests came through since the start or the last [`DelayProxy::reset`].
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        self.requests.store(0, Ordering::SeqCst);
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, delay: Duration, requests: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let requests = requests.clone();
        tokio::spawn(async move {
            // Whoever breaks off, client or registry: the other side sees its connection end.
            let _ = carry(client, upstream, delay, requests).await;
        });
    }
}

/// One connection of a client over one of its own to the registry.
async fn carry(
    client: TcpStream,
    upstream: SocketAddr,
    delay: Duration,
    requests: Arc<AtomicUsize>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    client.set_nodelay(true)?;
    let stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let sender = Arc::new(Mutex::new(sender));
    let service = service_fn(move |request| {
        requests.fetch_add(1, Ordering::SeqCst);
        pass(sender.clone(), request, delay)
    });
    http1::Builder::new().serve_connection(TokioIo::new(client), service).await?;
    Ok(())
}

async fn pass(
    sender: Arc<Mutex<SendRequest<Incoming>>>,
    request: Request<Incoming>,
    delay: Duration,
) -> hyper::Result<Response<Incoming>> {
    let mut sender = sender.lock().await;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    tokio::time::sleep(delay).await;
    Ok(answer)
}
