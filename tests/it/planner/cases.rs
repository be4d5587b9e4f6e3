//! The numbered cases as plans: what a reviewer is told, from the files to the writes.
//!
//! What the language decides alone stands in `config_cases`, what the machine decides alone in `odeus::cases`.

use scopeform::apply::Adapter;
use scopeform::model::{CauseKind, Principal, Right};
use scopeform::plan::{Breakage, Plan, ReconnectReason};
use scopeform::platform::odeus::adapter::Odeus;
use scopeform::platform::odeus::event;
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation};
use scopeform::platform::odeus::state::Snapshot;

use super::harness::{
    QUIET, apply_to, changed, codes, found, plan, plan_of, publish, rename, scope, scopes, steps,
    world, writes,
};
use crate::odeus::fixture::{key, new_action};

fn sharepoint(body: &str) -> String {
    format!("integrations: {{sharepoint: {{{body}}}}}")
}

/// SharePoint on a client of one's own, scopes synced, with these actions.
fn sync(actions: &str) -> Snapshot {
    world(&format!(
        "actions: nobody\nintegrations: {{sharepoint: {{oauth: {{mode: sync, client: {{id: own}}}}, actions: {{{actions}}}}}}}\n"
    ))
}

/// SharePoint with a hand-written list.
fn fixed(list: &str, actions: &str) -> Snapshot {
    world(&format!(
        "actions: nobody\nintegrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: {list}}}, actions: {{{actions}}}}}}}\n"
    ))
}

fn wants_fixed(list: &str, actions: &str) -> String {
    sharepoint(&format!(
        "oauth: {{mode: fixed, client: {{id: own}}, scopes: {list}}}, actions: {{{actions}}}"
    ))
}

const NATIVE: &str = "[offline_access, User.Read, Files.Read.All, Sites.Read.All]";

fn nothing(plan: &Plan) {
    assert_eq!(steps(plan), Vec::<String>::new());
    assert_eq!(changed(plan), Vec::<&str>::new());
}

fn problem(yaml: &str, live: &Snapshot) -> (String, String) {
    let (plan, problems) = plan_of(yaml, live);
    assert!(plan.is_none());
    let first = problems.first().unwrap();
    (first.code.name().to_owned(), first.advice().unwrap())
}

#[test]
fn case_08_a_list_without_base_scopes_is_written_verbatim_and_warned_about() {
    let made = plan(&wants_fixed("[Files.Read.All, Sites.Read.All]", ""), &QUIET);
    let [IntegrationOperation::SetClient { client: ClientSpec::Custom { fixed: Some(list), .. } }] =
        writes(&made)[..]
    else {
        panic!("{:?}", steps(&made))
    };
    assert_eq!(list.to_string(), "Files.Read.All Sites.Read.All");
    let said = found(&made, "base-scope-missing");
    assert_eq!(said[0].paste.to_string(), "User.Read offline_access");
}

#[test]
fn case_10_native_scopes_left_out_name_the_features_that_break() {
    let made = plan(&wants_fixed("[offline_access, User.Read, Sites.Read.All]", ""), &QUIET);
    let broken: Vec<_> = made
        .bound
        .breakage
        .iter()
        .filter_map(|breakage| match breakage {
            Breakage::FeatureBreaks { feature, missing, .. } => {
                Some((feature.as_str(), missing.to_string()))
            }
            Breakage::StopsRunning { .. }
            | Breakage::WillNotRun { .. }
            | Breakage::Unverified { .. } => None,
        })
        .collect();
    let checks = "access checks for synchronized attachments";
    assert_eq!(broken, [(checks, "Files.Read.All".to_owned())]);
    assert!(made.blockers().next().is_none(), "it is allowed: {:?}", codes(&made));
}

#[test]
fn case_11_a_duplicate_in_the_list_is_no_change() {
    let live = fixed("[User.Read, Sites.Read.All]", "");
    nothing(&plan(&wants_fixed("[User.Read, Sites.Read.All, User.Read]", ""), &live));
}

#[test]
fn case_12_order_in_the_list_is_no_change() {
    let live = fixed("[User.Read, Sites.Read.All]", "");
    nothing(&plan(&wants_fixed("[Sites.Read.All, User.Read]", ""), &live));
}

