//! The way to the live system: servers that are not there, slow, somebody else, or endless, and tokens that are wrong.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};

use super::harness::{Background, Lab};
use crate::apply::plane::{Plane, WISHES, config_at, lab_at};
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::wire;

/// An address that nothing listens on.
fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Plans against a server that gives every request the same treatment.
fn plan_against(what: impl Fn() -> Do + Send + Sync + 'static, args: &str) -> super::harness::Done {
    let proxy = Proxy::start(closed(), move |_, _| what());
    let lab = lab_at(&proxy.url(), WISHES);
    lab.run(args).env("SCOPEFORM_TOKEN", "odeus_CANARY_token").done()
}

#[test]
fn a_closed_port_is_unreachable() {
    let lab = lab_at(&format!("http://{}", closed()), WISHES);
    for args in ["plan", "apply --auto-approve", "status", "export"] {
        let done = lab.run(args).env("SCOPEFORM_TOKEN", "t").exits(8);
        done.says(&["cannot reach http://127.0.0.1:[PORT]", "refused", "check `endpoint`"]);
    }
    let failed = lab.run("plan --json").env("SCOPEFORM_TOKEN", "t").exits(8).json();
    assert_eq!(failed["exit_code"], 8, "{failed}");
    assert_eq!(failed["valid"], false);
}

#[test]
fn a_slow_server_is_given_up_on() {
    let (gate, keeper) = gate();
    let done =
        plan_against(move || Do::Gate(gate.clone()), "plan --timeout 1 --deadline 1").exits(8);
    done.says(&[
        "no answer from /odeus/v1/workspaces/acme/settings",
        "it took too long",
        "--timeout SECONDS",
    ]);
    drop(keeper);
}

#[test]
fn a_web_page_is_no_control_plane() {
    let page = "<!doctype html><title>\u{1b}[2JWelcome</title>";
    let done = plan_against(|| Do::Answer(200, page.to_owned()), "plan").exits(8);
    let done = done.says(&[
        "did not answer as the protocol says",
        "<!doctype html>",
        "check that `endpoint` is the address of the API",
    ]);
    assert!(!done.err.contains('\u{1b}'), "{}", done.all());
    let done = plan_against(|| Do::Answer(404, page.to_owned()), "plan").exits(8);
    done.says(&["is this the endpoint of a control plane?"]);
    let to = "HTTP/1.1 302 Found\r\nlocation: https://login.example/\r\ncontent-length: 0\r\n\r\n";
    let done = plan_against(move || Do::Raw(to.as_bytes().to_vec()), "plan").exits(8);
    done.says(&["a redirect to `https://login.example/`, which is not followed"]);
    plan_against(
        || Do::Raw(b"\x00\x01\x02 nonsense\r\n\r\n".to_vec()),
        "plan --timeout 1 --deadline 1",
    )
    .exits(8);
    plan_against(|| Do::Answer(200, "{}".to_owned()), "plan").exits(8);
    plan_against(|| Do::Answer(200, "[[[[".repeat(100_000)), "plan").exits(8);
}

#[test]
fn what_a_server_says_cannot_move_the_cursor_or_turn_the_text() {
    let body = json!({"error": {"message": "no \u{1b}[31m\u{202e}evil\r\n::error::x"}}).to_string();
    for args in ["plan", "plan --json"] {
        let body = body.clone();
        let done = plan_against(move || Do::Answer(403, body.clone()), args).exits(8);
        for bad in ['\u{1b}', '\u{202e}', '\r'] {
            assert!(!done.all().contains(bad), "{bad:?} {}", done.all());
        }
        assert!(!done.err.lines().any(|line| line.starts_with("::")), "{}", done.all());
        assert!(!done.all().contains("CANARY"));
    }
}

#[test]
fn pages_without_end_are_not_followed() {
    let ended = |page: fn(usize) -> Value| {
        let plane = Plane::start();
        let count = std::sync::atomic::AtomicUsize::new(0);
        let proxy = Proxy::start(plane.address, move |request, _| {
            if request.path.contains("/users") {
                let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Do::Answer(200, page(n).to_string())
            } else {
                Do::Pass
            }
        });
        let lab = plane.lab_through(&proxy, WISHES);
        let done = plane.run(&lab, "plan").exits(8).says(&["did not answer as the protocol says"]);
        assert!(proxy.requests().len() < 10, "{}", done.all());
    };
    ended(|_| json!({"items": [], "next_cursor": "again", "has_more": true}));
    ended(|n| json!({"items": [], "next_cursor": format!("c{n}"), "has_more": true}));
    ended(|_| json!({"items": [], "next_cursor": null, "has_more": true}));
    ended(
        |_| json!({"items": [{"user": "ana@acme.example", "role": "admin"}], "next_cursor": "again", "has_more": true}),
    );
}

#[test]
fn plain_http_leaves_this_machine_only_when_asked() {
    // Not a loopback address by name, and one that stays on this machine.
    let plane = Plane::start();
    let lab = lab_at(&format!("http://0.0.0.0:{}", plane.address.port()), WISHES);
    let done = plane.run(&lab, "plan").exits(1);
    done.says(&["`http://0.0.0.0` would send the token in the clear", "--allow-insecure-http"]);
    plane.run(&lab, "plan --allow-insecure-http --detailed-exitcode").exits(2);
    lab.run("validate").exits(0);
}

