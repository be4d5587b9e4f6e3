//! What review tools are given: SARIF against the public schema and somebody else's types, annotations as GitHub's runner
//! reads them, and GitLab's code quality report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use scopeform::diag::{Code, Diagnostic, Diagnostics};
use scopeform::model::{Address, ScopeSet};
use scopeform::plan::{Finding, Plan, Severity};
use scopeform::render::marks::{Base, Marks};
use scopeform::render::neutral::{self, is_deceptive};
use scopeform::render::sarif::{self, Ending};
use scopeform::render::{annotations, code_quality, codes};
use scopeform::source::{Origin, SourceMap, Span};
use serde_json::Value;
use serde_sarif::sarif::{ResultLevel, Sarif};

use super::foreign::example;
use super::harness::{Done, Lab};
use crate::apply::plane::{Plane, WISHES};
use crate::samples;

const ENDING: Ending<'static> = Ending { version: "1.2.3", exit: Some(0), failed: None };

/// Blocked: what writing needs is not in the list.
const BLOCKED: &str = "
integrations:
  notes:
    oauth: {mode: fixed, client: {id: n1, secret: {env: S}}, scopes: [profile, notes.read]}
    actions:
      write_note: enabled
";

/// Returns the public schema, which the package of somebody else's types carries.
fn public_schema() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        // What other platforms need is not there without a network.
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let own = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    let manifest = PathBuf::from(own["manifest_path"].as_str().unwrap());
    let text = std::fs::read_to_string(manifest.with_file_name("src/schema.json")).unwrap();
    // A bracket that closes nothing, in the pattern of a field that we do not write, is no regular expression for everybody.
    serde_json::from_str(&text.replace("{2}]?$", "{2}\\\\]?$")).unwrap()
}

