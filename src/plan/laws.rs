//! The four laws of apply, stated once for every platform and checked by the machine on every prefix.
//!
//! 1. **no outage**: what works before and after works throughout;
//! 2. **no excess**: nothing is granted that is neither in before nor in after;
//! 3. **no churn**: a scope in both before and after is never dropped in between (a drop costs people a reconnect);
//! 4. **locked scopes stay**: a native scope that is requested never leaves in managed or sync mode.
//!
//! A platform's machine reports, for each step, what moved. The laws need nothing else, so checking a prefix costs as
//! much as the step changed.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Address, Effect, Reach, Scope, ScopeSet};

/// What a state allows, as far as the laws care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<R> {
    /// The scopes requested from everybody who connects.
    pub scopes: ScopeSet,
    /// How far each thing reaches. What is missing is not there and allows nothing, as a token that has ended.
    pub reach: BTreeMap<Address, R>,
}

/// What one operation did to a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<R> {
    /// Everything whose reach changed.
    pub moved: Vec<Moved<R>>,
    /// Scopes that were dropped although the platform locks them.
    pub locked_dropped: ScopeSet,
    /// The effect in the plan's terms.
    pub effect: Effect,
}

/// One thing whose reach changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved<R> {
    /// What moved.
    pub address: Address,
    /// How far it reached.
    pub before: R,
    /// How far it reaches now.
    pub after: R,
}

/// A law that an order of operations would break.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// Law 1: this thing stops for somebody although it works for them before and after.
    Outage(Address),
    /// Law 2: this thing is open to people or calls to which it is open neither before nor after.
    ExcessUse(Address),
    /// Law 2: this scope is requested for a while and is requested neither before nor after.
    ExcessScope(Scope),
    /// Law 3: this scope is dropped and comes back.
    Churn(Scope),
    /// Law 4: this native scope leaves while scopes follow the actions.
    LockedScope(Scope),
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outage(address) => {
                write!(
                    out,
                    "`{address}` would stop for a moment although it works before and after"
                )
            }
            Self::ExcessUse(address) => write!(
                out,
                "`{address}` would be open for a moment to people or calls to which it is open neither before nor after"
            ),
            Self::ExcessScope(scope) => write!(
                out,
                "scope `{scope}` would be requested for a moment although it is requested neither before nor after"
            ),
            Self::Churn(scope) => {
                write!(
                    out,
                    "scope `{scope}` would be dropped and requested again, so people reconnect for nothing"
                )
            }
            Self::LockedScope(scope) => {
                write!(out, "native scope `{scope}` would leave the requested scopes")
            }
        }
    }
}

/// Checks one step on the way from `before` to `after` and returns every law that it breaks.
#[must_use]
pub fn check_step<R: Reach>(before: &Facts<R>, after: &Facts<R>, step: &Step<R>) -> Vec<Violation> {
    let mut broken = Vec::new();
    let nothing = R::nothing();
    for moved in &step.moved {
        // A token that ends is missing afterwards, and must not get more before it ends.
        let first = before.reach.get(&moved.address).unwrap_or(&nothing);
        let last = after.reach.get(&moved.address).unwrap_or(&nothing);
        if !first.meet(last).within(&moved.after) {
            broken.push(Violation::Outage(moved.address.clone()));
        }
        if !moved.after.within(&first.join(last)) {
            broken.push(Violation::ExcessUse(moved.address.clone()));
        }
    }
    for scope in &step.effect.scopes.add {
        if !before.scopes.contains(scope) && !after.scopes.contains(scope) {
            broken.push(Violation::ExcessScope(scope.clone()));
        }
    }
    for scope in &step.effect.scopes.remove {
        if before.scopes.contains(scope) && after.scopes.contains(scope) {
            broken.push(Violation::Churn(scope.clone()));
        }
    }
    broken.extend(step.locked_dropped.iter().cloned().map(Violation::LockedScope));
    broken
}
