//! The plan as people and machines read it.

use scopeform::model::{Address, Cause, CauseKind, Direction, PrivilegeChange, Right};
use scopeform::plan::{Plan, Severity};
use scopeform::render::neutral::is_deceptive;
use scopeform::render::palette::Palette;
use scopeform::render::text::{self, Options};
use scopeform::render::{diff, json};
use serde_json::Value;

use crate::samples;

const PLAIN: Options<'static> =
    Options { palette: Palette::PLAIN, full: false, diff: false, apply_with: "", given: None };
const FULL: Options<'static> = Options { full: true, ..PLAIN };
const COLOUR: Options<'static> = Options { palette: Palette::ANSI, ..FULL };

fn plans() -> [(&'static str, Plan); 4] {
    [
        ("empty", samples::empty()),
        ("toggle", samples::toggle()),
        ("fixed", samples::fixed()),
        ("hostile", samples::hostile()),
    ]
}

fn as_text(plan: &Plan, options: Options<'_>) -> String {
    let mut text = String::new();
    text::plan(&mut text, plan, samples::DIGEST, options).unwrap();
    text
}

fn as_json(plan: &Plan) -> String {
    let mut text = String::new();
    json::plan(&mut text, plan, samples::DIGEST).unwrap();
    text
}

fn as_diff(plan: &Plan, palette: Palette) -> String {
    let mut text = String::new();
    diff::plan(&mut text, plan, palette).unwrap();
    text
}

#[test]
fn plans_read_from_the_top() {
    for (name, plan) in plans() {
        insta::assert_snapshot!(name, as_text(&plan, PLAIN));
    }
    insta::assert_snapshot!("fixed_full", as_text(&samples::fixed(), FULL));
}

#[test]
fn the_json_document_keeps_its_shape() {
    let version = format!("\"tool_version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    for (name, plan) in plans() {
        let text = as_json(&plan).replace(&version, "\"tool_version\": \"VERSION\"");
        insta::assert_snapshot!(format!("{name}_json"), text);
    }
}

#[test]
fn a_plan_is_followed_by_its_diff_where_that_is_asked_for() {
    let (with, without) = (Options { diff: true, ..PLAIN }, PLAIN);
    let (plan, empty) = (samples::toggle(), samples::empty());
    let diff = format!(
        "\nDiff: effective configuration, live and planned\n{}\nDigest: ",
        as_diff(&plan, Palette::PLAIN)
    );
    let text = as_text(&plan, with);
    assert_eq!(text.matches(&diff).count(), 1, "{text}");
    assert_eq!(text.replace(&diff, "\nDigest: "), as_text(&plan, without));
    assert_eq!(as_text(&empty, with), as_text(&empty, without));
}

#[test]
fn sections_keep_their_order() {
    let text = as_text(&samples::fixed(), PLAIN);
    let titles = [
        "Plan: ",
        "\nBlockers: ",
        "\nPrivilege\n",
        "\nBreakage: ",
        "\nPeople: ",
        "\nChanges: ",
        "\nFindings: ",
        "\nOperations: ",
        "\nLeft alone: ",
        "\nDigest: ",
        "\nApply: ",
    ];
    let places: Vec<_> = titles.iter().map(|t| text.find(t).expect(t)).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn the_first_ten_lines_hold_verdict_blocker_and_the_first_privilege() {
    let text = as_text(&samples::fixed(), PLAIN);
    let head: Vec<&str> = text.lines().take(12).collect();
    assert_eq!(
        head[0],
        "Plan: 4 changes in onedrive, sharepoint, workspace. Privilege: +2 scopes wider (Sites.Manage.All, Files.Read; 1 needs admin consent), -4 \
         narrower, 1 action opened to more people, 13 closed to some. Breaks 2 actions and 2 native features. 41 people must reconnect. 2 warnings. 1 blocker."
    );
    assert!(head.iter().any(|line| line.contains("action-missing-scope")));
    assert!(head.contains(&"Privilege"));
    assert_eq!(
        as_text(&samples::empty(), PLAIN).lines().next(),
        Some("No changes. acme is what the files ask for.")
    );
}

#[test]
fn an_unfulfillable_wish_without_changes_is_not_called_no_changes() {
    let mut plan = samples::empty();
    plan.bound.findings = samples::fixed()
        .bound
        .findings
        .into_iter()
        .filter(|f| f.severity == Severity::Blocker)
        .collect();
    let text = as_text(&plan, PLAIN);
    assert!(!text.contains("No changes."), "{text}");
    assert!(text.starts_with("Plan: nothing to change in acme. 1 blocker.\n"), "{text}");
    let document: Value = serde_json::from_str(&as_json(&plan)).unwrap();
    assert_eq!((&document["applyable"], &document["complete"]), (&false.into(), &false.into()));
}

#[test]
fn a_paste_list_is_whole_and_alone_on_its_line() {
    let mut plan = samples::fixed();
    let many = (0..300).map(|n| samples::scope(&format!("Some.Long.Scope.Name.{n:03}")));
    plan.bound.findings[0].paste = many.collect();
    let expected = plan.bound.findings[0].paste.to_string();
    let text = as_text(&plan, PLAIN);
    assert!(text.lines().any(|line| line == expected));
}

#[test]
fn names_are_cut_at_eight_and_whole_when_asked_for() {
    let plan = samples::toggle();
    let short = as_text(&plan, PLAIN);
    assert!(short.contains("user11@acme.example and 30 more"), "{short}");
    assert!(!short.contains("user41@acme.example"));
    let long = as_text(&plan, FULL);
    assert!(long.contains("user41@acme.example"), "{long}");
    assert!(long.contains("~ create_list: does not run -> group content-team"), "{long}");
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let plan = samples::hostile();
    for text in [
        as_text(&plan, PLAIN),
        as_text(&plan, FULL),
        as_json(&plan),
        as_diff(&plan, Palette::PLAIN),
    ] {
        for line in samples::without_ends_of_names(&text).lines() {
            assert!(!line.contains(is_deceptive), "{line:?}");
            assert!(!line.starts_with("! blocker[fake]"), "{line:?}");
        }
    }
    let round: Value = serde_json::from_str(&as_json(&plan)).unwrap();
    assert_eq!(round["endpoint"], samples::NASTY);
}

#[test]
fn colour_is_decoration() {
    for (name, plan) in plans() {
        let plain = as_text(&plan, FULL);
        assert!(!plain.contains('\u{1b}'), "{name}");
        let coloured = as_text(&plan, COLOUR);
        assert!(coloured.contains("\u{1b}["), "{name}");
        let mut stripped = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain, "{name}");
    }
}

#[test]
fn the_same_plan_gives_the_same_bytes_whatever_the_order_it_was_gathered_in() {
    for (name, plan) in plans() {
        let mut shuffled = plan.clone();
        let bound = &mut shuffled.bound;
        bound.changes.reverse();
        bound.privilege.changes.reverse();
        bound.breakage.reverse();
        bound.findings.reverse();
        let observed = &mut shuffled.observed;
        observed.people.reverse();
        observed.findings.reverse();
        observed.left_alone.reverse();
        observed.effective.reverse();
        observed.sources.reverse();
        assert_eq!(as_text(&plan, PLAIN), as_text(&plan, PLAIN), "{name}");
        assert_eq!(as_text(&plan, FULL), as_text(&shuffled, FULL), "{name}");
        assert_eq!(as_json(&plan), as_json(&shuffled), "{name}");
        assert_eq!(as_diff(&plan, Palette::PLAIN), as_diff(&shuffled, Palette::PLAIN), "{name}");
    }
}

#[test]
fn text_and_json_agree_on_counts() {
    for (name, plan) in plans() {
        let text = as_text(&plan, PLAIN);
        let document: Value = serde_json::from_str(&as_json(&plan)).unwrap();
        let summary = &document["summary"];
        assert_eq!(text.lines().next(), summary["verdict"].as_str(), "{name}");
        let said = match plan.is_empty() {
            true => "No changes. ".to_owned(),
            false => format!("Plan: {} changes in ", summary["change"]),
        };
        assert!(text.starts_with(&said), "{name}: {said}");
        let actions = |wanted: &str| {
            let all = document["resource_changes"].as_array().unwrap().iter();
            all.filter(|c| c["change"]["actions"][0] == wanted).count()
        };
        assert_eq!(summary["change"], actions("update"), "{name}");
        assert_eq!(summary["add"], actions("create"), "{name}");
        let of = |path: &str| document.pointer(path).unwrap().as_array().unwrap().len();
        let blockers = text.lines().filter(|l| l.starts_with("  ! blocker["));
        assert_eq!(summary["blockers"], blockers.count(), "{name}");
        assert_eq!(of("/operations"), plan.bound.operations.len(), "{name}");
        assert_eq!(
            of("/preconditions"),
            plan.bound.operations.len() + plan.bound.relied_on.len(),
            "{name}"
        );
    }
}

#[test]
fn what_does_not_exist_is_created_and_what_goes_is_deleted() {
    let mut plan = samples::toggle();
    plan.bound.changes[0].before = Value::Null;
    plan.bound.changes[1].after = Value::Null;
    let mut same = plan.bound.changes[0].clone();
    same.before = same.after.clone();
    same.catalog_change = true;
    plan.bound.changes.push(same);
    let text = as_text(&plan, PLAIN);
    assert!(text.contains("  + add     sharepoint/actions/create_list"), "{text}");
    assert!(text.contains("  - remove  sharepoint/actions/delete_list"), "{text}");
    assert!(text.starts_with("Plan: 2 changes (1 to add, 1 to remove) in sharepoint."), "{text}");
    let document: Value = serde_json::from_str(&as_json(&plan)).unwrap();
    let all = document["resource_changes"].as_array().unwrap();
    let actions: Vec<_> = all.iter().map(|c| c["change"]["actions"][0].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "no-op", "delete"]);
    assert_eq!(document["resource_drift"].as_array().unwrap().len(), 1);
}

