//! Puts the parts that platforms computed per unit together into one plan, in the order that readers rely on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::people::{PeopleEffect, TokenEffect};
use super::types::{
    ApiCost, Bound, Breakage, Change, Effective, Finding, LeftAlone, Loss, Observed, Plan,
    PlannedOperation, Reliance, Scale, SourceRange, Unreviewed,
};
use crate::model::{
    Address, PrivilegeChange, PrivilegeDelta, Scope, ScopeAccess, UserId, WorkspaceId,
};
use crate::platform;

/// Everything about one unit that goes into a plan.
#[derive(Debug, Clone, Default)]
pub struct UnitPlan {
    /// In the user's terms.
    pub changes: Vec<Change>,
    /// In order.
    pub operations: Vec<PlannedOperation>,
    /// What becomes possible and what stops being possible.
    pub privilege: Vec<PrivilegeChange>,
    /// What stops working.
    pub breakage: Vec<Breakage>,
    /// What something is taken from.
    pub losses: Vec<Loss>,
    /// Findings covered by the digest.
    pub findings: Vec<Finding>,
    /// Findings about what moves by itself.
    pub observed_findings: Vec<Finding>,
    /// Live facts relied on.
    pub relied_on: Vec<Reliance>,
    /// Scopes nobody reviewed.
    pub unreviewed: Vec<Unreviewed>,
    /// Who must reconnect.
    pub people: Option<PeopleEffect>,
    /// What changes for the holders of tokens.
    pub tokens: Option<TokenEffect>,
    /// Who is in the groups that something is newly shared with.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// What the scopes of the list kept by hand allow, by unit, where the plan changes it.
    pub scope_access: BTreeMap<Address, BTreeMap<Scope, ScopeAccess>>,
    /// Who must reconnect who need not do so before, or holds a token that changes or ends.
    pub affected: BTreeSet<UserId>,
    /// What was left as it is.
    pub left_alone: Vec<LeftAlone>,
    /// Effective configuration before and after.
    pub effective: Option<Effective>,
    /// What admins see of it before and after.
    pub comparison: Option<platform::Comparison>,
    /// The last day on which what the unit relies on holds.
    pub valid_until: Option<Date>,
}

/// What a plan is made from, beside the wishes and the snapshot.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// The date (UTC). An input, so that the same inputs give the same plan.
    pub today: Date,
    /// Where the live system answers.
    pub endpoint: &'a str,
    /// Requests that the snapshot took.
    pub reads: u32,
    /// Where each declared address stands.
    pub sources: Vec<SourceRange>,
    /// Only these units, or all.
    pub only: Option<&'a [Address]>,
    /// Whether to keep the whole of every changed unit before and after, as text ([`Observed::effective`]) and as admins see
    /// it ([`Observed::comparisons`]). They hold also what does not move, so they cost more than all the rest of a plan;
    /// only who keeps the plan or shows both sides asks.
    pub both_sides: bool,
}

impl Inputs<'_> {
    /// Returns whether a unit is to be planned.
    #[must_use]
    pub fn wants(&self, unit: &Address) -> bool {
        self.only.is_none_or(|only| only.contains(unit))
    }
}

/// What a plan is about, beside its units.
#[derive(Debug, Clone)]
pub struct Header {
    /// Which kind of live system.
    pub platform: platform::Kind,
    /// Which tenant.
    pub workspace: WorkspaceId,
    /// Where the live system answers.
    pub endpoint: String,
    /// The date the plan is made for (UTC).
    pub today: Date,
    /// Requests that the snapshot took.
    pub reads: u32,
    /// What could be removed of the whole workspace ([`Scale::rights`]).
    pub rights: usize,
    /// Where each declared address stands.
    pub sources: Vec<SourceRange>,
}

/// Returns the plan. Units are taken in the order given, which is the order of their operations.
#[must_use]
pub fn assemble(header: Header, units: Vec<UnitPlan>) -> Plan {
    let mut bound = Bound {
        platform: header.platform,
        workspace: header.workspace,
        endpoint: header.endpoint,
        valid_until: None,
        changes: Vec::new(),
        operations: Vec::new(),
        privilege: PrivilegeDelta::default(),
        breakage: Vec::new(),
        losses: Vec::new(),
        findings: Vec::new(),
        relied_on: Vec::new(),
        unreviewed: Vec::new(),
        policies: Vec::new(),
        weakened: Vec::new(),
        labels: BTreeMap::new(),
    };
    let mut observed = Observed {
        today: header.today,
        snapshot: None,
        takes_back: None,
        other_workspaces: BTreeSet::new(),
        people: Vec::new(),
        tokens: Vec::new(),
        groups: BTreeMap::new(),
        scope_access: BTreeMap::new(),
        scale: Scale { people: 0, rights: header.rights },
        findings: Vec::new(),
        left_alone: Vec::new(),
        effective: Vec::new(),
        comparisons: Vec::new(),
        api_cost: ApiCost { plan_reads: header.reads, apply_reads: 0, writes: 0 },
        sources: header.sources,
    };
    let mut affected: BTreeSet<UserId> = BTreeSet::new();
    for unit in units {
        bound.valid_until = match (bound.valid_until, unit.valid_until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        bound.changes.extend(unit.changes);
        bound.operations.extend(unit.operations);
        bound.privilege.changes.extend(unit.privilege);
        bound.breakage.extend(unit.breakage);
        bound.losses.extend(unit.losses);
        bound.findings.extend(unit.findings);
        bound.relied_on.extend(unit.relied_on);
        bound.unreviewed.extend(unit.unreviewed);
        observed.people.extend(unit.people);
        observed.findings.extend(unit.observed_findings);
        observed.tokens.extend(unit.tokens);
        observed.groups.extend(unit.groups);
        observed.scope_access.extend(unit.scope_access);
        affected.extend(unit.affected);
        observed.left_alone.extend(unit.left_alone);
        observed.effective.extend(unit.effective);
        observed.comparisons.extend(unit.comparison);
    }
    bound.changes.sort_by(|a, b| a.address.cmp(&b.address));
    bound.losses.sort();
    bound.losses.dedup();
    observed.scale.people = affected.len();
    bound.findings.sort();
    bound.findings.dedup();
    bound.relied_on.sort();
    bound.relied_on.dedup();
    bound.unreviewed.sort();
    observed.findings.sort();
    observed.findings.dedup();
    let writes = u32::try_from(bound.operations.len()).unwrap_or(u32::MAX);
    observed.api_cost.writes = writes;
    if writes > 0 {
        // One read of everything before the first write, one to verify after the last.
        observed.api_cost.apply_reads = header.reads.saturating_mul(2);
    }
    Plan { bound, observed }
}
