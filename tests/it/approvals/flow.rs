//! The whole way with the real binary: plan, approve, apply, and everything that stands in between.

use crate::cli::harness::{Done, Lab, Run};

use super::{confirms, new_key, sign};

pub(super) const HEAD: &str = "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n";
pub(super) const RULES: &str = "approvals:
  signers: allowed_signers
  teams: {security: [ana@acme.example, ben@acme.example]}
  rules:
    - {when: widening, of: [security], need: 2}
    - {when: any, of: [cleo@acme.example]}
";
pub(super) const BODY: &str = "integrations: {sharepoint: {actions: {create_page: enabled}}}\n";

/// A lab with rules, keys for three people and one stranger, and a saved plan that widens.
pub(super) fn office(rules: &str) -> Lab {
    let lab = Lab::with(&format!("{HEAD}{rules}{BODY}"));
    let keys = lab.path("keys");
    std::fs::create_dir(&keys).unwrap();
    let mut signers = String::new();
    for (name, kind) in [
        ("ana", &["ed25519"][..]),
        ("ben", &["ecdsa", "-b", "256"]),
        ("cleo", &["ecdsa", "-b", "384"]),
    ] {
        signers.push_str(&format!("{name}@acme.example {}\n", new_key(&keys, name, kind)));
    }
    new_key(&keys, "eve", &["ed25519"]);
    lab.write("allowed_signers", &signers);
    lab
}

fn planned(rules: &str) -> Lab {
    let lab = office(rules);
    lab.run("plan --out p.plan").exits(0);
    lab
}

pub(super) fn approve(lab: &Lab, name: &str) -> Run {
    lab.run(&format!("approve p.plan --key keys/{name} --yes"))
}

fn digest(lab: &Lab) -> String {
    let plan: serde_json::Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    plan["digest"].as_str().unwrap().to_owned()
}

/// Nothing was written: planning finds the change still.
fn untouched(lab: &Lab) {
    lab.run("plan --detailed-exitcode").exits(2);
}

#[test]
fn a_plan_says_who_must_agree_and_is_applied_once_they_have() {
    let lab = planned(RULES);
    lab.run("show p.plan").exits(0).prints(&[
        "Approvals: 2 rules must be satisfied before this is applied",
        "? widening  2 of ana@acme.example, ben@acme.example (security)  because of + Sites.ReadWrite.All at sharepoint",
        "? any       1 of cleo@acme.example  because of sharepoint/actions/create_page",
    ]);
    let json = lab.run("show p.plan --json").exits(0).json();
    let rules = json["approvals_required"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[0]["when"], "widening");
    assert_eq!(rules[0]["need"], 2);
    assert_eq!(rules[0]["of"][1], "ben@acme.example");
    assert_eq!(rules[0]["named"][0], "security");
    assert_eq!(rules[0]["because"][0], "+ Sites.ReadWrite.All at sharepoint");

    lab.run("apply p.plan").exits(5).says(&[
        "error: 3 approvals are missing; nothing was done",
        "widening needs 2 of ana@acme.example, ben@acme.example (+ Sites.ReadWrite.All at sharepoint",
        "any needs 1 of cleo@acme.example (sharepoint/actions/create_page)",
        "help: `scopeform approve p.plan --key FILE --as ana@acme.example`, then apply again",
    ]);
    approve(&lab, "ana").exits(0).prints(&[
        "Approved plan",
        "as ana@acme.example until",
        "counts for widening (2 of security)",
        "ssh-keygen -Y verify -f ./allowed_signers -I ana@acme.example -n scopeform-plan",
    ]);
    lab.run("apply p.plan").exits(5).says(&["widening needs 2", "; has ana@acme.example ("]);
    // The same person again does not count twice.
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(5).says(&["error: 2 approvals are missing"]);
    approve(&lab, "ben").exits(0);
    let said = approve(&lab, "cleo").arg("--json").exits(0).json();
    assert_eq!(said["digest"], digest(&lab));
    assert_eq!(said["by"], "cleo@acme.example");
    assert_eq!(said["counts_for"][0]["when"], "any");

    // Anybody can check them without this program: by the file, and by the very line that is printed.
    for name in ["ana", "ben", "cleo"] {
        let statement = lab.path(&format!("p.plan.{name}@acme.example.approval"));
        let signature = lab.path(&format!("p.plan.{name}@acme.example.approval.sig"));
        let (by, text) = (format!("{name}@acme.example"), std::fs::read(&statement).unwrap());
        assert!(confirms(&lab.work(), &by, &text, &signature), "{name}");
        assert!(!confirms(&lab.work(), "eve@acme.example", &text, &signature), "{name}");
        assert!(!confirms(&lab.work(), &by, b"another plan", &signature), "{name}");
    }
    lab.shell(said["verify"].as_str().unwrap())
        .exits(0)
        .prints(&["Good \"scopeform-plan\" signature"]);

    // Planning again gives the same digest and keeps them.
    let first = digest(&lab);
    lab.run("plan --out p.plan").exits(0);
    assert_eq!(digest(&lab), first);
    lab.run("apply p.plan").exits(0).prints(&["Applied: 1 operation"]);

    // Used once.
    lab.run("apply p.plan").exits(5).says(&[
        "p.plan.ana@acme.example.approval does not count: it was used on ",
        "error: this plan has been applied completely, which used its approvals up; nothing was done",
        "help: `scopeform plan` shows whether anything is left to do",
    ]);
    let used = lab.read(".scopeform/approvals-used");
    assert_eq!(used.lines().count(), 3);
    assert!(used.lines().all(|line| line.contains(&first)), "{used}");
}

