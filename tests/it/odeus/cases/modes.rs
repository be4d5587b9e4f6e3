//! Cases 28 to 37: switching modes, and enabling with fixed scopes.

use scopeform::model::{Access, ScopeDelta};
use scopeform::platform::odeus::machine::Rejected;
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation};
use scopeform::platform::odeus::state::{Deployment, Mode};

use crate::odeus::fixture::{Bench, action_access, catalogues, custom, delta, set, uses};

#[test]
fn case_28_managed_to_fixed_is_exactly_the_list() {
    // The real delta from the derived set to the list; actions that turn Missing stay enabled; old connections stay.
    let mut bench = Bench::of("sharepoint");
    bench.on("create_list");
    let connection = bench.connect();
    let list = ["offline_access", "User.Read", "Files.Read.All", "Sites.Selected"];
    let effect = bench.client(custom("own", Some(&list)));
    assert_eq!(effect.scopes, delta(&["Sites.Selected"], &["Sites.Manage.All", "Sites.Read.All"]));
    assert_eq!(bench.state.requested, set(&list));
    assert!(bench.is_on("create_list"));
    assert!(uses(&effect).contains(&("create_list", "everyone", "does not run")));
    assert!(effect.features_lost.contains("file attachments in chat and agents"));
    assert_ne!(connection.client, bench.state.client.identity());
}

#[test]
fn case_29_fixed_to_sync_drops_and_adds() {
    // Scopes of no live action vanish, scopes of enabled-but-missing actions appear, and nothing stays accepted.
    let mut bench = Bench::fixed(&["offline_access", "User.Read", "Mail.Send"]);
    bench.accept("create_list", &["Sites.Manage.All"]);
    let effect = bench.client(custom("own", None));
    let added = ["Files.Read.All", "Sites.Manage.All", "Sites.Read.All"];
    assert_eq!(effect.scopes, delta(&added, &["Mail.Send"]));
    assert!(bench.state.actions["create_list"].accepted_missing.is_empty());
    assert_eq!(bench.who("create_list"), "ame");
}

#[test]
fn case_30_recommended_is_base_and_every_action() {
    // Native actions included, on or off.
    let facts = catalogues().remove("sharepoint").unwrap();
    let all = facts.recommended_scopes();
    assert!(facts.base_scopes.is_subset(&all) && facts.native_scopes().is_subset(&all));
    assert!(facts.actions.values().all(|action| action.required_scopes.is_subset(&all)));
    let count = facts.actions.values().flat_map(|a| &a.required_scopes).chain(&facts.base_scopes);
    assert_eq!(all, count.cloned().collect());
}

#[test]
fn case_31_no_managed_client_where_there_is_none() {
    // Refused where the vendor offers none and on a dedicated deployment; good beside bad.
    let managed = IntegrationOperation::SetClient { client: ClientSpec::Managed };
    let fabric = Bench::of("fabric");
    assert_eq!(fabric.mode(), None);
    assert!(matches!(fabric.refused(&managed), Rejected::NoManagedClient(_)));
    let mut sharepoint = Bench::sync();
    sharepoint.settings.deployment = Deployment::Dedicated;
    assert!(matches!(sharepoint.refused(&managed), Rejected::NoManagedClient(_)));
    sharepoint.settings.deployment = Deployment::MultiTenant;
    sharepoint.write(&managed);
    assert_eq!(sharepoint.mode(), Some(Mode::Managed));
}

#[test]
fn case_31_without_a_client_nothing_runs_and_toggles_move_no_scope() {
    // Access may still be managed; the scopes come with the client.
    let mut bench = Bench::of("fabric");
    assert!(bench.state.requested.is_empty());
    let effect = bench.on("execute_graphql_query");
    assert_eq!(effect, scopeform::model::Effect::default());
    assert_eq!(bench.who("execute_graphql_query"), "");
    let effect = bench.client(custom("own", None));
    assert_eq!(effect.scopes.add, bench.see().needed);
    assert_eq!(bench.who("execute_graphql_query"), "ame");
}

#[test]
fn case_32_a_list_needs_fixed_mode() {
    // With the managed client, or with sync on, a list is refused.
    let write = IntegrationOperation::SetFixedScopes { scopes: set(&["openid"]) };
    for bench in [Bench::of("sharepoint"), Bench::sync(), Bench::of("fabric")] {
        assert_eq!(bench.refused(&write), Rejected::NotFixed, "{:?}", bench.mode());
    }
    Bench::fixed(&["offline_access"]).write(&write);
}

#[test]
fn case_33_giving_up_the_own_client_is_a_switch_to_managed() {
    // Where a managed client exists; every action's scopes come back to what is needed.
    let mut bench = Bench::fixed(&["openid"]);
    let effect = bench.client(ClientSpec::Managed);
    assert_eq!(bench.mode(), Some(Mode::Managed));
    assert_eq!(bench.state.requested, bench.see().needed);
    assert_eq!(effect.scopes.remove, set(&["openid"]));
}

