//! Cases 1 to 18: the requested scopes.

use scopeform::model::{Access, Scope, ScopeDelta, ScopeSet};
use scopeform::platform::odeus::machine::Rejected;
use scopeform::platform::odeus::operation::IntegrationOperation;
use scopeform::platform::odeus::state::Mode;

use crate::odeus::fixture::{
    Bench, MEMBER, action_access, catalogues, custom, delta, group, new_action, only, set, user,
    uses,
};

const FABRIC_READ: &str = "https://analysis.windows.net/powerbi/api/Workspace.Read.All";

#[test]
fn case_01_shared_with_one_user_counts_like_enabled() {
    // An action shared with one user has its scopes requested.
    let mut bench = Bench::sync();
    let effect = bench.access("create_list", only(user(MEMBER)));
    assert_eq!(effect.scopes, delta(&["Sites.Manage.All"], &[]));
    assert_eq!(bench.who("create_list"), "am");
}

#[test]
fn case_02_off_and_shared_is_one_fact_not_two() {
    // The platform has one toggle plus one list: a list is shared, an empty list is off.
    let mut bench = Bench::sync();
    bench.access("create_list", Access::only([user(MEMBER)]));
    assert!(bench.is_on("create_list"));
    bench.access("create_list", Access::only([]));
    assert!(!bench.is_on("create_list"));
    assert_eq!(bench.state.actions["create_list"].access, Access::Nobody);
}

#[test]
fn case_04_a_shared_action_retains_the_scope() {
    // A scope stays while a shared-only action needs it.
    let mut bench = Bench::sync();
    bench.on("create_page");
    bench.access("create_list_item", only(group("content-team")));
    assert_eq!(bench.off("create_page").scopes, ScopeDelta::default());
    assert!(bench.state.requested.contains(&Scope::try_from("Sites.ReadWrite.All").unwrap()));
}

#[test]
fn case_05_a_native_action_retains_the_scope() {
    // A scope stays while a native action needs it.
    for mut bench in [Bench::sync(), Bench::of("sharepoint")] {
        bench.on("get_file");
        assert_eq!(bench.off("get_file").scopes, ScopeDelta::default());
        assert!(bench.state.requested.contains(&Scope::try_from("Files.Read.All").unwrap()));
    }
}

#[test]
fn case_06_a_base_scope_is_never_removed() {
    // SharePoint `User.Read` and Fabric `Workspace.Read.All` are base scopes and action scopes at once.
    let mut sharepoint = Bench::sync();
    sharepoint.on("get_profile");
    assert_eq!(sharepoint.off("get_profile").scopes, ScopeDelta::default());
    assert!(sharepoint.state.requested.contains(&Scope::try_from("User.Read").unwrap()));

    let mut facts = catalogues().remove("fabric").unwrap();
    facts.scope_management = true;
    facts.actions.retain(|_, action| !action.native); // so that only the base scope retains it
    let mut fabric = Bench::with_facts(facts);
    fabric.client(custom("own", None));
    fabric.on("list_workspaces");
    assert_eq!(fabric.off("list_workspaces").scopes, ScopeDelta::default());
    assert_eq!(fabric.state.requested, set(&["openid", "offline_access", FABRIC_READ]));
}

#[test]
fn case_07_base_scopes_are_per_integration() {
    // Nothing is added from a global list: with every optional action off, base and native scopes are requested.
    let base = [
        ("power-bi", &["offline_access"][..]),
        ("sharepoint", &["offline_access", "User.Read"]),
        ("todo", &["offline_access", "User.Read"]),
        ("fabric", &["openid", "offline_access", FABRIC_READ]),
        ("outlook-email", &["email", "offline_access", "openid", "User.Read"]),
    ];
    for (name, scopes) in base {
        assert_eq!(catalogues()[name].base_scopes, set(scopes), "{name}");
    }
    for (name, facts) in catalogues() {
        let expected = facts.base_scopes.union(&facts.native_scopes());
        let mut bench = Bench::of(&name);
        bench.client(custom("own", None));
        assert_eq!(bench.state.requested, expected, "{name}");
        let keys: Vec<_> = facts.actions.values().filter(|a| !a.native).collect();
        for action in keys {
            bench.on(action.key.as_str());
        }
        assert_eq!(bench.state.requested, facts.recommended_scopes(), "{name}");
        let openid = Scope::try_from("openid").unwrap();
        let has = bench.state.requested.contains(&openid);
        assert_eq!(has, facts.base_scopes.contains(&openid), "{name}");
    }
}

