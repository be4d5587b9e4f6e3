//! The organisation's own rules about plans: what is protected, how much may go at once, who must agree, which findings
//! are graver here than elsewhere, and what it has written in Rego.
//!
//! They stand outside the blocks that they are about, so that removing a block does not remove its protection. A plan
//! carries the rules that were in force when it was made, inside its digest: an approval is an approval under these rules.
//! Where the files before a change are known too, both sets are carried and both must be satisfied, which is never less
//! strict than either.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::approvals::{ApprovalRule, Approvals, Requirement, Signer, When, required};
use super::types::{Plan, Severity};
use super::{Rule, denial, guard, weaken};

/// One set of rules, as one revision of the files states them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// What no plan may take anything from, by address and then reason, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protect: Vec<Protected>,
    /// How much one plan may do unless somebody accepts exactly that plan.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// Who must agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
    /// Severities that findings are raised to, by finding code. A severity is never lowered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub raised: BTreeMap<String, Severity>,
    /// What the organisation has written in Rego.
    #[serde(default, skip_serializing_if = "Rego::is_empty")]
    pub rego: Rego,
}

/// Rules in the language Rego, as text: a plan that is applied later is asked by the rules that it was made under, also
/// where their files are not at hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rego {
    /// Files of rules, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<RegoFile>,
    /// JSON documents that the rules read below `data`, by path. They are joined at the top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<RegoFile>,
}

/// One file of Rego rules, or of data for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RegoFile {
    /// Its path below the configuration folder, or as it was named on the command line.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Rego {
    /// Returns whether there is no rule.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.modules.is_empty() && self.data.is_empty()
    }

    /// Adds a file, by what its name ends with: rules in `.rego`, data in `.json`. The same path twice counts once.
    pub fn add(&mut self, file: RegoFile) {
        let files = if file.path.ends_with(".rego") { &mut self.modules } else { &mut self.data };
        if let Err(at) = files.binary_search_by(|known| known.path.cmp(&file.path)) {
            files.insert(at, file);
        }
    }
}

/// Something that no plan may narrow or remove.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Protected {
    /// An address, and with it everything below; `*` stands for any text within one segment.
    pub address: String,
    /// Why, in the words of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The most that one plan may do. What is absent is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Removals, as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removals: Option<u32>,
    /// Removals, as a share of what was there before, in per cent from 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removals_share: Option<u8>,
    /// People who must reconnect, or whose tokens change or end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// Actions that stop running although they stay on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_actions: Option<u32>,
}

impl Limits {
    /// Returns whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Lowers each limit to that of `other` where that is lower: whatever keeps both is kept.
    pub fn tighten(&mut self, other: &Self) {
        let Self { removals, removals_share, people, broken_actions } = other;
        lower(&mut self.removals, *removals);
        lower(&mut self.removals_share, *removals_share);
        lower(&mut self.people, *people);
        lower(&mut self.broken_actions, *broken_actions);
    }
}

fn lower<T: Ord + Copy>(mine: &mut Option<T>, other: Option<T>) {
    *mine = match (*mine, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

impl Policy {
    /// Returns whether what `warn` rules in Rego say is raised to a blocker.
    #[must_use]
    pub fn raises_warnings(&self) -> bool {
        self.raised.get(denial::WARNED.code) == Some(&Severity::Blocker)
    }

    /// Returns whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Iterates the rules about plans that are the same on every platform.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    guard::rules().chain(denial::rules()).chain(weaken::rules())
}

/// Puts the rules in force into the plan, and a finding wherever the plan breaks one of them. Rules that two revisions
/// have in common are carried once, so that knowing the files before a change does not move the digest where they agree.
pub fn enforce(plan: &mut Plan, policies: Vec<Policy>) {
    plan.bound.policies.clear();
    for policy in policies {
        if !policy.is_empty() && !plan.bound.policies.contains(&policy) {
            plan.bound.policies.push(policy);
        }
    }
    guard::judge(plan);
    raise(plan);
}

/// Raises the severity of findings as the rules ask, the graver one where they differ.
fn raise(plan: &mut Plan) {
    let policies = &plan.bound.policies;
    for findings in [&mut plan.bound.findings, &mut plan.observed.findings] {
        for finding in findings.iter_mut() {
            let raised = policies.iter().filter_map(|policy| policy.raised.get(&finding.code));
            finding.severity = raised.copied().fold(finding.severity, Severity::min);
        }
        findings.sort();
    }
}
