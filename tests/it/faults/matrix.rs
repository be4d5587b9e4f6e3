//! Every fault at every call: after each, what the report says is true, nothing was done twice, running again reaches
//! the end of an undisturbed run, and nobody lost or gained anything on the way that the change does not take or give.
//!
//! The plan is made once, without faults; what is disturbed is apply: its reading before, every write, every reading
//! that settles a write, and the reading after.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scopeform::apply::{ApplyError, Outcome, Report};
use scopeform::plan::Plan;
use scopeform::platform::http::HttpOptions;
use serde_json::Value;

use super::answers::{Crowd, Round, Watch};
use super::odeus::Odeus;
use super::proxy::{Call, Fault, Proxy, RetryAfter, Seen};
use super::stage::{PATIENT, Plane, Runner, Stage};
use super::trustpager::Trustpager;
use crate::figures::{documented, number};

/// How long a client waits that is meant to give up; users are asked meanwhile. Too short only means that it gives up more
/// often.
const IMPATIENT: Duration = Duration::from_millis(600);

/// How many cases are worked on at once: most of them wait for one another's answers.
const AT_ONCE: usize = 4;

/// What an undisturbed run does.
struct Calm {
    /// How many requests it makes, from its first reading to its last.
    calls: usize,
    /// Which of them are writes.
    is_write: Vec<bool>,
    /// How many writes.
    writes: usize,
    /// Where it ends.
    end: Value,
    /// What users are answered before and at the end.
    answers: [Round; 2],
}

/// Carries out a plan through a proxy that looks at what is live after every write, and asks users when it is their turn.
fn disturbed<S: Stage>(
    runner: &Runner<S>,
    plane: &Plane<S>,
    workspace: &str,
    fault: Option<(usize, Fault)>,
    plan: &Plan,
    users: &Arc<Watch>,
) -> (Result<Report, ApplyError>, Seen) {
    let look = Watch::beside(users, plane.looker(workspace));
    std::thread::scope(|scope| {
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        // What somebody else does is done here, where the control plane can be borrowed.
        scope.spawn(move || {
            while asked.recv().is_ok() {
                S::foreign(plane, workspace);
                tell.send(()).unwrap();
            }
        });
        let foreign = move || {
            ask.send(()).unwrap();
            told.recv().unwrap();
        };
        let proxy = Proxy::start(plane.address, fault, look, foreign);
        let silent = fault.is_some_and(|(_, fault)| fault.is_silent());
        let patience = if silent { IMPATIENT } else { PATIENT };
        let report = runner.apply(plan, &proxy.url(), patience);
        (report, proxy.end())
    })
}

fn calm<S: Stage>(plane: &Plane<S>, workspace: &str) -> Calm {
    let crowd = Crowd::of(plane, workspace);
    let own = plane.audit(workspace).len();
    let users = Watch::throughout(crowd);
    let runner = Runner::new(plane, workspace);
    let url = format!("http://{}", plane.address);
    let (plan, snapshot) = runner.plan(&url);
    let mut states = vec![plane.look(workspace)];
    let (report, seen) = disturbed(&runner, plane, workspace, None, &plan, &users);
    let report = report.unwrap();
    assert!(report.is_complete(), "{report:?}");
    states.extend(seen.states);
    assert_eq!(S::broken(&snapshot, &states), [""; 0]);
    let (_, unlawful, answers) = users.end();
    assert_eq!(unlawful, [""; 0]);
    assert!(runner.clock.waited().is_empty());
    let cost = plan.observed.api_cost;
    let calls = seen.calls.len();
    assert_eq!(calls, (cost.apply_reads + cost.writes) as usize, "{}: as the plan says", S::NAME);
    let writes = seen.calls.iter().filter(|call| call.wrote()).count();
    assert_eq!(writes, cost.writes as usize);
    assert_eq!(plane.audit(workspace).len() - own, writes, "{}: one entry per write", S::NAME);
    let is_write = seen.calls.iter().map(Call::is_write).collect();
    Calm { calls, is_write, writes, end: S::describe(&plane.look(workspace)), answers }
}

/// Groups of requests that are one write sent again.
fn attempts(calls: &[Call]) -> Vec<Vec<&Call>> {
    let mut groups: Vec<Vec<&Call>> = Vec::new();
    // A reset request was never read; it says nothing, and whether it was a write shows in the report.
    for call in calls.iter().filter(|call| call.is_write()) {
        match groups.last_mut() {
            Some(group) if group[0].same(call) => group.push(call),
            _ => groups.push(vec![call]),
        }
    }
    groups
}

