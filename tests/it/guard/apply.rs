//! The way past a limit, with the real binary: copied from what was printed, for one plan, and never past a protection.

use serde_json::json;

use crate::apply::plane::{Plane, config_at};
use crate::cli::harness::{Done, Lab};

const RULES: &str = "limits:\n  removals: {count: 1}\n";

/// Two removals: the action, and the scope that only it needs.
const WISHES: &str = "integrations: {files: {actions: {write_file: disabled}}}\n";

/// Returns the flags that a run printed, the way a person copies them: from between the backticks.
#[track_caller]
fn copied(text: &str) -> String {
    let (_, rest) = text.split_once("`--accept ").unwrap_or_else(|| panic!("no flag in\n{text}"));
    let (flag, _) = rest.split_once('`').unwrap();
    format!("--accept {flag}")
}

fn limited(done: Done) -> Done {
    done.prints(&[
        "blocker[limit-removals] limits/removals: 2 removals, and the limit is 1",
        "at scopeform.yaml:6:3",
        "nothing is applied until it is solved or accepted",
        "accept: `--accept removals@",
    ])
}

#[test]
fn a_limit_is_passed_by_the_acceptance_that_was_printed_and_by_nothing_else() {
    let plane = Plane::start();
    let lab = plane.lab(&format!("{RULES}{WISHES}"));
    let before = plane.state();
    let made = limited(plane.run(&lab, "plan --detailed-exitcode").exits(4));
    let flag = copied(&made.out);
    made.prints(&[&format!("Apply:  scopeform apply {flag}\n")]);

    // Neither a flag nor a yes passes it, and nobody is asked.
    for args in ["apply --auto-approve", "apply"] {
        let done = limited(plane.run(&lab, args).types("yes\n").exits(4));
        let done =
            done.says(&["the plan is blocked by 1 finding; nothing was done", "limit-removals"]);
        assert_eq!(copied(&done.err), flag);
        assert!(!done.err.contains("Only `yes`"), "{}", done.all());
    }
    // The other limits are not this one.
    let other = flag.replace("removals", "people");
    plane.run(&lab, &format!("apply --auto-approve {other}")).exits(4);
    assert_eq!(plane.state(), before);

    // In a pipeline the plan alone says whether it would pass.
    plane.run(&lab, &format!("plan {flag}")).exits(0);
    plane.run(&lab, &format!("plan --detailed-exitcode {flag}")).exits(2);
    let json = plane.run(&lab, "plan --json").exits(4).json();
    assert_eq!(format!("--accept {}", json["findings"][0]["accept"].as_str().unwrap()), flag);
    assert_eq!(json["summary"]["removals"], 2);

    // An acceptance is not consent: somebody still has to agree.
    plane.run(&lab, &format!("apply {flag}")).types("no\n").exits(5);
    assert_eq!(plane.state(), before);
    plane
        .run(&lab, &format!("apply {flag}"))
        .types("yes\n")
        .exits(0)
        .prints(&["Limits passed: removals@", "Applied: 1 operation"]);
    assert_ne!(plane.state(), before);
    // Who looks later sees that a limit was passed, and by what.
    let passed = flag.strip_prefix("--accept ").unwrap();
    lab.run("show --last")
        .exits(0)
        .prints(&[&format!("a typed `yes`, limits passed with {passed}")]);
    assert_eq!(lab.run("show --last --json").exits(0).json()["accepted"], json!([passed]));
    // A job that runs again after it has succeeded does so.
    plane.run(&lab, &format!("apply --auto-approve {flag}")).exits(0).prints(&["No changes"]);
}

