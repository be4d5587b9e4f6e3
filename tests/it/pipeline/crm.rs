//! The same way with a workspace of the other platform: `examples/acme-crm`, from a pull request to an approved apply.

use std::path::Path;

use serde_json::{Value, json};

use super::forge::Github;
use super::runner::Runner;
use super::shop::{Shop, text};
use crate::cli::review::{Annotation, read_sarif};
use crate::cli::stream::lines;

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
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
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
    let quiet = runner.job("drift.yml", "drift", forge.context());
    assert_eq!(quiet.code, 0, "{}", quiet.log);
}
