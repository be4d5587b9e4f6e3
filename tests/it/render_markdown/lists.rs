//! Who gains access is read name by name: a list is whole where the page has room, and never cut within a name.

use std::collections::BTreeMap;

use scopeform::model::{Address, Cause, CauseKind, Direction, PrivilegeChange, Right};
use scopeform::plan::{Change, Plan};
use serde_json::json;

use super::reader::read;
use super::{page, sized};
use crate::samples;

/// As long as group names of real directories.
fn groups(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("customer-success-region-{n:03}")).collect()
}

fn opened(plan: &mut Plan, unit: &str, action: &str, after: &str) {
    let unit = Address::of(&[unit]);
    let address = unit.child("actions").child(action);
    plan.bound.privilege.changes.push(PrivilegeChange {
        unit,
        direction: Direction::Widening,
        causes: vec![Cause { kind: CauseKind::Action, address: Some(address.clone()) }],
        right: Right::Use { address, before: "does not run".into(), after: after.into() },
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    });
}

/// One action is shared with so many groups.
fn shared_with(names: &[String]) -> Plan {
    let mut plan = samples::empty();
    plan.observed.left_alone.clear();
    let shown: Vec<String> = names.iter().map(|name| format!("group {name}")).collect();
    opened(&mut plan, "excel", "add_sheet", &shown.join(", "));
    let address = Address::of(&["excel", "actions", "add_sheet"]);
    plan.bound.changes.push(Change {
        address: address.clone(),
        kind: "odeus_action".into(),
        unit: Address::of(&["excel"]),
        declared_at: address,
        before: json!("nobody"),
        after: json!({ "groups": names }),
        catalog_change: false,
    });
    plan
}

/// What is said of whoever gains access: the row of the privilege section.
fn row(text: &str) -> &str {
    let rows = text.split("#### Privilege").nth(1).unwrap_or_else(|| panic!("{text}"));
    rows.lines().find(|line| line.starts_with("- **+** `add_sheet`")).unwrap()
}

#[test]
fn nobody_who_gains_access_is_hidden_while_there_is_room() {
    let names = groups(60);
    let text = page(&shared_with(&names));
    for name in &names {
        assert_eq!(text.matches(&format!("group {name}")).count(), 2, "{name}: {text}");
    }
    assert!(!text.contains("more are not shown") && !text.contains("characters"), "{text}");
    // Also at the size of a comment: it is far from full.
    let text = super::on(&shared_with(&names), super::Forge::Github);
    assert!(row(&text).contains(names.last().unwrap()), "{text}");
}

#[test]
fn a_list_is_cut_between_names_and_the_others_are_counted() {
    let names = groups(400);
    let plan = shared_with(&names);
    let whole = page(&plan);
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let mut before = 0;
    for limit in (2_000..whole.len() + 1_000).step_by(700) {
        let text = sized(&plan, limit).unwrap();
        read(&text);
        assert!(text.len() <= limit && !text.contains("characters"), "{text}");
        let row = row(&text);
        let (list, rest) = row.split_once("-> `").unwrap().1.split_once('`').unwrap();
        let shown: Vec<&str> = list.split(", ").collect();
        for (name, shown) in names.iter().zip(&shown) {
            assert_eq!(*shown, format!("group {name}"), "{row}");
        }
        let more = format!(" and {} more", names.len() - shown.len());
        assert_eq!(rest.starts_with(&more), shown.len() < names.len(), "{row}");
        // A larger page shows what a smaller one did.
        assert!(shown.len() >= before, "{limit}: {row}");
        before = shown.len();
        *seen.entry(shown.len()).or_default() += 1;
        // What the page lacks is said at its top, names too.
        if shown.len() < names.len() {
            let top = text.lines().find(|line| line.contains("not shown**: ")).unwrap();
            assert!(top.contains(" names"), "{top}");
        }
    }
    assert_eq!(before, names.len());
    assert!(seen.len() > 2, "{seen:?}");
}

#[test]
fn what_is_opened_is_named_as_long_as_there_is_room() {
    let mut plan = samples::empty();
    plan.observed.left_alone.clear();
    for n in 0..40 {
        opened(&mut plan, "excel", &format!("do_{n:02}"), "everyone");
    }
    let text = page(&plan);
    for n in 0..40 {
        assert!(text.contains(&format!("`do_{n:02}`")), "do_{n:02}: {text}");
    }
    let small = sized(&plan, text.len() - 1).unwrap();
    assert!(small.contains("`do_00`, `do_01`"), "{small}");
    assert!(small.contains(" and 28 more in `excel`"), "{small}");
    assert!(small.contains("**28 more are not shown**: 28 names"), "{small}");
}

#[test]
fn scopes_of_a_list_are_cut_between_scopes() {
    let mut plan = samples::empty();
    let address = Address::of(&["excel", "oauth", "scopes"]);
    let scopes: Vec<String> = (0..80).map(|n| format!("Resource{n:02}.ReadWrite.All")).collect();
    plan.bound.changes.push(Change {
        address: address.clone(),
        kind: "odeus_oauth_client".into(),
        unit: Address::of(&["excel"]),
        declared_at: address,
        before: json!(["openid"]),
        after: json!(scopes),
        catalog_change: false,
    });
    let text = page(&plan);
    assert!(text.contains("+Resource79.ReadWrite.All -openid`"), "{text}");
    let small = sized(&plan, 1_600).unwrap();
    let list = small.split("oauth/scopes` in `excel`: `").nth(1).unwrap();
    let (list, rest) = list.split_once('`').unwrap();
    let shown: Vec<&str> = list.split(' ').collect();
    assert!(shown.iter().all(|one| one.starts_with('+') && one.ends_with(".All")), "{list}");
    assert!(rest.starts_with(&format!(" and {} more", 81 - shown.len())), "{small}");
}
