//! A finding's rule: its stable code, its words, and the text that `scopeform explain CODE` prints.

use super::Severity;

/// What every rule of every platform tells about itself. The check lives beside it, in the platform's `findings` folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable kebab-case name.
    pub code: &'static str,
    /// One line: what the finding says.
    pub title: &'static str,
    /// How much it matters unless the files raise it. Some rules use a higher severity in some of their cases.
    pub severity: Severity,
    /// Markdown: what it means, why it matters, an example, what to do.
    pub explain: &'static str,
}
