//! The same way with a workspace of the other platform: `examples/acme-crm`, from a pull request to an approved apply.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::forge::{Github, Gitlab};
use super::gitlab::{self, PUSH};
use super::runner::Runner;
use super::shop::{Shop, text};
use crate::apply::proxy::{Do, Proxy};
use crate::cli::review::{Annotation, read_sarif};
use crate::cli::stream::lines;
use crate::faults::stage::Plane;
use crate::faults::trustpager::Trustpager;

/// Who must sign, as in the workspace that ships with the kit.
const RULES: &str = "
approvals:
  signers: allowed_signers
  teams: {security: [ana@acme.example, omar@acme.example]}
  rules:
    - {when: widening, of: [security]}
";

/// The example with rules, and only what narrows: nobody need sign for it.
fn first(example: &str) -> String {
    let (header, _) = example.split_once("oauth_clients:").unwrap();
    let keys = "api_keys:\n  nightly export:\n    resources: {contacts: read, deals: read}\n";
    format!("{header}{keys}{RULES}")
}

fn openssl(args: &[&str]) -> Vec<u8> {
    let done = Command::new("openssl").args(args).output().unwrap_or_else(|why| {
        panic!("this test needs openssl (`tests/tools.sh` installs it): {why}");
    });
    assert!(done.status.success(), "{}", text(&done.stderr));
    done.stdout
}

/// Makes the certificate of who can read the values of new keys, as docs/ci.md says. Returns the file with its private half.
fn named_recipient(shop: &Shop) -> PathBuf {
    let private = shop.path("keys/recipient.key");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ci.md");
    let page = std::fs::read_to_string(page).unwrap();
    let command = page.lines().find(|line| line.starts_with("openssl req ")).unwrap();
    let public = shop.repository().join("ci/recipient.pem").display().to_string();
    let command =
        command.replace("ci/recipient.pem", &public).replace("\"/CN=new API keys\"", "/CN=keys");
    let command = command.replace("recipient.key", &private.display().to_string());
    let args: Vec<&str> = command.split(' ').skip(1).chain(["-nodes"]).collect();
    openssl(&args);
    private
}

fn decrypted(file: &Path, private: &Path) -> String {
    let (file, private) = (file.display().to_string(), private.display().to_string());
    let args = ["cms", "-decrypt", "-inform", "DER", "-in", &file, "-inkey", &private];
    String::from_utf8(openssl(&args)).unwrap()
}

