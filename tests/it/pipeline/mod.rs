//! The pipelines of `examples/ci`, with the very files that ship: from a pull request to an approved apply, in a real git
//! repository, with real signatures, on an embedded control plane. What stands in for the forge is small: a program `gh`
//! that keeps what it is given, and a server that keeps notes.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

mod artefacts;
mod crm;
mod documented;
mod forge;
mod gate;
mod gitlab;
mod kept;
mod lint;
mod outside;
mod results;
mod runner;
mod shop;
mod told;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::review::read_sarif;
use crate::cli::stream::lines;
use runner::Runner;
use shop::{Shop, text};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci")
}

/// What is in a folder of results after a plan, each page read by something else than what wrote it.
fn check_pages(out: &Path, marks: usize) {
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let log = read_sarif(&[read("findings.sarif")]).remove(0);
    assert_eq!(log.runs[0].results.as_ref().unwrap().len(), marks);
    let plan: Value = serde_json::from_str(&read("plan.json")).unwrap();
    assert_eq!(plan["findings"].as_array().unwrap().len(), marks);
    let issues: Value = serde_json::from_str(&read("code-quality.json")).unwrap();
    assert_eq!(issues.as_array().unwrap().len(), marks);
    assert_eq!(read("annotations.txt").lines().count(), marks);
    let marker = read("comment.md").lines().next().unwrap().to_owned();
    assert!(marker.starts_with("<!-- scopeform") && marker.ends_with("-->"), "{marker}");
    for name in ["comment.md", "summary.md", "report.html", "plan.txt"] {
        assert!(read(name).contains("create_page"), "{name} does not name what changes");
    }
    // Readers are told what happens next, and no command on a path that only the job has.
    for name in ["comment.md", "summary.md", "report.html"] {
        assert!(read(name).contains("by the pipeline, after the merge"), "{name}");
        assert!(!read(name).contains("scopeform apply"), "{name}");
    }
}

/// Any system that can run a shell: the script alone.
#[test]
fn the_script_goes_from_a_change_to_an_approved_apply() {
    let shop = Shop::new();
    let out = shop.repository().join("out");
    let plan = out.join("plan.scopeform");

    // The first files turn something off, for which nobody need sign.
    shop.script(2, &["drift", "access", "out"]);
    check_pages(&out, 0);
    shop.script(0, &["apply", "access", "out"]);
    let first = shop.read("out/apply-1.jsonl");
    // Run again, it has a record of its own, and the first one stays.
    shop.script(0, &["apply", "access", "out"]);
    assert_eq!(shop.read("out/apply-1.jsonl"), first);
    let again = lines(&shop.read("out/apply-2.jsonl"));
    assert_eq!(again.last().unwrap()["report"]["already_done"], json!(1));
    // Nothing is left to apply, and there is no branch that an apply would move.
    for command in ["drift", "plan"] {
        shop.script(0, &[command, "access", "out"]);
        assert_eq!(shop.read("out/to-apply"), "no\n", "{command}");
    }

    // A change that widens: planned before the merge under the rules of both sides.
    shop.propose();
    shop.script(0, &["plan", "access", "out", "main"]);
    assert_eq!(shop.read("out/exit-code"), "2\n");
    let marks = serde_json::from_str::<Value>(&shop.read("out/plan.json")).unwrap()["findings"]
        .as_array()
        .unwrap()
        .len();
    check_pages(&out, marks);
    let told = shop.script(5, &["apply", "access", "out", "main"]);
    assert!(told.contains("commit their files to approvals/ and push"), "{told}");
    let eve = shop.approve(&plan, "eve");
    assert_ne!(eve.status.code(), Some(0), "{}", text(&eve.stdout));
    let ana = shop.approve(&plan, "ana");
    assert_eq!(ana.status.code(), Some(0), "{}", text(&ana.stderr));
    shop.deliver(&plan);
    for leftover in
        ["plan.scopeform.ana@acme.example.approval", "plan.scopeform.ana@acme.example.approval.sig"]
    {
        std::fs::remove_file(out.join(leftover)).unwrap();
    }

    // After the merge it is planned again: the same decisions, so the approval counts.
    let before = shop.git(&["rev-parse", "main"]);
    shop.merge("main");
    shop.script(0, &["plan", "access", "out", &before]);
    shop.script(0, &["apply", "access", "out", &before]);
    let all = lines(&shop.read("out/apply-1.jsonl"));
    assert_eq!(all.last().unwrap()["report"]["complete"], json!(true));
    shop.script(0, &["drift", "access", "out"]);
    assert_eq!(shop.read("out/exit-code"), "0\n");
}

