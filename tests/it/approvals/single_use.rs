//! A signature is good for one apply, however that ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::flow::office;
use crate::apply::plane::{Plane, config_at};
use crate::apply::proxy::{Do, Proxy, gate};
use crate::cli::harness::{Lab, Run};

const RULES: &str = "approvals:
  signers: allowed_signers
  rules:
    - {when: widening, of: [ana@acme.example]}
";

const ON: &str = "integrations: {notes: {actions: {read_note: enabled, write_note: enabled}}}\n";

/// A lab with a plan that ana has signed, which reaches a plane through a proxy.
fn signed(plane: &Plane, proxy: &Proxy) -> Lab {
    let lab = office(RULES);
    lab.write("scopeform.yaml", &config_at(&proxy.url(), &format!("{RULES}{ON}")));
    run(plane, &lab, "plan --out p.plan").exits(0);
    lab.run("approve p.plan --key keys/ana --yes").exits(0);
    lab
}

fn run(plane: &Plane, lab: &Lab, args: &str) -> Run {
    plane.run(lab, args)
}

/// Changes everything back, as somebody else would.
fn back(plane: &Plane) {
    for action in ["write_note", "read_note"] {
        plane.switch("notes", action, &serde_json::json!("nobody"));
    }
}

#[test]
fn an_end_that_was_not_read_does_not_leave_the_approval_good() {
    let plane = Plane::start();
    let limited = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&limited);
    let proxy = Proxy::start(plane.address, move |r, n| {
        if !r.is_write() && n == 2 && now.load(Ordering::Relaxed) {
            Do::Answer(401, "{}".to_owned())
        } else {
            Do::Pass
        }
    });
    let lab = signed(&plane, &proxy);
    run(&plane, &lab, "apply p.plan").exits(6).prints(&["the end was not read back"]);
    limited.store(false, Ordering::Relaxed);
    assert_eq!(lab.read(".scopeform/approvals-used").lines().count(), 1);
    back(&plane);
    let before = plane.state();
    run(&plane, &lab, "apply p.plan").exits(5).says(&["it was used on"]);
    assert_eq!(plane.state(), before);
}

/// Kills an apply of the signed plan at its last write, which the platform carries out.
fn killed(plane: &Plane) -> (Lab, Proxy) {
    let (gate, keeper) = gate();
    let through = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&through);
    let proxy = Proxy::start(plane.address, move |r, n| {
        let last = r.is_write() && n == 1 && !open.load(Ordering::Relaxed);
        if last { Do::GateAnswer(gate.clone()) } else { Do::Pass }
    });
    let lab = signed(plane, &proxy);
    let running = run(plane, &lab, "apply p.plan").begin();
    keeper.arrived();
    running.signal("KILL");
    assert_eq!(running.done().code, None);
    drop(keeper);
    through.store(true, Ordering::Relaxed);
    (lab, proxy)
}

#[test]
fn a_cut_run_that_needs_nothing_more_has_used_its_approval() {
    let plane = Plane::start();
    let (lab, _proxy) = killed(&plane);
    assert_eq!(lab.read(".scopeform/approvals-begun").lines().count(), 1);
    run(&plane, &lab, "apply --auto-approve").exits(0).prints(&["No changes"]);
    assert_eq!(lab.read(".scopeform/approvals-used").lines().count(), 1);
    back(&plane);
    run(&plane, &lab, "apply p.plan").exits(5).says(&["it was used on"]);
}

#[test]
fn a_cut_run_goes_on_with_its_approval_and_does_nothing_twice() {
    let plane = Plane::start();
    let (lab, _proxy) = killed(&plane);
    // What it did is changed back by somebody else: going on would be applying the plan a second time.
    back(&plane);
    let before = plane.state();
    run(&plane, &lab, "apply p.plan").exits(5).says(&[
        "wrote notes/actions/read_note with the same approvals, and that has been changed back since",
        "nothing was done",
    ]);
    assert_eq!(plane.state(), before);

    let plane = Plane::start();
    let (lab, _proxy) = killed(&plane);
    run(&plane, &lab, "apply p.plan").exits(0).prints(&["2 already done before"]);
    run(&plane, &lab, "apply p.plan").exits(5).says(&["it was used on"]);
}

#[test]
fn a_run_that_wrote_nothing_leaves_its_approval_good() {
    let plane = Plane::start();
    let refusing = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&refusing);
    let proxy = Proxy::start(plane.address, move |r, _| {
        let refused = r.is_write() && now.load(Ordering::Relaxed);
        if refused { Do::Answer(422, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = signed(&plane, &proxy);
    run(&plane, &lab, "apply p.plan").exits(1);
    refusing.store(false, Ordering::Relaxed);
    run(&plane, &lab, "apply p.plan").exits(0).prints(&["Applied: 2 operations"]);
}
