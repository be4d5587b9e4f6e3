//! The plan as one comment under a pull request, or as the summary of a CI step.
//!
//! What decides a review is never folded: verdict, blockers, approvals, privilege, breakage, people, warnings. Changes with
//! their lines, notes, what was left alone and the unified diff per unit are folds below. Equal rows of several units are
//! one row that names them. A page is never longer than its forge takes ([`Forge::limit`]): rows are left out by [`Rank`],
//! whole, and counted; there is never a second comment.
//!
//! The first line is a marker that no reader sees and that is the same for every plan of a workspace: whoever posts the
//! page looks for a comment *of his own* that begins with this line, and edits it. See [`marker`].

mod details;
mod effects;
mod layout;
mod link;
mod lists;
mod privilege;
mod rows;

use super::given::Given;
use super::neutral::{code, comment_word, markdown};
use super::outline::Outline;
use super::text::{How, alone, from_snapshot, how_to_go_on, impact, labels, sentence, verdict_by};
use crate::model::Address;
use crate::plan::Plan;
use crate::platform::{Kind, Latency};
use layout::{Page, Row, Section};

pub use layout::{Rank, TooSmall};
pub use link::{ReportUrl, ReportUrlError};

/// Where the page is shown: how long it may be, and whether it may fold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Forge {
    /// A comment on GitHub.
    #[default]
    Github,
    /// `$GITHUB_STEP_SUMMARY` of GitHub Actions.
    GithubStepSummary,
    /// A note on GitLab.
    Gitlab,
    /// A comment on Bitbucket, which knows no HTML, so no folds.
    Bitbucket,
}

impl Forge {
    /// Returns the most that the forge takes, in bytes, although most of them count characters: bytes are never fewer.
    ///
    /// GitHub refuses a comment with "Body is too long (maximum is 65536 characters)" (`docs.github.com/rest/issues/comments`;
    /// it was seen to take more). A step summary above 1 MiB is not shown at all ("supports content up to a size of
    /// 1024k", `docs.github.com/actions`, *Adding a job summary*). GitLab documents 1,000,000 characters for a note
    /// (`docs.gitlab.com/api/notes`). Bitbucket asks for "less than 32768 characters".
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::Github => 65_536,
            Self::GithubStepSummary => 1_048_576,
            Self::Gitlab => 1_000_000,
            Self::Bitbucket => 32_767,
        }
    }

    const fn folds(self) -> bool {
        match self {
            Self::Github | Self::GithubStepSummary | Self::Gitlab => true,
            Self::Bitbucket => false,
        }
    }
}

/// Where the page goes, and what it refers to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Where it is shown.
    pub forge: Forge,
    /// The most bytes that it may have; the forge's limit when `None`.
    pub max_size: Option<usize>,
    /// Address of the full report.
    pub report_url: Option<&'a ReportUrl>,
    /// The command that applies this plan, or who does, in words; a general hint when empty.
    pub apply_with: &'a str,
    /// Which revision of the files the plan is of.
    pub revision: Option<&'a str>,
    /// The approvals at hand, where somebody has looked for them.
    pub given: Option<&'a Given>,
}

/// Returns the page for `plan`.
///
/// # Errors
/// When the limit is too small for the verdict.
pub fn plan(plan: &Plan, digest: &str, options: Options<'_>) -> Result<String, TooSmall> {
    let outline = Outline::of(plan);
    let writer = Writer { outline: &outline, options, digest };
    let page = Page {
        head: writer.head(),
        elsewhere: writer.elsewhere(),
        sections: writer.sections(),
        tail: writer.tail(),
    };
    page.fit(options.max_size.unwrap_or(options.forge.limit()))
}

/// Of how many things the labels are shown.
const LABELS: usize = 8;

/// How much of an endpoint the marker holds, in bytes.
const LONGEST_ENDPOINT: usize = 200;

/// Returns the first line of every page about this workspace, without its line end: `<!-- scopeform:acme:odeus:embedded -->`
/// of workspace, platform and endpoint, or the same in a form that Bitbucket hides. It can be searched for as it is.
#[must_use]
pub fn marker(plan: &Plan, forge: Forge) -> String {
    let workspace = comment_word(plan.bound.workspace.as_str());
    let endpoint = comment_word(&plan.bound.endpoint);
    // Long enough to tell two endpoints apart, too short to take the page's room.
    let endpoint = endpoint.get(..LONGEST_ENDPOINT).unwrap_or(&endpoint);
    let name = format!("scopeform:{workspace}:{}:{endpoint}", plan.bound.platform.name());
    if forge.folds() { format!("<!-- {name} -->") } else { format!("[//]: # ({name})") }
}

/// What every section is written from.
struct Writer<'w, 'p> {
    outline: &'w Outline<'p>,
    options: Options<'w>,
    digest: &'w str,
}

