//! Catalogue files: the vendor's facts, in the YAML form that ships with this program and in the JSON form that the
//! scope data sets use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use super::leaf::Prose;
use super::root;
use super::shape::{Reader, Shape, record, words};
use super::trustpager;
use super::yaml::{Node, Value};
use crate::diag::{Code, Diagnostics};
use crate::model::{ActionKey, IntegrationKey, Scope, ScopeSet};
use crate::platform::odeus::catalog::{Action, ActionKind, Auth, Feature, Integration};
use crate::source::{FileId, Origin, SourceFile, SourceMap, Span, Spanned};

/// The first entry of a catalogue file.
#[derive(Debug, Clone, Copy)]
pub(super) struct CatalogKind;

words!(CatalogKind, "kind of file", { "catalog" => Self, "A catalogue."; });

/// A value that is legal and says nothing that this program uses.
#[derive(Debug)]
pub(super) struct Unused;

impl Shape for Unused {
    fn read(_: &Node, _: Span, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }

    fn schema() -> Json {
        json!({})
    }
}

/// A value that may be `null`: nobody has stated it.
#[derive(Debug)]
pub(super) struct Stated<T>(pub Option<T>);

impl<T: Shape> Shape for Stated<T> {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        match node.value {
            Value::Null => Some(Self(None)),
            Value::Scalar { .. } | Value::Seq(_) | Value::Map(_) => {
                T::read(node, key, reader).map(|value| Self(Some(value)))
            }
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [T::schema(), { "type": "null" }] })
    }
}

record! {
    /// One integration: facts that an admin cannot change.
    RawCatalog {
        /// `catalog`, so that a catalogue can lie in a configuration folder. It must be the first key there.
        opt "kind" kind: Spanned<CatalogKind>,
        /// The key of the integration.
        req "integration" integration: Spanned<IntegrationKey>,
        /// The title for people.
        req "name" name: Spanned<Prose>,
        /// Which scope facts apply, such as `microsoft`.
        req "provider" provider: Spanned<String>,
        /// How users connect.
        req "auth" auth: Spanned<Auth>,
        /// Whether the vendor offers its own OAuth client, so that managed mode is legal.
        req "managed_client" managed_client: Spanned<bool>,
        /// Whether the vendor lets admins manage scopes for this integration yet.
        req "scope_management" scope_management: Spanned<bool>,
        /// Scopes that every connection asks for, whatever the actions.
        req "base_scopes" base_scopes: Vec<Spanned<Scope>>,
        /// Whether the file holds every action that the vendor has.
        opt "complete" complete: Spanned<bool>,
        /// What can be called.
        req "actions" actions: Vec<RawAction>,
    }
}

record! {
    /// One callable operation.
    RawAction {
        /// The key, unique in the integration. Case matters.
        req "key" key: Spanned<ActionKey>,
        /// The title for people.
        req "name" name: Spanned<Prose>,
        /// What it does.
        opt "description" description: Spanned<Prose>,
        /// Action or trigger.
        opt "kind" kind: Spanned<ActionKind>,
        /// All of them are needed.
        req "required_scopes" required_scopes: Vec<Spanned<Scope>>,
        /// Always on, no switch.
        opt "native" native: Stated<Spanned<bool>>,
        /// The platform features that a native action serves.
        opt "features" features: Vec<Spanned<Feature>>,
        /// Scopes whose absence narrows the action but does not stop it. Advice only.
        opt "degraded_without" degraded_without: Vec<Spanned<Scope>>,
        /// Earlier keys of the same action, so that a rename is not a removal and an addition.
        opt "renamed_from" renamed_from: Vec<Spanned<ActionKey>>,
    }
}

record! {
    /// One integration in the form of the public data sets. What they do not state is assumed: no managed client, no
    /// native actions, scopes can be managed.
    RawDataSet {
        req "integration" integration: Spanned<IntegrationKey>,
        req "provider" provider: Spanned<String>,
        opt "managed_client" managed_client: Stated<Spanned<bool>>,
        opt "source" source: Unused,
        opt "requirement_model" requirement_model: Unused,
        req "auth_scopes" auth_scopes: Vec<Spanned<Scope>>,
        req "actions" actions: Vec<RawDataSetAction>,
    }
}

record! {
    /// One operation in the form of the public data sets. Its `alternatives` are advice only.
    RawDataSetAction {
        req "id" id: Spanned<ActionKey>,
        req "name" name: Spanned<Prose>,
        req "required_scopes" required_scopes: Vec<Spanned<Scope>>,
        opt "alternatives" alternatives: Unused,
        opt "requirement_model" requirement_model: Unused,
        opt "access" access: Unused,
        opt "native" native: Stated<Spanned<bool>>,
    }
}

fn set(list: &[Spanned<Scope>]) -> ScopeSet {
    list.iter().map(|scope| scope.value.clone()).collect()
}

