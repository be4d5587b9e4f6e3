//! Plan files whose author took out what the operations do, or where they go, and computed both digests again: whole,
//! and not true. And changes that would have the token sent elsewhere.

use std::net::TcpListener;

use scopeform::seal::document::Document;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::base::{commit, git, repository};
use super::flow::{BODY, HEAD, approve, office};
use crate::apply::plane::{Plane, WISHES, config_at};
use crate::apply::proxy::{Do, Proxy};
use crate::cli::harness::Lab;

fn sha256(value: &Value) -> Value {
    let hash = Sha256::digest(serde_jcs::to_vec(value).unwrap());
    json!(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Edits `p.plan` the way somebody would who knows the format: the digests are right again afterwards.
pub(super) fn forge(lab: &Lab, edit: impl Fn(&mut Value)) {
    forge_anything(lab, edit);
    // Nothing about the file itself gives it away.
    lab.run("show p.plan").exits(0);
}

pub(super) fn forge_anything(lab: &Lab, edit: impl Fn(&mut Value)) {
    let mut plan: Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    let before = plan.clone();
    edit(&mut plan);
    assert_ne!(plan, before, "nothing was forged");
    plan["digest"] = sha256(&plan["bound"]);
    plan["observed_digest"] = sha256(&plan["observed"]);
    let document: Document = serde_json::from_value(plan).unwrap();
    lab.write("p.plan", &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()));
}

pub(super) fn drop_key(plan: &mut Value, half: &str, key: &str) {
    plan[half].as_object_mut().unwrap().remove(key);
}

/// Takes out everything that a gate looks at, the rules and what they found included.
fn silence(plan: &mut Value) {
    plan["bound"]["privilege"]["changes"] = json!([]);
    plan["bound"]["breakage"] = json!([]);
    plan["bound"]["findings"] = json!([]);
    plan["observed"]["findings"] = json!([]);
    drop_key(plan, "bound", "losses");
    drop_key(plan, "bound", "policies");
}

pub(super) const REFUSED: &str = "the plan does not say what its operations do, so nobody can have agreed to it; nothing was done";

fn one_rule(when: &str) -> String {
    format!(
        "approvals: {{signers: allowed_signers, rules: [{{when: {when}, of: [ana@acme.example]}}]}}\n"
    )
}

/// Refused with these lines, at once and with a signature of the forged file, and nothing is done.
#[track_caller]
pub(super) fn refused(lab: &Lab, lines: &[&str]) {
    lab.run("apply p.plan --config .").exits(1).says(&[REFUSED]).says(lines);
    lab.run("plan --detailed-exitcode").exits(2);
}

#[test]
fn a_right_that_is_hidden_is_missed() {
    let lab = office(&one_rule("widening"));
    lab.run("plan --out p.plan").exits(0);
    lab.run("apply p.plan --config .").exits(5);
    forge(&lab, |plan| plan["bound"]["privilege"]["changes"] = json!([]));
    refused(
        &lab,
        &[
            "sharepoint: + Sites.ReadWrite.All at sharepoint, can write; the plan does not say so",
            "sharepoint: + sharepoint/actions/create_page, does not run -> everyone; the plan does not say so",
            "help: its file was changed after it was made",
        ],
    );
    // Without the rules too, and without any configuration at hand.
    forge(&lab, silence);
    refused(&lab, &["sharepoint: + Sites.ReadWrite.All at sharepoint"]);
    lab.run("plan --out p.plan").exits(0);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan --config .").exits(0);
}

#[test]
fn a_right_that_is_said_to_be_another_is_missed() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 4] = [
        ("direction", |plan| {
            for change in plan["bound"]["privilege"]["changes"].as_array_mut().unwrap() {
                change["direction"] = json!("narrowing");
            }
        }),
        ("who", |plan| {
            for change in plan["bound"]["privilege"]["changes"].as_array_mut().unwrap() {
                if !change["right"]["use"].is_null() {
                    change["right"]["use"]["after"] = json!("user ana@acme.example");
                }
            }
        }),
        ("admin consent", |plan| {
            for change in plan["bound"]["privilege"]["changes"].as_array_mut().unwrap() {
                if !change["right"]["scope"].is_null() {
                    change["admin_consent"] = json!(!change["admin_consent"].as_bool().unwrap());
                }
            }
        }),
        ("unit", |plan| {
            for change in plan["bound"]["privilege"]["changes"].as_array_mut().unwrap() {
                change["unit"] = json!("onedrive");
            }
        }),
    ];
    let lab = office("");
    for (what, edit) in edits {
        lab.run("plan --out p.plan").exits(0);
        forge(&lab, edit);
        println!("{what}");
        refused(&lab, &["the plan does not say so"]);
    }
}

