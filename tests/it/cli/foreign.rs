//! What readers that we did not write make of what we print, on both examples: the package with which GitHub's own actions
//! write workflow commands, what GitLab documents of its report, what terraform documents of its stream.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::harness::Lab;
use super::review::Annotation;
use super::stream::lines;
use crate::apply::plane::{Plane, WISHES};
use crate::apply::proxy::Proxy;
use crate::readme::copy;

/// The examples, one of each platform.
const EXAMPLES: [&str; 2] = ["acme", "acme-crm"];

/// A key that no file has, with every sign that a workflow command escapes.
const ODD_KEY: &str = "\"end,point: 50% off\":";

/// A folder whose name has them too.
const ODD_FOLDER: &str = "acc,ess:50%";

/// A repository with an example in it, in a folder of this name.
pub(crate) fn example(name: &str, folder: &str) -> Lab {
    let lab = Lab::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    copy(&from, &lab.path(folder));
    std::fs::create_dir_all(lab.path(".git")).unwrap();
    lab
}

/// What a format says of an example: its plan, why there is none, and files that do not read.
fn pages(name: &str, format: &str) -> [String; 3] {
    let lab = example(name, ODD_FOLDER);
    let plan = format!("plan {ODD_FOLDER} --today 2026-11-22 --format {format}");
    let good = lab.run(&plan).exits(0).out;
    let none = lab.run(&format!("{plan} --target nothing")).exits(1).out;
    let file = format!("{ODD_FOLDER}/{name}.yaml");
    lab.write(&file, &lab.read(&file).replace("endpoint:", ODD_KEY));
    [good, none, lab.run(&plan).exits(1).out]
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Has `@actions/core` write annotations, and returns its lines.
fn written_by_github(annotations: &[Annotation]) -> Vec<String> {
    const SCRIPT: &str = "
const core = require(process.argv[1]);
const all = JSON.parse(require('fs').readFileSync(0, 'utf8'));
for (const {level, message, properties} of all) core[level](message, properties);
";
    // What the runner calls `line` and `col` its own package has longer names for.
    let name = |name: &str| match name {
        "line" => "startLine".to_owned(),
        "col" => "startColumn".to_owned(),
        same => same.to_owned(),
    };
    let all = annotations.iter().map(|annotation| {
        let properties: BTreeMap<String, &str> =
            annotation.properties.iter().map(|(key, value)| (name(key), value.as_str())).collect();
        json!({ "level": annotation.level, "message": annotation.message, "properties": properties })
    });
    let package = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/test-tools/actions/node_modules/@actions/core");
    assert!(package.exists(), "{} is missing: run tests/tools.sh", package.display());
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .arg(&package)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("these tests need node (Debian: nodejs): {why}"));
    let input = Value::Array(all.collect()).to_string();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A line as it is written: the level, the properties in no order, the message. Nothing is unescaped.
fn parts(line: &str) -> (&str, BTreeSet<&str>, &str) {
    let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (level, properties) = head.split_once(' ').unwrap();
    (level, properties.split(',').collect(), message)
}

#[test]
fn githubs_own_package_writes_the_same_annotations() {
    for page in EXAMPLES.iter().flat_map(|name| pages(name, "annotations")) {
        let annotations: Vec<Annotation> = page.lines().map(Annotation::parse).collect();
        let theirs = written_by_github(&annotations);
        assert_eq!(page.lines().count(), theirs.len(), "{page}\n{theirs:#?}");
        assert!(!theirs.is_empty());
        for (ours, theirs) in page.lines().zip(&theirs) {
            assert_eq!(parts(ours), parts(theirs));
        }
    }
    let odd = pages("acme", "annotations")[2].clone();
    assert!(odd.contains("file=acc%2Cess%3A50%25/acme.yaml,"), "{odd}");
    assert!(odd.contains("end,point: 50%25 off"), "{odd}");
}

#[test]
fn gitlabs_report_holds_what_gitlab_asks_for() {
    let schema: Value = serde_json::from_str(&fixture("code-quality.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for page in EXAMPLES.iter().flat_map(|name| pages(name, "code-quality")) {
        let report: Value = serde_json::from_str(&page).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{page}");
        let issues = report.as_array().unwrap();
        assert!(!issues.is_empty());
        let unique: BTreeSet<&str> =
            issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(unique.len(), issues.len(), "{page}");
        // The schema would see what is missing.
        for field in ["description", "check_name", "fingerprint", "severity", "location"] {
            let mut spoilt = report.clone();
            spoilt[0].as_object_mut().unwrap().remove(field);
            assert!(!validator.is_valid(&spoilt), "{field}");
        }
    }
}

/// Every name in a value with the sort of value that it has: `hook.resource.addr` is `string`.
fn names(value: &Value, above: &str, into: &mut BTreeMap<String, &'static str>) {
    let sort = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(fields) => {
            for (name, value) in fields {
                names(value, &format!("{above}.{name}"), into);
            }
            "object"
        }
    };
    into.insert(above.to_owned(), sort);
}

/// The names of terraform's messages are in ours of the same type, for values of the same sort.
#[test]
fn the_stream_has_the_names_of_terraforms() {
    let plane = Plane::start();
    let proxy = Proxy::half_way(plane.address);
    let lab = plane.lab_through(&proxy, WISHES);
    let run = plane.run(&lab, "apply --auto-approve --json-lines --parallelism 1").exits(6);
    let bad = Lab::with("version: 1\nplatform: odeus\nworkspace: acme\nintegratons: {}\n");
    let wrong = bad.run("apply --json-lines").exits(1);
    let mut ours = lines(&run.out);
    // Of what never began, terraform tells nothing.
    let begun: BTreeSet<u64> = ours
        .iter()
        .filter(|line| line["type"] == "apply_start")
        .map(|line| line["hook"]["index"].as_u64().unwrap())
        .collect();
    ours.retain(|line| line["hook"]["index"].as_u64().is_none_or(|at| begun.contains(&at)));
    // That a diagnostic is about a line of a file is for those alone that are.
    let about = lines(&wrong.out).into_iter().filter(|line| line["type"] == "diagnostic");
    ours.retain(|line| line["type"] != "diagnostic");
    ours.extend(about);

    let mut types = BTreeSet::new();
    for line in fixture("terraform-ui.jsonl").lines() {
        let theirs: Value = serde_json::from_str(line).unwrap();
        let mut wanted = BTreeMap::new();
        names(&theirs, "", &mut wanted);
        let own: Vec<&Value> = ours.iter().filter(|line| line["type"] == theirs["type"]).collect();
        assert!(!own.is_empty(), "no line of ours is of the type {}", theirs["type"]);
        for own in own {
            let mut found = BTreeMap::new();
            names(own, "", &mut found);
            for (name, sort) in &wanted {
                // Each tool calls its own version by its own name.
                let name = if name == ".terraform" { ".scopeform" } else { name.as_str() };
                let known = found.get(name).unwrap_or_else(|| panic!("no `{name}` in {own:#}"));
                let either = [*sort, *known].contains(&"null");
                assert!(either || known == sort, "`{name}` is {known}, not {sort}: {own:#}");
            }
        }
        types.insert(theirs["type"].as_str().unwrap().to_owned());
    }
    // The last line is our own; every other type is theirs.
    let own: BTreeSet<String> =
        ours.iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect();
    let more: Vec<&String> = own.difference(&types).collect();
    assert_eq!(more, ["report"]);
}

/// Shells read their completions without a complaint, and would complain.
#[test]
fn shells_read_their_completions() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish"] {
        let file = format!("c.{shell}");
        lab.write(&file, &lab.run(&format!("completions {shell}")).exits(0).out);
        let read = |file: &str| {
            let mut command = Command::new(shell);
            command.arg("-n").arg(lab.path(file)).env("HOME", lab.all().join("home"));
            let output = command.output();
            output.unwrap_or_else(|why| {
                panic!(
                    "these tests need {shell} (Debian: {shell}; tests/tools.sh installs it): {why}"
                )
            })
        };
        let done = read(&file);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success() && said.is_empty(), "{shell}: {said}");
        let spoilt = format!("spoilt.{shell}");
        lab.write(&spoilt, &format!("{}\nif true; (\n", lab.read(&file)));
        assert!(!read(&spoilt).status.success(), "{shell} reads anything");
    }
}

/// Elvish is asked what comes next, with a stand-in for the part of it that is there in a terminal alone.
#[test]
fn elvish_completes_commands() {
    const EDITOR: &str = "var edit: = (ns [&completion:=(ns [&arg-completer=[&]]) \
                          &complex-candidate~={|@all &display=''| put $all[0] }])";
    let lab = Lab::new();
    let script = lab.run("completions elvish").exits(0).out;
    let ask = "put [($edit:completion:arg-completer[scopeform] scopeform tokens '')] | to-json";
    lab.write("c.elv", &format!("{EDITOR}\n{script}\n{ask}\n"));
    let mut command = Command::new("elvish");
    command.arg("-norc").arg(lab.path("c.elv")).env("HOME", lab.all().join("home"));
    let output = command.output().unwrap_or_else(|why| {
        panic!("these tests need elvish (Debian: elvish; tests/tools.sh installs it): {why}")
    });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    let offered: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    for wanted in ["list", "revoke", "--help"] {
        assert!(offered.iter().any(|word| word == wanted), "{wanted}: {offered:?}");
    }
    assert!(!offered.iter().any(|word| word == "plan"), "{offered:?}");
}
