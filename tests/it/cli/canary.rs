//! A canary in every place that a secret can be, and a search through everything that comes out: stdout, stderr and every
//! file, for the canary as it is, for pieces of it, and for the disguises that texts have.
//!
//! | place | outputs searched |
//! | --- | --- |
//! | `SCOPEFORM_TOKEN`, `SCOPEFORM_TOKEN_FILE` | every command and format, against a platform that repeats what it hears |
//! | client secret by variable and by file | the same, reading, planning, writing, refused and broken off |
//! | a secret written into YAML by mistake | diagnostics as text and JSON, plans, folder of the run |
//! | value of a new API key | the delivered file only; also when the answer is cut, torn or of the wrong shape |
//! | the embedded plane's own tokens | every file, with the database and its write-ahead log |
//!
//! Taking `hidden.cover` out of `platform/http/answer.rs` makes the first two fail, taking `hidden.is_in` out
//! `a_platform_that_gives_the_token_back_as_data_is_not_believed`, telling more of a
//! torn answer to a write the fourth, and removing `redact_comments` the third.
#![expect(clippy::string_slice, reason = "the texts that are cut here are ASCII")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use scopeform::config;
use scopeform::server::{self, Options, Running, TrustpagerSeed};
use secrecy::ExposeSecret as _;

use super::harness::{Done, Lab, files_below};
use crate::apply::plane::{Plane, config_at};
use crate::apply::proxy::{Do, Proxy};
use crate::apply::wire::{self, Request};

const TOKEN: &str = "Tk7q.zX2-vB9w_Lm4+Rj8/Yc";
const SECRET: &str = "Sg5h\"Uo1+Ke6/Wd3&Pn0=Ia";
const LITERAL: &str = "Lx8fQr2mVt6bHy3cZk9d";

/// Every byte string whose presence betrays a secret: pieces of 8 bytes in each disguise.
struct Trace {
    pieces: BTreeSet<Vec<u8>>,
    /// Which pairs of bytes a piece begins with, so that most of a text is passed over quickly.
    begins: Vec<bool>,
}

impl Trace {
    fn of(secret: &str) -> Self {
        let bytes = secret.as_bytes();
        let mut forms = vec![bytes.to_vec(), serde_json::to_vec(secret).unwrap()];
        for digits in [&b"0123456789ABCDEF"[..], b"0123456789abcdef"] {
            let hex = |byte: u8| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]];
            forms.push(bytes.iter().flat_map(|byte| hex(*byte)).collect());
            let percent = |byte: &u8| match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => vec![*byte],
                byte => [b"%".as_slice(), &hex(*byte)].concat(),
            };
            forms.push(bytes.iter().flat_map(percent).collect());
        }
        forms.push(bytes.iter().flat_map(|byte| [*byte, 0]).collect());
        forms.push(bytes.iter().flat_map(|byte| [0, *byte]).collect());
        for shift in 0..3 {
            let shifted = [&vec![0; shift][..], bytes].concat();
            for plain in [base64(&shifted, b"+/"), base64(&shifted, b"-_")] {
                let inner = plain[4.min(shift * 4)..plain.len() - 4].to_vec();
                forms.push(inner);
            }
        }
        let pieces: BTreeSet<Vec<u8>> =
            forms.iter().flat_map(|form| form.windows(8)).map(<[u8]>::to_vec).collect();
        // Half of a UTF-16 piece is zeros: it takes twice the length to be telling.
        let pieces: BTreeSet<Vec<u8>> =
            pieces.into_iter().filter(|piece| piece.iter().all(|byte| *byte != 0)).collect();
        let wide = forms.iter().filter(|form| form.contains(&0)).flat_map(|form| form.windows(16));
        let pieces: BTreeSet<Vec<u8>> =
            pieces.into_iter().chain(wide.map(<[u8]>::to_vec)).collect();
        let mut begins = vec![false; 1 << 16];
        for piece in &pieces {
            begins[usize::from(piece[0]) << 8 | usize::from(piece[1])] = true;
        }
        Self { pieces, begins }
    }

    fn found_in<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        text.windows(2).enumerate().find_map(|(at, two)| {
            if !self.begins[usize::from(two[0]) << 8 | usize::from(two[1])] {
                return None;
            }
            [8, 16].iter().find_map(|len| {
                let piece = text.get(at..at + len)?;
                self.pieces.contains(piece).then_some(piece)
            })
        })
    }
}

