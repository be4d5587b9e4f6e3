//! World files: what the embedded control plane is seeded with.
//!
//! A world is complete: everybody it names is one of its users or groups, so a slip in a test world cannot pass as
//! "nobody has access".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::access::{RawAccess, RawAction, Reach};
use super::leaf::WantedScope;
use super::lower::Builder;
use super::raw::{RawClient, RawOauth, RawScopes};
use super::root;
use super::schema::by_platform;
use super::shape::{Field, Reader, Shape, Table, record, words};
use super::yaml::{Node, Value};
use crate::diag::{Code, Diagnostics};
use crate::model::{
    Access, ActionKey, Address, GroupKey, IntegrationKey, Principal, Scope, ScopeSet, UserId,
    WorkspaceId, nearest,
};
use crate::platform::odeus::desired::{DesiredList, DesiredOauth};
use crate::platform::odeus::operation::ClientSpec;
use crate::platform::odeus::state::{Deployment, Directory, Mode, Role};
use crate::platform::odeus::world::{
    Suffices, World, WorldConnection, WorldIntegration, WorldWorkspace,
};
use crate::platform::{self, Kind};
use crate::source::{FileId, Origin, SourceFile, SourceMap, Span, Spanned};

#[derive(Debug, Clone, Copy)]
pub(super) struct WorldKind;

words!(WorldKind, "kind of file", { "world" => Self, "What the embedded control plane is seeded with."; });

record! {
    /// What the embedded control plane is seeded with, and again when it changes, until something was written.
    RawWorld {
        /// `world`. It must be the first key.
        req "kind" kind: Spanned<WorldKind>,
        /// The kind of live system; `odeus` when absent.
        opt "platform" platform: Spanned<Kind>,
        /// The workspaces by name.
        req "workspaces" workspaces: Table<WorkspaceId, RawWorkspace>,
    }
}

record! {
    /// One workspace on its first day.
    RawWorkspace {
        /// Where it runs; `multi_tenant` when absent.
        opt "deployment" deployment: Spanned<Deployment>,
        /// Whether actions that the vendor adds are enabled by themselves; false when absent.
        opt "new_actions_enabled_by_default" new_actions_enabled_by_default: Spanned<bool>,
        /// Integrations whose scopes can be managed here although the catalogue says not yet.
        opt "rollout" rollout: Vec<Spanned<IntegrationKey>>,
        /// Users by e-mail address, each with a role.
        req "users" users: Table<UserId, Spanned<Role>>,
        /// Groups by key, each with its members.
        opt "groups" groups: Table<GroupKey, Vec<Spanned<UserId>>>,
        /// Who may run the actions that `integrations` does not name; everyone when absent.
        opt "actions" actions: Spanned<Reach>,
        /// Integrations that differ from the vendor's defaults.
        opt "integrations" integrations: Table<IntegrationKey, RawWorldIntegration>,
        /// Who has connected what.
        opt "connections" connections: Vec<RawConnection>,
        /// Scopes that in this tenant in fact suffice for others at the provider.
        opt "suffices" suffices: Vec<RawSuffices>,
    }
}

record! {
    /// One integration on its first day.
    RawWorldIntegration {
        /// Who may connect and use it; everyone when absent.
        opt "access" access: RawAccess,
        /// The OAuth client; the vendor's where there is one when absent.
        opt "oauth" oauth: RawWorldOauth,
        /// Actions that differ from the workspace's default.
        opt "actions" actions: Table<ActionKey, RawAction>,
        /// Scopes that an admin accepted as missing, per action (fixed mode).
        opt "accepted_missing" accepted_missing: Table<ActionKey, Vec<Spanned<WantedScope>>>,
        /// Needed scopes that are not requested yet: the vendor added them and nobody has confirmed.
        opt "pending" pending: Vec<Spanned<WantedScope>>,
    }
}

record! {
    /// The OAuth client of an integration on its first day.
    RawWorldOauth {
        /// Whose client is used, and whether scopes follow the enabled actions.
        req "mode" mode: Spanned<Mode>,
        /// The workspace's own OAuth client; for `sync` and `fixed`.
        opt "client" client: RawClient,
        /// The requested scopes, exactly; for `fixed`.
        opt "scopes" scopes: Vec<Spanned<WantedScope>>,
    }
}

record! {
    /// Connections to one integration.
    RawConnection {
        /// The integration.
        req "integration" integration: Spanned<IntegrationKey>,
        /// Who connected: a list of users, or `all`.
        req "users" users: Who,
        /// What the provider granted; what is requested on the first day when absent.
        opt "granted" granted: Vec<Spanned<WantedScope>>,
    }
}

