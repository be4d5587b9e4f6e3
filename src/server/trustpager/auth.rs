//! Who is asking, on TrustPager: portal tokens of users, OAuth tokens of integrations, API keys.
//!
//! A role is the one that the user has now (case 61). A token only ever sees its own workspace: everything else is 404.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rusqlite::Connection as Database;

use crate::model::{UserId, WorkspaceId};
use crate::platform::trustpager::catalog::{Catalog, How};
use crate::platform::trustpager::name::{KeyName, RoleKey, Verb};
use crate::platform::trustpager::state::{Caller, KeyGrants};
use crate::platform::trustpager::wire::Code;
use crate::platform::wire::ActorType;
use crate::server::App;
use crate::server::auth::{
    Actor, Purpose, TokenHash, bearer, no_browser, other_workspace, read_only, workspace_of,
};
use crate::server::error::ApiError;
use crate::server::limit::Limiter;
use crate::server::request::RequestId;
use crate::server::store::trustpager as store;

/// Who a token stands for.
#[derive(Debug, Clone)]
enum Identity {
    /// The process itself: admin of every workspace.
    Process,
    /// A user in the portal.
    User { workspace: WorkspaceId, user: UserId, role: RoleKey, rank: Rank, read_only: bool },
    /// An integration, by a token, or an automation, by an API key.
    Caller { workspace: WorkspaceId, caller: Caller },
}

/// Whether a role administers its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    Admin,
    Other,
}

impl Rank {
    /// Returns the rank of a role: admins are those who may change `integrations` without asking anybody. The seed says
    /// that an admin does it, and no document says which roles are admins.
    pub(super) fn of(catalog: &Catalog, role: &RoleKey) -> Self {
        let resource = catalog.resources.get("integrations");
        let how = resource.and_then(|resource| {
            let tier = catalog.role_tier(resource, role)?;
            catalog.grants(resource, tier).how(&Verb::try_from("write").ok()?)
        });
        if how == Some(How::Automatic) { Self::Admin } else { Self::Other }
    }
}

impl Identity {
    fn label(&self) -> String {
        match self {
            Self::Process => "process".to_owned(),
            Self::User { workspace, user, .. } => format!("trustpager user {workspace} {user}"),
            Self::Caller { workspace, caller: Caller::Token { token, .. } } => {
                format!("trustpager token {workspace} {token}")
            }
            Self::Caller { workspace, caller: Caller::Key(key) } => {
                format!("trustpager key {workspace} {key}")
            }
        }
    }
}

async fn identify(
    parts: &Parts,
    app: &Arc<App>,
    limiter: Option<&Limiter>,
) -> Result<Identity, ApiError> {
    let found = match bearer(&parts.headers) {
        Some(token) => {
            let hash = TokenHash::of(token);
            if hash == app.tokens.admin {
                Ok(Identity::Process)
            } else {
                app.read(move |db| lookup(db, &hash)).await
            }
        }
        None => Err(unauthorized("send a token: `Authorization: Bearer TOKEN`")),
    };
    if let Some(limiter) = limiter {
        let caller = found.as_ref().map_or_else(|_| "unknown".to_owned(), Identity::label);
        limiter.admit(&caller, tokio::time::Instant::now())?;
    }
    no_browser(&parts.headers, found)
}

fn unauthorized(why: &str) -> ApiError {
    ApiError::trustpager(Code::Unauthorized, why)
}

fn lookup(db: &Database, hash: &TokenHash) -> Result<Identity, ApiError> {
    if let Some(session) = store::session(db, hash.bytes())? {
        let store::Session { workspace, user, role, read_only, expires_at } = session;
        if expires_at <= jiff::Timestamp::now().as_second() {
            return Err(unauthorized("the token has ended; ask an admin for another"));
        }
        let rank = Rank::of(&store::catalog(db)?, &role);
        return Ok(Identity::User { workspace, user, role, rank, read_only });
    }
    if let Some(found) = store::clients::bearer(db, hash.bytes())? {
        let store::clients::Bearer { workspace, client, token, revoked } = found;
        if revoked {
            return Err(unauthorized("the token was revoked; authorise the integration again"));
        }
        return Ok(Identity::Caller { workspace, caller: Caller::Token { client, token } });
    }
    match store::keys::bearer(db, hash.bytes())? {
        Some((workspace, key)) => Ok(Identity::Caller { workspace, caller: Caller::Key(key) }),
        None => Err(unauthorized("nobody knows this token")),
    }
}

fn forbidden(why: &str) -> ApiError {
    ApiError::trustpager(Code::InsufficientScope, why)
}

async fn admin(
    parts: &mut Parts,
    app: &Arc<App>,
    purpose: Purpose,
) -> Result<AdminWriter, ApiError> {
    let identity = identify(parts, app, app.limiter.as_ref()).await?;
    let named = workspace_of(parts, app).await?;
    let request = RequestId::of(parts);
    match identity {
        Identity::Process => {
            let workspace = WorkspaceId::try_from(named.as_str())?;
            Ok(AdminWriter { workspace, actor: Actor::process(request) })
        }
        Identity::User { workspace, .. } | Identity::Caller { workspace, .. }
            if workspace.as_str() != named =>
        {
            Err(other_workspace())
        }
        Identity::User { workspace, user, rank: Rank::Admin, read_only: locked, role: _ } => {
            if locked && purpose == Purpose::Write {
                return Err(read_only());
            }
            Ok(AdminWriter { workspace, actor: Actor::user(&user, request) })
        }
        Identity::User { rank: Rank::Other, .. } | Identity::Caller { .. } => {
            Err(forbidden("only workspace admins may do this, in the portal"))
        }
    }
}

