//! Rules in the style of those that people publish for conftest and terraform plans: read as they are, and answered as OPA
//! answers them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use scopeform::rego;
use serde_json::{Value, json};

use super::opa::agree;
use super::{ask, odeus};

/// What a policy repository looks like: a library, a rule for each concern, settings as data.
const RULES: &str = r#"package main

import data.lib.plan as plan

deny_everyone contains msg if {
    some change in plan.managed
    walk(change.change.after, [path, value])
    value == "everyone"
    msg := sprintf("%s is open to everyone at %v", [change.address, path])
}

# Walks what it has been given by name, too.
deny_walked contains msg if {
    leaves := [leaf | walk(input.resource_changes, [_, leaf]); is_string(leaf)]
    n := count([leaf | some leaf in leaves; leaf == "everyone"])
    n > 0
    msg := sprintf("%03d of %d leaves are `everyone`", [n, count(leaves)])
}

deny_version contains msg if {
    semver.is_valid(input.tool_version)
    semver.compare(input.tool_version, data.least.tool) < 0
    msg := sprintf("%s is older than %s", [input.tool_version, data.least.tool])
}

deny_network contains msg if {
    some address in data.runners
    not within(address)
    msg := sprintf("%-12s| is no runner of ours", [address])
}

within(address) if {
    some net in data.networks
    net.cidr_contains(net, address)
}

deny_expired contains msg if {
    some address, labels in input.labels
    ends := time.parse_rfc3339_ns(labels.until)
    day := time.parse_ns("2006-01-02", input.today)
    ends < time.add_date(day, 0, 1, 0)
    msg := sprintf("%s ends %v, %.1f days from now", [address, time.date(ends), (ends - day) / 86400000000000])
}

deny_groups contains msg if {
    some group in graph.reachable(data.members, ["team"])
    startswith(group, "external-")
    msg := sprintf("team holds %q", [group])
}

deny_encoded contains msg if {
    ticket := base64.decode(data.ticket)
    hex.encode(ticket) == "5345432d31"
    base64url.encode_no_pad(ticket) == trim_right(base64.encode(ticket), "=")
    msg := sprintf("%s %s", [ticket, crypto.sha256(ticket)])
}
"#;

const LIBRARY: &str = "package lib.plan

