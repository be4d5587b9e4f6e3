//! The language as rules about plans may use it: which rules count, what they may say, and what is refused.

use std::fmt::Write as _;

use scopeform::plan::denial::Denial;

use super::{Files, ask};

fn said(denial: &Denial) -> String {
    let Denial { denies, rule, places, message, address, excepted } = denial;
    let word = match (denies, excepted) {
        (true, false) => "deny",
        (true, true) => "excepted",
        (false, _) => "warn",
    };
    let about = address.as_deref().map_or_else(String::new, |address| format!(" @{address}"));
    format!("{word} {rule} {}: {message}{about}", places.join("|"))
}

#[track_caller]
fn says(files: Files<'_>, input: &str, wanted: &[&str]) {
    let found = ask(files, input).unwrap_or_else(|mistakes| panic!("{files:?}\n{mistakes:?}"));
    assert_eq!(found.iter().map(said).collect::<Vec<_>>(), wanted, "{files:?}");
}

/// The mistakes of some files, as `path:line:column: message`.
#[track_caller]
fn mistakes(files: Files<'_>, input: &str) -> Vec<String> {
    let found = ask(files, input).expect_err("there is no mistake");
    found.iter().map(|m| format!("{}:{}:{}: {}", m.path, m.line, m.column, m.message)).collect()
}

#[track_caller]
fn refused(text: &str, wanted: &str) {
    let found = mistakes(&[("p.rego", text)], "{}");
    assert!(found.iter().any(|one| one == wanted), "{text}\n{found:#?}");
}

#[test]
fn deny_violation_and_warn_of_every_package_count_and_nothing_else_does() {
    says(
        &[
            (
                "a.rego",
                "package main\n\ndeny contains \"one\"\n\nviolation contains \"two\"\n\nwarn contains \"three\"\n\n\
                 deny_by_name contains \"four\"\n\ndenying contains \"no\"\n\ndeny_ contains \"no\"\n\n\
                 allow contains \"no\"\n",
            ),
            ("b.rego", "package team.access\n\nwarn_soon contains \"five\"\n"),
            // A function with such a name is called by rules and is none.
            ("c.rego", "package lib\n\ndeny_text(x) := x\n"),
        ],
        "{}",
        &[
            "warn main.warn a.rego:7: three",
            "warn team.access.warn_soon b.rego:3: five",
            "deny main.deny a.rego:3: one",
            "deny main.deny_by_name a.rego:9: four",
            "deny main.violation a.rego:5: two",
        ],
    );
}

#[test]
fn a_message_is_a_text_or_an_object_that_may_say_what_it_is_about() {
    for (entry, wanted) in [
        ("\"text\"", "text"),
        ("{\"msg\": \"m\"}", "m"),
        ("{\"msg\": \"m\", \"address\": \"excel\"}", "m @excel"),
        ("{\"msg\": \"m\", \"addr\": \"excel\", \"severity\": 3}", "m @excel"),
        ("{\"msg\": \"m\", \"details\": {\"resource\": \"excel\"}}", "m @excel"),
        ("{\"msg\": \"m\", \"metadata\": {\"address\": \"excel\"}}", "m @excel"),
        ("{\"msg\": \"m\", \"address\": 3}", "m"),
        ("{\"msg\": \"m\", \"address\": \"\"}", "m"),
    ] {
        let text = format!("package main\ndeny contains {entry}\n");
        says(&[("p.rego", &text)], "{}", &[&format!("deny main.deny p.rego:2: {wanted}")]);
    }
    // A complete rule with a set or a list says each of its members, once.
    for value in ["{\"a\", \"b\"}", "[\"b\", \"a\", \"b\"]"] {
        let text = format!("package main\ndeny := {value}\n");
        let wanted = ["deny main.deny p.rego:2: a", "deny main.deny p.rego:2: b"];
        says(&[("p.rego", &text)], "{}", &wanted);
    }
    for entry in ["3", "{\"text\": \"m\"}", "{\"msg\": 3}", "[\"a\"]"] {
        let text = format!("package main\ndeny contains {entry}\n");
        refused(&text, "p.rego:2:1: `data.main.deny` says something without a text `msg`");
    }
    refused(
        "package main\ndeny := \"a text\"\n",
        "p.rego:2:1: `data.main.deny` is no set of messages for this plan",
    );
}

