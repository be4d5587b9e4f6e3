//! Approvals on their way to `apply`: which files there are, what each is worth, and what to say when some are missing.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::args::Base;
use super::exit::Exit;
use super::folder::{Folder, make_data_dir};
use super::reading::{self, Unread};
use super::spent;
use super::ui::{Failure, Ui};
use super::workspace::{Tell, report};
use crate::plan::policy::{Approvals, Policy};
use crate::render::neutral::terminal;
use crate::seal::SealedPlan;
use crate::seal::approval::{self as seal, Approval, Fault, Missing, lacking};

/// An approval's file, and the approval or why it is none.
#[derive(Debug)]
pub(super) struct Found {
    /// The statement; its signature is beside it.
    pub(super) file: PathBuf,
    /// What it is worth.
    pub(super) verdict: Result<Approval, Fault>,
}

/// What one run of `apply` has of approvals, and how more could be given.
#[derive(Debug)]
pub(super) struct Gate {
    /// The approvals named and found.
    pub(super) found: Vec<Found>,
    /// Those of them that are good and were used for a complete apply of this plan.
    spent: Vec<Approval>,
    /// What to do about a missing one, from the name of somebody who could give it.
    pub(super) advice: Advice,
}

/// How a missing approval can be given.
#[derive(Debug)]
pub(super) enum Advice {
    /// To the saved plan in this file, with these flags: where the rules stand that the plan does not carry.
    Saved(PathBuf, String),
    /// To a plan that must be saved first: with this `scopeform plan` command.
    Files(String),
    /// To a plan of files that say to revoke the token, saved with this `scopeform plan` command.
    Revoke(String),
}

impl Gate {
    /// Looks at the approvals of a plan: those named and, with a saved plan, those beside it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn open(
        sealed: &SealedPlan,
        named: &[PathBuf],
        advice: Advice,
        used: &Used,
        today: Date,
    ) -> Result<Self, Failure> {
        let mut files = named.to_vec();
        if let Advice::Saved(plan, _) = &advice {
            files.extend(beside(plan)?);
        }
        files.sort();
        files.dedup();
        let (mut found, mut spent) = (Vec::new(), Vec::new());
        for file in files {
            let verdict = match look(&file, sealed, today) {
                Ok(verdict) => verdict,
                // Whoever names a file means it; what only stands there stops nobody.
                Err(unread) if named.contains(&file) => return Err(unread.failure()),
                Err(unread) => Err(unread.fault()),
            };
            let verdict = verdict.and_then(|approval| match used.on(&approval) {
                Some(date) => {
                    let fault = Fault::Used(date.to_owned());
                    spent.push(approval);
                    Err(fault)
                }
                None => Ok(approval),
            });
            found.push(Found { file, verdict });
        }
        Ok(Self { found, spent, advice })
    }

    /// Returns the approvals that are good.
    pub(super) fn approvals(&self) -> Vec<Approval> {
        self.found.iter().filter_map(|found| found.verdict.clone().ok()).collect()
    }

    /// Says of each approval that does not count why, a line each.
    pub(super) fn uncounted<'g>(
        &'g self,
        sealed: &'g SealedPlan,
    ) -> impl Iterator<Item = String> + 'g {
        self.found.iter().flat_map(|found| {
            let name = found.file.display();
            let faults = faults(found, sealed).into_iter();
            faults.map(move |fault| format!("{name} does not count: {fault}"))
        })
    }

    /// Says which approvals are missing, why those that are there do not count, and how to give one (exit code 5).
    pub(super) fn missing(&self, sealed: &SealedPlan, missing: &[Missing]) -> Failure {
        let mut details: Vec<String> = missing.iter().map(open_rule).collect();
        details.extend(self.uncounted(sealed));
        let anybody = missing.iter().find_map(|open| open.could.first());
        let by = anybody.map_or_else(String::new, |name| format!(" --as {name}"));
        let help = match &self.advice {
            Advice::Saved(plan, rules) => {
                let plan = plan.display();
                format!("`scopeform approve {plan} --key FILE{by}{rules}`, then apply again")
            }
            Advice::Files(command) | Advice::Revoke(command) => format!(
                "`{command} --out PLAN`, `scopeform approve PLAN --key FILE{by}`, then `scopeform apply PLAN`"
            ),
        };
        let help = match &self.advice {
            Advice::Revoke(_) => {
                format!("write the token under `tokens: {{revoke: [...]}}`; then {help}")
            }
            Advice::Saved(..) | Advice::Files(_) => help,
        };
        let all: Vec<Approval> = self.approvals().into_iter().chain(self.spent.clone()).collect();
        if !self.spent.is_empty() && seal::missing(sealed, &all).is_empty() {
            let message = "this plan has been applied completely, which used its approvals up; nothing was done";
            return Failure::new(Exit::NotApproved, message).details(details).help(format!(
                "`scopeform plan` shows whether anything is left to do; to apply the same plan once more: {help}"
            ));
        }
        Failure::new(Exit::NotApproved, format!("{}; nothing was done", lacking(missing)))
            .details(details)
            .help(help)
    }
}

