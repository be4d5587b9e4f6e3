//! Runs the real binary: scrubbed environment, a folder of its own, and everything it said.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Where the program is.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_scopeform");

/// A folder to run in, with a home of its own beside it. Gone when dropped.
pub(crate) struct Lab {
    dir: TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    /// A lab that holds one configuration file.
    pub(crate) fn with(config: &str) -> Self {
        let lab = Self::new();
        lab.write("scopeform.yaml", config);
        lab
    }

    /// Where commands run.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    /// Everything, the home included.
    pub(crate) fn all(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A run of the program that has not begun. Arguments are split at spaces.
    pub(crate) fn run(&self, args: &str) -> Run {
        let mut command = Command::new(BINARY);
        command.args(args.split_whitespace());
        self.prepare(command)
    }

    /// A run of a shell line in which `$0` is the program.
    pub(crate) fn shell(&self, line: &str) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", line, BINARY]);
        self.prepare(command)
    }

    fn prepare(&self, mut command: Command) -> Run {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.dir.path().join("home"));
        command.current_dir(self.work());
        let root = self.dir.path().display().to_string();
        Run { command, input: None, root }
    }
}

/// Runs git where commands run, as nobody in particular, and returns what it prints.
#[track_caller]
pub(crate) fn git(lab: &Lab, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@acme.example"])
        .args(["-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(lab.work())
        .env("HOME", lab.all().join("home"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap_or_else(|error| {
            panic!("these tests need git (Debian: apt-get install git): {error}")
        });
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A run that has not begun.
pub(crate) struct Run {
    command: Command,
    input: Option<String>,
    root: String,
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// One more argument, spaces and all.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// What is typed. Without it the input has ended before it began.
    pub(crate) fn types(mut self, input: &str) -> Self {
        self.input = Some(input.to_owned());
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Background {
        self.command.stdout(stdout).stderr(Stdio::piped()).stdin(Stdio::null());
        Background { child: self.command.spawn().unwrap(), root: self.root }
    }

    /// Begins and returns at once.
    pub(crate) fn begin(self) -> Background {
        self.stdout(Stdio::piped())
    }

    /// Runs to the end.
    pub(crate) fn done(mut self) -> Done {
        let input = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let pid = child.id();
        let (ended, has_ended) = mpsc::channel::<()>();
        // A program that hangs fails its test instead of holding up all the others.
        thread::spawn(move || {
            if has_ended.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                let line = format!("kill -KILL {pid}");
                let _ = Command::new("sh").args(["-c", &line]).status();
            }
        });
        if let Some(text) = &self.input {
            // A program that does not read has nothing to complain about.
            let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        }
        let output = child.wait_with_output().unwrap();
        drop(ended);
        Done::of(&output, &self.root)
    }

    /// Runs to the end and checks the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Done {
        self.done().exits(code)
    }
}

/// A run that goes on while the test does something else. Killed when dropped.
pub(crate) struct Background {
    pub(crate) child: Child,
    root: String,
}

impl Background {
    /// Sends a signal by name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn done(mut self) -> Done {
        use std::io::Read as _;
        let mut out = Vec::new();
        let mut err = Vec::new();
        if let Some(mut stream) = self.child.stdout.take() {
            stream.read_to_end(&mut out).unwrap();
        }
        if let Some(mut stream) = self.child.stderr.take() {
            stream.read_to_end(&mut err).unwrap();
        }
        let status = self.child.wait().unwrap();
        Done::of(&Output { status, stdout: out, stderr: err }, &self.root)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a run said and how it ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    fn of(output: &Output, root: &str) -> Self {
        let text = |bytes: &[u8]| scrub(&String::from_utf8_lossy(bytes), root);
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{}", self.all());
        assert!(!self.err.contains("panicked"), "{}", self.all());
        self
    }

    /// Checks that stderr says all of these.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "stderr lacks `{part}`\n{}", self.all());
        }
        self
    }

    /// Checks that stdout holds all of these.
    #[track_caller]
    pub(crate) fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.out.contains(part), "stdout lacks `{part}`\n{}", self.all());
        }
        self
    }

    /// Checks that stdout is empty.
    #[track_caller]
    pub(crate) fn prints_nothing(self) -> Self {
        assert!(self.out.is_empty(), "stdout is not empty\n{}", self.all());
        self
    }

    /// Reads stdout as exactly one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| {
            panic!("stdout is not one JSON document: {error}\n{}", self.all())
        })
    }

    /// Both streams, for messages.
    pub(crate) fn all(&self) -> String {
        format!("code {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.out, self.err)
    }
}

/// Replaces what differs from run to run: the folder, and ports.
fn scrub(text: &str, root: &str) -> String {
    let text = text.replace(root, "[DIR]");
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("127.0.0.1:[PORT]");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

/// Every file below a folder, hidden ones too.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
