//! What is odd about the names in the files: in the plan, in every format and wherever it is shown, and nowhere twice.

use super::harness::{Done, Lab};

const CONFIG: &str = "\
version: 1
platform: odeus
workspace: acme
endpoint: embedded
protect: [sharepoint/actions/get_paeg]
integrations:
  sharepoint:
    accept_scopes: [Sites.Manage.Al]
    actions:
      create_page: enabled
      \"delte_*\": disabled
";

/// The codes, each with the line that it is about.
const ODD: &[(&str, u64)] =
    &[("acceptance-without-effect", 8), ("glob-matches-nothing", 11), ("protects-nothing", 5)];

/// Checks that each of them is said so many times, and not beside the page.
#[track_caller]
fn says_each(done: &Done, times: usize) {
    for (code, _) in ODD {
        assert_eq!(done.out.matches(code).count(), times, "{code}: {}", done.all());
        assert!(!done.err.contains(code), "{}", done.all());
    }
}

#[test]
fn a_line_that_does_nothing_is_a_warning_of_the_plan_in_every_format() {
    let lab = Lab::with(CONFIG);
    lab.run("plan --out p.json").exits(0);
    for run in ["plan", "show p.json"] {
        let page = |format: &str| lab.run(&format!("{run} --format {format}")).exits(0);
        let text = page("text");
        says_each(&text, 1);
        text.prints(&[
            "! warning[glob-matches-nothing] sharepoint/actions/delte_*: `delte_*` matches no action of `sharepoint`",
            "at scopeform.yaml:11:7",
            "! warning[protects-nothing] protect/sharepoint/actions/get_paeg: ",
            "help: did you mean `sharepoint/actions/get_page`?",
        ]);
        says_each(&page("annotations"), 1);
        for format in ["markdown", "html"] {
            let page = page(format);
            for (code, _) in ODD {
                assert!(page.out.contains(code), "{run} {format}: {}", page.all());
                assert!(!page.err.contains(code), "{}", page.all());
            }
        }
        let json = page("json").json();
        let findings = json["findings"].as_array().unwrap();
        let results = page("sarif").json()["runs"][0]["results"].as_array().unwrap().clone();
        for (code, line) in ODD {
            let own: Vec<_> = findings.iter().filter(|one| one["code"] == *code).collect();
            let [one] = own.as_slice() else { panic!("{run} {code}: {json:#}") };
            assert_eq!(one["severity"], "warning");
            let own: Vec<_> = results.iter().filter(|one| one["ruleId"] == *code).collect();
            let [one] = own.as_slice() else { panic!("{run} {code}: {results:#?}") };
            let place = &one["locations"][0]["physicalLocation"]["region"];
            assert_eq!(place["startLine"], *line, "{run} {code}");
        }
    }
}

#[test]
fn a_line_that_does_nothing_moves_no_digest() {
    let lab = Lab::with(CONFIG);
    let digest = |lab: &Lab| lab.run("plan --json").exits(0).json()["digest"].clone();
    let odd = digest(&lab);
    lab.write("scopeform.yaml", &CONFIG.replace("      \"delte_*\": disabled\n", ""));
    assert_eq!(digest(&lab), odd);
    lab.write("scopeform.yaml", &CONFIG.replace("create_page: enabled", "create_page: disabled"));
    assert_ne!(digest(&lab), odd);
}

/// A diff has no place for them.
#[test]
fn beside_a_diff_they_are_said() {
    let lab = Lab::with(CONFIG);
    let done = lab.run("plan --format diff").exits(0);
    for (code, _) in ODD {
        assert!(!done.out.contains(code), "{}", done.all());
        assert_eq!(done.err.matches(code).count(), 1, "{code}: {}", done.all());
    }
}

