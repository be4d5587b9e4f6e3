//! Names that the vendor has changed: the old one means the same everywhere, and never two things at once.

use scopeform::diag::Problem;
use scopeform::plan::Plan;
use scopeform::platform::odeus::state::Snapshot;
use serde_json::json;

use super::harness::{QUIET, plan_of, publish, rename};
use crate::odeus::fixture::{key, new_action};

/// Where `fetch_page` was `get_page` before, and `read_page` before that.
fn renamed(by: &[&str]) -> Snapshot {
    let mut live = QUIET.clone();
    rename(&mut live, by);
    live
}

/// Returns the errors among problems: code, where, what, and the other places.
fn errors(problems: &[Problem]) -> Vec<(&str, &str, &str, Vec<&str>)> {
    let errors = problems.iter().filter(|problem| problem.is_error());
    errors
        .map(|one| {
            let others = one.related.iter().map(|(at, _)| at.as_str()).collect();
            (one.code.name(), one.at.as_str(), one.message.as_str(), others)
        })
        .collect()
}

#[test]
fn case_26_two_lines_for_one_action_are_an_error_that_shows_both() {
    let live = renamed(&["get_page", "read_page"]);
    let at = |name: &str| format!("sharepoint/actions/{name}");
    for (lines, wrong, other) in [
        ("fetch_page: enabled, get_page: disabled", "get_page", "fetch_page"),
        ("read_page: enabled, fetch_page: disabled", "read_page", "fetch_page"),
        ("get_page: enabled, read_page: disabled", "read_page", "get_page"),
        // Also where both say the same: one of them is a left-over.
        ("get_page: enabled, fetch_page: enabled", "get_page", "fetch_page"),
    ] {
        let yaml = format!("integrations: {{sharepoint: {{actions: {{{lines}}}}}}}");
        let (plan, problems) = plan_of(&yaml, &live);
        assert!(plan.is_none(), "{lines}");
        let message = format!("`{wrong}` and `{other}` are one action");
        assert_eq!(
            errors(&problems),
            [("duplicate-key", at(wrong).as_str(), message.as_str(), vec![at(other).as_str()])],
            "{lines}"
        );
    }
    let yaml = "integrations: {sharepoint: {actions: {read_page: enabled, get_list: disabled}}}";
    let (plan, problems) = plan_of(yaml, &live);
    assert!(errors(&problems).is_empty(), "{problems:?}");
    assert_eq!(plan.unwrap().bound.changes[0].address.as_str(), at("fetch_page"));
}

#[test]
fn case_26_a_pattern_matches_an_action_by_its_earlier_name_too() {
    let live = renamed(&["get_page"]);
    let of = |lines: &str| {
        plan_of(
            &format!("integrations: {{sharepoint: {{unlisted_actions: disabled, {lines}}}}}"),
            &live,
        )
    };
    let state = |plan: &Plan| {
        let changed = plan.bound.changes.iter();
        let mut changed = changed.filter(|change| change.address.name() == "fetch_page");
        changed.next().map(|change| (change.after.clone(), change.declared_at.name().to_owned()))
    };
    let (plan, problems) = of("actions: {\"get_pag*\": enabled}");
    let [one] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(one.code.name(), "action-renamed");
    assert_eq!(one.at.as_str(), "sharepoint/actions/get_pag*");
    assert_eq!(
        one.message,
        "`get_pag*` matches action `fetch_page` by its earlier name `get_page`"
    );
    let (after, line) = state(&plan.unwrap()).unwrap();
    assert_eq!((after, line.as_str()), (json!("everyone"), "get_pag*"));

    // One that matches by both names says nothing, and one that asks for something else is not outvoted silently.
    let (plan, problems) = of("actions: {\"*_page\": enabled}");
    assert!(problems.is_empty(), "{problems:?}");
    assert!(state(&plan.unwrap()).is_some());
    let (_, problems) = of("actions: {\"get_pag*\": enabled, \"fetch_*\": disabled}");
    let [(code, _, message, _)] = errors(&problems)[..] else { panic!("{problems:?}") };
    assert_eq!(code, "globs-disagree");
    assert!(message.contains("`fetch_page`"), "{message}");
    // By a name that another action has now, it is that action.
    let mut live = live.clone();
    publish(&mut live, "sharepoint", |facts| {
        facts.actions.insert(key("get_page"), new_action("get_page", &[], false));
    });
    let (_, problems) =
        plan_of("integrations: {sharepoint: {actions: {\"get_pag*\": enabled}}}", &live);
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn case_26_a_substitute_names_an_action_by_its_earlier_name_too() {
    let live = renamed(&["get_page"]);
    let yaml = |name: &str, until: &str| {
        format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: c}}, scopes: [offline_access, User.Read, Sites.Selected], \
             substitutes: [{{scope: Sites.Selected, for: [Sites.Read.All], actions: [{name}], reason: one site, until: {until}}}]}}, \
             actions: {{fetch_page: enabled}}}}}}"
        )
    };
    let (plan, problems) = plan_of(&yaml("get_page", "2027-01-01"), &live);
    let [one] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(one.code.name(), "action-renamed");
    assert_eq!(one.at.as_str(), "sharepoint/oauth/substitutes/0/actions/get_page");
    let (same, none) = plan_of(&yaml("fetch_page", "2027-01-01"), &live);
    assert!(none.is_empty(), "{none:?}");
    assert_eq!(plan.unwrap().bound, same.unwrap().bound);

    // An end of the claim is told alike.
    let expired = |name: &str| {
        let plan = plan_of(&yaml(name, "2026-01-01"), &live).0.unwrap();
        let found = plan.findings().filter(|finding| finding.code == "substitute-expired");
        found.map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(expired("get_page").len(), 1);
    assert_eq!(expired("get_page"), expired("fetch_page"));
}