fn keys<T: Clone + Ord>(list: Option<Vec<Spanned<T>>>) -> BTreeSet<T> {
    list.into_iter().flatten().map(|item| item.value).collect()
}

/// Collects actions by key and reports a key that two of them have.
fn by_key(
    actions: impl Iterator<Item = Option<(Span, Action)>>,
    reader: &mut Reader<'_>,
) -> BTreeMap<ActionKey, Action> {
    let mut map = BTreeMap::new();
    let mut places: BTreeMap<ActionKey, Span> = BTreeMap::new();
    for (at, action) in actions.flatten() {
        if let Some(first) = places.get(&action.key) {
            let message = format!("two actions have the key `{}`", action.key);
            let diagnostic = reader
                .error(Code::DuplicateKey, at, message)
                .label("again here")
                .related(reader.origin(*first), "first here")
                .help("keep one of the two");
            reader.report(diagnostic);
            continue;
        }
        places.insert(action.key.clone(), at);
        map.insert(action.key.clone(), action);
    }
    map
}

fn lower(raw: RawCatalog, reader: &mut Reader<'_>) -> Option<Integration> {
    let actions = raw.actions?.value.into_iter().map(|raw| {
        let key = raw.key?.value;
        let features = keys(raw.features.map(|field| field.value));
        let action = Action {
            key: key.value,
            name: raw.name?.value.value.0,
            description: raw.description.map(|field| field.value.value.0).unwrap_or_default(),
            kind: raw.kind.map(|field| field.value.value).unwrap_or_default(),
            required_scopes: set(&raw.required_scopes?.value),
            native: raw.native.and_then(|field| field.value.0).is_some_and(|flag| flag.value),
            features,
            degraded_without: raw.degraded_without.map(|f| set(&f.value)).unwrap_or_default(),
            renamed_from: keys(raw.renamed_from.map(|field| field.value)),
        };
        Some((key.span, action))
    });
    let actions = by_key(actions, reader);
    Some(Integration {
        key: raw.integration?.value.value,
        name: raw.name?.value.value.0,
        provider: raw.provider?.value.value,
        auth: raw.auth?.value.value,
        managed_client: raw.managed_client?.value.value,
        scope_management: raw.scope_management?.value.value,
        base_scopes: set(&raw.base_scopes?.value),
        actions,
    })
}

fn lower_data_set(raw: RawDataSet, reader: &mut Reader<'_>) -> Option<Integration> {
    let actions = raw.actions?.value.into_iter().map(|raw| {
        let key = raw.id?.value;
        let action = Action {
            key: key.value,
            name: raw.name?.value.value.0,
            description: String::new(),
            kind: ActionKind::Action,
            required_scopes: set(&raw.required_scopes?.value),
            native: raw.native.and_then(|field| field.value.0).is_some_and(|flag| flag.value),
            features: BTreeSet::new(),
            degraded_without: ScopeSet::new(),
            renamed_from: BTreeSet::new(),
        };
        Some((key.span, action))
    });
    let actions = by_key(actions, reader);
    let key = raw.integration?.value.value;
    let managed = raw.managed_client.and_then(|field| field.value.0);
    Some(Integration {
        name: key.to_string(),
        key,
        provider: raw.provider?.value.value,
        auth: Auth::Oauth,
        managed_client: managed.is_some_and(|flag| flag.value),
        scope_management: true,
        base_scopes: set(&raw.auth_scopes?.value),
        actions,
    })
}

fn read_placed(
    file: FileId,
    source: &SourceFile,
    out: &mut Diagnostics,
) -> Option<(Integration, Span)> {
    let mut own = Diagnostics::new();
    let read = match root(file, source, &mut own) {
        // Told by the reader of that platform.
        Some((entries, _)) if trustpager::catalog::is_ours(&entries) => return None,
        Some((entries, at)) => read_entries(&entries, at, &mut Reader { file, out: &mut own }),
        None => None,
    };
    let clean = !own.has_errors();
    out.append(own);
    read.filter(|_| clean)
}

fn read_entries(
    entries: &[(Spanned<String>, Node)],
    at: Span,
    reader: &mut Reader<'_>,
) -> Option<(Integration, Span)> {
    let has = |name: &str| entries.iter().any(|(key, _)| key.value == name);
    let (integration, place) = if has("auth_scopes") && !has("kind") {
        let raw = RawDataSet::read_entries(entries, at, reader);
        let place = raw.integration.as_ref().map(|field| field.at);
        (lower_data_set(raw, reader), place)
    } else {
        let raw = RawCatalog::read_entries(entries, at, reader);
        let place = raw.integration.as_ref().map(|field| field.at);
        (lower(raw, reader), place)
    };
    integration.zip(place)
}