#[test]
fn one_that_is_raised_stops_the_plan_and_stays_in_its_file() {
    let lab = Lab::with(CONFIG);
    lab.run("plan --out before.json").exits(0);
    for (code, _) in ODD {
        lab.write("scopeform.yaml", &format!("{CONFIG}findings: {{{code}: blocker}}\n"));
        let told = format!("blocker[{code}]");
        let made = lab.run("plan --out p.json").exits(4).prints(&[&told]);
        assert_eq!(made.all().matches(code).count(), 1, "{}", made.all());
        let plan = lab.run("show p.json --format json").exits(0).json();
        let old = lab.run("show before.json --format json").exits(0).json();
        // Whoever takes it out of the file has another plan.
        assert_ne!(plan["digest"], old["digest"], "{code}");
        let bound: serde_json::Value = serde_json::from_str(&lab.read("p.json")).unwrap();
        let bound = bound["bound"]["findings"].as_array().unwrap();
        assert!(bound.iter().any(|one| one["code"] == *code), "{bound:#?}");
        for apply in ["apply --auto-approve", "apply p.json", "apply before.json"] {
            lab.run(apply).exits(4).says(&[code]);
        }
    }
    for (severity, exit) in [("warning", 0), ("note", 1)] {
        let raised = format!("{CONFIG}findings: {{protects-nothing: {severity}}}\n");
        lab.write("scopeform.yaml", &raised);
        lab.run("plan").exits(exit);
    }
    lab.write(
        "scopeform.yaml",
        &CONFIG.replace("version: 1\n", "version: 1\nfindings: {resource-renamed: blocker}\n"),
    );
    lab.run("plan").exits(1).says(&["there is no finding `resource-renamed`"]);
}

/// Where the plan is not printed they are said beside the page, as grave as there.
#[test]
fn one_that_is_raised_is_as_grave_beside_the_page() {
    let raised = format!("{CONFIG}findings: {{protects-nothing: blocker}}\n");
    let lab = Lab::with(&raised);
    for args in ["plan --format diff", "apply --auto-approve --json"] {
        let done = lab.run(args).exits(4).says(&["error[protects-nothing]"]);
        assert!(done.err.contains("warning[glob-matches-nothing]"), "{}", done.all());
        assert!(!done.err.contains("warning[protects-nothing]"), "{}", done.all());
    }
    let done = lab.run("apply --auto-approve --json-lines").exits(4);
    let line = done.out.lines().find(|line| line.contains("protects-nothing")).unwrap();
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(told["diagnostic"]["severity"], "error", "{line}");
}

/// What the file alone shows is said by `validate`, and by a plan as the line without effect that it is.
#[test]
fn a_substitute_that_stands_in_for_nothing_is_such_a_line() {
    let lab = Lab::with(
        "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\nintegrations:\n  sharepoint:\n    oauth:\n      \
         mode: fixed\n      client: {id: a}\n      scopes: [openid, offline_access, Sites.Read.All]\n      substitutes:\n        \
         - {scope: Files.ReadWrite, for: [Sites.Manage.All], actions: [create_page], reason: own files only}\n",
    );
    let code = "substitute-not-listed";
    let plan = lab.run("plan --out p.json --format json").exits(0);
    assert!(!plan.err.contains(code), "{}", plan.all());
    let plan = plan.json();
    assert_eq!(plan["summary"]["lines_without_effect"], 1, "{plan:#}");
    let findings = plan["findings"].as_array().unwrap().iter();
    let own: Vec<_> = findings.filter(|one| one["code"] == code).collect();
    let [one] = own.as_slice() else { panic!("{plan:#}") };
    assert_eq!(one["message"], "`Files.ReadWrite` is not in the list, so it stands in for nothing");
    assert_eq!(one["source"]["start"]["line"], 12, "{one:#}");
    for args in ["plan", "show p.json"] {
        let done = lab.run(args).exits(0);
        assert_eq!(done.all().matches(code).count(), 1, "{}", done.all());
    }
    for args in ["plan --format diff", "validate"] {
        let done = lab.run(args).exits(0);
        assert_eq!(done.err.matches(code).count(), 1, "{}", done.all());
    }
    lab.write(
        "scopeform.yaml",
        &format!("findings: {{{code}: blocker}}\n{}", lab.read("scopeform.yaml")),
    );
    lab.run("plan").exits(4).prints(&["blocker[substitute-not-listed]"]);
}
