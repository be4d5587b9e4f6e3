//! Commands that need no live system: `init`, `serve`, `schema`, `completions`, `man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
