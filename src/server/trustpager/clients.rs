//! OAuth clients: integrations register, users authorise, admins set the ceiling and revoke tokens.
//!
//! Every check of a write is made in its transaction, in this order: 401, 403, 400, 404, 428, 412, 409.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::auth::{AdminWriter, Person};
use super::{Answer, canonical, check_confirmation, client_view, conflict, issue, record, today};
use crate::model::{Address, ScopeDelta};
use crate::platform::trustpager::machine::{self, Context};
use crate::platform::trustpager::name::{ClientName, TokenId};
use crate::platform::trustpager::operation::{Operation, RevokeReason};
use crate::platform::trustpager::state::{AccessList, Token};
use crate::platform::trustpager::wire::{
    Authorized, Because, ClientWritten, Confirm, Register, SetClientAccess, TokenRevoked,
    WriteEffect,
};
use crate::server::App;
use crate::server::auth::random_hex;
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Body, IfMatch, Names, OptionalBody, json};
use crate::server::store::trustpager as store;

fn named(names: &Names) -> Result<ClientName, ApiError> {
    Ok(ClientName::try_from(names.get("client"))?)
}

fn unit(name: &ClientName) -> Address {
    Address::of(&["oauth_clients", name.as_str()])
}

pub(in crate::server) async fn register(
    State(app): State<Arc<App>>,
    person: Person,
    Body(body): Body<Register>,
) -> Answer {
    let Register { name } = body;
    let client = app
        .write(move |db| {
            let workspace = store::workspace(db, &person.workspace)?;
            if store::clients::find(db, &workspace, &name)?.is_some() {
                return Err(conflict(format!("an OAuth client `{name}` is registered already")));
            }
            let catalog = store::catalog(db)?;
            let access = AccessList::platform_default(&catalog);
            store::clients::put(db, &workspace, &name, &access)?;
            let entry = Record {
                action: "oauth_client.registered",
                entity_type: "OAuthClient",
                entity_id: unit(&name).to_string(),
                scopes: ScopeDelta { add: access.scopes(&catalog), ..ScopeDelta::default() },
                before: Value::Null,
                after: value(&access)?,
            };
            record(entry, db, &workspace.id, &person.actor)?;
            Ok(client_view(&catalog, store::clients::get(db, &workspace, &name)?))
        })
        .await?;
    Ok(json(StatusCode::CREATED, &client, Some(&client.etag)))
}

pub(in crate::server) async fn authorize(
    State(app): State<Arc<App>>,
    person: Person,
    names: Names,
) -> Answer {
    let name = named(&names)?;
    let issued = issue::token().map_err(ApiError::internal)?;
    let id = format!("tok_{}", random_hex::<6>().map_err(ApiError::internal)?);
    let token = Token {
        id: TokenId::try_from(id)?,
        user: person.user.clone(),
        role_at_authorisation: person.role.clone(),
        prefix: issued.prefix,
        suffix: issued.suffix,
        issued: today(),
        last_used: None,
        requests: 0,
    };
    let answer = Authorized { value: issued.value.text(), token: token.clone() };
    let hash = issued.value.hash();
    app.write(move |db| {
        let workspace = store::workspace(db, &person.workspace)?;
        store::clients::get(db, &workspace, &name)?;
        store::clients::insert_token(db, &workspace, &name, &token, hash.bytes())?;
        store::clients::touch(db, &workspace, &name)?;
        let entry = Record {
            action: "oauth_token.issued",
            entity_type: "OAuthToken",
            entity_id: unit(&name).child("tokens").child(token.id.as_str()).to_string(),
            scopes: ScopeDelta::default(),
            before: Value::Null,
            after: value(&token)?,
        };
        record(entry, db, &workspace.id, &person.actor)
    })
    .await?;
    Ok(json(StatusCode::CREATED, &answer, None))
}

pub(in crate::server) async fn set_access(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetClientAccess>,
) -> Answer {
    let name = named(&names)?;
    let SetClientAccess { access, confirm } = body;
    let written = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = store::clients::get(db, &workspace, &name)?;
            let catalog = store::catalog(db)?;
            let mut access = canonical(&catalog, &access)?;
            // A value that nobody knows is no reason to take it away.
            access.unknown.extend_from(&before.state.access.unknown);
            let users = store::roles(db, &workspace)?;
            let context = Context { catalog: &catalog, users: &users };
            let operation = Operation::SetClientAccess { client: name.clone(), access };
            let (state, effect) =
                machine::transition(context, &unit(&name), &before.state, &operation)?;
            precondition.check(&before.etag)?;
            check_confirmation(&confirm, &Confirm::of(&effect.scopes))?;

            if state.access != before.state.access {
                store::clients::put(db, &workspace, &name, &state.access)?;
            }
            let entry = Record {
                action: "oauth_client.updated",
                entity_type: "OAuthClient",
                entity_id: operation.address().to_string(),
                scopes: effect.scopes.clone(),
                before: value(&before.state.access)?,
                after: value(&state.access)?,
            };
            record(entry, db, &workspace.id, &admin.actor)?;
            let after = store::clients::get(db, &workspace, &name)?;
            Ok(ClientWritten {
                effect: WriteEffect { scopes: effect.scopes },
                tokens_re_resolved: u64::try_from(after.state.tokens.len()).unwrap_or(u64::MAX),
                client: client_view(&catalog, after),
            })
        })
        .await?;
    Ok(json(StatusCode::OK, &written, Some(&written.client.etag)))
}

pub(in crate::server) async fn revoke_token(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    OptionalBody(body): OptionalBody<Because>,
) -> Answer {
    let name = named(&names)?;
    let token = TokenId::try_from(names.get("token"))?;
    let reason = body.reason.unwrap_or_default();
    let written = app
        .write(move |db| {
            let workspace = store::workspace(db, &admin.workspace)?;
            let before = store::clients::get(db, &workspace, &name)?;
            let catalog = store::catalog(db)?;
            let users = store::roles(db, &workspace)?;
            let context = Context { catalog: &catalog, users: &users };
            let why = RevokeReason::Named { reason: reason.clone() };
            let operation =
                Operation::RevokeToken { client: name.clone(), token: token.clone(), why };
            let (_, effect) =
                machine::transition(context, &unit(&name), &before.state, &operation)?;
            precondition.check(&before.etag)?;

            store::clients::revoke_token(db, &workspace, &token)?;
            store::clients::touch(db, &workspace, &name)?;
            let entry = Record {
                action: "oauth_token.revoked",
                entity_type: "OAuthToken",
                entity_id: operation.address().to_string(),
                scopes: effect.scopes.clone(),
                before: value(&before.state.tokens.get(&token))?,
                after: serde_json::json!({ "revoked": reason }),
            };
            record(entry, db, &workspace.id, &admin.actor)?;
            let client = client_view(&catalog, store::clients::get(db, &workspace, &name)?);
            Ok(TokenRevoked { token, effect: WriteEffect { scopes: effect.scopes }, client })
        })
        .await?;
    Ok(json(StatusCode::OK, &written, Some(&written.client.etag)))
}
