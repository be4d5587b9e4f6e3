//! `kill -9` loses no acknowledged write.

#![expect(clippy::disallowed_methods, reason = "the killed process is told where its database is")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use scopeform::platform::odeus::wire::path;
use scopeform::server::{self, Options};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::plane::{Plane, catalog, start_in, world};

const DATABASE: &str = "SCOPEFORM_TEST_DATABASE";

/// Not a test by itself: the process that the test below kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_is_killed() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options {
        database: database.into(),
        catalog: catalog(),
        world: world(),
        trustpager: None,
        reset: false,
        rate_limit: None,
    };
    let running = server::start(listener, options).await.unwrap();
    println!("\nready {} {}", running.address, running.admin_token.expose_secret());
    std::future::pending::<()>().await;
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(dir: &tempfile::TempDir) -> (Killed, String, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "control_plane::crash::process_that_is_killed", "--nocapture"])
        .env(DATABASE, dir.path().join("plane.sqlite"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map(Result::unwrap).find(|line| line.starts_with("ready ")).unwrap();
    let mut words = ready.split(' ').skip(1).map(str::to_owned);
    (Killed(child), words.next().unwrap(), words.next().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_no_acknowledged_write() {
    let dir = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let mut acknowledged = 0_u64;
    let mut sent = 0_u64;
    for round in 0..3 {
        let (mut server, address, token) = spawn(&dir);
        let url = |template: &str| {
            format!("http://{address}{}", path::fill(template, &["acme"]).unwrap())
        };
        let settings = http.get(url(path::SETTINGS)).bearer_auth(&token).send().await.unwrap();
        let settings: Value = settings.json().await.unwrap();
        let mut etag = settings["etag"].as_str().unwrap().to_owned();
        let mut enabled = settings["new_actions_enabled_by_default"].as_bool().unwrap();
        // Another thread pulls the plug in the middle of a write, at no particular moment.
        let enough = acknowledged + 20 + round * 7;
        let mut killer = None;
        loop {
            enabled = !enabled;
            sent += 1;
            let put = http.put(url(path::NEW_ACTIONS)).bearer_auth(&token);
            let answer = put.header("if-match", &etag).json(&json!({ "enabled": enabled }));
            let Ok(answer) = answer.send().await else { break };
            assert_eq!(answer.status(), 200);
            let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
            acknowledged += 1;
            etag = tag;
            if acknowledged >= enough && killer.is_none() {
                let pid = server.0.id().to_string();
                killer = Some(Command::new("kill").args(["-9", &pid]).spawn().unwrap());
            }
        }
        if let Some(mut killer) = killer {
            killer.wait().unwrap();
        }
        server.0.wait().unwrap();
    }

    let running = start_in(&dir, world(), None, false).await.unwrap();
    assert_eq!(running.notices, Vec::<String>::new());
    let plane = Plane::around(running, dir);
    let settings = plane.read(path::SETTINGS, &["acme"]).await;
    let revision: u64 =
        settings.etag.trim_matches('"').rsplit('-').next().unwrap().parse().unwrap();
    let kept = revision - 1;
    assert!(kept >= acknowledged, "{acknowledged} acknowledged, {kept} kept");
    assert!(kept <= sent, "{sent} sent, {kept} kept");
    let log = plane.read(path::AUDIT, &["acme"]).await.body;
    let ids = log["items"].as_array().unwrap().iter().map(|entry| entry["id"].as_u64().unwrap());
    assert!(ids.eq(1..=50), "every write has its line: {log}");
}
