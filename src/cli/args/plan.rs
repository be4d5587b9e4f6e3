//! Commands that make a plan or show one, and what plans are made from: `validate`, `plan`, `snapshot`, `show`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::{Base, CheckFormat, Output, Reach, Rules, Source};
use crate::seal::Acceptance;

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
    /// Plan as if a limit that this plan exceeds had been accepted for it: LIMIT@DIGEST, as the plan prints it; may be given several times
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
    /// With --last or --runs: only applies to this workspace
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub workspace: Option<String>,
    /// The configuration folder that the plan was made from, from which review tools find its lines [default: the nearest]; with --last, --run or --runs: another name for PATH
    #[arg(long, value_name = "FOLDER")]
    pub config: Option<PathBuf>,
    /// An approval of this plan, beside those next to it: text and markdown then say which rules are satisfied; may be given several times
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
    /// Show a limit that was accepted for exactly this plan as accepted: LIMIT@DIGEST; may be given several times
    #[arg(long, value_name = "LIMIT@DIGEST")]
    pub accept: Vec<Acceptance>,
    /// How to print the plan.
    #[command(flatten)]
    pub output: Output,
}
