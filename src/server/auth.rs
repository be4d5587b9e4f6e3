//! Who is asking: bearer tokens, roles, and one extractor for each kind of caller.
//!
//! Taking one of these extractors is what makes a route answer 401 and 403 before it looks at anything else. A token is
//! compared and stored by its SHA-256 only. A user's role is the one they have now, not when the token was made.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::App;
use super::error::ApiError;
use super::request::RequestId;
use super::store::odeus::people;
use crate::model::{UserId, WorkspaceId};
use crate::platform::odeus::state::Role;
use crate::platform::odeus::wire::{ActorType, Code};

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

/// Who a token stands for.
#[derive(Debug, Clone)]
enum Identity {
    /// The process itself: admin of every workspace.
    Process,
    /// The vendor.
    Vendor,
    /// A user of one workspace.
    User { workspace: WorkspaceId, user: UserId, role: Role, read_only: bool },
}

impl Identity {
    fn label(&self) -> String {
        match self {
            Self::Process => "process".to_owned(),
            Self::Vendor => "vendor".to_owned(),
            Self::User { workspace, user, .. } => format!("user {workspace} {user}"),
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

async fn identify(parts: &Parts, app: &Arc<App>) -> Result<Identity, ApiError> {
    let found = match bearer(&parts.headers) {
        Some(token) => lookup(app, TokenHash::of(token)).await,
        None => {
            Err(ApiError::new(Code::Unauthenticated, "send a token: `Authorization: Bearer TOKEN`"))
        }
    };
    if let Some(limiter) = &app.limiter {
        let caller = found.as_ref().map_or_else(|_| "unknown".to_owned(), Identity::label);
        limiter.admit(&caller, tokio::time::Instant::now())?;
    }
    no_browser(&parts.headers, found)
}

/// Refuses a known caller who is a web page.
pub(super) fn no_browser<T>(
    headers: &HeaderMap,
    found: Result<T, ApiError>,
) -> Result<T, ApiError> {
    if headers.contains_key(header::ORIGIN) {
        found?;
        return Err(ApiError::new(Code::BrowserOrigin, "calls from browsers are refused"));
    }
    found
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

async fn lookup(app: &Arc<App>, hash: TokenHash) -> Result<Identity, ApiError> {
    if hash == app.tokens.admin {
        return Ok(Identity::Process);
    }
    if hash == app.tokens.vendor {
        return Ok(Identity::Vendor);
    }
    let token = app.read(move |db| people::token(db, hash.bytes())).await?;
    let Some(token) = token else {
        return Err(ApiError::new(Code::Unauthenticated, "nobody knows this token"));
    };
    if token.expires_at <= jiff::Timestamp::now().as_second() {
        return Err(ApiError::new(
            Code::TokenExpired,
            "the token has ended; ask an admin for another",
        ));
    }
    let people::Token { workspace, user, role, read_only, expires_at: _ } = token;
    Ok(Identity::User { workspace, user, role, read_only })
}

pub(super) async fn workspace_of(parts: &mut Parts, app: &Arc<App>) -> Result<String, ApiError> {
    let params = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::new(Code::NotFound, "the path is not UTF-8"))?;
    let named = params.iter().find(|(name, _)| *name == "workspace");
    Ok(named.map(|(_, value)| value.to_owned()).unwrap_or_default())
}

/// A workspace admin who may read.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) workspace: WorkspaceId,
}

/// A workspace admin who may write.
#[derive(Debug, Clone)]
pub(super) struct AdminWriter {
    pub(super) workspace: WorkspaceId,
    pub(super) actor: Actor,
}

/// A user of the workspace, whatever their role, who may do things.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) workspace: WorkspaceId,
    pub(super) user: UserId,
    pub(super) role: Role,
    pub(super) actor: Actor,
}

/// The vendor.
#[derive(Debug, Clone)]
pub(super) struct Vendor {
    pub(super) request: RequestId,
}

/// Whether a token that may only read is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Write,
}

pub(super) fn other_workspace() -> ApiError {
    ApiError::new(Code::OtherWorkspace, "the token belongs to another workspace")
}

pub(super) fn read_only() -> ApiError {
    ApiError::new(Code::ReadOnlyToken, "the token may only read")
}

async fn admin(
    parts: &mut Parts,
    app: &Arc<App>,
    purpose: Purpose,
) -> Result<AdminWriter, ApiError> {
    let identity = identify(parts, app).await?;
    let named = workspace_of(parts, app).await?;
    let request = RequestId::of(parts);
    match identity {
        Identity::Process => {
            let actor = Actor { kind: ActorType::ApiKey, id: "process".to_owned(), request };
            Ok(AdminWriter { workspace: WorkspaceId::try_from(named.as_str())?, actor })
        }
        Identity::User { workspace, .. } if workspace.as_str() != named => Err(other_workspace()),
        Identity::User { workspace, user, role: Role::Admin, read_only: locked } => {
            if locked && purpose == Purpose::Write {
                return Err(read_only());
            }
            let actor = Actor { kind: ActorType::User, id: user.to_string(), request };
            Ok(AdminWriter { workspace, actor })
        }
        Identity::User { role: Role::Editor | Role::Member, .. } | Identity::Vendor => {
            Err(ApiError::new(Code::AdminRequired, "only workspace admins may do this"))
        }
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let AdminWriter { workspace, actor: _ } = admin(parts, app, Purpose::Read).await?;
        Ok(Self { workspace })
    }
}

impl FromRequestParts<Arc<App>> for AdminWriter {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        admin(parts, app, Purpose::Write).await
    }
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let identity = identify(parts, app).await?;
        let named = workspace_of(parts, app).await?;
        match identity {
            Identity::User { workspace, .. } if workspace.as_str() != named => {
                Err(other_workspace())
            }
            Identity::User { read_only: true, .. } => Err(read_only()),
            Identity::User { workspace, user, role, read_only: false } => {
                let request = RequestId::of(parts);
                let actor = Actor { kind: ActorType::User, id: user.to_string(), request };
                Ok(Self { workspace, user, role, actor })
            }
            Identity::Process | Identity::Vendor => Err(ApiError::new(
                Code::UserTokenRequired,
                "this is done by a user: an admin can make a token for one",
            )),
        }
    }
}

impl FromRequestParts<Arc<App>> for Vendor {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match identify(parts, app).await? {
            Identity::Vendor => Ok(Self { request: RequestId::of(parts) }),
            Identity::Process | Identity::User { .. } => {
                Err(ApiError::new(Code::VendorTokenRequired, "only the vendor may publish"))
            }
        }
    }
}
