//! From the command line's path to one workspace's configuration, or to diagnostics.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{Base, Source};
use super::base;
use super::exit::Exit;
use super::folder::{Folder, discover};
use super::rego::{self, Named};
use super::review::{self, Tool};
use super::stream;
use super::ui::{Failure, Ui};
use crate::config::{self, Config, Endpoint};
use crate::diag::{Diagnostics, Problem};
use crate::model::{Address, WorkspaceId, is_slip};
use crate::plan::SourceRange;
use crate::plan::policy::{Policy, Rego};
use crate::platform::provider::ProviderError;
use crate::render::diagnostic::{self, Colour};
use crate::render::marks::Marks;
use crate::render::neutral::terminal;
use crate::render::stream as lines;
use crate::source::{Origin, Origins, SourceMap};

/// How diagnostics are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// For people, on stderr.
    People,
    /// As JSON, on stdout.
    Json,
    /// As JSON lines, on stdout, one each.
    Lines,
    /// Beside their lines, on stdout: for plans that are not made.
    Tool(Tool),
    /// Not at all: they have been printed already.
    Nobody,
}

/// One workspace's configuration and the files it came from.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The files.
    pub(super) folder: Folder,
    /// What they ask for.
    pub(super) config: Config,
    /// The other workspaces that they declare.
    pub(super) others: BTreeSet<WorkspaceId>,
    /// Warnings; there is no error.
    pub(super) diagnostics: Diagnostics,
    /// The files before the change, where they are known and hold this workspace.
    pub(super) base: Option<Config>,
    /// The rules in force: those of the files before the change, where they are known, then those of the files.
    pub(super) policies: Vec<Policy>,
    /// What `--policy` names, before the change and at hand.
    pub(super) named: Named,
    /// Why nothing is sent to the endpoint yet: the files before the change name another one, or none.
    pub(super) new_endpoint: Option<String>,
}

impl Loaded {
    /// Adds what the files of an earlier revision rule: their policy, and findings that they raise. An endpoint that they
    /// do not name is not written or read until somebody allows it: whoever proposes a change must not be able to have
    /// the token sent to a place of theirs.
    ///
    /// # Errors
    /// When that revision cannot be read or is not valid.
    pub(super) fn with_base(mut self, base: &Base, ui: &Ui) -> Result<Self, Failure> {
        let Some(revision) = &base.base else { return Ok(self) };
        let before = base::config(base, &self, ui)?;
        let (endpoint, was) =
            (&self.config.endpoint, before.as_ref().map(|config| &config.endpoint));
        self.new_endpoint = match was {
            _ if base.allow_new_endpoint => None,
            Some(was) if was == endpoint => None,
            Some(was) => Some(format!("`endpoint` is {was} at {revision} and {endpoint} here")),
            None if *endpoint == Endpoint::Embedded => None,
            None => Some(format!(
                "`endpoint` is {endpoint} here, and no configuration of this workspace names one at {revision}"
            )),
        };
        if let Some(before) = before {
            self.policies.insert(0, before.policy.clone());
            self.base = Some(before);
        }
        Ok(self)
    }

    /// Adds the Rego rules of the files and folders that `--policy` names, and those that stood there at `--base`.
    ///
    /// # Errors
    /// When they cannot be read or are not valid.
    pub(super) fn with_rules(
        mut self,
        paths: &[PathBuf],
        revision: Option<&str>,
        ui: &Ui,
    ) -> Result<Self, Failure> {
        let named = Named::read(paths, (revision, &self.folder.root), ui)?;
        self.policies.extend(named.policies());
        self.named = named;
        Ok(self)
    }

    /// Returns the rules of the change before and after it, where `--base` says what was before: a change of one weakens
    /// them wherever they stand.
    pub(super) fn rules(&self) -> Option<(Policy, Policy)> {
        let before = self.base.as_ref().map(|config| config.policy.clone());
        let before = before.or_else(|| (!self.named.before.is_empty()).then(Policy::default))?;
        let Named { before: was, now } = self.named.clone();
        Some((with(before, was), with(self.config.policy.clone(), now)))
    }

    /// Adds to a failure of the live system, or on the way to it, where the files say which one is meant.
    pub(super) fn said_at(&self, mut failure: Failure, error: Option<&ProviderError>) -> Failure {
        let place = |what: &str, origin: Option<Origin>| {
            let (file, start, _) = self.folder.configs.locate(origin?)?;
            Some(format!("`{what}` is at {file}:{}:{}", start.line, start.column))
        };
        if matches!(error, Some(ProviderError::NotFound { .. })) {
            let at = self.config.origins.exact(&Address::workspace());
            failure.details.extend(place("workspace", at));
        }
        if self.config.endpoint != Endpoint::Embedded {
            failure.details.extend(place("endpoint", self.config.endpoint_at));
        }
        failure
    }

    /// Refuses an endpoint that the files before the change do not name, before anything is sent there.
    ///
    /// # Errors
    /// When nobody allowed it.
    pub(super) fn at_known_endpoint(&self) -> Result<(), Failure> {
        match &self.new_endpoint {
            None => Ok(()),
            Some(why) => Err(Failure::new(
                Exit::Error,
                format!("{why}; nothing was sent there, the token least of all"),
            )
            .help("who has reviewed the new endpoint allows it with `--allow-new-endpoint`")),
        }
    }
}

/// Adds rules to those of a policy.
fn with(mut policy: Policy, rules: Rego) -> Policy {
    for file in rules.modules.into_iter().chain(rules.data) {
        policy.rego.add(file);
    }
    policy
}

