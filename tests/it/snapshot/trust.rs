//! Which snapshots are refused: everything that somebody in a fork could make up, and everything that is not whole.

use jiff::{SignedDuration, Timestamp};
use scopeform::plan::policy::Signer;
use scopeform::seal::signers;
use scopeform::snapshot::{Distrust, vouched};

use super::{NAMESPACE, ROBOT, forge, lab, planned, take};
use crate::approvals::{folder, new_key, sign};
use crate::cli::harness::{Lab, git};

#[test]
fn what_nobody_signed_is_refused_unless_that_is_asked_for() {
    let lab = lab("acme");
    take(&lab);
    // An unsigned one takes the signature of the one before it away.
    lab.run("snapshot acme --out s.json").exits(0).says(&["notice: nobody has signed it"]);
    assert!(!lab.path("s.json.sig").exists());
    planned(&lab, "").exits(1).says(&["is not signed", "--allow-unsigned"]).prints_nothing();
    let run = lab.run("plan acme --snapshot s.json --allow-unsigned");
    run.exits(0).prints(&["whose signature was not asked for"]);
    // Nobody is asked to trust nobody.
    lab.run("plan acme --snapshot s.json").exits(1).says(&["name nobody who may sign snapshots"]);
}

#[test]
fn what_was_changed_or_cut_is_refused() {
    let lab = lab("acme");
    take(&lab);
    let whole = lab.read("s.json");
    let edited = whole.replacen("\"admin\"", "\"member\"", 1);
    assert_ne!(edited, whole);
    let unsigned = |lab: &Lab| lab.run("plan acme --snapshot s.json --allow-unsigned");
    for (text, why) in [
        (edited.as_str(), "the file was changed after it was written"),
        (whole.split_at(whole.len() / 2).0, "damaged or cut short"),
        (&whole.replacen("\": ", "\":", 1), "something was added, removed or reformatted"),
        (
            &whole.replacen("\"scopeform_snapshot\": 2", "\"scopeform_snapshot\": 1", 1),
            "has snapshot format 1, this version reads format 2",
        ),
        (
            &whole.replacen("\"scopeform_snapshot\": 2", "\"scopeform_snapshot\": 3", 1),
            "has snapshot format 3",
        ),
        ("{\"scopeform_plan\": 1}\n", "is no scopeform snapshot"),
        ("", "damaged or cut short"),
    ] {
        lab.write("s.json", text);
        planned(&lab, "").exits(1).says(&["is not trusted", "not good"]).prints_nothing();
        unsigned(&lab).exits(1).says(&[why]).prints_nothing();
    }
    lab.write("s.json", &whole);
    planned(&lab, "").exits(0);
    lab.write("s.json.sig", "no signature\n");
    planned(&lab, "").exits(1).says(&["not in the format of `ssh-keygen -Y sign`"]);
}

#[test]
fn a_snapshot_of_something_else_is_refused() {
    let lab = lab("acme");
    take(&lab);
    let first = lab.read("s.json");
    forge(&lab, "robot", |taken| taken.workspace = "other".try_into().unwrap());
    planned(&lab, "").exits(1).says(&["is of workspace `other`, the files are for `acme`"]);
    lab.write("s.json", &first);
    forge(&lab, "robot", |taken| taken.endpoint = "https://odeus.example.com".to_owned());
    planned(&lab, "").exits(1).says(&["is of endpoint `https://odeus.example.com`"]);
    let crm = super::lab("acme-crm");
    take(&crm);
    lab.write("s.json", &crm.read("s.json"));
    forge(&lab, "robot", |_| {});
    planned(&lab, "").exits(1).says(&["is of platform `trustpager`, the files are for `odeus`"]);
    let lied = |taken: &mut scopeform::snapshot::Taken| {
        taken.platform = scopeform::platform::Kind::Odeus;
        taken.workspace = "acme".try_into().unwrap();
    };
    forge(&lab, "robot", lied);
    planned(&lab, "").exits(1).says(&["it is of odeus and holds trustpager"]);
    // Costs that would keep a machine busy for hours are no recipe.
    lab.write("s.json", &first);
    forge(&lab, "robot", |taken| taken.pseudonyms.memory_kib = u32::MAX);
    planned(&lab, "").exits(1).says(&["not between 8 KiB and 256 MiB"]);
}

#[test]
fn an_old_snapshot_is_stale() {
    let lab = lab("acme");
    take(&lab);
    let hours = |hours: i64| Timestamp::now() - SignedDuration::from_hours(hours);
    forge(&lab, "robot", |taken| taken.taken = hours(30));
    planned(&lab, "").exits(0);
    planned(&lab, "--max-age 29h").exits(3).says(&["longer ago than 29h", "--max-age AGE"]);
    planned(&lab, "--max-age 31h").exits(0);
    forge(&lab, "robot", |taken| taken.taken = hours(7 * 24 + 1));
    planned(&lab, "").exits(3).says(&["longer ago than 7d; nothing was planned"]).prints_nothing();
    planned(&lab, "--max-age 8d").exits(0);
    forge(&lab, "robot", |taken| taken.taken = hours(-2));
    planned(&lab, "").exits(1).says(&["yet to come"]);
    for age in ["0d", "7", "-1d", "1.5d", "99999999999d", "d", "4000000000d"] {
        planned(&lab, &format!("--max-age={age}")).exits(64);
    }
}

