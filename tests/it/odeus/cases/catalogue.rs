//! Cases 19 to 27: new actions and catalogue changes.

use scopeform::model::{Access, ScopeDelta};
use scopeform::platform::odeus::machine::Rejected;
use scopeform::platform::odeus::operation::IntegrationOperation;

use crate::odeus::fixture::{
    Bench, MEMBER, action_access, delta, key, new_action, only, set, user,
};

fn confirm(scopes: &[&str]) -> IntegrationOperation {
    IntegrationOperation::ConfirmPending { scopes: set(scopes) }
}

#[test]
fn case_19_a_new_covered_action_follows_the_setting() {
    // Setting on, sync: enabled for all. The machine's part; whether a file reverts it is the planner's.
    for mut bench in [Bench::sync(), Bench::of("sharepoint")] {
        bench.vendor_adds(new_action("new", &["Files.Read.All"], false));
        assert_eq!(bench.state.actions["new"].access, Access::Everyone);
        assert_eq!(bench.who("new"), "ame");
    }
}

#[test]
fn case_20_a_new_action_with_missing_scopes_is_disabled() {
    // Setting on or off, and its scope is neither requested nor pending.
    for setting in [true, false] {
        let mut bench = Bench::sync();
        bench.settings.new_actions_enabled_by_default = setting;
        bench.vendor_adds(new_action("new", &["Files.Read.All", "Mail.Send"], false));
        assert!(!bench.is_on("new"));
        assert_eq!(bench.missing("new"), set(&["Mail.Send"]));
        assert!(bench.see().pending.is_empty());
    }
}

#[test]
fn case_21_a_new_covered_action_is_disabled_with_fixed_scopes() {
    // The mode's table wins over the general paragraph: disabled, whatever the setting.
    let mut bench = Bench::fixed(&["offline_access", "Files.Read.All"]);
    assert!(bench.settings.new_actions_enabled_by_default);
    bench.vendor_adds(new_action("new", &["Files.Read.All"], false));
    assert!(!bench.is_on("new"));
    assert!(bench.missing("new").is_empty());
}

#[test]
fn case_22_a_scope_added_to_an_enabled_action_is_pending() {
    // The action stays enabled, is "Missing scope" and does not run until the scope is confirmed.
    let mut bench = Bench::sync();
    bench.on("get_file");
    bench.vendor_adds_scope("get_file", "Mail.Send");
    assert!(bench.is_on("get_file"));
    assert_eq!(bench.missing("get_file"), set(&["Mail.Send"]));
    assert_eq!(bench.see().pending, set(&["Mail.Send"]));
    assert_eq!(bench.who("get_file"), "");
    // Another action's toggle does not carry it along, sharing the action does not, and only pending ones are confirmed.
    assert_eq!(bench.on("create_list").scopes, delta(&["Sites.Manage.All"], &[]));
    assert_eq!(bench.access("get_file", only(user(MEMBER))).scopes, ScopeDelta::default());
    let wrong = Rejected::NotPending(set(&["Mail.Read"]));
    assert_eq!(bench.refused(&confirm(&["Mail.Send", "Mail.Read"])), wrong);
    let effect = bench.write(&confirm(&["Mail.Send"]));
    assert_eq!(effect.scopes, delta(&["Mail.Send"], &[]));
    assert_eq!(bench.who("get_file"), "am");
    assert!(bench.see().pending.is_empty());
}

#[test]
fn case_22_turning_the_action_off_and_on_is_a_confirmation() {
    // Enabling adds everything the action misses, so a pending scope of its own comes along.
    let mut bench = Bench::sync();
    bench.on("get_file");
    bench.vendor_adds_scope("get_file", "Mail.Send");
    assert_eq!(bench.off("get_file").scopes, ScopeDelta::default());
    assert!(bench.see().pending.is_empty());
    assert_eq!(bench.on("get_file").scopes, delta(&["Mail.Send"], &[]));
}

