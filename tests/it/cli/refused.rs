//! What is refused on TrustPager the moment a plan is applied: the same number and the same rights in every format.

use std::collections::BTreeSet;

use super::harness::Lab;
use crate::readme::copy;
use crate::report::structure::elements;

const DAY: &str = "--today 2026-11-22";

/// What one format says: how many rights refuse calls, and which.
type Said = (usize, BTreeSet<String>);

/// Of each sort of change one: what refuses, what only asks for approval, and what only opens.
const WORLD: &str = "\
kind: world
platform: trustpager
workspaces:
  crm:
    users: {olga@x.example: owner, max@x.example: member}
    oauth_clients:
      Alpha:
        resources: {contacts: write_with_approval, email: send_automatically}
        tokens: [{user: max@x.example, issued: 2026-01-05, last_used: 2026-11-01, requests: 7}]
      Beta: {resources: {contacts: write_with_approval}}
      Gamma: {resources: {contacts: write_with_approval}}
    api_keys:
      up: {resources: {contacts: write_with_approval}}
      down: {full_access: true}
      gone: {resources: {contacts: read, email: read}}
";

const HEAD: &str = "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n";

const WISH: &str = "\
oauth_clients:
  Alpha:
    resources: {contacts: read, email: send_with_approval}
    verbs: {calls: []}
    tokens: {holders: {users: [olga@x.example]}}
  Beta: {resources: {contacts: read}}
  Gamma: {resources: {contacts: read}}
api_keys:
  up: {full_access: true}
  down: {resources: {contacts: read}}
  gone: {revoke: SEC-1}
  new: {resources: {contacts: read}, deliver: {file: .scopeform/new.key}}
";

/// Returns the full address of what stands beside its unit under a shorter name.
fn address(unit: &str, name: &str) -> String {
    match name {
        "the key itself" => unit.to_owned(),
        name if name == unit => unit.to_owned(),
        name if name.contains('/') => format!("{unit}/{name}"),
        name => format!("{unit}/resources/{name}"),
    }
}

/// Returns the number in a title of breakage; a title that has none says that there are none.
fn number(title: &str) -> usize {
    if title == "nothing that is allowed today is refused" {
        return 0;
    }
    let rest = title.strip_prefix("calls that ").unwrap_or_else(|| panic!("{title}"));
    let (n, rest) = rest.split_once(' ').unwrap();
    let n = n.parse().unwrap();
    let verb = if n == 1 { "right allows" } else { "rights allow" };
    assert_eq!(rest, format!("{verb} today are refused at once"));
    n
}

/// Collects addresses, of which none is said twice.
fn once(all: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for one in all {
        assert!(set.insert(one.clone()), "{one} is said twice");
    }
    set
}

fn text(page: &str) -> Said {
    let (_, rest) = page.split_once("\nBreakage: ").unwrap_or_else(|| panic!("{page}"));
    let mut lines = rest.lines();
    let n = number(lines.next().unwrap());
    let mut all = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let cells: Vec<&str> =
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let ["! refused", units, rights] = cells[..] else { panic!("{line}") };
        for unit in units.split(", ") {
            all.extend(rights.split(", ").map(|right| address(unit, right)));
        }
    }
    (n, once(all))
}

/// Returns what stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn markdown(page: &str) -> Said {
    let Some((_, section)) = page.split_once("\n#### Breakage: ") else {
        assert!(page.contains("\nNothing that is allowed today is refused.\n"), "{page}");
        return (0, BTreeSet::new());
    };
    let (title, section) = section.split_once("\n\n").unwrap();
    let section = section.split("\n\n").next().unwrap();
    let mut all = Vec::new();
    for row in section.split("\n- ").map(|row| row.trim_start_matches("- ")) {
        let row = row.replace("\n  ", " ");
        let what = row.strip_prefix("**refused**: ").unwrap_or_else(|| panic!("{row}"));
        let (rights, units) = what.split_at(what.find(" in `").unwrap());
        let rights = match rights.starts_with("the key itself") {
            true => vec!["the key itself"],
            false => quoted(rights),
        };
        for unit in quoted(units) {
            all.extend(rights.iter().map(|right| address(unit, right)));
        }
    }
    (number(title), once(all))
}

fn json(document: &serde_json::Value) -> Said {
    let delta = &document["privilege_delta"];
    let all = [&delta["widening"], &delta["narrowing"]];
    let all = all.into_iter().flat_map(|list| list.as_array().unwrap());
    let refuses = all.filter(|change| change["refuses"].as_bool().unwrap());
    let addresses = refuses.map(|change| change["right"]["address"].as_str().unwrap().to_owned());
    let n = document["summary"]["rights_refused"].as_u64().unwrap();
    (usize::try_from(n).unwrap(), once(addresses))
}

