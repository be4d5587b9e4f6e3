//! A page is never too long, and what is left out is the least important, whole, and counted.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scopeform::model::{Address, Cause, CauseKind, Direction, PrivilegeChange, Right, ScopeSet};
use scopeform::plan::policy::When;
use scopeform::plan::{
    Breakage, Change, Effective, Finding, LeftAlone, PeopleEffect, Plan, ReconnectReason, Severity,
};
use scopeform::render::markdown::TooSmall;
use serde_json::json;

use super::reader::read;
use super::{page, sized};
use crate::samples;

/// Names of one, two, three and four bytes per character, and one that has to be kept apart from Markdown.
const NAMES: &[&str] = &["list_files", "größe_ändern", "ファイル", "🦀🦀", "a`b``c", "@everyone"];

fn unit(n: usize) -> Address {
    Address::of(&[["excel", "teams", "büro", "🦀"][n % 4]])
}

fn action(u: usize, n: usize) -> Address {
    unit(u).child("actions").child(&format!("{}{}", NAMES[n % NAMES.len()], n / NAMES.len()))
}

/// So many of each kind of row, over so many units.
#[derive(Debug, Clone)]
struct Amounts {
    blockers: usize,
    scopes: usize,
    narrower: usize,
    breakage: usize,
    people: usize,
    warnings: usize,
    changes: usize,
    notes: usize,
    left: usize,
    diffs: usize,
    units: usize,
}

fn amounts() -> impl Strategy<Value = Amounts> {
    let few = || 0..6_usize;
    let many = || 0..25_usize;
    let rows = (few(), many(), few(), few(), few(), few());
    (rows, many(), few(), many(), 0..4_usize, 1..5_usize).prop_map(
        |(
            (blockers, scopes, narrower, breakage, people, warnings),
            changes,
            notes,
            left,
            diffs,
            units,
        )| {
            Amounts {
                blockers,
                scopes,
                narrower,
                breakage,
                people,
                warnings,
                changes,
                notes,
                left,
                diffs,
                units,
            }
        },
    )
}

fn plan_of(amounts: &Amounts) -> Plan {
    let mut plan = samples::empty();
    plan.observed.left_alone.clear();
    let units = amounts.units;
    let finding = |severity, n: usize| Finding {
        severity,
        code: "reconnect-required".into(),
        address: action(n % units, n / units),
        message: format!("`{}` needs somebody, see #{n}", NAMES[n % NAMES.len()]),
        help: if n.is_multiple_of(2) { String::new() } else { "ask @somebody".into() },
        paste: ScopeSet::new(),
    };
    let moved = |direction, n: usize| PrivilegeChange {
        unit: unit(n % units),
        direction,
        right: Right::Scope(samples::scope(&format!("Scope.{}", n / units))),
        causes: vec![Cause { kind: CauseKind::Declared, address: None }],
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    };
    plan.bound.findings.extend((0..amounts.blockers).map(|n| finding(Severity::Blocker, n)));
    plan.bound.findings.extend((0..amounts.warnings).map(|n| finding(Severity::Warning, n)));
    plan.bound.findings.extend((0..amounts.notes).map(|n| finding(Severity::Note, n)));
    let changes = &mut plan.bound.privilege.changes;
    changes.extend((0..amounts.scopes).map(|n| moved(Direction::Widening, n)));
    changes.extend((0..amounts.narrower).map(|n| moved(Direction::Narrowing, 100 + n)));
    plan.bound.breakage = (0..amounts.breakage)
        .map(|n| Breakage::WillNotRun {
            address: action(n % units, n / units),
            missing: samples::scopes("A B"),
        })
        .collect();
    plan.observed.people = (0..amounts.people.min(units))
        .map(|n| PeopleEffect {
            unit: unit(n),
            must_reconnect: (0..=n).map(|n| format!("user{n}@acme.example")).collect(),
            already: std::collections::BTreeSet::new(),
            reason: ReconnectReason::NewScopes,
            still_hold: Vec::new(),
            connected: 9,
        })
        .collect();
    plan.bound.changes = (0..amounts.changes)
        .map(|n| Change {
            address: action(n % units, n / units),
            kind: "odeus_action".into(),
            unit: unit(n % units),
            declared_at: action(n % units, n / units),
            before: json!("nobody"),
            after: json!("everyone"),
            catalog_change: n.is_multiple_of(3),
        })
        .collect();
    plan.observed.left_alone = (0..amounts.left)
        .map(|n| LeftAlone::fact(unit(n % units), format!("{} actions on", n / units)))
        .collect();
    plan.observed.effective = (0..amounts.diffs.min(units))
        .map(|n| Effective {
            unit: unit(n),
            before: format!("access: everyone\n```\n{}\n", "x\n".repeat(n * 40)),
            after: "access: nobody\n".into(),
        })
        .collect();
    plan
}