/// Whoever looks at a plan after somebody accepted that it exceeds a limit sees that, and no blocker.
#[test]
fn a_limit_that_was_accepted_is_shown_as_accepted_in_every_format() {
    let plane = Plane::start();
    let lab = plane.lab(&format!("{RULES}{WISHES}"));
    let flag = copied(&plane.run(&lab, "plan --out p.plan").exits(4).out);
    let said = "2 removals, and the limit is 1; accepted for exactly this plan";
    let verdict = "1 limit is exceeded, which was accepted.";
    let opens = "nothing is applied until";
    let shows = |args: &str| {
        let done = plane.run(&lab, &format!("{args} {flag}")).exits(0);
        assert!(!done.out.contains(opens), "{args}\n{}", done.out);
        done
    };
    // What the blocked plan says of the way past it is what the accepted one must not say.
    for format in ["text", "markdown", "html"] {
        let blocked = plane.run(&lab, &format!("show p.plan --format {format}")).exits(0);
        assert!(blocked.out.contains(opens) && !blocked.out.contains(verdict), "{}", blocked.out);
        for args in ["plan", "show p.plan"] {
            let done = shows(&format!("{args} --format {format}")).prints(&[said, verdict]);
            // Whoever carries it out says so again; else nobody is told to.
            let told = done.out.matches("--accept").count();
            assert_eq!(told, 1, "{}", done.out);
        }
    }
    let done = shows("show p.plan");
    done.prints(&[&format!("Apply:  scopeform apply p.plan {flag}\n"), "warning[limit-removals]"]);
    shows("show p.plan --apply-with pipeline").prints(&["Apply:  pipeline\n"]);
    for args in ["plan --json", "show p.plan --json"] {
        let json = shows(args).json();
        let finding = &json["findings"][0];
        assert_eq!(finding["severity"], "warning", "{finding}");
        assert_eq!(finding["message"], said);
        assert_eq!(finding["accept"], serde_json::Value::Null, "{finding}");
        assert_eq!((&json["applyable"], &json["summary"]["blockers"]), (&json!(true), &json!(0)));
    }
    for args in ["plan --format sarif", "show p.plan --format sarif"] {
        let json = shows(args).json();
        let result = &json["runs"][0]["results"][0];
        assert_eq!(
            (&result["ruleId"], &result["level"]),
            (&json!("limit-removals"), &json!("warning"))
        );
        assert!(result["message"]["text"].as_str().unwrap().contains(said), "{result}");
        assert_eq!(result.get("properties"), None, "{result}");
    }
    shows("show p.plan --format annotations").prints(&["::warning ", said]);
    shows("show p.plan --format code-quality").prints(&[said, "\"severity\": \"major\""]);
    // Whoever is asked sees it too, also where the plan goes to another stream.
    let asked = plane.run(&lab, &format!("apply --json {flag}")).types("no\n").exits(5);
    assert!(asked.err.contains(said) && asked.err.contains(verdict), "{}", asked.err);
}

/// What was accepted of another plan is no word about this one.
#[test]
fn an_acceptance_of_another_plan_shows_nothing_as_accepted() {
    let plane = Plane::start();
    let lab = plane.lab(&format!("{RULES}{WISHES}"));
    plane.run(&lab, "plan --out p.plan").exits(4);
    let other = "--accept removals@00000000000000000000000000000000";
    for args in ["show p.plan", "show p.plan --format sarif", "plan"] {
        let done = plane.run(&lab, &format!("{args} {other}")).exits(4);
        assert!(!done.out.contains("accepted for exactly"), "{}", done.all());
        done.says(&["is for another plan than this one"]);
    }
    // Of the limits that are not exceeded nothing is said.
    let flag = copied(&plane.run(&lab, "plan").exits(4).out).replace("removals", "people");
    let done = plane.run(&lab, &format!("show p.plan {flag}")).exits(0);
    assert!(done.out.contains("blocker[limit-removals]"), "{}", done.out);
    assert!(!done.out.contains("which was accepted"), "{}", done.out);
    lab.run(&format!("show --last {flag}")).exits(64).says(&["`--accept` goes with a saved PLAN"]);
}