#[test]
fn a_rule_that_could_not_say_anything_is_a_mistake() {
    let hint = "is no set of messages here, so it could not say anything";
    refused("package main\ndeny if { 1 < 2 }\n", &format!("p.rego:2:1: `deny` {hint}"));
    refused("package main\ndeny[msg] if { msg := 1 }\n", &format!("p.rego:2:1: `deny` {hint}"));
    refused("package main\nwarn.soon := true\n", &format!("p.rego:2:1: `warn` {hint}"));
    let nothing =
        "p.rego:1:1: no file has a rule `deny`, `violation` or `warn`, so none says anything";
    refused("package main\nallow := true\n", nothing);
    refused("package main\nexception contains [\"a\"]\n", nothing);
}

#[test]
fn both_versions_of_the_language_are_read_and_never_confused() {
    let v0 = "package main\n\ndeny[msg] {\n  input.x == 1\n  msg := \"old\"\n}\n\nviolation[{\"msg\": msg}] {\n  \
              input.x == 1\n  msg := \"older\"\n}\n";
    let v1 = "package main\n\nimport rego.v1\n\ndeny contains msg if {\n  input.x == 1\n  msg := \"new\"\n}\n";
    let future = "package main\nimport future.keywords.contains\nimport future.keywords.if\n\
                  deny contains \"between\" if input.x == 1\n";
    says(
        &[("a.rego", v0), ("b.rego", v1), ("c.rego", future)],
        "{\"x\": 1}",
        &[
            "deny main.deny a.rego:3: old",
            "deny main.deny b.rego:5: new",
            "deny main.deny c.rego:4: between",
            "deny main.violation a.rego:8: older",
        ],
    );
    says(&[("a.rego", v0), ("b.rego", v1)], "{\"x\": 2}", &[]);
    // Text of v1 with a mistake in it means something else as v0: it is not taken for that.
    refused(
        "package main\ndeny contains msg if {\n  msg := \"a\"\n}\nf(x) { x }\n",
        "p.rego:5:6: `if` keyword is required before rule body",
    );
    refused(
        "package main\ndeny {\n  true\n}\n",
        "p.rego:2:6: `if` keyword is required before rule body",
    );
}

#[test]
fn exceptions_are_heard_and_shown() {
    let rules = "package main\n\ndeny_guests contains \"guest\"\n\ndeny_owner contains \"owner\"\n\n\
                 deny contains \"plain\"\n\nexception contains names if names := ";
    for (names, wanted) in [
        (
            "[\"guests\"]",
            [
                "deny main.deny p.rego:7: plain",
                "deny main.deny_owner p.rego:5: owner",
                "excepted main.deny_guests p.rego:3: guest",
            ],
        ),
        (
            "[\"\", \"owner\"]",
            [
                "deny main.deny_guests p.rego:3: guest",
                "excepted main.deny p.rego:7: plain",
                "excepted main.deny_owner p.rego:5: owner",
            ],
        ),
    ] {
        let text = format!("{rules}{names}\n");
        let mut found: Vec<String> =
            ask(&[("p.rego", &text)], "{}").unwrap().iter().map(said).collect();
        found.sort();
        assert_eq!(found, wanted);
    }
    let text = format!("{rules}\"guests\"\n");
    let found = mistakes(&[("p.rego", &text)], "{}");
    assert_eq!(found, ["p.rego:9:1: `exception` is no set of lists of names for this plan"]);
}

#[test]
fn the_definition_that_speaks_is_named() {
    let text = "package main\n\ndeny contains \"a\" if input.a\n\ndeny contains \"b\" if {\n  input.b\n}\n\n\
                deny contains \"a\" if input.c\n";
    says(&[("p.rego", text)], "{\"a\": true}", &["deny main.deny p.rego:3: a"]);
    says(&[("p.rego", text)], "{\"b\": true}", &["deny main.deny p.rego:5: b"]);
    says(&[("p.rego", text)], "{\"c\": true}", &["deny main.deny p.rego:9: a"]);
    says(
        &[("p.rego", text)],
        "{\"a\": true, \"c\": true}",
        &["deny main.deny p.rego:3|p.rego:9: a"],
    );
    // In two files; with umlauts in front, so that bytes are no characters.
    says(
        &[
            (
                "p.rego",
                "# äöü\npackage main\ndeny contains \"ä\" if input.a\ndeny contains \"x\" if input.x\n",
            ),
            ("q.rego", "package main\ndeny contains \"b\" if input.a\n"),
        ],
        "{\"a\": 1}",
        &["deny main.deny p.rego:3: ä", "deny main.deny q.rego:2: b"],
    );
}

