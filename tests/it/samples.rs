//! Hand-made plans for the renderers: a narrow toggle, a switch to fixed scopes that breaks things, nothing to do, and a
//! live system with hostile names.

use std::collections::BTreeSet;

use jiff::civil::date;
use scopeform::model::{
    Access, Address, Cause, CauseKind, Direction, Effect, GroupKey, Principal, PrivilegeChange,
    PrivilegeDelta, PrivilegeLevel, Right, Scope, ScopeDelta, ScopeSet, UseChange,
};
use scopeform::plan::{
    ApiCost, Bound, Breakage, Change, Effective, Finding, LeftAlone, Observed, PeopleEffect, Plan,
    PlannedOperation, ReconnectReason, Reliance, Scale, Severity, SourceRange, StillHolds,
};
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation, Operation};
use scopeform::platform::{self, Kind};
use serde_json::{Value, json};

pub(crate) const DIGEST: &str =
    "sha256:8c1f6d0a4e3b57c2a9d4f1e6b7083c5d2e9fa1b04c6d7e8f90123456789abcde";

pub(crate) fn scope(text: &str) -> Scope {
    Scope::try_from(text).unwrap()
}

pub(crate) fn scopes(text: &str) -> ScopeSet {
    text.split_whitespace().map(scope).collect()
}

fn at(path: &str) -> Address {
    Address::of(&[path])
}

/// Nothing to do.
pub(crate) fn empty() -> Plan {
    Plan {
        bound: Bound {
            platform: Kind::Odeus,
            workspace: "acme".try_into().unwrap(),
            endpoint: "https://odeus.example.com".into(),
            valid_until: None,
            changes: Vec::new(),
            operations: Vec::new(),
            privilege: PrivilegeDelta::default(),
            breakage: Vec::new(),
            losses: Vec::new(),
            findings: Vec::new(),
            unreviewed: Vec::new(),
            policies: Vec::new(),
            weakened: Vec::new(),
            labels: std::collections::BTreeMap::new(),
            relied_on: Vec::new(),
        },
        observed: Observed {
            takes_back: None,
            today: date(2026, 11, 22),
            snapshot: None,
            other_workspaces: BTreeSet::new(),
            people: Vec::new(),
            tokens: Vec::new(),
            groups: std::collections::BTreeMap::new(),
            scope_access: std::collections::BTreeMap::new(),
            scale: Scale::default(),
            findings: Vec::new(),
            left_alone: vec![LeftAlone::fact(at("teams"), "14 actions on, 2 off".into())],
            effective: Vec::new(),
            comparisons: Vec::new(),
            api_cost: ApiCost { plan_reads: 4, apply_reads: 0, writes: 0 },
            sources: Vec::new(),
        },
    }
}

fn source(address: &str, line: u32, column: u32) -> SourceRange {
    SourceRange {
        address: at(address),
        file: "acme.yaml".into(),
        line,
        column,
        end_line: line,
        end_column: column + 12,
    }
}

fn change(address: &str, kind: &str, before: Value, after: Value) -> Change {
    let unit = address.split('/').next().unwrap();
    Change {
        address: at(address),
        kind: kind.into(),
        unit: at(unit),
        declared_at: at(address),
        before,
        after,
        catalog_change: false,
    }
}

fn cause(kind: CauseKind, address: &str) -> Cause {
    Cause { kind, address: (!address.is_empty()).then(|| at(address)) }
}

fn widens(unit: &str, text: &str, causes: Vec<Cause>) -> PrivilegeChange {
    PrivilegeChange {
        unit: at(unit),
        direction: Direction::Widening,
        right: Right::Scope(scope(text)),
        causes,
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    }
}

fn narrows(unit: &str, text: &str, causes: Vec<Cause>) -> PrivilegeChange {
    PrivilegeChange { direction: Direction::Narrowing, ..widens(unit, text, causes) }
}

fn uses(unit: &str, path: &str, before: &str, after: &str) -> PrivilegeChange {
    let address = at(unit).child("actions").child(path);
    let direction =
        if after == "does not run" { Direction::Narrowing } else { Direction::Widening };
    PrivilegeChange {
        unit: at(unit),
        direction,
        causes: vec![Cause { kind: CauseKind::Action, address: Some(address.clone()) }],
        right: Right::Use { address, before: before.into(), after: after.into() },
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    }
}

fn write(
    unit: &str,
    change: IntegrationOperation,
    before: Value,
    effect: Effect,
) -> PlannedOperation {
    let operation = platform::Operation::Odeus(Operation::Integration {
        integration: unit.try_into().unwrap(),
        change,
    });
    PlannedOperation {
        unit: operation.unit(),
        address: operation.address(),
        operation,
        before,
        effect,
    }
}

