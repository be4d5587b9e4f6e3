//! A proxy between the program and a control plane that counts, delays, breaks and lies.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use serde_json::Value;

use super::wire::{self, Request};

/// What happens to one request.
pub(crate) enum Do {
    /// It goes through.
    Pass,
    /// The connection ends; the control plane never sees the request.
    Drop,
    /// The control plane carries it out and the connection ends without an answer.
    DropAnswer,
    /// The control plane never sees it; this is the answer.
    Answer(u16, String),
    /// The proxy goes away: this connection ends, and no other one comes about.
    Die,
    /// This goes out as it is, and then the connection ends.
    Raw(Vec<u8>),
    /// It goes through, and the answer's body is changed.
    Change(fn(&mut Value)),
    /// It waits for the gate before it goes through, or for the test to end.
    Gate(Gate),
    /// It goes through, and the answer waits for the gate.
    GateAnswer(Gate),
}

/// Where a request waits. The test learns that it has arrived, and lets it go.
#[derive(Clone)]
pub(crate) struct Gate {
    arrived: mpsc::Sender<()>,
    go: Arc<Mutex<mpsc::Receiver<()>>>,
}

/// The test's side of a gate.
pub(crate) struct Keeper {
    arrived: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

/// A gate and its keeper.
pub(crate) fn gate() -> (Gate, Keeper) {
    let (arrived, has_arrived) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let gate = Gate { arrived, go: Arc::new(Mutex::new(may_go)) };
    (gate, Keeper { arrived: has_arrived, go })
}

impl Gate {
    /// Returns whether the request may go on; `false` when the keeper has gone home.
    pub(crate) fn wait(&self) -> bool {
        self.arrived.send(()).is_ok() && self.go.lock().unwrap().recv().is_ok()
    }
}

impl Keeper {
    /// Waits until a request stands at the gate.
    pub(crate) fn arrived(&self) {
        self.arrived.recv().unwrap();
    }

    /// Lets it go.
    pub(crate) fn release(&self) {
        self.go.send(()).unwrap();
    }
}

/// Decides about a request, given how many writes came before it.
type Rule = dyn Fn(&Request, usize) -> Do + Send + Sync;

/// A running proxy. It ends with the test's process.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) fn start(
        to: SocketAddr,
        rule: impl Fn(&Request, usize) -> Do + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let rule: Arc<Rule> = Arc::new(rule);
        let seen = Arc::clone(&log);
        let dead = Arc::new(AtomicBool::new(false));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if dead.load(Ordering::SeqCst) {
                    break;
                }
                let (rule, seen) = (Arc::clone(&rule), Arc::clone(&seen));
                let dead = Arc::clone(&dead);
                let die = move || {
                    dead.store(true, Ordering::SeqCst);
                    // Each one wakes the listener, until there is none.
                    while TcpStream::connect(address).is_ok() {}
                };
                thread::spawn(move || serve(&stream, to, (&*rule, &die), &seen));
            }
        });
        Self { address, log }
    }

    /// A proxy in which an apply comes half the way: the second write gets no answer, and the third fails.
    pub(crate) fn half_way(to: SocketAddr) -> Self {
        Self::start(to, |request, writes| match writes {
            1 if request.is_write() => Do::DropAnswer,
            2 if request.is_write() => Do::Answer(500, "{}".to_owned()),
            _ => Do::Pass,
        })
    }

    /// A proxy that only counts.
    pub(crate) fn counting(to: SocketAddr) -> Self {
        Self::start(to, |_, _| Do::Pass)
    }

    /// Every request so far, as `METHOD path`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn writes(&self) -> usize {
        self.requests().iter().filter(|line| !line.starts_with("GET ")).count()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn serve(
    mut stream: &TcpStream,
    to: SocketAddr,
    (rule, die): (&Rule, &dyn Fn()),
    log: &Mutex<Vec<String>>,
) {
    let Ok(Some(request)) = Request::read(stream) else { return };
    let writes = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|line| !line.starts_with("GET ")).count();
        log.push(format!("{} {}", request.method, request.path));
        before
    };
    let answer = match rule(&request, writes) {
        Do::Pass => request.send(to).unwrap(),
        Do::Drop => return,
        Do::Die => return die(),
        Do::DropAnswer => {
            request.send(to).unwrap();
            return;
        }
        Do::Answer(status, body) => {
            let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
            wire::answer(status, kind, "", body.as_bytes())
        }
        Do::Raw(bytes) => bytes,
        Do::Change(change) => {
            let (status, head, body) = wire::split(&request.send(to).unwrap());
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            change(&mut body);
            let tag = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
            let tag = tag.map(|line| format!("{line}\r\n")).unwrap_or_default();
            wire::answer(status, "application/json", &tag, body.to_string().as_bytes())
        }
        Do::Gate(gate) => {
            if !gate.wait() {
                return;
            }
            request.send(to).unwrap()
        }
        Do::GateAnswer(gate) => {
            let answer = request.send(to).unwrap();
            if !gate.wait() {
                return;
            }
            answer
        }
    };
    // A client that has been killed does not read.
    let _ = stream.write_all(&answer);
}
