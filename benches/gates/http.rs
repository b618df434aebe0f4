//! A connection that posts and reads answers at little cost, so that the load leaves the machine to who is measured.

use std::io::{self, Error, ErrorKind};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Where to post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Address {
    pub at: SocketAddr,
    pub path: String,
    /// What lets the sender in.
    pub bearer: Option<String>,
}

impl Address {
    /// The bytes of a request.
    pub fn request(&self, body: &str) -> Vec<u8> {
        let Self { at, path, bearer } = self;
        let proof = bearer.as_ref().map_or_else(String::new, |secret| format!("Authorization: Bearer {secret}\r\n"));
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\n{proof}Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// What an answer says that the bench asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Whether it says when to come back.
    pub says_when: bool,
}

/// A connection that is kept, and opened again when the other side closed it.
pub struct Connection {
    at: SocketAddr,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

impl Connection {
    pub fn new(at: SocketAddr) -> Self {
        Self { at, stream: None, read: Vec::with_capacity(4096) }
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        let answered = self.exchange(request).await;
        if answered.is_err() {
            self.stream = None;
        }
        answered
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.at).await?;
                stream.set_nodelay(true)?;
                self.stream.insert(stream)
            }
        };
        stream.write_all(request).await?;
        self.read.clear();
        loop {
            if stream.read_buf(&mut self.read).await? == 0 {
                return Err(Error::from(ErrorKind::UnexpectedEof));
            }
            if let Some((answer, closes)) = whole(&self.read)? {
                if closes {
                    self.stream = None;
                }
                return Ok(answer);
            }
        }
    }
}

/// The answer, once all of it is there, and whether the connection ends with it.
fn whole(read: &[u8]) -> io::Result<Option<(Answer, bool)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(read).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(head) = parsed else { return Ok(None) };
    let mut answer = Answer { status: response.code.unwrap_or(0), says_when: false };
    let (mut length, mut is_chunked, mut closes) = (0, false, false);
    for header in response.headers.iter() {
        let value = std::str::from_utf8(header.value).unwrap_or_default();
        match header.name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
            "retry-after" => answer.says_when = value.trim().parse::<u32>().is_ok(),
            "connection" => closes = value.eq_ignore_ascii_case("close"),
            _ => (),
        }
    }
    let is_there = if is_chunked { read.ends_with(b"0\r\n\r\n") } else { head + length <= read.len() };
    Ok(is_there.then_some((answer, closes)))
}
