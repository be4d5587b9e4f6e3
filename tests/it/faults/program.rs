//! The real program: every fault at one call of each kind, kill -9 at every boundary, and two of it at once.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::answers::{Crowd, Watch};
use super::odeus::Odeus;
use super::proxy::{Fault, Proxy as FaultProxy};
use super::stage::{Plane, Stage, yaml};
use super::trustpager::Trustpager;
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::wire::Request;
use crate::cli::harness::{Done, Lab, Run};
use crate::figures::{documented, number};

/// Writes go one after another, so that "the third write" means one thing.
const SERIAL: &str = "apply --auto-approve --parallelism 1 --json";

fn run<S: Stage>(plane: &Plane<S>, lab: &Lab, args: &str) -> Run {
    lab.run(args).env("SCOPEFORM_TOKEN", &plane.token)
}

/// A folder of its own that reaches a workspace by `url`.
fn lab<S: Stage>(workspace: &str, url: &str) -> Lab {
    Lab::with(&yaml::<S>(workspace, url))
}

fn url<S: Stage>(plane: &Plane<S>) -> String {
    format!("http://{}", plane.address)
}

fn outcomes(report: &Value) -> Vec<&str> {
    let steps = report["operations"].as_array().unwrap();
    steps.iter().map(|step| step["outcome"].as_str().unwrap()).collect()
}

/// Where an undisturbed run ends, and how many requests it takes: reads of the plan, reads before, writes.
fn calm<S: Stage>(plane: &Plane<S>, workspace: &str) -> (Value, usize, usize) {
    let cost = super::cost::<S>(plane, workspace);
    let before = plane.audit(workspace).len();
    run(plane, &lab::<S>(workspace, &url(plane)), SERIAL).exits(0);
    let (reads, writes) = (cost.plan_reads as usize, cost.writes as usize);
    assert_eq!(plane.audit(workspace).len() - before, writes);
    (S::describe(&plane.look(workspace)), reads, writes)
}

/// Runs again, from the files, in another folder, and checks where that ends.
fn resumes<S: Stage>(plane: &Plane<S>, workspace: &str, end: &Value, writes: usize, context: &str) {
    let done = run(plane, &lab::<S>(workspace, &url(plane)), SERIAL).done();
    assert_eq!(done.code, Some(0), "{context}: {}", done.all());
    assert_eq!(S::describe(&plane.look(workspace)), *end, "{context}");
    assert_eq!(plane.audit(workspace).len(), writes, "{context}: something was done twice");
}

fn sample<S: Stage>() -> usize {
    let faults: Vec<Fault> = Fault::ALL
        .iter()
        .copied()
        // Who waits for time to pass or for somebody else is in the matrix.
        .filter(|fault| !fault.is_silent() && !matches!(fault, Fault::Limited(_) | Fault::Foreign))
        .collect();
    let plane = Plane::<S>::start(2 * faults.len() + 1);
    let (end, reads, writes) = calm(&plane, &plane.workspaces[2 * faults.len()]);
    let mut cases = 0;
    for (n, fault) in faults.iter().enumerate() {
        // The second write, and the first read after the last.
        for (m, at) in [2 * reads + 1, 2 * reads + writes].into_iter().enumerate() {
            let workspace = &plane.workspaces[2 * n + m];
            let context = format!("{}: {fault:?} at call {at}", S::NAME);
            let look = plane.looker(workspace);
            let proxy = FaultProxy::start(plane.address, Some((at, *fault)), look, || ());
            let lab = lab::<S>(workspace, &proxy.url());
            let done = run(&plane, &lab, &format!("{SERIAL} --timeout 2 --deadline 2")).done();
            let seen = proxy.end();
            assert!(seen.injected, "{context}");
            let report: Value = serde_json::from_str(&done.out)
                .unwrap_or_else(|_| panic!("{context}: {}", done.all()));
            let wrote = seen.calls.iter().filter(|call| call.wrote()).count();
            let said = outcomes(&report);
            let applied = said.iter().filter(|word| word.starts_with("applied")).count();
            assert_eq!(report["applied"], applied, "{context}: {report}");
            let lost = said.iter().filter(|word| **word == "diverged").count();
            assert!(
                !said.contains(&"unknown")
                    || *fault == Fault::FailedBefore(504)
                    || *fault == Fault::FailedAfter(504)
                    || *fault == Fault::Expired
                    || *fault == Fault::Refused,
                "{context}: {report}"
            );
            assert_eq!(applied + lost, wrote, "{context}: {report}");
            assert_eq!(report["complete"] == true, done.code == Some(0), "{context}");
            resumes(&plane, workspace, &end, writes, &context);
            cases += 1;
        }
    }
    cases
}

#[test]
fn the_program_reports_faults_as_they_were() {
    let cases = sample::<Odeus>() + sample::<Trustpager>();
    documented("cases with the real program", &["both".to_owned(), number(cases)]);
}