#[test]
fn the_diff_names_both_sides() {
    insta::assert_snapshot!(as_diff(&samples::toggle(), Palette::PLAIN), @r"
    --- live/sharepoint
    +++ planned/sharepoint
    @@ -1,4 +1,4 @@
     access: everyone
     actions:
    -  create_list: nobody
    -  delete_list: everyone
    +  create_list: group content-team
    +  delete_list: nobody
    ");
    assert_eq!(as_diff(&samples::empty(), Palette::PLAIN), "");
}

#[test]
fn the_published_schema_is_the_one_we_write() {
    samples::check_schema("plan", &json::plan_schema());
    let validator = jsonschema::validator_for(&json::plan_schema()).unwrap();
    for (name, plan) in plans() {
        let document: Value = serde_json::from_str(&as_json(&plan)).unwrap();
        let errors: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let mut wrong = document.clone();
        wrong["format_version"] = "2.0".into();
        assert!(!validator.is_valid(&wrong), "{name}: another major version passes");
        wrong = document;
        wrong["resource_changes"] = serde_json::json!([{"change": {"actions": ["destroy"]}}]);
        assert!(!validator.is_valid(&wrong), "{name}: an unknown action passes");
    }
}

/// The privilege line of one scope, as the causes make it.
fn why(direction: Direction, causes: &[(CauseKind, &str)]) -> String {
    let mut plan = samples::toggle();
    let first = plan.bound.privilege.changes[0].clone();
    let causes = causes.iter().map(|(kind, address)| Cause {
        kind: *kind,
        address: (!address.is_empty())
            .then(|| Address::of(&["sharepoint", "actions"]).child(address)),
    });
    plan.bound.privilege.changes = vec![PrivilegeChange {
        direction,
        right: Right::Scope(samples::scope("S")),
        causes: causes.collect(),
        admin_consent: Some(false),
        level: None,
        access: None,
        doubt: None,
        ..first
    }];
    let text = as_text(&plan, PLAIN);
    let line = text.lines().find(|line| line.starts_with("    + S") || line.starts_with("    - S"));
    line.unwrap().trim().to_owned()
}

#[test]
fn every_scope_line_says_why() {
    use CauseKind as K;
    use Direction::{Narrowing, Widening};
    let rows: [(_, &[(K, &str)], _); 12] = [
        (Widening, &[(K::Action, "a")], "+ S  user consent  because a is turned on"),
        (
            Widening,
            &[(K::Action, "a"), (K::Action, "b")],
            "+ S  user consent  because a, b are turned on",
        ),
        (
            Widening,
            &[
                (K::Action, "a"),
                (K::Action, "b"),
                (K::Action, "c"),
                (K::Action, "d"),
                (K::Action, "e"),
            ],
            "+ S  user consent  because a, b, c and 2 more are turned on",
        ),
        (
            Widening,
            &[(K::NativeAction, "n"), (K::LiveAction, "l")],
            "+ S  user consent  because l, already on, needs it; native n needs it",
        ),
        (
            Widening,
            &[(K::BaseScope, "")],
            "+ S  user consent  because every connection requests it",
        ),
        (Widening, &[(K::FixedList, "")], "+ S  user consent  because the fixed list names it"),
        (Widening, &[(K::CatalogChange, "a")], "+ S  user consent  because the vendor changed a"),
        (
            Widening,
            &[(K::CatalogChange, "")],
            "+ S  user consent  because the vendor changed the catalogue",
        ),
        (
            Narrowing,
            &[(K::Action, "a"), (K::NoLongerNeeded, "")],
            "- S  user consent  because a is turned off; no enabled or shared action needs it any more",
        ),
        (
            Narrowing,
            &[(K::FixedList, ""), (K::LiveAction, "l"), (K::NativeAction, "n")],
            "- S  user consent  because the fixed list does not name it, although l is still on; native n needs it",
        ),
        (Narrowing, &[(K::BaseScope, "")], "- S  user consent  although every connection needs it"),
        (Narrowing, &[(K::Action, "")], "- S  user consent  because an action is turned off"),
    ];
    for (direction, causes, expected) in rows {
        assert_eq!(why(direction, causes), expected);
    }
}

#[test]
fn a_plan_that_moves_people_but_no_scope_says_so() {
    let mut plan = samples::toggle();
    plan.bound.privilege.changes.retain(|c| matches!(c.right, Right::Use { .. }));
    if let Right::Use { before, .. } = &mut plan.bound.privilege.changes[0].right {
        *before = "ana@acme.example".into();
    }
    plan.bound.privilege.changes[0].causes[0].kind = CauseKind::Shared;
    let text = as_text(&plan, PLAIN);
    let phrase = "Privilege: no scope moves, 1 action opened to more people, 1 closed to some";
    assert_eq!(text.matches(phrase).count(), 1, "{text}");
    assert!(text.contains("because it is shared with more people"), "{text}");
    assert!(text.contains("because it is turned off"), "{text}");
}

/// One privilege change of a unit: of a scope, or of who may use an action.
fn moves(unit: &str, direction: Direction, right: Right, kind: CauseKind) -> PrivilegeChange {
    let causes = [Cause { kind, address: None }].into_iter().collect();
    let unit = Address::of(&[unit]);
    PrivilegeChange {
        unit,
        direction,
        right,
        causes,
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    }
}

fn access(unit: &str, action: &str, before: &str, after: &str) -> Right {
    let address = Address::of(&[unit, "actions", action]);
    Right::Use { address, before: before.to_owned(), after: after.to_owned() }
}

#[test]
fn what_becomes_possible_is_read_before_what_stops() {
    use Direction::{Narrowing, Widening};
    let mut plan = samples::toggle();
    let declared = CauseKind::Declared;
    plan.bound.privilege.changes = vec![
        moves("a-closes", Narrowing, access("a-closes", "x", "everyone", "nobody"), declared),
        moves("b-opens", Widening, access("b-opens", "x", "nobody", "everyone"), declared),
        moves("c-drops", Narrowing, Right::Scope(samples::scope("S")), declared),
        moves("d-asks", Widening, Right::Scope(samples::scope("S")), declared),
        moves("e-asks", Widening, Right::Scope(samples::scope("T")), declared),
    ];
    let text = as_text(&plan, PLAIN);
    let units: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "Privilege")
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|unit| !unit.starts_with(' ')))
        .collect();
    assert_eq!(units, ["d-asks", "e-asks", "b-opens", "a-closes", "c-drops"]);
}

