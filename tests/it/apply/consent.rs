//! Who may say yes, and what a yes covers.

use serde_json::json;

use super::plane::{Plane, WISHES, config_at};

#[test]
fn yes_applies_and_everything_else_does_not() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let before = plane.state();
    for typed in ["no\n", "", "y\n", "YES\n", "yes please\n", "\nyes\n"] {
        let done = plane.run(&lab, "apply").types(typed).exits(5);
        done.says(&["Apply plan ", "Only `yes` is accepted", "not approved; nothing was done"]);
        assert_eq!(plane.state(), before, "{typed:?}");
    }
    plane.run(&lab, "apply").exits(5).says(&[
        "not approved; nothing was done",
        "`--auto-approve`",
        "`scopeform apply PLAN`",
    ]);
    plane
        .run(&lab, "apply --input=false")
        .exits(5)
        .says(&["nobody may be asked (`--input=false`), so nothing was done", "`--auto-approve`"]);
    plane.run(&lab, "apply").env("SCOPEFORM_INPUT", "false").types("yes\n").exits(5);
    assert_eq!(plane.state(), before);
    assert_eq!(plane.audited(), 0);
    plane.run(&lab, "apply").types("yes\n").exits(0).prints(&["Applied: 4 operations"]);
    assert_ne!(plane.state(), before);
}

#[test]
fn who_is_asked_has_seen_the_plan_also_with_json() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let done = plane.run(&lab, "apply --json").types("yes\n").exits(0);
    assert_eq!(done.json()["complete"], true);
    done.says(&["enable `read_note`", "Only `yes` is accepted"]);
}

#[test]
fn a_saved_plan_is_its_own_consent() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0).says(&["saved plan "]);
    plane.run(&lab, "apply p.json --input=false").exits(0).prints(&["Applied: 4 operations"]);
    plane.run(&lab, "apply p.json --target files").exits(64).says(&["it is applied whole"]);
}

#[test]
fn the_configuration_of_another_platform_is_not_the_plans() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let other =
        format!("version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: {}\n", plane.url());
    lab.write("../pager/scopeform.yaml", &other);
    plane.run(&lab, "apply p.json --config ../pager").exits(1).says(&[
        "the plan is for platform `odeus`",
        "on `trustpager`; nothing was sent",
        "`--config FOLDER`",
    ]);
    assert_eq!(plane.audited(), 0);
}

/// The vendor adds a scope to an action that is on: nobody reviewed a line for it.
fn vendor_adds_a_scope(plane: &Plane) {
    plane.publish(
        "notes",
        &json!({
            "key": "notes", "name": "Notes", "provider": "example", "auth": "oauth",
            "managed_client": true, "scope_management": true, "base_scopes": ["profile"],
            "actions": {
                "find_note": {"key": "find_note", "name": "Find note", "required_scopes": ["notes.read"],
                    "native": true, "features": ["folder_sync"]},
                "read_note": {"key": "read_note", "name": "Read note",
                    "required_scopes": ["notes.read", "notes.meta"]},
                "write_note": {"key": "write_note", "name": "Write note", "required_scopes": ["notes.write"]},
                "share_note": {"key": "share_note", "name": "Share note", "required_scopes": ["notes.share"]},
            },
        }),
    );
}

#[test]
fn what_the_vendor_added_needs_more_than_auto_approve() {
    let wishes = "
integrations:
  notes:
    oauth: {mode: managed}
    actions: {read_note: enabled}
";
    for accept in ["prompt", "saved plan", "files"] {
        let plane = Plane::start();
        let lab = plane.lab(wishes);
        plane.run(&lab, "apply --auto-approve").exits(0);
        vendor_adds_a_scope(&plane);
        let before = plane.state();
        plane.run(&lab, "plan --detailed-exitcode").exits(2).prints(&["notes.meta"]);
        plane.run(&lab, "apply --auto-approve").exits(5).says(&[
            "`--auto-approve` does not cover 1 scope that the vendor added",
            "nothing was done",
            "notes.meta (notes)",
            "`accept_scopes`",
        ]);
        assert_eq!(plane.state(), before);
        match accept {
            "prompt" => plane.run(&lab, "apply").types("yes\n").exits(0),
            "saved plan" => {
                plane.run(&lab, "plan --out p.json").exits(0);
                plane.run(&lab, "apply p.json").exits(0)
            }
            _ => {
                let wishes =
                    wishes.replace("    oauth", "    accept_scopes: [notes.meta]\n    oauth");
                lab.write("scopeform.yaml", &config_at(&plane.url(), &wishes));
                plane.run(&lab, "apply --auto-approve").exits(0)
            }
        };
        plane.run(&lab, "plan --detailed-exitcode").exits(0).prints(&["No changes"]);
    }
}

#[test]
fn a_warning_is_said_once() {
    let plane = Plane::start();
    let lab = plane
        .lab("integrations:\n  notes:\n    actions: {\"raed_*\": enabled, read_note: enabled}\n");
    let done = plane.run(&lab, "apply --auto-approve").exits(0);
    let done = done.prints(&["! warning[glob-matches-nothing] notes/actions/raed_*: "]);
    assert_eq!(done.all().matches("glob-matches-nothing").count(), 1, "{}", done.all());
    // Where no plan is printed it is said beside the report.
    let done = plane.run(&lab, "apply --auto-approve --json").exits(0);
    let done = done.says(&["warning[glob-matches-nothing]"]);
    assert_eq!(done.all().matches("glob-matches-nothing").count(), 1, "{}", done.all());
}

#[test]
fn nobody_is_asked_to_agree_to_what_is_blocked() {
    let plane = Plane::start();
    let lab = plane.lab(
        "
integrations:
  notes:
    oauth: {mode: fixed, client: {id: n1, secret: {env: NOTES_SECRET}}, scopes: [profile, notes.read]}
    actions: {write_note: enabled}
",
    );
    let before = plane.state();
    plane.run(&lab, "plan --detailed-exitcode").exits(4).prints(&["action-missing-scope"]);
    for args in ["apply", "apply --auto-approve"] {
        let done = plane.run(&lab, args).env("NOTES_SECRET", "s").types("yes\n").exits(4);
        let done =
            done.says(&["the plan is blocked by", "nothing was done", "action-missing-scope"]);
        assert!(!done.err.contains("Only `yes`"), "{}", done.all());
    }
    plane.run(&lab, "plan --out p.json").exits(4);
    plane.run(&lab, "apply p.json").env("NOTES_SECRET", "s").exits(4).says(&["nothing was done"]);
    assert_eq!(plane.state(), before);
}
