//! The command line's shape. An unknown flag does nothing but fail.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::env;
use super::exit::Exit;
use crate::seal::Acceptance;

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

/// How to reach the live system.
#[derive(Debug, Args, Clone, Copy)]
pub struct Reach {
    /// Allow a plain http:// endpoint that is not on this machine
    #[arg(long)]
    pub allow_insecure_http: bool,
    /// Give up on a request after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
    /// Send at most so many requests in any 60 seconds, reads and writes together
    #[arg(long, value_name = "N", env = "SCOPEFORM_API_BUDGET")]
    pub api_budget: Option<NonZeroU32>,
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Folder to write to
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
    /// Which kind of live system
    #[arg(long, value_enum, default_value_t = Platform::Odeus)]
    pub platform: Platform,
    /// Workspace name
    #[arg(long, value_name = "NAME", default_value = "my-workspace")]
    pub workspace: String,
}

/// The kinds of live systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Platform {
    /// Integrations with actions
    Odeus,
    /// OAuth clients and API keys with tiers
    Trustpager,
}

/// `validate`
#[derive(Debug, Args)]
pub struct Validate {
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// Print JSON, as `terraform validate -json` does
    #[arg(long)]
    pub json: bool,
}

/// The formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: versioned, terraform's field names
    Json,
    /// Effective configuration before and after, as a unified diff
    Diff,
}

/// How to print a plan.
#[derive(Debug, Args, Clone, Copy)]
pub struct Output {
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print every detail of every operation
    #[arg(long)]
    pub full: bool,
}

impl Output {
    /// Returns the format asked for.
    #[must_use]
    pub const fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// `plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// How to print the plan.
    #[command(flatten)]
    pub output: Output,
    /// Save the plan, to be reviewed and applied as it is
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Plan only this integration, OAuth client or API key; may be given several times
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// See whether a limit may be exceeded with exactly this plan: LIMIT@DIGEST, as the plan prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// Also obey the rules (approvals, raised findings) of the files at this git revision, as before the change
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Send the token to an endpoint that the files at `--base` do not name
    #[arg(long, requires = "base")]
    pub allow_new_endpoint: bool,
    /// Plan as if it were this day (UTC): shows which exceptions will have run out
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
}

/// `show`
#[derive(Debug, Args)]
pub struct Show {
    /// A plan file; with --last, --run or --runs: the configuration folder
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Show what the last apply of this folder did
    #[arg(long)]
    pub last: bool,
    /// Show what this apply did: a run's id, or the beginning of one
    #[arg(long, value_name = "ID", conflicts_with = "last")]
    pub run: Option<String>,
    /// List the applies of this folder, the last first
    #[arg(long, conflicts_with_all = ["last", "run"])]
    pub runs: bool,
    /// How to print the plan.
    #[command(flatten)]
    pub output: Output,
}