fn base64(bytes: &[u8], last: &[u8; 2]) -> Vec<u8> {
    let mut digits: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
    digits.extend(last);
    let mut out = Vec::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        out.extend([18, 12, 6, 0].iter().map(|shift| digits[bits >> shift & 63]));
    }
    out
}

#[test]
fn the_search_finds_every_disguise() {
    let trace = Trace::of(SECRET);
    let shown = |text: &str| trace.found_in(text.as_bytes()).is_some();
    assert!(shown(&format!("a {SECRET} b")));
    assert!(shown("..Uo1+Ke6/.."), "a piece");
    assert!(shown("Sg5h\\\"Uo1+K"), "JSON");
    assert!(shown("Sg5h%22Uo1%2BKe6%2FWd3"), "percent");
    assert!(shown("5367356822556F312B4B65362F"), "hexadecimal");
    assert!(shown("x:U2c1aCJVbzErS2U2L1dkMyZQ"), "base64");
    assert!(shown("QmVhcmVyIFNnNWgiVW8xK0tlNi9XZDMmUG4wPUlh"), "base64 behind `Bearer `");
    let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(trace.found_in(&wide).is_some(), "UTF-16");
    assert!(!shown("Sg5h\"Uo") && !shown("an ordinary text of some length, 0123456789"));
}

/// Nothing that was said and no file below the folder betrays one of the secrets.
#[track_caller]
fn clean(lab: &Lab, what: &str, runs: &[Done], secrets: &[&str], planted: &[&str]) {
    for secret in secrets {
        let trace = Trace::of(secret);
        for done in runs {
            for (stream, text) in [("stdout", &done.out), ("stderr", &done.err)] {
                let found = trace.found_in(text.as_bytes()).map(String::from_utf8_lossy);
                assert_eq!(found, None, "{what}: {stream} tells\n{}", done.all());
            }
        }
        for file in files_below(lab.all()) {
            if planted.iter().any(|name| file.ends_with(name)) {
                continue;
            }
            let bytes = std::fs::read(&file).unwrap();
            let found = trace.found_in(&bytes).map(String::from_utf8_lossy);
            assert_eq!(found, None, "{what}: {} tells", file.display());
        }
    }
}

/// How a platform repeats what it was told. `{}` is what it heard: the `Authorization` header and the body.
const REPEATS: &[(u16, &str)] = &[
    (200, "<html><pre>{}</pre></html>"),
    (200, "{\"items\": [\"{}\"], \"next_cursor\": null, \"has_more\": false}"),
    (200, "{\"workspace\": \"{}\"}"),
    (200, "{\"workspace\": \"acme\", \"{}\": 1, \"new_actions_enabled_by_default\": \"{}\"}"),
    (200, "\"{}"),
    (200, "{}"),
    (302, "{}"),
    (307, ""),
    (400, "{\"error\": {\"message\": \"cannot read {}\"}}"),
    (401, "{\"error\": {\"message\": \"no such token: {}\"}}"),
    (401, "{\"message\": \"{}\"}"),
    (
        403,
        "{\"error\": {\"message\": \"long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long {}\"}}",
    ),
    (404, "{\"error\": {\"message\": \"\\u007b{}\"}}"),
    (409, "{\"error\": {\"message\": \"{}\", \"confirmation\": {\"add\": [\"{}\"]}}}"),
    (412, "{}"),
    (418, "{\"error\": {\"code\": \"{}\", \"message\": \"{}\"}}"),
    (422, "{\"error\": {\"message\": \"{}\"}}"),
    (428, "<h1>{}</h1>"),
    (500, "{\"error\": {\"message\": \"{}\"}}"),
    (503, "{}"),
];

