//! The command line's shape: its commands, and the options that several of them share. An unknown flag does nothing but fail.

mod change;
mod look;
mod plan;
mod printing;
mod start;

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use change::{Answer, Apply, Approve, TokensRevoke, Undo};
pub use look::{Explain, Export, ExportTable, Status, Tokens, TokensCommand, TokensList};
pub use plan::{Age, Offline, Plan, Show, Snapshot, Validate};
pub use printing::{CheckFormat, Comment, Forge, Format, Output};
pub use start::{Completions, Init, ManPages, Platform, Schema, Serve};

use super::env;
use super::exit::Exit;

/// Declare the OAuth scopes, actions and sharing of your integrations in YAML; plan and apply the difference.
#[derive(Debug, Parser)]
#[command(name = "scopeform", version, after_help = after_help())]
#[command(disable_help_subcommand = true, infer_subcommands = false)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What help says after the options: how the program ends, and what it reads from the environment.
fn after_help() -> String {
    format!("Exit codes:\n{}\nEnvironment:\n{}", Exit::table(), env::table())
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// Change to this folder first
    #[arg(long, global = true, value_name = "FOLDER")]
    pub chdir: Option<PathBuf>,
    /// Print without colour
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Whether to ask questions
    #[arg(long, global = true, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, env = "SCOPEFORM_INPUT")]
    pub input: bool,
    /// Say on stderr which files and addresses are used
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first workspace file
    Init(Init),
    /// Check the configuration without changing or asking anything live
    Validate(Validate),
    /// Show what would change, and what that does
    Plan(Plan),
    /// Write down what is live, signed and without names, to plan from without credentials
    Snapshot(Snapshot),
    /// Show a saved plan, or what an apply did
    Show(Show),
    /// Approve a saved plan: sign its digest with an SSH key
    Approve(Approve),
    /// Carry out a plan: from files, or a saved one
    Apply(Apply),
    /// Take back what an apply did, as far as that is possible
    Undo(Undo),
    /// Show what is live: scopes and actions, or tiers and tokens, and what needs attention
    Status(Status),
    /// Write what is live as CSV
    Export(Export),
    /// List or revoke the tokens of OAuth clients
    Tokens(Tokens),
    /// Run the embedded control plane alone
    Serve(Serve),
    /// Print a JSON Schema
    Schema(Schema),
    /// Explain a code that a diagnostic or a finding printed, or what a token may do
    Explain(Explain),
    /// Print a shell completion script
    Completions(Completions),
    /// Print the manual page, or write those of all commands
    Man(ManPages),
}

/// Where the configuration is.
#[derive(Debug, Args, Clone)]
pub struct Source {
    /// Configuration folder or file [default: the nearest folder upwards that holds one]
    #[arg(value_name = "PATH", env = "SCOPEFORM_CONFIG")]
    pub path: Option<PathBuf>,
    /// Which workspace, where the files declare several
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
}

/// Rules in Rego beside those that the configuration names.
#[derive(Debug, Args, Clone)]
pub struct Rules {
    /// Also obey the Rego rules of this file, or of every file in this folder; may be given several times
    #[arg(long, value_name = "PATH", env = "SCOPEFORM_POLICY")]
    pub policy: Vec<PathBuf>,
}

/// Which rules held before the change.
#[derive(Debug, Args, Clone)]
pub struct Base {
    /// Also obey the rules (protections, limits, approvals, Rego, raised findings) of the files at this git revision, as before the change
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The change is what brings this workspace in: nothing of it needs to be at the base
    #[arg(long, requires = "base")]
    pub new_workspace: bool,
    /// Send the token to an endpoint that the files at `--base` do not name
    #[arg(long, requires = "base")]
    pub allow_new_endpoint: bool,
}

/// How to reach the live system.
#[derive(Debug, Args, Clone, Copy)]
pub struct Reach {
    /// Allow a plain http:// endpoint that is not on this machine
    #[arg(long)]
    pub allow_insecure_http: bool,
    /// Give up on a request after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = seconds())]
    pub timeout: u64,
    /// Give up on a call, with everything that it waits for and sends again, after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = seconds())]
    pub deadline: u64,
    /// Send at most so many requests in any 60 seconds, reads and writes together; runs with one data folder share them
    #[arg(long, value_name = "N", env = "SCOPEFORM_API_BUDGET")]
    pub api_budget: Option<NonZeroU32>,
}

/// The longest that a run can be told to wait for something, in seconds: a day.
pub const LONGEST_WAIT: u64 = 24 * 60 * 60;

fn seconds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=LONGEST_WAIT)
}

/// Rewrites terraform's single-dash long flags, `-out=plan.json` and `-auto-approve`, to the double-dash form.
pub fn normalise(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut rest_is_literal = false;
    let rewrite = |arg: OsString| {
        if rest_is_literal || arg == "--" {
            rest_is_literal = true;
            return arg;
        }
        let long = arg.to_str().is_some_and(|text| {
            let mut chars = text.chars();
            chars.next() == Some('-')
                && chars.next().is_some_and(|c| c.is_ascii_lowercase())
                && chars.next().is_some_and(|c| c.is_ascii_lowercase())
        });
        if !long {
            return arg;
        }
        let mut double = OsString::from("-");
        double.push(arg);
        double
    };
    args.map(rewrite).collect()
}
