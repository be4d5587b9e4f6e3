//! `--base`: the stricter of the rules before and after a change, with a real git repository.

use super::flow::{BODY, HEAD, RULES, approve, office};
use super::new_key;
use crate::cli::harness::Lab;
pub(super) use crate::cli::harness::git;

pub(super) fn commit(lab: &Lab) {
    git(lab, &["add", "--all", "."]);
    git(lab, &["commit", "-q", "--allow-empty", "-m", "a change"]);
}

/// A repository whose first commit, `main`, holds these rules; the change is made on top of it.
pub(super) fn repository(rules: &str) -> Lab {
    let lab = office(rules);
    lab.write(".gitignore", "keys/\n*.plan\n*.approval\n*.sig\n");
    git(&lab, &["init", "-q", "-b", "main"]);
    commit(&lab);
    git(&lab, &["checkout", "-q", "-b", "change"]);
    lab
}

fn digest(lab: &Lab) -> String {
    let plan: serde_json::Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    plan["digest"].as_str().unwrap().to_owned()
}

pub(super) const ANA: &str = "approvals:
  signers: allowed_signers
  rules: [{when: widening, of: [ana@acme.example]}]
";

#[test]
fn a_change_cannot_weaken_its_own_gate() {
    let lab = repository(ANA);
    lab.write("scopeform.yaml", &format!("{HEAD}{BODY}"));
    commit(&lab);
    // Without the base nobody is asked; with it, the rules before the change are.
    lab.run("plan --out p.plan").exits(0);
    assert!(!lab.read("p.plan").contains("ana@acme.example"));
    lab.run("plan --base main --out p.plan").exits(0).prints(&["widening  1 of ana@acme.example"]);
    lab.run("apply p.plan").exits(5).says(&["widening needs 1 of ana@acme.example"]);
    lab.run("apply --base main --auto-approve")
        .exits(5)
        .says(&["widening needs 1 of ana@acme.example", "scopeform plan --base main --out PLAN"]);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn a_saved_plan_obeys_the_base_that_apply_names() {
    let lab = repository(ANA);
    lab.write("scopeform.yaml", &format!("{HEAD}{BODY}"));
    commit(&lab);
    lab.run("plan --out p.plan").exits(0);
    lab.run("apply p.plan --base main").exits(5).says(&[
        "widening needs 1 of ana@acme.example",
        "`scopeform approve p.plan --key FILE --as ana@acme.example --base main`, then apply again",
    ]);
    // The plan itself asks for nobody, so whoever approves it names the base as well.
    approve(&lab, "ana").exits(1).says(&["no rule in force asks for an approval"]);
    approve(&lab, "ana").arg("--base=main").exits(0).prints(&["counts for widening"]);
    lab.run("apply p.plan --base main").exits(0);
}

#[test]
fn a_change_cannot_add_itself_to_the_signers() {
    let lab = repository(ANA);
    let keys = lab.path("keys");
    // Eve gives herself a key under Ana's name, and then puts herself into the rule.
    let eve = std::fs::read_to_string(keys.join("eve.pub")).unwrap();
    let signers = lab.read("allowed_signers");
    lab.write("allowed_signers", &format!("{signers}ana@acme.example {eve}"));
    commit(&lab);
    lab.run("plan --base main --out p.plan").exits(0);
    let as_ana = "approve p.plan --key keys/eve --as ana@acme.example --yes";
    lab.run(as_ana).exits(0);
    lab.run("apply p.plan").exits(5).says(&[
        "widening needs 1 of ana@acme.example",
        "is not a key of `ana@acme.example` in `allowed_signers`",
    ]);
    lab.write("allowed_signers", &format!("{signers}eve@acme.example {eve}"));
    lab.write("scopeform.yaml", &format!("{HEAD}{}{BODY}", ANA.replace("ana@", "eve@")));
    commit(&lab);
    lab.run("plan --base main --out p.plan").exits(0);
    lab.run("approve p.plan --key keys/eve --yes").exits(0);
    lab.run("apply p.plan").exits(5).says(&["widening needs 1 of ana@acme.example"]);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn a_change_that_asks_for_more_is_obeyed_too() {
    let lab = repository(ANA);
    lab.write("scopeform.yaml", &format!("{HEAD}{RULES}{BODY}"));
    commit(&lab);
    lab.run("plan --base main --out p.plan").exits(0);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(5).says(&["error: 2 approvals are missing"]);
    approve(&lab, "ben").exits(0);
    approve(&lab, "cleo").exits(0);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn a_base_with_the_same_rules_moves_nothing() {
    let lab = repository(ANA);
    lab.write("more/notes.txt", "not a configuration");
    commit(&lab);
    lab.run("plan --out p.plan").exits(0);
    let alone = digest(&lab);
    for base in ["main", "HEAD", "HEAD~1", &git(&lab, &["rev-parse", "main"])] {
        lab.run(&format!("plan --base {base} --out p.plan")).exits(0);
        assert_eq!(digest(&lab), alone, "{base}");
    }
    // From below the repository's root, by folder and by file.
    let below = repository("");
    std::fs::create_dir_all(below.path("conf/keys")).unwrap();
    let key = new_key(&below.path("conf/keys"), "dan", &["ed25519"]);
    below.write("conf/signers/approvers", &format!("dan@acme.example {key}\n"));
    let dan = ANA.replace("ana@", "dan@").replace("allowed_signers", "signers/approvers");
    below.write("conf/a.yaml", &format!("{HEAD}{dan}{BODY}"));
    std::fs::remove_file(below.path("scopeform.yaml")).unwrap();
    commit(&below);
    below.write("conf/a.yaml", &format!("{HEAD}{BODY}"));
    for args in ["plan conf", "plan conf/a.yaml", "plan --chdir conf", "plan a.yaml --chdir conf"] {
        let done = below.run(&format!("{args} --base HEAD")).exits(0);
        done.prints(&["widening  1 of dan@acme.example"]);
    }
}

#[test]
fn findings_raised_before_the_change_stay_raised() {
    let lab = repository("");
    let body = "integrations: {sharepoint: {access: nobody, actions: {get_page: enabled}}}\n";
    lab.write("scopeform.yaml", &format!("{HEAD}{body}"));
    let found = lab.run("plan --json").exits(0).json();
    let code = found["findings"][0]["code"].as_str().unwrap_or_else(|| panic!("{found}"));
    lab.write("scopeform.yaml", &format!("{HEAD}findings: {{{code}: blocker}}\n{body}"));
    commit(&lab);
    lab.write("scopeform.yaml", &format!("{HEAD}{body}"));
    lab.run("plan").exits(0);
    lab.run("plan --base HEAD").exits(4);
    lab.run("apply --base HEAD --auto-approve").exits(4);
    // A plan that was made without the base does not get past it either, nor past the files at hand.
    lab.run("plan --out p.plan").exits(0);
    lab.run("apply p.plan --base HEAD").exits(4).says(&[code, "nothing was done"]);
    lab.write("scopeform.yaml", &format!("{HEAD}findings: {{{code}: blocker}}\n{body}"));
    lab.run("apply p.plan --config .").exits(4).says(&[code, "nothing was done"]);
}

#[test]
fn a_base_that_cannot_be_known_is_an_error() {
    let lab = repository(ANA);
    for (base, said) in [
        ("nowhere", "`--base nowhere` names no commit here"),
        ("--help", "`--base --help` names no commit here"),
        ("HEAD:scopeform.yaml", "names no commit here"),
    ] {
        lab.run("plan").arg(format!("--base={base}")).exits(1).says(&[said]);
    }
    lab.run("plan --base main")
        .env("PATH", "/nowhere")
        .exits(1)
        .says(&["git cannot be run", "install it"]);

    // Files that are not valid, and links, whose meaning at that revision is not known.
    let fine = lab.read("scopeform.yaml");
    lab.write("scopeform.yaml", &fine.replace("approvals", "approvels"));
    commit(&lab);
    lab.write("scopeform.yaml", &fine);
    lab.run("plan --base HEAD").exits(1).says(&[
        "unknown key `approvels`",
        "the configuration at HEAD is not valid, so the rules before the change are not known",
    ]);
    lab.write("scopeform.yaml", &fine);
    std::fs::rename(lab.path("allowed_signers"), lab.path("keys/signers")).unwrap();
    commit(&lab);
    std::fs::rename(lab.path("keys/signers"), lab.path("allowed_signers")).unwrap();
    lab.run("plan --base HEAD").exits(1).says(&["there is no regular file `allowed_signers`"]);
    lab.write("keys/other.yaml", &fine);
    std::fs::remove_file(lab.path("scopeform.yaml")).unwrap();
    std::os::unix::fs::symlink("keys/other.yaml", lab.path("scopeform.yaml")).unwrap();
    commit(&lab);
    std::fs::remove_file(lab.path("scopeform.yaml")).unwrap();
    std::fs::remove_file(lab.path("keys/other.yaml")).unwrap();
    lab.write("scopeform.yaml", &fine);
    lab.run("plan --base HEAD").exits(1).says(&["scopeform.yaml is no regular file at HEAD"]);

    // No configuration is no rule, and only where somebody says that there was none.
    git(&lab, &["rm", "-q", "-f", "scopeform.yaml"]);
    commit(&lab);
    lab.write("scopeform.yaml", &fine);
    lab.run("plan --base HEAD").exits(1).says(&[
        "at HEAD there is no configuration of workspace `acme`, so the rules before the change are not known",
        "`--new-workspace`",
    ]);
    lab.run("plan --base HEAD --new-workspace")
        .exits(0)
        .says(&["notice: at HEAD there is no configuration of acme"]);

    let outside = office(ANA);
    outside.run("plan --base main").exits(1).says(&["is in no git repository"]);
}