/// An answer that repeats what it was told in the body, in headers and in the status line, plain and in disguise.
fn repeat(request: &Request, status: u16, body: &str) -> Do {
    let token = request.header("authorization").unwrap_or_default();
    let heard = String::from_utf8_lossy(&request.body);
    let secret: String = serde_json::from_slice::<serde_json::Value>(&request.body)
        .ok()
        .and_then(|body| body["client_secret"].as_str().map(str::to_owned))
        .unwrap_or_default();
    let told = format!("{token} {secret} {}", heard.replace('"', "'"));
    let quoted = serde_json::to_string(&told).unwrap();
    let body = body.replace("{}", quoted.trim_matches('"'));
    let bare = token.trim_start_matches("Bearer ");
    let headers = format!(
        "location: https://elsewhere.example/?token={bare}\r\netag: \"{bare}\"\r\nretry-after: {bare}\r\nx-debug: {token}\r\n"
    );
    let mut answer = wire::answer(status, "text/html", &headers, body.as_bytes());
    let reason = format!("HTTP/1.1 {status} {token}\r\n");
    let end = answer.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
    answer.splice(..end, reason.into_bytes());
    Do::Raw(answer)
}

/// Both ways to give a token.
fn with_token(lab: &Lab, args: &str, by_file: bool) -> Done {
    let run = lab.run(args).env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
    let run = run.env("NOTES_SECRET", SECRET).env("RUST_LIB_BACKTRACE", "1");
    if by_file {
        run.env("SCOPEFORM_TOKEN_FILE", lab.path("token.txt")).done()
    } else {
        run.env("SCOPEFORM_TOKEN", TOKEN).done()
    }
}

const WISHES: &str = "
integrations:
  notes:
    oauth: {mode: sync, client: {id: n1, secret: SECRET}}
    actions: {read_note: enabled}
";

/// A lab whose secrets are planted.
fn planted(endpoint: &str, by_file: bool) -> Lab {
    let reference = if by_file { "{file: ./notes.secret}" } else { "{env: NOTES_SECRET}" };
    let lab = Lab::with(&config_at(endpoint, &WISHES.replace("SECRET", reference)));
    lab.write("notes.secret", &format!("{SECRET}\n"));
    lab.write("token.txt", &format!("{TOKEN}\n"));
    lab
}

const PLANTED: &[&str] = &["notes.secret", "token.txt"];

const ODEUS_COMMANDS: &[&str] = &[
    "validate --json",
    "plan --verbose",
    "plan --json --out p.json",
    "plan --format diff --full",
    "plan --format sarif",
    "plan --format annotations",
    "plan --format code-quality",
    "status",
    "status --integration notes --json",
    "export --out scopes.csv",
    "snapshot --out s.json",
    "apply --auto-approve --verbose",
    "apply --auto-approve --json",
    "apply --auto-approve --json-lines",
    "explain no-such-code",
];

#[test]
fn no_platform_gets_the_token_printed() {
    // Nothing behind it: the platform answers everything itself.
    let nowhere: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let mut searched = 0;
    for (n, (status, body)) in REPEATS.iter().enumerate() {
        let proxy = Proxy::start(nowhere, |request, _| repeat(request, *status, body));
        let by_file = n % 2 == 0;
        let lab = planted(&proxy.url(), by_file);
        let trustpager = "version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: URL\noauth_clients: {Reporting: {resources: {tasks: read}}}\napi_keys: {sync: {resources: {tasks: read}, deliver: {file: sync.key}}}\n";
        let pager = Lab::with(&trustpager.replace("URL", &proxy.url()));
        pager.write("token.txt", TOKEN);
        // A repeated read waits for the deadline; one such command says as much as ten.
        let waits = *status >= 500;
        let odeus = if waits { &ODEUS_COMMANDS[1..2] } else { ODEUS_COMMANDS };
        let timeout = if waits { " --timeout 1 --deadline 1" } else { "" };
        let mut runs: Vec<Done> = Vec::new();
        for args in odeus {
            let reaches = !args.starts_with("validate") && !args.starts_with("explain");
            let args = if reaches { format!("{args}{timeout}") } else { (*args).to_owned() };
            let done = with_token(&lab, &args, by_file);
            assert!(!reaches || done.code != Some(0), "{status} {body}: {}", done.all());
            runs.push(done);
        }
        if !waits {
            for args in [
                "plan --verbose",
                "tokens list --json",
                "snapshot --out s.json",
                "apply --auto-approve",
            ] {
                runs.push(with_token(&pager, args, by_file));
            }
        }
        assert!(!proxy.requests().is_empty(), "{status} {body}: {}", runs[0].all());
        searched += runs.len();
        let what = format!("{status} {body}");
        clean(&lab, &what, &runs, &[TOKEN, SECRET], PLANTED);
        clean(&pager, &what, &[], &[TOKEN], PLANTED);
    }
    assert!(searched > 200, "only {searched} runs were searched");
}

