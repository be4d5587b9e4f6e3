//! Nobody gets around the rules by what comes before or after a change: each plan is judged by what was last applied.

use super::forge::{Github, Gitlab};
use super::gitlab::{self, PUSH, Pipeline, WEB};
use super::runner::Runner;
use super::shop::{APPLIED, Shop, text};

/// The rules of the files that ship, as they stand there.
pub(super) const RULES: &str = "approvals:
  signers: allowed_signers
  teams: {security: [ana@acme.example, omar@acme.example]}
  rules:
    - {when: widening, of: [security]}
";

/// A repository whose first files have been applied.
pub(super) fn applied() -> (Shop, Github) {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    shop.push();
    let mut context = forge.context();
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let (done, _) = Runner::new(&shop).deploy(&context);
    assert_eq!(done.code, 0, "{}", done.log);
    (shop, forge)
}

/// A change that drops the rules and widens, pushed to main.
fn drop_the_rules_and_widen(shop: &Shop) {
    shop.edit("access/acme.yaml", RULES, "");
    shop.edit("access/acme.yaml", "create_page: disabled", "create_page: {groups: [content-team]}");
    shop.commit("less to read");
    shop.push();
}

#[test]
fn what_follows_a_refused_push_is_judged_by_the_same_rules() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let first = shop.applied().unwrap();
    drop_the_rules_and_widen(&shop);
    let (refused, _) = runner.deploy(&forge.context());
    assert_eq!(refused.code, 5, "{}", refused.log);
    let plan = shop.path("runner/scopeform-plan/plan.scopeform");
    // Whatever is pushed next: the rules are those of the last complete apply, and not of the push before.
    std::fs::write(shop.repository().join("access/README.md"), "How we work\n").unwrap();
    shop.commit("a word about it");
    let third = shop.push();
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert_eq!(shop.applied().as_ref(), Some(&first));
    // Nobody but the apply job moves the branch that says which that is.
    let moved = shop.run("git", &["push", "-q", "origin", "main:scopeform/applied"]);
    assert!(!moved.status.success());
    let removed = shop.run("git", &["push", "-q", "origin", ":scopeform/applied"]);
    assert!(!removed.status.success());
    assert_eq!(shop.applied().as_ref(), Some(&first));
    // With what the rules before ask for, given to the first of these pushes and delivered in one more, it is applied.
    let signed = shop.approve_under(&plan, "ana", APPLIED);
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    shop.deliver(&plan);
    let last = shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied(), Some(last));
    // A run of what has been passed by does not bring it back.
    shop.git(&["checkout", "-q", "--detach", &third]);
    let (old, applied) = runner.deploy(&forge.context());
    assert_eq!((old.code, applied), (1, false), "{}", old.log);
    assert!(
        old.log.contains("does not contain refs/remotes/origin/scopeform/applied"),
        "{}",
        old.log
    );
}

/// First the rule, which changes nothing live, and then what it was in the way of.
#[test]
fn a_rule_is_not_dropped_first_and_walked_around_next() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let first = shop.applied().unwrap();
    shop.edit("access/acme.yaml", RULES, "");
    shop.commit("less to read");
    shop.push();
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert!(refused.log.contains("(- rule approvals/widening)"), "{}", refused.log);
    let plan = shop.path("runner/scopeform-plan/plan.scopeform");
    let signed = shop.approve_under(&plan, "ana", APPLIED);
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    // Those whom the rule names may let it go, and that alone: with what it was in the way of it is another plan.
    shop.edit("access/acme.yaml", "create_page: disabled", "create_page: {groups: [content-team]}");
    shop.deliver(&plan);
    shop.push();
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert_eq!(shop.applied(), Some(first));
    shop.edit("access/acme.yaml", "create_page: {groups: [content-team]}", "create_page: disabled");
    shop.commit("not this");
    let last = shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied(), Some(last));
}

