//! The resource surface: what an integration's token or an API key does, so that what a plan predicts can be checked
//! against what happens.
//!
//! 200 when it is done, 202 when it waits for a person, 403 when it is not allowed (case 58), 401 when the token is
//! unknown or revoked (case 59). What is behind a resource is not simulated.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection as Database;

use super::auth::{Program, describe};
use super::{Answer, record, today};
use crate::model::ScopeDelta;
use crate::platform::trustpager::catalog::{Catalog, How, Resource};
use crate::platform::trustpager::machine::{key_may, token_may};
use crate::platform::trustpager::name::{ResourceKey, Verb};
use crate::platform::trustpager::state::{Caller, QueuedItem};
use crate::platform::trustpager::wire::{
    ApprovalResource, Backend, Call, CallAnswer, CallOutcome, Code, DEFAULT_EXPIRY_SECONDS, Status,
};
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Names, OptionalBody, json};
use crate::server::store::trustpager as store;

/// A call by method: `GET` reads, `POST` writes, `DELETE` deletes.
pub(in crate::server) async fn by_method(
    State(app): State<Arc<App>>,
    program: Program,
    method: Method,
    names: Names,
    OptionalBody(body): OptionalBody<Call>,
) -> Answer {
    let verb = match method {
        Method::POST => "write",
        Method::DELETE => "delete",
        _ => "read",
    };
    call(app, program, &names, Verb::try_from(verb)?, body).await
}

/// A call by name: `send`, `use`, `initiate`, ...
pub(in crate::server) async fn by_name(
    State(app): State<Arc<App>>,
    program: Program,
    names: Names,
    OptionalBody(body): OptionalBody<Call>,
) -> Answer {
    let verb = Verb::try_from(names.get("verb"))?;
    call(app, program, &names, verb, body).await
}

async fn call(app: Arc<App>, program: Program, names: &Names, verb: Verb, call: Call) -> Answer {
    let key = ResourceKey::try_from(names.get("resource"))?;
    let answer = app.write(move |db| decide(db, &program, &key, &verb, call)).await??;
    let status = match answer.outcome {
        CallOutcome::Executed => StatusCode::OK,
        CallOutcome::Queued => StatusCode::ACCEPTED,
    };
    Ok(json(status, &answer, None))
}

/// Decides a call. A refused call is counted too, so a refusal is an answer of the transaction and not its failure.
fn decide(
    db: &Database,
    program: &Program,
    key: &ResourceKey,
    verb: &Verb,
    call: Call,
) -> Result<Result<CallAnswer, ApiError>, ApiError> {
    let workspace = store::workspace(db, &program.workspace)?;
    match &program.caller {
        Caller::Token { token, .. } => {
            store::clients::count_call(db, &workspace, token, today())?;
        }
        Caller::Key(name) => store::keys::count_call(db, &workspace, name, today())?,
    }
    let catalog = store::catalog(db)?;
    let resource = match find(&catalog, key, verb) {
        Ok(resource) => resource,
        Err(nothing) => return Ok(Err(nothing)),
    };
    let answer = CallAnswer {
        resource: resource.key.clone(),
        verb: verb.clone(),
        outcome: CallOutcome::Executed,
        approval_id: None,
    };
    Ok(match may(db, &workspace, &catalog, &program.caller, resource, verb)? {
        None => Err(refused(resource, verb)),
        Some(How::Automatic) => match call.backend {
            Backend::Works => Ok(answer),
            Backend::Fails => {
                Err(ApiError::internal("what is behind the resource failed, as asked"))
            }
        },
        Some(How::Approval) => {
            let id = enqueue(db, &workspace, program, resource, verb, call)?;
            Ok(CallAnswer { outcome: CallOutcome::Queued, approval_id: Some(id), ..answer })
        }
    })
}

/// Returns a resource that has such a verb: on its ladder or beside it. The three that have a method are everywhere.
fn find<'a>(
    catalog: &'a Catalog,
    key: &ResourceKey,
    verb: &Verb,
) -> Result<&'a Resource, ApiError> {
    let resource =
        catalog.resource(key).ok_or_else(|| ApiError::not_found("resource", key.as_str()))?;
    let on_ladder =
        resource.tiers.iter().any(|own| catalog.grants(resource, &own.tier).how(verb).is_some());
    let by_method = matches!(verb.as_str(), "read" | "write" | "delete");
    if on_ladder || by_method || resource.extra_verbs.contains_key(verb) {
        return Ok(resource);
    }
    Err(ApiError::not_found("verb", &format!("{key}/{verb}")))
}

/// Returns how a caller may do something, as everything is stored now: `None` also for one that was revoked meanwhile.
pub(super) fn may(
    db: &Database,
    workspace: &store::Workspace,
    catalog: &Catalog,
    caller: &Caller,
    resource: &Resource,
    verb: &Verb,
) -> Result<Option<How>, ApiError> {
    match caller {
        Caller::Key(name) => {
            let key = store::keys::find(db, workspace, name)?;
            Ok(key.and_then(|key| key_may(catalog, &key.grants, resource, verb)))
        }
        Caller::Token { client, token } => {
            let client = store::clients::find(db, workspace, client)?;
            let Some(client) = client else { return Ok(None) };
            let Some(token) = client.state.tokens.get(token) else { return Ok(None) };
            let user = store::user(db, workspace, &token.user)?;
            let role = user.as_ref().map(|user| &user.role);
            Ok(token_may(catalog, &client.state.access, resource, role, verb))
        }
    }
}

pub(super) fn refused(resource: &Resource, verb: &Verb) -> ApiError {
    ApiError::trustpager(
        Code::InsufficientScope,
        format!(
            "`{verb}` on `{}` is not allowed: by the tier, the verbs or the user's role",
            resource.key
        ),
    )
}

fn enqueue(
    db: &Database,
    workspace: &store::Workspace,
    program: &Program,
    resource: &Resource,
    verb: &Verb,
    call: Call,
) -> Result<String, ApiError> {
    let id = format!("apr_{:09}", workspace.next_revision(db)?);
    let now = Timestamp::now();
    let seconds = call.expires_in_seconds.unwrap_or(DEFAULT_EXPIRY_SECONDS);
    let end = now
        .checked_add(SignedDuration::from_secs(i64::from(seconds)))
        .map_err(|_| ApiError::trustpager(Code::ValidationError, "it would wait for too long"))?;
    let queued = ApprovalResource {
        item: QueuedItem {
            id: id.clone(),
            caller: program.caller.clone(),
            resource: resource.key.clone(),
            verb: verb.clone(),
        },
        call,
        status: Status::Pending,
        execution_status: None,
        created_at: format!("{now:.3}"),
        expires_at: format!("{end:.0}"),
        assigned_to: None,
        resolved_at: None,
        resolved_by: None,
        reason: None,
    };
    let entry = Record {
        action: "approval.queued",
        entity_type: "Approval",
        entity_id: format!("approvals/{id}"),
        scopes: ScopeDelta::default(),
        before: serde_json::Value::Null,
        after: serde_json::json!({
            "caller": describe(&program.caller), "resource": value(&resource.key)?, "verb": value(verb)?,
        }),
    };
    let expires_at = end.as_second();
    store::queue::put(db, workspace, &store::queue::Queued { resource: queued, expires_at })?;
    record(entry, db, &workspace.id, &program.actor)?;
    Ok(id)
}
