//! Jobs that are given little: a fork's, and one on a machine without the program.

use std::process::Command;

use super::forge::Github;
use super::runner::{Context, Runner};
use super::shop::{Shop, text};
use crate::cli::harness::BINARY;
use crate::cli::review::read_sarif;

/// A fork's change, merged for its pull request into a repository whose first files have been applied.
fn from_a_fork(shop: &Shop, forge: &Github) -> Context {
    let file = |name: &str| shop.repository().join(name);
    // The program comes from where the repository says, since no job of a fork is given a variable.
    let sum = shop.exits(0, "sha256sum", &[BINARY]);
    let sum = sum.split(' ').next().unwrap();
    std::fs::write(file("ci/program"), format!("# ours\n{sum} file://{BINARY}\n")).unwrap();
    shop.commit("which program");
    shop.push();
    let mut context = forge.context();
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let (done, _) = Runner::new(shop).deploy(&context);
    assert_eq!(done.code, 0, "{}", done.log);
    shop.git(&["checkout", "-q", "-b", "fork"]);
    shop.edit("access/acme.yaml", "create_page: disabled", "create_page: {groups: [content-team]}");
    shop.commit("from a fork");
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "fork"]);
    forge.pull_request("eve/access")
}

#[test]
fn a_fork_plans_from_the_last_snapshot_with_nothing_of_its_own() {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    let context = from_a_fork(&shop, &forge);
    // Before there is a snapshot of main, whatever the fork calls its own.
    let none = runner.job("plan.yml", "fork", context.clone());
    assert_eq!(none.code, 66, "{}", none.log);
    assert!(
        none.log.contains("no run of main has left an artefact scopeform-snapshot"),
        "{}",
        none.log
    );
    assert!(!forge.log().iter().any(|call| call.starts_with("download")), "{:?}", forge.log());

    // It is taken where it is turned on, after every complete apply and every morning, and drift does not depend on it.
    let mut own = forge.context();
    for workflow in ["apply.yml", "drift.yml"] {
        assert!(!runner.wanted(workflow, "snapshot", &own));
    }
    own.insert("vars.SNAPSHOTS".to_owned(), "yes".to_owned());
    let refused = runner.job("drift.yml", "snapshot", own.clone());
    assert_ne!(refused.code, 0, "without a key: {}", refused.log);
    let key = std::fs::read_to_string(shop.path("keys/nightly")).unwrap();
    own.insert("secrets.SNAPSHOT_KEY".to_owned(), key);
    let merged = shop.git(&["rev-parse", "HEAD"]);
    shop.git(&["checkout", "-q", "main"]);
    for workflow in ["apply.yml", "drift.yml"] {
        let _ = std::fs::remove_dir_all(shop.path("runner/scopeform-snapshot"));
        let taken = runner.job(workflow, "snapshot", own.clone());
        assert_eq!(taken.code, 0, "{}", taken.log);
        assert!(shop.path("runner/scopeform-snapshot/snapshot.scopeform.sig").exists());
    }

    // No program, no variable, no secret, and nothing is written anywhere.
    std::fs::remove_file(shop.path("bin/scopeform")).unwrap();
    shop.git(&["checkout", "-q", "--detach", &merged]);
    let calls = forge.log().len();
    let done = runner.job("plan.yml", "fork", context);
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(shop.read("scopeform-out/exit-code"), "2\n");
    assert!(done.summary.contains("create_page"), "{}", done.summary);
    read_sarif(&[shop.read("scopeform-out/findings.sarif")]);
    assert!(!shop.repository().join("scopeform-out/plan.scopeform").exists());
    let calls: Vec<String> = forge.log().split_off(calls);
    assert!(
        calls.iter().all(|call| call.starts_with("GET ") || call == "download 55"),
        "{calls:?}"
    );
}

/// What is wrong with a fork's files is shown on their lines, as it is with everybody's.
#[test]
fn a_fork_is_told_where_its_files_are_wrong() {
    let shop = Shop::new();
    let live = shop.path("live").display().to_string();
    let key = shop.path("keys/nightly").display().to_string();
    shop.exits(0, "scopeform", &["snapshot", "access", "--key", &key, "--out", &live]);
    let pages = || {
        ["findings.sarif", "annotations.txt", "code-quality.json"]
            .map(|name| shop.read(&format!("out/{name}")))
    };
    // What does not read, and a name that only what is live can tell to be wrong.
    for (from, to) in [("integrations:", "integratons:"), ("create_page", "creat_page")] {
        shop.edit("access/acme.yaml", from, to);
        shop.script(1, &["fork", "access", "out", "HEAD", &live]);
        let [sarif, annotations, issues] = pages();
        let log = read_sarif(std::slice::from_ref(&sarif)).remove(0);
        assert!(!log.runs[0].results.as_ref().unwrap().is_empty(), "{sarif}");
        assert!(annotations.starts_with("::error file=access/acme.yaml,line="), "{annotations}");
        assert!(issues.contains("\"path\": \"access/acme.yaml\""), "{issues}");
        // Whoever may read what is live is told the same.
        shop.script(1, &["plan", "access", "out", "HEAD"]);
        assert_eq!(pages(), [sarif, annotations, issues]);
        shop.edit("access/acme.yaml", to, from);
    }
}

