//! What the world of the embedded control plane lacks of what the files name. On a live system somebody creates a group;
//! here a world file says what is there, and an error about a name says what to write into it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::ui::shown;
use super::workspace::Loaded;
use crate::config::{Endpoint, is_plain_key};
use crate::diag::{Code, Problem};
use crate::platform::Kind;
use crate::render::neutral::{is_deceptive, terminal};

/// What a world file would have to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// The key of the workspace that it stands under.
    section: &'static str,
    /// As YAML.
    text: String,
}

impl Entry {
    fn of(problem: &Problem) -> Option<Self> {
        let name = quoted(problem.at.name());
        let (section, text) = match problem.code {
            Code::UnknownUser => ("users", format!("{name}: member")),
            Code::UnknownGroup => ("groups", format!("{name}: []")),
            Code::UnknownClient => ("oauth_clients", format!("{name}: {{}}")),
            Code::ScopesNotManaged => {
                let integration = problem.at.as_str().split('/').next().unwrap_or_default();
                ("rollout", integration.to_owned())
            }
            _ => return None,
        };
        Some(Self { section, text })
    }
}

/// Returns a name as a key of YAML, in quotes unless every reader takes it for itself without them.
fn quoted(name: &str) -> String {
    if is_plain_key(name) {
        return name.to_owned();
    }
    let mut key = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => key.extend(['\\', c]),
            // What a terminal is not shown as it is must be read all the same when it is pasted.
            c if is_deceptive(c) || c == '#' => {
                // Writing to a String cannot fail.
                let _ = write!(key, "\\U{:08X}", u32::from(c));
            }
            c => key.push(c),
        }
    }
    key.push('"');
    key
}

/// Adds to problems with names where on the embedded control plane such names come from. Where no file says so yet, returns
/// what to say once the problems have been told: a first world file that holds what they miss.
pub(super) fn explain(problems: &mut [Problem], loaded: &Loaded) -> Option<String> {
    if loaded.config.endpoint != Endpoint::Embedded {
        return None;
    }
    let file = loaded.folder.worlds.iter().next().map(|(_, source)| source.name());
    let workspace = &loaded.config.workspace;
    let mut missing = BTreeSet::new();
    for problem in problems {
        let Some(entry) = Entry::of(problem) else { continue };
        let say = match file {
            Some(file) => format!(
                "on the embedded control plane there is what {file} says: add `{}` to `{}` of `{workspace}` there",
                entry.text, entry.section
            ),
            None => "on the embedded control plane there is what a world file says; see below"
                .to_owned(),
        };
        // Only a slip may be meant as well.
        problem.help = match (&problem.near, problem.help.as_str()) {
            (None, _) => say,
            (Some(_), "") => format!("Otherwise: {say}"),
            (Some(_), help) => format!("{help}; {say}"),
        };
        missing.insert(entry);
    }
    if file.is_some() || missing.is_empty() {
        return None;
    }
    let folder = shown(&loaded.folder.root);
    let text = format!(
        "\nhelp: no file in {folder} says what is there on the embedded control plane; put this there as world.yaml and change it as you like:\n\n{}",
        first(loaded, &missing)
    );
    // The names are the user's own; a paste may hold anything.
    Some(text.lines().map(|line| terminal(line).to_string()).collect::<Vec<_>>().join("\n"))
}

/// Returns a world file in which there is what is missing, and who is there without a world file.
fn first(loaded: &Loaded, missing: &BTreeSet<Entry>) -> String {
    let workspace = &loaded.config.workspace;
    let (platform, somebody, off) = match loaded.config.desired.kind() {
        Kind::Odeus => {
            ("odeus", format!("admin@{workspace}.example: admin"), "    actions: nobody\n")
        }
        Kind::Trustpager => ("trustpager", format!("owner@{workspace}.example: owner"), ""),
    };
    let below = |section: &'static str| {
        missing.iter().filter(move |entry| entry.section == section).map(|entry| &entry.text)
    };
    let mut text = format!(
        "kind: world\nplatform: {platform}\nworkspaces:\n  {workspace}:\n    users:\n      {somebody}\n"
    );
    // Writing to a String cannot fail.
    for user in below("users") {
        let _ = writeln!(text, "      {user}");
    }
    for section in ["groups", "oauth_clients"] {
        for (n, entry) in below(section).enumerate() {
            if n == 0 {
                let _ = writeln!(text, "    {section}:");
            }
            let _ = writeln!(text, "      {entry}");
        }
    }
    text.push_str(off);
    let rollout: Vec<&str> = below("rollout").map(String::as_str).collect();
    if !rollout.is_empty() {
        let _ = writeln!(text, "    rollout: [{}]", rollout.join(", "));
    }
    text
}
