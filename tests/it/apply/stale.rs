//! A plan is carried out on what it was made on, or not at all.

use serde_json::json;

use super::plane::{Plane, WISHES};
use super::proxy::{Do, Proxy, gate};

#[test]
fn what_the_plan_does_not_rely_on_may_move() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    plane.switch("files", "read_file", &json!("everyone"));
    plane.run(&lab, "apply p.json").exits(0).prints(&["Applied: 4 operations"]);
    plane.run(&lab, "plan --detailed-exitcode").exits(0);
}

/// Mutation `again` makes it fail. What a saved plan has done is written again.
#[test]
fn a_plan_that_was_carried_out_is_done_already() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    plane.run(&lab, "apply p.json").exits(0);
    let (done, audited) = (plane.state(), plane.audited());
    let again = plane.run(&lab, "apply p.json").done();
    assert_eq!(plane.audited(), audited, "a write was repeated: {}", again.all());
    assert_eq!(plane.state(), done);
    again.exits(0).prints(&[
        ": already done",
        "Applied: 0 operations (4 already done before), read back as planned",
    ]);
}

#[test]
fn a_vanished_person_stops_the_plan() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let (status, _) = plane.admin("DELETE", "groups/sales", None);
    assert!(status < 300, "{status}");
    plane.run(&lab, "apply p.json").exits(3).says(&["sales", "live is gone"]);
}

/// Mutation `if-match` makes it fail. Each write carries its precondition: it matches whatever is there.
#[test]
fn the_loser_of_a_race_stops_with_an_exact_report() {
    let plane = Plane::start();
    let (gate, keeper) = gate();
    let proxy = Proxy::start(plane.address, move |request, writes| {
        if request.is_write() && writes == 0 { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let wishes = "
integrations:
  notes:
    actions: {read_note: enabled, write_note: enabled}
";
    let loser = plane.lab_through(&proxy, wishes);
    let winner = plane.lab(wishes);
    let running = plane.run(&loser, "apply --auto-approve --json").begin();
    keeper.arrived();
    plane.run(&winner, "apply --auto-approve").exits(0);
    let won = plane.state();
    let audited = plane.audited();
    keeper.release();
    let lost = running.done().exits(3).json();
    assert_eq!(lost["applied"], 0, "{lost}");
    assert_eq!(lost["operations"][0]["outcome"], "conflict", "{lost}");
    assert_eq!(lost["operations"][1]["outcome"], "skipped", "{lost}");
    assert_eq!(plane.state(), won);
    assert_eq!(plane.audited(), audited);
    plane.run(&loser, "apply --auto-approve").exits(0).prints(&["No changes"]);
}

#[test]
fn a_race_lost_in_the_middle_is_applied_in_part() {
    let plane = Plane::start();
    let (gate, keeper) = gate();
    let proxy = Proxy::start(plane.address, move |request, writes| {
        if request.is_write() && writes == 1 { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let wishes = "
integrations:
  notes:
    actions: {read_note: enabled, write_note: enabled}
";
    let lab = plane.lab_through(&proxy, wishes);
    let running = plane.run(&lab, "apply --auto-approve --json").begin();
    keeper.arrived();
    plane.switch("notes", "share_note", &json!("everyone"));
    keeper.release();
    let report = running.done().exits(6).json();
    assert_eq!(report["applied"], 1, "{report}");
    assert_eq!(report["operations"][1]["outcome"], "conflict", "{report}");
    plane.run(&lab, "apply --auto-approve").exits(0).prints(&["Applied: 1 operation"]);
}

#[test]
fn a_plan_outlives_no_exception_it_relies_on() {
    let plane = Plane::start();
    let lab = plane.lab(
        "
integrations:
  notes:
    oauth:
      mode: fixed
      client: {id: n1, secret: {env: NOTES_SECRET}}
      scopes: [profile, notes.read]
      substitutes:
        - {scope: notes.read, for: [notes.write], actions: [write_note], reason: SEC-1, until: 2020-02-29}
    actions: {write_note: enabled}
",
    );
    plane.run(&lab, "plan --out p.json --today 2020-02-01").exits(0);
    let before = plane.state();
    plane
        .run(&lab, "apply p.json")
        .env("NOTES_SECRET", "s")
        .exits(3)
        .says(&["the plan was valid until 2020-02-29", "nothing was done"]);
    assert_eq!(plane.state(), before);
}
