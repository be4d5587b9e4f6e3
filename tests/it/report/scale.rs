//! Ten thousand actions in one report: it grows with what there is, and a filter costs one layout.

use scopeform::plan::Plan;
use scopeform::platform::odeus::planner::plan;
use serde_json::{Value, json};

use super::browser::Browser;
use super::page;
use crate::cli::harness::Lab;
use crate::large;

/// A plan that turns off every second of so many actions of so many integrations.
fn large(integrations: usize, actions: usize) -> Plan {
    let snapshot = large::snapshot(actions, integrations, 0);
    plan(&large::wishes(&snapshot, true), &snapshot, large::inputs(true)).0.unwrap()
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