fn addresses(report: &Value) -> Vec<&str> {
    let steps = report["operations"].as_array().unwrap();
    steps.iter().map(|step| step["address"].as_str().unwrap()).collect()
}

/// What is told of a run that was killed is what the platform knows: of a write whose answer never came the run could not
/// know, and says so.
///
/// Mutation: let `stopped_at` in `render/history.rs` return `at`, and this fails.
fn cut_off(told: &Value, boundary: usize, writes: usize, context: &str) {
    let context = format!("{context}: {told}");
    let (noted, in_flight) = (boundary / 2, usize::from(boundary < 2 * writes));
    assert_eq!(told["verdict"], "crashed", "{context}");
    assert_eq!(told["stopped_at"], (noted + 1).min(writes), "{context}");
    assert_eq!((&told["applied"], &told["total"]), (&json!(noted), &json!(writes)), "{context}");
    assert_eq!((&told["exit"], &told["calls"]), (&Value::Null, &Value::Null), "{context}");
    let mut words = vec!["applied"; noted];
    words.extend(vec!["in_flight"; in_flight]);
    words.extend(vec!["not_begun"; writes - noted - in_flight]);
    assert_eq!(outcomes(told), words, "{context}");
}

/// Returns how many boundaries there are, and how many answers users got.
fn kills<S: Stage>() -> [usize; 2] {
    let probe = Plane::<S>::start(1);
    let _ = Crowd::of(&probe, "acme-0");
    let writes = super::cost::<S>(&probe, "acme-0").writes as usize;
    drop(probe);
    let boundaries = 2 * writes + 1;
    let plane = Plane::<S>::start(boundaries + 1);
    // Tokens of users are what the plan is about too: every workspace has them.
    let crowds: Vec<Crowd> = plane.workspaces.iter().map(|own| Crowd::of(&plane, own)).collect();
    let (end, reads, writes) = calm(&plane, &plane.workspaces[boundaries]);
    let mut answered = 0;
    for (boundary, crowd) in crowds.into_iter().take(boundaries).enumerate() {
        let workspace = &plane.workspaces[boundary];
        let context = format!("{}: killed at boundary {boundary} of {boundaries}", S::NAME);
        let snapshot = super::snapshot::<S>(&plane, workspace);
        let own = plane.audit(workspace).len();
        let users = Watch::throughout(crowd);
        let look = Watch::beside(&users, plane.looker(workspace));
        let states = Arc::new(Mutex::new(vec![plane.look(workspace)]));
        let (address, seen) = (plane.address, Arc::clone(&states));
        let write = Arc::new(move |request: &Request| {
            let answer = request.send(address).unwrap();
            seen.lock().unwrap().push(look());
            answer
        });
        let (gate, keeper) = gate();
        let first = Arc::clone(&write);
        let requests = std::sync::atomic::AtomicUsize::new(0);
        let proxy = Proxy::start(address, move |request, before| {
            let n = requests.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let answer = |gated: bool| {
                let answer = first(request);
                if gated && !gate.wait() { Do::Drop } else { Do::Raw(answer) }
            };
            // The last boundary is after the last answer: the first request that reads the end.
            let last = boundary == boundaries - 1 && n == 2 * reads + writes;
            match request.is_write() {
                true if 2 * before == boundary => Do::Gate(gate.clone()),
                true => answer(2 * before + 1 == boundary),
                false if last => Do::Gate(gate.clone()),
                false => Do::Pass,
            }
        });
        let lab = lab::<S>(workspace, &proxy.url());
        let running = run(&plane, &lab, SERIAL).begin();
        keeper.arrived();
        running.signal("KILL");
        assert_eq!(running.done().code, None, "{context}");
        drop(keeper);
        let done = boundary.div_ceil(2);
        assert_eq!(plane.audit(workspace).len() - own, done, "{context}");
        let told = run(&plane, &lab, "show --last --json").exits(0).json();
        cut_off(&told, boundary, writes, &context);
        // In the same folder: what the first left behind must not be in the way.
        let onwards = Proxy::start(address, move |request, _| match request.is_write() {
            true => Do::Raw(write(request)),
            false => Do::Pass,
        });
        lab.write("scopeform.yaml", &yaml::<S>(workspace, &onwards.url()));
        let again = run(&plane, &lab, SERIAL).done();
        assert_eq!(again.code, Some(0), "{context}: {}", again.all());
        assert_eq!(onwards.writes(), writes - done, "{context}");
        // Its report: each operation that the first had planned was done by one of the two, in that order.
        let report = again.json();
        assert_eq!(outcomes(&report), vec!["applied"; writes - done], "{context}: {report}");
        assert_eq!(report["applied"], writes - done, "{context}: {report}");
        assert_eq!(report["complete"], true, "{context}: {report}");
        assert_eq!(addresses(&report), addresses(&told)[done..], "{context}: {report}");
        assert_eq!(S::describe(&plane.look(workspace)), end, "{context}");
        let audited = plane.audit(workspace).len() - own;
        assert_eq!(audited, writes, "{context}: something was done twice");
        let states = states.lock().unwrap();
        assert_eq!(S::broken(&snapshot, &states), [""; 0], "{context}");
        let (answers, unlawful, _) = users.end();
        assert_eq!(unlawful, [""; 0], "{context}");
        answered += answers;
    }
    [boundaries, answered]
}