#[test]
fn a_platform_that_gives_the_token_back_as_data_is_not_believed() {
    let plane = Plane::start();
    let (to, token) = (plane.address, plane.token.clone());
    for place in ["\"Notes\"", "\"Read note\"", "etag"] {
        let told = token.clone();
        let proxy = Proxy::start(to, move |request, _| {
            let (status, _, body) = wire::split(&request.send(to).unwrap());
            let body = String::from_utf8(body).unwrap();
            let body = body.replace(place, &format!("\"{told}\""));
            let tag = if place == "etag" { &told } else { "1" };
            let tag = format!("etag: \"{tag}\"\r\n");
            Do::Raw(wire::answer(status, "application/json", &tag, body.as_bytes()))
        });
        let lab = planted(&proxy.url(), false);
        let run = |args: &str| {
            lab.run(args).env("SCOPEFORM_TOKEN", &token).env("NOTES_SECRET", SECRET).exits(8)
        };
        let runs = [
            run("status --integration notes"),
            run("plan --json --out p.json"),
            run("export"),
            run("snapshot --out s.json"),
            run("apply --auto-approve --json"),
        ];
        runs.iter()
            .for_each(|done| assert!(done.err.contains("repeats one of them"), "{}", done.all()));
        let random = token.trim_start_matches("odeus_admin_");
        clean(&lab, place, &runs, &[random], PLANTED);
    }
}

#[test]
fn no_platform_gets_a_client_secret_printed() {
    for (n, (status, body)) in REPEATS.iter().enumerate() {
        let plane = Plane::start();
        let token = plane.token.clone();
        let proxy = Proxy::start(plane.address, |request, _| match request.is_write() {
            true => repeat(request, *status, body),
            false => Do::Pass,
        });
        let by_file = n % 2 == 0;
        let lab = planted(&proxy.url(), by_file);
        let run = |args: &str| {
            lab.run(args)
                .env("SCOPEFORM_TOKEN", &token)
                .env("NOTES_SECRET", SECRET)
                .env("RUST_BACKTRACE", "full")
                .done()
        };
        let runs = [
            run("plan --out p.json"),
            run("show p.json --format sarif"),
            run("apply p.json --verbose --json-lines"),
            run("apply --auto-approve --json"),
        ];
        assert!(proxy.writes() > 0, "nothing was sent: {}", runs[1].all());
        let what = format!("{status} {body}");
        let random = token.trim_start_matches("odeus_admin_");
        clean(&lab, &what, &runs, &[random, SECRET], PLANTED);
    }
}

#[test]
fn a_place_that_is_no_platform_learns_and_tells_nothing() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for endpoint in [
        format!("http://{closed}"),
        "http://platform.example".to_owned(),
        "https://127.0.0.1:9/prefix".to_owned(),
    ] {
        for by_file in [false, true] {
            let lab = planted(&endpoint, by_file);
            let runs: Vec<Done> =
                ["plan --verbose", "plan --json", "apply --auto-approve --json", "status"]
                    .iter()
                    .map(|args| with_token(&lab, args, by_file))
                    .collect();
            assert!(runs.iter().all(|done| done.code != Some(0)));
            clean(&lab, &endpoint, &runs, &[TOKEN, SECRET], PLANTED);
        }
    }
    // A token that cannot be one, and a file that is none.
    let lab = planted("https://127.0.0.1:9", false);
    let broken = format!("{TOKEN}\n{TOKEN}");
    let runs = [
        lab.run("plan").env("SCOPEFORM_TOKEN", &broken).exits(1),
        lab.run("plan --json").env("SCOPEFORM_TOKEN_FILE", lab.work()).exits(8),
        lab.run("plan").env("SCOPEFORM_TOKN", TOKEN).exits(64),
    ];
    clean(&lab, "a broken token", &runs, &[TOKEN], PLANTED);
}