#[test]
fn a_token_is_needed_and_checked() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    lab.run("plan").exits(8).says(&["there is no token", "SCOPEFORM_TOKEN_FILE"]);
    lab.run("plan").env("SCOPEFORM_TOKEN", "").exits(8).says(&["there is no token"]);
    let wrong = "odeus_CANARY";
    let done = lab.run("plan").env("SCOPEFORM_TOKEN", wrong).exits(8);
    let done =
        done.says(&["does not accept the token: nobody knows this token", "SCOPEFORM_TOKEN"]);
    assert!(!done.all().contains(wrong));
    let done = lab.run("plan").env("SCOPEFORM_TOKEN", "two\nlines CANARY").exits(1);
    assert!(!done.says(&["was a line break copied with it?"]).all().contains("CANARY"));
    let what_to_do = "put the token there, or set SCOPEFORM_TOKEN";
    lab.run("plan")
        .env("SCOPEFORM_TOKEN_FILE", "nowhere")
        .exits(8)
        .says(&["token file `nowhere`", what_to_do]);
    lab.write("token", &format!("{}\n", plane.token));
    lab.run("plan").env("SCOPEFORM_TOKEN_FILE", "token").exits(0);
    lab.write("empty", "\n");
    lab.run("plan")
        .env("SCOPEFORM_TOKEN_FILE", "empty")
        .exits(8)
        .says(&["there is no token", what_to_do]);
}

#[test]
fn an_unknown_workspace_is_named() {
    let plane = Plane::start();
    let lab = Lab::with(&config_at(&plane.url(), WISHES).replace("acme", "zebra"));
    plane.run(&lab, "plan").exits(8).says(&["no workspace `zebra`"]);
}

/// `scopeform serve` in a process of its own.
struct Served {
    lab: Lab,
    process: Background,
    address: SocketAddr,
}

fn serve() -> Served {
    let lab = Lab::new();
    lab.write(
        "world.yaml",
        "kind: world\nworkspaces:\n  acme:\n    users: {ana@acme.example: admin, ben@acme.example: member}\n",
    );
    let mut process = lab.run("serve --listen 127.0.0.1:0").begin();
    let mut line = String::new();
    BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap().parse().unwrap();
    Served { lab, process, address }
}

impl Served {
    fn admin_token(&self) -> String {
        self.lab.read(".scopeform/admin.token")
    }

    fn mint(&self, user: &str, read_only: bool, seconds: u32) -> String {
        let (status, answer) = wire::call(
            self.address,
            &self.admin_token(),
            "POST",
            "/odeus/v1/workspaces/acme/tokens",
            None,
            Some(&json!({ "user": user, "read_only": read_only, "expires_in_seconds": seconds })),
        );
        assert_eq!(status, 201, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    }
}

#[test]
fn tokens_of_people_do_what_people_may() {
    let served = serve();
    let body = "integrations:\n  sharepoint:\n    actions: {create_list: disabled, create_page: disabled}\n";
    let lab = lab_at(&format!("http://{}", served.address), body);
    let run = |args: &str, token: &str| lab.run(args).env("SCOPEFORM_TOKEN", token);
    let (reader, member) =
        (served.mint("ana@acme.example", true, 600), served.mint("ben@acme.example", false, 600));
    let (admin, expired) =
        (served.mint("ana@acme.example", false, 600), served.mint("ana@acme.example", false, 0));

    run("plan", &expired).exits(8).says(&["the token has ended"]);
    run("plan", &member).exits(8).says(&["the token is not allowed to do this"]);
    run("plan --detailed-exitcode", &reader).exits(2);
    run("apply --auto-approve", &reader).exits(8).prints(&["not allowed, not done"]);
    run("plan --detailed-exitcode", &reader).exits(2);
    run("apply --auto-approve", &admin).exits(0).prints(&["Applied: 2 operations"]);
    run("plan --detailed-exitcode", &reader).exits(0);
}

#[test]
fn serve_hands_over_tokens_in_files_and_takes_them_away() {
    let mut served = serve();
    let token = served.admin_token();
    assert!(token.starts_with("odeus_admin_"));
    for name in ["admin", "vendor"] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = served.lab.path(&format!(".scopeform/{name}.token"));
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    served.process.signal("TERM");
    let mut said = String::new();
    let mut stream = served.process.child.stderr.take().unwrap();
    std::io::Read::read_to_string(&mut stream, &mut said).unwrap();
    assert!(served.process.child.wait().unwrap().success());
    assert!(said.contains("admin.token") && !said.contains(&token), "{said}");
    assert!(!served.lab.path(".scopeform/admin.token").exists());
    assert!(!served.lab.path(".scopeform/vendor.token").exists());
}

#[test]
fn serve_says_why_it_cannot_listen() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let lab = Lab::new();
    let done = lab.run("serve --listen").arg(taken.local_addr().unwrap().to_string()).exits(1);
    done.says(&["cannot listen on 127.0.0.1:[PORT]", "--listen ADDRESS:PORT"]);
    lab.run("serve --listen nonsense").exits(1).says(&["cannot listen on nonsense"]);
}
