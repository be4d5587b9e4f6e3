//! Cases 38 to 52, as far as they are about who may use what, and what connections hold.

use scopeform::model::{Access, Effect, ScopeDelta};
use scopeform::platform::odeus::catalog::Auth;
use scopeform::platform::odeus::event;
use scopeform::platform::odeus::machine::Rejected;
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation};

use crate::odeus::fixture::{
    Bench, EDITOR, MEMBER, action_access, catalogues, custom, delta, group, only, set, user, uses,
};

#[test]
fn case_39_both_gates_must_let_a_person_through() {
    // Intersection; an action nobody can reach still counts as shared and holds its scopes.
    let mut bench = Bench::sync();
    bench.integration_access(only(group("sales")));
    let effect = bench.access("create_list", only(user(MEMBER)));
    assert_eq!(bench.who("create_list"), "a", "only the admin passes both");
    assert_eq!(effect.scopes, delta(&["Sites.Manage.All"], &[]));
    bench.access("create_list", Access::only([user(MEMBER), user(EDITOR)]));
    assert_eq!(bench.who("create_list"), "ae");
}

#[test]
fn case_40_a_closed_integration_keeps_its_scopes() {
    // Scopes are tied to actions only; enabled actions run for admins.
    let mut bench = Bench::sync();
    bench.on("create_list");
    let effect = bench.integration_access(Access::Nobody);
    assert_eq!(effect.scopes, ScopeDelta::default());
    assert_eq!(bench.who("create_list"), "a");
    assert!(uses(&effect).contains(&("create_list", "everyone", "admins only")));
}

#[test]
fn case_41_admins_pass_access_gates_but_not_scope_gates() {
    // An admin may call a disabled action; it fails when its scope is not requested.
    let mut bench = Bench::sync();
    assert_eq!(bench.who("create_list"), "", "disabled, scope not requested");
    assert_eq!(bench.who("get_file"), "a", "disabled, scope held by a native action");
    bench.on("create_list");
    let effect = bench.off("create_list");
    assert!(uses(&effect).contains(&("create_list", "everyone", "does not run")));
    bench.on("get_file");
    assert!(uses(&bench.off("get_file")).contains(&("get_file", "everyone", "admins only")));
}

#[test]
fn case_42_a_deleted_group_empties_the_list_an_empty_group_does_not() {
    // An empty group is still shared; a deleted one that was the last entry turns the action off and scopes drop.
    let mut bench = Bench::sync();
    bench.access("create_list", only(group("empty")));
    assert!(bench.is_on("create_list"));
    assert_eq!(bench.who("create_list"), "a");
    bench.access("create_page", Access::only([group("empty"), user(MEMBER)]));
    let before = bench.state.requested.clone();

    bench.removed(&group("sales"));
    assert_eq!(bench.state.requested, before, "named nowhere");
    bench.removed(&group("empty"));
    assert!(!bench.is_on("create_list"));
    assert!(bench.is_on("create_page"), "somebody else is left");
    let gone = ScopeDelta::between(&before, &bench.state.requested);
    assert_eq!(gone, delta(&[], &["Sites.Manage.All"]));
}

#[test]
fn case_42_with_fixed_scopes_the_list_stays_and_the_acceptance_goes() {
    // A fixed list never moves by itself; an action that is off has nothing accepted.
    let mut bench = Bench::fixed(&["openid"]);
    bench.write(&action_access("create_list", only(user(MEMBER)), &["Sites.Manage.All"]));
    bench.integration_access(only(user(MEMBER)));
    bench.removed(&user(MEMBER));
    assert_eq!(bench.state.requested, set(&["openid"]));
    assert!(!bench.is_on("create_list"));
    assert_eq!(bench.state.access, Access::Nobody);
    assert!(bench.state.actions["create_list"].accepted_missing.is_empty());
}

#[test]
fn case_43_a_principal_twice_is_one_principal() {
    // A person also in a listed group changes nothing about who can run it, and a list is a set.
    let twice = Access::only([user(MEMBER), user(MEMBER)]);
    assert_eq!(twice, only(user(MEMBER)));
    let mut bench = Bench::sync();
    bench.access("get_file", only(group("content-team")));
    let effect = bench.access("get_file", Access::only([group("content-team"), user(MEMBER)]));
    assert_eq!(effect, Effect::default());
    assert_eq!(bench.who("get_file"), "am");
}

#[test]
fn case_44_users_are_compared_without_case() {
    // E-mail addresses are the same user whatever their case.
    let loud = user(&EDITOR.to_ascii_uppercase());
    assert_eq!(loud, user(EDITOR));
    let mut bench = Bench::sync();
    bench.access("get_file", only(loud));
    assert_eq!(bench.who("get_file"), "ae");
}

