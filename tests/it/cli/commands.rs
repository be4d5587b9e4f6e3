//! One test per command, in the embedded control plane where there is a choice.

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use super::harness::{Lab, files_below};

/// A fresh folder as `init` leaves it.
fn fresh() -> Lab {
    let lab = Lab::new();
    lab.run("init --workspace acme")
        .exits(0)
        .prints(&["Wrote ./scopeform.yaml, and world.yaml", "scopeform plan"]);
    lab
}

#[test]
fn serve_says_the_command_that_plans_against_it() {
    let lab = Lab::new();
    lab.run("init mine").exits(0);
    let mut process = lab.run("serve mine --listen 127.0.0.1:0").begin();
    let mut line = String::new();
    BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim();
    let said = {
        let mut lines = BufReader::new(process.child.stderr.take().unwrap()).lines();
        lines.find_map(|line| line.unwrap().strip_prefix("for example: ").map(str::to_owned))
    };
    let said = said.unwrap();
    let (command, endpoint) = said.split_once(" (with `").unwrap();
    assert_eq!(endpoint, format!("endpoint: {address}`)"));
    // As it stands there, it plans.
    let text = lab.read("mine/scopeform.yaml");
    lab.write(
        "mine/scopeform.yaml",
        &text.replace("endpoint: embedded", &format!("endpoint: {address}")),
    );
    let command = command.replace("scopeform plan", "\"$0\" plan");
    lab.shell(&command).exits(0).prints(&["Plan: 14 changes in sharepoint."]);
}

#[test]
fn a_list_of_runs_that_is_empty_says_so() {
    let lab = fresh();
    let done = lab.run("show --runs --json").exits(0).says(&["no apply has been noted in "]);
    assert_eq!(done.json()["runs"], serde_json::json!([]));
    let done = lab.run("show --runs").exits(0).says(&["no apply has been noted in "]);
    assert_eq!(done.out, "");
}

#[test]
fn init_writes_what_plans_and_never_overwrites() {
    let lab = fresh();
    let first = lab.read("scopeform.yaml");
    lab.run("init").exits(1).says(&["is there already and is left as it is"]);
    assert_eq!(lab.read("scopeform.yaml"), first);
    lab.run("validate").exits(0);
    lab.run("plan --detailed-exitcode").exits(2);
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/scopeform.schema.json"),
    );
    assert_eq!(lab.read("scopeform.schema.json"), text.unwrap());
    lab.run("init below/it --workspace other").exits(0);
    assert!(lab.read("below/it/scopeform.yaml").contains("workspace: other"));
    Lab::new().run("init --workspace").arg("no spaces").exits(64);
}

#[test]
fn validate_asks_nothing_live() {
    let lab = fresh();
    lab.run("validate").exits(0).prints(&["Valid: 1 file, workspace acme"]);
    assert!(!lab.path(".scopeform").exists());
    let json = lab.run("validate --json").exits(0).json();
    assert_eq!(json["valid"], true);
    assert_eq!(json["error_count"], 0);
}

#[test]
fn plan_apply_plan_again() {
    let lab = fresh();
    lab.run("plan").exits(0).prints(&["14 changes in sharepoint"]);
    lab.run("apply")
        .types("yes\n")
        .exits(0)
        .prints(&["Applied: 14 operations, read back as planned"]);
    lab.run("plan --detailed-exitcode").exits(0).prints(&["No changes"]);
    lab.run("apply").exits(0).prints(&["No changes"]);
}

#[test]
fn plans_are_the_same_byte_for_byte() {
    for format in ["text", "json", "diff"] {
        let (one, two) = (fresh(), fresh());
        let args = format!("plan --format {format}");
        let first = one.run(&args).exits(0).out;
        assert_eq!(first, one.run(&args).exits(0).out, "{format}: twice in one place");
        assert_eq!(first, two.run(&args).exits(0).out, "{format}: in two places");
        assert!(!first.is_empty());
    }
    let (one, two) = (fresh(), fresh());
    one.run("plan --out p.json").exits(0);
    two.run("plan --out p.json").exits(0);
    assert_eq!(one.read("p.json"), two.read("p.json"));
}

