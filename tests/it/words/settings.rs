//! Settings that let in what no right of today shows: they are rights of their own in every format.

use scopeform::apply::Adapter as _;
use scopeform::plan::consequence::Extent;
use scopeform::platform::odeus::adapter::Odeus;
use scopeform::render::json;
use serde_json::{Value, json as value};

use super::pages;
use crate::planner::harness::{plan, world};
use crate::samples;

const ON: &str = "actions that the vendor adds are on at once";
const OFF: &str = "actions that the vendor adds stay off until a line turns them on";
const CLIENT: &str = "a new OAuth client gets what people agree to";

fn document(made: &scopeform::plan::Plan) -> Value {
    let mut text = String::new();
    json::plan(&mut text, made, samples::DIGEST).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// One setting as rules and programs read it.
fn setting(address: &str, lets_in: &str) -> Value {
    value!({"kind": "setting", "address": address, "lets_in": lets_in})
}

#[test]
fn the_switch_for_new_actions_is_a_right_in_both_directions() {
    let switch = |on: bool| format!("new_actions_enabled_by_default: {on}");
    let address = "workspace/new_actions_enabled_by_default";
    for (wanted, words, short, side, class, tile) in [
        (true, ON, "new actions on at once", "widening", "w", "<b>▲ 1</b> setting lets more in"),
        (false, OFF, "new actions stay off", "narrowing", "n", "<b>▼ 1</b> setting lets less in"),
    ] {
        let made = plan(&switch(wanted), &world(&switch(!wanted)));
        let shown = pages(&made);
        shown.say(&format!("Privilege: no scope moves, {short}"));
        shown.say(words);
        shown.never_say("Privilege: unchanged");
        assert!(shown.html.contains(tile), "{}", shown.html);
        // The filters of the report go by these marks.
        let row = shown.html.lines().find(|line| line.contains(&format!("{words}</td>"))).unwrap();
        assert!(row.contains(&format!("data-k=\"{class}")), "{row}");
        let read = document(&made);
        let other = if wanted { "narrowing" } else { "widening" };
        assert_eq!(read["privilege_delta"][side][0]["right"], setting(address, "future_actions"));
        assert_eq!(
            read["privilege_delta"][side][0]["causes"],
            value!([{"kind": "declared", "address": address}])
        );
        assert_eq!(read["privilege_delta"][other], value!([]));
        assert_eq!(read["summary"]["settings_wider"], usize::from(wanted));
        assert_eq!(read["summary"]["settings_narrower"], usize::from(!wanted));
    }
}

#[test]
fn another_client_is_a_right_and_a_new_secret_is_none() {
    let sync = |client: &str| {
        format!("integrations: {{sharepoint: {{oauth: {{mode: sync, client: {{{client}}}}}}}}}")
    };
    let live = world(&format!("actions: nobody\n{}\n", sync("id: own, tenant: t1")));
    for other in ["id: evil, tenant: t1", "id: own, tenant: t2"] {
        let made = plan(&sync(other), &live);
        let shown = pages(&made);
        shown.say("Privilege: no scope moves, new OAuth client");
        shown.say(CLIENT);
        let read = document(&made);
        let wider = read["privilege_delta"]["widening"].as_array().unwrap();
        assert_eq!(wider.len(), 1, "{wider:?}");
        assert_eq!(wider[0]["right"], setting("sharepoint/oauth", "client"));
    }
    let secret = "id: own, tenant: t1, secret: {env: KEY, version: \"2\"}";
    pages(&plan(&sync(secret), &live)).say("Privilege: unchanged");
}

#[test]
fn apply_refuses_a_plan_that_keeps_a_setting_back() {
    let live = world("new_actions_enabled_by_default: false\nactions: nobody\n");
    let made = plan("new_actions_enabled_by_default: true", &live);
    let done = std::collections::BTreeSet::new();
    let does = Odeus::consequences(&made.bound, &done, &live, made.observed.today);
    assert_eq!(does.unsaid(&made.bound, Extent::Whole), []);
    let mut forged = made.bound;
    forged.privilege.changes.clear();
    let unsaid = does.unsaid(&forged, Extent::Whole);
    assert_eq!(
        unsaid.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!("workspace: + workspace/new_actions_enabled_by_default: {ON}")]
    );
}
