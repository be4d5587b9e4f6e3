//! Every finding: when it fires, when it does not, how severe it is, and the whole list that it offers to paste.

use std::collections::BTreeSet;

use scopeform::plan::{Plan, Severity};
use scopeform::platform::odeus::findings::rules;
use scopeform::platform::odeus::state::Snapshot;

use super::harness::{QUIET, codes, found, plan, plan_on, publish, scope, world};
use crate::odeus::fixture::key;

/// What one rule says about one plan: `None` when it keeps silent.
struct Row {
    code: &'static str,
    live: Snapshot,
    yaml: String,
    says: Option<Says>,
}

struct Says {
    severity: Severity,
    address: &'static str,
    /// A piece of the message.
    words: &'static str,
    /// The list to paste, in order; empty when there is none.
    paste: &'static str,
}

const fn says(
    severity: Severity,
    address: &'static str,
    words: &'static str,
    paste: &'static str,
) -> Option<Says> {
    Some(Says { severity, address, words, paste })
}

fn fixed(integration: &str, list: &str, rest: &str) -> String {
    format!(
        "integrations: {{{integration}: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: {list}}}{rest}}}}}"
    )
}

fn live_fixed(integration: &str, list: &str, rest: &str) -> Snapshot {
    world(&format!(
        "actions: nobody\nintegrations:\n  {integration}: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: {list}}}{rest}}}\n"
    ))
}

/// SharePoint with `get_page` on, after the vendor added a scope to it.
fn pending() -> Snapshot {
    let mut live =
        world("actions: nobody\nintegrations: {sharepoint: {actions: {get_page: enabled}}}\n");
    publish(&mut live, "sharepoint", |facts| {
        let action = facts.actions.get_mut(&key("get_page")).unwrap();
        action.required_scopes.insert(scope("Sites.Selected"));
    });
    live
}

/// A quiet workspace in which the scopes of one more integration are managed.
fn managed_scopes(integration: &str) -> Snapshot {
    let mut live = QUIET.clone();
    publish(&mut live, integration, |facts| facts.scope_management = true);
    live
}

fn connected(actions: &str, granted: &str) -> Snapshot {
    world(&format!(
        "actions: nobody\nintegrations: {{sharepoint: {{actions: {{{actions}}}}}}}\n\
         connections: [{{integration: sharepoint, users: [ben@acme.example], granted: {granted}}}]\n"
    ))
}

const SUBSTITUTE: &str = "integrations:
  onedrive:
    oauth:
      mode: fixed
      client: {id: own}
      scopes: [openid, offline_access, User.Read, Files.Read]
      substitutes:
        - {scope: Files.Read, for: [Files.Read.All], actions: [download_file], reason: SEC-1, until: UNTIL}
    actions: {download_file: STATE}
";

const ALL_NATIVE: &str = "[openid, offline_access, User.Read, Files.Read, Files.Read.All]";

/// A swap that no order makes safe: whichever list moves first, somebody is let in who is let in neither before nor after.
const SWAP: &str = "integrations: {sharepoint: {SWAPaccess: {users: [ben@acme.example, dan@acme.example]}, \
     actions: {get_page: {users: [ben@acme.example, cleo@acme.example]}}}}";