fn finding(severity: Severity, code: &str, address: &str, message: &str, help: &str) -> Finding {
    Finding {
        severity,
        code: code.into(),
        address: at(address),
        message: message.into(),
        help: help.into(),
        paste: ScopeSet::new(),
    }
}

fn users(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("user{n:02}@acme.example")).collect()
}

/// One action shared, one turned off by a glob: two scopes move.
pub(crate) fn toggle() -> Plan {
    let content = Access::only([Principal::Group(GroupKey::try_from("content-team").unwrap())]);
    let mut off = change(
        "sharepoint/actions/delete_list",
        "odeus_action",
        json!("everyone"),
        json!("nobody"),
    );
    off.declared_at = at("sharepoint/actions/delete_*");
    let mut manage = widens(
        "sharepoint",
        "Sites.Manage.All",
        vec![cause(CauseKind::Action, "sharepoint/actions/create_list")],
    );
    manage.admin_consent = Some(true);
    manage.level = Some(PrivilegeLevel(3));
    let mut full = narrows(
        "sharepoint",
        "Sites.FullControl.All",
        vec![
            cause(CauseKind::Action, "sharepoint/actions/delete_list"),
            cause(CauseKind::NoLongerNeeded, ""),
        ],
    );
    full.level = Some(PrivilegeLevel(5));
    let mut plan = empty();
    plan.bound.changes = vec![
        change(
            "sharepoint/actions/create_list",
            "odeus_action",
            json!("nobody"),
            serde_json::to_value(&content).unwrap(),
        ),
        off,
    ];
    plan.bound.privilege.changes = vec![
        manage,
        uses("sharepoint", "create_list", "does not run", "group content-team"),
        full,
        uses("sharepoint", "delete_list", "everyone", "does not run"),
    ];
    plan.bound.operations = vec![
        write(
            "sharepoint",
            IntegrationOperation::SetActionAccess {
                action: "create_list".try_into().unwrap(),
                access: content,
                accept: ScopeSet::new(),
            },
            json!("nobody"),
            Effect {
                scopes: ScopeDelta { add: scopes("Sites.Manage.All"), remove: ScopeSet::new() },
                uses: vec![UseChange {
                    address: at("sharepoint/actions/create_list"),
                    before: "does not run".into(),
                    after: "group content-team".into(),
                }],
                ..Effect::default()
            },
        ),
        write(
            "sharepoint",
            IntegrationOperation::SetActionAccess {
                action: "delete_list".try_into().unwrap(),
                access: Access::Nobody,
                accept: ScopeSet::new(),
            },
            json!("everyone"),
            Effect {
                scopes: ScopeDelta {
                    add: ScopeSet::new(),
                    remove: scopes("Sites.FullControl.All"),
                },
                uses: vec![UseChange {
                    address: at("sharepoint/actions/delete_list"),
                    before: "everyone".into(),
                    after: "does not run".into(),
                }],
                ..Effect::default()
            },
        ),
    ];
    plan.bound.findings = vec![finding(
        Severity::Warning,
        "admin-consent-required",
        "sharepoint/actions/create_list",
        "`Sites.Manage.All` needs the consent of a tenant administrator",
        "ask for consent before you apply, or nobody can connect",
    )];
    plan.observed.people = vec![PeopleEffect {
        unit: at("sharepoint"),
        must_reconnect: users(41),
        already: users(3).into_iter().collect(),
        reason: ReconnectReason::NewScopes,
        still_hold: vec![StillHolds { scope: scope("Sites.FullControl.All"), users: users(12) }],
        connected: 57,
    }];
    plan.observed.findings = vec![finding(
        Severity::Note,
        "grant-outlives-removal",
        "sharepoint",
        "12 people still hold `Sites.FullControl.All`",
        "",
    )];
    plan.observed.left_alone = vec![
        LeftAlone::fact(at("sharepoint"), "21 actions on, 4 off".into()),
        LeftAlone::fact(at("teams"), "14 actions on, 2 off".into()),
    ];
    plan.observed.api_cost = ApiCost { plan_reads: 4, apply_reads: 5, writes: 2 };
    plan.observed.sources = vec![
        source("sharepoint", 8, 3),
        source("sharepoint/actions/create_list", 14, 7),
        source("sharepoint/actions/delete_*", 15, 7),
    ];
    plan.observed.effective = vec![Effective {
        unit: at("sharepoint"),
        before: "access: everyone\nactions:\n  create_list: nobody\n  delete_list: everyone\n"
            .into(),
        after:
            "access: everyone\nactions:\n  create_list: group content-team\n  delete_list: nobody\n"
                .into(),
    }];
    plan
}

