//! The least HTTP that tests need: whole bodies, no client library that could be clever. One request per connection, but
//! where many are sent.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Header lines, without the ones that concern the connection.
    headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET"
    }

    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The same request with another bearer token.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.headers.retain(|line| !line.to_ascii_lowercase().starts_with("authorization:"));
        self.headers.push(format!("authorization: Bearer {token}"));
        self
    }

    /// Reads one request, or `None` when the other side has nothing to say.
    pub(crate) fn read(stream: &TcpStream) -> io::Result<Option<Self>> {
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(None);
        }
        let mut words = first.split_whitespace();
        let (method, path) = (words.next(), words.next());
        let (Some(method), Some(path)) = (method, path) else { return Ok(None) };
        let mut headers = Vec::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(text) = lower.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            } else if !lower.starts_with("connection:") && !lower.starts_with("host:") {
                headers.push(line.to_owned());
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Some(Self { method: method.to_owned(), path: path.to_owned(), headers, body }))
    }

    /// Sends it and returns the whole answer.
    pub(crate) fn send(&self, to: SocketAddr) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(to)?;
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {to}\r\n", self.method, self.path);
        for header in &self.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()));
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// Splits an answer into status, head and body.
pub(crate) fn split(answer: &[u8]) -> (u16, String, Vec<u8>) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer[end + 4..].to_vec())
}

/// Writes an answer.
pub(crate) fn answer(status: u16, kind: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

/// Makes one call as an admin and returns status and body.
pub(crate) fn call(
    to: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    if_match: Option<&str>,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut headers = vec![
        format!("authorization: Bearer {token}"),
        "accept: application/json".to_owned(),
        "content-type: application/json".to_owned(),
    ];
    headers.extend(if_match.map(|tag| format!("if-match: {tag}")));
    let body = body.map(|value| value.to_string().into_bytes()).unwrap_or_default();
    let request = Request { method: method.to_owned(), path: path.to_owned(), headers, body };
    let (status, _, body) = split(&request.send(to).unwrap());
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Writes a request that keeps the connection.
pub(crate) fn request(token: &str, method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends all requests at once over one connection and returns the status of each answer.
pub(crate) fn statuses(to: SocketAddr, requests: &[String]) -> Vec<u16> {
    let mut stream = BufReader::new(TcpStream::connect(to).unwrap());
    stream.get_mut().write_all(requests.concat().as_bytes()).unwrap();
    requests.iter().map(|_| status(&mut stream)).collect()
}

/// Reads one answer to its end and returns its status.
fn status(stream: &mut impl io::BufRead) -> u16 {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    while !line.trim_end().is_empty() {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length]).unwrap();
    status
}
