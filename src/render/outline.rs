//! What every renderer of plans needs, sorted and counted once, so that text and JSON cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use super::grave;
use crate::model::{Address, Direction, PrivilegeChange, Right, Scope};
use crate::plan::guard::{self, Limit};
use crate::plan::{
    Breakage, Change, Finding, LeftAlone, LossKind, PeopleEffect, Plan, ReconnectReason, Severity,
    SourceRange,
};

/// A plan, arranged for readers.
#[derive(Debug)]
pub(super) struct Outline<'p> {
    pub(super) plan: &'p Plan,
    /// Most severe first; of one severity what causes others first, then by code and address.
    pub(super) findings: Vec<&'p Finding>,
    /// By unit; wider before narrower, scopes before uses.
    pub(super) privilege: BTreeMap<&'p Address, Vec<&'p PrivilegeChange>>,
    /// By unit; features first, since they reach people who never heard of the action.
    pub(super) breakage: Vec<&'p Breakage>,
    /// By unit.
    pub(super) people: Vec<&'p PeopleEffect>,
    /// By address.
    pub(super) changes: Vec<&'p Change>,
    /// By address.
    pub(super) left_alone: Vec<&'p LeftAlone>,
    pub(super) counts: Counts,
    sources: BTreeMap<&'p str, &'p SourceRange>,
    changed: BTreeMap<&'p Address, &'p Change>,
    stops: BTreeSet<&'p Address>,
    native: BTreeSet<&'p Address>,
}

/// The findings that cause others: a scope that was meant to be another one is missing where that one is needed.
const CAUSES: &[&str] = &["scope-case-mismatch", "unknown-scope"];

/// The findings which say that a line of the files does nothing.
const IDLE: &[&str] = &[
    "acceptance-without-effect",
    "glob-matches-nothing",
    "no-such-key",
    "no-such-token",
    "protects-nothing",
    "substitute-not-listed",
];

/// The numbers of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) remove: usize,
    pub(super) scopes_wider: usize,
    pub(super) scopes_narrower: usize,
    /// Actions that somebody can run who could not; one that changes hands is here and below.
    pub(super) uses_wider: usize,
    /// Actions that somebody can no longer run.
    pub(super) uses_narrower: usize,
    /// Tiers that allow something more; one that also allows something less is here and below.
    pub(super) tiers_wider: usize,
    pub(super) tiers_narrower: usize,
    /// Verbs outside the ladders that are allowed anew.
    pub(super) verbs_wider: usize,
    pub(super) verbs_narrower: usize,
    pub(super) credentials_new: usize,
    pub(super) credentials_end: usize,
    /// Settings that let in what no right of today shows.
    pub(super) settings_wider: usize,
    pub(super) settings_narrower: usize,
    pub(super) tokens_re_resolved: usize,
    /// Rights that refuse calls which they allow before, on platforms where a change takes effect at once.
    pub(super) rights_refused: usize,
    pub(super) actions_stop: usize,
    pub(super) actions_will_not_run: usize,
    pub(super) actions_unverified: usize,
    pub(super) features_break: usize,
    /// Different people who must reconnect and had not to before the plan.
    pub(super) must_reconnect: usize,
    /// Different others who must and had to already: the plan asks nothing of them.
    pub(super) had_to_already: usize,
    /// Things that stop in between and are afterwards as they were.
    pub(super) moments: usize,
    pub(super) blockers: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
    /// Lines of the files that ask for something and do nothing.
    pub(super) lines_idle: usize,
}

impl Counts {
    /// Returns how many things change.
    pub(super) const fn changes(&self) -> usize {
        self.add + self.change + self.remove
    }

    /// Returns how many things break, of whatever sort.
    pub(super) const fn broken(&self) -> usize {
        self.rights_refused + self.actions_stop + self.actions_will_not_run + self.features_break
    }
}

/// What a change does to the thing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Create,
    Update,
    Delete,
    NoOp,
}

impl Action {
    /// Returns what `change` does: a value that is `null` does not exist.
    pub(super) fn of(change: &Change) -> Self {
        if change.before == change.after {
            Self::NoOp
        } else if change.before.is_null() {
            Self::Create
        } else if change.after.is_null() {
            Self::Delete
        } else {
            Self::Update
        }
    }
}

