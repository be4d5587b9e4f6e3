//! Where the token may go, and over what: encrypted, to whoever the certificate names, past nobody.
//!
//! Dropping `no_proxy` or `redirect(Policy::none())`, or accepting every certificate, in `platform/http.rs` makes these or
//! `canary::a_redirect_takes_nothing_along` fail.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use super::harness::Lab;
use crate::apply::plane::{Plane, WISHES, lab_at};

const TOKEN: &str = "t0k3n-81d6e0b2c94f";

/// Mutation: leave out `usable_proxies` in `cli/live.rs`, and the request goes around the proxy.
#[test]
fn a_proxy_that_nobody_could_reach_is_refused() {
    let lab = lab_at("https://odeus.invalid", "");
    let plan = |name: &str, value: &str| {
        lab.run("plan").env("SCOPEFORM_TOKEN", "t").env(name, value).done()
    };
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in [
            "http://",
            "ftp://pw@proxy:8080",
            "http://user:p#w@proxy",
            "proxy:port",
            "a b",
            "proxy/pw",
            ":pw",
            // Nothing here speaks SOCKS.
            "socks5://user:pw@127.0.0.1:1",
            "socks5h://127.0.0.1:1",
            "socks4a://127.0.0.1:1",
        ] {
            let done = plan(name, value).exits(64);
            let done = done.says(&[&format!("the variable `{name}` holds no address of a proxy")]);
            assert!(!done.all().contains("pw"), "{}", done.all());
        }
        for value in ["http://127.0.0.1:1", "127.0.0.1:1", "http://user:pw@127.0.0.1:1/", ""] {
            plan(name, value).exits(8);
        }
    }
    // It is for other endpoints.
    plan("HTTP_PROXY", "http://").exits(8);
    let own = lab_at("embedded", "integrations: {sharepoint: {access: everyone}}\n");
    own.run("plan").env("HTTPS_PROXY", "http://").env("HTTP_PROXY", "http://").exits(0);
}

#[test]
fn only_this_machine_gets_the_token_in_the_clear() {
    for endpoint in [
        "http://platform.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.:9",
        "http://0.0.0.0:9",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://[::]:9",
        "http://[::2]:9",
        "http://[fe80::1]:9",
        "http://evil.example/127.0.0.1",
        "http://evil.example/localhost",
    ] {
        let done =
            lab_at(endpoint, WISHES).run("plan --timeout 1").env("SCOPEFORM_TOKEN", TOKEN).done();
        assert_eq!(done.code, Some(1), "{endpoint}: {}", done.all());
        done.says(&["would send the token in the clear", "--allow-insecure-http"]);
    }
    // Whom these really mean is for the reader of the file to see.
    for endpoint in [
        "http://127.0.0.1@evil.example",
        "http://localhost:80@evil.example",
        "https://user:password@platform.example",
        "http://127.0.0.1#@evil.example",
        "http://127.0.0.1?@evil.example",
        "ftp://127.0.0.1",
        "//127.0.0.1",
        "http:127.0.0.1",
        "http://127.0.0.1\\@evil.example",
    ] {
        let lab = lab_at(&format!("'{endpoint}'"), WISHES);
        let done = lab.run("plan").env("SCOPEFORM_TOKEN", TOKEN).exits(1);
        done.says(&["error[invalid-endpoint]"]);
    }
    // All of these are this machine; nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
    ] {
        let lab = lab_at(&format!("http://{host}:{port}"), WISHES);
        let done = lab.run("plan").env("SCOPEFORM_TOKEN", TOKEN).exits(8);
        done.says(&["cannot reach"]);
    }
}

#[test]
fn a_proxy_never_sees_what_is_meant_for_this_machine() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let plane = Plane::start();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        let lab = plane.lab(WISHES);
        plane.run(&lab, "plan").env(name, &address).exits(0);
        let embedded = lab_at("embedded", "integrations: {}\n");
        embedded.run("plan").env(name, &address).exits(0);
    }
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "somebody came to the proxy");
}

/// A TLS server with a certificate for 127.0.0.1 that signed itself. It answers everything with a web page.
struct Tls {
    child: Child,
    url: String,
    lab: Lab,
    said: mpsc::Receiver<String>,
}