#[test]
fn data_is_joined_and_contradictions_are_refused() {
    let rule = "package main\ndeny contains data.a.x if data.a.y == 2\n";
    let files = [
        ("p.rego", rule),
        ("x.json", "{\"a\": {\"x\": \"one\"}}"),
        ("y.json", "{\"a\": {\"y\": 2}}"),
    ];
    says(&files, "{}", &["deny main.deny p.rego:2: one"]);
    let files =
        [("p.rego", rule), ("x.json", "{\"a\": {\"y\": 1}}"), ("y.json", "{\"a\": {\"y\": 2}}")];
    let found = mistakes(&files, "{}");
    assert!(found[0].starts_with("y.json:1:1: the data cannot be joined"), "{found:?}");
}

#[test]
fn rules_see_nothing_but_the_plan_and_their_data() {
    for call in [
        "http.send({\"url\": \"http://127.0.0.1/\", \"method\": \"get\"})",
        "opa.runtime()",
        "time.now_ns()",
        "rand.intn(\"a\", 9)",
        "uuid.rfc4122(\"a\")",
        "net.lookup_ip_addr(\"localhost\")",
        "io.jwt.decode(\"a\")",
        "io.jwt.verify_hs256(\"a\", \"b\")",
        "environment()",
    ] {
        let name = call.split('(').next().unwrap();
        // Not even where the engine would never get.
        let text =
            format!("package main\ndeny contains msg if {{\n  input.never\n  msg := {call}\n}}\n");
        refused(&text, &format!("p.rego:4:10: there is no function `{name}` here"));
    }
    let text = "package main\ndeny contains msg if msg := data.lib.text(1)\n";
    refused(text, "p.rego:2:29: there is no function `data.lib.text` in the files");
    // What is left is what policies use.
    says(
        &[
            (
                "p.rego",
                "package main\nimport data.lib.texts as t\ndeny contains msg if {\n  regex.match(`^b+$`, \"bbb\")\n  \
             glob.match(\"*.example\", [\".\"], \"acme.example\")\n  msg := t.text(sprintf(\"%s %d\", [upper(\"a\"), count([1])]))\n  \
             print(msg)\n}\n",
            ),
            ("lib.rego", "package lib.texts\ntext(x) := concat(\"\", [\"<\", x, \">\"])\n"),
        ],
        "{}",
        &["deny main.deny p.rego:3: <A 1>"],
    );
}

#[test]
fn evaluation_ends() {
    // Functions that call themselves, directly, in a circle, and across packages.
    refused(
        "package main\nf(x) := f(x)\ndeny contains msg if msg := f(1)\n",
        "p.rego:2:1: the function `f` calls itself",
    );
    refused(
        "package main\nf(x) := g(x)\ng(x) := y if { y := f(x) }\ndeny contains msg if msg := f(1)\n",
        "p.rego:3:1: the function `g` calls itself",
    );
    let found = mistakes(
        &[
            (
                "p.rego",
                "package main\nimport data.lib\nf(x) := lib.g(x)\ndeny contains msg if msg := f(1)\n",
            ),
            ("q.rego", "package lib\ng(x) := data.main.f(x)\n"),
        ],
        "{}",
    );
    assert_eq!(
        found,
        ["p.rego:3:1: the function `f` calls itself", "q.rego:2:1: the function `g` calls itself"]
    );
    // Rules that need themselves.
    let found =
        mistakes(&[("p.rego", "package main\na if b\nb if a\ndeny contains \"x\" if a\n")], "{}");
    assert!(found[0].contains("recursion"), "{found:?}");
    // More steps than there are, told by their number: the same on every machine.
    let list: Vec<u32> = (0..3000).collect();
    let input = format!("{{\"l\": {list:?}}}");
    let text = "package main\ndeny contains \"x\" if {\n  some a in input.l\n  some b in input.l\n  some c in input.l\n  a + b + c == 999999\n}\n";
    let once = mistakes(&[("p.rego", text)], &input);
    assert_eq!(once, ["p.rego:2:1: `data.main.deny` needs more than 20000000 steps for this plan"]);
    // One call that would take all the memory.
    for call in ["numbers.range(1, 99999999999)", "bits.lsh(1, 99999999999)"] {
        let name = call.split('(').next().unwrap();
        let text = format!("package main\ndeny contains \"x\" if count([{call}]) > 1\n");
        let found = mistakes(&[("p.rego", &text)], "{}");
        assert!(
            found[0].ends_with(&format!("`{name}` is not available to rules about plans")),
            "{found:?}"
        );
    }
    // A function that calls another of its name in another package does not call itself.
    says(
        &[
            (
                "p.rego",
                "package main\nf(x) := data.lib.f(x)\ndeny contains msg if msg := f(\"y\")\n",
            ),
            ("q.rego", "package lib\nf(x) := x\n"),
        ],
        "{}",
        &["deny main.deny p.rego:3: y"],
    );
}

