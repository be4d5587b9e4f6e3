//! What the documents say is what the program does: every `console` block is executed, every example is applied, and
//! every table of names is compared with the program's own.
//!
//! A block is read as a terminal session: `$ ` begins a command, the lines below it are what it prints, and a line `...`
//! stands for any lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use scopeform::plan::{Rule, policy};
use scopeform::platform::{Kind, odeus, remarks, trustpager};

use crate::cli::harness::BINARY;
use crate::tidy;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Copies the files below `from`; what a run left behind in a dot-folder stays there.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// A folder of its own that holds the repository's examples.
fn checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    copy(&root().join("policies"), &folder.path().join("policies"));
    folder
}

/// The program in a folder, with nothing from around the test that it listens to.
fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy().starts_with("SCOPEFORM_");
        if ours || name == "CLICOLOR_FORCE" || name == "FORCE_COLOR" {
            command.env_remove(name);
        }
    }
    command.args(args).current_dir(folder);
    command
}

fn scopeform(folder: &Path, args: &[&str]) -> Output {
    program(folder, args).output().unwrap()
}

/// The control plane that a session runs in the background, until it is killed or the session ends.
struct Served {
    child: Child,
    /// Where the document says that it listens, and where it does: the port of the document may be taken here.
    address: (String, String),
}

impl Served {
    /// Where `serve` listens unless it is told.
    const SAID: &str = "127.0.0.1:8787";

    fn begin(folder: &Path, args: &[&str]) -> Self {
        let mut command = program(folder, args);
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listens = line.trim().strip_prefix("http://").unwrap_or_else(|| panic!("{line}"));
        Self { child, address: (Self::SAID.to_owned(), listens.to_owned()) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn printed(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// One command of a session and the lines below it.
#[derive(Debug, PartialEq, Eq)]
struct Entered {
    command: String,
    shown: Vec<String>,
}

fn sessions(text: &str) -> Vec<Entered> {
    let mut entered: Vec<Entered> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        match (line.strip_prefix("$ "), entered.last_mut()) {
            (Some(command), _) => {
                entered.push(Entered { command: command.to_owned(), shown: Vec::new() });
            }
            (None, Some(last)) => last.shown.push(line.to_owned()),
            (None, None) => panic!("a session begins with `$ `, not with {line}"),
        }
    }
    entered
}

/// Returns the words of a command, where double quotes keep blanks.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    let mut words = Vec::new();
    for (i, part) in parts {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Returns whether `printed` is what `shown` says, where `...` stands for any lines.
fn agrees(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=printed.len()).any(|skipped| agrees(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, others)| line.trim_end() == first && agrees(rest, others)),
    }
}

/// Executes the sessions of one document in a fresh checkout. Returns how many commands there were.
fn execute(name: &str) -> usize {
    let folder = checkout();
    let entered = sessions(&document(name));
    let mut last_exit = 0;
    let mut served: Option<Served> = None;
    let mut exported: BTreeMap<String, String> = BTreeMap::new();
    for Entered { command, shown } in &entered {
        let command = match &served {
            Some(Served { address: (said, listens), .. }) => command.replace(said, listens),
            None => command.clone(),
        };
        let command = command.as_str();
        let text = if let Some(background) = command.strip_suffix(" &") {
            let words = words(background);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let begun = Served::begin(folder.path(), words.strip_prefix(&["scopeform"]).unwrap());
            format!("http://{}\n", served.insert(begun).address.0)
        } else if command == "kill %1" {
            assert!(served.take().is_some(), "{name}: nothing runs in the background");
            String::new()
        } else if let Some((variable, value)) =
            command.strip_prefix("export ").and_then(|rest| rest.split_once('='))
        {
            exported.insert(variable.to_owned(), value.to_owned());
            String::new()
        } else if command.starts_with("sed -i ") {
            let mut sed = Command::new("sed");
            sed.args(&words(command)[1..]).current_dir(folder.path());
            assert!(sed.status().unwrap().success(), "{name}: {command}");
            String::new()
        } else if command == "echo $?" {
            format!("{last_exit}\n")
        } else if command == "tests/run.sh" {
            // Who runs this test has just given that command.
            assert!(shown.is_empty(), "{name}: the output of `{command}` cannot be checked");
            continue;
        } else if let Some(data) = command.strip_prefix("rm -r ") {
            assert!(data.starts_with("examples/") && data.ends_with("/.scopeform"), "{data}");
            std::fs::remove_dir_all(folder.path().join(data)).unwrap();
            String::new()
        } else {
            let words = words(command);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let args = words
                .strip_prefix(&["cargo", "run", "--release", "--"])
                .or_else(|| words.strip_prefix(&["scopeform"]))
                .unwrap_or_else(|| panic!("{name}: do not know how to run `{command}`"));
            let output = program(folder.path(), args).envs(&exported).output().unwrap();
            last_exit = output.status.code().unwrap_or(-1);
            match &served {
                Some(Served { address: (said, listens), .. }) => {
                    printed(&output).replace(listens, said)
                }
                None => printed(&output),
            }
        };
        if !shown.is_empty() {
            let lines: Vec<&str> = text.lines().collect();
            assert!(agrees(shown, &lines), "{name}: `{command}` now prints\n{text}");
        }
    }
    entered.len()
}

fn examples() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// The folders of the examples that hold a workspace: an example is one, or has one in it.
fn workspaces() -> Vec<String> {
    let mut found = Vec::new();
    let mut open = examples();
    while let Some(folder) = open.pop() {
        if folder.join("world.yaml").is_file() {
            let below = folder.strip_prefix(root()).unwrap();
            found.push(below.to_string_lossy().into_owned());
        } else {
            let inside = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            open.extend(inside.filter(|path| path.is_dir()));
        }
    }
    found.sort();
    found
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What is written for users: the README, and all of `docs/`.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned()];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            found.push(format!("docs/{}", name_of(&path)));
        }
    }
    found.sort();
    found
}