#[test]
fn case_13_wrong_case_blocks_with_the_right_spelling_and_is_another_scope() {
    let live = fixed(NATIVE, "");
    let made = plan(
        &wants_fixed("[offline_access, User.Read, files.read.all, Sites.Read.All]", ""),
        &live,
    );
    assert_eq!(scopes(&made), ("files.read.all".into(), "Files.Read.All".into()));
    let said = found(&made, "scope-case-mismatch");
    assert_eq!(said[0].help, "write `Files.Read.All`");
    assert!(made.blockers().any(|f| f.code == "scope-case-mismatch"));
}

#[test]
fn case_15_an_unknown_scope_is_a_warning_and_is_written() {
    let live = fixed(NATIVE, "");
    let list = "[offline_access, User.Read, Files.Read.All, Sites.Read.All, Sites.Raed]";
    let made = plan(&wants_fixed(list, ""), &live);
    assert_eq!(scopes(&made).0, "Sites.Raed");
    assert_eq!(found(&made, "unknown-scope").len(), 1);
    assert!(made.blockers().next().is_none());
}

#[test]
fn case_18_the_filled_in_address_is_all_that_a_list_needs() {
    let live =
        world("actions: nobody\nintegrations: {dynamics-365: {actions: {get_record: enabled}}}\n");
    let own = "https://acme.crm.dynamics.com/user_impersonation";
    let wish = format!(
        "integrations: {{dynamics-365: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: [openid, offline_access, \"{own}\"]}}, actions: {{list_records: enabled}}}}}}"
    );
    let made = plan(&wish, &live);
    let all = codes(&made);
    assert!(all.iter().all(|code| code.ends_with(" privilege-widens")), "{all:?}");
    assert_eq!(
        steps(&made),
        ["use client own with 3 fixed scopes", "enable `list_records` for everyone"]
    );
    // The scope is there because of the list, for the action that declares it.
    let change = made
        .bound
        .privilege
        .changes
        .iter()
        .find(|change| matches!(&change.right, Right::Scope(scope) if scope.as_str() == own));
    let kinds: Vec<CauseKind> = change.unwrap().causes.iter().map(|cause| cause.kind).collect();
    assert_eq!(kinds, [CauseKind::Action, CauseKind::LiveAction, CauseKind::FixedList]);
    let after = apply_to(&live, &made);
    nothing(&plan(&wish, &after));
    let short = plan(&wish.replace(&format!(", \"{own}\""), ""), &after);
    // What is missing cannot be copied as it stands.
    let said = found(&short, "action-missing-scope");
    assert!(said[0].help.contains("your own address in place of the braces"), "{said:?}");
    assert!(short.bound.breakage.iter().any(
        |b| matches!(b, Breakage::StopsRunning { address, .. } if address.name() == "get_record")
    ));
    let live = &after.integrations["dynamics-365"];
    let view = scopeform::platform::odeus::view::view(&after, &live.facts.key).unwrap();
    assert!(view.missing.is_empty() && view.undeclared.is_empty(), "{view:?}");
    let rows: Vec<&str> = view.scopes.iter().map(|row| row.scope.as_str()).collect();
    assert_eq!(rows, [own, "offline_access", "openid"]);
    assert_eq!(view.scopes[0].live.len(), 2);
}

#[test]
fn case_19_an_action_enabled_by_the_platform_is_told_and_not_reverted() {
    let mut live = world(
        "new_actions_enabled_by_default: true\nactions: nobody\nintegrations: {sharepoint: {actions: {get_page: enabled}}}\n",
    );
    publish(&mut live, "sharepoint", |facts| {
        facts.actions.insert(key("zip_page"), new_action("zip_page", &["Sites.Read.All"], false));
    });
    assert!(live.integrations["sharepoint"].state.actions["zip_page"].access.is_on());
    let keep = plan(&sharepoint("actions: {get_page: enabled}"), &live);
    nothing(&keep);
    assert!(found(&keep, "catalog-changed")[0].message.contains("`zip_page`"));
    let disable =
        plan(&sharepoint("unlisted_actions: disabled, actions: {get_page: enabled}"), &live);
    assert_eq!(steps(&disable), ["disable `zip_page`"]);
}

