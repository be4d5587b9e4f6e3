//! The laws of apply, demanded of both platforms with the real program: what has moved stops a plan, a failure stops what
//! follows it and nothing else, an answer and the end are held against the plan, and the journal is written around each write.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use scopeform::model::Address;
use serde_json::{Value, json};

use super::lies::{Liar, write_note};
use super::odeus::Odeus;
use super::stage::{Plane, Runner, Stage, yaml};
use super::trustpager::{Trustpager, give};
use crate::apply::journal::{events, journals, lines};
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::wire::Request;
use crate::cli::harness::{Lab, Run};

/// Writes go one after another, unit after unit, so that "the third write" means one thing.
pub(super) const SERIAL: &str = "apply --auto-approve --parallelism 1";
pub(super) const WORKSPACE: &str = "acme-0";

/// A field that the plan writes and somebody else writes too.
trait Lawful: Liar {
    /// It lies below [`Liar::UNIT`], and is not what the plan writes first.
    const ADDRESS: &'static str;
    /// What is there, what the plan leads to, and what somebody else leads to, in the words of reports.
    const WAS: &'static str;
    const WANTED: &'static str;
    const THEIRS: &'static str;

    /// Somebody writes it.
    fn overwrite(plane: &Plane<Self>)
    where
        Self: Sized;
}

impl Lawful for Odeus {
    const ADDRESS: &'static str = "notes/actions/write_note";
    const WAS: &'static str = "disabled";
    const WANTED: &'static str = "group sales";
    const THEIRS: &'static str = "ana@acme.example";

    fn overwrite(plane: &Plane<Self>) {
        write_note(plane);
    }
}

impl Lawful for Trustpager {
    const ADDRESS: &'static str = "oauth_clients/Claude Connection/resources/contacts";
    const WAS: &'static str = "write_with_approval";
    const WANTED: &'static str = "delete_with_approval";
    const THEIRS: &'static str = "read";

    fn overwrite(plane: &Plane<Self>) {
        give(plane, WORKSPACE, "contacts", "read");
    }
}

pub(super) fn url<S: Stage>(plane: &Plane<S>) -> String {
    format!("http://{}", plane.address)
}

pub(super) fn lab<S: Stage>(url: &str) -> Lab {
    Lab::with(&yaml::<S>(WORKSPACE, url))
}

pub(super) fn run<S: Stage>(plane: &Plane<S>, lab: &Lab, args: &str) -> Run {
    lab.run(args).env("SCOPEFORM_TOKEN", &plane.token)
}

/// What is live, and how many writes the platform has carried out.
pub(super) fn state<S: Stage>(plane: &Plane<S>) -> (Value, usize) {
    (S::describe(&plane.look(WORKSPACE)), plane.audit(WORKSPACE).len())
}

/// The unit of each write of the plan, in order.
pub(super) fn planned<S: Stage>(plane: &Plane<S>) -> Vec<String> {
    let (plan, _) = Runner::new(plane, WORKSPACE).plan(&url(plane));
    plan.bound.operations.iter().map(|planned| planned.unit.to_string()).collect()
}

pub(super) fn first_of(units: &[String], unit: &str) -> usize {
    units.iter().position(|own| own == unit).unwrap()
}

/// A proxy that treats one write in its own way.
pub(super) fn at<S: Stage>(
    plane: &Plane<S>,
    write: usize,
    rule: impl Fn() -> Do + Send + Sync + 'static,
) -> Proxy {
    Proxy::start(plane.address, move |request: &Request, writes| {
        if request.is_write() && writes == write { rule() } else { Do::Pass }
    })
}

/// The operations of one unit, as a report tells them.
pub(super) fn of_unit<'r>(report: &'r Value, unit: &str) -> Vec<&'r Value> {
    let steps = report["operations"].as_array().unwrap().iter();
    steps.filter(|step| step["unit"] == unit).collect()
}

/// The first operation of a unit came out like this, what follows it was skipped for that and never sent, and every other unit
/// is done.
pub(super) fn only_one_unit_stopped(report: &Value, unit: &str, outcome: &str, proxy: &Proxy) {
    let own = of_unit(report, unit);
    let (first, rest) = own.split_first().unwrap();
    assert_eq!(first["outcome"], outcome, "{report}");
    let because =
        format!("skipped, because {} was not applied", first["address"].as_str().unwrap());
    for step in rest {
        assert_eq!(step["outcome"], "skipped", "{report}");
        assert_eq!(step["detail"], because, "{report}");
    }
    let all = report["operations"].as_array().unwrap();
    let others = all.iter().filter(|step| step["unit"] != unit);
    assert!(others.clone().all(|step| step["outcome"] == "applied"), "{report}");
    assert!(others.count() > 0, "{report}");
    assert_eq!(proxy.writes(), all.len() - rest.len(), "{:?}", proxy.requests());
}