#[test]
fn what_is_merged_on_gitlab_is_judged_by_the_same_rules() {
    let shop = Shop::new();
    let forge = Gitlab::start();
    shop.push();
    let mut variables = forge.variables();
    let deploy_by = |pipeline: Pipeline, variables: &_| match gitlab::run(
        &shop,
        "plan-main",
        pipeline,
        variables,
    ) {
        planned if planned.code == 0 => gitlab::run(&shop, "apply", pipeline, variables),
        failed => failed,
    };
    let deploy = |variables: &_| deploy_by(PUSH, variables);
    // The first time somebody must say so.
    let first = deploy(&variables);
    assert_eq!(first.code, 1, "{}", first.log);
    assert!(first.log.contains("NEW_WORKSPACE=yes"), "{}", first.log);
    variables.insert("NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let done = deploy(&variables);
    assert_eq!(done.code, 0, "{}", done.log);
    let first = shop.applied().unwrap();
    assert_eq!(first, shop.git(&["rev-parse", "main"]));
    // From then on the word has no meaning.
    drop_the_rules_and_widen(&shop);
    assert_eq!(deploy(&variables).code, 5);
    shop.git(&["commit", "-q", "--allow-empty", "-m", "again"]);
    shop.push();
    // The push touches nothing, so somebody has the whole run again.
    let refused = deploy_by(WEB, &variables);
    assert_eq!(refused.code, 5, "{}", refused.log);
    assert_eq!(shop.applied(), Some(first));
}

#[test]
fn a_repository_that_had_nothing_says_so_once() {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    // Main holds the pipelines alone; the pull request brings the files.
    shop.git(&["branch", "-q", "files"]);
    shop.git(&["reset", "-q", "--hard", "HEAD~1"]);
    shop.push();
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "files"]);
    let mut context = forge.pull_request("acme/access");
    let refused = runner.job("plan.yml", "plan", context.clone());
    assert_eq!(refused.code, 1, "{}", refused.log);
    assert!(refused.log.contains("nothing has been applied completely yet"), "{}", refused.log);
    assert!(refused.log.contains("NEW_WORKSPACE=yes"), "{}", refused.log);
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let planned = runner.job("plan.yml", "plan", context);
    assert_eq!(planned.code, 0, "{}", planned.log);
    // What a forge says for the commit before a new branch is understood, and a revision without the workspace too.
    let zeros = "0".repeat(40);
    for base in [zeros.as_str(), "main", APPLIED] {
        shop.script(1, &["plan", "access", "out", base]);
        let args = ["NEW_WORKSPACE=yes", "ci/plan-and-apply.sh", "plan", "access", "out", base];
        shop.exits(0, "env", &args);
        assert_eq!(shop.read("out/to-apply"), "yes\n");
    }
    // A name that means nothing is a mistake and not a beginning.
    let args = ["NEW_WORKSPACE=yes", "ci/plan-and-apply.sh", "plan", "access", "out", "mian"];
    let told = shop.exits(1, "env", &args);
    assert!(told.contains("names no commit here"), "{told}");
}

/// Rules that nothing is written under come into force as everything does: by an apply that somebody has let through.
#[test]
fn new_rules_come_into_force_by_an_apply() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    shop.edit("access/acme.yaml", "removals: {count: 5}", "removals: {count: 4}");
    shop.commit("stricter");
    let stricter = shop.push();
    let planned = runner.job("apply.yml", "plan", forge.context());
    assert_eq!(planned.code, 0, "{}", planned.log);
    assert_eq!(
        (shop.read("scopeform-out/exit-code"), planned.outputs["to-apply"].as_str()),
        ("0\n".to_owned(), "yes")
    );
    // Whoever lets it through reads what that does.
    assert!(planned.summary.contains("brings their rules into force"), "{}", planned.summary);
    // With another key than the one that may, the branch stays, and the log says how to go on.
    let before = shop.applied();
    let mut context = forge.context();
    let other = std::fs::read_to_string(shop.path("keys/eve")).unwrap();
    context.insert("secrets.APPLIED_KEY".to_owned(), other);
    let (left, applied) = runner.deploy(&context);
    assert_eq!((left.code, applied), (1, true), "{}", left.log);
    assert!(left.log.contains("run the whole pipeline again"), "{}", left.log);
    assert_eq!(shop.applied(), before);
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied(), Some(stricter));
}

/// A limit is passed by a line in a commit, for one plan and no other.
#[test]
fn an_acceptance_is_delivered_like_an_approval() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    shop.edit("access/acme.yaml", "removals: {count: 5}", "removals: {count: 0}");
    shop.edit("access/acme.yaml", "\"get_*\": enabled", "\"get_*\": disabled");
    shop.commit("close what nobody uses");
    shop.push();
    let (blocked, applied) = runner.deploy(&forge.context());
    assert_eq!((blocked.code, applied), (4, false), "{}", blocked.log);
    let plan = shop.read("scopeform-out/plan.json");
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let digest: String = plan["digest"].as_str().unwrap().chars().take(32).collect();
    let folder = shop.repository().join("approvals");
    std::fs::create_dir_all(&folder).unwrap();
    let deliver = |file: &str, text: &str| {
        std::fs::write(folder.join(file), text).unwrap();
        shop.commit("accept");
        shop.push();
        runner.deploy(&forge.context())
    };
    // Of another plan, and what is none at all, which somebody should know and which takes no page away.
    let other = "0123456789abcdef".repeat(2);
    let (few, many, big) =
        (digest.get(..31).unwrap(), format!("{digest}{digest}0"), digest.to_uppercase());
    let (blocked, _) = deliver(
        "old.accept",
        &format!(
            "removals@{other}\n--auto-approve\nremovals@\nremovals@{few}\nall@{digest}\nremovals@{many}\nremovals@{big}\n{digest}\nremovals@x@{digest}\n"
        ),
    );
    assert_eq!(blocked.code, 4, "{}", blocked.log);
    assert!(shop.read("scopeform-out/summary.md").contains("removals"), "{}", blocked.log);
    for line in 2..=9 {
        let told = format!("approvals/old.accept, line {line}: no LIMIT@DIGEST");
        assert!(blocked.log.contains(&told), "{}", blocked.log);
    }
    assert!(
        blocked.log.contains("approvals/old.accept, line 1: of another plan"),
        "{}",
        blocked.log
    );
    // As an editor of another system writes it, and without an end of its last line.
    let (done, applied) = deliver(
        "rest.accept",
        &format!("# Nobody has used them for a year\r\nremovals@{digest}\r\n# But see below"),
    );
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    // And whoever lets it through sees what was accepted, on every page.
    for page in
        ["plan.txt", "comment.md", "summary.md", "report.html", "plan.json", "findings.sarif"]
    {
        let page = shop.read(&format!("scopeform-out/{page}"));
        assert!(page.contains("accepted for exactly this plan"), "{page}");
        assert!(!page.contains("nothing is applied until"), "{page}");
    }
}

