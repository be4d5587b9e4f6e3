//! People: tokens for users, and users and groups that leave.
//!
//! A share list that this empties turns its action off, and scopes that only it needed are no longer requested
//! (SEMANTICS section 2, *PrincipalRemoved*; case 42). That only ever narrows, so nothing is confirmed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection as Database;
use secrecy::ExposeSecret;

use super::auth::AdminWriter;
use super::record;
use crate::model::{IntegrationKey, Principal, ScopeDelta};
use crate::platform::odeus::event;
use crate::platform::odeus::state::Role;
use crate::platform::odeus::wire::{Code, EventAnswer, MintToken, MintedToken, SecretText};
use crate::platform::wire::{DEFAULT_TOKEN_SECONDS, MAX_TOKEN_SECONDS};
use crate::server::App;
use crate::server::auth::{TokenHash, new_token};
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Body, Names, json};
use crate::server::store::odeus::{people, rows};

type Answer = Result<Response, ApiError>;

pub(in crate::server) async fn mint(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    Body(body): Body<MintToken>,
) -> Answer {
    let MintToken { user, read_only, expires_in_seconds } = body;
    let seconds = expires_in_seconds.unwrap_or(DEFAULT_TOKEN_SECONDS);
    if seconds > MAX_TOKEN_SECONDS {
        return Err(ApiError::odeus(
            Code::InvalidRequest,
            format!("`expires_in_seconds` is at most {MAX_TOKEN_SECONDS}"),
        ));
    }
    let token = new_token("odeus_").map_err(ApiError::internal)?;
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
        rows::workspace(db, &admin.workspace)?;
        if people::role(db, &admin.workspace, &user)?.is_none() {
            return Err(ApiError::odeus(
                Code::UnknownPrincipal,
                format!("`{user}` is not in the workspace"),
            ));
        }
        let end = expires_at.as_second();
        people::insert_token(db, hash.bytes(), &admin.workspace, &user, read_only, end)?;
        let entry = Record {
            action: "api_token.created",
            entity_type: "ApiToken",
            entity_id: format!("users/{user}"),
            scopes: ScopeDelta::default(),
            before: serde_json::Value::Null,
            after: serde_json::json!({ "read_only": read_only, "expires_at": until }),
        };
        record(entry, db, &admin.workspace, &admin.actor)
    })
    .await?;
    Ok(json(StatusCode::CREATED, &minted, None))
}

pub(in crate::server) async fn remove_user(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
) -> Answer {
    let user = names.user()?;
    let answer = app
        .write(move |db| {
            rows::workspace(db, &admin.workspace)?;
            let directory = people::directory(db, &admin.workspace)?;
            let role = directory.users.get(&user).copied();
            let admins = directory.users.values().filter(|role| **role == Role::Admin).count();
            if role == Some(Role::Admin) && admins == 1 {
                return Err(ApiError::odeus(
                    Code::LastAdmin,
                    format!("`{user}` is the last admin of the workspace"),
                ));
            }
            if !people::remove_user(db, &admin.workspace, &user)? {
                return Err(ApiError::not_found("user", user.as_str()));
            }
            let entry = Record {
                action: "user.deleted",
                entity_type: "User",
                entity_id: format!("users/{user}"),
                scopes: ScopeDelta::default(),
                before: value(&role)?,
                after: serde_json::Value::Null,
            };
            record(entry, db, &admin.workspace, &admin.actor)?;
            unshare(db, &admin, &Principal::User(user))
        })
        .await?;
    Ok(json(StatusCode::OK, &answer, None))
}

pub(in crate::server) async fn remove_group(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
) -> Answer {
    let group = names.group()?;
    let answer = app
        .write(move |db| {
            rows::workspace(db, &admin.workspace)?;
            let directory = people::directory(db, &admin.workspace)?;
            if !people::remove_group(db, &admin.workspace, &group)? {
                return Err(ApiError::not_found("group", group.as_str()));
            }
            let entry = Record {
                action: "group.deleted",
                entity_type: "Group",
                entity_id: format!("groups/{group}"),
                scopes: ScopeDelta::default(),
                before: value(&directory.groups.get(&group))?,
                after: serde_json::Value::Null,
            };
            record(entry, db, &admin.workspace, &admin.actor)?;
            unshare(db, &admin, &Principal::Group(group))
        })
        .await?;
    Ok(json(StatusCode::OK, &answer, None))
}

/// Takes a principal out of every share list.
fn unshare(db: &Database, admin: &AdminWriter, gone: &Principal) -> Result<EventAnswer, ApiError> {
    let workspace = rows::workspace(db, &admin.workspace)?;
    let system = admin.actor.system("principal_removed");
    let mut changed: BTreeSet<IntegrationKey> = BTreeSet::new();
    for before in rows::integrations(db, &workspace, "", u32::MAX)? {
        let state = event::principal_removed(&before.facts, &before.state, gone);
        if state == before.state {
            continue;
        }
        for (key, own) in &state.actions {
            let old = before.state.actions.get(key);
            if old == Some(own) {
                continue;
            }
            let entry = Record {
                action: "integration_action.updated",
                entity_type: "IntegrationAction",
                entity_id: format!("{}/actions/{key}", before.facts.key),
                scopes: ScopeDelta::default(),
                before: value(&old)?,
                after: value(own)?,
            };
            record(entry, db, &workspace.id, &system)?;
        }
        let entry = Record {
            action: "integration.updated",
            entity_type: "Integration",
            entity_id: before.facts.key.to_string(),
            scopes: ScopeDelta::between(&before.state.requested, &state.requested),
            before: value(&before.state.access)?,
            after: value(&state.access)?,
        };
        record(entry, db, &workspace.id, &system)?;
        changed.insert(before.facts.key.clone());
        let facts = before.facts.clone();
        rows::put_integration(db, &workspace, &before, facts, state)?;
    }
    Ok(EventAnswer { changed: BTreeMap::from([(workspace.id, changed)]) })
}