impl Writer<'_, '_> {
    fn head(&self) -> String {
        let plan = self.outline.plan;
        let marker = marker(plan, self.options.forge);
        let verdict = verdict_by(self.outline, &code);
        let mut head = format!("{marker}\n**{verdict}**\n");
        if !self.options.forge.folds() {
            // A definition needs an empty line behind it.
            head = format!("{marker}\n\n**{verdict}**\n");
        }
        if let Some(alone) = alone(self.outline, &code) {
            head.push_str(&format!("\n{alone}\n"));
        }
        if let Some(from) = from_snapshot(self.outline) {
            head.push_str(&format!("\n{from}\n"));
        }
        let at_once = plan.bound.platform.takes_effect() == Latency::AtOnce;
        if !plan.is_empty() && at_once && self.outline.counts.rights_refused == 0 {
            head.push_str(&format!("{}\n", sentence(&impact::refused_title(self.outline))));
        }
        // Where a change takes effect at once, nobody reconnects.
        if !plan.is_empty() && !at_once {
            let whole = plan.bound.breakage.is_empty();
            let nobody = impact::nobody(self.outline);
            let alone = nobody.replacen('n', "N", 1);
            let calm =
                match (whole, impact::taken(self.outline), self.outline.counts.must_reconnect) {
                    (true, None, 0) => {
                        format!("Nothing stops working, and {nobody}.\n")
                    }
                    (true, None, _) => "Nothing stops working.\n".to_owned(),
                    (true, Some(taken), 0) => {
                        format!("Nothing breaks, but {taken}. {alone}.\n")
                    }
                    (true, Some(taken), _) => format!("Nothing breaks, but {taken}.\n"),
                    (false, _, 0) => format!("{alone}.\n"),
                    (false, _, _) => String::new(),
                };
            head.push_str(&calm);
        }
        head
    }

    fn elsewhere(&self) -> String {
        match self.options.report_url {
            Some(url) => format!("[Full report]({url})"),
            None => "`scopeform show PLAN --full` prints everything.".to_owned(),
        }
    }

    fn sections(&self) -> Vec<Section> {
        let (privilege, one_by_one) = self.privilege();
        let mut sections = vec![
            self.blockers(),
            self.approvals(),
            privilege,
            self.breakage(),
            self.people(),
            self.tokens(),
            self.warnings(),
            one_by_one,
            self.changes(),
            self.notes(),
            self.unchanged_tokens(),
            self.left_alone(),
        ];
        sections.extend(self.diffs());
        sections
    }

    fn tail(&self) -> String {
        let plan = self.outline.plan;
        let (today, workspace) = (plan.observed.today, plan.bound.workspace.as_str());
        let mut tail = format!(
            "\nDigest: {}, made on {today}{} for {} at {}",
            code(self.digest),
            self.options.revision.map_or_else(String::new, |of| format!(" of {}", code(of))),
            code(workspace),
            code(&plan.bound.endpoint)
        );
        if let Some(until) = plan.bound.valid_until {
            tail.push_str(&format!(", valid until {until}"));
        }
        tail.push('\n');
        if let Some(labels) = labels(self.outline, LABELS, &code) {
            tail.push_str(&format!("\nLabels: {labels}\n"));
        }
        let apply = (self.options.apply_with, self.options.given);
        for (what, how) in how_to_go_on(self.outline, self.digest, apply) {
            let how = match how {
                How::Said(how) => markdown(&how),
                How::Command(command) => code(&command),
            };
            tail.push_str(&format!("\n{what}: {how}\n"));
        }
        if let Some(url) = self.options.report_url {
            tail.push_str(&format!("\n[Full report]({url})\n"));
        }
        tail
    }

    /// Returns rows below a heading. The title must be Markdown of our own.
    fn shown(&self, title: &str, rows: Vec<Row>) -> Section {
        Section { open: format!("\n#### {title}\n\n"), rows, close: String::new() }
    }

    /// Returns rows in a fold, or below a heading where the forge cannot fold. The title must be words of our own.
    fn folded(&self, title: &str, rows: Vec<Row>) -> Section {
        if !self.options.forge.folds() {
            return self.shown(title, rows);
        }
        let open = format!("\n<details><summary>{title}</summary>\n\n");
        Section { open, rows, close: "\n</details>\n".to_owned() }
    }

    /// Returns the integration, client or key that an address belongs to.
    fn unit(&self, address: &Address) -> Address {
        let depth = match self.outline.plan.bound.platform {
            Kind::Odeus => 1,
            Kind::Trustpager => 2,
        };
        let segments: Vec<&str> = address.as_str().split('/').take(depth).collect();
        Address::of(&segments)
    }
}

/// Returns an address below its unit, all of it; nothing where it is the unit itself.
fn within<'a>(address: &'a Address, unit: &Address) -> &'a str {
    let path = address.as_str();
    if !address.is_within(unit) {
        return path;
    }
    path.get(unit.as_str().len()..).unwrap_or(path).trim_start_matches('/')
}
