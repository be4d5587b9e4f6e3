//! The TrustPager half of the configuration language: what a file means, where it says so, and what it may not say.

use std::collections::BTreeSet;
use std::path::Path;

use scopeform::config;
use scopeform::model::Address;
use scopeform::platform::trustpager::desired::{
    Desired, DesiredClient, DesiredKey, DesiredRevocation, DesiredTokens, Unlisted,
};
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};
use scopeform::source::SourceMap;
use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "tests read files")]
fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config/valid");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn load(files: &[&str]) -> (config::Config, SourceMap) {
    let mut sources = SourceMap::new();
    for (n, file) in files.iter().enumerate() {
        sources.add(format!("{n}.yaml"), file);
    }
    let (mut configs, out) = config::load(&sources);
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(configs.len(), 1);
    (configs.remove(0), sources)
}

fn desired(files: &[&str]) -> Desired {
    let config = load(files).0;
    let config::Desired::Trustpager(desired) = config.desired else { panic!("{config:?}") };
    desired
}

const HEADER: &str = "version: 1\nplatform: trustpager\nworkspace: acme-crm\n";

/// Reads the body of one client.
fn client(body: &str) -> DesiredClient {
    let text = format!("{HEADER}oauth_clients: {{Claude Connection: {body}}}\n");
    desired(&[&text]).clients["Claude Connection"].clone()
}

/// Returns each code with the text that it underlines.
fn said(body: &str) -> Vec<(String, String)> {
    let text = format!("{HEADER}{body}\n");
    let mut sources = SourceMap::new();
    sources.add("acme.yaml", &text);
    let (_, out) = config::load(&sources);
    let mut said = Vec::new();
    for diagnostic in out.iter() {
        let span = diagnostic.primary.as_ref().unwrap().origin.span;
        let underlined = text.get(span.range()).unwrap().to_owned();
        said.push((diagnostic.code.name().to_owned(), underlined));
    }
    said
}

#[track_caller]
fn refused(body: &str, code: &str, underlined: &str) {
    assert_eq!(said(body), [(code.to_owned(), underlined.to_owned())], "{body}");
}

fn names<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|name| name.to_string()).collect()
}

#[test]
fn a_file_says_what_is_wanted_and_nothing_else() {
    let wanted = desired(&[&fixture("trustpager.yaml")]);
    assert_eq!(wanted.workspace.as_str(), "acme-crm");
    assert_eq!(
        names(wanted.clients.keys()),
        ["Claude Connection", "Simon Personal", "Untouched", "Zapier (déjà vu)"],
    );
    let claude = &wanted.clients["Claude Connection"];
    let tiers: Vec<String> =
        claude.resources.iter().map(|(resource, tier)| format!("{resource}={tier}")).collect();
    assert_eq!(
        tiers,
        [
            "billing=read",
            "contacts=delete_with_approval",
            "email=send_with_approval",
            "phone=no_access"
        ],
    );
    assert_eq!(claude.verbs["automations"], BTreeSet::new());
    assert_eq!(names(&claude.verbs["calls"]), ["initiate"]);
    assert_eq!(claude.unlisted, Unlisted::PlatformDefault);
    let holders = claude.tokens.holders.as_ref().unwrap();
    assert_eq!(names(&holders.users), ["ana@acme.example", "simon@acme.example"]);
    assert_eq!(names(&holders.groups), ["sales"]);
    assert_eq!(claude.tokens.max_idle_days, Some(84));
    let revocation = |token: &str, reason: &str| DesiredRevocation {
        token: token.to_owned(),
        reason: reason.to_owned(),
    };
    assert_eq!(
        claude.tokens.revoke,
        [
            revocation("tok_17", "laptop lost, SEC-151"),
            revocation("tp_live_ab…9f", "contract ended")
        ],
    );
    assert_eq!(wanted.clients["Simon Personal"].tokens.max_idle_days, Some(90));

    let file = |path: &str| Some(path.to_owned());
    let DesiredKey::Custom { resources, verbs, deliver } = &wanted.keys["nightly export"] else {
        panic!("{:?}", wanted.keys)
    };
    assert_eq!(resources["contacts"].as_str(), "read");
    assert_eq!(names(&verbs["calls"]), ["initiate"]);
    assert_eq!(*deliver, file("secrets/nightly-export"));
    let full = DesiredKey::FullAccess { deliver: file("/run/secrets/break-glass") };
    assert_eq!(wanted.keys["break glass"], full);
    assert!(matches!(wanted.keys["call robot"], DesiredKey::Custom { .. }));
    let reason = "replaced by nightly export, SEC-160".to_owned();
    assert_eq!(wanted.keys["old import"], DesiredKey::Revoked { reason });
}