/// A statement or a signature that cannot be read.
struct Unreadable {
    what: &'static str,
    file: PathBuf,
    why: Unread,
}

impl Unreadable {
    fn failure(&self) -> Failure {
        let Self { what: _, file, why } = self;
        let message = format!("cannot read the approval {}: {why}", file.display());
        Failure::new(Exit::Error, message)
    }

    fn fault(&self) -> Fault {
        Fault::Unreadable { what: self.what, why: self.why.to_string() }
    }
}

/// Returns what an approval is worth by itself, before anybody asks whose key it is.
///
/// # Errors
/// When it or its signature cannot be read, or is no regular file: reading a pipe would wait for whoever writes to it.
fn look(
    file: &Path,
    sealed: &SealedPlan,
    today: Date,
) -> Result<Result<Approval, Fault>, Unreadable> {
    let read = |what: &'static str, file: PathBuf| {
        let bytes = reading::regular(&file, reading::STATEMENT);
        bytes.map_err(|why| Unreadable { what, file, why })
    };
    let statement = read("it", file.to_owned())?;
    match read("its signature", signature_of(file)) {
        Ok(signature) => Ok(Approval::check(&statement, &signature, sealed, today)),
        Err(unread) if unread.why.is_missing() => Ok(Err(Fault::NoSignature)),
        Err(unread) => Err(unread),
    }
}

/// Returns the rules of the files at hand that these approvals leave open and that a saved plan does not carry. Files that
/// cannot be read or are not valid keep nobody from looking at a plan: `apply` refuses them.
pub(super) fn beyond(
    sealed: &SealedPlan,
    approvals: &[Approval],
    root: &Path,
    ui: &Ui,
) -> Vec<String> {
    let Ok(folder) = Folder::read(root, ui) else { return Vec::new() };
    let bound = &sealed.plan().bound;
    let ours = folder.declared().0.iter().find(|config| {
        config.workspace == bound.workspace && config.desired.kind() == bound.platform
    });
    let Some(config) = ours else { return Vec::new() };
    let carried = seal::missing(sealed, approvals);
    let all = seal::missing(&sealed.clone().under(config.policy.clone()), approvals);
    all.iter().filter(|open| !carried.contains(open)).map(open_rule).collect()
}

fn open_rule(open: &Missing) -> String {
    let rule = &open.requirement.rule;
    let list =
        |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut line = format!("{} needs {} of {}", rule.when.name(), rule.need, list(&rule.of));
    if !open.have.is_empty() {
        line.push_str(&format!("; has {}", list(&open.have)));
    }
    line.push_str(&format!(" ({})", open.requirement.why(3)));
    line
}

/// Returns why an approval does not count, once for each reason.
fn faults(found: &Found, sealed: &SealedPlan) -> Vec<Fault> {
    match &found.verdict {
        Err(fault) => vec![fault.clone()],
        Ok(approval) => {
            let rules = sealed.policies().filter_map(|policy| policy.approvals.as_ref());
            let mut faults: Vec<Fault> = rules.filter_map(|r| approval.counts(r).err()).collect();
            faults.dedup();
            faults
        }
    }
}

/// Returns every set of rules about approvals in force over a plan.
pub(super) fn rules(sealed: &SealedPlan) -> impl Iterator<Item = &Approvals> {
    sealed.policies().filter_map(|policy| policy.approvals.as_ref())
}

/// Returns where the signature of a statement stands.
pub(super) fn signature_of(statement: &Path) -> PathBuf {
    let mut name = statement.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Returns where the approval of a person is written: beside the plan.
pub(super) fn statement_of(plan: &Path, by: &str) -> PathBuf {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '_' | '+' | '-');
    let by: String = by.chars().map(|c| if legal(c) { c } else { '_' }).collect();
    let mut name = plan.as_os_str().to_owned();
    name.push(format!(".{by}.approval"));
    PathBuf::from(name)
}

/// Returns `PLAN.*.approval` in the plan's folder.
fn beside(plan: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = plan.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!("{}.", plan.file_name().unwrap_or_default().to_string_lossy());
    let entries = fs::read_dir(folder).map_err(|error| {
        Failure::new(Exit::Error, format!("cannot read the folder {}: {error}", folder.display()))
    })?;
    let ours = entries.flatten().map(|entry| entry.file_name()).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with(&prefix) && name.ends_with(".approval")
    });
    Ok(ours.map(|name| plan.with_file_name(name)).collect())
}

/// Returns whether a folder holds a valid configuration of any workspace.
pub(super) fn declares(folder: &Folder) -> bool {
    !folder.workspaces().is_empty()
}

