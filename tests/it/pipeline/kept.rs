//! What was done is known to the next job, and so is which approvals it used up: however a job ended, and whoever else leaves
//! something of that name.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::artefacts::noted;
use super::examples;
use super::forge::{Github, Gitlab};
use super::gate::{RULES, applied};
use super::gitlab::{self, PUSH};
use super::runner::{self, Runner};
use super::shop::{APPLIED, Shop, text};
use crate::apply::plane::{Plane, config_at};
use crate::apply::proxy::{Do, Proxy, gate};

const CLOSED: &str = "create_page: disabled";
const OPEN: &str = "create_page: {groups: [content-team]}";

/// Signs a plan as omar, under the rules of what was applied, and delivers that.
fn sign(shop: &Shop, plan: &std::path::Path) {
    let signed = shop.approve_under(plan, "omar", APPLIED);
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    shop.deliver(plan);
    shop.push();
}

/// Changes one line of the files, on main.
fn push(shop: &Shop, from: &str, to: &str) {
    shop.edit("access/acme.yaml", from, to);
    shop.commit("another line");
    shop.push();
}

#[test]
fn the_journal_goes_from_one_apply_to_the_next() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    push(&shop, CLOSED, OPEN);
    assert_eq!(runner.deploy(&forge.context()).0.code, 5);
    sign(&shop, &shop.path("runner/scopeform-plan/plan.scopeform"));
    let (done, _) = runner.deploy(&forge.context());
    assert_eq!(done.code, 0, "{}", done.log);
    let journal = shop.path("runner/scopeform-journal");
    let names = |folder: &std::path::Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    // All that is noted is brought along.
    assert_eq!(names(&journal), noted(&shop).into_iter().collect());
    let used = std::fs::read_to_string(journal.join("approvals-used")).unwrap();
    assert_eq!(used.lines().count(), 1, "{used}");
    let runs = || std::fs::read_dir(journal.join("journal")).unwrap().count();
    assert_eq!(runs(), 2);
    // Taken back, on a machine that has seen nothing.
    push(&shop, OPEN, CLOSED);
    let (done, _) = runner.deploy(&forge.context());
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(runs(), 3);
    let runs = shop.exits(0, "scopeform", &["show", "--runs", "access"]);
    assert_eq!(runs.lines().filter(|line| line.contains(" complete ")).count(), 3, "{runs}");
    // And wanted once more: the same plan, and the approval is there, but it has been used.
    push(&shop, CLOSED, OPEN);
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert!(refused.log.contains("it was used on"), "{}", refused.log);
}

#[test]
fn gitlab_knows_which_approvals_were_used() {
    let shop = Shop::new();
    let forge = Gitlab::start();
    shop.push();
    let mut variables = forge.variables();
    variables.insert("NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let deploy = |code: i32| {
        let planned = gitlab::run(&shop, "plan-main", PUSH, &variables);
        assert_eq!(planned.code, 0, "{}", planned.log);
        let done = gitlab::run(&shop, "apply", PUSH, &variables);
        assert_eq!(done.code, code, "{}", done.log);
        done.log
    };
    deploy(0);
    push(&shop, CLOSED, OPEN);
    deploy(5);
    sign(&shop, &shop.repository().join("scopeform-out/plan.scopeform"));
    for leftover in std::fs::read_dir(shop.repository().join("scopeform-out")).unwrap() {
        let leftover = leftover.unwrap().path();
        if leftover.to_string_lossy().contains(".approval") {
            std::fs::remove_file(leftover).unwrap();
        }
    }
    deploy(0);
    for name in ["approvals-begun", "approvals-used", "journal"] {
        assert!(shop.path("runner/gitlab-cache").join(name).exists(), "{name}");
    }
    push(&shop, OPEN, CLOSED);
    deploy(0);
    push(&shop, CLOSED, OPEN);
    let log = deploy(5);
    assert!(log.contains("it was used on"), "{log}");
}

