//! A statement, its signature, and what the two are worth: made by the real ssh-keygen, judged here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::civil::{Date, date};
use scopeform::plan::policy::{ApprovalRule, Approvals, Policy, When, enforce};
use scopeform::platform::odeus::event;
use scopeform::seal::approval::{Approval, Fault, Statement, last_day, missing};
use scopeform::seal::signers::parse;
use scopeform::seal::{ApprovedPlan, Consent, Refusal, SealedPlan};

use super::{confirms, folder, new_key, sign};
use crate::planner::harness::{QUIET, plan, world};

const YAML: &str = "integrations: {sharepoint: {actions: {create_page: enabled}}}";
const TODAY: Date = date(2026, 11, 22);

fn rule(when: When, of: &[&str], need: u32) -> ApprovalRule {
    let of: BTreeSet<String> = of.iter().map(|name| format!("{name}@acme.example")).collect();
    ApprovalRule { when, named: of.iter().cloned().collect(), of, need }
}

fn policy(signers: &str, rules: Vec<ApprovalRule>) -> Policy {
    let (keys, mistakes) = parse(signers);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let signers = keys.into_iter().map(|(_, signer)| signer).collect();
    let signers_file = "allowed_signers".to_owned();
    Policy {
        approvals: Some(Approvals { max_age: 7, signers_file, rules, signers }),
        ..Policy::default()
    }
}

fn sealed(policies: Vec<Policy>) -> SealedPlan {
    let mut plan = plan(YAML, &QUIET);
    enforce(&mut plan, policies);
    SealedPlan::seal(plan)
}

/// People with keys, and the file that lists them.
struct Office {
    _dir: tempfile::TempDir,
    folder: PathBuf,
    signers: String,
}

impl Office {
    fn new() -> Self {
        let (_dir, folder) = folder();
        let mut office = Self { _dir, folder, signers: String::new() };
        for (name, kind) in [
            ("ana", &["ed25519"][..]),
            ("ben", &["ecdsa", "-b", "256"]),
            ("cleo", &["ecdsa", "-b", "384"]),
            ("dan", &["ecdsa", "-b", "521"]),
        ] {
            let key = new_key(&office.folder, name, kind);
            office.signers.push_str(&format!("{name}@acme.example {key}\n"));
        }
        // Ana's other key, which does not make her two people; and somebody who is not listed.
        let second = new_key(&office.folder, "ana2", &["ed25519"]);
        office.signers.push_str(&format!("ana@acme.example {second}\n"));
        new_key(&office.folder, "eve", &["ed25519"]);
        office
    }

    fn statement(sealed: &SealedPlan, by: &str) -> Statement {
        let given = "2026-11-22T09:30:00Z".parse().unwrap();
        Statement::of(sealed, &format!("{by}@acme.example"), given, last_day(TODAY, 7))
    }

    fn check(&self, sealed: &SealedPlan, by: &str, key: &str) -> Result<Approval, Fault> {
        let text = Self::statement(sealed, by).text();
        let signature = sign(&self.folder, key, "scopeform-plan", text.as_bytes());
        Approval::check(text.as_bytes(), &signature, sealed, TODAY)
    }
}

#[test]
fn what_ssh_keygen_signs_is_accepted_whatever_the_key_and_confirmed_by_it() {
    let office = Office::new();
    std::fs::write(office.folder.join("allowed_signers"), &office.signers).unwrap();
    let names = ["ana", "ben", "cleo", "dan"];
    let policy = policy(&office.signers, vec![rule(When::Widening, &names, 4)]);
    let sealed = sealed(vec![policy.clone()]);
    let rules = policy.approvals.as_ref().unwrap();
    let mut approvals = Vec::new();
    for name in names {
        let text = Office::statement(&sealed, name).text();
        let signature = sign(&office.folder, name, "scopeform-plan", text.as_bytes());
        let file = office.folder.join(format!("{name}.sig"));
        std::fs::write(&file, &signature).unwrap();
        let by = format!("{name}@acme.example");
        assert!(confirms(&office.folder, &by, text.as_bytes(), &file), "{name}");
        let approval = Approval::check(text.as_bytes(), &signature, &sealed, TODAY).unwrap();
        assert_eq!(approval.counts(rules), Ok(()), "{name}");
        approvals.push(approval);
        let open = missing(&sealed, &approvals);
        let lacks: usize = open.iter().map(|open| open.lacks()).sum();
        assert_eq!(lacks, 4 - approvals.len());
    }
    // Signatures are not consent by themselves, and no other consent replaces them.
    let saved = Consent::SavedPlan(sealed.digest().clone());
    for consent in [Consent::Prompt, Consent::Flag, saved.clone()] {
        let refused = ApprovedPlan::new(sealed.clone(), consent.clone(), Vec::new());
        assert!(matches!(refused, Err(Refusal::Unapproved(open)) if open.len() == 1));
        let few = Consent::Signed(Box::new(consent.clone()), approvals[..3].to_vec());
        let refused = ApprovedPlan::new(sealed.clone(), few, Vec::new()).unwrap_err();
        assert_eq!(refused.to_string(), "1 approval is missing");
        let nested = Consent::Signed(Box::new(consent), approvals.clone());
        assert!(ApprovedPlan::new(sealed.clone(), nested.clone(), Vec::new()).is_ok());
        let nested = Consent::Signed(Box::new(nested), approvals.clone());
        assert!(ApprovedPlan::new(sealed.clone(), nested, Vec::new()).is_err());
    }
    // Rules that the plan does not carry are rules all the same.
    let bare = self::sealed(Vec::new());
    assert!(ApprovedPlan::new(bare.clone(), Consent::Flag, Vec::new()).is_ok());
    let under = bare.clone().under(policy);
    assert_eq!(under.digest(), bare.digest());
    assert!(matches!(
        ApprovedPlan::new(under, Consent::Flag, Vec::new()),
        Err(Refusal::Unapproved(_))
    ));
}

