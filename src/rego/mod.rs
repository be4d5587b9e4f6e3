//! The organisation's own rules about plans in Rego, the language of Open Policy Agent. Pure: text in, remarks out.
//!
//! ```text
//! check:  the files                        -> mistakes, each at its place
//! ask:    the files, the plan as JSON      -> Denials
//! texts:  the files                        -> what a plan is compared with
//! ```
//!
//! The engine is built without a clock, randomness, environment or network, so a rule can look at the plan and the data
//! beside it and at nothing else, and one plan gets one answer on every machine. Which rules count follows conftest:
//! `deny`, `violation` and `warn`, each also with `_name` behind, sets of texts or of objects with `msg`, and
//! `exception`. Unlike conftest every package is asked, so a file that is named cannot be left out by its package's name.

mod calls;
mod date;
mod engine;
mod format;
mod input;
mod nesting;
mod net;
mod offered;
mod rules;
mod said;
mod texts;

pub use input::ROOTS;
pub use texts::{Texts, texts};

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::plan::denial::Denial;
use crate::plan::policy::{Rego, RegoFile};
use crate::source::{Origin, SourceMap, Span};

/// What is wrong with a file of rules, or with asking them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file; empty when it is no file's fault.
    pub path: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Lowercase fragment: what is the matter.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// Asks the rules about a plan, which is given as the document that `plan --json` prints. What they say is sorted, and each
/// thing is said once.
///
/// # Errors
/// What is wrong with the files; or that the rules cannot be answered, because one of them fails or takes too long.
pub fn ask(rego: &Rego, document: &str) -> Result<Vec<Denial>, Vec<Mistake>> {
    let read = rules::Rules::read(&rego.modules)?;
    let mut said = Vec::new();
    let mut mistakes = Vec::new();
    for package in read.packages() {
        match engine::ask(&read, rego, package, document) {
            Ok(more) => said.extend(more),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if !mistakes.is_empty() {
        mistakes.sort();
        mistakes.dedup();
        return Err(mistakes);
    }
    said.sort();
    said.dedup();
    Ok(said)
}

/// Looks for what is wrong with files of rules before there is a plan to ask them about.
#[must_use]
pub fn mistakes(modules: &[RegoFile]) -> Vec<Mistake> {
    match rules::Rules::read(modules) {
        Err(mistakes) => mistakes,
        // What only the engine finds, such as a variable without a value, it finds without a plan too.
        Ok(read) => engine::compile(&read).err().into_iter().collect(),
    }
}

/// Looks for what rules ask for that no plan says. They can be asked; they only never speak.
#[must_use]
pub fn doubts(modules: &[RegoFile]) -> Vec<Mistake> {
    modules.iter().flat_map(|file| input::absent(&file.path, &file.text)).collect()
}

/// Returns what is wrong with files of rules that stand beside others in `sources`, at their places; as warnings, what they
/// ask for in vain.
#[must_use]
pub fn check(modules: &[RegoFile], sources: &SourceMap) -> Diagnostics {
    let mut out = Diagnostics::new();
    let wrong = mistakes(modules).into_iter().map(|mistake| (Severity::Error, mistake));
    let doubts = doubts(modules).into_iter().map(|mistake| (Severity::Warning, mistake));
    for (severity, mistake) in wrong.chain(doubts) {
        let Mistake { path, line, column, message, help } = mistake;
        let mut diagnostic = match sources.beside(&path) {
            Some((file, source)) => {
                let whole = source.line_span(line.saturating_sub(1));
                let text = source.slice(whole).trim_end();
                let before: usize =
                    text.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
                let end = whole.start + text.len();
                let start = (whole.start + before).min(end);
                let next = source.slice(Span::new(start, end)).chars().next();
                let span = Span::new(start, start + next.map_or(0, char::len_utf8));
                Diagnostic::at(Code::InvalidRego, Origin { file, span }, message)
            }
            None => Diagnostic::nowhere(Code::InvalidRego, message),
        };
        diagnostic.help = (!help.is_empty()).then_some(help);
        out.push(diagnostic.with_severity(severity));
    }
    out
}