#[test]
fn the_program_is_installed_only_if_it_is_the_one_that_is_meant() {
    let shop = Shop::new();
    std::fs::remove_file(shop.path("bin/scopeform")).unwrap();
    let sum = shop.exits(0, "sha256sum", &[BINARY]);
    let sum = sum.split(' ').next().unwrap().to_owned();
    let target = shop.path("installed");
    let install = |program: &str| {
        std::fs::write(shop.repository().join("ci/program"), program).unwrap();
        let mut command = Command::new("ci/install.sh");
        command.env_clear().envs(shop.environment()).current_dir(shop.repository());
        command.env("INSTALL_FOLDER", &target).output().unwrap()
    };
    let wrong = sum.replace(|c: char| c.is_ascii_digit(), "0");
    let wrong = install(&format!("{wrong} file://{BINARY}\n"));
    assert!(!wrong.status.success(), "{}", text(&wrong.stderr));
    // As it ships it names none, and says where to write it.
    let none = install("# Which scopeform the jobs install\n");
    assert!(text(&none.stderr).contains("ci/program does not say"), "{}", text(&none.stderr));
    assert!(!none.status.success() && !target.join("scopeform").exists());
    // However the editor ends its lines, the last one included.
    for program in [
        format!("{sum} file://{BINARY}\n"),
        format!("# ours\n{sum} file://{BINARY}"),
        format!("# ours\r\n{sum} file://{BINARY}\r\n"),
    ] {
        let _ = std::fs::remove_file(target.join("scopeform"));
        let right = install(&program);
        assert!(right.status.success(), "{program:?} {}", text(&right.stderr));
        assert!(text(&right.stdout).starts_with("scopeform "), "{}", text(&right.stdout));
    }
    // Where it is already, nothing is fetched.
    super::shop::program(&shop.path("bin2"));
    std::fs::rename(shop.path("bin2/scopeform"), shop.path("bin/scopeform")).unwrap();
    assert!(install("").status.success());
}

/// The check that can be required passes where exactly one of its two halves has run, and well.
#[test]
fn one_check_says_that_a_pull_request_was_planned() {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    let runner = Runner::new(&shop);
    let ends = |plan: &str, scanning: &str, fork: &str| {
        let mut context = forge.pull_request("acme/access");
        for (job, result) in [("plan", plan), ("code-scanning", scanning), ("fork", fork)] {
            context.insert(format!("needs.{job}.result"), result.to_owned());
        }
        runner.job("plan.yml", "scopeform", context).code
    };
    for scanning in ["success", "skipped"] {
        assert_eq!(ends("success", scanning, "skipped"), 0, "{scanning}");
    }
    assert_eq!(ends("skipped", "skipped", "success"), 0);
    for (plan, scanning, fork) in [
        ("skipped", "skipped", "skipped"),
        ("failure", "skipped", "skipped"),
        ("failure", "success", "skipped"),
        ("success", "failure", "skipped"),
        ("success", "cancelled", "skipped"),
        ("skipped", "skipped", "failure"),
        ("cancelled", "skipped", "skipped"),
    ] {
        assert_ne!(ends(plan, scanning, fork), 0, "{plan} {scanning} {fork}");
    }
    // In a merge queue nothing is planned once more: what is merged is, before it is applied.
    let mut queued = forge.pull_request("acme/access");
    for (name, value) in [
        ("github.event_name", "merge_group"),
        ("github.event.pull_request.head.repo.full_name", ""),
        ("needs.plan.result", "skipped"),
        ("needs.code-scanning.result", "skipped"),
        ("needs.fork.result", "skipped"),
    ] {
        queued.insert(name.to_owned(), value.to_owned());
    }
    assert!(!runner.wanted("plan.yml", "plan", &queued));
    assert!(!runner.wanted("plan.yml", "fork", &queued));
    assert_eq!(runner.job("plan.yml", "scopeform", queued).code, 0);
    // A check that is skipped counts as passed, so this one runs also where somebody cancels the others.
    let plan = std::fs::read_to_string(super::examples().join("github/plan.yml")).unwrap();
    let (_, check) = plan.split_once("\n  scopeform:\n").unwrap();
    assert!(check.contains("\n    if: ${{ always() }}\n"), "{check}");
    // A change of something else needs no plan, no program and no forge.
    shop.git(&["checkout", "-q", "-b", "change"]);
    std::fs::write(shop.repository().join("README.md"), "Who may do what\n").unwrap();
    shop.commit("a word");
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    std::fs::remove_file(shop.path("bin/scopeform")).unwrap();
    let done = runner.job("plan.yml", "plan", forge.pull_request("acme/access"));
    assert_eq!((done.code, done.skipped), (0, vec!["plan".to_owned()]), "{}", done.log);
    // It is looked whether an earlier comment has become untrue, and where that cannot be told, that stops nothing.
    assert_eq!(forge.log(), ["GET repos/acme/access/issues/7/comments"]);
    forge.fails("broken");
    let done = runner.job("plan.yml", "plan", forge.pull_request("acme/access"));
    assert_eq!(done.code, 0, "{}", done.log);
    assert!(done.log.contains("::warning::"), "{}", done.log);
}