/// A workspace admin who may read.
#[derive(Debug, Clone)]
pub(in crate::server) struct Admin {
    pub(super) workspace: WorkspaceId,
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let AdminWriter { workspace, actor: _ } = admin(parts, app, Purpose::Read).await?;
        Ok(Self { workspace })
    }
}

/// A workspace admin who may write.
#[derive(Debug, Clone)]
pub(in crate::server) struct AdminWriter {
    pub(super) workspace: WorkspaceId,
    pub(super) actor: Actor,
}

impl FromRequestParts<Arc<App>> for AdminWriter {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        admin(parts, app, Purpose::Write).await
    }
}

/// A user of the workspace, whatever their role, who may do things.
#[derive(Debug, Clone)]
pub(in crate::server) struct Person {
    pub(super) workspace: WorkspaceId,
    pub(super) user: UserId,
    pub(super) role: RoleKey,
    pub(super) actor: Actor,
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let identity = identify(parts, app, app.limiter.as_ref()).await?;
        let named = workspace_of(parts, app).await?;
        match identity {
            Identity::User { workspace, .. } | Identity::Caller { workspace, .. }
                if workspace.as_str() != named =>
            {
                Err(other_workspace())
            }
            Identity::User { read_only: true, .. } => Err(read_only()),
            Identity::User { workspace, user, role, rank: _, read_only: false } => {
                let actor = Actor::user(&user, RequestId::of(parts));
                Ok(Self { workspace, user, role, actor })
            }
            Identity::Process | Identity::Caller { .. } => {
                Err(forbidden("this is done by a user, in the portal"))
            }
        }
    }
}

/// Somebody who settles queued calls: an admin, or an API key. Which keys may, the route decides.
#[derive(Debug, Clone)]
pub(in crate::server) struct Reviewer {
    pub(super) workspace: WorkspaceId,
    pub(super) actor: Actor,
    pub(super) caller: Option<Caller>,
}

impl Reviewer {
    /// Refuses a caller that may not approve or reject: only full-access keys may (facts.md 3.1).
    pub(super) fn check(
        &self,
        db: &Database,
        workspace: &store::Workspace,
    ) -> Result<(), ApiError> {
        match &self.caller {
            None => Ok(()),
            Some(Caller::Key(key)) if is_full_access(db, workspace, key)? => Ok(()),
            Some(Caller::Key(_) | Caller::Token { .. }) => {
                Err(forbidden("only admins and full-access API keys settle queued calls"))
            }
        }
    }
}

/// Returns whether a key has full access.
pub(super) fn is_full_access(
    db: &Database,
    workspace: &store::Workspace,
    key: &KeyName,
) -> Result<bool, ApiError> {
    Ok(store::keys::get(db, workspace, key)?.grants == KeyGrants::FullAccess)
}

impl FromRequestParts<Arc<App>> for Reviewer {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let identity = identify(parts, app, app.limiter.as_ref()).await?;
        let named = workspace_of(parts, app).await?;
        let request = RequestId::of(parts);
        let reading = parts.method == axum::http::Method::GET;
        match identity {
            Identity::Process => {
                let workspace = WorkspaceId::try_from(named.as_str())?;
                Ok(Self { workspace, actor: Actor::process(request), caller: None })
            }
            Identity::User { workspace, .. } | Identity::Caller { workspace, .. }
                if workspace.as_str() != named =>
            {
                Err(other_workspace())
            }
            Identity::User { rank: Rank::Admin, read_only: true, .. } if !reading => {
                Err(read_only())
            }
            Identity::User { workspace, user, rank: Rank::Admin, .. } => {
                Ok(Self { workspace, actor: Actor::user(&user, request), caller: None })
            }
            Identity::User { rank: Rank::Other, .. } => {
                Err(forbidden("only admins and full-access API keys settle queued calls"))
            }
            Identity::Caller { workspace, caller } => {
                let id = describe(&caller);
                let actor = Actor { kind: ActorType::ApiKey, id, request };
                Ok(Self { workspace, actor, caller: Some(caller) })
            }
        }
    }
}

/// Names a caller in the audit log.
pub(super) fn describe(caller: &Caller) -> String {
    match caller {
        Caller::Token { client, token } => format!("oauth-clients/{client}/tokens/{token}"),
        Caller::Key(key) => format!("api-keys/{key}"),
    }
}

/// An integration or an automation that calls a resource.
#[derive(Debug, Clone)]
pub(in crate::server) struct Program {
    pub(super) workspace: WorkspaceId,
    pub(super) caller: Caller,
    pub(super) actor: Actor,
}

impl FromRequestParts<Arc<App>> for Program {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match identify(parts, app, Some(&app.calls)).await? {
            Identity::Caller { workspace, caller } => {
                let id = describe(&caller);
                let actor = Actor { kind: ActorType::ApiKey, id, request: RequestId::of(parts) };
                Ok(Self { workspace, caller, actor })
            }
            Identity::Process | Identity::User { .. } => {
                Err(forbidden("resources are called with an OAuth token or an API key"))
            }
        }
    }
}
