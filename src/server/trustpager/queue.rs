//! The approval queue: what waits for a person (facts.md 3.4).
//!
//! An approval looks at what the caller may do *now*: a call whose caller has lost the verb is not carried out, whoever
//! approves it (case 62). Approved is not executed: what then fails says so.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use rusqlite::Connection as Database;

use super::auth::{Reviewer, is_full_access};
use super::call::{may, refused};
use super::{Answer, conflict, record};
use crate::model::ScopeDelta;
use crate::platform::trustpager::name::{ResourceKey, Verb};
use crate::platform::trustpager::state::Caller;
use crate::platform::trustpager::wire::{
    ApprovalResource, Assign, Backend, Because, Code, Execution, Status,
};
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::record::{Record, now, value};
use crate::server::request::{Body, Names, OptionalBody, json};
use crate::server::store::trustpager as store;
use crate::server::store::trustpager::queue::Queued;

fn pending(db: &Database, workspace: &store::Workspace, id: &str) -> Result<Queued, ApiError> {
    let queued = store::queue::get(db, workspace, id, Timestamp::now().as_second())?;
    match queued.resource.status {
        Status::Pending => Ok(queued),
        status @ (Status::Approved | Status::Rejected | Status::Expired) => {
            Err(conflict(format!("`{id}` is {status} already")))
        }
    }
}

fn keep(
    db: &Database,
    workspace: &store::Workspace,
    reviewer: &Reviewer,
    action: &str,
    (before, after): (&ApprovalResource, Queued),
) -> Result<ApprovalResource, ApiError> {
    store::queue::put(db, workspace, &after)?;
    let entry = Record {
        action,
        entity_type: "Approval",
        entity_id: format!("approvals/{}", before.item.id),
        scopes: ScopeDelta::default(),
        before: value(&before.status)?,
        after: serde_json::json!({
            "status": value(&after.resource.status)?,
            "execution_status": value(&after.resource.execution_status)?,
            "reason": after.resource.reason,
            "assigned_to": value(&after.resource.assigned_to)?,
        }),
    };
    record(entry, db, &workspace.id, &reviewer.actor)?;
    Ok(after.resource)
}

pub(in crate::server) async fn approve(
    State(app): State<Arc<App>>,
    reviewer: Reviewer,
    names: Names,
) -> Answer {
    let settled = app
        .write(move |db| {
            let workspace = store::workspace(db, &reviewer.workspace)?;
            reviewer.check(db, &workspace)?;
            let queued = pending(db, &workspace, names.get("approval"))?;
            let item = &queued.resource.item;
            if reviewer.caller.as_ref() == Some(&item.caller) {
                return Err(ApiError::trustpager(
                    Code::InsufficientScope,
                    "an API key does not approve its own calls",
                ));
            }
            let catalog = store::catalog(db)?;
            let resource = catalog
                .resource(&item.resource)
                .ok_or_else(|| ApiError::not_found("resource", item.resource.as_str()))?;
            if may(db, &workspace, &catalog, &item.caller, resource, &item.verb)?.is_none() {
                return Err(refused(resource, &item.verb));
            }
            let execution = match queued.resource.call.backend {
                Backend::Works => Execution::Succeeded,
                Backend::Fails => Execution::Failed,
            };
            let after = ApprovalResource {
                status: Status::Approved,
                execution_status: Some(execution),
                ..resolved(&queued.resource, &reviewer)
            };
            let after = Queued { resource: after, expires_at: queued.expires_at };
            keep(db, &workspace, &reviewer, "approval.approved", (&queued.resource, after))
        })
        .await?;
    Ok(json(StatusCode::OK, &settled, None))
}

fn resolved(queued: &ApprovalResource, reviewer: &Reviewer) -> ApprovalResource {
    ApprovalResource {
        resolved_at: Some(now()),
        resolved_by: Some(reviewer.actor.id.clone()),
        ..queued.clone()
    }
}

pub(in crate::server) async fn reject(
    State(app): State<Arc<App>>,
    reviewer: Reviewer,
    names: Names,
    OptionalBody(body): OptionalBody<Because>,
) -> Answer {
    let settled = app
        .write(move |db| {
            let workspace = store::workspace(db, &reviewer.workspace)?;
            reviewer.check(db, &workspace)?;
            let queued = pending(db, &workspace, names.get("approval"))?;
            let after = ApprovalResource {
                status: Status::Rejected,
                reason: body.reason,
                ..resolved(&queued.resource, &reviewer)
            };
            let after = Queued { resource: after, expires_at: queued.expires_at };
            keep(db, &workspace, &reviewer, "approval.rejected", (&queued.resource, after))
        })
        .await?;
    Ok(json(StatusCode::OK, &settled, None))
}

pub(in crate::server) async fn assign(
    State(app): State<Arc<App>>,
    reviewer: Reviewer,
    names: Names,
    Body(body): Body<Assign>,
) -> Answer {
    let assigned = app
        .write(move |db| {
            let workspace = store::workspace(db, &reviewer.workspace)?;
            may_assign(db, &workspace, &reviewer)?;
            if store::user(db, &workspace, &body.user)?.is_none() {
                return Err(ApiError::trustpager(
                    Code::ValidationError,
                    format!("`{}` is not in the workspace", body.user),
                ));
            }
            let queued = pending(db, &workspace, names.get("approval"))?;
            let after =
                ApprovalResource { assigned_to: Some(body.user), ..queued.resource.clone() };
            let after = Queued { resource: after, expires_at: queued.expires_at };
            keep(db, &workspace, &reviewer, "approval.assigned", (&queued.resource, after))
        })
        .await?;
    Ok(json(StatusCode::OK, &assigned, None))
}

/// Admins, full-access keys, and whoever has `approvals:reassign` may hand a call on.
fn may_assign(
    db: &Database,
    workspace: &store::Workspace,
    reviewer: &Reviewer,
) -> Result<(), ApiError> {
    let Some(caller) = &reviewer.caller else { return Ok(()) };
    if let Caller::Key(key) = caller
        && is_full_access(db, workspace, key)?
    {
        return Ok(());
    }
    let catalog = store::catalog(db)?;
    let approvals = ResourceKey::try_from("approvals")?;
    let reassign = Verb::try_from("reassign")?;
    let allowed = match catalog.resource(&approvals) {
        Some(resource) => may(db, workspace, &catalog, caller, resource, &reassign)?.is_some(),
        None => false,
    };
    if allowed {
        return Ok(());
    }
    Err(ApiError::trustpager(
        Code::InsufficientScope,
        "handing a call on needs `approvals:reassign`",
    ))
}