/// The last line of a file counts, and does not run into the first of the next.
#[test]
fn a_file_of_acceptances_needs_no_newline_at_its_end() {
    let (shop, forge) = applied();
    shop.edit("access/acme.yaml", "removals: {count: 5}", "removals: {count: 0}");
    shop.edit("access/acme.yaml", "\"get_*\": enabled", "\"get_*\": disabled");
    shop.commit("close what nobody uses");
    shop.push();
    let (blocked, _) = Runner::new(&shop).deploy(&forge.context());
    assert_eq!(blocked.code, 4, "{}", blocked.log);
    let plan: serde_json::Value =
        serde_json::from_str(&shop.read("scopeform-out/plan.json")).unwrap();
    let digest: String = plan["digest"].as_str().unwrap().chars().take(32).collect();
    let folder = shop.repository().join("approvals");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.accept"), format!("people@{}", "0".repeat(32))).unwrap();
    std::fs::write(folder.join("b.accept"), format!("removals@{digest}")).unwrap();
    shop.commit("accept");
    shop.push();
    let (done, applied) = Runner::new(&shop).deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
}

/// Denies whatever changes anything.
const NEVER: &str = "package main

deny contains \"not today\" if count(input.resource_changes) > 0
";

/// Rules beside the configuration folder are asked by every job, and a change does not get rid of them for itself.
#[test]
fn rules_in_rego_are_asked_at_plan_and_at_apply() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let write = |text: &str| {
        std::fs::create_dir_all(shop.repository().join("policies")).unwrap();
        std::fs::write(shop.repository().join("policies/all.rego"), text).unwrap();
    };
    let (shut, open) = ("get_page: disabled", "\"get_*\": enabled");
    shop.edit("access/acme.yaml", open, shut);
    // A plan that was made without them is stopped all the same.
    shop.script(0, &["plan", "access", "out", "main"]);
    write(NEVER);
    let told = shop.script(4, &["apply", "access", "out", "main"]);
    assert!(told.contains("not today; says `main.deny` at policies/all.rego:3"), "{told}");
    shop.script(4, &["plan", "access", "out", "main"]);
    assert!(shop.read("out/annotations.txt").contains("not today"));
    shop.script(2, &["drift", "access", "out"]);
    write("package main\n\ndeny if true\n");
    shop.script(1, &["plan", "access", "out", "main"]);
    write(NEVER);
    shop.commit("not today");
    shop.push();
    let (denied, applied) = runner.deploy(&forge.context());
    assert_eq!((denied.code, applied), (4, false), "{}", denied.log);
    // By themselves they come into force like all rules.
    shop.edit("access/acme.yaml", shut, open);
    shop.commit("then not");
    let inforce = shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied(), Some(inforce));
    // A change that takes them away is held against them, and no fork is asked less.
    shop.git(&["rm", "-q", "-r", "policies"]);
    shop.edit("access/acme.yaml", open, shut);
    shop.commit("today");
    shop.push();
    let (denied, applied) = runner.deploy(&forge.context());
    assert_eq!((denied.code, applied), (4, false), "{}", denied.log);
    assert!(denied.log.contains("not today"), "{}", denied.log);
    let live = shop.path("live").display().to_string();
    shop.exits(0, "scopeform", &["snapshot", "access", "--key", &key(&shop), "--out", &live]);
    let told = shop.script(4, &["fork", "access", "out", APPLIED, &live]);
    assert!(told.contains("not today"), "{told}");
    // Taken away first, by an apply, they are gone for the next one.
    shop.edit("access/acme.yaml", shut, open);
    shop.commit("first the rule");
    shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    shop.edit("access/acme.yaml", open, shut);
    shop.commit("today");
    shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
}

/// The key that signs snapshots.
fn key(shop: &Shop) -> String {
    shop.path("keys/nightly").display().to_string()
}
