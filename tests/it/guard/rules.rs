//! Every rule: what breaks it, what does not, and what it says.

use scopeform::plan::laws::Violation;
use scopeform::plan::policy::enforce;
use scopeform::plan::{LossKind, Plan, Severity};
use scopeform::platform::odeus::prospect::Prospect;
use scopeform::platform::odeus::resolve::resolve;
use scopeform::platform::odeus::state::Snapshot;
use scopeform::platform::odeus::{event, loss};
use scopeform::platform::trustpager::desired::{DesiredKey, DesiredRevocation};
use scopeform::platform::trustpager::state::KeyGrants;
use scopeform::seal::SealedPlan;

use super::{ours, policy, under};
use crate::odeus::fixture::key;
use crate::planner::harness::{TODAY, desired, plan, publish, scope, wishes, world};
use crate::trustpager::fixture::{
    ADMIN, Bench, CLIENT, MEMBER, VIEWER, holders, list, resource_key, tiers, verbs,
};

/// SharePoint with three actions on, for different people, on a list that covers them.
fn fixed() -> Snapshot {
    world(
        "actions: nobody\nintegrations:\n  sharepoint:\n    oauth: {mode: fixed, client: {id: own}, \
         scopes: [offline_access, User.Read, Sites.Read.All, Files.Read.All, Sites.ReadWrite.All]}\n    \
         actions: {get_page: enabled, get_list: {groups: [content-team, sales]}, create_page: enabled}\n\
         connections: [{integration: sharepoint, users: all}]\n",
    )
}

/// The same, with scopes that follow the actions.
fn managed() -> Snapshot {
    world(
        "actions: nobody\nintegrations:\n  sharepoint:\n    oauth: {mode: managed}\n    \
         actions: {get_page: enabled, get_list: {groups: [content-team, sales]}, create_page: enabled}\n\
         connections: [{integration: sharepoint, users: all}]\n",
    )
}

const LIST: &str = "integrations: {sharepoint: {oauth: {mode: fixed, client: {id: own}, scopes: ";

/// What one protection says about one plan: the address of the finding and a piece of its message, or nothing.
type Protection<'a> = (&'a str, Plan, Option<(&'a str, &'a str)>);

#[track_caller]
fn check(rows: Vec<Protection<'_>>) {
    for (protect, plan, says) in rows {
        let plan = under(&format!("protect: [{protect}]"), plan);
        let (bound, observed) = ours(&plan);
        assert!(observed.is_empty());
        match (bound.as_slice(), says) {
            ([], None) => {}
            ([one], Some((address, words))) => {
                assert_eq!(one.code, "protected", "{protect}");
                assert_eq!(one.severity, Severity::Blocker);
                assert_eq!(one.address.as_str(), address, "{protect}: {}", one.message);
                assert!(one.message.contains(words), "{protect}: {}", one.message);
            }
            (found, says) => {
                panic!("{protect}: {found:?}\nexpected {says:?}\n{:?}", plan.bound.losses)
            }
        }
    }
}