record! {
    /// A fact about the provider that no catalogue states.
    RawSuffices {
        /// The scope that is granted.
        req "scope" scope: Spanned<Scope>,
        /// The scopes that it is enough for.
        req "for" stands_for: Vec<Spanned<Scope>>,
    }
}

/// All users of the workspace, or some.
#[derive(Debug)]
pub(super) enum Who {
    All,
    Some(Vec<Spanned<UserId>>),
}

impl Shape for Who {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, .. } if text == "all" => Some(Self::All),
            Value::Scalar { .. } | Value::Null | Value::Seq(_) | Value::Map(_) => {
                Vec::read(node, key, reader).map(Self::Some)
            }
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "const": "all", "description": "Every user of the workspace." },
            Vec::<Spanned<UserId>>::schema(),
        ] })
    }
}

/// What all world files say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worlds {
    /// The workspaces on Odeus.
    pub odeus: World,
    /// The workspaces on TrustPager.
    pub trustpager: platform::trustpager::world::World,
}

/// The workspaces of one file.
enum Placed {
    Odeus(Vec<(Spanned<WorkspaceId>, WorldWorkspace)>),
    Trustpager(Vec<(Spanned<WorkspaceId>, platform::trustpager::world::WorldWorkspace)>),
}

fn read_placed(file: FileId, source: &SourceFile, out: &mut Diagnostics) -> Option<Placed> {
    let mut own = Diagnostics::new();
    let read = read_entries(file, source, &mut own);
    let clean = !own.has_errors();
    out.append(own);
    read.filter(|_| clean)
}

fn read_entries(file: FileId, source: &SourceFile, out: &mut Diagnostics) -> Option<Placed> {
    let (entries, at) = root(file, source, out)?;
    let mut reader = Reader { file, out };
    let trustpager = entries.iter().any(|(key, value)| {
        let ours = matches!(&value.value, Value::Scalar { text, .. } if text == "trustpager");
        key.value == "platform" && ours
    });
    if trustpager {
        let read = super::trustpager::world::read_entries(&entries, at, &mut reader);
        return Some(Placed::Trustpager(read));
    }
    let raw = RawWorld::read_entries(&entries, at, &mut reader);
    let mut read = Vec::new();
    for (name, field) in raw.workspaces.into_iter().flat_map(|field| field.value.0) {
        if let Some(workspace) = workspace(&name.value, field.value, &mut reader) {
            read.push((name, workspace));
        }
    }
    Some(Placed::Odeus(read))
}

/// Reads every file of `sources` as a world and returns them as one. Empty when anything is wrong with one of them.
#[must_use]
pub fn load(sources: &SourceMap) -> (Worlds, Diagnostics) {
    let mut out = Diagnostics::new();
    let mut all = Worlds::default();
    let mut places: BTreeMap<WorkspaceId, Origin> = BTreeMap::new();
    for (file, source) in sources.iter() {
        let read = read_placed(file, source, &mut out);
        let mut reader = Reader { file, out: &mut out };
        match read {
            None => {}
            Some(Placed::Odeus(workspaces)) => {
                for (name, workspace) in workspaces {
                    described(&name, &mut places, &mut reader);
                    all.odeus.workspaces.insert(name.value, workspace);
                }
            }
            Some(Placed::Trustpager(workspaces)) => {
                for (name, workspace) in workspaces {
                    described(&name, &mut places, &mut reader);
                    all.trustpager.workspaces.insert(name.value, workspace);
                }
            }
        }
    }
    if out.has_errors() { (Worlds::default(), out) } else { (all, out) }
}

/// Remembers the only file that describes a workspace. A name is one workspace on one platform, as in the configuration.
fn described(
    name: &Spanned<WorkspaceId>,
    places: &mut BTreeMap<WorkspaceId, Origin>,
    reader: &mut Reader<'_>,
) {
    let Some(first) = places.insert(name.value.clone(), reader.origin(name.span)) else { return };
    let message = format!("workspace `{}` is described in two world files", name.value);
    let diagnostic = reader
        .error(Code::DuplicateDeclaration, name.span, message)
        .label("again here")
        .related(first, "first here")
        .help("keep one of the two");
    reader.report(diagnostic);
}

/// Returns the schema of a world file.
#[must_use]
pub fn world_schema() -> Json {
    let (mut shared, _) = RawWorld::properties();
    shared.remove("workspaces");
    let lines = "What the embedded control plane is seeded with, and again when it changes, until something was written.";
    let shape = |kind| match kind {
        Kind::Odeus => RawWorld::schema(),
        Kind::Trustpager => super::trustpager::world::schema(),
    };
    let required = ["kind", "workspaces"];
    let schema = by_platform(&[lines], &shared, &required, Some(Kind::Odeus), shape);
    super::schema::document("scopeform world", schema)
}