/// Between planning and applying, somebody writes a field that the plan writes: nothing is done, and the field is named with
/// what the plan was made on and what is live.
fn what_has_moved_stops_the_plan<S: Lawful>() {
    let plane = Plane::<S>::start(1);
    let lab = lab::<S>(&url(&plane));
    run(&plane, &lab, "plan --out p.json").exits(0);
    S::overwrite(&plane);
    let before = state(&plane);
    let moved = format!("{}: planned on {}, live is {}", S::ADDRESS, S::WAS, S::THEIRS);
    run(&plane, &lab, "apply p.json").exits(3).says(&[
        "the plan is stale, nothing was done",
        &moved,
        "plan again",
    ]);
    let failed = run(&plane, &lab, "apply p.json --json").exits(3).json();
    assert_eq!(failed["exit_code"], 3, "{failed}");
    assert_eq!(state(&plane), before);
    // The plan can still be looked at.
    run(&plane, &lab, "show p.json").exits(0).prints(&[S::UNIT]);
    run(&plane, &lab, "show p.json --json").exits(0).json();
}

/// Mutation (tests/mutations): `stale`.
#[test]
fn a_field_that_moved_stops_a_saved_plan_on_odeus() {
    what_has_moved_stops_the_plan::<Odeus>();
}

/// Mutation (tests/mutations): `stale`.
#[test]
fn a_field_that_moved_stops_a_saved_plan_on_trustpager() {
    what_has_moved_stops_the_plan::<Trustpager>();
}

/// The same after a run that was killed before the field was written, and after one that was killed at the last write: what the
/// plan has done itself does not stop it, what somebody else did since does.
fn what_has_moved_stops_going_on<S: Lawful>() {
    let writes = planned(&Plane::<S>::start(1)).len();
    let not_yet = format!("{}: planned on {}, live is {}", S::ADDRESS, S::WAS, S::THEIRS);
    let written = format!("{}: the plan left {}, live is {}", S::ADDRESS, S::WANTED, S::THEIRS);
    for (cut, moved) in [(1, &*not_yet), (writes - 1, &*written)] {
        let plane = Plane::<S>::start(1);
        let (gate, keeper) = gate();
        let proxy = at(&plane, cut, move || Do::Gate(gate.clone()));
        let lab = lab::<S>(&proxy.url());
        run(&plane, &lab, "plan --out p.json").exits(0);
        let running = run(&plane, &lab, "apply p.json --parallelism 1").begin();
        keeper.arrived();
        running.signal("KILL");
        assert_eq!(running.done().code, None);
        drop(keeper);
        assert_eq!(state(&plane).1, cut);
        S::overwrite(&plane);
        let before = state(&plane);
        let stale = "the plan is stale, nothing was done";
        run(&plane, &lab, "apply p.json").exits(3).says(&[stale, moved, "plan again"]);
        assert_eq!(state(&plane), before);
    }
}

/// Mutation (tests/mutations): `stale`.
#[test]
fn a_field_that_moved_after_a_crash_stops_going_on_on_odeus() {
    what_has_moved_stops_going_on::<Odeus>();
}

/// Mutation (tests/mutations): `stale`.
#[test]
fn a_field_that_moved_after_a_crash_stops_going_on_on_trustpager() {
    what_has_moved_stops_going_on::<Trustpager>();
}

/// Of each unit in turn the first write fails: what follows it in that unit is not sent, every other unit is done, and running
/// again does what is left.
fn a_failure_stops_its_unit_alone<S: Lawful>() {
    let all = planned(&Plane::<S>::start(1));
    let mut units: Vec<&String> = all.iter().collect();
    units.dedup();
    // The workspace's own switch is no unit beside others: all of them wait for it.
    units.retain(|unit| *unit != Address::workspace().as_str());
    assert!(units.len() > 1 && all.iter().filter(|unit| *unit == S::UNIT).count() > 1, "{all:?}");
    for unit in units {
        let plane = Plane::<S>::start(1);
        let proxy = at(&plane, first_of(&all, unit), || Do::Answer(503, "{}".to_owned()));
        let lab = lab::<S>(&proxy.url());
        let report = run(&plane, &lab, &format!("{SERIAL} --json")).exits(6).json();
        only_one_unit_stopped(&report, unit, "failed", &proxy);
        let left = of_unit(&report, unit).len();
        assert_eq!(state(&plane).1, all.len() - left, "{report}");
        lab.write("scopeform.yaml", &yaml::<S>(WORKSPACE, &url(&plane)));
        let rest = run(&plane, &lab, &format!("{SERIAL} --json")).exits(0).json();
        assert_eq!(rest["applied"], left, "{rest}");
        assert_eq!(state(&plane).1, all.len(), "{rest}");
    }
}