/// One row as it stands on a page: below which title, its lines, and how many things it says it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    rank: usize,
    text: String,
    things: usize,
}

const RANKS: [&str; 14] = [
    "blocker",
    "approval rule",
    "widening",
    "breakage",
    "effect on people",
    "narrowing",
    "warning",
    "further effect on people",
    "detail",
    "change",
    "single reason",
    "note",
    "place left alone",
    "diff",
];

fn rank_of(title: &str, line: &str) -> usize {
    let first = title.split([':', ' ']).next().unwrap();
    let word = match first {
        "Blockers" => "blocker",
        "Privilege" if line.starts_with("- **+**") => "widening",
        "Privilege" => "narrowing",
        "Privilege," if line.contains(" -> ") => "detail",
        "Privilege," => "single reason",
        "Breakage" => "breakage",
        "People" => "effect on people",
        "Warnings" => "warning",
        "Changes" => "change",
        "Notes" => "note",
        "Left" => "place left alone",
        "Diff" => "diff",
        other => panic!("{other}"),
    };
    RANKS.iter().position(|known| *known == word).unwrap()
}

/// Reads the rows of a page by its lines alone.
fn rows(page: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut title = String::new();
    let mut fence = String::new();
    for line in page.lines() {
        if !fence.is_empty() {
            let row = rows.last_mut().unwrap();
            row.text.push_str(line);
            row.text.push('\n');
            if line == fence {
                fence.clear();
            }
        } else if let Some(name) = line.strip_prefix("#### ") {
            title = name.to_owned();
        } else if let Some(name) = line.strip_prefix("<details><summary>") {
            title = name.to_owned();
        } else if line.starts_with("- ") {
            let things = line
                .split("same in ")
                .nth(1)
                .map_or(1, |rest| rest.split(' ').next().unwrap().parse().unwrap());
            rows.push(Row { rank: rank_of(&title, line), text: line.to_owned(), things });
        } else if line.starts_with("  ") {
            rows.last_mut().unwrap().text.push_str(line);
        } else if let Some(ticks) = line.strip_suffix("diff").filter(|t| t.starts_with("```")) {
            fence = ticks.to_owned();
            rows.push(Row { rank: rank_of(&title, line), text: title.clone(), things: 1 });
        }
    }
    assert!(fence.is_empty(), "a fence is open:\n{page}");
    rows
}

/// Reads `17 more are not shown: 12 changes, 5 notes. ...`.
fn left_out(page: &str) -> BTreeMap<usize, usize> {
    let Some(line) = page.lines().find(|line| line.contains("not shown**: ")) else {
        return BTreeMap::new();
    };
    let (all, rest) = line.split_once(" more ").unwrap();
    let all: usize = all.trim_start_matches('*').parse().unwrap();
    let list = rest.split_once("**: ").unwrap().1.split(". ").next().unwrap();
    let counts: BTreeMap<usize, usize> = list
        .split(", ")
        .map(|part| {
            let (n, words) = part.split_once(' ').unwrap();
            let n: usize = n.parse().unwrap();
            let one = match words {
                "further effects on people" => "further effect on people",
                "effects on people" => "effect on people",
                "places left alone" => "place left alone",
                words if n == 1 => words,
                words => words.strip_suffix('s').unwrap(),
            };
            (RANKS.iter().position(|known| *known == one).unwrap(), n)
        })
        .collect();
    assert_eq!(counts.values().sum::<usize>(), all, "{line}");
    counts
}

