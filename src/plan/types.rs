//! The plan: what would change, what that does, what a reviewer must know, and the writes that carry it out.
//!
//! Two halves, kept apart by type. What is **bound** is covered by the digest and must come true exactly; what is merely
//! **observed** is shown "as of" and may move without making the plan stale (SEMANTICS section 4). So planning again with
//! the same inputs gives the same digest, and an approval survives somebody reconnecting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people::{PeopleEffect, TokenEffect};
use super::policy::Policy;
use super::weaken::Weakened;
use crate::model::{Address, Effect, PrivilegeDelta, Scope, ScopeAccess, ScopeSet, WorkspaceId};
use crate::platform;

/// What one run of `plan` found. Made for every input: a wish that cannot come true is a blocker, not an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Covered by the digest.
    pub bound: Bound,
    /// Shown, not sealed.
    pub observed: Observed,
}

/// The decisions of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bound {
    /// Which kind of live system.
    pub platform: platform::Kind,
    /// Which tenant.
    pub workspace: WorkspaceId,
    /// Where the live system answers: a URL, or `embedded`.
    pub endpoint: String,
    /// The last day on which everything the plan relies on still holds; afterwards apply refuses it as stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub valid_until: Option<Date>,
    /// In the user's terms, in address order.
    pub changes: Vec<Change>,
    /// In the order in which they are carried out.
    pub operations: Vec<PlannedOperation>,
    /// What becomes possible and what stops being possible.
    pub privilege: PrivilegeDelta,
    /// What stops working.
    pub breakage: Vec<Breakage>,
    /// Everything that the plan takes something from, in address order: what protections and limits are held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// What a reviewer should know and a blocker would stop; by severity, then code, then address.
    pub findings: Vec<Finding>,
    /// Live facts beyond the changed fields that the plan relied on.
    pub relied_on: Vec<Reliance>,
    /// Scopes that would be requested although no line of the files asks for them: the vendor added them. They need a
    /// pair of eyes, so `--auto-approve` does not cover them.
    pub unreviewed: Vec<Unreviewed>,
    /// The organisation's rules in force: of the files, and of the files before the change where those are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
    /// The rules before the change that the files take away or weaken, where those before the change are known; by address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weakened: Vec<Weakened>,
    /// What the files say about what the plan changes: rules may rely on it, so it is approved with the plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
}

/// What the files say about integrations, clients and keys: by address, then by name. For people and Rego rules; the tool
/// itself takes no meaning from it.
pub type Labels = BTreeMap<Address, BTreeMap<String, String>>;

/// One thing that a plan takes something from, whether or not it gives something else at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// What loses something.
    pub address: Address,
    /// The line of the files that asks for it, as far as one can be told.
    pub declared_at: Address,
    /// In which way.
    pub kind: LossKind,
    /// Its addresses under the other names that the platform has or had for it: a rule may know it by one of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub also_called: BTreeSet<Address>,
}

/// The ways of losing something.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// A scope is no longer requested.
    Scope,
    /// Somebody can no longer run an action, or nobody can.
    Use,
    /// A tier of a resource, or its list of verbs, allows less or something else.
    Tier,
    /// A token or an API key ends, or a key loses full access.
    Credential,
    /// A switch or a share list allows less or somebody else; it may be that nobody loses anything by that today.
    Setting,
    /// The OAuth client is another one, so that no connection made so far is worth anything.
    Client,
    /// It stops for a moment in between and is afterwards as it was.
    Moment,
}

impl LossKind {
    /// Returns whether it counts as a removal: each is one line of the privilege delta, or one token or key that ends.
    #[must_use]
    pub const fn is_removal(self) -> bool {
        match self {
            Self::Scope | Self::Use | Self::Tier | Self::Credential => true,
            Self::Setting | Self::Client | Self::Moment => false,
        }
    }
}

impl Loss {
    /// Returns a loss for which no line is known but the thing's own.
    #[must_use]
    pub fn of(address: Address, kind: LossKind) -> Self {
        Self { declared_at: address.clone(), address, kind, also_called: BTreeSet::new() }
    }
}