#[test]
fn show_prints_what_plan_printed() {
    let lab = fresh();
    for format in ["text", "json", "diff"] {
        let planned = lab.run(&format!("plan --out p.json --format {format}")).exits(0).out;
        let shown = lab.run(&format!("show p.json --format {format}")).exits(0).out;
        assert_eq!(planned, shown, "{format}");
    }
    lab.run("apply p.json").exits(0);
    lab.run("show p.json").exits(0).prints(&["14 changes"]);
    lab.run("show nothing.json").exits(1).says(&["cannot read the plan nothing.json"]);
}

#[test]
fn a_saved_plan_finds_its_control_plane_or_stops() {
    let lab = Lab::new();
    lab.run("init acme --workspace acme").exits(0);
    lab.run("plan acme --out p.json").exits(0);
    // Here is no configuration: a new control plane must not come up and be written to.
    lab.run("apply p.json").exits(1).says(&["--config FOLDER", "nothing was done"]);
    assert!(!lab.path(".scopeform").exists());
    lab.run("apply p.json --workspace other --config acme").exits(1).says(&["`acme`", "`other`"]);
    lab.run("apply p.json --config acme").exits(0).prints(&["Applied: 14 operations"]);
    lab.run("plan acme --detailed-exitcode").exits(0);
}

#[test]
fn status_shows_what_is_live() {
    let lab = fresh();
    lab.run("status").exits(0).prints(&["sharepoint", "teams"]);
    lab.run("status --integration sharepoint").exits(0).prints(&["create_list"]);
    lab.run("status -i sharepont").exits(1).says(&["`sharepont`", "did you mean `sharepoint`?"]);
    // What is near to nothing is answered with what there is.
    lab.run("status -i q").exits(1).says(&["`q`", "one of: `", " and 4 more"]);
    lab.run("status --json").exits(0).json();
    let failed = lab.run("status -i sharepont --json").exits(1).json();
    assert_eq!(failed["valid"], false);
}

/// A file that forgot it must not look at nothing but its own control plane and be content.
#[test]
fn a_forgotten_endpoint_is_said_until_a_control_plane_is_there() {
    let said = "warning: no file says `endpoint`, so no live system is asked";
    let lab = fresh();
    let whole = lab.read("scopeform.yaml");
    lab.write("scopeform.yaml", &whole.replace("endpoint: embedded\n", ""));
    lab.run("plan --json").exits(0).says(&[said]).json();
    // From then on it is the one that the folder holds.
    let again = lab.run("plan").exits(0);
    assert!(!again.err.contains("endpoint"), "{}", again.all());
    // A job that begins anew is told each time, and who says it is told nothing.
    lab.run("status").env("SCOPEFORM_DATA_DIR", lab.path("other")).exits(0).says(&[said]);
    lab.write("scopeform.yaml", &whole);
    let meant = lab.run("plan").env("SCOPEFORM_DATA_DIR", lab.path("third")).exits(0);
    assert!(!meant.err.contains("warning"), "{}", meant.all());
}

#[test]
fn a_word_that_is_near_to_nothing_is_not_corrected() {
    let lab = fresh();
    lab.run("explain too-deap").exits(64).says(&["did you mean `too-deep`?"]);
    let target = |name: &str| lab.run(&format!("plan --target {name}")).exits(1);
    target("sharepiont").says(&["did you mean `sharepoint`?"]);
    for done in [lab.run("explain foo").exits(64), target("excel"), target("x")] {
        assert!(!done.err.contains("did you mean"), "{}", done.all());
    }
}

#[test]
fn export_is_a_table_that_parses() {
    let lab = fresh();
    let csv = lab.run("export").exits(0).out;
    let rows: Vec<Vec<String>> = csv.lines().map(fields).collect();
    assert!(rows.len() > 50, "{}", rows.len());
    let width = rows[0].len();
    assert!(width >= 3, "{:?}", rows[0]);
    for row in &rows {
        assert_eq!(row.len(), width, "{row:?}");
    }
    lab.run("export --out live.csv").exits(0).says(&["exported to live.csv"]).prints_nothing();
    assert_eq!(lab.read("live.csv"), csv);
    lab.run("export --out nowhere/live.csv").exits(1).says(&["cannot write nowhere/live.csv"]);
}

/// Reads one line of RFC 4180 without line breaks in fields.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                fields.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted, "{line}");
    fields
}