#[test]
fn the_documents_are_executed() {
    assert!(document("README.md").matches("\n$ ").count() >= 8);
    std::thread::scope(|scope| {
        for name in documents() {
            let shows = document(&name).matches("\n$ ").count();
            scope.spawn(move || assert_eq!(execute(&name), shows, "{name}"));
        }
    });
}

/// The annotated examples: valid, and plannable on the worlds of the examples, where a raised finding may block them.
#[test]
fn the_configurations_in_the_documents_are_ones() {
    let mut found = 0;
    for (name, yaml) in documents().iter().flat_map(|name| {
        let text = document(name);
        let blocks = text.split("```yaml\n").skip(1);
        let blocks =
            blocks.map(|rest| (name.clone(), rest.split_once("```\n").unwrap().0.to_owned()));
        // A part of a header is no configuration by itself.
        blocks.filter(|(_, block)| block.starts_with("version:")).collect::<Vec<_>>()
    }) {
        found += 1;
        let example = if yaml.contains("platform: trustpager") { "acme-crm" } else { "acme" };
        let folder = checkout();
        let target = folder.path().join("shown");
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(target.join("shown.yaml"), &yaml).unwrap();
        let world = root().join("examples").join(example).join("world.yaml");
        std::fs::copy(world, target.join("world.yaml")).unwrap();
        let output = scopeform(folder.path(), &["plan", "shown", "--today", "2026-11-22"]);
        let exit = output.status.code();
        assert!(matches!(exit, Some(0 | 4)), "{name}: {exit:?}\n{}", printed(&output));
        assert!(output.stderr.is_empty(), "{name}: {}", printed(&output));
    }
    assert!(found >= 5, "{found}");
}

