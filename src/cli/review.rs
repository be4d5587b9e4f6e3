//! Plans and diagnostics for the tools that show them beside the lines of a pull request.
#![expect(clippy::disallowed_methods, reason = "the command line is where folders are looked at")]

use std::fs;
use std::path::Path;

use super::args::{CheckFormat, Format};
use super::exit::Exit;
use super::ui::Failure;
use crate::render::marks::{Base, Marks};
use crate::render::sarif::Ending;
use crate::render::{annotations, code_quality, sarif};
use crate::seal::Digest;

/// A kind of tool that reads marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Code scanning.
    Sarif,
    /// GitHub's runner.
    Annotations,
    /// GitLab's merge requests.
    CodeQuality,
}

impl Format {
    /// Returns the tool that the format is for, where it is for one.
    pub(super) const fn tool(self) -> Option<Tool> {
        match self {
            Self::Sarif => Some(Tool::Sarif),
            Self::Annotations => Some(Tool::Annotations),
            Self::CodeQuality => Some(Tool::CodeQuality),
            Self::Text | Self::Json | Self::Diff | Self::Markdown | Self::Html => None,
        }
    }
}

impl CheckFormat {
    /// Returns the tool that the format is for, where it is for one.
    pub(super) const fn tool(self) -> Option<Tool> {
        match self {
            Self::Sarif => Some(Tool::Sarif),
            Self::Annotations => Some(Tool::Annotations),
            Self::CodeQuality => Some(Tool::CodeQuality),
            Self::Text | Self::Json => None,
        }
    }
}

impl Tool {
    /// Returns the tool that a `--format` with this value is for.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "sarif" => Some(Self::Sarif),
            "annotations" => Some(Self::Annotations),
            "code-quality" => Some(Self::CodeQuality),
            _ => None,
        }
    }

    /// Returns the marks as the tool reads them. `exit` is how the program ends, where that is known.
    pub(super) fn page(self, marks: &Marks, exit: Option<Exit>) -> String {
        let mut page = String::new();
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Sarif => sarif::write(marks, ending(exit, None), &mut page),
            Self::Annotations => annotations::write(marks, &mut page),
            Self::CodeQuality => code_quality::write(marks, &mut page),
        };
        page
    }

    /// Returns why there is nothing to mark, as the tool reads it.
    pub(super) fn failure(self, failure: &Failure) -> String {
        let mut message = failure.message.clone();
        for line in failure.details.iter().chain(&failure.help) {
            message.push_str(&format!("; {line}"));
        }
        let name = failure.exit.name();
        let mut page = String::new();
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Sarif => {
                let ending = ending(Some(failure.exit), Some((name, message.as_str())));
                sarif::write(&Marks::none("plan"), ending, &mut page)
            }
            Self::Annotations => annotations::failure(&message, &mut page),
            Self::CodeQuality => {
                let fingerprint = Digest::of_bytes(format!("failure {name}").as_bytes());
                code_quality::failure(name, &message, fingerprint.as_str(), &mut page)
            }
        };
        page
    }
}

fn ending<'a>(exit: Option<Exit>, failed: Option<(&'a str, &'a str)>) -> Ending<'a> {
    Ending { version: env!("CARGO_PKG_VERSION"), exit: exit.map(Exit::code), failed }
}

/// Returns where a configuration folder is below the root of its repository: the nearest folder upwards with a `.git`. In
/// no repository it is where the folder is below the working folder.
pub(super) fn base(folder: &Path) -> Base {
    let Ok(folder) = fs::canonicalize(folder) else { return Base::default() };
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    let here = std::env::current_dir().and_then(fs::canonicalize).ok();
    let Some(root) = repository.or(here.as_deref()) else { return Base::default() };
    let Ok(below) = folder.strip_prefix(root) else { return Base::default() };
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy());
    Base::of(&parts.collect::<Vec<_>>().join("/"))
}
