//! API keys: admins create, change, rotate and revoke them. A value is shown once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::auth::AdminWriter;
use super::{Answer, canonical, check_confirmation, conflict, issue, record};
use crate::model::{Address, ScopeDelta};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::key;
use crate::platform::trustpager::name::KeyName;
use crate::platform::trustpager::state::KeyGrants;
use crate::platform::trustpager::wire::{
    Because, Confirm, CreateKey, KeyIssued, KeyRevoked, KeyWritten, SetKeyAccess, WriteEffect,
};
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Body, IfMatch, Names, OptionalBody, json};
use crate::server::store::trustpager as store;

fn named(names: &Names) -> Result<KeyName, ApiError> {
    Ok(KeyName::try_from(names.get("key"))?)
}

fn entry<'a>(
    action: &'a str,
    name: &KeyName,
    scopes: &ScopeDelta,
    before: Value,
    after: Value,
) -> Record<'a> {
    let entity_id = Address::of(&["api_keys", name.as_str()]).to_string();
    let scopes = scopes.clone();
    Record { action, entity_type: "ApiKey", entity_id, scopes, before, after }
}

/// Returns checked grants under today's names.
fn checked(catalog: &Catalog, grants: &KeyGrants) -> Result<KeyGrants, ApiError> {
    match grants {
        KeyGrants::FullAccess => Ok(KeyGrants::FullAccess),
        KeyGrants::Custom(list) => canonical(catalog, list).map(KeyGrants::Custom),
    }
}

pub(in crate::server) async fn create(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    precondition: IfMatch,
    Body(body): Body<CreateKey>,
) -> Answer {
    let CreateKey { name, grants, confirm } = body;
    let issued = issue::key().map_err(ApiError::internal)?;
    let answer = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let catalog = store::catalog(db)?;
            let grants = checked(&catalog, &grants)?;
            precondition.check(&workspace.keys_etag())?;
            if store::keys::find(db, &workspace, &name)?.is_some() {
                return Err(conflict(format!("an API key `{name}` exists already")));
            }
            let scopes = key::delta(&catalog, None, Some(&grants));
            check_confirmation(&confirm, &Confirm::of(&scopes))?;
            let hash = issued.value.hash();
            store::keys::insert(db, &workspace, &name, &grants, &issued.prefix, hash.bytes())?;
            let entry = entry("api_key.created", &name, &scopes, Value::Null, value(&grants)?);
            record(entry, db, &workspace.id, &admin.actor)?;
            Ok(KeyIssued {
                effect: WriteEffect { scopes },
                value: issued.value.text(),
                key: store::keys::get(db, &workspace, &name)?,
            })
        })
        .await?;
    Ok(json(StatusCode::CREATED, &answer, Some(&answer.key.etag)))
}

pub(in crate::server) async fn set_access(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetKeyAccess>,
) -> Answer {
    let name = named(&names)?;
    let SetKeyAccess { grants, confirm } = body;
    let answer = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = store::keys::get(db, &workspace, &name)?;
            let catalog = store::catalog(db)?;
            let grants = checked(&catalog, &grants)?;
            precondition.check(&before.etag)?;
            let scopes = key::delta(&catalog, Some(&before.grants), Some(&grants));
            check_confirmation(&confirm, &Confirm::of(&scopes))?;
            if grants != before.grants {
                store::keys::set_grants(db, &workspace, &name, &grants)?;
            }
            let (old, new) = (value(&before.grants)?, value(&grants)?);
            let entry = entry("api_key.updated", &name, &scopes, old, new);
            record(entry, db, &workspace.id, &admin.actor)?;
            let key = store::keys::get(db, &workspace, &name)?;
            Ok(KeyWritten { effect: WriteEffect { scopes }, key })
        })
        .await?;
    Ok(json(StatusCode::OK, &answer, Some(&answer.key.etag)))
}

pub(in crate::server) async fn rotate(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
) -> Answer {
    let name = named(&names)?;
    let issued = issue::key().map_err(ApiError::internal)?;
    let answer = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = store::keys::get(db, &workspace, &name)?;
            precondition.check(&before.etag)?;
            let hash = issued.value.hash();
            store::keys::set_value(db, &workspace, &name, &issued.prefix, hash.bytes())?;
            let scopes = ScopeDelta::default();
            let (old, new) = (value(&before.prefix)?, value(&issued.prefix)?);
            let entry = entry("api_key.rotated", &name, &scopes, old, new);
            record(entry, db, &workspace.id, &admin.actor)?;
            Ok(KeyIssued {
                effect: WriteEffect { scopes },
                value: issued.value.text(),
                key: store::keys::get(db, &workspace, &name)?,
            })
        })
        .await?;
    Ok(json(StatusCode::OK, &answer, Some(&answer.key.etag)))
}

pub(in crate::server) async fn revoke(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    OptionalBody(body): OptionalBody<Because>,
) -> Answer {
    let name = named(&names)?;
    let reason = body.reason.unwrap_or_default();
    let answer = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = store::keys::get(db, &workspace, &name)?;
            precondition.check(&before.etag)?;
            let catalog = store::catalog(db)?;
            let scopes = key::delta(&catalog, Some(&before.grants), None);
            store::keys::remove(db, &workspace, &name)?;
            let after = serde_json::json!({ "revoked": reason });
            let entry = entry("api_key.revoked", &name, &scopes, value(&before.grants)?, after);
            record(entry, db, &workspace.id, &admin.actor)?;
            Ok((KeyRevoked { effect: WriteEffect { scopes }, key: name }, workspace.keys_etag()))
        })
        .await?;
    let (answer, etag) = answer;
    Ok(json(StatusCode::OK, &answer, Some(&etag)))
}
