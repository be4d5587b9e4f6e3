//! The numbered conformance cases that the configuration language decides, good beside bad.

use scopeform::config;
use scopeform::source::SourceMap;

/// Reads an integration's body and returns each code with the text that it underlines.
fn said(integration: &str) -> Vec<(String, String)> {
    let mut sources = SourceMap::new();
    let body = format!(
        "version: 1\nplatform: odeus\nworkspace: acme\nintegrations: {{onedrive: {integration}}}\n"
    );
    sources.add("acme.yaml", &body);
    let (configs, out) = config::load(&sources);
    assert_eq!(configs.is_empty(), out.has_errors(), "{integration}");
    out.iter()
        .map(|diagnostic| {
            let span = diagnostic.primary.as_ref().unwrap().origin.span;
            (diagnostic.code.name().to_owned(), body.get(span.range()).unwrap().to_owned())
        })
        .collect()
}

#[track_caller]
fn refused(integration: &str, code: &str, underlined: &str) {
    assert_eq!(said(integration), [(code.to_owned(), underlined.to_owned())], "{integration}");
}

#[track_caller]
fn fine(integration: &str) {
    assert_eq!(said(integration), [], "{integration}");
}

#[test]
fn case_02_off_and_shared_is_an_error() {
    refused("{actions: {a: {enabled: false, users: [u@x]}}}", "conflicting-access", "enabled");
    refused("{actions: {a: {disabled: true, groups: [g]}}}", "conflicting-access", "disabled");
    fine("{actions: {a: {users: [u@x]}, b: disabled}}");
}

#[test]
fn case_03_everyone_and_shared_is_an_error() {
    refused("{actions: {a: {access: everyone, users: [u@x]}}}", "conflicting-access", "users");
    refused("{actions: {a: {everyone: true, users: [u@x]}}}", "conflicting-access", "everyone");
    fine("{actions: {a: {access: everyone}, b: enabled}}");
}

#[test]
fn case_11_a_repeated_scope_is_a_warning() {
    let list = "{oauth: {mode: fixed, client: {id: c}, scopes: [openid, a, openid]}}";
    refused(list, "duplicate-scope", "openid");
}

#[test]
fn case_14_white_space_commas_and_nothing_are_no_scopes() {
    for item in ["\" a\"", "\"a b\"", "\"a,b\"", "\"\"", "\"a\\tb\""] {
        let list =
            format!("{{oauth: {{mode: fixed, client: {{id: c}}, scopes: [openid, {item}]}}}}");
        refused(&list, "invalid-scope", item);
    }
    fine("{oauth: {mode: fixed, client: {id: c}, scopes: [openid, a.b/c:d]}}");
}

#[test]
fn case_18_a_placeholder_must_be_filled_in() {
    let scope = "\"{organization-url}/user_impersonation\"";
    let list = |scope| format!("{{oauth: {{mode: fixed, client: {{id: c}}, scopes: [{scope}]}}}}");
    refused(&list(scope), "scope-placeholder", scope);
    refused(&format!("{{accept_scopes: [{scope}]}}"), "scope-placeholder", scope);
    fine(&list("\"https://acme.crm4.dynamics.com/user_impersonation\""));
}

#[test]
fn case_30_fixed_needs_a_list_or_the_word() {
    refused("{oauth: {mode: fixed, client: {id: c}}}", "fixed-without-scopes", "fixed");
    refused(
        "{oauth: {mode: fixed, client: {id: c}, scopes: []}}",
        "fixed-without-scopes",
        "scopes",
    );
    fine("{oauth: {mode: fixed, client: {id: c}, scopes: recommended}}");
    fine("{oauth: {mode: fixed, client: {id: c}, scopes: [openid]}}");
}

#[test]
fn case_32_managed_and_sync_have_no_list() {
    refused("{oauth: {mode: managed, scopes: [openid]}}", "scopes-not-fixed", "scopes");
    refused(
        "{oauth: {mode: sync, client: {id: c}, scopes: [openid]}}",
        "scopes-not-fixed",
        "scopes",
    );
    fine("{oauth: {mode: managed}}");
    fine("{oauth: {mode: sync, client: {id: c}}}");
}

#[test]
fn case_33_a_secret_is_a_reference() {
    let client = |secret| format!("{{oauth: {{mode: sync, client: {{id: c, secret: {secret}}}}}}}");
    refused(&client("s3cr3t"), "literal-secret", "secret");
    refused(&client("{value: s3cr3t}"), "literal-secret", "value");
    refused(&client("{env: 's3 cr3t'}"), "invalid-secret-reference", "env");
    refused(&client("{env: A, file: /b}"), "invalid-secret-reference", "file");
    fine(&client("{env: A}"));
    fine(&client("{file: /run/secrets/b, version: '2'}"));
    refused("{oauth: {mode: sync}}", "missing-client", "sync");
    refused("{oauth: {mode: managed, client: {id: c}}}", "client-not-used", "client");
}

#[test]
fn case_35_an_acknowledgement_has_a_reason() {
    let action = |reason| {
        format!("{{actions: {{a: {{access: everyone, accept_missing_scopes: {reason}}}}}}}")
    };
    refused(&action("''"), "missing-reason", "''");
    refused(&action("yes"), "yaml-boolean", "yes");
    fine(&action("pilot"));
}

#[test]
fn case_38_an_integration_is_open_to_everyone_or_shared() {
    refused("{access: {everyone: true, groups: [g]}}", "conflicting-access", "everyone");
    refused("{access: {users: []}}", "empty-share-list", "users");
    fine("{access: everyone}");
    fine("{access: {groups: [g]}}");
}

#[test]
fn case_49_policies_for_unlisted_actions_are_words() {
    refused("{unlisted_actions: none}", "invalid-value", "none");
    fine("{unlisted_actions: disabled, actions: {}}");
    fine("{unlisted_actions: keep}");
}

#[test]
fn one_mistake_is_told_once() {
    // What depends on a value that could not be read is not complained about as well.
    refused("{oauth: {mode: fixd}}", "invalid-value", "fixd");
    refused("{oauth: {mode: fixed, client: c, scopes: [a]}}", "wrong-type", "c");
    refused("{oauth: {mode: fixed, client: {id: c}, scopes: a}}", "wrong-type", "a");
    refused("{oauth: {mode: fixed, client: {id: c}, scopes: ['a b']}}", "invalid-scope", "'a b'");
    refused("{actions: {a: {access: al}}}", "invalid-value", "al");
}