fn workspace(
    name: &WorkspaceId,
    raw: RawWorkspace,
    reader: &mut Reader<'_>,
) -> Option<WorldWorkspace> {
    let RawWorkspace {
        written: _,
        deployment,
        new_actions_enabled_by_default,
        rollout,
        users,
        groups,
        actions,
        integrations,
        connections,
        suffices,
    } = raw;
    let users: BTreeMap<UserId, Role> =
        users?.value.0.into_iter().map(|(user, role)| (user.value, role.value.value)).collect();
    let mut directory = Directory { users, groups: BTreeMap::new() };
    for (group, field) in groups.into_iter().flat_map(|field| field.value.0) {
        let members: BTreeSet<UserId> = field
            .value
            .into_iter()
            .filter(|user| known_user(user, &directory, reader))
            .map(|user| user.value)
            .collect();
        directory.groups.insert(group.value, members);
    }
    let mut made = WorldWorkspace {
        deployment: deployment.map(|field| field.value.value).unwrap_or_default(),
        new_actions_enabled_by_default: new_actions_enabled_by_default
            .is_some_and(|field| field.value.value),
        rollout: rollout.into_iter().flat_map(|f| f.value).map(|key| key.value).collect(),
        directory,
        actions: match actions.map(|field| field.value.value) {
            None | Some(Reach::Everyone) => Access::Everyone,
            Some(Reach::Nobody) => Access::Nobody,
        },
        integrations: BTreeMap::new(),
        connections: Vec::new(),
        suffices: Vec::new(),
    };
    for (key, field) in integrations.into_iter().flat_map(|field| field.value.0) {
        let integration = integration(name, &key, field.value, &made.directory, reader);
        made.integrations.insert(key.value, integration);
    }
    connect(connections, &mut made, reader);
    for raw in suffices.into_iter().flat_map(|field| field.value) {
        if let (Some(scope), Some(list)) = (raw.scope, raw.stands_for) {
            let stands_for = list.value.into_iter().map(|scope| scope.value).collect();
            made.suffices.push(Suffices { scope: scope.value.value, stands_for });
        }
    }
    Some(made)
}

fn integration(
    workspace: &WorkspaceId,
    key: &Spanned<IntegrationKey>,
    raw: RawWorldIntegration,
    directory: &Directory,
    reader: &mut Reader<'_>,
) -> WorldIntegration {
    let RawWorldIntegration { written: _, access, oauth, actions, accepted_missing, pending } = raw;
    let mut made = WorldIntegration::default();
    if let Some(field) = access {
        known_principals(&field.value, directory, reader);
        made.access = Some(field.value.access);
    }
    made.client = oauth.and_then(|field| client(workspace, &key.value, field, reader));
    for (action, field) in actions.into_iter().flat_map(|field| field.value.0) {
        known_principals(&field.value.access, directory, reader);
        if let Some(accept) = &field.value.accept {
            let diagnostic = reader
                .error(Code::UnknownKey, accept.key, "unknown key `accept_missing_scopes`")
                .help("a world states the scopes: `accepted_missing: {ACTION: [SCOPE]}`");
            reader.report(diagnostic);
        }
        made.actions.insert(action.value, field.value.access.access);
    }
    for (action, field) in accepted_missing.into_iter().flat_map(|field| field.value.0) {
        made.accepted_missing.insert(action.value, set(field.value));
    }
    made.pending = pending.map(|field| set(field.value)).unwrap_or_default();
    made
}

/// Reads the client by the rules of the configuration.
fn client(
    workspace: &WorkspaceId,
    key: &IntegrationKey,
    field: Field<RawWorldOauth>,
    reader: &mut Reader<'_>,
) -> Option<ClientSpec> {
    let RawWorldOauth { written, mode, client, scopes } = field.value;
    let scopes = scopes.map(|f| Field { key: f.key, at: f.at, value: RawScopes::List(f.value) });
    let oauth = RawOauth { written, mode, client, scopes, substitutes: None };
    let field = Field { key: field.key, at: field.at, value: oauth };
    let place = (Kind::Odeus, reader.origin(field.key));
    let mut builder = Builder::new(workspace.clone(), place);
    let at = Address::of(&[key.as_str(), "oauth"]);
    match builder.oauth(&at, &field, reader)? {
        DesiredOauth::Managed => Some(ClientSpec::Managed),
        DesiredOauth::Sync(client) => Some(ClientSpec::Custom {
            id: client.id,
            tenant: client.tenant,
            secret: client.secret.map(|secret| secret.label()),
            fixed: None,
        }),
        DesiredOauth::Fixed { client, scopes, substitutes: _ } => Some(ClientSpec::Custom {
            id: client.id,
            tenant: client.tenant,
            secret: client.secret.map(|secret| secret.label()),
            fixed: match scopes {
                DesiredList::Exactly(list) => Some(list),
                DesiredList::Recommended => None,
            },
        }),
    }
}

