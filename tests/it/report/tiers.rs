//! Tiers in the report, cell by cell as an HTML parser reads them, held against what else says it: `explain access` before
//! and after an apply, `--format diff`, and the JSON plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::structure::{Element, elements};
use super::{EXAMPLES, TODAY, planned};
use crate::cli::harness::Lab;

/// What one resource allows: the tier, and the verbs beside it.
type May = (String, BTreeSet<String>);

fn may<'t>(tier: &str, verbs: impl IntoIterator<Item = &'t str>) -> May {
    (tier.trim().to_owned(), verbs.into_iter().map(|verb| verb.trim().to_owned()).collect())
}

/// Reads `send_with_approval + initiate`.
fn read(text: &str) -> May {
    let mut parts = text.split(" + ");
    may(parts.next().unwrap(), parts)
}

fn is(element: &Element, name: &str, class: &str) -> bool {
    let classes = element.attributes.get("class").map_or("", String::as_str);
    element.name == name && (class.is_empty() || classes.split(' ').any(|own| own == class))
}

/// Parts elements, which stand in document order, at each that `begins` something; what stands before the first is dropped.
fn parts(all: &[Element], begins: impl Fn(&Element) -> bool) -> Vec<&[Element]> {
    let starts: Vec<usize> = (0..all.len()).filter(|at| begins(&all[*at])).collect();
    let ends = starts.iter().skip(1).copied().chain([all.len()]);
    starts.iter().zip(ends).map(|(start, end)| &all[*start..end]).collect()
}

/// The units of a report with their addresses.
fn articles(page: &str) -> Vec<(String, Vec<Element>)> {
    let all = elements(page);
    let own = parts(&all, |element| is(element, "article", "unit"));
    let own = own.into_iter().map(|part| part.iter().take_while(|e| e.name != "section"));
    let parted = own.map(|part| {
        let part: Vec<&Element> = part.collect();
        let code = part.iter().find(|e| e.name == "code" && e.parents.iter().any(|p| p == "h3"));
        (code.unwrap().text.clone(), part)
    });
    parted.map(|(unit, part)| (unit, part.into_iter().map(copy).collect())).collect()
}

fn copy(element: &Element) -> Element {
    Element {
        name: element.name.clone(),
        attributes: element.attributes.clone(),
        text: element.text.clone(),
        parents: element.parents.clone(),
    }
}

/// The rows of the tables of a class in one unit, each with its cells in order.
fn rows<'e>(article: &'e [Element], class: &str) -> Vec<Vec<&'e [Element]>> {
    let mut found = Vec::new();
    for table in parts(article, |element| element.name == "table") {
        if !is(&table[0], "table", class) {
            continue;
        }
        for row in parts(table, |element| element.name == "tr") {
            let row: &[Element] = row;
            let end = row.iter().position(|element| element.name == "details");
            let row = &row[..end.unwrap_or(row.len())];
            let cells = parts(row, |element| element.name == "th" || element.name == "td");
            if cells.len() > 1 && cells.iter().any(|cell| cell[0].name == "td") {
                found.push(cells);
            }
        }
    }
    found
}

/// What each holder's token may do before and after, by client and holder: the resources of each list item.
type Holders = BTreeMap<(String, String), BTreeMap<String, (May, May)>>;

/// Reads the table of token holders of every client; a token that ends has no list.
fn holders(page: &str) -> (Holders, usize) {
    let mut all = Holders::new();
    let mut ends = 0;
    for (unit, article) in articles(page) {
        for cells in rows(&article, "holders") {
            let [user, _, _, what] = cells[..] else { panic!("{unit}: {} cells", cells.len()) };
            if what[0].text.starts_with("✕ revoked") {
                ends += 1;
                continue;
            }
            let own = all.entry((unit.clone(), user[0].text.clone())).or_default();
            for item in what.iter().filter(|element| element.name == "li") {
                let text = item.text.strip_suffix(" the role is narrower").unwrap_or(&item.text);
                let (resource, text) = text.split_once(' ').unwrap();
                let sides = match text.split_once(" → ") {
                    Some((before, after)) => (read(before), read(after)),
                    None => {
                        let stays = read(text.strip_suffix(" as before").unwrap());
                        (stays.clone(), stays)
                    }
                };
                assert!(own.insert(resource.to_owned(), sides).is_none(), "{}", item.text);
            }
        }
    }
    (all, ends)
}

/// What `explain access` says that a user's token may do, by resource.
fn explained(lab: &Lab, client: &str, user: &str) -> BTreeMap<String, May> {
    let run = lab
        .run(&format!("explain access --config examples/acme-crm --json --user {user} --client"));
    let document = run.arg(client).exits(0).json();
    let rows = document["resources"].as_array().unwrap();
    let row = |row: &Value| {
        let verbs = row["verbs"].as_array().unwrap().iter();
        let allowed = verbs.filter(|verb| verb["allowed"] == true);
        let verbs: Vec<&str> = allowed.map(|verb| verb["verb"].as_str().unwrap()).collect();
        (
            row["resource"].as_str().unwrap().to_owned(),
            may(row["effective"].as_str().unwrap(), verbs),
        )
    };
    rows.iter().map(row).collect()
}

