//! The whole way with the real binary and the real `ssh-keygen`.

use scopeform::plan::FromSnapshot;
use scopeform::seal::{ApprovedPlan, Consent, Refusal, SealedPlan};

use super::{NAMESPACE, ROBOT, bytes, lab, live, planned, take};
use crate::approvals::keygen;
use crate::cli::harness::Run;

#[test]
fn what_a_fork_sees_is_the_live_plan() {
    let lab = lab("acme");
    take(&lab);
    let (of, from) =
        (live(&lab, "--json").exits(0).json(), planned(&lab, "--json").exits(0).json());
    assert!(of["privilege_delta"]["widening"].as_array().is_some_and(|lines| !lines.is_empty()));
    assert!(of["findings"].as_array().is_some_and(|lines| !lines.is_empty()));
    assert_eq!(bytes(&from), bytes(&of));
    // Nothing bound names anybody here, so even the digest is the live plan's; and so is whatever counts people.
    for part in ["digest", "summary", "breakage", "resource_changes", "operations"] {
        assert_eq!(from[part], of[part], "{part}");
    }
    assert_eq!(from["snapshot"]["signed_by"][0], ROBOT);
    assert_eq!(from["applyable"], false);
    assert_eq!(of["applyable"], true);
    assert!(of.get("snapshot").is_none());
}

#[test]
fn the_real_ssh_keygen_confirms_a_snapshot() {
    let lab = lab("acme-crm");
    let said = lab.run("snapshot acme --out s.json --key keys/robot").exits(0);
    let said = said.prints(&["of acme-crm on trustpager", "6 people as pseudonyms", "s.json.sig"]);
    said.says(&["notice: the files name nobody who may sign"]);
    let verify = |by: &str, text: &[u8]| {
        let args = ["-Y", "verify", "-f", "signers", "-I", by, "-n", NAMESPACE, "-s", "s.json.sig"];
        keygen(&lab.work(), &args, text).status.success()
    };
    let text = std::fs::read(lab.path("s.json")).unwrap();
    assert!(verify(ROBOT, &text));
    assert!(!verify("ana@acme.example", &text));
    assert!(!verify(ROBOT, &text[1..]));
}

#[test]
fn a_plan_from_a_snapshot_is_never_applied() {
    let lab = lab("acme");
    take(&lab);
    planned(&lab, "--out p.plan").exits(64).says(&["cannot be used with"]);
    planned(&lab, "").exits(0).prints(&[
        "from snapshot",
        "signed by snapshots@acme.example",
        "Apply:  never from a snapshot",
    ]);
    live(&lab, "--pseudonyms s.json --out p.plan").exits(64);
    // Not by a plan file either, however one comes about.
    live(&lab, "--out p.plan").exits(0);
    let sealed = scopeform::seal::document::read(lab.read("p.plan").as_bytes()).unwrap();
    let digest = sealed.digest().clone();
    let mut plan = sealed.plan().clone();
    let consent = || Consent::SavedPlan(digest.clone());
    assert!(ApprovedPlan::new(SealedPlan::seal(plan.clone()), consent(), Vec::new()).is_ok());
    plan.observed.snapshot = Some(FromSnapshot {
        taken: "2026-11-22T09:30:00Z".parse().unwrap(),
        digest: digest.to_string(),
        signed_by: [ROBOT.to_owned()].into(),
    });
    let sealed = SealedPlan::seal(plan);
    let refused = ApprovedPlan::new(sealed.clone(), consent(), Vec::new());
    assert_eq!(refused.unwrap_err(), Refusal::FromSnapshot);
    lab.write("p.plan", &scopeform::seal::document::write(&sealed, "0.1.0"));
    lab.run("apply p.plan --config acme").exits(5).says(&["made from a snapshot"]);
}

#[test]
fn exit_codes_are_those_of_a_live_plan() {
    let lab = lab("acme");
    take(&lab);
    planned(&lab, "--detailed-exitcode").exits(2);
    lab.run("plan acme --snapshot s.json --signers signers --today 2100-01-01")
        .exits(4)
        .prints(&["blocker[substitute-expired]"]);
    for format in ["text", "json", "diff"] {
        planned(&lab, &format!("--format {format}")).exits(0);
    }
}

/// Whatever is planned against, a mistake in the files is told in the format asked for, and so is one in the command line.
#[test]
fn mistakes_are_told_as_they_are_of_a_live_plan() {
    for example in ["acme", "acme-crm"] {
        let lab = lab(example);
        take(&lab);
        planned(&lab, "--forge gitlab").exits(64).says(&["`--forge` is for `--format markdown`"]);
        let file = format!("acme/{example}.yaml");
        let good = lab.read(&file);
        lab.write(&file, &good.replace("\nendpoint:", "\nendpiont:"));
        for format in ["json", "sarif", "annotations", "code-quality"] {
            let format = format!("--format {format}");
            let of = live(&lab, &format).exits(1).out;
            assert!(of.contains("unknown-key"), "{format}: {of}");
            assert_eq!(planned(&lab, &format).exits(1).out, of, "{format}");
        }
    }
}

/// Where a plan names people whom no file names, a snapshot has pseudonyms for them: it gives the live plan under these.
#[test]
fn whom_no_file_names_has_a_pseudonym_in_what_a_fork_sees() {
    let lab = lab("acme-crm");
    take(&lab);
    let json = |run: Run| run.exits(0).json();
    let from = json(planned(&lab, "--json"));
    let of = json(live(&lab, "--json"));
    // A token that ends is of somebody whom no line names, and its plan says so.
    let (of, from) = (bytes(&of), bytes(&from));
    assert!(of.contains("left@acme.example") && !from.contains("left@acme.example"), "{from}");
    assert_eq!(bytes(&json(live(&lab, "--json --pseudonyms s.json"))), from);
    // What says nothing of how it was planned is the same byte by byte.
    for format in ["diff", "sarif", "annotations", "code-quality"] {
        let format = format!("--format {format}");
        let from = planned(&lab, &format).exits(0).out;
        assert_ne!(live(&lab, &format).exits(0).out, from, "{format}");
        assert_eq!(live(&lab, &format!("{format} --pseudonyms s.json")).exits(0).out, from);
    }
}
