//! The rules that the project ships, each on real plans: one that it denies, and the same plan without what it denies.

use std::collections::{BTreeMap, BTreeSet};

use scopeform::config;
use scopeform::platform::trustpager::catalog::How;
use serde_json::Value;

use super::{Files, ask, crm, odeus, shipped};
use crate::cli::harness::Lab;
use crate::planner::harness::world;

/// A workspace whose files name the shipped rules.
fn under(workspace: fn(&str, Files<'_>) -> Lab, wishes: &str) -> Lab {
    let files: Vec<(String, String)> = shipped()
        .into_iter()
        .map(|(path, text)| (format!("policies/{}", path.display()), text))
        .collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    workspace(&format!("rego: [policies/*.rego, policies/*.json]\n{wishes}"), &files)
}

/// Checks that the plan is denied by this rule at this address and by nothing else, and that nothing comes of it.
#[track_caller]
fn denied(lab: &Lab, rule: &str, file: &str, address: &str, words: &str) {
    let plan = lab.run("plan --json").exits(4).json();
    let denials: Vec<&Value> = plan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "policy-denied")
        .collect();
    let [denial] = denials.as_slice() else { panic!("{denials:#?}") };
    assert_eq!(denial["address"], address, "{denial}");
    let message = denial["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    assert!(message.contains(&format!("; says `main.{rule}` at policies/{file}:")), "{message}");
    lab.run("apply --auto-approve").exits(4).says(&[
        "error: the plan is blocked by",
        &format!("policy-denied at {address}"),
        words,
    ]);
}

#[track_caller]
fn fine(lab: &Lab) {
    let done = lab.run("plan").exits(0);
    assert!(!done.out.contains("policy-"), "{}", done.out);
    lab.run("apply --auto-approve").exits(0);
}

#[test]
fn a_scope_that_an_admin_must_grant_needs_a_ticket() {
    let entra = |labels: &str| {
        format!(
            "integrations:\n  entra:\n    oauth: {{mode: managed}}\n{labels}    actions: {{get_manager: enabled}}\n"
        )
    };
    for labels in ["", "    labels: {ticket: later}\n", "    labels: {owner: SEC-142}\n"] {
        denied(
            &under(odeus, &entra(labels)),
            "deny_admin_consent",
            "admin_consent.rego",
            "entra",
            "entra would request User.Read.All, which a tenant administrator must grant, and names no ticket",
        );
    }
    fine(&under(odeus, &entra("    labels: {ticket: SEC-142}\n")));
    // Nothing that an administrator must grant.
    fine(&under(
        odeus,
        "integrations: {onedrive: {oauth: {mode: managed}, actions: {create_folder: enabled}}}\n",
    ));

    // What no source says is held against the plan, and a spelling is no way around the rule.
    let fixed = |scope: &str, labels: &str| {
        format!(
            "integrations:\n  sharepoint:\n{labels}    oauth: {{mode: fixed, client: {{id: own}}, scopes: [offline_access, \
             User.Read, Files.Read.All, Sites.Read.All, \"{scope}\"]}}\n"
        )
    };
    for (scope, words) in [
        (
            "https://management.azure.com/user_impersonation",
            "and no source says whether a tenant administrator must grant it, and names no ticket",
        ),
        ("https://graph.microsoft.com/.default", "and no source says whether"),
        ("https://graph.microsoft.us/User.Read.All", "which a tenant administrator must grant"),
    ] {
        denied(
            &under(odeus, &fixed(scope, "    labels: {owner: it}\n")),
            "deny_admin_consent",
            "admin_consent.rego",
            "sharepoint",
            words,
        );
        fine(&under(odeus, &fixed(scope, "    labels: {owner: it, ticket: SEC-142}\n")));
    }

    let key = |labels: &str| {
        format!(
            "api_keys:\n  all:\n    full_access: true\n    deliver: {{file: .scopeform/k}}\n    labels: {{owner: ops{labels}}}\n"
        )
    };
    let lab = under(crm, &key(""));
    // A key that may do everything also passes by every approval.
    lab.write(
        "policies/settings.json",
        &lab.read("policies/settings.json").replace("\"billing\", \"contacts\", \"email\"", ""),
    );
    denied(
        &lab,
        "deny_admin_consent",
        "admin_consent.rego",
        "api_keys/all",
        "may do everything, and names no ticket",
    );
    lab.write(
        "scopeform.yaml",
        &lab.read("scopeform.yaml").replace("owner: ops", "owner: ops, ticket: OPS-7"),
    );
    fine(&lab);
}

#[test]
fn nothing_is_shared_with_guests() {
    let drive = |who: &str| {
        format!(
            "integrations: {{onedrive: {{oauth: {{mode: managed}}, actions: {{create_folder: {who}}}}}}}\n"
        )
    };
    let at = "onedrive/actions/create_folder";
    let words = "create_folder would be shared with";
    for who in [
        "{groups: [guests]}",
        "{users: [gil@guest.example]}",
        "{users: [ana@acme.example, gil@guest.example]}",
    ] {
        denied(&under(odeus, &drive(who)), "deny_guests", "guests.rego", at, words);
    }
    // With missing scopes accepted, who may use it stands one level deeper.
    let deeper = "integrations:\n  onedrive:\n    oauth: {mode: fixed, client: {id: own}, scopes: [openid, offline_access, User.Read, Files.Read.All]}\n    actions: {create_folder: {access: {groups: [guests]}, accept_missing_scopes: \"pilot, SEC-1\"}}\n";
    denied(&under(odeus, deeper), "deny_guests", "guests.rego", at, words);
    fine(&under(odeus, &drive("{groups: [team], users: [ana@acme.example]}")));
    // A guest in a group that is not named for guests, and a group whose name is written in another case.
    let lab = under(odeus, &drive("{groups: [team]}"));
    lab.write(
        "world.yaml",
        &lab.read("world.yaml").replace(
            "{team: [ben@acme.example], guests: [gil@guest.example]}",
            "{team: [ben@acme.example, gil@guest.example], Guests: [ben@acme.example]}",
        ),
    );
    let member =
        "create_folder would be shared with the group team, which holds guests: gil@guest.example";
    denied(&lab, "deny_guests", "guests.rego", at, member);
    lab.write("scopeform.yaml", &lab.read("scopeform.yaml").replace("[team]", "[Guests]"));
    denied(
        &lab,
        "deny_guests",
        "guests.rego",
        at,
        "shared with the group Guests, which holds guests",
    );
    // Everyone includes guests only where the settings say so.
    let lab = under(odeus, &drive("enabled"));
    let settings = lab.read("policies/settings.json");
    lab.write(
        "policies/settings.json",
        &settings
            .replace("\"everyone_includes_guests\": false", "\"everyone_includes_guests\": true"),
    );
    denied(
        &lab,
        "deny_guests",
        "guests.rego",
        at,
        "would be shared with everyone, guests included",
    );
    lab.write("policies/settings.json", &settings);
    fine(&lab);

    let wider = |client: &str| {
        format!("oauth_clients: {{{client}: {{resources: {{tasks: write_with_approval}}}}}}\n")
    };
    denied(
        &under(crm, &wider("Partner")),
        "deny_guests",
        "guests.rego",
        "oauth_clients/Partner",
        "would become wider while gil@guest.example, who is a guest, holds a token of it",
    );
    fine(&under(crm, &wider("Helper")));
    // Narrower is no reason to complain.
    fine(&under(crm, "oauth_clients: {Partner: {resources: {tasks: no_access}}}\n"));
}

#[test]
fn what_writes_has_an_owner() {
    let drive = |scopes: &str, labels: &str| {
        format!(
            "integrations:\n  onedrive:\n    oauth: {{mode: fixed, client: {{id: own}}, scopes: [openid, offline_access, User.Read, {scopes}]}}\n{labels}"
        )
    };
    for labels in ["", "    labels: {owner: \" \"}\n", "    labels: {ticket: SEC-1}\n"] {
        denied(
            &under(odeus, &drive("Files.ReadWrite.All", labels)),
            "deny_owners",
            "owners.rego",
            "onedrive/oauth",
            "onedrive keeps Files.ReadWrite.All in a list by hand and has no owner",
        );
    }
    // However the scope is written.
    denied(
        &under(odeus, &drive("files.readwrite.all", "    labels: {ticket: SEC-1}\n")),
        "deny_owners",
        "owners.rego",
        "onedrive/oauth",
        "onedrive keeps files.readwrite.all in a list by hand",
    );
    fine(&under(odeus, &drive("Files.ReadWrite.All", "    labels: {owner: content-team}\n")));
    fine(&under(odeus, &drive("Files.Read.All", "")));
    // What is known of a scope counts, and not what its name sounds like, however it is spelt.
    for scope in ["Device.Command", "device.command", "https://graph.microsoft.us/Sites.Selected"] {
        denied(
            &under(odeus, &drive(&format!("\"{scope}\""), "    labels: {ticket: SEC-1}\n")),
            "deny_owners",
            "owners.rego",
            "onedrive/oauth",
            &format!("onedrive keeps {scope} in a list by hand"),
        );
    }
    fine(&under(odeus, &drive("DeviceManagementApps.Read.All", "    labels: {ticket: SEC-1}\n")));

    // A list that stays and grows; what was in it before, and what leaves it, is not the plan's doing.
    let lab = under(odeus, &drive("Files.ReadWrite.All", "    labels: {owner: content-team}\n"));
    lab.run("apply --auto-approve").exits(0);
    let header = lab.read("scopeform.yaml");
    let header = header.split("integrations:").next().unwrap();
    let now = |scopes: &str| {
        let ticket = "    labels: {ticket: SEC-1}\n";
        lab.write("scopeform.yaml", &format!("{header}{}", drive(scopes, ticket)));
    };
    now("Files.ReadWrite.All, Sites.Selected");
    denied(
        &lab,
        "deny_owners",
        "owners.rego",
        "onedrive/oauth/scopes",
        "onedrive keeps Sites.Selected in a list by hand and has no owner",
    );
    now("Files.ReadWrite.All, Sites.Read.All");
    fine(&lab);
    now("Sites.Read.All");
    fine(&lab);

    // Another client with the list that was there: no scope is new, and what is known of each counts all the same.
    let known = drive(
        "Sites.Selected, DeviceManagementApps.Read.All",
        "    labels: {owner: it, ticket: SEC-1}\n",
    );
    let lab = under(odeus, &known);
    lab.run("apply --auto-approve").exits(0);
    let other = lab.read("scopeform.yaml").replace("{id: own}", "{id: other}");
    lab.write("scopeform.yaml", &other.replace("owner: it, ", ""));
    denied(
        &lab,
        "deny_owners",
        "owners.rego",
        "onedrive/oauth",
        "onedrive keeps Sites.Selected in a list by hand and has no owner",
    );

    let key = |may: &str, labels: &str| {
        format!("api_keys:\n  sync:\n    {may}\n    deliver: {{file: .scopeform/k}}\n{labels}")
    };
    for may in ["resources: {tasks: write_automatically}", "verbs: {calls: [initiate]}"] {
        denied(
            &under(crm, &key(may, "")),
            "deny_owners",
            "owners.rego",
            "api_keys/sync",
            "api_keys/sync can write and has no owner",
        );
        fine(&under(crm, &key(may, "    labels: {owner: it}\n")));
    }
    fine(&under(crm, &key("resources: {tasks: read}", "")));
}

#[test]
fn named_resources_stay_at_what_a_person_approves() {
    let helper = |tiers: &str| format!("oauth_clients: {{Helper: {{resources: {{{tiers}}}}}}}\n");
    for (tiers, resource) in [
        ("contacts: write_automatically", "contacts"),
        // By its name only: it writes automatically.
        ("contacts: delete_with_approval", "contacts"),
        ("email: send_automatically", "email"),
    ] {
        let at = format!("oauth_clients/Helper/resources/{resource}");
        let words = format!("and {resource} is for calls that a person approves");
        denied(&under(crm, &helper(tiers)), "deny_tiers", "tiers.rego", &at, &words);
    }
    fine(&under(
        crm,
        &helper(
            "contacts: write_with_approval, email: send_with_approval, tasks: write_automatically",
        ),
    ));
    fine(&under(crm, &helper("contacts: no_access, email: no_access")));

    let key = "api_keys: {sync: {resources: {contacts: write_automatically}, deliver: {file: .scopeform/k}, labels: {owner: it}}}\n";
    denied(
        &under(crm, key),
        "deny_tiers",
        "tiers.rego",
        "api_keys/sync",
        "api_keys/sync would be write_automatically",
    );
    fine(&under(crm, &key.replace("write_automatically", "write_with_approval")));

    // On Odeus there are no tiers to judge.
    fine(&under(
        odeus,
        "integrations: {onedrive: {oauth: {mode: managed}, actions: {create_folder: {groups: [team]}}}}\n",
    ));
}

#[test]
fn the_tiers_that_the_rules_know_are_those_of_the_catalogue() {
    let (_, text) =
        shipped().into_iter().find(|(path, _)| path.ends_with("trustpager_tiers.json")).unwrap();
    let known: Value = serde_json::from_str(&text).unwrap();
    let catalog = config::bundled_trustpager_catalog();
    let mut tiers: BTreeMap<String, BTreeMap<String, &str>> = BTreeMap::new();
    for fact in catalog.ladders.values().flatten() {
        let grants = fact.grants.0.iter().map(|(verb, how)| {
            let how = match how {
                How::Automatic => "automatic",
                How::Approval => "approval",
            };
            (verb.to_string(), how)
        });
        let grants: BTreeMap<String, &str> = grants.collect();
        let known = tiers.insert(fact.tier.to_string(), grants.clone());
        assert!(known.is_none_or(|known| known == grants), "{} grants two things", fact.tier);
    }
    assert_eq!(known["trustpager_tiers"], serde_json::to_value(tiers).unwrap());
}

/// Every scope of the bundled list, in one list by hand: those that only read pass, and all others are denied by name.
#[test]
fn every_scope_that_is_not_known_to_read_alone_is_one_that_can_write() {
    let listed: Value =
        serde_json::from_str(include_str!("../../../data/scopes/microsoft-graph.json")).unwrap();
    let listed: Vec<(&str, bool)> = listed["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), row["access"] == "read"))
        .collect();
    let denials = |scopes: &[&str]| {
        let list = scopes.iter().map(|scope| format!("\"{scope}\"")).collect::<Vec<_>>().join(", ");
        let wish = format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: [{list}]}}}}}}"
        );
        let made = crate::planner::harness::plan(
            &wish,
            &world("actions: nobody\nintegrations: {sharepoint: {}}\n"),
        );
        let mut input = String::new();
        scopeform::render::json::plan(&mut input, &made, crate::samples::DIGEST).unwrap();
        let files: Vec<(String, String)> =
            shipped().into_iter().map(|(path, text)| (path.display().to_string(), text)).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let all = ask(&files, &input)
            .unwrap()
            .into_iter()
            .filter(|said| said.rule.ends_with("deny_owners"));
        all.map(|said| said.message).collect::<Vec<_>>()
    };
    let reading: Vec<&str> =
        listed.iter().filter(|(_, reads)| *reads).map(|(name, _)| *name).collect();
    assert!(reading.len() > 300, "{}", reading.len());
    assert_eq!(denials(&reading), Vec::<String>::new());
    let all: Vec<&str> = listed.iter().map(|(name, _)| *name).collect();
    let mut named = BTreeSet::new();
    // A few at a time, since a long message is cut.
    for some in all.chunks(10) {
        for said in denials(some) {
            let said = said.strip_prefix("sharepoint keeps ").unwrap();
            let said = said.strip_suffix(" in a list by hand and has no owner").unwrap();
            named.extend(said.split(", ").map(str::to_owned));
        }
    }
    let said: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    let writing: BTreeSet<&str> =
        listed.iter().filter(|(_, reads)| !*reads).map(|(name, _)| *name).collect();
    assert!(writing.contains("ChannelMessage.Edit") && writing.len() > 400);
    assert_eq!(said, writing);
}
