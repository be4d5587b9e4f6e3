//! What the operations of a plan do, worked out anew on what is live, and whether the plan says so.
//!
//! A plan file comes from outside. Its digest shows that it is whole, not that it is true: whoever takes a line out of
//! `privilege`, `breakage` or `losses` can compute the digest again, and approvals, protections and limits judge what the
//! plan says. So apply works out what the operations do before the first write, and refuses a plan that keeps any of it
//! back. A plan may say more: that asks for more agreement, not less, and people who come and go take away from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::approvals::{broken, line};
use super::laws::Violation;
use super::types::{Bound, Breakage, Change, Loss};
use crate::model::{Address, Direction, PrivilegeChange, Right, Scope, ScopeAccess, ScopeSet};

/// The code of the finding that names a law which the order breaks, the same on every platform.
pub const ORDER_WINDOW: &str = "order-window";

/// What some operations do, as far as gates judge it. Why, and which line asks for it, only wishes could tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Rights gained and lost. Causes are not compared and may be missing.
    pub privilege: Vec<PrivilegeChange>,
    /// What stops working or will not work. Reasons are not compared and may be missing.
    pub breakage: Vec<Breakage>,
    /// What something is taken from, but for a moment. Lines are not compared.
    pub losses: Vec<Loss>,
    /// The laws that the order breaks, each with the unit that it happens to.
    pub window: Vec<(Address, Violation)>,
    /// Fields that differ. Which line asks for them is not compared.
    pub changes: Vec<Change>,
}

/// Something that operations do and the plan does not say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unsaid {
    /// The unit or thing that it happens to.
    pub address: Address,
    /// What happens, as a line of a plan. May hold text from the live system.
    pub what: String,
}

impl fmt::Display for Unsaid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.address, self.what)
    }
}

/// How much of a plan is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent<'d> {
    /// All of it.
    Whole,
    /// What comes after a state that the plan itself goes through; with the places of the operations that led there. From
    /// there a thing may move another way than in all: what is first shared with more people and then taken from others is
    /// one widening in the plan, and less is left.
    Rest(&'d BTreeSet<usize>),
}

impl<'d> Extent<'d> {
    /// Returns what is left when these operations have been done.
    #[must_use]
    pub fn after(done: &'d BTreeSet<usize>) -> Self {
        if done.is_empty() { Self::Whole } else { Self::Rest(done) }
    }

    const fn is_rest(self) -> bool {
        matches!(self, Self::Rest(_))
    }
}

impl Consequences {
    /// Adds what happens to something else.
    pub fn extend(&mut self, other: Self) {
        self.privilege.extend(other.privilege);
        self.breakage.extend(other.breakage);
        self.losses.extend(other.losses);
        self.window.extend(other.window);
        self.changes.extend(other.changes);
    }

    /// Returns what the plan does not say of this, in the order of addresses.
    #[must_use]
    pub fn unsaid(&self, bound: &Bound, extent: Extent<'_>) -> Vec<Unsaid> {
        let said = Said::of(bound);
        let mut unsaid = BTreeSet::new();
        let mut keep = |address: &Address, what: String| {
            unsaid.insert(Unsaid { address: address.clone(), what });
        };
        for change in &self.privilege {
            if !said.privilege(change, extent) {
                keep(&change.unit, in_full(change));
            }
        }
        for breakage in &self.breakage {
            if !said.breakage(breakage, extent) {
                keep(breakage.address(), broken(breakage));
            }
        }
        for loss in &self.losses {
            if !said.loss(loss, extent) {
                keep(&loss.address, loss.to_string());
            }
        }
        for (unit, violation) in &self.window {
            if !said.admits(unit, violation) {
                keep(unit, violation.to_string());
            }
        }
        for change in self.changes.iter().filter(|change| !said.change(change, extent)) {
            let Change { address, before, after, .. } = change;
            keep(address, format!("{before} -> {after}"));
        }
        unsaid.into_iter().collect()
    }
}