fn vendor_adds_a_scope() -> Snapshot {
    let mut live = sync("get_page: enabled, get_list: enabled");
    publish(&mut live, "sharepoint", |facts| {
        let action = facts.actions.get_mut("get_page").unwrap();
        action.required_scopes.insert(scope("Sites.Selected"));
    });
    live
}

#[test]
fn case_22_a_scope_added_by_the_vendor_is_a_change_that_nobody_reviewed() {
    let live = vendor_adds_a_scope();
    let oauth = "oauth: {mode: sync, client: {id: own}}";
    let made = plan(&sharepoint(oauth), &live);
    assert_eq!(steps(&made), ["request what the vendor added: Sites.Selected"]);
    assert!(made.bound.changes.iter().all(|change| change.catalog_change));
    assert_eq!(made.bound.unreviewed.len(), 1);
    let causes = &made.bound.privilege.changes[0].causes;
    assert!(causes.iter().any(|cause| cause.kind == CauseKind::CatalogChange), "{causes:?}");
    // A line that names it is a review.
    let named = plan(&sharepoint(&format!("{oauth}, accept_scopes: [Sites.Selected]")), &live);
    assert_eq!(steps(&named), steps(&made));
    assert!(named.bound.unreviewed.is_empty());
    // A file without an opinion on the client leaves it pending, and says so.
    let silent = plan(&sharepoint("actions: {get_list: enabled}"), &live);
    nothing(&silent);
    assert_eq!(found(&silent, "catalog-scope-pending").len(), 1);
    // To refuse it, turn the action off.
    let refuse = plan(&sharepoint(&format!("{oauth}, actions: {{get_page: disabled}}")), &live);
    assert_eq!(steps(&refuse), ["disable `get_page`"]);
    assert!(refuse.bound.unreviewed.is_empty());
}

#[test]
fn case_23_a_new_native_action_waits_and_its_feature_is_named() {
    let mut live = sync("get_page: enabled");
    publish(&mut live, "sharepoint", |facts| {
        let mut action = new_action("sync_folder", &["Sites.Selected"], true);
        action.features.insert(scopeform::platform::odeus::catalog::Feature::FolderSync);
        facts.actions.insert(action.key.clone(), action);
    });
    let made = plan(&sharepoint("oauth: {mode: sync, client: {id: own}}"), &live);
    assert_eq!(steps(&made), ["request what the vendor added: Sites.Selected"]);
    let said = found(&made, "catalog-scope-pending");
    assert!(said[0].message.contains("degraded until it is requested: folder syncing"), "{said:?}");
    let effect = &made.bound.operations[0].effect;
    assert!(effect.features_restored.contains("folder syncing"), "{effect:?}");
    let kinds: Vec<CauseKind> =
        made.bound.privilege.changes[0].causes.iter().map(|cause| cause.kind).collect();
    assert_eq!(kinds, [CauseKind::NativeAction, CauseKind::CatalogChange]);
}