#[test]
fn a_crm_goes_from_a_pull_request_to_an_approved_apply() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/acme-crm");
    let shop = Shop::of(&folder);
    let file = shop.repository().join("access/acme-crm.yaml");
    // What is idle depends on the day.
    let idle = "    tokens:\n      max_idle: 365d\n";
    let example = shop.read("access/acme-crm.yaml").replace(idle, "");
    std::fs::write(&file, first(&example)).unwrap();
    shop.commit("only what narrows");
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    let begun = shop.push();
    let mut context = forge.context();
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let (done, applied) = runner.deploy(&context);
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied().as_ref(), Some(&begun));

    // The pull request: all of the example.
    shop.git(&["checkout", "-q", "-b", "change"]);
    let all = format!("{example}{RULES}");
    std::fs::write(&file, &all).unwrap();
    shop.commit("all of it");
    let proposed = || {
        shop.git(&["checkout", "-q", "--detach", "main"]);
        shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    };
    proposed();
    // It creates a key. While nobody is named who can read its value, the pull request says so below its plan.
    let nobody = runner.job("plan.yml", "plan", forge.pull_request("acme/access"));
    assert_eq!(nobody.code, 1, "{}", nobody.log);
    assert!(nobody.log.contains("nobody is named who can read them"), "{}", nobody.log);
    assert_eq!(shop.read("scopeform-out/exit-code"), "2\n");
    shop.git(&["checkout", "-q", "change"]);
    let private = named_recipient(&shop);
    shop.commit("somebody who can read the value of the key");
    proposed();
    let context = forge.pull_request("acme/access");
    let done = runner.job("plan.yml", "plan", context.clone());
    assert_eq!(done.code, 0, "{}", done.log);
    let scanned = runner.scan("plan.yml", &done, &context).unwrap();
    assert_eq!(scanned.code, 0, "{}", scanned.log);
    assert_eq!(shop.read("scopeform-out/exit-code"), "2\n");
    let comment = forge.comments().pop().unwrap()["body"].as_str().unwrap().to_owned();
    for page in [&comment, &done.summary, &shop.read("scopeform-out/report.html")] {
        for name in ["Claude Connection", "delete_with_approval", "ticket sync"] {
            assert!(page.contains(name), "no {name} in {page}");
        }
        assert!(!page.contains("scopeform apply"), "{page}");
    }
    // Every finding is on the line that it is about.
    let written = |number: &str| {
        let number: usize = number.parse().unwrap();
        all.lines().nth(number - 1).unwrap().trim().to_owned()
    };
    let annotations = shop.read("scopeform-out/annotations.txt");
    let mut marked: Vec<(String, String)> = Vec::new();
    for annotation in annotations.lines().map(Annotation::parse) {
        assert_eq!(annotation.get("file"), Some("access/acme-crm.yaml"));
        let title = annotation.get("title").unwrap().to_owned();
        marked.push((title, written(annotation.get("line").unwrap())));
    }
    marked.sort();
    let contacts = "contacts: delete_with_approval";
    let email = "email: send_automatically";
    let key = "resources: {contacts: read, tasks: write_automatically}";
    let mut wanted: Vec<(String, String)> = [
        ("role-decides", contacts),
        ("role-decides", email),
        ("tier-widens", contacts),
        ("tier-widens", email),
        ("tier-widens", key),
        ("tier-widens", key),
        ("token-revoked", "holders: {groups: [sales], users: [simon@acme.example]}"),
    ]
    .map(|(title, line)| (title.to_owned(), line.to_owned()))
    .into();
    wanted.sort();
    assert_eq!(marked, wanted);
    let log = read_sarif(&[forge.sarif().text]).remove(0);
    assert_eq!(log.runs[0].results.as_ref().unwrap().len(), wanted.len());
    let plan: Value = serde_json::from_str(&shop.read("scopeform-out/plan.json")).unwrap();
    assert_eq!(plan["findings"].as_array().unwrap().len(), wanted.len());

    // Merged before anybody has signed nothing is done; then it is.
    shop.merge("main");
    shop.push();
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert_eq!(shop.applied(), Some(begun));
    let plan = shop.path("runner/scopeform-plan/plan.scopeform");
    let eve = shop.approve(&plan, "eve");
    assert_ne!(eve.status.code(), Some(0), "{}", text(&eve.stdout));
    let ana = shop.approve(&plan, "ana");
    assert_eq!(ana.status.code(), Some(0), "{}", text(&ana.stderr));
    shop.deliver(&plan);
    let second = shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied(), Some(second));
    let kept = shop.path("runner/scopeform-apply-1/apply-1.jsonl");
    let kept = lines(&std::fs::read_to_string(kept).unwrap());
    assert_eq!(kept.last().unwrap()["report"]["complete"], json!(true));
    // The value of the new key has not gone with the machine, and nobody but who is named can read it.
    let kept = shop.path("runner/scopeform-delivered-1/1-ticket-sync.key.cms");
    let value = decrypted(&kept, &private);
    assert!(value.starts_with("tp_") && value.trim().len() > 20, "{}", value.len());
    assert!(!shop.repository().join("access/.scopeform/ticket-sync.key").exists());
    assert!(!done.log.contains(value.trim()));
    let quiet = runner.job("drift.yml", "drift", forge.context());
    assert_eq!(quiet.code, 0, "{}", quiet.log);
}