#[test]
fn only_a_key_for_snapshots_counts() {
    let lab = lab("acme");
    take(&lab);
    forge(&lab, "ana", |_| {});
    planned(&lab, "").exits(1).says(&["may not sign in namespace `scopeform-snapshot`"]);
    forge(&lab, "eve", |_| {});
    planned(&lab, "").exits(1).says(&["which signed it, is not in `signers`"]);
    // An approval's signature is none of a snapshot.
    let text = lab.read("s.json");
    let other = sign(&lab.path("keys"), "robot", "scopeform-plan", text.as_bytes());
    std::fs::write(lab.path("s.json.sig"), other).unwrap();
    planned(&lab, "").exits(1).says(&["in namespace `scopeform-plan`"]);
}

#[test]
fn a_key_counts_on_its_days_only() {
    let (_guard, folder) = folder();
    let key = new_key(&folder, "robot", &["ecdsa", "-b", "256"]);
    let signature = sign(&folder, "robot", NAMESPACE, b"text");
    let signers = |options: &str| -> Vec<Signer> {
        let (signers, mistakes) = signers::parse(&format!("{ROBOT} {options} {key}\n"));
        assert!(mistakes.is_empty(), "{mistakes:?}");
        signers.into_iter().map(|(_, signer)| signer).collect()
    };
    let today = "2026-11-22".parse().unwrap();
    let judge = |options: &str| vouched(b"text", &signature, &signers(options), "f", today);
    assert_eq!(judge("").unwrap(), [ROBOT.to_owned()].into());
    assert_eq!(judge("namespaces=\"scopeform-*\"").unwrap(), [ROBOT.to_owned()].into());
    assert!(judge("valid-after=\"20261122Z\"").is_ok());
    for options in ["valid-after=\"20261123Z\"", "valid-before=\"20261122Z\""] {
        assert!(matches!(judge(options), Err(Distrust::KeyNotValid { .. })), "{options}");
    }
    assert!(matches!(judge("namespaces=\"git\""), Err(Distrust::NotForThis { .. })));
    assert_eq!(
        vouched(b"text.", &signature, &signers(""), "f", today),
        Err(Distrust::BadSignature)
    );
    assert!(matches!(
        vouched(b"text", &signature, &[], "f", today),
        Err(Distrust::UnknownKey { .. })
    ));
}

/// A repository whose `main` names, in its files, who may sign and somebody with whom something is shared.
fn repository() -> Lab {
    let lab = Lab::with(
        "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\napprovals:\n  signers: signers\n  \
         rules: [{when: widening, of: [ana@acme.example]}]\nintegrations:\n  sharepoint:\n    actions:\n      \
         create_list: {users: [dan@acme.example]}\n",
    );
    lab.write(
        "world.yaml",
        "kind: world\nworkspaces:\n  acme:\n    users: {ana@acme.example: admin, dan@acme.example: member}\n    actions: everyone\n",
    );
    super::keys(&lab);
    lab.write(".gitignore", "keys/\n*.json\n*.sig\n");
    git(&lab, &["init", "-q", "-b", "main"]);
    git(&lab, &["add", "--all", "."]);
    git(&lab, &["commit", "-q", "-m", "files"]);
    lab
}

#[test]
fn a_fork_cannot_vouch_for_its_own_snapshot() {
    let lab = repository();
    let taken = lab.run("snapshot --out s.json --key keys/robot").exits(0);
    let line = taken.out.lines().find_map(|line| line.strip_prefix("Check:   ")).unwrap();
    lab.shell(line).exits(0).prints(&["Good \"scopeform-snapshot\" signature"]);
    // A key that the files do not list signs nothing that anybody would believe.
    let run = lab.run("snapshot --out other.json --key keys/eve");
    run.exits(1).says(&["would not be trusted", "nothing was written"]);
    assert!(!lab.path("other.json").exists() && !lab.path("other.json.sig").exists());

    let plan = "plan --snapshot s.json --base main";
    lab.run(plan).exits(0).prints(&["signed by snapshots@acme.example"]);
    // The fork lists its own key and makes a snapshot up.
    let eve = std::fs::read_to_string(lab.path("keys/eve.pub")).unwrap();
    lab.write("signers", &format!("{}{ROBOT} {eve}", lab.read("signers")));
    forge(&lab, "eve", |taken| taken.reads = 1);
    lab.run("plan --snapshot s.json")
        .exits(0)
        .says(&["notice: who may sign is taken from `signers`"]);
    lab.run(plan).exits(1).says(&["is not in `signers at main`"]).prints_nothing();
}

#[test]
fn whom_the_files_before_the_change_write_is_shown_too() {
    let lab = repository();
    let yaml = lab.read("scopeform.yaml");
    // Dan has it, and the change takes it from him.
    lab.run("apply --auto-approve").exits(0);
    lab.write("scopeform.yaml", &yaml.replace("users: [dan@", "users: [ana@"));
    lab.run("snapshot --out s.json --key keys/robot").exits(0);
    let with = lab.run("plan --snapshot s.json --base main --json").exits(0);
    let live = lab.run("plan --base main --json").exits(0);
    assert!(with.out.contains("dan@acme.example"));
    assert_eq!(super::bytes(&with.json()), super::bytes(&live.json()));
    assert_eq!(with.json()["digest"], live.json()["digest"]);
    let without = lab.run("plan --snapshot s.json --json").exits(0);
    assert!(!without.out.contains("dan@acme.example"), "nothing at hand writes his name");
}