/// The job is stopped between two writes, by somebody or by the clock. What it did is changed back, and the same plan is made
/// again: its approval was for one apply, which has begun.
#[test]
fn a_job_that_is_stopped_half_way_keeps_what_it_did() {
    let plane = Plane::start();
    let (barrier, keeper) = gate();
    let open = Arc::new(AtomicBool::new(false));
    let through = Arc::clone(&open);
    let proxy = Proxy::start(plane.address, move |request, writes| {
        let last = request.is_write() && writes == 1 && !through.load(Ordering::Relaxed);
        if last { Do::GateAnswer(barrier.clone()) } else { Do::Pass }
    });
    let shop = Shop::new();
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    let files = |wishes: &str| {
        let config = config_at(&proxy.url(), &format!("{RULES}integrations: {wishes}\n"));
        std::fs::write(shop.repository().join("access/acme.yaml"), config).unwrap();
        shop.commit("files");
        shop.push();
    };
    let context = || {
        let mut context = forge.context();
        context.insert("secrets.SCOPEFORM_TOKEN".to_owned(), plane.token.clone());
        context
    };
    std::fs::remove_file(shop.repository().join("access/world.yaml")).unwrap();
    files("{files: {actions: {write_file: enabled}}}");
    let mut first = context();
    first.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let (done, _) = runner.deploy(&first);
    assert_eq!((done.code, proxy.writes()), (0, 0), "{}", done.log);
    files("{notes: {actions: {read_note: enabled, write_note: enabled}}}");
    assert_eq!(runner.deploy(&context()).0.code, 5);
    sign(&shop, &shop.path("runner/scopeform-plan/plan.scopeform"));
    let kept = |name: &str| shop.path("runner").join(name);
    let _ = std::fs::remove_dir_all(kept("scopeform-journal"));
    let before = plane.state();

    runner.cancel("apply", move || keeper.arrived());
    let (stopped, applied) = runner.deploy(&context());
    assert!(stopped.cancelled && applied, "{}", stopped.log);
    assert_ne!(plane.state(), before);
    let begun = std::fs::read_to_string(kept("scopeform-journal/approvals-begun")).unwrap();
    assert_eq!(begun.lines().count(), 1, "{begun}");
    assert!(kept("scopeform-apply-1/apply-1.jsonl").exists());

    open.store(true, Ordering::Relaxed);
    for action in ["write_note", "read_note"] {
        plane.switch("notes", action, &json!("nobody"));
    }
    assert_eq!(plane.state(), before);
    let (refused, applied) = runner.deploy(&context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert!(refused.log.contains("has been changed back since"), "{}", refused.log);
    assert_eq!(plane.state(), before);
}

/// A job that runs out of time is stopped with all its steps, so the step that writes runs out of it first.
#[test]
fn an_apply_leaves_time_to_keep_what_it_did() {
    let read = |name: &str| -> serde_yaml::Value {
        serde_yaml::from_str(&std::fs::read_to_string(examples().join(name)).unwrap()).unwrap()
    };
    let job = &read("github/apply.yml")["jobs"]["apply"];
    let mut steps = job["steps"].as_sequence().unwrap().iter();
    let step = steps.find(|step| step["id"].as_str() == Some("apply")).unwrap();
    let minutes = |of: &serde_yaml::Value| of["timeout-minutes"].as_u64().unwrap();
    assert!(minutes(step) + 5 <= minutes(job));
    let job = &read("gitlab/.gitlab-ci.yml")["apply"];
    let minutes = |text: &serde_yaml::Value| -> u64 {
        text.as_str().unwrap().strip_suffix('m').unwrap().parse().unwrap()
    };
    assert!(minutes(&job["variables"]["RUNNER_SCRIPT_TIMEOUT"]) + 5 <= minutes(&job["timeout"]));
}

/// The forge takes a name once in a run, all its attempts together.
#[test]
fn every_run_can_be_run_again() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let key = std::fs::read_to_string(shop.path("keys/nightly")).unwrap();
    let twice = |workflow: &str, job: &str, context: &runner::Context| {
        for context in [context.clone(), Github::again(context)] {
            let done = runner.job(workflow, job, context);
            assert_eq!(done.code, 0, "{workflow} {job}: {}", done.log);
        }
    };
    let mut own = forge.context();
    own.insert("vars.SNAPSHOTS".to_owned(), "yes".to_owned());
    own.insert("secrets.SNAPSHOT_KEY".to_owned(), key);
    for workflow in ["apply.yml", "drift.yml"] {
        twice(workflow, "snapshot", &own);
    }
    push(&shop, "removals: {count: 5}", "removals: {count: 4}");
    let context = forge.context();
    for context in [context.clone(), Github::again(&context)] {
        let planned = runner.job("apply.yml", "plan", context.clone());
        assert_eq!(planned.code, 0, "{}", planned.log);
        let mut context = context;
        context.insert("needs.plan.outputs.to-apply".to_owned(), "yes".to_owned());
        let done = runner.job("apply.yml", "apply", context);
        assert_eq!(done.code, 0, "{}", done.log);
    }
    shop.propose();
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    twice("plan.yml", "plan", &forge.pull_request("acme/access"));
    twice("plan.yml", "fork", &forge.pull_request("eve/access"));
}

/// Whoever cannot ask does not know that there is nothing.
#[test]
fn nothing_is_applied_while_the_journal_cannot_be_fetched() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let journal = shop.path("runner/scopeform-journal");
    push(&shop, "removals: {count: 5}", "removals: {count: 4}");
    let before = shop.applied();
    forge.fails("no-auth");
    let (failed, applied) = runner.deploy(&forge.context());
    assert_eq!((failed.code, applied), (1, true), "{}", failed.log);
    assert_eq!(failed.skipped, ["apply"]);
    assert_eq!(shop.applied(), before);
    // What is not known here is not kept in place of what is.
    assert!(journal.join("journal").exists());
}

/// A journal expires, and that stops nobody; but what was used is not known then, which somebody should be told.
#[test]
fn it_is_said_where_there_is_no_journal_any_more() {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    shop.push();
    let mut context = forge.context();
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let warns = "::warning::there is no journal of what was applied before";
    let (first, _) = runner.deploy(&context);
    assert!(first.code == 0 && !first.log.contains(&format!("\n{warns}")), "{}", first.log);
    push(&shop, "removals: {count: 5}", "removals: {count: 4}");
    let says = "**Warning:** there is no journal of what was applied before";
    let planned = runner.job("apply.yml", "plan", forge.context());
    assert!(planned.code == 0 && !planned.summary.contains(says), "{}", planned.summary);
    std::fs::remove_dir_all(shop.path("runner/scopeform-journal")).unwrap();
    // Who lets the apply through reads it first.
    assert!(!first.summary.contains(says), "{}", first.summary);
    let planned = runner.job("apply.yml", "plan", forge.context());
    assert!(planned.code == 0 && planned.summary.contains(says), "{}", planned.summary);
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert!(done.log.contains(&format!("\n{warns}")), "{}", done.log);
}

/// Of all that goes by the name, only what a run of main's own workflow has left.
#[test]
fn the_journal_is_that_of_main() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    push(&shop, "removals: {count: 5}", "removals: {count: 4}");
    let calls = forge.log().len();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    let fetched: Vec<String> = forge.log().split_off(calls);
    let fetched: Vec<&String> = fetched.iter().filter(|c| c.starts_with("download")).collect();
    // Once by the job that plans, which says whether there is one, and once by the job that applies.
    assert_eq!(fetched, ["download 55", "download 55"]);
}
