//! The workspaces of a world file for TrustPager: what is named differs from the platform's defaults, which the catalogue
//! knows and the server fills in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value as Json;

use super::raw::{Tiers, Verbs};
use crate::config::shape::{Field, Reader, Shape, Table, record};
use crate::config::world::{WorldKind, unknown};
use crate::config::yaml::Node;
use crate::diag::Code;
use crate::model::{GroupKey, Scope, UserId, WorkspaceId};
use crate::platform::Kind;
use crate::platform::trustpager::name::{ClientName, KeyName, RoleKey};
use crate::platform::trustpager::state::{AccessList, KeyGrants};
use crate::platform::trustpager::world::{WorldClient, WorldToken, WorldWorkspace};
use crate::source::{Span, Spanned};

record! {
    /// What the embedded control plane is seeded with, and again when it changes, until something was written: workspaces on TrustPager.
    RawWorld {
        /// `world`. It must be the first key.
        req "kind" kind: Spanned<WorldKind>,
        /// `trustpager`.
        req "platform" platform: Spanned<Kind>,
        /// The workspaces by name.
        req "workspaces" workspaces: Table<WorkspaceId, RawWorkspace>,
    }
}

record! {
    /// One workspace on its first day.
    RawWorkspace {
        /// Users by e-mail address, each with a company role.
        req "users" users: Table<UserId, Spanned<RoleKey>>,
        /// Groups by key, each with its members.
        opt "groups" groups: Table<GroupKey, Vec<Spanned<UserId>>>,
        /// OAuth clients that integrations have registered.
        opt "oauth_clients" oauth_clients: Table<ClientName, RawClient>,
        /// API keys that admins have created. Their values are made up.
        opt "api_keys" api_keys: Table<KeyName, RawKey>,
    }
}

record! {
    /// One OAuth client on its first day.
    RawClient {
        /// Tiers that differ from the default policy of the platform.
        opt "resources" resources: Tiers,
        /// Verbs outside the tiers that differ from the default policy: exactly these for a resource that is named.
        opt "verbs" verbs: Verbs,
        /// Scope values that the catalogue does not know.
        opt "unknown_scopes" unknown_scopes: Vec<Spanned<Scope>>,
        /// Who has authorised it.
        opt "tokens" tokens: Vec<RawToken>,
    }
}

record! {
    /// One token on its first day.
    RawToken {
        /// Whose it is.
        req "user" user: Spanned<UserId>,
        /// The role that the user had when authorising; the current one when absent.
        opt "role" role: Spanned<RoleKey>,
        /// When it was issued.
        req "issued" issued: Spanned<Date>,
        /// When it was last used; never when absent.
        opt "last_used" last_used: Spanned<Date>,
        /// How many calls it has made; none when absent.
        opt "requests" requests: Spanned<u64>,
    }
}

record! {
    /// One API key on its first day.
    RawKey {
        /// The tier of each resource. A resource that is not named has no access.
        opt "resources" resources: Tiers,
        /// What may be done outside the tiers.
        opt "verbs" verbs: Verbs,
        /// Scope values that the catalogue does not know.
        opt "unknown_scopes" unknown_scopes: Vec<Spanned<Scope>>,
        /// Everything, approving and rejecting included. In place of the lists.
        opt "full_access" full_access: Spanned<bool>,
    }
}

type Placed = Vec<(Spanned<WorkspaceId>, WorldWorkspace)>;

/// Reads the entries of one world file.
pub(in crate::config) fn read_entries(
    entries: &[(Spanned<String>, Node)],
    at: Span,
    reader: &mut Reader<'_>,
) -> Placed {
    let raw = RawWorld::read_entries(entries, at, reader);
    let mut read = Vec::new();
    for (name, field) in raw.workspaces.into_iter().flat_map(|field| field.value.0) {
        read.extend(workspace(field.value, reader).map(|workspace| (name, workspace)));
    }
    read
}

/// Returns the schema of such a file.
pub(in crate::config) fn schema() -> Json {
    RawWorld::schema()
}