/// A switch to fixed scopes whose list is too short, beside a small change elsewhere.
pub(crate) fn fixed() -> Plan {
    let list = scopes("openid offline_access User.Read Files.Read");
    let client = ClientSpec::Custom {
        id: "91aa07d2".try_into().unwrap(),
        tenant: None,
        secret: None,
        fixed: Some(list.clone()),
    };
    let gone = scopes("Files.Read.All Files.ReadWrite.All Sites.Read.All");
    let list_line = |s: &str| {
        narrows("onedrive", s, vec![cause(CauseKind::FixedList, "onedrive/oauth/scopes")])
    };
    let mut read = list_line("Files.Read.All");
    read.causes.push(cause(CauseKind::NativeAction, "onedrive/actions/search_files"));
    read.level = Some(PrivilegeLevel(3));
    let mut narrow = widens(
        "onedrive",
        "Files.Read",
        vec![cause(CauseKind::FixedList, "onedrive/oauth/scopes")],
    );
    narrow.admin_consent = Some(false);
    narrow.level = Some(PrivilegeLevel(2));
    let mut plan = toggle();
    plan.bound.valid_until = Some(date(2027, 3, 1));
    plan.bound.changes.push(change(
        "onedrive/oauth",
        "odeus_oauth_client",
        json!({"mode": "managed"}),
        json!({"mode": "fixed", "client": {"id": "91aa07d2", "secret": "file:/run/secrets/onedrive@2026-10"}, "scopes": list}),
    ));
    plan.bound.changes.push(change(
        "workspace/new_actions_enabled_by_default",
        "odeus_workspace",
        json!(true),
        json!(false),
    ));
    plan.bound.privilege.changes.extend([
        narrow,
        read,
        list_line("Files.ReadWrite.All"),
        list_line("Sites.Read.All"),
    ]);
    for n in 1..=12 {
        let stops = uses("onedrive", &format!("upload_{n:02}"), "everyone", "does not run");
        let lacks = cause(CauseKind::NeededScope, "onedrive/oauth/scopes/Files.ReadWrite.All");
        plan.bound.privilege.changes.push(PrivilegeChange { causes: vec![lacks], ..stops });
    }
    plan.bound.breakage = vec![
        Breakage::StopsRunning {
            address: at("onedrive/actions/upload_file"),
            missing: scopes("Files.ReadWrite.All"),
        },
        Breakage::WillNotRun {
            address: at("onedrive/actions/list_site_files"),
            missing: scopes("Sites.Read.All"),
        },
        Breakage::Unverified {
            address: at("onedrive/actions/download_file"),
            accepted: scopes("Files.Read.All"),
            reason: "own files only, SEC-142".into(),
        },
        Breakage::FeatureBreaks {
            unit: at("onedrive"),
            feature: "file attachments in chat and agents".into(),
            actions: BTreeSet::from([
                at("onedrive/actions/get_file"),
                at("onedrive/actions/search_files"),
            ]),
            missing: scopes("Files.Read.All"),
        },
        Breakage::FeatureBreaks {
            unit: at("onedrive"),
            feature: "folder syncing".into(),
            actions: BTreeSet::from([at("onedrive/actions/search_files")]),
            missing: scopes("Files.Read.All"),
        },
    ];
    let mut blocker = finding(
        Severity::Blocker,
        "action-missing-scope",
        "onedrive/actions/list_site_files",
        "`list_site_files` is turned on and will not run without `Sites.Read.All`",
        "add the scope to the list, or give a reason with `accept_missing_scopes`",
    );
    blocker.paste = scopes("Sites.Read.All");
    let mut native = finding(
        Severity::Warning,
        "native-scope-missing",
        "onedrive/oauth/scopes",
        "the list lacks `Files.Read.All`, which native actions need: 2 features break",
        "recommended for this integration:",
    );
    native.paste = list.union(&gone);
    plan.bound.findings.extend([native, blocker]);
    plan.bound.operations.push(write(
        "onedrive",
        IntegrationOperation::SetClient { client },
        json!({"mode": "managed"}),
        Effect {
            scopes: ScopeDelta { add: scopes("Files.Read"), remove: gone },
            uses: vec![
                UseChange {
                    address: at("onedrive/actions/upload_file"),
                    before: "everyone".into(),
                    after: "does not run".into(),
                },
                UseChange {
                    address: at("onedrive/actions/get_file"),
                    before: "everyone".into(),
                    after: "does not run".into(),
                },
            ],
            features_lost: BTreeSet::from(["folder syncing".to_owned()]),
            ..Effect::default()
        },
    ));
    plan.bound.operations.push(PlannedOperation {
        unit: Address::workspace(),
        address: at("workspace/new_actions_enabled_by_default"),
        operation: platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled: false }),
        before: json!(true),
        effect: Effect::default(),
    });
    plan.bound.relied_on =
        vec![Reliance { address: at("onedrive/actions/download_file"), value: "everyone".into() }];
    plan.observed.people.push(PeopleEffect {
        unit: at("onedrive"),
        must_reconnect: users(5),
        already: BTreeSet::new(),
        reason: ReconnectReason::NewClient,
        still_hold: Vec::new(),
        connected: 5,
    });
    plan.observed.api_cost = ApiCost { plan_reads: 4, apply_reads: 6, writes: 4 };
    plan.observed.sources.extend([
        source("onedrive/oauth", 20, 5),
        source("onedrive/oauth/scopes", 23, 7),
        source("onedrive/actions/list_site_files", 31, 7),
        source("workspace/new_actions_enabled_by_default", 5, 1),
    ]);
    plan
}