/// A platform that refuses to change a key until somebody says otherwise, and a repository that asks for that and for a new
/// key beside it.
fn half_way(plane: &Plane<Trustpager>) -> (Shop, Proxy, Arc<AtomicBool>, PathBuf) {
    let open = Arc::new(AtomicBool::new(false));
    let through = Arc::clone(&open);
    let proxy = Proxy::start(plane.address, move |request, _| {
        let stands = request.is_write() && request.path.contains("nightly");
        if stands && !through.load(Ordering::Relaxed) {
            let error = json!({"error": {"code": "invalid_request", "message": "not now"}});
            return Do::Answer(422, error.to_string());
        }
        Do::Pass
    });
    let shop = Shop::new();
    let (url, workspace) = (proxy.url(), &plane.workspaces[0]);
    let config = format!(
        "version: 1\nplatform: trustpager\nworkspace: {workspace}\nendpoint: {url}\napi_keys:
  nightly export:\n    resources: {{contacts: read}}\n    labels: {{deliver: notes.txt}}
  ticket sync:\n    resources: {{contacts: read}}\n    deliver: {{file: .scopeform/k.key}}\n"
    );
    std::fs::write(shop.repository().join("access/acme.yaml"), config).unwrap();
    std::fs::remove_file(shop.repository().join("access/world.yaml")).unwrap();
    let private = named_recipient(&shop);
    shop.commit("a new key");
    shop.push();
    (shop, proxy, open, private)
}

/// How many keys were asked for.
fn made(proxy: &Proxy) -> usize {
    let requests = proxy.requests();
    requests.iter().filter(|line| line.starts_with("POST ") && line.ends_with("/api-keys")).count()
}

/// The key is there and its value is kept, and something else of the plan has failed. The job that runs again has a machine
/// without the file, and goes on all the same.
#[test]
fn a_part_done_apply_that_made_a_key_can_be_run_again() {
    let plane = Plane::<Trustpager>::start(1);
    let (shop, proxy, open, private) = half_way(&plane);
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    let mut context = forge.context();
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    context.insert("secrets.SCOPEFORM_TOKEN".to_owned(), plane.token.clone());
    let (part, applied) = runner.deploy(&context);
    assert_eq!((part.code, applied), (6, true), "{}", part.log);
    assert!(!shop.repository().join("access/.scopeform/k.key").exists());
    let value = decrypted(&shop.path("runner/scopeform-delivered-1/1-k.key.cms"), &private);
    assert!(value.starts_with("tp_"), "{}", value.len());
    assert_eq!(made(&proxy), 1);

    open.store(true, Ordering::Relaxed);
    let mut again = Github::again(&context);
    again.insert("needs.plan.outputs.to-apply".to_owned(), "yes".to_owned());
    let done = runner.job("apply.yml", "apply", again);
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(made(&proxy), 1);
    assert!(shop.applied().is_some());
    // There is nothing new to keep, and the value of the first attempt stays where it is.
    assert!(!shop.path("runner/scopeform-delivered-2").exists());
    assert!(shop.path("runner/scopeform-delivered-1/1-k.key.cms").exists());
}

/// What jobs on GitLab know of `plane`, where the plan of main has been made.
fn planned_on_gitlab(
    shop: &Shop,
    forge: &Gitlab,
    plane: &Plane<Trustpager>,
) -> BTreeMap<String, String> {
    let mut variables = forge.variables();
    variables.insert("NEW_WORKSPACE".to_owned(), "yes".to_owned());
    variables.insert("SCOPEFORM_TOKEN".to_owned(), plane.token.clone());
    let planned = gitlab::run(shop, "plan-main", PUSH, &variables);
    assert_eq!(planned.code, 0, "{}", planned.log);
    variables
}

