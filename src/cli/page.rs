//! A sealed plan on its page: in the format asked for, with what carries it out and what others have agreed to.

use std::num::NonZeroUsize;

use super::args::{Comment, Forge, Format, Output};
use super::exit::Exit;
use super::ui::{Failure, Ui};
use crate::diag::Diagnostics;
use crate::plan::Plan;
use crate::render::given::Given;
use crate::render::marks::{Base, Marks};
use crate::render::palette::Palette;
use crate::render::{diff, html, json, markdown, text};
use crate::seal::{Acceptance, SealedPlan, seen};
use crate::source::SourceMap;

/// A plan, and what its page says beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'p> {
    sealed: &'p SealedPlan,
    output: &'p Output,
    apply_with: &'p str,
    given: Option<&'p Given>,
    accepted: &'p [Acceptance],
}

impl<'p> Page<'p> {
    /// Returns the page of a plan that `apply_with` carries out: a command, or words.
    pub(super) fn of(sealed: &'p SealedPlan, output: &'p Output, apply_with: &'p str) -> Self {
        let apply_with = output.apply_with.as_deref().unwrap_or(apply_with);
        Self { sealed, output, apply_with, given: None, accepted: &[] }
    }

    /// Says what is known of its approvals.
    pub(super) fn approved(self, given: Option<&'p Given>) -> Self {
        Self { given, ..self }
    }

    /// Shows limits that were accepted for this plan as accepted.
    pub(super) fn accepting(self, accepted: &'p [Acceptance]) -> Self {
        Self { accepted, ..self }
    }

    /// Prints it on stdout.
    ///
    /// # Errors
    /// When stdout cannot be written, and those of [`Page::text`].
    pub(super) fn print(self, ui: &Ui) -> Result<(), Failure> {
        Ok(ui.out(&self.text(ui.palette())?)?)
    }

    /// Returns its text.
    ///
    /// # Errors
    /// When a comment must be shorter than the least that it says.
    pub(super) fn text(self, palette: Palette) -> Result<String, Failure> {
        let mut page = String::new();
        let Self { sealed, output, apply_with, given, accepted } = self;
        let judged = seen(sealed, accepted);
        let (plan, digest) = (&*judged, sealed.digest().as_str());
        // Writing to a String cannot fail.
        let _ = match output.format() {
            Format::Text => {
                let (full, diff) = (output.full, output.diff);
                let options = text::Options { palette, full, diff, apply_with, given };
                text::plan(&mut page, plan, digest, options)
            }
            Format::Json => json::plan(&mut page, plan, digest),
            Format::Diff => diff::plan(&mut page, plan, palette),
            Format::Html => html::plan(&mut page, plan, digest, apply_with),
            Format::Markdown => {
                page = comment(plan, digest, &output.comment, (apply_with, given))?;
                Ok(())
            }
            Format::Sarif | Format::Annotations | Format::CodeQuality => {
                // Files are named from the configuration folder where it is not known where that is.
                let marks = self.marks((&Diagnostics::new(), &SourceMap::new()), &Base::default());
                page = output.format().tool().map_or(page, |tool| tool.page(&marks, None));
                Ok(())
            }
        };
        Ok(page)
    }

    /// Returns what the plan marks in its files, and what is odd about these beside it.
    pub(super) fn marks(self, beside: (&Diagnostics, &SourceMap), base: &Base) -> Marks {
        let plan = seen(self.sealed, self.accepted);
        Marks::of_plan(&plan, self.sealed.digest().as_str(), beside, base)
    }
}

/// Returns a plan as a comment that its forge takes.
fn comment(
    plan: &Plan,
    digest: &str,
    comment: &Comment,
    (apply_with, given): (&str, Option<&Given>),
) -> Result<String, Failure> {
    let forge = match comment.forge {
        None | Some(Forge::Github) => markdown::Forge::Github,
        Some(Forge::GithubStepSummary) => markdown::Forge::GithubStepSummary,
        Some(Forge::Gitlab) => markdown::Forge::Gitlab,
        Some(Forge::Bitbucket) => markdown::Forge::Bitbucket,
    };
    let max_size = comment.max_size.map(NonZeroUsize::get);
    let report_url = comment.report_url.as_ref();
    let revision = comment.revision.as_deref();
    let options = markdown::Options { forge, max_size, report_url, apply_with, revision, given };
    markdown::plan(plan, digest, options).map_err(|markdown::TooSmall { needs }| {
        let message = "`--max-size` is too small for the verdict and the counts";
        Failure::new(Exit::Usage, message).help(format!("give at least {needs}"))
    })
}
