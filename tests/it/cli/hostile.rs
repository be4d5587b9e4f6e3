//! Names, descriptions and words of a platform that somebody wrote to do harm, through every command and format.
//!
//! Printing `view.name` without `terminal` in `render/status/mod.rs`, or a cell without `csv_field` in `render/csv.rs`,
//! makes these fail.

use proptest::prelude::*;
use scopeform::render::neutral::{self, is_deceptive};
use serde_json::{Value, json};

use super::harness::{Done, Lab, git};
use crate::apply::journal::journals;
use crate::apply::plane::{Plane, lab_at};
use crate::apply::proxy::{Do, Proxy};
use crate::fuzz_smoke::targets::{cells, inert};
use crate::render_markdown::reader::read;
use crate::report::structure::sound;

/// One text of each kind that has done harm somewhere.
pub(crate) const NASTY: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mred",
    "\u{1b}]0;title\u{7}\u{1b}]8;;https://evil.example\u{1b}\\click",
    "\u{9b}31mC1\u{90}q\u{9c}",
    "\u{202e}drowssap\u{202c}\u{2066}x\u{2069}",
    "ad\u{200b}min\u{feff}\u{2060}",
    "two\nlines\r\nthree\rfour",
    "x\nPlan: 0 to add\nforged",
    "tab\tbed",
    "::error file=a,line=1::x",
    "  ::add-mask::x\n::set-output name=a::b",
    "##[error]x ##vso[task.setvariable variable=a]b",
    "@everyone <!-- --> **bold** [a](javascript:b) `c` ```\n# d",
    "<script>alert(1)</script><img src=x onerror=y>",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u{ff1d}1",
    "a,b;c\"d\"",
    "\u{0}\u{8}\u{7f}",
    "\u{e0041}\u{e0042}\u{fe0f}\u{3164}",
    "a\u{2028}b\u{2029}c\u{85}d",
    "%s%n{}{0}$(id)`id`${x}",
    "",
];

pub(super) fn nasty(n: usize) -> String {
    match n % (NASTY.len() + 1) {
        n if n == NASTY.len() => "long ".repeat(4_000),
        n => NASTY[n].to_owned(),
    }
}

/// The first of each group of texts that stand in one world together. Names and descriptions are the texts from there on, one
/// after the other; of what there is only one of, [`together`] makes one of the group.
pub(super) fn groups() -> impl Iterator<Item = usize> {
    (0..=NASTY.len()).step_by(TOGETHER)
}

const TOGETHER: usize = 3;

/// A group of texts, each cut where it is longer than `most` characters and without those that are not `allowed`.
pub(super) fn together(n: usize, most: usize, allowed: impl Fn(char) -> bool) -> String {
    let part = |n| nasty(n).chars().filter(|c| allowed(*c)).take(most).collect::<String>();
    (n..n + TOGETHER).map(part).collect()
}

/// A platform whose every name is the `n`-th nasty text, and the next ones.
pub(super) fn hostile(n: usize) -> impl Fn(&mut Value) + Send + Sync {
    move |answer: &mut Value| {
        let mut next = n;
        let mut text = || {
            next += 1;
            json!(nasty(next - 1))
        };
        for item in answer["items"].as_array_mut().into_iter().flatten() {
            if let Some(facts) = item.get_mut("facts") {
                facts["name"] = text();
                for action in facts["actions"].as_object_mut().unwrap().values_mut() {
                    action["name"] = text();
                    action["description"] = text();
                }
            }
            if item.get("group").is_some() {
                // A group's name has no control characters and no `/`; what else is in it is the directory's business.
                let name = together(n, 20, |c| !c.is_control() && c != '/');
                item["group"] = json!(format!("{name}."));
            }
        }
    }
}

fn proxy(plane: &Plane, n: usize) -> Proxy {
    let change = hostile(n);
    let to = plane.address;
    Proxy::start(to, move |request, _| {
        if request.is_write() {
            let body = json!({ "error": { "message": together(n, 200, |_| true) } });
            return Do::Answer(422, body.to_string());
        }
        let (status, head, body) = crate::apply::wire::split(&request.send(to).unwrap());
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        change(&mut body);
        let tag = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
        let tag = tag.map(|line| format!("{line}\r\n")).unwrap_or_default();
        let body = body.to_string();
        Do::Raw(crate::apply::wire::answer(status, "application/json", &tag, body.as_bytes()))
    })
}

const WISHES: &str = "
integrations:
  notes:
    actions: {read_note: enabled, write_note: enabled, share_note: enabled}
  files:
    actions: {write_file: disabled}
";