/// Where people write secrets by mistake. `@` is the secret.
const MISTAKES: &[&str] = &[
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: @}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: '@'}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: {env: '@!'}}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: {value: @}}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: {@: 1}}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: [@, @]}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, client_secret: @}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, password: @}}}}",
    "integrations:\n  notes:\n    oauth:\n      mode: sync\n      client:\n        id: n1\n        secret: |\n          @\n          more @",
    "integrations:\n  notes:\n    oauth:\n      mode: sync\n      client:\n        id: n1\n        secret: >-\n          more\n          @",
    "integrations:\n  notes:\n    oauth:\n      mode: sync\n      client:\n        id: n1\n        secret: \"more \\\n          @\"",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: &s @, tenant: *s}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: !!str @}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: '@}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: @: @}}}}",
    "integrations: {notes: {oauth: {mode: sync, client: {id: n1, secret: @}, secret: @}}}",
    "token: @",
    "api_key: @",
    "api-key: @",
    "apikey: @",
    "access_token: @",
    "bearer: @",
    "credentials: {a: [@]}",
    "private_key: |\n  @",
    "authorization: Bearer @",
    "Authorization: [Bearer @]",
    "auth_token: @",
    "github_token: @",
    "headers: {X-Api-Key: @}",
    "passphrase: @",
    "pwd: @",
    "endpoint: https://user:@@platform.example",
    "endpoint: https://@@platform.example",
    "endpoint: https://platform.example?token=@",
    "endpoint: https://platform.example/#@",
    "endpoint: '@@platform.example'",
    "endpoint: user:@@platform.example",
    "# client secret: @\nintegratons: {}",
    "integratons: {}   # the token is @",
    "integratons: {} # password=@",
    "integrations: {notes: {oauth: {mode: nosuch}}} # secret @",
    "integrations:\n  # secret: @\n  notes: {oauth: {mode: nosuch}}\n  # token @",
    "integrations: [ # token: @",
    "integrations: {notes: {actoins: {}, oauth: {mode: sync, client: {id: n1, secret: @}}}}",
    "api_keys: {sync: {value: tp_live_@}}",
    "notes: 'tp_live_@'",
    "tp_live_@: 1",
    "integratons: {} # tp_live_@",
];

#[test]
fn a_secret_written_into_a_file_by_mistake_is_not_repeated() {
    for platform in ["odeus", "trustpager"] {
        for mistake in MISTAKES {
            let body = mistake
                .replace('@', LITERAL)
                .replace(&format!("{LITERAL}{LITERAL}"), &format!("{LITERAL}@"));
            let text = format!("version: 1\nplatform: {platform}\nworkspace: acme\n{body}\n");
            let lab = Lab::with(&text);
            let runs: Vec<Done> = [
                "validate",
                "validate --json",
                "validate --format sarif",
                "plan --verbose",
                "plan --json",
                "plan --format annotations",
                "plan --format code-quality",
                "apply --json-lines",
            ]
            .iter()
            .map(|args| lab.run(args).env("RUST_BACKTRACE", "1").exits(1))
            .collect();
            let what = format!("{platform}: {mistake}");
            clean(&lab, &what, &runs, &[LITERAL], &["scopeform.yaml"]);
            // The same in a world or a catalogue, which only commands that start a control plane read.
            for kind in ["world", "catalog"] {
                let lab = Lab::with(&format!(
                    "version: 1\nplatform: {platform}\nworkspace: acme\nendpoint: embedded\n"
                ));
                lab.write("more.yaml", &format!("kind: {kind}\nplatform: {platform}\n{body}\n"));
                let runs = [lab.run("validate").done(), lab.run("plan --json").exits(1)];
                clean(&lab, &format!("{kind}: {what}"), &runs, &[LITERAL], &["more.yaml"]);
            }
        }
    }
}

/// A control plane for TrustPager alone, with its tokens known.
struct Pager {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    address: SocketAddr,
    token: String,
    data: tempfile::TempDir,
}