#[test]
fn apply_from_files_obeys_the_same_rules() {
    let lab = office(RULES);
    for args in
        ["apply --auto-approve", "apply --input=false", "apply", "apply --json --auto-approve"]
    {
        let done = lab.run(args).types("yes\n").exits(5);
        assert!(!done.err.contains("Only `yes`"), "{}", done.all());
        done.says(&[
            "error: 3 approvals are missing; nothing was done",
            "`scopeform plan --out PLAN`, `scopeform approve PLAN --key FILE --as ana@acme.example`",
        ]);
    }
    untouched(&lab);
    lab.run("plan --out p.plan").exits(0);
    let mut apply = "apply --auto-approve".to_owned();
    for name in ["ana", "ben", "cleo"] {
        approve(&lab, name).exits(0);
        lab.run(&apply).exits(5);
        apply.push_str(&format!(" --approval p.plan.{name}@acme.example.approval"));
    }
    // They are for this digest: another wish is another plan.
    lab.write(
        "scopeform.yaml",
        &format!("{HEAD}{RULES}{}", BODY.replace("create_page", "get_page")),
    );
    lab.run(&apply).exits(5).says(&["does not count: it was given to plan"]);
    lab.write("scopeform.yaml", &format!("{HEAD}{RULES}{BODY}"));
    lab.run(&apply).exits(0).prints(&["Applied: 1 operation"]);
    lab.run(&format!("{apply}x")).exits(1).says(&["cannot read the approval"]);
}

#[test]
fn what_no_rule_asks_for_needs_nobody() {
    let rules =
        RULES.replace("when: any", "when: narrowing").replace("when: widening", "when: breakage");
    let lab = planned(&rules);
    let shown = lab.run("show p.plan --json").exits(0).json();
    assert_eq!(shown["approvals_required"].as_array().unwrap().len(), 0);
    approve(&lab, "ana").exits(1).says(&["this plan needs no approval"]);
    lab.run("apply p.plan").exits(0);
    // An apply without approvals leaves no record behind.
    assert!(!lab.path(".scopeform/approvals-used").exists());
    lab.write("scopeform.yaml", &format!("{HEAD}{rules}{}", BODY.replace("enabled", "disabled")));
    lab.run("apply --auto-approve").exits(5).says(&["narrowing needs 1 of cleo@acme.example"]);
}