/// Whoever copies a block of the README into a folder gets to a plan by doing what the errors say, and nothing else.
#[test]
fn the_blocks_of_the_readme_lead_to_a_plan_by_what_the_errors_say() {
    let readme = document("README.md");
    let blocks: Vec<&str> = readme
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split_once("```\n").unwrap().0)
        .filter(|block| block.starts_with("version:"))
        .collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let value = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")));
            line.unwrap().to_owned()
        };
        let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

        // In a folder of its own nothing says who and what is there. The error holds the file that does.
        let folder = tempfile::tempdir().unwrap();
        let mine = folder.path().join("mine");
        std::fs::create_dir(&mine).unwrap();
        std::fs::write(mine.join("acme.yaml"), block).unwrap();
        let wrong = scopeform(folder.path(), &["plan", "mine"]);
        assert_eq!(wrong.status.code(), Some(1), "{}", printed(&wrong));
        let wrong = said(&wrong);
        let (_, world) =
            wrong.split_once("put this there as world.yaml").unwrap_or_else(|| panic!("{wrong}"));
        let (_, world) = world.split_once("\n\n").unwrap();
        std::fs::write(mine.join("world.yaml"), world).unwrap();
        let planned = scopeform(folder.path(), &["plan", "mine"]);
        assert_eq!(planned.status.code(), Some(0), "{world}\n{}", printed(&planned));
        assert!(said(&planned).contains("begins anew"), "{}", said(&planned));
        let again = scopeform(folder.path(), &["plan", "mine"]);
        assert_eq!(said(&again), "");

        // After `init` a world is there, and the errors say what to add to it.
        let (platform, workspace) = (value("platform"), value("workspace"));
        let folder = tempfile::tempdir().unwrap();
        let mine = folder.path().join("mine");
        let init = ["init", "mine", "--platform", &platform, "--workspace", &workspace];
        assert!(scopeform(folder.path(), &init).status.success());
        assert!(scopeform(folder.path(), &["plan", "mine"]).status.success());
        std::fs::write(mine.join("scopeform.yaml"), block).unwrap();
        let mut planned = scopeform(folder.path(), &["plan", "mine"]);
        if planned.status.code() == Some(1) {
            let mut world = std::fs::read_to_string(mine.join("world.yaml")).unwrap();
            for help in said(&planned).split(" says: add `").skip(1) {
                let (entry, rest) = help.split_once("` to `").unwrap();
                let section = format!("    {}:\n", rest.split_once('`').unwrap().0);
                assert_eq!(world.matches(&section).count(), 1, "{section}{world}");
                world = world.replace(&section, &format!("{section}      {entry}\n"));
            }
            std::fs::write(mine.join("world.yaml"), world).unwrap();
            planned = scopeform(folder.path(), &["plan", "mine"]);
        }
        assert_eq!(planned.status.code(), Some(0), "{}", printed(&planned));
    }
}

#[test]
fn the_examples_are_explained_and_executed() {
    execute("examples/README.md");
    let index = document("examples/README.md");
    for example in examples() {
        let name = name_of(&example);
        assert!(execute(&format!("examples/{name}/README.md")) > 0, "{name} shows no command");
        assert!(index.contains(&format!("({name}/README.md)")), "examples/README.md omits {name}");
    }
}

#[test]
fn every_example_plans_applies_and_then_has_nothing_to_do() {
    assert_eq!(workspaces(), ["examples/acme", "examples/acme-crm", "examples/ci/access"]);
    for path in workspaces() {
        let folder = checkout();
        for (args, exit) in [
            (vec!["validate", &path], 0),
            (vec!["plan", &path, "--detailed-exitcode"], 2),
            (vec!["apply", &path, "--auto-approve"], 0),
            (vec!["plan", &path, "--detailed-exitcode"], 0),
            (vec!["apply", &path, "--auto-approve"], 0),
        ] {
            let output = scopeform(folder.path(), &args);
            assert_eq!(output.status.code(), Some(exit), "{args:?}\n{}", printed(&output));
        }
    }
}

/// Returns the rows of the tables below a heading and before the next one, as cells without backticks.
fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let begin = text.lines().skip_while(|line| *line != heading).skip(1);
    let section = begin.take_while(|line| !line.starts_with("## ") && !line.starts_with("### "));
    let lines: Vec<&str> = section.filter(|line| line.starts_with('|')).collect();
    assert!(lines.len() > 2, "no table below {heading}");
    let cells = |line: &str| {
        let inner = line.trim_matches('|');
        inner.split(" | ").map(|cell| cell.replace('`', "").trim().to_owned()).collect()
    };
    let all: Vec<Vec<String>> = lines.into_iter().map(cells).collect();
    // The head and the line below it.
    all.into_iter().skip(2).collect()
}

