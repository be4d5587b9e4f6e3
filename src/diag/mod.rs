//! Diagnostics: what is wrong with the user's text, where, and what to do about it.
//!
//! Values, many of them, always collected and always located. Nobody returns at the first one.

mod code;
mod problem;

use std::collections::BTreeSet;

pub use code::Code;
pub use problem::Problem;

use crate::source::Origin;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The files are not valid.
    Error,
    /// The files are valid and probably not what was meant.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// Returns the severity's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place with a remark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Where.
    pub origin: Origin,
    /// What about it; may be empty.
    pub text: String,
}

/// One thing to tell the author of the files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The main place. `None` only for what no file says, such as an empty folder.
    pub primary: Option<Label>,
    /// The rule.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// Lowercase fragment.
    pub message: String,
    /// Other places that have to do with it.
    pub related: Vec<Label>,
    /// An edit or a command that helps.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Returns a diagnostic of the code's own severity at a place.
    #[must_use]
    pub fn at(code: Code, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            primary: Some(Label { origin, text: String::new() }),
            code,
            severity: code.severity(),
            message: message.into(),
            related: Vec::new(),
            help: None,
        }
    }

    /// Returns a diagnostic that no place in the files stands for.
    #[must_use]
    pub fn nowhere(code: Code, message: impl Into<String>) -> Self {
        Self {
            primary: None,
            code,
            severity: code.severity(),
            message: message.into(),
            related: Vec::new(),
            help: None,
        }
    }

    /// Adds a remark at the main place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.text = text.into();
        }
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.related.push(Label { origin, text: text.into() });
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Returns the diagnostic with another severity, as a policy asks.
    #[must_use]
    pub const fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Everything to tell about a run, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: BTreeSet<Ordered>,
    redacted: BTreeSet<Origin>,
}

/// Sorted by file, place and code, so that two runs and two machines say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ordered(Diagnostic);

impl Ordered {
    fn key(&self) -> (Option<Origin>, &'static str, &Diagnostic) {
        (self.0.primary.as_ref().map(|label| label.origin), self.0.code.name(), &self.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Diagnostics {
    /// Returns an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; the same one twice counts once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.insert(Ordered(diagnostic));
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Self) {
        self.found.extend(other.found);
        self.redacted.extend(other.redacted);
    }

    /// Keeps a piece of a file, such as a secret that somebody wrote down, out of everything that is printed.
    pub fn redact(&mut self, origin: Origin) {
        self.redacted.insert(origin);
    }

    /// Iterates the pieces that must not be printed.
    pub fn redacted(&self) -> impl Iterator<Item = Origin> {
        self.redacted.iter().copied()
    }

    /// Iterates in the order of files, places and codes.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter().map(|ordered| &ordered.0)
    }

    /// Returns whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns how many of one severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Returns whether the files are not valid.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceMap, Span};

    #[test]
    fn diagnostics_come_in_the_order_of_the_file_and_once() {
        let file = SourceMap::new().add("a.yaml", "");
        let at = |n, code| Diagnostic::at(code, Origin { file, span: Span::new(n, n + 1) }, "m");
        let mut all = Diagnostics::new();
        for one in [at(7, Code::UnknownKey), at(2, Code::WrongType), at(2, Code::InvalidScope)] {
            all.push(one.clone());
            all.push(one);
        }
        let codes: Vec<&str> = all.iter().map(|d| d.code.name()).collect();
        assert_eq!(codes, ["invalid-scope", "wrong-type", "unknown-key"]);
        assert!(all.has_errors());
    }

    #[test]
    fn every_code_is_kebab_case_unique_and_explained() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            let name = code.name();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(Code::from_name(name), Some(*code));
            assert!(!code.title().is_empty());
            assert!(code.explain().contains("```yaml"), "{name} has no example");
        }
        assert_eq!(Code::from_name("no-such-code"), None);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests read files")]
    fn every_explanation_is_of_a_code() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diag/explain");
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let codes = Code::ALL.iter().map(|code| format!("{}.md", code.name()));
        assert_eq!(files.collect::<BTreeSet<_>>(), codes.collect::<BTreeSet<_>>());
    }
}
