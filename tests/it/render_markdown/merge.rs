//! Equal rows of several units are one row, and rows that differ anywhere are not.

use scopeform::model::{Address, Cause, CauseKind, Direction, PrivilegeChange, Right, ScopeSet};
use scopeform::plan::{Breakage, Change, Finding, LeftAlone, Plan, Severity, SourceRange};
use serde_json::json;

use super::page;
use super::reader::read;
use crate::samples;

const UNITS: [&str; 3] = ["excel", "teams", "word"];

/// The same change with the same consequences in three integrations.
fn alike() -> Plan {
    let mut plan = samples::empty();
    plan.observed.left_alone.clear();
    for (n, unit) in UNITS.into_iter().enumerate() {
        let address = Address::of(&[unit, "actions", "share_file"]);
        let unit = Address::of(&[unit]);
        plan.bound.changes.push(Change {
            address: address.clone(),
            kind: "odeus_action".into(),
            unit: unit.clone(),
            declared_at: address.clone(),
            before: json!("nobody"),
            after: json!("everyone"),
            catalog_change: false,
        });
        let causes = vec![Cause { kind: CauseKind::Action, address: Some(address.clone()) }];
        for right in [
            Right::Scope(samples::scope("Files.Read")),
            Right::Use {
                address: address.clone(),
                before: "nobody".into(),
                after: "everyone".into(),
            },
        ] {
            plan.bound.privilege.changes.push(PrivilegeChange {
                unit: unit.clone(),
                direction: Direction::Widening,
                right,
                causes: causes.clone(),
                admin_consent: Some(true),
                level: None,
                access: None,
                doubt: None,
            });
        }
        plan.bound.breakage.push(Breakage::StopsRunning {
            address: address.clone(),
            missing: samples::scopes("Files.Write"),
        });
        plan.bound.findings.push(Finding {
            severity: Severity::Note,
            code: "high-privilege-scope".into(),
            address: unit.clone(),
            message: "`Files.Read` is powerful".into(),
            help: "see whether less will do".into(),
            paste: ScopeSet::new(),
        });
        plan.observed.left_alone.push(LeftAlone::fact(unit, "3 actions on".into()));
        plan.observed.sources.push(SourceRange {
            address,
            file: "acme.yaml".into(),
            line: 10 + u32::try_from(n).unwrap(),
            column: 7,
            end_line: 20,
            end_column: 9,
        });
    }
    plan
}

#[test]
fn what_is_the_same_everywhere_is_said_once() {
    let text = page(&alike());
    for row in [
        "- **+** `Files.Read`, **same in 3 integrations**: **admin consent**, because `share_file` is turned on\n  in `excel`, `teams`, `word`\n",
        "- **+** `share_file`, **same in 3 integrations**: `nobody -> everyone` because it is turned on\n  in `excel`, `teams`, `word`\n",
        "- **stops running**: `share_file`, **same in 3 integrations**, lacks `Files.Write`\n  in `excel`, `teams`, `word`\n",
        "- **change** `actions/share_file`, **same in 3 integrations**: `disabled -> everyone`\n  in `excel` (`acme.yaml:10:7`), `teams` (`acme.yaml:11:7`), `word` (`acme.yaml:12:7`)\n",
        "- `high-privilege-scope`, **same in 3 integrations**: `Files.Read` is powerful\n  help: see whether less will do\n  in `excel`, `teams`, `word`\n",
        "- `3` actions on",
        "- 3 actions on, **same in 3 integrations**\n  in `excel`, `teams`, `word`\n",
    ] {
        let known = text.contains(row);
        assert!(known != row.starts_with("- `3`"), "{row} in\n{text}");
    }
    assert_eq!(read(&text).items, 7, "{text}");
    // What is counted is not what is shown, but what is there.
    assert!(text.contains("<summary>Changes: 3</summary>"));
}

/// One way in which the thing of one unit differs from the others.
type Twist = fn(&mut Plan);

