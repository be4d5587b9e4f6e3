//! From an HTTP answer to a value or a [`ProviderError`].

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{self, HeaderMap};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::hidden::Hidden;
use super::{MAX_ANSWER, Repeat, innermost};
use crate::model::{ScopeDelta, ScopeSet};
use crate::platform::provider::ProviderError;

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// Its body.
    pub body: T,
    /// Its version token.
    pub etag: Option<String>,
}

/// What was asked.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// The path of the request.
    pub(super) path: &'a str,
    /// Whether it was a write: the answer to one may hold a new secret.
    pub(super) repeat: Repeat,
    /// What no text that we make of the answer may hold.
    pub(super) hidden: &'a Hidden,
}

/// Reads the answer to a request.
pub(super) async fn read<T: DeserializeOwned>(
    question: Question<'_>,
    response: Response,
) -> Result<Answer<T>, ProviderError> {
    let Question { path, repeat, hidden } = question;
    let status = response.status();
    let headers = response.headers().clone();
    let etag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = match (body(path, response).await, status.is_success()) {
        (Ok(body), _) => body,
        (Err(error), true) => return Err(error),
        // The status of a refusal says enough.
        (Err(_), false) => Vec::new(),
    };
    if !status.is_success() {
        return Err(failure(question, status, &headers, &body));
    }
    let tag = etag.as_deref().unwrap_or_default().as_bytes();
    if hidden.is_in(&body) || hidden.is_in(tag) {
        return Err(ProviderError::Protocol {
            path: path.to_owned(),
            expected: "an answer that keeps the token and the client secrets to itself".to_owned(),
            got: "one that repeats one of them".to_owned(),
        });
    }
    serde_json::from_slice(&body).map(|body| Answer { body, etag }).map_err(|error| {
        let got = match repeat {
            // It may hold the value of a new key.
            Repeat::Write => format!(
                "{} bytes that cannot be read from line {} column {} on",
                body.len(),
                error.line(),
                error.column()
            ),
            Repeat::Read if error.is_data() => foreign(&error.to_string(), hidden),
            Repeat::Read => format!("`{}`", foreign(&lossy(&body), hidden)),
        };
        let expected = "a JSON answer of this route".to_owned();
        ProviderError::Protocol { path: path.to_owned(), expected, got }
    })
}

/// Returns the beginning of a body as text.
fn lossy(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..4 * LOOKED_AT).unwrap_or(body)).into_owned()
}

async fn body(path: &str, mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| silence(path, &error.without_url()))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(ProviderError::Protocol {
                path: path.to_owned(),
                expected: format!("at most {} MiB", MAX_ANSWER / (1024 * 1024)),
                got: "more".to_owned(),
            });
        }
        body.extend_from_slice(&chunk);
    }
}

/// Says that no answer, or only a part of one, has come.
pub(super) fn silence(path: &str, error: &reqwest::Error) -> ProviderError {
    let reason = if error.is_timeout() {
        "it took too long".to_owned()
    } else {
        format!("the connection broke: {}", neutral(&innermost(error)))
    };
    ProviderError::NoAnswer { path: path.to_owned(), reason, timed_out: error.is_timeout() }
}

/// The parts of an error body that we use. Lax on purpose: other systems word theirs otherwise.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Detail,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    confirmation: Option<Confirmation>,
}

#[derive(Debug, Deserialize)]
struct Confirmation {
    #[serde(default)]
    add: ScopeSet,
    #[serde(default)]
    remove: ScopeSet,
    #[serde(default)]
    accept_missing: ScopeSet,
}

fn failure(
    question: Question<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> ProviderError {
    let Question { path, repeat: _, hidden } = question;
    let path = path.to_owned();
    if status.is_redirection() {
        let to = headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        return ProviderError::Protocol {
            path,
            expected: "an answer".to_owned(),
            got: format!("a redirect to `{}`, which is not followed", foreign(to, hidden)),
        };
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let said = refusal.error.message.or(refusal.message);
    let message = said.map_or_else(
        || format!("{status} without a reason; is this the endpoint of a control plane?"),
        |said| foreign(&said, hidden),
    );
    match status {
        StatusCode::UNAUTHORIZED => ProviderError::Unauthorized { message },
        StatusCode::FORBIDDEN => ProviderError::Forbidden { message },
        StatusCode::NOT_FOUND => ProviderError::NotFound { path, message },
        StatusCode::PRECONDITION_FAILED => ProviderError::PreconditionFailed { path },
        StatusCode::TOO_MANY_REQUESTS => {
            ProviderError::RateLimited { retry_after: retry_after(headers, Timestamp::now()) }
        }
        StatusCode::CONFLICT => match refusal.error.confirmation {
            Some(Confirmation { add, remove, accept_missing }) => {
                ProviderError::ConfirmationRequired {
                    path,
                    delta: ScopeDelta { add, remove },
                    accept_missing,
                }
            }
            None => ProviderError::Refused { status: status.as_u16(), message },
        },
        // A gateway that gives up waiting says so too, when the platform may have carried out what was asked.
        StatusCode::REQUEST_TIMEOUT => server_failed(path, status, headers),
        _ if status.is_client_error() => {
            ProviderError::Refused { status: status.as_u16(), message }
        }
        _ if status.is_server_error() => server_failed(path, status, headers),
        other => ProviderError::Protocol {
            path,
            expected: "a final status".to_owned(),
            got: other.to_string(),
        },
    }
}

fn server_failed(path: String, status: StatusCode, headers: &HeaderMap) -> ProviderError {
    let retry_after = retry_after(headers, Timestamp::now());
    ProviderError::Server { status: status.as_u16(), path, retry_after }
}

/// Reads `Retry-After`: seconds, or an HTTP date (RFC 9110 section 10.2.3). A date is held against the answer's own `Date`,
/// since the platform's clock may not be ours, and against `now` where it has none.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // As long as there is a number for, where somebody asks for longer.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = http_date(text)?;
    let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| http_date(date.trim())).unwrap_or(now);
    // A date that has passed means: at once.
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

/// Reads a date in any of the three forms that a recipient must accept (RFC 9110 section 5.6.7), or with another zone than
/// `GMT`, which some write although they must not.
fn http_date(text: &str) -> Option<Timestamp> {
    match httpdate::parse_http_date(text) {
        Ok(time) => Timestamp::try_from(time).ok(),
        Err(_) => rfc2822::DateTimeParser::new().parse_timestamp(text).ok(),
    }
}

/// How many characters of a foreign text are looked at.
const LOOKED_AT: usize = 2_000;

/// Returns foreign text as it may be told: harmless, short, and without what was told in confidence.
fn foreign(text: &str, hidden: &Hidden) -> String {
    // A secret that the cut goes through is behind what is shown.
    let text: String = text.trim().chars().take(LOOKED_AT).collect();
    neutral(&hidden.cover(&text))
}

/// Returns foreign text cut short, on one line, without anything that moves a cursor or turns the reading direction.
pub(super) fn neutral(text: &str) -> String {
    const MOST: usize = 200;
    let mut out: String = text
        .trim()
        .chars()
        .take(MOST)
        .map(|c| match c {
            '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' => '\u{FFFD}',
            c if c.is_whitespace() => ' ',
            c if c.is_control() => '\u{FFFD}',
            c => c,
        })
        .collect();
    if text.trim().chars().nth(MOST).is_some() {
        out.push_str("...");
    }
    out
}