#[test]
fn a_blocker_is_stronger_than_every_signature() {
    let office = Office::new();
    let mut plan = plan(YAML, &QUIET);
    enforce(&mut plan, vec![policy(&office.signers, vec![rule(When::Any, &["ana"], 1)])]);
    plan.bound.findings.push(scopeform::plan::Finding {
        severity: scopeform::plan::Severity::Blocker,
        code: "order-window".to_owned(),
        address: scopeform::model::Address::workspace(),
        message: String::new(),
        help: String::new(),
        paste: scopeform::model::ScopeSet::default(),
    });
    let sealed = SealedPlan::seal(plan);
    let approval = office.check(&sealed, "ana", "ana").unwrap();
    let saved = Consent::SavedPlan(sealed.digest().clone());
    let refused =
        ApprovedPlan::new(sealed, Consent::Signed(Box::new(saved), vec![approval]), Vec::new());
    assert!(matches!(refused, Err(Refusal::Blocked(_))));
}

#[test]
fn a_signature_counts_for_its_own_statement_plan_person_and_time_only() {
    let office = Office::new();
    let policy = policy(&office.signers, vec![rule(When::Any, &["ana", "ben"], 2)]);
    let rules = policy.approvals.clone().unwrap();
    let sealed = sealed(vec![policy]);
    let text = Office::statement(&sealed, "ana").text();
    let signature = sign(&office.folder, "ana", "scopeform-plan", text.as_bytes());
    let check = |text: &str, signature: &[u8], today| {
        Approval::check(text.as_bytes(), signature, &sealed, today)
    };
    let good = check(&text, &signature, TODAY).unwrap();

    // Another plan, which needs the same rule.
    let other = plan("integrations: {sharepoint: {actions: {get_page: enabled}}}", &QUIET);
    let other = SealedPlan::seal(other);
    let swapped = Approval::check(text.as_bytes(), &signature, &other, TODAY);
    assert!(matches!(swapped, Err(Fault::OtherPlan { .. })), "{swapped:?}");

    // Another namespace: a commit or a file that somebody signed.
    for namespace in ["git", "file", "scopeform"] {
        let wrong = sign(&office.folder, "ana", namespace, text.as_bytes());
        assert_eq!(check(&text, &wrong, TODAY), Err(Fault::Namespace(namespace.to_owned())));
    }
    // Another text that the same key signed.
    let elsewhere = sign(&office.folder, "ana", "scopeform-plan", b"something else");
    assert_eq!(check(&text, &elsewhere, TODAY), Err(Fault::BadSignature));
    assert_eq!(check(&text, b"no signature", TODAY), Err(Fault::NotASignature));
    assert_eq!(check(&text, &[0xff, 0xfe], TODAY), Err(Fault::NotASignature));

    // Another key under the same name, and a name that nobody lists.
    let forged = office.check(&sealed, "ana", "eve").unwrap();
    assert!(matches!(forged.counts(&rules), Err(Fault::OtherKey { .. })));
    let stranger = office.check(&sealed, "eve", "eve").unwrap();
    assert!(matches!(stranger.counts(&rules), Err(Fault::UnknownPrincipal(..))));
    // Ben's key cannot speak for Ana.
    let borrowed = office.check(&sealed, "ana", "ben").unwrap();
    assert!(matches!(borrowed.counts(&rules), Err(Fault::OtherKey { .. })));
    assert_eq!(missing(&sealed, &[forged, stranger, borrowed])[0].lacks(), 2);

    // Two keys, one person; one key, two names.
    let again = office.check(&sealed, "ana", "ana2").unwrap();
    assert_eq!(again.counts(&rules), Ok(()));
    let open = missing(&sealed, &[good.clone(), again]);
    assert_eq!((open[0].lacks(), open[0].have.len()), (1, 1));
    let mut shared = rules.clone();
    let ana = shared.signers[0].clone();
    shared.signers.push(scopeform::plan::policy::Signer {
        principals: BTreeSet::from(["ben@acme.example".to_owned()]),
        ..ana
    });
    let both = self::sealed(vec![Policy { approvals: Some(shared), ..Policy::default() }]);
    let two: Vec<Approval> =
        ["ana", "ben"].iter().map(|by| office.check(&both, by, "ana").unwrap()).collect();
    assert_eq!(missing(&both, &two)[0].lacks(), 1);

    // From the day it was given to its last day.
    for (today, wanted) in [
        (date(2026, 11, 21), Some(Fault::FromTheFuture(TODAY))),
        (date(2026, 11, 29), None),
        (date(2026, 11, 30), Some(Fault::Expired(date(2026, 11, 29)))),
    ] {
        assert_eq!(check(&text, &signature, today).err(), wanted, "{today}");
    }
    // Whatever the statement claims, no longer than the rules allow.
    let long = Statement { until: date(2027, 11, 22), ..Office::statement(&sealed, "ana") }.text();
    let signature = sign(&office.folder, "ana", "scopeform-plan", long.as_bytes());
    for (today, fine) in [(date(2026, 11, 29), true), (date(2026, 11, 30), false)] {
        let approval = check(&long, &signature, today).unwrap();
        assert_eq!(approval.counts(&rules).is_ok(), fine, "{today}");
    }
}

