//! A problem with something that the files declare, before it is known where in the files that stands.

use super::{Code, Severity};
use crate::model::Address;

/// What is wrong with a declared thing. The shell turns it into a diagnostic by looking the address up in the files:
/// whoever finds a problem knows what it is about and nothing of lines and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule.
    pub code: Code,
    /// What is wrong.
    pub at: Address,
    /// Lowercase fragment.
    pub message: String,
    /// The known name that was most likely meant.
    pub near: Option<String>,
    /// A command or an edit that the reader can make, beside writing what is near; empty when there is none.
    pub help: String,
    /// Other declared things that have to do with it, each with a few words.
    pub related: Vec<(Address, String)>,
}

impl Problem {
    /// Returns a problem, as severe as its rule.
    pub fn new(
        code: Code,
        at: Address,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { code, at, message, near: None, help, related: Vec::new() }
    }

    /// Adds the known name that was most likely meant, where there is one.
    #[must_use]
    pub fn near(mut self, name: Option<&str>) -> Self {
        self.near = name.map(str::to_owned);
        self
    }

    /// Adds another declared thing.
    #[must_use]
    pub fn related(mut self, at: Address, text: impl Into<String>) -> Self {
        self.related.push((at, text.into()));
        self
    }

    /// Returns what to do, as it is printed: first whether the near name was meant. `None` when nothing is known.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match (&self.near, self.help.as_str()) {
            (None, "") => None,
            (None, help) => Some(help.to_owned()),
            (Some(near), "") => Some(format!("did you mean `{near}`?")),
            (Some(near), help) => Some(format!("did you mean `{near}`? {help}")),
        }
    }

    /// Returns whether it makes the files invalid for this workspace.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}