const FIXED: &str = "integrations: {sharepoint: {oauth: {mode: fixed, client: {id: c}, scopes: [openid, \
    offline_access, User.Read, Sites.Read.All]}, actions: {create_page: {access: everyone, \
    accept_missing_scopes: SEC-1}}}}\n";

#[test]
fn breakage_that_is_hidden_is_missed() {
    let lab = office("");
    lab.write("scopeform.yaml", &format!("{HEAD}{}{FIXED}", one_rule("breakage")));
    lab.run("plan --out p.plan").exits(0);
    lab.run("apply p.plan --config .").exits(5);
    forge(&lab, |plan| plan["bound"]["breakage"] = json!([]));
    refused(
        &lab,
        &[
            "sharepoint/actions/create_page: sharepoint/actions/create_page relies on a claim; the plan does not say so",
        ],
    );
}

#[test]
fn losses_that_are_hidden_pass_neither_protections_nor_limits() {
    let off = "integrations: {files: {actions: {write_file: disabled}}}\n";
    for rules in ["protect: [files/actions/write_file]\n", "limits: {removals: {count: 0}}\n"] {
        let plane = Plane::start();
        let lab = plane.lab(&format!("{rules}{off}"));
        let before = plane.state();
        plane.run(&lab, "plan --out p.plan").exits(4);
        plane.run(&lab, "apply p.plan --config .").exits(4);
        forge(&lab, |plan| {
            plan["bound"]["findings"] = json!([]);
            drop_key(plan, "bound", "losses");
        });
        let done = plane.run(&lab, "apply p.plan --config .").exits(1).says(&[REFUSED]);
        done.says(&["files/actions/write_file: `files/actions/write_file` would stop, for somebody or for everybody"]);
        // Said to be of a sort that counts less.
        plane.run(&lab, "plan --out p.plan").exits(4);
        forge(&lab, |plan| {
            plan["bound"]["findings"] = json!([]);
            for loss in plan["bound"]["losses"].as_array_mut().unwrap() {
                loss["kind"] = json!("moment");
            }
            drop_key(plan, "bound", "policies");
        });
        let exit = if rules.starts_with("limits") { 1 } else { 4 };
        plane.run(&lab, "apply p.plan --config .").exits(exit);
        // The rules of the files at hand hold for a plan that dropped them and says what it does.
        plane.run(&lab, "plan --out p.plan").exits(4);
        forge(&lab, |plan| {
            plan["bound"]["findings"] = json!([]);
            drop_key(plan, "bound", "policies");
        });
        plane.run(&lab, "apply p.plan --config .").exits(4);
        assert_eq!(plane.state(), before);
    }
}

const WORLD: &str = "kind: world\nplatform: trustpager\nworkspaces:\n  acme:\n    users: {ana@acme.example: owner}\n    \
    oauth_clients:\n      Claude:\n        resources: {contacts: read}\n        tokens: [{user: ana@acme.example, issued: 2026-01-01, requests: 1}]\n    \
    api_keys:\n      nightly: {full_access: true}\n";

