//! Why something is said: whom a plan asks and whom it does not, which scope an action lacks, and what a typo breaks.

use scopeform::plan::{Plan, Severity, count};
use scopeform::render::json;
use serde_json::Value;

use super::pages;
use crate::planner::harness::{apply_to, plan, world};
use crate::samples;

/// OneDrive on the vendor's client, with two people connected.
const CONNECTED: &str = "actions: nobody\nintegrations: {onedrive: {actions: {search_onedrive: enabled}}}\n\
    connections: [{integration: onedrive, users: [ben@acme.example, cleo@acme.example]}]\n";

fn onedrive(scopes: &str, rest: &str) -> String {
    format!(
        "integrations: {{onedrive: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: [{scopes}]}}{rest}}}}}"
    )
}

fn document(made: &Plan) -> Value {
    let mut text = String::new();
    json::plan(&mut text, made, samples::DIGEST).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn who_had_to_reconnect_already_is_not_asked_by_a_plan_that_takes_a_scope_away() {
    let live = world(CONNECTED);
    let all = "openid, offline_access, User.Read, Files.Read, Files.Read.All";
    let swap = plan(&onedrive(all, ""), &live);
    let shown = pages(&swap);
    shown.say("2 people must reconnect.");
    shown.say("2 of 2 connected");
    shown.never_say("had to already");
    let live = apply_to(&live, &swap);
    let less = plan(&onedrive(&all.replace("Files.Read, ", ""), ""), &live);
    let shown = pages(&less);
    shown.never_say("people must reconnect.");
    shown.never_say("needs a scope they have not granted");
    shown.never_say("2 must reconnect");
    shown.say("nobody new, 2 had to already");
    shown.say("nobody else must reconnect");
    shown.say("until they reconnect or their token expires");
    let read = document(&less);
    assert_eq!(read["summary"]["people_must_reconnect"], 0);
    assert_eq!(read["summary"]["people_affected"], 0);
    assert_eq!(read["people"][0]["must_reconnect"].as_array().unwrap().len(), 2);
    assert_eq!(read["people"][0]["already"], 2);
    assert_eq!(read["people"][0]["reason"], "nobody");
    assert_eq!(read["requires_human"], Value::Array(Vec::new()));
}

#[test]
fn only_those_who_must_reconnect_anew_are_counted_and_told_why() {
    // Ben's connection lacks a scope already; Cleo's is whole.
    let body = "actions: nobody\nintegrations: {sharepoint: {actions: {get_page: enabled, create_page: {groups: [content-team]}}}}\n\
        connections: [{integration: sharepoint, users: [cleo@acme.example]}, \
        {integration: sharepoint, users: [ben@acme.example], granted: [offline_access, User.Read, Sites.Read.All, Files.Read.All]}]\n";
    let live = world(body);
    let made = plan("integrations: {sharepoint: {actions: {create_list: enabled}}}", &live);
    let shown = pages(&made);
    shown.say("1 person must reconnect.");
    shown.say("1 of 2 connected (1 more had to already)");
    shown.say("what they may run needs a scope they have not granted");
    let read = document(&made);
    assert_eq!(read["summary"]["people_must_reconnect"], 1);
    assert_eq!(read["people"][0]["must_reconnect"].as_array().unwrap().len(), 2);
    assert_eq!(read["people"][0]["newly"], serde_json::json!(["cleo@acme.example"]));
    let asked = &read["requires_human"].as_array().unwrap();
    let asked = asked.iter().find(|task| task["kind"] == "reconnect").unwrap();
    assert_eq!(asked["users"], serde_json::json!(["cleo@acme.example"]));
}

#[test]
fn a_native_action_that_stops_names_the_scope_that_it_lacks() {
    let live = world("actions: nobody\nintegrations: {onedrive: {}}\n");
    let made = plan(&onedrive("openid, offline_access, User.Read, Files.Read", ""), &live);
    let shown = pages(&made);
    for page in [&shown.text, &shown.full, &shown.markdown, &shown.html] {
        let plain = page.replace(['`'], "").replace("<code>", "").replace("</code>", "");
        assert!(plain.contains("native check_file_access"), "{page}");
        assert!(plain.contains("lacks Files.Read.All"), "{page}");
    }
    let own = shown.text.lines().find(|line| line.contains("because each lacks Files.Read.All"));
    assert!(own.unwrap().contains("- native check_file_access, "), "{}", shown.text);
    // What has a switch is not called native.
    shown.never_say("native search_onedrive");
}

#[test]
fn a_typo_is_told_at_the_scope_and_before_what_it_breaks_in_one_finding() {
    let body = "actions: nobody\nintegrations: {onedrive: {actions: {search_onedrive: enabled, download_file: enabled, \
        get_file_metadata: enabled}, oauth: {mode: fixed, client: {id: own}, scopes: [openid, offline_access, User.Read, Files.Read, Files.Read.All]}}}\n";
    let live = world(body);
    let typo = "openid, offline_access, User.Read, Files.Read, Files.Raed.All";
    let on =
        ", actions: {search_onedrive: enabled, download_file: enabled, get_file_metadata: enabled}";
    let made = plan(&onedrive(typo, on), &live);
    let shown = pages(&made);
    let row = shown.text.lines().find(|line| line.contains("+ Files.Raed.All")).unwrap();
    assert!(row.contains("not published by microsoft; did you mean `Files.Read.All`?"), "{row}");
    for page in [&shown.full, &shown.markdown, &shown.html] {
        let plain = page.replace('`', "").replace("<code>", "").replace("</code>", "");
        let at = plain.find("not published by microsoft; did you mean Files.Read.All?");
        assert!(at.is_some(), "{page}");
    }
    let read = document(&made);
    let anew = &read["privilege_delta"]["widening"][0];
    assert_eq!(anew["doubt"], "not published by microsoft; did you mean `Files.Read.All`?");
    let gone = &read["privilege_delta"]["narrowing"][0];
    assert_eq!(gone["doubt"], Value::Null);
    let codes: Vec<&str> = read["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "warning")
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes[0], "unknown-scope", "{codes:?}");
    let missing: Vec<_> =
        made.bound.findings.iter().filter(|f| f.code == "action-missing-scope").collect();
    let [one] = missing.as_slice() else { panic!("{missing:#?}") };
    assert_eq!((one.severity, one.address.as_str()), (Severity::Warning, "onedrive/actions"));
    assert_eq!(
        one.message,
        "`download_file`, `get_file_metadata` and `search_onedrive` stay on and will not run: the list lacks Files.Read.All"
    );
}

#[test]
fn blockers_for_the_same_missing_scopes_are_one_and_others_are_apart() {
    let live = world("actions: nobody\nintegrations: {onedrive: {}}\n");
    let on =
        ", actions: {search_onedrive: enabled, download_file: enabled, create_folder: enabled}";
    let made = plan(&onedrive("openid, offline_access, User.Read, Files.Read", on), &live);
    let blocked: Vec<(&str, &str)> =
        made.blockers().map(|f| (f.address.as_str(), f.message.as_str())).collect();
    assert_eq!(
        blocked,
        [
            (
                "onedrive/actions",
                "`download_file` and `search_onedrive` would be turned on without scopes that they need: Files.Read.All"
            ),
            (
                "onedrive/actions/create_folder",
                "`create_folder` would be turned on without scopes that it needs: Files.ReadWrite.All"
            ),
        ]
    );
    // One line that covers several is the place of what it asks for.
    let made = plan(
        &onedrive(
            "openid, offline_access, User.Read, Files.Read",
            ", actions: {\"*_onedrive*\": enabled}",
        ),
        &live,
    );
    let at: Vec<&str> = made.blockers().map(|f| f.address.as_str()).collect();
    assert_eq!(at, ["onedrive/actions/*_onedrive*"]);
}

#[test]
fn warnings_are_counted_in_the_first_line_before_blockers() {
    let live = world("actions: nobody\nintegrations: {onedrive: {}}\n");
    let list = onedrive("openid, offline_access, User.Read, Files.Read", "");
    let made = plan(&list, &live);
    let warnings = made.findings().filter(|f| f.severity == Severity::Warning).count();
    let counted = count(warnings, "warning", "warnings");
    assert!(warnings > 0);
    pages(&made).say(&format!(" {counted}."));
    let on = onedrive(
        "openid, offline_access, User.Read, Files.Read",
        ", actions: {search_onedrive: enabled}",
    );
    let shown = pages(&plan(&on, &live));
    let first = shown.text.lines().next().unwrap();
    assert!(first.ends_with(&format!(" {counted}. 1 blocker.")), "{first}");
    assert!(!pages(&samples::toggle()).text.contains("0 warnings"));
}