managed contains change if {
    some change in input.resource_changes
    change.mode == \"managed\"
    change.provider_name == \"odeus\"
    not change.change.actions[0] in {\"no-op\", \"read\"}
}
";

fn plan() -> Value {
    let wishes = "integrations:\n  onedrive:\n    oauth: {mode: managed}\n    labels: {until: \"2026-06-20T12:00:00Z\"}\n    actions: {create_folder: enabled}\n";
    odeus(wishes, &[]).run("plan --json --today 2026-06-01").exits(0).json()
}

#[test]
fn published_rules_work_as_they_are() {
    let data = json!({
        "least": { "tool": "99.1.0-rc.1" },
        "runners": ["10.1.2.3", "192.168.7.7"],
        "networks": ["10.0.0.0/8", "fd00::/8"],
        "members": { "team": ["staff"], "staff": ["external-a"], "external-a": [], "external-b": [] },
        "ticket": "U0VDLTE=",
    });
    let data = data.to_string();
    // A name of a variable must not hide a family of functions.
    let rules = RULES.replace(
        "some net in data.networks\n    net.cidr_contains(net,",
        "some range in data.networks\n    net.cidr_contains(range,",
    );
    let files = [("main.rego", rules.as_str()), ("lib.rego", LIBRARY), ("data.json", &data)];
    let names: Vec<String> =
        ["everyone", "walked", "version", "network", "expired", "groups", "encoded"]
            .iter()
            .map(|name| format!("data.main.deny_{name}"))
            .collect();
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = agree(&files, &plan(), &asked);
    let all: BTreeSet<&String> = said.values().flatten().collect();
    assert_eq!(said.len(), asked.len(), "every rule has spoken: {said:#?}");
    for wanted in [
        "onedrive/actions/create_folder is open to everyone at []",
        "192.168.7.7 | is no runner of ours",
        "onedrive ends [2026, 6, 20], 19.5 days from now",
        "team holds \"external-a\"",
    ] {
        assert!(all.contains(&wanted.to_owned()), "{wanted}\n{all:#?}");
    }
}

/// Rego expressions that must print the same here and in OPA.
const SAME: &[&str] = &[
    r#"sprintf("%5.2f|%-8.3f|%08.3f", [3.14159, 3.14159, -3.14159])"#,
    r#"sprintf("%d %5d| %-5d| %05d %+d % d", [42, 42, 42, -42, 42, 42])"#,
    r##"sprintf("%x %X %#x %o %b %c", [255, 255, 255, 8, 5, 65])"##,
    r#"sprintf("%s|%5s|%-5s|%.3s|%q|%x", ["a", "é", "é", "abcdef", "a\"b", "hi"])"#,
    r#"sprintf("%v %v %v %v", [[1, "a", {"k": true}], {"x", "y"}, set(), null])"#,
    r#"sprintf("%s %v %v %v", [["a"], 0.5, 1234567.5, 0.00001234])"#,
    r#"sprintf("%e %E %g %f %.0f", [12345.678, 0.00125, 0.25, 2.5, 0.7])"#,
    r#"sprintf("%d%% of %v", [50, 100000000000000000000])"#,
    r#"sprintf("%d %d %x", ["x", 1.5, [1]])"#,
    r#"sprintf("%6.2f%%|%t", [99.5, "x"])"#,
    r#"time.parse_rfc3339_ns("2026-03-01T12:00:00.5+02:00")"#,
    r#"time.parse_ns("2006-01-02", "2026-03-01")"#,
    r#"time.parse_ns("Jan 02, 2006 15:04 -0700", "Mar 01, 2026 07:08 -0130")"#,
    r#"time.parse_ns("2006-01-02T15:04:05Z07:00", "2026-03-01T00:00:01Z")"#,
    r#"time.parse_duration_ns("1h30m")"#,
    r#"time.parse_duration_ns("-1.5h0.25s300ms2us1ns")"#,
    r#"time.date(1772366400000000000)"#,
    r#"time.clock([1772370061000000000, "UTC"])"#,
    r#"time.weekday(1772366400000000000)"#,
    r#"time.add_date(time.parse_ns("2006-01-02", "2026-01-31"), 0, 1, 0)"#,
    r#"time.add_date(time.parse_ns("2006-01-02", "2024-02-29"), 1, -13, 45)"#,
    r#"time.date(time.parse_ns("2006-01-02", "1969-07-20"))"#,
    r#"crypto.sha256("")"#,
    r#"graph.reachable({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a"}}, {"a"})"#,
    r#"net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")"#,
    r#"net.cidr_contains("fd00::/8", "10.1.0.0")"#,
    r#"net.cidr_contains("10.1.0.0/16", "10.0.0.0/8")"#,
    r#"net.cidr_contains("::/0", "fd00::1/64")"#,
    r#"net.cidr_contains("10.9.9.9/8", "10.255.255.255")"#,
    r#"net.cidr_intersects("10.0.0.0/9", "10.128.0.0/9")"#,
    r#"net.cidr_intersects("10.0.0.0/8", "10.128.0.0/9")"#,
    r#"[valid | some text in ["10.0.0.0/8", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0", "::/128", "x/1"]; valid := net.cidr_is_valid(text)]"#,
    r#"semver.compare("1.10.0", "1.9.9")"#,
    r#"semver.is_valid("1.2")"#,
    r#"hex.decode("5345432d31")"#,
    r#"base64url.decode("c2NvcGU_")"#,
];

#[test]
fn opa_prints_the_same_numbers_texts_and_times() {
    let mut text = "package main\n\n".to_owned();
    for (at, call) in SAME.iter().enumerate() {
        let _ = writeln!(text, "deny_{at} contains json.marshal(said) if said := {call}\n");
    }
    let names: Vec<String> = (0..SAME.len()).map(|at| format!("data.main.deny_{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = agree(&[("p.rego", &text)], &json!({}), &names);
    for (at, call) in SAME.iter().enumerate() {
        assert!(said.contains_key(&format!("data.main.deny_{at}")), "{call} said nothing");
    }
}

/// What one expression says, or why it says nothing.
fn one(call: &str) -> Result<String, String> {
    let text = format!("package main\ndeny contains sprintf(\"%v\", [said]) if said := {call}\n");
    match ask(&[("p.rego", &text)], "{\"today\": \"2026-03-01\"}") {
        Ok(said) => Ok(said.first().unwrap().message.clone()),
        Err(mistakes) => Err(format!("{} ({})", mistakes[0].message, mistakes[0].help)),
    }
}

#[test]
fn what_opa_would_only_complain_about_in_the_message_is_printed_or_refused() {
    // OPA: `%!s(int=5)`, `%!f(int=2)`, `%!t(string=true)`.
    assert_eq!(one(r#"sprintf("%s %.1f %t", [5, 2, true])"#).unwrap(), "5 2.0 true");
    for (call, wanted) in [
        (r#"sprintf("%d and %d", [1])"#, "`sprintf` has no value for `%d`"),
        (r#"sprintf("%d", [1, 2])"#, "`sprintf` has 1 more values than its text asks for"),
        (r#"sprintf("%9999999999d", [1])"#, "makes nothing wider than 1000 characters"),
        (r#"sprintf("%U", [1])"#, "cannot print the number 1 as `%U`"),
        (r#"sprintf("50%", [])"#, "ends after `%`"),
        (r#"time.parse_ns("2 Jan 2006", "1 Mar 2026")"#, "knows layouts of 2006, 01, 02"),
        (r#"time.parse_ns("2006-01-02", "March")"#, "not written like its layout"),
        (r#"time.parse_rfc3339_ns("2026-03-01")"#, "takes a time as RFC 3339 writes it"),
        (r#"time.parse_rfc3339_ns("9999-01-01T00:00:00Z")"#, "outside of what nanoseconds"),
        (r#"time.date([0, "Europe/Berlin"])"#, "takes nanoseconds since 1970, in UTC"),
        (r#"time.parse_duration_ns("1 day")"#, "takes a length of time such as 1h30m"),
        (r#"time.add_date(0, 999999999, 0, 0)"#, "takes whole numbers of years"),
        (r#"semver.compare("1", "2.0.0")"#, "semver"),
        (r#"time.now_ns()"#, "there is no function `time.now_ns` here (`time.parse_ns("),
        (r#"yaml.unmarshal("a: 1")"#, "there is no function `yaml.unmarshal` here (data beside"),
        (
            r#"net.cidr_expand("10.0.0.0/8")"#,
            "there is no function `net.cidr_expand` here (one call",
        ),
        (r#"graph.reachable_paths({}, [])"#, "`graph.reachable_paths` is not available"),
    ] {
        let said = one(call);
        assert!(said.as_ref().is_err_and(|why| why.contains(wanted)), "{call}: {said:?}");
    }
    // What the help recommends for the day is the day.
    assert_eq!(one(r#"time.weekday(time.parse_ns("2006-01-02", input.today))"#).unwrap(), "Sunday");
}

/// Functions that Rego v1 no longer has, and old rules call.
#[test]
fn rules_of_the_first_version_find_their_functions() {
    let text = "package main

deny[msg] {
    any([startswith(input.a, \"x\"), input.a == \"y\"])
    all([true, count(cast_array({3, 4})) == 2])
    not all([true, false])
    not any(set())
    msg := \"old\"
}
";
    assert_eq!(ask(&[("p.rego", text)], "{\"a\": \"y\"}").unwrap()[0].message, "old");
    assert!(ask(&[("p.rego", text)], "{\"a\": \"z\"}").unwrap().is_empty());
}

#[test]
fn what_no_plan_says_is_told_where_rules_ask_for_it() {
    let rule = "package main

import input as tfplan
import input.variables.region

deny contains msg if {
    some r in input.planned_values.root_module.resources
    tfplan.prior_state.values[r.address]
    input[\"configuration\"].x
    input.resource_changes[0].planned_values
    msg := sprintf(\"%v %v\", [region, input.planned_values])
}
";
    let lab = odeus(
        "rego: [policies/a.rego]\nintegrations: {onedrive: {oauth: {mode: managed}}}\n",
        &[("policies/a.rego", rule)],
    );
    let done = lab.run("validate").exits(0).says(&[
        "warning[invalid-rego]: plans have no `planned_values`, so this is undefined for every plan",
        "policies/a.rego:7:15",
        "`change.after` of each of `input.resource_changes`",
        "plans have no `prior_state`",
        "policies/a.rego:8:5",
        "plans have no `configuration`",
        "plans have no `variables`",
    ]);
    assert_eq!(done.err.matches("plans have no").count(), 4, "{}", done.err);
    lab.run("plan").exits(0).says(&["plans have no `planned_values`"]);
    // From the command line too.
    let lab =
        odeus("integrations: {onedrive: {oauth: {mode: managed}}}\n", &[("../p/a.rego", rule)]);
    for args in ["validate --policy ../p", "plan --policy ../p"] {
        lab.run(args).exits(0).says(&["plans have no `planned_values`", "../p/a.rego:7:15"]);
    }
}

#[test]
fn the_roots_of_plans_are_those_of_the_published_schema() {
    let schema = scopeform::render::json::plan_schema();
    let properties = schema["properties"].as_object().unwrap();
    let published: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(rego::ROOTS.iter().copied().collect::<BTreeSet<_>>(), published);
    // And nothing that plans say is told.
    let all: String = rego::ROOTS.iter().fold(String::new(), |mut all, root| {
        let _ = writeln!(all, "    input.{root}");
        all
    });
    let text = format!("package main\ndeny contains \"x\" if {{\n{all}}}\n");
    let rules = super::rules(&[("p.rego", &text)]);
    assert_eq!(rego::doubts(&rules.modules), []);
}
