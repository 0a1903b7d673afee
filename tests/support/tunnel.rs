//! A `CONNECT` proxy that leads host names nobody has to servers on the loopback address. With it a test
//! speaks https to `registry.test`, which is not loopback and so has no plain HTTP to fall back to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Longest head of a request that is read.
const HEAD_LIMIT: usize = 8 << 10;

/// The proxy; it ends when dropped.
#[derive(Debug)]
pub struct Tunnel {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    runtime: Option<Runtime>,
}

impl Tunnel {
    /// Starts one that leads each name (`registry.test`, whatever the port) to an address.
    pub fn start(names: &[(&str, &str)]) -> Self {
        let names: HashMap<String, SocketAddr> =
            names.iter().map(|(name, address)| ((*name).to_owned(), address.parse().unwrap())).collect();
        let runtime = super::registry::runtime();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        runtime.spawn(accept(listener, Arc::new(names), asked.clone()));
        Self { url, asked, runtime: Some(runtime) }
    }

    /// For the variable `HTTPS_PROXY`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The `HOST:PORT`s asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    listener: TcpListener,
    names: Arc<HashMap<String, SocketAddr>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (names, asked) = (names.clone(), asked.clone());
        tokio::spawn(async move {
            // A connection that breaks off is for both ends to notice.
            let _ = lead(client, &names, &asked).await;
        });
    }
}

async fn lead(
    mut client: TcpStream,
    names: &HashMap<String, SocketAddr>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let head = read_head(&mut client).await?;
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    asked.lock().unwrap().push(target.to_owned());
    let name = target.rsplit_once(':').map_or(target, |(name, _)| name);
    let Some(address) = names.get(name) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
    };
    let mut server = TcpStream::connect(address).await?;
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

async fn read_head(client: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_LIMIT {
        head.push(client.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