#[test]
fn what_is_protected_on_odeus_loses_nothing() {
    let off =
        |live: &Snapshot| plan("integrations: {sharepoint: {actions: {get_page: disabled}}}", live);
    let unlisted = plan("integrations: {sharepoint: {unlisted_actions: disabled}}", &managed());
    let list = |scopes: &str, rest: &str| plan(&format!("{LIST}{scopes}}}{rest}}}}}"), &fixed());
    let shares = |who: &str| {
        plan(&format!("integrations: {{sharepoint: {{actions: {{get_list: {who}}}}}}}"), &fixed())
    };
    let access =
        |who: &str| plan(&format!("integrations: {{sharepoint: {{access: {who}}}}}"), &fixed());
    let whole = "[offline_access, User.Read, Sites.Read.All, Files.Read.All, Sites.ReadWrite.All]";
    let no_sites = "[offline_access, User.Read, Files.Read.All, Sites.ReadWrite.All]";
    check(vec![
        // An action that is turned off: by its own line, by a pattern, by the policy for the rest.
        (
            "sharepoint/actions/get_page",
            off(&managed()),
            Some(("sharepoint/actions/get_page", "`sharepoint/actions/get_page` is protected")),
        ),
        (
            "sharepoint/actions/get_*",
            off(&fixed()),
            Some(("sharepoint/actions/get_page", "`sharepoint/actions/get_*` is protected")),
        ),
        (
            "{address: sharepoint, reason: \"sales lives here, OPS-12\"}",
            off(&fixed()),
            Some(("sharepoint/actions/get_page", "is protected: sales lives here, OPS-12")),
        ),
        (
            "\"*/actions/get_page\"",
            off(&fixed()),
            Some(("sharepoint/actions/get_page", "would stop")),
        ),
        ("sharepoint/actions/get_list", off(&fixed()), None),
        ("excel", off(&fixed()), None),
        (
            "sharepoint/actions/create_page",
            unlisted.clone(),
            Some(("sharepoint/unlisted_actions", "`sharepoint/actions/create_page` would")),
        ),
        ("sharepoint/actions/create_list", unlisted, None),
        // An action that is shared with fewer, or with others.
        (
            "sharepoint/actions/get_list",
            shares("{groups: [sales]}"),
            Some(("sharepoint/actions/get_list", "get_list")),
        ),
        (
            "sharepoint/actions/get_list",
            shares("{groups: [sales, empty]}"),
            Some(("sharepoint/actions/get_list", "get_list")),
        ),
        ("sharepoint/actions/get_list", shares("{groups: [sales, content-team, empty]}"), None),
        ("sharepoint/actions/get_list", shares("enabled"), None),
        // A scope list that stops it: the line of the list, not that of the action.
        (
            "sharepoint/actions/get_page",
            list(no_sites, ", actions: {get_page: enabled, get_list: enabled}"),
            Some(("sharepoint/oauth/scopes", "`sharepoint/actions/get_page` would stop")),
        ),
        (
            "sharepoint/actions/get_page",
            list(
                no_sites,
                ", actions: {get_page: {access: everyone, accept_missing_scopes: SEC-1}, get_list: {access: everyone, accept_missing_scopes: SEC-1}}",
            ),
            None,
        ),
        (
            "sharepoint/actions/check_file_access",
            list("[offline_access, User.Read, Sites.Read.All, Sites.ReadWrite.All]", ""),
            Some(("sharepoint/oauth/scopes", "check_file_access")),
        ),
        (
            "sharepoint/oauth/scopes/Sites.Read.All",
            list(no_sites, ""),
            Some((
                "sharepoint/oauth/scopes",
                "`sharepoint/oauth/scopes/Sites.Read.All` would no longer be requested",
            )),
        ),
        ("sharepoint/oauth/scopes/User.Read", list(no_sites, ""), None),
        ("sharepoint/oauth", list(&whole.replace(']', ", Mail.Read]"), ""), None),
        // Scopes that follow the actions leave with the action that needed them.
        (
            "sharepoint/oauth",
            plan("integrations: {sharepoint: {actions: {create_page: disabled}}}", &managed()),
            Some(("sharepoint/actions/create_page", "Sites.ReadWrite.All")),
        ),
        // The integration around it.
        (
            "sharepoint/actions/get_page",
            access("{groups: [sales]}"),
            Some(("sharepoint/access", "get_page")),
        ),
        (
            "sharepoint/access",
            access("nobody"),
            Some(("sharepoint/access", "`sharepoint/access` would be open to fewer people")),
        ),
        ("sharepoint/access", access("everyone"), None),
        // Another client ends every connection; a new secret does not.
        (
            "sharepoint/oauth",
            plan(&format!("{}{whole}}}}}}}", LIST.replace("id: own", "id: other")), &fixed()),
            Some(("sharepoint/oauth", "another client")),
        ),
        (
            "sharepoint/actions",
            plan(&format!("{}{whole}}}}}}}", LIST.replace("id: own", "id: other")), &fixed()),
            None,
        ),
        (
            "sharepoint",
            plan(
                &format!("{}{whole}}}}}}}", LIST.replace("id: own", "id: own, secret: {env: NEW}")),
                &fixed(),
            ),
            None,
        ),
    ]);
}