#[test]
fn absent_holders_keep_all_tokens_and_empty_ones_none() {
    let none = Some(Default::default());
    for (body, holders) in [
        ("{}", None),
        ("{tokens: {}}", None),
        ("{tokens: {max_idle: 90d}}", None),
        ("{tokens: {holders: {}}}", none.clone()),
        ("{tokens: {holders: {users: []}}}", none.clone()),
        ("{tokens: {holders: {users: [], groups: []}}}", none),
    ] {
        assert_eq!(client(body).tokens.holders, holders, "{body}");
    }
    // What cannot be read is never taken for nobody.
    for body in ["holders: ", "holders: {users: }", "holders: none", "holders: {users: [\"\"]}"] {
        let body = format!("oauth_clients: {{A: {{tokens: {{{body}}}}}}}");
        assert_eq!(said(&body).len(), 1, "{body}");
    }
}

#[test]
fn case_63_an_unlisted_resource_is_no_opinion_by_default() {
    assert_eq!(client("{}"), DesiredClient::default());
    assert_eq!(client("{resources: }").unlisted, Unlisted::Keep);
    assert_eq!(client("{tokens: {}}").tokens, DesiredTokens::default());
    for (word, unlisted) in [
        ("keep", Unlisted::Keep),
        ("platform_default", Unlisted::PlatformDefault),
        ("no_access", Unlisted::NoAccess),
    ] {
        assert_eq!(client(&format!("{{unlisted_resources: {word}}}")).unlisted, unlisted);
    }
}

#[test]
fn case_57_any_tier_name_is_read_and_the_catalogue_says_whether_it_exists() {
    let client = client("{resources: {contacts: send_automatically, nothing: no_such_tier}}");
    assert_eq!(client.resources["contacts"].as_str(), "send_automatically");
    assert_eq!(client.resources["nothing"].as_str(), "no_such_tier");
}

#[test]
fn durations_are_whole_days_or_weeks() {
    for (text, days) in [("1d", 1), ("90d", 90), ("12w", 84), ("\"90d\"", 90), ("99999d", 99_999)] {
        let body = format!("{{tokens: {{max_idle: {text}}}}}");
        assert_eq!(client(&body).tokens.max_idle_days, Some(days), "{text}");
    }
    for text in ["90", "0d", "00d", "01d", "-1d", "1.5d", "90D", "3m", "24h", "100000d", "d", "1dd"]
    {
        let body = format!("oauth_clients: {{A: {{tokens: {{max_idle: {text}}}}}}}");
        refused(&body, "invalid-duration", text);
    }
}

#[test]
fn an_api_key_has_one_answer() {
    let key = |body: &str| format!("api_keys: {{k: {body}}}");
    for body in [
        "{resources: {contacts: read}}",
        "{verbs: {calls: [initiate]}}",
        "{resources: {}, verbs: {calls: [initiate]}}",
        "{full_access: true}",
        "{full_access: true, deliver: {file: ../k}}",
        "{full_access: false, resources: {contacts: read}}",
        "{revoke: left}",
    ] {
        assert_eq!(said(&key(body)), [], "{body}");
    }
    refused(&key("{full_access: true, resources: {}}"), "conflicting-key", "resources");
    refused(&key("{revoke: left, deliver: {file: k}}"), "conflicting-key", "deliver");
    refused(&key("{revoke: left, full_access: false}"), "conflicting-key", "full_access");
    refused(&key("{resources: {}}"), "invalid-value", "resources");
    refused(&key("{deliver: {file: k}}"), "missing-key", "k");
    // What depends on a value that could not be read is not complained about as well.
    refused(&key("{resources: read}"), "wrong-type", "read");
    refused(&key("{resources: {contacts: Read}}"), "invalid-value", "Read");
    refused(&key("{full_access: maybe}"), "invalid-value", "maybe");
    refused(&key("{revoke: }"), "wrong-type", "revoke");
    refused(&key("{full_access: true, resources: read}"), "wrong-type", "read");
}