#[test]
fn case_24_a_change_elsewhere_passes_and_one_that_matters_is_stale() {
    let live = sync("get_page: enabled");
    let made = plan(&sharepoint("actions: {create_page: enabled}"), &live);
    let stale = |change: &dyn Fn(&mut Snapshot)| {
        let mut later = live.clone();
        change(&mut later);
        let stale = Odeus::stale(&made.bound, &later, jiff::civil::date(2026, 11, 22));
        stale.iter().map(|s| s.address.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(stale(&|_| {}), Vec::<String>::new());
    // A new action that needs nothing of this, another integration, people: pass.
    assert_eq!(
        stale(&|later| publish(later, "sharepoint", |facts| {
            facts.actions.insert(key("new"), new_action("new", &["Sites.Manage.All"], false));
        })),
        Vec::<String>::new()
    );
    assert_eq!(
        stale(&|later| publish(later, "teams", |facts| facts.actions.clear())),
        Vec::<String>::new()
    );
    assert_eq!(stale(&|later| later.connections.clear()), Vec::<String>::new());
    // The action needs more than was approved, is already shared, or already runs for others: refused, and named.
    assert_eq!(
        stale(&|later| publish(later, "sharepoint", |facts| {
            let action = facts.actions.get_mut("create_page").unwrap();
            action.required_scopes.insert(scope("Sites.Manage.All"));
        })),
        ["sharepoint/actions/create_page"]
    );
    // A new native action waits for the same scope: the write would start more than was approved.
    assert_eq!(
        stale(&|later| publish(later, "sharepoint", |facts| {
            let native = new_action("native", &["Sites.ReadWrite.All"], true);
            facts.actions.insert(native.key.clone(), native);
        })),
        ["sharepoint/actions/create_page"]
    );
    assert_eq!(
        stale(&|later| {
            let state = &mut later.integrations.get_mut("sharepoint").unwrap().state;
            state.requested.insert(scope("Sites.ReadWrite.All"));
        }),
        ["sharepoint/actions/create_page"]
    );
    assert_eq!(
        stale(&|later| {
            let state = &mut later.integrations.get_mut("sharepoint").unwrap().state;
            state.access = scopeform::model::Access::Nobody;
        }),
        ["sharepoint/actions/create_page"]
    );
    assert_eq!(
        stale(&|later| publish(later, "sharepoint", |facts| {
            facts.actions.remove("create_page");
        })),
        ["sharepoint", "sharepoint/actions/create_page"]
    );
    assert_eq!(
        stale(&|later| {
            later.integrations.remove("sharepoint");
        }),
        ["sharepoint/actions/create_page"]
    );
}

#[test]
fn case_24_facts_that_a_plan_relied_on_are_checked_too() {
    let made = plan(
        &format!(
            "new_actions_enabled_by_default: false\n{}",
            sharepoint("actions: {create_page: {groups: [sales]}}")
        ),
        &world("new_actions_enabled_by_default: true\nactions: nobody\n"),
    );
    let mut later = QUIET.clone();
    later.directory.groups.remove("sales");
    let stale = Odeus::stale(&made.bound, &later, jiff::civil::date(2026, 11, 22));
    let lives: Vec<String> = stale.iter().map(|s| s.live.to_string()).collect();
    let stale: Vec<_> =
        stale.iter().map(|s| s.address.as_str()).zip(lives.iter().map(String::as_str)).collect();
    assert_eq!(
        stale,
        [("directory/groups/sales", "gone"), ("workspace/new_actions_enabled_by_default", "false")]
    );
}

#[test]
fn case_25_an_action_that_the_vendor_removed_is_an_error_with_a_hint() {
    let mut live = sync("get_page: enabled");
    publish(&mut live, "sharepoint", |facts| {
        facts.actions.remove("get_file_metadata");
    });
    let told = problem(&sharepoint("actions: {get_file_metadata: disabled}"), &live);
    assert_eq!(told.0, "unknown-action");
    let told = problem(&sharepoint("actions: {get_pages: disabled}"), &live);
    assert_eq!(told, ("unknown-action".into(), "did you mean `get_page`?".into()));
}

#[test]
fn case_26_a_renamed_action_is_no_change() {
    let mut live = sync("get_page: enabled");
    rename(&mut live, &["get_page"]);
    for name in ["get_page", "fetch_page"] {
        let (made, problems) =
            plan_of(&sharepoint(&format!("actions: {{{name}: enabled}}")), &live);
        nothing(&made.unwrap());
        assert_eq!(problems.len(), usize::from(name == "get_page"));
    }
    let off = plan(&sharepoint("actions: {get_page: disabled}"), &live);
    assert_eq!(steps(&off), ["disable `fetch_page`"]);
}

#[test]
fn case_27_the_switch_changes_no_action_and_goes_first_off_last_on() {
    let live = world("new_actions_enabled_by_default: true\nactions: nobody\n");
    let off = plan(
        &format!(
            "new_actions_enabled_by_default: false\n{}",
            sharepoint("actions: {get_page: enabled}")
        ),
        &live,
    );
    assert_eq!(
        steps(&off),
        ["turn new actions enabled by default off", "enable `get_page` for everyone"]
    );
    let after = apply_to(&live, &plan("new_actions_enabled_by_default: false", &live));
    assert_eq!(after.integrations, live.integrations);
    let on = plan(
        &format!(
            "new_actions_enabled_by_default: true\n{}",
            sharepoint("actions: {get_page: enabled}")
        ),
        &QUIET,
    );
    assert_eq!(
        steps(&on),
        ["enable `get_page` for everyone", "turn new actions enabled by default on"]
    );
}

#[test]
fn case_28_managed_to_fixed_prints_the_real_delta_and_what_stops() {
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {actions: {create_page: enabled}}}\nconnections: [{integration: sharepoint, users: [ben@acme.example]}]\n",
    );
    let list = "[offline_access, User.Read, Files.Read.All, Sites.Read.All, Sites.Manage.All]";
    let made = plan(&wants_fixed(list, ""), &live);
    assert_eq!(scopes(&made), ("Sites.Manage.All".into(), "Sites.ReadWrite.All".into()));
    let stops = made.bound.breakage.iter().any(
        |b| matches!(b, Breakage::StopsRunning { address, .. } if address.name() == "create_page"),
    );
    assert!(stops, "{:?}", made.bound.breakage);
    let after = apply_to(&live, &made);
    assert!(after.integrations["sharepoint"].state.actions["create_page"].access.is_on());
    let people = &made.observed.people[0];
    assert_eq!(people.reason, ReconnectReason::NewClient);
    assert_eq!(people.must_reconnect, ["ben@acme.example"]);
    assert_eq!(after.connections, live.connections, "old ones are not migrated");
}

