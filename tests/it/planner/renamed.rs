//! Names that the vendor has changed: the old one means the same everywhere, and never two things at once.

use scopeform::diag::Problem;
use scopeform::platform::odeus::state::Snapshot;

use super::harness::{QUIET, plan_of, publish};
use crate::odeus::fixture::key;

/// Where `fetch_page` was `get_page` before, and `read_page` before that.
fn renamed(by: &[&str]) -> Snapshot {
    let mut live = QUIET.clone();
    publish(&mut live, "sharepoint", |facts| {
        let mut action = facts.actions.remove("get_page").unwrap();
        action.key = key("fetch_page");
        action.renamed_from.extend(by.iter().map(|name| key(name)));
        facts.actions.insert(action.key.clone(), action);
    });
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