/// Nothing acts on a terminal, and nothing at the beginning of a line acts on a CI runner.
#[track_caller]
pub(super) fn harmless(text: &str) {
    let ended = crate::samples::without_ends_of_names(text);
    let found = ended.chars().find(|c| is_deceptive(*c) && *c != '\n');
    assert!(found.is_none(), "{found:?} got through:\n{text:?}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "a command: {line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "a command: {line}");
        for forged in ["Plan: 0 to add", "forged"] {
            assert!(line != forged, "a forged line: {line}\n{text}");
        }
    }
}

/// Files that the program wrote are looked at too, by people and by other tools: its journals, of which there is one at least, and
/// those that are named.
#[track_caller]
pub(super) fn harmless_files(lab: &Lab, names: &[&str]) {
    names.iter().for_each(|name| harmless(&lab.read(name)));
    let journals = journals(lab);
    assert!(!journals.is_empty(), "nothing was noted");
    for journal in journals {
        harmless(&std::fs::read_to_string(journal).unwrap());
    }
}

/// Every command that says what is live or what would be done, in every format; `own` are those that one platform has alone.
/// What is asked of the platform is refused, so that `undo` has nothing to take back and says so.
pub(super) fn everywhere(run: &dyn Fn(&str) -> Done, own: &[&str]) {
    let shared = [
        "validate",
        "plan",
        "plan --full",
        "plan --full --verbose",
        "plan --format diff --full",
        "plan --diff",
        "plan --out p.json --verbose",
        "show p.json --full",
        "plan --format html",
        "show p.json --format html",
        "status",
        "snapshot --out s.json",
        "plan --snapshot s.json --allow-unsigned --full",
        "apply --auto-approve --verbose",
        "show --last",
        "show --last --verbose",
        "undo",
    ];
    let mut pages = 0;
    for args in shared.iter().chain(own) {
        let done = run(args);
        if !args.starts_with("apply") && !args.starts_with("undo") {
            assert_eq!(done.code, Some(0), "{args}: {}", done.all());
        }
        harmless(&done.out);
        harmless(&done.err);
        if done.out.starts_with("<!DOCTYPE html>") {
            sound(&done.out);
            pages += 1;
        }
    }
    assert_eq!(pages, 2);
    for args in [
        "plan --format markdown",
        "plan --format markdown --forge bitbucket",
        "show p.json --format markdown",
        "show p.json --format markdown --forge bitbucket",
        "show p.json --format markdown --max-size 1500",
    ] {
        let done = run(args);
        assert_eq!(done.code, Some(0), "{}", done.all());
        // The harness hides the port, in a way that our marker never would.
        read(&done.out.replace("[PORT]", "1"));
    }
    for args in [
        "plan --json",
        "status --json",
        "show p.json --json",
        "show --last --json",
        "apply --auto-approve --json",
    ] {
        let done = run(args);
        done.json();
        harmless(&done.out);
        harmless(&done.err);
    }
    for format in ["sarif", "code-quality"] {
        let done = run(&format!("show p.json --format {format}"));
        done.json();
        harmless(&done.out);
    }
    // Commands of ours, one on each line, and none inside of them.
    let commands = run("show p.json --format annotations").out;
    for line in commands.lines() {
        let rest = line.strip_prefix("::").and_then(|rest| rest.split_once("::"));
        let (head, message) = rest.unwrap_or_else(|| panic!("no command: {line}"));
        assert!(["error ", "warning ", "notice "].iter().any(|level| head.starts_with(level)));
        harmless(message);
    }
    let stream = run("apply p.json --json-lines");
    harmless(&stream.out);
    super::stream::lines(&stream.out);
}

#[test]
fn no_name_does_harm_in_any_format() {
    let plane = Plane::start();
    for n in groups() {
        let proxy = proxy(&plane, n);
        let lab = lab_at(&proxy.url(), WISHES);
        let run = |args: &str| plane.run(&lab, args).done();
        everywhere(&run, &["status --integration notes", "status --integration notes --verbose"]);
        harmless_files(&lab, &["p.json", "s.json"]);
        // The value is the same to a program that reads it: behind the five texts of `files`.
        let status = run("status --integration notes --json").json();
        assert_eq!(status["integrations"][0]["name"], nasty(n + 5));
        table(&run("export"), 7, Some(6));
    }
}

/// On a real terminal there are colours, the progress of an apply and a question besides: what moves is ours alone.
#[test]
fn no_name_acts_on_a_real_terminal() {
    let plane = Plane::start();
    for n in 0..=NASTY.len() {
        let proxy = proxy(&plane, n);
        let lab = lab_at(&proxy.url(), WISHES);
        let commands =
            if n % 2 == 0 { ["plan --full", "apply"] } else { ["status", "apply --auto-approve"] };
        for args in commands {
            on_a_terminal(&lab, &plane.token, args);
        }
    }
}