impl Tls {
    fn start(name: &str) -> Self {
        let lab = Lab::new();
        let openssl = |args: &[&str]| {
            let mut command = Command::new("openssl");
            command.args(args).current_dir(lab.work()).stderr(Stdio::null());
            command
        };
        let made = openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=test",
            "-addext",
            &format!("subjectAltName={name}"),
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .status();
        assert!(made.unwrap().success());
        let mut server = openssl(&[
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            "cert.pem",
            "-key",
            "key.pem",
            "-www",
        ]);
        let mut child = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse::<u16>().ok());
        let url = format!("https://127.0.0.1:{}", port.expect("openssl says where it listens"));
        let (say, said) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { child, url, lab, said }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let tls = Tls::start("IP:127.0.0.1");
    let cert = tls.lab.path("cert.pem");
    let lab = lab_at(&tls.url, WISHES);
    let plan = || lab.run("plan").env("SCOPEFORM_TOKEN", TOKEN);
    plan().exits(8).says(&["cannot reach", "certificate"]);
    // The flag for `http://` is none for certificates.
    lab.run("plan --allow-insecure-http")
        .env("SCOPEFORM_TOKEN", TOKEN)
        .exits(8)
        .says(&["certificate"]);
    // Trusted, it is read, and is no control plane.
    plan().env("SSL_CERT_FILE", &cert).exits(8).says(&["did not answer as the protocol says"]);
    assert!(tls.said.try_iter().all(|line| !line.contains(TOKEN)));
}

#[test]
fn a_certificate_for_somebody_else_is_refused() {
    let tls = Tls::start("DNS:elsewhere.example");
    let lab = lab_at(&tls.url, WISHES);
    let done = lab.run("plan").env("SCOPEFORM_TOKEN", TOKEN);
    done.env("SSL_CERT_FILE", tls.lab.path("cert.pem")).exits(8).says(&["certificate"]);
}

/// Whoever is told that something cannot be reached wants the line that says what.
#[test]
fn an_error_of_the_live_system_names_the_lines_that_chose_it() {
    const ENDPOINT: &str = "`endpoint` is at scopeform.yaml:4:11";
    const WORKSPACE: &str = "`workspace` is at scopeform.yaml:3:12";
    let plane = Plane::start();
    let at = |endpoint: &str| lab_at(endpoint, WISHES);

    for command in ["plan", "apply --auto-approve", "status"] {
        at(&plane.url()).run(command).exits(8).says(&["there is no token", ENDPOINT]);
        let tls = plane.run(&at(&plane.url().replace("http:", "https:")), command).exits(8);
        let tls =
            tls.says(&["cannot reach", "does not speak TLS, which `https://` asks for", ENDPOINT]);
        assert!(!tls.err.contains("InvalidContentType"), "{}", tls.all());
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let done = plane.run(&at(&format!("http://{nobody}")), "plan").exits(8);
    let done = done.says(&["cannot reach", ENDPOINT]);
    assert!(!done.err.contains("`workspace` is at"), "{}", done.all());
    plane.run(&at("http://platform.example"), "plan").exits(1).says(&["in the clear", ENDPOINT]);
    let elsewhere = at(&format!("{}/wrong/path", plane.url()));
    plane.run(&elsewhere, "plan").exits(8).says(&[ENDPOINT, WORKSPACE]);
    let ghost = at(&plane.url());
    ghost.write("scopeform.yaml", &ghost.read("scopeform.yaml").replace("acme", "ghost"));
    plane.run(&ghost, "plan").exits(8).says(&["knows no workspace `ghost`", ENDPOINT, WORKSPACE]);
    // On the control plane inside the program there is one line to correct.
    let embedded = at("embedded");
    embedded
        .write("world.yaml", "kind: world\nworkspaces: {other: {users: {a@x.example: admin}}}\n");
    let done = embedded.run("plan").exits(8).says(&["knows no workspace `acme`", WORKSPACE]);
    assert!(!done.err.contains("`endpoint` is at"), "{}", done.all());
}