/// Returns the `name  meaning` lines below a title of `scopeform --help`.
fn help(title: &str) -> Vec<(String, String)> {
    let output = scopeform(root(), &["--help"]);
    let text = printed(&output);
    let begin = text.lines().skip_while(|line| *line != format!("{title}:")).skip(1);
    let lines = begin.take_while(|line| !line.is_empty());
    let pair = |line: &str| {
        let (name, meaning) = line.trim().split_once("  ").unwrap();
        (name.to_owned(), meaning.trim().replace('`', ""))
    };
    lines.map(pair).collect()
}

fn pairs(rows: Vec<Vec<String>>) -> Vec<(String, String)> {
    let pair = |mut row: Vec<String>| {
        let second = row.swap_remove(1);
        (row.swap_remove(0), second)
    };
    rows.into_iter().map(pair).collect()
}

#[test]
fn the_readme_has_the_tables_that_help_prints() {
    let readme = document("README.md");
    assert_eq!(pairs(rows(&readme, "## Exit codes")), help("Exit codes"));
    assert_eq!(pairs(rows(&readme, "## Commands")), help("Commands"));
    assert_eq!(pairs(rows(&readme, "## Environment")), help("Environment"));
}

#[test]
fn every_finding_is_listed() {
    let row = |rule: &Rule| {
        let severity = serde_json::to_value(rule.severity).unwrap();
        let severity = severity.as_str().unwrap().to_owned();
        vec![rule.code.to_owned(), severity, rule.title.replace('`', "")]
    };
    let findings = document("docs/findings.md");
    for (heading, rules) in [
        ("## On Odeus", odeus::findings::rules().map(row).collect::<BTreeSet<_>>()),
        ("## On TrustPager", trustpager::findings::rules().map(row).collect()),
        ("## On both", policy::rules().map(row).collect()),
    ] {
        let of = [("## On Odeus", Kind::Odeus), ("## On TrustPager", Kind::Trustpager)];
        let of = of.into_iter().find(|(one, _)| *one == heading).map(|(_, of)| of);
        let rules: BTreeSet<_> = rules.into_iter().chain(remarks::rules(of).map(row)).collect();
        assert_eq!(rows(&findings, heading), rules.into_iter().collect::<Vec<_>>(), "{heading}");
    }
}

#[test]
fn the_tests_that_hold_the_guarantees_exist() {
    let mut functions = String::new();
    for (_, text) in tidy::sources() {
        functions.push_str(&text);
    }
    let mut tests = Vec::new();
    tidy::files(&root().join("tests"), &mut tests);
    for path in tests {
        functions.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let listed = rows(&document("docs/guarantees.md"), "# Guarantees");
    assert!(listed.len() >= 10, "{listed:?}");
    for row in &listed {
        // No row is passed by: each names its test first.
        assert_eq!(row.len(), 3, "{row:?}");
        let name = row[2].split_whitespace().next().unwrap_or_else(|| panic!("{row:?}"));
        // One that is run on every platform is generic.
        let found = [format!("fn {name}()"), format!("fn {name}<")];
        assert!(found.iter().any(|text| functions.contains(text)), "there is no test {name}");
    }
}

#[test]
fn a_plan_file_that_was_touched_is_refused() {
    let folder = checkout();
    let saved = scopeform(folder.path(), &["plan", "examples/acme", "--out", "a.plan"]);
    assert_eq!(saved.status.code(), Some(0), "{}", printed(&saved));
    let file = folder.path().join("a.plan");
    let text = std::fs::read_to_string(&file).unwrap();
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "the plan holds no {from}");
        text.replacen(from, to, 1)
    };
    for (what, text, exit) in [
        ("as written", text.clone(), 0),
        ("a bound value", edited("content-team", "sales"), 1),
        ("an observed value", edited("\"today\": \"2", "\"today\": \"3"), 1),
        ("an added key", edited("{", "{ \"note\": \"harmless\","), 1),
        ("a blank", format!("{text} "), 1),
        ("cut short", text.chars().take(text.len() / 2).collect(), 1),
        ("another version", edited("\"scopeform_plan\": 1", "\"scopeform_plan\": 2"), 1),
    ] {
        std::fs::write(&file, text).unwrap();
        for command in [&["show", "a.plan"][..], &["apply", "a.plan", "--config", "examples/acme"]]
        {
            if command[0] == "apply" && exit == 0 {
                continue;
            }
            let output = scopeform(folder.path(), command);
            assert_eq!(output.status.code(), Some(exit), "{what}\n{}", printed(&output));
        }
    }
}