#[test]
fn an_acceptance_dies_with_its_plan() {
    let plane = Plane::start();
    let lab = plane.lab(&format!("{RULES}{WISHES}"));
    let flag = copied(&plane.run(&lab, "plan").exits(4).out);
    let before = plane.state();
    for change in [
        // Another decision, a stricter rule, a looser rule: each is another plan.
        format!("{RULES}{WISHES}")
            .replace("files: {", "notes: {actions: {read_note: enabled}}, files: {"),
        format!("{RULES}{WISHES}").replace("count: 1", "count: 0"),
        format!("{RULES}{WISHES}").replace("count: 1", "count: 2"),
    ] {
        lab.write("scopeform.yaml", &config_at(&plane.url(), &change));
        for args in ["apply --auto-approve", "plan", "plan --out p.json", "apply p.json"] {
            let done = plane.run(&lab, &format!("{args} {flag}")).exits(4);
            let done = done.says(&[&format!("`{flag}` is for another plan than this one, ")]);
            let now = copied(done.err.rsplit_once("help").unwrap().1);
            assert_ne!(now, flag);
            plane.run(&lab, &format!("plan {now}")).exits(0);
        }
        assert_eq!(plane.state(), before);
    }
    // A saved plan takes its own, and is no way around the limit without it.
    lab.write("scopeform.yaml", &config_at(&plane.url(), &format!("{RULES}{WISHES}")));
    plane.run(&lab, "plan --out p.json").exits(4);
    let done = limited(plane.run(&lab, "apply p.json").exits(4));
    assert_eq!(copied(&done.err), flag);
    assert_eq!(plane.state(), before);
    let report = plane.run(&lab, &format!("apply p.json {flag} --json")).exits(0).json();
    assert_eq!(report["accepted"], json!([flag.strip_prefix("--accept ").unwrap()]));
    assert_ne!(plane.state(), before);
}

#[test]
fn slips_in_acceptances_are_usage() {
    let lab = Lab::with(&format!("version: 1\nplatform: odeus\nworkspace: acme\n{WISHES}"));
    for (accept, says) in [
        ("removal@0123456789ab", "did you mean `removals`?"),
        ("all@0123456789ab", "limits: removals, people, broken_actions"),
        ("removals", "LIMIT@DIGEST"),
        ("removals@", "at least 32"),
        ("removals@0123456789ab", "at least 32"),
    ] {
        for args in ["plan", "apply"] {
            let done = lab.run(&format!("{args} --accept {accept}")).exits(64);
            assert!(done.err.contains(says), "{accept}: {}", done.all());
        }
    }
    lab.run("explain limit-removals")
        .exits(0)
        .prints(&["--accept removals@DIGEST", "The share is of"]);
    lab.run("explain protected").exits(0).prints(&["finding, blocker", "no flag passes"]);
}

#[test]
fn a_protection_names_the_line_that_breaks_it_and_no_flag_passes_it() {
    let plane = Plane::start();
    let lab = plane.lab(&format!(
        "protect:\n  - {{address: files/actions/write_file, reason: \"sales works through it, OPS-12\"}}\n{WISHES}"
    ));
    let before = plane.state();
    let made = plane.run(&lab, "plan").exits(4).prints(&[
        "blocker[protected] files/actions/write_file: ",
        "`files/actions/write_file` is protected: sales works through it, OPS-12",
        "at scopeform.yaml:7:34",
        "Apply:  not possible, 1 blocker above",
    ]);
    assert!(!made.out.contains("--accept"), "{}", made.all());
    for flag in ["", "--accept removals@0123456789abcdef0123456789abcdef", "--auto-approve"] {
        let done = plane.run(&lab, &format!("apply {flag}")).types("yes\n").exits(4);
        assert!(!done.err.contains("Only `yes`"), "{}", done.all());
    }
    assert_eq!(plane.state(), before);
    // Removing the block does not remove the protection, and changes nothing either.
    let alone = "protect: [files/actions/write_file]\nintegrations: {}\n";
    lab.write("scopeform.yaml", &config_at(&plane.url(), alone));
    plane.run(&lab, "apply --auto-approve").exits(0).prints(&["No changes"]);
}

#[test]
fn a_protection_of_nothing_is_said() {
    let plane = Plane::start();
    let lab = plane.lab(
        "protect: [files/actions/wirte_file, \"*/actions/read_*\", flies]\nintegrations: {}\n",
    );
    let done = plane.run(&lab, "plan").exits(0).prints(&[
        "warning[protects-nothing] protect/files/actions/wirte_file: `files/actions/wirte_file` names nothing in the workspace",
        "at scopeform.yaml:5:11",
        "did you mean `files/actions/write_file`?",
        "did you mean `files`?",
    ]);
    assert_eq!(done.all().matches("protects-nothing").count(), 2, "{}", done.all());
}

