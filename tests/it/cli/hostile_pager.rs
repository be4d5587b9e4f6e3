//! The same texts as names of TrustPager's clients, keys and holders, as prefixes of tokens and keys, as labels of its
//! catalogue and as the words of its refusals.
//!
//! Mutation: print a key's prefix without `terminal` in `render/status/trustpager.rs`, and these fail.

use serde_json::{Value, json};

use super::harness::Lab;
use super::hostile::{
    everywhere, groups, harmless, harmless_files, nasty, on_a_terminal, table, together,
};
use crate::apply::proxy::{Do, Proxy};
use crate::apply::wire;
use crate::faults::stage::Plane;
use crate::faults::trustpager::Trustpager;

const WORKSPACE: &str = "acme-0";

/// What of a group of texts a client or key may be called.
pub(super) fn name(n: usize) -> String {
    let name = together(n, 20, |c| !c.is_control() && c != '/');
    if name.trim().is_empty() { "plain".to_owned() } else { name }
}

/// What of a group of texts a user may be called.
pub(super) fn holder(n: usize) -> String {
    let name = together(n, 20, |c| c.is_ascii_graphic());
    format!("{name}@acme.example").to_ascii_lowercase()
}

/// Calls whatever has a name by the `n`-th text, and labels by the next ones.
pub(super) fn renamed(path: &str, answer: &mut Value, n: usize) {
    let mut next = n;
    let mut text = || {
        next += 1;
        json!(nasty(next))
    };
    if path.contains("/catalog") {
        for ladder in answer["ladders"].as_object_mut().unwrap().values_mut() {
            ladder.as_array_mut().unwrap().iter_mut().for_each(|tier| tier["label"] = text());
        }
        for kind in ["resources", "roles"] {
            let all = answer[kind].as_object_mut().unwrap().values_mut();
            all.for_each(|one| one["name"] = text());
        }
    }
    for item in answer["items"].as_array_mut().into_iter().flatten() {
        if item["user"] == "left@acme.example" {
            item["user"] = json!(holder(n));
        }
        if item["name"] == "Zapier" || item["name"] == "nightly export" {
            item["name"] = json!(name(n));
        }
        if item.get("prefix").is_some() {
            item["prefix"] = text();
        }
        for token in item["state"]["tokens"].as_object_mut().into_iter().flatten() {
            let token = token.1;
            (token["prefix"], token["suffix"]) = (text(), text());
            if token["user"] == "left@acme.example" {
                token["user"] = json!(holder(n));
            }
        }
    }
}

fn proxy(plane: &Plane<Trustpager>, n: usize) -> Proxy {
    let to = plane.address;
    Proxy::start(to, move |request, _| {
        if request.is_write() {
            let body = json!({ "error": { "message": together(n, 200, |_| true) } });
            return Do::Answer(422, body.to_string());
        }
        let (status, head, body) = wire::split(&request.send(to).unwrap());
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        renamed(&request.path, &mut body, n);
        let tag = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
        let tag = tag.map(|line| format!("{line}\r\n")).unwrap_or_default();
        Do::Raw(wire::answer(status, "application/json", &tag, body.to_string().as_bytes()))
    })
}

pub(super) fn lab(proxy: &Proxy, n: usize, workspace: &str) -> Lab {
    let name = serde_json::to_string(&name(n)).unwrap();
    Lab::with(&format!(
        "version: 1\nplatform: trustpager\nworkspace: {workspace}\nendpoint: {}\n\
         oauth_clients:\n  Claude Connection:\n    resources: {{contacts: read}}\n    tokens:\n      \
         holders: {{users: [olga@acme.example]}}\n  {name}: {{resources: {{email: read}}}}\n\
         api_keys:\n  {name}: {{resources: {{contacts: read, deals: read}}}}\n",
        proxy.url()
    ))
}

#[test]
fn no_name_of_a_client_key_or_holder_does_harm_in_any_format() {
    let plane = Plane::<Trustpager>::start(1);
    for n in groups() {
        let proxy = proxy(&plane, n);
        let lab = lab(&proxy, n, WORKSPACE);
        let run = |args: &str| lab.run(args).env("SCOPEFORM_TOKEN", &plane.token).done();
        everywhere(&run, &["tokens list", "tokens list --verbose"]);
        harmless_files(&lab, &["p.json", "s.json"]);
        // What is in the plan is under test: the name, and who loses a token.
        let plan = run("plan --json").json().to_string();
        assert!(plan.contains(json!(name(n)).to_string().trim_matches('"')), "{plan}");
        assert!(plan.contains(json!(holder(n)).to_string().trim_matches('"')), "{plan}");
        let listed = run("tokens list --json");
        listed.json();
        harmless(&listed.out);
        for args in ["status --client", "explain access olga@acme.example"] {
            let done = lab.run(args).arg(name(n)).env("SCOPEFORM_TOKEN", &plane.token).done();
            harmless(&done.out);
            harmless(&done.err);
        }
        table(&run("export"), 7, None);
        table(&run("export --table tokens"), 10, None);
        table(&run("export --table effective"), 10, None);
    }
}

#[test]
fn no_name_of_a_client_key_or_holder_acts_on_a_real_terminal() {
    let plane = Plane::<Trustpager>::start(1);
    for n in groups() {
        let proxy = proxy(&plane, n);
        let lab = lab(&proxy, n, WORKSPACE);
        let commands =
            if n % 2 == 0 { ["plan --full", "apply"] } else { ["status", "apply --auto-approve"] };
        commands.iter().for_each(|args| on_a_terminal(&lab, &plane.token, args));
    }
}
