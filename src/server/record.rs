//! What a write says about itself in the audit log, on every platform.

use rusqlite::Connection as Database;

use super::auth::Actor;
use super::error::ApiError;
use super::store::audit;
use crate::model::{ScopeDelta, WorkspaceId};
use crate::platform::wire::{ActorType, AuditEntry};

/// What the audit log says about one change.
pub(super) struct Record<'a> {
    pub(super) action: &'a str,
    pub(super) entity_type: &'a str,
    pub(super) entity_id: String,
    pub(super) scopes: ScopeDelta,
    pub(super) before: serde_json::Value,
    pub(super) after: serde_json::Value,
}

impl Record<'_> {
    pub(super) fn append(
        self,
        log: audit::Log,
        db: &Database,
        workspace: &WorkspaceId,
        actor: &Actor,
    ) -> Result<(), ApiError> {
        let Self { action, entity_type, entity_id, scopes, before, after } = self;
        let entry = AuditEntry {
            id: 0,
            created_at: now(),
            actor_type: actor.kind,
            actor_id: actor.id.clone(),
            action: action.to_owned(),
            entity_type: entity_type.to_owned(),
            entity_id,
            request_id: actor.request.0.clone(),
            scopes,
            before,
            after,
        };
        audit::append(db, log, workspace, entry)
    }
}

impl Actor {
    /// Returns the platform as the one that acts, in answer to the same request.
    pub(super) fn system(&self, why: &str) -> Self {
        Self { kind: ActorType::System, id: why.to_owned(), request: self.request.clone() }
    }
}

/// The time, to the millisecond, UTC.
pub(super) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

pub(super) fn value<T: serde::Serialize>(of: &T) -> Result<serde_json::Value, ApiError> {
    serde_json::to_value(of).map_err(ApiError::internal)
}