#[test]
fn case_22_with_fixed_scopes_the_list_stays() {
    // Nothing is pending with fixed scopes: the badge says what is missing.
    let mut bench = Bench::fixed(&["Files.Read.All"]);
    bench.on("get_file");
    bench.vendor_adds_scope("get_file", "Mail.Send");
    assert!(bench.is_on("get_file"));
    assert_eq!(bench.missing("get_file"), set(&["Mail.Send"]));
    assert!(bench.see().pending.is_empty());
    assert_eq!(bench.refused(&confirm(&["Mail.Send"])), Rejected::NotPending(set(&["Mail.Send"])));
}

#[test]
fn case_23_a_new_native_action_is_on_and_its_scope_pending() {
    // Enabled whatever the setting; the scope waits for a confirmation.
    for setting in [true, false] {
        let mut bench = Bench::sync();
        bench.settings.new_actions_enabled_by_default = setting;
        let before = bench.state.requested.clone();
        bench.vendor_adds(new_action("sync_folder", &["Files.Read.All", "Mail.Send"], true));
        assert!(bench.is_on("sync_folder"));
        assert_eq!(bench.state.requested, before);
        assert_eq!(bench.see().pending, set(&["Mail.Send"]));
        assert_eq!(bench.who("sync_folder"), "");
        bench.write(&confirm(&["Mail.Send"]));
        assert_eq!(bench.who("sync_folder"), "ame");
    }
}

#[test]
fn case_23_a_new_base_scope_is_pending_too() {
    // Whatever is new waits, also what every connection would ask for.
    let mut bench = Bench::sync();
    let before = bench.state.requested.clone();
    bench.publish(|facts| facts.base_scopes.extend_from(&set(&["openid"])));
    assert_eq!(bench.state.requested, before);
    assert_eq!(bench.see().pending, set(&["openid"]));
}

#[test]
fn case_25_a_removed_action_drops_its_scopes_under_sync() {
    // What only it held goes, and a write to it is refused; with fixed scopes the list stays.
    let removed = |bench: &mut Bench| {
        bench.publish(|facts| {
            facts.actions.remove(&key("create_list"));
        });
        let unknown = bench.refused(&action_access("create_list", Access::Everyone, &[]));
        assert!(matches!(unknown, Rejected::UnknownAction { .. }), "{unknown}");
    };
    let mut sync = Bench::sync();
    let before = sync.state.requested.clone();
    sync.on("create_list");
    removed(&mut sync);
    assert_eq!(sync.state.requested, before);

    let mut fixed = Bench::fixed(&["Sites.Manage.All"]);
    fixed.on("create_list");
    removed(&mut fixed);
    assert_eq!(fixed.state.requested, set(&["Sites.Manage.All"]));
}

#[test]
fn case_26_a_renamed_action_keeps_its_state() {
    // No churn: access and scopes stay, and nothing is enabled or disabled.
    let mut bench = Bench::sync();
    bench.access("create_list", only(user(MEMBER)));
    let before = bench.state.requested.clone();
    bench.settings.new_actions_enabled_by_default = false;
    bench.publish(|facts| {
        let mut action = facts.actions.remove(&key("create_list")).unwrap();
        action.key = key("make_list");
        action.renamed_from.insert(key("create_list"));
        facts.actions.insert(action.key.clone(), action);
    });
    assert_eq!(bench.state.requested, before);
    assert_eq!(bench.who("make_list"), "am");
    assert!(!bench.state.actions.contains_key("create_list"));
}

#[test]
fn case_27_flipping_the_setting_changes_no_existing_action() {
    // Off touches nothing present, on is not retroactive; only later arrivals follow it.
    let mut bench = Bench::sync();
    bench.vendor_adds(new_action("first", &["Files.Read.All"], false));
    bench.settings.new_actions_enabled_by_default = false;
    bench.vendor_adds(new_action("second", &["Files.Read.All"], false));
    assert!(bench.is_on("first"));
    assert!(!bench.is_on("second"));
    bench.settings.new_actions_enabled_by_default = true;
    bench.publish(|_| {});
    assert!(!bench.is_on("second"));
}