/// Holds documents against the public schema, and returns them as somebody else reads them.
pub(crate) fn read_sarif(texts: &[String]) -> Vec<Sarif> {
    let validator = jsonschema::validator_for(&public_schema()).unwrap();
    let read = |text: &String| {
        let document: Value = serde_json::from_str(text).unwrap();
        let wrong: Vec<String> = validator
            .iter_errors(&document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{text}");
        serde_json::from_str(text).unwrap()
    };
    texts.iter().map(read).collect()
}

fn of_plan(plan: &Plan, base: &str) -> Marks {
    let beside = (&Diagnostics::new(), &SourceMap::new());
    Marks::of_plan(plan, samples::DIGEST, beside, &Base::of(base))
}

fn as_sarif(marks: &Marks) -> String {
    let mut text = String::new();
    sarif::write(marks, ENDING, &mut text).unwrap();
    text
}

fn as_annotations(marks: &Marks) -> String {
    let mut text = String::new();
    annotations::write(marks, &mut text).unwrap();
    text
}

fn as_code_quality(marks: &Marks) -> Value {
    let mut text = String::new();
    code_quality::write(marks, &mut text).unwrap();
    assert!(!text.contains(|c| is_deceptive(c) && c != '\n'), "{text}");
    serde_json::from_str(&text).unwrap()
}

fn plans() -> [Plan; 4] {
    [samples::empty(), samples::toggle(), samples::fixed(), samples::hostile()]
}

/// The places and levels of all results: file, line, level, rule.
fn places(log: &Sarif) -> Vec<(String, i64, String, String)> {
    let results = log.runs[0].results.as_ref().unwrap();
    let place = |result: &serde_sarif::sarif::Result| {
        let location = &result.locations.as_ref().unwrap()[0];
        let place = location.physical_location.as_ref().unwrap();
        let artifact = place.artifact_location.as_ref().unwrap();
        assert_eq!(artifact.uri_base_id.as_deref(), Some("SRCROOT"));
        (
            artifact.uri.clone().unwrap(),
            place.region.as_ref().unwrap().start_line.unwrap(),
            serde_json::to_value(result.level).unwrap().as_str().unwrap().to_owned(),
            result.rule_id.clone().unwrap(),
        )
    };
    results.iter().map(place).collect()
}

fn fingerprints(log: &Sarif) -> Vec<String> {
    let results = log.runs[0].results.iter().flatten();
    let own = |result: &serde_sarif::sarif::Result| {
        result.partial_fingerprints.as_ref().unwrap()["scopeform/v1"].clone()
    };
    results.map(own).collect()
}

#[test]
fn findings_are_results_with_the_words_of_explain() {
    let texts: Vec<String> = plans().iter().map(|plan| as_sarif(&of_plan(plan, "a b/c"))).collect();
    let meanings = codes::all();
    for (plan, log) in plans().iter().zip(read_sarif(&texts)) {
        let run = &log.runs[0];
        let results = run.results.as_ref().unwrap();
        assert_eq!(results.len(), plan.findings().count());
        let of = |level| results.iter().filter(|r| r.level == Some(level)).count();
        let severity = |wanted| plan.findings().filter(|f| f.severity == wanted).count();
        assert_eq!(of(ResultLevel::Error), severity(Severity::Blocker));
        assert_eq!(of(ResultLevel::Warning), severity(Severity::Warning));
        assert_eq!(of(ResultLevel::Note), severity(Severity::Note));
        let rules = run.tool.driver.rules.as_ref().unwrap();
        for result in results {
            let index = usize::try_from(result.rule_index.unwrap()).unwrap();
            assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
        }
        for rule in rules {
            let Some(meaning) = meanings.get(rule.id.as_str()).and_then(|m| m.first()) else {
                continue;
            };
            let help = rule.help.as_ref().unwrap();
            assert_eq!(help.markdown.as_deref(), Some(meaning.explain.trim_end()));
        }
        for (file, ..) in places(&log) {
            assert!(file.starts_with("a%20b/c/"), "{file}");
        }
        let marks: BTreeSet<String> = fingerprints(&log).into_iter().collect();
        assert_eq!(marks.len(), results.len(), "two results of one fingerprint");
    }
}

#[test]
fn a_finding_keeps_its_fingerprint_when_its_line_moves() {
    let before = samples::fixed();
    let mut after = before.clone();
    for source in &mut after.observed.sources {
        source.line += 7;
        source.end_line += 7;
    }
    for finding in after.bound.findings.iter_mut().chain(&mut after.observed.findings) {
        finding.message.push_str(" (counted again)");
    }
    let logs = read_sarif(&[as_sarif(&of_plan(&before, "")), as_sarif(&of_plan(&after, ""))]);
    assert_eq!(fingerprints(&logs[0]), fingerprints(&logs[1]));
    assert!(!fingerprints(&logs[0]).is_empty());
    let lines = |log: &Sarif| places(log).iter().map(|(_, line, ..)| *line).collect::<Vec<_>>();
    let moved: Vec<i64> = lines(&logs[0]).iter().map(|line| line + 7).collect();
    assert_eq!(moved, lines(&logs[1]));
}

/// A result of a message that a viewer would take for a place-holder, a link or a mention.
#[test]
fn nothing_in_a_message_is_obeyed() {
    let mut plan = samples::fixed();
    plan.bound.findings.truncate(1);
    plan.observed.findings.clear();
    let nasty =
        "{0} {12} {a} [x](1) @acme/all <!-- https://evil.example ##[error]y\u{202e}\n::error::z";
    plan.bound.findings[0].message = nasty.to_owned();
    let text = as_sarif(&of_plan(&plan, ""));
    assert!(!text.contains(|c| is_deceptive(c) && c != '\n'), "{text}");
    let log = read_sarif(&[text]).remove(0);
    let message = log.runs[0].results.as_ref().unwrap()[0].message.text.clone().unwrap();
    assert!(
        message.contains("{{0} {{12} {a} [x] (1) @ acme/all < !-- https: //evil.example"),
        "{message}"
    );
    let annotation = as_annotations(&of_plan(&plan, ""));
    assert_eq!(annotation.lines().count(), 1, "{annotation}");
    let issue = &as_code_quality(&of_plan(&plan, ""))[0];
    assert!(issue["description"].as_str().unwrap().contains("@ acme/all"), "{issue}");
}

/// A workflow command as GitHub's runner takes it apart (`ActionCommand.TryParseV2`).
#[derive(Debug)]
pub(crate) struct Annotation {
    pub(crate) level: String,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) message: String,
}