#[test]
fn who_may_not_approve_is_told_before_anything_is_written() {
    let lab = planned(RULES);
    let refused = |run: Run, parts: &[&str]| -> Done {
        let done = run.exits(1).says(parts);
        let written = std::fs::read_dir(lab.work()).unwrap().flatten();
        let names: Vec<String> =
            written.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert!(!names.iter().any(|name| name.contains("approval")), "{names:?}");
        done
    };
    refused(
        approve(&lab, "eve"),
        &["the key of keys/eve is not the key of anybody whom the rules in force name"],
    );
    // Where the public half is not at hand, nobody can be told by it.
    std::fs::rename(lab.path("keys/eve"), lab.path("keys/alone")).unwrap();
    refused(
        approve(&lab, "alone"),
        &["keys/alone does not say by itself who signs", "--as PRINCIPAL"],
    );
    std::fs::rename(lab.path("keys/alone"), lab.path("keys/eve")).unwrap();
    refused(
        lab.run("approve p.plan --key keys/eve --as eve@acme.example --yes"),
        &[
            "no rule that this plan meets asks for `eve@acme.example`",
            "ana@acme.example, ben@acme.example, cleo@acme.example",
        ],
    );
    refused(
        lab.run("approve p.plan --key keys/eve --as ana@acme.example --yes"),
        &[
            "the approval would not count: key SHA256:",
            "is not a key of `ana@acme.example` in `allowed_signers`",
        ],
    );
    refused(
        lab.run("approve p.plan --key keys/nobody --as ana@acme.example --yes"),
        &["ssh-keygen did not sign with keys/nobody; nothing was written"],
    );
    refused(
        approve(&lab, "ana").arg("--days=8"),
        &["`--days 8` is more than the rules allow, which is 7"],
    );
    refused(
        approve(&lab, "ana").env("PATH", "/nowhere"),
        &["ssh-keygen cannot be run", "openssh-client"],
    );
    lab.run("approve p.plan --key keys/ana")
        .types("no\n")
        .exits(5)
        .says(&["not approved; nothing was signed"]);
    lab.run("approve p.plan --key keys/ana --input=false").exits(5).says(&["give `--yes`"]);
    let asked = lab.run("approve p.plan --key keys/ana").types("yes\n").exits(0);
    asked
        .prints(&["Privilege: +1 scope wider ("])
        .says(&["Approve plan", "for workspace acme as ana@acme.example"]);
    // A public key is enough to say who signs, the private half beside it does.
    lab.run("approve p.plan --key keys/ben.pub --yes").exits(0).prints(&["as ben@acme.example"]);
}