impl Pager {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let workspace = "acme".try_into().unwrap();
        let options = Options {
            database: data.path().join("control-plane.db"),
            catalog: config::bundled_catalog(),
            world: server::default_world(&workspace),
            trustpager: Some(TrustpagerSeed {
                catalog: config::bundled_trustpager_catalog(),
                world: server::default_trustpager_world(&workspace),
            }),
            reset: false,
            rate_limit: None,
        };
        let running = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            server::start(listener, options).await.unwrap()
        });
        Self {
            address: running.address,
            token: running.admin_token.expose_secret().to_owned(),
            running: Some(running),
            runtime,
            data,
        }
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

const KEYS: &str = "version: 1\nplatform: trustpager\nworkspace: acme\nendpoint: URL\napi_keys: {sync: {resources: {tasks: read}, deliver: {file: sync.key}}}\n";

type Tear = fn(String) -> String;

/// What becomes of the answer that holds the value of a new key.
const TORN: &[(&str, Tear)] = &[
    ("whole", |body| body),
    ("cut short", |body| body[..body.len() - 3].to_owned()),
    ("cut in the value", |body| body[..body.find("tp_live_").unwrap() + 30].to_owned()),
    ("with a tail", |body| format!("{body}}}")),
    ("of the wrong shape", |body| body.replace("\"effect\"", "\"efect\"")),
    ("with the value in the wrong place", |body| {
        let at = body.find("tp_live_").unwrap();
        let value = &body[at..at + body[at..].find('"').unwrap()];
        format!("{{\"effect\": \"{value}\"}}")
    }),
    ("as a text", |body| serde_json::to_string(&body).unwrap()),
    ("with another name", |body| body.replace("\"sync\"", "\"snyc\"")),
];

#[test]
fn the_value_of_a_new_key_is_in_its_file_only() {
    for (what, tear) in TORN {
        let pager = Pager::start();
        let issued = Arc::new(std::sync::Mutex::new(String::new()));
        let (to, seen, tear) = (pager.address, Arc::clone(&issued), *tear);
        let proxy = Proxy::start(to, move |request, _| {
            if !request.is_write() {
                return Do::Pass;
            }
            let (status, head, body) = wire::split(&request.send(to).unwrap());
            let body = String::from_utf8(body).unwrap();
            if let Some(at) = body.find("tp_live_") {
                let end = body[at..].find('"').unwrap();
                body[at..at + end].clone_into(&mut seen.lock().unwrap());
                let tag = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
                let tag = tag.map(|line| format!("{line}\r\n")).unwrap_or_default();
                return Do::Raw(wire::answer(
                    status,
                    "application/json",
                    &tag,
                    tear(body).as_bytes(),
                ));
            }
            Do::Raw(wire::answer(status, "application/json", "", body.as_bytes()))
        });
        let lab = Lab::with(&KEYS.replace("URL", &proxy.url()));
        let run = |args: &str| {
            lab.run(args).env("SCOPEFORM_TOKEN", &pager.token).env("RUST_BACKTRACE", "1").done()
        };
        let runs = [
            run("plan --out p.json --verbose"),
            run("apply p.json --verbose"),
            run("apply --auto-approve --json"),
            run("plan --json --full"),
            run("tokens list --json"),
            run("snapshot --out s.json"),
        ];
        let value = issued.lock().unwrap().clone();
        assert!(value.len() > 30, "{what}: no key was made: {}", runs[1].all());
        if *what == "whole" {
            assert_eq!(lab.read("sync.key").trim_end(), value);
        }
        // Its first and last characters are shown on purpose: what is between is the secret.
        let secret = &value["tp_live_".len() + 4..value.len() - 4];
        let token = pager.token.trim_start_matches("odeus_admin_");
        clean(&lab, what, &runs, &[secret, token], &["sync.key"]);
        for file in files_below(pager.data.path()) {
            let bytes = std::fs::read(&file).unwrap();
            for secret in [secret, token] {
                let found = Trace::of(secret).found_in(&bytes).map(String::from_utf8_lossy);
                assert_eq!(found, None, "{what}: {} tells", file.display());
            }
        }
    }
}