#[test]
fn on_trustpager_nothing_can_be_hidden_either() {
    let header = "version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: embedded\n";
    let wider = "oauth_clients: {Claude: {resources: {contacts: write_automatically}}}\n";
    let ended = "oauth_clients: {Claude: {tokens: {max_idle: 3d}}}\n";
    for (wish, when, rules, says) in [
        (
            wider,
            "widening",
            "",
            "oauth_clients/Claude: + oauth_clients/Claude/resources/contacts, read -> write_automatically",
        ),
        (ended, "revocation", "", "oauth_clients/Claude: - oauth_clients/Claude/tokens/"),
        (ended, "", "protect: [oauth_clients/Claude/tokens]\n", " would end or lose full access"),
        (ended, "", "limits: {removals: {count: 0}}\n", " would end or lose full access"),
        (
            "api_keys: {nightly: {resources: {contacts: read}}}\n",
            "",
            "protect: [api_keys/nightly]\n",
            "api_keys/nightly: - api_keys/nightly, the key loses full access",
        ),
        (
            "oauth_clients: {Claude: {resources: {contacts: no_access}}}\n",
            "",
            "protect: [oauth_clients/Claude]\n",
            "`oauth_clients/Claude/resources/contacts` would allow less",
        ),
    ] {
        let lab = office("");
        let rules = if when.is_empty() { rules.to_owned() } else { one_rule(when) };
        lab.write("scopeform.yaml", &format!("{header}{rules}{wish}"));
        lab.write("world.yaml", WORLD);
        let blocked = if when.is_empty() { 4 } else { 0 };
        lab.run("plan --out p.plan").exits(blocked);
        lab.run("apply p.plan --config .").exits(if when.is_empty() { 4 } else { 5 });
        forge(&lab, silence);
        refused_after_blocked(&lab, says, blocked);
    }
}

#[track_caller]
fn refused_after_blocked(lab: &Lab, says: &str, blocked: i32) {
    lab.run("apply p.plan --config .").exits(1).says(&[REFUSED, says]);
    lab.run("plan --detailed-exitcode").exits(if blocked == 0 { 2 } else { blocked });
}

#[test]
fn an_operation_is_filed_under_what_it_writes_to() {
    let lab = office("");
    for (field, value) in [("unit", "onedrive"), ("address", "sharepoint/actions/get_page")] {
        lab.run("plan --out p.plan").exits(0);
        let mut plan: Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
        plan["bound"]["operations"][0][field] = json!(value);
        plan["digest"] = sha256(&plan["bound"]);
        let document: Document = serde_json::from_value(plan).unwrap();
        lab.write("p.plan", &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()));
        lab.run("apply p.plan").exits(1).says(&["the file was not made by this tool"]);
    }
}

/// Whoever reads both sides of a forged file is shown nothing, nobody signs it, and it is not carried out.
///
/// Mutation: let `shown::misshown` return `None`, and this fails.
#[track_caller]
fn shows_less(lab: &Lab, unit: &str, exit: i32, what: &str, edit: &dyn Fn(&mut Value)) {
    println!("{what}");
    lab.run("plan --out p.plan").exits(exit);
    lab.run("show p.plan --format diff").exits(0);
    forge_anything(lab, edit);
    let says = format!("what it shows of `{unit}` is not what its operations do");
    for args in ["show p.plan --format diff", "show p.plan", "apply p.plan --config ."] {
        lab.run(args).exits(1).says(&[&says]);
    }
    approve(lab, "ana").exits(1).says(&[&says]);
}

#[test]
fn a_reviewer_is_not_shown_less_than_is_done() {
    let lab = office(&one_rule("widening"));
    let refuse =
        |what: &str, edit: &dyn Fn(&mut Value)| shows_less(&lab, "sharepoint", 0, what, edit);
    refuse("no text", &|plan| plan["observed"]["effective"] = json!([]));
    refuse("no sides", &|plan| drop_key(plan, "observed", "comparisons"));
    refuse("another unit's", &|plan| plan["observed"]["effective"][0]["unit"] = json!("onedrive"));
    refuse("the same text", &|plan| {
        let text = &mut plan["observed"]["effective"][0];
        text["after"] = text["before"].clone();
    });
    refuse("only another line", &|plan| {
        let text = &mut plan["observed"]["effective"][0];
        text["after"] = json!(format!("{}# tidied\n", text["before"].as_str().unwrap()));
    });
    for hidden in ["  - Sites.ReadWrite.All\n", "  create_page: enabled\n"] {
        refuse(hidden, &|plan| {
            let text = &mut plan["observed"]["effective"][0]["after"];
            let less = text.as_str().unwrap().replace(hidden, "");
            *text = json!(less);
        });
    }
    refuse("a switch that stays", &|plan| {
        for row in plan["observed"]["comparisons"][0]["odeus"]["actions"].as_array_mut().unwrap() {
            row["enabled"].as_object_mut().unwrap().remove("after");
        }
    });
    refuse("a claim that nothing is missing", &|plan| {
        for row in plan["observed"]["comparisons"][0]["odeus"]["actions"].as_array_mut().unwrap() {
            if row["key"] == "create_page" {
                row["missing"]["after"] = json!({"Files.Read.All": "accepted"});
            }
        }
    });
    refuse("a scope that stays", &|plan| {
        for row in plan["observed"]["comparisons"][0]["odeus"]["scopes"].as_array_mut().unwrap() {
            row["requested"].as_object_mut().unwrap().remove("after");
        }
    });
    lab.run("plan --out p.plan").exits(0);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan --config .").exits(0);
}

