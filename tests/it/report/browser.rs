//! A real browser, driven over WebDriver: headless Chromium by chromedriver, on a port of its own choosing, with a
//! profile of its own. Both are gone when the test is over, also when it fails.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What WebDriver calls an element's reference.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that have no character.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const SPACE: &str = " ";
pub(crate) const RIGHT: &str = "\u{e014}";

/// The driver's process, which leads the group of everything that it starts. Ended with all of it when dropped.
struct Driver(Child);

impl Driver {
    /// Starts a driver and returns it with its port, or what it said instead. It takes a free port of IPv4 and then wants
    /// the same one of IPv6; when another test's server has that by now, it gives up, and another try takes another port.
    fn start(missing: &str) -> Result<(Self, u16), String> {
        let (read, write) = std::io::pipe().unwrap();
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(write.try_clone().unwrap())
            .stderr(write)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}; {missing}"));
        let driver = Self(driver);
        let mut said = String::new();
        let mut lines = BufReader::new(read).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said.push_str(&line);
            said.push('\n');
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        port.map(|port| (driver, port)).ok_or(said)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // `-s`, since not every shell's own `kill` takes `--` otherwise.
        let group = format!("kill -s KILL -- -{}", self.0.id());
        let _ = Command::new("sh").args(["-c", &group]).stderr(Stdio::null()).status();
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct Browser {
    // Dropped in this order: the driver first, then what its browser wrote to.
    _driver: Driver,
    runtime: Runtime,
    http: reqwest::Client,
    /// The address of the session.
    session: String,
    /// Whether pages may run scripts: without them nothing tells when a page has been drawn.
    scripts: Cell<bool>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser.
    pub(crate) fn start() -> Self {
        let missing = "the report is tested in headless Chromium: `tests/tools.sh` installs it and its driver \
                       (Debian packages chromium and chromium-driver)";
        let mut refusals = Vec::new();
        let (driver, port) = loop {
            match Driver::start(missing) {
                Ok(started) => break started,
                Err(said) => refusals.push(said),
            }
            assert!(refusals.len() < 5, "chromedriver names no port: {refusals:#?}");
        };
        let profile = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .timeout(Duration::from_secs(90))
            .build()
            .unwrap();
        let mut browser = Self {
            _driver: driver,
            runtime,
            http,
            session: format!("http://127.0.0.1:{port}/session"),
            scripts: Cell::new(true),
            _profile: profile,
        };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--hide-scrollbars", "--disable-dev-shm-usage", "--window-size=1280,900", profile,
        ]});
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }}});
        let made = browser
            .call("", Some(&wanted))
            .unwrap_or_else(|error| panic!("chromium does not start: {error}; {missing}"));
        browser.session.push('/');
        browser.session.push_str(made["sessionId"].as_str().unwrap());
        // What the browser's own first page asked for is not about any report.
        browser.post("/url", &json!({ "url": "about:blank" }));
        browser.log("performance");
        browser
    }

    fn call(&self, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.session);
        let request = match body {
            Some(body) => self.http.post(url).json(body),
            None => self.http.get(url),
        };
        let answer = self.runtime.block_on(async { request.send().await?.json::<Value>().await });
        let mut answer = answer.map_err(|error| error.to_string())?;
        match answer["value"]["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            None => Ok(answer["value"].take()),
        }
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.call(path, None).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.call(path, Some(body)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Loads a file.
    #[track_caller]
    pub(crate) fn open(&self, file: &Path) {
        self.post("/url", &json!({ "url": format!("file://{}", file.display()) }));
    }

    /// Runs the body of a function in the page and returns what it returns.
    #[track_caller]
    pub(crate) fn run(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// The same, for a function that ends by calling its last argument.
    #[track_caller]
    pub(crate) fn run_async(&self, body: &str) -> Value {
        self.post("/execute/async", &json!({ "script": body, "args": [] }))
    }

    /// Finds the first element.
    #[track_caller]
    pub(crate) fn find(&self, css: &str) -> Element<'_> {
        let found = self.post("/element", &json!({ "using": "css selector", "value": css }));
        Element { browser: self, id: found[ELEMENT].as_str().unwrap().to_owned() }
    }

    /// Finds all elements.
    #[track_caller]
    pub(crate) fn all(&self, css: &str) -> Vec<Element<'_>> {
        let found = self.post("/elements", &json!({ "using": "css selector", "value": css }));
        let one = |value: &Value| Element {
            browser: self,
            id: value[ELEMENT].as_str().unwrap().to_owned(),
        };
        found.as_array().unwrap().iter().map(one).collect()
    }

    /// Returns what has the focus.
    #[track_caller]
    pub(crate) fn focused(&self) -> Element<'_> {
        let found = self.get("/element/active");
        Element { browser: self, id: found[ELEMENT].as_str().unwrap().to_owned() }
    }

    /// Presses keys, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars() {
            actions.push(json!({ "type": "keyDown", "value": key }));
            actions.push(json!({ "type": "keyUp", "value": key }));
        }
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.post("/actions", &actions);
        self.settled();
    }

    /// Waits until the page has drawn what it was told.
    #[track_caller]
    pub(crate) fn settled(&self) {
        if !self.scripts.get() {
            return;
        }
        self.run_async(
            "const done = arguments[arguments.length - 1]; \
             requestAnimationFrame(() => requestAnimationFrame(() => done(null)));",
        );
    }

    /// Lets pages run scripts, or not.
    #[track_caller]
    pub(crate) fn allow_scripts(&self, on: bool) {
        self.cdp("Emulation.setScriptExecutionDisabled", &json!({ "value": !on }));
        self.scripts.set(on);
    }

    /// Asks the browser itself, by its own protocol.
    #[track_caller]
    pub(crate) fn cdp(&self, command: &str, params: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params }))
    }

    /// Returns what a log has had to say since it was last asked: `browser` or `performance`.
    #[track_caller]
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        self.post("/se/log", &json!({ "type": kind })).as_array().unwrap().clone()
    }

    /// Returns the addresses of everything that was asked for, of the file itself as well.
    #[track_caller]
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.log("performance");
        let messages = entries.iter().map(|entry| {
            serde_json::from_str::<Value>(entry["message"].as_str().unwrap()).unwrap()
        });
        messages
            .filter(|message| message["message"]["method"] == "Network.requestWillBeSent")
            .map(|m| m["message"]["params"]["request"]["url"].as_str().unwrap().to_owned())
            // Parts of the browser itself.
            .filter(|url| !url.starts_with("chrome://") && url != "about:blank")
            .collect()
    }

    /// Sets the size of what is seen of the page, in pixels.
    #[track_caller]
    pub(crate) fn view(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Shows the page as somebody with these preferences sees it.
    #[track_caller]
    pub(crate) fn emulate(&self, media: &str, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", &json!({ "media": media, "features": feature }));
        self.settled();
    }

    /// Returns a picture of what is seen, as a PNG file in base64.
    #[track_caller]
    pub(crate) fn picture(&self) -> String {
        self.get("/screenshot").as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let quit = self.http.delete(&self.session).timeout(Duration::from_secs(10));
        // So that it ends by itself. The driver's group is ended in any case.
        let _ = self.runtime.block_on(async { quit.send().await });
    }
}