#[test]
fn each_cell_of_a_holder_is_what_explain_access_says_before_and_after() {
    let (lab, page) = planned("acme-crm", "--format html --out a.plan");
    let (holders, ends) = holders(&page);
    assert_eq!(ends, 2);
    assert_eq!(holders.len(), 4, "{:?}", holders.keys());
    let look = || -> BTreeMap<_, _> {
        let each = holders.keys().map(|own| {
            let client = own.0.strip_prefix("oauth_clients/").unwrap();
            (own, explained(&lab, client, &own.1))
        });
        each.collect()
    };
    let before = look();
    lab.run("apply a.plan --config examples/acme-crm --auto-approve").exits(0);
    let after = look();
    for (own, cells) in &holders {
        let moved: BTreeSet<&String> = before[own]
            .iter()
            .filter(|(resource, may)| after[own][*resource] != **may)
            .map(|(resource, _)| resource)
            .collect();
        assert!(moved.iter().all(|resource| cells.contains_key(*resource)), "{own:?}: {moved:?}");
        assert!(!cells.is_empty(), "{own:?}");
        for (resource, (old, new)) in cells {
            assert_eq!(*old, before[own][resource], "{own:?} {resource} before");
            assert_eq!(*new, after[own][resource], "{own:?} {resource} after");
        }
    }
    // Somebody's role keeps a token where it is, and somebody else's does not.
    let vera = &holders[&("oauth_clients/Claude Connection".into(), "vera@acme.example".into())];
    assert!(vera.values().all(|(old, new)| old == new), "{vera:?}");
    let emil = &holders[&("oauth_clients/Claude Connection".into(), "emil@acme.example".into())];
    assert!(emil.values().all(|(old, new)| old != new), "{emil:?}");
}

#[test]
fn each_diff_in_the_report_is_what_the_format_diff_prints() {
    for example in EXAMPLES {
        let (lab, page) = planned(example, "--format html --out a.plan");
        let diff = lab.run("show a.plan --format diff").exits(0).out;
        let mut printed: Vec<String> = Vec::new();
        for line in diff.lines() {
            if line.starts_with("--- live/") || line == "--- /dev/null" {
                printed.push(String::new());
            }
            let unit = printed.last_mut().unwrap();
            unit.push_str(line);
            unit.push('\n');
        }
        let all = elements(&page);
        let folds = parts(&all, |element| is(element, "details", "diff"));
        let text = |fold: &&[Element]| fold.iter().find(|e| e.name == "pre").unwrap().text.clone();
        let mut shown: Vec<String> = folds.iter().map(text).collect();
        assert!(shown.len() > 3, "{example}");
        shown.sort();
        printed.sort();
        assert_eq!(shown, printed, "{example}");
    }
}

/// Reads where a slider stands.
fn slider(cell: &[Element]) -> May {
    let tier = cell.iter().find(|element| element.name == "code").unwrap();
    let tags = cell.iter().filter(|element| is(element, "span", "tag"));
    let verbs: Vec<&str> = tags.map(|tag| tag.text.strip_prefix("+ ").unwrap()).collect();
    may(&tier.text, verbs)
}

/// What the JSON plan says of each resource that moves, by unit: the tier and the verbs, where either moves.
fn said(plan: &Value) -> BTreeMap<(String, String), [BTreeMap<&'static str, Value>; 2]> {
    let mut all: BTreeMap<_, [BTreeMap<&str, Value>; 2]> = BTreeMap::new();
    for change in plan["resource_changes"].as_array().unwrap() {
        let unit = change["unit"].as_str().unwrap();
        let address = change["address"].as_str().unwrap();
        for (side, name) in ["before", "after"].into_iter().enumerate() {
            let value = &change["change"][name];
            for field in ["resources", "verbs"] {
                let prefix = format!("{unit}/{field}/");
                let mut push = |resource: &str, value: &Value| {
                    let own = all.entry((unit.to_owned(), resource.to_owned())).or_default();
                    own[side].insert(field, value.clone());
                };
                if let Some(resource) = address.strip_prefix(&prefix) {
                    push(resource, value);
                } else if let Some(map) = value[field].as_object().filter(|_| address == unit) {
                    map.iter().for_each(|(resource, value)| push(resource, value));
                }
            }
        }
    }
    all
}

#[test]
fn each_slider_stands_where_the_json_plan_says() {
    let (lab, page) = planned("acme-crm", "--format html --out a.plan");
    let plan = lab.run(&format!("plan examples/acme-crm --today {TODAY} --json")).exits(0).json();
    let said = said(&plan);
    let mut moved = BTreeSet::new();
    for (unit, article) in articles(&page) {
        for cells in rows(&article, "both") {
            let resource = cells[0][0].text.clone();
            let key = (unit.clone(), resource);
            let own = said.get(&key).unwrap_or_else(|| panic!("no change says {key:?}"));
            for (side, cell) in [cells[1], cells[2]].into_iter().enumerate() {
                let (tier, verbs) = slider(cell);
                // A key that a side does not name has no access there.
                let key_lacks = unit.starts_with("api_keys/").then(|| Value::from("no_access"));
                if let Some(said) = own[side].get("resources").or(key_lacks.as_ref()) {
                    assert_eq!(said.as_str(), Some(tier.as_str()), "{key:?} on side {side}");
                }
                if let Some(said) = own[side].get("verbs") {
                    let said = said.as_array().unwrap().iter().map(|verb| verb.as_str().unwrap());
                    assert_eq!(said.map(str::to_owned).collect::<BTreeSet<_>>(), verbs, "{key:?}");
                }
            }
            assert_ne!(slider(cells[1]), slider(cells[2]), "{key:?}");
            moved.insert(key);
        }
        for cells in rows(&article, "stay") {
            let key = (unit.clone(), cells[0][0].text.clone());
            let sides = said.get(&key).map(|own| own[0] == own[1]);
            assert!(sides.unwrap_or(true), "{key:?} moves");
        }
    }
    let names = |own: &[BTreeMap<&str, Value>; 2]| own[0] != own[1];
    let all = said.iter().filter(|(_, own)| names(own)).map(|(key, _)| key.clone());
    assert_eq!(moved, all.collect::<BTreeSet<_>>());
    assert_eq!(moved.len(), 9, "{moved:?}");
}
