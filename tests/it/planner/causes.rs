//! Why a plan moves a right and breaks something: worked out where the states are known, and true for programs too.

use proptest::prelude::*;
use scopeform::model::{Cause, Right};
use scopeform::plan::Breakage;

use super::harness::{apply_to, plan, plan_for, publish, scope, world};
use super::wishes::{swapped, wished};

/// Returns why the reach of an action moves, as `kind address`.
#[track_caller]
fn why(wish: &str, live: &str, action: &str) -> Vec<String> {
    let made = plan(wish, &world(live));
    let uses = made.bound.privilege.changes.iter().filter(
        |change| matches!(&change.right, Right::Use { address, .. } if address.name() == action),
    );
    let one: Vec<_> = uses.collect();
    let [change] = one.as_slice() else { panic!("{action} moves {} times", one.len()) };
    let words = |Cause { kind, address }: &Cause| {
        let address = address.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{kind:?} {}", address.trim_start_matches("sharepoint/"))
    };
    change.causes.iter().map(words).collect()
}

#[test]
fn a_use_moves_for_the_reason_that_the_states_show() {
    let sharepoint = |body: &str| format!("integrations: {{sharepoint: {{{body}}}}}");
    let live = |body: &str| format!("actions: nobody\n{}\n", sharepoint(body));
    let on = "actions: {get_page: enabled}";
    let shared = "actions: {get_page: {groups: [sales]}}";
    let narrow = "access: {groups: [sales]}";
    let both = |one: &str, two: &str| format!("{one}, {two}");
    for (from, to, causes) in [
        ("".to_owned(), on.to_owned(), vec!["Action actions/get_page"]),
        (
            on.to_owned(),
            "actions: {get_page: disabled}".to_owned(),
            vec!["Action actions/get_page"],
        ),
        (shared.to_owned(), on.to_owned(), vec!["Shared actions/get_page"]),
        (on.to_owned(), shared.to_owned(), vec!["Shared actions/get_page"]),
        // One list for another: it is opened, and to whom it is closed is a loss.
        (
            shared.to_owned(),
            "actions: {get_page: {groups: [content-team]}}".to_owned(),
            vec!["Shared actions/get_page"],
        ),
        // Its own line stays: the integration moves, not the action.
        (on.to_owned(), narrow.to_owned(), vec!["IntegrationAccess access"]),
        (both(on, narrow), "access: everyone".to_owned(), vec!["IntegrationAccess access"]),
        // Both move, and both are why.
        (
            both(shared, narrow),
            both(on, "access: everyone"),
            vec!["Shared actions/get_page", "IntegrationAccess access"],
        ),
        // Turned off for everybody, it does not matter who may use the rest.
        (
            on.to_owned(),
            both("actions: {get_page: disabled}", narrow),
            vec!["Action actions/get_page"],
        ),
    ] {
        assert_eq!(why(&sharepoint(&to), &live(&from), "get_page"), causes, "{from} -> {to}");
    }
}

#[test]
fn scopes_are_why_where_nothing_else_moves() {
    let fixed = |list: &str, actions: &str| {
        format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: \
             [offline_access, User.Read, Files.Read.All{list}]}}, actions: {{get_page: {actions}}}}}}}"
        )
    };
    let live = |list: &str, actions: &str| format!("actions: nobody\n{}\n", fixed(list, actions));
    let more = ", Sites.Read.All";
    let needs = ["NeededScope oauth/scopes/Sites.Read.All"];
    assert_eq!(why(&fixed(more, "enabled"), &live("", "enabled"), "get_page"), needs);
    assert_eq!(why(&fixed("", "enabled"), &live(more, "enabled"), "get_page"), needs);
    let accepted = "{access: everyone, accept_missing_scopes: \"SEC-1\"}";
    assert_eq!(
        why(&fixed("", accepted), &live("", "enabled"), "get_page"),
        ["AcceptedMissing actions/get_page"]
    );
}

#[test]
fn a_claim_that_is_taken_back_in_part_is_nothing_new() {
    let wish = |list: &str| {
        format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: \
             [offline_access, User.Read, Files.Read.All, Sites.Read.All{list}]}}, actions: \
             {{create_page: {{access: everyone, accept_missing_scopes: \"SEC-150\"}}}}}}}}"
        )
    };
    let mut live = world("actions: nobody\n");
    publish(&mut live, "sharepoint", |facts| {
        let action = facts.actions.get_mut("create_page").unwrap();
        action.required_scopes =
            [scope("Sites.ReadWrite.All"), scope("Group.Read.All")].into_iter().collect();
    });
    let claims = |made: &scopeform::plan::Plan| -> Vec<String> {
        let claims = made.bound.breakage.iter().filter_map(|breakage| match breakage {
            Breakage::Unverified { accepted, reason, .. } => Some(format!("{accepted}: {reason}")),
            _ => None,
        });
        claims.collect()
    };
    let first = plan(&wish(""), &live);
    assert_eq!(claims(&first), ["Group.Read.All Sites.ReadWrite.All: SEC-150"]);
    let live = apply_to(&live, &first);
    // The list gains one of the two: less is believed than before.
    let made = plan(&wish(", Group.Read.All"), &live);
    let live = apply_to(&live, &made);
    let own = &live.integrations["sharepoint"].state.actions["create_page"];
    assert_eq!(own.accepted_missing.to_string(), "Sites.ReadWrite.All");
    assert_eq!(made.bound.breakage, []);
    // It loses it again: more is believed.
    let back = plan(&wish(""), &live);
    assert_eq!(claims(&back), ["Group.Read.All Sites.ReadWrite.All: SEC-150"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is wished: no right of a plan moves without a reason.
    #[test]
    fn every_right_of_a_plan_says_why((live, desired) in prop_oneof![wished(), swapped()]) {
        let made = plan_for(&desired, &live);
        for change in &made.bound.privilege.changes {
            prop_assert!(!change.causes.is_empty(), "{change:?}");
        }
    }
}