/// The loss as a sentence.
impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            LossKind::Scope => "would no longer be requested",
            LossKind::Use => "would stop, for somebody or for everybody",
            LossKind::Tier => "would allow less",
            LossKind::Credential => "would end or lose full access",
            LossKind::Setting => "would be open to fewer people or to others",
            LossKind::Client => "would be another client, and every connection be made anew",
            LossKind::Moment => "would stop for a moment",
        };
        write!(out, "`{}` {what}", self.address)
    }
}

/// How many people and things a plan is held against. Moves by itself, so no decision is made of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scale {
    /// People who must reconnect who need not do so before the plan, or whose tokens change or end. Each counts once.
    pub people: usize,
    /// What could be removed of the whole workspace before the plan: requested scopes, actions that run, tiers and verb
    /// lists that allow something, tokens, API keys.
    pub rights: usize,
}

/// A scope that nobody reviewed a line for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unreviewed {
    /// The integration that would request it.
    pub unit: Address,
    /// The scope.
    pub scope: Scope,
}

/// What was true when the plan was made and may move freely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// The date the plan was made for (UTC).
    #[schemars(with = "String")]
    pub today: Date,
    /// The snapshot file that the plan was made from instead of the live system; such a plan is never applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<FromSnapshot>,
    /// The run of apply that the plan takes back, where it is the plan of an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<String>,
    /// The other workspaces that the files declare: nothing of them is in the plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub other_workspaces: BTreeSet<WorkspaceId>,
    /// Who must reconnect, per unit.
    pub people: Vec<PeopleEffect>,
    /// What changes for the holders of tokens, per client, on platforms where a change takes effect at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenEffect>,
    /// Who is in the groups that the plan newly shares something with, as far as the platform says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// What each scope of a list kept by hand that the plan changes allows, by unit, as far as a source says: also of those
    /// that were requested before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_access: BTreeMap<Address, BTreeMap<Scope, ScopeAccess>>,
    /// What limits on shares and people are held against.
    #[serde(default)]
    pub scale: Scale,
    /// Findings about people and other things that move by themselves.
    pub findings: Vec<Finding>,
    /// What is live and was left as it is, because no line asks for anything else.
    pub left_alone: Vec<LeftAlone>,
    /// The effective configuration of every changed unit before and after, for `--format diff`.
    pub effective: Vec<Effective>,
    /// What admins see of every changed unit before and after, for `--format html`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<platform::Comparison>,
    /// HTTP requests.
    pub api_cost: ApiCost,
    /// Where each declared address stands in the files.
    pub sources: Vec<SourceRange>,
}

/// Which snapshot file a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FromSnapshot {
    /// When it was taken (UTC).
    #[schemars(with = "String")]
    pub taken: Timestamp,
    /// Its digest, 64 hexadecimal digits.
    pub digest: String,
    /// Who signed it, as the allowed-signers file names them; nobody when that was not asked.
    pub signed_by: BTreeSet<String>,
}

/// One thing that changes, in the user's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What changes.
    pub address: Address,
    /// The sort of thing, such as `odeus_action`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The integration or client it belongs to.
    pub unit: Address,
    /// Where the files ask for it: the address itself, or the glob or policy that covers it.
    pub declared_at: Address,
    /// The live value; `null` when it did not exist.
    pub before: serde_json::Value,
    /// The planned value; `null` when it will not exist.
    pub after: serde_json::Value,
    /// Caused by the vendor's catalogue alone: no line of the files moved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub catalog_change: bool,
}

/// One write, with what it will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedOperation {
    /// Operations of one unit run one after another; units are independent.
    pub unit: Address,
    /// The field that is written.
    pub address: Address,
    /// The write.
    pub operation: platform::Operation,
    /// The value of the written field on which the write was computed: for the stale check.
    pub before: serde_json::Value,
    /// What the machine says it does.
    pub effect: Effect,
}

/// Something that works before and not after, or is on and will not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breakage {
    /// An action stops for everybody it ran for although it stays on.
    StopsRunning {
        /// The action.
        address: Address,
        /// The scopes that it then lacks.
        missing: ScopeSet,
    },
    /// An action is turned on and will not run.
    WillNotRun {
        /// The action.
        address: Address,
        /// The scopes that it lacks.
        missing: ScopeSet,
    },
    /// An action relies on a claim that scopes it declares are not needed: cannot be verified from here.
    Unverified {
        /// The action.
        address: Address,
        /// The scopes accepted as missing.
        accepted: ScopeSet,
        /// The reason given in the files.
        reason: String,
    },
    /// A platform feature loses a native action's scope.
    FeatureBreaks {
        /// The unit whose native action stops.
        unit: Address,
        /// The feature, in the seed's words.
        feature: String,
        /// The native actions that serve it and stop.
        actions: BTreeSet<Address>,
        /// The scopes that go missing.
        missing: ScopeSet,
    },
}