/// Reads every file of `sources` as a catalogue of Odeus. Empty when anything is wrong with one of them. Files of other
/// platforms are passed over.
#[must_use]
pub fn load(sources: &SourceMap) -> (BTreeMap<IntegrationKey, Integration>, Diagnostics) {
    let mut out = Diagnostics::new();
    let mut catalog = BTreeMap::new();
    let mut places: BTreeMap<IntegrationKey, Origin> = BTreeMap::new();
    for (file, source) in sources.iter() {
        let Some((integration, span)) = read_placed(file, source, &mut out) else { continue };
        let mut reader = Reader { file, out: &mut out };
        let here = reader.origin(span);
        if let Some(first) = places.insert(integration.key.clone(), here) {
            let message = format!("integration `{}` is described twice", integration.key);
            let diagnostic = reader
                .error(Code::DuplicateDeclaration, span, message)
                .label("again here")
                .related(first, "first here")
                .help("keep one of the two files");
            reader.report(diagnostic);
        }
        catalog.insert(integration.key.clone(), integration);
    }
    if out.has_errors() { (BTreeMap::new(), out) } else { (catalog, out) }
}

/// Returns the schema of a catalogue file in the YAML form.
#[must_use]
pub fn catalog_schema() -> Json {
    let [resources, roles] = trustpager::catalog::schemas();
    let schema = json!({
        "type": "object",
        "if": { "required": ["provider"], "properties": { "provider": { "const": "trustpager" } } },
        "then": { "if": { "required": ["roles"] }, "then": roles, "else": resources },
        "else": RawCatalog::schema(),
    });
    super::schema::document("scopeform catalog", schema)
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        const BUNDLED: &[(&str, &str)] = &[$((
            concat!("odeus/", $name, ".yaml"),
            include_str!(concat!("../../data/catalogs/odeus/", $name, ".yaml")),
        )),*];
    };
}

bundled!(
    "dynamics-365",
    "entra",
    "excel",
    "fabric",
    "onedrive",
    "outlook-calendar",
    "outlook-email",
    "planner",
    "power-bi",
    "sharepoint",
    "teams",
    "todo",
);

/// Returns the catalogue that ships with this program.
#[must_use]
pub fn bundled_catalog() -> BTreeMap<IntegrationKey, Integration> {
    static CATALOG: LazyLock<BTreeMap<IntegrationKey, Integration>> = LazyLock::new(|| {
        let mut sources = SourceMap::new();
        for (name, text) in BUNDLED {
            sources.add(*name, text);
        }
        load(&sources).0
    });
    CATALOG.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::diagnostic::{Colour, text};

    fn read_one(name: &str, body: &str) -> Result<Integration, String> {
        let mut sources = SourceMap::new();
        sources.add(name, body);
        let (catalog, out) = load(&sources);
        let mut said = String::new();
        text(&out, &sources, Colour::Never, &mut said).unwrap();
        catalog.into_values().next().ok_or(said)
    }

    #[test]
    fn the_bundled_catalogue_has_the_counts_of_its_readme() {
        let catalog = bundled_catalog();
        let actions = || catalog.values().flat_map(|integration| integration.actions.values());
        assert_eq!(catalog.len(), 12);
        assert_eq!(actions().count(), 142);
        assert_eq!(actions().filter(|action| action.native).count(), 19);
        assert_eq!(actions().filter(|action| action.kind == ActionKind::Trigger).count(), 3);
        let sharepoint = &catalog["sharepoint"];
        assert_eq!(sharepoint.base_scopes.to_string(), "User.Read offline_access");
        assert!(sharepoint.scope_management && sharepoint.managed_client);
    }

    #[test]
    fn case_18_a_catalogue_may_hold_the_vendors_placeholder() {
        let dynamics = &bundled_catalog()["dynamics-365"];
        let scope = dynamics.templated_scope().unwrap();
        assert_eq!(scope.placeholder(), Some("{organization-url}"));
    }

    #[test]
    fn what_a_data_set_does_not_state_is_assumed() {
        let body = r#"{"integration": "jira", "provider": "atlassian", "managed_client": null,
            "source": "x", "requirement_model": "all_of", "auth_scopes": ["offline_access"],
            "actions": [{"id": "add", "name": "Add", "required_scopes": ["a", "b"],
                "alternatives": [["a", "b"], ["c"]], "access": null, "native": null}]}"#;
        let jira = read_one("jira.json", body).unwrap();
        assert!(!jira.managed_client && jira.scope_management);
        assert_eq!(jira.auth, Auth::Oauth);
        let add = &jira.actions["add"];
        assert_eq!((add.native, add.required_scopes.to_string().as_str()), (false, "a b"));
    }

    #[test]
    fn two_actions_with_one_key_are_an_error() {
        let body = "integration: a\nname: A\nprovider: p\nauth: oauth\nmanaged_client: true\n\
            scope_management: true\nbase_scopes: []\nactions:\n\
            \x20 - {key: x, name: X, required_scopes: []}\n\
            \x20 - {key: x, name: Y, required_scopes: []}\n";
        let said = read_one("a.yaml", body).unwrap_err();
        assert!(said.contains("error[duplicate-key]: two actions have the key `x`"), "{said}");
    }
}