#[test]
fn on_trustpager_a_reviewer_is_not_shown_less_either() {
    let header = "version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: embedded\n";
    let same = |plan: &mut Value| {
        let text = &mut plan["observed"]["effective"][0];
        text["after"] = text["before"].clone();
    };
    for (wish, unit) in [
        (
            "oauth_clients: {Claude: {resources: {contacts: write_automatically}}}",
            "oauth_clients/Claude",
        ),
        ("oauth_clients: {Claude: {tokens: {max_idle: 3d}}}", "oauth_clients/Claude"),
        ("api_keys: {nightly: {resources: {contacts: read}}}", "api_keys/nightly"),
    ] {
        let lab = office("");
        lab.write("scopeform.yaml", &format!("{header}{wish}\n"));
        lab.write("world.yaml", WORLD);
        shows_less(&lab, unit, 0, wish, &same);
        shows_less(&lab, unit, 0, wish, &|plan| {
            let sides = &mut plan["observed"]["comparisons"][0]["trustpager"];
            sides["standing"].as_object_mut().unwrap().remove("after");
            for row in sides["resources"].as_array_mut().unwrap() {
                row["tier"].as_object_mut().unwrap().remove("after");
            }
            let tokens = sides.get_mut("tokens").and_then(Value::as_array_mut);
            for row in tokens.into_iter().flatten() {
                row.as_object_mut().unwrap().remove("ends");
            }
        });
    }
}

#[test]
fn a_protection_by_another_name_cannot_be_forged_away() {
    let header = "version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: embedded\n";
    let lab = office("");
    lab.write(
        "scopeform.yaml",
        &format!(
            "{header}protect: [oauth_clients/Claude/resources/opportunities]\n\
             oauth_clients: {{Claude: {{resources: {{deals: no_access}}}}}}\n"
        ),
    );
    lab.write("world.yaml", &WORLD.replace("{contacts: read}", "{deals: read}"));
    lab.run("plan --out p.plan").exits(4);
    lab.run("apply p.plan --config .").exits(4);
    forge(&lab, |plan| {
        plan["bound"]["findings"] = json!([]);
        for loss in plan["bound"]["losses"].as_array_mut().unwrap() {
            loss.as_object_mut().unwrap().remove("also_called").expect("no other name");
        }
    });
    lab.run("apply p.plan --config .").exits(1).says(&[REFUSED]);
    lab.run("plan --detailed-exitcode").exits(4);
}

#[test]
fn an_acceptance_is_shown() {
    let lab = office("");
    lab.write("scopeform.yaml", &format!("{HEAD}{FIXED}"));
    let accepted = ", accepted without Sites.ReadWrite.All";
    shows_less(&lab, "sharepoint", 0, "the text", &|plan| {
        let text = &mut plan["observed"]["effective"][0]["after"];
        assert!(text.as_str().unwrap().contains(accepted), "{text}");
        *text = json!(text.as_str().unwrap().replace(accepted, ""));
    });
    shows_less(&lab, "sharepoint", 0, "the sides", &|plan| {
        for row in plan["observed"]["comparisons"][0]["odeus"]["actions"].as_array_mut().unwrap() {
            if row["key"] == "create_page" {
                let after = &mut row["missing"]["after"];
                assert_eq!(after["Sites.ReadWrite.All"], "accepted");
                *after = json!({"Sites.ReadWrite.All": "add_to_client"});
            }
        }
    });
}

