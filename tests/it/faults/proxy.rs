//! A proxy that does one thing wrong at one call, writes down every call, and looks at the platform after every write.
//!
//! Calls come one after another, each over a connection of its own, so the n-th connection is the n-th call.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use crate::apply::wire::{self, Request};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing listens from this call on.
    Refused,
    /// The connection is reset before the request is read.
    ResetBefore,
    /// The platform carries it out, and the connection ends without an answer.
    ResetAfter,
    /// No answer comes, and the platform never sees the request.
    SilentBefore,
    /// The platform carries it out, and no answer comes.
    SilentAfter,
    /// No answer comes, and the platform sees the request after the run is over.
    Late,
    /// 429, with this `Retry-After`.
    Limited(RetryAfter),
    /// This status, and the platform never sees the request.
    FailedBefore(u16),
    /// The platform carries it out, and the answer is this status.
    FailedAfter(u16),
    /// The answer ends in the middle.
    Truncated,
    /// The answer is no JSON.
    Malformed,
    /// The answer is JSON, and not the answer to this.
    Astray,
    /// The answer names version tokens that are not the platform's.
    WrongEtag,
    /// Somebody else changes something just before.
    Foreign,
    /// The token has expired from this call on.
    Expired,
}

/// What a 429 asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Nothing,
    Seconds(u32),
    /// A date so many seconds away.
    Date(u32),
    /// Longer than anybody waits.
    TooLong,
}

impl Fault {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Refused,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::SilentBefore,
        Self::SilentAfter,
        Self::Late,
        Self::Limited(RetryAfter::Nothing),
        Self::Limited(RetryAfter::Seconds(3)),
        Self::Limited(RetryAfter::Date(9)),
        Self::Limited(RetryAfter::TooLong),
        Self::FailedBefore(500),
        Self::FailedBefore(504),
        Self::FailedAfter(500),
        Self::FailedAfter(504),
        Self::Truncated,
        Self::Malformed,
        Self::Astray,
        Self::WrongEtag,
        Self::Foreign,
        Self::Expired,
    ];

    /// Whether it tells something only at a write: at a read it is another fault once more.
    pub(crate) const fn is_about_writes(self) -> bool {
        matches!(self, Self::Late | Self::FailedBefore(504) | Self::FailedAfter(504))
    }

    /// Whether the client must give up waiting for this to happen.
    pub(crate) const fn is_silent(self) -> bool {
        matches!(self, Self::SilentBefore | Self::SilentAfter | Self::Late)
    }
}

/// One call as it went.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// The platform's own answer; `None` when it never saw the request.
    pub(crate) status: Option<u16>,
}

impl Call {
    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET"
    }

    /// Whether the platform carried out a write.
    pub(crate) fn wrote(&self) -> bool {
        self.is_write() && self.status.is_some_and(|status| status < 300)
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        (&self.method, &self.path, &self.body) == (&other.method, &other.path, &other.body)
    }
}

/// What the proxy saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: Vec<Call>,
    /// What the platform looked like after each write.
    pub(crate) states: Vec<Value>,
    /// Whether the fault came about.
    pub(crate) injected: bool,
    late: Option<(usize, Request)>,
}

/// Looks at the platform.
pub(crate) type Look = dyn Fn() -> Value + Send + Sync;

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    to: SocketAddr,
    look: Arc<Look>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// What goes wrong where: at the call with this number, from 0.
pub(crate) type Plan = Option<(usize, Fault)>;

impl Proxy {
    /// Starts one in front of `to`. `foreign` is what somebody else does.
    pub(crate) fn start(
        to: SocketAddr,
        plan: Plan,
        look: Arc<Look>,
        foreign: impl Fn() + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let server = Server {
            to,
            plan,
            look: Arc::clone(&look),
            foreign: Box::new(foreign),
            over: Arc::clone(&over),
            silent: Vec::new(),
            seen: Seen::default(),
        };
        let thread = thread::spawn(move || server.run(listener));
        Self { address, to, look, over, thread }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it. A late request arrives now.
    pub(crate) fn end(self) -> Seen {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it up; when nothing listens any more, it has ended already.
        let _ = TcpStream::connect(self.address);
        let mut seen = self.thread.join().unwrap();
        if let Some((at, request)) = seen.late.take() {
            let (status, _, _) = wire::split(&request.send(self.to).unwrap());
            seen.calls[at].status = Some(status);
            if seen.calls[at].wrote() {
                seen.states.push((self.look)());
            }
        }
        seen
    }
}

struct Server {
    to: SocketAddr,
    plan: Plan,
    look: Arc<Look>,
    foreign: Box<dyn Fn() + Send>,
    over: Arc<AtomicBool>,
    /// Connections that wait for an answer that will not come.
    silent: Vec<TcpStream>,
    seen: Seen,
}

impl Server {
    fn run(mut self, listener: TcpListener) -> Seen {
        let mut listener = Some(listener);
        if self.refuses_from(0) {
            return self.seen;
        }
        for n in 0.. {
            let Some(open) = &listener else { break };
            let (stream, _) = open.accept().unwrap();
            if self.over.load(Ordering::SeqCst) {
                break;
            }
            let fault = self.plan.filter(|(at, _)| *at == n).map(|(_, fault)| fault);
            let expired = self.plan.is_some_and(|(at, f)| f == Fault::Expired && at <= n);
            self.seen.injected |= fault.is_some();
            if fault == Some(Fault::ResetBefore) {
                // With something unread in it, the connection ends with a reset.
                let mut head = [0; 4];
                let _ = stream.peek(&mut head);
                let method = if &head == b"GET " { "GET" } else { "unread" };
                self.note(method, "unread", Vec::new(), None);
                continue;
            }
            let Some(request) = Request::read(&stream).unwrap() else { continue };
            let request = if expired { request.with_token("expired") } else { request };
            let answer = self.answer(&request, fault);
            // Nothing may listen any more when the client learns that it may go on.
            if self.refuses_from(n + 1) {
                self.seen.injected = true;
                listener = None;
            }
            match answer {
                Some(bytes) => {
                    // A client that has given up does not read.
                    let _ = (&stream).write_all(&bytes);
                }
                None if fault.is_some_and(Fault::is_silent) => self.silent.push(stream),
                None => {}
            }
        }
        self.seen
    }

