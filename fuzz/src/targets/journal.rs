//! Journals of runs, as `show --last`, `undo` and the apply after a crash read them.

use std::sync::OnceLock;

use scopeform::apply::Outcome;
use scopeform::apply::journal::{Known, Line, Run, Verdict};
use scopeform::plan::PlannedOperation;
use scopeform::platform::{Found, odeus, trustpager};
use scopeform::render::history;
use scopeform::render::neutral::terminal;
use scopeform::render::palette::Palette;
use scopeform::{config, snapshot};

use super::{ODEUS_WISHES, TRUSTPAGER_WISHES, harmless, inputs, one_document, sealed, wishes};

/// A run without any other beside it.
const ALONE: history::Around<'_> = history::Around { wrote: None, undo: None };

/// Reads the bytes as a journal, prints it in every way, and works out the way back.
pub fn journal(data: &[u8]) {
    // What is no text is refused by whoever reads the file.
    let Ok(text) = std::str::from_utf8(data) else { return };
    let run = match Run::read(text) {
        Ok(run) => run,
        Err(error) => {
            let said = terminal(&error.to_string()).to_string();
            assert!(said.len() <= 16 * data.len() + 256, "{} of {}", said.len(), data.len());
            return harmless(&said);
        }
    };
    assert_eq!(run.known.len(), run.begin.operations.len());
    whole(text, &run);
    for running in [false, true] {
        told(&run, running, data.len());
    }
    back(&run);
}

/// What stands in whole lines counts, and nothing else does; a line that was read is written the same.
fn whole(text: &str, run: &Run) {
    let lines = text.rfind('\n').and_then(|at| text.get(..=at)).unwrap_or_default();
    assert_eq!(Run::read(lines).as_ref(), Ok(run), "a line that was cut counts");
    let mut written = String::new();
    for (n, line) in lines.split_inclusive('\n').enumerate() {
        let line = match n {
            0 => Line::Begin(Box::new(run.begin.clone())),
            _ => serde_json::from_str(line).unwrap(),
        };
        let again = line.text().unwrap();
        assert!(!again.contains('\n'), "{again:?}");
        assert_eq!(serde_json::from_str::<Line>(&again).unwrap(), line, "{again}");
        written.push_str(&again);
        written.push('\n');
    }
    assert_eq!(Run::read(&written).as_ref(), Ok(run), "not what was read");
    // Killed anywhere, the run is known as far as it was noted.
    let begin = lines.find('\n').map_or(0, |at| at + 1);
    let cut = begin + (lines.len() - begin) / 2;
    let Some(before) = lines.get(..cut) else { return };
    let cut = Run::read(before).unwrap();
    assert_eq!((&cut.begin, cut.known.len()), (&run.begin, run.known.len()));
}

fn told(run: &Run, running: bool, size: usize) {
    let verdict = run.verdict(running);
    assert_eq!(verdict == Verdict::Running, running);
    if let Verdict::Crashed(at) = verdict {
        assert!(at < run.known.len() && !run.is_complete(), "{at}");
    }
    if !running && run.is_complete() {
        assert_eq!(verdict, Verdict::Complete);
    }
    if verdict == Verdict::NothingWritten {
        assert!(!run.may_have_written());
    }
    let most = 16 * size + 4096;
    let bounded = |page: &str| assert!(page.len() <= most, "{} of {size}", page.len());
    for page in [
        history::text(run, running, ALONE, Palette::PLAIN),
        history::line(run, running),
        history::notice(run, running),
    ] {
        harmless(&page);
        bounded(&page);
        assert!(page.ends_with('\n'));
    }
    assert_eq!(history::line(run, running).matches('\n').count(), 1);
    let page = history::json(run, running, ALONE);
    bounded(&page);
    let document = one_document(&page);
    assert_eq!(document["operations"].as_array().unwrap().len(), run.known.len());
    assert_eq!(document["run"], run.begin.run.as_str());
    assert!(document["applied"].as_u64().unwrap() <= document["total"].as_u64().unwrap());
}

/// What is live when somebody undoes a run: what the program has written down of two workspaces.
fn live() -> &'static (odeus::state::Snapshot, trustpager::state::Snapshot) {
    static LIVE: OnceLock<(odeus::state::Snapshot, trustpager::state::Snapshot)> = OnceLock::new();
    LIVE.get_or_init(|| {
        let content = |file: &[u8]| {
            let found: snapshot::Document = serde_json::from_slice(file).unwrap();
            (found.snapshot.content, found.snapshot.workspace)
        };
        let known = snapshot::Known::default();
        let own = content(include_bytes!("../../seeds/snapshot/odeus.json"));
        let (snapshot::Content::Odeus(content_of), workspace) = own else { panic!() };
        let odeus = snapshot::odeus::restore(&content_of, &workspace, &known).unwrap();
        let own = content(include_bytes!("../../seeds/snapshot/trustpager.json"));
        let (snapshot::Content::Trustpager(content_of), workspace) = own else { panic!() };
        let trustpager = snapshot::trustpager::restore(&content_of, &workspace, &known).unwrap();
        (odeus, trustpager)
    })
}

/// Plans the way back from what the journal says was found and done.
fn back(run: &Run) {
    let (odeus, trustpager) = live();
    let applied: Vec<&PlannedOperation> = run
        .operations()
        .filter(|(_, known)| match known {
            Known::NotBegun => false,
            Known::InFlight => true,
            Known::Finished(outcome) => match outcome {
                Outcome::NotNeeded(_) => false,
                outcome => outcome.is_applied() || outcome.may_have_written(),
            },
        })
        .map(|(planned, _)| &planned.planned)
        .collect();
    let mut found = (Vec::new(), Vec::new());
    for one in &run.found {
        match one {
            Found::Odeus(one) => found.0.push(one),
            Found::Trustpager(one) => found.1.push(one),
        }
    }
    let config::Desired::Odeus(asked) = wishes(ODEUS_WISHES) else { panic!() };
    let way = odeus::inverse::inverse(&found.0, &applied, odeus, &asked, "fuzzed");
    let (plan, problems) = odeus::planner::plan(&way.desired, odeus, inputs());
    if let Some(plan) = &plan {
        let _ = odeus::inverse::unrestored(&found.0, &applied, odeus, &plan.bound, &way);
    }
    sealed(plan, &problems);
    let config::Desired::Trustpager(_) = wishes(TRUSTPAGER_WISHES) else { panic!() };
    let way = trustpager::inverse::inverse(&found.1, &applied, trustpager, ("fuzzed", &|_| true));
    let (plan, problems) = trustpager::planner::plan(&way.desired, trustpager, inputs());
    sealed(plan, &problems);
}