#[test]
fn case_29_fixed_to_sync_drops_and_adds_and_says_both() {
    let live = fixed("[User.Read, Mail.Send]", "get_page: enabled");
    let made = plan(&sharepoint("oauth: {mode: sync, client: {id: own}}"), &live);
    let (added, removed) = scopes(&made);
    assert_eq!(added, "Files.Read.All Sites.Read.All offline_access");
    assert_eq!(removed, "Mail.Send");
    let widening: Vec<String> = made
        .bound
        .privilege
        .widening()
        .filter_map(|change| match &change.right {
            Right::Scope(scope) => Some(scope.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(widening.join(" "), added);
    assert!(made.bound.privilege.changes.iter().all(|change| !change.causes.is_empty()));
}

#[test]
fn case_30_recommended_is_resolved_when_planned_and_marked_when_the_vendor_moves_it() {
    let made = plan(&wants_fixed("recommended", ""), &QUIET);
    let all = QUIET.integrations["sharepoint"].facts.recommended_scopes();
    let [IntegrationOperation::SetClient { client: ClientSpec::Custom { fixed: Some(list), .. } }] =
        writes(&made)[..]
    else {
        panic!()
    };
    assert_eq!(*list, all);
    assert!(made.bound.relied_on.iter().any(|r| r.address.name() == "recommended_scopes"));
    let mut later = apply_to(&QUIET, &made);
    publish(&mut later, "sharepoint", |facts| {
        let action = new_action("mail_page", &["Mail.Send"], false);
        facts.actions.insert(action.key.clone(), action);
    });
    let moved = plan(&wants_fixed("recommended", ""), &later);
    assert_eq!(scopes(&moved).0, "Mail.Send");
    assert!(moved.bound.changes.iter().all(|change| change.catalog_change));
}

#[test]
fn case_31_managed_where_there_is_no_managed_client_is_an_error() {
    let yaml = "integrations: {dynamics-365: {oauth: {mode: managed}}}";
    assert_eq!(problem(yaml, &QUIET).0, "no-managed-client");
    let yaml =
        "integrations: {dynamics-365: {access: nobody, actions: {get_record: {groups: [sales]}}}}";
    assert_eq!(steps(&plan(yaml, &QUIET)).len(), 2, "access can be managed without a client");
}

#[test]
fn case_32_a_mode_switch_is_one_write_of_client_mode_and_list() {
    let made = plan(&wants_fixed(NATIVE, ""), &sync(""));
    assert_eq!(steps(&made), ["use client own with 4 fixed scopes"]);
    assert_eq!(changed(&made), ["sharepoint/oauth"]);
    let one = plan(&wants_fixed("[User.Read]", ""), &sync(""));
    assert_eq!(steps(&one), ["use client own with 1 fixed scope"]);
}

#[test]
fn case_33_giving_up_the_own_client_is_shown_as_a_switch_to_managed() {
    let made = plan(&sharepoint("oauth: {mode: managed}"), &sync(""));
    assert_eq!(steps(&made), ["switch to the managed client"]);
    // A file that no longer mentions the client has no opinion: it is not removed.
    nothing(&plan(&sharepoint("access: everyone"), &sync("")));
}

#[test]
fn case_34_a_new_client_id_moves_no_scope_and_everybody_reconnects() {
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {oauth: {mode: sync, client: {id: own}}}}\nconnections: [{integration: sharepoint, users: all}]\n",
    );
    let made = plan(&sharepoint("oauth: {mode: sync, client: {id: other}}"), &live);
    assert_eq!(scopes(&made), (String::new(), String::new()));
    let people = &made.observed.people[0];
    assert_eq!((people.must_reconnect.len(), people.reason), (4, ReconnectReason::NewClient));
    assert!(people.still_hold.is_empty());
    // Another label for the secret is a rotation: nobody reconnects.
    let rotated = plan(
        &sharepoint("oauth: {mode: sync, client: {id: own, secret: {env: K, version: '2'}}}"),
        &live,
    );
    assert_eq!(steps(&rotated).len(), 1);
    assert!(rotated.observed.people.is_empty());
}

#[test]
fn case_35_enabling_without_a_scope_blocks_until_somebody_says_why() {
    let live = fixed(NATIVE, "");
    let blocked = plan(&wants_fixed(NATIVE, "create_page: enabled"), &live);
    assert!(blocked.blockers().any(|f| f.code == "action-missing-scope"));
    assert!(steps(&blocked).is_empty(), "the write is not among the operations");
    assert_eq!(changed(&blocked), ["sharepoint/actions/create_page"], "the wish is shown");
    let said = "create_page: {access: everyone, accept_missing_scopes: \"SEC-150\"}";
    let made = plan(&wants_fixed(NATIVE, said), &live);
    assert_eq!(
        steps(&made),
        ["enable `create_page` for everyone, accepting without Sites.ReadWrite.All"]
    );
    assert_eq!(made.bound.operations[0].effect.accepts.to_string(), "Sites.ReadWrite.All");
    assert!(
        made.bound
            .breakage
            .iter()
            .any(|b| matches!(b, Breakage::Unverified { reason, .. } if reason == "SEC-150"))
    );
}

#[test]
fn case_35_an_acceptance_ends_with_its_requirement() {
    let said = "create_page: {access: everyone, accept_missing_scopes: \"SEC-150\"}";
    let wish = wants_fixed(NATIVE, said);
    let mut live = fixed(NATIVE, "");
    live = apply_to(&live, &plan(&wish, &live));
    let without = |live: &mut Snapshot| {
        publish(live, "sharepoint", |facts| {
            let action = facts.actions.get_mut("create_page").unwrap();
            action.required_scopes = [scope("Sites.Read.All")].into_iter().collect();
        });
    };
    without(&mut live);
    let accepted = |live: &Snapshot| {
        live.integrations["sharepoint"].state.actions["create_page"].accepted_missing.clone()
    };
    assert!(accepted(&live).is_empty(), "a stale acceptance would be a latent consent");
    // The vendor asks again: nobody has accepted that.
    publish(&mut live, "sharepoint", |facts| {
        let action = facts.actions.get_mut("create_page").unwrap();
        action.required_scopes.insert(scope("Sites.ReadWrite.All"));
    });
    assert!(accepted(&live).is_empty());
    let again = plan(&wish, &live);
    assert_eq!(again.bound.operations[0].effect.accepts.to_string(), "Sites.ReadWrite.All");
}

#[test]
fn case_36_taking_a_scope_leaves_actions_on_and_says_that_they_fail() {
    let live = fixed(NATIVE, "get_page: enabled, get_file: enabled");
    let made = plan(&wants_fixed("[offline_access, User.Read, Files.Read.All]", ""), &live);
    assert_eq!(steps(&made), ["set the list of 3 fixed scopes"]);
    let stops: Vec<&str> = made
        .bound
        .breakage
        .iter()
        .filter_map(|b| match b {
            Breakage::StopsRunning { address, .. } => Some(address.name()),
            Breakage::WillNotRun { .. }
            | Breakage::Unverified { .. }
            | Breakage::FeatureBreaks { .. } => None,
        })
        .collect();
    assert_eq!(stops, ["get_page"]);
    assert_eq!(found(&made, "action-missing-scope").len(), 1);
    // With a reason it is accepted before the list loses the scope, so that nothing stops in between.
    let said = "get_page: {access: everyone, accept_missing_scopes: \"SEC-1\"}";
    let made = plan(&wants_fixed("[offline_access, User.Read, Files.Read.All]", said), &live);
    assert_eq!(
        steps(&made),
        [
            "enable `get_page` for everyone, accepting without Sites.Read.All",
            "set the list of 3 fixed scopes"
        ]
    );
}

#[test]
fn case_37_adding_a_scope_enables_nothing() {
    let live = fixed("[offline_access, User.Read]", "get_page: enabled");
    let made = plan(
        &wants_fixed("[offline_access, User.Read, Sites.Read.All, Sites.Manage.All]", ""),
        &live,
    );
    assert_eq!(changed(&made), ["sharepoint/oauth/scopes"]);
    let after = apply_to(&live, &made);
    let access = |s: &Snapshot| {
        let state = &s.integrations["sharepoint"].state;
        state.actions.values().map(|own| own.access.clone()).collect::<Vec<_>>()
    };
    assert_eq!(access(&after), access(&live));
    // What was on and failed runs now, and the plan says so.
    let uses = &made.bound.operations[0].effect.uses;
    assert!(uses.iter().any(|u| u.address.name() == "get_page" && u.after == "everyone"));
}

#[test]
fn case_39_a_share_outside_the_integrations_list_is_told_and_still_holds_scopes() {
    let yaml = sharepoint(
        "access: {groups: [sales]}, actions: {create_page: {users: [ben@acme.example]}}",
    );
    let made = plan(&yaml, &QUIET);
    assert_eq!(found(&made, "unreachable-grant").len(), 1);
    assert_eq!(scopes(&made).0, "Sites.ReadWrite.All");
}

#[test]
fn case_40_a_closed_integration_keeps_its_scopes_and_says_so() {
    let live = sync("create_page: enabled");
    let made = plan(&sharepoint("access: nobody"), &live);
    assert_eq!(scopes(&made), (String::new(), String::new()));
    assert_eq!(found(&made, "admins-only").len(), 1);
}

#[test]
fn case_42_a_group_that_is_gone_is_drift_and_its_line_an_error() {
    let mut live = sync("create_page: {groups: [sales]}");
    let gone = Principal::Group("sales".try_into().unwrap());
    live.directory.groups.remove("sales");
    for one in live.integrations.values_mut() {
        one.state = event::principal_removed(&one.facts, &one.state, &gone);
    }
    assert!(
        !live.integrations["sharepoint"].state.requested.contains(&scope("Sites.ReadWrite.All"))
    );
    let told = problem(&sharepoint("actions: {create_page: {groups: [sales]}}"), &live);
    assert_eq!(told.0, "unknown-group");
    // Sharing it with others again adds the scope again, for review.
    let made = plan(&sharepoint("actions: {create_page: {groups: [content-team]}}"), &live);
    assert_eq!(scopes(&made).0, "Sites.ReadWrite.All");
    // An empty group is still a list.
    let empty = sync("create_page: {groups: [empty]}");
    nothing(&plan(&sharepoint("actions: {create_page: {groups: [empty]}}"), &empty));
}

#[test]
fn case_43_a_principal_twice_or_also_in_a_group_is_no_change() {
    let live = sync("create_page: {users: [ben@acme.example], groups: [content-team]}");
    let twice = "actions: {create_page: {users: [ben@acme.example, ben@acme.example], groups: [content-team]}}";
    nothing(&plan(&sharepoint(twice), &live));
}

#[test]
fn case_44_the_case_of_an_address_is_no_change() {
    let live = sync("create_page: {users: [ben@acme.example]}");
    nothing(&plan(&sharepoint("actions: {create_page: {users: [BEN@Acme.Example]}}"), &live));
}

#[test]
fn case_46_a_swap_of_actions_with_equal_scopes_drops_nothing_in_between() {
    let live = sync("create_page: enabled");
    let made =
        plan(&sharepoint("actions: {create_page: disabled, create_list_item: enabled}"), &live);
    assert_eq!(steps(&made), ["enable `create_list_item` for everyone", "disable `create_page`"]);
    assert!(made.bound.operations.iter().all(|planned| planned.effect.scopes.is_empty()));
    assert!(made.observed.people.is_empty());
}

#[test]
fn case_47_after_an_addition_people_reconnect_after_a_removal_nobody() {
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {actions: {create_page: enabled}}}\nconnections: [{integration: sharepoint, users: [ben@acme.example, cleo@acme.example]}]\n",
    );
    let added = plan(&sharepoint("actions: {create_list: {groups: [sales]}}"), &live);
    assert_eq!(added.observed.people[0].must_reconnect, ["cleo@acme.example"]);
    let removed = plan(&sharepoint("actions: {create_page: disabled}"), &live);
    let people = &removed.observed.people[0];
    assert!(people.must_reconnect.is_empty());
    assert_eq!(people.still_hold[0].users, ["ben@acme.example", "cleo@acme.example"]);
    assert_eq!(found(&removed, "grant-outlives-removal").len(), 1);
}

