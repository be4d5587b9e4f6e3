//! Who is asking, on Odeus: the process, the vendor, users of a workspace; one extractor for each kind of caller.
//!
//! Taking one of these extractors is what makes a route answer 401 and 403 before it looks at anything else. A user's role
//! is the one they have now, not when the token was made.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::model::{UserId, WorkspaceId};
use crate::platform::odeus::state::Role;
use crate::platform::odeus::wire::Code;
use crate::server::App;
use crate::server::auth::{
    Actor, Purpose, TokenHash, bearer, no_browser, other_workspace, read_only, workspace_of,
};
use crate::server::error::ApiError;
use crate::server::request::RequestId;
use crate::server::store::odeus::people;

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

async fn identify(parts: &Parts, app: &Arc<App>) -> Result<Identity, ApiError> {
    let found = match bearer(&parts.headers) {
        Some(token) => lookup(app, TokenHash::of(token)).await,
        None => Err(ApiError::odeus(
            Code::Unauthenticated,
            "send a token: `Authorization: Bearer TOKEN`",
        )),
    };
    if let Some(limiter) = &app.limiter {
        let caller = found.as_ref().map_or_else(|_| "unknown".to_owned(), Identity::label);
        limiter.admit(&caller, tokio::time::Instant::now())?;
    }
    no_browser(&parts.headers, found)
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
        return Err(ApiError::odeus(Code::Unauthenticated, "nobody knows this token"));
    };
    if token.expires_at <= jiff::Timestamp::now().as_second() {
        return Err(ApiError::odeus(
            Code::TokenExpired,
            "the token has ended; ask an admin for another",
        ));
    }
    let people::Token { workspace, user, role, read_only, expires_at: _ } = token;
    Ok(Identity::User { workspace, user, role, read_only })
}

/// A workspace admin who may read.
#[derive(Debug, Clone)]
pub(in crate::server) struct Admin {
    pub(in crate::server) workspace: WorkspaceId,
}

/// A workspace admin who may write.
#[derive(Debug, Clone)]
pub(in crate::server) struct AdminWriter {
    pub(in crate::server) workspace: WorkspaceId,
    pub(in crate::server) actor: Actor,
}

/// A user of the workspace, whatever their role, who may do things.
#[derive(Debug, Clone)]
pub(in crate::server) struct Person {
    pub(in crate::server) workspace: WorkspaceId,
    pub(in crate::server) user: UserId,
    pub(in crate::server) role: Role,
    pub(in crate::server) actor: Actor,
}

/// The vendor.
#[derive(Debug, Clone)]
pub(in crate::server) struct Vendor {
    pub(in crate::server) request: RequestId,
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
            let workspace = WorkspaceId::try_from(named.as_str())?;
            Ok(AdminWriter { workspace, actor: Actor::process(request) })
        }
        Identity::User { workspace, .. } if workspace.as_str() != named => Err(other_workspace()),
        Identity::User { workspace, user, role: Role::Admin, read_only: locked } => {
            if locked && purpose == Purpose::Write {
                return Err(read_only());
            }
            Ok(AdminWriter { workspace, actor: Actor::user(&user, request) })
        }
        Identity::User { role: Role::Editor | Role::Member, .. } | Identity::Vendor => {
            Err(ApiError::odeus(Code::AdminRequired, "only workspace admins may do this"))
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
                let actor = Actor::user(&user, RequestId::of(parts));
                Ok(Self { workspace, user, role, actor })
            }
            Identity::Process | Identity::Vendor => Err(ApiError::odeus(
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
                Err(ApiError::odeus(Code::VendorTokenRequired, "only the vendor may publish"))
            }
        }
    }
}
