//! A plan that takes several runs: what each says, and that all of them are taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::json;

use super::plane::{Plane, WISHES, WRITES};
use super::proxy::{Do, Proxy};
use crate::cli::harness::Lab;

/// How many writes come through while the platform answers with a status.
const THROUGH: usize = 2;

/// A lab with a saved plan, behind a proxy that answers every write after the first two with this status; 0 lets all through.
fn stopped(plane: &Plane) -> (Lab, Proxy, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(500));
    let now = Arc::clone(&status);
    let proxy = Proxy::start(plane.address, move |r, n| {
        let status = now.load(Ordering::Relaxed);
        if r.is_write() && n >= THROUGH && status != 0 {
            Do::Answer(status, "{}".to_owned())
        } else {
            Do::Pass
        }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    (lab, proxy, status)
}

const AGAIN: &str = "apply p.json --parallelism 1";

#[test]
fn a_resumed_run_that_fails_again_does_not_say_that_nothing_is_done() {
    let plane = Plane::start();
    let (lab, proxy, status) = stopped(&plane);
    plane.run(&lab, AGAIN).exits(6).prints(&["Applied in part: 2 of 4 operations"]);
    // Refused, and overtaken.
    for answer in [500, 412] {
        status.store(answer, Ordering::Relaxed);
        plane.run(&lab, AGAIN).exits(6).prints(&[
            "Applied in part, by an earlier run: 2 of 4 operations (1 failed, 1 skipped); this run wrote nothing",
        ]);
        plane.run(&lab, "show --last").exits(0).prints(&[
            "In part, by an earlier run: 2 of 4 operations applied; this run wrote nothing.",
            "It went on where run ",
        ]);
        let told = plane.run(&lab, "show --last --json").exits(0).json();
        assert_eq!((&told["verdict"], &told["applied"]), (&json!("in_part"), &json!(2)), "{told}");
    }
    assert_eq!(plane.audited(), THROUGH);
    // What was done before is counted once.
    status.store(0, Ordering::Relaxed);
    plane
        .run(&lab, AGAIN)
        .exits(0)
        .prints(&["Applied: 2 operations (2 already done before), read back"]);
    assert_eq!(plane.audited(), WRITES);
    drop(proxy);
}

#[test]
fn all_runs_of_one_plan_are_taken_back_together() {
    let plane = Plane::start();
    let before = plane.state();
    let (lab, _proxy, status) = stopped(&plane);
    plane.run(&lab, AGAIN).exits(6);
    let first = plane.run(&lab, "show --last --json").exits(0).json();
    // A run in between that writes nothing breaks no chain.
    plane.run(&lab, AGAIN).exits(6);
    status.store(0, Ordering::Relaxed);
    plane.run(&lab, AGAIN).exits(0);
    let after = plane.state();
    let told = plane.run(&lab, "undo --auto-approve --json").exits(0).json();
    assert_eq!(told["went_on"], json!([first["run"]]), "{told}");
    assert_eq!(told["operations"], WRITES, "{told}");
    assert_eq!(plane.state(), before);

    // Taking that back is said to be doing it again.
    let undo = plane.run(&lab, "show --last --json").exits(0).json();
    assert_eq!(undo["takes_back"], told["run"], "{undo}");
    let (undo, run) = (undo["run"].as_str().unwrap(), told["run"].as_str().unwrap());
    plane.run(&lab, "show --last").exits(0).prints(&[&format!("It is an undo of run {run}.")]);
    plane.run(&lab, "show --runs").exits(0).prints(&[&format!("  undo of {run}")]);
    let again =
        format!("run {undo}, itself an undo of run {run}: what run {run} did is done again.");
    plane.run(&lab, "undo --auto-approve").exits(0).prints(&[&again]);
    assert_eq!(plane.state(), after);
}

#[test]
fn a_saved_undo_is_known_as_one_when_it_is_applied() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve").exits(0);
    let run = plane.run(&lab, "show --last --json").exits(0).json()["run"].clone();
    plane.run(&lab, "undo --out back.json").exits(0);
    plane.run(&lab, "apply back.json").exits(0);
    let told = plane.run(&lab, "show --last --json").exits(0).json();
    assert_eq!(told["takes_back"], run, "{told}");
    plane.run(&lab, "undo --input=false").exits(5).prints(&["itself an undo of run "]);
    // Nobody gives it another name afterwards.
    let plan = lab.read("back.json").replace(run.as_str().unwrap(), "../../elsewhere");
    lab.write("forged.json", &plan);
    plane.run(&lab, "apply forged.json").exits(1).says(&["was changed after it was written"]);
}

#[test]
fn what_another_plan_did_half_way_is_named_when_the_rest_is_taken_back() {
    let plane = Plane::start();
    let (lab, _proxy, status) = stopped(&plane);
    plane.run(&lab, "apply --auto-approve --parallelism 1").exits(6);
    let first = plane.run(&lab, "show --last --json").exits(0).json();
    let first = first["run"].as_str().unwrap();
    status.store(0, Ordering::Relaxed);
    plane.run(&lab, "apply --auto-approve").exits(0).prints(&["Applied: 2 operations"]);
    let notice = format!("`scopeform undo --run {first}` takes back what it did");
    plane.run(&lab, "undo --input=false").exits(5).says(&["stopped half way", &notice]);
}

#[test]
fn all_applied_and_not_read_back_is_not_called_half_done() {
    let plane = Plane::start();
    let proxy = Proxy::start(plane.address, |r, n| {
        if !r.is_write() && n == WRITES { Do::Answer(401, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let done = plane.run(&lab, "apply --auto-approve").exits(6);
    let done = done.prints(&["Applied: 4 operations, ", "; the end was not read back."]);
    assert!(!done.out.contains("in part"), "{}", done.all());
    plane.run(&lab, "show --last").exits(0).prints(&["Applied: 4 operations, not read back"]);
}