fn workspace(raw: RawWorkspace, reader: &mut Reader<'_>) -> Option<WorldWorkspace> {
    let RawWorkspace { written: _, users, groups, oauth_clients, api_keys } = raw;
    let users = users?.value.0.into_iter().map(|(user, role)| (user.value, role.value.value));
    let mut made = WorldWorkspace {
        users: users.collect(),
        groups: BTreeMap::new(),
        clients: BTreeMap::new(),
        keys: BTreeMap::new(),
    };
    for (group, field) in groups.into_iter().flat_map(|field| field.value.0) {
        let members = field.value.into_iter().filter(|user| known(user, &made.users, reader));
        let members: BTreeSet<UserId> = members.map(|user| user.value).collect();
        made.groups.insert(group.value, members);
    }
    for (name, field) in oauth_clients.into_iter().flat_map(|field| field.value.0) {
        let client = client(field.value, &made.users, reader);
        made.clients.insert(name.value, client);
    }
    for (name, field) in api_keys.into_iter().flat_map(|field| field.value.0) {
        made.keys.insert(name.value, key(field.value, reader));
    }
    Some(made)
}

fn known(
    user: &Spanned<UserId>,
    users: &BTreeMap<UserId, RoleKey>,
    reader: &mut Reader<'_>,
) -> bool {
    let known = users.contains_key(&user.value);
    if !known {
        let names: Vec<&str> = users.keys().map(UserId::as_str).collect();
        unknown("user", user.value.as_str(), user.span, &names, reader);
    }
    known
}

fn list(
    resources: Option<Field<Tiers>>,
    verbs: Option<Field<Verbs>>,
    unknown: Option<Field<Vec<Spanned<Scope>>>>,
) -> AccessList {
    let tiers = resources.into_iter().flat_map(|field| field.value.0);
    let verbs = verbs.into_iter().flat_map(|field| field.value.0);
    let unknown = unknown.into_iter().flat_map(|field| field.value);
    AccessList {
        tiers: tiers.map(|(resource, tier)| (resource.value, tier.value.value)).collect(),
        verbs: verbs
            .map(|(resource, field)| {
                (resource.value, field.value.into_iter().map(|verb| verb.value).collect())
            })
            .collect(),
        unknown: unknown.map(|scope| scope.value).collect(),
    }
}

fn client(
    raw: RawClient,
    users: &BTreeMap<UserId, RoleKey>,
    reader: &mut Reader<'_>,
) -> WorldClient {
    let RawClient { written: _, resources, verbs, unknown_scopes, tokens } = raw;
    let mut made =
        WorldClient { access: list(resources, verbs, unknown_scopes), tokens: Vec::new() };
    for raw in tokens.into_iter().flat_map(|field| field.value) {
        let RawToken { written: _, user, role, issued, last_used, requests } = raw;
        let (Some(user), Some(issued)) = (user, issued) else { continue };
        if !known(&user.value, users, reader) {
            continue;
        }
        if let Some(used) = last_used.as_ref().filter(|f| f.value.value < issued.value.value) {
            let diagnostic = reader
                .error(Code::InvalidDate, used.at, "the token was used before it was issued")
                .related(reader.origin(issued.at), "issued here")
                .help("write a day that is not earlier, or remove `last_used`");
            reader.report(diagnostic);
        }
        made.tokens.push(WorldToken {
            user: user.value.value,
            role: role.map(|field| field.value.value),
            issued: issued.value.value,
            last_used: last_used.map(|field| field.value.value),
            requests: requests.map_or(0, |field| field.value.value),
        });
    }
    made
}

fn key(raw: RawKey, reader: &mut Reader<'_>) -> KeyGrants {
    let RawKey { written: _, resources, verbs, unknown_scopes, full_access } = raw;
    let Some(full) = full_access.filter(|field| field.value.value) else {
        return KeyGrants::Custom(list(resources, verbs, unknown_scopes));
    };
    let lists = [
        ("resources", resources.map(|field| field.key)),
        ("verbs", verbs.map(|field| field.key)),
        ("unknown_scopes", unknown_scopes.map(|field| field.key)),
    ];
    if let Some((name, at)) = lists.into_iter().find_map(|(name, at)| Some((name, at?))) {
        let diagnostic = reader
            .error(Code::ConflictingKey, at, format!("`{name}` stands beside `full_access: true`"))
            .related(reader.origin(full.key), "everything, approving and rejecting included")
            .help(format!("keep `{name}`, or keep `full_access: true` alone"));
        reader.report(diagnostic);
    }
    KeyGrants::FullAccess
}
