//! The admin surface, writing. Source: SEMANTICS section 3.
//!
//! Every check is made in the transaction of the write, in this order: 401, 403 (both by the extractors), 400 and 422,
//! 428, 412, 409. The body confirms exactly what the write does *now*; a superset is not consent.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rusqlite::Connection as Database;

use super::auth::AdminWriter;
use super::record;
use super::view;
use crate::model::{Access, Address, IntegrationKey, Principal, ScopeSet};
use crate::platform::odeus::machine::{self, Rejected};
use crate::platform::odeus::operation::{ClientSpec, IntegrationOperation, Operation};
use crate::platform::odeus::state::{Directory, IntegrationState, Settings};
use crate::platform::odeus::wire::{
    Code, Confirm, ConfirmPending, IntegrationWritten, SetActionAccess, SetClient, SetFixedScopes,
    SetIntegrationAccess, SetNewActionsDefault, SettingsWritten, WriteEffect,
};
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Body, IfMatch, Names, json};
use crate::server::store::odeus::{people, rows};

type Answer = Result<Response, ApiError>;

pub(in crate::server) async fn new_actions(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    precondition: IfMatch,
    Body(body): Body<SetNewActionsDefault>,
) -> Answer {
    let written = app
        .write(move |db| {
            let before = rows::workspace(db, &admin.workspace)?;
            precondition.check(&before.etag())?;
            let settings = Settings {
                new_actions_enabled_by_default: body.enabled,
                ..before.settings.clone()
            };
            let after = rows::put_settings(db, &before, settings)?;
            let operation = Operation::SetNewActionsDefault { enabled: body.enabled };
            let entry = Record {
                action: "workspace.updated",
                entity_type: "Workspace",
                entity_id: operation.address().to_string(),
                scopes: Default::default(),
                before: before.settings.new_actions_enabled_by_default.into(),
                after: body.enabled.into(),
            };
            record(entry, db, &admin.workspace, &admin.actor)?;
            Ok(SettingsWritten {
                effect: WriteEffect::default(),
                settings: view::workspace(&after),
            })
        })
        .await?;
    Ok(json(StatusCode::OK, &written, Some(&written.settings.etag)))
}

pub(in crate::server) async fn access(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetIntegrationAccess>,
) -> Answer {
    let SetIntegrationAccess { access, confirm } = body;
    let operation = IntegrationOperation::SetIntegrationAccess { access };
    change(app, admin, names.integration()?, precondition, confirm, operation).await
}

pub(in crate::server) async fn action_access(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetActionAccess>,
) -> Answer {
    let SetActionAccess { access, accept, confirm } = body;
    let operation =
        IntegrationOperation::SetActionAccess { action: names.action()?, access, accept };
    change(app, admin, names.integration()?, precondition, confirm, operation).await
}

pub(in crate::server) async fn client(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetClient>,
) -> Answer {
    let SetClient { client, client_secret, confirm } = body;
    if let Some(secret) = client_secret {
        // SECURITY: the value is looked at here and goes no further. A real platform would hand it to its vault.
        let labelled = matches!(&client, ClientSpec::Custom { secret: Some(_), .. });
        if secret.expose().trim().is_empty() || !labelled {
            return Err(ApiError::odeus(
                Code::InvalidSecret,
                "`client_secret` must not be empty and needs the client's `secret` label beside it",
            ));
        }
    }
    let operation = IntegrationOperation::SetClient { client };
    change(app, admin, names.integration()?, precondition, confirm, operation).await
}

pub(in crate::server) async fn client_scopes(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<SetFixedScopes>,
) -> Answer {
    let SetFixedScopes { scopes, confirm } = body;
    let operation = IntegrationOperation::SetFixedScopes { scopes };
    change(app, admin, names.integration()?, precondition, confirm, operation).await
}

pub(in crate::server) async fn confirm_pending(
    State(app): State<Arc<App>>,
    admin: AdminWriter,
    names: Names,
    precondition: IfMatch,
    Body(body): Body<ConfirmPending>,
) -> Answer {
    let ConfirmPending { scopes, confirm } = body;
    let operation = IntegrationOperation::ConfirmPending { scopes };
    change(app, admin, names.integration()?, precondition, confirm, operation).await
}