#[test]
fn a_switch_that_nobody_loses_anything_by_today_is_protected_too() {
    // Without `Sites.Read.All` the action does not run; its switch is still what the files protect.
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {oauth: {mode: fixed, client: {id: own}, scopes: [User.Read]}, actions: {get_page: enabled}}}\n",
    );
    let made = plan("integrations: {sharepoint: {actions: {get_page: disabled}}}", &live);
    assert!(made.bound.privilege.changes.is_empty(), "{:?}", made.bound.privilege);
    check(vec![(
        "sharepoint/actions/get_page",
        made,
        Some(("sharepoint/actions/get_page", "would be open to fewer people")),
    )]);
    let switched = plan("new_actions_enabled_by_default: false", &{
        let mut live = fixed();
        live.settings.new_actions_enabled_by_default = true;
        live
    });
    let at = "workspace/new_actions_enabled_by_default";
    check(vec![("workspace", switched, Some((at, at)))]);
}

#[test]
fn what_is_protected_does_not_stop_for_a_moment_either() {
    let live = managed();
    let config = wishes("integrations: {sharepoint: {actions: {create_list: enabled}}}");
    let (mut targets, _) = resolve(desired(&config), &live);
    let connections = Vec::new();
    let mut prospect = Prospect::new(targets.remove(0), &live, connections, TODAY.parse().unwrap());
    assert!(loss::losses(&prospect).is_empty());
    let (page, list) = (key("get_page"), key("get_list"));
    prospect.window = vec![
        Violation::Outage(prospect.action(&page)),
        Violation::Churn(scope("User.Read")),
        Violation::ExcessUse(prospect.action(&list)),
        Violation::ExcessScope(scope("Mail.Read")),
    ];
    let losses = loss::losses(&prospect);
    let lost: Vec<(&str, LossKind)> =
        losses.iter().map(|loss| (loss.address.as_str(), loss.kind)).collect();
    assert_eq!(
        lost,
        [
            ("sharepoint/actions/get_page", LossKind::Moment),
            ("sharepoint/oauth/scopes/User.Read", LossKind::Moment),
        ]
    );
    let mut made = plan("integrations: {sharepoint: {actions: {create_list: enabled}}}", &live);
    made.bound.losses = losses;
    check(vec![
        (
            "sharepoint/actions/get_page",
            made.clone(),
            Some(("sharepoint/on_swap", "would stop for a moment")),
        ),
        ("sharepoint/actions/get_list", made.clone(), None),
    ]);
    // It comes back, so it is no removal.
    check_limits(&[("{removals: {count: 0}}", made, &[])]);
}

/// One client with everything, four tokens, and two keys.
fn crm() -> Bench {
    let bench = Bench::new()
        .has(&[("contacts", "write_automatically"), ("email", "send_automatically")])
        .token("t-ana", ADMIN, 1)
        .token("t-ben", MEMBER, 1)
        .token("t-vic", VIEWER, 200)
        .key("nightly", KeyGrants::Custom(list(&[("contacts", "read"), ("email", "read")])))
        .key("full", KeyGrants::FullAccess);
    let mut bench = bench;
    bench.live().access.verbs.extend(verbs(&[("calls", &["initiate"])]));
    bench
}

fn custom(pairs: &[(&str, &str)]) -> DesiredKey {
    DesiredKey::Custom { resources: tiers(pairs), verbs: verbs(&[]), deliver: None }
}

