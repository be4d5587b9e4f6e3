//! The command line's shape. An unknown flag does nothing but fail.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::env;
use super::exit::Exit;
use crate::render::markdown::ReportUrl;
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
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
    /// Give up on a call, with everything that it waits for and sends again, after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub deadline: u64,
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
    /// Rules in Rego beside those that the configuration names.
    #[command(flatten)]
    pub rules: Rules,
    /// How to print what is wrong
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl Validate {
    /// Returns the format asked for.
    #[must_use]
    pub const fn format(&self) -> CheckFormat {
        if self.json { CheckFormat::Json } else { self.format }
    }
}

/// The formats of diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// For programs, as `terraform validate -json` does
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub's runner, which shows them on the lines
    Annotations,
    /// GitLab's code quality report
    CodeQuality,
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
    /// For a comment under a pull request, or a step summary
    Markdown,
    /// SARIF 2.1.0: findings on their lines, for code scanning
    Sarif,
    /// Findings as workflow commands of GitHub's runner, which shows them on the lines
    Annotations,
    /// Findings as GitLab's code quality report
    CodeQuality,
    /// A report in one file, for a browser
    Html,
}

impl Format {
    /// Returns whether it shows whole units before and after, also the rows that do not move.
    #[must_use]
    pub const fn shows_both_sides(self) -> bool {
        matches!(self, Self::Json | Self::Html)
    }
}

/// How to print a plan.
#[derive(Debug, Args, Clone)]
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
    /// With text: also print the effective configuration before and after, as a unified diff
    #[arg(long)]
    pub diff: bool,
    /// Where Markdown goes.
    #[command(flatten)]
    pub comment: Comment,
}

/// Where a plan as Markdown goes.
#[derive(Debug, Args, Clone, Default)]
pub struct Comment {
    /// With markdown: where it is shown, which decides how long it may be [default: github]
    #[arg(long, value_enum)]
    pub forge: Option<Forge>,
    /// With markdown: the most bytes that it may have [default: what the forge takes]
    #[arg(long, value_name = "BYTES")]
    pub max_size: Option<NonZeroUsize>,
    /// With markdown: link to the full report
    #[arg(long, value_name = "URL")]
    pub report_url: Option<ReportUrl>,
}

/// Where Markdown is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Forge {
    /// A comment on GitHub: at most 65,536 bytes
    Github,
    /// The summary of a step in GitHub Actions: at most 1 MiB
    GithubStepSummary,
    /// A note on GitLab: at most 1,000,000 bytes
    Gitlab,
    /// A comment on Bitbucket: at most 32,767 bytes, and no folds
    Bitbucket,
}

impl Output {
    /// Returns what prints a plan for people.
    #[must_use]
    pub fn text(full: bool) -> Self {
        let (format, comment) = (Format::Text, Comment::default());
        Self { format, json: false, full, diff: false, comment }
    }

    /// Returns the flag that means nothing in the format asked for, and the format in which it does.
    #[must_use]
    pub const fn misplaced(&self) -> Option<(&'static str, &'static str)> {
        let Comment { forge, max_size, report_url } = &self.comment;
        if self.diff && !matches!(self.format(), Format::Text) {
            return Some(("--diff", "text"));
        }
        if matches!(self.format(), Format::Markdown) {
            return None;
        }
        match (forge, max_size, report_url) {
            (Some(_), _, _) => Some(("--forge", "markdown")),
            (_, Some(_), _) => Some(("--max-size", "markdown")),
            (_, _, Some(_)) => Some(("--report-url", "markdown")),
            (None, None, None) => None,
        }
    }

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
    /// Rules in Rego beside those that the configuration names.
    #[command(flatten)]
    pub rules: Rules,
    /// See whether a limit may be exceeded with exactly this plan: LIMIT@DIGEST, as the plan prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// Which rules held before the change.
    #[command(flatten)]
    pub base: Base,
    /// Plan as if it were this day (UTC): shows which exceptions will have run out
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
    /// Planning from a snapshot.
    #[command(flatten)]
    pub from: Offline,
}

