//! What a run did, as its journal tells it: for people, and for programs.

mod runs;

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::neutral::terminal;
use super::palette::{Paint, Palette};
use super::report::{Sum, TOKEN_HELP, detail, symbol};
use crate::apply::Outcome;
use crate::apply::journal::{Begin, Known, Run, Verdict};
use crate::plan::count;

pub use runs::{Listed, list, list_schema};

/// The version of the JSON document.
pub const FORMAT_VERSION: &str = "1.0";

/// What the other runs of its workspace say about a run.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The last run before it that wrote, where it did not.
    pub wrote: Option<&'a Run>,
    /// What `undo` takes back now; none where it would refuse.
    pub undo: Option<Undo<'a>>,
}

/// What `undo` takes back where no run is named.
#[derive(Debug, Clone, Copy)]
pub struct Undo<'a> {
    /// The id of the last run that wrote.
    pub last: &'a str,
    /// The id of the run that is taken back: another one where the last was taking that back and did not come to its end.
    pub meant: &'a str,
}

/// Returns a run as text: verdict, one line per operation, what to run next.
#[must_use]
pub fn text(run: &Run, running: bool, around: Around<'_>, palette: Palette) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut out, run, running, around, palette);
    out
}

fn write_text(
    out: &mut String,
    run: &Run,
    running: bool,
    around: Around<'_>,
    palette: Palette,
) -> Result<(), std::fmt::Error> {
    let begin = &run.begin;
    writeln!(out, "{}", verdict_line(run, running))?;
    if let Some(end) = &run.end {
        let told = run.verdict(running) == Verdict::NothingWritten;
        if let Some(why) = end.error.as_deref().filter(|_| !told) {
            writeln!(out, "It ended with: {}.", terminal(why))?;
        }
        for line in &end.details {
            writeln!(out, "  {}", terminal(line))?;
        }
    }
    writeln!(
        out,
        "Run {} began at {}: plan {} for workspace {} ({}), consented to by {}.",
        terminal(&begin.run),
        terminal(&begin.time),
        terminal(begin.digest.short()),
        terminal(begin.workspace.as_str()),
        terminal(&begin.endpoint),
        consent_words(begin)
    )?;
    if let Some(first) = &begin.takes_back {
        writeln!(out, "It is an undo of run {}.", terminal(first))?;
    }
    if let Some(wrote) = around.wrote {
        let id = terminal(&wrote.begin.run);
        let sum = Sum::of(wrote.known.len(), outcomes(wrote)).own();
        // A later run may have written since, and a stopped undo is not what is taken back.
        let undo = around.undo.filter(|undo| undo.last == wrote.begin.run);
        let undo = match undo {
            Some(undo) if undo.meant == undo.last => " `scopeform undo` takes it back.".to_owned(),
            Some(undo) => {
                format!(" `scopeform undo` goes on with taking back run {}.", terminal(undo.meant))
            }
            None => String::new(),
        };
        writeln!(
            out,
            "The last run before it that wrote is {id}, {sum}: `scopeform show --run {id}` tells what it did.{undo}"
        )?;
    }
    if let Some(first) = begin.continues.as_ref().filter(|_| run.went_on()) {
        writeln!(out, "It went on where run {} of the same plan stopped.", terminal(first))?;
    }
    writeln!(out)?;
    for (planned, known) in run.operations() {
        let applied = matches!(known, Known::Finished(outcome) if outcome.is_applied());
        let paint = if applied { Paint::Add } else { Paint::Alarm };
        write!(
            out,
            "  {} {}  {}",
            palette.paint(paint, sign(known)),
            terminal(planned.planned.unit.as_str()),
            terminal(&planned.what)
        )?;
        match more(known) {
            Some(more) => writeln!(out, ": {}", terminal(&more))?,
            None => writeln!(out)?,
        }
    }
    writeln!(out, "\nNext: {}", next(run, running, around))?;
    if token_refused(run) { writeln!(out, "help: {TOKEN_HELP}") } else { Ok(()) }
}

fn token_refused(run: &Run) -> bool {
    run.end.as_ref().is_some_and(|end| end.token_refused)
}

/// Returns one line for a list of runs.
#[must_use]
pub fn line(run: &Run, running: bool) -> String {
    let sum = Sum::of(run.known.len(), outcomes(run));
    let undo = run.begin.takes_back.as_ref();
    let undo = undo.map_or_else(String::new, |run| format!("  undo of {}", terminal(run)));
    format!(
        "{}  {:<15} {}  workspace {} ({}){undo}\n",
        terminal(&run.begin.run),
        word(run.verdict(running)),
        sum.own(),
        terminal(run.begin.workspace.as_str()),
        terminal(&run.begin.endpoint)
    )
}