#[test]
fn what_differs_anywhere_is_said_apart() {
    let long = |n: usize| "x".repeat(400) + &n.to_string();
    let twists: [(&str, Twist); 10] = [
        ("another scope", |plan| {
            plan.bound.privilege.changes[2].right = Right::Scope(samples::scope("Files.Read.All"));
        }),
        ("no consent", |plan| plan.bound.privilege.changes[2].admin_consent = Some(false)),
        ("another reason", |plan| {
            plan.bound.privilege.changes[2].causes[0].kind = CauseKind::FixedList;
        }),
        ("another value", |plan| plan.bound.changes[1].after = json!({"groups": ["a"]})),
        ("the vendor's doing", |plan| plan.bound.changes[1].catalog_change = true),
        ("a line break that is shown as its escape", |plan| {
            for n in 0..3 {
                plan.bound.changes[n].after = json!("a\\nb");
            }
            plan.bound.changes[1].after = json!("a\nb");
        }),
        ("another message", |plan| plan.bound.findings[1].message.push('!')),
        ("another help", |plan| plan.bound.findings[1].help.clear()),
        ("other missing scopes", |plan| {
            if let Breakage::StopsRunning { missing, .. } = &mut plan.bound.breakage[1] {
                *missing = samples::scopes("Files.Write Files.Read");
            }
        }),
        ("another count", |plan| plan.observed.left_alone[1].what.push('x')),
    ];
    for (what, twist) in twists {
        let mut plan = alike();
        twist(&mut plan);
        let text = page(&plan);
        let items = read(&text).items;
        assert!(items > 7, "{what}:\n{text}");
        assert!(text.contains("**same in 2 integrations**"), "{what}:\n{text}");
    }
    // Alike as far as it is shown.
    let mut plan = alike();
    for n in 0..3 {
        plan.bound.findings[n].code = long(n / 2);
    }
    let text = page(&plan);
    assert_eq!(read(&text).items, 8, "{text}");
}

#[test]
fn twice_in_one_unit_is_not_the_same_in_two() {
    let mut plan = alike();
    let again = plan.bound.findings[0].clone();
    plan.bound.findings.push(again);
    let text = page(&plan);
    assert!(text.contains("**same in 3 integrations**: `Files.Read` is powerful"), "{text}");
    assert!(
        text.contains("- `high-privilege-scope` in `excel`: `Files.Read` is powerful"),
        "{text}"
    );
    assert_eq!(read(&text).items, 8, "{text}");
}

#[test]
fn units_are_called_what_they_are() {
    let mut plan = alike();
    plan.bound.platform = scopeform::platform::Kind::Trustpager;
    for (left, name) in plan.observed.left_alone.iter_mut().zip([
        "oauth_clients/a",
        "oauth_clients/b",
        "oauth_clients/c",
    ]) {
        left.address = Address::of(&[name]);
    }
    assert!(page(&plan).contains("- 3 actions on, **same in 3 clients**\n"));
    plan.observed.left_alone[0].address = Address::of(&["api_keys", "a"]);
    assert!(page(&plan).contains("- 3 actions on, **same in 3 places**\n"));
    plan.observed.left_alone.pop();
    plan.observed.left_alone[1].address = Address::of(&["api_keys", "b"]);
    assert!(page(&plan).contains("- 3 actions on, **same in 2 API keys**\n"));
    let mut plan = alike();
    plan.observed.left_alone[0].address = Address::workspace();
    assert!(page(&plan).contains("- 3 actions on, **same in 3 places**\n"));
}

#[test]
fn many_units_are_named_as_far_as_can_be_read() {
    let mut plan = samples::empty();
    plan.observed.left_alone =
        (0..40).map(|n| LeftAlone::fact(Address::of(&[format!("u{n:02}")]), "x".into())).collect();
    let text = page(&plan);
    assert!(text.contains("**same in 40 integrations**"), "{text}");
    assert!(text.contains("`u29`, and 10 more\n"), "{text}");
}