/// What ends a pipeline ends it with the code that scopeform has for it, and reviewers are told where.
#[test]
fn the_script_ends_as_scopeform_does() {
    let shop = Shop::new();
    let file = shop.repository().join("access/acme.yaml");
    let good = std::fs::read_to_string(&file).unwrap();
    let marks = |name: &str| {
        let log = read_sarif(&[shop.read(&format!("out/{name}"))]).remove(0);
        log.runs[0].results.as_ref().unwrap().len()
    };
    // 1: the files are wrong.
    std::fs::write(&file, good.replace("integrations:", "integratons:")).unwrap();
    shop.script(1, &["plan", "access", "out", "HEAD"]);
    assert!(marks("findings.sarif") > 0);
    assert!(shop.read("out/annotations.txt").starts_with("::error file=access/acme.yaml,line="));
    // 4: blocked, and what blocks is shown.
    std::fs::write(&file, good.replace("removals: {count: 5}", "removals: {count: 0}")).unwrap();
    shop.script(4, &["plan", "access", "out", "HEAD"]);
    assert!(marks("findings.sarif") > 0);
    assert!(shop.read("out/annotations.txt").contains("::error file=access/acme.yaml"));
    shop.script(4, &["apply", "access", "out", "HEAD"]);
    // Seen as drift it is drift, and more of it than a limit lets through.
    shop.script(2, &["drift", "access", "out"]);
    assert_eq!(
        (shop.read("out/exit-code"), shop.read("out/to-apply")),
        ("2\n".into(), "no\n".into())
    );
    assert!(marks("findings.sarif") > 0);
    // 3: what is live has moved since.
    std::fs::write(&file, &good).unwrap();
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    let page = |access: &str| good.replace("\"get_*\": enabled", &format!("get_page: {access}"));
    std::fs::write(&file, page("disabled")).unwrap();
    shop.script(0, &["plan", "access", "out", "HEAD"]);
    std::fs::write(&file, page("{groups: [content-team]}")).unwrap();
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    let told = shop.script(3, &["apply", "access", "out", "HEAD"]);
    assert!(told.contains("run the whole pipeline again"), "{told}");
    assert_eq!(lines(&shop.read("out/apply-1.jsonl")).last().unwrap()["exit"], "stale");
    // 64: no such command.
    shop.script(64, &["frobnicate", "access", "out"]);
}

#[test]
fn the_workflows_go_from_a_pull_request_to_an_approved_apply() {
    let shop = Shop::new();
    let forge = forge::Github::new(&shop);
    let runner = Runner::new(&shop);
    // The first files, pushed to main: somebody says that this is the first time.
    let first = shop.push();
    let mut context = forge.context();
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let (done, applied) = runner.deploy(&context);
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied().as_ref(), Some(&first));

    // The pull request.
    shop.propose();
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    for times in 1..=2 {
        let context = forge.pull_request("acme/access");
        let done = runner.job("plan.yml", "plan", context.clone());
        assert_eq!(done.code, 0, "{}", done.log);
        let scanned = runner.scan("plan.yml", &done, &context).unwrap();
        assert_eq!(scanned.code, 0, "{}", scanned.log);
        let comments = forge.comments();
        assert_eq!(comments.len(), 1 + 1, "one comment of ours, edited in place, round {times}");
        assert_eq!(comments[1]["body"].as_str().unwrap(), shop.read("scopeform-out/comment.md"));
        let edits = forge.log().iter().filter(|line| line.starts_with("PATCH ")).count();
        assert_eq!(edits, times - 1);
        let upload = forge.sarif();
        assert_eq!(
            (upload.commit.as_str(), upload.reference.as_str()),
            ("c0ffee", "refs/pull/7/merge")
        );
        let log = read_sarif(&[upload.text]).remove(0);
        for result in log.runs[0].results.iter().flatten() {
            let place = result.locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
            let uri = place.artifact_location.as_ref().unwrap().uri.clone().unwrap();
            assert!(shop.repository().join(&uri).is_file(), "{uri}");
        }
        assert!(done.summary.contains("create_page"), "{}", done.summary);
    }
    // From a fork the job with credentials does not run, and the other one does.
    assert!(!runner.wanted("plan.yml", "plan", &forge.pull_request("eve/access")));
    assert!(runner.wanted("plan.yml", "fork", &forge.pull_request("eve/access")));
    assert!(!runner.wanted("plan.yml", "fork", &forge.pull_request("acme/access")));

    // Merged before anybody has signed: nothing is done.
    let plan = shop.path("runner/scopeform-plan/plan.scopeform");
    let signed = shop.approve(&plan, "omar");
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    shop.merge("main");
    shop.push();
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (5, true), "{}", refused.log);
    assert_eq!(shop.applied().as_ref(), Some(&first));
    // What somebody has signed on the pull request is delivered in a commit, and counts.
    let signed = shop.approve(&plan, "omar");
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    shop.deliver(&plan);
    let second = shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, true), "{}", done.log);
    assert_eq!(shop.applied(), Some(second));
    assert_eq!(forge.sarif().reference, "refs/heads/main");
    let kept = shop.path("runner/scopeform-apply-1/apply-1.jsonl");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert_eq!(lines(&kept).last().unwrap()["exit"], "done");
    // The next push has nothing to apply, so nobody is asked to let it through.
    shop.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    shop.push();
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, false), "{}", done.log);

    // The next mornings: nothing has moved, then somebody has clicked.
    let quiet = runner.job("drift.yml", "drift", forge.context());
    assert_eq!(quiet.code, 0, "{}", quiet.log);
    let page = ("\"get_*\": enabled", "get_page: disabled");
    shop.edit("access/acme.yaml", page.0, page.1);
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    shop.edit("access/acme.yaml", page.1, page.0);
    let drifted = runner.job("drift.yml", "drift", forge.context());
    assert_eq!(drifted.code, 2, "{}", drifted.log);
    assert!(drifted.log.contains("get_page"), "{}", drifted.log);
}