/// Returns what a run that stopped without saying so leaves to be known, for whoever applies next.
#[must_use]
pub fn notice(run: &Run, running: bool) -> String {
    let begin = &run.begin;
    if running {
        return format!(
            "notice: another apply is going on here (run {}); every write is conditional, so one of the two stops where they meet\n",
            terminal(&begin.run)
        );
    }
    let what = match &begin.takes_back {
        Some(first) => format!("undo here, which takes back run {},", terminal(first)),
        None => "apply here".to_owned(),
    };
    let mut out = format!(
        "notice: the last {what} did not come to its end (run {}, plan {})\n",
        terminal(&begin.run),
        terminal(begin.digest.short())
    );
    for (planned, known) in run.operations() {
        let said = match known {
            Known::NotBegun => continue,
            Known::InFlight => "was in flight, reading tells whether it was done".to_owned(),
            // The report of the apply that follows names them, one line each.
            Known::Finished(outcome) if outcome.is_applied() => continue,
            Known::Finished(outcome) => outcome.word().to_owned(),
        };
        let (address, what) = (planned.planned.address.as_str(), planned.what.as_str());
        let _ = writeln!(out, "  {}: {} {said}", terminal(address), terminal(what));
    }
    let done = applied(run);
    if done > 0 {
        let _ = writeln!(out, "  {} done", count(done, "operation was", "operations were"));
    }
    let left = run.known.iter().filter(|known| **known == Known::NotBegun).count();
    let _ = writeln!(out, "  {} not begun", count(left, "operation was", "operations were"));
    out
}

fn applied(run: &Run) -> usize {
    let is = |outcome: &&Outcome| outcome.is_applied() && !matches!(outcome, Outcome::NotNeeded(_));
    outcomes(run).filter(is).count()
}

fn already_done(run: &Run) -> usize {
    outcomes(run).filter(|outcome| **outcome == Outcome::AlreadyDone).count()
}

/// Returns the operation, from 1, at which a run stopped without saying so.
fn stopped_at(run: &Run, running: bool) -> Option<usize> {
    match run.verdict(running) {
        Verdict::Crashed(at) => Some(at + 1),
        _ => None,
    }
}

fn outcomes(run: &Run) -> impl Iterator<Item = &Outcome> {
    run.known.iter().filter_map(|known| match known {
        Known::NotBegun | Known::InFlight => None,
        Known::Finished(outcome) => Some(outcome),
    })
}

fn sign(known: &Known) -> &'static str {
    match known {
        Known::NotBegun => "--",
        Known::InFlight => "??",
        Known::Finished(outcome) => symbol(outcome),
    }
}

fn more(known: &Known) -> Option<String> {
    match known {
        Known::NotBegun => Some("not begun".to_owned()),
        Known::InFlight => Some(
            "begun; whether it was sent, and what became of it, was not noted: reading tells"
                .to_owned(),
        ),
        Known::Finished(outcome) => detail(outcome),
    }
}

/// Returns the word for programs.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "complete",
        Verdict::InPart => "in_part",
        Verdict::Crashed(_) => "crashed",
        Verdict::NothingWritten => "nothing_written",
        Verdict::Running => "running",
    }
}

fn verdict_line(run: &Run, running: bool) -> String {
    let (applied, total) = (applied(run), run.known.len());
    let operations = count(total, "operation", "operations");
    let sum = Sum::of(total, outcomes(run));
    match run.verdict(running) {
        Verdict::Complete => format!("Complete: {}, read back as planned.", sum.whole()),
        Verdict::InPart
            if outcomes(run).filter(|outcome| outcome.is_applied()).count() == total =>
        {
            format!("Applied: {}, not read back as planned.", sum.whole())
        }
        Verdict::InPart if !run.may_have_written() => {
            format!("In part, by an earlier run: {} applied; this run wrote nothing.", sum.part())
        }
        Verdict::InPart => format!("In part: {} applied.", sum.part()),
        Verdict::Crashed(at) => format!(
            "Stopped at write {} of {total}, without an end: killed or interrupted. {applied} of {operations} applied.",
            at + 1
        ),
        Verdict::NothingWritten => match run.end.as_ref().and_then(|end| end.error.as_deref()) {
            Some(why) => format!("Nothing was written: {}.", terminal(why)),
            None => format!("Nothing was written: {operations} planned."),
        },
        Verdict::Running => {
            format!("Going on in another process: {applied} of {operations} applied so far.")
        }
    }
}

fn consent_words(begin: &Begin) -> String {
    let mut words = match begin.consent.as_str() {
        "prompt" => "a typed `yes`".to_owned(),
        "flag" => "`--auto-approve`".to_owned(),
        "saved_plan" => "naming the plan file".to_owned(),
        other => terminal(other).to_string(),
    };
    if !begin.approved_by.is_empty() {
        let names: Vec<String> =
            begin.approved_by.iter().map(|name| terminal(name).to_string()).collect();
        words.push_str(&format!(", approved by {}", names.join(" and ")));
    }
    if !begin.accepted.is_empty() {
        let limits: Vec<String> =
            begin.accepted.iter().map(|limit| terminal(limit).to_string()).collect();
        words.push_str(&format!(", limits passed with {}", limits.join(" and ")));
    }
    words
}

