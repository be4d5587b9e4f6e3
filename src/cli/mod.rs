//! The command line: the only place with files, environment, terminal and clock.
//!
//! ```text
//! args -> commands/NAME -> Exit        stdout is the result, stderr the conversation
//!   folder, workspace   which files, and what they say
//!   journal             what apply does, noted before and after
//!   live                the control plane behind them
//!   secret, env, clock  what else comes from outside
//!   page                a plan in the format asked for
//!   review, stream      stdout for review tools, and for programs that watch an apply
//! ```

pub mod args;
mod base;
mod budget;
mod clock;
mod commands;
mod env;
pub mod exit;
mod folder;
mod gate;
mod git;
mod journal;
mod keygen;
mod live;
mod page;
mod product;
mod reading;
mod rego;
mod review;
mod secret;
mod signal;
mod snapshot;
mod spent;
mod stream;
mod ui;
mod workspace;
mod world;

use std::ffi::OsString;

use clap::Parser as _;

use args::{Cli, Command};
use env::Env;
use exit::Exit;
use review::Tool;
use ui::{Failure, Ui};

/// Runs the program with these arguments and returns how it ends. Everything that has to be said has been said.
pub fn run(args: impl Iterator<Item = OsString>) -> Exit {
    let args = args::normalise(args);
    let reader = Reader::of(&args);
    guard(reader, || obey(args, reader))
}

/// Does `work`. A panic in it is a bug of ours, which scripts must never mistake for drift or for a mistake of theirs:
/// it ends with [`Exit::Bug`], and says so after what the panic itself has said.
pub fn guard(reader: Reader, work: impl FnOnce() -> Exit) -> Exit {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let failure = Failure::new(Exit::Bug, "this is a bug of scopeform, not a mistake of yours")
            .help("report it with the lines above; before anything else, `scopeform plan` shows what is live and what is left to do");
        tell(&failure, reader, &Ui::new(true, false, false, &Env::default()))
    })
}

fn obey(args: Vec<OsString>, reader: Reader) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, reader),
    };
    let env = Env::read();
    let global = &cli.global;
    let ui = Ui::new(global.no_color, global.input, global.verbose, &env);
    match dispatch(&cli, &env, &ui) {
        Ok(exit) => exit,
        Err(failure) => tell(&failure, reader, &ui),
    }
}

/// Says why the program ends, also to a program that reads it.
fn tell(failure: &Failure, reader: Reader, ui: &Ui) -> Exit {
    tell_program(failure, reader, ui);
    let text = failure.text();
    if !text.is_empty() {
        ui.say(&text);
    }
    failure.exit
}

fn tell_program(failure: &Failure, reader: Reader, ui: &Ui) {
    // What has been said already is the result; a stream ends with its last line all the same.
    let said = failure.message.is_empty();
    let page = match reader {
        Reader::Lines => return stream::failed(failure, ui),
        Reader::Json if !said => commands::error_document(failure),
        Reader::Tool(tool) if !said => tool.failure(failure),
        Reader::Json | Reader::Tool(_) | Reader::Person => return,
    };
    // There is nobody left to tell when the stream is gone.
    let _ = ui.out(&page);
}

/// Who reads stdout, and so how errors are told there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person, who reads stderr too.
    Person,
    /// A program that wants one JSON document.
    Json,
    /// A program that wants JSON lines.
    Lines,
    /// A tool that shows marks beside lines.
    Tool(Tool),
}

impl Reader {
    /// Returns who is meant, also where the rest of the command line makes no sense.
    fn of(args: &[OsString]) -> Self {
        let literal = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
        let flags = args.get(..literal).unwrap_or(args);
        let given = |flag: &str| flags.iter().any(|arg| arg == flag);
        let follows = flags.array_windows::<2>().filter(|[name, _]| name == "--format");
        let after = follows.filter_map(|[_, value]| value.to_str());
        let joined = flags.iter().filter_map(|arg| arg.to_str()?.strip_prefix("--format="));
        let format = after.chain(joined).last().unwrap_or_default();
        if given("--json-lines") {
            Self::Lines
        } else if given("--json") || format == "json" {
            Self::Json
        } else {
            Tool::from_name(format).map_or(Self::Person, Self::Tool)
        }
    }
}

/// Prints what clap has to say. Help and version are results; everything else is a usage error.
fn usage(error: &clap::Error, reader: Reader) -> Exit {
    use clap::error::ErrorKind;
    let is_result = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    // There is nobody left to tell when the stream is gone.
    let _ = error.print();
    if is_result {
        return Exit::Done;
    }
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let failure = Failure::new(Exit::Usage, first);
    let ui = Ui::new(true, false, false, &Env::default());
    tell_program(&failure, reader, &ui);
    Exit::Usage
}

fn dispatch(cli: &Cli, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    env.check()?;
    if let Some(folder) = &cli.global.chdir {
        std::env::set_current_dir(folder).map_err(|error| {
            Failure::new(Exit::Error, format!("cannot change to {}: {error}", folder.display()))
        })?;
    }
    match &cli.command {
        Command::Init(args) => commands::init::run(args, ui),
        Command::Validate(args) => commands::validate::run(args, ui),
        // Without a runtime: nothing that could open a socket is even started.
        Command::Plan(args) if args.from.snapshot.is_some() => {
            commands::plan::run_from_snapshot(args, ui)
        }
        Command::Snapshot(args) => block_on(commands::snapshot::run(args, env, ui)),
        Command::Plan(args) => block_on(commands::plan::run(args, env, ui)),
        Command::Show(args) => commands::show::run(args, env, ui),
        Command::Approve(args) => commands::approve::run(args, env, ui),
        Command::Undo(args) => block_on(commands::undo::run(args, env, ui)),
        Command::Apply(args) => block_on(commands::apply::run(args, env, ui)),
        Command::Status(args) => block_on(commands::status::run(args, env, ui)),
        Command::Export(args) => block_on(commands::export::run(args, env, ui)),
        Command::Serve(args) => block_on(commands::serve::run(args, env, ui)),
        Command::Schema(args) => commands::schema::run(args, ui),
        Command::Explain(args) => block_on(commands::explain::run(args, env, ui)),
        Command::Tokens(args) => block_on(commands::tokens::run(args, env, ui)),
        Command::Completions(args) => commands::completions::run(args, ui),
        Command::Man(args) => commands::man::run(args, ui),
    }
}

fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Error, format!("cannot start: {error}")))?;
    runtime.block_on(work)
}
