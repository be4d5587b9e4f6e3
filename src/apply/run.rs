//! The loop: re-read, refuse what is stale, write, settle, verify. No decisions.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::Poll;

use futures_util::stream::{self, StreamExt as _};
use jiff::civil::Date;
use thiserror::Error;

use super::Adapter;
use super::course::{Course as _, unlike};
use super::end::{shown_done, unexplained};
use super::observer::{Event, Observer, Purpose};
use super::report::{Outcome, Report, Settled, Step, Unexplained};
use crate::model::Address;
use crate::plan::consequence::{Extent, Unsaid};
use crate::plan::{Finding, PlannedOperation, guard};
use crate::platform::provider::{ProviderError, Read, Write, Written};
use crate::seal::ApprovedPlan;

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The date (UTC): a plan that relied on something which has ended is stale.
    pub today: Date,
    /// How many units are worked on at once; at least one.
    pub parallelism: usize,
    /// Set from outside to stop: the request in flight is finished, nothing new is begun.
    pub interrupted: &'a AtomicBool,
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// Something that the plan relied on has moved.
    #[error("the plan is stale: {} moved", crate::plan::count(.0.moved.len(), "fact has", "facts have"))]
    Stale(Unexplained),
    /// The plan's time is over.
    #[error("the plan was valid until {valid_until}, and today is {today}")]
    Expired {
        /// The last day of its validity.
        valid_until: Date,
        /// Today.
        today: Date,
    },
    /// Its operations do something that it does not say.
    #[error(
        "the plan does not say what its operations do: {} missing",
        crate::plan::count(.0.len(), "line is", "lines are")
    )]
    Unsaid(Vec<Unsaid>),
    /// Rules in Rego were asked about a plan that does not tell them this.
    #[error("rules in Rego were not told all: {} missing", crate::plan::count(.0.len(), "fact is", "facts are"))]
    Untold(Vec<Unsaid>),
    /// By now it affects more people, or removes more of what is there, than the rules in force allow.
    #[error("the plan is over its limits: {}", crate::plan::count(.0.len(), "limit", "limits"))]
    OverLimit(Vec<Finding>),
    /// The plan is for another workspace or platform.
    #[error("the plan is for workspace `{planned}`, not for `{actual}`")]
    OtherWorkspace {
        /// The plan's.
        planned: String,
        /// The one at hand.
        actual: String,
    },
    /// What is about to be done cannot be noted.
    #[error("{0}")]
    NotNoted(String),
    /// The workspace could not be read.
    #[error(transparent)]
    Read(#[from] ProviderError),
}

/// A unit's operations, each with its place in the plan.
type Unit<'p> = Vec<(usize, &'p PlannedOperation)>;