/// Everything that holds of a page of at most `limit` bytes, given the page that has no limit.
#[track_caller]
fn lawful(text: &str, limit: usize, whole: &[Row]) -> Vec<Row> {
    assert!(text.len() <= limit, "{} of {limit}", text.len());
    assert!(text.encode_utf16().count() <= limit);
    read(text);
    let shown = rows(text);
    let out = left_out(text);
    // Every row is one of all rows, in their order.
    let mut rest = whole.iter();
    for row in &shown {
        assert!(rest.any(|known| known == row), "{row:?} is no row, or out of order:\n{text}");
    }
    // Nothing is shown that matters less than something that is not.
    if let Some(best) = out.keys().next() {
        assert!(shown.iter().all(|row| row.rank <= *best), "{out:?}\n{text}");
    }
    // What is shown and what is not is all there is.
    let mut all: BTreeMap<usize, usize> = out;
    for row in &shown {
        *all.entry(row.rank).or_default() += row.things;
    }
    let mut expected: BTreeMap<usize, usize> = BTreeMap::new();
    for row in whole {
        *expected.entry(row.rank).or_default() += row.things;
    }
    assert_eq!(all, expected, "{text}");
    shown
}

/// How many things of each rank the plan holds, whatever the renderer says.
fn there(plan: &Plan) -> BTreeMap<usize, usize> {
    let of = |severity| plan.findings().filter(|f| f.severity == severity).count();
    let counts = [
        of(Severity::Blocker),
        0,
        plan.bound.privilege.widening().count(),
        plan.bound.breakage.len(),
        plan.observed.people.len(),
        plan.bound.privilege.narrowing().count(),
        of(Severity::Warning),
        0,
        // Details and single reasons are there where much moves alike in more units than these plans have.
        0,
        plan.bound.changes.len(),
        0,
        of(Severity::Note),
        plan.observed.left_alone.len(),
        plan.observed.effective.len(),
    ];
    counts.into_iter().enumerate().filter(|(_, n)| *n > 0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_page_fits_and_says_what_it_lacks(amounts in amounts(), limits in prop::collection::vec(0..12_000_usize, 1..6)) {
        let plan = plan_of(&amounts);
        let full = page(&plan);
        let whole = rows(&full);
        let mut counted: BTreeMap<usize, usize> = BTreeMap::new();
        for row in &whole {
            *counted.entry(row.rank).or_default() += row.things;
        }
        prop_assert_eq!(counted, there(&plan), "{}", full);
        prop_assert_eq!(lawful(&full, full.len(), &whole).len(), whole.len());
        let mut limits = limits;
        limits.extend([full.len(), full.len() - 1, full.len() + 1]);
        limits.sort_unstable();
        let mut before: Vec<Row> = Vec::new();
        for limit in limits {
            match sized(&plan, limit) {
                Err(TooSmall { needs }) => {
                    prop_assert!(limit < needs);
                    let least = sized(&plan, needs).unwrap();
                    prop_assert_eq!(least.len(), needs);
                    prop_assert!(lawful(&least, needs, &whole).is_empty());
                    prop_assert_eq!(sized(&plan, needs - 1), Err(TooSmall { needs }));
                }
                Ok(text) => {
                    let shown = lawful(&text, limit, &whole);
                    // What a smaller page showed is still there.
                    prop_assert!(before.iter().all(|row| shown.contains(row)), "{}", text);
                    // Exactly as long as it is, it is the same.
                    prop_assert_eq!(sized(&plan, text.len()), Ok(text.clone()));
                    prop_assert!(sized(&plan, text.len() - 1).map_or(true, |less| less != text));
                    before = shown;
                }
            }
        }
    }
}

#[test]
fn the_least_important_goes_first() {
    let amounts = Amounts {
        blockers: 1,
        scopes: 1,
        narrower: 1,
        breakage: 1,
        people: 1,
        warnings: 1,
        changes: 1,
        notes: 1,
        left: 1,
        diffs: 1,
        units: 1,
    };
    let plan = plan_of(&amounts);
    let full = page(&plan);
    let mut gone: Vec<usize> = Vec::new();
    for limit in (0..full.len()).rev() {
        let Ok(text) = sized(&plan, limit) else { break };
        let out = left_out(&text);
        for rank in out.keys() {
            if !gone.contains(rank) {
                gone.push(*rank);
            }
        }
    }
    assert_eq!(gone, [13, 12, 11, 9, 6, 5, 4, 3, 2, 0]);
    let least = sized(&plan, sized(&plan, 0).unwrap_err().needs).unwrap();
    assert!(least.contains("**Plan: 1 change in `excel`. "), "{least}");
    assert!(least.contains("**10 more are not shown**: 1 blocker, 1 widening, "), "{least}");
}

/// Of what many units share first the reasons go and then which things they are; of people first those behind the first few;
/// and last who must agree.
#[test]
fn what_is_summed_up_goes_before_what_sums_it_up() {
    let mut plan = samples::empty();
    plan.observed.left_alone.clear();
    for n in 0..30 {
        let unit = Address::of(&[&format!("unit-{n:02}")]);
        let moved = |right, kind| PrivilegeChange {
            unit: unit.clone(),
            direction: Direction::Narrowing,
            right,
            causes: vec![Cause { kind, address: None }],
            admin_consent: None,
            level: None,
            access: None,
            doubt: None,
        };
        let used = Right::Use {
            address: unit.child("actions").child("list"),
            before: "everyone".into(),
            after: "nobody".into(),
        };
        let changes = &mut plan.bound.privilege.changes;
        let why = [CauseKind::Declared, CauseKind::NoLongerNeeded][n % 2];
        changes.push(moved(Right::Scope(samples::scope("Scope.All")), why));
        changes.push(moved(used, CauseKind::Declared));
        plan.observed.people.push(PeopleEffect {
            unit: unit.clone(),
            must_reconnect: vec![format!("user{n:02}@acme.example")],
            already: std::collections::BTreeSet::new(),
            reason: ReconnectReason::NewScopes,
            still_hold: Vec::new(),
            connected: 9,
        });
    }
    super::under_a_rule(&mut plan, When::Narrowing);
    let full = page(&plan);
    let mut gone: Vec<&str> = Vec::new();
    for limit in (0..full.len()).rev().step_by(40) {
        let Ok(text) = sized(&plan, limit) else { break };
        for rank in left_out(&text).into_keys().rev() {
            if !gone.contains(&RANKS[rank]) {
                gone.push(RANKS[rank]);
            }
        }
    }
    let order = [
        "single reason",
        "detail",
        "further effect on people",
        "narrowing",
        "effect on people",
        "approval rule",
    ];
    assert_eq!(gone, order, "{full}");
}

#[test]
fn ten_thousand_changes_take_no_longer_than_their_number() {
    let amounts = Amounts {
        blockers: 2,
        scopes: 50,
        narrower: 5,
        breakage: 4,
        people: 4,
        warnings: 5,
        changes: 10_000,
        notes: 50,
        left: 500,
        diffs: 4,
        units: 4,
    };
    let plan = plan_of(&amounts);
    let full = page(&plan);
    assert!(full.len() > 200_000, "{}", full.len());
    let whole = rows(&full);
    for limit in [65_535, 65_536, 65_537] {
        let text = sized(&plan, limit).unwrap();
        let shown = lawful(&text, limit, &whole);
        assert!(shown.iter().any(|row| RANKS[row.rank] == "change"), "no change is shown");
        assert!(text.len() > limit - 200, "{}", text.len());
    }
}
