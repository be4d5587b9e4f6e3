//! A rename by the vendor ends no protection, whichever name the files have.

use scopeform::model::Address;
use scopeform::plan::Plan;
use scopeform::plan::weaken::weakened;
use scopeform::platform::Kind;
use scopeform::platform::odeus::loss;
use scopeform::platform::odeus::state::Snapshot;

use super::{ours, policy, under};
use crate::cli::crm::crm;
use crate::odeus::fixture::{key, new_action};
use crate::planner::harness::{plan, publish, rename, world};
use crate::trustpager::fixture::{Bench, client_name, key_name, tiers, verbs};

/// Where `get_page` is called `fetch_page` by now.
fn renamed() -> Snapshot {
    let mut live = world(
        "actions: nobody\nintegrations:\n  sharepoint:\n    oauth: {mode: managed}\n    \
         actions: {get_page: enabled, get_list: enabled}\n",
    );
    rename(&mut live, &["get_page"]);
    live
}

const OFF: &str = "integrations: {sharepoint: {actions: {fetch_page: disabled}}}";

/// Returns the addresses and messages of the blockers of a plan under one protection.
fn blockers(protect: &str, plan: Plan) -> Vec<(String, String)> {
    let plan = under(&format!("protect: [\"{protect}\"]"), plan);
    let (bound, _) = ours(&plan);
    bound.iter().map(|one| (one.address.to_string(), one.message.clone())).collect()
}

#[test]
fn case_26_an_action_stays_protected_under_its_earlier_name() {
    let live = renamed();
    for pattern in ["sharepoint/actions/get_page", "*/actions/get_p*"] {
        let message = format!(
            "`sharepoint/actions/fetch_page` would stop, for somebody or for everybody; `{pattern}` is protected, another name of it"
        );
        assert_eq!(
            blockers(pattern, plan(OFF, &live)),
            [("sharepoint/actions/fetch_page".to_owned(), message)]
        );
    }
    // By the name that it has now, nothing is said of another.
    let [(_, message)] = &blockers("sharepoint/actions/fetch_page", plan(OFF, &live))[..] else {
        panic!()
    };
    assert!(message.ends_with("`sharepoint/actions/fetch_page` is protected"), "{message}");
    assert!(blockers("sharepoint/actions/get_list", plan(OFF, &live)).is_empty());
}

#[test]
fn a_name_that_another_action_has_by_now_means_that_one() {
    let mut live = renamed();
    publish(&mut live, "sharepoint", |facts| {
        facts.actions.insert(key("get_page"), new_action("get_page", &[], false));
    });
    assert!(blockers("sharepoint/actions/get_page", plan(OFF, &live)).is_empty());
}

#[test]
fn case_64_a_resource_stays_protected_under_its_other_name() {
    let bench = Bench::new()
        .has(&[("deals", "read"), ("calls", "send_automatically")])
        .wants(&[("deals", "no_access"), ("calls", "read")]);
    for (protect, line) in
        [("opportunities", Some("deals")), ("deals", Some("deals")), ("email", None)]
    {
        let protect = format!("oauth_clients/Claude Connection/resources/{protect}");
        let found = blockers(&protect, bench.plan());
        let lines: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
        let line = line.map(|line| format!("oauth_clients/Claude Connection/resources/{line}"));
        assert_eq!(lines, line.as_deref().as_slice(), "{protect}");
    }
    let key = |resource: &str| scopeform::platform::trustpager::desired::DesiredKey::Custom {
        resources: tiers(&[(resource, "read")]),
        verbs: verbs(&[]),
        deliver: None,
    };
    let grants = scopeform::platform::trustpager::state::KeyGrants::Custom(
        crate::trustpager::fixture::list(&[("deals", "read"), ("contacts", "read")]),
    );
    let mut bench = Bench::new().key("nightly", grants).wants_key("nightly", key("contacts"));
    bench.desired.clients.remove(&client_name("Claude Connection"));
    assert!(bench.desired.keys.contains_key(&key_name("nightly")));
    assert_eq!(blockers("api_keys/*/resources/opportunities", bench.plan()).len(), 1);
}

#[test]
fn to_follow_a_rename_weakens_no_protection() {
    let renamed = loss::renamed(&renamed());
    let at = |key: &str| Address::of(&["sharepoint", "actions", key]);
    assert_eq!(renamed, [(at("get_page"), at("fetch_page"))]);
    let under = |name: &str| policy(Kind::Odeus, &format!("protect: [sharepoint/actions/{name}]"));
    for (before, after, gone) in [
        ("get_page", "fetch_page", 0),
        ("fetch_page", "get_page", 0),
        ("get_page", "get_page", 0),
        ("get_page", "get_list", 1),
    ] {
        let found = weakened(&under(before), &under(after), &renamed);
        assert_eq!(found.len(), gone, "{before} -> {after}: {found:?}");
        assert_eq!(
            weakened(&under(before), &under(after), &[]).len(),
            usize::from(before != after)
        );
    }
}

#[test]
fn a_protection_by_another_name_holds_to_the_end_and_is_said() {
    let lab = crm();
    let head = lab.read("scopeform.yaml").replace("contacts: read", "deals: no_access");
    let protect = "protect: [oauth_clients/Claude Connection/resources/opportunities]\n";
    lab.write("scopeform.yaml", &format!("{head}{protect}"));
    let made = lab.run("plan --out p.json").exits(4);
    let made =
        made.prints(&["blocker[protected] oauth_clients/Claude Connection/resources/deals: "]);
    assert!(!made.all().contains("protects-nothing"), "{}", made.all());
    let all = made.all();
    for part in [
        "[resource-renamed]",
        "is another name of `oauth_clients/Claude Connection/resources/deals`, and protects it",
    ] {
        assert!(all.contains(part), "{all}");
    }
    lab.run("apply --auto-approve").exits(4);
    lab.run("apply p.json").exits(4);
    // Also where the rule came after the plan.
    lab.write("scopeform.yaml", &head);
    lab.run("plan --out late.json").exits(0);
    lab.write("scopeform.yaml", &format!("{head}{protect}"));
    lab.run("apply late.json").types("yes\n").exits(4);
}