/// (a) What the report says is true. Returns why it is not.
fn untrue(report: &Report, seen: &Seen, fault: Option<(usize, Fault)>) -> Option<String> {
    if report.calls as usize != seen.calls.len() {
        return Some(format!("{} calls reported, {} seen", report.calls, seen.calls.len()));
    }
    let mut groups = attempts(&seen.calls).into_iter();
    for step in &report.steps {
        let sent = !matches!(
            step.outcome,
            Outcome::Skipped(_) | Outcome::Interrupted | Outcome::NotNeeded(_)
        );
        let group = if sent { groups.next() } else { None };
        let done = group.is_some_and(|group| group.iter().any(|call| call.wrote()));
        let true_said = match &step.outcome {
            Outcome::Applied { .. } | Outcome::AppliedUnanswered => done,
            // Nobody has begun the plan before.
            Outcome::AlreadyDone | Outcome::ValueLost(_) => false,
            // Nobody is said to be refused whom nobody has heard.
            Outcome::Unreachable(_) => {
                !done && fault.is_some_and(|(_, fault)| fault == Fault::Refused)
            }
            Outcome::NotAllowed(why) => !done && !why.contains("cannot reach"),
            Outcome::Failed(_)
            | Outcome::Conflict(_)
            | Outcome::Skipped(_)
            | Outcome::Interrupted
            | Outcome::NotNeeded(_) => !done,
            // Only a key whose value is lost.
            Outcome::Diverged(why) => done && why.contains("was lost with the answer"),
            // Only when there was no telling.
            Outcome::Unknown(_) => fault.is_some_and(|(_, fault)| {
                fault.is_silent()
                    || matches!(fault, Fault::FailedBefore(504) | Fault::FailedAfter(504))
            }),
        };
        if !true_said {
            return Some(format!("{step:?}, and done is {done}"));
        }
    }
    groups.next().map(|group| format!("{group:?} is in no step"))
}

/// One fault at one call. Returns how many answers users got on the way: where a write is disturbed, they are asked after it
/// and after the next one; where it is a reading, after the write before it and the one after it. What comes before, and the
/// end, is as in the run that nothing disturbs, where they are asked throughout.
fn case<S: Stage>(
    plane: &Plane<S>,
    workspace: &str,
    (at, fault): (usize, Fault),
    calm: &Calm,
) -> usize {
    let context = format!("{}: {fault:?} at call {at} of {}", S::NAME, calm.calls);
    let crowd = Crowd::of(plane, workspace);
    let own = plane.audit(workspace).len();
    let before = calm.is_write[..at].iter().filter(|write| **write).count();
    let unasked = before.saturating_sub(usize::from(!calm.is_write[at]));
    // What somebody else does, users notice at the end.
    let ends = (fault != Fault::Foreign).then(|| calm.answers.clone());
    let users = Watch::of(crowd, unasked, 2, ends);
    let runner = Runner::new(plane, workspace);
    let url = format!("http://{}", plane.address);
    let (plan, snapshot) = runner.plan(&url);
    let mut states = vec![plane.look(workspace)];
    let (report, seen) = disturbed(&runner, plane, workspace, Some((at, fault)), &plan, &users);
    let unheard = at == 0 && fault == Fault::Refused;
    assert!(seen.injected || unheard, "{context}: it did not happen");
    let mut calls = seen.calls.clone();

    match &report {
        Ok(report) => {
            let wrong = untrue(report, &seen, Some((at, fault)));
            assert_eq!(wrong, None, "{context}: {report:#?}\n{calls:?}");
            if report.is_complete() {
                let mut now = S::describe(seen.states.last().unwrap());
                let mut end = calm.end.clone();
                S::without_foreign(&mut now);
                S::without_foreign(&mut end);
                assert_eq!(now, end, "{context}: complete, it said");
            }
        }
        Err(error) => {
            assert!(!calls.iter().any(Call::is_write), "{context}: {error}: {calls:?}");
        }
    }
    if fault == Fault::Refused {
        let waited: Duration = runner.clock.waited().iter().sum();
        let deadline = HttpOptions::default().deadline;
        assert!(waited <= deadline, "{context}: who is gone is waited for once: {waited:?}");
    }
    if let Fault::Limited(after) = fault {
        limited(after, &runner.clock.waited(), &calls[at..], &context);
    }

    // Again, from the files, on another machine.
    states.extend(seen.states);
    let again = Runner::new(plane, workspace);
    let (rest, _) = again.plan(&url);
    if !rest.is_empty() {
        let (second, seen) = disturbed(&again, plane, workspace, None, &rest, &users);
        let second = second.unwrap_or_else(|error| panic!("{context}: {error}"));
        assert!(second.is_complete(), "{context}: {second:#?}");
        calls.extend(seen.calls);
        states.extend(seen.states);
    }
    let mut end = S::describe(&plane.look(workspace));
    let mut wanted = calm.end.clone();
    let mut audited = calm.writes;
    if fault == Fault::Foreign {
        assert_ne!(end, wanted, "{context}: what somebody else did is gone");
        S::without_foreign(&mut end);
        S::without_foreign(&mut wanted);
        audited += 1;
    }
    assert_eq!(end, wanted, "{context}");

    // (b) Nothing that was done was sent again, and everything was done once.
    for (n, done) in calls.iter().enumerate().filter(|(_, call)| call.wrote()) {
        let twice = calls[n + 1..].iter().find(|later| later.same(done));
        assert!(twice.is_none(), "{context}: {twice:?} was done already");
    }
    let log = plane.audit(workspace);
    assert_eq!(log.len() - own, audited, "{context}: {log:#?}");
    // (d) No outage and no excess, from the first write of the first run to the last of the second: neither in what is
    // stored nor in what users are answered.
    assert_eq!(S::broken(&snapshot, &states), [""; 0], "{context}");
    let (answers, unlawful, _) = users.end();
    assert_eq!(unlawful, [""; 0], "{context}");
    answers
}

