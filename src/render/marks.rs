//! What review tools put beside a line: findings of a plan and diagnostics of the files in one shape, gravest first, so that
//! SARIF, annotations and code quality cannot disagree.

use std::collections::BTreeMap;

use super::codes::Level;
use super::diagnostic::{self, JsonRange};
use super::neutral::terminal;
use super::outline::Outline;
use crate::diag::Diagnostics;
use crate::plan::guard::Limit;
use crate::plan::{Finding, Plan, SourceRange};
use crate::platform::Kind;
use crate::seal::Digest;
use crate::source::SourceMap;

/// Where the configuration folder is below the root of the repository: review tools name files from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// Returns the base for a path with `/`; the root itself is the empty path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        Self(path.trim_matches('/').to_owned())
    }

    fn file(&self, name: &str) -> String {
        if self.0.is_empty() { name.to_owned() } else { format!("{}/{name}", self.0) }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Path below the root of the repository, with `/`.
    pub(super) file: String,
    /// From 1; columns in characters; the end is the character after the last.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

/// One thing to say about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) level: Level,
    pub(super) code: String,
    /// What is the matter. May hold text from the live system.
    pub(super) message: String,
    /// What to do; empty when there is nothing to do.
    pub(super) help: String,
    /// What to give with `--accept`, where that is possible.
    pub(super) accept: Option<String>,
    /// What it is about, of a finding.
    pub(super) address: Option<String>,
    /// `None` only when the files have no line at all.
    pub(super) place: Option<Place>,
    pub(super) related: Vec<(String, Place)>,
    /// 64 hexadecimal digits: the same for the same thing, wherever its line has moved to.
    pub(super) fingerprint: String,
}

/// Everything to mark, and what it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Gravest first, then by code, file and line.
    pub(super) all: Vec<Mark>,
    /// What was looked at: `plan` or `validate`.
    pub(super) task: &'static str,
    pub(super) workspace: Option<String>,
    pub(super) platform: Option<Kind>,
    pub(super) digest: Option<String>,
}

impl Marks {
    /// Returns what a plan finds, and what is known to be odd about its files.
    #[must_use]
    pub fn of_plan(
        plan: &Plan,
        digest: &str,
        beside: (&Diagnostics, &SourceMap),
        base: &Base,
    ) -> Self {
        let outline = Outline::of(plan);
        let workspace = plan.bound.workspace.as_str();
        let first = plan.observed.sources.iter().min_by_key(|s| (&s.file, s.line, s.column));
        let findings = outline.findings.iter().map(|finding| {
            let source = outline.source_of(&finding.address).or(first);
            of_finding(finding, source.map(|source| place_of(source, base)), workspace, digest)
        });
        let mut all: Vec<Mark> = findings.collect();
        all.extend(of_diagnostics(beside.0, beside.1, base));
        Self {
            all: arranged(all),
            task: "plan",
            workspace: Some(workspace.to_owned()),
            platform: Some(plan.bound.platform),
            digest: Some(digest.to_owned()),
        }
    }

    /// Returns what is wrong with the files.
    #[must_use]
    pub fn of_files(
        task: &'static str,
        diagnostics: &Diagnostics,
        sources: &SourceMap,
        base: &Base,
    ) -> Self {
        let all = arranged(of_diagnostics(diagnostics, sources, base));
        Self { all, task, workspace: None, platform: None, digest: None }
    }

    /// Returns what marks nothing, for a run that came to no result.
    #[must_use]
    pub const fn none(task: &'static str) -> Self {
        Self { all: Vec::new(), task, workspace: None, platform: None, digest: None }
    }

    /// Iterates those of one level.
    pub(super) fn of_level(&self, level: Level) -> impl Iterator<Item = &Mark> {
        self.all.iter().filter(move |mark| mark.level == level)
    }
}

fn of_finding(finding: &Finding, place: Option<Place>, workspace: &str, digest: &str) -> Mark {
    let address = finding.address.to_string();
    let mut help = finding.help.clone();
    if !finding.paste.is_empty() {
        let scopes: Vec<&str> = finding.paste.iter().map(|scope| scope.as_str()).collect();
        let join = if help.is_empty() { "" } else { ": " };
        help = format!("{help}{join}{}", scopes.join(" "));
    }
    Mark {
        level: finding.severity.into(),
        code: terminal(&finding.code).to_string(),
        message: format!("{address}: {}", finding.message),
        help,
        accept: Limit::to_accept(finding).map(|limit| limit.acceptance(digest)),
        place,
        related: Vec::new(),
        // Not the message: it may count what moves by itself.
        fingerprint: fingerprint(&["finding", workspace, &finding.code, &address]),
        address: Some(address),
    }
}

fn of_diagnostics(diagnostics: &Diagnostics, sources: &SourceMap, base: &Base) -> Vec<Mark> {
    let start = |name: &str| Place {
        file: base.file(name),
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
    };
    // What no line says, such as a key that is missing, stands at the beginning of the first file.
    let nowhere = sources.iter().next().map(|(_, file)| start(file.name()));
    let entries = diagnostics.iter().zip(diagnostic::document(diagnostics, sources).diagnostics);
    let marks = entries.map(|(diagnostic, entry)| {
        let place = entry.range.as_ref().map(|range| place_in(range, base));
        let file = entry.range.as_ref().map_or("", |range| range.filename.as_str());
        let related = entry.related.iter();
        Mark {
            level: diagnostic.severity.into(),
            fingerprint: fingerprint(&["diagnostic", file, &entry.code, &entry.summary]),
            related: related.map(|r| (r.message.clone(), place_in(&r.range, base))).collect(),
            place: place.or_else(|| nowhere.clone()),
            code: entry.code,
            message: entry.summary,
            help: entry.detail,
            accept: None,
            address: None,
        }
    });
    marks.collect()
}

fn place_of(source: &SourceRange, base: &Base) -> Place {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Place {
        file: base.file(&source.file),
        line: number(source.line),
        column: number(source.column),
        end_line: number(source.end_line),
        end_column: number(source.end_column),
    }
}

fn place_in(range: &JsonRange, base: &Base) -> Place {
    Place {
        file: base.file(&range.filename),
        line: range.start.line,
        column: range.start.column,
        end_line: range.end.line,
        end_column: range.end.column,
    }
}

/// Parts are joined by a byte that none of them holds.
fn fingerprint(parts: &[&str]) -> String {
    Digest::of_bytes(parts.join("\0").as_bytes()).to_string()
}

/// Sorts, and tells things apart that would otherwise have one fingerprint: the second of them gets another one.
fn arranged(mut all: Vec<Mark>) -> Vec<Mark> {
    all.sort_by(|a, b| {
        let place = |mark: &Mark| mark.place.as_ref().map(|p| (p.file.clone(), p.line, p.column));
        (a.level, &a.code, place(a), &a.message).cmp(&(b.level, &b.code, place(b), &b.message))
    });
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for mark in &mut all {
        let times = seen.entry(mark.fingerprint.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            mark.fingerprint = fingerprint(&[&mark.fingerprint, &times.to_string()]);
        }
    }
    all
}