#[test]
fn the_embedded_plane_keeps_its_tokens_to_itself() {
    for text in [
        config_at(
            "embedded",
            "integrations:\n  sharepoint:\n    actions: {create_list: enabled}\n",
        ),
        KEYS.replace("URL", "embedded"),
    ] {
        let lab = Lab::with(&text);
        let mut runs = Vec::new();
        for args in [
            "plan --verbose",
            "plan --json --out p.json",
            "apply --auto-approve --verbose",
            "plan",
            "status --json",
            "export",
            "tokens list",
            "tokens mint nobody@acme.example",
            "snapshot --out s.json",
        ] {
            runs.push(lab.run(args).env("RUST_BACKTRACE", "full").done());
        }
        let tells = |bytes: &[u8]| {
            [&b"odeus_admin_"[..], b"odeus_vendor_"].iter().any(|prefix| {
                bytes.windows(prefix.len() + 8).any(|part| {
                    part.starts_with(prefix)
                        && part[prefix.len()..].iter().all(u8::is_ascii_hexdigit)
                })
            })
        };
        for done in &runs {
            assert!(!tells(done.out.as_bytes()) && !tells(done.err.as_bytes()), "{}", done.all());
        }
        let files = files_below(lab.all());
        assert!(files.iter().any(|file| file.ends_with("control-plane.db")));
        for file in files {
            assert!(!tells(&std::fs::read(&file).unwrap()), "{} tells", file.display());
        }
    }
}

#[test]
fn a_panic_tells_no_secret() {
    use scopeform::platform::http::{Http, HttpOptions};
    use secrecy::SecretString;

    // Whatever somebody formats into a panic or a log by mistake: the types that hold secrets do not show them.
    let options = HttpOptions {
        confidential: vec![SecretString::from(SECRET)],
        trust: None,
        ..HttpOptions::default()
    };
    let debug = format!("{options:?}");
    let http = Http::new("https://x.example", SecretString::from(TOKEN), options).unwrap();
    let body = scopeform::platform::odeus::wire::SecretText::new(SECRET.to_owned());
    let value = serde_json::from_str::<scopeform::platform::trustpager::wire::SecretText>(
        &serde_json::to_string(SECRET).unwrap(),
    )
    .unwrap();
    let told = format!("{http:?} {http:#?} {body:?} {value:?} {debug}");
    let text = std::panic::catch_unwind(|| panic!("{told}"));
    let text = *text.unwrap_err().downcast::<String>().unwrap();
    for secret in [TOKEN, SECRET] {
        let found = Trace::of(secret).found_in(text.as_bytes()).map(String::from_utf8_lossy);
        assert_eq!(found, None, "{text}");
    }
}

#[test]
fn a_redirect_takes_nothing_along() {
    // The second place would be told everything, if anybody came.
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = elsewhere.local_addr().unwrap();
    let (heard, hears) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in elsewhere.incoming().flatten() {
            let request = Request::read(&stream).ok().flatten();
            let _ = heard.send(request.map(|request| request.path));
            let _ = (&stream).write_all(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n{}");
        }
    });
    for status in [301, 302, 303, 307, 308] {
        for to in [format!("http://{address}/stolen"), format!("//{address}/stolen")] {
            let plane = Plane::start();
            let location = format!("location: {to}\r\nrefresh: 0; url={to}\r\n");
            let redirect =
                Arc::new(wire::answer(status, "text/html", &location, b"<h1>moved</h1>"));
            let writes_only = status != 302;
            let proxy = Proxy::start(plane.address, move |request, _| {
                if request.is_write() || !writes_only {
                    Do::Raw(redirect.to_vec())
                } else {
                    Do::Pass
                }
            });
            let lab = planted(&proxy.url(), false);
            let run = lab.run("apply --auto-approve").env("SCOPEFORM_TOKEN", &plane.token);
            let done = run.env("NOTES_SECRET", SECRET).done();
            assert!(matches!(done.code, Some(1 | 6 | 8)), "{}", done.all());
            assert!(done.all().contains("a redirect to"), "{}", done.all());
        }
    }
    // One visit of our own, so that silence is no accident.
    let visit = TcpStream::connect(address).unwrap();
    (&visit).write_all(b"GET /visit HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(hears.recv().unwrap().as_deref(), Some("/visit"));
    assert!(hears.try_recv().is_err(), "somebody followed");
}
