//! The configuration language, by fixtures: `tests/fixtures/config/valid/*.yaml` say nothing but warnings that stand in
//! a `.stderr` beside them; every file or folder in `invalid/` has a `.stderr` with everything that is said about it.
//! `UPDATE=1` writes the `.stderr` files.

#![expect(clippy::disallowed_methods, reason = "tests read files and may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use scopeform::config::{self, FileKind};
use scopeform::diag::{Code, Diagnostics, Severity};
use scopeform::model::{Access, Address};
use scopeform::platform::odeus::desired::{DesiredList, DesiredOauth, SecretSource};
use scopeform::render::diagnostic::{self, Colour};
use scopeform::source::SourceMap;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(name)
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
}

/// Everything in a fixture folder: one case per file, one per folder of files.
fn cases(name: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || is_document(path))
        .collect();
    found.sort();
    found
}

fn sources(case: &Path) -> SourceMap {
    let mut sources = SourceMap::new();
    if case.is_dir() {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| is_document(file)) {
            let name = file.file_name().unwrap().to_str().unwrap();
            sources.add(name, std::fs::read(file).unwrap());
        }
        for name in config::beside(&sources) {
            if let Ok(bytes) = std::fs::read(case.join(&name)) {
                sources.add_beside(name, bytes);
            }
        }
    } else {
        let name = case.file_name().unwrap().to_str().unwrap();
        sources.add(name, std::fs::read(case).unwrap());
    }
    sources
}

/// Reads a case as what its first file says that it is.
fn diagnose(sources: &SourceMap) -> Diagnostics {
    let (_, first) = sources.iter().next().unwrap();
    let json = first.name().ends_with(".json");
    match config::classify(first.text().as_bytes()) {
        FileKind::World => config::world::load(sources).1,
        FileKind::Catalog => {
            let mut out = config::catalog::load(sources).1;
            out.append(config::trustpager::catalog::load(sources).1);
            out
        }
        FileKind::Config if json => config::catalog::load(sources).1,
        FileKind::Config | FileKind::Plan => config::load(sources).1,
    }
}

fn render(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let mut out = String::new();
    diagnostic::text(diagnostics, sources, Colour::Never, &mut out).unwrap();
    out
}

/// Documents that are easier to write as code than as files.
fn generated() -> Vec<(&'static str, Vec<u8>)> {
    let header = "version: 1\nplatform: odeus\nworkspace: acme\n";
    let mut laughs = format!("{header}integrations:\n  a0: &a0 {{access: everyone}}\n");
    for n in 1..9 {
        let list = vec![format!("*a{}", n - 1); 9].join(", ");
        laughs.push_str(&format!("  a{n}: &a{n} [{list}]\n"));
    }
    let block: String = (0..3000).map(|n| format!("{}a:\n", " ".repeat(n % 2000))).collect();
    let deep: String = (0..60).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    vec![
        ("gen_alias_bomb.yaml", laughs.into_bytes()),
        (
            "gen_brackets.yaml",
            format!("{header}integrations: {}", "[".repeat(100_000)).into_bytes(),
        ),
        ("gen_deep_block.yaml", format!("{header}{deep}").into_bytes()),
        ("gen_ragged_block.yaml", block.into_bytes()),
        ("gen_empty.yaml", Vec::new()),
        ("gen_only_a_byte_order_mark.yaml", b"\xef\xbb\xbf".to_vec()),
        ("gen_not_utf8.yaml", [header.as_bytes(), b"# caf\xe9\n"].concat()),
        ("gen_utf16.yaml", b"\xff\xfev\0e\0r\0s\0i\0o\0n\0".to_vec()),
        ("gen_nul.yaml", b"version: 1\nworkspace: \"a\0b\"\nplatform: odeus\n".to_vec()),
        ("gen_oversize.yaml", [header.as_bytes(), &vec![b'#'; 5_000_001]].concat()),
        (
            "gen_crlf_unknown_key.yaml",
            b"\xef\xbb\xbfversion: 1\r\nplatform: odeus\r\nworkspace: acme\r\n\xc3\xbcber: 1\r\n"
                .to_vec(),
        ),
    ]
}

