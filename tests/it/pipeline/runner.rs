//! Runs the steps of a workflow as GitHub's runner does: every `run:` for real, with the environment that the files say.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_yaml::Value;

use super::artefacts;
use super::examples;
use super::shop::{Shop, copy, text};

/// What expressions are resolved from: `github.sha` and the like.
pub(super) type Context = BTreeMap<String, String>;

/// How a job ended.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) code: i32,
    /// Whether it was stopped from outside.
    pub(super) cancelled: bool,
    pub(super) log: String,
    pub(super) summary: String,
    pub(super) outputs: BTreeMap<String, String>,
    /// The steps with a name that did not run.
    pub(super) skipped: Vec<String>,
    /// What earlier steps have put on the PATH.
    pub(super) path: Vec<String>,
}

pub(super) struct Runner<'s> {
    shop: &'s Shop,
    cancel: RefCell<Option<Cancel>>,
}

/// When a job is cancelled: in the step with this id, once this returns.
type Cancel = (&'static str, Box<dyn FnOnce() + Send>);

pub(super) fn yaml(path: &Path) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        other => panic!("no plain value: {other:?}"),
    }
}

/// Puts values in the places of `${{ NAME }}`. A name that the context does not have is a mistake in the workflow.
fn expand(text: &str, context: &Context) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").unwrap();
        let name = name.trim();
        out.push_str(before);
        match context.get(name) {
            Some(value) => out.push_str(value),
            // What a step has not set.
            None => assert!(name.starts_with("steps."), "nothing is known of `{name}`"),
        }
        rest = after;
    }
    out + rest
}

/// The conditions that the workflows use: two values compared, all of several, `!cancelled()`, and `always()`, which holds.
/// What a step has not set is empty, as on a real runner; any other name that the context does not have is a mistake.
fn holds(condition: &str, context: &Context, cancelled: bool) -> bool {
    let condition = condition.trim();
    let bare = condition.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    let value = |side: &str| {
        let side = side.trim();
        match side.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some(literal) => literal.to_owned(),
            None if side.starts_with("steps.") => context.get(side).cloned().unwrap_or_default(),
            None => {
                context.get(side).unwrap_or_else(|| panic!("nothing is known of `{side}`")).clone()
            }
        }
    };
    bare.unwrap_or(condition).split("&&").all(|part| match (part.trim(), part.split_once("==")) {
        ("!cancelled()", _) => !cancelled,
        ("always()", _) => true,
        (_, Some((a, b))) => value(a) == value(b),
        (_, None) => {
            let (a, b) = part.split_once("!=").unwrap_or_else(|| panic!("not understood: {part}"));
            value(a) != value(b)
        }
    })
}

/// Returns whether a step runs: after a failed one, or in a job that is cancelled, only when its condition says so.
fn runs(step: &Value, done: &Done, context: &Context) -> bool {
    let condition = step.get("if").map(|condition| condition.as_str().unwrap());
    let anyway = condition.is_some_and(|condition| {
        ["!cancelled()", "always()"].iter().any(|status| condition.contains(status))
    });
    (anyway || (done.code == 0 && !done.cancelled))
        && condition.is_none_or(|condition| holds(condition, context, done.cancelled))
}

impl<'s> Runner<'s> {
    pub(super) fn new(shop: &'s Shop) -> Self {
        Self { shop, cancel: RefCell::new(None) }
    }

    /// Cancels the next job that gets to the step with this id, once `when` returns: whatever the step runs is killed, as on
    /// a machine that waits for nobody, and only what says so runs after it.
    pub(super) fn cancel(&self, step: &'static str, when: impl FnOnce() + Send + 'static) {
        *self.cancel.borrow_mut() = Some((step, Box::new(when)));
    }

    fn read(workflow: &str, job: &str) -> Value {
        yaml(&examples().join("github").join(workflow))["jobs"][job].clone()
    }

    /// Returns whether a job's condition holds.
    pub(super) fn wanted(&self, workflow: &str, job: &str, context: &Context) -> bool {
        match Self::read(workflow, job).get("if") {
            Some(condition) => holds(condition.as_str().unwrap(), context, false),
            None => true,
        }
    }

