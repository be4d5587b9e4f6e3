//! The digest moves when a decision moves, a plan file is read whole or not at all, and only consent opens apply.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use scopeform::model::ScopeSet;
use scopeform::plan::{Plan, Severity};
use scopeform::platform::odeus::event;
use scopeform::platform::odeus::state::Snapshot;
use scopeform::seal::document::{self, DocumentError};
use scopeform::seal::{ApprovedPlan, Consent, Digest, Refusal, SealedPlan};

use super::harness::{
    QUIET, desired, plan, plan_for, plan_on, plan_with, publish, scope, wishes, world,
};
use super::wishes::wished;
use crate::odeus::fixture::key;

const YAML: &str = "new_actions_enabled_by_default: true
integrations:
  sharepoint:
    actions: {create_page: {groups: [sales]}, get_page: disabled}
  onedrive:
    oauth:
      mode: fixed
      client: {id: own, secret: {env: KEY}}
      scopes: [openid, offline_access, User.Read, Files.Read]
      substitutes:
        - {scope: Files.Read, for: [Files.Read.All], actions: [download_file], reason: SEC-1, until: 2027-03-01}
    actions: {download_file: enabled}
";

static LIVE: LazyLock<Snapshot> = LazyLock::new(|| {
    world(
        "actions: nobody\nintegrations: {sharepoint: {actions: {get_page: enabled}}}\n\
         connections: [{integration: sharepoint, users: [ben@acme.example, cleo@acme.example], granted: [User.Read]}, \
         {integration: onedrive, users: all}]\n",
    )
});

fn sealed(yaml: &str, live: &Snapshot) -> SealedPlan {
    SealedPlan::seal(plan(yaml, live))
}

#[test]
fn both_sides_are_kept_for_who_asks_and_change_nothing_else() {
    let config = wishes(YAML);
    let [with, mut without] = [true, false].map(|asked| plan_with(asked, desired(&config), &LIVE));
    assert!(!with.observed.comparisons.is_empty() && !with.observed.effective.is_empty());
    assert!(without.observed.comparisons.is_empty() && without.observed.effective.is_empty());
    without.observed.effective.clone_from(&with.observed.effective);
    without.observed.comparisons.clone_from(&with.observed.comparisons);
    assert_eq!(with, without);
}

#[test]
fn the_digest_does_not_move_with_what_moves_by_itself() {
    let first = plan(YAML, &LIVE);
    let digest = SealedPlan::seal(first.clone()).digest().clone();
    assert!(!first.observed.people.is_empty() && !first.observed.findings.is_empty());

    // People connect, reconnect, leave a group, expire.
    let mut live = LIVE.clone();
    for connection in &mut live.connections {
        let state = live.integrations[&connection.integration].state.clone();
        *connection = event::reconnect(connection, &state);
    }
    live.connections.truncate(2);
    live.directory.groups.values_mut().for_each(std::collections::BTreeSet::clear);
    live.settings_revision = "s2".to_owned();
    for one in live.integrations.values_mut() {
        one.revision = "r2".to_owned();
    }
    let moved = plan(YAML, &live);
    assert_ne!(moved.observed.people, first.observed.people);
    assert_eq!(*SealedPlan::seal(moved).digest(), digest);

    // Another day on which every exception still holds, and the last one.
    for today in ["2026-11-23", "2027-03-01"] {
        let later = plan_on(today, YAML, &LIVE).0.unwrap();
        assert_eq!(*SealedPlan::seal(later).digest(), digest, "{today}");
    }
    // Other costs, other places in the files, and integrations that no line names.
    let mut other = first.clone();
    other.observed.api_cost.plan_reads += 1;
    other.observed.left_alone.clear();
    assert_eq!(*SealedPlan::seal(other).digest(), digest);
    let mut elsewhere = LIVE.clone();
    publish(&mut elsewhere, "todo", |facts| {
        facts.actions.pop_first();
    });
    assert_eq!(*sealed(YAML, &elsewhere).digest(), digest);
}

