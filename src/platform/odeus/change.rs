//! What differs between two states of an integration, one line per field, whoever wished it. The planner adds which line asks
//! for it; apply holds the lines of a plan against what its operations do.

use serde_json::Value;

use super::state::{IntegrationState, Mode};
use super::value;
use crate::model::Address;
use crate::plan::Change;

/// The kind of changes of a client and its scopes.
pub(super) const CLIENT: &str = "odeus_oauth_client";

/// Returns one change of a field of `unit`, asked for where it stands.
pub(super) fn line(
    unit: &Address,
    field: &[&str],
    kind: &str,
    before: Value,
    after: Value,
) -> Change {
    let address = field.iter().fold(unit.clone(), |at, part| at.child(part));
    Change {
        declared_at: address.clone(),
        address,
        kind: kind.to_owned(),
        unit: unit.clone(),
        before,
        after,
        catalog_change: false,
    }
}

/// Returns what differs of the integration itself: who may use it, its client, the list kept by hand.
pub(super) fn own(
    unit: &Address,
    before: &IntegrationState,
    after: &IntegrationState,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.access != after.access {
        let (old, new) = (value::access(&before.access), value::access(&after.access));
        changes.push(line(unit, &["access"], "odeus_integration", old, new));
    }
    if before.client != after.client {
        let old = value::client(&before.client, &before.requested);
        let new = value::client(&after.client, &after.requested);
        changes.push(line(unit, &["oauth"], CLIENT, old, new));
    } else if before.requested != after.requested && after.client.mode() == Some(Mode::Fixed) {
        let (old, new) = (value::scopes(&before.requested), value::scopes(&after.requested));
        changes.push(line(unit, &["oauth", "scopes"], CLIENT, old, new));
    }
    changes
}

/// Returns what differs of its actions, in the order of their keys.
pub(super) fn actions<'s>(
    unit: &'s Address,
    before: &'s IntegrationState,
    after: &'s IntegrationState,
) -> impl Iterator<Item = (&'s crate::model::ActionKey, Change)> {
    before.actions.iter().filter_map(move |(key, own)| {
        let new = after.actions.get(key).filter(|new| *new != own)?;
        let (old, new) = (value::action(own), value::action(new));
        Some((key, line(unit, &["actions", key.as_str()], value::ACTION, old, new)))
    })
}
