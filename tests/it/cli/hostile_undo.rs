//! The same texts where writes are carried out, so that `undo` has something to take back and says what it cannot.
//!
//! Mutation: print what cannot be restored without `terminal` in `render/undo.rs`, and the case of TrustPager fails.

use scopeform::render::neutral::terminal;
use serde_json::{Value, json};

use super::harness::Done;
use super::hostile::{groups, harmless, harmless_files, hostile, together};
use super::hostile_pager::{holder, lab, name, renamed};
use crate::apply::plane::{Plane as Small, lab_at};
use crate::apply::proxy::{Do, Proxy};
use crate::apply::wire;
use crate::faults::stage::Plane;
use crate::faults::trustpager::Trustpager;

/// Sends a request on, and lets `change` make of the answer what it likes.
fn passed(request: &wire::Request, to: std::net::SocketAddr, change: impl Fn(&mut Value)) -> Do {
    let answer = request.send(to).unwrap();
    let (status, head, body) = wire::split(&answer);
    let Ok(mut body) = serde_json::from_slice(&body) else { return Do::Raw(answer) };
    change(&mut body);
    let tag = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
    let tag = tag.map(|line| format!("{line}\r\n")).unwrap_or_default();
    Do::Raw(wire::answer(status, "application/json", &tag, body.to_string().as_bytes()))
}

/// Puts one text in the place of another wherever it stands alone.
fn exchanged(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(|one| exchanged(one, from, to)),
        Value::Object(all) => all.values_mut().for_each(|one| exchanged(one, from, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts a text in the place of the beginning and the end of each token.
fn marked(value: &mut Value, text: &str) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| marked(one, text)),
        Value::Object(all) => {
            for (key, one) in all {
                match key.as_str() {
                    "prefix" | "suffix" => *one = json!(text),
                    _ => marked(one, text),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns the path of what is really called otherwise: of the two clients one, and of the keys the one that is written to.
fn true_path(path: &str) -> String {
    let mut within = "";
    let segment = |segment| {
        let live = match within {
            "oauth-clients" if segment != "Claude%20Connection" => "Zapier",
            "api-keys" => "nightly%20export",
            _ => segment,
        };
        within = segment;
        live
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Applies, and takes back in every way that there is: planned as text and as JSON, and carried out as text, as JSON and as
/// lines, of which each takes back the one before. Returns the two plans.
#[track_caller]
fn taken_back(run: &dyn Fn(&str) -> Done) -> (Done, Done) {
    let quiet = |args: &str| {
        let done = run(args).exits(0);
        harmless(&done.out);
        harmless(&done.err);
        done
    };
    quiet("apply --auto-approve");
    let text = quiet("undo --full --out back.json");
    let document = quiet("undo --json --out back.json");
    quiet("show back.json --full");
    quiet("undo --auto-approve --verbose");
    quiet("show --last --verbose");
    let done = quiet("undo --auto-approve --json").json();
    assert_eq!(done["report"]["complete"], true, "{done}");
    let stream = quiet("undo --auto-approve --json-lines");
    super::stream::lines(&stream.out);
    (text, document)
}

#[test]
fn no_name_does_harm_when_a_run_is_taken_back_on_odeus() {
    let plane = Small::start();
    let to = plane.address;
    for n in groups() {
        let group = together(n, 20, |c| !c.is_control() && c != '/') + ".";
        let (change, own) = (hostile(n), group.clone());
        let proxy = Proxy::start(to, move |request, _| {
            let mut request = request.clone();
            if let Ok(mut body) = serde_json::from_slice(&request.body) {
                exchanged(&mut body, &own, "sales");
                request.body = body.to_string().into_bytes();
            }
            passed(&request, to, |answer| {
                change(answer);
                exchanged(answer, "sales", &own);
            })
        });
        let wishes = format!(
            "integrations:\n  notes:\n    actions:\n      read_note: enabled\n      \
             share_note: {{groups: [{}]}}\n",
            json!(group)
        );
        let lab = lab_at(&proxy.url(), &wishes);
        let (text, document) = taken_back(&|args| plane.run(&lab, args).done());
        harmless_files(&lab, &["back.json"]);
        // From what nobody may know by its name to nobody.
        assert!(text.out.contains(&terminal(&group).to_string()), "{}", text.all());
        assert!(document.json()["operations"].as_u64() > Some(0), "{}", document.all());
    }
}

#[test]
fn no_prefix_of_a_token_does_harm_when_a_run_is_taken_back_on_trustpager() {
    let plane = Plane::<Trustpager>::start(groups().count());
    let to = plane.address;
    // What has ended does not come back, so each group has a workspace of its own.
    for (n, workspace) in groups().zip(&plane.workspaces) {
        let prefix = together(n, 200, |_| true);
        let own = prefix.clone();
        let proxy = Proxy::start(to, move |request, _| {
            let mut request = request.clone();
            request.path = true_path(&request.path);
            passed(&request, to, |answer| {
                renamed(&request.path, answer, n);
                marked(answer, &own);
                for live in ["Zapier", "nightly export"] {
                    exchanged(answer, live, &name(n));
                }
                exchanged(answer, "left@acme.example", &holder(n));
            })
        });
        let lab = lab(&proxy, n, workspace);
        let run = |args: &str| lab.run(args).env("SCOPEFORM_TOKEN", &plane.token).done();
        let (text, document) = taken_back(&run);
        harmless_files(&lab, &["back.json"]);
        let told = document.json();
        let lost = told["cannot_be_restored"].as_array().unwrap().iter();
        let lost: Vec<&str> = lost.map(|one| one["what"].as_str().unwrap()).collect();
        let token = format!("token {prefix}…{prefix} stays revoked");
        assert!(lost.iter().any(|what| what.starts_with(&token)), "{told}");
        for what in lost {
            assert!(text.out.contains(&terminal(what).to_string()), "{what:?}\n{}", text.all());
        }
    }
}