/// Carries out a plan. Returns what was done, and the snapshot read at the end.
///
/// # Errors
/// [`ApplyError`] when nothing was written. Whatever happens after the first write is in the [`Report`].
pub async fn run<A, P>(
    approved: &ApprovedPlan,
    provider: &P,
    options: Options<'_>,
    observer: &dyn Observer,
) -> Result<(Report, Option<A::Snapshot>), ApplyError>
where
    A: Adapter,
    P: Read<Snapshot = A::Snapshot> + Write<Operation = A::Operation, Resource = A::Resource>,
{
    let bound = &approved.sealed().plan().bound;
    if let Some(valid_until) = bound.valid_until
        && options.today > valid_until
    {
        return Err(ApplyError::Expired { valid_until, today: options.today });
    }
    let before = provider.sent();
    let reading = provider.read().await?;
    let stale = A::stale(bound, &reading.snapshot, options.today);
    let done = if stale.is_empty() {
        BTreeSet::new()
    } else {
        let resumed = A::resumed(bound, &reading.snapshot, options.today);
        resumed.map_err(ApplyError::Stale)?
    };
    // Every gate has judged what the plan says. That it is true is seen here, before anything is written.
    let consequences = A::consequences(bound, &done, &reading.snapshot, options.today);
    let unsaid = consequences.unsaid(bound, Extent::after(&done));
    if !unsaid.is_empty() {
        return Err(ApplyError::Unsaid(unsaid));
    }
    if approved.sealed().policies().any(|policy| !policy.rego.is_empty()) {
        let observed = &approved.sealed().plan().observed;
        let untold = A::told(bound, &reading.snapshot, options.today).untold(observed);
        if !untold.is_empty() {
            return Err(ApplyError::Untold(untold));
        }
    }
    // What moves by itself is asked again.
    let judged = approved.sealed().judged();
    let scale = A::scale(bound, &reading.snapshot, options.today);
    let mut over = guard::observed(&judged.bound, scale);
    over.retain(|finding| !approved.passes(finding));
    if !over.is_empty() {
        return Err(ApplyError::OverLimit(over));
    }
    let found = A::found(bound, &reading.snapshot);
    // All this took its time, and whoever wants it stopped is heard before anything is written.
    give_way().await;
    observer
        .on(Event::Read {
            purpose: Purpose::Before,
            calls: reading.calls,
            found: &found,
            done: &done,
        })
        .map_err(ApplyError::NotNoted)?;

    let run = Run::<A, P> {
        provider,
        options,
        observer,
        total: bound.operations.len(),
        snapshot: &reading.snapshot,
        done: &done,
        halted: OnceLock::new(),
        token_refused: AtomicBool::new(false),
        gone: AtomicBool::new(false),
        refused: Mutex::default(),
    };
    let mut outcomes: Vec<(usize, Outcome)> = Vec::new();
    let mut stopped: Option<Address> = None;
    for stage in stages(&bound.operations) {
        let units = stream::iter(stage).map(|unit| run.unit(unit, stopped.clone()));
        let mut done: Vec<(usize, Outcome)> =
            units.buffer_unordered(options.parallelism.max(1)).concat().await;
        done.sort_by_key(|(index, _)| *index);
        // A stage relies on the one before it: a workspace switch comes last so that nothing is enabled unreviewed.
        stopped = stopped.or_else(|| first_undone(&bound.operations, &done));
        outcomes.extend(done);
    }
    outcomes.sort_by_key(|(index, _)| *index);

    let steps = bound.operations.iter().zip(outcomes).map(|(planned, (_, outcome))| Step {
        unit: planned.unit.clone(),
        address: planned.address.clone(),
        what: planned.operation.to_string(),
        outcome,
    });
    let accepted = approved.accepted();
    let (steps, differences) = (steps.collect(), None);
    let mut report = Report { steps, differences, calls: 0, accepted, token_refused: false };
    let end = match provider.read().await {
        Ok(reading) => {
            run.has_read(Purpose::End, reading.calls);
            Some(reading.snapshot)
        }
        Err(error) => {
            run.look_at(&error);
            None
        }
    };
    report.token_refused = run.token_refused.load(Ordering::Relaxed);
    if let Some(end) = &end {
        for (index, (step, planned)) in report.steps.iter_mut().zip(&bound.operations).enumerate() {
            run.hold_against(end, index, planned, &mut step.outcome);
        }
    }
    report.differences = end.as_ref().map(|end| {
        unexplained::<A>((bound, &done), &report.steps, (&reading.snapshot, end), options.today)
    });
    report.calls = provider.sent().saturating_sub(before);
    Ok((report, end))
}

/// Lets whoever waits beside the run be asked once.
async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Returns the first operation of a stage that was not applied. An interruption stops what follows by itself.
fn first_undone(operations: &[PlannedOperation], done: &[(usize, Outcome)]) -> Option<Address> {
    let undone = |(_, outcome): &&(usize, Outcome)| {
        !outcome.is_applied() && *outcome != Outcome::Interrupted
    };
    let (index, _) = done.iter().find(undone)?;
    operations.get(*index).map(|planned| planned.address.clone())
}

/// Splits operations into stages that wait for one another, and each stage into units that do not: the workspace's own
/// switches stay where the plan put them, before or after all units.
fn stages(operations: &[PlannedOperation]) -> Vec<Vec<Unit<'_>>> {
    let workspace = Address::workspace();
    let mut stages: Vec<Vec<Unit<'_>>> = Vec::new();
    let mut alone = true;
    for (index, planned) in operations.iter().enumerate() {
        let is_workspace = planned.unit == workspace;
        if stages.is_empty() || alone || is_workspace {
            stages.push(Vec::new());
        }
        alone = is_workspace;
        let Some(stage) = stages.last_mut() else { continue };
        match stage.last_mut() {
            Some(unit) if unit.last().is_some_and(|(_, last)| last.unit == planned.unit) => {
                unit.push((index, planned));
            }
            _ => stage.push(vec![(index, planned)]),
        }
    }
    stages
}

/// What a unit's next write rests on.
struct Way<'r, A: Adapter + 'r> {
    /// The version token that the last answer or reading gave.
    revision: Option<String>,
    /// What the writes so far make of the unit.
    course: Option<A::Course<'r>>,
    /// What somebody else has changed in between: nothing more is written over it.
    foreign: Option<String>,
}