#[test]
fn what_is_wrong_with_an_approval_is_said_by_name() {
    let lab = planned(RULES);
    for name in ["ana", "ben", "cleo"] {
        approve(&lab, name).exits(0);
    }
    let file = "p.plan.ana@acme.example.approval";
    let signature = "p.plan.ana@acme.example.approval.sig";
    let (good, sealed) = (lab.read(file), lab.read(signature));
    let keys = lab.path("keys");
    let signed = |text: &str, key: &str, namespace: &str| {
        String::from_utf8(sign(&keys, key, namespace, text.as_bytes())).unwrap()
    };
    let given = good.lines().find_map(|line| line.strip_prefix("given ")).unwrap().to_owned();
    let old = good.replace(&given, "2020-01-01T00:00:00Z");
    let until = good.lines().find_map(|line| line.strip_prefix("until ")).unwrap().to_owned();
    let ended = old.replace(&until, "2020-01-08");
    let far = good.replace(&given, "2090-01-01T00:00:00Z").replace(&until, "2090-01-08");
    let eve = good.replace("ana@", "eve@");
    let other = good.replace(&digest(&lab), &"0".repeat(64));
    for (text, signature_text, reason) in [
        (&good.replace("given", "Given"), &sealed, "line 6 is not `given TIME`"),
        (&good.replace(&until, "2099-01-01"), &sealed, "its signature is not good"),
        (&good, &signed(&good, "ben", "scopeform-plan"), "is not a key of `ana@acme.example`"),
        (&good, &signed(&good, "ana", "git"), "in namespace `git`, not in `scopeform-plan`"),
        (&good, &"nothing".to_owned(), "not in the format of `ssh-keygen -Y sign`"),
        (
            &other,
            &signed(&other, "ana", "scopeform-plan"),
            "it was given to plan 000000000000, not to",
        ),
        (&ended, &signed(&ended, "ana", "scopeform-plan"), "it ended on 2020-01-08"),
        (&old, &signed(&old, "ana", "scopeform-plan"), "it ended on 2020-01-08"),
        (&far, &signed(&far, "ana", "scopeform-plan"), "which is yet to come"),
        (
            &eve,
            &signed(&eve, "eve", "scopeform-plan"),
            "`eve@acme.example` is not in `allowed_signers`",
        ),
    ] {
        lab.write(file, text);
        lab.write(signature, signature_text);
        lab.run("apply p.plan").exits(5).says(&[
            "error: 1 approval is missing; nothing was done",
            &format!("{file} does not count: "),
            reason,
        ]);
    }
    std::fs::remove_file(lab.path(signature)).unwrap();
    lab.run("apply p.plan").exits(5).says(&["there is no signature beside it"]);
    untouched(&lab);
    lab.write(file, &good);
    lab.write(signature, &sealed);
    // Approvals do not make another plan of the file.
    let plan = lab.read("p.plan");
    lab.write("p.plan", &plan.replace("create_page", "get_page"));
    lab.run("apply p.plan").exits(1).says(&["was changed after it was written"]);
    lab.write("p.plan", &plan);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn a_plan_made_without_rules_does_not_get_around_those_at_hand() {
    let lab = office(RULES);
    let with = lab.read("scopeform.yaml");
    lab.write("scopeform.yaml", &format!("{HEAD}{BODY}"));
    lab.run("plan --out p.plan").exits(0);
    lab.write("scopeform.yaml", &with);
    assert!(!lab.read("p.plan").contains("policies"));
    lab.run("apply p.plan").exits(5).says(&["error: 3 approvals are missing"]);
    lab.write("scopeform.yaml", &with.replace("approvals:", "approvels:"));
    lab.run("apply p.plan")
        .exits(1)
        .says(&["not valid, so its rules are not known; nothing was done"]);
    lab.write("scopeform.yaml", &with);
    for name in ["ana", "ben", "cleo"] {
        approve(&lab, name).exits(0);
    }
    lab.run("apply p.plan").exits(0);
}

#[test]
fn an_apply_that_did_not_end_keeps_its_approvals() {
    let rules = RULES.replace("    - {when: any, of: [cleo@acme.example]}\n", "");
    let lab = planned(&rules);
    approve(&lab, "ana").exits(0);
    approve(&lab, "ben").exits(0);
    // Somebody else changes the field: the plan is stale and nothing is done.
    let elsewhere = |access: &str| {
        lab.write(
            "../elsewhere/scopeform.yaml",
            &format!("{HEAD}{}", BODY.replace("enabled", access)),
        );
        let apply = lab.run("apply ../elsewhere --auto-approve");
        apply.env("SCOPEFORM_DATA_DIR", lab.path(".scopeform")).exits(0);
    };
    elsewhere("{users: [admin@acme.example]}");
    lab.run("apply p.plan").exits(3);
    assert_eq!(lab.read(".scopeform/approvals-used"), "");
    // It changes back, and the approvals still stand.
    elsewhere("disabled");
    lab.run("apply p.plan").exits(0).prints(&["Applied: 1 operation"]);
    lab.run("apply p.plan").exits(5).says(&["it was used on"]);
}

#[test]
fn taking_back_uses_approvals_up_too() {
    let lab = planned(RULES);
    for name in ["ana", "ben", "cleo"] {
        approve(&lab, name).exits(0);
    }
    lab.run("apply p.plan").exits(0);
    let before = lab.read(".scopeform/approvals-used");
    lab.run("undo --out back.plan").exits(0);
    lab.run("undo --auto-approve").exits(5).says(&["any needs 1 of cleo@acme.example"]);
    lab.run("approve back.plan --key keys/cleo --yes").exits(0);
    let approval = "back.plan.cleo@acme.example.approval";
    lab.run(&format!("undo --auto-approve --approval {approval}")).exits(0);
    let used = lab.read(".scopeform/approvals-used");
    let added = used.strip_prefix(&before).unwrap();
    let back: serde_json::Value = serde_json::from_str(&lab.read("back.plan")).unwrap();
    let wanted = format!("{} cleo@acme.example ", back["digest"].as_str().unwrap());
    assert!(added.lines().count() == 1 && added.contains(&wanted), "{added}");
    lab.run("apply back.plan").exits(5).says(&[&format!("{approval} does not count: it was used")]);
}

#[test]
fn two_people_who_are_enough_are_not_counted_as_three() {
    let rules = RULES.replace("of: [cleo@acme.example]", "of: [ana@acme.example]");
    let lab = planned(&rules);
    lab.run("apply p.plan")
        .exits(5)
        .says(&["error: the approvals for 2 rules are missing; nothing"]);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(5).says(&["error: 1 approval is missing"]);
    approve(&lab, "ben").exits(0);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn an_approval_is_a_regular_file() {
    let lab = planned(RULES);
    lab.shell("mkfifo pipe p.plan.ana@acme.example.approval.sig").exits(0);
    lab.run("apply p.plan --approval pipe").exits(1).says(&["pipe: it is no regular file"]);
    lab.write("p.plan.ana@acme.example.approval", "");
    lab.run("apply p.plan").exits(5).says(&["its signature cannot be read: it is no regular file"]);
    let named = "apply p.plan --approval p.plan.ana@acme.example.approval";
    lab.run(named).exits(1).says(&["approval.sig: it is no regular file"]);
}

#[test]
fn a_folder_without_the_workspace_is_not_its_rules() {
    let lab = office(RULES);
    let with = lab.read("scopeform.yaml");
    lab.write("scopeform.yaml", &format!("{HEAD}{BODY}"));
    lab.run("plan --out p.plan").exits(0);
    lab.write("scopeform.yaml", &with);
    lab.write("empty/notes.txt", "no configuration");
    lab.write("../other/scopeform.yaml", &HEAD.replace("acme", "other"));
    for (folder, declares) in [("empty", "declares no workspace"), ("../other", "declares `other`")]
    {
        let named = format!("apply p.plan --config {folder}");
        let set = lab.run("apply p.plan").env("SCOPEFORM_CONFIG", lab.path(folder));
        let approve = format!("approve p.plan --key keys/ana --yes --config {folder}");
        for run in [lab.run(&named), lab.run(&approve), set] {
            run.exits(1).says(&["the plan is for workspace `acme`", declares, "`--config FOLDER`"]);
        }
    }
    untouched(&lab);
    // Where none is at hand, only the plan's own rules can be known; that is said.
    lab.write("../away/p.plan", &lab.read("p.plan"));
    let data = lab.path(".scopeform");
    let away = || lab.run("--chdir ../away apply p.plan").env("SCOPEFORM_DATA_DIR", &data);
    lab.write("../away/scopeform.yaml", &with);
    lab.write("../away/allowed_signers", &lab.read("allowed_signers"));
    away().exits(5);
    std::fs::remove_file(lab.path("../away/scopeform.yaml")).unwrap();
    away()
        .exits(0)
        .says(&["notice: no configuration is at hand, so only the rules that the plan itself"]);
}

#[test]
fn a_record_that_cannot_be_kept_stops_apply_before_it_begins() {
    let lab = planned(RULES);
    for name in ["ana", "ben", "cleo"] {
        approve(&lab, name).exits(0);
    }
    std::fs::create_dir_all(lab.path(".scopeform/approvals-used")).unwrap();
    lab.run("apply p.plan").exits(1).says(&["the record of used approvals"]);
    std::fs::remove_dir(lab.path(".scopeform/approvals-used")).unwrap();
    lab.run("apply p.plan").exits(0);
}

#[test]
fn a_token_is_revoked_by_hand_only_as_the_rules_allow() {
    let head = "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n";
    let lab = office("");
    let rules = RULES.replace("when: any", "when: revocation");
    lab.write("scopeform.yaml", &format!("{head}{rules}"));
    lab.write(
        "world.yaml",
        "kind: world\nplatform: trustpager\nworkspaces:\n  crm:\n    users: {otto@acme.example: owner}\n    \
         oauth_clients: {Zapier: {tokens: [{user: otto@acme.example, issued: 2026-01-01}]}}\n",
    );
    let list = lab.run("tokens list --json").exits(0).json();
    let token = list["tokens"][0]["id"].as_str().map(str::to_owned);
    let token = token.unwrap_or_else(|| panic!("{list}"));
    let revoke = format!("tokens revoke {token} --reason lost --auto-approve");
    lab.run(&revoke).exits(5).says(&[
        "revocation needs 1 of cleo@acme.example",
        "help: write the token under `tokens: {revoke: [...]}`",
    ]);
    lab.write("scopeform.yaml", &format!("{head}{}", rules.replace("revocation", "widening")));
    lab.run(&revoke).exits(0);
}

#[test]
fn the_rules_in_the_documents_are_valid() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/approvals.md");
    let text = std::fs::read_to_string(path).unwrap();
    let block = text.split("```yaml\n").find(|block| block.starts_with("approvals:")).unwrap();
    let rules = block.split_once("```").unwrap().0;
    let lab = office(rules);
    let mut signers = lab.read("allowed_signers");
    for name in ["carla", "dan"] {
        let key = new_key(&lab.path("keys"), name, &["ed25519"]);
        signers.push_str(&format!("{name}@acme.example {key}\n"));
    }
    lab.write("allowed_signers", &signers);
    lab.run("validate").exits(0);
    lab.run("plan")
        .exits(0)
        .prints(&["widening  1 of ana@acme.example, ben@acme.example (security)"]);
}