#[test]
fn what_is_protected_on_trustpager_loses_nothing() {
    let client = format!("oauth_clients/{CLIENT}");
    let at = |rest: &str| format!("{client}/{rest}");
    let contacts = at("resources/contacts");
    let narrower = crm().wants(&[("contacts", "read")]).plan();
    // Widens one thing and narrows another: writes become automatic and deletes need approval, or the other way round.
    let wider = crm().wants(&[("contacts", "delete_automatically")]).plan();
    let no_calls = crm().with(|wish| wish.verbs = verbs(&[("calls", &[])])).plan();
    let ben_out = crm().with(|wish| wish.tokens.holders = holders(&[ADMIN, VIEWER], &[])).plan();
    let idle = crm().with(|wish| wish.tokens.max_idle_days = Some(90)).plan();
    let named = crm()
        .with(|wish| {
            let revoke =
                DesiredRevocation { token: "t-ana".to_owned(), reason: "leaked".to_owned() };
            wish.tokens.revoke = vec![revoke];
        })
        .plan();
    let key = |name: &str, wish: DesiredKey| crm().wants_key(name, wish).plan();
    let gone = || DesiredKey::Revoked { reason: "unused".to_owned() };
    let nightly = "api_keys/nightly";
    check(vec![
        (&contacts, narrower.clone(), Some((&contacts, "would allow less"))),
        (&client, narrower.clone(), Some((&contacts, "is protected"))),
        ("oauth_clients/*/resources/c*", narrower.clone(), Some((&contacts, "is protected"))),
        (&at("resources/email"), narrower.clone(), None),
        ("api_keys", narrower, None),
        (&client, wider, None),
        (&at("verbs/calls"), no_calls.clone(), Some((&at("verbs/calls"), "would allow less"))),
        (&at("resources"), no_calls, None),
        (&at("tokens"), ben_out.clone(), Some((&at("tokens/holders"), "t-ben` would end"))),
        (&at("tokens/t-ana"), ben_out, None),
        (&client, idle, Some((&at("tokens/max_idle"), "t-vic` would end"))),
        (&at("tokens/t-ana"), named, Some((&at("tokens/revoke/t-ana"), "t-ana` would end"))),
        (nightly, key("nightly", gone()), Some((nightly, "would end"))),
        // What ends takes what is below it along.
        (
            "api_keys/nightly/resources/contacts",
            key("nightly", gone()),
            Some((nightly, "would end")),
        ),
        (
            "api_keys/nightly/resources/contacts",
            key("nightly", custom(&[("email", "read")])),
            Some(("api_keys/nightly/resources/contacts", "would allow less")),
        ),
        (
            "api_keys/nightly/resources/contacts",
            key("nightly", custom(&[("contacts", "read")])),
            None,
        ),
        (nightly, key("nightly", DesiredKey::FullAccess { deliver: None }), None),
        (
            "api_keys/full",
            key("full", custom(&[("contacts", "delete_automatically")])),
            Some(("api_keys/full", "lose full access")),
        ),
        ("api_keys/*", key("new", custom(&[])), None),
    ]);
}

#[test]
fn a_tier_that_widens_one_thing_and_narrows_another_is_a_loss() {
    let bench = Bench::new().has(&[("contacts", "write_automatically")]);
    let catalog = &bench.snapshot.catalog;
    let resource = &catalog.resources[&resource_key("contacts")];
    let mut facts = (**catalog).clone();
    // A ladder on which the next tier deletes, and writes with approval only.
    let ladder = facts.ladders.get_mut(&resource.ladder).unwrap();
    let from =
        ladder.iter().find(|fact| fact.tier.as_str() == "write_automatically").unwrap().clone();
    let next = ladder.iter_mut().find(|fact| fact.tier.as_str() == "delete_with_approval").unwrap();
    let verb = from.grants.0.keys().find(|verb| verb.as_str() == "write").unwrap().clone();
    next.grants.0.insert(verb, scopeform::platform::trustpager::catalog::How::Approval);
    let mut bench = bench.clone();
    bench.snapshot.catalog = facts.into();
    let made = bench.wants(&[("contacts", "delete_with_approval")]).plan();
    let at = format!("oauth_clients/{CLIENT}/resources/contacts");
    check(vec![(&at, made, Some((&at, "would allow less")))]);
}

#[test]
fn one_finding_stands_for_all_that_one_line_takes_from_one_protection() {
    let made = plan("integrations: {sharepoint: {unlisted_actions: disabled}}", &managed());
    let made = under("protect: [sharepoint, \"*/actions/get_*\", excel]", made);
    let said: Vec<_> = ours(&made).0;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|f| f.address.as_str() == "sharepoint/unlisted_actions"), "{said:?}");
    assert!(said.iter().any(|f| f.message.contains("2 things would lose something: `sharepoint/actions/get_list`, `sharepoint/actions/get_page`; `*/actions/get_*`")), "{said:?}");
}

/// What one set of limits says about one plan: code, whether it is bound, and a piece of the message.
type Limited<'a> = (&'a str, Plan, &'a [(&'a str, bool, &'a str)]);