#[test]
fn gitlab_keeps_the_value_of_a_new_key_and_goes_on_after_it() {
    let plane = Plane::<Trustpager>::start(1);
    let (shop, proxy, open, private) = half_way(&plane);
    let forge = Gitlab::start();
    let variables = planned_on_gitlab(&shop, &forge, &plane);
    let part = gitlab::run(&shop, "apply", PUSH, &variables);
    assert_eq!(part.code, 6, "{}", part.log);
    assert!(!shop.repository().join("access/.scopeform/k.key").exists());
    let value = decrypted(&shop.path("runner/gitlab/apply/1-k.key.cms"), &private);
    assert!(value.starts_with("tp_") && !part.log.contains(value.trim()), "{}", value.len());
    open.store(true, Ordering::Relaxed);
    let done = gitlab::run(&shop, "apply", PUSH, &variables);
    assert_eq!((done.code, made(&proxy)), (0, 1), "{}", done.log);
    assert!(shop.applied().is_some());
}

/// Only what apply has begun to write is taken, and nothing that a label names. A run that was killed while it created a key
/// leaves its file empty: there is nothing to keep, and that is said.
#[test]
fn nothing_but_the_value_of_a_new_key_is_taken() {
    let plane = Plane::<Trustpager>::start(1);
    let (shop, _proxy, _, _) = half_way(&plane);
    let forge = Gitlab::start();
    planned_on_gitlab(&shop, &forge, &plane);
    let keep = || {
        let done = shop.run("ci/delivered.sh", &["keep", "access", "scopeform-out"]);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        (text(&done.stdout), text(&done.stderr))
    };
    let quiet = (String::new(), String::new());
    assert_eq!(keep(), quiet);
    let (labelled, file) = (
        shop.repository().join("access/notes.txt"),
        shop.repository().join("access/.scopeform/k.key"),
    );
    std::fs::write(&labelled, "notes").unwrap();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "somebody else's").unwrap();
    assert_eq!(keep(), quiet);
    let begun =
        json!({"type": "apply_start", "hook": {"resource": {"addr": "api_keys/ticket sync"}}});
    let stream = format!("{begun}\n{{\"type\": \"appl");
    std::fs::write(shop.repository().join("scopeform-out/apply-1.jsonl"), stream).unwrap();
    std::fs::write(&file, "").unwrap();
    let (_, said) = keep();
    assert!(said.starts_with("warning: .scopeform/k.key is empty: "), "{said}");
    assert!(file.exists());
    std::fs::write(&file, "tp_value").unwrap();
    let (said, _) = keep();
    assert_eq!(said, "kept for who is named in recipient.pem: delivered/1-k.key.cms\n");
    assert!(!file.exists());
    assert_eq!(std::fs::read_to_string(&labelled).unwrap(), "notes");
}

/// Whoever made the certificate with another kind of key is told so, and not that it is missing.
#[test]
fn a_certificate_that_cannot_be_used_is_no_missing_one() {
    let plane = Plane::<Trustpager>::start(1);
    let (shop, _proxy, _, _) = half_way(&plane);
    let forge = Gitlab::start();
    planned_on_gitlab(&shop, &forge, &plane);
    let check = || {
        let done = shop.run("ci/delivered.sh", &["check", "access", "scopeform-out"]);
        (done.status.code(), text(&done.stderr))
    };
    assert_eq!(check(), (Some(0), String::new()));
    let public = shop.repository().join("ci/recipient.pem").display().to_string();
    let private = shop.path("keys/ec.key").display().to_string();
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        &private,
        "-out",
        &public,
        "-days",
        "30",
        "-subj",
        "/CN=keys",
    ]);
    let (code, said) = check();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot be used: an RSA certificate is needed"), "{said}");
    assert!(said.contains("openssl: ") && !said.contains("nobody is named"), "{said}");
    std::fs::remove_file(&public).unwrap();
    let (code, said) = check();
    assert!(code == Some(1) && said.contains("nobody is named who can read them"), "{said}");
}
