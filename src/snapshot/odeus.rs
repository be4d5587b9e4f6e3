//! Version 2 of a snapshot's content on Odeus: every field chosen, people as pseudonyms.
//!
//! | left out | because |
//! | --- | --- |
//! | titles, descriptions and sort of integrations and actions | no plan shows them, and they are text that somebody wrote |
//! | version tokens | a plan holds none |
//! | which connection came first | plans do not depend on it |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::Names;
use super::pseudonym::{Book, Impostor, Known, Nameless, Pseudonym};
use crate::model::{
    Access, ActionKey, ClientId, GroupKey, IntegrationKey, Principal, ScopeSet, UserId, WorkspaceId,
};
use crate::platform::odeus::catalog::{self, ActionKind, Auth, Feature};
use crate::platform::odeus::desired::{Desired, DesiredIntegration};
use crate::platform::odeus::state::{
    self, ActionState, ClientIdentity, Deployment, Directory, IntegrationState, LiveIntegration,
    Role, SecretLabel, Settings, Snapshot,
};

/// What planning needs to know of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OdeusContent")]
pub struct Content {
    /// Whether actions that the vendor adds are on.
    pub new_actions_enabled_by_default: bool,
    /// Where the workspace runs.
    pub deployment: Deployment,
    /// Users and their role.
    pub users: BTreeMap<Pseudonym, Role>,
    /// Groups and their members. Groups keep their names.
    pub groups: BTreeMap<GroupKey, BTreeSet<Pseudonym>>,
    /// Every integration.
    pub integrations: BTreeMap<IntegrationKey, Integration>,
    /// Who is connected with what.
    pub connections: Vec<Connections>,
}

/// An integration: the vendor's facts, and what admins chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OdeusIntegration")]
pub struct Integration {
    /// The vendor's title, which reports show.
    pub title: String,
    /// Which scope facts apply.
    pub provider: String,
    /// How users connect.
    pub auth: Auth,
    /// Whether the vendor offers a client of its own.
    pub managed_client: bool,
    /// Whether scopes can be managed yet.
    pub scope_management: bool,
    /// Requested for every connection.
    pub base_scopes: ScopeSet,
    /// Who may connect.
    pub access: SharedWith,
    /// The OAuth client.
    pub client: Client,
    /// What a new connection asks for.
    pub requested: ScopeSet,
    /// The catalogue's actions.
    pub actions: BTreeMap<ActionKey, Action>,
    /// What admins chose for each action.
    pub switches: BTreeMap<ActionKey, Switch>,
}

/// The vendor's facts about an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OdeusAction")]
pub struct Action {
    /// The vendor's title, which reports show.
    pub title: String,
    /// All of them are needed.
    pub required_scopes: ScopeSet,
    /// Always on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// The platform features that it serves.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<Feature>,
    /// Scopes whose absence only narrows it.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub degraded_without: ScopeSet,
    /// Its earlier keys.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub renamed_from: BTreeSet<ActionKey>,
}

/// What admins chose for an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OdeusSwitch")]
pub struct Switch {
    /// Who may run it.
    pub access: SharedWith,
    /// Scopes accepted as missing.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub accepted_missing: ScopeSet,
}

/// Who may use a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SharedWith {
    /// All users.
    Everyone,
    /// These, at least one.
    Only {
        /// Groups.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        groups: BTreeSet<GroupKey>,
        /// Users.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        users: BTreeSet<Pseudonym>,
    },
    /// Nobody but admins.
    Nobody,
}

/// The OAuth client of an integration. Its secret is a label of where the value is kept, never the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OdeusClient")]
pub enum Client {
    /// None.
    Unconfigured,
    /// The vendor's.
    Managed,
    /// The workspace's own.
    Custom {
        /// The OAuth `client_id`.
        id: ClientId,
        /// The provider tenant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        /// Which secret is in use: its label.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret_label: Option<SecretLabel>,
        /// Who decides the scopes.
        scopes: state::ScopePolicy,
    },
}

/// Users who are connected in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OdeusConnections")]
pub struct Connections {
    /// With what.
    pub integration: IntegrationKey,
    /// The client that their connections were made with.
    pub client: ClientIdentity,
    /// What the provider granted.
    pub granted: ScopeSet,
    /// Who.
    pub users: BTreeSet<Pseudonym>,
}