/// Plans where few people are connected and applies the saved plan where more are: the same decisions, other people.
#[track_caller]
fn grown(config: &str, few: &str, many: &str) {
    let lab = Lab::with(config);
    lab.write("world.yaml", few);
    let then = |args: &str| lab.run(args).env("SCOPEFORM_DATA_DIR", lab.path("few"));
    let made = then("plan --out p.json").exits(0);
    assert!(!made.out.contains("limit-people"), "{}", made.all());
    lab.write("world.yaml", many);
    let now = |args: &str| lab.run(args).env("SCOPEFORM_DATA_DIR", lab.path("many"));
    let before = now("plan --json").exits(4).json();
    let done = now("apply p.json").exits(4).says(&[
        "the plan is over its limits by now, nothing was done",
        "limit-people: 2 people must reconnect or have tokens that change or end, and the limit is 1",
    ]);
    let flag = copied(&done.err);
    assert_eq!(now("plan --json").exits(4).json(), before, "nothing was done");
    // The digest has not moved: who agreed to the plan may accept that it affects more people by now.
    let (_, digits) = flag.rsplit_once('@').unwrap();
    assert_eq!(digits.len(), 32, "{flag}");
    assert!(before["digest"].as_str().unwrap().starts_with(digits), "{flag} {before}");
    now("apply p.json --accept removals@00000000000000000000000000000000").exits(4);
    now(&format!("apply p.json {flag}")).exits(0);
    now("plan --detailed-exitcode").exits(0);
    // Where it was planned it fits its limit still; a plane that nothing was written to goes by the world that is there.
    lab.write("world.yaml", few);
    then("apply p.json").exits(0);
}

#[test]
fn on_odeus_people_are_counted_again_at_apply() {
    let config = "version: 1\nplatform: odeus\nworkspace: acme\nlimits: {people: 1}\n\
        integrations: {todo: {actions: {create_task: enabled}}}\n";
    let world = |users: &str| {
        format!(
            "kind: world\nworkspaces:\n  acme:\n    rollout: [todo]\n    users: {{ana@acme.example: admin, ben@acme.example: member}}\n    \
             actions: nobody\n    connections: [{{integration: todo, users: {users}, granted: [offline_access, User.Read, Tasks.Read]}}]\n"
        )
    };
    grown(config, &world("[ana@acme.example]"), &world("all"));
}

#[test]
fn on_trustpager_people_are_counted_again_at_apply() {
    let config = "version: 1\nplatform: trustpager\nworkspace: acme\nlimits: {people: 1}\n\
        oauth_clients: {Claude: {resources: {contacts: no_access}}}\n";
    let world = |tokens: &[&str]| {
        let token = |user: &&str| {
            format!(
                "          - {{user: {user}@acme.example, issued: 2026-01-01, last_used: 2026-11-01, requests: 1}}\n"
            )
        };
        format!(
            "kind: world\nplatform: trustpager\nworkspaces:\n  acme:\n    users: {{ana@acme.example: owner, ben@acme.example: admin}}\n    \
             oauth_clients:\n      Claude:\n        tokens:\n{}",
            tokens.iter().map(token).collect::<String>()
        )
    };
    grown(config, &world(&["ana"]), &world(&["ana", "ben"]));
}

#[test]
fn a_token_that_is_revoked_by_hand_obeys_the_rules_too() {
    let world = "kind: world\nplatform: trustpager\nworkspaces:\n  acme:\n    users: {ana@acme.example: owner}\n    \
        oauth_clients:\n      Claude:\n        tokens: [{user: ana@acme.example, issued: 2026-01-01, requests: 1}]\n";
    let header = "version: 1\nplatform: trustpager\nworkspace: acme\n";
    let lab = Lab::with(&format!("{header}limits: {{removals: {{count: 0}}}}\n"));
    lab.write("world.yaml", world);
    let tokens = lab.run("tokens list --json").exits(0).json();
    let id = tokens["tokens"][0]["id"].as_str().unwrap().to_owned();
    let revoke = format!("tokens revoke {id} --reason leaked --auto-approve");
    let flag = copied(&lab.run(&revoke).exits(4).says(&["limit-removals"]).err);
    lab.write("scopeform.yaml", &format!("{header}protect: [oauth_clients/Claude/tokens]\n"));
    let done = lab.run(&revoke).exits(4).prints(&["`oauth_clients/Claude/tokens` is protected"]);
    assert!(!done.all().contains("--accept"), "{}", done.all());
    lab.write("scopeform.yaml", &format!("{header}limits: {{removals: {{count: 0}}}}\n"));
    lab.run(&format!("{revoke} {flag}")).exits(0);
}
