//! Commands that show what is live, or what a word means: `status`, `export`, `tokens`, `explain`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{Reach, Source, TokensRevoke};

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
