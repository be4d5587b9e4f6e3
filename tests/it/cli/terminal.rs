//! Colour, pipes and full disks: what stdout and stderr are.

use super::harness::Lab;

const CONFIG: &str = "version: 1
platform: odeus
workspace: acme
integrations:
  sharepoint:
    actions: {create_list: enabled}
";

#[test]
fn colour_is_asked_for_and_refused() {
    let lab = Lab::with(CONFIG);
    let coloured = |pairs: &[(&str, &str)], args: &str| {
        let mut run = lab.run(&format!("plan {args}"));
        for (name, value) in pairs {
            run = run.env(name, value);
        }
        run.exits(0).out.contains('\u{1b}')
    };
    assert!(!coloured(&[], ""), "a pipe is no terminal");
    assert!(!coloured(&[("TERM", "xterm-256color")], ""));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], ""));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")], ""), "0 forces nothing");
    assert!(!coloured(&[("FORCE_COLOR", "0")], ""), "0 forces nothing");
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], ""), "NO_COLOR wins");
    assert!(coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], ""), "empty NO_COLOR is unset");
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], "--no-color"), "the flag wins");
    assert!(!coloured(&[("TERM", "dumb")], ""));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], "--json"), "programs read JSON");
}

#[test]
fn colour_never_carries_meaning_alone() {
    let lab = Lab::with(CONFIG);
    let plain = lab.run("plan").exits(0).out;
    let coloured = lab.run("plan").env("CLICOLOR_FORCE", "1").exits(0).out;
    assert_eq!(plain, without_escapes(&coloured));
}

fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            for c in chars.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let lab = Lab::with(CONFIG);
    for args in [
        "plan",
        "plan --json",
        "status",
        "explain",
        "schema",
        "completions bash",
        "--help",
        "export",
    ] {
        let line = format!("{{ \"$0\" {args}; echo \"code $?\" >&2; }} | true");
        let done = lab.shell(&line).exits(0);
        assert!(done.err.contains("code 0"), "{args}: {}", done.all());
    }
    let done = lab.shell("\"$0\" plan >&-; echo \"code $?\" >&2").exits(0);
    assert!(!done.err.contains("panicked"), "{}", done.all());
    let done = lab.shell("\"$0\" plan --bananas 2>&-").exits(64);
    assert!(done.err.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let lab = Lab::with(CONFIG);
    for args in ["plan", "plan --json", "status", "export", "schema"] {
        let done = lab.shell(&format!("\"$0\" {args} > /dev/full")).exits(1);
        done.says(&["No space left on device"]);
    }
    lab.run("plan --out /dev/full").exits(1).says(&["cannot write the plan to /dev/full"]);
    lab.run("export --out /dev/full").exits(1).says(&["cannot write /dev/full"]);
}

#[test]
fn stdout_is_the_result_and_stderr_the_conversation() {
    let lab = Lab::with(CONFIG);
    let quiet = lab.run("plan --json").exits(0);
    quiet.json();
    let loud = lab.run("plan --json --verbose").exits(0);
    assert_eq!(quiet.out, loud.out);
    loud.says(&["reading ./scopeform.yaml", "embedded control plane on 127.0.0.1:[PORT]"]);
    lab.run("plan --bananas").exits(64).prints_nothing();
}
