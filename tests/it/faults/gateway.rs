//! A gateway between the program and the platform that answers for itself: it gives up waiting, or refuses what the platform
//! behind it has carried out. What the report then says of a write is what can be known.

use serde_json::Value;

use super::laws::{SERIAL, WORKSPACE, at, first_of, lab, of_unit, only_one_unit_stopped};
use super::laws::{planned, run, state, url};
use super::lies::Liar;
use super::odeus::Odeus;
use super::stage::{Plane, yaml};
use super::trustpager::Trustpager;
use crate::apply::journal::lines;
use crate::apply::proxy::{Do, Proxy};
use crate::apply::wire;
use crate::cli::harness::Lab;

/// What is said of a write that was sent and refused, where the end shows it as done.
const BY_WHOM: &str = "reading at the end shows it as done, by whom is unknown";

/// Answers the write at one place with a status of its own, after the platform has carried it out, or in its place.
fn gateway<S: Liar>(plane: &Plane<S>, write: usize, status: u16, carried_out: bool) -> Proxy {
    let address = plane.address;
    Proxy::start(address, move |request, writes| {
        if !request.is_write() || writes != write {
            return Do::Pass;
        }
        if carried_out {
            request.send(address).unwrap();
        }
        // Longer than anybody waits: a refused rate would be tried again.
        let head = "retry-after: 86400\r\n";
        Do::Raw(wire::answer(status, "application/json", head, b"{}"))
    })
}

/// Applies the same files past the gateway, and checks that nothing was done twice.
fn goes_on<S: Liar>(plane: &Plane<S>, lab: &Lab, writes: usize) {
    lab.write("scopeform.yaml", &yaml::<S>(WORKSPACE, &url(plane)));
    let done = run(plane, lab, &format!("{SERIAL} --json")).exits(0).json();
    assert_eq!(done["complete"], true, "{done}");
    assert_eq!(state(plane).1, writes, "{done}");
}

fn a_gateway_that_gives_up_is_no_refusal<S: Liar>() {
    for carried_out in [true, false] {
        let plane = Plane::<S>::start(1);
        let all = planned(&plane);
        let proxy = gateway(&plane, first_of(&all, S::UNIT), 408, carried_out);
        let lab = lab::<S>(&proxy.url());
        let run = run(&plane, &lab, &format!("{SERIAL} --json"));
        let report = run.exits(if carried_out { 0 } else { 6 }).json();
        let first = of_unit(&report, S::UNIT)[0];
        if carried_out {
            assert_eq!(first["outcome"], "applied_unanswered", "{report}");
            assert_eq!(report["applied"], all.len(), "{report}");
        } else {
            only_one_unit_stopped(&report, S::UNIT, "unknown", &proxy);
            let detail = first["detail"].as_str().unwrap();
            assert!(detail.contains("had not been done by then, but it may still be"), "{detail}");
        }
        goes_on(&plane, &lab, all.len());
    }
}

#[test]
fn a_gateway_that_gives_up_is_settled_by_reading_on_odeus() {
    a_gateway_that_gives_up_is_no_refusal::<Odeus>();
}

#[test]
fn a_gateway_that_gives_up_is_settled_by_reading_on_trustpager() {
    a_gateway_that_gives_up_is_no_refusal::<Trustpager>();
}

/// The outcome that the journal notes last of the operation at one place.
fn noted(lab: &Lab, index: usize) -> Value {
    let mut finished = lines(lab).into_iter().filter(|line| line["event"] == "finished");
    finished.rfind(|line| line["index"] == index).unwrap()["outcome"].clone()
}

fn a_refusal_is_held_against_the_end<S: Liar>() {
    for (status, outcome) in
        [(403, "unknown"), (422, "unknown"), (429, "unknown"), (412, "conflict")]
    {
        let plane = Plane::<S>::start(1);
        let all = planned(&plane);
        let at = first_of(&all, S::UNIT);
        let proxy = gateway(&plane, at, status, true);
        let lab = lab::<S>(&proxy.url());
        let report = run(&plane, &lab, &format!("{SERIAL} --json")).done();
        let report = report.exits(if outcome == "conflict" && at == 0 { 3 } else { 6 }).json();
        let first = of_unit(&report, S::UNIT)[0];
        assert_eq!(first["outcome"], outcome, "{status}: {report}");
        let detail = first["detail"].as_str().unwrap();
        assert!(detail.contains(BY_WHOM) && !detail.contains("not done"), "{status}: {detail}");
        if outcome == "unknown" {
            only_one_unit_stopped(&report, S::UNIT, outcome, &proxy);
        }
        // What the run noted is what it reported.
        assert_eq!(noted(&lab, at), outcome, "{status}");
        let told = run(&plane, &lab, "show --last").exits(0).prints(&[BY_WHOM]);
        assert!(!told.out.contains("not done"), "{}", told.all());
        goes_on(&plane, &lab, all.len());
    }
}

/// Mutation: let `shown_done` look at conflicts only, and these fail.
#[test]
fn a_refusal_of_what_was_carried_out_is_no_failure_on_odeus() {
    a_refusal_is_held_against_the_end::<Odeus>();
}

/// The same mutation.
#[test]
fn a_refusal_of_what_was_carried_out_is_no_failure_on_trustpager() {
    a_refusal_is_held_against_the_end::<Trustpager>();
}

/// Whose request did not leave knows that it was somebody else.
///
/// Mutation: let `Run::hold_against` take every write for refused, and this fails.
#[test]
fn what_was_not_sent_and_is_done_was_somebody_else() {
    let plane = Plane::<Odeus>::start(1);
    let all = planned(&plane);
    let (other, token) = (lab::<Odeus>(&url(&plane)), plane.token.clone());
    // Somebody applies the same files before the first write of the unit arrives, and that gets lost.
    let proxy = at(&plane, first_of(&all, Odeus::UNIT), move || {
        other.run(SERIAL).env("SCOPEFORM_TOKEN", &token).exits(0);
        Do::Drop
    });
    let lab = lab::<Odeus>(&proxy.url());
    let report = run(&plane, &lab, &format!("{SERIAL} --json")).exits(6).json();
    let own = of_unit(&report, Odeus::UNIT);
    assert_eq!(own[0]["outcome"], "applied_unanswered", "{report}");
    assert_eq!(own[1]["outcome"], "conflict", "{report}");
    let detail = own[1]["detail"].as_str().unwrap();
    assert!(detail.ends_with("reading shows that somebody else has done just this"), "{detail}");
    assert_eq!(state(&plane).1, all.len(), "{report}");
}