#[test]
fn the_architecture_maps_every_module_in_its_own_words() {
    let map: BTreeMap<String, String> =
        pairs(rows(&document("ARCHITECTURE.md"), "## Code map")).into_iter().collect();
    let mut folders = BTreeSet::new();
    for (name, text) in tidy::sources() {
        if let Some((folder, _)) = name.split_once('/') {
            folders.insert(folder.to_owned());
        }
        let Some(said) = map.get(&name) else {
            // Findings have a table of their own in the README, and tests stand beside what they test.
            let elsewhere = name.contains("/findings/")
                || name.ends_with("/tests.rs")
                || name.contains("/tests/");
            assert!(elsewhere, "the map omits {name}");
            continue;
        };
        let own: Vec<&str> = text
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let own = own.join(" ").replace('`', "");
        assert!(own.starts_with(said.as_str()), "{name}\nmap: {said}\nown: {own}");
    }
    for name in map.keys() {
        assert!(root().join("src").join(name).is_file(), "the map names {name}");
    }
    for folder in folders {
        assert!(map.contains_key(&format!("{folder}/mod.rs")), "the map omits {folder}");
    }
}

/// Files outside of a platform's own folders that name one, or an address that only one has, are where a third platform has
/// to be thought of.
#[test]
fn the_architecture_lists_every_place_where_a_platform_plugs_in() {
    let text = document("ARCHITECTURE.md");
    let table = rows(&text, "## How a platform plugs in");
    let mut listed = BTreeSet::new();
    for row in &table {
        // `cli/commands/init.rs, validate.rs` is two files of one folder.
        let mut folder = "";
        for name in row[0].split(", ") {
            let path =
                if name.contains('/') { name.to_owned() } else { format!("{folder}/{name}") };
            assert!(root().join("src").join(&path).exists(), "there is no {path}");
            folder = name.rsplit_once('/').map_or(folder, |(folder, _)| folder);
            listed.insert(path);
        }
    }
    let mut looked_at = 0;
    for (name, text) in tidy::sources() {
        if name.contains("/odeus") || name.contains("/trustpager") || name.ends_with("tests.rs") {
            continue;
        }
        if names_a_platform(&text) {
            looked_at += 1;
            let folders = listed.iter().filter(|path| path.ends_with('/'));
            let inside = folders.into_iter().any(|folder| name.starts_with(folder.as_str()));
            assert!(inside || listed.contains(&name), "the list omits {name}");
        }
    }
    assert!(looked_at > 40, "{looked_at}");
    for knows in ["use x::{odeus, y};", "Kind::Trustpager => {}", "let oauth = a.oauth();"] {
        assert!(names_a_platform(knows), "{knows}");
    }
    for does_not in ["// Kind::Odeus\n", "let a = \"odeus\";", "#[cfg(test)]\nuse x::odeus;"] {
        assert!(!names_a_platform(does_not), "{does_not}");
    }
}