#[test]
fn explain_knows_every_code() {
    let lab = Lab::new();
    let list = lab.run("explain").exits(0).out;
    let codes: Vec<&str> =
        list.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        let page = lab.run(&format!("explain {code}")).exits(0);
        assert!(page.out.contains(code) && page.out.lines().count() > 2, "{}", page.all());
    }
    lab.run("explain natve-scope-missing")
        .exits(64)
        .says(&["did you mean `native-scope-missing`?"]);
}

#[test]
fn schema_prints_the_published_files() {
    let lab = Lab::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let message = lab.run("schema bananas").exits(64).err;
    let names = message.split("one of: ").nth(1).unwrap().trim();
    let mut printed: Vec<String> = Vec::new();
    for name in names.split(", ") {
        let text = lab.run(&format!("schema {name}")).exits(0).out;
        printed.push(text);
    }
    assert_eq!(lab.run("schema").exits(0).out, lab.run("schema config").exits(0).out);
    for file in files_below(&folder) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(printed.contains(&text), "no name of `scopeform schema` prints {}", file.display());
        printed.retain(|one| *one != text);
    }
    assert!(printed.is_empty(), "{} schemas have no file", printed.len());
}

#[test]
fn completions_are_scripts() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = lab.run(&format!("completions {shell}")).exits(0).out;
        assert!(script.contains("scopeform") && script.contains("auto-approve"), "{shell}");
    }
    lab.run("completions tcsh").exits(64);
}

#[test]
fn terraforms_single_dash_flags_work() {
    let lab = fresh();
    let parent = Lab::new();
    lab.run("plan -detailed-exitcode -no-color -out=p.json").exits(2);
    lab.run("plan -json").exits(0).json();
    lab.run("show -json p.json").exits(0).json();
    lab.run("apply -input=false").exits(5);
    parent.run("plan -detailed-exitcode").arg(format!("-chdir={}", lab.work().display())).exits(2);
    parent.run("-chdir=nowhere plan").exits(1).says(&["cannot change to nowhere"]);
    lab.run("apply -auto-approve -parallelism=1 -target=sharepoint").exits(0);
}