#[test]
fn the_workspaces_own_switch_is_shown() {
    let lab = office("new_actions_enabled_by_default: true\n");
    let of = |plan: &mut Value| -> usize {
        let all = plan["observed"]["effective"].as_array().unwrap();
        all.iter().position(|one| one["unit"] == "workspace").unwrap()
    };
    shows_less(&lab, "workspace", 0, "no text", &|plan| {
        let at = of(plan);
        plan["observed"]["effective"].as_array_mut().unwrap().remove(at);
    });
    shows_less(&lab, "workspace", 0, "another text", &|plan| {
        let at = of(plan);
        plan["observed"]["effective"][at]["after"] = json!("something harmless: true\n");
    });
}

#[test]
fn the_token_that_ends_is_shown_and_no_other() {
    let header = "version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: embedded\n";
    let lab = office("");
    lab.write(
        "scopeform.yaml",
        &format!("{header}oauth_clients: {{Claude: {{tokens: {{max_idle: 3d}}}}}}\n"),
    );
    let used = "{user: ana@acme.example, issued: 2026-01-01, last_used: 2026-11-22, requests: 1}";
    lab.write("world.yaml", &WORLD.replace("tokens: [", &format!("tokens: [{used}, ")));
    shows_less(&lab, "oauth_clients/Claude", 0, "the text", &|plan| {
        let text = &mut plan["observed"]["effective"][0];
        let (before, after) = (text["before"].as_str().unwrap(), text["after"].as_str().unwrap());
        let tokens = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.starts_with("token "));
            lines.map(str::to_owned).collect()
        };
        let kept = tokens(after);
        let gone: Vec<String> = tokens(before).into_iter().filter(|t| !kept.contains(t)).collect();
        assert!(!kept.is_empty() && gone.len() == 1, "{before}{after}");
        text["after"] = json!(after.replace(&kept[0], &gone[0]));
    });
    shows_less(&lab, "oauth_clients/Claude", 0, "the sides", &|plan| {
        let rows = plan["observed"]["comparisons"][0]["trustpager"]["tokens"].as_array_mut();
        let rows = rows.unwrap();
        let ends = rows.iter().position(|row| row.get("ends").is_some()).unwrap();
        let why = rows[ends].as_object_mut().unwrap().remove("ends").unwrap();
        let other = rows.iter_mut().enumerate().find(|(at, _)| *at != ends).unwrap().1;
        other["ends"] = why;
        other.as_object_mut().unwrap().remove("effective");
    });
}

#[test]
fn the_switch_for_new_actions_keeps_its_turn() {
    let lab = office("new_actions_enabled_by_default: true\n");
    lab.run("plan --out p.plan").exits(0);
    forge_anything(&lab, |plan| {
        let operations = plan["bound"]["operations"].as_array_mut().unwrap();
        assert!(operations.len() > 1 && operations.last().unwrap()["unit"] == "workspace");
        operations.rotate_right(1);
    });
    let says =
        "its operation `turn new actions enabled by default on` stands where it does not belong";
    lab.run("apply p.plan").exits(1).says(&[says]);
    lab.run("apply --auto-approve").exits(0);
    lab.write(
        "scopeform.yaml",
        &format!(
            "{HEAD}new_actions_enabled_by_default: false\n{}",
            BODY.replace("create_page: enabled", "create_page: disabled")
        ),
    );
    lab.run("plan --out p.plan").exits(0);
    forge_anything(&lab, |plan| {
        let operations = plan["bound"]["operations"].as_array_mut().unwrap();
        assert!(operations.len() > 1 && operations[0]["unit"] == "workspace");
        operations.rotate_left(1);
    });
    let says =
        "its operation `turn new actions enabled by default off` stands where it does not belong";
    lab.run("apply p.plan").exits(1).says(&[says]);
}

/// A place of somebody else's, which must never be spoken to.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    #[track_caller]
    fn was_left_alone(&self) {
        let seen = self.0.accept();
        assert!(seen.is_err(), "somebody connected: {seen:?}");
    }
}