impl Breakage {
    /// Returns what it happens to: an action, or the integration whose feature breaks.
    #[must_use]
    pub const fn address(&self) -> &Address {
        match self {
            Self::StopsRunning { address, .. }
            | Self::WillNotRun { address, .. }
            | Self::Unverified { address, .. } => address,
            Self::FeatureBreaks { unit, .. } => unit,
        }
    }
}

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Stops the plan from being applied.
    Blocker,
    /// Should be read before approving.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// Returns the severity's word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A lint of the plan with a stable code; `scopeform explain CODE` says more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Stable kebab-case name of the rule.
    pub code: String,
    /// What it is about.
    pub address: Address,
    /// Lowercase fragment: what is the matter. May hold text from the live system.
    pub message: String,
    /// What to do about it; empty when there is nothing to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// A scope list meant to be pasted somewhere else, whole.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub paste: ScopeSet,
}

/// A live fact beyond the changed fields that the plan used. Apply refuses the plan when it has changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Reliance {
    /// The fact.
    pub address: Address,
    /// Its value at plan time, in words.
    pub value: String,
}

/// Something live that no line declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftAlone {
    /// Where.
    pub address: Address,
    /// What, in words: `9 actions on, 3 off`; of things by name how many: `2 integrations no file declares`.
    pub what: String,
    /// The things, where it is about things by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl LeftAlone {
    /// Returns what was left alone of something that has no parts by name.
    #[must_use]
    pub const fn fact(address: Address, what: String) -> Self {
        Self { address, what, names: Vec::new() }
    }
}

/// What was left alone, with every name: `2 integrations no file declares: planner, teams`.
impl fmt::Display for LeftAlone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)?;
        let separators = std::iter::once(": ").chain(std::iter::repeat(", "));
        for (name, separator) in self.names.iter().zip(separators) {
            write!(out, "{separator}{name}")?;
        }
        Ok(())
    }
}

/// One unit's effective configuration as text, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effective {
    /// The unit.
    pub unit: Address,
    /// Live now.
    pub before: String,
    /// Live after the plan.
    pub after: String,
}

/// Requests that planning made and applying will make, counted before they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiCost {
    /// Reads that this plan took: one per page of each collection.
    pub plan_reads: u32,
    /// Reads that apply will make: the re-read before its first write and the verifying re-plan.
    pub apply_reads: u32,
    /// Writes that apply will make: one per operation.
    pub writes: u32,
}

/// Where a declared address stands in the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRange {
    /// The declared address.
    pub address: Address,
    /// Path below the configuration folder, with `/`.
    pub file: String,
    /// Line of its first character, from 1.
    pub line: u32,
    /// Column of its first character, in characters, from 1.
    pub column: u32,
    /// Line of the character after its last.
    pub end_line: u32,
    /// Column of the character after its last.
    pub end_column: u32,
}

impl Plan {
    /// Says about everything that the plan changes what the files say about it.
    pub fn label(&mut self, labels: &Labels) {
        let units: BTreeSet<&Address> =
            self.bound.changes.iter().map(|change| &change.unit).collect();
        let about = labels.iter().filter(|(address, _)| units.contains(address));
        self.bound.labels = about.map(|(address, said)| (address.clone(), said.clone())).collect();
    }

    /// Returns whether the live system already is what the files ask for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bound.operations.is_empty() && self.bound.changes.is_empty()
    }

    /// Iterates all findings, bound ones first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.bound.findings.iter().chain(&self.observed.findings)
    }

    /// Iterates the findings that stop the plan from being applied.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings().filter(|finding| finding.severity == Severity::Blocker)
    }

    /// Returns where the files declare `address`: the line itself, or the nearest line above it in the tree.
    #[must_use]
    pub fn source_of(&self, address: &Address) -> Option<&SourceRange> {
        let found = self.observed.sources.iter().filter(|s| address.is_within(&s.address));
        found.max_by_key(|s| s.address.as_str().len())
    }
}