/// A privilege line with what approvals look at.
fn in_full(change: &PrivilegeChange) -> String {
    let mut text = line(change);
    match &change.right {
        Right::Use { before, after, .. } => text.push_str(&format!(", {before} -> {after}")),
        Right::Tier(tier) => {
            let (before, after) = tier.ends();
            text.push_str(&format!(", {before} -> {after}"));
        }
        Right::Credential { what, .. } => text.push_str(&format!(", {what}")),
        Right::Scope(_) | Right::Setting { .. } => {}
    }
    match change.admin_consent {
        Some(true) => text.push_str(", needs admin consent"),
        None if matches!(change.right, Right::Scope(_)) => text.push_str(", admin consent unknown"),
        Some(false) | None => {}
    }
    if change.access == Some(ScopeAccess::Write) {
        text.push_str(", can write");
    }
    if let Some(doubt) = &change.doubt {
        text.push_str(&format!(", {doubt}"));
    }
    text
}

/// What a privilege line says, but for its causes.
type Line<'b> = (&'b Address, Direction, &'b Right, Known<'b>);

/// What is known of a right: consent, level, access, and what is doubtful.
type Known<'b> = (Option<bool>, Option<u8>, Option<ScopeAccess>, Option<&'b str>);

fn key(change: &PrivilegeChange) -> Line<'_> {
    let level = change.level.map(|level| level.0);
    let known = (change.admin_consent, level, change.access, change.doubt.as_deref());
    (&change.unit, change.direction, &change.right, known)
}

/// What a plan says.
struct Said<'b> {
    bound: &'b Bound,
    privilege: BTreeSet<Line<'b>>,
    /// Things that people use, with the unit and the direction.
    uses: BTreeSet<(&'b Address, &'b Address, Direction)>,
    /// With every other name of each: a protection may use any of them.
    losses: BTreeMap<(&'b Address, super::LossKind), BTreeSet<&'b Address>>,
    windows: Vec<(&'b Address, &'b str)>,
    changes: BTreeMap<&'b Address, Vec<&'b Change>>,
}

impl<'b> Said<'b> {
    fn of(bound: &'b Bound) -> Self {
        let uses = bound.privilege.changes.iter().filter_map(|change| match &change.right {
            Right::Use { address, .. } => Some((&change.unit, address, change.direction)),
            Right::Scope(_) | Right::Tier(_) | Right::Credential { .. } | Right::Setting { .. } => {
                None
            }
        });
        let windows = bound.findings.iter().filter(|finding| finding.code == ORDER_WINDOW);
        let mut losses: BTreeMap<_, BTreeSet<&Address>> = BTreeMap::new();
        for loss in &bound.losses {
            losses.entry((&loss.address, loss.kind)).or_default().extend(&loss.also_called);
        }
        let mut changes: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
        for change in &bound.changes {
            changes.entry(&change.address).or_default().push(change);
        }
        Self {
            changes,
            bound,
            privilege: bound.privilege.changes.iter().map(key).collect(),
            uses: uses.collect(),
            losses,
            windows: windows.map(|found| (&found.address, found.message.as_str())).collect(),
        }
    }

    fn change(&self, change: &Change, extent: Extent<'_>) -> bool {
        let lines = self.changes.get(&change.address).map_or(&[][..], Vec::as_slice);
        let said = lines.iter().any(|line| {
            let begins = extent.is_rest() || line.before == change.before;
            begins
                && line.kind == change.kind
                && line.unit == change.unit
                && line.after == change.after
        });
        match extent {
            Extent::Whole => said,
            Extent::Rest(done) => said || (lines.is_empty() && self.comes_back(change, done)),
        }
    }

