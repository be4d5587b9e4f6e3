//! The two views of the seed, as text, JSON and CSV.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scopeform::model::{Access, ActionKey, GroupKey, IntegrationKey, Principal, ScopeSet, UserId};
use scopeform::platform::odeus::catalog::{Action, ActionKind, Auth, Feature, Integration};
use scopeform::platform::odeus::state::{
    ActionState, Client, ClientIdentity, Connection, CustomClient, Deployment, Directory,
    IntegrationState, LiveIntegration, Role, ScopePolicy, SecretLabel, Settings, Snapshot,
};
use scopeform::platform::odeus::view::{Remedy, View, view, views};
use scopeform::render::csv;
use scopeform::render::neutral::is_deceptive;
use scopeform::render::palette::Palette;
use scopeform::render::status::{self, Options};
use serde_json::Value;

use crate::samples::{self, NASTY, scopes};

const PLAIN: Options = Options { palette: Palette::PLAIN, full: false };

fn action(key: &str, name: &str, required: &str, features: &[Feature]) -> Action {
    Action {
        key: key.try_into().unwrap(),
        name: name.into(),
        description: format!("{name}, in the vendor's words"),
        kind: ActionKind::Action,
        required_scopes: scopes(required),
        native: !features.is_empty(),
        features: features.iter().copied().collect(),
        degraded_without: ScopeSet::new(),
        renamed_from: BTreeSet::new(),
    }
}

fn facts(key: &str, name: &str, auth: Auth, actions: Vec<Action>) -> Integration {
    Integration {
        key: key.try_into().unwrap(),
        name: name.into(),
        provider: "microsoft".into(),
        auth,
        managed_client: true,
        scope_management: true,
        base_scopes: if auth == Auth::Oauth {
            scopes("openid offline_access")
        } else {
            ScopeSet::new()
        },
        actions: actions.into_iter().map(|a| (a.key.clone(), a)).collect(),
    }
}

fn live(
    facts: Integration,
    client: Client,
    requested: &str,
    on: &[(&str, Access)],
) -> LiveIntegration {
    let mut actions: BTreeMap<ActionKey, ActionState> = facts
        .actions
        .keys()
        .map(|key| (key.clone(), ActionState::with_access(Access::Nobody)))
        .collect();
    for (key, access) in on {
        actions.insert((*key).try_into().unwrap(), ActionState::with_access(access.clone()));
    }
    LiveIntegration {
        facts: Arc::new(facts),
        state: IntegrationState {
            access: Access::Everyone,
            client,
            requested: scopes(requested),
            actions,
        },
        revision: "\"7\"".into(),
    }
}

fn crew() -> Access {
    Access::only([Principal::Group(GroupKey::try_from("content-team").unwrap())])
}