fn connect(
    connections: Option<Field<Vec<RawConnection>>>,
    made: &mut WorldWorkspace,
    reader: &mut Reader<'_>,
) {
    let mut seen: BTreeMap<(IntegrationKey, UserId), Span> = BTreeMap::new();
    for raw in connections.into_iter().flat_map(|field| field.value) {
        let (Some(key), Some(users)) = (raw.integration, raw.users) else { continue };
        let users = match users.value {
            Who::Some(users) => users,
            Who::All => {
                let all = made.directory.users.keys();
                all.map(|user| Spanned::new(user.clone(), users.at)).collect()
            }
        };
        let granted = raw.granted.map(|field| set(field.value));
        for user in users {
            if !known_user(&user, &made.directory, reader) {
                continue;
            }
            let pair = (key.value.value.clone(), user.value.clone());
            if let Some(first) = seen.get(&pair) {
                let message = format!("`{}` has two connections to `{}`", pair.1, pair.0);
                let diagnostic = reader
                    .error(Code::DuplicateDeclaration, user.span, message)
                    .label("again here")
                    .related(reader.origin(*first), "first here")
                    .help("keep one of the two");
                reader.report(diagnostic);
                continue;
            }
            made.connections.push(WorldConnection {
                integration: pair.0.clone(),
                user: pair.1.clone(),
                granted: granted.clone(),
            });
            seen.insert(pair, user.span);
        }
    }
}

fn set(list: Vec<Spanned<WantedScope>>) -> ScopeSet {
    list.into_iter().map(|scope| scope.value.0).collect()
}

fn known_user(user: &Spanned<UserId>, directory: &Directory, reader: &mut Reader<'_>) -> bool {
    let known = directory.users.contains_key(&user.value);
    if !known {
        let names: Vec<&str> = directory.users.keys().map(UserId::as_str).collect();
        unknown("user", user.value.as_str(), user.span, &names, reader);
    }
    known
}

fn known_principals(raw: &RawAccess, directory: &Directory, reader: &mut Reader<'_>) {
    for principal in &raw.listed {
        match &principal.value {
            Principal::User(user) => {
                known_user(&Spanned::new(user.clone(), principal.span), directory, reader);
            }
            Principal::Group(group) if directory.groups.contains_key(group) => {}
            Principal::Group(group) => {
                let names: Vec<&str> = directory.groups.keys().map(GroupKey::as_str).collect();
                unknown("group", group.as_str(), principal.span, &names, reader);
            }
        }
    }
}

pub(super) fn unknown(what: &str, name: &str, at: Span, known: &[&str], reader: &mut Reader<'_>) {
    let message = format!("{what} `{name}` is not defined in this workspace");
    let diagnostic = reader.error(Code::UnknownReference, at, message).help(
        match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add it to `{what}s`"),
        },
    );
    reader.report(diagnostic);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_says_what_is_live_on_the_first_day() {
        let body = "kind: world
workspaces:
  acme:
    rollout: [excel]
    users: {ANA@acme.example: admin, bo@acme.example: member}
    groups: {content-team: [bo@acme.example]}
    actions: nobody
    integrations:
      excel:
        access: {groups: [content-team]}
        oauth: {mode: fixed, client: {id: c1, secret: {env: S}}, scopes: [openid, User.Read]}
        actions: {add_table_row: enabled, clear_range: {users: [ana@acme.example]}}
        accepted_missing: {add_table_row: [Files.ReadWrite.All]}
    connections:
      - {integration: excel, users: all, granted: [openid]}
    suffices:
      - {scope: Sites.Selected, for: [Sites.Read.All]}
";
        let mut sources = SourceMap::new();
        sources.add("world.yaml", body);
        let (worlds, out) = load(&sources);
        assert!(out.is_empty(), "{out:?}");
        assert!(worlds.trustpager.workspaces.is_empty());
        let acme = &worlds.odeus.workspaces["acme"];
        assert_eq!(acme.deployment, Deployment::MultiTenant);
        assert_eq!(acme.actions, Access::Nobody);
        assert_eq!(acme.connections.len(), 2);
        let excel = &acme.integrations["excel"];
        assert_eq!(excel.actions["add_table_row"], Access::Everyone);
        assert_eq!(excel.accepted_missing["add_table_row"].to_string(), "Files.ReadWrite.All");
        let Some(ClientSpec::Custom { fixed: Some(list), .. }) = &excel.client else {
            panic!("{:?}", excel.client)
        };
        assert_eq!(list.to_string(), "User.Read openid");
    }
}