#[test]
fn case_45_a_refused_write_changes_nothing() {
    // Neither enablement nor scopes move; the confirmation dialog itself is the control plane's.
    let bench = Bench::fixed(&["openid"]);
    let before = bench.clone();
    bench.refused(&action_access("create_list", Access::Everyone, &[]));
    bench.refused(&action_access("create_list", Access::Everyone, &["openid"]));
    bench.refused(&action_access("no_such_action", Access::Everyone, &[]));
    assert_eq!(bench.state, before.state);
}

#[test]
fn case_46_a_swap_of_equal_scopes_needs_no_delta_when_widened_first() {
    // Enable the new holder, then disable the old one: no scope moves. The other way round drops and adds it again.
    let mut bench = Bench::sync();
    bench.on("create_page");
    let mut other = bench.clone();
    assert_eq!(bench.on("create_list_item").scopes, ScopeDelta::default());
    assert_eq!(bench.off("create_page").scopes, ScopeDelta::default());

    assert_eq!(other.off("create_page").scopes, delta(&[], &["Sites.ReadWrite.All"]));
    assert_eq!(other.on("create_list_item").scopes, delta(&["Sites.ReadWrite.All"], &[]));
    assert_eq!(other.state, bench.state);
}

#[test]
fn case_47_a_connection_keeps_its_grant_until_reconnect_or_expiry() {
    // An addition is granted on reconnect only; a removal bites on reconnect or when the token expires.
    let mut bench = Bench::sync();
    bench.on("create_list");
    let old = bench.connect();
    bench.on("create_page");
    bench.off("create_list");
    let (gone, new) = (set(&["Sites.Manage.All"]), set(&["Sites.ReadWrite.All"]));
    assert!(gone.is_subset(&old.granted) && !new.is_subset(&old.granted));

    let expired = event::token_expired(&old, &bench.state);
    assert_eq!(expired.granted, old.granted.minus(&gone), "narrows, never widens");
    let fresh = event::reconnect(&old, &bench.state);
    assert_eq!(fresh.granted, bench.state.requested);
    assert!(new.is_subset(&fresh.granted) && !gone.is_subset(&fresh.granted));
}

#[test]
fn case_50_the_same_write_again_does_nothing() {
    // Idempotence of one write; of a whole file it is the planner's.
    let mut bench = Bench::sync();
    for write in [
        action_access("create_list", only(user(MEMBER)), &[]),
        IntegrationOperation::SetClient { client: custom("own", Some(&["openid"])) },
        IntegrationOperation::SetFixedScopes { scopes: set(&["openid", "Files.Read.All"]) },
        IntegrationOperation::SetIntegrationAccess { access: Access::Nobody },
        IntegrationOperation::SetClient { client: ClientSpec::Managed },
    ] {
        assert_ne!(bench.write(&write), Effect::default());
        let before = bench.state.clone();
        assert_eq!(bench.write(&write), Effect::default());
        assert_eq!(bench.state, before);
    }
}

#[test]
fn case_51_without_scope_management_only_sharing_can_be_written() {
    // Scope writes are refused, toggles move no scope, and everything is assumed to be requested.
    let facts = catalogues().remove("onedrive").unwrap();
    assert!(!facts.scope_management);
    let everything = facts.recommended_scopes();
    let mut bench = Bench::with_facts(facts);
    for refused in [
        IntegrationOperation::SetClient { client: ClientSpec::Managed },
        IntegrationOperation::SetClient { client: custom("own", None) },
        IntegrationOperation::SetFixedScopes { scopes: set(&["openid"]) },
        IntegrationOperation::ConfirmPending { scopes: set(&["openid"]) },
    ] {
        assert_eq!(bench.refused(&refused), Rejected::ScopesNotManaged);
    }
    assert_eq!(bench.state.requested, everything);
    for access in [Access::Everyone, only(user(MEMBER)), Access::Nobody] {
        assert_eq!(bench.access("download_file", access).scopes, ScopeDelta::default());
    }
    assert_eq!(bench.state.requested, everything);
    assert!(bench.see().pending.is_empty());
}

#[test]
fn case_52_without_oauth_there_are_no_scopes() {
    // An integration with an API key, or without credentials, refuses every scope write; sharing works.
    for auth in [Auth::ApiKey, Auth::None] {
        let mut facts = catalogues().remove("todo").unwrap();
        facts.auth = auth;
        facts.base_scopes = set(&[]);
        facts.actions.values_mut().for_each(|action| action.required_scopes = set(&[]));
        let mut bench = Bench::with_facts(facts);
        assert_eq!(bench.mode(), None, "no client, whatever the catalogue offers");
        for refused in [
            IntegrationOperation::SetClient { client: custom("own", Some(&["openid"])) },
            IntegrationOperation::SetFixedScopes { scopes: set(&["openid"]) },
            IntegrationOperation::ConfirmPending { scopes: set(&["openid"]) },
        ] {
            assert_eq!(bench.refused(&refused), Rejected::NotOauth);
        }
        bench.access("create_checklist_item", only(user(MEMBER)));
        assert_eq!(bench.who("create_checklist_item"), "am");
        assert!(bench.state.requested.is_empty());
    }
}