#[track_caller]
pub(super) fn on_a_terminal(lab: &Lab, token: &str, args: &str) {
    // `script` (Debian: bsdutils) gives the program a terminal of its own for all three streams. When what is typed ends
    // before the program does, it lingers for two seconds; so the input stays open until `end` is.
    let line = format!(
        "mkfifo ../end; {{ echo yes; cat ../end; }} | \
         {{ script -qec \"$0 {args}\" /dev/null; : >../end; }}; rm ../end"
    );
    let run = lab.shell(&line).env("TERM", "xterm-256color");
    let done = run.env("SCOPEFORM_TOKEN", token).done();
    assert!(done.out.contains("\u{1b}["), "no colour, so no terminal: {}", done.all());
    let plain = without_colour(&done.out).replace('\r', "");
    let written = args.starts_with("apply");
    assert_eq!(plain.contains("[1/"), written, "progress: {}", done.all());
    harmless(&plain);
}

/// Takes out the colours that the program itself gives: `ESC [ digits ; digits m`, and nothing else that begins with ESC.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match rest.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.push_str(&format!("\u{1b}[{part}")),
        }
    }
    plain
}

/// A second reader sees a table of so many columns, and of so many rows where that is known, and a spreadsheet calculates none
/// of its cells.
#[track_caller]
pub(super) fn table(done: &Done, columns: usize, count: Option<usize>) {
    assert_eq!(done.code, Some(0), "{}", done.all());
    let rows = cells(&done.out);
    assert_eq!(done.out.lines().count(), rows.len(), "one record is one line");
    assert!(rows.len() > 1 && count.is_none_or(|count| rows.len() == count + 1), "{}", done.out);
    for row in rows {
        assert_eq!(row.len(), columns, "{row:?}");
        row.iter().for_each(|cell| inert(cell));
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_without_harm() {
    for n in 0..=NASTY.len() {
        let text = serde_json::to_string(&nasty(n)).unwrap();
        for body in [
            format!("integrations: {{{text}: {{}}}}"),
            format!("integrations: {{notes: {{actions: {{{text}: enabled}}}}}}"),
            format!("integrations: {{notes: {{access: {{groups: [{text}]}}}}}}"),
            format!("{text}: 1\n? {text}\n: 2"),
            format!("endpoint: {text}"),
            format!("findings: {{{text}: error}}"),
            nasty(n),
        ] {
            let lab = Lab::with(&format!("version: 1\nplatform: odeus\nworkspace: acme\n{body}\n"));
            let done = lab.run("validate").done();
            harmless(&done.out);
            harmless(&done.err);
            let done = lab.run("validate --json").done();
            done.json();
            harmless(&done.out);
        }
        let lab = Lab::with("version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n");
        let done = lab.run("plan").arg("--target").arg(nasty(n).replace('\0', "")).done();
        harmless(&done.err);
    }
}

/// Who proposes a change chooses names of files and folders too.
///
/// Mutation: let `Ui::detail` say its text as it is, and this fails.
#[cfg(unix)]
#[test]
fn no_name_of_a_file_or_folder_does_harm() {
    for n in 0..NASTY.len() {
        let name = nasty(n).replace(['/', '\0'], "_");
        let name: String = name.chars().take(40).collect();
        let folder = format!("d{name}");
        let lab = Lab::new();
        let wish = "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n";
        lab.write(
            &format!("{folder}/w{name}.yaml"),
            &format!("{wish}integrations: {{sharepoint: {{actions: {{create_page: enabled}}}}}}\n"),
        );
        lab.write(&format!("{folder}/rules/r{name}.rego"), "package scopeform\nimport rego.v1\ndeny contains msg if { input.never; msg := \"no\" }\n");
        git(&lab, &["init", "-q"]);
        git(&lab, &["add", "."]);
        git(&lab, &["commit", "-q", "-m", "first"]);
        let out = format!("{folder}/p{name}.plan");
        let run = |args: &str| lab.run(args).arg(&folder).done();
        for done in [
            run("validate --verbose"),
            run("plan --verbose"),
            run("plan --base HEAD --verbose"),
            lab.run("plan --verbose")
                .arg(&folder)
                .arg("--policy")
                .arg(format!("{folder}/rules"))
                .done(),
            lab.run("plan").arg(&folder).arg("--out").arg(&out).done(),
            lab.run("apply --verbose").arg(&out).arg("--config").arg(&folder).done(),
            lab.run("undo --out").arg(&out).arg(&folder).done(),
            lab.run("init").arg(format!("new{name}")).done(),
        ] {
            assert_eq!(done.code, Some(0), "{}", done.all());
            harmless(&done.out);
            harmless(&done.err);
        }
    }
}

#[test]
fn an_answer_that_is_no_text_is_told_without_harm() {
    let plane = Plane::start();
    let bodies: [&[u8]; 5] = [
        b"\xff\xfe\x00{\"a\": 1}",
        b"{\"items\": [\"\xc3\x28\xe2\x80\"]}",
        b"\x1b[2J\x9b31m<html>",
        b"{\"workspace\": \"\xf0\x9f\"}",
        b"\x00\x00\x00",
    ];
    for body in bodies {
        for status in [200, 400, 403, 409] {
            let body = body.to_vec();
            let proxy = Proxy::start(plane.address, move |_, _| {
                Do::Raw(crate::apply::wire::answer(status, "application/json", "", &body))
            });
            let lab = lab_at(&proxy.url(), WISHES);
            for args in ["plan", "plan --json", "status", "apply --auto-approve --json"] {
                let done = plane.run(&lab, args).done();
                assert!(matches!(done.code, Some(1 | 8)), "{}", done.all());
                harmless(&done.out);
                harmless(&done.err);
            }
        }
    }
}

/// Any text at all, with more of the dangerous than chance would give.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        any::<char>().prop_map(String::from),
        prop::sample::select(NASTY).prop_map(str::to_owned),
        prop::sample::select(vec!["::", "##[", "##vso[", "\"", ",", "\r\n", " ", "="])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_harmless_on_a_terminal(text in any_text()) {
        let shown = neutral::terminal(&text).to_string();
        harmless(&format!("x\n{}", shown));
        prop_assert!(!shown.contains('\n'));
        prop_assert!(shown.len() <= 10 * text.len());
        // What was harmless is unchanged.
        let tame = !text.contains(is_deceptive) && !text.contains("::") && !text.contains("##");
        prop_assert!(!tame || shown == text);
    }

    #[test]
    fn any_text_is_only_text_in_html(text in any_text()) {
        let shown = neutral::html(&text).to_string();
        harmless(&format!("x\n{shown}"));
        prop_assert!(!shown.contains(['<', '>', '"', '\'', '`', '\n']));
        // As text and as an attribute, a parser reads what a terminal shows, but for what only a log would obey.
        let page = format!("<!DOCTYPE html><title>x</title><p title=\"{shown}\">{shown}</p>");
        let all = crate::report::structure::elements(&page);
        let p = all.iter().find(|element| element.name == "p").unwrap();
        prop_assert_eq!(&p.text, &p.attributes["title"]);
        let terminal = neutral::terminal(&text).to_string();
        prop_assert_eq!(p.text.replace("::", ""), terminal.replace("\\u{3a}:", "").replace("\\u{23}", "#").replace("::", ""));
    }

    #[test]
    fn any_text_is_one_inert_cell(text in any_text()) {
        let line = format!("a,{},b\r\n", neutral::csv_field(&text));
        prop_assert_eq!(line.lines().count(), 1);
        let rows = cells(&line);
        prop_assert_eq!(rows.len(), 1);
        prop_assert_eq!(rows[0].len(), 3);
        inert(&rows[0][1]);
    }

    #[test]
    fn any_value_is_the_same_behind_the_escapes(text in any_text()) {
        let document = serde_json::to_string_pretty(&json!({ &text: [&text] })).unwrap();
        let safe = neutral::json(&document);
        prop_assert!(!safe.contains(|c| is_deceptive(c) && c != '\n'));
        let again: Value = serde_json::from_str(&safe).unwrap();
        prop_assert_eq!(again, json!({ &text: [&text] }));
    }

    #[test]
    fn any_remark_about_a_file_is_harmless(text in any_text()) {
        use scopeform::diag::{Code, Diagnostic, Diagnostics};
        use scopeform::render::diagnostic::{self, Colour};
        use scopeform::source::{Origin, SourceMap, Span};

        let mut sources = SourceMap::new();
        let file = sources.add(text.clone(), text.as_bytes());
        let end = sources.file(file).unwrap().text().len();
        let at = Origin { file, span: Span::new(0, end) };
        let mut all = Diagnostics::new();
        all.push(Diagnostic::at(Code::UnknownKey, at, text.clone()).label(text.clone()).help(text.clone()));
        let mut out = String::new();
        diagnostic::text(&all, &sources, Colour::Never, &mut out).unwrap();
        prop_assert!(!out.contains(|c| is_deceptive(c) && c != '\n'), "{out:?}");
        let mut out = String::new();
        diagnostic::json(&all, &sources, &mut out).unwrap();
        prop_assert!(!out.contains(|c| is_deceptive(c) && c != '\n'), "{out:?}");
        serde_json::from_str::<Value>(&out).unwrap();
    }
}