#[test]
fn a_key_counts_in_its_namespace_and_on_its_days() {
    let office = Office::new();
    let key = office.signers.lines().next().unwrap().split_once(' ').unwrap().1.to_owned();
    for (options, fine) in [
        ("", true),
        ("namespaces=\"git\" ", false),
        ("namespaces=\"scopeform-plan\" ", true),
        ("valid-after=\"20261122Z\",valid-before=\"20261123Z\" ", true),
        ("valid-after=\"20261123Z\" ", false),
        ("valid-after=\"20261122000001Z\" ", false),
        ("valid-before=\"20261122Z\" ", false),
        ("valid-before=\"20261122235959Z\" ", false),
    ] {
        let line = format!("ana@acme.example {options}{key}\n");
        let policy = policy(&line, vec![rule(When::Any, &["ana"], 1)]);
        let sealed = sealed(vec![policy.clone()]);
        let approval = office.check(&sealed, "ana", "ana").unwrap();
        assert_eq!(approval.counts(policy.approvals.as_ref().unwrap()).is_ok(), fine, "{options}");
        assert_eq!(missing(&sealed, &[approval]).is_empty(), fine, "{options}");
    }
}

/// Each set of rules is judged by its own signers, so who adds himself on one side is nobody on the other.
#[test]
fn both_sets_of_rules_must_be_satisfied_each_by_its_own_signers() {
    let office = Office::new();
    let ana: String = office.signers.lines().take(1).map(|l| format!("{l}\n")).collect();
    let eve = std::fs::read_to_string(office.folder.join("eve.pub")).unwrap();
    let before = policy(&ana, vec![rule(When::Widening, &["ana"], 1)]);
    // The change gives Eve a key under Ana's name.
    let after = policy(&format!("ana@acme.example {eve}"), vec![rule(When::Widening, &["ana"], 1)]);
    let sealed = sealed(vec![before, after]);
    assert_eq!(sealed.plan().bound.policies.len(), 2);
    let approve = |keys: &[&str]| -> usize {
        let all: Vec<Approval> =
            keys.iter().map(|key| office.check(&sealed, "ana", key).unwrap()).collect();
        missing(&sealed, &all).len()
    };
    assert_eq!(approve(&["eve"]), 1);
    assert_eq!(approve(&["ana"]), 1);
    assert_eq!(approve(&["ana", "eve"]), 0);
}