#[test]
fn every_command_has_help_and_the_program_a_version() {
    let lab = Lab::new();
    let help = lab.run("--help").exits(0).out;
    for command in [
        "init",
        "validate",
        "plan",
        "show",
        "apply",
        "status",
        "export",
        "tokens",
        "serve",
        "schema",
        "explain",
        "completions",
    ] {
        assert!(help.contains(command), "{command}");
        let page = lab.run(&format!("{command} --help")).exits(0);
        assert!(page.out.contains("Usage: scopeform"), "{}", page.all());
    }
    lab.run("--version").exits(0).prints(&[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn the_environment_may_name_the_configuration() {
    let lab = Lab::new();
    lab.run("init acme --workspace acme").exits(0);
    lab.run("plan --detailed-exitcode").exits(1);
    let run = |args: &str| lab.run(args).env("SCOPEFORM_CONFIG", "acme");
    run("plan --detailed-exitcode --out p.json").exits(2);
    // Without the folder, apply would find nothing that the plan could be for.
    lab.run("show p.json").exits(0).prints(&["scopeform apply p.json --config FOLDER"]);
    run("show p.json").exits(0).prints(&["scopeform apply p.json\n"]);
    run("validate nowhere").exits(1).says(&["cannot read nowhere"]);
    run("apply p.json").exits(0).prints(&["Applied: 14 operations"]);
    run("plan --detailed-exitcode").exits(0);
    run("apply --auto-approve").exits(0).prints(&["No changes"]);
}

#[test]
fn one_file_is_no_way_round_the_rules_of_another() {
    let lab = Lab::new();
    let header = |name: &str| format!("version: 1\nplatform: odeus\nworkspace: {name}\n");
    let on = "integrations: {sharepoint: {actions: {create_page: enabled}}}\n";
    lab.write("files.yaml", &format!("{}{on}", header("acme")));
    lab.run("plan files.yaml --detailed-exitcode").exits(2);
    for (rules, key) in [
        ("protect: [sharepoint/actions/create_page]", "protect"),
        ("limits: {removals: {count: 0}}", "limits"),
        ("findings: {unknown-scope: blocker}", "findings"),
        ("rego: [rules.rego]", "rego"),
        ("{approvals: ", "approvals"),
    ] {
        lab.write("rules.yaml", &format!("{}{rules}\n", header("acme")));
        for args in ["plan files.yaml", "apply files.yaml --auto-approve", "validate files.yaml"] {
            lab.run(args).exits(1).says(&[
                &format!("whose rules stand in rules.yaml (`{key}`), and they would not be asked"),
                "name the folder",
            ]);
        }
    }
    // Those of another workspace are not asked anyway.
    lab.write("rules.yaml", &format!("{}limits: {{removals: {{count: 0}}}}\n", header("beta")));
    lab.run("plan files.yaml --detailed-exitcode").exits(2);
}

#[test]
fn several_workspaces_need_a_choice() {
    let lab = Lab::new();
    for name in ["acme", "beta"] {
        lab.write(
            &format!("{name}.yaml"),
            &format!("version: 1\nplatform: odeus\nworkspace: {name}\nintegrations: {{}}\n"),
        );
    }
    let told = lab.run("plan").exits(1);
    let told = told.says(&["several workspaces: acme, beta", "--workspace NAME"]);
    assert!(!told.err.contains("is another one than"), "{}", told.all());
    // A file whose workspace is mistyped is not left out without a word.
    let first = lab.read("acme.yaml");
    lab.write("more.yaml", &first.replace("workspace: acme", "workspace: acmee"));
    let notice = "workspace `acmee` (more.yaml:3) is another one than `acme`";
    lab.run("plan --workspace acme").exits(0).says(&[notice]);
    lab.run("validate").exits(0).says(&["is another one than"]);
    std::fs::remove_file(lab.path("more.yaml")).unwrap();
    lab.run("validate").exits(0).prints(&["workspace acme, beta"]);
    lab.run("plan --workspace gamma").exits(1).says(&["declares workspace `gamma`"]);
    lab.run("plan beta.yaml").exits(0).prints(&["No changes"]);
}

/// A plan that says nothing of a workspace does not let anybody believe that it has looked at it.
#[test]
fn a_plan_of_one_of_several_workspaces_says_that_it_is_of_one() {
    let lab = Lab::new();
    for name in ["acme", "beta", "gamma"] {
        lab.write(
            &format!("{name}.yaml"),
            &format!("version: 1\nplatform: odeus\nworkspace: {name}\nintegrations: {{}}\n"),
        );
    }
    let others = "which are not in this plan";
    let text = lab.run("plan --workspace acme --out p.plan").exits(0).out;
    let second = text.lines().nth(1).unwrap();
    let said = format!("Of workspace acme alone; the files declare others, {others}: beta, gamma.");
    assert_eq!(second, said, "{text}");
    let page = lab.run("show p.plan --format markdown").exits(0).out;
    assert!(
        page.contains(&format!(
            "Of workspace `acme` alone; the files declare others, {others}: `beta`, `gamma`."
        )),
        "{page}"
    );
    lab.run("show p.plan --format html").exits(0).prints(&[&said]);
    // What is beside it is no part of what is agreed to.
    let digest =
        |text: &str| text.lines().find(|line| line.starts_with("Digest: ")).unwrap().to_owned();
    for name in ["beta", "gamma"] {
        std::fs::remove_file(lab.path(&format!("{name}.yaml"))).unwrap();
    }
    let alone = lab.run("plan --workspace acme").exits(0).out;
    assert!(!alone.contains(others), "{alone}");
    assert_eq!(digest(&alone), digest(&text));
}

#[test]
fn explain_says_what_a_code_means_on_every_platform_that_has_it() {
    let lab = Lab::new();
    for (code, meanings) in [
        (
            "unknown-scope",
            [
                "warning, on odeus)\na scope of the fixed list is in no list",
                "on trustpager)\nthe platform reports a scope",
            ],
        ),
        ("order-window", ["on_swap", "on trustpager)"]),
    ] {
        lab.run(&format!("explain {code}")).exits(0).prints(&meanings);
    }
    let once = lab.run("explain tier-widens").exits(0).out;
    assert_eq!(
        once.matches("an access tier, or what is allowed beside it, becomes wider").count(),
        1,
        "{once}"
    );
}

#[test]
fn two_names_of_one_thing_are_explained_where_the_error_leads() {
    let lab = Lab::new();
    lab.run("explain duplicate-key")
        .exits(0)
        .prints(&["duplicate-key", "two lines under two names of one action or one resource"]);
}
