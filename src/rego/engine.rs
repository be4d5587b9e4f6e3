//! The engine: how far it may go, what it says when something is wrong, and asking it one package at a time.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Once;
use std::time::Duration;

use regorus::utils::limits::{ExecutionTimerConfig, TimeSource, set_time_source};
use regorus::{Engine, LimitError, Value};

use super::offered;
use super::rules::{Definition, Purpose, Rules, purpose};
use super::said::{Entry, entries, exceptions};
use super::{Mistake, Rego};
use crate::plan::denial::Denial;

/// How many steps one rule may take. Counted and not timed, so that it is the same number on every machine.
const MOST_STEPS: u64 = 20_000_000;
/// After how many steps the engine looks whether it is allowed to go on.
const STRIDE: u32 = 1_000;

thread_local! {
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

/// The engine's clock, which is none: each look at it is one tick later than the one before.
#[derive(Debug)]
struct Looks;

impl TimeSource for Looks {
    fn now(&self) -> Option<Duration> {
        let looks = LOOKS.with(|looks| {
            looks.set(looks.get().saturating_add(1));
            looks.get()
        });
        Some(Duration::from_nanos(looks))
    }
}

static CLOCK: Looks = Looks;

/// Returns an engine without rules, that reads them as Rego v1 or v0.
pub(super) fn engine(v0: bool) -> Engine {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Nobody else in this process sets one.
        let _ = set_time_source(&CLOCK);
    });
    let mut engine = Engine::new();
    engine.set_rego_v0(v0);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: Duration::from_nanos(MOST_STEPS / u64::from(STRIDE)),
        check_interval: NonZeroU32::new(STRIDE).unwrap_or(NonZeroU32::MIN),
    });
    // For OPA a builtin that cannot do what it is asked is undefined: the rule would not hold, and nobody would notice.
    engine.set_strict_builtin_errors(true);
    // What rules print goes nowhere.
    engine.set_gather_prints(true);
    offered::add_to(&mut engine);
    engine
}

/// Returns what an error of the engine says, and where.
pub(super) fn mistake(path: &str, error: &dyn std::fmt::Display) -> Mistake {
    let text = error.to_string();
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut parts = place.unwrap_or_default().rsplitn(3, ':');
    let column = parts.next().and_then(|column| column.parse().ok()).unwrap_or(1);
    let line = parts.next().and_then(|line| line.parse().ok());
    let file = parts.next().filter(|_| line.is_some()).unwrap_or(path);
    let said = text.lines().find_map(|line| line.trim_start().strip_prefix("error: "));
    let said = said.or_else(|| text.lines().find(|line| !line.trim().is_empty()));
    Mistake {
        path: file.to_owned(),
        line: line.unwrap_or(1),
        column,
        message: said.unwrap_or("the file cannot be read").trim_end_matches([':', '.']).to_owned(),
        help: String::new(),
    }
}

/// Returns what to say of a rule that could not be answered.
fn failed(
    rule: &str,
    (path, line): (&str, u32),
    too_long: bool,
    error: &dyn std::fmt::Display,
) -> Mistake {
    if !too_long {
        return mistake(path, error);
    }
    Mistake {
        path: path.to_owned(),
        line: line as usize,
        column: 1,
        message: format!("`{rule}` needs more than {MOST_STEPS} steps for this plan"),
        help: "a rule that looks at every pair or triple of a long list does: look things up by their name instead"
            .to_owned(),
    }
}

/// Evaluates one rule, such as `data.main.deny`.
fn evaluate(engine: &mut Engine, rule: &str, place: (&str, u32)) -> Result<Value, Mistake> {
    engine.eval_rule(rule.to_owned()).map_err(|error| {
        let too_long = error.downcast_ref::<LimitError>().is_some();
        failed(rule, place, too_long, &error)
    })
}

/// Returns an engine with every file, in which the text of some definitions is left out. The engine finds imported functions
/// only by their whole path, so that is what they are called by.
fn with_files(rules: &Rules<'_>, without: &[(usize, &Definition)]) -> Result<Engine, Mistake> {
    let mut all = engine(false);
    for (at, file) in rules.files.iter().enumerate() {
        let blanks: Vec<_> = without.iter().filter(|(other, _)| *other == at).collect();
        let gone = |range: &Range<usize>| blanks.iter().any(|(_, d)| d.text.contains(&range.start));
        let mut edits: Vec<(Range<usize>, String)> =
            file.imported.iter().filter(|(range, _)| !gone(range)).cloned().collect();
        for (_, definition) in &blanks {
            // As long as before, and with the same lines, so that every place stays what it is.
            let blank = file.text.get(definition.text.clone()).unwrap_or_default().chars();
            let blank =
                blank.map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) });
            edits.push((definition.text.clone(), blank.collect()));
        }
        // From the end, so that what is before an edit stays where it is.
        edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        let mut text = file.text.to_owned();
        for (range, new) in edits {
            text.replace_range(range, &new);
        }
        all.set_rego_v0(file.v0);
        all.add_policy(file.path.to_owned(), text).map_err(|error| mistake(file.path, &error))?;
    }
    Ok(all)
}

