//! What the page says of itself: which commit it is of, which approvals are there, and that an earlier one is no longer true.

use std::collections::BTreeMap;

use super::forge::{Github, Gitlab};
use super::gitlab::{self, MERGE_REQUEST};
use super::runner::Runner;
use super::shop::{APPLIED, Shop, text};

/// What is checked out for the pull request of the branch `change`.
fn merged(shop: &Shop) {
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
}

/// A repository whose first files have been applied, and a pull request.
fn proposed() -> (Shop, Github) {
    let (shop, forge) = super::gate::applied();
    shop.propose();
    merged(&shop);
    (shop, forge)
}

#[test]
fn a_comment_says_of_which_commit_it_is_and_does_not_outlive_its_plan() {
    let (shop, forge) = proposed();
    let runner = Runner::new(&shop);
    let body = || forge.comments()[1]["body"].as_str().unwrap().to_owned();
    let eve = forge.comments()[0].clone();
    let plan = |sha: &str| {
        let mut context = forge.pull_request("acme/access");
        context.insert("github.event.pull_request.head.sha".to_owned(), sha.to_owned());
        runner.job("plan.yml", "plan", context)
    };
    let done = plan("aaaa1111");
    assert_eq!(done.code, 0, "{}", done.log);
    assert!(body().contains(" of `aaaa1111` for `acme`"), "{}", body());
    assert!(done.summary.contains(" of `aaaa1111` for `acme`"), "{}", done.summary);
    let marker = body().lines().next().unwrap().to_owned();

    // The files are wrong now, so there is no plan of them.
    shop.git(&["checkout", "-q", "change"]);
    shop.edit("access/acme.yaml", "integrations:", "integratons:");
    shop.commit("a slip");
    merged(&shop);
    let done = plan("bbbb2222");
    assert_eq!(done.code, 1, "{}", done.log);
    assert!(body().starts_with(&format!("{marker}\n**No plan of `bbbb2222`**")), "{}", body());
    assert!(!body().contains("create_page"), "{}", body());

    // Corrected, it is a plan again; and then the change is taken back.
    shop.git(&["checkout", "-q", "change"]);
    shop.edit("access/acme.yaml", "integratons:", "integrations:");
    shop.commit("corrected");
    merged(&shop);
    assert_eq!(plan("cccc3333").code, 0);
    assert!(body().contains("create_page"), "{}", body());
    shop.git(&["checkout", "-q", "change"]);
    shop.git(&["checkout", "-q", "main", "--", "access"]);
    std::fs::write(shop.repository().join("README.md"), "Who may do what\n").unwrap();
    shop.commit("not this");
    merged(&shop);
    let done = plan("dddd4444");
    assert_eq!((done.code, done.skipped), (0, vec!["plan".to_owned()]), "{}", done.log);
    assert!(
        body().starts_with(&format!("{marker}\n**Nothing to plan**: `dddd4444`")),
        "{}",
        body()
    );
    // All in one comment, and nobody else's.
    assert_eq!((forge.comments().len(), &forge.comments()[0]), (2, &eve));
}

/// A repository with a merge request, of which nothing has been applied yet, and the variables of its jobs.
fn requested() -> (Shop, Gitlab, BTreeMap<String, String>) {
    let shop = Shop::new();
    let forge = Gitlab::start();
    shop.push();
    shop.propose();
    let mut variables = forge.variables();
    variables.insert("NEW_WORKSPACE".to_owned(), "yes".to_owned());
    (shop, forge, variables)
}

#[test]
fn a_note_does_not_outlive_its_plan_either() {
    let (shop, forge, mut variables) = requested();
    let mut plan = |sha: &str| {
        variables.insert("CI_COMMIT_SHA".to_owned(), sha.to_owned());
        shop.git(&["checkout", "-q", "--detach", "change"]);
        let done = gitlab::run(&shop, "plan", MERGE_REQUEST, &variables);
        shop.git(&["checkout", "-q", "change"]);
        (done.code, forge.notes().split_off(101), done.log)
    };
    let (code, notes, log) = plan("aaaa1111");
    assert_eq!((code, notes.len()), (0, 1), "{log}");
    assert!(notes[0].contains(" of `aaaa1111` for `acme`"), "{}", notes[0]);
    let marker = notes[0].lines().next().unwrap().to_owned();
    shop.edit("access/acme.yaml", "integrations:", "integratons:");
    shop.commit("a slip");
    let (code, notes, log) = plan("bbbb2222");
    assert_eq!((code, notes.len()), (1, 1), "{log}");
    assert!(notes[0].starts_with(&format!("{marker}\n**No plan of `bbbb2222`**")), "{}", notes[0]);
    shop.git(&["checkout", "-q", "main", "--", "access"]);
    shop.commit("not this");
    let (code, notes, log) = plan("cccc3333");
    assert_eq!((code, notes.len()), (0, 1), "{log}");
    assert!(notes[0].starts_with(&format!("{marker}\n**Nothing to plan**")), "{}", notes[0]);
}