#[track_caller]
fn check_limits(rows: &[Limited<'_>]) {
    for (limits, plan, says) in rows {
        let plan = under(&format!("limits: {limits}"), plan.clone());
        let (bound, observed) = ours(&plan);
        let said = bound.iter().map(|f| (f, true)).chain(observed.iter().map(|f| (f, false)));
        let said: Vec<_> = said.collect();
        assert_eq!(said.len(), says.len(), "{limits}: {said:?}");
        for ((finding, is_bound), (code, wanted, words)) in said.iter().zip(*says) {
            assert_eq!((finding.code.as_str(), is_bound), (*code, wanted), "{limits}");
            assert_eq!(finding.severity, Severity::Blocker);
            assert!(finding.message.contains(words), "{limits}: {}", finding.message);
        }
    }
}

#[test]
fn limits_on_odeus() {
    // Three actions go, and with them the two scopes that only they needed.
    let three = plan("integrations: {sharepoint: {unlisted_actions: disabled}}", &managed());
    let kinds: Vec<LossKind> = three.bound.losses.iter().map(|loss| loss.kind).collect();
    let count = kinds.iter().filter(|kind| kind.is_removal()).count();
    assert_eq!(three.observed.scale.people, 0, "nobody reconnects for a removal");
    let rights = three.observed.scale.rights;
    let (n, less) = (count.to_string(), (count - 1).to_string());
    let share = count * 100 / rights;
    let said = format!("{count} removals are {share}.");
    let (count_at, count_below) =
        (format!("{{removals: {{count: {n}}}}}"), format!("{{removals: {{count: {less}}}}}"));
    let share_at = format!("{{removals: {{share: {}%}}}}", share + 1);
    let share_below = format!("{{removals: {{share: {share}%}}}}");
    let both = format!("{{removals: {{count: {n}, share: {share}%}}}}");
    let removals_said = format!("{n} removals, and the limit is {less}");
    check_limits(&[
        (&count_at, three.clone(), &[]),
        (&count_below, three.clone(), &[("limit-removals", true, &removals_said)]),
        (&share_at, three.clone(), &[]),
        (&share_below, three.clone(), &[("limit-removals", false, &said)]),
        // Whichever is hit first.
        (&both, three.clone(), &[("limit-removals", false, "of what is there")]),
        (
            "{removals: {count: 0, share: 0%}}",
            three.clone(),
            &[("limit-removals", true, "limit is 0"), ("limit-removals", false, "limit is 0%")],
        ),
        ("{people: 0, broken_actions: 0}", three, &[]),
    ]);
    // What is only added is no removal.
    let more = plan("integrations: {sharepoint: {actions: {create_list: enabled}}}", &managed());
    assert_eq!(more.observed.scale.people, 4);
    check_limits(&[
        ("{removals: {count: 0, share: 0%}, people: 4}", more.clone(), &[]),
        ("{people: 3}", more, &[("limit-people", false, "4 people must reconnect")]),
    ]);
    // A scope leaves a fixed list: two actions of the files and two native ones stop.
    let broken = plan(
        &format!(
            "{LIST}[offline_access, User.Read, Sites.ReadWrite.All]}}, actions: {{get_page: enabled, get_list: enabled}}}}}}"
        ),
        &fixed(),
    );
    let names = scopeform::plan::guard::broken(&broken.bound);
    let all: Vec<&str> = names.iter().map(|address| address.name()).collect();
    assert!(all.contains(&"get_page") && all.contains(&"check_file_access"), "{all:?}");
    let (at, below) = (
        format!("{{broken_actions: {}}}", all.len()),
        format!("{{broken_actions: {}}}", all.len() - 1),
    );
    check_limits(&[
        (&at, broken.clone(), &[]),
        (&below, broken, &[("limit-broken-actions", true, "actions stop although they stay on")]),
    ]);
}

#[test]
fn where_nothing_was_there_the_count_alone_decides() {
    let mut made = plan("integrations: {sharepoint: {unlisted_actions: disabled}}", &managed());
    made.observed.scale.rights = 0;
    check_limits(&[
        ("{removals: {share: 0%}}", made.clone(), &[]),
        ("{removals: {share: 0%, count: 0}}", made, &[("limit-removals", true, "limit is 0")]),
    ]);
}

#[test]
fn limits_on_trustpager() {
    let two = crm()
        .with(|wish| wish.tokens.holders = holders(&[ADMIN], &[]))
        .wants(&[("contacts", "read")])
        .wants_key("nightly", DesiredKey::Revoked { reason: "unused".to_owned() })
        .plan();
    // Ana's token allows less, Ben's and Vic's end.
    assert_eq!(two.observed.scale.people, 3);
    let ended = crm().with(|wish| wish.tokens.holders = holders(&[], &[])).plan();
    // Two tokens of one person are one person.
    let twice = crm()
        .token("t-ana-2", ADMIN, 1)
        .with(|wish| wish.tokens.holders = holders(&[], &[]))
        .plan();
    check_limits(&[
        ("{removals: {count: 4}, people: 3}", two.clone(), &[]),
        (
            "{removals: {count: 3}}",
            two.clone(),
            &[("limit-removals", true, "4 removals, and the limit is 3")],
        ),
        ("{people: 2}", two, &[("limit-people", false, "3 people")]),
        ("{removals: {count: 3}, people: 3}", ended.clone(), &[]),
        ("{removals: {share: 1%}}", ended, &[("limit-removals", false, "3 removals are ")]),
        ("{removals: {count: 4}, people: 3}", twice, &[]),
    ]);
    let wider = crm().wants(&[("contacts", "delete_automatically")]).plan();
    check_limits(&[
        ("{removals: {count: 0, share: 0%}}", wider.clone(), &[]),
        // Whose role allows no more has nothing changed; Ana and Ben have.
        (
            "{people: 0}",
            wider,
            &[("limit-people", false, "must reconnect or have tokens that change or end")],
        ),
    ]);
}

#[test]
fn of_several_rules_all_are_kept() {
    let made = plan("integrations: {sharepoint: {actions: {get_page: disabled}}}", &managed());
    let rules = [
        "limits: {removals: {count: 9}}",
        "limits: {removals: {count: 0}}\nprotect: [sharepoint]",
        "protect: [{address: sharepoint/actions, reason: OPS-7}]",
        "",
    ];
    let policies = rules.map(|rules| policy(made.bound.platform, rules));
    let mut ruled = made;
    enforce(&mut ruled, policies.to_vec());
    assert_eq!(ruled.bound.policies.len(), 3);
    let codes: Vec<&str> = ours(&ruled).0.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["limit-removals", "protected", "protected"]);
    // Judging again under fewer rules leaves nothing of the old judgement.
    enforce(&mut ruled, Vec::new());
    assert!(ours(&ruled).0.is_empty());
}

