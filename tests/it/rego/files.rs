//! `rego:` in the files: what it names, what is wrong with it, and that all of that is said at once.

use super::odeus;

const RULE: &str = "package main\n\ndeny contains \"x\" if input.never\n";

#[test]
fn paths_and_patterns_name_files_below_the_folder() {
    let files = [
        ("policies/a.rego", RULE),
        ("policies/deep/b.rego", RULE),
        ("policies/data.json", "{\"a\": 1}"),
        ("policies/a_test.rego", "no rego"),
        ("policies/.hidden.rego", "no rego"),
    ];
    for (list, fine) in [
        ("[policies/a.rego]", true),
        ("[policies/*.rego, policies/*.json]", true),
        ("[policies/**/*.rego]", true),
        ("[\"**/*.rego\"]", true),
        ("[policies/c.rego]", false),
        ("[policies/x*.rego]", false),
        ("[../a.rego]", false),
        ("[/a.rego]", false),
        ("[policies]", false),
        ("[policies/a.yaml]", false),
        ("[.hidden/a.rego]", false),
        ("policies/a.rego", false),
    ] {
        let lab = odeus(&format!("rego: {list}\n"), &files);
        let done = lab.run("validate").done();
        assert_eq!(done.code, Some(if fine { 0 } else { 1 }), "{list}\n{}", done.all());
        assert!(fine || done.err.contains("scopeform.yaml:5:"), "{list}\n{}", done.all());
    }
}

#[test]
fn everything_that_is_wrong_is_said_in_one_run_each_at_its_place() {
    let lab = odeus(
        "rego: [a.rego, b.rego, data.json, gone.rego]\n",
        &[
            (
                "a.rego",
                "package main\n\ndeny contains msg if {\n    msg := http.send({\"url\": \"x\"})\n}\n",
            ),
            ("b.rego", "package main\n\ndeny contains msg if {\n    msg := \"open\n}\n"),
            ("data.json", "{\n  \"a\": 1,\n}\n"),
        ],
    );
    for args in ["validate", "plan", "apply"] {
        lab.run(args).exits(1).says(&[
            "error[rego-file]: there is no regular file `gone.rego`",
            "error[invalid-rego]: the data is no JSON: trailing comma",
            "data.json:3:1",
            "error[invalid-rego]: invalid character in string",
            "b.rego:4:17",
        ]);
    }
    lab.write("b.rego", "package main\n\ndeny contains \"b\"\n");
    lab.run("validate").exits(1).says(&["a.rego:4:12", "there is no function `http.send` here"]);
    // As JSON too, with the place.
    let json = lab.run("validate --json").exits(1).json();
    let text = json.to_string();
    assert!(text.contains("invalid-rego") && text.contains("a.rego"), "{text}");
    for code in ["invalid-rego", "rego-file"] {
        lab.run(&format!("explain {code}")).exits(0).prints(&["rego:"]);
    }
}

#[test]
fn labels_are_names_and_texts_and_no_secrets() {
    for (labels, wanted) in [
        ("{owner: it, ticket: SEC-1}", ""),
        ("{}", ""),
        ("{owner: 'team <sales>', note: 'ask {hr}, or ${name} and {{other}}'}", ""),
        ("{owner: YOUR_TEAM, note: ''}", ""),
        ("{\"two words\": x}", "`two words` is not the name of a label"),
        ("{client_secret: x}", "looks like a secret"),
        ("{owner: [a, b]}", "wrong-type"),
        ("[owner]", "wrong-type"),
    ] {
        let lab = odeus(&format!("integrations: {{onedrive: {{labels: {labels}}}}}\n"), &[]);
        let done = lab.run("validate").done();
        assert_eq!(done.code, Some(i32::from(!wanted.is_empty())), "{labels}\n{}", done.all());
        assert!(done.err.contains(wanted), "{labels}\n{}", done.all());
    }
}