    fn refuses_from(&self, n: usize) -> bool {
        self.plan == Some((n, Fault::Refused))
    }

    fn note(&mut self, method: &str, path: &str, body: Vec<u8>, status: Option<u16>) {
        let call = Call { method: method.to_owned(), path: path.to_owned(), body, status };
        if call.wrote() {
            self.seen.states.push((self.look)());
        }
        self.seen.calls.push(call);
    }

    /// Lets the platform answer.
    fn forward(&mut self, request: &Request) -> Vec<u8> {
        let answer = request.send(self.to).unwrap();
        let (status, _, _) = wire::split(&answer);
        self.note(&request.method, &request.path, request.body.clone(), Some(status));
        answer
    }

    /// Keeps the request from the platform.
    fn withhold(&mut self, request: &Request) {
        self.note(&request.method, &request.path, request.body.clone(), None);
    }

    fn answer(&mut self, request: &Request, fault: Option<Fault>) -> Option<Vec<u8>> {
        let error =
            |status, headers: &str| wire::answer(status, "application/json", headers, b"{}");
        match fault {
            None | Some(Fault::Refused | Fault::ResetBefore | Fault::Expired) => {
                Some(self.forward(request))
            }
            Some(Fault::Foreign) => {
                (self.foreign)();
                self.seen.states.push((self.look)());
                Some(self.forward(request))
            }
            Some(Fault::ResetAfter | Fault::SilentAfter) => {
                self.forward(request);
                None
            }
            Some(Fault::SilentBefore) => {
                self.withhold(request);
                None
            }
            Some(Fault::Late) => {
                self.withhold(request);
                self.seen.late = Some((self.seen.calls.len() - 1, request.clone()));
                None
            }
            Some(Fault::Limited(after)) => {
                self.withhold(request);
                let value = match after {
                    RetryAfter::Nothing => None,
                    RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
                    RetryAfter::TooLong => Some("86400".to_owned()),
                    RetryAfter::Date(seconds) => Some(date_in(seconds)),
                };
                let header = value.map(|value| format!("retry-after: {value}\r\n"));
                Some(error(429, &header.unwrap_or_default()))
            }
            Some(Fault::FailedBefore(status)) => {
                self.withhold(request);
                Some(error(status, ""))
            }
            Some(Fault::FailedAfter(status)) => {
                self.forward(request);
                Some(error(status, ""))
            }
            Some(Fault::Truncated) => {
                let mut answer = self.forward(request);
                let (_, head, body) = wire::split(&answer);
                answer.truncate(head.len() + 4 + body.len() / 2);
                Some(answer)
            }
            Some(Fault::Malformed) => {
                let (status, _, _) = wire::split(&self.forward(request));
                Some(wire::answer(status, "application/json", "", b"{\"items\": [}"))
            }
            Some(Fault::Astray) => {
                let (status, _, _) = wire::split(&self.forward(request));
                Some(wire::answer(status, "application/json", "", b"{\"hello\": \"world\"}"))
            }
            Some(Fault::WrongEtag) => {
                let (status, _, body) = wire::split(&self.forward(request));
                let mut body: Value = serde_json::from_slice(&body).unwrap();
                lie(&mut body);
                let body = body.to_string();
                let header = "etag: \"lie\"\r\n";
                Some(wire::answer(status, "application/json", header, body.as_bytes()))
            }
        }
    }
}

fn date_in(seconds: u32) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds.into());
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

/// Replaces every version token.
fn lie(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if key == "etag" {
                    *value = Value::from("\"lie\"");
                } else {
                    lie(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lie),
        _ => {}
    }
}
