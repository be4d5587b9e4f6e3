//! Whether a plan has been carried out in part already, and how far.
//!
//! A unit's operations are carried out in order, so an interrupted plan leaves some first operations done. Their values
//! before are gone, but what they leave is not: every field that they wrote holds exactly what the last write to it
//! leaves, every scope that they moved is where they moved it, and the machine folds the rest over what is live with the
//! sealed values and effects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::adapter::{
    Own, by_integration, compare, context, gone, moved_fact, not_before, refused,
};
use super::machine::{Context, Machine};
use super::operation::{ClientSpec, IntegrationOperation, Operation};
use super::planner::fact;
use super::prospect::replay;
use super::state::{ActionState, Client, IntegrationState, Mode, Snapshot};
use super::value;
use crate::apply::{Halfway, Stale, Unexplained};
use crate::model::{Access, ActionKey, Address, IntegrationKey, Scope, ScopeSet};
use crate::plan::{Bound, PlannedOperation};
use crate::platform;

/// Returns the places of the operations that have been done already.
///
/// # Errors
/// When the live state is none that the plan goes through: what is not explained by it.
pub fn resumed(bound: &Bound, snapshot: &Snapshot) -> Result<BTreeSet<usize>, Unexplained> {
    let mut done = BTreeSet::new();
    let mut halfway = Vec::new();
    let mut moved = Vec::new();
    let mut written: BTreeSet<&Address> = BTreeSet::new();
    for (index, planned) in bound.operations.iter().enumerate() {
        if let platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled }) =
            &planned.operation
        {
            let live = snapshot.settings.new_actions_enabled_by_default;
            if live == *enabled {
                done.insert(index);
                written.insert(&planned.address);
            } else if planned.before != live {
                let (before, live) = (planned.before.clone(), Value::from(live));
                moved.push(Stale::on(planned.address.clone(), before, live));
            }
        }
    }
    // A fact that the plan itself has changed is where the plan left it.
    let facts = bound.relied_on.iter().filter(|relied| !written.contains(&relied.address));
    for relied in facts {
        let live = fact(&relied.address, snapshot);
        if live.as_ref() != Some(&relied.value) {
            moved.push(moved_fact(relied, live));
        }
    }
    for (key, operations) in by_integration(bound) {
        let Some((context, live)) = context(snapshot, key) else {
            moved.extend(gone(&operations));
            continue;
        };
        let odd = Odd::of(&operations, live, |change| value::field(change, live));
        let explained = |reached: &usize| {
            // Cheap first: what has been written is there, and the next write finds the value that it was planned on.
            if !odd.may_be(*reached) {
                return false;
            }
            let (before, after) = operations.split_at(*reached);
            Left::by(before).is_in(live) && rest(after, (context, live), key).is_empty()
        };
        match (0..=operations.len()).find(explained) {
            Some(reached) => done.extend(first(&operations, reached)),
            None => halfway.push(closest(&operations, &odd, (context, live), key)),
        }
    }
    Unexplained::of(done.len(), moved, halfway).map_or(Ok(done), Err)
}

/// Returns the places of some first operations.
fn first(operations: &[Own<'_>], reached: usize) -> Vec<usize> {
    operations.iter().take(reached).map(|(index, ..)| *index).collect()
}

/// What is not as a plan says: the fields themselves, and what follows from other fields.
#[derive(Debug, Default)]
struct Found {
    fields: Vec<Stale>,
    follows: Vec<Stale>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.follows.is_empty()
    }
}