/// The engine's parser reads the first element of a literal twice, so what is nested takes it twice as long per level.
#[test]
fn reading_ends() {
    let rule = |open: &str, close: &str, times: usize| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        format!("package main\ndeny contains \"y\" if x := {open}1{close}\n")
    };
    for (open, close) in [("[", "]"), ("{", "}"), ("{\"a\": ", "}"), ("[[", "]]"), ("{f(", ")}")] {
        let found = mistakes(&[("p.rego", &rule(open, close, 28))], "{}");
        assert_eq!(found.len(), 1, "{open}");
        assert!(found[0].ends_with(": brackets stand too deep in brackets here"), "{found:?}");
        let found = mistakes(&[("p.rego", &rule(open, "", 20_000))], "{}");
        assert!(found[0].ends_with(": brackets stand too deep in brackets here"), "{found:?}");
    }
    let brackets = "[".repeat(28);
    for fine in [
        rule("[", "]", 6),
        rule("{\"a\": [1, ", "]}", 6),
        // What stands behind the first element is read once.
        rule("[1, ", "]", 14),
        // A long list of short ones.
        rule(&format!("[{}", "[{\"a\": [1]}],\n".repeat(2_000)), "]", 1),
        // Brackets in texts and comments are no brackets.
        rule(&format!("[\"{brackets}\", `{brackets}`, # {brackets}\n"), "]", 1),
    ] {
        says(&[("p.rego", &fine)], "{}", &["deny main.deny p.rego:2: y"]);
    }
}

#[test]
fn mistakes_are_told_all_of_them_each_at_its_place() {
    let found = mistakes(
        &[
            ("a.rego", "package main\n\ndeny contains msg if {\n  msg := \"open\n}\n"),
            ("b.rego", "package main\ndeny if true\n\nwarn if true\n"),
            ("c.rego", "no package\n"),
        ],
        "{}",
    );
    let places: Vec<&str> = found.iter().map(|one| one.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["a.rego:4:15", "b.rego:2:1", "b.rego:4:1", "c.rego:1:1"], "{found:#?}");
    // Deep nesting is a mistake, not a crash.
    let deep =
        format!("package main\ndeny contains x if x := {}1{}\n", "(".repeat(400), ")".repeat(400));
    assert_eq!(mistakes(&[("p.rego", &deep)], "{}").len(), 1);
}

#[test]
fn a_builtin_that_fails_is_a_mistake_and_what_is_absent_is_not() {
    for call in ["to_number(\"x\")", "sprintf(\"%d\", [])", "json.unmarshal(\"{\")"] {
        let text =
            format!("package main\ndeny contains \"x\" if {{\n  y := {call}\n  y != 1\n}}\n");
        let found = mistakes(&[("p.rego", &text)], "{}");
        assert!(found[0].starts_with("p.rego:3:"), "{found:?}");
    }
    let text =
        "package main\ndeny contains \"x\" if not regex.match(`a`, input.labels.excel.owner)\n";
    says(&[("p.rego", text)], "{}", &["deny main.deny p.rego:2: x"]);
    says(&[("p.rego", text)], "{\"labels\": {\"excel\": {\"owner\": \"a\"}}}", &[]);
}

#[test]
fn one_plan_gets_one_answer() {
    let mut input = String::from("{\"l\": {");
    for n in 0..200 {
        let _ = write!(input, "{}\"k{}\": {n}", if n == 0 { "" } else { ", " }, (n * 37) % 200);
    }
    input.push_str("}}");
    let text = "package main\ndeny contains sprintf(\"%s %v %v\", [k, v, input.l]) if some k, v in input.l\n";
    let first = ask(&[("p.rego", text)], &input).unwrap();
    assert_eq!(first.len(), 200);
    let other = std::thread::spawn({
        let input = input.clone();
        move || ask(&[("p.rego", text)], &input).unwrap()
    });
    assert_eq!(first, other.join().unwrap());
    assert_eq!(first, ask(&[("p.rego", text)], &input).unwrap());
}
