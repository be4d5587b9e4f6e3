//! The same in many integrations, each for reasons of its own: said once by right and direction, reasons beneath.

use scopeform::model::{Address, Cause, CauseKind, Direction, PrivilegeChange, Right};
use scopeform::plan::Plan;
use scopeform::render::markdown::{self, Options};

use super::pages;
use crate::render_markdown::reader::read;
use crate::samples;

/// As many scopes leave as many integrations because all actions are turned off, which are others in each.
fn off(integrations: usize, scopes: usize) -> Plan {
    let mut plan = samples::toggle();
    plan.bound.breakage.clear();
    plan.bound.changes.clear();
    plan.observed.people.clear();
    plan.observed.effective.clear();
    plan.bound.privilege.changes.clear();
    for n in 0..integrations {
        let unit = Address::of(&[format!("tool-{n:02}")]);
        let action = |a: usize| unit.child("actions").child(&format!("do_{n:02}_{a:02}"));
        for scope in 0..scopes {
            let mut causes = vec![Cause { kind: CauseKind::Action, address: Some(action(scope)) }];
            causes.push(Cause { kind: CauseKind::NoLongerNeeded, address: None });
            plan.bound.privilege.changes.push(PrivilegeChange {
                unit: unit.clone(),
                direction: Direction::Narrowing,
                right: Right::Scope(samples::scope(&format!("Thing.{scope:02}"))),
                causes,
                admin_consent: Some(true),
                level: None,
                access: None,
                doubt: None,
            });
        }
        for a in 0..3 {
            plan.bound.privilege.changes.push(PrivilegeChange {
                unit: unit.clone(),
                direction: Direction::Narrowing,
                right: Right::Use {
                    address: action(a),
                    before: "everyone".into(),
                    after: "admins only".into(),
                },
                causes: vec![Cause { kind: CauseKind::Declared, address: None }],
                admin_consent: None,
                level: None,
                access: None,
                doubt: None,
            });
        }
    }
    plan
}

/// What stands between a heading and the next one.
fn section<'p>(page: &'p str, title: &str) -> &'p str {
    let rest = page.split(title).nth(1).unwrap_or_else(|| panic!("{title} in {page}"));
    rest.split("\n\n#### ").next().unwrap().split("\n<details>").next().unwrap()
}

#[test]
fn a_thousand_equal_rows_are_one_with_the_reasons_beneath() {
    let plan = off(30, 34);
    let shown = pages(&plan);
    let page = section(&shown.markdown, "#### Privilege: ");
    assert_eq!(page.matches("- **-** **same in 30 integrations**: `tool-00`").count(), 1, "{page}");
    for scope in ["`Thing.00`", "`Thing.33`"] {
        let line = format!("  - {scope}: **admin consent**, because an action is turned off;");
        assert_eq!(page.matches(&line).count(), 1, "{page}");
    }
    assert!(page.contains("  - 90 actions: `everyone -> admins only` because the files say so"));
    assert!(page.lines().count() < 45, "{page}");
    // The single reasons are there, in a fold.
    let fold = shown.markdown.split("<summary>Privilege, one by one").nth(1).unwrap();
    assert!(fold.contains("`do_07_00`, `do_07_01`, `do_07_02` in `tool-07`"), "{fold}");
    assert!(fold.contains("because `do_29_33` is turned off"), "{fold}");
    read(&shown.markdown);
    // Text says it as shortly, and everything when everything is asked for.
    let text = section(&shown.text, "\nPrivilege\n");
    let text = text.split("\nBreakage").next().unwrap();
    assert!(text.contains("  30 integrations alike: tool-00, "), "{text}");
    assert!(text.contains("- Thing.33  admin consent"), "{text}");
    assert!(text.contains("- 90 actions; `--full` names them  everyone -> admins only"), "{text}");
    assert!(text.lines().count() < 45, "{text}");
    assert!(shown.full.contains("do_29_33 is turned off"), "{}", shown.full);
    assert!(!shown.full.contains("alike"), "{}", shown.full);
}

#[test]
fn one_line_per_integration_is_kept_before_single_reasons() {
    let plan = off(30, 34);
    let sized = |bytes| {
        let options = Options { max_size: Some(bytes), ..Options::default() };
        markdown::plan(&plan, samples::DIGEST, options).unwrap()
    };
    let mut seen = false;
    for bytes in (7_500..60_000).step_by(2_500) {
        let page = sized(bytes);
        read(&page);
        let lines = page.matches("`everyone -> admins only` because the files say so").count();
        let reasons = page.matches("` is turned off").count();
        assert!(reasons == 0 || lines == 31, "{bytes}: {page}");
        seen |= lines == 31 && reasons > 0;
        assert!(page.contains("**same in 30 integrations**"), "{bytes}: {page}");
    }
    assert!(seen);
}

#[test]
fn what_opens_is_named_and_little_is_said_where_it_happens() {
    // Few enough to be told each by itself.
    let shown = pages(&off(3, 8));
    shown.never_say("alike");
    assert!(!shown.markdown.contains("one by one"), "{}", shown.markdown);
    // Who decides reads the names of what is opened, however many there are.
    let mut plan = off(30, 2);
    for change in &mut plan.bound.privilege.changes {
        change.direction = Direction::Widening;
        change.causes.truncate(1);
    }
    let shown = pages(&plan);
    let page = section(&shown.markdown, "#### Privilege: ");
    assert!(page.contains("  - `Thing.00`: **admin consent**, because an action is turned on\n"));
    assert!(page.contains("**+** `do_29_00`, `do_29_01`, `do_29_02` in `tool-29`"), "{page}");
    assert!(shown.text.contains("+ do_29_00, do_29_01, do_29_02"), "{}", shown.text);
}
