//! The vendor surface: publishing an integration, for every workspace at once.
//!
//! Requested scopes narrow by themselves and never widen; whatever is new is pending until an admin confirms it
//! (SEMANTICS section 2, *PublishCatalogue*; cases 19 to 23, 25, 26).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rusqlite::Connection as Database;

use super::auth::Vendor;
use super::record;
use crate::model::{Access, ScopeDelta};
use crate::platform::odeus::wire::{ActorType, Code, EventAnswer};
use crate::platform::odeus::{catalog, event};
use crate::server::App;
use crate::server::auth::Actor;
use crate::server::error::ApiError;
use crate::server::record::{Record, value};
use crate::server::request::{Body, Names, json};
use crate::server::store::odeus::rows;

pub(in crate::server) async fn publish(
    State(app): State<Arc<App>>,
    vendor: Vendor,
    names: Names,
    Body(facts): Body<catalog::Integration>,
) -> Result<Response, ApiError> {
    check(&facts, names.integration()?.as_str())?;
    let actor =
        Actor { kind: ActorType::System, id: "publish".to_owned(), request: vendor.request };
    let answer = app.write(move |db| publish_everywhere(db, &actor, &facts)).await?;
    Ok(json(StatusCode::OK, &answer, None))
}

/// Refuses facts that contradict themselves.
fn check(facts: &catalog::Integration, key: &str) -> Result<(), ApiError> {
    let wrong = |message: String| Err(ApiError::odeus(Code::InvalidCatalog, message));
    if facts.key.as_str() != key {
        return wrong(format!("the path says `{key}`, the body says `{}`", facts.key));
    }
    for (name, action) in &facts.actions {
        if *name != action.key {
            return wrong(format!("action `{name}` calls itself `{}`", action.key));
        }
        if let Some(old) = action.renamed_from.iter().find(|old| facts.actions.contains_key(*old)) {
            return wrong(format!("`{name}` was renamed from `{old}`, which is still there"));
        }
    }
    Ok(())
}

fn publish_everywhere(
    db: &Database,
    actor: &Actor,
    facts: &catalog::Integration,
) -> Result<EventAnswer, ApiError> {
    let known = rows::facts(db, &facts.key)?;
    let mut changed = BTreeMap::new();
    let mut before_rows = Vec::new();
    for id in rows::workspaces(db)? {
        let workspace = rows::workspace(db, &id)?;
        let before = match &known {
            Some(_) => Some(rows::integration(db, &workspace, &facts.key)?),
            None => None,
        };
        before_rows.push((workspace, before));
    }
    rows::put_facts(db, facts)?;
    for (workspace, before) in before_rows {
        let effective = workspace.effective(facts.clone());
        let (old, new) = match before {
            None => {
                // A new integration arrives with its native actions only: nobody has reviewed any other.
                let state = event::first_state(&effective, &workspace.settings, &Access::Nobody);
                rows::insert_integration(db, &workspace.id, &facts.key, &state)?;
                (None, state)
            }
            Some(before) => {
                let state = event::publish(&effective, &before.state, &workspace.settings);
                if state == before.state && effective == before.facts {
                    continue;
                }
                rows::put_integration(db, &workspace, &before, effective, state.clone())?;
                (Some(before.state), state)
            }
        };
        let requested = old.as_ref().map(|state| state.requested.clone()).unwrap_or_default();
        let entry = Record {
            action: if old.is_some() { "integration.updated" } else { "integration.created" },
            entity_type: "Integration",
            entity_id: facts.key.to_string(),
            scopes: ScopeDelta::between(&requested, &new.requested),
            before: value(&old.map(|state| state.actions))?,
            after: value(&new.actions)?,
        };
        record(entry, db, &workspace.id, actor)?;
        changed.insert(workspace.id, BTreeSet::from([facts.key.clone()]));
    }
    Ok(EventAnswer { changed })
}