fn all_invalid() -> Vec<(String, SourceMap)> {
    let files = cases("invalid").into_iter().map(|case| {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        (name, sources(&case))
    });
    let made = generated().into_iter().map(|(name, bytes)| {
        let mut sources = SourceMap::new();
        sources.add(name, bytes);
        (name.to_owned(), sources)
    });
    files.chain(made).collect()
}

/// Compares what is said about a case with its `.stderr`.
fn check(kind: &str, name: &str, said: &str, wrong: &mut Vec<String>) {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let path = folder(kind).join(format!("{stem}.stderr"));
    if std::env::var_os("UPDATE").is_some() {
        if said.is_empty() {
            let _ = std::fs::remove_file(&path);
        } else {
            std::fs::write(&path, said).unwrap();
        }
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    if stored != said {
        wrong.push(format!("{kind}/{name}: expected\n{stored}\nfound\n{said}"));
    }
}

#[test]
fn invalid_files_say_everything_that_is_wrong_with_them() {
    let mut wrong = Vec::new();
    for (name, sources) in all_invalid() {
        let out = diagnose(&sources);
        assert!(!out.is_empty(), "{name} is said to be fine");
        let stands = name.starts_with("warn_");
        assert_eq!(out.has_errors(), !stands, "{name}");
        check("invalid", &name, &render(&out, &sources), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_fixture() {
    let said: BTreeSet<Code> = all_invalid()
        .iter()
        .flat_map(|(_, sources)| diagnose(sources).iter().map(|d| d.code).collect::<Vec<_>>())
        .collect();
    let told = |code: &&Code| !said.contains(code) && !code.needs_live_names();
    let silent: Vec<&str> = Code::ALL.iter().filter(told).map(|code| code.name()).collect();
    assert!(silent.is_empty(), "no fixture for {silent:?}");
}

#[test]
fn every_diagnostic_has_a_place_inside_its_file_and_its_json_fits_the_schema() {
    let schema = jsonschema::validator_for(&diagnostic::document_schema()).unwrap();
    for (name, sources) in all_invalid() {
        let out = diagnose(&sources);
        for diagnostic in out.iter() {
            let places = diagnostic.primary.iter().chain(&diagnostic.related);
            assert!(diagnostic.primary.is_some(), "{name}: {}", diagnostic.message);
            for label in places {
                let text = sources.file(label.origin.file).unwrap().text();
                assert!(text.get(label.origin.span.range()).is_some(), "{name}: {label:?}");
            }
            assert!(!diagnostic.message.ends_with('.'), "{name}: {}", diagnostic.message);
        }
        let mut json = String::new();
        diagnostic::json(&out, &sources, &mut json).unwrap();
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(schema.is_valid(&document), "{name}: {json}");
        assert_eq!(document["error_count"], out.count(Severity::Error));
    }
}

/// Nothing that a person is told to do is kept from whoever reads it with a program.
#[test]
fn what_to_do_is_the_same_in_text_and_in_json() {
    let mut told = 0;
    for (name, sources) in all_invalid() {
        let out = diagnose(&sources);
        let document = diagnostic::document(&out, &sources);
        let page = render(&out, &sources);
        let helps = page.lines().filter_map(|line| Some(line.split_once(" = help: ")?.1));
        for help in helps {
            let known = document.diagnostics.iter().any(|entry| entry.detail.contains(help));
            assert!(known, "{name}: {help}");
            told += 1;
        }
    }
    assert!(told > 100, "only {told} helps were found");
}

#[test]
fn secrets_in_files_are_never_printed() {
    let mut checked = 0;
    for (name, sources) in all_invalid() {
        let texts: Vec<&str> = sources.iter().map(|(_, file)| file.text()).collect();
        if !texts.iter().any(|text| text.contains("hunter2")) {
            continue;
        }
        checked += 1;
        let out = diagnose(&sources);
        let mut json = String::new();
        diagnostic::json(&out, &sources, &mut json).unwrap();
        for said in [render(&out, &sources), json, format!("{out:?}")] {
            assert!(!said.contains("hunter2"), "{name}: {said}");
        }
    }
    assert!(checked >= 4, "only {checked} fixtures hold a secret");
}

#[test]
fn valid_files_are_valid_to_us_to_the_schema_and_to_another_parser() {
    let schema = jsonschema::validator_for(&config::config_schema()).unwrap();
    let world = jsonschema::validator_for(&config::world::world_schema()).unwrap();
    let mut wrong = Vec::new();
    for case in cases("valid") {
        let name = case.file_name().unwrap().to_str().unwrap();
        let sources = sources(&case);
        let out = diagnose(&sources);
        assert!(!out.has_errors(), "{name}\n{}", render(&out, &sources));
        check("valid", name, &render(&out, &sources), &mut wrong);
        for (_, file) in sources.iter() {
            let other: serde_json::Value = serde_yaml::from_str(file.text()).unwrap();
            let validator = match config::classify(file.text().as_bytes()) {
                FileKind::Config => &schema,
                FileKind::World => &world,
                FileKind::Catalog | FileKind::Plan => continue,
            };
            let errors: Vec<String> = validator
                .iter_errors(&other)
                .map(|e| format!("{}: {e}", e.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_what_we_refuse_for_its_shape() {
    let schema = jsonschema::validator_for(&config::config_schema()).unwrap();
    for name in [
        "unknown_keys",
        "missing_header",
        "bad_words",
        "version_2",
        "unknown_platform",
        "names",
        "access_conflicts",
        "wrong_types",
        "secret_literal",
        "trustpager_keys",
        "trustpager_names",
        "trustpager_tiers",
        "trustpager_tokens",
        "trustpager_unknown_keys",
    ] {
        let text = std::fs::read_to_string(folder("invalid").join(format!("{name}.yaml"))).unwrap();
        let other: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert!(!schema.is_valid(&other), "{name}");
    }
}

/// The keys of the integrations as another parser reads them.
#[test]
fn another_parser_reads_the_same_declarations() {
    for case in cases("valid") {
        let sources = sources(&case);
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (_, file) in sources.iter() {
            if config::classify(file.text().as_bytes()) != FileKind::Config {
                continue;
            }
            let other: serde_json::Value = serde_yaml::from_str(file.text()).unwrap();
            for (key, integration) in other["integrations"].as_object().into_iter().flatten() {
                let actions = integration["actions"].as_object().into_iter().flatten();
                let keys = actions.map(|(key, _)| key.clone());
                expected.entry(key.clone()).or_default().extend(keys);
            }
        }
        let (configs, _) = config::load(&sources);
        let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for config in &configs {
            let config::Desired::Odeus(desired) = &config.desired else { continue };
            for (key, integration) in &desired.integrations {
                let keys = integration.actions.keys().map(ToString::to_string);
                let keys = keys.chain(integration.globs.keys().cloned());
                read.entry(key.to_string()).or_default().extend(keys);
            }
        }
        if !configs.is_empty() {
            assert_eq!(read, expected, "{}", case.display());
        }
    }
}

fn odeus(desired: &config::Desired) -> &scopeform::platform::odeus::desired::Desired {
    let config::Desired::Odeus(desired) = desired else { panic!("{desired:?}") };
    desired
}

fn one(body: &str) -> (config::Config, SourceMap) {
    let mut sources = SourceMap::new();
    sources.add("acme.yaml", format!("version: 1\nplatform: odeus\nworkspace: acme\n{body}"));
    let (mut configs, out) = config::load(&sources);
    assert!(!out.has_errors(), "{}", render(&out, &sources));
    (configs.remove(0), sources)
}

#[test]
fn every_declared_address_has_its_line() {
    let case = folder("valid").join("everything.yaml");
    let sources = sources(&case);
    let (configs, _) = config::load(&sources);
    let config = &configs[0];
    for (address, underlined) in [
        ("workspace", "acme"),
        ("workspace/new_actions_enabled_by_default", "false"),
        ("sharepoint", "sharepoint"),
        ("sharepoint/access", "everyone"),
        ("sharepoint/oauth", "oauth"),
        ("sharepoint/oauth/mode", "managed"),
        ("sharepoint/unlisted_actions", "keep"),
        ("sharepoint/accept_scopes/Sites.Manage.All", "Sites.Manage.All"),
        ("sharepoint/actions/get_page", "get_page"),
        ("sharepoint/actions/create_list/users/ana@acme.example", "Ana@acme.example"),
        ("sharepoint/actions/create_list/groups/content-team", "content-team"),
        ("sharepoint/actions/list_*", "\"list_*\""),
        ("excel/access", "access"),
        ("excel/access/users/bo@acme.example", "bo@acme.example"),
        ("excel/access/groups/sales", "sales"),
        ("excel/oauth/client", "client"),
        ("onedrive/oauth/scopes", "scopes"),
        ("onedrive/oauth/scopes/Files.Read", "Files.Read"),
        ("onedrive/oauth/substitutes/0", "Files.Read"),
        ("onedrive/on_swap", "outage"),
        ("onedrive/actions/create_folder/accept_missing_scopes", "\"pilot until SEC-150\""),
        ("findings/unknown-scope", "unknown-scope"),
        // Nothing of its own: the nearest line above.
        ("excel/actions/add_sheet", "excel"),
        ("onedrive/oauth/pending_scopes", "oauth"),
    ] {
        let origin = config.origins.get(&Address::of(&[address]));
        let origin = origin.unwrap_or_else(|| panic!("{address} has no line"));
        let file = sources.file(origin.file).unwrap();
        assert_eq!(file.slice(origin.span), underlined, "{address}");
    }
    assert_eq!(config.origins.get(&Address::of(&["teams/access"])), None);
}

#[test]
fn a_file_says_what_is_wanted_and_nothing_else() {
    let case = folder("valid").join("everything.yaml");
    let (configs, _) = config::load(&sources(&case));
    let config = &configs[0];
    assert_eq!(config.endpoint.to_string(), "https://odeus.example.com");
    assert_eq!(config.policy.raised.len(), 1);
    let desired = odeus(&config.desired);
    let sharepoint = &desired.integrations["sharepoint"];
    assert_eq!(sharepoint.access, Some(Access::Everyone));
    assert_eq!(sharepoint.oauth, Some(DesiredOauth::Managed));
    assert_eq!(sharepoint.actions["create_page"].access, Access::Nobody);
    assert_eq!(sharepoint.globs["list_*"].access, Access::Everyone);
    let excel = &desired.integrations["excel"];
    let Some(DesiredOauth::Sync(client)) = &excel.oauth else { panic!("{excel:?}") };
    let secret = client.secret.as_ref().unwrap();
    assert_eq!(secret.source, SecretSource::Env("EXCEL_CLIENT_SECRET".to_owned()));
    let onedrive = &desired.integrations["onedrive"];
    let Some(DesiredOauth::Fixed { client, scopes, substitutes }) = &onedrive.oauth else {
        panic!("{onedrive:?}")
    };
    assert_eq!(client.secret.as_ref().unwrap().to_string(), "file:/run/secrets/onedrive@2026-10");
    let DesiredList::Exactly(list) = scopes else { panic!("{scopes:?}") };
    assert_eq!(list.to_string(), "Files.Read User.Read offline_access openid");
    assert_eq!(substitutes[0].until.unwrap().to_string(), "2027-03-01");
    let folder = &onedrive.actions["create_folder"];
    assert_eq!(folder.accept_missing_scopes.as_deref(), Some("pilot until SEC-150"));
}

#[test]
fn case_43_the_same_principal_twice_is_one() {
    let twice = "integrations: {excel: {access: {users: [a@x, a@x], groups: [g, g]}}}";
    let once = "integrations: {excel: {access: {users: [a@x], groups: [g]}}}";
    assert_eq!(one(twice).0.desired, one(once).0.desired);
}

#[test]
fn case_44_user_addresses_do_not_mind_case() {
    let (upper, lower) = (
        one("integrations: {excel: {access: {users: [ANA@Acme.Example]}}}").0,
        one("integrations: {excel: {access: {users: [ana@acme.example]}}}").0,
    );
    assert_eq!(upper.desired, lower.desired);
}

#[test]
fn case_49_an_empty_list_of_actions_is_no_opinion() {
    for body in ["actions: {}", "actions:", "{}"] {
        let body = format!("integrations:\n  excel:\n    {body}\n");
        let config = one(&body).0;
        let desired = odeus(&config.desired);
        assert_eq!(desired.integrations["excel"], Default::default(), "{body}");
    }
}

#[test]
fn case_11_and_13_scopes_are_a_set_compared_byte_by_byte() {
    let list = |scopes: &str| {
        let body = format!(
            "integrations: {{excel: {{oauth: {{mode: fixed, client: {{id: c}}, scopes: [{scopes}]}}}}}}"
        );
        let config = one(&body).0;
        odeus(&config.desired).integrations["excel"].oauth.clone()
    };
    assert_eq!(list("openid, User.Read, openid"), list("User.Read, openid"));
    assert_ne!(list("openid, User.Read"), list("openid, user.read"));
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let plain = std::fs::read_to_string(folder("valid").join("everything.yaml")).unwrap();
    let read = |text: String| {
        let mut sources = SourceMap::new();
        sources.add("a.yaml", text);
        config::load(&sources).0.remove(0).desired
    };
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    assert_eq!(read(plain), read(windows));
}

#[test]
fn several_files_make_one_workspace_and_their_order_does_not_matter() {
    let header = "version: 1\nplatform: odeus\nworkspace: acme\n";
    let a = format!("{header}integrations: {{excel: {{access: everyone}}}}\n");
    let b = format!(
        "{header}endpoint: embedded\nintegrations: {{excel: {{actions: {{x: enabled}}}}}}\n"
    );
    let c = "version: 1\nplatform: odeus\nworkspace: other\n".to_owned();
    let load = |files: &[&String]| {
        let mut sources = SourceMap::new();
        for (n, file) in files.iter().enumerate() {
            sources.add(format!("{n}.yaml"), file);
        }
        let (configs, out) = config::load(&sources);
        assert!(out.is_empty(), "{}", render(&out, &sources));
        configs.into_iter().map(|c| (c.workspace, c.desired)).collect::<Vec<_>>()
    };
    let one = load(&[&a, &b, &c]);
    assert_eq!(one.len(), 2);
    assert_eq!(one, load(&[&c, &b, &a]));
}

#[test]
fn files_are_told_apart_by_their_first_key() {
    for (text, kind) in [
        ("kind: world\nworkspaces: {}\n", FileKind::World),
        ("# a comment\n---\nkind: \"catalog\"\nintegration: x\n", FileKind::Catalog),
        ("version: 1\nkind: world\n", FileKind::Config),
        ("kind: other\n", FileKind::Config),
        ("kind: {world: 1}\n", FileKind::Config),
        ("- kind: world\n", FileKind::Config),
        ("kind: world\nbroken: [", FileKind::World),
        ("", FileKind::Config),
        ("\u{feff}kind: world\n", FileKind::World),
    ] {
        assert_eq!(config::classify(text.as_bytes()), kind, "{text:?}");
    }
}

#[test]
fn a_problem_that_only_the_live_catalogue_shows_is_told_at_its_line() {
    let (config, sources) = one("integrations:\n  excel:\n    actions: {add_shet: enabled}\n");
    let address = Address::of(&["excel", "actions", "add_shet"]);
    let help = Some("did you mean `add_sheet`?".to_owned());
    let mut out = Diagnostics::new();
    out.push(config::diagnose(
        &config.origins,
        &address,
        Code::UnknownReference,
        "no such action",
        help,
    ));
    let said = render(&out, &sources);
    assert!(said.contains("acme.yaml:6:15"), "{said}");
    assert!(said.contains("^^^^^^^^"), "{said}");
}

#[test]
fn json_gives_positions_in_characters_and_in_bytes_of_the_file() {
    let mut sources = SourceMap::new();
    sources.add(
        "ä.yaml",
        "\u{feff}version: 1\r\nplatform: odeus\r\nworkspace: acme\r\nendpoint: \"ü\" # é\r\n",
    );
    let out = config::load(&sources).1;
    let document = serde_json::to_value(diagnostic::document(&out, &sources)).unwrap();
    let expected = serde_json::json!({
        "format_version": "1.0",
        "valid": false,
        "error_count": 1,
        "warning_count": 0,
        "diagnostics": [{
            "severity": "error",
            "summary": "`ü` is neither `embedded` nor an address",
            "detail": "write `embedded`, or an address such as `https://odeus.example.com`",
            "code": "invalid-endpoint",
            "range": {
                "filename": "ä.yaml",
                "start": {"line": 4, "column": 11, "byte": 59},
                "end": {"line": 4, "column": 14, "byte": 63},
            },
            "snippet": {
                "code": "endpoint: \"ü\" # é",
                "start_line": 4,
                "highlight_start_offset": 10,
                "highlight_end_offset": 14,
            },
        }],
    });
    assert_eq!(document, expected);
}

#[test]
fn every_explanation_shows_yaml_that_another_parser_reads() {
    for code in Code::ALL {
        let mut blocks = code.explain().split("```yaml\n").skip(1);
        let block = blocks.next().and_then(|rest| rest.split("```").next()).unwrap();
        // Some examples show two ways to write one line.
        let ways: Vec<&str> = match code {
            Code::LiteralSecret => block.lines().collect(),
            Code::EmptyShareList => block.lines().collect(),
            _ => vec![block],
        };
        for way in ways {
            let read = serde_yaml::from_str::<serde_json::Value>(way);
            assert!(read.is_ok(), "{}: {read:?}", code.name());
        }
    }
}

#[test]
fn a_large_file_full_of_mistakes_is_told_in_time_and_in_part() {
    let mut body = "version: 1\nplatform: odeus\nworkspace: acme\nintegrations:\n".to_owned();
    for n in 0..20_000 {
        body.push_str(&format!("  i{n}: {{acces: everyone}}\n"));
    }
    body.push_str(&format!("  x: {{access: \"{}\"}}\n", "long ".repeat(10_000)));
    let mut sources = SourceMap::new();
    sources.add("a.yaml", body);
    let (_, out) = config::load(&sources);
    assert_eq!(out.count(Severity::Error), 20_001);
    let said = render(&out, &sources);
    assert!(said.contains("19001 more are not shown"), "{}", said.len());
    assert!(said.ends_with("20001 errors\n"));
    assert!(said.lines().all(|line| line.len() < 3_000));
}

/// Pieces that real files are made of, so that generated files get past the first line.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"version: 1\nplatform: odeus\nworkspace: acme\n".to_vec()),
        Just(
            b"integrations:\n  excel:\n    oauth: {mode: fixed, client: {id: a, secret: x".to_vec()
        ),
        Just(b"    actions: {\"list_*\": enabled, x: {groups: [a, b], access: no}}\n".to_vec()),
        Just(b"kind: world\nworkspaces:\n  a:\n    users: {a@b: admin}\n".to_vec()),
        Just(b"version: 1\nplatform: trustpager\nworkspace: acme\n".to_vec()),
        Just(b"oauth_clients: {A: {resources: {a: Read}, tokens: {revoke: [{token: t, reason: ''}]}}}\n".to_vec()),
        Just(b"api_keys:\n  k: {full_access: true, revoke: x, deliver: {file: tp_live_x}}\n".to_vec()),
        Just(b"kind: world\nplatform: trustpager\nworkspaces: {a: {users: {a@b: c}, api_keys: {k: {}}}}\n".to_vec()),
        Just(b"kind: catalog\nprovider: trustpager\nroles: [{key: a, name: A, ceilings: {x: {y: read}}}]\n".to_vec()),
        Just("&a [*a, \u{1f600}, ü, <<: *a, !t 'x', \"\\u12".into()),
        Just(b"\t- : ? | > # %YAML 9\n---\n...\n\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic_and_every_place_is_inside_its_file(
        pieces in proptest::collection::vec(piece(), 0..8),
    ) {
        let mut sources = SourceMap::new();
        sources.add("a.yaml", pieces.concat());
        let world = config::world::load(&sources).1;
        let catalog = config::catalog::load(&sources).1;
        let tiers = config::trustpager::catalog::load(&sources).1;
        let (configs, config) = config::load(&sources);
        for out in [world, catalog, tiers, config] {
            for label in out.iter().flat_map(|d| d.primary.iter().chain(&d.related)) {
                let text = sources.file(label.origin.file).unwrap().text();
                prop_assert!(text.get(label.origin.span.range()).is_some(), "{label:?}");
            }
            for origin in out.redacted() {
                let text = sources.file(origin.file).unwrap().text();
                prop_assert!(text.get(origin.span.range()).is_some(), "{origin:?}");
            }
            prop_assert!(out.is_empty() || !render(&out, &sources).is_empty());
        }
        for config in configs {
            for (address, origin) in config.origins.iter() {
                let text = sources.file(origin.file).unwrap().text();
                prop_assert!(text.get(origin.span.range()).is_some(), "{address}");
            }
        }
    }
}
