//! What moves is told in one order in every format: what opens before what closes, scopes before settings, the gravest first.

use scopeform::model::{Address, Direction, LetsIn, PrivilegeChange, PrivilegeLevel, Right};
use scopeform::plan::Plan;
use scopeform::render::html;
use scopeform::render::markdown;
use scopeform::render::palette::Palette;
use scopeform::render::text::{self, Options};

use crate::samples;

fn as_text(plan: &Plan) -> String {
    let plain =
        Options { palette: Palette::PLAIN, full: false, diff: false, apply_with: "", given: None };
    let mut out = String::new();
    text::plan(&mut out, plan, samples::DIGEST, plain).unwrap();
    out
}

fn as_html(plan: &Plan) -> String {
    let mut out = String::new();
    html::plan(&mut out, plan, samples::DIGEST, "").unwrap();
    out
}

fn as_markdown(plan: &Plan) -> String {
    let options = markdown::Options { max_size: Some(usize::MAX), ..Default::default() };
    markdown::plan(plan, samples::DIGEST, options).unwrap()
}

fn empty() -> Plan {
    let mut plan = samples::empty();
    plan.observed.left_alone.clear();
    plan
}

fn moves(plan: &mut Plan, unit: &str, direction: Direction, right: Right, grave: (bool, u8)) {
    plan.bound.privilege.changes.push(PrivilegeChange {
        unit: Address::of(&[unit]),
        direction,
        right,
        causes: Vec::new(),
        admin_consent: Some(grave.0),
        level: Some(PrivilegeLevel(grave.1)),
        access: None,
        doubt: None,
    });
}

fn scope(name: &str) -> Right {
    Right::Scope(samples::scope(name))
}

/// Checks that these stand in the page, each for the first time behind the one before it. The verdict above names some too.
#[track_caller]
fn in_order(what: &str, page: &str, wanted: &[&str]) {
    let (_, page) = page.split_once("Privilege").unwrap_or_else(|| panic!("{what}:\n{page}"));
    let mut last = 0;
    for name in wanted {
        let at = page.find(name).unwrap_or_else(|| panic!("{what}: no {name} in\n{page}"));
        assert!(at > last, "{what}: {name} is too early in\n{page}");
        last = at;
    }
}

#[test]
fn scopes_stand_before_settings_and_the_gravest_first() {
    let mut plan = empty();
    let setting = |unit: &str| Right::Setting {
        address: Address::of(&[unit, "new_actions"]),
        lets_in: LetsIn::FutureActions,
    };
    use Direction::{Narrowing, Widening};
    moves(&mut plan, "aa", Narrowing, scope("Gone.Read"), (true, 4));
    for unit in ["bb", "cc", "dd"] {
        moves(&mut plan, unit, Widening, setting(unit), (false, 0));
    }
    moves(&mut plan, "cc", Widening, scope("Light.Read"), (false, 1));
    moves(&mut plan, "dd", Widening, scope("Also.Write"), (false, 3));
    moves(&mut plan, "dd", Widening, scope("Grave.All"), (true, 2));
    let set = "vendor adds";
    let told = as_markdown(&plan);
    in_order("markdown", &told, &["Grave.All", "Also.Write", "Light.Read", set, "Gone.Read"]);
    assert!(told.contains("**same in 3 integrations**"), "{told}");
    // Unit by unit: the one with the gravest scope first.
    for (what, page) in [("text", as_text(&plan)), ("html", as_html(&plan))] {
        in_order(what, &page, &["Grave.All", "Also.Write", set]);
        in_order(what, &page, &["Grave.All", "Light.Read", "Gone.Read"]);
    }
}

/// What ends in many places at once is long, and it is not what must be decided.
#[test]
fn what_opens_in_one_place_stands_before_what_closes_in_many() {
    let mut plan = empty();
    for unit in ["aa", "bb", "cc", "dd", "ee"] {
        for n in 0..10 {
            let gone = scope(&format!("Gone.{n}"));
            moves(&mut plan, unit, Direction::Narrowing, gone, (false, 1));
        }
    }
    moves(&mut plan, "zz", Direction::Widening, scope("Grave.All"), (true, 4));
    in_order("markdown", &as_markdown(&plan), &["Grave.All", "same in 5 integrations"]);
    in_order("text", &as_text(&plan), &["Grave.All", "5 integrations alike"]);
    in_order("html", &as_html(&plan), &["Grave.All", "Gone.0"]);
}
