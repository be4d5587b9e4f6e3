//! What a request brings besides its caller: an id, names in the path, a page, a precondition, a body. And how an answer
//! leaves.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use super::auth::random_hex;
use super::error::{ApiError, Dialect, Reason};
use crate::model::{ActionKey, GroupKey, IntegrationKey, UserId};
use crate::platform::wire::Page;

/// Names a request in answers, in the audit log and in the log of failures.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

impl RequestId {
    pub(super) fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new()))
    }
}

/// The outermost layer: gives the request its id and writes the body of every refusal.
pub(super) async fn envelope(mut request: Request, next: Next) -> Response {
    let id = RequestId(format!("req_{}", random_hex::<8>().unwrap_or_default()));
    let dialect = Dialect::of(request.uri().path());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        let error = response.extensions_mut().remove::<ApiError>();
        let error = error.unwrap_or_else(|| unexplained(response.status()));
        response = refuse(&error, dialect, &id);
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn unexplained(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::new(Reason::NotFound, "there is no such route"),
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(Reason::MethodNotAllowed, "the path does not know this method")
        }
        other => ApiError::internal(format!("a layer answered {other}")),
    }
}

#[expect(clippy::print_stderr, reason = "the log of the control plane is standard error")]
fn refuse(error: &ApiError, dialect: Dialect, id: &RequestId) -> Response {
    if let Some(cause) = error.cause() {
        eprintln!("control plane: request {} failed: {cause}", id.0);
    }
    let (status, body) = error.told(dialect, &id.0);
    let mut response = json(status, &body, None);
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Returns an answer with a JSON body.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T, etag: Option<&str>) -> Response {
    let text = match serde_json::to_vec(body) {
        Ok(text) => text,
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], text).into_response();
    if let Some(value) = etag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// The names in the path. A name that nothing can have is 404.
#[derive(Debug)]
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(super) fn integration(&self) -> Result<IntegrationKey, ApiError> {
        Ok(IntegrationKey::try_from(self.get("integration"))?)
    }

    pub(super) fn action(&self) -> Result<ActionKey, ApiError> {
        Ok(ActionKey::try_from(self.get("action"))?)
    }

    pub(super) fn user(&self) -> Result<UserId, ApiError> {
        Ok(UserId::try_from(self.get("user"))?)
    }

    pub(super) fn group(&self) -> Result<GroupKey, ApiError> {
        Ok(GroupKey::try_from(self.get("group"))?)
    }
}

impl FromRequestParts<Arc<App>> for Names {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::new(Reason::NotFound, "the path is not UTF-8"))?;
        Ok(Self(params.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()))
    }
}

/// Which page is asked for: `?cursor=&limit=`.
#[derive(Debug)]
pub(super) struct PageRequest {
    /// The key after which the page begins: one text per column.
    after: Vec<String>,
    limit: Option<u32>,
}

impl PageRequest {
    /// Returns the keys after which the page begins.
    pub(super) fn after<const N: usize>(&self) -> Result<[String; N], ApiError> {
        if self.after.is_empty() {
            return Ok([const { String::new() }; N]);
        }
        self.after.clone().try_into().map_err(|_| bad_cursor())
    }

    /// Returns how many items the page may hold: `usual` when the request does not say.
    pub(super) fn limit(&self, usual: u32, max: u32) -> Result<u32, ApiError> {
        let limit = self.limit.unwrap_or(usual);
        if (1..=max).contains(&limit) { Ok(limit) } else { Err(bad_limit(max)) }
    }

    /// Makes a page from one item more than it may hold.
    pub(super) fn page<T>(
        mut items: Vec<T>,
        limit: u32,
        key: impl Fn(&T) -> Vec<String>,
    ) -> Result<Page<T>, ApiError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|last| cursor(&key(last))).transpose()?;
        Ok(Page { items, next_cursor, has_more })
    }
}

fn bad_cursor() -> ApiError {
    ApiError::new(Reason::InvalidCursor, "the cursor is none of ours; start without one")
}

fn bad_limit(max: u32) -> ApiError {
    ApiError::new(Reason::InvalidLimit, format!("`limit` must be a number from 1 to {max}"))
}

/// A cursor is opaque on purpose: hexadecimal, so that nobody builds one.
fn cursor(key: &[String]) -> Result<String, ApiError> {
    let text = serde_json::to_vec(key).map_err(ApiError::internal)?;
    Ok(text.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read_cursor(text: &str) -> Result<Vec<String>, ApiError> {
    let digits = text.as_bytes();
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let key = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    key.filter(|key: &Vec<String>| !key.is_empty()).ok_or_else(bad_cursor)
}

impl PageRequest {
    /// Reads a page request from the parts of a query.
    pub(super) fn parse<'q>(pairs: impl Iterator<Item = &'q str>) -> Result<Self, ApiError> {
        let mut page = Self { after: Vec::new(), limit: None };
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("cursor", "") => {}
                ("cursor", text) => page.after = read_cursor(text)?,
                ("limit", text) => {
                    page.limit = Some(text.parse().map_err(|_| bad_limit(u32::MAX))?);
                }
                (other, _) => {
                    return Err(ApiError::new(
                        Reason::InvalidRequest,
                        format!("there is no parameter `{other}`; known are `cursor` and `limit`"),
                    ));
                }
            }
        }
        Ok(page)
    }
}

impl FromRequestParts<Arc<App>> for PageRequest {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default().split('&'))
    }
}

/// The precondition of a write.
#[derive(Debug)]
pub(super) struct IfMatch(Vec<String>);

impl IfMatch {
    /// Checks the precondition against the version token of what is there now (428, 412). `*` is no precondition: it
    /// would let a write through that was decided on something else.
    pub(super) fn check(&self, etag: &str) -> Result<(), ApiError> {
        if self.0.iter().all(|tag| tag == "*") {
            return Err(ApiError::new(
                Reason::PreconditionRequired,
                "send the ETag that the write was decided on: `If-Match: ETAG`",
            ));
        }
        if self.0.iter().any(|tag| tag == etag) {
            return Ok(());
        }
        Err(ApiError::new(
            Reason::PreconditionFailed,
            "the resource has changed since it was read; read it again",
        ))
    }
}

impl FromRequestParts<Arc<App>> for IfMatch {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(header::IF_MATCH).into_iter();
        let tags = values.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
        Ok(Self(tags.map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()))
    }
}

/// A JSON body (413, 400, 422).
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        parse(&read(request, app).await?).map(Self)
    }
}

/// A JSON body that may be left out (413, 400, 422).
#[derive(Debug)]
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for OptionalBody<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let bytes = read(request, app).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

async fn read(request: Request, app: &Arc<App>) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, app).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::new(Reason::BodyTooLarge, "a request holds at most 1 MiB")
        } else {
            ApiError::new(Reason::InvalidJson, "the body could not be read")
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            ApiError::new(Reason::InvalidRequest, format!("the body does not fit: {error}"))
        } else {
            ApiError::new(Reason::InvalidJson, format!("the body is not JSON: {error}"))
        }
    })
}
