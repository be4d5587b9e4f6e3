//! Why something is said: whom a plan asks and whom it does not, which scope an action lacks, and what a typo breaks.

use scopeform::plan::{Plan, Severity};
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
fn warnings_are_counted_in_the_first_line_before_blockers() {
    let live = world("actions: nobody\nintegrations: {onedrive: {}}\n");
    let list = onedrive("openid, offline_access, User.Read, Files.Read", "");
    let made = plan(&list, &live);
    let warnings = made.findings().filter(|f| f.severity == Severity::Warning).count();
    assert!(warnings > 1);
    let shown = pages(&made);
    shown.say(&format!(" {warnings} warnings."));
    let on = onedrive(
        "openid, offline_access, User.Read, Files.Read",
        ", actions: {search_onedrive: enabled}",
    );
    let shown = pages(&plan(&on, &live));
    let first = shown.text.lines().next().unwrap();
    assert!(first.ends_with("warnings. 1 blocker."), "{first}");
    assert!(!pages(&samples::toggle()).text.contains("0 warnings"));
}