fn survived<S: Stage>() {
    let counts = kills::<S>().map(number);
    let row = [&[S::TITLE.to_owned()], counts.as_slice()].concat();
    documented("kills survived, lawful answers to users", &row);
}

#[test]
fn killed_at_any_boundary_the_next_run_goes_on_odeus() {
    survived::<Odeus>();
}

#[test]
fn killed_at_any_boundary_the_next_run_goes_on_trustpager() {
    survived::<Trustpager>();
}

#[test]
fn a_key_whose_value_was_lost_to_a_kill_is_named() {
    let plane = Plane::<Trustpager>::start(1);
    let (gate, keeper) = gate();
    let address = plane.address;
    let proxy = Proxy::start(address, move |request, _| {
        let creates = request.method == "POST" && request.path.ends_with("/api-keys");
        if creates { Do::GateAnswer(gate.clone()) } else { Do::Pass }
    });
    let lab = lab::<Trustpager>("acme-0", &proxy.url());
    let running = run(&plane, &lab, SERIAL).begin();
    keeper.arrived();
    running.signal("KILL");
    running.done();
    drop(keeper);
    assert_eq!(lab.read("ticket-sync.key"), "");
    lab.write("scopeform.yaml", &yaml::<Trustpager>("acme-0", &url(&plane)));
    for args in ["plan", "plan --json", SERIAL, SERIAL] {
        run(&plane, &lab, args).exits(0).says(&[
            "warning: the API key `ticket sync` exists and ticket-sync.key is empty",
            "revoke the key and create it again",
        ]);
    }
    // As it says: revoked, and created again in the same place.
    let wishes = yaml::<Trustpager>("acme-0", &url(&plane));
    let wish = "    resources: {contacts: read}\n    deliver: {file: ticket-sync.key}\n";
    assert!(wishes.ends_with(wish));
    lab.write("scopeform.yaml", &wishes.replace(wish, "    revoke: its value was lost\n"));
    run(&plane, &lab, SERIAL).exits(0);
    lab.write("scopeform.yaml", &wishes);
    let done = run(&plane, &lab, SERIAL).exits(0);
    assert!(!done.err.contains("warning"), "{}", done.all());
    assert!(lab.read("ticket-sync.key").len() > 10);
}

#[test]
fn undo_names_no_file_for_a_value_that_was_lost() {
    let plane = Plane::<Trustpager>::start(1);
    let proxy = Proxy::start(plane.address, |request, _| {
        let creates = request.method == "POST" && request.path.ends_with("/api-keys");
        if creates { Do::DropAnswer } else { Do::Pass }
    });
    let lab = lab::<Trustpager>("acme-0", &proxy.url());
    let report = run(&plane, &lab, SERIAL).exits(6).json();
    assert!(outcomes(&report).contains(&"diverged"), "{report}");
    assert!(!lab.path("ticket-sync.key").exists());
    let done = run(&plane, &lab, "undo --auto-approve").exits(0);
    let done = done.prints(&["api_keys/ticket sync"]);
    assert!(!done.out.contains("ticket-sync.key"), "{}", done.all());
}

/// Two applies of the same files: the first stops before its write number `at`, the second runs to its end, and the
/// first goes on. Returns the first's end, and how many answers users got after the writes of both.
fn race<S: Stage>(
    plane: &Plane<S>,
    (workspace, crowd): (&str, Crowd),
    at: usize,
    writes: usize,
    end: &Value,
) -> (Done, usize) {
    let context = format!("{}: overtaken at write {at}", S::NAME);
    let snapshot = super::snapshot::<S>(plane, workspace);
    let own = plane.audit(workspace).len();
    let users = Watch::throughout(crowd);
    let look = Watch::beside(&users, plane.looker(workspace));
    let states = Arc::new(Mutex::new(vec![plane.look(workspace)]));
    let (address, seen) = (plane.address, Arc::clone(&states));
    let write = Arc::new(move |request: &Request| {
        let answer = request.send(address).unwrap();
        seen.lock().unwrap().push(look());
        Do::Raw(answer)
    });
    let (gate, keeper) = gate();
    let slowly = Arc::clone(&write);
    let slow = Proxy::start(address, move |request, before| match request.is_write() {
        true if before == at && !gate.wait() => Do::Drop,
        true => slowly(request),
        false => Do::Pass,
    });
    let first = lab::<S>(workspace, &slow.url());
    let running = run(plane, &first, SERIAL).begin();
    keeper.arrived();
    let fast = Proxy::start(address, move |request, _| match request.is_write() {
        true => write(request),
        false => Do::Pass,
    });
    let winner = run(plane, &lab::<S>(workspace, &fast.url()), SERIAL).done().exits(0).json();
    assert_eq!(winner["complete"], true, "{context}: {winner}");
    assert_eq!(fast.writes(), writes - at, "{context}: the second does what the first has not");
    keeper.release();
    let lost = running.done();
    assert_eq!(plane.audit(workspace).len() - own, writes, "{context}: {}", lost.all());
    assert_eq!(S::describe(&plane.look(workspace)), *end, "{context}");
    assert_eq!(S::broken(&snapshot, &states.lock().unwrap()), [""; 0], "{context}");
    let (answers, unlawful, _) = users.end();
    assert_eq!(unlawful, [""; 0], "{context}");
    (lost, answers)
}