fn swap() -> Snapshot {
    world(
        "actions: nobody\nintegrations: {sharepoint: {access: {users: [ben@acme.example, cleo@acme.example]}, \
         actions: {get_page: {users: [ben@acme.example, dan@acme.example]}}}}\n",
    )
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    use Severity::{Blocker, Note, Warning};
    let quiet = &*QUIET;
    let row = |code, live: &Snapshot, yaml: &str, says| Row {
        code,
        live: live.clone(),
        yaml: yaml.to_owned(),
        says,
    };
    let native = "[offline_access, User.Read, Files.Read.All, Sites.Read.All]";
    let on = |action: &str| format!(", actions: {{{action}: enabled}}");
    let sharepoint_on = |action: &str| {
        world(&format!(
            "actions: nobody\nintegrations: {{sharepoint: {{actions: {{{action}: enabled}}}}}}\n"
        ))
    };
    vec![
        // action-missing-scope
        row(
            "action-missing-scope",
            quiet,
            &fixed("sharepoint", native, &on("create_page")),
            says(
                Blocker,
                "sharepoint/actions/create_page",
                "would be turned on without",
                "Sites.ReadWrite.All",
            ),
        ),
        row("action-missing-scope", quiet, &fixed("sharepoint", native, &on("get_page")), None),
        row(
            "action-missing-scope",
            quiet,
            &fixed(
                "sharepoint",
                native,
                ", actions: {create_page: {access: everyone, accept_missing_scopes: SEC-1}}",
            ),
            None,
        ),
        row(
            "action-missing-scope",
            &live_fixed("sharepoint", native, &on("get_page")),
            &fixed("sharepoint", "[offline_access, User.Read, Files.Read.All]", &on("get_page")),
            says(
                Warning,
                "sharepoint/actions/get_page",
                "stays on and will not run",
                "Sites.Read.All",
            ),
        ),
        row(
            "action-missing-scope",
            &live_fixed("onedrive", "[openid, Files.Read.All]", &on("list_available_drives")),
            &fixed("onedrive", "[openid]", ""),
            says(
                Warning,
                "onedrive",
                "the list lacks",
                "Files.Read.All Group.Read.All Sites.Read.All",
            ),
        ),
        row(
            "action-missing-scope",
            quiet,
            &format!("integrations: {{sharepoint: {{{}}}}}", "actions: {create_page: enabled}"),
            None,
        ),
        // admin-consent-required: the whole list, never the delta
        row(
            "admin-consent-required",
            &live_fixed("onedrive", ALL_NATIVE, ""),
            &fixed(
                "onedrive",
                "[openid, offline_access, User.Read, Files.Read, Files.Read.All, Group.Read.All]",
                "",
            ),
            says(
                Warning,
                "onedrive/oauth/scopes/Group.Read.All",
                "Group.Read.All must be granted",
                "Files.Read Files.Read.All Group.Read.All User.Read offline_access openid",
            ),
        ),
        // At the list where several of its entries ask for it.
        row(
            "admin-consent-required",
            &live_fixed("onedrive", ALL_NATIVE, ""),
            &fixed("onedrive", "[openid, Group.Read.All, Directory.Read.All]", ""),
            says(
                Warning,
                "onedrive/oauth/scopes",
                "must be granted",
                "Directory.Read.All Group.Read.All openid",
            ),
        ),
        row(
            "admin-consent-required",
            &live_fixed("onedrive", ALL_NATIVE, ""),
            &fixed(
                "onedrive",
                "[openid, offline_access, User.Read, Files.Read, Files.Read.All, Sites.Read.All]",
                "",
            ),
            None,
        ),
        row(
            "admin-consent-required",
            &live_fixed("onedrive", "[openid, Group.Read.All]", ""),
            &fixed("onedrive", "[openid, Group.Read.All, User.Read]", ""),
            None,
        ),
        // admins-only
        row(
            "admins-only",
            &sharepoint_on("get_page"),
            "integrations: {sharepoint: {access: nobody}}",
            says(Note, "sharepoint/access", "nobody but admins can use it", ""),
        ),
        row(
            "admins-only",
            &sharepoint_on("get_page"),
            "integrations: {sharepoint: {access: {groups: [sales]}}}",
            None,
        ),
        row("admins-only", quiet, "integrations: {todo: {access: everyone}}", None),
        // base-scope-missing
        row(
            "base-scope-missing",
            quiet,
            &fixed("onedrive", "[openid, Files.Read]", ""),
            says(Warning, "onedrive/oauth/scopes", "lacks base scopes", "User.Read offline_access"),
        ),
        row("base-scope-missing", quiet, &fixed("onedrive", ALL_NATIVE, ""), None),
        row(
            "base-scope-missing",
            quiet,
            "integrations: {onedrive: {oauth: {mode: sync, client: {id: own}}}}",
            None,
        ),
        // catalog-changed
        row(
            "catalog-changed",
            &world(
                "new_actions_enabled_by_default: true\nactions: nobody\nintegrations: {sharepoint: {actions: {get_page: enabled, get_list: enabled}}}\n",
            ),
            "integrations: {sharepoint: {actions: {get_page: enabled}}}",
            says(Note, "sharepoint/actions", "`get_list`", ""),
        ),
        row(
            "catalog-changed",
            &sharepoint_on("get_list"),
            "integrations: {sharepoint: {actions: {get_page: enabled}}}",
            None,
        ),
        row(
            "catalog-changed",
            &world("new_actions_enabled_by_default: true\n"),
            "integrations: {sharepoint: {unlisted_actions: disabled, actions: {get_page: enabled}}}",
            None,
        ),
        row(
            "catalog-changed",
            &world("new_actions_enabled_by_default: true\n"),
            "new_actions_enabled_by_default: false\nintegrations: {sharepoint: {actions: {get_page: enabled}}}",
            None,
        ),
        // catalog-scope-pending
        row(
            "catalog-scope-pending",
            &pending(),
            "integrations: {sharepoint: {oauth: {mode: managed}}}",
            says(
                Warning,
                "sharepoint/oauth",
                "is requested by this plan although no line names it",
                "Sites.Selected",
            ),
        ),
        row(
            "catalog-scope-pending",
            &pending(),
            "integrations: {sharepoint: {oauth: {mode: managed}, accept_scopes: [Sites.Selected]}}",
            says(Warning, "sharepoint/oauth", "as `accept_scopes` says", "Sites.Selected"),
        ),
        row(
            "catalog-scope-pending",
            &pending(),
            "integrations: {sharepoint: {access: everyone}}",
            says(Warning, "sharepoint/oauth", "this plan leaves it so", "Sites.Selected"),
        ),
        row(
            "catalog-scope-pending",
            &pending(),
            "integrations: {sharepoint: {oauth: {mode: managed}, actions: {get_page: disabled}}}",
            None,
        ),
        row(
            "catalog-scope-pending",
            quiet,
            "integrations: {sharepoint: {oauth: {mode: managed}}}",
            None,
        ),
        // default-scope: also as another resource's, and not where nobody asks for it
        row(
            "default-scope",
            quiet,
            &fixed("onedrive", "[openid, \"https://graph.microsoft.com/.default\"]", ""),
            says(
                Warning,
                "onedrive/oauth/scopes/https://graph.microsoft.com/.default",
                "asks for everything that is registered for the client",
                "",
            ),
        ),
        row(
            "default-scope",
            &live_fixed("onedrive", ALL_NATIVE, ""),
            &fixed("onedrive", "[openid, \"api://acme/.DEFAULT\"]", ""),
            says(Warning, "onedrive/oauth/scopes/api://acme/.DEFAULT", "asks for everything", ""),
        ),
        row("default-scope", quiet, &fixed("onedrive", ALL_NATIVE, ""), None),
        // fixed-with-new-actions-default
        row(
            "fixed-with-new-actions-default",
            &world("new_actions_enabled_by_default: true\nactions: nobody\n"),
            &fixed("sharepoint", native, ""),
            says(Warning, "sharepoint/oauth/mode", "while new actions are enabled by default", ""),
        ),
        row("fixed-with-new-actions-default", quiet, &fixed("sharepoint", native, ""), None),
        row(
            "fixed-with-new-actions-default",
            quiet,
            &format!("new_actions_enabled_by_default: true\n{}", fixed("sharepoint", native, "")),
            says(Warning, "sharepoint/oauth/mode", "fixed scopes", ""),
        ),
        row(
            "fixed-with-new-actions-default",
            &world("new_actions_enabled_by_default: true\nactions: nobody\n"),
            &format!("new_actions_enabled_by_default: false\n{}", fixed("sharepoint", native, "")),
            None,
        ),
        // grant-outlives-removal
        row(
            "grant-outlives-removal",
            &connected("create_page: enabled", "[User.Read, Sites.ReadWrite.All]"),
            "integrations: {sharepoint: {actions: {create_page: disabled}}}",
            says(Note, "sharepoint/oauth", "1 connection still holds Sites.ReadWrite.All", ""),
        ),
        row(
            "grant-outlives-removal",
            &connected("create_page: enabled", "[User.Read]"),
            "integrations: {sharepoint: {actions: {create_page: disabled}}}",
            None,
        ),
        row(
            "grant-outlives-removal",
            &connected("create_page: enabled", "[Sites.ReadWrite.All]"),
            "integrations: {sharepoint: {actions: {create_page: {groups: [sales]}}}}",
            None,
        ),
        // high-privilege-scope
        row(
            "high-privilege-scope",
            &live_fixed("onedrive", ALL_NATIVE, ""),
            &fixed(
                "onedrive",
                "[openid, offline_access, User.Read, Files.Read, Files.Read.All, Directory.ReadWrite.All]",
                "",
            ),
            says(
                Warning,
                "onedrive/oauth/scopes/Directory.ReadWrite.All",
                "Directory.ReadWrite.All has privilege level 4",
                "",
            ),
        ),
        row(
            "high-privilege-scope",
            &live_fixed("onedrive", "[openid, Directory.ReadWrite.All]", ""),
            &fixed("onedrive", "[openid, User.Read, Directory.ReadWrite.All]", ""),
            None,
        ),
        row(
            "high-privilege-scope",
            &live_fixed("onedrive", "[openid, Directory.ReadWrite.All]", ""),
            &fixed("onedrive", "[openid]", ""),
            None,
        ),
        // native-scope-missing
        row(
            "native-scope-missing",
            quiet,
            &fixed("sharepoint", "[offline_access, User.Read, Files.Read.All]", ""),
            says(
                Warning,
                "sharepoint/oauth/scopes",
                "features that break: file attachments in chat and agents",
                "Sites.Read.All",
            ),
        ),
        row("native-scope-missing", quiet, &fixed("sharepoint", native, ""), None),
        row(
            "native-scope-missing",
            quiet,
            "integrations: {sharepoint: {oauth: {mode: sync, client: {id: own}}}}",
            None,
        ),
        // order-window
        row(
            "order-window",
            &swap(),
            &SWAP.replace("SWAP", ""),
            says(Blocker, "sharepoint", "would be open for a moment", ""),
        ),
        row(
            "order-window",
            &swap(),
            &SWAP.replace("SWAP", "on_swap: excess, "),
            says(Warning, "sharepoint", "would be open for a moment", ""),
        ),
        row(
            "order-window",
            &swap(),
            "integrations: {sharepoint: {access: {groups: [sales]}}}",
            None,
        ),
        // privilege-widens
        row(
            "privilege-widens",
            quiet,
            "integrations: {sharepoint: {actions: {get_page: {groups: [sales]}}}}",
            says(Note, "sharepoint/actions/get_page", "turns on `get_page` for group sales", ""),
        ),
        row(
            "privilege-widens",
            quiet,
            "integrations: {sharepoint: {actions: {create_list: enabled}}}",
            says(
                Note,
                "sharepoint/actions/create_list",
                "turns on `create_list` for everyone; asks everybody who connects for 1 scope anew: \
                 Sites.Manage.All",
                "",
            ),
        ),
        row(
            "privilege-widens",
            &live_fixed("onedrive", ALL_NATIVE, ""),
            &fixed(
                "onedrive",
                "[openid, offline_access, User.Read, Files.Read, Files.Read.All, Group.Read.All]",
                "",
            ),
            says(
                Warning,
                "onedrive/oauth/scopes",
                "asks everybody who connects for 1 scope anew: Group.Read.All (admin consent",
                "",
            ),
        ),
        row(
            "privilege-widens",
            quiet,
            "new_actions_enabled_by_default: true",
            says(
                Warning,
                "workspace/new_actions_enabled_by_default",
                "actions that the vendor adds are on at once",
                "",
            ),
        ),
        row(
            "privilege-widens",
            &sharepoint_on("get_page"),
            "integrations: {sharepoint: {access: {groups: [sales]}, actions: {get_page: disabled}}}",
            None,
        ),
        // reconnect-required
        row(
            "reconnect-required",
            &connected(
                "get_page: enabled",
                "[offline_access, User.Read, Files.Read.All, Sites.Read.All]",
            ),
            "integrations: {sharepoint: {actions: {create_page: enabled}}}",
            says(
                Note,
                "sharepoint",
                "1 person must reconnect for scopes that they have not granted yet",
                "",
            ),
        ),
        row(
            "reconnect-required",
            &connected(
                "get_page: enabled",
                "[offline_access, User.Read, Files.Read.All, Sites.Read.All]",
            ),
            "integrations: {sharepoint: {oauth: {mode: sync, client: {id: other}}}}",
            says(Note, "sharepoint", "because the OAuth client changes", ""),
        ),
        row(
            "reconnect-required",
            &connected(
                "get_page: enabled",
                "[offline_access, User.Read, Files.Read.All, Sites.Read.All]",
            ),
            "integrations: {sharepoint: {actions: {create_page: {groups: [sales]}}}}",
            None,
        ),
        row(
            "reconnect-required",
            &connected(
                "create_page: enabled",
                "[offline_access, User.Read, Files.Read.All, Sites.Read.All, Sites.ReadWrite.All]",
            ),
            "integrations: {sharepoint: {actions: {create_page: disabled}}}",
            None,
        ),
        // scope-case-mismatch
        row(
            "scope-case-mismatch",
            quiet,
            &fixed("sharepoint", "[offline_access, User.Read, files.read.all, Sites.Read.All]", ""),
            says(
                Blocker,
                "sharepoint/oauth/scopes/files.read.all",
                "`files.read.all` is not `Files.Read.All`",
                "",
            ),
        ),
        row(
            "scope-case-mismatch",
            quiet,
            &fixed("sharepoint", "[OPENID, User.Read]", ""),
            says(Blocker, "sharepoint/oauth/scopes/OPENID", "is not `openid`", ""),
        ),
        row("scope-case-mismatch", quiet, &fixed("sharepoint", native, ""), None),
        // The address of a resource has no case; what stands behind it has.
        row(
            "scope-case-mismatch",
            quiet,
            &fixed("sharepoint", "[openid, \"https://graph.microsoft.com/mail.read\"]", ""),
            says(
                Blocker,
                "sharepoint/oauth/scopes/https://graph.microsoft.com/mail.read",
                "is not `https://graph.microsoft.com/Mail.Read`",
                "",
            ),
        ),
        row(
            "scope-case-mismatch",
            quiet,
            &fixed("sharepoint", "[openid, \"HTTPS://Graph.microsoft.us/Mail.Read\"]", ""),
            says(
                Blocker,
                "sharepoint/oauth/scopes/HTTPS://Graph.microsoft.us/Mail.Read",
                "is not `https://graph.microsoft.us/Mail.Read`",
                "",
            ),
        ),
        row(
            "scope-case-mismatch",
            quiet,
            &fixed("sharepoint", "[openid, \"https://graph.microsoft.com//Mail.Read\"]", ""),
            None,
        ),
        // scopes-assumed
        row(
            "scopes-assumed",
            quiet,
            "integrations: {teams: {access: everyone}}",
            says(Note, "teams", "is assumed to be requested", ""),
        ),
        row("scopes-assumed", quiet, "integrations: {onedrive: {access: everyone}}", None),
        // Where no client is configured nothing is requested, so there is nothing to assume.
        row("scopes-assumed", quiet, "integrations: {fabric: {access: everyone}}", None),
        // substitute-expired
        row(
            "substitute-expired",
            quiet,
            &SUBSTITUTE.replace("UNTIL", "2026-11-21").replace("STATE", "enabled"),
            says(
                Blocker,
                "onedrive/oauth/substitutes/0",
                "was accepted until 2026-11-21 for `download_file`",
                "",
            ),
        ),
        row(
            "substitute-expired",
            quiet,
            &SUBSTITUTE.replace("UNTIL", "2026-11-22").replace("STATE", "enabled"),
            None,
        ),
        row(
            "substitute-expired",
            quiet,
            &SUBSTITUTE.replace("UNTIL", "2026-11-21").replace("STATE", "disabled"),
            None,
        ),
        // unknown-scope
        row(
            "unknown-scope",
            quiet,
            &fixed("sharepoint", "[offline_access, User.Read, Files.Read.Everything]", ""),
            says(
                Warning,
                "sharepoint/oauth/scopes/Files.Read.Everything",
                "is no scope that microsoft publishes",
                "",
            ),
        ),
        row(
            "unknown-scope",
            quiet,
            &fixed(
                "sharepoint",
                "[offline_access, User.Read, Mail.Send, \"https://graph.microsoft.com/Mail.Send\"]",
                "",
            ),
            None,
        ),
        row(
            "unknown-scope",
            quiet,
            &fixed(
                "sharepoint",
                "[openid, \"https://management.azure.com/user_impersonation\"]",
                "",
            ),
            says(
                Warning,
                "sharepoint/oauth/scopes/https://management.azure.com/user_impersonation",
                "is of a resource whose scopes are in no list that we know",
                "",
            ),
        ),
        row(
            "unknown-scope",
            quiet,
            &fixed("sharepoint", "[openid, \"https://graph.microsoft.us/Mail.Sent\"]", ""),
            says(
                Warning,
                "sharepoint/oauth/scopes/https://graph.microsoft.us/Mail.Sent",
                "is no scope that microsoft publishes",
                "",
            ),
        ),
        // What the vendor declares is known, whosever it is.
        row(
            "unknown-scope",
            &managed_scopes("power-bi"),
            &fixed(
                "power-bi",
                "[openid, \"https://analysis.windows.net/powerbi/api/Report.Read.All\"]",
                "",
            ),
            None,
        ),
        // unreachable-grant
        row(
            "unreachable-grant",
            quiet,
            "integrations: {sharepoint: {access: {groups: [sales]}, actions: {get_page: {users: [ben@acme.example]}}}}",
            says(
                Warning,
                "sharepoint/actions/get_page",
                "is shared with `ben@acme.example`, who cannot use `sharepoint`",
                "",
            ),
        ),
        row(
            "unreachable-grant",
            quiet,
            "integrations: {sharepoint: {access: {groups: [sales]}, actions: {get_page: {users: [cleo@acme.example]}}}}",
            None,
        ),
        row(
            "unreachable-grant",
            quiet,
            "integrations: {sharepoint: {access: {groups: [sales]}, actions: {get_page: {users: [ana@acme.example]}}}}",
            None,
        ),
        row(
            "unreachable-grant",
            quiet,
            "integrations: {sharepoint: {access: everyone, actions: {get_page: {users: [ben@acme.example]}}}}",
            None,
        ),
        // unused-fixed-scope
        row(
            "unused-fixed-scope",
            quiet,
            &fixed(
                "sharepoint",
                "[offline_access, User.Read, Files.Read.All, Sites.Read.All, Sites.Manage.All]",
                "",
            ),
            says(
                Note,
                "sharepoint/oauth/scopes/Sites.Manage.All",
                "nothing that is on needs `Sites.Manage.All`",
                "",
            ),
        ),
        row(
            "unused-fixed-scope",
            quiet,
            &fixed(
                "sharepoint",
                "[offline_access, User.Read, Files.Read.All, Sites.Read.All, Sites.Manage.All]",
                &on("create_list"),
            ),
            None,
        ),
        row(
            "unused-fixed-scope",
            quiet,
            &SUBSTITUTE.replace("UNTIL", "2027-01-01").replace("STATE", "enabled"),
            None,
        ),
    ]
}

