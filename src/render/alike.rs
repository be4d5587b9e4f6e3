//! What moves alike in many units: a long section says it once, by right and direction, and keeps the single reasons for
//! whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use super::grave::grave;
use super::outline::Outline;
use crate::model::{Address, Direction, PrivilegeChange, PrivilegeLevel, Right, Scope};

/// A section of no more rows than this says everything where it happens.
const LONG: usize = 40;

/// What moves alike in no more units than this is said where it happens.
const FEW: usize = 3;

/// What moves in the same direction in the same units.
#[derive(Debug)]
pub(super) struct Alike<'p> {
    pub(super) direction: Direction,
    /// In address order.
    pub(super) units: Vec<&'p Address>,
    /// One entry per scope, the gravest first, with its change in each unit.
    pub(super) scopes: Vec<Vec<&'p PrivilegeChange>>,
    /// Actions that are taken from the same people for the same reason.
    pub(super) closed: Vec<Closed<'p>>,
}

/// Actions of several units that are taken from the same people for the same reason. Which ones opens is never summed up:
/// whoever decides reads their names.
#[derive(Debug)]
pub(super) struct Closed<'p> {
    pub(super) before: &'p str,
    pub(super) after: &'p str,
    /// For all of them, as it is said of each.
    pub(super) why: String,
    /// By unit.
    pub(super) changes: Vec<&'p PrivilegeChange>,
}

/// A section, parted into what many units share and what is said of each.
#[derive(Debug)]
pub(super) struct Parted<'p> {
    /// The most units first.
    pub(super) alike: Vec<Alike<'p>>,
    /// By unit, in the order of the outline.
    pub(super) rest: BTreeMap<&'p Address, Vec<&'p PrivilegeChange>>,
}

type Reason<'r> = &'r dyn Fn(&PrivilegeChange) -> String;
type ScopeKey<'p> = (Direction, &'p Scope, Option<bool>, Option<PrivilegeLevel>);
type UseKey<'p> = (&'p str, &'p str, String);
type ByUnits<'p> = BTreeMap<(Direction, Vec<&'p Address>), Alike<'p>>;

/// Parts the privilege section of a plan. `reason` says why an action is taken from people.
pub(super) fn parted<'p>(outline: &Outline<'p>, reason: Reason<'_>) -> Parted<'p> {
    let mut scopes: BTreeMap<ScopeKey<'p>, Vec<&'p PrivilegeChange>> = BTreeMap::new();
    let mut closed: BTreeMap<UseKey<'p>, Vec<&'p PrivilegeChange>> = BTreeMap::new();
    if rows(outline, reason) > LONG {
        for change in outline.privilege.values().flatten().copied() {
            match (&change.right, change.direction) {
                (Right::Scope(scope), direction) => {
                    let key = (direction, scope, change.admin_consent, change.level);
                    scopes.entry(key).or_default().push(change);
                }
                (Right::Use { before, after, .. }, Direction::Narrowing) => {
                    let key = (before.as_str(), after.as_str(), reason(change));
                    closed.entry(key).or_default().push(change);
                }
                (Right::Use { .. }, Direction::Widening)
                | (Right::Tier(_) | Right::Credential { .. } | Right::Setting { .. }, _) => {}
            }
        }
    }
    scopes.retain(|_, changes| units(changes).len() > FEW);
    closed.retain(|_, changes| units(changes).len() > FEW);
    let told = scopes.values().chain(closed.values()).flatten();
    let told: BTreeSet<(&Address, &Right)> = told.map(|c| (&c.unit, &c.right)).collect();
    let mut rest = outline.privilege.clone();
    for changes in rest.values_mut() {
        changes.retain(|change| !told.contains(&(&change.unit, &change.right)));
    }
    rest.retain(|_, changes| !changes.is_empty());
    let mut alike: ByUnits<'p> = BTreeMap::new();
    for ((direction, ..), changes) in scopes {
        of(&mut alike, direction, &changes).scopes.push(changes);
    }
    for ((before, after, why), changes) in closed {
        let own = of(&mut alike, Direction::Narrowing, &changes);
        own.closed.push(Closed { before, after, why, changes });
    }
    let mut alike: Vec<Alike<'p>> = alike.into_values().collect();
    for own in &mut alike {
        own.scopes.sort_by_key(|changes| changes.first().map(|change| grave(change)));
    }
    alike.sort_by_key(|own| (own.direction, std::cmp::Reverse(own.units.len())));
    Parted { alike, rest }
}

/// Returns what moves in this direction in the units of some changes.
fn of<'a, 'p>(
    alike: &'a mut ByUnits<'p>,
    direction: Direction,
    changes: &[&'p PrivilegeChange],
) -> &'a mut Alike<'p> {
    let units = units(changes);
    let empty = Alike { direction, units: units.clone(), scopes: Vec::new(), closed: Vec::new() };
    alike.entry((direction, units)).or_insert(empty)
}

/// Returns how many rows the section has when nothing is shared: actions of one unit that move alike are one.
fn rows(outline: &Outline<'_>, reason: Reason<'_>) -> usize {
    let of_unit = |changes: &Vec<&PrivilegeChange>| {
        let mut uses = BTreeSet::new();
        let mut others = 0;
        for change in changes {
            match &change.right {
                Right::Use { before, after, .. } => {
                    uses.insert((change.direction, before, after, reason(change)));
                }
                Right::Scope(_)
                | Right::Tier(_)
                | Right::Credential { .. }
                | Right::Setting { .. } => others += 1,
            }
        }
        uses.len() + others
    };
    outline.privilege.values().map(of_unit).sum()
}

/// Returns the units of some changes, each once. Changes come unit by unit.
fn units<'p>(changes: &[&'p PrivilegeChange]) -> Vec<&'p Address> {
    let mut units: Vec<&Address> = changes.iter().map(|change| &change.unit).collect();
    units.dedup();
    units
}
