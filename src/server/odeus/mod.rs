//! Odeus behind HTTP: one file per surface, and the table of their routes.
//!
//! ```text
//! auth           who is asking     seed      the first day              openapi the route table
//! read, write    admins            people    removals and tokens        user    connect, refresh, run
//! vendor         publish           view      rows as resources
//! ```
//!
//! What may happen is decided by `platform::odeus::machine` and `event`, in the transaction of the write.

use rusqlite::Connection as Database;

use super::auth::Actor;
use super::error::ApiError;
use super::record::Record;
use super::store::audit;
use crate::model::WorkspaceId;

mod auth;
mod people;
mod read;
mod user;
mod vendor;
mod view;
mod write;

pub(super) mod openapi;
pub(super) mod seed;

fn record(
    record: Record<'_>,
    db: &Database,
    workspace: &WorkspaceId,
    actor: &Actor,
) -> Result<(), ApiError> {
    record.append(audit::Log::Odeus, db, workspace, actor)
}