/// Returns what some last operations do not find as they were planned on.
fn rest(
    after: &[Own<'_>],
    (context, live): (Context<'_>, &IntegrationState),
    key: &IntegrationKey,
) -> Found {
    let changes: Vec<IntegrationOperation> =
        after.iter().map(|(_, _, change)| (*change).clone()).collect();
    match replay(Machine::new(context, live.clone()), key, &changes) {
        Ok((now, _)) => {
            let mut found = Found::default();
            for ((_, planned, _), now) in after.iter().zip(&now) {
                let of = if planned.before == now.before {
                    &mut found.follows
                } else {
                    &mut found.fields
                };
                of.extend(compare(planned, now));
            }
            found
        }
        Err(rejected) => Found {
            fields: not_before(after, live),
            follows: refused(after, &rejected).into_iter().collect(),
        },
    }
}

/// Returns after how many operations the plan explains most of what is live, and what it does not explain then: fields,
/// and where all of them are as planned, what follows from them.
fn closest(
    operations: &[Own<'_>],
    odd: &Odd,
    (context, live): (Context<'_>, &IntegrationState),
    key: &IntegrationKey,
) -> Halfway {
    let all = || odd.sums().zip(0..);
    let (least, fewest) = all().min().unwrap_or_default();
    let most = all().filter(|(odd, _)| *odd == least).map(|(_, reached)| reached).max();
    let most = most.unwrap_or(fewest);
    let by = |reached: usize| {
        let (before, after) = operations.split_at(reached);
        let mut found = Left::by(before).not_in(live, before);
        let rest = rest(after, (context, live), key);
        found.fields.extend(rest.fields);
        found.follows.extend(rest.follows);
        if found.fields.is_empty() { found.follows } else { found.fields }
    };
    Halfway {
        fewest: first(operations, fewest),
        by_fewest: by(fewest),
        most: first(operations, most),
        by_most: by(most),
    }
}

/// How many fields are not as a plan says, for each number of first operations that may have been done. Counted without the
/// machine, and each live value read once: there may be as many operations as the integration has actions.
#[derive(Debug, PartialEq, Eq)]
struct Odd {
    /// Those that are not as the first operations leave them: of none, of one, and so on.
    left: Vec<usize>,
    /// Those that are not as the others were planned on.
    before: Vec<usize>,
    /// Whether each operation, if it is the next, finds what it was planned on.
    next: Vec<bool>,
}

impl Odd {
    /// Counts; `now` returns the live value of the field that an operation writes.
    fn of(
        operations: &[Own<'_>],
        live: &IntegrationState,
        now: impl Fn(&IntegrationOperation) -> Value,
    ) -> Self {
        let now: Vec<Value> = operations.iter().map(|(_, _, change)| now(change)).collect();
        let next: Vec<bool> = operations
            .iter()
            .zip(&now)
            .map(|((_, planned, _), now)| planned.before == *now)
            .collect();
        let (mut before, mut odd) = (vec![0], BTreeSet::new());
        for ((_, planned, _), is_next) in operations.iter().zip(&next).rev() {
            // What several write, the first of them was planned on.
            if *is_next {
                odd.remove(&planned.address)
            } else {
                odd.insert(&planned.address)
            };
            before.push(odd.len());
        }
        before.reverse();
        let mut left = Left::default();
        let mut written: BTreeMap<&Address, (&IntegrationOperation, &Value)> = BTreeMap::new();
        let (mut counts, mut odd) = (vec![0], BTreeSet::new());
        for ((_, planned, change), now) in operations.iter().zip(&now) {
            left.write(planned, change);
            written.insert(&planned.address, (change, now));
            let mut look = |address, (change, now): (&IntegrationOperation, &Value)| {
                let is_odd = left.value(change, live).is_some_and(|left| left != *now);
                if is_odd {
                    odd.insert(address)
                } else {
                    odd.remove(address)
                };
            };
            match change {
                IntegrationOperation::SetIntegrationAccess { .. }
                | IntegrationOperation::SetActionAccess { .. } => {
                    look(&planned.address, (change, now));
                }
                // These reach into what others have written; a plan has a handful of them.
                IntegrationOperation::SetClient { .. }
                | IntegrationOperation::SetFixedScopes { .. } => {
                    written.iter().for_each(|(address, own)| look(*address, *own));
                }
                IntegrationOperation::ConfirmPending { .. } => {}
            }
            counts.push(odd.len() + usize::from(odd.is_empty() && left.is_in_another_mode(live)));
        }
        Self { left: counts, before, next }
    }

    /// Returns whether the fields let so many operations have been done.
    fn may_be(&self, reached: usize) -> bool {
        self.left.get(reached) == Some(&0) && self.next.get(reached).is_none_or(|is_next| *is_next)
    }

    /// Iterates how many fields are odd in all.
    fn sums(&self) -> impl Iterator<Item = usize> {
        self.left.iter().zip(&self.before).map(|(left, before)| left + before)
    }
}

/// What some writes to one integration leave, in the fields that they write.
#[derive(Debug, Default)]
struct Left<'p> {
    access: Option<&'p Access>,
    actions: BTreeMap<&'p ActionKey, ActionState>,
    client: Option<Client>,
    list: Option<&'p ScopeSet>,
    /// Whether a scope that moved is requested.
    scopes: BTreeMap<&'p Scope, bool>,
}

impl<'p> Left<'p> {
    fn by(operations: &[Own<'p>]) -> Self {
        let mut left = Self::default();
        for (_, planned, change) in operations {
            left.write(planned, change);
        }
        left
    }

    fn write(&mut self, planned: &'p PlannedOperation, change: &'p IntegrationOperation) {
        let left = self;
        match change {
            IntegrationOperation::SetIntegrationAccess { access } => left.access = Some(access),
            IntegrationOperation::SetActionAccess { action, access, accept } => {
                let accepted_missing = accept.clone();
                let state = ActionState { access: access.clone(), accepted_missing };
                left.actions.insert(action, state);
            }
            IntegrationOperation::SetClient { client } => {
                left.client = Some(client.client());
                left.list = match client {
                    ClientSpec::Custom { fixed, .. } => fixed.as_ref(),
                    ClientSpec::Managed => None,
                };
                if client.mode().follows_actions() {
                    // Nothing is missing then, so nothing stays accepted as missing.
                    for state in left.actions.values_mut() {
                        state.accepted_missing = ScopeSet::new();
                    }
                }
            }
            IntegrationOperation::SetFixedScopes { scopes } => left.list = Some(scopes),
            IntegrationOperation::ConfirmPending { .. } => {}
        }
        left.scopes.extend(planned.effect.scopes.add.iter().map(|scope| (scope, true)));
        left.scopes.extend(planned.effect.scopes.remove.iter().map(|scope| (scope, false)));
    }

    /// Returns what the field that `change` writes holds then.
    fn value(&self, change: &IntegrationOperation, live: &IntegrationState) -> Option<Value> {
        match change {
            IntegrationOperation::SetIntegrationAccess { .. } => self.access.map(value::access),
            IntegrationOperation::SetActionAccess { action, .. } => {
                self.actions.get(action).map(value::action)
            }
            IntegrationOperation::SetClient { .. } => {
                let list = self.list.unwrap_or(&live.requested);
                self.client.as_ref().map(|client| value::client(client, list))
            }
            IntegrationOperation::SetFixedScopes { .. } => self.list.map(value::scopes),
            IntegrationOperation::ConfirmPending { .. } => None,
        }
    }

    /// Returns whether a list was left, and what is live is not in the mode that lists are for.
    fn is_in_another_mode(&self, live: &IntegrationState) -> bool {
        self.list.is_some() && live.client.mode() != Some(Mode::Fixed)
    }

    fn is_in(&self, live: &IntegrationState) -> bool {
        self.access.is_none_or(|access| *access == live.access)
            && self.actions.iter().all(|(key, state)| live.actions.get(*key) == Some(state))
            && self.client.as_ref().is_none_or(|client| *client == live.client)
            && self.list.is_none_or(|list| {
                live.client.mode() == Some(Mode::Fixed) && *list == live.requested
            })
            && self.scopes.iter().all(|(scope, on)| live.requested.contains(scope) == *on)
    }

    /// Says what is not as these writes, which left this, left it.
    fn not_in(&self, live: &IntegrationState, operations: &[Own<'_>]) -> Found {
        let mut found = Found::default();
        let mut seen = BTreeSet::new();
        for (_, planned, change) in operations {
            let left = self.value(change, live);
            let now = value::field(change, live);
            if let Some(left) = left.filter(|left| seen.insert(&planned.address) && *left != now) {
                found.fields.push(Stale::left(planned.address.clone(), left, now));
            }
        }
        let Some((_, first, _)) = operations.first() else { return found };
        let requested = first.unit.oauth().child("requested_scopes");
        for (scope, on) in &self.scopes {
            let words =
                |on: bool| format!("{scope} {}", if on { "requested" } else { "not requested" });
            if live.requested.contains(scope) != *on {
                found.follows.push(Stale::left(requested.clone(), words(*on), words(!on)));
            }
        }
        if found.is_empty() && !self.is_in(live) {
            let mode = live.client.mode().map_or("none", Mode::name);
            let own = "the mode that its list of scopes is for";
            found.fields.push(Stale::left(first.unit.oauth(), own, format!("mode {mode}")));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::model::Effect;

    /// Returns as many actions as there are letters: `o` is off, `e` is on for everyone, `x` is for somebody no plan names.
    fn live(letters: &str) -> IntegrationState {
        let access = |letter| match letter {
            'o' => Access::Nobody,
            'e' => Access::Everyone,
            _ => {
                Access::only([crate::model::Principal::User("x@acme.example".try_into().unwrap())])
            }
        };
        let actions = letters.chars().enumerate().map(|(n, letter)| {
            let state = ActionState { access: access(letter), accepted_missing: ScopeSet::new() };
            (name(n), state)
        });
        IntegrationState {
            access: Access::Everyone,
            client: Client::Managed,
            requested: ScopeSet::new(),
            actions: actions.collect(),
        }
    }

    fn name(n: usize) -> ActionKey {
        format!("a{n:05}").as_str().try_into().unwrap()
    }

    /// Returns writes that turn so many actions on, one after the other, and then the first one off again.
    fn planned(many: usize) -> Vec<PlannedOperation> {
        let state = live(&"o".repeat(many));
        let integration = IntegrationKey::try_from("files").unwrap();
        let on = (0..many).map(|n| (n, Access::Everyone));
        let writes = on.chain([(0, Access::Nobody)]);
        let mut planned: Vec<PlannedOperation> = writes
            .map(|(n, access)| {
                let accept = ScopeSet::new();
                let change =
                    IntegrationOperation::SetActionAccess { action: name(n), access, accept };
                let before = value::field(&change, &state);
                let integration = integration.clone();
                let operation = Operation::Integration { integration, change };
                PlannedOperation {
                    unit: Address::of(&["integrations", "files"]),
                    address: operation.address(),
                    operation: platform::Operation::Odeus(operation),
                    before,
                    effect: Effect::default(),
                }
            })
            .collect();
        let on = value::action(&live("e").actions[&name(0)]);
        planned.last_mut().unwrap().before = on;
        planned
    }

    fn own(planned: &[PlannedOperation]) -> Vec<Own<'_>> {
        let own = planned.iter().enumerate().filter_map(|(at, planned)| match &planned.operation {
            platform::Operation::Odeus(Operation::Integration { change, .. }) => {
                Some((at, planned, change))
            }
            _ => None,
        });
        own.collect()
    }

    #[test]
    fn each_live_value_is_read_once_however_many_actions_a_stale_plan_has() {
        for many in [1, 40, 2_000] {
            let planned = planned(many);
            let state = live(&format!("{}x", "o".repeat(many - 1)));
            let reads = Cell::new(0);
            let odd = Odd::of(&own(&planned), &state, |change| {
                reads.set(reads.get() + 1);
                value::field(change, &state)
            });
            assert_eq!(reads.get(), planned.len());
            // The machine is asked of one place at most: the one at which only the last write does not find its field.
            assert!((0..=many + 1).filter(|reached| odd.may_be(*reached)).count() <= 1);
        }
    }

    #[test]
    fn what_is_counted_at_once_is_what_is_said_of_each_place() {
        for letters in ["ooo", "eoo", "eeo", "eee", "oee", "oxo", "exx", "xoe", "oeo"] {
            let (planned, state) = (planned(3), live(letters));
            let own = own(&planned);
            let odd = Odd::of(&own, &state, |change| value::field(change, &state));
            let each = (0..=own.len()).map(|reached| {
                let (before, after) = own.split_at(reached);
                let left = Left::by(before);
                assert!(odd.may_be(reached) || !left.is_in(&state) || !odd.next[reached]);
                left.not_in(&state, before).fields.len() + not_before(after, &state).len()
            });
            assert_eq!(odd.sums().collect::<Vec<_>>(), each.collect::<Vec<_>>(), "{letters}");
        }
    }
}