impl Annotation {
    pub(crate) fn parse(line: &str) -> Self {
        let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("no command: {line}"));
        let (head, data) = rest.split_once("::").unwrap();
        let (level, properties) = head.split_once(' ').unwrap_or((head, ""));
        let undo = |text: &str, pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
        };
        let data_escapes = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
        let escapes = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').unwrap();
            (name.to_owned(), undo(value, &escapes))
        };
        Self {
            level: level.to_owned(),
            properties: properties.split(',').filter(|p| !p.is_empty()).map(pair).collect(),
            message: undo(data, &data_escapes),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[test]
fn of_many_annotations_those_of_lines_that_open_something_are_there() {
    let mut plan = samples::empty();
    let finding = |code: &str, n: usize| Finding {
        severity: Severity::Note,
        code: code.to_owned(),
        address: Address::workspace(),
        message: format!("number {n}"),
        help: String::new(),
        paste: ScopeSet::new(),
    };
    let many = (0..30).map(|n| finding("grant-outlives-removal", n));
    let widening = (0..4).map(|n| finding("privilege-widens", n));
    plan.bound.findings = many.chain(widening).collect();
    let text = as_annotations(&of_plan(&plan, ""));
    let titles: Vec<String> =
        text.lines().map(|line| Annotation::parse(line).get("title").unwrap().to_owned()).collect();
    assert_eq!(titles.len(), 10, "{text}");
    assert!(titles[..4].iter().all(|title| title == "privilege-widens"), "{text}");
    assert!(text.ends_with("list all of them\n") && text.contains("::25 more"), "{text}");
}

#[test]
fn annotations_are_commands_that_the_runner_understands() {
    for plan in plans() {
        let text = as_annotations(&of_plan(&plan, "config, prod: 50%"));
        let all: Vec<Annotation> = text.lines().map(Annotation::parse).collect();
        assert_eq!(all.len(), plan.findings().count(), "{text}");
        let rank = |annotation: &Annotation| {
            ["error", "warning", "notice"].iter().position(|level| *level == annotation.level)
        };
        assert!(
            all.iter().map(rank).is_sorted() && all.iter().all(|a| rank(a).is_some()),
            "{text}"
        );
        let mut told: Vec<(Option<usize>, String)> =
            all.iter().map(|a| (rank(a), a.get("title").unwrap().to_owned())).collect();
        let mut found: Vec<(Option<usize>, String)> = plan
            .findings()
            .map(|f| (Some(f.severity as usize), neutral::terminal(&f.code).to_string()))
            .collect();
        told.sort_unstable();
        found.sort_unstable();
        assert_eq!(told, found);
        for annotation in &all {
            let file = annotation.get("file").unwrap();
            assert!(file.starts_with("config, prod: 50%/"), "{file}");
            let line: u32 = annotation.get("line").unwrap().parse().unwrap();
            assert!(plan.observed.sources.iter().any(|source| source.line == line), "{line}");
            if annotation.get("col").is_some() {
                assert_eq!(annotation.get("line"), annotation.get("endLine"));
            }
        }
    }
}

/// A runner shows ten of each level, and says nothing of the others.
#[test]
fn the_tenth_annotation_counts_those_that_are_not_shown() {
    let mut sources = SourceMap::new();
    let file = sources.add("a.yaml", "a: b\n".repeat(40));
    for (n, shown, more) in [(9, 9, None), (10, 10, None), (11, 10, Some(2)), (30, 10, Some(21))] {
        let mut all = Diagnostics::new();
        for i in 0..n {
            let origin = Origin { file, span: Span::new(i * 5, i * 5 + 1) };
            all.push(Diagnostic::at(Code::UnknownKey, origin, format!("key {i}")));
        }
        let text = as_annotations(&Marks::of_files("validate", &all, &sources, &Base::default()));
        let lines: Vec<Annotation> = text.lines().map(Annotation::parse).collect();
        assert_eq!(lines.len(), shown, "{n}");
        let last = lines.last().unwrap();
        match more {
            None => assert!(last.get("file").is_some()),
            Some(more) => assert!(last.message.starts_with(&format!("{more} more")), "{last:?}"),
        }
        // The other formats hold all of them.
        let marks = Marks::of_files("validate", &all, &sources, &Base::default());
        assert_eq!(read_sarif(&[as_sarif(&marks)])[0].runs[0].results.as_ref().unwrap().len(), n);
        let issues = as_code_quality(&marks);
        let issues = issues.as_array().unwrap();
        assert_eq!(issues.len(), n);
        let unique: BTreeSet<&str> =
            issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(unique.len(), n);
    }
}

#[test]
fn code_scanning_is_given_no_more_than_it_keeps() {
    let mut plan = samples::fixed();
    let one = plan.bound.findings[0].clone();
    let note = |n: usize| Finding {
        severity: Severity::Note,
        message: format!("note {n}"),
        ..one.clone()
    };
    let graver = plan.findings().filter(|f| f.severity != Severity::Note).count();
    plan.bound.findings.extend((0..5_000).map(note));
    let total = plan.findings().count();
    let log = read_sarif(&[as_sarif(&of_plan(&plan, ""))]).remove(0);
    let results = log.runs[0].results.as_ref().unwrap();
    assert_eq!(results.len(), 5_000);
    assert_eq!(results.iter().filter(|r| r.level != Some(ResultLevel::Note)).count(), graver);
    let invocation = &log.runs[0].invocations.as_ref().unwrap()[0];
    let told = invocation.tool_execution_notifications.as_ref().unwrap();
    let left_out = format!("{} of {total} results", total - 5_000);
    assert!(told[0].message.text.as_ref().unwrap().starts_with(&left_out), "{told:?}");
}

/// A lab whose configuration is in a folder of a git repository.
fn repository(plane: &Plane, wishes: &str) -> Lab {
    let lab = plane.lab(wishes);
    let config = lab.read("scopeform.yaml");
    std::fs::remove_file(lab.path("scopeform.yaml")).unwrap();
    lab.write("teams/access/acme.yaml", &config);
    std::fs::create_dir_all(lab.path(".git")).unwrap();
    lab
}

fn only(done: &Done) -> Sarif {
    read_sarif(std::slice::from_ref(&done.out)).remove(0)
}

#[test]
fn a_plan_marks_the_lines_of_the_repository() {
    let plane = Plane::start();
    let lab = repository(&plane, BLOCKED);
    let file = "teams/access/acme.yaml";
    let config = lab.read(file);
    let marked = |line: i64| {
        let line = usize::try_from(line).unwrap();
        config.lines().nth(line - 1).unwrap().to_owned()
    };
    let done = plane.run(&lab, "plan teams/access --format sarif --out p.plan").exits(4);
    let log = only(&done);
    let all = places(&log);
    assert!(all.iter().all(|(uri, ..)| uri == file), "{all:?}");
    let blocker = all.iter().find(|(_, _, level, _)| level == "error").unwrap();
    assert!(marked(blocker.1).contains("write_note"), "{blocker:?}");
    // From another working folder, and from the saved plan: the same.
    let elsewhere = plane.run(&lab, "--chdir teams plan access --format sarif").exits(4);
    assert_eq!(elsewhere.out, done.out);
    let shown = plane.run(&lab, "show p.plan --config teams/access --format sarif").exits(0);
    assert_eq!(places(&only(&shown)), all);
    let saved =
        plane.run(&lab, "show p.plan --format code-quality --config teams/access").exits(0).json();
    assert_eq!(saved[0]["location"]["path"], file);
    assert_eq!(saved[0]["severity"], "blocker");
    let annotated = plane.run(&lab, "plan teams/access --format annotations").exits(4);
    let first = Annotation::parse(annotated.out.lines().next().unwrap());
    assert_eq!((first.level.as_str(), first.get("file")), ("error", Some(file)));
    assert_eq!(first.get("line").unwrap(), blocker.1.to_string());
}

/// What each example marks: the address, and the line that it stands in.
const MARKED: [(&str, &[(&str, &str)]); 2] = [
    (
        "acme",
        &[
            ("excel", "excel:"),
            ("excel/oauth", "oauth:"),
            ("onedrive", "onedrive:"),
            ("onedrive/oauth", "oauth:"),
            ("onedrive/oauth", "oauth:"),
            ("outlook-email", "outlook-email:"),
            ("outlook-email/actions/forward_email", "forward_email: {groups: [sales]}"),
            ("power-bi", "power-bi:"),
            ("sharepoint", "sharepoint:"),
            (
                "sharepoint/actions/create_list",
                "create_list: {groups: [content-team], users: [ana@acme.example]}",
            ),
            ("sharepoint/actions/get_*", "\"get_*\": enabled"),
            ("sharepoint/oauth", "oauth:"),
        ],
    ),
    (
        "acme-crm",
        &[
            (
                "api_keys/ticket sync/resources/contacts",
                "resources: {contacts: read, tasks: write_automatically}",
            ),
            (
                "api_keys/ticket sync/resources/tasks",
                "resources: {contacts: read, tasks: write_automatically}",
            ),
            (
                "oauth_clients/Claude Connection/resources/contacts",
                "contacts: delete_with_approval",
            ),
            (
                "oauth_clients/Claude Connection/resources/contacts",
                "contacts: delete_with_approval",
            ),
            ("oauth_clients/Claude Connection/resources/email", "email: send_automatically"),
            ("oauth_clients/Claude Connection/resources/email", "email: send_automatically"),
            (
                "oauth_clients/Claude Connection/tokens/",
                "holders: {groups: [sales], users: [simon@acme.example]}",
            ),
            ("oauth_clients/Zapier/tokens/", "max_idle: 365d"),
        ],
    ),
];

#[test]
fn both_examples_are_marked_on_their_lines() {
    for (name, marked) in MARKED {
        let lab = example(name, "access");
        let run = |format: &str| {
            lab.run(&format!("plan access --today 2026-11-22 --format {format}")).exits(0)
        };
        let line = |file: &str, number: usize| {
            let text = lab.read(file);
            text.lines().nth(number - 1).unwrap().trim().to_owned()
        };
        let log = only(&run("sarif"));
        let mut told: Vec<(String, String)> = places(&log)
            .iter()
            .zip(log.runs[0].results.iter().flatten())
            .map(|((file, number, ..), result)| {
                let own = &result.locations.as_ref().unwrap()[0].logical_locations;
                let address = own.as_ref().unwrap()[0].fully_qualified_name.clone().unwrap();
                // A token's id is one of this world alone.
                let address = match address.split_once("/tokens/") {
                    Some((client, _)) => format!("{client}/tokens/"),
                    None => address,
                };
                (address, line(file, usize::try_from(*number).unwrap()))
            })
            .collect();
        told.sort();
        let wanted: Vec<(String, String)> =
            marked.iter().map(|(at, line)| ((*at).to_owned(), (*line).to_owned())).collect();
        assert_eq!(told, wanted, "{name}");
        // The other formats mark the same lines.
        let mut lines: Vec<String> = told.into_iter().map(|(_, line)| line).collect();
        lines.sort();
        let issues = run("code-quality").json();
        let mut own: Vec<String> = issues
            .as_array()
            .unwrap()
            .iter()
            .map(|issue| {
                let place = &issue["location"];
                let begin = place["lines"]["begin"].as_u64().unwrap();
                line(place["path"].as_str().unwrap(), usize::try_from(begin).unwrap())
            })
            .collect();
        own.sort();
        assert_eq!(own, lines, "{name}");
        let annotated = run("annotations").out;
        let annotations: Vec<Annotation> = annotated.lines().map(Annotation::parse).collect();
        for (file, number) in annotations.iter().filter_map(|a| a.get("file").zip(a.get("line"))) {
            assert!(lines.contains(&line(file, number.parse().unwrap())), "{annotated}");
        }
        assert_eq!(annotations.len(), marked.len().min(10), "{annotated}");
        // And files that do not read are marked where they do not.
        let file = format!("access/{name}.yaml");
        lab.write(&file, &lab.read(&file).replace("endpoint:", "endpiont:"));
        let wrong = lab.run("plan access --format sarif").exits(1);
        let all = places(&only(&wrong));
        assert!(!all.is_empty());
        for (uri, number, level, rule) in all {
            let line = line(&uri, usize::try_from(number).unwrap());
            assert_eq!((level.as_str(), rule.as_str()), ("error", "unknown-key"));
            assert_eq!((uri.as_str(), line.as_str()), (file.as_str(), "endpiont: embedded"));
        }
    }
}

#[test]
fn files_that_do_not_read_give_results_too() {
    let plane = Plane::start();
    let lab = repository(&plane, WISHES);
    let good = lab.read("teams/access/acme.yaml");
    lab.write("teams/access/acme.yaml", &good.replace("integrations:", "integratons:"));
    for (args, task) in [("plan", "plan"), ("validate", "validate")] {
        let done = plane.run(&lab, &format!("{args} teams/access --format sarif")).exits(1);
        let log = only(&done);
        let all = places(&log);
        assert!(all.iter().all(|(uri, ..)| uri == "teams/access/acme.yaml"), "{all:?}");
        assert!(
            all.iter().any(|(_, _, level, rule)| level == "error" && rule == "unknown-key"),
            "{all:?}"
        );
        let id = log.runs[0].automation_details.as_ref().unwrap().id.clone().unwrap();
        assert_eq!(id, format!("scopeform/{task}/"));
        assert_eq!(log.runs[0].invocations.as_ref().unwrap()[0].exit_code, Some(1));
        let annotated =
            plane.run(&lab, &format!("{args} teams/access --format annotations")).exits(1);
        assert!(Annotation::parse(annotated.out.lines().next().unwrap()).get("line").is_some());
        let issues =
            plane.run(&lab, &format!("{args} teams/access --format code-quality")).exits(1).json();
        assert_eq!(issues[0]["check_name"], "unknown-key");
    }
    // A name that only the live system can tell to be wrong.
    lab.write("teams/access/acme.yaml", &good.replace("write_note", "wite_note"));
    let log = only(&plane.run(&lab, "plan teams/access --format sarif").exits(1));
    assert!(
        places(&log).iter().any(|(_, _, _, rule)| rule == "unknown-action"),
        "{:?}",
        places(&log)
    );
    lab.write("teams/access/acme.yaml", &good);
    let valid = plane.run(&lab, "validate teams/access --format sarif").exits(0);
    assert!(only(&valid).runs[0].results.as_ref().unwrap().is_empty());
    plane.run(&lab, "validate teams/access --format annotations").exits(0).prints_nothing();
    assert_eq!(
        plane.run(&lab, "validate teams/access --format code-quality").exits(0).json(),
        serde_json::json!([])
    );
}

#[test]
fn a_run_without_a_result_says_why() {
    let plane = Plane::start();
    let lab = repository(&plane, WISHES);
    for (args, code, name) in [
        // Without a token.
        ("plan teams/access", 8, "no-access"),
        ("plan teams/access --target nothing", 1, "error"),
        ("plan teams/access --bananas", 64, "usage"),
        ("show nothing.plan", 1, "error"),
    ] {
        let run = |format: &str| {
            let args = format!("{args} --format {format}");
            if code == 8 { lab.run(&args) } else { plane.run(&lab, &args) }.exits(code)
        };
        let log = only(&run("sarif"));
        let invocation = &log.runs[0].invocations.as_ref().unwrap()[0];
        assert!(!invocation.execution_successful);
        assert_eq!(invocation.exit_code, Some(i64::from(code)));
        let told = &invocation.tool_execution_notifications.as_ref().unwrap()[0];
        assert_eq!(told.descriptor.as_ref().unwrap().id.as_deref(), Some(name));
        assert_eq!(Annotation::parse(run("annotations").out.trim_end()).level, "error");
        assert_eq!(run("code-quality").json()[0]["check_name"], name);
    }
}

#[test]
fn outside_a_repository_files_are_named_from_the_working_folder() {
    let plane = Plane::start();
    let lab = repository(&plane, BLOCKED);
    std::fs::remove_dir(lab.path(".git")).unwrap();
    let from = |args: &str| places(&only(&plane.run(&lab, args).exits(4))).remove(0).0;
    assert_eq!(from("plan teams/access --format sarif"), "teams/access/acme.yaml");
    assert_eq!(from("--chdir teams plan access --format sarif"), "access/acme.yaml");
    assert_eq!(from("--chdir teams/access plan --format sarif"), "acme.yaml");
    assert!(!Path::new("/.git").exists());
}