/// One managed integration with a pending scope, one with a fixed list that is too short, one without a client, one
/// without OAuth.
fn snapshot() -> Snapshot {
    let user = |name: &str| UserId::try_from(name).unwrap();
    let sharepoint = facts(
        "sharepoint",
        "Microsoft SharePoint",
        Auth::Oauth,
        vec![
            action("get_page", "Get page", "Sites.Read.All", &[]),
            action("create_list", "Create list", "Sites.Manage.All", &[]),
            action("create_page", "Create page", "Sites.ReadWrite.All", &[]),
            action("search_files", "Search files", "Files.Read.All", &[Feature::FileAttachments]),
        ],
    );
    let onedrive = facts(
        "onedrive",
        "Microsoft OneDrive",
        Auth::Oauth,
        vec![
            action("download_file", "Download file", "Files.Read.All User.Read", &[]),
            action("upload_file", "Upload file", "Files.ReadWrite.All", &[]),
            action(
                "find_file",
                "Find file",
                "Files.Read.All",
                &[Feature::FolderSync, Feature::IdResolution],
            ),
        ],
    );
    let mut fixed = live(
        onedrive,
        Client::Custom(CustomClient {
            id: "91aa07d2".try_into().unwrap(),
            tenant: Some("acme.onmicrosoft.com".into()),
            secret: Some(SecretLabel("file:/run/secrets/onedrive@2026-10".into())),
            scopes: ScopePolicy::Fixed,
        }),
        "openid offline_access User.Read Files.Read",
        &[("download_file", Access::Everyone), ("upload_file", crew())],
    );
    if let Some(own) = fixed.state.actions.get_mut("download_file") {
        own.accepted_missing = scopes("Files.Read.All");
    }
    let integrations = [
        live(
            sharepoint,
            Client::Managed,
            "openid offline_access Sites.Read.All Files.Read.All",
            &[("get_page", Access::Everyone), ("create_list", crew())],
        ),
        fixed,
        live(
            facts(
                "teams",
                "Microsoft Teams",
                Auth::Oauth,
                vec![action("post", "Post", "Chat.Send", &[])],
            ),
            Client::Unconfigured,
            "",
            &[],
        ),
        live(
            facts(
                "weather",
                "Weather",
                Auth::ApiKey,
                vec![action("forecast", "Forecast", "", &[])],
            ),
            Client::Unconfigured,
            "",
            &[("forecast", Access::Everyone)],
        ),
    ];
    let connection = |integration: &str, name: &str, granted: &str, client| Connection {
        integration: integration.try_into().unwrap(),
        user: user(name),
        client,
        granted: scopes(granted),
    };
    Snapshot {
        workspace: "acme".try_into().unwrap(),
        settings: Settings {
            new_actions_enabled_by_default: true,
            deployment: Deployment::MultiTenant,
        },
        settings_revision: "\"1\"".into(),
        directory: Directory {
            users: BTreeMap::from([
                (user("ana@acme.example"), Role::Admin),
                (user("bob@acme.example"), Role::Member),
            ]),
            groups: BTreeMap::from([(
                GroupKey::try_from("content-team").unwrap(),
                BTreeSet::from([user("bob@acme.example")]),
            )]),
        },
        integrations: integrations.into_iter().map(|l| (l.facts.key.clone(), l)).collect(),
        connections: vec![
            connection("onedrive", "ana@acme.example", "openid", ClientIdentity::Managed),
            connection(
                "sharepoint",
                "ana@acme.example",
                "openid offline_access Sites.Read.All Files.Read.All",
                ClientIdentity::Managed,
            ),
            connection(
                "sharepoint",
                "bob@acme.example",
                "openid offline_access Sites.Read.All",
                ClientIdentity::Managed,
            ),
        ],
    }
}

fn one(snapshot: &Snapshot, key: &str) -> View {
    view(snapshot, &IntegrationKey::try_from(key).unwrap()).unwrap()
}

fn shown(view: &View) -> String {
    let mut text = String::new();
    status::integration(&mut text, view, PLAIN).unwrap();
    text
}

fn as_json(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    status::json(&mut text, snapshot, &views(snapshot)).unwrap();
    text
}

fn export(snapshot: &Snapshot, only: Option<&IntegrationKey>) -> String {
    let mut text = String::new();
    csv::export(&mut text, snapshot, only).unwrap();
    text
}

#[test]
fn the_two_views_of_each_integration() {
    let snapshot = snapshot();
    for key in ["sharepoint", "onedrive", "teams", "weather"] {
        insta::assert_snapshot!(format!("status_{key}"), shown(&one(&snapshot, key)));
    }
    let mut text = String::new();
    status::overview(&mut text, &snapshot, &views(&snapshot), PLAIN).unwrap();
    insta::assert_snapshot!("status_overview", text);
}

#[test]
fn a_tooltip_says_what_to_do_in_the_mode_at_hand() {
    let snapshot = snapshot();
    let check = |integration: &str, key: &str, scope: &str, expected: Remedy| {
        let view = one(&snapshot, integration);
        let row = view.actions.iter().find(|row| row.key.as_str() == key).unwrap();
        assert_eq!(row.badge.title(), "Missing scope", "{key}");
        assert_eq!(row.missing.get(scope), Some(&expected), "{key}");
    };
    check("sharepoint", "create_page", "Sites.ReadWrite.All", Remedy::EnableAction);
    check("sharepoint", "create_list", "Sites.Manage.All", Remedy::ConfirmPending);
    check("onedrive", "upload_file", "Files.ReadWrite.All", Remedy::AddToClient);
    check("onedrive", "download_file", "Files.Read.All", Remedy::Accepted);
    check("teams", "post", "Chat.Send", Remedy::ConfigureClient);
}