/// Checks that the platform was left alone for as long as it asked.
fn limited(after: RetryAfter, waited: &[Duration], calls: &[Call], context: &str) {
    let asked = match after {
        RetryAfter::TooLong => {
            assert!(waited.is_empty(), "{context}: {waited:?}");
            return;
        }
        RetryAfter::Nothing => Duration::from_millis(100),
        RetryAfter::Seconds(seconds) => Duration::from_secs(seconds.into()),
        // The header has no fractions.
        RetryAfter::Date(seconds) => Duration::from_secs(u64::from(seconds) - 2),
    };
    assert_eq!(waited.len(), 1, "{context}: {waited:?}");
    assert!(waited[0] >= asked, "{context}: {waited:?}");
    assert!(waited[0] < asked + Duration::from_secs(3), "{context}: {waited:?}");
    assert!(calls[1].same(&calls[0]), "{context}: {calls:?}");
}

fn matrix<S: Stage>() {
    let probe = {
        let plane = Plane::<S>::start(1);
        calm(&plane, "acme-0")
    };
    let calls = probe.calls;
    let cases: Vec<(usize, Fault)> = (0..calls)
        .flat_map(|at| Fault::ALL.iter().map(move |fault| (at, *fault)))
        .filter(|(at, fault)| probe.is_write[*at] || !fault.is_about_writes())
        .collect();
    let plane = Plane::<S>::start(cases.len() + 1);
    let undisturbed = calm(&plane, &plane.workspaces[cases.len()]);
    let (next, ran, answered) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let failed: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = cases.get(n).copied() else { return };
                    let work = || case(&plane, &plane.workspaces[n], one, &undisturbed);
                    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
                        Ok(answers) => {
                            ran.fetch_add(1, Ordering::Relaxed);
                            answered.fetch_add(answers, Ordering::Relaxed);
                        }
                        Err(_) => failed.lock().unwrap().push(format!("{one:?}")),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} cases: {failed:?}", failed.len(), cases.len());
    let ran = ran.into_inner();
    assert_eq!(ran, cases.len());
    let counts = [calls, Fault::ALL.len(), ran, probe.writes, answered.into_inner()].map(number);
    let row = [&[S::TITLE.to_owned()], counts.as_slice()].concat();
    documented("calls, faults, cases, writes, lawful answers to users", &row);
}

/// Mutation `if-match` makes it fail. Each write carries its precondition: it matches whatever is there.
///
/// Mutation `repeat` makes it fail. A write without an answer is sent again in place of reading what became of it.
///
/// Mutation `unsettled` makes it fail. Unknown is settled by reading: a write without an answer counts as not done.
#[test]
fn odeus_survives_every_fault_at_every_call() {
    matrix::<Odeus>();
}

/// Mutation `if-match` makes it fail. Each write carries its precondition: it matches whatever is there.
///
/// Mutation `repeat` makes it fail. A write without an answer is sent again in place of reading what became of it.
///
/// Mutation `unsettled` makes it fail. Unknown is settled by reading: a write without an answer counts as not done.
#[test]
fn trustpager_survives_every_fault_at_every_call() {
    matrix::<Trustpager>();
}