impl<'p> Outline<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut findings: Vec<_> = plan.findings().collect();
        findings.sort_by_key(|finding| {
            (finding.severity, !CAUSES.contains(&finding.code.as_str()), *finding)
        });
        let mut privilege: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for change in &plan.bound.privilege.changes {
            privilege.entry(&change.unit).or_default().push(change);
        }
        for changes in privilege.values_mut() {
            changes.sort_by_key(|c| {
                (matches!(c.right, Right::Use { .. }), c.direction, grave::place(c), &c.right)
            });
        }
        let mut breakage: Vec<_> = plan.bound.breakage.iter().collect();
        breakage.sort_by_key(|b| breakage_order(b));
        let mut people: Vec<_> = plan.observed.people.iter().collect();
        people.sort_by_key(|p| &p.unit);
        let mut changes: Vec<_> = plan.bound.changes.iter().collect();
        changes.sort_by_key(|c| &c.address);
        let mut left_alone: Vec<_> = plan.observed.left_alone.iter().collect();
        left_alone.sort_by_key(|l| (&l.address, &l.what));
        let mut sources: BTreeMap<&str, &SourceRange> = BTreeMap::new();
        for range in &plan.observed.sources {
            let place = |r: &'p SourceRange| (&r.file, r.line, r.column);
            let known = sources.entry(range.address.as_str()).or_insert(range);
            if place(range) < place(known) {
                *known = range;
            }
        }
        let changed = changes.iter().map(|c| (&c.address, *c)).collect();
        let (mut stops, mut native) = (BTreeSet::new(), BTreeSet::new());
        for breakage in &breakage {
            match breakage {
                Breakage::StopsRunning { address, .. } => {
                    stops.insert(address);
                }
                Breakage::FeatureBreaks { actions, .. } => native.extend(actions),
                Breakage::WillNotRun { .. } | Breakage::Unverified { .. } => {}
            }
        }
        let counts = counts(plan, &findings);
        Self {
            plan,
            findings,
            privilege,
            breakage,
            people,
            changes,
            left_alone,
            counts,
            sources,
            changed,
            stops,
            native,
        }
    }

    /// Returns whether the action at `address` stops for want of scopes although it stays on.
    pub(super) fn stops(&self, address: &Address) -> bool {
        self.stops.contains(address) || self.is_native(address)
    }

    /// Returns whether the action at `address` is a native one that stops with its feature.
    pub(super) fn is_native(&self, address: &Address) -> bool {
        self.native.contains(address)
    }

    /// Returns where the files declare `address`: the line that a change of it names, the line itself, or the nearest
    /// line above it in the tree.
    pub(super) fn source_of(&self, address: &Address) -> Option<&'p SourceRange> {
        let start = self.changed.get(address).map_or(address, |change| &change.declared_at);
        let mut path = start.as_str();
        loop {
            if let Some(range) = self.sources.get(path) {
                return Some(range);
            }
            path = path.rsplit_once('/')?.0;
        }
    }

    /// Returns the rights that refuse calls which they allow before, each by its address, with the unit they belong to: the
    /// tiers of a unit, then its tokens or the key itself, since several units may share the former and none the latter.
    pub(super) fn refused(&self) -> Vec<(&'p Address, Vec<&'p Address>)> {
        let mut all = Vec::new();
        for (unit, changes) in &self.privilege {
            let (mut tiers, mut credentials) = (Vec::new(), Vec::new());
            for change in changes.iter().filter(|change| change.refuses()) {
                match &change.right {
                    Right::Tier(tier) => tiers.push(&tier.address),
                    Right::Credential { address, .. } => credentials.push(address),
                    Right::Scope(_) | Right::Use { .. } | Right::Setting { .. } => {}
                }
            }
            for mut own in [tiers, credentials].into_iter().filter(|own| !own.is_empty()) {
                own.sort();
                all.push((*unit, own));
            }
        }
        all
    }

    /// Iterates the findings of one severity.
    pub(super) fn of_severity(&self, severity: Severity) -> impl Iterator<Item = &'p Finding> {
        self.findings.iter().copied().filter(move |f| f.severity == severity)
    }

    /// Returns whether something blocks the plan and all of it can be accepted.
    pub(super) fn only_limits(&self) -> bool {
        let mut blockers = self.of_severity(Severity::Blocker).peekable();
        blockers.peek().is_some() && blockers.all(|finding| Limit::of(finding).is_some())
    }

    /// Returns the limits that are exceeded and that somebody has accepted for this plan.
    pub(super) fn accepted(&self) -> BTreeSet<Limit> {
        guard::accepted(self.findings.iter().copied()).collect()
    }

    /// Returns whether connections end because another OAuth client takes the place of theirs.
    pub(super) fn ends_connections(&self) -> bool {
        let ends = |p: &&PeopleEffect| p.reason == ReconnectReason::NewClient;
        self.people.iter().filter(|p| !p.must_reconnect.is_empty()).any(ends)
    }

    /// Returns every unit that something happens to.
    pub(super) fn units(&self) -> BTreeSet<&'p Address> {
        let changes = self.changes.iter().map(|c| &c.unit);
        changes.chain(self.plan.bound.operations.iter().map(|o| &o.unit)).collect()
    }

    /// Returns, per unit, the scopes that a tenant administrator must consent to.
    pub(super) fn admin_consent(&self) -> BTreeMap<&'p Address, BTreeSet<&'p Scope>> {
        let mut scopes: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for change in self.plan.bound.privilege.widening() {
            if let (Right::Scope(scope), Some(true)) = (&change.right, change.admin_consent) {
                scopes.entry(&change.unit).or_default().insert(scope);
            }
        }
        scopes
    }
}