    /// Whether a field of which there is no line of its own goes back to where it was before the plan, from where only the
    /// way led, or to where the line of what it is part of leaves it. So what one write alone moves needs a line.
    fn comes_back(&self, change: &Change, done: &BTreeSet<usize>) -> bool {
        let operations = done.iter().filter_map(|index| self.bound.operations.get(*index));
        let first = operations.map(|own| (&own.address, &own.before));
        let mut first = first.filter(|(address, _)| **address == change.address);
        if first.next().is_some_and(|(_, before)| *before == change.after) {
            return true;
        }
        let whole = change.address.parent();
        let lines = whole.and_then(|whole| self.changes.get(&whole)).into_iter().flatten();
        let mut parts = lines.filter_map(|line| line.after.get(change.address.name()));
        parts.any(|after| *after == change.after)
    }

    fn admits(&self, unit: &Address, violation: &Violation) -> bool {
        let text = violation.to_string();
        // The finding may go on to say that other orders were not tried.
        self.windows.iter().any(|(at, message)| *at == unit && message.starts_with(&text))
    }

    /// A thing that the window is about is on its way back from it.
    fn returns(&self, unit: &Address, address: &Address) -> bool {
        self.admits(unit, &Violation::Outage(address.clone()))
            || self.admits(unit, &Violation::ExcessUse(address.clone()))
    }

    /// A scope that the window is about is on its way back from it.
    fn returns_scope(&self, unit: &Address, scope: &Scope) -> bool {
        self.admits(unit, &Violation::Churn(scope.clone()))
            || self.admits(unit, &Violation::ExcessScope(scope.clone()))
    }

    fn privilege(&self, change: &PrivilegeChange, extent: Extent<'_>) -> bool {
        if self.privilege.contains(&key(change)) {
            return true;
        }
        if extent == Extent::Whole {
            return false;
        }
        let unit = &change.unit;
        match &change.right {
            Right::Use { address, .. } => {
                self.uses.contains(&(unit, address, change.direction))
                    || self.uses.contains(&(unit, address, Direction::Widening))
                    || self.returns(unit, address)
            }
            Right::Scope(scope) => self.returns_scope(unit, scope),
            Right::Tier(_) | Right::Credential { .. } | Right::Setting { .. } => false,
        }
    }

    fn breakage(&self, breakage: &Breakage, extent: Extent<'_>) -> bool {
        let covers = |more: &ScopeSet, less: &ScopeSet| less.is_subset(more);
        let said = self.bound.breakage.iter().any(|said| match (said, breakage) {
            (
                Breakage::StopsRunning { address, missing },
                Breakage::StopsRunning { address: own, missing: lacks },
            )
            | (
                Breakage::WillNotRun { address, missing },
                Breakage::WillNotRun { address: own, missing: lacks },
            )
            | (
                Breakage::Unverified { address, accepted: missing, .. },
                Breakage::Unverified { address: own, accepted: lacks, .. },
            ) => address == own && covers(missing, lacks),
            (
                Breakage::FeatureBreaks { unit, feature, actions, missing },
                Breakage::FeatureBreaks { unit: at, feature: own, actions: stop, missing: lacks },
            ) => unit == at && feature == own && stop.is_subset(actions) && covers(missing, lacks),
            _ => false,
        });
        let unit = |address: &Address| {
            self.windows
                .iter()
                .any(|(unit, _)| address.is_within(unit) && self.returns(unit, address))
        };
        said || (extent.is_rest() && unit(breakage.address()))
    }

    fn loss(&self, loss: &Loss, extent: Extent<'_>) -> bool {
        let said = self.losses.get(&(&loss.address, loss.kind));
        if said.is_some_and(|names| loss.also_called.iter().all(|name| names.contains(name))) {
            return true;
        }
        let unit = |unit: &Address| {
            let scopes = unit.scope_list();
            let scope = loss.address.as_str().strip_prefix(scopes.as_str());
            let scope = scope.and_then(|rest| Scope::try_from(rest.strip_prefix('/')?).ok());
            self.returns(unit, &loss.address)
                || scope.is_some_and(|scope| self.returns_scope(unit, &scope))
        };
        extent.is_rest() && self.windows.iter().any(|(at, _)| unit(at))
    }
}
