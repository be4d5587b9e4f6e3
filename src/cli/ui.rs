//! What goes to which stream. stdout is the result, stderr the conversation.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use super::exit::Exit;
use crate::render::neutral::terminal;
use crate::render::palette::Palette;

/// The terminal, or what stands in for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ui {
    colour: bool,
    colour_err: bool,
    /// Whether questions may be asked.
    pub(super) input: bool,
    /// Whether to say more on stderr.
    pub(super) verbose: bool,
    /// Whether stderr is a terminal that shows progress to a person.
    pub(super) progress: bool,
}

impl Ui {
    /// Returns the terminal as flags and environment describe it. A flag beats the environment; `NO_COLOR` beats
    /// `CLICOLOR_FORCE`; nothing is coloured that is not a terminal.
    #[must_use]
    pub(super) fn new(no_color: bool, input: bool, verbose: bool, env: &super::env::Env) -> Self {
        let set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
        let dumb = env.get("TERM").is_some_and(|term| term == "dumb");
        let on = |name: &str| set(name) && env.get(name).is_some_and(|value| value != "0");
        let forced = on("CLICOLOR_FORCE") || on("FORCE_COLOR");
        let allowed =
            |terminal: bool| !no_color && !set("NO_COLOR") && (forced || (terminal && !dumb));
        Self {
            colour: allowed(io::stdout().is_terminal()),
            colour_err: allowed(io::stderr().is_terminal()),
            input,
            verbose,
            progress: io::stderr().is_terminal() && !dumb && !set("CI"),
        }
    }

    /// Returns the colours of stdout.
    #[must_use]
    pub(super) const fn palette(&self) -> Palette {
        Palette { on: self.colour }
    }

    /// Returns the colours of stderr.
    #[must_use]
    pub(super) const fn palette_err(&self) -> Palette {
        Palette { on: self.colour_err }
    }

    /// Prints a result. A reader that has gone away is no error of ours.
    ///
    /// # Errors
    /// When stdout cannot be written, other than for a closed pipe.
    pub(super) fn out(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Says something on stderr.
    pub(super) fn say(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        // There is nobody left to tell when stderr is gone.
        let _ = stderr.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stderr.write_all(b"\n");
        }
    }

    /// Says one line on stderr that only `--verbose` asks for. It may hold names that somebody else chose.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            self.say(&terminal(text).to_string());
        }
    }

    /// Asks for consent and reads one line, from a terminal or not. Anything but `yes` is a no, and so is the end of
    /// input.
    pub(super) fn confirm(&self, question: &str) -> bool {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(question.as_bytes());
        let _ = stderr.flush();
        drop(stderr);
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(_) => line.trim() == "yes",
            Err(_) => false,
        }
    }
}

/// Returns a path as it may be printed in a line of ours: who proposes a change chooses names of files and folders.
#[must_use]
pub(super) fn shown(path: &Path) -> String {
    terminal(&path.display().to_string()).to_string()
}

/// Why a command ends early: an exit code and what to say.
#[derive(Debug)]
pub(super) struct Failure {
    /// The code.
    pub(super) exit: Exit,
    /// Lowercase fragment, without a period; empty when everything has been said.
    pub(super) message: String,
    /// One line each below the message.
    pub(super) details: Vec<String>,
    /// What to do, where there is something.
    pub(super) help: Option<String>,
}

impl Failure {
    /// Returns a failure with this code and message.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), details: Vec::new(), help: None }
    }

    /// Returns a failure whose message has been printed already.
    #[must_use]
    pub(super) const fn said(exit: Exit) -> Self {
        Self { exit, message: String::new(), details: Vec::new(), help: None }
    }

    /// Adds lines that belong to the message.
    #[must_use]
    pub(super) fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the failure as stderr shows it.
    #[must_use]
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if !self.message.is_empty() {
            let _ = writeln!(text, "error: {}", terminal(&self.message));
        }
        for line in &self.details {
            let _ = writeln!(text, "  {}", terminal(line));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(text, "help: {}", terminal(help));
        }
        text
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Error, format!("{error:#}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Error, error.to_string())
    }
}
