//! One HTTP client for live systems: where it may go, how long it waits, what it repeats, and what each failure means.
//!
//! Reads are repeated on 429, 408, 5xx and silence until a deadline. A write is sent once; only 429 lets it be sent again, or a
//! connection that did not come about, because then it was certainly not carried out ([`backoff`]). Requests keep to a
//! budget, if there is one ([`pace`]). Bodies are never logged and the token is never printed.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use self::backoff::{Failed, Repeat};
use super::provider::ProviderError;

mod answer;
mod backoff;
mod book;
mod clock;
mod hidden;
mod pace;
mod page;
pub(crate) mod pages;
mod stop;

pub use answer::Answer;
pub use book::{Book, Says, Wall};
pub use clock::{Clock, Monotonic};
use hidden::Hidden;
pub use pace::{Budget, Pause, Told};
pub use stop::Stop;

/// How many bytes an answer may hold, after decompression.
pub const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// How the client behaves. The defaults suit people and CI.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the server may be silent in the middle of an answer.
    pub read_timeout: Duration,
    /// How long one request may take in all.
    pub total_timeout: Duration,
    /// How long one call may go on being repeated, not counting what the budget makes it wait.
    pub deadline: Duration,
    /// The first pause before repeating; each further one is twice as long, 5 seconds at most, and each is cut by a
    /// random part of up to its half.
    pub first_pause: Duration,
    /// Hears of a wait that the platform asks for, before it begins.
    pub told: Option<Tell>,
    /// How many requests a minute may be sent, shared by every client that is given it.
    pub budget: Option<Arc<Budget>>,
    /// What pauses are measured by.
    pub clock: Arc<dyn Clock>,
    /// What ends them early.
    pub stop: Stop,
    /// Whether the token may travel in the clear.
    pub transport: Transport,
    /// PEM text of the certificates to trust instead of the system's.
    pub trust: Option<Vec<u8>>,
    /// What else the platform is told in confidence, beside the token: its answers are not believed to keep it.
    pub confidential: Vec<SecretString>,
}

/// Somebody who is told of waits.
#[derive(Clone)]
pub struct Tell(pub Arc<dyn Fn(Duration) + Send + Sync>);

impl fmt::Debug for Tell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tell").finish_non_exhaustive()
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            first_pause: Duration::from_millis(200),
            told: None,
            budget: None,
            clock: Arc::new(Monotonic),
            stop: Stop::default(),
            transport: Transport::Encrypted,
            trust: None,
            confidential: Vec::new(),
        }
    }
}

/// Whether the token may travel in the clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// `https://`, or `http://` to this machine.
    #[default]
    Encrypted,
    /// Also `http://` to other machines: somebody asked for it.
    AllowInsecure,
}

/// Why an endpoint cannot be used. The text never holds credentials from the URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// No URL.
    #[error("the endpoint is not a URL: {0}; write `https://HOST`")]
    NotUrl(String),
    /// Something else than HTTP.
    #[error("the endpoint's scheme `{0}` is not `https`")]
    Scheme(String),
    /// A user, a password, a query or a fragment in the URL.
    #[error("the endpoint must not hold {0}")]
    Superfluous(&'static str),
    /// `http://` to another machine.
    #[error("`http://{0}` would send the token in the clear; use `https`")]
    Insecure(String),
    /// The token cannot be a header.
    #[error("the token holds characters that no token has; was a line break copied with it?")]
    Token,
}

