//! The pipelines of `examples/ci`, with the very files that ship: from a pull request to an approved apply, in a real git
//! repository, with real signatures, on an embedded control plane. What stands in for the forge is small: a program `gh`
//! that keeps what it is given, and a server that keeps notes.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

mod forge;
mod lint;
mod runner;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::approvals::new_key;
use crate::cli::harness::BINARY;
use crate::cli::review::read_sarif;
use crate::cli::stream::lines;
use runner::Runner;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci")
}

/// A repository as the README of `examples/ci` says to make one, a live system that outlives the jobs, and people's keys.
struct Shop {
    dir: tempfile::TempDir,
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Puts the program on the PATH of jobs.
fn program(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(BINARY, folder.join("scopeform")).unwrap();
}

impl Shop {
    fn new() -> Self {
        let shop = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["home", "keys", "runner"] {
            std::fs::create_dir_all(shop.path(name)).unwrap();
        }
        program(&shop.path("bin"));
        let repository = shop.repository();
        copy(&examples(), &repository.join("ci"));
        shop.git(&["init", "-q", "-b", "main"]);
        shop.commit("pipelines");
        std::fs::rename(repository.join("ci/access"), repository.join("access")).unwrap();
        let mut signers = String::new();
        for name in ["ana", "omar", "eve", "nightly"] {
            let key = new_key(&shop.path("keys"), name, &["ed25519"]);
            match name {
                "eve" => {}
                "nightly" => {
                    let line = format!("nightly namespaces=\"scopeform-snapshot\" {key}\n");
                    signers.push_str(&line);
                }
                _ => signers.push_str(&format!("{name}@acme.example {key}\n")),
            }
        }
        std::fs::write(repository.join("access/allowed_signers"), signers).unwrap();
        shop.commit("the first files");
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    fn read(&self, name: &str) -> String {
        let path = self.repository().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// The environment that every job has.
    fn environment(&self) -> BTreeMap<String, String> {
        let path = std::env::var("PATH").unwrap();
        let own = |name: &str| self.path(name).display().to_string();
        let pairs = [
            ("PATH", format!("{}:{path}", own("bin"))),
            ("HOME", own("home")),
            // The live system of these tests; it is the same for every job.
            ("SCOPEFORM_DATA_DIR", own("live")),
            ("GIT_AUTHOR_NAME", "eve".to_owned()),
            ("GIT_AUTHOR_EMAIL", "eve@acme.example".to_owned()),
            ("GIT_COMMITTER_NAME", "eve".to_owned()),
            ("GIT_COMMITTER_EMAIL", "eve@acme.example".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(self.environment()).current_dir(self.repository());
        command.output().unwrap_or_else(|why| panic!("{program}: {why}"))
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        let done = self.run("git", args);
        assert!(done.status.success(), "git {args:?}: {}", text(&done.stderr));
        text(&done.stdout).trim().to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    #[track_caller]
    fn exits(&self, code: i32, program: &str, args: &[&str]) -> String {
        let done = self.run(program, args);
        let (out, err) = (text(&done.stdout), text(&done.stderr));
        assert_eq!(done.status.code(), Some(code), "{program} {args:?}\n{out}\n{err}");
        out + &err
    }

    /// The script that every kit calls.
    #[track_caller]
    fn script(&self, code: i32, args: &[&str]) -> String {
        self.exits(code, "ci/plan-and-apply.sh", args)
    }

    /// Proposes the change that ships with the examples, on a branch of its own.
    fn propose(&self) {
        self.git(&["checkout", "-q", "-b", "change"]);
        self.git(&["apply", "ci/change.patch"]);
        self.commit("let the content team make pages");
    }

    /// What a forge checks out for a pull request: the branch merged into main.
    fn merge(&self, into: &str) {
        self.git(&["checkout", "-q", into]);
        self.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    }

    fn approve(&self, plan: &Path, by: &str) -> Output {
        let key = self.path("keys").join(by).display().to_string();
        let plan = plan.display().to_string();
        self.run("scopeform", &["approve", &plan, "--key", &key, "--config", "access", "--yes"])
    }

    /// Puts the approvals beside a plan into the repository, as the people do.
    fn deliver(&self, plan: &Path) {
        let approvals = self.repository().join("approvals");
        std::fs::create_dir_all(&approvals).unwrap();
        for entry in std::fs::read_dir(plan.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.contains(".approval") {
                std::fs::copy(&path, approvals.join(name)).unwrap();
            }
        }
        self.commit("approvals");
    }
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
}

/// Any system that can run a shell: the script alone.
#[test]
fn the_script_goes_from_a_change_to_an_approved_apply() {
    let shop = Shop::new();
    let out = shop.repository().join("out");
    let plan = out.join("plan.scopeform");
    std::fs::write(shop.repository().join(".gitignore"), "/out/\n").unwrap();
    shop.commit("keep results out");

    // The first files turn something off, for which nobody need sign.
    shop.script(2, &["drift", "access", "out"]);
    check_pages(&out, 0);
    shop.script(0, &["apply", "access", "out"]);
    shop.script(0, &["drift", "access", "out"]);

    // A change that widens: planned before the merge under the rules of both sides.
    shop.propose();
    shop.script(0, &["plan", "access", "out", "main"]);
    assert_eq!(shop.read("out/exit-code"), "2\n");
    let marks = serde_json::from_str::<Value>(&shop.read("out/plan.json")).unwrap()["findings"]
        .as_array()
        .unwrap()
        .len();
    check_pages(&out, marks);
    shop.script(5, &["apply", "access", "out", "main"]);
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
    let all = lines(&shop.read("out/apply.jsonl"));
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
    // 3: what is live has moved since.
    std::fs::write(&file, &good).unwrap();
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    let page = |access: &str| good.replace("\"get_*\": enabled", &format!("get_page: {access}"));
    std::fs::write(&file, page("disabled")).unwrap();
    shop.script(0, &["plan", "access", "out", "HEAD"]);
    std::fs::write(&file, page("{groups: [content-team]}")).unwrap();
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    let told = shop.script(3, &["apply", "access", "out", "HEAD"]);
    assert!(told.contains("run the pipeline again"), "{told}");
    assert_eq!(lines(&shop.read("out/apply.jsonl")).last().unwrap()["exit"], "stale");
    // 64: no such command.
    shop.script(64, &["frobnicate", "access", "out"]);
}

#[test]
fn the_workflows_go_from_a_pull_request_to_an_approved_apply() {
    let shop = Shop::new();
    let forge = forge::Github::new(&shop);
    let runner = Runner::new(&shop);
    let push = |before: &str| {
        let mut context = forge.context();
        context.insert("github.event.before".to_owned(), before.to_owned());
        context
    };
    // The first files, pushed to main.
    let before = shop.git(&["rev-parse", "HEAD~1"]);
    let planned = runner.job("apply.yml", "plan", push(&before));
    assert_eq!((planned.code, planned.outputs["exit-code"].as_str()), (0, "2"), "{}", planned.log);
    let mut context = push(&before);
    context.insert("needs.plan.outputs.exit-code".to_owned(), "2".to_owned());
    let applied = runner.job("apply.yml", "apply", context);
    assert_eq!(applied.code, 0, "{}", applied.log);

    // The pull request.
    shop.propose();
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    for times in 1..=2 {
        let done = runner.job("plan.yml", "plan", forge.pull_request("acme/access"));
        assert_eq!(done.code, 0, "{}", done.log);
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
        std::fs::remove_dir_all(shop.repository().join("scopeform-out")).unwrap();
    }
    // From a fork the job with credentials does not run, and the other one does.
    assert!(!runner.wanted("plan.yml", "plan", &forge.pull_request("eve/access")));
    assert!(runner.wanted("plan.yml", "fork", &forge.pull_request("eve/access")));
    assert!(!runner.wanted("plan.yml", "fork", &forge.pull_request("acme/access")));

    // Somebody signs what the job has left, and delivers it on the branch.
    let plan = shop.path("runner/scopeform-plan/plan.scopeform");
    let signed = shop.approve(&plan, "omar");
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    shop.git(&["checkout", "-q", "change"]);
    shop.deliver(&plan);

    // Merged: planned again, let through by the environment, applied.
    let before = shop.git(&["rev-parse", "main"]);
    shop.merge("main");
    let planned = runner.job("apply.yml", "plan", push(&before));
    assert_eq!(planned.outputs["exit-code"], "2", "{}", planned.log);
    let mut context = push(&before);
    context.insert("needs.plan.outputs.exit-code".to_owned(), "0".to_owned());
    assert!(!runner.wanted("apply.yml", "apply", &context));
    context.insert("needs.plan.outputs.exit-code".to_owned(), "2".to_owned());
    // Without the approval nothing is done.
    let approvals = shop.repository().join("approvals");
    std::fs::rename(&approvals, shop.path("aside")).unwrap();
    let refused = runner.job("apply.yml", "apply", context.clone());
    assert_eq!(refused.code, 5, "{}", refused.log);
    std::fs::rename(shop.path("aside"), &approvals).unwrap();
    let applied = runner.job("apply.yml", "apply", context);
    assert_eq!(applied.code, 0, "{}", applied.log);
    let kept = std::fs::read_to_string(shop.path("runner/scopeform-apply/apply.jsonl")).unwrap();
    assert_eq!(lines(&kept).last().unwrap()["exit"], "done");

    // The next mornings: nothing has moved, then somebody has clicked.
    let mut context = forge.context();
    context.insert("github.ref".to_owned(), "refs/heads/main".to_owned());
    let key = std::fs::read_to_string(shop.path("keys/nightly")).unwrap();
    context.insert("secrets.SNAPSHOT_KEY".to_owned(), key);
    let quiet = runner.job("drift.yml", "drift", context.clone());
    assert_eq!(quiet.code, 0, "{}", quiet.log);
    assert!(!shop.path("runner/snapshot-key").exists(), "the key is left behind");

    // From a fork: the last snapshot of this repository, whatever the fork calls its own, and nothing is written anywhere.
    shop.git(&["checkout", "-q", "-b", "fork"]);
    let file = shop.repository().join("access/acme.yaml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replace("{groups: [content-team]}", "disabled")).unwrap();
    shop.git(&["commit", "-q", "-a", "-m", "from a fork"]);
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "fork"]);
    std::fs::remove_dir_all(shop.repository().join("scopeform-out")).unwrap();
    let calls = forge.log().len();
    let done = runner.job("plan.yml", "fork", forge.pull_request("eve/access"));
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
    shop.git(&["checkout", "-q", "main"]);
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replace("\"get_*\": enabled", "get_page: disabled")).unwrap();
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    std::fs::write(&file, good).unwrap();
    let drifted = runner.job("drift.yml", "drift", context);
    assert_eq!(drifted.code, 2, "{}", drifted.log);
    assert!(drifted.log.contains("get_page"), "{}", drifted.log);
}

#[test]
fn a_merge_request_has_one_note_that_is_edited() {
    let shop = Shop::new();
    let forge = forge::Gitlab::start();
    shop.propose();
    shop.exits(0, "git", &["update-ref", "refs/heads/target", "main"]);
    let variables = forge.variables(&shop);
    for times in 1..=2 {
        let done = runner::gitlab(&shop, "plan", &variables);
        assert_eq!(done.code, 0, "{}", done.log);
        let notes = forge.notes();
        assert_eq!(notes.len(), 102, "round {times}");
        assert_eq!(notes[101], shop.read("scopeform-out/comment.md"));
    }
    let report: Value =
        serde_json::from_str(&shop.read("scopeform-out/code-quality.json")).unwrap();
    assert!(report.is_array());
    // Whoever may not write the note is told so: a plan that nobody sees is no plan.
    let mut wrong = variables.clone();
    wrong.insert("NOTE_TOKEN".to_owned(), "wrong".to_owned());
    assert_ne!(runner::gitlab(&shop, "plan", &wrong).code, 0);
}

#[test]
fn the_program_is_installed_only_if_it_is_the_one_that_is_meant() {
    let shop = Shop::new();
    std::fs::remove_file(shop.path("bin/scopeform")).unwrap();
    let sum = shop.exits(0, "sha256sum", &[BINARY]);
    let sum = sum.split(' ').next().unwrap().to_owned();
    let target = shop.path("installed");
    let install = |sum: &str| {
        let mut command = Command::new("ci/install.sh");
        command.env_clear().envs(shop.environment()).current_dir(shop.repository());
        command.env("INSTALL_URL", format!("file://{BINARY}")).env("INSTALL_SHA256", sum);
        command.env("INSTALL_FOLDER", &target).output().unwrap()
    };
    let wrong = install(&sum.replace(|c: char| c.is_ascii_digit(), "0"));
    assert!(
        !wrong.status.success() && !target.join("scopeform").exists(),
        "{}",
        text(&wrong.stderr)
    );
    let right = install(&sum);
    assert!(right.status.success(), "{}", text(&right.stderr));
    assert!(text(&right.stdout).starts_with("scopeform "), "{}", text(&right.stdout));
    // Where it is already, nothing is fetched.
    program(&shop.path("bin2"));
    std::fs::rename(shop.path("bin2/scopeform"), shop.path("bin/scopeform")).unwrap();
    assert!(install("no sum at all").status.success());
}