#[test]
fn a_flipped_byte_makes_it_no_approval() {
    let office = Office::new();
    let policy = policy(&office.signers, vec![rule(When::Any, &["ana"], 1)]);
    let sealed = sealed(vec![policy.clone()]);
    let rules = policy.approvals.unwrap();
    let text = Office::statement(&sealed, "ana").text().into_bytes();
    let signature = sign(&office.folder, "ana", "scopeform-plan", &text);
    let counts = |text: &[u8], signature: &[u8]| {
        Approval::check(text, signature, &sealed, TODAY).and_then(|a| a.counts(&rules)).is_ok()
    };
    assert!(counts(&text, &signature));
    for at in 0..text.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut other = text.clone();
            other[at] ^= flip;
            assert!(!counts(&other, &signature), "byte {at} of the statement");
        }
    }
    // Every character of the signature that carries a part of it.
    let body = signature.windows(5).position(|w| w == b"-----").unwrap() + 30;
    let end = signature.windows(9).rposition(|w| w == b"-----END ").unwrap();
    for at in (body..end).filter(|at| signature[*at].is_ascii_alphanumeric()) {
        let mut other = signature.clone();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        assert!(!counts(&text, &other), "byte {at} of the signature");
    }
    for cut in [text.len() - 1, text.len() / 2, 0] {
        assert!(!counts(&text[..cut], &signature), "cut at {cut}");
    }
}

#[test]
fn a_statement_is_exactly_what_approve_writes() {
    let sealed = sealed(Vec::new());
    let statement = Office::statement(&sealed, "ana");
    let text = statement.text();
    assert_eq!(
        text,
        format!(
            "scopeform approval 1\nplan sha256:{}\nworkspace acme\nplatform odeus\nby ana@acme.example\n\
             given 2026-11-22T09:30:00Z\nuntil 2026-11-29\n",
            sealed.digest()
        )
    );
    assert_eq!(Statement::read(text.as_bytes()), Ok(statement));
    let digest = sealed.digest().as_str();
    for (from, to) in [
        ("\n", "\r\n"),
        ("until 2026-11-29\n", "until 2026-11-29"),
        ("until 2026-11-29\n", "until 2026-11-29\n\n"),
        ("until 2026-11-29\n", ""),
        ("until 2026-11-29", "until 2026-11-29 or later"),
        ("until 2026-11-29", "until 2026-11-31"),
        ("until 2026-11-29", "until 20261129"),
        ("09:30:00Z", "09:30Z"),
        ("09:30:00Z", "10:30:00+01:00"),
        ("by ana", "by  ana"),
        ("by ana@acme.example", "by ana@acme.example\nby ben@acme.example"),
        ("by ana@acme.example", "by ../ana"),
        ("workspace", "Workspace"),
        ("sha256:", "sha512:"),
        (digest, &digest.to_uppercase()),
        (digest, digest.get(..12).unwrap()),
        ("scopeform", "# scopeform"),
    ] {
        let other = text.replace(from, to);
        assert_ne!(other, text, "{from}");
        let read = Statement::read(other.as_bytes());
        assert!(matches!(read, Err(Fault::NotAStatement(_))), "{from} -> {to}: {read:?}");
    }
    let two = text.replacen("approval 1", "approval 2", 1);
    assert_eq!(Statement::read(two.as_bytes()), Err(Fault::Version("2".to_owned())));
    assert!(Statement::read(&[0xff]).is_err());
    for (from, to) in
        [("workspace acme", "workspace other"), ("platform odeus", "platform trustpager")]
    {
        let other = text.replace(from, to);
        let checked = Approval::check(other.as_bytes(), b"", &sealed, TODAY);
        assert!(matches!(checked, Err(Fault::OtherPlace { .. })), "{checked:?}");
    }
}

#[test]
fn people_who_reconnect_keep_the_approval() {
    let office = Office::new();
    let policy = policy(&office.signers, vec![rule(When::Widening, &["ana"], 1)]);
    let mut live = world(
        "actions: nobody\nconnections: [{integration: sharepoint, users: all, granted: [User.Read]}]\n",
    );
    let seal = |live: &scopeform::platform::odeus::state::Snapshot| {
        let mut plan = plan(YAML, live);
        enforce(&mut plan, vec![policy.clone()]);
        SealedPlan::seal(plan)
    };
    let first = seal(&live);
    let approval = office.check(&first, "ana", "ana").unwrap();
    for connection in &mut live.connections {
        let state = live.integrations[&connection.integration].state.clone();
        *connection = event::reconnect(connection, &state);
    }
    let later = seal(&live);
    assert_ne!(later.plan().observed.people, first.plan().observed.people);
    let text = approval.statement().text();
    let signature = sign(&office.folder, "ana", "scopeform-plan", text.as_bytes());
    let kept = Approval::check(text.as_bytes(), &signature, &later, TODAY).unwrap();
    assert!(missing(&later, &[kept]).is_empty());
}
