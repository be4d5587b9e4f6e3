//! Runs a job of the GitLab kit as its runner does: if the rules let it, on a clean tree with what the jobs that it needs have
//! left, with the variables that its environment and its branch are given, `before_script` and `after_script` included.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_yaml::Value;

use super::artefacts;
use super::examples;
use super::runner::{Done, plain, yaml};
use super::shop::{Shop, copy, text};

pub(super) type Variables = BTreeMap<String, String>;

/// Which branch's pipeline a job is of, and what started it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pipeline {
    pub(super) source: &'static str,
    /// The branch; of a merge request, the one that is to be merged.
    pub(super) branch: &'static str,
}

pub(super) const MERGE_REQUEST: Pipeline =
    Pipeline { source: "merge_request_event", branch: "change" };
pub(super) const PUSH: Pipeline = Pipeline { source: "push", branch: "main" };
pub(super) const WEB: Pipeline = Pipeline { source: "web", branch: "main" };
pub(super) const SCHEDULE: Pipeline = Pipeline { source: "schedule", branch: "main" };

impl Pipeline {
    /// What every job of it knows of it.
    fn variables(self) -> Variables {
        let mut pairs = vec![("CI_PIPELINE_SOURCE", self.source), ("CI_DEFAULT_BRANCH", "main")];
        if self.source == "merge_request_event" {
            pairs.push(("CI_MERGE_REQUEST_IID", "7"));
            pairs.push(("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"));
        } else {
            pairs.push(("CI_COMMIT_BRANCH", self.branch));
        }
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

fn file() -> Value {
    yaml(&examples().join("gitlab/.gitlab-ci.yml"))
}

/// The secrets of the project as docs/ci.md says to set them: name, value, environment, and whether only jobs of protected
/// branches are given it.
fn secrets(shop: &Shop) -> [(&'static str, String, &'static str, bool); 3] {
    // A variable of the type file holds a path.
    let key = shop.path("keys/deploy").display().to_string();
    [
        ("SCOPEFORM_TOKEN", "may-read".to_owned(), "scopeform-plan", false),
        ("SCOPEFORM_TOKEN", "may-write".to_owned(), "scopeform-apply", true),
        ("APPLIED_KEY", key, "scopeform-apply", true),
    ]
}

/// The secrets that a job is given: those of its environment, and protected ones on a protected branch alone.
pub(super) fn given(shop: &Shop, job: &str, pipeline: Pipeline) -> Variables {
    let environment = &file()[job]["environment"];
    let environment = environment.as_str().or_else(|| environment["name"].as_str());
    let protected = pipeline.source != "merge_request_event" && pipeline.branch == "main";
    let theirs = secrets(shop).into_iter().filter(|(_, _, scope, only_protected)| {
        environment == Some(scope) && (protected || !only_protected)
    });
    theirs.map(|(name, value, ..)| (name.to_owned(), value)).collect()
}

/// Whether a condition such as `$A == $B && $C == "push"` holds. A variable that is not set is nothing.
fn holds(condition: &str, known: &Variables) -> bool {
    let value = |side: &str| match side.trim().strip_prefix('$') {
        Some(name) => known.get(name).cloned(),
        None => Some(side.trim().trim_matches('"').to_owned()),
    };
    condition.split("&&").all(|part| {
        let (one, other) =
            part.split_once("==").unwrap_or_else(|| panic!("not understood: {part}"));
        value(one) == value(other)
    })
}

/// Returns how a job runs by its rules, if it does. What was changed is known of pushes and merge requests; of any other
/// pipeline GitLab takes everything for changed.
fn admits(rules: &Value, known: &Variables, changed: &[String]) -> Option<String> {
    let any = !["push", "merge_request_event"].contains(&known["CI_PIPELINE_SOURCE"].as_str());
    let rule = rules.as_sequence().unwrap().iter().find(|rule| {
        let patterns = rule["changes"].as_sequence().map(|all| all.iter().map(plain));
        let touches = patterns.is_none_or(|mut patterns| {
            any || patterns.any(|pattern| {
                let folder = pattern.strip_suffix("**/*").unwrap_or_else(|| panic!("{pattern}"));
                changed.iter().any(|file| file.starts_with(folder))
            })
        });
        holds(rule["if"].as_str().unwrap(), known) && touches
    })?;
    Some(rule["when"].as_str().unwrap_or("on_success").to_owned())
}

/// Returns the jobs of a pipeline, each with how it begins.
pub(super) fn jobs(pipeline: Pipeline, changed: &[&str]) -> Vec<(String, String)> {
    let (file, known) = (file(), pipeline.variables());
    let changed: Vec<String> = changed.iter().map(|&file| file.to_owned()).collect();
    let named = file.as_mapping().unwrap().iter().filter(|(_, job)| job.get("rules").is_some());
    named
        .filter_map(|(name, job)| Some((plain(name), admits(&job["rules"], &known, &changed)?)))
        .collect()
}

/// Runs a job of a pipeline, with what the project and its tests set beside.
pub(super) fn run(shop: &Shop, job: &str, pipeline: Pipeline, more: &Variables) -> Done {
    let file = file();
    let (own, base) = (&file[job], &file[file[job]["extends"].as_str().unwrap()]);
    let mut known = pipeline.variables();
    known.extend(given(shop, job, pipeline));
    known.extend(more.clone());
    let changed = shop.git(&["diff", "--name-only", "HEAD~1", "HEAD"]);
    let changed: Vec<String> = changed.lines().map(str::to_owned).collect();
    assert!(
        admits(&own["rules"], &known, &changed).is_some(),
        "{job} has no place in {pipeline:?}"
    );

    let id = fresh(shop);
    known.insert("CI_JOB_ID".to_owned(), id);
    known.insert("CI_PROJECT_DIR".to_owned(), shop.repository().display().to_string());
    let mut environment = shop.environment();
    environment.extend(known.clone());
    for (name, value) in [&base["variables"], &own["variables"]]
        .into_iter()
        .flat_map(|variables| variables.as_mapping().into_iter().flatten())
    {
        let mut value = plain(value);
        for (name, known) in known.iter().rev() {
            value = value.replace(&format!("${name}"), known);
        }
        environment.insert(plain(name), value);
    }
    for needed in own["needs"].as_sequence().into_iter().flatten().map(plain) {
        let folder = plain(&file[needed.as_str()]["artifacts"]["paths"][0]);
        copy(&shop.path("runner/gitlab").join(needed), &shop.repository().join(folder));
    }
    if own.get("cache").is_some() {
        artefacts::cached(shop);
    }
    let part = |name: &str| lines(own.get(name).unwrap_or(&base[name]));
    let script = [part("before_script"), part("script")].concat().join("\n");
    let done = sh(shop, &script, &environment);
    let mut log = said(&done);
    let code = done.status.code().unwrap();
    environment.insert(
        "CI_JOB_STATUS".to_owned(),
        if code == 0 { "success" } else { "failed" }.to_owned(),
    );
    // A shell of its own, whose end is not the job's.
    log.push_str(&said(&sh(shop, &part("after_script").join("\n"), &environment)));
    if own.get("cache").is_some() {
        artefacts::cache(shop, &lines(&own["cache"]["paths"]).join("\n"));
    }
    let paths = lines(&own["artifacts"]["paths"]).join("\n");
    artefacts::leave(shop, &Path::new("gitlab").join(job), &paths);
    Done { code, log, ..Done::default() }
}

/// Runs what a job does before its own script up to where the program is installed, on a machine with these programs alone.
/// Returns how it ended, and what was asked of the package manager.
pub(super) fn prepare(shop: &Shop, programs: &[&str]) -> (bool, String) {
    let folder = shop.path("few");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for &program in programs {
        let found = Command::new("sh").args(["-c", "command -v \"$0\"", program]).output().unwrap();
        assert!(found.status.success(), "this test needs {program}: `tests/tools.sh` installs it");
        std::os::unix::fs::symlink(text(&found.stdout).trim(), folder.join(program)).unwrap();
    }
    shop.install("few/apt-get", "#!/bin/sh\necho \"$*\" >>\"$HOME/asked\"\n");
    let steps = lines(&file()[".scopeform"]["before_script"]);
    let steps: Vec<String> = steps.into_iter().take_while(|step| step != "ci/install.sh").collect();
    let mut environment = shop.environment();
    environment.insert("PATH".to_owned(), folder.display().to_string());
    environment.insert("CI_PROJECT_DIR".to_owned(), shop.repository().display().to_string());
    let done = sh(shop, &steps.join("\n"), &environment);
    let asked = std::fs::read_to_string(shop.path("home/asked")).unwrap_or_default();
    (done.status.success(), asked)
}

fn lines(of: &Value) -> Vec<String> {
    of.as_sequence().into_iter().flatten().map(plain).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn sh(shop: &Shop, script: &str, environment: &Variables) -> Output {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-e", "-c", script]).env_clear().envs(environment);
    shell.current_dir(shop.repository()).output().unwrap()
}

/// Cleans the tree for the next job and returns its number. Of the other branches it knows what it fetches; the live system
/// stays.
fn fresh(shop: &Shop) -> String {
    let seen = shop.git(&["for-each-ref", "--format=%(refname)", "refs/remotes"]);
    for name in seen.lines() {
        shop.git(&["update-ref", "-d", name]);
    }
    shop.git(&["clean", "-ffdxq", "-e", "scopeform-data"]);
    artefacts::forget(shop);
    // On a machine of GitLab's nobody is root by chance.
    shop.install("bin/apt-get", "#!/bin/sh\nexit 100\n");
    let counter = shop.path("runner/gitlab-jobs");
    let jobs = std::fs::read_to_string(&counter).map_or(0, |jobs| jobs.parse::<u32>().unwrap());
    std::fs::write(&counter, (jobs + 1).to_string()).unwrap();
    format!("{}", 500 + jobs)
}

/// Which job there is, and when.
#[test]
fn every_pipeline_has_its_jobs() {
    let names = |pipeline, changed: &[&str]| -> Vec<String> {
        let jobs = jobs(pipeline, changed).into_iter();
        jobs.map(|(job, when)| if when == "manual" { format!("{job}, by hand") } else { job })
            .collect()
    };
    let after_the_merge = ["plan-main", "apply, by hand"];
    let nothing: [&str; 0] = [];
    for changed in [["access/more/x.yaml"], ["approvals/a.approval"], ["policies/a.rego"]] {
        assert_eq!(names(PUSH, &changed), after_the_merge);
        assert_eq!(names(Pipeline { branch: "change", ..PUSH }, &changed), nothing);
    }
    assert_eq!(names(PUSH, &["README.md"]), nothing);
    // By hand the whole is run again, whatever the last push has changed; and on main only.
    assert_eq!(names(WEB, &[]), after_the_merge);
    assert_eq!(names(Pipeline { branch: "change", ..WEB }, &["access/x.yaml"]), nothing);
    assert_eq!(names(MERGE_REQUEST, &["README.md"]), ["plan"]);
    assert_eq!(names(SCHEDULE, &[]), ["drift"]);
}

/// The token that can write, and the key that moves the branch, are in the hands of the apply job of main alone.
#[test]
fn a_job_is_given_the_secrets_of_its_environment() {
    let shop = Shop::new();
    let of = |job: &str, pipeline| {
        let given = given(&shop, job, pipeline);
        (
            given.get("SCOPEFORM_TOKEN").cloned().unwrap_or_default(),
            given.contains_key("APPLIED_KEY"),
        )
    };
    let (reads, writes) = (("may-read".to_owned(), false), ("may-write".to_owned(), true));
    for (job, pipeline) in
        [("plan", MERGE_REQUEST), ("plan-main", PUSH), ("plan-main", WEB), ("drift", SCHEDULE)]
    {
        assert_eq!(of(job, pipeline), reads, "{job}");
    }
    assert_eq!(of("apply", PUSH), writes);
    // Whoever adds a job to a merge request gets neither.
    assert_eq!(of("apply", MERGE_REQUEST), (String::new(), false));
    assert_eq!(of("apply", Pipeline { branch: "change", ..PUSH }), (String::new(), false));
}

/// An image with everything in it needs nobody who may install; one without is given what is missing.
#[test]
fn a_job_installs_what_its_image_lacks_and_nothing_else() {
    let shop = Shop::new();
    let (done, asked) = prepare(&shop, &["curl", "git", "jq", "openssl", "ssh", "ssh-keygen"]);
    assert!(done && asked.is_empty(), "{asked}");
    let (done, asked) = prepare(&shop, &["curl", "git", "openssl", "ssh", "ssh-keygen"]);
    assert!(done, "{asked}");
    let install: Vec<&str> = asked.lines().collect();
    let [update, install] = install.as_slice() else { panic!("jq is not installed: {asked:?}") };
    assert!(update.starts_with("update") && install.contains(" jq "), "{asked}");
    // The clone may be of somebody else than runs the job.
    let believed = shop.run("git", &["config", "--global", "--get-all", "safe.directory"]);
    let believed = text(&believed.stdout);
    let here = shop.repository().display().to_string();
    assert!(believed.contains(&here), "git does not believe {here}: {believed}");
}

/// A push ends the plan of an older commit, which would write its note over that of the newer one. It ends no apply, and none
/// begins beside another.
#[test]
fn a_newer_commit_ends_the_plan_of_an_older_one_and_no_apply() {
    let file = file();
    let says = |job: &str, key: &str| -> Option<Value> {
        let base = &file[job]["extends"].as_str().map_or(&Value::Null, |base| &file[base]);
        [&file[job], base, &file["default"]].into_iter().find_map(|part| part.get(key).cloned())
    };
    let ends = |job: &str| says(job, "interruptible").is_some_and(|ends| ends.as_bool().unwrap());
    let all =
        [MERGE_REQUEST, PUSH, WEB, SCHEDULE].into_iter().flat_map(|of| jobs(of, &["access/x"]));
    let ended: Vec<String> = all.map(|(job, _)| job).filter(|job| ends(job)).collect();
    assert_eq!(ended, ["plan"]);
    let alone: Vec<&str> = ["plan", "plan-main", "apply", "drift"]
        .into_iter()
        .filter(|job| says(job, "resource_group").is_some())
        .collect();
    assert_eq!(alone, ["apply"]);
    // A pipeline of which a job has begun that must not be ended goes on, unless this says otherwise.
    assert!(file.get("workflow").is_none_or(|workflow| workflow.get("auto_cancel").is_none()));
}