/// Reads the configuration that the command line names.
///
/// # Errors
/// When it cannot be read, is not valid (every diagnostic has been printed then), or holds another number of workspaces
/// than one and none is chosen.
pub(super) fn load(source: &Source, tell: Tell, ui: &Ui) -> Result<Loaded, Failure> {
    let path = discover(source.path.as_deref())?;
    let mut folder = Folder::read(&path, ui)?;
    let (mut configs, mut diagnostics) = folder.take_declared();
    diagnostics.append(rego::check(&configs, &folder.configs));
    if diagnostics.has_errors() {
        wrong(&diagnostics, &folder, tell, ui)?;
        return Err(Failure::said(Exit::Error));
    }
    let mut others = BTreeSet::new();
    if let Some(wanted) = &source.workspace {
        others.extend(configs.iter().map(|config| config.workspace.clone()));
        others.retain(|name| name.as_str() != wanted);
        if !matches!(tell, Tell::Nobody) {
            slips(&configs, Some(wanted), &folder, ui);
        }
        configs.retain(|config| config.workspace.as_str() == wanted);
    }
    let names: Vec<String> = configs.iter().map(|config| config.workspace.to_string()).collect();
    let mut configs = configs.into_iter();
    match (configs.next(), configs.next()) {
        (Some(config), None) => {
            let policies = vec![config.policy.clone()];
            let (base, new_endpoint, named) = (None, None, Named::default());
            Ok(Loaded { folder, config, others, diagnostics, base, policies, named, new_endpoint })
        }
        (None, _) => Err(none(&path, source, &folder)),
        (Some(_), Some(_)) => {
            let names = names.join(", ");
            Err(Failure::new(
                Exit::Error,
                format!("{} declares several workspaces: {names}", path.display()),
            )
            .help("choose one with `--workspace NAME`"))
        }
    }
}

/// Says on stderr which files name a workspace that is most likely another one mistyped: their lines would be left out of
/// the other's plan without a word. With `wanted`, of that workspace alone.
pub(super) fn slips(configs: &[Config], wanted: Option<&str>, folder: &Folder, ui: &Ui) {
    for (n, config) in configs.iter().enumerate() {
        let own = config.workspace.as_str();
        let earlier = configs.iter().take(n).map(|config| config.workspace.as_str());
        let (name, other) = match wanted {
            Some(wanted) if is_slip(own, wanted) => (own, wanted),
            Some(_) => continue,
            None => match earlier.into_iter().find(|other| is_slip(own, other)) {
                Some(other) => (own, other),
                None => continue,
            },
        };
        let origin = config.origins.exact(&Address::workspace());
        let place = origin.and_then(|origin| folder.configs.locate(origin));
        let place = place.map_or_else(String::new, |(file, start, _)| {
            format!(" ({}:{})", terminal(file), start.line)
        });
        ui.say(&format!(
            "notice: workspace `{}`{place} is another one than `{}`: what its files say is no part of the plan for that one",
            terminal(name),
            terminal(other)
        ));
    }
}

fn none(path: &Path, source: &Source, folder: &Folder) -> Failure {
    match &source.workspace {
        Some(wanted) if folder.configs.iter().next().is_some() => Failure::new(
            Exit::Error,
            format!("no file of {} declares workspace `{wanted}`", path.display()),
        ),
        _ => folder.holds_none(path),
    }
}

/// Prints the diagnostics for want of which there is no plan.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn wrong(
    diagnostics: &Diagnostics,
    folder: &Folder,
    tell: Tell,
    ui: &Ui,
) -> Result<(), Failure> {
    if let Tell::Tool(tool) = tell {
        let base = review::base(&folder.root);
        let marks = Marks::of_files("plan", diagnostics, &folder.configs, &base);
        ui.out(&tool.page(&marks, Some(Exit::Error)))?;
        // Whoever looks at the log of the job sees the same.
        return report(diagnostics, &folder.configs, Tell::People, ui);
    }
    report(diagnostics, &folder.configs, tell, ui)
}

/// Prints diagnostics where there are some.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn report(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    tell: Tell,
    ui: &Ui,
) -> Result<(), Failure> {
    let mut text = String::new();
    match tell {
        Tell::People | Tell::Tool(_) => {
            let colour = if ui.palette_err().on { Colour::Always } else { Colour::Never };
            // Writing to a String cannot fail.
            let _ = diagnostic::text(diagnostics, sources, colour, &mut text);
            if !text.is_empty() {
                ui.say(&text);
            }
        }
        Tell::Nobody => {}
        Tell::Lines => {
            for entry in diagnostic::document(diagnostics, sources).diagnostics {
                stream::say(lines::diagnostic(entry), ui)?;
            }
        }
        Tell::Json => {
            let _ = diagnostic::json(diagnostics, sources, &mut text);
            ui.out(&text)?;
        }
    }
    Ok(())
}

/// Turns problems with names into diagnostics at the lines that hold the names.
#[must_use]
pub(super) fn located(problems: &[Problem], origins: &Origins) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for problem in problems {
        let message = problem.message.clone();
        let help = problem.advice();
        let mut told = config::diagnose(origins, &problem.at, problem.code, message, help);
        for (address, text) in &problem.related {
            if let Some(origin) = origins.get(address) {
                told = told.related(origin, text);
            }
        }
        diagnostics.push(told);
    }
    diagnostics
}

/// Returns where each declared address stands, for plans.
#[must_use]
pub(super) fn source_ranges(origins: &Origins, sources: &SourceMap) -> Vec<SourceRange> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let ranges = origins.iter().filter_map(|(address, origin)| {
        let (file, start, end) = sources.locate(origin)?;
        Some(SourceRange {
            address: address.clone(),
            file: file.to_owned(),
            line: number(start.line),
            column: number(start.column),
            end_line: number(end.line),
            end_column: number(end.column),
        })
    });
    ranges.collect()
}
