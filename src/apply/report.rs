//! What apply did: one outcome per operation, in plan order.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Address;

/// A fact that has moved under a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The field.
    pub address: Address,
    /// What the plan has to do with `planned`.
    pub basis: Basis,
    /// What the plan was made on, or what it left.
    pub planned: Shown,
    /// What is live now.
    pub live: Shown,
}

impl Stale {
    /// Returns the fact that a plan was made on.
    #[must_use]
    pub fn on(address: Address, planned: impl Into<Shown>, live: impl Into<Shown>) -> Self {
        Self { address, basis: Basis::MadeOn, planned: planned.into(), live: live.into() }
    }

    /// Returns what a write of the plan left before this run.
    #[must_use]
    pub fn left(address: Address, planned: impl Into<Shown>, live: impl Into<Shown>) -> Self {
        Self { basis: Basis::Left, ..Self::on(address, planned, live) }
    }

    /// Returns that the platform would refuse a write by now, and why, in its words.
    #[must_use]
    pub fn refused(address: Address, why: String) -> Self {
        Self { basis: Basis::Refused, ..Self::on(address, "", why) }
    }

    /// Sorts by address and drops what is there twice.
    pub fn in_order(facts: &mut Vec<Self>) {
        let key =
            |fact: &Self| (fact.address.clone(), fact.planned.to_string(), fact.live.to_string());
        facts.sort_by_key(key);
        facts.dedup();
    }
}

/// What a plan has to do with a fact that has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// It was made on it.
    MadeOn,
    /// A write of it left that, in an earlier run: somebody has changed it since.
    Left,
    /// The platform would refuse a write to it by now; what is live is why, and nothing was planned.
    Refused,
}

/// What a field holds: its value, or words where it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A value, in the words of plans.
    Value(Value),
    /// Words for people.
    Words(String),
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<String> for Shown {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Shown {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(out, "{value}"),
            Self::Words(words) => out.write_str(words),
        }
    }
}

/// Why a plan cannot go on: what is live is no state that it goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexplained {
    /// What neither its beginning nor what it has done already explains; never empty.
    pub moved: Vec<Stale>,
    /// How many of its operations have certainly been done before.
    pub done: usize,
    /// Whether reading cannot tell of more of them: somebody else has changed just what they write, or what they end has
    /// ended.
    pub at_least: bool,
}

/// How far a plan has come in one unit where nothing explains it all: from the fewest operations to the most that explain
/// as much of what is live, and what each of the two leaves unexplained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Halfway {
    /// The places of the fewest.
    pub fewest: Vec<usize>,
    /// What is not as it was when only these have been done.
    pub by_fewest: Vec<Stale>,
    /// The places of the most.
    pub most: Vec<usize>,
    /// What is not as it was when these have been done.
    pub by_most: Vec<Stale>,
}

impl Unexplained {
    /// Sums up what is `done` for certain, what has `moved` beside the units, and each unit that is not explained. A plan of
    /// which something was done has most likely done the most, so that its own writes are nobody else's; one of which nothing
    /// was done for certain was most likely never applied. None where everything is explained.
    #[must_use]
    pub fn of(done: usize, mut moved: Vec<Stale>, units: Vec<Halfway>) -> Option<Self> {
        let certain = done + units.iter().map(|unit| unit.fewest.len()).sum::<usize>();
        let at_least = units.iter().any(|unit| unit.fewest != unit.most);
        let lines = units.into_iter().flat_map(|unit| match certain {
            0 => unit.by_fewest,
            _ => unit.by_most,
        });
        moved.extend(lines);
        Stale::in_order(&mut moved);
        (!moved.is_empty()).then_some(Self { moved, done: certain, at_least })
    }
}

/// A field that is not what the plan leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub address: Address,
    /// What the plan leads to.
    pub planned: Value,
    /// What is live.
    pub live: Value,
}

/// The difference for the middle of a sentence: values in the words of plans.
impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |value: &Value| match value {
            Value::Null => "nothing".to_owned(),
            Value::String(word) => word.clone(),
            other => other.to_string(),
        };
        let Self { address, planned, live } = self;
        write!(out, "{address}: expected {}, found {}", words(planned), words(live))
    }
}

/// What reading shows of a write that got no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "settled", content = "what", rename_all = "snake_case")]
pub enum Settled {
    /// It was done.
    Done,
    /// It was not done.
    NotDone,
    /// It was done and something that only its answer held is lost; in words, with what to do.
    Lost(String),
}

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", content = "detail", rename_all = "snake_case")]
pub enum Outcome {
    /// The platform did it and reported exactly the planned effect.
    Applied {
        /// How many active tokens have taken it over at once, where the platform counts them.
        re_resolved: Option<u64>,
    },
    /// It had been done before this run began: the live state is one that the plan itself goes through.
    AlreadyDone,
    /// It had been done before this run began, and what only its answer held is not where it belongs; in words, with what
    /// to do.
    ValueLost(String),
    /// No usable answer came, and reading showed that it was done.
    AppliedUnanswered,
    /// There was no need: what it would have done is no longer wanted, or has happened already.
    NotNeeded(String),
    /// The platform refused it, or what it needs here was not there: it was not done.
    Failed(String),
    /// The platform could not be reached, so the request did not leave: it was not done.
    Unreachable(String),
    /// The platform does not authorise us to do it: it was not done.
    NotAllowed(String),
    /// The resource moved, or the write would do something else than planned.
    Conflict(String),
    /// The platform did something else than planned. Everything after it in the unit was stopped.
    Diverged(String),
    /// This run may or may not have done it: no answer came, and reading failed too or came too early to tell; or it was
    /// refused, and the end shows it as done.
    Unknown(String),
    /// Not tried, because an earlier operation of its unit was not applied.
    Skipped(Address),
    /// Not tried, because the run was interrupted.
    Interrupted,
}

