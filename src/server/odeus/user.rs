//! The user surface: what a user does, so that what a plan predicts can be checked against what happens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rusqlite::Connection as Database;

use super::auth::Person;
use super::record;
use crate::model::{ActionKey, IntegrationKey, ScopeDelta, ScopeSet};
use crate::platform::odeus::audience::{Gates, Others, Resolver};
use crate::platform::odeus::catalog::Auth;
use crate::platform::odeus::event;
use crate::platform::odeus::state::{Client, Connection, Role};
use crate::platform::odeus::wire::{Code, RunAnswer};
use crate::platform::odeus::world::Suffices;
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Names, json};
use crate::server::store::odeus::rows::Integration;
use crate::server::store::odeus::{people, rows};

type Answer = Result<Response, ApiError>;

pub(in crate::server) async fn connect(
    State(app): State<Arc<App>>,
    person: Person,
    names: Names,
) -> Answer {
    let key = names.integration()?;
    let connection = app
        .write(move |db| {
            let found = open(db, &person, &key, None)?;
            if found.facts.auth != Auth::Oauth {
                return Err(ApiError::odeus(
                    Code::NotOauth,
                    format!("`{key}` does not use OAuth: there is nothing to connect"),
                ));
            }
            require_client(&found)?;
            let old = rows::connection(db, &person.workspace, &key, &person.user)?;
            let blank = Connection {
                integration: key,
                user: person.user.clone(),
                client: found.state.client.identity(),
                granted: ScopeSet::new(),
            };
            let connection = event::reconnect(old.as_ref().unwrap_or(&blank), &found.state);
            store(db, &person, old.as_ref(), &connection)?;
            Ok(connection)
        })
        .await?;
    Ok(json(StatusCode::OK, &connection, None))
}

pub(in crate::server) async fn expire(
    State(app): State<Arc<App>>,
    person: Person,
    names: Names,
) -> Answer {
    let key = names.integration()?;
    let connection = app
        .write(move |db| {
            let workspace = rows::workspace(db, &person.workspace)?;
            let found = rows::integration(db, &workspace, &key)?;
            let old = rows::connection(db, &person.workspace, &key, &person.user)?;
            let Some(old) = old else { return Err(not_connected(&key)) };
            let connection = event::token_expired(&old, &found.state);
            store(db, &person, Some(&old), &connection)?;
            Ok(connection)
        })
        .await?;
    Ok(json(StatusCode::OK, &connection, None))
}

pub(in crate::server) async fn run(
    State(app): State<Arc<App>>,
    person: Person,
    names: Names,
) -> Answer {
    let (key, action) = (names.integration()?, names.action()?);
    let answer = app
        .read(move |db| {
            let found = open(db, &person, &key, Some(&action))?;
            if found.facts.auth == Auth::Oauth {
                platform_gate(&found, &action)?;
                let connection = rows::connection(db, &person.workspace, &key, &person.user)?;
                let Some(connection) = connection else { return Err(not_connected(&key)) };
                let suffices = rows::suffices(db, &person.workspace)?;
                provider_gate(&found, &action, &connection, &suffices)?;
            }
            Ok(RunAnswer { action, user: person.user })
        })
        .await?;
    Ok(json(StatusCode::OK, &answer, None))
}

/// Both access gates: the integration's, and the action's where one is named. Admins pass both (cases 39, 41).
fn open(
    db: &Database,
    person: &Person,
    key: &IntegrationKey,
    action: Option<&ActionKey>,
) -> Result<Integration, ApiError> {
    let workspace = rows::workspace(db, &person.workspace)?;
    let found = rows::integration(db, &workspace, key)?;
    let own = match action {
        None => None,
        Some(name) => {
            let Some(facts) = found.facts.actions.get(name) else {
                return Err(ApiError::not_found("action", name.as_str()));
            };
            let state = found.state.actions.get(name);
            if facts.native { None } else { state.map(|own| &own.access) }
        }
    };
    if person.role == Role::Admin {
        return Ok(found);
    }
    let directory = people::directory(db, &person.workspace)?;
    let gates = Gates { integration: &found.state.access, action: own };
    let passes = match Resolver::new(&directory).passes(&gates) {
        Others::Everyone => true,
        Others::Users(users) => users.contains(&person.user),
    };
    if passes {
        return Ok(found);
    }
    let what = action.map_or_else(|| key.to_string(), |action| format!("{key}/{action}"));
    Err(ApiError::odeus(Code::NotShared, format!("`{what}` is not shared with `{}`", person.user)))
}

fn require_client(found: &Integration) -> Result<(), ApiError> {
    match &found.state.client {
        Client::Managed | Client::Custom(_) => Ok(()),
        Client::Unconfigured => Err(ApiError::odeus(
            Code::NotConfigured,
            format!("`{}` has no OAuth client; an admin must configure one", found.facts.key),
        )),
    }
}

/// Everything required is requested, or accepted as missing.
fn platform_gate(found: &Integration, action: &ActionKey) -> Result<(), ApiError> {
    require_client(found)?;
    let required = found.facts.actions.get(action).map(|facts| &facts.required_scopes);
    let accepted = found.state.actions.get(action).map(|own| &own.accepted_missing);
    let missing: ScopeSet = required
        .into_iter()
        .flatten()
        .filter(|scope| !found.state.requested.covers(scope))
        .filter(|scope| accepted.is_none_or(|accepted| !accepted.contains(scope)))
        .cloned()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ApiError::missing(
        format!("`{action}` needs scopes that the OAuth client does not request: {missing}"),
        missing,
    ))
}

/// Everything required is granted, or something granted is in fact enough for it in this tenant.
fn provider_gate(
    found: &Integration,
    action: &ActionKey,
    connection: &Connection,
    suffices: &[Suffices],
) -> Result<(), ApiError> {
    if connection.client != found.state.client.identity() {
        return Err(ApiError::odeus(
            Code::ReconnectRequired,
            format!("`{}` uses another OAuth client now; connect it again", connection.integration),
        ));
    }
    let enough = |scope: &crate::model::Scope| {
        connection.granted.covers(scope)
            || suffices.iter().any(|claim| {
                claim.stands_for.contains(scope) && connection.granted.contains(&claim.scope)
            })
    };
    let required = found.facts.actions.get(action).map(|facts| &facts.required_scopes);
    let missing: ScopeSet =
        required.into_iter().flatten().filter(|scope| !enough(scope)).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ApiError::missing(
        format!("the connection was not granted {missing}; connect again"),
        missing,
    ))
}

fn not_connected(key: &IntegrationKey) -> ApiError {
    ApiError::odeus(Code::NotConnected, format!("`{key}` is not connected"))
}

fn store(
    db: &Database,
    person: &Person,
    before: Option<&Connection>,
    after: &Connection,
) -> Result<(), ApiError> {
    rows::put_connection(db, &person.workspace, after)?;
    let entry = Record {
        action: if before.is_some() {
            "integration_connection.updated"
        } else {
            "integration_connection.created"
        },
        entity_type: "IntegrationConnection",
        entity_id: format!("{}/connections/{}", after.integration, after.user),
        scopes: ScopeDelta::default(),
        before: value(&before.map(|c| &c.granted))?,
        after: value(&after.granted)?,
    };
    record(entry, db, &person.workspace, &person.actor)
}
