//! How to print a plan, or what is wrong with the files.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use crate::render::markdown::ReportUrl;

/// The formats of diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// For programs, as `terraform validate -json` does
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub's runner, which shows them on the lines
    Annotations,
    /// GitLab's code quality report
    CodeQuality,
}

/// The formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: versioned, terraform's field names
    Json,
    /// Effective configuration before and after, as a unified diff
    Diff,
    /// For a comment under a pull request, or a step summary
    Markdown,
    /// SARIF 2.1.0: findings on their lines, for code scanning
    Sarif,
    /// Findings as workflow commands of GitHub's runner, which shows them on the lines
    Annotations,
    /// Findings as GitLab's code quality report
    CodeQuality,
    /// A report in one file, for a browser
    Html,
}

impl Format {
    /// Returns whether it shows whole units before and after, also the rows that do not move.
    #[must_use]
    pub const fn shows_both_sides(self) -> bool {
        matches!(self, Self::Json | Self::Html)
    }
}

/// How to print a plan.
#[derive(Debug, Args, Clone)]
pub struct Output {
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print every detail of every operation
    #[arg(long)]
    pub full: bool,
    /// With text: also print the effective configuration before and after, as a unified diff
    #[arg(long)]
    pub diff: bool,
    /// Where the plan is printed for people: say in these words how it is applied, such as by a pipeline, in place of a command
    #[arg(long, value_name = "WORDS")]
    pub apply_with: Option<String>,
    /// Where Markdown goes.
    #[command(flatten)]
    pub comment: Comment,
}

/// Where a plan as Markdown goes.
#[derive(Debug, Args, Clone, Default)]
pub struct Comment {
    /// With markdown: where it is shown, which decides how long it may be [default: github]
    #[arg(long, value_enum)]
    pub forge: Option<Forge>,
    /// With markdown: the most bytes that it may have [default: what the forge takes]
    #[arg(long, value_name = "BYTES")]
    pub max_size: Option<NonZeroUsize>,
    /// With markdown: link to the full report
    #[arg(long, value_name = "URL")]
    pub report_url: Option<ReportUrl>,
    /// With markdown: say of which revision of the files the plan is, such as a commit
    #[arg(long, value_name = "TEXT")]
    pub revision: Option<String>,
}

/// Where Markdown is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Forge {
    /// A comment on GitHub: at most 65,536 bytes
    Github,
    /// The summary of a step in GitHub Actions: at most 1 MiB
    GithubStepSummary,
    /// A note on GitLab: at most 1,000,000 bytes
    Gitlab,
    /// A comment on Bitbucket: at most 32,767 bytes, and no folds
    Bitbucket,
}

impl Output {
    /// Returns what prints a plan for people.
    #[must_use]
    pub fn text(full: bool) -> Self {
        let (format, comment) = (Format::Text, Comment::default());
        Self { format, json: false, full, diff: false, apply_with: None, comment }
    }

    /// Returns the flag that means nothing in the format asked for, and the format in which it does.
    #[must_use]
    pub const fn misplaced(&self) -> Option<(&'static str, &'static str)> {
        let Comment { forge, max_size, report_url, revision } = &self.comment;
        if self.diff && !matches!(self.format(), Format::Text) {
            return Some(("--diff", "text"));
        }
        if matches!(self.format(), Format::Markdown) {
            return None;
        }
        match (forge, max_size, report_url, revision) {
            (Some(_), ..) => Some(("--forge", "markdown")),
            (_, Some(_), ..) => Some(("--max-size", "markdown")),
            (_, _, Some(_), _) => Some(("--report-url", "markdown")),
            (.., Some(_)) => Some(("--revision", "markdown")),
            (None, None, None, None) => None,
        }
    }

    /// Returns whether whole units are shown before and after, also what does not move.
    #[must_use]
    pub const fn shows_both_sides(&self) -> bool {
        match self.format() {
            Format::Text => self.diff,
            Format::Diff | Format::Json | Format::Markdown | Format::Html => true,
            Format::Sarif | Format::Annotations | Format::CodeQuality => false,
        }
    }

    /// Returns the format asked for.
    #[must_use]
    pub const fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}