#[test]
fn case_49_no_actions_is_no_opinion_and_the_policy_decides() {
    let live = sync("get_page: enabled, create_page: {groups: [sales]}");
    nothing(&plan(&sharepoint("actions: {}"), &live));
    nothing(&plan(&sharepoint("unlisted_actions: keep"), &live));
    let made = plan(&sharepoint("unlisted_actions: disabled, actions: {}"), &live);
    assert_eq!(steps(&made), ["disable `create_page`", "disable `get_page`"]);
    assert!(
        made.bound.changes.iter().all(|c| c.declared_at.as_str() == "sharepoint/unlisted_actions")
    );
}

#[test]
fn case_50_the_second_plan_is_empty() {
    let yaml = format!(
        "new_actions_enabled_by_default: true\n{}",
        wants_fixed(
            "[openid, User.Read, Sites.Read.All]",
            "get_page: enabled, \"create_*\": {access: {groups: [sales]}, accept_missing_scopes: \"SEC-1\"}"
        )
    );
    let made = plan(&yaml, &QUIET);
    assert!(made.blockers().next().is_none(), "{:?}", codes(&made));
    assert!(!steps(&made).is_empty());
    nothing(&plan(&yaml, &apply_to(&QUIET, &made)));
}

#[test]
fn case_51_without_scope_management_sharing_is_planned_and_moves_no_scope() {
    let made = plan(
        "integrations: {teams: {access: {groups: [sales]}, actions: {find_chat: enabled}}}",
        &QUIET,
    );
    assert_eq!(steps(&made).len(), 2);
    assert_eq!(scopes(&made), (String::new(), String::new()));
    assert_eq!(found(&made, "scopes-assumed").len(), 1);
    let told = problem("integrations: {teams: {oauth: {mode: managed}}}", &QUIET);
    assert_eq!(told.0, "scopes-not-managed");
}

