//! What Rego rules say of a plan from a snapshot: exactly what they say of the live plan, also about people whom no file
//! names, since the domains and names that the rules compare them with are found again.

use std::collections::{BTreeMap, BTreeSet};

use scopeform::model::UserId;
use scopeform::platform::trustpager::name::ClientName;
use scopeform::snapshot::{Names, read};
use serde_json::Value;

use super::bytes;
use crate::cli::harness::{Lab, git};
use crate::rego::shipped;

/// Nobody but Ana, Olga and Gil is ever named in a configuration below.
const ODEUS: &str = "\
kind: world
workspaces:
  acme:
    rollout: [entra, onedrive]
    users:
      ana@acme.example: admin
      ben@acme.example: member
      cleo@acme.example: member
      dora@guest.example: member
      gil@guest.example: member
      hugo@labs.example: member
      pia@partner.example: member
    groups:
      team: [ben@acme.example]
      labs: [ben@acme.example, hugo@labs.example]
      mixed: [ben@acme.example, gil@guest.example]
      partly: [pia@partner.example]
      watched: [cleo@acme.example]
      Guests: [ben@acme.example]
    actions: nobody
";

const CRM: &str = "\
kind: world
platform: trustpager
workspaces:
  acme:
    users:
      olga@acme.example: owner
      max@acme.example: member
      cleo@acme.example: member
      gil@guest.example: member
      hugo@labs.example: member
    oauth_clients:
      Helper:
        resources: {contacts: read, email: read, tasks: read}
        tokens:
          - {user: max@acme.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
          - {user: hugo@labs.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
      Partner:
        resources: {contacts: read, tasks: read}
        tokens:
          - {user: gil@guest.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
      Watched:
        resources: {tasks: read}
        tokens:
          - {user: cleo@acme.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
      Undeclared:
        resources: {tasks: read}
";

/// Rules about people by their names, of which one stands in the data and two in the rules, one as a pattern.
const PEOPLE: &str = r#"package people

import rego.v1

deny contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	some group in change.change.after.groups
	some user in input.groups[group]
	watched(user)
	msg := sprintf("%s would be shared with %s, who is watched", [change.address, user])
}

deny contains {"msg": msg, "address": tokens.unit} if {
	some tokens in input.tokens
	some list in [tokens.changed, tokens.unchanged]
	some holder in list
	watched(holder.user)
	msg := sprintf("%s is held by %s, who is watched", [tokens.unit, holder.user])
}

watched(user) if {
	some name in data.people.watched
	lower(name) == lower(user)
}

watched(user) if user == "dora@guest.example"

watched(user) if regex.match("^[^@]+@partner\\.example$", user)
"#;

/// A folder with the shipped rules, with domains of the organisation written in two ways, and `more` files.
pub(crate) fn under(platform: &str, wishes: &str, more: &[(&str, &str)]) -> Lab {
    let lab = Lab::with(&format!(
        "version: 1\nplatform: {platform}\nworkspace: acme\nendpoint: embedded\nrego: [policies/*.rego, policies/*.json]\n{wishes}"
    ));
    lab.write("world.yaml", if platform == "odeus" { ODEUS } else { CRM });
    for (path, text) in shipped() {
        let text = text.replace("[\"acme.example\"]", "[\"Acme.example\", \"labs.example\"]");
        lab.write(&format!("policies/{}", path.display()), &text);
    }
    for (name, text) in more {
        lab.write(name, text);
    }
    lab
}

/// Severity, code, address and message of what the rules say.
fn said(plan: &Value, names: &BTreeMap<String, String>) -> BTreeSet<String> {
    let findings = plan["findings"].as_array().unwrap().iter();
    let line = |finding: &Value| {
        let part = |name: &str| finding[name].as_str().unwrap().to_owned();
        let message = renamed(&part("message"), names);
        format!("{} {} {}: {message}", part("severity"), part("code"), part("address"))
    };
    findings.map(line).collect()
}

/// A text with each name replaced by what stands for it.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let part_of_a_name = |c: char| c.is_alphanumeric() || "@.-".contains(c);
    let mut out = String::new();
    for piece in text.split_inclusive(|c| !part_of_a_name(c)) {
        let word = piece.trim_end_matches(|c| !part_of_a_name(c));
        out.push_str(names.get(word).map_or(word, String::as_str));
        out.push_str(piece.strip_prefix(word).unwrap());
    }
    out
}

/// What the snapshot's plan shows for each of the people who are `unnamed`, where these `domains` are written somewhere.
fn pseudonyms(lab: &Lab, unnamed: &[&str], domains: &[&str]) -> BTreeMap<String, String> {
    let (taken, _) = read(lab.read("s.json").as_bytes()).unwrap();
    let people: BTreeSet<UserId> = unnamed.iter().map(|name| (*name).try_into().unwrap()).collect();
    let book = taken.pseudonyms.book(&Names { people, ..Names::default() }).unwrap();
    let shown = |name: &&str| {
        let is = book.person(&(*name).try_into().unwrap()).unwrap().to_string();
        let domain = name.split_once('@').unwrap().1;
        match is.split_once('@') {
            Some((head, _)) if domains.contains(&domain) => format!("{head}@{domain}"),
            _ => is,
        }
    };
    unnamed.iter().map(|name| ((*name).to_owned(), shown(name))).collect()
}

/// Checks that a plan from a snapshot is the live plan: byte by byte under the same names, and otherwise but for the names.
/// Returns each rule that says something, and at which address.
#[track_caller]
fn alike(lab: &Lab, args: &str, unnamed: &[&str], domains: &[&str]) -> Vec<(String, String)> {
    lab.run("snapshot --out s.json").exits(0);
    let plan = |with: &str| {
        let line = format!("plan --today 2026-11-22 {with} {args} --json");
        let done = lab.run(&line).done();
        assert!(matches!(done.code, Some(0 | 4)), "{}", done.all());
        done
    };
    let snapshot = "--snapshot s.json --allow-unsigned";
    let (live, of, from) = (plan(""), plan("--pseudonyms s.json"), plan(snapshot));
    assert_eq!(from.code, live.code, "{}\n{}", from.all(), live.out);
    assert_eq!(of.code, live.code, "{}", of.all());
    let (live, of, from) = (live.json(), of.json(), from.json());
    assert_eq!(bytes(&from), bytes(&of));
    for (part, value) in of.as_object().unwrap() {
        let other = part == "applyable" || part == "api_cost";
        assert!(other || from[part] == *value, "{part}");
    }
    let names = pseudonyms(lab, unnamed, domains);
    assert_eq!(said(&from, &BTreeMap::new()), said(&live, &names));
    assert_eq!(from["privilege_delta"], live["privilege_delta"]);
    for name in unnamed {
        assert!(!from.to_string().contains(name), "{name} is in the plan");
    }
    let findings = from["findings"].as_array().unwrap().iter();
    let rules = findings.filter(|one| one["code"].as_str().unwrap().starts_with("policy-"));
    rules
        .map(|one| {
            let rule = one["message"].as_str().unwrap().split("; says `").nth(1).unwrap();
            let rule = rule.split('`').next().unwrap().to_owned();
            (rule, one["address"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// Checks that people read the same, in words, since lines are broken and lists sorted by what stands in them; `clients` are
/// those that nobody names.
#[track_caller]
fn reads_alike(lab: &Lab, unnamed: &[&str], domains: &[&str], clients: &[&str]) {
    let text = |with: &str| lab.run(&format!("plan --today 2026-11-22 {with}")).exits(4).out;
    let (live, of) = (text(""), text("--pseudonyms s.json"));
    let mut names = pseudonyms(lab, unnamed, domains);
    let (taken, _) = read(lab.read("s.json").as_bytes()).unwrap();
    let clients: BTreeSet<ClientName> =
        clients.iter().map(|name| (*name).try_into().unwrap()).collect();
    let all = Names { clients: clients.clone(), ..Names::default() };
    let book = taken.pseudonyms.book(&all).unwrap();
    let shown = |name: &ClientName| book.client(name).unwrap().to_string();
    names.extend(clients.iter().map(|name| (name.to_string(), shown(name))));
    let words = |text: &str| -> Vec<String> {
        let mut words: Vec<String> =
            text.split_whitespace().map(|word| word.trim_end_matches(',').to_owned()).collect();
        words.sort_unstable();
        words
    };
    assert_eq!(words(&of), words(&renamed(&live, &names)), "{live}\n{of}");
}

const EVERYBODY_BUT_ANA: &[&str] = &[
    "ben@acme.example",
    "cleo@acme.example",
    "dora@guest.example",
    "gil@guest.example",
    "hugo@labs.example",
    "pia@partner.example",
];

pub(crate) fn drive(who: &str) -> String {
    format!(
        "integrations: {{onedrive: {{oauth: {{mode: managed}}, actions: {{create_folder: {who}}}}}}}\n"
    )
}

/// Every shipped rule, denying and not.
#[test]
fn the_shipped_rules_say_the_same_of_a_snapshot_on_odeus() {
    let fixed = |labels: &str| {
        format!(
            "integrations:\n  onedrive:\n    oauth: {{mode: fixed, client: {{id: own}}, scopes: [openid, offline_access, \
             User.Read, Files.ReadWrite.All]}}\n    labels: {{{labels}}}\n"
        )
    };
    let entra = |labels: &str| {
        format!(
            "integrations:\n  entra:\n    oauth: {{mode: managed}}\n    labels: {{{labels}}}\n    actions: {{get_manager: \
             {{groups: [team]}}}}\n"
        )
    };
    let action = "onedrive/actions/create_folder";
    let guests = ("main.deny_guests", action);
    let known = &["acme.example", "labs.example"][..];
    let named = &["acme.example", "labs.example", "guest.example"][..];
    for (wishes, domains, wanted) in [
        (drive("{groups: [team]}"), known, None),
        (drive("{groups: [labs], users: [ana@acme.example]}"), known, None),
        (drive("{groups: [mixed]}"), known, Some(guests)),
        (drive("{groups: [partly, team]}"), known, Some(guests)),
        (drive("{groups: [Guests]}"), known, Some(guests)),
        (drive("{users: [gil@guest.example]}"), named, Some(guests)),
        (drive("enabled"), known, None),
        (fixed("owner: it"), known, None),
        (fixed("ticket: SEC-1"), known, Some(("main.deny_owners", "onedrive/oauth"))),
        (entra("ticket: SEC-1"), known, None),
        (entra("owner: it"), known, Some(("main.deny_admin_consent", "entra"))),
    ] {
        let lab = under("odeus", &wishes, &[]);
        let unnamed: Vec<&str> =
            EVERYBODY_BUT_ANA.iter().copied().filter(|name| !wishes.contains(name)).collect();
        let wanted: Vec<(String, String)> = wanted
            .iter()
            .map(|(rule, at): &(&str, &str)| (rule.to_string(), at.to_string()))
            .collect();
        assert_eq!(alike(&lab, "", &unnamed, domains), wanted, "{wishes}");
    }
    let lab = under("odeus", &drive("enabled"), &[]);
    let settings = lab.read("policies/settings.json");
    lab.write("policies/settings.json", &settings.replace("guests\": false", "guests\": true"));
    let said = alike(&lab, "", EVERYBODY_BUT_ANA, known);
    assert_eq!(said, [("main.deny_guests".to_owned(), action.to_owned())]);
    reads_alike(&lab, EVERYBODY_BUT_ANA, known, &[]);
}

#[test]
fn the_shipped_rules_say_the_same_of_a_snapshot_on_trustpager() {
    let client =
        |name: &str, tier: &str| format!("oauth_clients: {{{name}: {{resources: {{{tier}}}}}}}\n");
    let key = |may: &str| {
        format!(
            "api_keys:\n  sync:\n    {may}\n    deliver: {{file: .scopeform/k}}\n    labels: {{owner: it}}\n"
        )
    };
    let everybody =
        ["max@acme.example", "cleo@acme.example", "gil@guest.example", "hugo@labs.example"];
    for (wishes, wanted) in [
        (client("Helper", "tasks: write_with_approval"), None),
        (
            client("Partner", "tasks: write_with_approval"),
            Some(("main.deny_guests", "oauth_clients/Partner")),
        ),
        (client("Partner", "tasks: no_access"), None),
        (
            client("Helper", "contacts: write_automatically"),
            Some(("main.deny_tiers", "oauth_clients/Helper/resources/contacts")),
        ),
        (client("Helper", "contacts: write_with_approval"), None),
        (key("resources: {tasks: write_automatically}"), None),
        (
            key("resources: {tasks: write_automatically}").replace("owner", "team"),
            Some(("main.deny_owners", "api_keys/sync")),
        ),
        (
            key("resources: {contacts: write_automatically}"),
            Some(("main.deny_tiers", "api_keys/sync")),
        ),
    ] {
        let lab = under("trustpager", &wishes, &[]);
        let wanted: Vec<(String, String)> = wanted
            .iter()
            .map(|(rule, at): &(&str, &str)| (rule.to_string(), at.to_string()))
            .collect();
        let said = alike(&lab, "", &everybody, &["acme.example", "labs.example"]);
        assert_eq!(said, wanted, "{wishes}");
        if wishes.contains("Partner") && !wanted.is_empty() {
            let others = ["Helper", "Undeclared", "Watched"];
            reads_alike(&lab, &everybody, &["acme.example", "labs.example"], &others);
        }
    }
}

#[test]
fn a_rule_about_somebody_says_the_same_of_a_snapshot() {
    let files = [
        ("policies/people.rego", PEOPLE),
        ("policies/people.json", "{\"people\": {\"watched\": [\"Cleo@ACME.example\"]}}"),
    ];
    let domains = ["acme.example", "labs.example", "guest.example", "partner.example"];
    let unnamed =
        ["ben@acme.example", "gil@guest.example", "hugo@labs.example", "pia@partner.example"];
    let watched = ("people.deny".to_owned(), "onedrive/actions/create_folder".to_owned());
    for (group, wanted) in [("team", false), ("watched", true), ("partly", true)] {
        let lab = under("odeus", &drive(&format!("{{groups: [{group}]}}")), &files);
        let said = alike(&lab, "", &unnamed, &domains);
        assert_eq!(said.contains(&watched), wanted, "{group}: {said:?}");
    }
    let unnamed = ["max@acme.example", "gil@guest.example", "hugo@labs.example"];
    for (client, wanted) in [("Helper", false), ("Watched", true)] {
        let wishes = format!("oauth_clients: {{{client}: {{resources: {{tasks: no_access}}}}}}\n");
        let said = alike(&under("trustpager", &wishes, &files), "", &unnamed, &domains);
        let watched = ("people.deny".to_owned(), format!("oauth_clients/{client}"));
        assert_eq!(said.contains(&watched), wanted, "{client}: {said:?}");
    }
}

/// The rules before the change, and those of `--policy`, write domains as well.
#[test]
fn rules_that_stand_elsewhere_say_the_same_of_a_snapshot() {
    let lab = under("odeus", &drive("{groups: [labs]}"), &[]);
    let organisation = "package organisation\n\nimport rego.v1\n\nwarn contains msg if {\n\tsome group, users in input.groups\n\t\
        some user in users\n\tendswith(user, \"@partner.example\")\n\tmsg := sprintf(\"%s holds %s\", [group, user])\n}\n";
    lab.write("organisation/partners.rego", organisation);
    lab.write(".gitignore", "*.json.sig\ns.json\n.scopeform/\n");
    git(&lab, &["init", "-q", "-b", "main"]);
    git(&lab, &["add", "--all", "."]);
    git(&lab, &["commit", "-q", "-m", "files"]);
    // The change takes a domain out of the settings, and the rule about partners away.
    let settings = lab.read("policies/settings.json").replace(", \"labs.example\"", "");
    lab.write("policies/settings.json", &settings);
    lab.write("scopeform.yaml", &lab.read("scopeform.yaml").replace("[labs]", "[labs, partly]"));
    std::fs::remove_dir_all(lab.path("organisation")).unwrap();
    let domains = ["acme.example", "labs.example", "partner.example"];
    let said = alike(&lab, "--base main --policy organisation", EVERYBODY_BUT_ANA, &domains);
    let rules: BTreeSet<&str> = said.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["main.deny_guests", "organisation.warn"].into());
}

/// Names that hold what patterns are made of, domains without a dot, and patterns that say where a name begins and ends.
#[test]
fn a_name_that_is_written_in_full_is_found_however_it_looks() {
    let blocked = |condition: &str| {
        format!(
            "package blocked\n\nimport rego.v1\n\ndeny contains {{\"msg\": msg, \"address\": change.address}} if {{\n\t\
             some change in input.resource_changes\n\tsome group in change.change.after.groups\n\t\
             some user in input.groups[group]\n\t{condition}\n\tmsg := sprintf(\"%s holds %s\", [group, user])\n}}\n"
        )
    };
    let world = ODEUS
        .replace("    groups:\n", "      max=x@partner.example: member\n      tom@intranet: member\n      bo@buecher.example: member\n    groups:\n      odd: [max=x@partner.example]\n      inside: [tom@intranet]\n      books: [bo@buecher.example]\n");
    let known = ["acme.example", "labs.example", "intranet", "buecher.example"];
    for (group, condition, wanted) in [
        ("odd", "user in {\"max=x@partner.example\"}", &["blocked.deny", "main.deny_guests"][..]),
        ("inside", "user == \"nobody\"", &[]),
        (
            "books",
            "regex.match(`@buecher\\.example\\z`, user)",
            &["blocked.deny", "main.deny_guests"],
        ),
        (
            "books",
            "regex.match(`\\bbuecher\\.example`, user)",
            &["blocked.deny", "main.deny_guests"],
        ),
    ] {
        let rules = blocked(condition);
        let wishes = drive(&format!("{{groups: [{group}]}}"));
        let lab = under("odeus", &wishes, &[("policies/blocked.rego", &rules)]);
        lab.write("world.yaml", &world);
        let settings = lab.read("policies/settings.json");
        let settings = settings.replace("\"labs.example\"", "\"labs.example\", \"intranet\"");
        lab.write("policies/settings.json", &settings);
        let mut domains = known.to_vec();
        if group == "odd" {
            domains.push("partner.example");
        }
        let unnamed = ["tom@intranet", "bo@buecher.example"];
        let said = alike(&lab, "", &unnamed, &domains);
        let rules: Vec<&str> = said.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(rules, wanted, "{condition}");
    }
}

/// Each name costs a slow hash, and whoever proposes a change writes them.
#[test]
fn so_many_names_are_looked_up_and_no_more() {
    let lab = under("odeus", &drive("{groups: [team]}"), &[]);
    lab.run("snapshot --out s.json").exits(0);
    let from = |words: &mut dyn Iterator<Item = String>| {
        let words: Vec<String> = words.collect();
        lab.write("policies/words.json", &serde_json::json!({ "words": words }).to_string());
        lab.run("plan --today 2026-11-22 --snapshot s.json --allow-unsigned").done()
    };
    // Permissions are no names.
    let done = from(&mut (0..3000).map(|n| format!("Thing{n}.ReadWrite.All")));
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert!(!done.err.contains("looking up"), "{}", done.err);
    let done = from(&mut (0..100).map(|n| format!("host{n}.example")));
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert!(done.err.contains("notice: looking up 1"), "{}", done.err);
    let done = from(&mut (0..3000).map(|n| format!("host{n}.example")));
    assert_eq!(done.code, Some(1), "{}", done.all());
    assert!(done.err.contains("at most 2000 are"), "{}", done.err);
    assert!(done.err.contains(": 3001 in policies/words.json, "), "{}", done.err);
    // Labels are looked at as well.
    lab.write("policies/words.json", "{}");
    let words: Vec<String> = (0..3000).map(|n| format!("host{n}.example")).collect();
    let labels = format!("{{onedrive: {{labels: {{hosts: '{}'}}, ", words.join(" "));
    let wishes = lab.read("scopeform.yaml").replace("{onedrive: {", &labels);
    lab.write("scopeform.yaml", &wishes);
    let done = lab.run("plan --today 2026-11-22 --snapshot s.json --allow-unsigned").done();
    assert_eq!(done.code, Some(1), "{}", done.all());
    assert!(done.err.contains(": 3000 in labels, "), "{}", done.err);
}