/// Whether the code of a file names a platform, or the addresses of an OAuth client that only integrations have.
fn names_a_platform(text: &str) -> bool {
    let named = tidy::words(text).into_iter().any(|word| {
        let word = word.to_lowercase();
        ["odeus", "trustpager"].into_iter().any(|name| word.contains(name))
    });
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let address = [".oauth()", ".scope_list()", "[_, \"oauth\""];
    named || address.into_iter().any(|part| code.contains(part))
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let mut halves = line.match_indices("//").map(|(at, _)| line.split_at(at));
        let begins = |before: &str| before.chars().last().is_none_or(char::is_whitespace);
        halves.find(|(before, _)| begins(before)).map(|(_, comment)| comment)
    })
}

/// Iterates what a comment names as a source file or a document.
fn paths(comment: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c));
    let words = comment.split(part).map(|word| word.trim_end_matches('.'));
    words.filter(|word| word.ends_with(".rs") || word.ends_with(".md"))
}

/// Whether a file is there under a name that a comment of `by` gives it: from the root, from one of the folders where
/// things are looked for, or from the folder of `by` or one that it is in.
fn is_there(by: &str, path: &str) -> bool {
    let usual = ["", "src", "src/platform", "tests", "tests/it", "docs"];
    let by = by.strip_prefix(&format!("{}/", root().display())).unwrap_or(by);
    let by = if by.starts_with("tests/") { by.to_owned() } else { format!("src/{by}") };
    let own = [by.trim_end_matches(".rs")];
    let around = own.into_iter().chain(Path::new(&by).ancestors().filter_map(Path::to_str));
    usual.into_iter().chain(around).any(|folder| root().join(folder).join(path).is_file())
}

/// What comments send their readers to is there: a section of `docs/facts.md`, a file, a document.
#[test]
fn what_comments_cite_is_in_the_tree() {
    let headings: BTreeSet<String> = document("docs/facts.md")
        .lines()
        .filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")))
        .filter_map(|line| line.split_whitespace().next())
        .map(|number| number.trim_end_matches('.').to_owned())
        .collect();
    let mut texts = tidy::sources();
    let mut tests = Vec::new();
    tidy::files(&root().join("tests"), &mut tests);
    for path in tests.iter().filter(|path| !path.ends_with("readme.rs")) {
        texts.push((path.display().to_string(), std::fs::read_to_string(path).unwrap()));
    }
    let (mut cited, mut named) = (0, 0);
    for (name, text) in texts {
        for path in comments(&text).flat_map(paths) {
            assert!(is_there(&name, path), "{name} names {path}, which is not there");
            named += 1;
        }
        for rest in text.split("facts.md ").skip(1) {
            let number: String =
                rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            let number = number.trim_end_matches('.');
            assert!(headings.contains(number), "{name} cites facts.md {number}");
            cited += 1;
        }
    }
    assert!(cited > 30, "{cited}");
    assert!(named > 60, "{named}");
}

#[test]
fn the_architecture_has_the_arrows_that_are_enforced() {
    let said = pairs(rows(&document("ARCHITECTURE.md"), "## Who imports whom"));
    let enforced: Vec<(String, String)> = tidy::ARROWS
        .iter()
        .map(|(module, may)| {
            let may = if may.is_empty() { "nothing".to_owned() } else { may.join(", ") };
            ((*module).to_owned(), may)
        })
        .collect();
    assert_eq!(said, enforced);
}

#[test]
fn an_elision_stands_for_any_lines() {
    let shown = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    for (lines, printed, fine) in [
        (&["a", "...", "d"][..], &["a", "b", "c", "d"][..], true),
        (&["a", "...", "d"], &["a", "d"], true),
        (&["..."], &[], true),
        (&["a", "..."], &["a "], true),
        (&["a", "..."], &["b", "a"], false),
        (&["a"], &["a", "b"], false),
        (&["a", "...", "d"], &["a", "b"], false),
    ] {
        assert_eq!(agrees(&shown(lines), printed), fine, "{lines:?} {printed:?}");
    }
    let session = "```console\n$ scopeform plan x\nPlan\n...\n```\n```text\n$ no\n```\n";
    let entered =
        Entered { command: "scopeform plan x".to_owned(), shown: shown(&["Plan", "..."]) };
    assert_eq!(sessions(session), [entered]);
}