#[test]
fn case_52_without_oauth_sharing_is_planned_and_scope_fields_are_an_error() {
    let mut live = QUIET.clone();
    publish(&mut live, "todo", |facts| {
        facts.auth = scopeform::platform::odeus::catalog::Auth::ApiKey;
        facts.base_scopes = Default::default();
        facts.actions = [(key("lookup"), new_action("lookup", &[], false))].into();
    });
    let made = plan("integrations: {todo: {actions: {lookup: enabled}}}", &live);
    assert_eq!(steps(&made), ["enable `lookup` for everyone"]);
    assert_eq!(problem("integrations: {todo: {oauth: {mode: managed}}}", &live).0, "not-oauth");
}

#[test]
fn a_second_pair_of_writes_keeps_an_action_running_for_admins() {
    // Managed to fixed: natives make `Files.Read.All` requested, so admins run `download_file` although it is off.
    let yaml = "integrations:\n  onedrive:\n    oauth:\n      mode: fixed\n      client: {id: own}\n      \
        scopes: [openid, offline_access, User.Read, Files.Read]\n    actions: \
        {download_file: {access: everyone, accept_missing_scopes: SEC-142}}\n";
    let made = plan(yaml, &QUIET);
    assert_eq!(
        steps(&made),
        [
            "enable `download_file` for everyone",
            "enable `download_file` for everyone, accepting without Files.Read.All",
            "use client own with 4 fixed scopes",
        ]
    );
    assert!(made.blockers().next().is_none());
    nothing(&plan(yaml, &apply_to(&QUIET, &made)));
}
