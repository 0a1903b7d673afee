//! A client of twenty lines for seeding registries and looking into them: plain HTTP/1.0, blocking, and on
//! purpose not the product's own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes after the head, until the connection ended.
    pub body: Vec<u8>,
    /// Whether the connection ended in an error rather than a close.
    pub broken: bool,
}

impl Reply {
    /// The first header of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request to `host` (`ADDRESS:PORT`) and reads the answer until the connection ends.
pub fn request(host: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    try_request(host, method, target, headers, body, usize::MAX).unwrap()
}

/// The same, reading no more than about `most` bytes of the answer; an error when nobody answers.
pub fn try_request(
    host: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    most: usize,
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head =
        format!("{method} {target} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let (bytes, broken) = read(&mut stream, most);
    parse(&bytes, broken).ok_or_else(|| std::io::Error::other("no answer"))
}

/// `GET` without headers.
pub fn get(host: &str, target: &str) -> Reply {
    request(host, "GET", target, &[], &[])
}

fn read(stream: &mut TcpStream, most: usize) -> (Vec<u8>, bool) {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
    while bytes.len() < most {
        match stream.read(&mut chunk) {
            Ok(0) => return (bytes, false),
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            Err(_) => return (bytes, true),
        }
    }
    (bytes, false)
}

fn parse(bytes: &[u8], broken: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Reply { status, headers, body: bytes[end + 4..].to_vec(), broken })
}