#[test]
fn every_declared_address_has_its_line() {
    let text = fixture("trustpager.yaml");
    let (config, sources) = load(&[&text]);
    for (address, underlined) in [
        ("workspace", "acme-crm"),
        ("oauth_clients/Claude Connection", "\"Claude Connection\""),
        ("oauth_clients/Claude Connection/resources/email", "email"),
        ("oauth_clients/Claude Connection/verbs/calls", "calls"),
        ("oauth_clients/Claude Connection/unlisted_resources", "platform_default"),
        ("oauth_clients/Claude Connection/tokens", "tokens"),
        ("oauth_clients/Claude Connection/tokens/holders", "holders"),
        (
            "oauth_clients/Claude Connection/tokens/holders/users/simon@acme.example",
            "Simon@acme.example",
        ),
        ("oauth_clients/Claude Connection/tokens/holders/groups/sales", "sales"),
        ("oauth_clients/Claude Connection/tokens/max_idle", "12w"),
        ("oauth_clients/Claude Connection/tokens/revoke/tok_17", "tok_17"),
        ("oauth_clients/Claude Connection/tokens/revoke/tp_live_ab…9f", "\"tp_live_ab...9f\""),
        ("oauth_clients/Zapier (déjà vu)", "Zapier (déjà vu)"),
        ("api_keys/nightly export", "nightly export"),
        ("api_keys/nightly export/resources/contacts", "contacts"),
        ("api_keys/nightly export/verbs/calls", "calls"),
        ("api_keys/nightly export/deliver", "deliver"),
        ("api_keys/old import", "old import"),
        // Nothing of its own: the nearest line above.
        ("oauth_clients/Simon Personal/resources/tasks", "resources"),
        ("oauth_clients/Simon Personal/unlisted_resources", "Simon Personal"),
        ("api_keys/break glass/resources", "break glass"),
    ] {
        let origin = config.origins.get(&Address::of(&[address]));
        let origin = origin.unwrap_or_else(|| panic!("{address} has no line"));
        let file = sources.file(origin.file).unwrap();
        assert_eq!(file.slice(origin.span), underlined, "{address}");
    }
}

#[test]
fn several_files_make_one_client_and_their_order_does_not_matter() {
    let (a, b) = (fixture("trustpager_two_files/a.yaml"), fixture("trustpager_two_files/b.yaml"));
    let wanted = desired(&[&a, &b]);
    assert_eq!(wanted, desired(&[&b, &a]));
    let claude = &wanted.clients["Claude Connection"];
    assert_eq!(names(claude.resources.keys()), ["contacts", "email"]);
    assert_eq!(claude.tokens.max_idle_days, Some(30));
    assert_eq!(claude.tokens.revoke.len(), 1);
    assert!(claude.tokens.holders.is_some());
}

#[test]
fn another_parser_reads_the_same_declarations() {
    let text = fixture("trustpager.yaml");
    let other: Value = serde_yaml::from_str(&text).unwrap();
    let wanted = desired(&[&text]);
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    let clients: BTreeSet<String> = names(wanted.clients.keys()).into_iter().collect();
    assert_eq!(clients, keys(&other["oauth_clients"]));
    let declared: BTreeSet<String> = names(wanted.keys.keys()).into_iter().collect();
    assert_eq!(declared, keys(&other["api_keys"]));
    for (name, client) in &wanted.clients {
        let resources: BTreeSet<String> = names(client.resources.keys()).into_iter().collect();
        assert_eq!(resources, keys(&other["oauth_clients"][name.as_str()]["resources"]), "{name}");
    }
}