/// Returns how many races there were, and how many answers users got.
fn races<S: Stage>() -> [usize; 2] {
    let probe = Plane::<S>::start(1);
    let _ = Crowd::of(&probe, "acme-0");
    let writes = super::cost::<S>(&probe, "acme-0").writes as usize;
    drop(probe);
    let plane = Plane::<S>::start(writes + 2);
    // Tokens of users are what the plan is about too: every workspace has them.
    let crowds: Vec<Crowd> = plane.workspaces.iter().map(|own| Crowd::of(&plane, own)).collect();
    let (end, reads, _) = calm(&plane, &plane.workspaces[writes]);
    let mut answered = 0;
    for (at, crowd) in crowds.into_iter().take(writes).enumerate() {
        let (lost, answers) = race(&plane, (&plane.workspaces[at], crowd), at, writes, &end);
        answered += answers;
        let report = lost.json();
        let said = outcomes(&report);
        let context = format!("{}: overtaken at write {at}: {report}", S::NAME);
        // What it had done it had done; of the rest it did nothing, and says so.
        assert_eq!(lost.code, Some(if at == 0 { 3 } else { 6 }), "{context}");
        assert_eq!(report["applied"], at, "{context}");
        assert!(said[..at].iter().all(|word| *word == "applied"), "{context}");
        for (word, step) in said[at..].iter().zip(&report["operations"].as_array().unwrap()[at..]) {
            // A refusal for its content comes before one for its precondition (SEMANTICS section 3). What it refused is done by
            // then, and the loser cannot know that it was not its own write.
            let refused = ["failed", "unknown"].contains(word)
                && step["detail"]
                    .as_str()
                    .unwrap()
                    .contains("the platform refuses the request (422)");
            assert!(refused || ["conflict", "skipped"].contains(word), "{word}: {context}");
        }
    }
    // The other order: the second plans and re-reads nothing before the first is through.
    let workspace = &plane.workspaces[writes + 1];
    let own = plane.audit(workspace).len();
    let (gate, keeper) = gate();
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let slow = Proxy::start(plane.address, move |_, _| {
        // It has planned; its next request is the first of apply's reading.
        let n = seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if n == reads { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let late = lab::<S>(workspace, &slow.url());
    let second = run(&plane, &late, SERIAL).begin();
    keeper.arrived();
    run(&plane, &lab::<S>(workspace, &url(&plane)), SERIAL).exits(0);
    keeper.release();
    // The first has done exactly what the second was about to do: nothing is left of its plan, and it says so.
    let lost = second.done();
    let report = lost.json();
    let said = outcomes(&report);
    let true_words = ["already_done", "not_needed", "value_lost"];
    assert!(said.iter().all(|word| true_words.contains(word)), "{}", lost.all());
    // The value of a key that the other created is not here.
    let elsewhere = said.contains(&"value_lost");
    assert_eq!(
        (lost.code, elsewhere),
        (Some(if elsewhere { 6 } else { 0 }), S::CREATES_KEYS),
        "{}",
        lost.all()
    );
    assert_eq!(slow.writes(), 0);
    assert_eq!(plane.audit(workspace).len() - own, writes);
    assert_eq!(S::describe(&plane.look(workspace)), end);
    [writes + 1, answered]
}

fn raced<S: Stage>() {
    let counts = races::<S>().map(number);
    let row = [&[S::TITLE.to_owned()], counts.as_slice()].concat();
    documented("two at once, lawful answers to users", &row);
}

#[test]
fn of_two_applies_one_wins_and_the_other_says_so_on_odeus() {
    raced::<Odeus>();
}

#[test]
fn of_two_applies_one_wins_and_the_other_says_so_on_trustpager() {
    raced::<Trustpager>();
}