#[test]
fn the_digest_does_not_move_when_people_come_go_and_reconnect() {
    let rules = "limits: {removals: {count: 1, share: 1%}, people: 1}\nprotect: [sharepoint/actions/get_page]";
    let yaml =
        "integrations: {sharepoint: {unlisted_actions: disabled, actions: {create_list: enabled}}}";
    let first = under(rules, plan(yaml, &managed()));
    assert_eq!(ours(&first).1.len(), 2, "{:?}", first.observed.findings);
    let mut live = managed();
    let after = crate::planner::harness::apply_to(&live, &first);
    for connection in &mut live.connections {
        *connection =
            event::reconnect(connection, &after.integrations[&connection.integration].state);
    }
    // Somewhere else the vendor adds what could be removed.
    publish(&mut live, "todo", |facts| {
        facts.actions.pop_first();
    });
    let moved = under(rules, plan(yaml, &live));
    assert_ne!(first.observed.scale, moved.observed.scale);
    assert_eq!(ours(&moved).1.len(), 1, "{:?}", moved.observed.findings);
    let digest = |plan: &Plan| SealedPlan::seal(plan.clone()).digest().clone();
    assert_eq!(digest(&moved), digest(&first));
    // The rules are decisions.
    assert_ne!(digest(&under("", plan(yaml, &live))), digest(&first));

    // The same where people have tokens.
    let rules = "limits: {removals: {count: 0, share: 1%}, people: 0}";
    let bench = crm().wants(&[("contacts", "read")]);
    let first = under(rules, bench.plan());
    let more =
        under(rules, bench.clone().token("t-new", MEMBER, 0).token("t-two", VIEWER, 0).plan());
    assert_ne!(first.observed.scale, more.observed.scale);
    assert_eq!(digest(&first), digest(&more));
}
