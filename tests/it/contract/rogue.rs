//! A server that does what it is told, which is not what the protocol says.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scopeform::model::Effect;
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::provider::{ProviderError, Read as _, Write as _};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Platform;

/// What the server does with the n-th request for a path.
pub(super) enum Act {
    /// Sends these bytes and closes.
    Send(String),
    /// Closes without a word.
    Hang,
    /// Keeps the connection open and says nothing.
    Silence,
}

/// A server that speaks HTTP and not the protocol.
pub(super) struct Rogue {
    pub(super) endpoint: String,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Rogue {
    pub(super) async fn start(act: impl Fn(usize, &str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let rogue = Self::at(format!("http://{}", listener.local_addr().unwrap()));
        let paths = Arc::clone(&rogue.paths);
        let act = Arc::new(act);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (act, paths) = (Arc::clone(&act), Arc::clone(&paths));
                tokio::spawn(async move { serve(stream, &*act, &paths).await });
            }
        });
        rogue
    }

    /// Nobody answers there unless somebody else does.
    pub(super) fn at(endpoint: String) -> Self {
        Self { endpoint, paths: Arc::default() }
    }

    /// How many requests have come.
    pub(super) fn seen(&self) -> usize {
        self.paths.lock().unwrap().len()
    }

    /// Their paths, in order.
    pub(super) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }

    fn client<P: Platform>(&self) -> P::Client {
        let options = HttpOptions {
            read_timeout: Duration::from_millis(100),
            total_timeout: Duration::from_millis(200),
            deadline: Duration::from_millis(600),
            first_pause: Duration::from_millis(1),
            ..HttpOptions::default()
        };
        let http = Http::new(&self.endpoint, SecretString::from("s3cr3t"), options).unwrap();
        P::client(Arc::new(http), "acme", Path::new("nowhere"))
    }

    pub(super) async fn snapshot<P: Platform>(&self) -> Result<P::Snapshot, ProviderError> {
        self.client::<P>().read().await.map(|reading| reading.snapshot)
    }

    pub(super) async fn read<P: Platform>(&self) -> ProviderError {
        self.snapshot::<P>().await.map(drop).unwrap_err()
    }

    pub(super) async fn write<P: Platform>(&self) -> ProviderError {
        let client = self.client::<P>();
        client.write(&P::to_nothing(), "\"1\"", &Effect::default()).await.map(drop).unwrap_err()
    }
}

async fn serve(
    mut stream: TcpStream,
    act: &(dyn Fn(usize, &str) -> Act + Sync),
    paths: &Mutex<Vec<String>>,
) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    // Requests here are small and come with their body at once.
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(n) => request.extend_from_slice(&chunk[..n]),
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or("").to_owned();
    let n = {
        let mut paths = paths.lock().unwrap();
        paths.push(path.clone());
        paths.len() - 1
    };
    match act(n, &path) {
        Act::Send(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
            // Read what is left, so that closing does not reset what was sent.
            while matches!(stream.read(&mut chunk).await, Ok(n) if n > 0) {}
        }
        Act::Hang => {}
        Act::Silence => std::future::pending().await,
    }
}

pub(super) fn http(status: &str, headers: &str, body: &str) -> Act {
    Act::Send(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    ))
}

pub(super) fn ok(body: &str) -> Act {
    http("200 OK", "content-type: application/json\r\netag: \"1\"\r\n", body)
}
