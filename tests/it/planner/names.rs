//! Names that only the live system knows: what is said about each mistake, and the text that is underlined.

use std::collections::BTreeSet;

use scopeform::config::{self, diagnose};
use scopeform::diag::Code;
use scopeform::platform::odeus::resolve::resolve;
use scopeform::platform::odeus::state::{Deployment, Snapshot};
use scopeform::source::SourceMap;

use super::harness::{QUIET, desired, publish, rename, with_header, world};
use crate::odeus::fixture::{key, new_action};

/// One mistake: its code, what is underlined, the message and the help.
struct Case {
    live: Snapshot,
    yaml: &'static str,
    says: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

fn case(
    live: &Snapshot,
    yaml: &'static str,
    says: &'static [(&'static str, &'static str, &'static str, &'static str)],
) -> Case {
    Case { live: live.clone(), yaml, says }
}

fn dedicated() -> Snapshot {
    let mut live = world("deployment: dedicated\nactions: nobody\n");
    live.settings.deployment = Deployment::Dedicated;
    live
}

fn renamed() -> Snapshot {
    let mut live = QUIET.clone();
    rename(&mut live, &["get_page"]);
    live
}

fn keyed() -> Snapshot {
    let mut live = QUIET.clone();
    publish(&mut live, "todo", |facts| {
        facts.auth = scopeform::platform::odeus::catalog::Auth::ApiKey;
        facts.base_scopes = Default::default();
        facts.actions.clear();
        facts.actions.insert(key("lookup"), new_action("lookup", &[], false));
    });
    live
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let quiet = &*QUIET;
    vec![
        case(
            quiet,
            "integrations: {sharepiont: {access: everyone}}",
            &[(
                "unknown-integration",
                "sharepiont",
                "there is no integration `sharepiont` in this workspace",
                "did you mean `sharepoint`?",
            )],
        ),
        case(
            quiet,
            "integrations: {jira: {access: everyone}}",
            &[(
                "unknown-integration",
                "jira",
                "there is no integration `jira` in this workspace",
                "one of: `dynamics-365`, `entra`, `excel`, `fabric`, `onedrive`, `outlook-calendar`, `outlook-email`, `planner` and 4 more; `scopeform status` lists them all",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {get_paeg: enabled}}}",
            &[(
                "unknown-action",
                "get_paeg",
                "`sharepoint` has no action `get_paeg`",
                "did you mean `get_page`?",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {search_onedrive: enabled}}}",
            &[(
                "unknown-action",
                "search_onedrive",
                "`sharepoint` has no action `search_onedrive`",
                "`onedrive` has one",
            )],
        ),
        case(
            quiet,
            "integrations: {onedrive: {oauth: {mode: fixed, client: {id: c}, scopes: [Files.Read], \
             substitutes: [{scope: Files.Read, for: [Files.Read.All], actions: [download_fiel], reason: r}]}}}",
            &[(
                "unknown-action",
                "download_fiel",
                "`onedrive` has no action `download_fiel`",
                "did you mean `download_file`?",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {access: {users: [anna@acme.example]}}}",
            &[(
                "unknown-user",
                "anna@acme.example",
                "there is no user `anna@acme.example` in this workspace",
                "did you mean `ana@acme.example`?",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {get_page: {groups: [content-taem, sales]}}}}",
            &[(
                "unknown-group",
                "content-taem",
                "there is no group `content-taem` in this workspace",
                "did you mean `content-team`?",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {check_file_access: disabled}}}",
            &[(
                "native-action",
                "check_file_access",
                "action `check_file_access` is native: it is always on and has no switch",
                "remove the line; with `mode: fixed` you can leave its scopes out of the list",
            )],
        ),
        case(
            quiet,
            "integrations: {dynamics-365: {oauth: {mode: managed}}}",
            &[(
                "no-managed-client",
                "managed",
                "`dynamics-365` cannot use mode `managed`: the platform offers no client of its own for it",
                "use `mode: sync` with your own `client`: scopes then follow the actions in the same way",
            )],
        ),
        case(
            &dedicated(),
            "integrations: {sharepoint: {oauth: {mode: managed}}}",
            &[(
                "no-managed-client",
                "managed",
                "`sharepoint` cannot use mode `managed`: this workspace runs on a dedicated deployment",
                "use `mode: sync` with your own `client`: scopes then follow the actions in the same way",
            )],
        ),
        case(
            quiet,
            "integrations: {teams: {oauth: {mode: managed}}}",
            &[(
                "scopes-not-managed",
                "oauth",
                "the platform does not let anybody manage the scopes of `teams` yet",
                "remove `oauth`; `access` and `actions` can still be declared. Every scope of the integration is assumed to be requested",
            )],
        ),
        case(
            &keyed(),
            "integrations: {todo: {oauth: {mode: managed}}}",
            &[(
                "not-oauth",
                "oauth",
                "`todo` does not use OAuth, so it has no client and no scopes",
                "remove `oauth`; `access` and `actions` can still be declared",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {\"get_l*\": enabled, \"get_*_item\": disabled}}}",
            &[(
                "globs-disagree",
                "\"get_l*\"",
                "`get_l*` and `get_*_item` both match action `get_list_item` and ask for different things",
                "name `get_list_item` exactly: an exact key beats a glob",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {\"lits_*\": enabled}}}",
            &[(
                "glob-matches-nothing",
                "\"lits_*\"",
                "`lits_*` matches no action of `sharepoint`",
                "globs never match native actions; `scopeform status --integration sharepoint` lists the action keys",
            )],
        ),
        case(
            &renamed(),
            "integrations: {sharepoint: {actions: {get_page: enabled}}}",
            &[(
                "action-renamed",
                "get_page",
                "the platform renamed action `get_page` to `fetch_page`",
                "write `fetch_page`; nothing else changes",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {oauth: {mode: sync, client: {id: c}}, actions: {get_page: {access: everyone, accept_missing_scopes: \"SEC-1\"}}}}",
            &[(
                "acceptance-without-effect",
                "\"SEC-1\"",
                "`accept_missing_scopes` has no effect on `sharepoint`: in mode `sync` the scopes follow the actions",
                "remove it, or use `mode: fixed`",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {actions: {\"get_l*\": {access: everyone, accept_missing_scopes: \"SEC-2\"}}}}",
            &[(
                "acceptance-without-effect",
                "\"SEC-2\"",
                "`accept_missing_scopes` has no effect on `sharepoint`: in mode `managed` the scopes follow the actions",
                "remove it, or use `mode: fixed`",
            )],
        ),
        case(
            quiet,
            "integrations: {teams: {actions: {find_chat: {access: everyone, accept_missing_scopes: \"SEC-3\"}}}}",
            &[(
                "acceptance-without-effect",
                "\"SEC-3\"",
                "`accept_missing_scopes` has no effect on `teams`: every scope is assumed to be requested",
                "remove it, or use `mode: fixed`",
            )],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {accept_scopes: [Sites.Manage.Al, Sites.Manage.All, Qwertyuiop.Asdf]}}",
            &[
                (
                    "acceptance-without-effect",
                    "Sites.Manage.Al",
                    "`Sites.Manage.Al` is declared by no action and is no base scope of `sharepoint`",
                    "did you mean `Sites.Manage.All`?",
                ),
                (
                    "acceptance-without-effect",
                    "Qwertyuiop.Asdf",
                    "`Qwertyuiop.Asdf` is declared by no action and is no base scope of `sharepoint`",
                    "remove it",
                ),
            ],
        ),
        // What no name is near is answered with the names there are.
        case(
            &keyed(),
            "integrations: {todo: {actions: {qwertyuiop: enabled}}}",
            &[(
                "unknown-action",
                "qwertyuiop",
                "`todo` has no action `qwertyuiop`",
                "one of: `lookup`; `scopeform status --integration todo` lists them all",
            )],
        ),
        // Several mistakes of one run are told together.
        case(
            quiet,
            "integrations: {sharepoint: {access: {groups: [nobody]}, actions: {check_file_access: enabled}}, jira: {}}",
            &[
                (
                    "unknown-integration",
                    "jira",
                    "there is no integration `jira` in this workspace",
                    "one of: `dynamics-365`, `entra`, `excel`, `fabric`, `onedrive`, `outlook-calendar`, `outlook-email`, `planner` and 4 more; `scopeform status` lists them all",
                ),
                (
                    "unknown-group",
                    "nobody",
                    "there is no group `nobody` in this workspace",
                    "one of: `content-team`, `empty`, `sales`",
                ),
                (
                    "native-action",
                    "check_file_access",
                    "action `check_file_access` is native: it is always on and has no switch",
                    "remove the line; with `mode: fixed` you can leave its scopes out of the list",
                ),
            ],
        ),
        // Good beside bad.
        case(
            quiet,
            "integrations: {sharepoint: {oauth: {mode: fixed, client: {id: c}, scopes: [User.Read]}, \
             actions: {get_page: {access: everyone, accept_missing_scopes: \"SEC-1\"}, \"list_*\": disabled}}}",
            &[],
        ),
        case(
            quiet,
            "integrations: {sharepoint: {access: {users: [ANA@acme.example]}, actions: {\"get_*\": enabled, get_list: disabled}}, onedrive: {oauth: {mode: managed}}}",
            &[],
        ),
    ]
}

#[test]
fn every_mistake_with_a_name_is_told_at_its_line() {
    for Case { live, yaml, says } in cases() {
        let text = with_header(yaml);
        let mut sources = SourceMap::new();
        sources.add("acme.yaml", &text);
        let (configs, out) = config::load(&sources);
        assert!(!out.has_errors(), "{yaml}\n{out:?}");
        let config = configs.first().unwrap();
        let (targets, problems) = resolve(desired(config), &live);
        let told: Vec<(String, String, String, String)> = problems
            .iter()
            .map(|problem| {
                let help = problem.advice();
                let message = problem.message.clone();
                let told = diagnose(&config.origins, &problem.at, problem.code, message, help);
                let span = told.primary.unwrap().origin.span;
                let line = text.get(span.range()).unwrap().to_owned();
                (problem.code.name().to_owned(), line, told.message, told.help.unwrap())
            })
            .collect();
        let mut expected: Vec<_> = says
            .iter()
            .map(|(a, b, c, d)| {
                ((*a).to_owned(), (*b).to_owned(), (*c).to_owned(), (*d).to_owned())
            })
            .collect();
        let mut told = told;
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{yaml}");
        let invalid = problems.iter().any(|problem| problem.is_error());
        let whole = targets.len() == desired(config).integrations.len();
        assert!(invalid || whole, "a warning drops no wish: {yaml}");
    }
}

#[test]
fn every_code_about_live_names_has_a_case() {
    let cases = cases();
    let met: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.says).map(|(code, ..)| *code).collect();
    let live = Code::ALL.iter().filter(|code| code.needs_live_names());
    let live: BTreeSet<&str> = live.map(|code| code.name()).collect();
    // The other platform's have theirs in `trustpager::resolve`, those about rules in `guard::apply`.
    let elsewhere = [
        "ambiguous-token",
        "protects-nothing",
        "resource-renamed",
        "tier-not-on-ladder",
        "unknown-client",
        "unknown-resource",
        "unknown-verb",
    ];
    assert_eq!(met.union(&elsewhere.into()).copied().collect::<BTreeSet<_>>(), live);
}

#[test]
fn a_recommended_list_with_a_placeholder_is_refused_at_the_word() {
    let (plan, problems) = super::harness::plan_of(
        "integrations: {dynamics-365: {oauth: {mode: fixed, client: {id: c}, scopes: recommended}}}",
        &QUIET,
    );
    assert!(plan.is_none());
    let said: Vec<(&str, &str)> = problems.iter().map(|p| (p.code.name(), p.at.as_str())).collect();
    assert_eq!(said, [("scope-placeholder", "dynamics-365/oauth/scopes")]);
}
