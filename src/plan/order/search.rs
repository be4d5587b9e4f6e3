//! Other orders of a conflict set: only operations that get in each other's way change places.
//!
//! The set begins with the operations that move what the broken laws name. Everything else keeps its constructed place
//! relative to the rest. When a walk meets another broken law or a refusal, the operations that move what *it* names join,
//! until nothing new does. What has been tried is remembered by the set of operations taken, so that `n` conflicting
//! operations cost at most `n * 2^n` steps and not `n!`, and mostly far fewer: a law prunes early.

use std::collections::BTreeSet;

use super::{Machine, Ordered};
use crate::model::{Address, Scope};
use crate::plan::laws::{Facts, Step, Violation, check_step};

/// How many operations a conflict set may have for its orders to be searched.
pub(super) const CONFLICTING: usize = 12;

/// Up to so many operations the whole unit is the conflict set, if a smaller one has no lawful order.
const SMALL: usize = 7;

/// What a search came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Searched {
    /// These positions of the given order, in this order, keep every law.
    Found(Vec<usize>),
    /// No order of the conflict set does.
    Nothing,
    /// So many operations are in each other's way: not searched.
    TooMany(usize),
}

/// Something that a law may name and an operation may move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Reach(Address),
    Scope(Scope),
}

fn named(violation: &Violation) -> Thing {
    match violation {
        Violation::Outage(address) | Violation::ExcessUse(address) => Thing::Reach(address.clone()),
        Violation::ExcessScope(scope) | Violation::Churn(scope) | Violation::LockedScope(scope) => {
            Thing::Scope(scope.clone())
        }
    }
}

fn moves<R>(step: &Step<R>) -> impl Iterator<Item = Thing> {
    let reach = step.moved.iter().map(|moved| Thing::Reach(moved.address.clone()));
    let scopes = step.effect.scopes.add.iter().chain(&step.effect.scopes.remove);
    reach.chain(scopes.map(|scope| Thing::Scope(scope.clone())))
}

/// Looks for an order of `broken`'s operations that keeps every law, depth first, as constructed where there is a choice.
pub(super) fn search<M: Machine>(start: &M, broken: &Ordered<M>) -> Searched {
    let mut walk = Walk::new(start, broken);
    let mut inside = walk.involved();
    loop {
        if inside.len() > CONFLICTING {
            return Searched::TooMany(inside.len());
        }
        if let Some(found) = walk.orders_of(&inside, start) {
            return Searched::Found(found);
        }
        let mut grown = walk.involved();
        grown.extend(&inside);
        if grown == inside && walk.operations.len() <= SMALL {
            grown = (0..walk.operations.len()).collect();
        }
        if grown == inside {
            return Searched::Nothing;
        }
        inside = grown;
    }
}

/// One search, and what it has learnt.
struct Walk<'a, M: Machine> {
    operations: Vec<&'a M::Operation>,
    /// The field that each operation writes: two writes of one field never change places.
    fields: Vec<Address>,
    /// What each operation was seen to move, in whatever place.
    moves: Vec<BTreeSet<Thing>>,
    before: &'a Facts<M::Reach>,
    after: &'a Facts<M::Reach>,
    /// What the laws broken so far name.
    blamed: BTreeSet<Thing>,
    /// Operations that were refused somewhere.
    refused: BTreeSet<usize>,
    /// The conflict set and the others, as positions in the constructed order.
    inside: Vec<usize>,
    outside: Vec<usize>,
    /// Sets of conflicting operations after which nothing leads to the end.
    dead: BTreeSet<u16>,
}

