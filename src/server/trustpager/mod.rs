//! TrustPager behind HTTP, beside Odeus in the same process and the same database.
//!
//! ```text
//! auth      who is asking: the portal, an integration's token, an API key
//! read      everything, in pages                 clients, keys, people    writes of admins; register, authorise
//! call      what tokens and keys do              queue                    what waits for a person
//! issue     values that are shown once           seed, openapi            the first day; the route table
//! ```
//!
//! What a token may do is decided by `platform::trustpager::machine` at every call, from what is stored at that moment:
//! that is how a save, a revoke and a change of role take effect at once (cases 59, 61).

use rusqlite::Connection as Database;

use crate::model::{ScopeDelta, ScopeSet, WorkspaceId};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::machine::{Rejected, check_list};
use crate::platform::trustpager::name::ResourceKey;
use crate::platform::trustpager::state::AccessList;
use crate::platform::trustpager::wire::{ClientResource, Code, Confirm};
use crate::platform::trustpager::world::World;
use crate::server::auth::Actor;
use crate::server::error::ApiError;
use crate::server::record::Record;
use crate::server::store::audit;
use crate::server::store::trustpager::clients::Client;

mod auth;
mod call;
mod clients;
mod issue;
mod keys;
pub(super) mod openapi;
mod people;
mod queue;
mod read;
pub(super) mod seed;

/// What TrustPager is seeded with.
#[derive(Debug, Clone)]
pub struct TrustpagerSeed {
    /// The vendor's catalogue.
    pub catalog: Catalog,
    /// The first day.
    pub world: World,
}

type Answer = Result<axum::response::Response, ApiError>;

fn conflict(why: impl Into<String>) -> ApiError {
    ApiError::trustpager(Code::Conflict, why)
}

fn record(
    record: Record<'_>,
    db: &Database,
    workspace: &WorkspaceId,
    actor: &Actor,
) -> Result<(), ApiError> {
    record.append(audit::Log::Trustpager, db, workspace, actor)
}

fn client_view(catalog: &Catalog, client: Client) -> ClientResource {
    let Client { name, state, etag } = client;
    let scopes = state.access.scopes(catalog);
    ClientResource { name, state, scopes, etag }
}

/// Returns a list with every resource under the name that the catalogue has for it today (case 64).
fn canonical(catalog: &Catalog, list: &AccessList) -> Result<AccessList, ApiError> {
    let name = |key: &ResourceKey| {
        let found = catalog.resource(key).map(|resource| resource.key.clone());
        found.ok_or_else(|| Rejected::UnknownResource(key.clone()))
    };
    let twice = |key: &ResourceKey| {
        let why = format!("`{key}` is named twice, by its old and its new name");
        ApiError::trustpager(Code::ValidationError, why)
    };
    let mut own = AccessList { unknown: list.unknown.clone(), ..AccessList::default() };
    for (key, tier) in &list.tiers {
        if own.tiers.insert(name(key)?, tier.clone()).is_some() {
            return Err(twice(key));
        }
    }
    for (key, verbs) in list.verbs.iter().filter(|(_, verbs)| !verbs.is_empty()) {
        if own.verbs.insert(name(key)?, verbs.clone()).is_some() {
            return Err(twice(key));
        }
    }
    check_list(catalog, &own)?;
    Ok(own)
}

/// Refuses a write that was confirmed to do something else than it does now.
fn check_confirmation(confirm: &Confirm, exactly: &Confirm) -> Result<(), ApiError> {
    if confirm == exactly {
        return Ok(());
    }
    let Confirm { add, remove } = exactly.clone();
    Err(ApiError::confirmation(ScopeDelta { add, remove }, ScopeSet::new()))
}

/// Today, UTC.
fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