/// An element of the page.
pub(crate) struct Element<'b> {
    browser: &'b Browser,
    id: String,
}

impl Element<'_> {
    #[track_caller]
    fn ask(&self, what: &str) -> Value {
        self.browser.get(&format!("/element/{}/{what}", self.id))
    }

    #[track_caller]
    fn tell(&self, what: &str, body: &Value) {
        self.browser.post(&format!("/element/{}/{what}", self.id), body);
        self.browser.settled();
    }

    #[track_caller]
    pub(crate) fn click(&self) {
        self.tell("click", &json!({}));
    }

    #[track_caller]
    pub(crate) fn types(&self, text: &str) {
        self.tell("value", &json!({ "text": text }));
    }

    /// What is seen of its text.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.ask("text").as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn is_seen(&self) -> bool {
        self.ask("displayed") == true
    }

    #[track_caller]
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.ask(&format!("attribute/{name}")).as_str().map(str::to_owned)
    }

    /// The role that a screen reader is told.
    #[track_caller]
    pub(crate) fn role(&self) -> String {
        self.ask("computedrole").as_str().unwrap().to_owned()
    }

    /// The name that a screen reader is told.
    #[track_caller]
    pub(crate) fn label(&self) -> String {
        self.ask("computedlabel").as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn css(&self, property: &str) -> String {
        self.ask(&format!("css/{property}")).as_str().unwrap().to_owned()
    }
}

/// Reads base64 (RFC 4648 section 4).
pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sixes = text.bytes().filter(|byte| *byte != b'=');
    let bits: Vec<u8> = sixes
        .flat_map(|byte| {
            let six = letters.find(char::from(byte)).expect("a letter of base64");
            (0..6).rev().map(move |bit| u8::from(six >> bit & 1 == 1))
        })
        .collect();
    bits.chunks_exact(8).map(|eight| eight.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}