#[test]
fn case_08_a_fixed_list_is_requested_verbatim() {
    // Nothing is appended to a fixed list, not even what connecting needs.
    let mut bench = Bench::fixed(&["Files.Read.All"]);
    assert_eq!(bench.state.requested, set(&["Files.Read.All"]));
    bench.on("get_file");
    bench.list(&["Sites.Read.All"]);
    bench.off("get_file");
    assert_eq!(bench.state.requested, set(&["Sites.Read.All"]));
}

#[test]
fn case_09_native_actions_have_no_switch_in_any_mode() {
    // Disabling or sharing a native action is refused in every mode, and its scopes stay under sync.
    let mut unconfigured = Bench::of("sharepoint");
    unconfigured.state.client = scopeform::platform::odeus::state::Client::Unconfigured;
    unconfigured.state.requested = ScopeSet::new();
    for bench in [Bench::of("sharepoint"), Bench::sync(), Bench::fixed(&["openid"]), unconfigured] {
        for access in [Access::Nobody, Access::Everyone, only(user(MEMBER))] {
            let refused = bench.refused(&action_access("check_file_access", access, &[]));
            let native = Rejected::NativeAction("check_file_access".try_into().unwrap());
            assert_eq!(refused, native, "{:?}", bench.mode());
        }
        assert!(bench.is_on("check_file_access"));
    }
    let natives = catalogues()["sharepoint"].native_scopes();
    for bench in [Bench::of("sharepoint"), Bench::sync()] {
        assert!(natives.is_subset(&bench.state.requested));
    }
}

#[test]
fn case_10_native_scope_missing_under_fixed_names_the_features() {
    // Allowed; the native action stays on, fails at run time, and the features it serves are named.
    let mut bench = Bench::of("sharepoint");
    let effect = bench.client(custom("own", Some(&["offline_access", "Sites.Read.All"])));
    assert_eq!(
        effect.features_lost,
        ["access checks for synchronized attachments".to_owned()].into()
    );
    assert!(bench.is_on("check_file_access"));
    assert_eq!(bench.missing("check_file_access"), set(&["Files.Read.All"]));
    assert_eq!(bench.who("check_file_access"), "");
    let effect = bench.list(&["offline_access", "Sites.Read.All", "Files.Read.All"]);
    assert_eq!(
        effect.features_restored,
        ["access checks for synchronized attachments".to_owned()].into()
    );
}

#[test]
fn case_10_a_feature_is_whole_again_only_with_all_its_native_actions() {
    // OneDrive resolves names with `Files.Read` and with `Files.Read.All`: one of them alone restores nothing.
    let mut bench = Bench::of("onedrive");
    let names = "resolving ids to names in action calls and workflows".to_owned();
    let effect = bench.client(custom("own", Some(&["openid"])));
    assert!(effect.features_lost.contains(&names));
    let effect = bench.list(&["openid", "Files.Read"]);
    assert!(effect.features_restored.is_empty(), "{:?}", effect.features_restored);
    let effect = bench.list(&["openid", "Files.Read", "Files.Read.All"]);
    assert!(effect.features_restored.contains(&names));
}

#[test]
fn case_11_a_duplicate_in_a_list_is_no_difference() {
    // A list is a set.
    let mut bench = Bench::fixed(&["openid", "Files.Read.All"]);
    let effect = bench.list(&["Files.Read.All", "openid", "Files.Read.All"]);
    assert_eq!(effect, scopeform::model::Effect::default());
}

#[test]
fn case_12_order_in_a_list_is_no_difference() {
    // Set semantics (RFC 6749 section 3.3).
    let mut bench = Bench::fixed(&["openid", "Files.Read.All"]);
    let before = bench.state.clone();
    assert_eq!(bench.list(&["Files.Read.All", "openid"]), scopeform::model::Effect::default());
    assert_eq!(bench.state, before);
}

#[test]
fn case_13_case_makes_a_scope_another_scope() {
    // Never folded: the differently spelt scope does not count.
    let mut bench = Bench::fixed(&["files.read.all"]);
    assert_eq!(bench.missing("get_file"), set(&["Files.Read.All"]));
    let effect = bench.list(&["Files.Read.All"]);
    assert_eq!(effect.scopes, delta(&["Files.Read.All"], &["files.read.all"]));
}

#[test]
fn case_14_what_is_not_one_token_is_no_scope() {
    // White space, nothing, and comma-joined values are refused, good beside bad.
    for bad in
        ["", " ", " Files.Read", "Files.Read ", "Files.Read Mail.Send", "a\tb", "a,b", "a\"b"]
    {
        assert!(Scope::try_from(bad).is_err(), "{bad:?}");
    }
    for good in ["Files.Read", "https://graph.microsoft.com/.default", "read:all", "a'b"] {
        assert!(Scope::try_from(good).is_ok(), "{good:?}");
    }
    assert_eq!(Bench::fixed(&["openid"]).refused(&list(&[])), Rejected::EmptyList);
}