/// Nor where the job does not get as far as a plan.
#[test]
fn a_note_says_that_a_job_has_ended_before_its_plan() {
    let (shop, forge, mut variables) = requested();
    let mut plan = |sha: &str| {
        // Of merged results the commit at hand is GitLab's own.
        variables.insert("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA".to_owned(), sha.to_owned());
        shop.git(&["checkout", "-q", "--detach", "change"]);
        let done = gitlab::run(&shop, "plan", MERGE_REQUEST, &variables);
        (done.code, forge.notes().split_off(101), done.log)
    };
    let (code, notes, log) = plan("aaaa1111");
    assert_eq!((code, notes.len()), (0, 1), "{log}");
    assert!(notes[0].contains(" of `aaaa1111` for `acme`"), "{}", notes[0]);
    let marker = notes[0].lines().next().unwrap().to_owned();
    // Meanwhile main says something else on the same line.
    shop.git(&["checkout", "-q", "main"]);
    shop.edit("access/acme.yaml", "create_page: disabled", "create_page: enabled");
    shop.commit("for all");
    shop.push();
    let (code, notes, log) = plan("bbbb2222");
    assert_eq!((code, notes.len()), (1, 1), "{log}");
    assert!(notes[0].starts_with(&format!("{marker}\n**No plan of `bbbb2222`**")), "{}", notes[0]);
    assert!(log.contains("cannot be merged"), "{log}");
    // Taken back it is a plan again, and on a machine without the program none.
    shop.git(&["checkout", "-q", "main"]);
    shop.edit("access/acme.yaml", "create_page: enabled", "create_page: disabled");
    shop.commit("not for all");
    shop.push();
    let (code, notes, log) = plan("cccc3333");
    assert_eq!((code, notes.len()), (0, 1), "{log}");
    assert!(notes[0].contains(" of `cccc3333` for `acme`"), "{}", notes[0]);
    std::fs::remove_file(shop.path("bin/scopeform")).unwrap();
    let (code, notes, log) = plan("dddd4444");
    assert_eq!((code, notes.len()), (1, 1), "{log}");
    assert!(notes[0].starts_with(&format!("{marker}\n**No plan of `dddd4444`**")), "{}", notes[0]);
}

/// Whoever is asked to let a plan through sees whether it can be applied at all.
#[test]
fn the_page_says_which_approvals_are_there() {
    let (shop, forge) = proposed();
    let runner = Runner::new(&shop);
    let done = runner.job("plan.yml", "plan", forge.pull_request("acme/access"));
    assert_eq!(done.code, 0, "{}", done.log);
    assert!(done.summary.contains("1 rule must be satisfied"), "{}", done.summary);
    let plan = shop.path("runner/scopeform-plan/plan.scopeform");
    let signed = shop.approve_under(&plan, "ana", APPLIED);
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    shop.git(&["checkout", "-q", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    shop.deliver(&plan);
    shop.push();
    let planned = runner.job("apply.yml", "plan", forge.context());
    assert_eq!(planned.code, 0, "{}", planned.log);
    let told = "1 of 1 rule that the plan carries is satisfied by the approvals at hand";
    assert!(planned.summary.contains(told), "{}", planned.summary);
    let told = "**satisfied**, approved by `ana@acme.example`";
    assert!(planned.summary.contains(told), "{}", planned.summary);

    // The same in text, and only there.
    let approval = "approvals/plan.scopeform.ana@acme.example.approval";
    let show = ["show", "scopeform-out/plan.scopeform", "--approval", approval];
    let page = shop.exits(0, "scopeform", &show);
    assert!(page.contains("satisfied by ana@acme.example"), "{page}");
    shop.exits(64, "scopeform", &[&show[..], &["--format", "json"]].concat());
    // One that somebody has touched is none, and the rule is open.
    shop.edit(approval, "given 2", "given 3");
    let page = shop.exits(0, "scopeform", &show);
    assert!(
        page.contains("0 of 1 rule that the plan carries is satisfied") && page.contains("  open"),
        "{page}"
    );
}
