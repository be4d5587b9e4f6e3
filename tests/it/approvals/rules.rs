//! Which plans meet which rules, on both platforms.

use std::collections::BTreeSet;

use scopeform::plan::Plan;
use scopeform::plan::policy::{ApprovalRule, Approvals, Policy, When, enforce, required};

use crate::planner::harness::{QUIET, plan, world};
use crate::trustpager::fixture::{Bench, holders};

const ALL: [When; 6] = [
    When::Widening,
    When::Narrowing,
    When::Breakage,
    When::AdminConsent,
    When::Revocation,
    When::Any,
];

/// Returns the rules that a plan meets, of one for each occasion.
fn met(mut plan: Plan) -> Vec<(When, Vec<String>)> {
    let rules = ALL.map(|when| ApprovalRule {
        when,
        named: Vec::new(),
        of: BTreeSet::from(["ana@acme.example".to_owned()]),
        need: 1,
    });
    let approvals = Approvals {
        max_age: 7,
        signers_file: "allowed_signers".to_owned(),
        rules: rules.to_vec(),
        signers: Vec::new(),
    };
    // The same rules on both sides of a change ask once.
    let policy = Policy { approvals: Some(approvals.clone()), ..Policy::default() };
    enforce(&mut plan, vec![policy.clone(), Policy::default(), policy]);
    assert_eq!(plan.bound.policies.len(), 1);
    let mut longer = approvals;
    longer.max_age = 8;
    plan.bound.policies.push(Policy { approvals: Some(longer), ..Policy::default() });
    required(&plan.bound).into_iter().map(|r| (r.rule.when, r.because)).collect()
}

#[track_caller]
fn check(plan: Plan, wanted: &[(When, &str)]) {
    let met = met(plan);
    let occasions: Vec<When> = met.iter().map(|(when, _)| *when).collect();
    let wanted_occasions: Vec<When> = wanted.iter().map(|(when, _)| *when).collect();
    assert_eq!(occasions, wanted_occasions, "{met:#?}");
    for ((when, because), (_, line)) in met.iter().zip(wanted) {
        assert!(because.iter().any(|l| l == line), "{when:?} lacks `{line}`: {because:#?}");
    }
}

#[test]
fn rules_are_met_by_what_a_plan_does_on_odeus() {
    check(plan("integrations: {sharepoint: {actions: {get_page: disabled}}}", &QUIET), &[]);
    let on = "integrations: {sharepoint: {actions: {create_page: enabled}}}";
    check(
        plan(on, &QUIET),
        &[
            (When::Widening, "+ Sites.ReadWrite.All at sharepoint"),
            (When::Any, "sharepoint/actions/create_page"),
        ],
    );
    let live =
        world("actions: nobody\nintegrations: {sharepoint: {actions: {create_page: enabled}}}\n");
    check(
        plan("integrations: {sharepoint: {actions: {create_page: disabled}}}", &live),
        &[
            (When::Narrowing, "- Sites.ReadWrite.All at sharepoint"),
            (When::Any, "sharepoint/actions/create_page"),
        ],
    );
    // A list without the scope of an action that is on: it stops.
    check(
        plan(
            "integrations: {sharepoint: {oauth: {mode: fixed, client: {id: c}, scopes: [openid, offline_access, \
             User.Read, Sites.Read.All]}, actions: {create_page: {access: everyone, accept_missing_scopes: SEC-1}}}}",
            &world("actions: nobody\n"),
        ),
        &[
            (When::Widening, "+ sharepoint/actions/create_page"),
            (When::Narrowing, "- Files.Read.All at sharepoint"),
            (When::Breakage, "sharepoint/actions/create_page relies on a claim"),
            (When::Any, "sharepoint/oauth"),
        ],
    );
    // A secret that is rotated moves no right, and something changes all the same.
    let rotated = |version: &str| {
        format!(
            "{{oauth: {{mode: fixed, client: {{id: own, secret: {{env: KEY, version: \"{version}\"}}}}, \
             scopes: [openid, offline_access, User.Read, Files.Read.All]}}}}"
        )
    };
    let first = plan(&format!("integrations: {{onedrive: {}}}", rotated("1")), &QUIET);
    assert!(met(first).iter().any(|(when, _)| *when == When::Any));
}

