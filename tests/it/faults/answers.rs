//! The laws where they are felt: while an apply is disturbed, people run actions and programs call resources after every
//! write, over HTTP and with tokens of their own, and the answers in between are held against those before and after.
//!
//! The matrix beside this one judges what is stored, by a second opinion. Here nobody has an opinion: what was answered
//! 200 before and after is answered 200 throughout, and what was refused before and after is refused throughout.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::matrix::watched;
use super::odeus::Odeus;
use super::proxy::{Call, Fault};
use super::stage::{Deed, Plane, Runner, Stage};
use super::trustpager::Trustpager;
use crate::apply::wire;
use crate::figures::{documented, number};

/// One fault for every way in which a write can end: not done and known, not done and unknown, done and unknown, overtaken,
/// and nothing possible any more.
const FAULTS: &[Fault] = &[
    Fault::FailedBefore(500),
    Fault::ResetBefore,
    Fault::FailedAfter(504),
    Fault::Foreign,
    Fault::Expired,
];

/// How much an answer allows: nothing, after somebody has agreed, or at once.
fn allows(status: &Value) -> u8 {
    match status.as_u64() {
        Some(200) => 2,
        Some(202) => 1,
        // 429 is for tokens that have ended: all unknown callers share one small allowance.
        Some(401 | 403 | 404 | 409 | 429) => 0,
        _ => panic!("{status} is no answer to a user"),
    }
}

/// Returns what each law-breaking answer is about.
fn unlawful(deeds: &[Deed], answers: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    let (first, last) = (&answers[0], &answers[answers.len() - 1]);
    for (n, deed) in deeds.iter().enumerate() {
        let (before, after) = (allows(&first[n]), allows(&last[n]));
        for (at, now) in answers.iter().enumerate() {
            let Deed { who, method, path, .. } = deed;
            let status = &now[n];
            let now = allows(status);
            if now < before.min(after) {
                broken.push(format!("outage after write {at}: {who} {method} {path}: {status}"));
            }
            if now > before.max(after) {
                broken.push(format!("excess after write {at}: {who} {method} {path}: {status}"));
            }
        }
    }
    broken
}

/// Applies with one fault, then once more without, and returns how often somebody was answered, what the calls of the
/// first run were, and whether any answer differs at the end.
fn case<S: Stage>(
    plane: &Plane<S>,
    workspace: &str,
    fault: Option<(usize, Fault)>,
) -> (usize, Vec<Call>, bool) {
    let context = format!("{}: {fault:?}", S::NAME);
    let deeds: Arc<Vec<Deed>> = Arc::new(S::calls(plane, workspace));
    let (address, own) = (plane.address, Arc::clone(&deeds));
    let ask = move || -> Value {
        let call = |deed: &Deed| {
            let body = json!({});
            let body = (deed.method != "GET").then_some(&body);
            wire::call(address, &deed.token, deed.method, &deed.path, None, body).0
        };
        own.iter().map(call).collect()
    };
    let look = Arc::new(ask);
    let mut answers = vec![look()];
    let url = format!("http://{address}");
    let runner = Runner::new(plane, workspace);
    let (plan, _) = runner.plan(&url);
    let (_, seen) = watched(&runner, plane, workspace, fault, &plan, look.clone());
    answers.extend(seen.states);
    let again = Runner::new(plane, workspace);
    let (rest, _) = again.plan(&url);
    if !rest.is_empty() {
        let (report, seen) = watched(&again, plane, workspace, None, &rest, look.clone());
        assert!(report.is_ok_and(|report| report.is_complete()), "{context}");
        answers.extend(seen.states);
    }
    answers.push(look());
    assert_eq!(unlawful(&deeds, &answers), [""; 0], "{context}");
    let moved = answers[0] != answers[answers.len() - 1];
    (answers.len() * deeds.len(), seen.calls, moved)
}

fn throughout<S: Stage>() {
    let writes: Vec<usize> = {
        let plane = Plane::<S>::start(1);
        let (_, calls, moved) = case(&plane, "acme-0", None);
        assert!(moved, "{}: nobody would notice the change", S::NAME);
        let numbered = calls.iter().enumerate().filter(|(_, call)| call.is_write());
        numbered.map(|(at, _)| at).collect()
    };
    let cases: Vec<(usize, Fault)> =
        writes.iter().flat_map(|at| FAULTS.iter().map(move |fault| (*at, *fault))).collect();
    let plane = Plane::<S>::start(cases.len());
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((n, one)) = {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(n).map(|one| (n, *one))
                } {
                    let (answers, _, _) = case(&plane, &plane.workspaces[n], Some(one));
                    answered.fetch_add(answers, Ordering::Relaxed);
                }
            });
        }
    });
    let counts = [writes.len(), FAULTS.len(), answered.into_inner()].map(number);
    let row = [&[S::TITLE.to_owned()], counts.as_slice()].concat();
    documented("writes, faults, lawful answers to users", &row);
}

#[test]
fn odeus_users_are_answered_lawfully_through_every_fault() {
    throughout::<Odeus>();
}

#[test]
fn trustpager_programs_are_answered_lawfully_through_every_fault() {
    throughout::<Trustpager>();
}