/// Mutation `swap-unasked` makes it fail. A swap is named and a choice asked for: without `on_swap` it is a warning.
#[test]
fn each_finding_fires_where_it_should_and_only_there() {
    let mut wrong = Vec::new();
    for Row { code, live, yaml, says } in rows() {
        let made = plan(&yaml, &live);
        let said = found(&made, code);
        let fits = match (&says, said.first()) {
            (None, None) => true,
            (Some(says), Some(first)) => {
                first.severity == says.severity
                    && first.address.as_str() == says.address
                    && first.message.contains(says.words)
                    && first.paste.to_string() == says.paste
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !fits {
            let wanted = says.map(|s| (s.severity, s.address, s.words, s.paste));
            wrong.push(format!("{code}\n{yaml}\nwanted {wanted:?}\nsaid {said:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A rule that no case makes fire is a rule that nobody has seen.
#[test]
fn every_rule_has_a_firing_and_a_silent_case_and_explains_itself() {
    let rows = rows();
    let of = |fires: bool| -> BTreeSet<&str> {
        rows.iter().filter(|row| row.says.is_some() == fires).map(|row| row.code).collect()
    };
    // No legal wish reaches a refusal (`laws::the_platform_refuses_no_legal_wish`); its case is below.
    let all: BTreeSet<&str> =
        rules().map(|rule| rule.code).filter(|code| *code != "platform-refuses").collect();
    assert_eq!(of(true), all);
    assert_eq!(of(false), all);
    let mut last = "";
    for rule in rules() {
        assert!(last < rule.code, "rules stand in code order: {last}, {}", rule.code);
        last = rule.code;
        assert!(!rule.title.is_empty() && rule.explain.len() > 100, "{}", rule.code);
    }
}

/// A list with a placeholder cannot be written in a file, only be handed to the planner by somebody else.
#[test]
fn platform_refuses_names_the_rule_and_plans_no_write() {
    use scopeform::platform::odeus::desired::{DesiredList, DesiredOauth};

    let config = super::harness::wishes(&fixed("sharepoint", "[User.Read]", ""));
    let mut wanted = super::harness::desired(&config).clone();
    let own = wanted.integrations.values_mut().next().unwrap();
    let Some(DesiredOauth::Fixed { scopes, .. }) = &mut own.oauth else { panic!() };
    *scopes = DesiredList::Exactly([scope("{organization-url}/x")].into_iter().collect());
    let made = super::harness::plan_for(&wanted, &QUIET);
    let said = found(&made, "platform-refuses");
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].severity, Severity::Blocker);
    assert_eq!(said[0].message, "scope `{organization-url}/x` holds an unresolved placeholder");
    assert!(made.bound.operations.is_empty());
    assert!(
        found(&plan(&fixed("sharepoint", "[User.Read]", ""), &QUIET), "platform-refuses")
            .is_empty()
    );
}

/// What a scope of a list is told: one thing, and what was meant.
#[test]
fn a_mistyped_scope_is_told_what_was_meant_and_nothing_against_it() {
    let near = |scope: &str| format!("did you mean `{scope}`?");
    for (written, code, help) in [
        ("user.read", "scope-case-mismatch", "write `User.Read`".to_owned()),
        ("Files.Read.Al", "unknown-scope", near("Files.Read.All")),
        ("Files.ReadWrite.Al", "unknown-scope", near("Files.ReadWrite.All")),
        // Declared by an action of this integration before published by the provider.
        ("Sites.Manage.Al", "unknown-scope", near("Sites.Manage.All")),
        (
            "https://graph.microsoft.us/Mail.Sent",
            "unknown-scope",
            near("https://graph.microsoft.us/Mail.Send"),
        ),
        ("https://graph.microsoft.com/.default", "default-scope", "list the scopes".to_owned()),
        ("Qwertyuiop.Asdfghjkl", "unknown-scope", "check the spelling".to_owned()),
    ] {
        let made = plan(&fixed("sharepoint", &format!("[openid, \"{written}\"]"), ""), &QUIET);
        let at = format!("sharepoint/oauth/scopes/{written}");
        // How powerful it is, is said beside.
        let findings = made.findings().filter(|finding| finding.address.as_str() == at);
        let findings = findings.filter(|finding| finding.code != "high-privilege-scope");
        let told: Vec<_> = findings.map(|f| (f.code.as_str(), f.help.as_str())).collect();
        let [(told_code, told_help)] = told[..] else { panic!("{written}: {told:?}") };
        assert_eq!(told_code, code, "{written}");
        assert!(told_help.contains(&help), "{written}: {told_help}");
    }
}

#[test]
fn a_severity_is_raised_and_the_plan_then_blocks() {
    let body = fixed("onedrive", "[openid, Files.Read]", "");
    let severity = |plan: &Plan| found(plan, "base-scope-missing")[0].severity;
    assert_eq!(severity(&plan(&body, &QUIET)), Severity::Warning);
    let raised = plan(&format!("findings: {{base-scope-missing: blocker}}\n{body}"), &QUIET);
    assert_eq!(severity(&raised), Severity::Blocker);
    assert!(raised.blockers().any(|f| f.code == "base-scope-missing"));
    // Raising to the rule's own severity lowers no case that is worse by itself.
    let worse = fixed("sharepoint", "[User.Read]", ", actions: {create_page: enabled}");
    let same = plan(&format!("findings: {{action-missing-scope: warning}}\n{worse}"), &QUIET);
    assert_eq!(found(&same, "action-missing-scope")[0].severity, Severity::Blocker);
    // A finding that was observed can be raised as well.
    let live = connected("get_page: enabled", "[User.Read]");
    let reconnect = "findings: {reconnect-required: blocker}\n\
         integrations: {sharepoint: {actions: {create_page: enabled}}}";
    let told = plan(reconnect, &live);
    assert!(
        told.blockers().all(|f| f.code != "reconnect-required") || told.blockers().count() == 1
    );
}

#[test]
fn an_exception_holds_on_its_last_day_and_not_after() {
    let yaml = SUBSTITUTE.replace("UNTIL", "2027-03-01").replace("STATE", "enabled");
    for (today, blocked) in [("2027-02-28", false), ("2027-03-01", false), ("2027-03-02", true)] {
        let (plan, _) = plan_on(today, &yaml, &QUIET);
        let plan = plan.unwrap();
        assert_eq!(!found(&plan, "substitute-expired").is_empty(), blocked, "{today}");
        let all = codes(&plan);
        assert_eq!(
            plan.blockers().count() > 0,
            blocked,
            "{today}: {all:?} {:?}",
            found(&plan, "order-window")
        );
        let until = (!blocked).then(|| "2027-03-01".parse().unwrap());
        assert_eq!(plan.bound.valid_until, until, "{today}");
    }
}
