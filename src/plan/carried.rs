//! Which changes of a plan each of its operations carries, and with that whether a change has been made.
//!
//! An operation writes one address, and a change may have another one: a save on TrustPager writes all tiers and verbs of a
//! client at once, and a change of client on Odeus clears what was accepted under the old one.

use std::collections::BTreeMap;

use super::types::Bound;
use crate::model::Address;

/// What each operation of a plan carries. Worked out once for a plan, since it takes a look at all of it.
#[derive(Debug)]
pub struct Carried(Vec<Vec<usize>>);

impl Carried {
    /// Works out what the operations of a plan carry.
    ///
    /// A change is carried by the operations that write its own address. Where there are none, by those of its unit that
    /// move it besides, as their platform says. An operation that would carry nothing carries the change that what it writes
    /// is a part of; if there is no such change either, it is a write in between, which no change asks for.
    #[must_use]
    pub fn of(bound: &Bound) -> Self {
        let mut writes: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        let mut units: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        for (at, planned) in bound.operations.iter().enumerate() {
            writes.entry(&planned.address).or_default().push(at);
            units.entry(&planned.unit).or_default().push(at);
        }
        let mut carried = vec![Vec::new(); bound.operations.len()];
        let mut changes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, change) in bound.changes.iter().enumerate() {
            changes.entry(change.address.as_str()).or_default().push(at);
            let besides = || {
                let own = units.get(&change.unit).into_iter().flatten().copied();
                let moves = |at: &usize| {
                    let planned = bound.operations.get(*at);
                    planned.is_some_and(|own| own.operation.moves_besides(&change.address))
                };
                own.filter(moves).collect()
            };
            for by in writes.get(&change.address).cloned().unwrap_or_else(besides) {
                if let Some(carries) = carried.get_mut(by) {
                    carries.push(at);
                }
            }
        }
        for (planned, carries) in bound.operations.iter().zip(&mut carried) {
            let mut path = planned.address.as_str();
            while carries.is_empty()
                && let Some((whole, _)) = path.rsplit_once('/')
            {
                carries.extend(changes.get(whole).into_iter().flatten());
                path = whole;
            }
        }
        Self(carried)
    }

    /// Returns the places in the plan's changes of what the operation at a place carries, in the order of the changes.
    #[must_use]
    pub fn by(&self, operation: usize) -> &[usize] {
        self.0.get(operation).map_or(&[], Vec::as_slice)
    }
}
