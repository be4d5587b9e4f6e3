//! Every exit code, reached for real, and the table that documents them. 130 is in `apply::interrupts`; 70 is a bug of
//! ours, and there is no known one to reach it by, so that it is reached without the program around it.

use scopeform::cli::exit::Exit;
use serde_json::json;

use super::harness::Lab;
use crate::apply::plane::{Plane, WISHES};
use crate::apply::proxy::{Do, Proxy};

#[test]
fn help_lists_exactly_the_codes_there_are() {
    let lab = Lab::new();
    let help = lab.run("--help").exits(0).out;
    let table = help.split("Exit codes:").nth(1).unwrap();
    let listed: Vec<u8> =
        table.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    let known: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
    assert_eq!(listed, known);
    assert_eq!(known, [0, 1, 2, 3, 4, 5, 6, 8, 64, 70, 130]);
}

#[test]
fn done_is_0_and_changes_are_2_only_when_asked() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan").exits(0);
    plane.run(&lab, "plan --detailed-exitcode").exits(2);
    plane.run(&lab, "apply --auto-approve").exits(0);
    plane.run(&lab, "plan --detailed-exitcode").exits(0);
}

#[test]
fn an_error_is_1() {
    Lab::with("version: 1\nplatform: odeus\nworkspace: acme\nintegratons: {}\n")
        .run("plan")
        .exits(1);
}

#[test]
fn stale_is_3() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    plane.switch("notes", "read_note", &json!({ "only": [{ "group": "sales" }] }));
    plane.run(&lab, "apply p.json").exits(3);
}

#[test]
fn blocked_is_4_and_beats_2() {
    let plane = Plane::start();
    let lab = plane.lab(
        "
integrations:
  notes:
    oauth: {mode: fixed, client: {id: n1, secret: {env: S}}, scopes: [profile, notes.read]}
    actions: {write_note: enabled}
",
    );
    plane.run(&lab, "plan --detailed-exitcode").exits(4);
}

#[test]
fn not_approved_is_5() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply").types("no\n").exits(5);
}

#[test]
fn applied_in_part_is_6() {
    let plane = Plane::start();
    let proxy = Proxy::start(plane.address, |request, writes| {
        if request.is_write() && writes == 3 { Do::Answer(500, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let done = plane.run(&lab, "apply --auto-approve --parallelism 1").exits(6);
    // What failed for good fails again: nobody is told that running again is enough.
    done.prints(&[
        "Applied in part: 3 of 4 operations",
        "Remedy what failed, then run the same command again to go on.",
    ]);
}

#[test]
fn unreachable_is_8() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    lab.run("plan").exits(8);
}

#[test]
fn usage_is_64() {
    Lab::new().run("plan --bananas").exits(64);
}

#[test]
fn a_bug_of_ours_is_70() {
    use scopeform::cli::{Reader, guard};
    for reader in [Reader::Person, Reader::Json, Reader::Lines] {
        let stopped = guard(reader, || panic!("a bug that this test made"));
        assert_eq!((stopped, stopped.code()), (Exit::Bug, 70));
        assert_eq!(guard(reader, || Exit::Changes), Exit::Changes);
    }
}