/// What a hostile vendor or colleague could put into names, messages and reasons.
pub(crate) const NASTY: &str = "x\u{1b}[2J\u{202e}drow\u{200b}\n! blocker[fake] y: z\r\u{9b}31m";

/// Takes away the TAB that ends a file name with spaces in a unified diff: the only one that a page may hold.
pub(crate) fn without_ends_of_names(text: &str) -> String {
    let line = |line: &str| {
        let names = ["--- live/", "+++ planned/"].iter().any(|name| line.starts_with(name));
        let ended = line.strip_suffix("\t\n").filter(|name| names && name.contains(' '));
        ended.map_or_else(|| line.to_owned(), |name| format!("{name}\n"))
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The switch, with hostile text wherever text may come from elsewhere.
pub(crate) fn hostile() -> Plan {
    let mut plan = fixed();
    plan.bound.endpoint = NASTY.into();
    for person in &mut plan.observed.people {
        person.must_reconnect.push(NASTY.into());
        for held in &mut person.still_hold {
            held.users.push(NASTY.into());
        }
    }
    for left in &mut plan.observed.left_alone {
        left.what = NASTY.into();
        left.address = at(NASTY);
    }
    for range in &mut plan.observed.sources {
        range.file = NASTY.into();
    }
    for effective in &mut plan.observed.effective {
        effective.unit = at(NASTY);
        effective.after.push_str(&format!("  {NASTY}\n"));
    }
    for finding in plan.bound.findings.iter_mut().chain(&mut plan.observed.findings) {
        finding.code.push_str(NASTY);
        finding.message = NASTY.into();
        finding.help = NASTY.into();
    }
    for change in &mut plan.bound.changes {
        change.address = at(&format!("{}/{NASTY}", change.address));
        change.declared_at = at(NASTY);
        change.kind = NASTY.into();
        change.before = json!({ NASTY: NASTY, "only": [{ NASTY: NASTY }] });
    }
    for change in &mut plan.bound.privilege.changes {
        change.unit = at(NASTY);
        for cause in &mut change.causes {
            cause.address = Some(at(NASTY));
        }
        if let Right::Use { address, before, after } = &mut change.right {
            *address = address.child(NASTY);
            *before = NASTY.into();
            *after = NASTY.into();
        }
    }
    for breakage in &mut plan.bound.breakage {
        match breakage {
            Breakage::StopsRunning { address, .. } | Breakage::WillNotRun { address, .. } => {
                *address = address.child(NASTY);
            }
            Breakage::Unverified { reason, .. } => *reason = NASTY.into(),
            Breakage::FeatureBreaks { unit, feature, actions, .. } => {
                *unit = at(NASTY);
                *feature = NASTY.into();
                actions.insert(at(NASTY));
            }
        }
    }
    for operation in &mut plan.bound.operations {
        operation.unit = at(NASTY);
        operation.address = at(NASTY);
        operation.before = json!(NASTY);
        operation.effect.features_lost.insert(NASTY.into());
        operation.effect.features_restored.insert(NASTY.into());
        for moved in &mut operation.effect.uses {
            *moved = UseChange { address: at(NASTY), before: NASTY.into(), after: NASTY.into() };
        }
    }
    for reliance in &mut plan.bound.relied_on {
        *reliance = Reliance { address: at(NASTY), value: NASTY.into() };
    }
    plan
}

/// Checks that `schemas/NAME.schema.json` is what the types say; `UPDATE=1` writes it.
#[expect(clippy::disallowed_methods, reason = "a test reads and blesses a file of the repository")]
pub(crate) fn check_schema(name: &str, schema: &Value) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let path = folder.join(format!("{name}.schema.json"));
    let expected = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var("UPDATE").is_ok() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, &expected).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == expected, "`{}` is out of date; run with UPDATE=1", path.display());
}