#[test]
fn a_world_says_what_is_live_on_the_first_day() {
    let mut sources = SourceMap::new();
    sources.add("crm.yaml", fixture("trustpager_world.yaml"));
    sources.add("odeus.yaml", fixture("world.yaml"));
    let (worlds, out) = config::world::load(&sources);
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(names(worlds.odeus.workspaces.keys()), ["acme"]);
    assert_eq!(names(worlds.trustpager.workspaces.keys()), ["acme-crm", "empty-crm"]);
    let acme = &worlds.trustpager.workspaces["acme-crm"];
    assert_eq!(acme.users["simon@acme.example"].as_str(), "owner");
    assert_eq!(names(&acme.groups["sales"]), ["ana@acme.example", "simon@acme.example"]);
    let claude = &acme.clients["Claude Connection"];
    // Only what is named: the platform's defaults are the catalogue's to say.
    assert_eq!(names(claude.access.tiers.keys()), ["email", "phone"]);
    assert_eq!(claude.access.verbs["calls"], BTreeSet::new());
    assert_eq!(claude.access.unknown.to_string(), "reports:read");
    let [first, second] = claude.tokens.as_slice() else { panic!("{claude:?}") };
    assert_eq!((first.role.as_ref(), first.requests), (None, 1204));
    assert_eq!(first.last_used.map(|day| day.to_string()).as_deref(), Some("2026-10-01"));
    assert_eq!(second.role.as_ref().map(ToString::to_string).as_deref(), Some("admin"));
    assert_eq!((second.last_used, second.requests), (None, 0));
    assert_eq!(acme.clients["Simon Personal"].access, AccessList::default());
    assert_eq!(acme.keys["break glass"], KeyGrants::FullAccess);
    let KeyGrants::Custom(list) = &acme.keys["nightly export"] else { panic!("{acme:?}") };
    assert_eq!(list.tiers["contacts"].as_str(), "read");
}

#[test]
fn the_schema_has_one_branch_per_platform_and_tells_them_apart() {
    let schema = jsonschema::validator_for(&config::config_schema()).unwrap();
    let valid = |text: &str| {
        let document: Value = serde_yaml::from_str(text).unwrap();
        schema.is_valid(&document)
    };
    let odeus = HEADER.replace("trustpager", "odeus");
    for (document, fine) in [
        (HEADER.to_owned(), true),
        (format!("{HEADER}api_keys: {{k: {{full_access: true}}}}"), true),
        (format!("{HEADER}api_keys: {{k: {{resources: {{a: read}}, full_access: false}}}}"), true),
        (format!("{HEADER}oauth_clients: {{A: {{resources: {{a: future_tier}}}}}}"), true),
        (format!("{HEADER}integrations: {{}}"), false),
        (format!("{odeus}integrations: {{}}"), true),
        (format!("{odeus}oauth_clients: {{}}"), false),
        (format!("{HEADER}api_keys: {{k: {{}}}}"), false),
        (format!("{HEADER}api_keys: {{k: {{full_access: true, resources: {{a: read}}}}}}"), false),
        (format!("{HEADER}api_keys: {{k: {{revoke: x, deliver: {{file: f}}}}}}"), false),
        (format!("{HEADER}oauth_clients: {{A: {{resources: {{a: Read}}}}}}"), false),
        (format!("{HEADER}oauth_clients: {{A/B: {{}}}}"), false),
        ("version: 1\nworkspace: acme".to_owned(), false),
    ] {
        assert_eq!(valid(&document), fine, "{document}");
    }
    let world = jsonschema::validator_for(&config::world::world_schema()).unwrap();
    for (document, fine) in [
        ("{kind: world, workspaces: {a: {users: {a@b: admin}, rollout: []}}}", true),
        ("{kind: world, platform: odeus, workspaces: {a: {users: {a@b: admin}}}}", true),
        ("{kind: world, platform: trustpager, workspaces: {a: {users: {a@b: clerk}}}}", true),
        ("{kind: world, workspaces: {a: {users: {a@b: clerk}}}}", false),
        ("{kind: world, platform: trustpager, workspaces: {a: {users: {}, rollout: []}}}", false),
        ("{kind: world, platform: other, workspaces: {}}", false),
    ] {
        let read: Value = serde_yaml::from_str(document).unwrap();
        assert_eq!(world.is_valid(&read), fine, "{document}");
    }
}
