//! TrustPager at the command line: who may do what through which client, what ends, and what it says meanwhile.

use super::harness::{Lab, git};

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
pub(crate) fn crm() -> Lab {
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
fn explain_access_says_whom_and_what_it_can_be_asked_about() {
    let lab = crm();
    explain(&lab, "foo@x", "").exits(1).says(&[
        "there is no user `foo@x` in this workspace",
        "help: one of: max@x.example, olga@x.example, vera@x.example",
    ]);
    explain(&lab, "mx@x.example", "").exits(1).says(&["did you mean `max@x.example`?"]);
    explain(&lab, "max", "").exits(1).says(&["help: "]);
    lab.run("explain access --user max@x.example").exits(64).says(&["scopeform tokens list"]);
    let many: Vec<String> = (0..9).map(|n| format!("u{n}@x.example: member")).collect();
    let lab = Lab::with(WISH);
    lab.write("world.yaml", &WORLD.replace("olga@x", &format!("{}, olga@x", many.join(", "))));
    explain(&lab, "foo@y.z", "").exits(1).says(&["u1@x.example", " and 7 more"]);
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
fn tokens_list_shows_the_role_that_counts_and_the_one_at_the_time() {
    let page = crm().run("tokens list").exits(0).out;
    assert!(
        page.contains("  read_only_viewer (was member) never used, issued 2026-02-01"),
        "{page}"
    );
    assert!(page.contains("  member             last used 2026-03-01, 7 requests"), "{page}");
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

/// A key that is committed is a key that everybody has who may read the repository.
#[test]
fn the_value_of_a_new_key_is_not_put_where_git_would_take_it_without_a_word() {
    let lab = Lab::new();
    lab.run("init --platform trustpager --workspace crm").exits(0);
    let config = lab.read("scopeform.yaml");
    let to = |place: &str| {
        lab.write("scopeform.yaml", &config.replace(".scopeform/nightly-export.key", place));
    };
    lab.write("keys/readme.txt", "where keys are");
    const WARNING: &str = "which git does not ignore";
    let silent = |what: &str| {
        let done = lab.run("plan").exits(0);
        assert!(!done.err.contains(WARNING), "{what}: {}", done.all());
    };
    to("keys/new.key");
    silent("no repository");
    git(&lab, &["init", "-q"]);
    let warning = "warning: the value of the new API key `nightly export` goes to keys/new.key";
    lab.run("plan").exits(0).says(&[warning, WARNING, ".scopeform/"]);
    lab.run("apply --input=false").exits(5).says(&[WARNING]);
    lab.write(".gitignore", "*.key\n");
    silent("ignored");
    std::fs::remove_file(lab.path(".gitignore")).unwrap();
    to("new.key");
    lab.run("plan").exits(0).says(&["goes to new.key", WARNING]);
    to(".scopeform/new.key");
    silent("the data folder");
    // A folder that has to be made keeps itself out of version control.
    to("made/new.key");
    silent("a new folder");
    lab.run("apply --auto-approve").exits(0);
    assert!(lab.read("made/new.key").starts_with("tp_live_"));
    assert!(!git(&lab, &["status", "--porcelain", "--untracked-files=all"]).contains("made"));
}

#[test]
fn init_writes_a_workspace_of_trustpager_that_plans_and_applies() {
    let lab = Lab::new();
    let run = |args: &str| lab.run(args);
    run("init --platform trustpager --workspace crm").exits(0).prints(&["Wrote ./scopeform.yaml"]);
    let (config, world) = (lab.read("scopeform.yaml"), lab.read("world.yaml"));
    assert!(config.contains("platform: trustpager") && world.contains("  crm:"), "{config}{world}");
    run("validate").exits(0).prints(&["Valid: 1 file, workspace crm"]);
    run("plan --detailed-exitcode").exits(2).prints(&[
        "contacts  delete_with_approval -> write_with_approval",
        "left@company.example is revoked at once: its owner is no holder",
        "2 active tokens are re-resolved",
    ]);
    run("apply").types("yes\n").exits(0).prints(&["Applied: 3 operations, read back as planned"]);
    assert!(lab.read(".scopeform/nightly-export.key").starts_with("tp_live_"));
    run("plan --detailed-exitcode").exits(0).prints(&["No changes"]);
    run("init --platform trustpager").exits(1).says(&["scopeform.yaml is there already"]);

    // A world that somebody wrote is not overwritten either, and then nothing is written at all.
    let lab = Lab::new();
    lab.write("world.yaml", "kind: world\n");
    let done = lab.run("init --platform trustpager").exits(1);
    done.says(&["world.yaml is there already and is left as it is"]);
    assert!(!lab.path("scopeform.yaml").exists());
    lab.run("init --platform entra").exits(64).says(&["odeus, trustpager"]);
}

#[test]
fn status_shows_clients_keys_and_what_to_do() {
    let lab = crm();
    // Idle is more than 90 days: on the 90th nobody is.
    let day = |date: &str| lab.run(&format!("status --today {date}")).exits(0).out;
    assert!(!day("2026-05-02").contains("! idle"), "{}", day("2026-05-02"));
    assert!(day("2026-05-03").contains("was not used since it was issued 91 days ago"));
    let page = day("2026-06-01");
    let id = idle_token(&lab);
    for part in [
        "crm: 2 OAuth clients with 2 active tokens, 2 API keys, ",
        "! Claude Connection  2 active tokens  1 tier wider than a new client's, 1 narrower",
        "✓ Zapier             0 active tokens  as a new client's",
        "✓ nightly export",
        "contacts: read",
        "! root",
        "full access",
        "What to do: ",
        &format!("! idle {id}: the token of max@x.example was not used for 92 days"),
        &format!("`scopeform tokens revoke {id} --reason TEXT` ends it; `max_idle`"),
        "! full-access-key root: the key may do everything",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    // What it says to do can be done, and is then no longer said.
    lab.run(&format!("tokens revoke {id} --reason idle --auto-approve")).exits(0);
    assert!(!day("2026-06-01").contains(&id));
}

fn idle_token(lab: &Lab) -> String {
    let tokens = lab.run("tokens list --json").exits(0).json();
    let mut tokens = tokens["tokens"].as_array().unwrap().iter();
    let max = tokens.find(|token| token["user"] == "max@x.example").unwrap();
    max["id"].as_str().unwrap().to_owned()
}

#[test]
fn status_shows_one_client_with_holders_and_effective_access() {
    let lab = crm();
    let page = lab.run("status --today 2026-06-01 --client").arg("Claude Connection").exits(0).out;
    for part in [
        "Claude Connection: 2 active tokens, ",
        "contacts          write_with_approval            - narrower than a new client's delete_with_approval",
        "deletes are refused; writes queue for approval instead of going through",
        "calls             send_with_approval + initiate",
        "email             send_automatically             + wider than a new client's send_with_approval",
        "outbound messages become automatic",
        "Active tokens: 2; each may do the narrower of the ceiling and its holder's role",
        "max@x.example   member",
        "last used 2026-03-01, 92 days ago",
        "      write_with_approval on contacts, email-campaigns\n",
        "      may initiate calls\n",
        "vera@x.example  read_only_viewer (was member)",
        "never used, issued 2026-02-01, 120 days ago",
        "      no_access on ai, approvals, billing, ",
        "the token of vera@x.example was not used since it was issued ",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    let done = lab.run("status --client Zapper").exits(1);
    done.says(&["there is no OAuth client `Zapper`", "did you mean `Zapier`?"]);
    let document = lab.run("status --json -i Zapier").exits(0).json();
    assert_eq!(document["oauth_clients"].as_array().unwrap().len(), 1);
    assert_eq!(document["oauth_clients"][0]["tokens"], serde_json::json!([]));
}

#[test]
fn status_as_a_document_fits_its_schema_and_agrees_with_explain_access() {
    let lab = crm();
    let document = lab.run("status --json --today 2026-06-01").exits(0).json();
    super::documents::valid("trustpager-status.schema.json", &document);
    let client = &document["oauth_clients"][0];
    for token in client["tokens"].as_array().unwrap() {
        let user = token["user"].as_str().unwrap();
        let explained = explain(&lab, user, "--json").exits(0).json();
        let rows = token["effective"].as_array().unwrap();
        assert_eq!(rows.len(), explained["resources"].as_array().unwrap().len());
        for (row, other) in rows.iter().zip(explained["resources"].as_array().unwrap()) {
            assert_eq!(row["resource"], other["resource"]);
            assert_eq!(row["tier"], other["effective"]);
            assert_eq!(row["decided_by"], other["decided_by"]);
        }
    }
    assert_eq!(client["tokens"][0]["idle_days"], 92);
    let [idle, unused] = client["attention"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!((&idle["code"], &unused["code"]), (&"idle".into(), &"idle".into()));
}

#[test]
fn export_writes_tiers_tokens_and_effective_access() {
    let lab = crm();
    let table = |name: &str| {
        let text = lab.run(&format!("export --table {name}")).exits(0).out;
        let mut lines = text.split("\r\n").map(ToOwned::to_owned);
        let header = lines.next().unwrap();
        let rows: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        let columns = header.split(',').count();
        assert!(rows.iter().all(|row| row.split(',').count() == columns), "{text}");
        rows
    };
    let tiers = table("access");
    assert_eq!(tiers, {
        let text = lab.run("export").exits(0).out;
        let rows = text.split("\r\n").skip(1).filter(|line| !line.is_empty());
        rows.map(ToOwned::to_owned).collect::<Vec<_>>()
    });
    // 38 resources of each of two clients, one of a key, and a key with full access.
    assert_eq!(tiers.len(), 2 * 38 + 2, "{tiers:#?}");
    for row in [
        "oauth_client,Claude Connection,contacts,write_with_approval,,delete_with_approval,narrower",
        "oauth_client,Claude Connection,calls,send_with_approval,initiate,send_with_approval,same",
        "oauth_client,Zapier,email,send_with_approval,,send_with_approval,same",
        "api_key,nightly export,contacts,read,,,",
        "api_key,root,*,full_access,*,,",
    ] {
        assert!(tiers.iter().any(|one| one == row), "{row} is not in {tiers:#?}");
    }
    let tokens = table("tokens");
    assert_eq!(tokens.len(), 2);
    assert!(
        tokens[1].contains("vera@x.example,read_only_viewer,member,2026-02-01,,"),
        "{tokens:?}"
    );
    let effective = table("effective");
    assert_eq!(effective.len(), 2 * 38);
    let row = "max@x.example,member,contacts,write_with_approval,write_with_approval,write_automatically,client,";
    assert!(effective.iter().any(|one| one.ends_with(row)), "{effective:#?}");
    let row = "vera@x.example,read_only_viewer,contacts,read,write_with_approval,read,role,";
    assert!(effective.iter().any(|one| one.ends_with(row)), "{effective:#?}");
    lab.run("export --table tokens --out t.csv").exits(0).says(&["exported to t.csv"]);
    assert!(lab.read("t.csv").starts_with("client,id,token,user,role"));
    lab.run("export --table everything").exits(64);

    let odeus = Lab::new();
    odeus.run("init").exits(0);
    let done = odeus.run("export --table tokens").exits(1);
    done.says(&["is on odeus, which has connections and no tokens", "scopeform status"]);
}

#[test]
fn a_plan_says_that_it_holds_at_once_also_where_no_token_is_active() {
    let lab = Lab::with(
        "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n\
         oauth_clients:\n  Zapier: {resources: {contacts: read}}\n",
    );
    lab.write("world.yaml", WORLD);
    let page = lab.run("plan").exits(0).out;
    let said = "Tokens: no active token is re-resolved; what is written holds at once\n\n";
    assert!(page.contains(said), "{page}");
    assert_eq!(lab.run("plan --json").exits(0).json()["takes_effect"], "at_once");
    lab.write(
        "scopeform.yaml",
        "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n\
         api_keys: {nightly export: {resources: {contacts: no_access}}}\n",
    );
    let page = lab.run("plan").exits(0).out;
    assert!(page.contains(said), "{page}");
    let kept = "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n";
    lab.write("scopeform.yaml", kept);
    assert!(!lab.run("plan").exits(0).out.contains("Tokens:"));
}

#[test]
fn apply_reports_how_many_tokens_a_save_has_reached() {
    let lab = crm();
    let done = lab.run("apply --auto-approve").exits(0);
    let line = "save the scopes; every active token is re-resolved at once: 2 active tokens";
    assert!(done.out.contains(line), "{}", done.out);
    lab.write("scopeform.yaml", &WISH.replace("contacts: read", "contacts: no_access"));
    let id = idle_token(&lab);
    lab.run(&format!("tokens revoke {id} --reason gone --auto-approve")).exits(0);
    let report = lab.run("apply --auto-approve --json").exits(0).json();
    assert_eq!(report["operations"][0]["outcome"], "applied");
    assert_eq!(report["operations"][0]["detail"], "1 active token was re-resolved");
}

#[test]
fn a_saved_plan_names_the_whole_command_that_carries_it_out() {
    let lab = Lab::new();
    lab.run("init --platform trustpager below").exits(0);
    let command = "Apply:  scopeform apply p.plan --config below\n";
    let page = lab.run("plan below --out p.plan").exits(0).out;
    assert!(page.contains(command), "{page}");
    let page = lab.run("apply p.plan --config below").exits(0).out;
    assert!(page.contains(command), "{page}");
}

#[test]
fn a_new_key_is_no_way_around_a_raised_finding() {
    let lab = crm();
    let key = |name: &str, tier: &str| {
        lab.write(
            "scopeform.yaml",
            &format!(
                "{WISH}api_keys:\n  {name}:\n    resources:\n      contacts: {tier}\n    deliver: {{file: .scopeform/key}}\n\
                 findings: {{tier-widens: blocker}}\n"
            ),
        );
    };
    for (name, tier, code) in [
        ("nightly export", "write_automatically", 4),
        ("weekly export", "read", 4),
        ("weekly export", "no_access", 4),
        ("nightly export", "no_access", 0),
    ] {
        key(name, tier);
        let done = lab.run("plan").exits(code);
        assert_eq!(
            done.out.contains("blocker[tier-widens] api_keys/"),
            code == 4,
            "{}",
            done.all()
        );
    }
    key("weekly export", "read");
    lab.run("plan")
        .exits(4)
        .prints(&["api_keys/weekly export/resources/contacts", "at scopeform.yaml:11:7"]);
}

/// A name that is wrong by a letter revokes nothing, and the first line says so.
#[test]
fn a_line_that_does_nothing_is_told_before_all_is_called_well() {
    let lab = crm();
    let config = |rest: &str| {
        let head = "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n";
        lab.write("scopeform.yaml", &format!("{head}{rest}"));
    };
    config("api_keys: {nigtly export: {revoke: \"SEC-9\"}}\n");
    let first = "Plan: nothing to change in crm. 1 line does nothing. 1 warning.";
    for run in ["plan", "apply --auto-approve"] {
        let done = lab.run(run).exits(0);
        assert_eq!(done.out.lines().next(), Some(first), "{}", done.all());
        assert!(!done.all().contains("No changes"), "{}", done.all());
    }
    let plan = lab.run("plan --json --detailed-exitcode").exits(0).json();
    assert_eq!(plan["summary"]["verdict"], first);
    assert_eq!(plan["summary"]["lines_without_effect"], 1);
    for format in ["markdown", "html"] {
        let page = lab.run(&format!("plan --format {format}")).exits(0).out;
        assert!(page.contains("1 line does nothing. 1 warning."), "{page}");
    }
    // What has ended already, and what protects nothing, are such lines as well, whatever they weigh.
    config(
        "oauth_clients: {Zapier: {tokens: {revoke: [{token: t9, reason: left}, {token: t8, reason: left}]}}}\n\
         protect: [\"api_keys/nigtly export\"]\n",
    );
    let done = lab.run("plan").exits(0);
    let first = "Plan: nothing to change in crm. 3 lines do nothing. 1 warning.";
    assert_eq!(done.out.lines().next(), Some(first), "{}", done.all());
    config("oauth_clients: {Zapier: {}}\n");
    lab.run("plan").exits(0).prints(&["No changes. crm is what the files ask for.\n"]);
}

/// What is wrong is underlined, and not the key that it stands under. Without a live workspace a tier is held against the
/// ladders that are known here.
#[test]
fn a_wrong_tier_or_verb_is_underlined_itself() {
    let lab = crm();
    let config = |rest: &str| {
        let head = "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n";
        lab.write("scopeform.yaml", &format!("{head}{rest}"));
    };
    config(
        "oauth_clients:\n  Zapier:\n    resources:\n      email: reed\n    verbs:\n      calls: [initiate, trigger]\n",
    );
    lab.run("plan").exits(1).says(&[
        "error[tier-not-on-ladder]: `email` has no tier `reed`",
        "--> scopeform.yaml:8:14",
        "help: did you mean `read`? the ladder of `email` is",
        "error[unknown-verb]: `calls` has no verb `trigger`",
        "--> scopeform.yaml:10:25",
    ]);
    let warned = [
        "warning[tier-not-on-ladder]: no ladder that this program knows has a tier `reed`",
        "--> scopeform.yaml:8:14",
        "help: did you mean `read`? `scopeform plan` asks the workspace",
    ];
    let done = lab.run("validate").exits(0).says(&warned).prints(&["Valid: 1 file"]);
    assert_eq!(done.err.matches("warning[").count(), 1, "{}", done.all());
    let marks = lab.run("validate --format annotations").exits(0).out;
    assert!(marks.starts_with("::warning file=scopeform.yaml,line=8,"), "{marks}");
    // Of a key too. A tier of another ladder, and one of a catalogue beside the files, may be what the workspace has.
    config("api_keys: {new: {resources: {email: use_automatically, deals: delete}}}\n");
    let done = lab.run("validate").exits(0).says(&["has a tier `delete`"]);
    assert_eq!(done.err.matches("warning[").count(), 1, "{}", done.all());
    let bundled = include_str!("../../../data/catalogs/trustpager/resources.yaml");
    let own = "ladders:\n  own:\n    - {tier: no_access, label: No Access, suffix: null, grants: {}}\n    \
               - {tier: delete, label: Delete, suffix: delete, grants: {read: automatic, delete: automatic}}\n";
    let catalog = format!("kind: catalog\n{}", bundled.replacen("ladders:\n", own, 1));
    lab.write("catalog.yaml", &catalog);
    let done = lab.run("validate").exits(0);
    assert!(!done.err.contains("warning["), "{}", done.all());
}