    /// Runs a job of a workflow in the repository as it is checked out.
    pub(super) fn job(&self, workflow: &str, job: &str, mut context: Context) -> Done {
        assert!(self.wanted(workflow, job, &context), "{workflow} {job} is not wanted");
        let job = Self::read(workflow, job);
        let mut done = Done::default();
        for step in job["steps"].as_sequence().unwrap() {
            let before = (done.code, done.cancelled);
            let ran = runs(step, &done, &context);
            if ran {
                self.step(step, &mut context, &mut done);
            }
            if let Some(id) = step["id"].as_str() {
                let outcome = match (ran, done.cancelled != before.1, done.code != before.0) {
                    (false, ..) => "skipped",
                    (true, true, _) => "cancelled",
                    (true, false, true) => "failure",
                    (true, false, false) => "success",
                };
                context.insert(format!("steps.{id}.outcome"), outcome.to_owned());
                if !ran {
                    done.skipped.push(id.to_owned());
                }
            }
        }
        for (name, value) in job["outputs"].as_mapping().into_iter().flatten() {
            let value = plain(value);
            let of = value.trim_start_matches("${{").trim_end_matches("}}").trim();
            done.outputs.insert(plain(name), context.get(of).cloned().unwrap_or_default());
        }
        done
    }

    /// Runs the job that gives the findings of a plan to code scanning, where it is wanted after that plan.
    pub(super) fn scan(&self, workflow: &str, planned: &Done, context: &Context) -> Option<Done> {
        let mut context = context.clone();
        let code = planned.outputs["exit-code"].clone();
        context.insert("needs.plan.outputs.exit-code".to_owned(), code);
        let wanted = self.wanted(workflow, "code-scanning", &context);
        let done = wanted.then(|| self.job(workflow, "code-scanning", context));
        // It has seen one commit alone, on a machine of its own; whoever goes on here has all branches.
        self.shop.git(&["fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
        done
    }

    /// Runs the workflow that follows a push to main: plans, and applies where the plan asks for it. Returns how the last
    /// of the two ended, and whether it was the apply.
    pub(super) fn deploy(&self, context: &Context) -> (Done, bool) {
        let planned = self.job("apply.yml", "plan", context.clone());
        if let Some(scanned) = self.scan("apply.yml", &planned, context) {
            assert_eq!(scanned.code, 0, "{}", scanned.log);
        }
        let mut context = context.clone();
        let to_apply = planned.outputs["to-apply"].clone();
        context.insert("needs.plan.outputs.to-apply".to_owned(), to_apply);
        if planned.code != 0 || !self.wanted("apply.yml", "apply", &context) {
            return (planned, false);
        }
        (self.job("apply.yml", "apply", context), true)
    }

    fn step(&self, step: &Value, context: &mut Context, done: &mut Done) {
        let mut environment = self.shop.environment();
        for (name, value) in step["env"].as_mapping().into_iter().flatten() {
            environment.insert(plain(name), expand(&plain(value), context));
        }
        if let Some(script) = step["run"].as_str() {
            let cancel = self.cancels(step);
            let outputs = self.script((script, "bash"), &environment, cancel, done);
            remember(step, outputs, context);
            return;
        }
        let uses = step["uses"].as_str().unwrap();
        let with = |name: &str| expand(&plain(&step["with"][name]), context);
        match uses.split('@').next().unwrap() {
            "actions/checkout" => self.checkout(&step["with"]["fetch-depth"]),
            "actions/upload-artifact" => {
                let overwrite = step["with"].get("overwrite").is_some_and(|is| plain(is) == "true");
                let (run, name) = (&context["github.run_id"], with("name"));
                let given = artefacts::upload(self.shop, (run, &name, overwrite), &with("path"));
                if let Err(why) = given {
                    done.log.push_str(&why);
                    done.code = if done.code == 0 { 1 } else { done.code };
                }
            }
            "actions/download-artifact" => {
                copy(
                    &self.shop.path("runner").join(with("name")),
                    &self.shop.repository().join(with("path")),
                );
            }
            "./ci/github" => {
                let action = yaml(&self.shop.repository().join("ci/github/action.yml"));
                let mut inputs = context.clone();
                for (name, input) in action["inputs"].as_mapping().unwrap() {
                    let name = plain(name);
                    let value = step["with"].get(&name).or_else(|| input.get("default"));
                    let value = value.unwrap_or_else(|| panic!("input {name} is missing"));
                    inputs.insert(format!("inputs.{name}"), expand(&plain(value), context));
                }
                for inner in action["runs"]["steps"].as_sequence().unwrap() {
                    let mut environment = environment.clone();
                    let folder = self.shop.repository().join("ci/github");
                    environment
                        .insert("GITHUB_ACTION_PATH".to_owned(), folder.display().to_string());
                    for (name, value) in inner["env"].as_mapping().unwrap() {
                        environment.insert(plain(name), expand(&plain(value), &inputs));
                    }
                    let shell = inner["shell"].as_str().unwrap();
                    let script = (inner["run"].as_str().unwrap(), shell);
                    let cancel = self.cancels(step);
                    let outputs = self.script(script, &environment, cancel, done);
                    remember(step, outputs, context);
                }
            }
            other => panic!("nobody knows how to do {other}"),
        }
    }

    /// The commit is checked out already; what a fresh machine has of the rest is made of what the forge holds.
    fn checkout(&self, depth: &Value) {
        let seen = self.shop.git(&["for-each-ref", "--format=%(refname)", "refs/remotes"]);
        for name in seen.lines() {
            self.shop.git(&["update-ref", "-d", name]);
        }
        if depth.as_u64() == Some(0) {
            self.shop.git(&["fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
        }
        // The live system stays; what other machines have noted does not.
        self.shop.git(&["clean", "-fdxq", "-e", "scopeform-data"]);
        artefacts::forget(self.shop);
    }

    /// Returns when the job is to be cancelled, if it is in this step.
    fn cancels(&self, step: &Value) -> Option<Box<dyn FnOnce() + Send>> {
        let here = |(id, _): &mut Cancel| step["id"].as_str() == Some(*id);
        self.cancel.borrow_mut().take_if(here).map(|(_, when)| when)
    }

    /// Runs a script and returns the outputs that it sets.
    fn script(
        &self,
        (script, shell): (&str, &str),
        environment: &BTreeMap<String, String>,
        cancel: Option<Box<dyn FnOnce() + Send>>,
        done: &mut Done,
    ) -> Vec<(String, String)> {
        assert!(
            !script.contains("${{"),
            "an expression in a script is code that somebody else writes: {script}"
        );
        let file = |name: &str| self.shop.path("runner").join(name);
        for name in ["output", "summary", "path"] {
            std::fs::write(file(name), "").unwrap();
        }
        let path = done.path.iter().rev().chain([&environment["PATH"]]);
        let path = path.map(String::as_str).collect::<Vec<_>>().join(":");
        let child = Command::new(shell)
            .args(["-e", "-c", script])
            .env_clear()
            .envs(environment)
            .env("PATH", path)
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .env("GITHUB_PATH", file("path"))
            .env("RUNNER_TEMP", self.shop.path("runner"))
            .current_dir(self.shop.repository())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        done.cancelled |= cancel.is_some();
        let output = ends(child, cancel);
        done.log.push_str(&format!(
            "--- {script}\n{}{}",
            text(&output.stdout),
            text(&output.stderr)
        ));
        if done.code == 0 {
            done.code = output.status.code().unwrap_or(KILLED);
        }
        done.summary.push_str(&std::fs::read_to_string(file("summary")).unwrap());
        let added = std::fs::read_to_string(file("path")).unwrap();
        done.path.extend(added.lines().map(str::to_owned));
        let outputs = std::fs::read_to_string(file("output")).unwrap();
        let pairs = outputs.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// What a shell says for a program that was killed.
const KILLED: i32 = 137;

/// Waits for a step to end, and has it end where the job is cancelled.
fn ends(child: Child, cancel: Option<Box<dyn FnOnce() + Send>>) -> Output {
    let group = format!("-{}", child.id());
    let waiting = thread::spawn(move || child.wait_with_output());
    if let Some(when) = cancel {
        when();
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
        assert!(killed.success());
    }
    waiting.join().unwrap().unwrap()
}

/// Keeps what a step has set.
fn remember(step: &Value, outputs: Vec<(String, String)>, context: &mut Context) {
    let Some(id) = step["id"].as_str() else { return };
    for (name, value) in outputs {
        context.insert(format!("steps.{id}.outputs.{name}"), value);
    }
}