fn breakage_order(breakage: &Breakage) -> (&str, u8, &str, Option<&BTreeSet<Address>>) {
    let (place, address) = match breakage {
        Breakage::FeatureBreaks { unit, feature, actions, .. } => {
            return (unit.as_str(), 0, feature, Some(actions));
        }
        Breakage::StopsRunning { address, .. } => (1, address),
        Breakage::WillNotRun { address, .. } => (2, address),
        Breakage::Unverified { address, .. } => (3, address),
    };
    (unit_of(address), place, address.as_str(), None)
}

/// Returns the first segment of an address of Odeus: the integration that an action or a scope belongs to. Units of
/// TrustPager have two, such as `oauth_clients/claude`.
pub(super) fn unit_of(address: &Address) -> &str {
    address.as_str().split('/').next().unwrap_or_default()
}

fn counts(plan: &Plan, findings: &[&Finding]) -> Counts {
    let mut counts = Counts::default();
    // A share list that is traded for another counts as widening, and closes the action to those who were on the first.
    let mut closed: BTreeSet<&Address> = BTreeSet::new();
    for loss in &plan.bound.losses {
        match loss.kind {
            LossKind::Use => {
                closed.insert(&loss.address);
            }
            LossKind::Moment => counts.moments += 1,
            LossKind::Scope
            | LossKind::Tier
            | LossKind::Credential
            | LossKind::Setting
            | LossKind::Client => {}
        }
    }
    for change in &plan.bound.changes {
        match Action::of(change) {
            Action::Create => counts.add += 1,
            Action::Update => counts.change += 1,
            Action::Delete => counts.remove += 1,
            Action::NoOp => {}
        }
    }
    for change in &plan.bound.privilege.changes {
        counts.rights_refused += usize::from(change.refuses());
        match (&change.right, change.direction) {
            (Right::Scope(_), Direction::Widening) => counts.scopes_wider += 1,
            (Right::Scope(_), Direction::Narrowing) => counts.scopes_narrower += 1,
            (Right::Use { .. }, Direction::Widening) => counts.uses_wider += 1,
            (Right::Use { address, .. }, Direction::Narrowing) => {
                closed.insert(address);
            }
            (Right::Tier(tier), _) => {
                counts.verbs_wider += tier.verbs_after.difference(&tier.verbs_before).count();
                counts.verbs_narrower += tier.verbs_before.difference(&tier.verbs_after).count();
                counts.tiers_wider += usize::from(tier.tier_widens);
                counts.tiers_narrower += usize::from(tier.tier_narrows);
            }
            (Right::Credential { .. }, Direction::Widening) => counts.credentials_new += 1,
            (Right::Credential { .. }, Direction::Narrowing) => counts.credentials_end += 1,
            (Right::Setting { .. }, Direction::Widening) => counts.settings_wider += 1,
            (Right::Setting { .. }, Direction::Narrowing) => counts.settings_narrower += 1,
        }
    }
    counts.uses_narrower = closed.len();
    for breakage in &plan.bound.breakage {
        match breakage {
            Breakage::StopsRunning { .. } => counts.actions_stop += 1,
            Breakage::WillNotRun { .. } => counts.actions_will_not_run += 1,
            Breakage::Unverified { .. } => counts.actions_unverified += 1,
            Breakage::FeatureBreaks { .. } => counts.features_break += 1,
        }
    }
    let people = || plan.observed.people.iter();
    let new: BTreeSet<&str> = people().flat_map(PeopleEffect::newly).collect();
    let had_to: BTreeSet<&str> = people().flat_map(|p| &p.already).map(String::as_str).collect();
    counts.must_reconnect = new.len();
    counts.had_to_already = had_to.difference(&new).count();
    counts.tokens_re_resolved = plan.observed.tokens.iter().map(|effect| effect.re_resolved).sum();
    for finding in findings {
        match finding.severity {
            Severity::Blocker => counts.blockers += 1,
            Severity::Warning => counts.warnings += 1,
            Severity::Note => counts.notes += 1,
        }
    }
    let idle = findings.iter().filter(|finding| IDLE.contains(&finding.code.as_str()));
    counts.lines_idle = idle.map(|finding| &finding.address).collect::<BTreeSet<_>>().len();
    counts
}