/// Mutations (tests/mutations): `dependants`, `independents`. What comes before or after all units is in `apply/stages.rs`.
#[test]
fn a_failed_write_stops_its_unit_and_no_other_on_odeus() {
    a_failure_stops_its_unit_alone::<Odeus>();
}

/// Mutations (tests/mutations): `dependants`, `independents`. No write of this platform is about the workspace itself, so that
/// none comes before or after all units.
#[test]
fn a_failed_write_stops_its_unit_and_no_other_on_trustpager() {
    a_failure_stops_its_unit_alone::<Trustpager>();
    let units = planned(&Plane::<Trustpager>::start(1));
    assert!(!units.iter().any(|unit| unit == Address::workspace().as_str()), "{units:?}");
}

/// An answer that says that the write did something else than planned: it counts as that, its unit stops, and the others do
/// not.
fn another_effect_is_no_success<S: Lawful>(lies: &[fn(&mut Value)]) {
    for lie in lies {
        let plane = Plane::<S>::start(1);
        let all = planned(&plane);
        let lie = *lie;
        let proxy = at(&plane, first_of(&all, S::UNIT), move || Do::Change(lie));
        let lab = lab::<S>(&proxy.url());
        let report = run(&plane, &lab, &format!("{SERIAL} --json")).exits(6).json();
        only_one_unit_stopped(&report, S::UNIT, "diverged", &proxy);
        let detail = of_unit(&report, S::UNIT)[0]["detail"].as_str().unwrap();
        assert!(detail.contains("evil.all"), "{detail}");
        assert_eq!(report["complete"], false, "{report}");
    }
}

fn other_scopes(answer: &mut Value) {
    answer["effect"]["scopes"] = json!({ "add": ["evil.all"], "remove": [] });
}

fn other_acceptances(answer: &mut Value) {
    answer["effect"]["accepts"] = json!(["evil.all"]);
}

/// Mutations (tests/mutations): `believe-the-answer`, `dependants`.
#[test]
fn another_effect_than_planned_stops_the_unit_on_odeus() {
    another_effect_is_no_success::<Odeus>(&[other_scopes, other_acceptances]);
}

/// Mutations (tests/mutations): `believe-the-answer`, `dependants`. On this platform nothing is accepted as missing.
#[test]
fn another_effect_than_planned_stops_the_unit_on_trustpager() {
    another_effect_is_no_success::<Trustpager>(&[other_scopes]);
}

/// While the last answer is on its way, somebody writes what the plan has written: every write was done, and the end is not what
/// was planned.
fn the_end_is_looked_at<S: Lawful>() {
    let plane = Plane::<S>::start(1);
    let writes = planned(&plane).len();
    let (gate, keeper) = gate();
    let proxy = at(&plane, writes - 1, move || Do::GateAnswer(gate.clone()));
    let lab = lab::<S>(&proxy.url());
    let running = run(&plane, &lab, SERIAL).begin();
    keeper.arrived();
    S::overwrite(&plane);
    keeper.release();
    let done = running.done().exits(6);
    let told: Vec<&str> = done.out.lines().filter(|line| line.contains(", live is ")).collect();
    let differs = format!("  ! {}: planned {}, live is {}", S::ADDRESS, S::WANTED, S::THEIRS);
    assert_eq!(told, [differs], "{}", done.all());
    let sum = format!("Applied: {writes} operations, ");
    done.prints(&[&sum, "not read back as planned"]);
}

/// Mutation (tests/mutations): `unverified`.
#[test]
fn what_somebody_undoes_meanwhile_is_noticed_at_the_end_on_odeus() {
    the_end_is_looked_at::<Odeus>();
}

/// Mutation (tests/mutations): `unverified`.
#[test]
fn what_somebody_undoes_meanwhile_is_noticed_at_the_end_on_trustpager() {
    the_end_is_looked_at::<Trustpager>();
}