/// How to plan from a snapshot instead of what is live.
#[derive(Debug, Args)]
pub struct Offline {
    /// Plan from this snapshot: no credentials, no network. Such a plan can be read, and neither saved nor applied
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "pseudonyms"])]
    pub snapshot: Option<PathBuf>,
    /// With --snapshot: who may sign one [default: `approvals.signers` at --base, else of the files]
    #[arg(long, value_name = "FILE", requires = "snapshot")]
    pub signers: Option<PathBuf>,
    /// With --snapshot: refuse one that is older, such as 36h or 7d
    #[arg(long, value_name = "AGE", default_value = "7d", requires = "snapshot")]
    pub max_age: Age,
    /// With --snapshot: do not ask who signed it
    #[arg(long, requires = "snapshot", conflicts_with = "signers")]
    pub allow_unsigned: bool,
    /// Plan what is live, and show whom no file names as this snapshot does: gives what `--snapshot` gives, byte by byte
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub pseudonyms: Option<PathBuf>,
}

/// A length of time in whole hours or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// How many hours.
    pub hours: u32,
}

impl std::str::FromStr for Age {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write hours or days, such as 36h or 7d";
        let (number, each) = match (text.strip_suffix('h'), text.strip_suffix('d')) {
            (Some(number), _) => (number, 1),
            (None, Some(number)) => (number, 24),
            (None, None) => return Err(wrong),
        };
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse::<u32>().ok().filter(|_| plain).ok_or(wrong)?;
        Ok(Self { hours: number.checked_mul(each).filter(|hours| *hours > 0).ok_or(wrong)? })
    }
}

/// `7d`, or `36h` where it is no number of whole days.
impl std::fmt::Display for Age {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.hours.is_multiple_of(24) {
            write!(out, "{}d", self.hours / 24)
        } else {
            write!(out, "{}h", self.hours)
        }
    }
}

/// `snapshot`
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Where the configuration is.
    #[command(flatten)]
    pub source: Source,
    /// How to reach the live system.
    #[command(flatten)]
    pub reach: Reach,
    /// File to write; the signature goes to a file of this name and `.sig`
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// SSH key to sign with: a private key, or a public one whose private half the agent holds [default: not signed]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
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
    /// The configuration folder that the plan was made from, from which review tools find its lines [default: the nearest]
    #[arg(long, value_name = "FOLDER")]
    pub config: Option<PathBuf>,
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
    /// Which rules held before the change.
    #[command(flatten)]
    pub base: Base,
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
    /// Rules in Rego beside those that the configuration names.
    #[command(flatten)]
    pub rules: Rules,
    /// Apply without asking what the files say (not what the vendor added meanwhile)
    #[arg(long)]
    pub auto_approve: bool,
    /// Exceed a limit with exactly this plan: LIMIT@DIGEST, as the plan prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// An approval of this plan, beside those that stand beside a saved plan; may be given several times
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
    /// Which rules held before the change.
    #[command(flatten)]
    pub base: Base,
    /// Apply only this integration, OAuth client or API key; may be given several times
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// How many integrations, clients or keys to write to at once
    #[arg(long, value_name = "N", default_value_t = 10, env = "SCOPEFORM_PARALLELISM")]
    pub parallelism: usize,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Print what happens while it happens, one JSON object a line, as `terraform apply -json` does
    #[arg(long, conflicts_with = "json")]
    pub json_lines: bool,
}

impl Apply {
    /// Returns what stdout is for.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match (self.json, self.json_lines) {
            (_, true) => Answer::Lines,
            (true, false) => Answer::Json,
            (false, false) => Answer::Text,
        }
    }
}

/// What stdout is for, of a command that does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The plan and the report, for people.
    Text,
    /// The report as one document.
    Json,
    /// What happens while it happens, and the report as the last line.
    Lines,
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
    /// Rules in Rego beside those that the configuration names.
    #[command(flatten)]
    pub rules: Rules,
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
    /// Rules in Rego beside those that the configuration names.
    #[command(flatten)]
    pub rules: Rules,
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

/// `man`
#[derive(Debug, Args)]
pub struct ManPages {
    /// Write a page for the program and one for each command to this folder
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
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