#[test]
fn case_34_another_client_id_alone_moves_no_scope() {
    // Everybody reconnects, the scope delta is empty.
    let mut bench = Bench::sync();
    bench.on("create_list");
    let connection = bench.connect();
    let effect = bench.client(custom("another", None));
    assert_eq!(effect.scopes, ScopeDelta::default());
    assert_ne!(connection.client, bench.state.client.identity());
    // A new secret is the same client.
    let client = ClientSpec::Custom {
        id: "another".try_into().unwrap(),
        tenant: None,
        secret: Some(scopeform::platform::odeus::state::SecretLabel("env:NEW".to_owned())),
        fixed: None,
    };
    let before = bench.state.client.identity();
    assert_eq!(bench.client(client), scopeform::model::Effect::default());
    assert_eq!(bench.state.client.identity(), before);
}

#[test]
fn case_35_enabling_with_missing_scopes_needs_exactly_them_accepted() {
    // Nothing, too little, too much: refused. Exactly the missing scopes: on, and it runs on the strength of the claim.
    let mut bench = Bench::of("outlook-calendar");
    bench.client(custom("own", Some(&["Calendars.ReadWrite"])));
    let write = |accept: &[&str]| action_access("create_events", Access::Everyone, accept);
    let missing = ["Calendars.ReadWrite.Shared", "MailboxSettings.ReadWrite"];
    for short in [&[][..], &missing[..1], &["Mail.Send"], &["Mail.Send", missing[0]]] {
        let refused = bench.refused(&write(short));
        let expected = Rejected::MissingNotAccepted {
            action: "create_events".try_into().unwrap(),
            missing: set(&missing),
        };
        assert_eq!(refused, expected, "{short:?}");
    }
    let beyond = [missing[0], missing[1], "Calendars.ReadWrite"];
    let scopes = set(&["Calendars.ReadWrite"]);
    let action = "create_events".try_into().unwrap();
    assert_eq!(bench.refused(&write(&beyond)), Rejected::CannotAccept { action, scopes });

    let effect = bench.write(&write(&missing));
    assert_eq!((effect.scopes, effect.accepts), (ScopeDelta::default(), set(&missing)));
    assert_eq!(bench.missing("create_events"), set(&missing));
    assert_eq!(bench.who("create_events"), "ame");
    // Off and on again asks again: the acceptance was for being on.
    bench.off("create_events");
    assert!(matches!(bench.refused(&write(&[])), Rejected::MissingNotAccepted { .. }));
}

#[test]
fn case_35_acceptance_ahead_of_a_narrower_list_leaves_no_outage() {
    // What an action that is on requires may be accepted before the list loses it, and taken back later.
    let mut bench = Bench::fixed(&["Files.Read.All"]);
    bench.on("get_file");
    let effect = bench.accept("get_file", &["Files.Read.All"]);
    assert_eq!((effect.accepts, effect.uses.len()), (set(&["Files.Read.All"]), 0));
    let effect = bench.list(&["Sites.Selected"]);
    assert!(!uses(&effect).iter().any(|(action, ..)| *action == "get_file"));
    assert_eq!(bench.who("get_file"), "ame");
    let effect = bench.accept("get_file", &[]);
    assert_eq!(uses(&effect), [("get_file", "everyone", "does not run")]);
    let wrong = action_access("get_file", Access::Everyone, &["Mail.Send"]);
    assert!(matches!(bench.refused(&wrong), Rejected::CannotAccept { .. }));
    let off = action_access("get_file", Access::Nobody, &["Files.Read.All"]);
    assert!(matches!(bench.refused(&off), Rejected::CannotAccept { .. }));
}

#[test]
fn case_35_sync_adds_scopes_and_accepts_none_when_enabling() {
    // Enabling under sync adds what is missing, so there is nothing to accept.
    let bench = Bench::sync();
    let write = action_access("create_list", Access::Everyone, &["Sites.Manage.All"]);
    assert!(matches!(bench.refused(&write), Rejected::CannotAccept { .. }));
}

#[test]
fn case_36_removing_a_scope_disables_nothing() {
    // Enabled actions stay enabled and fail at run time.
    let mut bench = Bench::fixed(&["Files.Read.All", "Sites.Read.All"]);
    bench.on("get_file");
    bench.on("get_list");
    let effect = bench.list(&["Sites.Read.All"]);
    assert!(bench.is_on("get_file") && bench.is_on("get_list"));
    assert_eq!((bench.who("get_file"), bench.who("get_list")), (String::new(), "ame".to_owned()));
    assert!(uses(&effect).contains(&("get_file", "everyone", "does not run")));
    assert!(!uses(&effect).iter().any(|(action, ..)| *action == "get_list"));
}

#[test]
fn case_37_adding_a_scope_enables_nothing() {
    // No action changes its state by itself.
    let mut bench = Bench::fixed(&["openid"]);
    let before = bench.state.actions.clone();
    bench.list(&["openid", "Files.Read.All", "Sites.ReadWrite.All"]);
    assert_eq!(bench.state.actions, before);
}
