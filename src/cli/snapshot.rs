//! Snapshot files on their way to `plan`: who may sign one, how old it may be, and whose names the files know.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::SignedDuration;

use super::args::{Age, Offline};
use super::base;
use super::clock;
use super::exit::Exit;
use super::gate::signature_of;
use super::product::Product;
use super::reading;
use super::ui::{Failure, Ui};
use super::workspace::Loaded;
use crate::config::Config;
use crate::plan::FromSnapshot;
use crate::plan::policy::Signer;
use crate::platform::provider::Reading;
use crate::rego;
use crate::seal::signers;
use crate::snapshot::{self, Known, Names, Taken};

/// How far the clock that a snapshot was taken by may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The most names that are looked for in a snapshot: a minute of one core. Whoever proposes a change writes them.
const MOST_LOOKUPS: usize = 2_000;

/// So many names take seconds, so that it is said why nothing else is.
const MANY_LOOKUPS: usize = 100;

/// How many of the places are named where too many names are written.
const SOURCES_SHOWN: usize = 3;

/// A snapshot file that may be planned from.
#[derive(Debug)]
pub(super) struct Opened {
    /// What it holds.
    pub(super) taken: Taken,
    /// What a plan says about it.
    pub(super) from: FromSnapshot,
}

/// An allowed-signers file.
#[derive(Debug)]
pub(super) struct Allowed {
    /// What messages call it.
    pub(super) file: String,
    /// Every key in it.
    pub(super) signers: Vec<Signer>,
}

