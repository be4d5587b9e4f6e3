//! A problem with something that the files declare, before it is known where in the files that stands.

use crate::model::Address;

/// What is wrong with a declared thing. The shell turns it into a diagnostic by looking the address up in the files:
/// whoever finds a problem knows what it is about and nothing of lines and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable kebab-case code.
    pub code: &'static str,
    /// What is wrong.
    pub at: Address,
    /// Lowercase fragment.
    pub message: String,
    /// A command or an edit that the reader can make.
    pub help: String,
    /// Reported, but does not stop the command.
    pub is_warning: bool,
}

impl Problem {
    /// Returns a problem that makes the files invalid for this workspace.
    pub fn error(
        code: &'static str,
        at: Address,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, at, message: message.into(), help: help.into(), is_warning: false }
    }

    /// Returns a problem that is worth telling and stops nothing.
    pub fn warning(
        code: &'static str,
        at: Address,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, at, message: message.into(), help: help.into(), is_warning: true }
    }
}