#[test]
fn a_plan_goes_where_it_was_made_for_or_nowhere() {
    let (plane, elsewhere) = (Plane::start(), Elsewhere::new());
    let wish = "integrations: {files: {actions: {write_file: disabled}}}\n";
    let lab = plane.lab(wish);
    let before = plane.state();
    plane.run(&lab, "plan --out p.plan").exits(0);
    let approved: Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    forge(&lab, |plan| plan["bound"]["endpoint"] = json!(elsewhere.url()));
    let forged: Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    assert_ne!(approved["digest"], forged["digest"], "an approval says where");
    // Ports are hidden from what is compared.
    let says = "the plan is for http://127.0.0.1:[PORT], and . has workspace `acme` at \
        http://127.0.0.1:[PORT]; nothing was sent and nothing was done";
    for args in ["apply p.plan", "apply p.plan --config ."] {
        plane.run(&lab, args).exits(1).says(&[says]);
    }
    // The other way round: the files have moved on.
    plane.run(&lab, "plan --out p.plan").exits(0);
    lab.write("scopeform.yaml", &config_at(&elsewhere.url(), wish));
    plane.run(&lab, "apply p.plan").exits(1).says(&[says]);
    elsewhere.was_left_alone();
    assert_eq!(plane.state(), before);
}

#[test]
fn a_change_does_not_take_the_token_elsewhere() {
    let (plane, elsewhere) = (Plane::start(), Elsewhere::new());
    let lab = repository("");
    let wish = "integrations: {files: {actions: {write_file: disabled}}}\n";
    let url = plane.url();
    lab.write("scopeform.yaml", &config_at(&url, wish));
    commit(&lab);
    git(&lab, &["branch", "-f", "main"]);
    plane.run(&lab, "plan --base main --out p.plan").exits(0);
    lab.write("scopeform.yaml", &config_at(&elsewhere.url(), wish));
    for args in ["plan --base main", "apply --base main --auto-approve"] {
        plane.run(&lab, args).exits(1).says(&[
            "`endpoint` is http://127.0.0.1:[PORT] at main and http://127.0.0.1:[PORT] here",
            "nothing was sent there, the token least of all",
            "`--allow-new-endpoint`",
        ]);
    }
    // A workspace that the base does not have brings no endpoint along either.
    let renamed = config_at(&elsewhere.url(), wish).replace("workspace: acme", "workspace: other");
    lab.write("scopeform.yaml", &renamed);
    plane
        .run(&lab, "plan --base main --new-workspace")
        .exits(1)
        .says(&["no configuration of this workspace names one at main"]);
    elsewhere.was_left_alone();

    // Who has reviewed the new endpoint says so.
    lab.write("scopeform.yaml", &format!("{HEAD}{BODY}"));
    commit(&lab);
    git(&lab, &["branch", "-f", "main"]);
    lab.write("scopeform.yaml", &config_at(&url, wish));
    plane.run(&lab, "plan --base main --out p.plan").exits(1);
    plane.run(&lab, "plan --base main --allow-new-endpoint --out p.plan").exits(0);
    plane.run(&lab, "apply p.plan --base main").exits(1).says(&["`--allow-new-endpoint`"]);
    plane.run(&lab, "plan --allow-new-endpoint").exits(64);
    plane.run(&lab, "apply p.plan --base main --allow-new-endpoint").exits(0);
}

/// The rest of a plan is held against its lines as all of it is.
///
/// Mutation: `rest-unsaid`.
#[test]
fn nothing_is_hidden_in_the_rest_of_a_plan_either() {
    let plane = Plane::start();
    let through = Proxy::start(plane.address, |request, writes| {
        let stops = request.is_write() && writes == 2;
        if stops { Do::Answer(500, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&through, WISHES);
    plane.run(&lab, "plan --out p.plan").exits(0);
    plane.run(&lab, "apply p.plan --parallelism 1").exits(6).prints(&["2 of 4 operations"]);
    let plan: Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    let left = &plan["bound"]["operations"][2]["address"];
    forge(&lab, |plan| {
        plan["bound"]["changes"].as_array_mut().unwrap().retain(|line| line["address"] != *left);
    });
    let (state, hidden) = (plane.state(), format!("  {}: ", left.as_str().unwrap()));
    plane.run(&lab, "apply p.plan").exits(1).says(&[REFUSED, &hidden]);
    assert_eq!(plane.state(), state);
}