/// A client for one endpoint and one token.
pub struct Http {
    base: String,
    origin: String,
    token: SecretString,
    hidden: Hidden,
    options: HttpOptions,
    loopback: bool,
    /// Whether it has answered, and has not been out of reach for the whole time of a call since.
    reached: AtomicBool,
    sent: AtomicU32,
    /// The moment until which somebody has been told to wait.
    told_until: Mutex<Duration>,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl fmt::Debug for Http {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Http").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Http {
    /// Returns a client for `endpoint`. Nothing is sent and no certificate is loaded before the first request.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint is no place to send a token to.
    pub fn new(
        endpoint: &str,
        token: SecretString,
        options: HttpOptions,
    ) -> Result<Self, EndpointError> {
        let url = Url::parse(endpoint).map_err(|error| EndpointError::NotUrl(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Superfluous(
                "a user or a password; put the token in `SCOPEFORM_TOKEN`",
            ));
        }
        if url.query().is_some() {
            return Err(EndpointError::Superfluous("a query"));
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Superfluous("a fragment"));
        }
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback || options.transport == Transport::AllowInsecure => {}
            "http" => {
                let host = url.host_str().unwrap_or_default();
                return Err(EndpointError::Insecure(host.to_owned()));
            }
            other => return Err(EndpointError::Scheme(other.to_owned())),
        }
        if HeaderValue::from_str(token.expose_secret()).is_err() {
            return Err(EndpointError::Token);
        }
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            origin: url.origin().ascii_serialization(),
            hidden: Hidden::new(
                options.confidential.iter().cloned().chain([token.clone()]).collect(),
            ),
            token,
            options,
            loopback,
            reached: AtomicBool::new(false),
            sent: AtomicU32::new(0),
            told_until: Mutex::new(Duration::ZERO),
            client: OnceLock::new(),
        })
    }

    /// Returns scheme, host and port, for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the variables of the environment that may name a proxy for this endpoint.
    #[must_use]
    pub fn proxy_variables(&self) -> &'static [&'static str] {
        if self.loopback {
            &[]
        } else if self.base.starts_with("https://") {
            &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        } else {
            &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        }
    }

    /// Returns how many requests have left so far, those that failed and those sent again included.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Reads `path`, which begins with `/` and may hold a query.
    ///
    /// # Errors
    /// [`ProviderError`] as the platform answered, or did not.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, ProviderError> {
        self.call(Repeat::Read, Method::GET, path, HeaderMap::new(), None).await
    }

    /// Sends one write with its precondition, and sends it once.
    ///
    /// # Errors
    /// [`ProviderError`] as the platform answered, or did not: see [`ProviderError::is_unknown`].
    pub async fn write<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        if_match: &str,
        body: &B,
    ) -> Result<Answer<T>, ProviderError> {
        let refused = |message: String| ProviderError::Refused {
            status: StatusCode::BAD_REQUEST.into(),
            message,
        };
        let body = serde_json::to_vec(body).map_err(|error| refused(error.to_string()))?;
        let mut headers = HeaderMap::new();
        let tag = HeaderValue::from_str(if_match)
            .map_err(|_| refused("the version token cannot be a header".to_owned()))?;
        headers.insert(header::IF_MATCH, tag);
        self.call(Repeat::Write, method, path, headers, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        repeat: Repeat,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Answer<T>, ProviderError> {
        let clock = &self.options.clock;
        // Whoever began to wait while it answered has the whole time, also where another call has given up meanwhile.
        let answered = self.reached.load(Ordering::Relaxed);
        let mut end = None;
        let mut before = 0_u32;
        loop {
            let asked = clock.now();
            let place = match &self.options.budget {
                Some(budget) => match budget.place(&self.options.stop).await {
                    Some(place) => Some(place),
                    None => return Err(ProviderError::Stopped),
                },
                None => None,
            };
            let sent_at = clock.now();
            // What the budget made it wait is not held against the call.
            let kept = sent_at.saturating_sub(asked);
            let end = *end
                .insert(end.map_or(sent_at + self.options.deadline, |end: Duration| end + kept));
            let sent = self.once(repeat, &method, path, headers.clone(), body.clone()).await;
            drop(place);
            let error = match sent {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let reached = answered || self.reached.load(Ordering::Relaxed);
            let failed = Failed { before, repeat, error: &error, reached };
            let left = end.saturating_sub(clock.now());
            match backoff::wait(failed, self.options.first_pause, left, random()) {
                Some(wait) => {
                    self.tell(&error, wait);
                    tokio::select! {
                        biased;
                        () = clock.wait(wait) => {}
                        // Whatever is sent again was not carried out, or was a read.
                        () = self.options.stop.asked(), if wait >= stop::SHORT => {
                            return Err(ProviderError::Stopped);
                        }
                    }
                }
                None => {
                    if matches!(error, ProviderError::Unreachable { .. }) {
                        // What has just been waited for in vain is tried once, and not waited for again.
                        self.reached.store(false, Ordering::Relaxed);
                    }
                    return Err(error);
                }
            }
            before = before.saturating_add(1);
        }
    }

    /// Tells of a wait that the platform asks for; once, when many requests wait for the same moment.
    fn tell(&self, error: &ProviderError, wait: Duration) {
        let asked = match error {
            ProviderError::RateLimited { retry_after }
            | ProviderError::Server { retry_after, .. } => retry_after.is_some(),
            _ => false,
        };
        let Some(Tell(told)) = self.options.told.as_ref().filter(|_| asked) else { return };
        let mut until = self.told_until.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.options.clock.now() + wait;
        if end > *until + backoff::SPREAD {
            *until = end;
            told(wait);
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        repeat: Repeat,
        method: &Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Answer<T>, ProviderError> {
        let client = self.client()?;
        let url = format!("{}{path}", self.base);
        let mut request = client.request(method.clone(), url).headers(headers);
        request = request.header(header::AUTHORIZATION, self.authorization()?);
        request = request.header(header::ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let answered = request.send().await.map_err(|error| self.not_sent(path, error));
        if !matches!(answered, Err(ProviderError::Unreachable { .. })) {
            self.sent.fetch_add(1, Ordering::Relaxed);
            self.reached.store(true, Ordering::Relaxed);
        }
        let response = answered?;
        answer::read(answer::Question { path, repeat, hidden: &self.hidden }, response).await
    }

    fn authorization(&self) -> Result<HeaderValue, ProviderError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.token.expose_secret()))
            .map_err(|_| ProviderError::Unauthorized {
                message: EndpointError::Token.to_string(),
            })?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn client(&self) -> Result<&reqwest::Client, ProviderError> {
        let built = self.client.get_or_init(|| self.build());
        built.as_ref().map_err(|reason| self.unreachable(reason.clone()))
    }

    fn build(&self) -> Result<reqwest::Client, String> {
        // Another part of the process may have installed a provider already; ours is not needed then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.options.connect_timeout)
            .read_timeout(self.options.read_timeout)
            .timeout(self.options.total_timeout)
            // SECURITY: a redirect could take the token or a write to another place.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("scopeform/", env!("CARGO_PKG_VERSION")));
        if self.loopback {
            // SECURITY: a proxy from the environment must not see what is meant for this machine.
            builder = builder.no_proxy();
        }
        if self.base.starts_with("http://") {
            // No certificates are needed, and there may be none (scratch images).
            builder = builder.tls_certs_only([]);
        } else if let Some(pem) = &self.options.trust {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| format!("the certificates to trust cannot be read: {error}"))?;
            builder = builder.tls_certs_only(certificates);
        }
        builder.build().map_err(|error| {
            format!(
                "cannot set up TLS: {}; `SSL_CERT_FILE` can name a file of trusted certificates",
                innermost(&error)
            )
        })
    }

    fn unreachable(&self, reason: String) -> ProviderError {
        ProviderError::Unreachable { endpoint: self.origin.clone(), reason }
    }

    /// Says what it means that a request ended without an answer.
    fn not_sent(&self, path: &str, error: reqwest::Error) -> ProviderError {
        let error = error.without_url();
        if error.is_connect() {
            let reason = if error.is_timeout() {
                format!("no connection within {} seconds", self.options.connect_timeout.as_secs())
            } else {
                innermost(&error)
            };
            return self.unreachable(reason);
        }
        if error.is_builder() {
            return self.unreachable(innermost(&error));
        }
        answer::silence(path, &error)
    }
}

/// Returns scheme, host and port of an endpoint; `None` where it is no URL.
#[must_use]
pub fn origin(endpoint: &str) -> Option<String> {
    Some(Url::parse(endpoint).ok()?.origin().ascii_serialization())
}

/// Returns whether a value names a proxy that this client can use: `HOST`, `HOST:PORT` or a URL of HTTP. SOCKS is not spoken.
#[must_use]
pub fn is_proxy(value: &str) -> bool {
    let url = match value.contains("://") {
        true => Url::parse(value),
        // Without a scheme it is a host, and nothing that follows one.
        false if value.contains('/') => return false,
        false => Url::parse(&format!("http://{value}")),
    };
    let known = ["http", "https"];
    value.bytes().all(|byte| byte.is_ascii_graphic())
        && url.is_ok_and(|url| known.contains(&url.scheme()) && url.has_host())
}

/// Returns a number that differs from call to call and from process to process. It protects nothing.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Returns the most telling text of an error: what its last cause says.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    // What the TLS library says of the first bytes of an answer in the clear.
    if text.contains("InvalidContentType") {
        return "what answers there does not speak TLS, which `https://` asks for".to_owned();
    }
    text
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