/// Returns every name of the workspace that gets a pseudonym.
#[must_use]
pub fn names(snapshot: &Snapshot) -> Names {
    let mut people: BTreeSet<UserId> = snapshot.directory.users.keys().cloned().collect();
    people.extend(snapshot.directory.groups.values().flatten().cloned());
    people.extend(snapshot.connections.iter().map(|connection| connection.user.clone()));
    for live in snapshot.integrations.values() {
        users_of(&live.state.access, &mut people);
        for own in live.state.actions.values() {
            users_of(&own.access, &mut people);
        }
    }
    Names { people, ..Names::default() }
}

/// Returns every name that the files write.
#[must_use]
pub fn written(desired: &Desired) -> Names {
    let mut people = BTreeSet::new();
    for wanted in desired.integrations.values() {
        let DesiredIntegration { access, actions, globs, .. } = wanted;
        let lists = access.iter().chain(actions.values().map(|own| &own.access));
        for access in lists.chain(globs.values().map(|own| &own.access)) {
            users_of(access, &mut people);
        }
    }
    Names { people, ..Names::default() }
}

fn users_of(access: &Access, people: &mut BTreeSet<UserId>) {
    if let Access::Only(list) = access {
        people.extend(list.iter().filter_map(|principal| match principal {
            Principal::User(user) => Some(user.clone()),
            Principal::Group(_) => None,
        }));
    }
}

/// Returns what a snapshot file holds of the workspace.
///
/// # Errors
/// When the book lacks one of [`names`].
pub fn redact(snapshot: &Snapshot, book: &Book) -> Result<Content, Nameless> {
    let Snapshot {
        workspace: _,
        settings: Settings { new_actions_enabled_by_default, deployment },
        settings_revision: _,
        directory: Directory { users: roles, groups: members },
        integrations,
        connections: connected,
    } = snapshot;
    let mut users = BTreeMap::new();
    for (user, role) in roles {
        users.insert(book.person(user)?, *role);
    }
    let mut groups = BTreeMap::new();
    for (group, members) in members {
        let members: Result<_, Nameless> = members.iter().map(|user| book.person(user)).collect();
        groups.insert(group.clone(), members?);
    }
    let mut all = BTreeMap::new();
    for (key, live) in integrations {
        all.insert(key.clone(), integration(live, book)?);
    }
    Ok(Content {
        new_actions_enabled_by_default: *new_actions_enabled_by_default,
        deployment: *deployment,
        users,
        groups,
        integrations: all,
        connections: connections(connected, book)?,
    })
}

fn integration(live: &LiveIntegration, book: &Book) -> Result<Integration, Nameless> {
    let LiveIntegration { facts, state, revision: _ } = live;
    let IntegrationState { access, client, requested, actions: own } = state;
    let catalog::Integration {
        key: _,
        name,
        provider,
        auth,
        managed_client,
        scope_management,
        base_scopes,
        actions,
    } = &**facts;
    let action = |(key, fact): (&ActionKey, &catalog::Action)| {
        let catalog::Action {
            key: _,
            name,
            description: _,
            kind: _,
            required_scopes,
            native,
            features,
            degraded_without,
            renamed_from,
        } = fact;
        let action = Action {
            title: name.clone(),
            required_scopes: required_scopes.clone(),
            native: *native,
            features: features.clone(),
            degraded_without: degraded_without.clone(),
            renamed_from: renamed_from.clone(),
        };
        (key.clone(), action)
    };
    let mut switches = BTreeMap::new();
    for (key, ActionState { access, accepted_missing }) in own {
        let access = shared_with(access, book)?;
        switches.insert(key.clone(), Switch { access, accepted_missing: accepted_missing.clone() });
    }
    Ok(Integration {
        title: name.clone(),
        provider: provider.clone(),
        auth: *auth,
        managed_client: *managed_client,
        scope_management: *scope_management,
        base_scopes: base_scopes.clone(),
        access: shared_with(access, book)?,
        client: match client {
            state::Client::Unconfigured => Client::Unconfigured,
            state::Client::Managed => Client::Managed,
            state::Client::Custom(state::CustomClient { id, tenant, secret, scopes }) => {
                Client::Custom {
                    id: id.clone(),
                    tenant: tenant.clone(),
                    secret_label: secret.clone(),
                    scopes: *scopes,
                }
            }
        },
        requested: requested.clone(),
        actions: actions.iter().map(action).collect(),
        switches,
    })
}

fn shared_with(access: &Access, book: &Book) -> Result<SharedWith, Nameless> {
    Ok(match access {
        Access::Everyone => SharedWith::Everyone,
        Access::Nobody => SharedWith::Nobody,
        Access::Only(list) => {
            let (mut groups, mut users) = (BTreeSet::new(), BTreeSet::new());
            for principal in list.iter() {
                match principal {
                    Principal::Group(group) => {
                        groups.insert(group.clone());
                    }
                    Principal::User(user) => {
                        users.insert(book.person(user)?);
                    }
                }
            }
            SharedWith::Only { groups, users }
        }
    })
}