#[test]
fn actions_that_move_for_different_reasons_keep_them() {
    let mut plan = samples::toggle();
    let row = |action, kind| {
        moves("files", Direction::Narrowing, access("files", action, "everyone", "nobody"), kind)
    };
    plan.bound.privilege.changes = vec![
        row("copy", CauseKind::Declared),
        row("move", CauseKind::FixedList),
        row("zip", CauseKind::Declared),
    ];
    let text = as_text(&plan, PLAIN);
    assert!(text.contains("- copy, zip  everyone -> nobody  because the files say so\n"), "{text}");
    assert!(
        text.contains("- move       everyone -> nobody  because the fixed list does not name it\n"),
        "{text}"
    );
}

#[test]
fn each_reason_of_a_use_has_its_words() {
    use CauseKind::{AcceptedMissing, Action, Client, IntegrationAccess, NeededScope, Shared};
    use Direction::{Narrowing, Widening};
    let own = "actions/copy";
    let rows: [(_, &[(CauseKind, &str)], _); 10] = [
        (Widening, &[(Action, own)], "because it is turned on"),
        (Narrowing, &[(Action, own)], "because it is turned off"),
        (Widening, &[(Shared, own)], "because it is shared with more people"),
        (Narrowing, &[(Shared, own)], "because it is shared with fewer people"),
        (
            Widening,
            &[(Shared, own), (IntegrationAccess, "access")],
            "because it is shared with more people; the integration is opened to more people",
        ),
        (
            Narrowing,
            &[(IntegrationAccess, "access")],
            "because the integration is open to fewer people",
        ),
        (
            Widening,
            &[(NeededScope, "oauth/scopes/S"), (NeededScope, "oauth/scopes/T")],
            "because all its scopes are requested now",
        ),
        (Widening, &[(Client, "oauth")], "because the integration has an OAuth client now"),
        (Widening, &[(AcceptedMissing, own)], "because its missing scopes are accepted"),
        (Narrowing, &[(NeededScope, "oauth/scopes/S")], "because it lacks scopes"),
    ];
    for (direction, causes, why) in rows {
        let mut plan = samples::toggle();
        let mut moved = moves("files", direction, access("files", "copy", "x", "y"), Action);
        let cause = |(kind, below): &(CauseKind, &str)| Cause {
            kind: *kind,
            address: Some(Address::of(
                &std::iter::once("files").chain(below.split('/')).collect::<Vec<_>>(),
            )),
        };
        moved.causes = causes.iter().map(cause).collect();
        plan.bound.privilege.changes = vec![moved];
        let text = as_text(&plan, PLAIN);
        let line = text.lines().find(|line| line.contains("copy  ")).unwrap();
        assert!(line.ends_with(&format!("  {why}")), "{line}, not {why}");
    }
}
