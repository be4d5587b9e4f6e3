//! Commands that agree to a plan or carry one out: `approve`, `apply`, `undo`, `tokens revoke`.

use std::path::PathBuf;

use clap::Args;

use super::{Base, Reach, Rules, Source};
use crate::seal::Acceptance;

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

/// What others have agreed to, of exactly one plan.
#[derive(Debug, Args)]
pub struct Agreed {
    /// Exceed a limit with exactly this plan: LIMIT@DIGEST, as the plan prints it; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// An approval of this plan, beside those next to a saved one; may be given several times
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
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
    /// What others have agreed to.
    #[command(flatten)]
    pub agreed: Agreed,
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
        Answer::of(self.json, self.json_lines)
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

impl Answer {
    const fn of(json: bool, json_lines: bool) -> Self {
        match (json, json_lines) {
            (_, true) => Self::Lines,
            (true, false) => Self::Json,
            (false, false) => Self::Text,
        }
    }
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
    /// Another name for PATH, as `apply PLAN` has it
    #[arg(long, value_name = "FOLDER")]
    pub config: Option<PathBuf>,
    /// Save the inverse plan, to be reviewed and applied as it is, and do nothing
    #[arg(long, value_name = "FILE", conflicts_with = "auto_approve")]
    pub out: Option<PathBuf>,
    /// What others have agreed to.
    #[command(flatten)]
    pub agreed: Agreed,
    /// Take back without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Print every detail of every operation
    #[arg(long)]
    pub full: bool,
    /// Print JSON: what cannot be restored, and the report
    #[arg(long)]
    pub json: bool,
    /// Print what happens while it happens, one JSON object a line, as `apply --json-lines` does
    #[arg(long, conflicts_with = "json")]
    pub json_lines: bool,
}

impl Undo {
    /// Returns what stdout is for.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        Answer::of(self.json, self.json_lines)
    }
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