type Edit = (&'static str, fn(&mut Plan));

/// One edit per field of what is bound.
const EDITS: &[Edit] = &[
    ("workspace", |p| p.bound.workspace = "other".try_into().unwrap()),
    ("endpoint", |p| p.bound.endpoint = "https://odeus.example.com".to_owned()),
    ("valid until", |p| p.bound.valid_until = None),
    ("valid until a day later", |p| p.bound.valid_until = "2027-03-02".parse().ok()),
    ("a change", |p| drop(p.bound.changes.pop())),
    ("a value before", |p| p.bound.changes[0].before = serde_json::json!("else")),
    ("a value after", |p| p.bound.changes[0].after = serde_json::json!("else")),
    ("where it is declared", |p| {
        p.bound.changes[0].declared_at = scopeform::model::Address::workspace();
    }),
    ("the cause", |p| p.bound.changes[0].catalog_change = true),
    ("an operation", |p| drop(p.bound.operations.pop())),
    ("the order", |p| p.bound.operations.reverse()),
    ("a precondition", |p| p.bound.operations[0].before = serde_json::json!("else")),
    ("an effect", |p| {
        p.bound.operations[0].effect.scopes.add = ScopeSet::from_iter([scope("Mail.Send")]);
    }),
    ("the privilege delta", |p| drop(p.bound.privilege.changes.pop())),
    ("breakage", |p| drop(p.bound.breakage.pop())),
    ("a finding", |p| drop(p.bound.findings.pop())),
    ("a severity", |p| p.bound.findings[0].severity = Severity::Blocker),
    ("a rule about approvals", |p| {
        use scopeform::plan::policy::{ApprovalRule, Approvals, Policy, When};
        let of = std::collections::BTreeSet::from(["ana@acme.example".to_owned()]);
        let rule = ApprovalRule { when: When::Any, named: Vec::new(), of, need: 1 };
        let signers_file = "allowed_signers".to_owned();
        let rules = vec![rule];
        let approvals = Approvals { max_age: 7, signers_file, rules, signers: Vec::new() };
        p.bound.policies.push(Policy { approvals: Some(approvals), ..Policy::default() });
    }),
    ("a Rego rule", |p| {
        use scopeform::plan::policy::{Policy, Rego, RegoFile};
        let mut rego = Rego::default();
        rego.add(RegoFile { path: "a.rego".to_owned(), text: "package main".to_owned() });
        p.bound.policies.push(Policy { rego, ..Policy::default() });
    }),
    ("a label", |p| {
        let labels = [("owner".to_owned(), "it".to_owned())].into();
        p.bound.labels.insert(scopeform::model::Address::of(&["sharepoint"]), labels);
    }),
    ("a list to paste", |p| p.bound.findings[0].paste = ScopeSet::from_iter([scope("Mail.Send")])),
    ("a reliance", |p| drop(p.bound.relied_on.pop())),
    ("a value relied on", |p| p.bound.relied_on[0].value.push('x')),
    ("what nobody reviewed", |p| {
        p.bound.unreviewed.push(scopeform::plan::Unreviewed {
            unit: scopeform::model::Address::of(&["sharepoint"]),
            scope: scope("Mail.Send"),
        });
    }),
];

#[test]
fn the_digest_moves_with_every_decision() {
    let first = plan(YAML, &LIVE);
    let mut digests = std::collections::BTreeMap::new();
    digests.insert(SealedPlan::seal(first.clone()).digest().clone(), "nothing");
    for (what, edit) in EDITS {
        let mut other = first.clone();
        edit(&mut other);
        assert_ne!(other.bound, first.bound, "{what} changes nothing");
        let digest = SealedPlan::seal(other).digest().clone();
        if let Some(same) = digests.insert(digest, what) {
            panic!("{what} gives the digest of {same}");
        }
    }
}

#[test]
fn the_digest_moves_with_what_the_files_and_the_platform_decide() {
    let digest = sealed(YAML, &LIVE).digest().clone();
    for (from, to) in [
        ("true", "false"),
        ("[sales]", "[content-team]"),
        ("get_page: disabled", "get_page: enabled"),
        ("id: own", "id: other"),
        ("env: KEY", "env: KEY2"),
        ("Files.Read]\n", "Files.Read, Mail.Send]\n"),
        ("2027-03-01", "2027-03-02"),
        ("SEC-1", "SEC-2"),
    ] {
        let yaml = YAML.replacen(from, to, 1);
        assert_ne!(yaml, YAML);
        assert_ne!(*sealed(&yaml, &LIVE).digest(), digest, "{from} to {to}");
    }
    let mut live = LIVE.clone();
    publish(&mut live, "sharepoint", |facts| {
        let action = facts.actions.get_mut(&key("create_page")).unwrap();
        action.required_scopes.insert(scope("Sites.Manage.All"));
    });
    assert_ne!(*sealed(YAML, &live).digest(), digest);
}

#[test]
fn a_plan_file_reads_back_as_it_was_written() {
    for yaml in [YAML, "integrations: {sharepoint: {access: everyone}}"] {
        let sealed = sealed(yaml, &LIVE);
        let text = document::write(&sealed, "0.1.0");
        assert_eq!(document::read(text.as_bytes()).unwrap(), sealed);
    }
}

static FILE: LazyLock<String> = LazyLock::new(|| document::write(&sealed(YAML, &LIVE), "0.1.0"));

#[test]
fn a_plan_file_that_is_cut_anywhere_is_refused() {
    // Every byte where the file begins and ends, and in between every place in a line sooner or later.
    let whole = FILE.len();
    for end in (0..512).chain((512..whole - 512).step_by(13)).chain(whole - 512..whole) {
        assert!(document::read(&FILE.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_plan_file_is_refused_by_what_is_wrong_with_it() {
    let read = |text: String| document::read(text.as_bytes()).unwrap_err();
    let edit = |from: &str, to: &str| {
        assert!(FILE.contains(from), "{from}");
        read(FILE.replacen(from, to, 1))
    };
    let version = edit("\"scopeform_plan\": 1", "\"scopeform_plan\": 2");
    assert!(matches!(version, DocumentError::Version { found } if found == "2"));
    let workspace = edit("\"workspace\": \"acme\"", "\"workspace\": \"evil\"");
    assert!(matches!(workspace, DocumentError::Edited { part: "bound part" }));
    let endpoint = edit("\"endpoint\": \"embedded\"", "\"endpoint\": \"elsewhere\"");
    assert!(matches!(endpoint, DocumentError::Edited { part: "bound part" }));
    let people = edit("\"plan_reads\": ", "\"plan_reads\": 1");
    assert!(matches!(people, DocumentError::Edited { part: "observed part" }));
    let indented = edit("\n  \"tool_version\"", "\n   \"tool_version\"");
    assert!(matches!(indented, DocumentError::NotVerbatim));
    let added = edit("\n  \"tool_version\"", "\n  \"extra\": 1,\n  \"tool_version\"");
    assert!(matches!(added, DocumentError::NotVerbatim | DocumentError::NotAPlan(_)), "{added}");
    assert!(matches!(read(format!("{}{}", *FILE, *FILE)), DocumentError::NotJson(_)));
    assert!(matches!(read("{}".to_owned()), DocumentError::NotAPlan(_)));
    assert!(matches!(read(String::new()), DocumentError::NotJson(_)));
}

#[test]
fn a_plan_file_of_another_tool_version_is_read() {
    let other = document::write(&sealed(YAML, &LIVE), "9.9.9");
    assert_eq!(document::read(other.as_bytes()).unwrap(), sealed(YAML, &LIVE));
}

#[test]
fn a_digest_without_its_consent_opens_nothing() {
    let fine = sealed(YAML, &LIVE);
    let other = Digest::of_bytes(b"another plan");
    for consent in [Consent::Prompt, Consent::Flag, Consent::SavedPlan(fine.digest().clone())] {
        let approved = ApprovedPlan::new(fine.clone(), consent.clone(), Vec::new()).unwrap();
        assert_eq!((approved.sealed(), approved.consent()), (&fine, &consent));
    }
    assert!(matches!(
        ApprovedPlan::new(fine.clone(), Consent::SavedPlan(other.clone()), Vec::new()),
        Err(Refusal::OtherPlan { given, actual })
            if given == other.as_str() && actual == fine.digest().as_str()
    ));

    // What the vendor added is covered by eyes, not by a flag.
    let mut live = QUIET.clone();
    publish(&mut live, "sharepoint", |facts| {
        facts.base_scopes.insert(scope("Mail.Send"));
    });
    let unreviewed = sealed("integrations: {sharepoint: {oauth: {mode: managed}}}", &live);
    assert!(matches!(
        ApprovedPlan::new(unreviewed.clone(), Consent::Flag, Vec::new()),
        Err(Refusal::Unreviewed(list)) if list.len() == 1 && list[0].scope == scope("Mail.Send")
    ));
    assert!(ApprovedPlan::new(unreviewed.clone(), Consent::Prompt, Vec::new()).is_ok());
    let saved = Consent::SavedPlan(unreviewed.digest().clone());
    assert!(ApprovedPlan::new(unreviewed, saved, Vec::new()).is_ok());

    // A blocker is stronger than every consent.
    let yaml =
        "integrations: {sharepoint: {oauth: {mode: fixed, client: {id: c}, scopes: [user.read]}}}";
    let blocked = sealed(yaml, &QUIET);
    for consent in [Consent::Prompt, Consent::Flag, Consent::SavedPlan(blocked.digest().clone())] {
        assert!(matches!(
            ApprovedPlan::new(blocked.clone(), consent, Vec::new()),
            Err(Refusal::Blocked(list)) if list.iter().any(|f| f.code == "scope-case-mismatch")
        ));
    }
    // Also one that was only observed.
    let mut raised = plan(YAML, &LIVE);
    raised.observed.findings[0].severity = Severity::Blocker;
    assert!(matches!(
        ApprovedPlan::new(SealedPlan::seal(raised), Consent::Prompt, Vec::new()),
        Err(Refusal::Blocked(_))
    ));
}

/// The blocks of a file, in one order or another.
fn shuffled() -> impl Strategy<Value = String> {
    let actions = Just(vec![
        "create_page: {groups: [sales, content-team]}",
        "get_page: disabled",
        "\"list_*\": enabled",
    ]);
    let scopes = Just(vec!["openid", "offline_access", "User.Read", "Files.Read.All"]);
    let units = Just(vec![0, 1, 2]);
    (actions.prop_shuffle(), scopes.prop_shuffle(), units.prop_shuffle()).prop_map(
        |(actions, scopes, units)| {
            let blocks = [
                format!("  sharepoint: {{actions: {{{}}}}}\n", actions.join(", ")),
                format!(
                    "  onedrive: {{oauth: {{scopes: [{}], client: {{id: own}}, mode: fixed}}}}\n",
                    scopes.join(", ")
                ),
                "  todo: {access: {users: [dan@acme.example, ben@acme.example]}}\n".to_owned(),
            ];
            let body: String = units.into_iter().map(|n| blocks[n].as_str()).collect();
            format!("integrations:\n{body}new_actions_enabled_by_default: true\n")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any byte of a plan file that is another byte makes it another file.
    #[test]
    fn a_changed_byte_is_refused(at in any::<Index>(), to in 1..=255_u8) {
        let mut bytes = FILE.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= to;
        prop_assume!(!is_tool_version(at));
        prop_assert!(document::read(&bytes).is_err(), "byte {at}");
    }

    /// Every plan survives its file.
    #[test]
    fn every_plan_reads_back((live, desired) in wished()) {
        let sealed = SealedPlan::seal(plan_for(&desired, &live));
        let text = document::write(&sealed, "0.1.0");
        prop_assert_eq!(document::read(text.as_bytes()).unwrap(), sealed);
    }

    /// The order of blocks, lines and list items says nothing.
    #[test]
    fn the_order_of_the_files_does_not_matter(yaml in shuffled(), other in shuffled()) {
        let (one, two) = (plan(&yaml, &LIVE), plan(&other, &LIVE));
        let json = |plan: &Plan| serde_json::to_string(plan).unwrap();
        prop_assert_eq!(json(&one), json(&two));
        let digest = |plan: Plan| SealedPlan::seal(plan).digest().clone();
        prop_assert_eq!(digest(one), digest(two));
    }
}

/// The version of the tool is told, not sealed: another one reads the same plan.
fn is_tool_version(at: usize) -> bool {
    let start = FILE.find("0.1.0").unwrap();
    (start..start + 5).contains(&at)
}
