//! Who is asking, as far as it is the same on every platform: bearer tokens, what they are compared by, and who acts.
//!
//! A token is compared and stored by its SHA-256 only. Who a token stands for is each platform's own `auth`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::App;
use super::error::{ApiError, Reason};
use super::request::RequestId;
use crate::model::UserId;
use crate::platform::wire::ActorType;

/// A token's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Makes a new token: 256 random bits.
pub(super) fn new_token(prefix: &str) -> Result<SecretString, getrandom::Error> {
    Ok(SecretString::from(format!("{prefix}{}", random_hex::<32>()?)))
}

/// Returns `N` random bytes as text.
pub(super) fn random_hex<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The tokens of the process that runs the control plane. They live as long as it does and are never stored.
#[derive(Debug)]
pub(super) struct ProcessTokens {
    pub(super) admin: TokenHash,
    pub(super) vendor: TokenHash,
}

impl ProcessTokens {
    pub(super) fn of(admin: &SecretString, vendor: &SecretString) -> Self {
        Self {
            admin: TokenHash::of(admin.expose_secret()),
            vendor: TokenHash::of(vendor.expose_secret()),
        }
    }
}

/// Who does a write, for the audit log.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) kind: ActorType,
    pub(super) id: String,
    pub(super) request: RequestId,
}

impl Actor {
    /// Returns the process itself, which is an admin of every workspace.
    pub(super) fn process(request: RequestId) -> Self {
        Self { kind: ActorType::ApiKey, id: "process".to_owned(), request }
    }

    /// Returns a user of a workspace.
    pub(super) fn user(user: &UserId, request: RequestId) -> Self {
        Self { kind: ActorType::User, id: user.to_string(), request }
    }
}

/// Whether a token that may only read is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Refuses a known caller who is a web page.
pub(super) fn no_browser<T>(
    headers: &HeaderMap,
    found: Result<T, ApiError>,
) -> Result<T, ApiError> {
    if headers.contains_key(header::ORIGIN) {
        found?;
        return Err(ApiError::new(Reason::BrowserOrigin, "calls from browsers are refused"));
    }
    found
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

pub(super) async fn workspace_of(parts: &mut Parts, app: &Arc<App>) -> Result<String, ApiError> {
    let params = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::new(Reason::NotFound, "the path is not UTF-8"))?;
    let named = params.iter().find(|(name, _)| *name == "workspace");
    Ok(named.map(|(_, value)| value.to_owned()).unwrap_or_default())
}

pub(super) fn other_workspace() -> ApiError {
    ApiError::new(Reason::OtherWorkspace, "the token belongs to another workspace")
}

pub(super) fn read_only() -> ApiError {
    ApiError::new(Reason::ReadOnlyToken, "the token may only read")
}