fn connections(all: &[state::Connection], book: &Book) -> Result<Vec<Connections>, Nameless> {
    let mut same: BTreeMap<_, BTreeSet<Pseudonym>> = BTreeMap::new();
    for state::Connection { integration, user, client, granted } in all {
        let users = same.entry((integration, client, granted)).or_default();
        users.insert(book.person(user)?);
    }
    let together = same.into_iter().map(|((integration, client, granted), users)| Connections {
        integration: integration.clone(),
        client: client.clone(),
        granted: granted.clone(),
        users,
    });
    Ok(together.collect())
}

/// Returns the workspace as the planner takes it: with the names that are known, and pseudonyms for the others.
///
/// # Errors
/// When a pseudonym is written in the files as a name.
pub fn restore(
    content: &Content,
    workspace: &WorkspaceId,
    known: &Known,
) -> Result<Snapshot, Impostor> {
    let mut directory = Directory::default();
    for (user, role) in &content.users {
        directory.users.insert(known.person(user)?, *role);
    }
    for (group, members) in &content.groups {
        let members: Result<_, Impostor> = members.iter().map(|user| known.person(user)).collect();
        directory.groups.insert(group.clone(), members?);
    }
    let mut integrations = BTreeMap::new();
    for (key, own) in &content.integrations {
        integrations.insert(key.clone(), live(key, own, known)?);
    }
    let mut connections = Vec::new();
    for Connections { integration, client, granted, users } in &content.connections {
        for user in users {
            connections.push(state::Connection {
                integration: integration.clone(),
                user: known.person(user)?,
                client: client.clone(),
                granted: granted.clone(),
            });
        }
    }
    connections.sort();
    Ok(Snapshot {
        workspace: workspace.clone(),
        settings: Settings {
            new_actions_enabled_by_default: content.new_actions_enabled_by_default,
            deployment: content.deployment,
        },
        settings_revision: String::new(),
        directory,
        integrations,
        connections,
    })
}

fn live(
    key: &IntegrationKey,
    own: &Integration,
    known: &Known,
) -> Result<LiveIntegration, Impostor> {
    let action = |(key, fact): (&ActionKey, &Action)| {
        let action = catalog::Action {
            key: key.clone(),
            name: fact.title.clone(),
            description: String::new(),
            kind: ActionKind::default(),
            required_scopes: fact.required_scopes.clone(),
            native: fact.native,
            features: fact.features.clone(),
            degraded_without: fact.degraded_without.clone(),
            renamed_from: fact.renamed_from.clone(),
        };
        (key.clone(), action)
    };
    let facts = catalog::Integration {
        key: key.clone(),
        name: own.title.clone(),
        provider: own.provider.clone(),
        auth: own.auth,
        managed_client: own.managed_client,
        scope_management: own.scope_management,
        base_scopes: own.base_scopes.clone(),
        actions: own.actions.iter().map(action).collect(),
    };
    let mut actions = BTreeMap::new();
    for (key, Switch { access: shared, accepted_missing }) in &own.switches {
        let access = access(shared, known)?;
        actions.insert(
            key.clone(),
            ActionState { access, accepted_missing: accepted_missing.clone() },
        );
    }
    let state = IntegrationState {
        access: access(&own.access, known)?,
        client: match &own.client {
            Client::Unconfigured => state::Client::Unconfigured,
            Client::Managed => state::Client::Managed,
            Client::Custom { id, tenant, secret_label, scopes } => {
                state::Client::Custom(state::CustomClient {
                    id: id.clone(),
                    tenant: tenant.clone(),
                    secret: secret_label.clone(),
                    scopes: *scopes,
                })
            }
        },
        requested: own.requested.clone(),
        actions,
    };
    Ok(LiveIntegration { facts: Arc::new(facts), state, revision: String::new() })
}

fn access(shared: &SharedWith, known: &Known) -> Result<Access, Impostor> {
    Ok(match shared {
        SharedWith::Everyone => Access::Everyone,
        SharedWith::Nobody => Access::Nobody,
        SharedWith::Only { groups, users } => {
            let users: Result<Vec<UserId>, Impostor> =
                users.iter().map(|user| known.person(user)).collect();
            let groups = groups.iter().cloned().map(Principal::Group);
            Access::only(groups.chain(users?.into_iter().map(Principal::User)))
        }
    })
}