#[test]
fn another_client_and_the_switch_for_new_actions_widen() {
    let widens = |made: Plan| -> Vec<String> {
        met(made)
            .into_iter()
            .filter(|(when, _)| *when == When::Widening)
            .flat_map(|(_, b)| b)
            .collect()
    };
    let list = "scopes: [openid, offline_access, User.Read, Files.Read.All, Sites.Read.All]";
    let fixed = |client: &str| {
        format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{{client}}}, {list}}}}}}}"
        )
    };
    let sync = |client: &str| {
        format!("integrations: {{sharepoint: {{oauth: {{mode: sync, client: {{{client}}}}}}}}}")
    };
    let live = |yaml: &str| world(&format!("actions: nobody\n{yaml}\n"));
    let other = "+ sharepoint/oauth: a new OAuth client gets what people agree to";
    for (before, after, meets) in [
        (fixed("id: own"), fixed("id: evil"), true),
        (sync("id: own"), sync("id: evil"), true),
        (sync("id: own, tenant: t1"), sync("id: own, tenant: t2"), true),
        (sync("id: own"), "integrations: {sharepoint: {oauth: {mode: managed}}}".to_owned(), true),
        ("integrations: {}".to_owned(), sync("id: own"), true),
        // The same client by other means: its mode, its list, its secret.
        (sync("id: own"), fixed("id: own"), false),
        (fixed("id: own"), fixed("id: own").replace(", Sites.Read.All", ""), false),
        (sync("id: own"), sync("id: own, secret: {env: KEY, version: \"2\"}"), false),
    ] {
        let because = widens(plan(&after, &live(&before)));
        assert_eq!(
            because.iter().any(|line| line == other),
            meets,
            "{before} {after}: {because:?}"
        );
    }
    let switch = |on: bool| format!("new_actions_enabled_by_default: {on}");
    let on = widens(plan(&switch(true), &live(&switch(false))));
    let address = "workspace/new_actions_enabled_by_default";
    assert_eq!(on, [format!("+ {address}: actions that the vendor adds are on at once")]);
    assert!(widens(plan(&switch(false), &live(&switch(true)))).is_empty());
}

#[test]
fn admin_consent_is_an_occasion_of_its_own() {
    let fixed = |scopes: &str| {
        format!(
            "integrations: {{onedrive: {{oauth: {{mode: fixed, client: {{id: c}}, scopes: [{scopes}]}}}}}}"
        )
    };
    let scopes = "openid, offline_access, User.Read, Files.Read, Files.Read.All, Sites.Read.All, Group.Read.All";
    let all = met(plan(&fixed(scopes), &QUIET));
    let lines = |when| all.iter().find(|(w, _)| *w == when).map(|(_, because)| because.clone());
    let (consent, widening) = (lines(When::AdminConsent).unwrap(), lines(When::Widening).unwrap());
    assert!(consent.iter().all(|line| widening.contains(line)));
    assert!(consent.len() < widening.len());
}

