//! What `show PLAN` says of approvals: as much as `apply` will.

use super::flow::{BODY, HEAD, approve, office};

const ONE: &str = "approvals:
  signers: allowed_signers
  rules:
    - {when: any, of: [ana@acme.example]}
";

#[test]
fn an_approval_that_does_not_count_says_why() {
    let lab = office(ONE);
    lab.run("plan --out p.plan").exits(0);
    approve(&lab, "ana").exits(0);
    let statement = "p.plan.ana@acme.example.approval";
    let good = lab.read(statement);
    lab.write(statement, &good.replace("by ana", "by ben"));
    let done = lab.run("show p.plan").exits(0);
    done.says(&["notice: ", "ana@acme.example.approval does not count: its signature is not good"])
        .prints(&["0 of 1 rule that the plan carries is satisfied", "Needs:  the approvals above"]);
    // Good, and by a key that is nobody's.
    lab.write(statement, &good);
    lab.write("elsewhere/p.plan", &lab.read("p.plan"));
    lab.run("approve p.plan --key keys/eve --as ana@acme.example --yes").done();
    lab.write("p.plan.z.approval", &good);
    let done = lab.run("show p.plan --format markdown").exits(0);
    done.says(&["p.plan.z.approval does not count: there is no signature beside it"]);
    lab.run("show elsewhere/p.plan --approval gone.approval")
        .exits(1)
        .says(&["cannot read the approval gone.approval: No such file or directory"]);
}

#[test]
fn where_every_rule_is_satisfied_nothing_is_needed() {
    let lab = office(ONE);
    lab.run("plan --out p.plan").exits(0);
    lab.run("show p.plan").exits(0).prints(&["Needs:  the approvals above"]);
    approve(&lab, "ana").exits(0);
    for format in ["text", "markdown"] {
        let done = lab.run("show p.plan --format").arg(format).exits(0);
        let done = done.prints(&["1 of 1 rule that the plan carries is satisfied", "Apply:"]);
        assert!(!done.out.contains("the approvals above"), "{}", done.all());
        assert!(!done.err.contains("notice"), "{}", done.all());
    }
}

/// Who is told that all is satisfied and then refused has been told too little.
#[test]
fn rules_at_hand_that_ask_more_than_the_plan_are_said() {
    let lab = office(ONE);
    lab.run("plan --out p.plan").exits(0);
    approve(&lab, "ana").exits(0);
    let more = ONE.replace("[ana@acme.example]", "[cleo@acme.example]");
    lab.write("scopeform.yaml", &format!("{HEAD}{more}{BODY}"));
    lab.run("apply p.plan").exits(5).says(&["any needs 1 of cleo@acme.example"]);
    let done = lab.run("show p.plan").exits(0);
    done.says(&[
        "notice: the rules in . ask for more than the plan carries: any needs 1 of cleo@acme.example",
    ])
    .prints(&["1 of 1 rule that the plan carries is satisfied"]);
    // Without a single approval as well, and never where the rules are the same.
    std::fs::remove_file(lab.path("p.plan.ana@acme.example.approval")).unwrap();
    lab.run("show p.plan").exits(0).says(&["any needs 1 of cleo@acme.example"]);
    lab.write("scopeform.yaml", &format!("{HEAD}{ONE}{BODY}"));
    let done = lab.run("show p.plan").exits(0);
    assert!(!done.err.contains("notice"), "{}", done.all());
    // Files that are wrong keep nobody from looking.
    lab.write("scopeform.yaml", "version: 1\nbananas: 1\n");
    lab.run("show p.plan").exits(0);
}

#[test]
fn what_stands_beside_a_plan_does_not_keep_it_from_being_shown() {
    let lab = office(ONE);
    lab.run("plan --out p.plan").exits(0);
    std::fs::create_dir(lab.path("p.plan.z.approval")).unwrap();
    let says = ["p.plan.z.approval does not count: it cannot be read: "];
    lab.run("show p.plan").exits(0).says(&says);
    lab.run("apply p.plan").exits(5).says(&says);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(0).prints(&["Applied: 1 operation"]);
    // One that is named is meant.
    lab.run("show p.plan --approval p.plan.z.approval")
        .exits(1)
        .says(&["cannot read the approval"]);
}

#[test]
fn an_approval_that_no_page_shows_is_refused_and_not_passed_over() {
    let lab = office(ONE);
    lab.run("plan --out p.plan").exits(0);
    lab.run("apply --auto-approve").done();
    for args in [
        "show p.plan --format sarif",
        "show p.plan --format annotations",
        "show p.plan --format html",
        "show p.plan --json",
        "show --last",
        "show --runs",
    ] {
        let done = lab.run(&format!("{args} --approval nowhere")).exits(64);
        done.says(&["`--approval`"]);
    }
}
