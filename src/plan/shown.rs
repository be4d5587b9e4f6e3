//! Whether a plan file shows what its operations do.
//!
//! Both sides of a unit, as text and as admins see it, are in the half of a plan that no digest of an approval covers: they
//! hold what moves by itself too. So whoever edits a file could take them out, and a reviewer who reads the diff would
//! agree to a plan that looks empty. What follows from the operations alone is held against them here: every write shows.
//! What only the live system knows cannot be: people, findings about them, what was left alone, and lines that no
//! operation writes.

use std::collections::BTreeMap;

use super::types::{Plan, PlannedOperation};
use crate::model::{Address, Scope, ScopeSet};
use crate::platform::Comparison;

/// Returns the first unit of a saved plan whose both sides do not show what the operations do.
#[must_use]
pub fn misshown(plan: &Plan) -> Option<&Address> {
    // The workspace's own switches have no rows to compare, only text.
    let workspace = Address::workspace();
    let mut units: Vec<(&Address, Vec<&PlannedOperation>)> = Vec::new();
    for planned in &plan.bound.operations {
        match units.last_mut().filter(|(unit, _)| **unit == planned.unit) {
            Some((_, own)) => own.push(planned),
            None => units.push((&planned.unit, vec![planned])),
        }
    }
    let mut texts: BTreeMap<&Address, Vec<(&str, &str)>> = BTreeMap::new();
    for one in &plan.observed.effective {
        texts.entry(&one.unit).or_default().push((&one.before, &one.after));
    }
    let mut sides: BTreeMap<&Address, Vec<&Comparison>> = BTreeMap::new();
    for one in &plan.observed.comparisons {
        sides.entry(one.unit()).or_default().push(one);
    }
    let shows = |(unit, own): &(&Address, Vec<&PlannedOperation>)| {
        let text = match texts.get(unit).map(Vec::as_slice) {
            Some([(before, after)]) => before != after && in_text(before, after, own),
            _ => false,
        };
        let seen = match sides.get(unit).map(Vec::as_slice) {
            Some([sides]) => sides.shows(own),
            None => **unit == workspace,
            Some(_) => false,
        };
        text && seen
    };
    units.iter().find(|unit| !shows(unit)).map(|(unit, _)| *unit)
}

fn in_text(before: &str, after: &str, own: &[&PlannedOperation]) -> bool {
    let platform = own.first().map(|planned| planned.operation.platform());
    platform.is_none_or(|platform| platform.text_shows(before, after, own))
}

/// Returns the scopes that are requested, and those that are not any more, once all of `own` has been carried out.
#[must_use]
pub(crate) fn net(own: &[&PlannedOperation]) -> (ScopeSet, ScopeSet) {
    let mut net: BTreeMap<&Scope, i32> = BTreeMap::new();
    for planned in own {
        for scope in &planned.effect.scopes.add {
            *net.entry(scope).or_default() += 1;
        }
        for scope in &planned.effect.scopes.remove {
            *net.entry(scope).or_default() -= 1;
        }
    }
    let all = |sign: i32| {
        net.iter()
            .filter(|(_, by)| by.signum() == sign)
            .map(|(scope, _)| (*scope).clone())
            .collect()
    };
    (all(1), all(-1))
}