/// What no list knows is not harmless: a spelling is no way around the rule, and neither is another resource.
#[test]
fn an_added_scope_meets_admin_consent_unless_it_is_known_to_need_none() {
    let adds = |scope: &str| {
        let list = |more: &str| {
            format!(
                "integrations: {{onedrive: {{oauth: {{mode: fixed, client: {{id: c}}, scopes: \
                 [openid, offline_access, User.Read, Files.Read, Files.Read.All, Sites.Read.All{more}]}}}}}}"
            )
        };
        let live = world(&format!("actions: nobody\n{}\n", list("")));
        let added = format!(", \"{scope}\"");
        let met = met(plan(&list(&added), &live));
        met.into_iter().find(|(when, _)| *when == When::AdminConsent).map(|(_, because)| because)
    };
    for known in [
        "Directory.ReadWrite.All",
        "https://graph.microsoft.com/Directory.ReadWrite.All",
        "https://graph.microsoft.com//Directory.ReadWrite.All",
        "HTTPS://graph.microsoft.com/Directory.ReadWrite.All",
        "https://Graph.Microsoft.COM/Directory.ReadWrite.All",
        "https://graph.microsoft.us/Directory.ReadWrite.All",
        "https://dod-graph.microsoft.us/Directory.ReadWrite.All",
        "https://microsoftgraph.chinacloudapi.cn/Directory.ReadWrite.All",
        "00000003-0000-0000-c000-000000000000/Directory.ReadWrite.All",
        "00000003-0000-0000-C000-000000000000/Directory.ReadWrite.All",
    ] {
        assert_eq!(adds(known), Some(vec![format!("+ {known} at onedrive")]), "{known}");
    }
    for unknown in [
        ".default",
        "https://graph.microsoft.com/.default",
        "https://management.azure.com/.default",
        "https://graph.microsoft.com/directory.readwrite.all",
        "https://graph.microsoft.com:444/Directory.ReadWrite.All",
        "https://ana@graph.microsoft.com/Directory.ReadWrite.All",
        "https://graph.windows.net/Directory.AccessAsUser.All",
        "https://management.azure.com/user_impersonation",
        "api://00000003-0000-0000-c000-000000000000/User.Read",
        "https://graph.microsoft.com",
        "Directory.ReadWrite.Al",
    ] {
        let line = format!("+ {unknown} at onedrive (admin consent unknown)");
        assert_eq!(adds(unknown), Some(vec![line]), "{unknown}");
    }
    for harmless in [
        "Mail.Read",
        "https://graph.microsoft.com/Mail.Read",
        "https://graph.microsoft.us/Mail.Read",
    ] {
        assert_eq!(adds(harmless), None, "{harmless}");
    }
    // What is no scope is never a question of consent, whatever else is not known of it.
    let tier =
        Bench::new().has(&[("contacts", "read")]).wants(&[("contacts", "write_with_approval")]);
    assert!(met(tier.plan()).iter().all(|(when, _)| *when != When::AdminConsent));
}

#[test]
fn rules_are_met_by_what_a_plan_does_on_trustpager() {
    let bench = || Bench::new().has(&[("contacts", "read"), ("billing", "read")]);
    check(bench().wants(&[("contacts", "read")]).plan(), &[]);
    let contacts = "oauth_clients/Claude Connection/resources/contacts";
    let any = "oauth_clients/Claude Connection/resources/contacts";
    check(
        bench().wants(&[("contacts", "write_with_approval")]).plan(),
        &[(When::Widening, &format!("+ {contacts}")), (When::Any, any)],
    );
    check(
        bench().wants(&[("contacts", "no_access")]).plan(),
        &[(When::Narrowing, &format!("- {contacts}")), (When::Any, any)],
    );
    // A tier that does both is said under both.
    check(
        Bench::new()
            .has(&[("contacts", "write_automatically")])
            .wants(&[("contacts", "delete_with_approval")])
            .plan(),
        &[(When::Widening, &format!("+ {contacts}")), (When::Any, any)],
    );
    let token = "oauth_clients/Claude Connection/tokens/tok_mia";
    check(
        bench()
            .token("tok_mia", "mia@acme.example", 1)
            .with(|wish| wish.tokens.holders = holders(&["ana@acme.example"], &[]))
            .plan(),
        &[
            (When::Narrowing, &format!("- {token}")),
            (When::Revocation, &format!("- {token}")),
            (When::Any, token),
        ],
    );
}