/// When a write arrives, the journal on the disk holds its line, and what became of every write before it.
fn noted_before_it_leaves<S: Lawful>() {
    let plane = Plane::<S>::start(1);
    let writes = planned(&plane).len();
    let lab = Lab::new();
    let folder: PathBuf = lab.path(".scopeform/journal");
    let seen: Arc<Mutex<Vec<[usize; 3]>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let proxy = Proxy::start(plane.address, move |request, writes| {
        if request.is_write() {
            let journal = std::fs::read_dir(&folder).unwrap().next().unwrap();
            let text = std::fs::read_to_string(journal.unwrap().path()).unwrap();
            let lines = |event: &str| text.matches(&format!("\"event\":\"{event}\"")).count();
            noted.lock().unwrap().push([lines("started"), lines("finished"), writes]);
        }
        Do::Pass
    });
    lab.write("scopeform.yaml", &yaml::<S>(WORKSPACE, &proxy.url()));
    run(&plane, &lab, SERIAL).exits(0);
    let expected: Vec<[usize; 3]> = (0..writes).map(|n| [n + 1, n, n]).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// Mutations (tests/mutations): `unnoted`, `unfinished`.
#[test]
fn a_write_is_on_disk_before_it_leaves_on_odeus() {
    noted_before_it_leaves::<Odeus>();
}

/// Mutations (tests/mutations): `unnoted`, `unfinished`.
#[test]
fn a_write_is_on_disk_before_it_leaves_on_trustpager() {
    noted_before_it_leaves::<Trustpager>();
}

/// The journal of a run from its beginning to its end, line by line.
fn noted_in_its_place<S: Lawful>() {
    let plane = Plane::<S>::start(1);
    let writes = planned(&plane).len();
    let lab = lab::<S>(&url(&plane));
    run(&plane, &lab, SERIAL).exits(0);
    let lines = lines(&lab);
    let mut expected = vec!["begin".to_owned(), "read \"before\"".to_owned()];
    expected.extend((0..writes).flat_map(|n| [format!("started {n}"), format!("finished {n}")]));
    expected.extend(["read \"end\"".to_owned(), "end".to_owned()]);
    assert_eq!(events(&lines), expected);
    let begin = &lines[0];
    assert_eq!(begin["scopeform_journal"], 1);
    assert_eq!((&begin["workspace"], &begin["platform"]), (&json!(WORKSPACE), &json!(S::NAME)));
    assert_eq!((&begin["endpoint"], &begin["consent"]), (&json!(url(&plane)), &json!("flag")));
    assert_eq!(begin["operations"].as_array().unwrap().len(), writes);
    let mut finished = lines.iter().filter(|line| line["event"] == "finished");
    assert!(finished.all(|line| line["outcome"] == "applied"), "{lines:?}");
    let end = lines.last().unwrap();
    assert_eq!((&end["complete"], &end["exit"]), (&json!(true), &json!(0)));
    let name = journals(&lab).pop().unwrap();
    assert_eq!(name.file_stem().unwrap().to_str(), begin["run"].as_str());
    let digest = begin["digest"].as_str().unwrap();
    assert!(begin["run"].as_str().unwrap().ends_with(digest.get(..12).unwrap()), "{begin}");
}

/// Mutation (tests/mutations): `unfinished`.
#[test]
fn every_line_is_noted_in_its_place_on_odeus() {
    noted_in_its_place::<Odeus>();
}

/// Mutation (tests/mutations): `unfinished`.
#[test]
fn every_line_is_noted_in_its_place_on_trustpager() {
    noted_in_its_place::<Trustpager>();
}

/// A saved plan that was carried out and is applied again sends no write, and leaves everything as it is.
fn what_was_carried_out_is_not_written_again<S: Lawful>() {
    let plane = Plane::<S>::start(1);
    let all = planned(&plane).len();
    let proxy = Proxy::start(plane.address, |_: &Request, _| Do::Pass);
    let lab = lab::<S>(&proxy.url());
    run(&plane, &lab, "plan --out p.json").exits(0);
    run(&plane, &lab, "apply p.json").exits(0);
    assert_eq!(proxy.writes(), all);
    let before = state(&plane);
    let again = run(&plane, &lab, "apply p.json").done();
    assert_eq!(proxy.writes(), all, "{:?}: {}", proxy.requests(), again.all());
    assert_eq!(state(&plane), before);
    again.exits(0).prints(&["Applied: 0 operations"]);
}

/// Mutation (tests/mutations): `again`.
#[test]
fn what_was_carried_out_is_not_written_again_on_odeus() {
    what_was_carried_out_is_not_written_again::<Odeus>();
}

/// Mutation (tests/mutations): `again`.
#[test]
fn what_was_carried_out_is_not_written_again_on_trustpager() {
    what_was_carried_out_is_not_written_again::<Trustpager>();
}
