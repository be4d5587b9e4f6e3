//! Every code that a diagnostic or a finding has, with what it means: for `explain`, and for review tools.

use std::collections::BTreeMap;

use crate::diag::{self, Code};
use crate::plan::{Rule, Severity, policy};
use crate::platform::{Kind, odeus, trustpager};

/// What a code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What it is a code of, with its severity: `error`, `finding, blocker`.
    pub kind: &'static str,
    /// How much it matters, in the words of review tools.
    pub level: Level,
    /// The platform that it is about, where it is about one.
    pub platform: Option<Kind>,
    /// One line.
    pub title: &'static str,
    /// Markdown: what it means, why it matters, an example, what to do.
    pub explain: &'static str,
}

/// How much something matters, in the words that review tools share. The gravest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// An error of the files, or a blocker of a plan.
    Error,
    /// A warning.
    Warning,
    /// A note.
    Note,
}

impl From<diag::Severity> for Level {
    fn from(severity: diag::Severity) -> Self {
        match severity {
            diag::Severity::Error => Self::Error,
            diag::Severity::Warning => Self::Warning,
            diag::Severity::Note => Self::Note,
        }
    }
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Blocker => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Note => Self::Note,
        }
    }
}

/// Returns what each code means. Two platforms may have a rule of the same name that means something of its own on each.
#[must_use]
pub fn all() -> BTreeMap<&'static str, Vec<Meaning>> {
    let mut all: BTreeMap<_, Vec<Meaning>> = BTreeMap::new();
    let mut add = |name, meaning: Meaning| {
        let same: &mut Vec<Meaning> = all.entry(name).or_default();
        // A rule that looks at two kinds of thing is listed once for each.
        if same.iter().all(|known| known.explain != meaning.explain) {
            same.push(meaning);
        }
    };
    for code in Code::ALL {
        let level = code.severity().into();
        let (kind, title, explain) = (code.severity().name(), code.title(), code.explain());
        add(code.name(), Meaning { kind, level, platform: None, title, explain });
    }
    let mut of = |platform, rule: &Rule| {
        let kind = match rule.severity {
            Severity::Blocker => "finding, blocker",
            Severity::Warning => "finding, warning",
            Severity::Note => "finding, note",
        };
        let (level, title, explain) = (rule.severity.into(), rule.title, rule.explain);
        add(rule.code, Meaning { kind, level, platform, title, explain });
    };
    odeus::findings::rules().for_each(|rule| of(Some(Kind::Odeus), rule));
    trustpager::findings::rules().for_each(|rule| of(Some(Kind::Trustpager), rule));
    policy::rules().for_each(|rule| of(None, rule));
    all
}