struct Run<'r, A: Adapter, P> {
    provider: &'r P,
    options: Options<'r>,
    observer: &'r dyn Observer,
    total: usize,
    snapshot: &'r A::Snapshot,
    done: &'r BTreeSet<usize>,
    /// Where the first write met somebody else's, or the platform refused the token or went away: no further unit is begun
    /// then.
    halted: OnceLock<Address>,
    /// Whether the platform has said that it does not accept the token.
    token_refused: AtomicBool,
    /// Whether the platform could not be reached until the deadline.
    gone: AtomicBool,
    /// Places of the writes that were sent and refused.
    refused: Mutex<BTreeSet<usize>>,
}

impl<'r, A, P> Run<'r, A, P>
where
    A: Adapter,
    P: Read<Snapshot = A::Snapshot> + Write<Operation = A::Operation, Resource = A::Resource>,
{
    /// Carries out one unit; `stopped` names what was not applied before it and stops it before it begins.
    async fn unit(&self, unit: Unit<'_>, mut stopped: Option<Address>) -> Vec<(usize, Outcome)> {
        let mut done = Vec::with_capacity(unit.len());
        let mut way = Way { revision: None, course: None, foreign: None };
        let mut begun = false;
        for (index, planned) in unit {
            if !begun {
                // Whoever was faster goes on: two runs that both take what they get would leave neither plan whole. A
                // token that is refused once is refused again, and a platform that has gone away is not waited for
                // once more per unit.
                stopped = stopped.or_else(|| self.halted.get().cloned());
            }
            let outcome = if self.done.contains(&index) {
                self.done_before(index, planned)
            } else if let Some(by) = &stopped {
                Outcome::Skipped(by.clone())
            } else if self.options.interrupted.load(Ordering::Relaxed) {
                Outcome::Interrupted
            } else {
                begun = true;
                self.operation(index, planned, &mut way).await
            };
            let refused = self.turned_away();
            if matches!(outcome, Outcome::Conflict(_)) || (refused && !outcome.is_applied()) {
                let _ = self.halted.set(planned.address.clone());
            }
            let (total, operation) = (self.total, planned);
            // What cannot be noted now stops the next write, which has to be noted before it is sent.
            let _ =
                self.observer.on(Event::Finished { index, total, operation, outcome: &outcome });
            if stopped.is_none() && !outcome.is_applied() && outcome != Outcome::Interrupted {
                stopped = Some(planned.address.clone());
            }
            done.push((index, outcome));
        }
        done
    }

    /// Says what a write that was done before this run began is worth now.
    fn done_before(&self, index: usize, planned: &PlannedOperation) -> Outcome {
        if self.observer.was_answered(index) {
            return Outcome::AlreadyDone;
        }
        match A::operation(&planned.operation).map(|operation| self.provider.kept(operation)) {
            Some(Err(lost)) => Outcome::ValueLost(lost),
            Some(Ok(())) | None => Outcome::AlreadyDone,
        }
    }

    async fn operation(
        &self,
        index: usize,
        planned: &PlannedOperation,
        way: &mut Way<'r, A>,
    ) -> Outcome {
        let Some(operation) = A::operation(&planned.operation) else {
            return Outcome::Failed("the operation is another platform's".to_owned());
        };
        if let Some(why) = A::not_needed(operation, self.snapshot, self.options.today) {
            return Outcome::NotNeeded(why);
        }
        if let Some(why) = &way.foreign {
            return Outcome::Conflict(why.clone());
        }
        if way.course.is_none() {
            way.course = A::Course::of(operation, self.snapshot);
        }
        let led = way.course.as_mut().map(|course| course.go(operation));
        if let Err(why) = led.unwrap_or_else(|| Err(format!("{} is not there", planned.unit))) {
            return Outcome::Failed(format!("the request did not leave: {why}"));
        }
        let current = way.revision.take().unwrap_or_else(|| A::revision(operation, self.snapshot));
        let total = self.total;
        let started = Event::Started { index, total, operation: planned, revision: &current };
        if let Err(why) = self.observer.on(started) {
            return Outcome::Failed(format!("the request did not leave: {why}"));
        }
        let answer = self.provider.write(operation, &current, &planned.effect).await;
        match answer.inspect_err(|error| self.look_at(error)) {
            Ok(written) => answered(planned, written, way),
            Err(error) if error.is_unknown() => self.settle(index, operation, way, &error).await,
            Err(ProviderError::Stopped) => Outcome::Interrupted,
            Err(
                // What was there a moment ago and is gone has moved too, and so has what is there now and was not (409).
                error @ (ProviderError::PreconditionFailed { .. }
                | ProviderError::ConfirmationRequired { .. }
                | ProviderError::NotFound { .. }
                | ProviderError::Refused { status: 409, .. }),
            ) => self.refused(index, Outcome::Conflict(error.to_string())),
            Err(error @ (ProviderError::Unauthorized { .. } | ProviderError::Forbidden { .. })) => {
                self.refused(index, Outcome::NotAllowed(error.to_string()))
            }
            Err(error @ ProviderError::Unreachable { .. }) => {
                Outcome::Unreachable(error.to_string())
            }
            Err(error) => self.refused(index, Outcome::Failed(error.to_string())),
        }
    }

    /// Remembers of a write that was not applied that its request left.
    fn refused(&self, index: usize, outcome: Outcome) -> Outcome {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
        outcome
    }

    /// Holds what became of an operation against what the end shows of it.
    fn hold_against(
        &self,
        end: &A::Snapshot,
        index: usize,
        planned: &PlannedOperation,
        outcome: &mut Outcome,
    ) {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&index);
        let Some(shown) = shown_done::<A>(outcome, planned, refused, end) else { return };
        *outcome = shown;
        // Nothing is sent any more that would have to be noted before.
        let _ = self.observer.on(Event::Revised { index, outcome });
    }

    /// Remembers what an error says about everything that is still to come.
    fn look_at(&self, error: &ProviderError) {
        match error {
            ProviderError::Unauthorized { .. } => self.token_refused.store(true, Ordering::Relaxed),
            // Only said once the whole deadline is over.
            ProviderError::Unreachable { .. } => self.gone.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Returns whether the platform takes nothing more: it refused the token, or it went away.
    fn turned_away(&self) -> bool {
        self.token_refused.load(Ordering::Relaxed) || self.gone.load(Ordering::Relaxed)
    }

    /// Tells a read.
    fn has_read(&self, purpose: Purpose, calls: u32) {
        let done = &BTreeSet::new();
        // Not noting a read is no reason to stop: nothing depends on it.
        let _ = self.observer.on(Event::Read { purpose, calls, found: &[], done });
    }

    /// Finds out by reading whether a write that got no usable answer was done. It is never repeated.
    async fn settle(
        &self,
        index: usize,
        operation: &A::Operation,
        way: &mut Way<'r, A>,
        error: &ProviderError,
    ) -> Outcome {
        match self.provider.read().await.inspect_err(|error| self.look_at(error)) {
            Ok(reading) => {
                self.has_read(Purpose::Settle, reading.calls);
                way.revision = Some(A::revision(operation, &reading.snapshot));
                let settled = A::settle(operation, &reading.snapshot);
                let _ = self.observer.on(Event::Settled { index, settled: &settled });
                match settled {
                    Settled::Done => {
                        way.foreign = foreign::<A>(way.course.as_ref(), &reading.snapshot);
                        Outcome::AppliedUnanswered
                    }
                    // A late write is conditional too: it is refused once anything else has been written there.
                    Settled::NotDone if error.may_come_late() => Outcome::Unknown(format!(
                        "{error}; reading showed that it had not been done by then, but it may still be"
                    )),
                    Settled::NotDone => self.refused(
                        index,
                        Outcome::Failed(format!("{error}; reading showed that it was not done")),
                    ),
                    Settled::Lost(what) => Outcome::Diverged(format!("{error}; {what}")),
                }
            }
            Err(second) => Outcome::Unknown(format!("{error}; and reading failed too: {second}")),
        }
    }
}

/// Says what a reading shows beside the write that it settles. The version token that comes with it stands for all of it, so
/// that writing on it would write over what somebody else has done in between.
fn foreign<A: Adapter>(course: Option<&A::Course<'_>>, reading: &A::Snapshot) -> Option<String> {
    let odd = unlike(&course?.settled(reading))?;
    Some(format!(
        "the write before it was done, and reading showed more than that write: {odd}; nothing is written over it"
    ))
}

/// Holds an answer against what the plan says of the write, and against what the machine makes of the whole unit.
fn answered<A: Adapter>(
    planned: &PlannedOperation,
    written: Written<A::Resource>,
    way: &mut Way<'_, A>,
) -> Outcome {
    let Written { scopes, accepts, re_resolved, revision, resource } = written;
    way.revision = Some(revision);
    let effect = &planned.effect;
    let mut odd = Vec::new();
    if scopes != effect.scopes {
        odd.push(format!(
            "planned to add [{}] and remove [{}]; the platform added [{}] and removed [{}]",
            effect.scopes.add, effect.scopes.remove, scopes.add, scopes.remove
        ));
    }
    if accepts != effect.accepts {
        odd.push(format!(
            "planned to accept [{}] as missing; the platform accepted [{accepts}]",
            effect.accepts
        ));
    }
    let shown = way.course.as_ref().map(|course| course.answered(&resource));
    odd.extend(shown.and_then(|differences| unlike(&differences)));
    if odd.is_empty() {
        Outcome::Applied { re_resolved }
    } else {
        Outcome::Diverged(odd.join("; "))
    }
}