impl<'a, M: Machine> Walk<'a, M> {
    fn new(start: &M, broken: &'a Ordered<M>) -> Self {
        Self {
            operations: broken.steps.iter().map(|taken| &taken.operation).collect(),
            fields: broken.steps.iter().map(|taken| start.field(&taken.operation)).collect(),
            moves: broken.steps.iter().map(|taken| moves(&taken.step).collect()).collect(),
            before: &broken.before,
            after: &broken.after,
            blamed: broken.window.iter().map(named).collect(),
            refused: BTreeSet::new(),
            inside: Vec::new(),
            outside: Vec::new(),
            dead: BTreeSet::new(),
        }
    }

    /// Returns the operations that move what was blamed, those that were refused, and those that share a field with one.
    fn involved(&self) -> BTreeSet<usize> {
        let touches = |n: &usize| {
            self.refused.contains(n)
                || self.moves.get(*n).is_some_and(|own| !own.is_disjoint(&self.blamed))
        };
        let all = 0..self.operations.len();
        let fields: BTreeSet<&Address> =
            all.clone().filter(touches).filter_map(|n| self.fields.get(n)).collect();
        all.filter(|n| self.fields.get(*n).is_some_and(|field| fields.contains(field))).collect()
    }

    fn orders_of(&mut self, inside: &BTreeSet<usize>, start: &M) -> Option<Vec<usize>> {
        self.inside = inside.iter().copied().collect();
        self.outside = (0..self.operations.len()).filter(|n| !inside.contains(n)).collect();
        self.dead.clear();
        let mut order = Vec::with_capacity(self.operations.len());
        self.walk(start, 0, 0, &mut order).then_some(order)
    }

    /// Goes on from `machine`, where the conflicting operations in `taken` and the first `passed` others are done.
    fn walk(&mut self, machine: &M, taken: u16, mut passed: usize, order: &mut Vec<usize>) -> bool {
        let (entered, length) = (passed, order.len());
        let mut here = machine.clone();
        let is_open = |bit: usize| taken & (1 << bit) == 0;
        let next_inside =
            self.inside.iter().enumerate().find(|(bit, _)| is_open(*bit)).map(|(_, n)| *n);
        // The others are never a choice: each is taken in its constructed place, or as soon after it as it is lawful.
        while let Some(other) = self.outside.get(passed).copied() {
            if next_inside.is_some_and(|inside| inside < other) {
                break;
            }
            if !self.take(&mut here, other) {
                // The machine went where it must not be: back, and along the part that was lawful.
                here = machine.clone();
                for position in entered..passed {
                    if let Some(again) = self.outside.get(position).copied() {
                        self.take(&mut here, again);
                    }
                }
                break;
            }
            order.push(other);
            passed += 1;
        }
        if order.len() == self.operations.len() {
            if here.facts() == *self.after {
                return true;
            }
        } else {
            for bit in (0..self.inside.len()).filter(|bit| is_open(*bit)) {
                let Some(position) = self.inside.get(bit).copied() else { continue };
                let next = taken | (1 << bit);
                let waits = (0..bit).filter(|earlier| is_open(*earlier)).any(|earlier| {
                    let other = self.inside.get(earlier).and_then(|n| self.fields.get(*n));
                    other == self.fields.get(position)
                });
                if waits || self.dead.contains(&next) {
                    continue;
                }
                let mut there = here.clone();
                if !self.take(&mut there, position) {
                    continue;
                }
                order.push(position);
                if self.walk(&there, next, passed, order) {
                    return true;
                }
                order.pop();
            }
        }
        order.truncate(length);
        self.dead.insert(taken);
        false
    }

    /// Takes one step and returns whether it is lawful; remembers what it moves and what stands against it.
    fn take(&mut self, machine: &mut M, position: usize) -> bool {
        let Some(operation) = self.operations.get(position) else { return false };
        let Ok(step) = machine.step(operation) else {
            self.refused.insert(position);
            return false;
        };
        if let Some(own) = self.moves.get_mut(position) {
            own.extend(moves(&step));
        }
        let broken = check_step(self.before, self.after, &step);
        self.blamed.extend(broken.iter().map(named));
        broken.is_empty()
    }
}