/// Reads the snapshot that the command line names. Who signed it is asked before anything in it is looked at.
///
/// # Errors
/// When nobody vouches for it, it is damaged, of another workspace, or too old.
pub(super) fn open(
    args: &Offline,
    revision: Option<&str>,
    loaded: &Loaded,
    ui: &Ui,
) -> Result<Opened, Failure> {
    let Some(file) = &args.snapshot else {
        return Err(Failure::new(Exit::Bug, "no snapshot is named; this is a bug"));
    };
    let bytes = bytes_of(file)?;
    let signed_by = if args.allow_unsigned {
        BTreeSet::new()
    } else {
        let allowed = allowed(args, revision, loaded, ui)?;
        signed_by(file, &bytes, &allowed)?
    };
    let (taken, digest) = parse(file, &bytes)?;
    same_place(file, &taken, &loaded.config)?;
    fresh(file, &taken, args.max_age)?;
    let from = FromSnapshot { taken: taken.taken, digest: digest.as_str().to_owned(), signed_by };
    Ok(Opened { taken, from })
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Failure> {
    reading::or_pipe(file, reading::DOCUMENT).map_err(|why| {
        Failure::new(Exit::Error, format!("cannot read the snapshot {}: {why}", file.display()))
    })
}

fn parse(file: &Path, bytes: &[u8]) -> Result<(Taken, crate::seal::Digest), Failure> {
    snapshot::read(bytes).map_err(|error| {
        Failure::new(Exit::Error, format!("{}: {error}", file.display()))
            .help("take it again with `scopeform snapshot --out FILE --key KEY`")
    })
}

fn signed_by(file: &Path, bytes: &[u8], allowed: &Allowed) -> Result<BTreeSet<String>, Failure> {
    let beside = signature_of(file);
    let signature = reading::or_pipe(&beside, reading::STATEMENT).map_err(|why| {
        if why.is_missing() {
            let message = format!("{} is not signed: there is no {}", file.display(), beside.display());
            return Failure::new(Exit::Error, message).help("`scopeform snapshot --key KEY` signs; `--allow-unsigned` plans from a file that anybody may have made up");
        }
        Failure::new(Exit::Error, format!("cannot read {}: {why}", beside.display()))
    })?;
    let today = clock::today();
    snapshot::vouched(bytes, &signature, &allowed.signers, &allowed.file, today).map_err(|why| {
        Failure::new(Exit::Error, format!("{} is not trusted: {why}", file.display())).help(
            format!(
                "a key that may sign snapshots has a line in `{}`: PRINCIPAL namespaces=\"{}\" TYPE BASE64",
                allowed.file,
                snapshot::NAMESPACE
            ),
        )
    })
}

/// Returns the keys of those who may sign: of the file that the command line names, else of the one that the files before
/// the change name, else of the one that the files at hand name.
fn allowed(
    args: &Offline,
    revision: Option<&str>,
    loaded: &Loaded,
    ui: &Ui,
) -> Result<Allowed, Failure> {
    let nobody = |which: String| {
        Failure::new(Exit::Error, format!("{which} name nobody who may sign snapshots")).help(
            "`--signers FILE` names an allowed-signers file; `approvals.signers` of the files does too",
        )
    };
    if let Some(file) = &args.signers {
        let name = file.display().to_string();
        let text = reading::or_pipe(file, reading::STATEMENT)
            .map_err(|why| Failure::new(Exit::Error, format!("cannot read {name}: {why}")))?;
        return keys(name, &text);
    }
    let Some(revision) = revision else {
        let found = at_hand(loaded)?.ok_or_else(|| nobody("the files".to_owned()))?;
        ui.say(&format!(
            "notice: who may sign is taken from `{}` of the files at hand; for somebody else's change give `--base REV` or `--signers FILE`",
            found.file
        ));
        return Ok(found);
    };
    let missing = || nobody(format!("the files at {revision}"));
    let rules = loaded.base.as_ref().and_then(|base| base.policy.approvals.as_ref());
    let name = &rules.ok_or_else(missing)?.signers_file;
    let text = base::file(revision, &loaded.folder.root, name)?.ok_or_else(missing)?;
    keys(format!("{name} at {revision}"), &text)
}

/// Returns the keys of the allowed-signers file that the files at hand name; `None` when they name none.
///
/// # Errors
/// When the file is not valid.
pub(super) fn at_hand(loaded: &Loaded) -> Result<Option<Allowed>, Failure> {
    let Some(rules) = &loaded.config.policy.approvals else { return Ok(None) };
    let name = &rules.signers_file;
    let Some((_, source)) = loaded.folder.configs.beside(name) else { return Ok(None) };
    keys(name.clone(), source.text().as_bytes()).map(Some)
}

fn keys(file: String, bytes: &[u8]) -> Result<Allowed, Failure> {
    let text = String::from_utf8_lossy(bytes);
    let (signers, mistakes) = signers::parse(&text);
    if let Some((place, mistake)) = mistakes.first() {
        let line = text.get(..place.start).unwrap_or_default().matches('\n').count() + 1;
        return Err(
            Failure::new(Exit::Error, format!("{file}:{line}: {mistake}")).help(mistake.help())
        );
    }
    Ok(Allowed { file, signers: signers.into_iter().map(|(_, signer)| signer).collect() })
}

fn same_place(file: &Path, taken: &Taken, config: &Config) -> Result<(), Failure> {
    let (platform, workspace) = (config.desired.kind().to_string(), config.workspace.to_string());
    for (what, of, wanted) in [
        ("platform", taken.platform.to_string(), platform),
        ("workspace", taken.workspace.to_string(), workspace),
        ("endpoint", taken.endpoint.clone(), config.endpoint.to_string()),
    ] {
        if of != wanted {
            let message =
                format!("{} is of {what} `{of}`, the files are for `{wanted}`", file.display());
            return Err(Failure::new(Exit::Error, message)
                .help("take a snapshot of the workspace that the files name"));
        }
    }
    Ok(())
}

fn fresh(file: &Path, taken: &Taken, most: Age) -> Result<(), Failure> {
    let age = clock::now().duration_since(taken.taken);
    if age < -AHEAD {
        let message =
            format!("{} was taken at {}, which is yet to come", file.display(), taken.taken);
        return Err(Failure::new(Exit::Error, message).help("set the clocks"));
    }
    if age > SignedDuration::from_hours(i64::from(most.hours)) {
        let message = format!(
            "{} was taken at {}, longer ago than {most}; nothing was planned",
            file.display(),
            taken.taken
        );
        return Err(Failure::new(Exit::Stale, message)
            .help("take it again, or allow it with `--max-age AGE`"));
    }
    Ok(())
}

/// The names that the files and the rules in force write, those before the change included: whoever has these knows them
/// already, and rules judge people, clients and keys by them, and by labels.
#[derive(Debug, Default)]
struct Written {
    names: Names,
    /// How many of them were first read where.
    from: BTreeMap<String, usize>,
}

impl Written {
    fn of<P: Product>(loaded: &Loaded) -> Self {
        let mut all = Self::default();
        for config in std::iter::once(&loaded.config).chain(&loaded.base) {
            all.read("the configuration", |names| {
                P::desired(config)
                    .into_iter()
                    .for_each(|desired| names.extend(P::written(desired)));
            });
            let mut labels = config.labels.values().flat_map(|of| of.values());
            all.read("labels", |names| labels.by_ref().for_each(|text| names.read_text(text)));
        }
        for policy in &loaded.policies {
            all.read("the configuration", |names| {
                policy.protect.iter().for_each(|rule| names.read_address(&rule.address));
            });
            for file in rego::texts(&policy.rego) {
                let read = if file.is_data { Names::read_data } else { Names::read_text };
                all.read(file.path, |names| file.texts.iter().for_each(|text| read(names, text)));
            }
        }
        all
    }

    fn read(&mut self, from: &str, read: impl FnOnce(&mut Names)) {
        let before = self.names.lookups();
        read(&mut self.names);
        *self.from.entry(from.to_owned()).or_default() += self.names.lookups() - before;
    }

    /// Returns the names, and says so when looking for them takes a while.
    ///
    /// # Errors
    /// When they are more than are looked for.
    fn bounded(self, ui: &Ui) -> Result<Names, Failure> {
        let lookups = self.names.lookups();
        if lookups > MOST_LOOKUPS {
            let mut from: Vec<(String, usize)> = self.from.into_iter().collect();
            from.sort_by_key(|(_, names)| Reverse(*names));
            let shown = from.iter().take(SOURCES_SHOWN).filter(|(_, names)| *names > 0);
            let shown: Vec<String> =
                shown.map(|(from, names)| format!("{names} in {from}")).collect();
            let message = format!(
                "{lookups} names would have to be looked up in the snapshot, and at most {MOST_LOOKUPS} are; most are written here: {}",
                shown.join(", ")
            );
            return Err(Failure::new(Exit::Error, message).help(
                "mail addresses, words with a dot, and single words in data may be names; keep what is none out of labels and rules, or plan with credentials",
            ));
        }
        if lookups >= MANY_LOOKUPS {
            ui.say(&format!("notice: looking up {lookups} names in the snapshot"));
        }
        Ok(self.names)
    }
}

/// Returns the workspace of a snapshot, with the names that the files write.
///
/// # Errors
/// When its pseudonyms cannot be made again, or the files write one of them, or more names than are looked for.
pub(super) fn restore<P: Product>(
    taken: &Taken,
    loaded: &Loaded,
    ui: &Ui,
) -> Result<Reading<P::Snapshot>, Failure> {
    let book = taken
        .pseudonyms
        .book(&Written::of::<P>(loaded).bounded(ui)?)
        .map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
    let restored = P::restore(&taken.content, &taken.workspace, &Known::from(book));
    let restored = restored.map_err(|impostor| {
        Failure::new(Exit::Error, impostor.to_string())
            .help("write the name that the live system has")
    })?;
    let snapshot = restored.ok_or_else(|| {
        Failure::new(Exit::Bug, "the snapshot is of another platform; this is a bug")
    })?;
    Ok(Reading { snapshot, calls: taken.reads })
}

/// Returns what is live with the names that a plan from `file` shows. Nothing else of the file counts, so nobody is asked
/// who signed it.
///
/// # Errors
/// When the file is no snapshot of this workspace.
pub(super) fn as_in<P: Product>(
    file: &Path,
    live: &P::Snapshot,
    loaded: &Loaded,
    ui: &Ui,
) -> Result<P::Snapshot, Failure> {
    let (taken, _) = parse(file, &bytes_of(file)?)?;
    same_place(file, &taken, &loaded.config)?;
    let book = taken
        .pseudonyms
        .book(&P::names(live))
        .map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
    let content =
        P::redact(live, &book).map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    Ok(restore::<P>(&Taken { content, ..taken }, loaded, ui)?.snapshot)
}