/// Lets the engine find what it finds without a plan.
///
/// # Errors
/// The first thing that it finds.
pub(super) fn compile(rules: &Rules<'_>) -> Result<(), Mistake> {
    let ready = || -> Result<Engine, Mistake> {
        let mut engine = with_files(rules, &[])?;
        engine.set_input(Value::new_object());
        Ok(engine)
    };
    let mut engine = ready()?;
    for package in rules.packages() {
        for (name, definitions) in rules.of(package) {
            let place = place(rules, &definitions);
            match engine.eval_rule(format!("{package}.{name}")) {
                Ok(_) => {}
                // Without a plan this says nothing about the files; but who was stopped half-way is not asked again.
                Err(error) if error.downcast_ref::<LimitError>().is_some() => engine = ready()?,
                Err(error) => return Err(mistake(place.0, &error)),
            }
        }
    }
    Ok(())
}

fn place<'r>(rules: &Rules<'r>, definitions: &[(usize, &Definition)]) -> (&'r str, u32) {
    let first = definitions.first();
    let path = first.and_then(|(at, _)| rules.files.get(*at)).map_or("", |file| file.path);
    (path, first.map_or(1, |(_, definition)| definition.line))
}

/// Asks the rules of one package about a plan.
///
/// # Errors
/// When one of them cannot be answered.
pub(super) fn ask(
    rules: &Rules<'_>,
    rego: &Rego,
    package: &str,
    document: &str,
) -> Result<Vec<Denial>, Mistake> {
    let ready = |without: &[(usize, &Definition)]| -> Result<Engine, Mistake> {
        let mut engine = with_files(rules, without)?;
        for data in &rego.data {
            engine.add_data_json(&data.text).map_err(|error| Mistake {
                message: format!("the data cannot be joined with that of the other files: {error}"),
                help: "two files may not say different things under one name".to_owned(),
                ..mistake(&data.path, &"")
            })?;
        }
        engine.set_input_json(document).map_err(|error| mistake("", &error))?;
        Ok(engine)
    };
    let short = package.strip_prefix("data.").unwrap_or(package);
    let asked = rules.of(package);
    let mut engine = ready(&[])?;
    let excepted = match asked.get("exception") {
        None => Vec::new(),
        Some(definitions) => {
            let place = place(rules, definitions);
            let value = evaluate(&mut engine, &format!("{package}.exception"), place)?;
            exceptions(&value, place)?
        }
    };
    let mut said = Vec::new();
    for (name, definitions) in &asked {
        let denies = match purpose(name) {
            Some(Purpose::Deny) => true,
            Some(Purpose::Warn) => false,
            Some(Purpose::Except) | None => continue,
        };
        let first = place(rules, definitions);
        let path = format!("{package}.{name}");
        let all = entries(&evaluate(&mut engine, &path, first)?, &path, first)?;
        if all.is_empty() {
            continue;
        }
        // Which definition said what is found out by asking each without the others.
        let mut alone: Vec<(String, Vec<Entry>)> = Vec::new();
        for (at, definition) in definitions {
            let file = rules.files.get(*at).map_or("", |file| file.path);
            let place = format!("{file}:{}", definition.line);
            if definitions.len() == 1 {
                alone.push((place, all.clone()));
                continue;
            }
            let others: Vec<(usize, &Definition)> = definitions
                .iter()
                .filter(|(_, other)| !std::ptr::eq(*other, *definition))
                .copied()
                .collect();
            let found = ready(&others).and_then(|mut engine| {
                entries(&evaluate(&mut engine, &path, first)?, &path, first)
            });
            // One that does not work without the others, since it looks at what they say, has said nothing by itself.
            alone.push((place, found.unwrap_or_default()));
        }
        let excepted = denies && excepted.iter().any(|one| one == suffix(name));
        for entry in all {
            let told = alone.iter().filter(|(_, entries)| entries.contains(&entry));
            let mut places: Vec<String> = told.map(|(place, _)| place.clone()).collect();
            if places.is_empty() {
                places = alone.iter().map(|(place, _)| place.clone()).collect();
            }
            let Entry { message, address } = entry;
            let rule = format!("{short}.{name}");
            said.push(Denial { denies, rule, places, message, address, excepted });
        }
    }
    Ok(said)
}

/// Returns what an exception calls a rule: `guests` for `deny_guests`, nothing for `deny`.
fn suffix(name: &str) -> &str {
    name.split_once('_').map_or("", |(_, rest)| rest)
}
