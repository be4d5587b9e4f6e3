//! What a reviewer would otherwise have to remember: who may import whom, how long a file may be, which licences are in
//! the tree, and that what the project says about itself is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

pub(crate) fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let below = path.strip_prefix(root().join("src")).unwrap();
        let name = below.to_string_lossy().replace('\\', "/");
        (name, std::fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(read).collect()
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

/// Who may import whom. A module that is not named here may be imported by nobody but itself.
pub(crate) const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("source", &["model"]),
    ("diag", &["model", "source"]),
    // What a platform tells the engine is said in the engine's words, so these two know each other; neither knows YAML,
    // HTTP servers or terminals.
    ("plan", &["model", "platform"]),
    ("platform", &["model", "diag", "plan", "apply"]),
    ("config", &["model", "source", "diag", "plan", "platform", "seal"]),
    ("seal", &["model", "plan"]),
    ("apply", &["model", "plan", "platform", "seal"]),
    // Knows plans as text only: whoever asks it renders them.
    ("rego", &["model", "source", "diag", "plan"]),
    ("render", &["model", "source", "diag", "plan", "platform", "seal", "apply"]),
    ("snapshot", &["model", "plan", "platform", "seal"]),
    ("server", &["model", "platform"]),
];

#[test]
fn modules_import_only_what_the_architecture_allows() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some((module, _)) = name.split_once('/') else { continue };
        let Some(allowed) = arrows.get(module) else {
            assert_eq!(module, "cli", "{module} has no arrows");
            continue;
        };
        if is_test(&name) {
            continue;
        }
        wrong.extend(strangers(&name, &text, allowed));
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a file imports that its module may not, by whichever way it names it.
fn strangers(name: &str, text: &str, allowed: &[&str]) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let mut path: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    if path.last() == Some(&"mod") {
        path.pop();
    }
    let mut wrong = Vec::new();
    let mut look = |way: &str, rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        let used = rest.get(..end).unwrap();
        if rest.trim_start().starts_with(['{', '*']) {
            wrong.push(format!("{name} uses {way}{{...}}: name each module by itself"));
        } else if !used.is_empty() && used != path[0] && !allowed.contains(&used) {
            wrong.push(format!("{name} uses {way}{used}"));
        }
    };
    for (at, way) in code.match_indices("crate::") {
        look(way, code.get(at + way.len()..).unwrap());
    }
    // From here as many steps upwards lead out of the module as its path is long.
    let out = "super::".repeat(path.len());
    for (at, way) in code.match_indices(&out) {
        let before = code.get(..at).unwrap();
        if !before.ends_with("super::") {
            look(way, code.get(at + way.len()..).unwrap());
        }
    }
    wrong
}

#[test]
fn no_way_of_naming_a_module_gets_around_the_arrows() {
    let plan = |text: &str| strangers("plan/order.rs", text, &["model"]);
    for bad in [
        "use crate::cli::ui;",
        "use crate::{cli, server};",
        "use crate::{\n    model,\n};",
        "use crate::*;",
        "let x = crate::server::start();",
        "use super::super::cli;",
        "use super::super::{model, cli};",
        "pub use super::super::render::text;",
    ] {
        assert_eq!(plan(bad).len(), 1, "{bad}");
    }
    for fine in [
        "use crate::model::Address;",
        "use crate::plan::laws;",
        "use super::laws;",
        "use super::super::model::Address;",
        "#[cfg(test)]\nmod tests { use crate::cli; }",
    ] {
        assert_eq!(plan(fine), Vec::<String>::new(), "{fine}");
    }
    // One level deeper the same steps stay inside.
    assert!(strangers("plan/order/search.rs", "use super::super::laws;", &[]).is_empty());
    assert!(strangers("plan/mod.rs", "use super::cli;", &[]).len() == 1);
}

/// The code of a file as words: neither its comments, nor its tests, nor what it says in quotes.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut code = String::new();
    let mut rest = text.split("#[cfg(test)]").next().unwrap_or(text);
    while let Some(c) = rest.chars().next() {
        let raw = ["r\"", "r#\"", "r##\""].into_iter().find(|mark| rest.starts_with(mark));
        let skipped = if rest.starts_with("//") {
            rest.find('\n')
        } else if rest.starts_with("'\"'") {
            Some(3)
        } else if let Some(mark) = raw {
            let end: String = mark.chars().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
            let inside = rest.split_at(mark.len()).1;
            inside.find(&end).map(|at| mark.len() + at + end.len())
        } else if c == '"' {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            end.map(|(at, _)| at + 1)
        } else {
            code.push(c);
            rest = rest.split_at(c.len_utf8()).1;
            continue;
        };
        code.push(' ');
        rest = skipped.map_or("", |bytes| rest.split_at(bytes).1);
    }
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn words_are_those_of_the_code() {
    let text = r###"
        use a::b; // c
        let d = ("e \" f", 'g', '"', h, r"i", r#"j " k"#, rl);
        /// m
        n
        #[cfg(test)] o
    "###;
    assert_eq!(words(text).join(" "), "use a b let d g h rl n");
}

/// A platform that imports from another one cannot be read, changed or copied by itself.
#[test]
fn no_platform_knows_another_one() {
    let platforms = ["odeus", "trustpager"];
    let mut own = 0;
    for (name, text) in sources() {
        let inside = |platform: &&str| {
            name.contains(&format!("/{platform}/")) || name.ends_with(&format!("/{platform}.rs"))
        };
        let Some(platform) = platforms.into_iter().find(inside) else { continue };
        own += 1;
        for other in platforms.into_iter().filter(|other| *other != platform) {
            assert!(!words(&text).iter().any(|word| word == other), "{name} imports from {other}");
        }
    }
    assert!(own > 100, "{own}");
}

/// What every platform uses knows none of them, so that a new one changes nothing there; and the engine works on what
/// stands in `platform/mod.rs` and `platform/provider.rs`.
#[test]
fn what_all_platforms_share_names_none_of_them() {
    let shared = [
        "platform/http.rs",
        "platform/http/",
        "platform/provider.rs",
        "platform/wire.rs",
        "platform/wire/",
        "server/auth.rs",
        "server/limit.rs",
        "server/openapi.rs",
        "server/record.rs",
        "server/request.rs",
        "server/seed.rs",
        "model/",
        "source/",
        "diag/",
        "plan/",
        "seal/",
        "apply/",
        "rego/",
    ];
    for part in shared {
        let files: Vec<_> =
            sources().into_iter().filter(|(name, _)| name.starts_with(part)).collect();
        assert!(!files.is_empty(), "there is no {part}");
        for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
            let platform = words(text).into_iter().find(|word| {
                let word = word.to_lowercase();
                word.starts_with("odeus") || word.starts_with("trustpager")
            });
            assert_eq!(platform, None, "{name}");
        }
    }
}