fn html(page: &str) -> Said {
    let (mut section, mut unit, mut right) = (String::new(), String::new(), String::new());
    let (mut tile, mut title, mut all) = (None, None, Vec::new());
    for element in elements(page) {
        let class = element.attributes.get("class").map_or("", String::as_str);
        let text = element.text.trim();
        match element.name.as_str() {
            "section" => section = element.attributes["id"].clone(),
            "caption" => unit = text.to_owned(),
            "th" => right = text.to_owned(),
            "small" if section == "breakage" => title = Some(number(text)),
            "b" if section == "privilege" && class == "g b" && text == "✕ breaks" => {
                all.push(address(&unit, &right));
            }
            "li" if class.starts_with("tile") && text.contains(" break") => {
                let n = text.trim_start_matches("✕ ").split(' ').next().unwrap();
                tile = Some(n.parse().unwrap());
            }
            _ => {}
        }
    }
    assert_eq!(title, tile);
    (tile.unwrap(), once(all))
}

/// Plans anew for each format, since each keeps of a plan what it needs.
#[track_caller]
fn every_format_says(lab: &Lab, plan: &str, expected: &BTreeSet<String>) {
    let run = |flags: &str| lab.run(&format!("{plan} {DAY} {flags}")).exits(0);
    let said = [
        ("text", text(&run("--full").out)),
        ("markdown", markdown(&run("--format markdown").out)),
        ("json", json(&run("--json").json())),
        ("html", html(&run("--format html").out)),
    ];
    for (format, (n, all)) in said {
        assert_eq!(all, *expected, "{format}");
        assert_eq!(n, expected.len(), "{format}");
    }
    let verdict = run("").out.lines().next().unwrap().to_owned();
    let sentence = match expected.len() {
        0 => return assert!(!verdict.contains("refused"), "{verdict}"),
        1 => " Calls that 1 right allows today are refused at once.".to_owned(),
        n => format!(" Calls that {n} rights allow today are refused at once."),
    };
    assert!(verdict.contains(&sentence), "{verdict}");
}

fn these<const N: usize>(all: [&str; N]) -> BTreeSet<String> {
    all.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_format_counts_and_names_what_the_example_refuses() {
    let lab = Lab::new();
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/acme-crm");
    copy(&from, &lab.path("acme-crm"));
    let all = these([
        "api_keys/nightly export/resources/billing",
        "api_keys/old importer",
        "oauth_clients/Claude Connection/resources/billing",
        "oauth_clients/Claude Connection/resources/calls",
        "oauth_clients/Claude Connection/resources/phone",
        "oauth_clients/Claude Connection/tokens/tok_69d21eec40a4",
        "oauth_clients/Zapier/resources/email",
        "oauth_clients/Zapier/tokens/tok_47ef145b1fe1",
    ]);
    every_format_says(&lab, "plan acme-crm", &all);
}

/// A workspace on its first day, with these wishes.
fn wishing(wish: &str) -> Lab {
    let lab = Lab::with(&format!("{HEAD}{wish}"));
    lab.write("world.yaml", WORLD);
    lab
}

#[test]
fn every_format_counts_what_is_refused_and_nothing_else() {
    let lab = wishing(WISH);
    let tokens = lab.run("tokens list --json").exits(0).json();
    let token = tokens["tokens"][0]["id"].as_str().unwrap().to_owned();
    let mut all = these([
        "api_keys/down",
        "api_keys/gone",
        "api_keys/gone/resources/contacts",
        "api_keys/gone/resources/email",
        "oauth_clients/Alpha/resources/calls",
        "oauth_clients/Alpha/resources/contacts",
        "oauth_clients/Beta/resources/contacts",
        "oauth_clients/Gamma/resources/contacts",
    ]);
    all.insert(format!("oauth_clients/Alpha/tokens/{token}"));
    every_format_says(&lab, "plan", &all);
    // What is the same in several clients is said once.
    let page = lab.run(&format!("plan {DAY}")).exits(0).out;
    let alike = "\n  ! refused  oauth_clients/Beta, oauth_clients/Gamma  contacts\n";
    assert!(page.contains(alike), "{page}");
    let page = lab.run(&format!("plan {DAY} --format markdown")).exits(0).out;
    let alike = "- **refused**: `contacts`, **same in 2 clients**\n  in `oauth_clients/Beta`, `oauth_clients/Gamma`\n";
    assert!(page.contains(alike), "{page}");
    // What becomes full access refuses nothing, although no tier says any more what it may do.
    let page = lab.run(&format!("plan {DAY} --format html --target up")).exits(0).out;
    assert!(!page.contains("✕ breaks"), "{page}");
}

#[test]
fn one_right_is_one_and_none_is_said_to_be_none() {
    let lab = wishing("oauth_clients: {Beta: {resources: {contacts: read}}}\n");
    every_format_says(&lab, "plan", &these(["oauth_clients/Beta/resources/contacts"]));
    // It asks for approval where it did not, and refuses nothing.
    let lab = wishing("oauth_clients: {Alpha: {resources: {email: send_with_approval}}}\n");
    every_format_says(&lab, "plan", &BTreeSet::new());
    let page = lab.run(&format!("plan {DAY}")).exits(0).out;
    assert!(page.contains("1 tier narrower"), "{page}");
    // Where nothing changes there is nothing to say.
    let lab = wishing("oauth_clients: {Beta: {resources: {contacts: write_with_approval}}}\n");
    for flags in ["", "--format markdown", "--format html"] {
        let page = lab.run(&format!("plan {DAY} {flags}")).exits(0).out;
        assert!(!page.contains("is allowed today") && !page.contains(">Breakage<"), "{page}");
    }
}
