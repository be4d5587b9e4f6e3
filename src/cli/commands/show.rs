//! `scopeform show PLAN`: print a saved plan again, in any format. Or a run that was noted.

use std::path::Path;

use crate::cli::args::{Format, Show, Source};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{data_dir, root_at_hand, root_of};
use crate::cli::gate::{Advice, Gate, Used, beyond, rules};
use crate::cli::live::Place;
use crate::cli::page::Page;
use crate::cli::reading;
use crate::cli::review;
use crate::cli::ui::{Failure, Ui, shown};
use crate::diag::Diagnostics;
use crate::render::given::Given;
use crate::render::neutral::terminal;
use crate::seal::approval::{missing, people};
use crate::seal::{SealedPlan, document, for_this};
use crate::source::SourceMap;

/// Prints a saved plan, which always works, also when the plan has become stale; or a run.
pub(in crate::cli) fn run(args: &Show, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    if args.last || args.runs || args.run.is_some() {
        return super::history::run(args, env, ui);
    }
    if args.workspace.is_some() {
        return Err(Failure::new(Exit::Usage, "`--workspace` goes with `--last` or `--runs`"));
    }
    let Some(file) = &args.path else {
        return Err(Failure::new(Exit::Usage, "name a saved PLAN, or ask for `--last`"));
    };
    super::plan::formats(&args.output)?;
    let tells = matches!(args.output.format(), Format::Text | Format::Markdown);
    if !tells && !args.approval.is_empty() {
        let message = "`--approval` is for `--format text` and `--format markdown`";
        return Err(Failure::new(Exit::Usage, message));
    }
    let sealed = read(file)?;
    for_this(&sealed, &args.accept)
        .map_err(|why| super::apply::refusal(&why, sealed.digest(), ""))?;
    if let Some(tool) = args.output.format().tool() {
        let folder = root_at_hand(args.config.as_deref(), env);
        let base = folder.as_deref().map(review::base).unwrap_or_default();
        let page = Page::of(&sealed, &args.output, "").accepting(&args.accept);
        let marks = page.marks((&Diagnostics::new(), &SourceMap::new()), &base);
        ui.out(&tool.page(&marks, Some(Exit::Done)))?;
        return Ok(Exit::Done);
    }
    let source = Source { path: args.config.clone(), workspace: None };
    let mut apply_with = super::plan::apply_saved(file, &source);
    // Apply would find no control plane to carry it out on, as it says.
    let embedded = Place::of(&sealed.plan().bound.endpoint).is_embedded();
    if embedded && root_at_hand(args.config.as_deref(), env).is_none() {
        apply_with.push_str(" --config FOLDER");
    }
    let given = if tells { given(&sealed, file, args, env, ui)? } else { None };
    let page = Page::of(&sealed, &args.output, &apply_with);
    page.approved(given.as_ref()).accepting(&args.accept).print(ui)?;
    Ok(Exit::Done)
}

/// Returns what the approvals named and found beside a plan are worth; `None` where there are none. Says why one does not
/// count, and what the rules at hand ask for beyond those that the plan carries: `apply` will.
fn given(
    sealed: &SealedPlan,
    file: &Path,
    args: &Show,
    env: &Env,
    ui: &Ui,
) -> Result<Option<Given>, Failure> {
    let root = root_at_hand(args.config.as_deref(), env);
    let used = match &root {
        Some(root) => Used::read(&data_dir(&root_of(root), env))?,
        None => Used::default(),
    };
    let advice = Advice::Saved(file.to_owned(), String::new());
    let gate = Gate::open(sealed, &args.approval, advice, &used, clock::today())?;
    let approvals = gate.approvals();
    for line in gate.uncounted(sealed) {
        ui.say(&format!("notice: {}", terminal(&line)));
    }
    if let Some(root) = &root {
        let more = beyond(sealed, &approvals, root, ui);
        if !more.is_empty() {
            ui.say(&format!(
                "notice: the rules in {} ask for more than the plan carries: {}",
                shown(root),
                terminal(&more.join("; "))
            ));
        }
    }
    if gate.found.is_empty() {
        return Ok(None);
    }
    let open = missing(sealed, &approvals).into_iter().map(|open| open.requirement.rule);
    let by = rules(sealed).flat_map(|rules| people(rules, &approvals));
    Ok(Some(Given { by: by.collect(), open: open.collect() }))
}

/// Reads a plan file and refuses one that is not exactly as it was written.
pub(super) fn read(file: &Path) -> Result<SealedPlan, Failure> {
    let bytes = reading::or_pipe(file, reading::DOCUMENT).map_err(|why| {
        Failure::new(Exit::Error, format!("cannot read the plan {}: {why}", file.display()))
    })?;
    document::read(&bytes).map_err(|error| {
        Failure::new(Exit::Error, format!("{}: {error}", file.display()))
            .help("make the plan again with `scopeform plan --out FILE`")
    })
}