#[test]
fn lists_to_paste_are_whole_and_alone_on_their_line() {
    let view = one(&snapshot(), "onedrive");
    let text = shown(&view);
    for list in [&view.missing, &view.requested, &view.recommended, &view.undeclared] {
        assert!(!list.is_empty());
        assert!(text.lines().any(|line| line == list.to_string()), "{list}");
    }
}

#[test]
fn one_view_and_all_views_are_the_same() {
    let snapshot = snapshot();
    for view in views(&snapshot) {
        assert_eq!(one(&snapshot, view.integration.as_str()), view);
    }
    assert_eq!(view(&snapshot, &IntegrationKey::try_from("excel").unwrap()), None);
}

#[test]
fn the_status_document_follows_its_published_schema() {
    let schema = status::schema();
    samples::check_schema("status", &schema);
    let document: Value = serde_json::from_str(&as_json(&snapshot())).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(document["format_version"], "1.0");
    let onedrive = &document["integrations"][0];
    assert_eq!(onedrive["missing"], serde_json::json!(["Files.Read.All", "Files.ReadWrite.All"]));
    assert_eq!(onedrive["must_reconnect"], serde_json::json!(["ana@acme.example"]));
}

#[test]
fn the_export_is_one_row_per_action() {
    insta::assert_snapshot!(export(&snapshot(), None).replace("\r\n", "\n"), @r#"
    integration,key,name,description,required_scopes,enabled,shared_with
    onedrive,download_file,Download file,"Download file, in the vendor's words",Files.Read.All User.Read,enabled,all users
    onedrive,find_file,Find file,"Find file, in the vendor's words",Files.Read.All,native,all users
    onedrive,upload_file,Upload file,"Upload file, in the vendor's words",Files.ReadWrite.All,shared,group content-team
    sharepoint,create_list,Create list,"Create list, in the vendor's words",Sites.Manage.All,shared,group content-team
    sharepoint,create_page,Create page,"Create page, in the vendor's words",Sites.ReadWrite.All,disabled,
    sharepoint,get_page,Get page,"Get page, in the vendor's words",Sites.Read.All,enabled,all users
    sharepoint,search_files,Search files,"Search files, in the vendor's words",Files.Read.All,native,all users
    teams,post,Post,"Post, in the vendor's words",Chat.Send,disabled,
    weather,forecast,Forecast,"Forecast, in the vendor's words",,enabled,all users
    "#);
    let key = IntegrationKey::try_from("weather").unwrap();
    assert_eq!(export(&snapshot(), Some(&key)).lines().count(), 2);
    assert!(export(&snapshot(), None).ends_with("\r\n"));
}

#[test]
fn hostile_names_calculate_nothing_and_move_no_cursor() {
    let mut snapshot = snapshot();
    for live in snapshot.integrations.values_mut() {
        let mut facts = Integration::clone(&live.facts);
        facts.name = NASTY.into();
        for action in facts.actions.values_mut() {
            action.name = "=HYPERLINK(\"http://x.example\",\"open\")".into();
            action.description = NASTY.into();
        }
        live.facts = Arc::new(facts);
        if let Client::Custom(custom) = &mut live.state.client {
            custom.tenant = Some(NASTY.into());
            custom.secret = Some(SecretLabel(NASTY.into()));
        }
        let group = GroupKey::try_from("\u{202e}crew\u{200b}").unwrap();
        live.state.access = Access::only([Principal::Group(group.clone())]);
        for own in live.state.actions.values_mut() {
            own.access = Access::only([Principal::Group(group.clone())]);
        }
    }
    let mut texts: Vec<String> = views(&snapshot).iter().map(shown).collect();
    texts.push(as_json(&snapshot));
    for text in &texts {
        assert!(!text.replace('\n', "").contains(is_deceptive), "{text:?}");
    }
    let csv = export(&snapshot, None);
    assert!(!csv.replace(['\r', '\n'], "").contains(is_deceptive), "{csv:?}");
    assert!(csv.contains(",\"'=HYPERLINK(\"\"http://x.example\"\",\"\"open\"\")\","), "{csv}");
    assert!(!csv.contains(",="), "{csv}");
}