/// Carries out one write to one integration, or nothing.
async fn change(
    app: Arc<App>,
    admin: AdminWriter,
    key: IntegrationKey,
    precondition: IfMatch,
    confirm: Confirm,
    operation: IntegrationOperation,
) -> Answer {
    let written =
        app.write(move |db| write(db, &admin, &key, &precondition, &confirm, &operation)).await?;
    Ok(json(StatusCode::OK, &written, Some(&written.integration.etag)))
}

fn write(
    db: &Database,
    admin: &AdminWriter,
    key: &IntegrationKey,
    precondition: &IfMatch,
    confirm: &Confirm,
    operation: &IntegrationOperation,
) -> Result<IntegrationWritten, ApiError> {
    let workspace = rows::workspace(db, &admin.workspace)?;
    let before = rows::integration(db, &workspace, key)?;
    let directory = people::directory(db, &admin.workspace)?;
    check_principals(&directory, &before.state, operation)?;

    let context = machine::Context {
        facts: &before.facts,
        settings: &workspace.settings,
        directory: &directory,
    };
    // A missing acceptance is a question of confirmation (409), so the precondition is checked before it; every other
    // rejection (422) comes before the precondition.
    let moved = match machine::transition(context, &before.state, operation) {
        Ok(moved) => Ok(moved),
        Err(rejected @ Rejected::MissingNotAccepted { .. }) => Err(rejected),
        Err(rejected) => return Err(rejected.into()),
    };
    precondition.check(&before.etag())?;
    let (state, effect) = moved?;
    if *confirm != Confirm::of(&effect.scopes, &effect.accepts) {
        return Err(ApiError::confirmation(effect.scopes, effect.accepts));
    }

    let entry = Record {
        action: match operation {
            IntegrationOperation::SetActionAccess { .. } => "integration_action.updated",
            _ => "integration.updated",
        },
        entity_type: match operation {
            IntegrationOperation::SetActionAccess { .. } => "IntegrationAction",
            _ => "Integration",
        },
        entity_id: operation.address(&Address::of(&[key.as_str()])).to_string(),
        scopes: effect.scopes.clone(),
        before: field(&before.state, operation)?,
        after: field(&state, operation)?,
    };
    let facts = before.facts.clone();
    let after = rows::put_integration(db, &workspace, &before, facts, state)?;
    record(entry, db, &admin.workspace, &admin.actor)?;
    Ok(IntegrationWritten {
        effect: WriteEffect { scopes: effect.scopes, accepts: effect.accepts },
        integration: view::integration(&workspace, after),
    })
}

/// Refuses a share list that newly names somebody who is not in the workspace.
fn check_principals(
    directory: &Directory,
    state: &IntegrationState,
    operation: &IntegrationOperation,
) -> Result<(), ApiError> {
    let (now, next) = match operation {
        IntegrationOperation::SetIntegrationAccess { access } => (Some(&state.access), access),
        IntegrationOperation::SetActionAccess { action, access, .. } => {
            (state.actions.get(action).map(|own| &own.access), access)
        }
        IntegrationOperation::SetClient { .. }
        | IntegrationOperation::SetFixedScopes { .. }
        | IntegrationOperation::ConfirmPending { .. } => return Ok(()),
    };
    let Access::Only(list) = next else { return Ok(()) };
    let unknown = list.iter().find(|principal| {
        let here = match principal {
            Principal::User(user) => directory.users.contains_key(user),
            Principal::Group(group) => directory.groups.contains_key(group),
        };
        let already = matches!(now, Some(Access::Only(names)) if names.contains(principal));
        !here && !already
    });
    match unknown {
        None => Ok(()),
        Some(principal) => Err(ApiError::odeus(
            Code::UnknownPrincipal,
            format!("`{principal}` is not in the workspace"),
        )),
    }
}

/// Returns the field that an operation writes, for the audit log.
fn field(
    state: &IntegrationState,
    operation: &IntegrationOperation,
) -> Result<serde_json::Value, ApiError> {
    let requested = |scopes: &ScopeSet| value(scopes);
    match operation {
        IntegrationOperation::SetIntegrationAccess { .. } => value(&state.access),
        IntegrationOperation::SetActionAccess { action, .. } => value(&state.actions.get(action)),
        IntegrationOperation::SetClient { .. } => Ok(serde_json::json!({
            "client": value(&state.client)?,
            "requested": requested(&state.requested)?,
        })),
        IntegrationOperation::SetFixedScopes { .. }
        | IntegrationOperation::ConfirmPending { .. } => requested(&state.requested),
    }
}
