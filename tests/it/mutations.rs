//! The mutations of `tests/mutations`: each still applies to the code, names tests that are there, and is named in their comments. `just mutants` applies
//! them and sees those tests fail.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tidy;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn patches() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("tests/mutations")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    found.sort();
    found
}

#[test]
fn every_mutation_applies_to_the_code_as_it_is() {
    let patches = patches();
    assert!(patches.len() >= 19, "{patches:?}");
    for patch in patches {
        let mut git = Command::new("git");
        git.args(["apply", "--check"]).arg(&patch).current_dir(root());
        let output = git.output().expect("git is needed: apt-get install git");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\nmake the same break in the new code");
    }
}

/// `cargo test NAME` of a name that is nowhere passes, and a mutation would seem to be caught by nobody.
#[test]
fn every_mutation_names_tests_that_are_there() {
    let mut files = Vec::new();
    tidy::files(&root().join("tests/it"), &mut files);
    let tests: Vec<(String, String)> = files
        .iter()
        .map(|path| {
            let below = path.strip_prefix(root().join("tests/it")).unwrap().with_extension("");
            let module = below.to_string_lossy().replace('/', "::");
            (module, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    for patch in patches() {
        let text = std::fs::read_to_string(&patch).unwrap();
        let named: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("fails: ")).collect();
        assert!(!named.is_empty(), "{} names no test", patch.display());
        for name in named {
            let (module, function) = name.rsplit_once("::").unwrap();
            let begins = format!("fn {function}");
            let text = tests.iter().find(|(path, text)| path == module && text.contains(&begins));
            let Some((_, text)) = text else { panic!("{}: no test {name}", patch.display()) };
            // Whoever reads the test sees which break it is there for.
            let mutation = format!("`{}`", patch.file_stem().unwrap().to_string_lossy());
            let before = text.split_once(&begins).unwrap().0;
            let above = before.rsplit_once('\n').map_or("", |(above, _)| above);
            let mut comment = above.lines().rev().take_while(|line| {
                let line = line.trim_start();
                line.starts_with("///") || line.starts_with("#[") || line.is_empty()
            });
            assert!(
                comment.any(|line| line.contains(&mutation)),
                "{name}: its comment does not name the mutation {mutation}"
            );
        }
    }
}
