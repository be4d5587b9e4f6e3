//! Ten thousand actions in one report: it grows with what there is, and a filter costs one layout.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::date;
use scopeform::model::{Access, ActionKey, IntegrationKey, Scope, ScopeSet};
use scopeform::plan::Plan;
use scopeform::platform::odeus::catalog::{Action, ActionKind, Auth, Integration};
use scopeform::platform::odeus::desired::{
    Desired, DesiredAction, DesiredIntegration, DesiredOauth, Unlisted,
};
use scopeform::platform::odeus::event::first_state;
use scopeform::platform::odeus::planner::{Inputs, plan};
use scopeform::platform::odeus::state::{
    Deployment, Directory, LiveIntegration, Settings, Snapshot,
};
use serde_json::{Value, json};

use super::browser::Browser;
use super::page;
use crate::cli::harness::Lab;

fn scope(n: usize) -> Scope {
    Scope::try_from(format!("Resource{n}.ReadWrite.All")).unwrap()
}

fn integration(n: usize, actions: usize) -> Integration {
    let actions = (0..actions).map(|a| {
        let key = ActionKey::try_from(format!("action_{a}")).unwrap();
        let action = Action {
            key: key.clone(),
            name: format!("Action {a}"),
            description: String::new(),
            kind: ActionKind::Action,
            required_scopes: ScopeSet::from_iter([scope(a / 3), scope(a / 5 + 1)]),
            native: a % 20 == 19,
            features: BTreeSet::new(),
            degraded_without: ScopeSet::new(),
            renamed_from: BTreeSet::new(),
        };
        (key, action)
    });
    Integration {
        key: IntegrationKey::try_from(format!("integration-{n:03}")).unwrap(),
        name: format!("Integration {n}"),
        provider: "microsoft".to_owned(),
        auth: Auth::Oauth,
        managed_client: true,
        scope_management: true,
        base_scopes: ScopeSet::from_iter([Scope::try_from("offline_access").unwrap()]),
        actions: actions.collect(),
    }
}

/// A plan that turns off every second of so many actions of so many integrations.
fn large(integrations: usize, actions: usize) -> Plan {
    let settings =
        Settings { new_actions_enabled_by_default: false, deployment: Deployment::MultiTenant };
    let mut live = BTreeMap::new();
    let mut wishes = BTreeMap::new();
    for n in 0..integrations {
        let facts = integration(n, actions / integrations);
        let named = facts.actions.values().filter(|action| !action.native).enumerate();
        let named = named.map(|(n, action)| {
            let access = if n % 2 == 0 { Access::Nobody } else { Access::Everyone };
            (action.key.clone(), DesiredAction { access, accept_missing_scopes: None })
        });
        let wish = DesiredIntegration {
            oauth: Some(DesiredOauth::Managed),
            unlisted_actions: Unlisted::Keep,
            actions: named.collect(),
            ..DesiredIntegration::default()
        };
        wishes.insert(facts.key.clone(), wish);
        let state = first_state(&facts, &settings, &Access::Everyone);
        let own = LiveIntegration { facts: Arc::new(facts), state, revision: "1".to_owned() };
        live.insert(own.facts.key.clone(), own);
    }
    let snapshot = Snapshot {
        workspace: "large".try_into().unwrap(),
        settings,
        settings_revision: "1".to_owned(),
        directory: Directory { users: BTreeMap::new(), groups: BTreeMap::new() },
        integrations: live,
        connections: Vec::new(),
    };
    let desired = Desired {
        workspace: snapshot.workspace.clone(),
        new_actions_enabled_by_default: None,
        integrations: wishes,
    };
    let inputs = Inputs {
        today: date(2026, 11, 22),
        endpoint: "embedded",
        reads: 5,
        sources: Vec::new(),
        only: None,
        both_sides: true,
    };
    plan(&desired, &snapshot, inputs).0.unwrap()
}

/// Counts layouts and style passes that the browser has made.
#[track_caller]
fn passes(browser: &Browser) -> (u64, u64) {
    let metrics = browser.cdp("Performance.getMetrics", &json!({}));
    let metrics = metrics["metrics"].as_array().unwrap().clone();
    let metric = |name: &str| {
        let found = metrics.iter().find(|metric| metric["name"] == name).unwrap();
        format!("{:.0}", found["value"].as_f64().unwrap()).parse::<u64>().unwrap()
    };
    (metric("LayoutCount"), metric("RecalcStyleCount"))
}

/// Does something to the controls and returns the milliseconds until the script was done and until it was drawn. For
/// people to read, `--nocapture`; what is asserted is how often the browser had to lay out.
#[track_caller]
fn measured(browser: &Browser, what: &str, change: &str) -> (Value, (u64, u64)) {
    let before = passes(browser);
    let took = browser.run_async(&format!(
        "const done = arguments[arguments.length - 1];
         const tools = document.getElementById('tools');
         const begun = performance.now();
         {change};
         requestAnimationFrame(() => {{
           const scripted = performance.now() - begun;
           requestAnimationFrame(() => setTimeout(() => done([scripted, performance.now() - begun]), 0));
         }});"
    ));
    let after = passes(browser);
    let counted = (after.0 - before.0, after.1 - before.1);
    println!("{what}: {took} ms, layouts and style passes {counted:?}");
    (took, counted)
}

#[test]
fn ten_thousand_actions_stay_fluid() {
    let browser = Browser::start();
    browser.cdp("Performance.enable", &json!({}));
    let mut sizes = Vec::new();
    // Two shapes: many integrations, and one that has everything.
    for (integrations, actions) in [(20, 1_000), (200, 10_000), (1, 10_000)] {
        let page = page(&large(integrations, actions));
        let lab = Lab::new();
        lab.write("report.html", &page);
        browser.open(&lab.path("report.html"));
        let loaded = browser.run(
            "const t = performance.getEntriesByType('navigation')[0]; \
             return [t.domInteractive, t.loadEventEnd];",
        );
        let nodes = browser.run("return document.querySelectorAll('*').length;");
        let nodes = usize::try_from(nodes.as_u64().unwrap()).unwrap();
        println!(
            "{integrations} x {actions}: {} bytes, {nodes} elements, loaded {loaded} ms",
            page.len()
        );
        sizes.push((page.len(), nodes));
        let set = |value: &str| format!("tools.querySelector(\"[value='{value}']\").click()");
        let type_in = |text: &str| {
            format!(
                "const q = document.getElementById('q'); q.value = '{text}'; \
                 q.dispatchEvent(new Event('input', {{ bubbles: true }}))"
            )
        };
        for (what, change) in [
            ("narrows", set("n")),
            ("everything", set("")),
            ("search for one", type_in("action_17 ")),
            ("search for nothing", type_in("no such thing")),
            ("clear", type_in("")),
        ] {
            let (_, (layouts, styles)) = measured(&browser, what, &change);
            // One for the change, and what the frames around it need; not one for each row.
            assert!(
                layouts <= 12 && styles <= 16,
                "{what}: {layouts} layouts, {styles} style passes"
            );
        }
        assert!(browser.log("browser").is_empty());
    }
    let [(small, few), (large, many), _] = sizes[..] else { panic!("{sizes:?}") };
    // Ten times the actions are ten times the page, and no more.
    assert!(large < small * 11 && many < few * 11, "{sizes:?}");
    assert!(many < 10_000 * 30, "{many} elements for 10,000 actions");
}