#[test]
fn case_15_an_unknown_scope_may_stand_in_a_list() {
    // Any exact scope is allowed, known to the catalogue or not.
    let mut bench = Bench::fixed(&["openid"]);
    let effect = bench.list(&["openid", "Sites.Selected"]);
    assert_eq!(effect.scopes, delta(&["Sites.Selected"], &[]));
    assert!(effect.uses.is_empty());
}

#[test]
fn case_16_a_broader_scope_does_not_stand_in() {
    // Exact comparison; under sync both are requested.
    let bench = Bench::fixed(&["Files.ReadWrite.All"]);
    assert_eq!(bench.missing("get_file"), set(&["Files.Read.All"]));
    let bench = Bench::fixed(&["Sites.Selected"]);
    assert_eq!(bench.missing("create_page"), set(&["Sites.ReadWrite.All"]));
    let mut sync = Bench::sync();
    sync.on("copy_file");
    sync.on("get_file");
    assert!(set(&["Files.Read.All", "Files.ReadWrite.All"]).is_subset(&sync.state.requested));
}

#[test]
fn case_17_only_the_absent_scopes_are_missing_and_added() {
    // With one of three scopes present, the badge lists two and enabling adds two.
    let mut fixed = Bench::of("outlook-calendar");
    fixed.client(custom("own", Some(&["openid", "Calendars.ReadWrite"])));
    let absent = ["Calendars.ReadWrite.Shared", "MailboxSettings.ReadWrite"];
    assert_eq!(fixed.missing("create_events"), set(&absent));

    let mut facts = catalogues().remove("outlook-calendar").unwrap();
    facts.scope_management = true;
    facts.base_scopes.insert(Scope::try_from("Calendars.ReadWrite").unwrap());
    let mut sync = Bench::with_facts(facts);
    assert_eq!(sync.mode(), Some(Mode::Managed));
    assert_eq!(sync.on("create_events").scopes, delta(&absent, &[]));
}

#[test]
fn case_18_an_unresolved_placeholder_is_refused_in_a_list() {
    // Dynamics declares `{organization-url}/user_impersonation`; the environment's address must be put in.
    let mut bench = Bench::of("dynamics-365");
    let raw = "{organization-url}/user_impersonation";
    let refused = Rejected::Placeholder(Scope::try_from(raw).unwrap());
    let client = custom("own", Some(&["openid", raw]));
    assert_eq!(bench.refused(&IntegrationOperation::SetClient { client }), refused);
    bench.client(custom("own", Some(&["openid"])));
    assert_eq!(bench.refused(&list(&[raw])), refused);
    assert_eq!(catalogues()["dynamics-365"].templated_scope().unwrap().as_str(), raw);
    assert_eq!(catalogues()["sharepoint"].templated_scope(), None);
}

#[test]
fn case_18_a_declared_placeholder_is_compared_after_substitution() {
    // The list names the environment's own address, and every action that declares the template is covered by it.
    let own = "https://acme.crm.dynamics.com/user_impersonation";
    let raw = "{organization-url}/user_impersonation";
    let mut bench = Bench::of("dynamics-365");
    bench.client(custom("own", Some(&["openid"])));
    assert_eq!(bench.missing("get_record"), set(&[raw]));
    bench.accept("get_record", &[raw]);
    bench.off("get_record");

    let effect = bench.list(&["openid", own]);
    assert_eq!(effect.scopes, delta(&[own], &[]));
    assert!(bench.missing("get_record").is_empty());
    bench.on("get_record");
    assert_eq!(bench.who("get_record"), "ame");
    // Taking the address off again stops it, as any scope does.
    let effect = bench.list(&["openid"]);
    assert!(uses(&effect).contains(&("get_record", "everyone", "does not run")), "{effect:?}");
    assert_eq!(bench.missing("get_record"), set(&[raw]));
    // Something else in the place of an address, or with another end, is another scope.
    for other in [
        "user_impersonation",
        "acme/user_impersonation",
        "http://acme.crm.dynamics.com/user_impersonation",
        "https:///user_impersonation",
        "https://acme.crm.dynamics.com/a/user_impersonation",
        "https://acme.crm.dynamics.com/user_impersonation.all",
    ] {
        bench.list(&["openid", other]);
        assert_eq!(bench.missing("get_record"), set(&[raw]), "{other}");
    }
    // A new action that declares it is covered, and stays off with fixed scopes all the same.
    bench.list(&["openid", own]);
    bench.vendor_adds(new_action("merge_records", &[raw], false));
    assert!(!bench.is_on("merge_records"));
    assert!(bench.missing("merge_records").is_empty());
}

fn list(scopes: &[&str]) -> IntegrationOperation {
    IntegrationOperation::SetFixedScopes { scopes: set(scopes) }
}
