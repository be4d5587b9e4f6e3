//! A gateway between the program and the platform that answers for itself: it gives up waiting, or refuses what the platform
//! behind it has carried out. What the report then says of a write is what can be known.

use super::laws::{SERIAL, WORKSPACE, first_of, lab, of_unit, only_one_unit_stopped};
use super::laws::{planned, run, state, url};
use super::lies::Liar;
use super::odeus::Odeus;
use super::stage::{Plane, yaml};
use super::trustpager::Trustpager;
use crate::apply::proxy::{Do, Proxy};
use crate::apply::wire;
use crate::cli::harness::Lab;

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