/// `approve`
#[derive(Debug, Args)]
pub struct Approve {
    /// A plan file
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// SSH key to sign with: a private key, or a public one whose private half the agent holds
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Who signs, as the allowed-signers file names them [default: whose key it is]
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principal: Option<String>,
    /// How many days the approval is good for [default: as many as the rules allow]
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Sign without asking
    #[arg(long)]
    pub yes: bool,
    /// The configuration folder, whose rules are obeyed too
    #[arg(long, value_name = "FOLDER")]
    pub config: Option<PathBuf>,
    /// Print what was signed as JSON
    #[arg(long)]
    pub json: bool,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// Configuration folder or file, or a saved plan [default: the nearest folder upwards that holds one]
    #[arg(value_name = "PATH", env = "SCOPEFORM_CONFIG")]
    pub path: Option<PathBuf>,
    /// With a saved plan: the configuration folder, whose data folder and relative secret files are used
    #[arg(long, value_name = "FOLDER")]
    pub config: Option<PathBuf>,
    /// Which workspace, where the files declare several
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// Apply without asking what the files say (not what the vendor added meanwhile)
    #[arg(long)]
    pub auto_approve: bool,
    /// Exceed a limit with exactly this plan: LIMIT@DIGEST, as the plan prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// An approval of this plan, beside those that stand beside a saved plan; may be given several times
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
    /// Also obey the rules (approvals, raised findings) of the files at this git revision, as before the change
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Send the token to an endpoint that the files at `--base` do not name
    #[arg(long, requires = "base")]
    pub allow_new_endpoint: bool,
    /// Apply only this integration, OAuth client or API key; may be given several times
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// How many integrations, clients or keys to write to at once
    #[arg(long, value_name = "N", default_value_t = 10, env = "SCOPEFORM_PARALLELISM")]
    pub parallelism: usize,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// `undo`
#[derive(Debug, Args)]
pub struct Undo {
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// Which apply to take back: a run's id, or the beginning of one [default: the last that wrote something]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Save the inverse plan, to be reviewed and applied as it is, and do nothing
    #[arg(long, value_name = "FILE", conflicts_with = "auto_approve")]
    pub out: Option<PathBuf>,
    /// Exceed a limit with exactly this plan: LIMIT@DIGEST, as the plan prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// An approval of this plan; may be given several times
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
    /// Take back without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Print every detail of every operation
    #[arg(long)]
    pub full: bool,
    /// Print JSON: what cannot be restored, and the report
    #[arg(long)]
    pub json: bool,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// Show only this integration or OAuth client, in full
    #[arg(long, short, visible_alias = "client", value_name = "NAME")]
    pub integration: Option<String>,
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// As if it were this day (UTC): who is idle then
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `export`
#[derive(Debug, Args)]
pub struct Export {
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// Which table; `tokens` and `effective` are of TrustPager
    #[arg(long, value_enum, default_value_t = ExportTable::Access)]
    pub table: ExportTable,
    /// As if it were this day (UTC): who is idle then
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What `export` can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportTable {
    /// Actions with scopes and sharing, or clients and keys with their tiers
    Access,
    /// Active tokens with their holders
    Tokens,
    /// What each active token may really do
    Effective,
}

/// `tokens`
#[derive(Debug, Args)]
pub struct Tokens {
    /// What to do with them
    #[command(subcommand)]
    pub command: TokensCommand,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Show active tokens: whose they are and when they were last used
    List(TokensList),
    /// Invalidate one token at once
    Revoke(TokensRevoke),
}

/// `tokens list`
#[derive(Debug, Args)]
pub struct TokensList {
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// Only tokens of this client
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `tokens revoke`
#[derive(Debug, Args)]
pub struct TokensRevoke {
    /// The token: its id, or what `tokens list` shows of it
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Revoke without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Exceed a limit with exactly this plan: LIMIT@DIGEST, as the refusal prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Folder with a world and catalogue files, and the data folder [default: the current folder]
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub listen: String,
    /// Throw the database away and seed it from the world again
    #[arg(long)]
    pub reset: bool,
    /// Answer 429 above so many requests a minute per token
    #[arg(long, value_name = "N")]
    pub rate_limit: Option<u32>,
}

/// `schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Which schema
    #[arg(value_name = "NAME", default_value = "config")]
    pub name: String,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, such as native-scope-missing; all codes when absent. Or `access`: what a user's token may do, and why
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// With `access`: the OAuth client
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// With `access`: the user
    #[arg(long, value_name = "EMAIL")]
    pub user: Option<String>,
    /// With `access`: only this resource
    #[arg(long, value_name = "RESOURCE")]
    pub resource: Option<String>,
    /// With `access`: the configuration folder or file
    #[arg(long, value_name = "PATH", env = "SCOPEFORM_CONFIG")]
    pub config: Option<PathBuf>,
    /// With `access`: which workspace, where the files declare several
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// With `access`: print JSON
    #[arg(long)]
    pub json: bool,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
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
