//! People: portal tokens, company roles, and users who leave.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection as Database;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::auth::{AdminWriter, Rank};
use super::{Answer, record};
use crate::model::{ScopeDelta, UserId};
use crate::platform::trustpager::wire::{
    Code, MintToken, MintedToken, SecretText, SetRole, UserRemoved, UserResource,
};
use crate::platform::wire::{DEFAULT_TOKEN_SECONDS, MAX_TOKEN_SECONDS};
use crate::server::App;
use crate::server::auth::{TokenHash, new_token};
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Body, IfMatch, Names, json};
use crate::server::store::trustpager as store;

fn invalid(why: String) -> ApiError {
    ApiError::trustpager(Code::ValidationError, why)
}

fn entry<'a>(action: &'a str, user: &UserId, before: Value, after: Value) -> Record<'a> {
    Record {
        action,
        entity_type: "User",
        entity_id: format!("users/{user}"),
        scopes: ScopeDelta::default(),
        before,
        after,
    }
}

pub(in crate::server) async fn mint(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    Body(body): Body<MintToken>,
) -> Answer {
    let MintToken { user, read_only, expires_in_seconds } = body;
    let seconds = expires_in_seconds.unwrap_or(DEFAULT_TOKEN_SECONDS);
    if seconds > MAX_TOKEN_SECONDS {
        return Err(invalid(format!("`expires_in_seconds` is at most {MAX_TOKEN_SECONDS}")));
    }
    let token = new_token("tp_portal_").map_err(ApiError::internal)?;
    let hash = TokenHash::of(token.expose_secret());
    let expires_at = Timestamp::now()
        .checked_add(SignedDuration::from_secs(i64::from(seconds)))
        .map_err(ApiError::internal)?;
    let minted = MintedToken {
        token: SecretText::new(token.expose_secret().to_owned()),
        user: user.clone(),
        read_only,
        expires_at: format!("{expires_at:.0}"),
    };
    let until = minted.expires_at.clone();
    app.write(move |db| {
        let workspace = store::workspace(db, &admin.workspace)?;
        if store::user(db, &workspace, &user)?.is_none() {
            return Err(invalid(format!("`{user}` is not in the workspace")));
        }
        let end = expires_at.as_second();
        store::insert_session(db, hash.bytes(), &workspace, &user, read_only, end)?;
        let after = serde_json::json!({ "read_only": read_only, "expires_at": until });
        let entry = entry("portal_token.created", &user, Value::Null, after);
        record(entry, db, &workspace.id, &admin.actor)
    })
    .await?;
    Ok(json(StatusCode::CREATED, &minted, None))
}

/// Returns a user, or that there is none.
fn find(
    db: &Database,
    workspace: &store::Workspace,
    user: &UserId,
) -> Result<UserResource, ApiError> {
    store::user(db, workspace, user)?.ok_or_else(|| ApiError::not_found("user", user.as_str()))
}

/// Refuses to leave a workspace without an admin.
fn keep_an_admin(
    db: &Database,
    workspace: &store::Workspace,
    without: &UserId,
) -> Result<(), ApiError> {
    let catalog = store::catalog(db)?;
    let roles = store::roles(db, workspace)?;
    let is_admin =
        |user: &UserId| roles.get(user).is_some_and(|role| Rank::of(&catalog, role) == Rank::Admin);
    let others = roles.keys().filter(|user| *user != without).any(is_admin);
    if others || !is_admin(without) {
        return Ok(());
    }
    Err(invalid(format!("`{without}` is the last admin of the workspace")))
}

pub(in crate::server) async fn set_role(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetRole>,
) -> Answer {
    let user = names.user()?;
    let SetRole { role } = body;
    let after = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = find(db, &workspace, &user)?;
            let catalog = store::catalog(db)?;
            if !catalog.roles.contains_key(&role) {
                let known: Vec<&str> = catalog.roles.keys().map(|role| role.as_str()).collect();
                return Err(invalid(format!(
                    "there is no role `{role}`; known are {}",
                    known.join(", ")
                )));
            }
            if Rank::of(&catalog, &role) == Rank::Other {
                keep_an_admin(db, &workspace, &user)?;
            }
            precondition.check(&before.etag)?;
            if before.role == role {
                return Ok(before);
            }
            let after = store::put_user(db, &workspace, &user, &role)?;
            let entry = entry("user.role_changed", &user, value(&before.role)?, value(&role)?);
            record(entry, db, &workspace.id, &admin.actor)?;
            Ok(after)
        })
        .await?;
    Ok(json(StatusCode::OK, &after, Some(&after.etag)))
}

pub(in crate::server) async fn remove(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
) -> Answer {
    let user = names.user()?;
    let answer = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = find(db, &workspace, &user)?;
            keep_an_admin(db, &workspace, &user)?;
            precondition.check(&before.etag)?;
            let clients = store::clients::clients_of(db, &workspace, &user)?;
            store::remove_user(db, &workspace, &user)?;
            for client in &clients {
                store::clients::touch(db, &workspace, client)?;
            }
            let entry = entry("user.deleted", &user, value(&before.role)?, Value::Null);
            record(entry, db, &workspace.id, &admin.actor)?;
            let tokens_ended = u64::try_from(clients.len()).unwrap_or(u64::MAX);
            Ok(UserRemoved { user, tokens_ended })
        })
        .await?;
    Ok(json(StatusCode::OK, &answer, None))
}