#[test]
fn the_core_names_no_io_crate() {
    let io = ["reqwest", "tokio", "axum", "rusqlite", "clap", "anyhow", "secrecy", "tower_http"];
    let http = [
        "platform/http.rs",
        "platform/http/",
        "platform/odeus/client.rs",
        "platform/trustpager/client.rs",
        "platform/trustpager/deliver.rs",
    ];
    for (name, text) in sources() {
        let edge = name.starts_with("cli/") || name.starts_with("server/") || name == "main.rs";
        if edge || http.iter().any(|file| name.starts_with(file)) {
            continue;
        }
        for krate in io {
            assert!(!text.contains(&format!("{krate}::")), "{name} names {krate}");
        }
    }
}

#[test]
fn yaml_has_one_door() {
    for (name, text) in sources() {
        let door = name == "config/yaml.rs" || name.starts_with("config/yaml/");
        assert!(door || !text.contains("serde_saphyr"), "{name} names the YAML crate");
    }
}

/// Lines of code that a file may have, without its tests.
const HARD_LIMIT: usize = 800;

#[test]
fn no_file_outgrows_its_budget() {
    for (name, text) in sources() {
        if is_test(&name) {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
        let lines = code.lines().count();
        assert!(lines <= HARD_LIMIT, "{name} has {lines} lines: make two rooms of it");
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (name, text) in sources() {
        assert!(text.starts_with("//!") || is_test(&name), "{name} does not begin with `//!`");
    }
}

#[test]
fn nothing_is_left_undone_or_ignored() {
    let mut all = Vec::new();
    for folder in ["src", "tests", "benches"] {
        files(&root().join(folder), &mut all);
    }
    for path in all {
        if path.ends_with("tidy.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // Two processes that open one new database wait for each other, which SQLite does not do for them there.
        let waits = path.ends_with("src/server/store/mod.rs");
        for mark in ["todo!(", "unimplemented!(", "TODO", "FIXME", "#[ignore", "thread::sleep"] {
            let allowed = waits && mark == "thread::sleep";
            assert!(allowed || !text.contains(mark), "{} holds {mark}", path.display());
        }
    }
}

/// Licences that code in the tree may have; an SPDX expression passes when one of its alternatives is made of these.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "Unicode-3.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    // Only ever an alternative to one of the others.
    "Unlicense",
    "0BSD",
    "MIT-0",
    "CC0-1.0",
];

const BANNED: &[&str] = &["openssl-sys", "aws-lc-sys", "serde_yml", "native-tls"];

fn licence_is_allowed(expression: &str) -> bool {
    let expression = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let allowed = |part: &str| LICENCES.contains(&part.trim());
    expression.split(" AND ").all(|all| all.split(" OR ").any(allowed))
}

#[test]
fn dependencies_have_allowed_licences_and_sources() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let used: Vec<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        if !used.contains(&package["id"].as_str().unwrap()) {
            continue;
        }
        seen += 1;
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(licence_is_allowed(licence), "{name} is under {licence}");
        assert!(!BANNED.contains(&name), "{name} is banned, see deny.toml");
        let source = package["source"].as_str();
        let registry = source.is_none_or(|source| source.starts_with("registry+"));
        assert!(registry, "{name} comes from {source:?}");
        assert!(source.is_some() || name == "scopeform", "{name} is no registry package");
    }
    assert!(seen > 100, "only {seen} packages were looked at");
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut explained = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else if line.is_empty() {
            explained = false;
        } else if section == "[dependencies]" {
            assert!(explained, "no reason above {line}");
        }
    }
}

#[test]
fn licence_expressions_are_read_as_spdx() {
    for (expression, fine) in [
        ("MIT", true),
        ("MIT OR Apache-2.0", true),
        ("MIT/Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("Apache-2.0 AND ISC", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("none", false),
    ] {
        assert_eq!(licence_is_allowed(expression), fine, "{expression}");
    }
}