impl Outcome {
    /// Returns whether the platform is where the plan wanted it after this operation.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        match self {
            Self::Applied { .. }
            | Self::AlreadyDone
            | Self::AppliedUnanswered
            | Self::NotNeeded(_) => true,
            Self::ValueLost(_)
            | Self::Failed(_)
            | Self::Unreachable(_)
            | Self::NotAllowed(_)
            | Self::Conflict(_)
            | Self::Diverged(_)
            | Self::Unknown(_)
            | Self::Skipped(_)
            | Self::Interrupted => false,
        }
    }

    /// Returns whether an earlier run did it, with or without what its answer held.
    #[must_use]
    pub const fn was_done_before(&self) -> bool {
        matches!(self, Self::AlreadyDone | Self::ValueLost(_))
    }

    /// Returns whether it leaves nothing to be done: it was carried out by some run, however that came out, or needs not be.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_applied() || matches!(self, Self::ValueLost(_) | Self::Diverged(_))
    }

    /// Returns whether a write may have reached the platform.
    #[must_use]
    pub const fn may_have_written(&self) -> bool {
        match self {
            Self::Applied { .. }
            | Self::AppliedUnanswered
            | Self::Diverged(_)
            | Self::Unknown(_) => true,
            Self::AlreadyDone
            | Self::ValueLost(_)
            | Self::NotNeeded(_)
            | Self::Failed(_)
            | Self::Unreachable(_)
            | Self::NotAllowed(_)
            | Self::Conflict(_)
            | Self::Skipped(_)
            | Self::Interrupted => false,
        }
    }

    /// Returns the same outcome with the words in it changed.
    #[must_use]
    pub fn reworded(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::ValueLost(words) => Self::ValueLost(change(words)),
            Self::NotNeeded(words) => Self::NotNeeded(change(words)),
            Self::Failed(words) => Self::Failed(change(words)),
            Self::Unreachable(words) => Self::Unreachable(change(words)),
            Self::NotAllowed(words) => Self::NotAllowed(change(words)),
            Self::Conflict(words) => Self::Conflict(change(words)),
            Self::Diverged(words) => Self::Diverged(change(words)),
            Self::Unknown(words) => Self::Unknown(change(words)),
            Self::Applied { .. }
            | Self::AlreadyDone
            | Self::AppliedUnanswered
            | Self::Skipped(_)
            | Self::Interrupted => self,
        }
    }

    /// Returns the word for people and programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::AlreadyDone => "already_done",
            Self::ValueLost(_) => "value_lost",
            Self::AppliedUnanswered => "applied_unanswered",
            Self::NotNeeded(_) => "not_needed",
            Self::Failed(_) => "failed",
            Self::Unreachable(_) => "unreachable",
            Self::NotAllowed(_) => "not_allowed",
            Self::Conflict(_) => "conflict",
            Self::Diverged(_) => "diverged",
            Self::Unknown(_) => "unknown",
            Self::Skipped(_) => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One operation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The integration or client.
    pub unit: Address,
    /// The field written.
    pub address: Address,
    /// The write, in words.
    pub what: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What apply did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One entry per operation, in plan order.
    pub steps: Vec<Step>,
    /// What differs from the plan's end after the last write and follows from no step that was not applied; `None` when it
    /// could not be read.
    pub differences: Option<Vec<Difference>>,
    /// Requests made, reads and writes, those sent again included.
    pub calls: u32,
    /// The limits that the plan was allowed to exceed, as they were accepted: `removals@DIGEST`.
    pub accepted: BTreeSet<String>,
    /// Whether the platform refused the token, of a write or of the read at the end. After that no unit is begun.
    pub token_refused: bool,
}

impl Report {
    /// Returns the report of a plan that has nothing to do, for which nothing was asked.
    #[must_use]
    pub const fn of_nothing() -> Self {
        Self {
            steps: Vec::new(),
            differences: Some(Vec::new()),
            calls: 0,
            accepted: BTreeSet::new(),
            token_refused: false,
        }
    }

    /// Returns how many operations were applied, by this run or before it.
    #[must_use]
    pub fn applied(&self) -> usize {
        let applied = self.steps.iter().filter(|step| step.outcome.is_applied()).count();
        applied - self.not_needed()
    }

    /// Returns how many operations there was no need for.
    #[must_use]
    pub fn not_needed(&self) -> usize {
        let not_needed = |step: &&Step| matches!(step.outcome, Outcome::NotNeeded(_));
        self.steps.iter().filter(not_needed).count()
    }

    /// Returns how many of the operations applied had been done before the run began.
    #[must_use]
    pub fn already_done(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome == Outcome::AlreadyDone).count()
    }

    /// Returns how many operations an earlier run did, with or without what their answers held.
    #[must_use]
    pub fn done_before(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome.was_done_before()).count()
    }

    /// Returns whether every operation was applied, by this run or before it, whatever reading the end has shown.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_applied())
    }

    /// Returns whether nothing of the plan is left to be carried out, however that came out.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_over())
    }

    /// Returns whether every operation was applied and the end was read back as planned.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_applied() && self.differences.as_ref().is_some_and(Vec::is_empty)
    }

    /// Returns whether any write may have reached the platform.
    #[must_use]
    pub fn may_have_written(&self) -> bool {
        self.steps.iter().any(|step| step.outcome.may_have_written())
    }

    /// Returns whether the run was stopped from outside.
    #[must_use]
    pub fn was_interrupted(&self) -> bool {
        self.steps.iter().any(|step| step.outcome == Outcome::Interrupted)
    }
}
