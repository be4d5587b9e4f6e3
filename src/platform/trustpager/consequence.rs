//! What a client or a key may do more and less from one state to another, whoever wished it. The planner makes its plan of
//! this, and apply holds a plan against it.

use super::catalog::Catalog;
use super::operation::RevokeReason;
use super::state::{AccessList, KeyGrants, Token};
use crate::model::{
    Address, Cause, CauseKind, Direction, PrivilegeChange, Reach as _, Right, TierMove,
};

/// Returns what the tokens of a client may do more and less between two lists, and the tokens that end.
#[must_use]
pub fn client<'t>(
    unit: &Address,
    lists: (&AccessList, &AccessList),
    ended: impl Iterator<Item = (&'t Token, &'t RevokeReason)>,
    catalog: &Catalog,
) -> Vec<PrivilegeChange> {
    let mut changes = tiers(unit, lists, catalog);
    changes.extend(ended.map(|(token, why)| revoked(unit, token, why)));
    changes
}

/// Returns that a token of a client ends.
#[must_use]
pub fn revoked(unit: &Address, token: &Token, why: &RevokeReason) -> PrivilegeChange {
    let address = unit.child("tokens").child(token.id.as_str());
    let what = format!("token {} of {} is revoked at once: {why}", token.display(), token.user);
    credential(unit, address, Direction::Narrowing, what)
}

/// Returns what a key may do more and less, and that it comes into being or ends; `None` is a key that does not exist.
#[must_use]
pub fn key(
    unit: &Address,
    live: Option<&KeyGrants>,
    wanted: Option<&KeyGrants>,
    catalog: &Catalog,
) -> Vec<PrivilegeChange> {
    let mut changes = Vec::new();
    let empty = AccessList::default();
    let list = |grants: Option<&'_ KeyGrants>| match grants {
        Some(KeyGrants::Custom(list)) => Some(list.clone()),
        // Full access has no tiers: beside it, a list would look like less where it is more, and the other way round.
        Some(KeyGrants::FullAccess) => None,
        None => Some(empty.clone()),
    };
    if let (Some(before), Some(after)) = (list(live), list(wanted)) {
        changes = tiers(unit, (&before, &after), catalog);
    }
    let what = match (live, wanted) {
        (None, Some(KeyGrants::FullAccess)) => {
            Some((Direction::Widening, "a key with full access is created"))
        }
        (None, Some(KeyGrants::Custom(_))) => Some((Direction::Widening, "the key is created")),
        (Some(_), None) => Some((Direction::Narrowing, "the key is revoked at once")),
        (Some(KeyGrants::Custom(_)), Some(KeyGrants::FullAccess)) => Some((
            Direction::Widening,
            "the key gets full access, approving and rejecting included",
        )),
        (Some(KeyGrants::FullAccess), Some(KeyGrants::Custom(_))) => {
            Some((Direction::Narrowing, "the key loses full access"))
        }
        _ => None,
    };
    if let Some((direction, what)) = what {
        changes.insert(0, credential(unit, unit.clone(), direction, what.to_owned()));
    }
    changes
}

/// Returns every tier that moves, with what it widens and narrows in words. One that does both counts as widening:
/// `write_with_approval` to `delete_with_approval` makes writes automatic (case 56).
fn tiers(
    unit: &Address,
    (before, after): (&AccessList, &AccessList),
    catalog: &Catalog,
) -> Vec<PrivilegeChange> {
    let mut changes = Vec::new();
    for resource in catalog.resources.values() {
        let (old, new) = (before.all(catalog, resource), after.all(catalog, resource));
        if old == new {
            continue;
        }
        let (widens, narrows) = old.words(&new);
        let direction = if new.within(&old) { Direction::Narrowing } else { Direction::Widening };
        let address = unit.child("resources").child(resource.key.as_str());
        let (tier, then) = (before.tier_name(resource), after.tier_name(resource));
        let (alone, later) =
            (before.tier_grants(catalog, resource), after.tier_grants(catalog, resource));
        let (more, less) = (!later.within(&alone), !alone.within(&later));
        let unknown = tier != then && !more && !less;
        // Where the verbs alone move, theirs is the line that asks for it.
        let field = if tier == then { "verbs" } else { "resources" };
        let cause = unit.child(field).child(resource.key.as_str());
        changes.push(PrivilegeChange {
            unit: unit.clone(),
            direction,
            right: Right::Tier(TierMove {
                address,
                tier_widens: more || unknown && direction == Direction::Widening,
                tier_narrows: less || unknown && direction == Direction::Narrowing,
                before: tier,
                after: then,
                verbs_before: before.verb_names(resource),
                verbs_after: after.verb_names(resource),
                opens: old.opens(&new),
                widens,
                narrows,
            }),
            causes: vec![Cause { kind: CauseKind::Declared, address: Some(cause) }],
            admin_consent: None,
            level: None,
            access: None,
            doubt: None,
        });
    }
    changes
}

fn credential(
    unit: &Address,
    address: Address,
    direction: Direction,
    what: String,
) -> PrivilegeChange {
    PrivilegeChange {
        unit: unit.clone(),
        direction,
        right: Right::Credential { address, what },
        causes: vec![Cause { kind: CauseKind::Declared, address: None }],
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    }
}