/// Returns the command that takes back what a run did, or where it wrote nothing, what the one before it did that wrote.
fn way_back(run: &Run, around: Around<'_>) -> Option<String> {
    let wrote = around.wrote.unwrap_or(run);
    let id = &wrote.begin.run;
    let next = around.undo.is_some_and(|undo| undo.last == id && undo.meant == id);
    // Another run than the one that is shown is named.
    if next && around.wrote.is_none() {
        return Some("`scopeform undo`".to_owned());
    }
    wrote.may_have_written().then(|| format!("`scopeform undo --run {}`", terminal(id)))
}

fn next(run: &Run, running: bool, around: Around<'_>) -> String {
    let saved = run.begin.consent == "saved_plan";
    if let (Some(first), Verdict::InPart | Verdict::Crashed(_)) =
        (&run.begin.takes_back, run.verdict(running))
    {
        let (first, own) = (terminal(first), terminal(&run.begin.run));
        return format!(
            "`scopeform undo --run {first}` reads what was taken back and goes on. `scopeform undo --run {own}` takes back what this run did."
        );
    }
    let undo = way_back(run, around);
    let (plans, shows) = match &undo {
        Some(undo) => (format!("; {undo} plans"), format!(", {undo} the way back")),
        None => (String::new(), String::new()),
    };
    match run.verdict(running) {
        Verdict::Complete if undo.is_none() => "nothing.".to_owned(),
        Verdict::Complete if run.begin.takes_back.is_some() => {
            format!("nothing{plans} what was taken back once more.")
        }
        Verdict::Complete => format!("nothing{plans} the way back."),
        Verdict::InPart | Verdict::Crashed(_) => {
            let on = match saved {
                true => "apply the same plan again: it",
                false => "`scopeform apply`",
            };
            format!(
                "{on} reads what was done and goes on. `scopeform plan` shows what is left{shows}."
            )
        }
        Verdict::NothingWritten => {
            "`scopeform plan` shows what is live and what would change.".to_owned()
        }
        Verdict::Running => "wait for it to end.".to_owned(),
    }
}

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scopeform run")]
struct Document {
    /// The version of this format: readers ignore unknown fields of a higher minor version.
    format_version: &'static str,
    /// What a list of runs says of it too.
    #[serde(flatten)]
    short: runs::Entry,
    /// Where this run wrote nothing: the last one before it that may have written to the same workspace; else `null`.
    wrote_before: Option<String>,
    /// How the plan was consented to.
    consent: String,
    /// The limits that the plan was allowed to exceed, as they were accepted: `removals@DIGEST`.
    accepted: Vec<String>,
    /// HTTP calls made; `null` when it did not come to an end.
    calls: Option<u32>,
    /// What `error` is about, one line each: with a stale plan, the fields that have moved.
    details: Vec<String>,
    /// Whether the platform refused the token, of a write or of the read at the end. After that no unit is begun.
    token_refused: bool,
    /// What to set then; else `null`.
    help: Option<&'static str>,
    /// One per operation, in plan order.
    operations: Vec<Operation>,
    /// What to do next.
    next: String,
}

/// One operation and what is known of it.
#[derive(Debug, Serialize, JsonSchema)]
struct Operation {
    /// The integration or client.
    unit: String,
    /// The field written.
    address: String,
    /// The write, in words.
    what: String,
    /// As in the report of apply; `in_flight` when it was begun and nothing more is known, also not whether it was
    /// sent; `not_begun` when it was not begun.
    outcome: &'static str,
    /// More about it, where there is more to say.
    detail: Option<String>,
}

/// Returns a run as JSON.
#[must_use]
pub fn json(run: &Run, running: bool, around: Around<'_>) -> String {
    let begin = &run.begin;
    let operation = |(planned, known): (&crate::apply::journal::Planned, &Known)| Operation {
        unit: planned.planned.unit.to_string(),
        address: planned.planned.address.to_string(),
        what: planned.what.clone(),
        outcome: match known {
            Known::NotBegun => "not_begun",
            Known::InFlight => "in_flight",
            Known::Finished(outcome) => outcome.word(),
        },
        detail: more(known),
    };
    let document = Document {
        format_version: FORMAT_VERSION,
        short: runs::Entry::of(run, running),
        wrote_before: around.wrote.map(|wrote| wrote.begin.run.clone()),
        consent: begin.consent.clone(),
        accepted: begin.accepted.iter().cloned().collect(),
        calls: run.end.as_ref().map(|end| end.calls),
        details: run.end.as_ref().map(|end| end.details.clone()).unwrap_or_default(),
        token_refused: token_refused(run),
        help: token_refused(run).then_some(TOKEN_HELP),
        operations: run.operations().map(operation).collect(),
        next: next(run, running, around),
    };
    page(&document)
}

/// Returns a document as it is printed.
fn page(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    super::neutral::json(&text).into_owned()
}

/// Returns the JSON Schema of a run.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