/// Returns the rules of the files at hand for the workspace of a saved plan: a plan that was made without them does not
/// get around them.
///
/// # Errors
/// When the files are not valid, so that their rules are not known, or declare nothing of the workspace: its rules, its
/// secrets and its data are elsewhere then.
pub(super) fn at_hand(folder: &Folder, sealed: &SealedPlan, ui: &Ui) -> Result<Policy, Failure> {
    let (configs, diagnostics) = folder.declared();
    if diagnostics.has_errors() {
        report(diagnostics, &folder.configs, Tell::People, ui)?;
        return Err(Failure::new(
            Exit::Error,
            format!(
                "the configuration in {} is not valid, so its rules are not known; nothing was done",
                folder.root.display()
            ),
        ));
    }
    let workspace = &sealed.plan().bound.workspace;
    let declared: BTreeSet<String> =
        configs.iter().map(|config| format!("`{}`", config.workspace)).collect();
    let help = "name the configuration folder that the plan was made from with `--config FOLDER`";
    let planned = sealed.plan().bound.platform;
    let ours = configs.iter().find(|config| config.workspace == *workspace);
    if let Some(here) = ours.map(|config| config.desired.kind()).filter(|k| *k != planned) {
        let message = format!(
            "the plan is for platform `{}`, and {} has workspace `{workspace}` on `{}`; nothing was sent and nothing was done",
            planned.name(),
            folder.root.display(),
            here.name()
        );
        return Err(Failure::new(Exit::Error, message).help(help));
    }
    if let Some(config) = ours {
        let (planned, here) = (&sealed.plan().bound.endpoint, config.endpoint.to_string());
        if here != *planned {
            let message = format!(
                "the plan is for {}, and {} has workspace `{workspace}` at {here}; nothing was sent and nothing was done",
                terminal(planned),
                folder.root.display()
            );
            return Err(Failure::new(Exit::Error, message).help(help));
        }
    }
    ours.map(|config| config.policy.clone()).ok_or_else(|| {
        let names = declared.into_iter().collect::<Vec<_>>().join(", ");
        let names = if names.is_empty() { "no workspace".to_owned() } else { names };
        let root = folder.root.display();
        let message = format!(
            "the plan is for workspace `{workspace}`, and {root} declares {names}; nothing was done"
        );
        Failure::new(Exit::Error, message).help(help)
    })
}

/// Returns the flags, each with a space before it, that add these rules to a plan's own.
pub(super) fn with_rules(config: Option<&Path>, base: &Base) -> String {
    let mut flags = config.map_or_else(String::new, |c| format!(" --config {}", c.display()));
    if let Some(revision) = &base.base {
        flags.push_str(&format!(" --base {revision}"));
    }
    if base.new_workspace {
        flags.push_str(" --new-workspace");
    }
    if base.allow_new_endpoint {
        flags.push_str(" --allow-new-endpoint");
    }
    flags
}

/// Which approvals have been used: `approvals-used` in the data folder, one line for each.
#[derive(Debug, Default)]
pub(super) struct Used {
    text: String,
    /// Approvals of runs that are over without a note here, each with a date.
    over: Vec<(String, String)>,
}

impl Used {
    /// Reads the record; without one nothing has been used.
    ///
    /// # Errors
    /// When it is there and cannot be read: what is not known may not be passed over.
    pub(super) fn read(data: &Path) -> Result<Self, Failure> {
        let file = data.join(USED);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            // A folder that cannot be one is refused by whoever needs it, with what to do.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                String::new()
            }
            Err(error) => return Err(cannot("read", &file, &error)),
        };
        Ok(Self { text, over: spent::over(data)? })
    }

    /// Returns the day on which an approval was used.
    fn on(&self, approval: &Approval) -> Option<&str> {
        let noted = self.text.lines().find_map(|line| {
            let (rest, id) = line.rsplit_once(' ')?;
            (id == approval.id().as_str()).then(|| rest.split(' ').next())?
        });
        let over = || self.over.iter().find(|(id, _)| id == approval.id().as_str());
        noted.or_else(|| over().map(|(_, date)| date.as_str()))
    }

    /// Opens the record for one more use, before anything is done: what cannot be remembered is not begun.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn ready(data: &Path) -> Result<fs::File, Failure> {
        make_data_dir(data)?;
        let file = data.join(USED);
        let open = fs::OpenOptions::new().create(true).append(true).open(&file);
        open.map_err(|error| cannot("write", &file, &error))
    }
}

/// Remembers that approvals have been used: date, digest of the plan, who, SHA-256 of the statement.
///
/// # Errors
/// When it cannot be written.
pub(super) fn record(
    mut file: fs::File,
    approvals: &[Approval],
    today: Date,
) -> Result<(), Failure> {
    use std::io::Write as _;
    let lines: String = approvals
        .iter()
        .map(|approval| {
            let said = approval.statement();
            format!("{today} {} {} {}\n", said.digest, said.by, approval.id())
        })
        .collect();
    let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        Failure::new(
            Exit::Error,
            format!(
                "the plan was applied, and that its approvals are used cannot be written: {error}"
            ),
        )
    })
}

/// The name of the record.
pub(super) const USED: &str = "approvals-used";

/// Says that the record cannot be read or written.
pub(super) fn cannot(what: &str, file: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Error,
        format!("cannot {what} the record of used approvals {}: {error}", file.display()),
    )
}
