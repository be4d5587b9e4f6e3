//! TrustPager at the command line: who may do what through which client, what ends, and what it says meanwhile.

use super::harness::Lab;

const WORLD: &str = "\
kind: world
platform: trustpager
workspaces:
  crm:
    users: {olga@x.example: owner, max@x.example: member, vera@x.example: read_only_viewer}
    oauth_clients:
      Claude Connection:
        resources: {contacts: write_with_approval, email: send_automatically}
        tokens:
          - {user: max@x.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
          - {user: vera@x.example, role: member, issued: 2026-02-01, requests: 0}
      Zapier: {}
    api_keys:
      root: {full_access: true}
      nightly export: {resources: {contacts: read}}
";

const WISH: &str = "\
version: 1
platform: trustpager
workspace: crm
endpoint: embedded
oauth_clients:
  Claude Connection:
    resources: {contacts: read}
";

/// A workspace with two clients; nothing of it has been applied.
pub(super) fn crm() -> Lab {
    let lab = Lab::with(WISH);
    lab.write("world.yaml", WORLD);
    lab
}

fn explain(lab: &Lab, user: &str, rest: &str) -> super::harness::Run {
    let args = format!("explain access --user {user} {rest} --client");
    lab.run(&args).arg("Claude Connection")
}

#[test]
fn explain_access_names_the_narrower_side_and_why() {
    let lab = crm();
    let page = explain(&lab, "vera@x.example", "--resource email").exits(0).out;
    assert_eq!(
        page.lines().skip(2).collect::<Vec<_>>(),
        [
            "  email  read                   the role is the narrower side: it allows read, the client send_automatically",
            "         - write                neither client nor role allows the verb",
        ]
    );
    let page = explain(&lab, "max@x.example", "--resource calls").exits(0).out;
    assert!(page.contains("+ initiate             client and role allow the verb"), "{page}");
    let page = explain(&lab, "vera@x.example", "--resource calls").exits(0).out;
    let why = "- initiate             the role is the narrower side: it does not allow the verb";
    assert!(page.contains(why), "{page}");
    let document = explain(&lab, "max@x.example", "--resource calls --json").exits(0).json();
    let [resource] = document["resources"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(resource["decided_by"], "client");
    assert_eq!(resource["verbs"][0]["verb"], "initiate");
    assert_eq!(resource["verbs"][0]["allowed"], true);
}

#[test]
fn explain_access_knows_the_other_name_of_a_resource() {
    let lab = crm();
    let row = |name: &str| {
        let page = explain(&lab, "max@x.example", &format!("--resource {name}")).exits(0).out;
        page.lines().nth(2).unwrap().to_owned()
    };
    assert!(row("deals").starts_with("  deals  write_automatically"), "{}", row("deals"));
    assert_eq!(row("opportunities"), row("deals"));
    let done = explain(&lab, "max@x.example", "--resource spaceship").exits(1);
    done.says(&["there is no resource `spaceship`", "without `--resource` lists all"]);
    let done = explain(&lab, "max@x.example", "--resource contact").exits(1);
    done.says(&["did you mean `contacts`?"]);
}

#[test]
fn a_revoke_is_asked_for_as_what_it_is() {
    let lab = crm();
    let list = || {
        let document = lab.run("tokens list --json").exits(0).json();
        document["tokens"].as_array().unwrap().clone()
    };
    let id = list()[0]["id"].as_str().unwrap().to_owned();
    let revoke = |rest: &str| lab.run(&format!("tokens revoke {id} --reason stolen {rest}"));
    for rest in ["", "--json"] {
        for answer in ["no\n", "", "y\n"] {
            let done = revoke(rest).types(answer).exits(5);
            let said = done.all();
            assert!(said.contains(&format!("this command, revoking {id} and nothing")), "{said}");
            assert!(!said.contains("Apply:  scopeform apply"), "{said}");
            assert_eq!(list().len(), 2);
        }
    }
    let report = revoke("--json").types("yes\n").exits(0).json();
    assert_eq!(report["operations"][0]["outcome"], "applied");
    assert_eq!(list().len(), 1);
    revoke("--auto-approve").exits(1).says(&["there is no active token", "tokens list"]);
}
