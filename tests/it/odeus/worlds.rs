//! Generated worlds: one integration in one workspace, in any legal state, and things that happen to it.
//!
//! Small on purpose (1 to 8 actions, a handful of scopes), so that scopes are shared, names collide and every rule is
//! met often. [`snapshots`] gives the planner's laws the same worlds; `moves.rs` says what can happen to one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use scopeform::model::{
    Access, ActionKey, GroupKey, IntegrationKey, Principal, Scope, ScopeSet, UserId, WorkspaceId,
};
use scopeform::platform::odeus::catalog::{Action, ActionKind, Auth, Feature, Integration};
use scopeform::platform::odeus::event::settled_scopes;
use scopeform::platform::odeus::machine::{Context, needed};
use scopeform::platform::odeus::operation::ClientSpec;
use scopeform::platform::odeus::state::{
    ActionState, Client, ClientIdentity, Connection, Deployment, Directory, IntegrationState,
    LiveIntegration, Mode, Role, SecretLabel, Settings, Snapshot,
};

/// Two differ by case only, and one contains another as text: comparison is byte by byte.
const SCOPES: [&str; 8] = [
    "offline_access",
    "User.Read",
    "Files.Read",
    "Files.Read.All",
    "files.read.all",
    "Sites.Selected",
    "Mail.Send",
    "https://acme.example/user_impersonation",
];
/// What a list of [`SCOPES`] may fill in (case 18).
pub(crate) const TEMPLATED: &str = "{organization-url}/user_impersonation";
const USERS: [&str; 5] =
    ["ana@acme.example", "ben@acme.example", "cleo@acme.example", "dan@acme.example", "eve@x.org"];
const GROUPS: [&str; 3] = ["sales", "content-team", "empty"];
const FEATURES: [Feature; 3] =
    [Feature::FileAttachments, Feature::FolderSync, Feature::IdResolution];

/// One integration in one workspace.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) facts: Integration,
    pub(crate) settings: Settings,
    pub(crate) directory: Directory,
    pub(crate) state: IntegrationState,
    pub(crate) connections: Vec<Connection>,
}

impl World {
    /// Returns what the machine needs beside the state.
    pub(crate) fn context(&self) -> Context<'_> {
        Context { facts: &self.facts, settings: &self.settings, directory: &self.directory }
    }

    /// Returns the world as a platform would describe it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            workspace: WorkspaceId::try_from("acme").unwrap(),
            settings: self.settings.clone(),
            settings_revision: "s1".to_owned(),
            directory: self.directory.clone(),
            integrations: BTreeMap::from([(
                self.facts.key.clone(),
                LiveIntegration {
                    facts: Arc::new(self.facts.clone()),
                    state: self.state.clone(),
                    revision: "r1".to_owned(),
                },
            )]),
            connections: self.connections.clone(),
        }
    }
}

/// Returns a workspace with one to three integrations that share its settings and directory.
pub(crate) fn snapshots() -> impl Strategy<Value = Snapshot> {
    let integrations = vec((integration(), any_state(), vec(grant(), 0..=3)), 1..=3);
    (settings(), directory(), integrations).prop_map(|(settings, directory, parts)| {
        let mut whole: Option<Snapshot> = None;
        for (n, (mut facts, raw, grants)) in parts.into_iter().enumerate() {
            facts.key = IntegrationKey::try_from(format!("integration-{n}")).unwrap();
            let one = settle(facts, settings.clone(), directory.clone(), raw, grants).snapshot();
            match &mut whole {
                None => whole = Some(one),
                Some(whole) => {
                    whole.integrations.extend(one.integrations);
                    whole.connections.extend(one.connections);
                }
            }
        }
        whole.unwrap()
    })
}

/// Returns a world in any legal state of any mode.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    (integration(), settings(), directory(), any_state(), vec(grant(), 0..=3)).prop_map(
        |(facts, settings, directory, raw, grants)| settle(facts, settings, directory, raw, grants),
    )
}

/// Returns one well-formed scope without a placeholder.
pub(crate) fn scope() -> impl Strategy<Value = Scope> {
    select(&SCOPES[..]).prop_map(|text| Scope::try_from(text).unwrap())
}

/// Returns a set of scopes of this size.
pub(crate) fn scope_sets(size: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = ScopeSet> {
    btree_set(scope(), size).prop_map(ScopeSet::from_iter)
}

/// Returns who may use a thing. The lists may name people and groups that are not there any more.
pub(crate) fn accesses() -> impl Strategy<Value = Access> {
    prop_oneof![
        3 => Just(Access::Everyone),
        3 => Just(Access::Nobody),
        3 => btree_set(principal(), 1..=2).prop_map(Access::only),
    ]
}

/// Returns a user or a group, there or gone.
pub(crate) fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        select(&USERS[..]).prop_map(|text| Principal::User(UserId::try_from(text).unwrap())),
        select(&GROUPS[..]).prop_map(|text| Principal::Group(GroupKey::try_from(text).unwrap())),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(default, a, b)| Settings {
        new_actions_enabled_by_default: default,
        deployment: if a && b { Deployment::Dedicated } else { Deployment::MultiTenant },
    })
}

/// Returns what an action declares: sometimes with an address left open.
pub(crate) fn declared() -> impl Strategy<Value = ScopeSet> {
    (scope_sets(0..=3), proptest::bool::weighted(0.15)).prop_map(|(mut scopes, add)| {
        if add {
            scopes.insert(Scope::try_from(TEMPLATED).unwrap());
        }
        scopes
    })
}

fn directory() -> impl Strategy<Value = Directory> {
    let roles = vec(select(&[None, Some(Role::Member), Some(Role::Editor), Some(Role::Admin)]), 5);
    let members = || subsequence(&USERS[..], 0..=3);
    (roles, members(), members()).prop_map(|(roles, sales, content)| {
        let user = |text: &str| UserId::try_from(text).unwrap();
        let group = |text: &str, members: Vec<&str>| {
            (GroupKey::try_from(text).unwrap(), members.into_iter().map(user).collect())
        };
        Directory {
            users: USERS
                .iter()
                .zip(roles)
                .filter_map(|(name, role)| role.map(|role| (user(name), role)))
                .collect(),
            groups: BTreeMap::from([
                group("sales", sales),
                group("content-team", content),
                group("empty", Vec::new()),
            ]),
        }
    })
}

fn integration() -> impl Strategy<Value = Integration> {
    let flags = (
        prop_oneof![9 => Just(Auth::Oauth), 1 => Just(Auth::ApiKey)],
        proptest::bool::weighted(0.8),
        proptest::bool::weighted(0.85),
    );
    let actions = vec((declared(), proptest::bool::weighted(0.25), features()), 1..=8);
    (flags, scope_sets(0..=3), actions).prop_map(
        |((auth, managed_client, scope_management), base_scopes, actions)| {
            let rows = actions.into_iter().enumerate().map(|(n, (scopes, native, features))| {
                let action = new_action(&format!("action_{n}"), scopes, native, features);
                (action.key.clone(), action)
            });
            without_scopes_unless_oauth(Integration {
                key: IntegrationKey::try_from("files").unwrap(),
                name: "Files".to_owned(),
                provider: "microsoft".to_owned(),
                auth,
                managed_client,
                scope_management,
                base_scopes,
                actions: rows.collect(),
            })
        },
    )
}

pub(crate) fn features() -> impl Strategy<Value = BTreeSet<Feature>> {
    btree_set(select(&FEATURES[..]), 0..=2)
}

pub(crate) fn new_action(
    key: &str,
    required_scopes: ScopeSet,
    native: bool,
    features: BTreeSet<Feature>,
) -> Action {
    Action {
        key: ActionKey::try_from(key).unwrap(),
        name: key.to_owned(),
        description: String::new(),
        kind: ActionKind::Action,
        required_scopes,
        native,
        features: if native { features } else { BTreeSet::new() },
        degraded_without: ScopeSet::new(),
        renamed_from: BTreeSet::new(),
    }
}

pub(crate) fn without_scopes_unless_oauth(mut facts: Integration) -> Integration {
    if facts.auth != Auth::Oauth {
        facts.base_scopes = ScopeSet::new();
        for action in facts.actions.values_mut() {
            action.required_scopes = ScopeSet::new();
        }
    }
    facts
}

/// A state before it is made legal for the catalogue it meets.
#[derive(Debug, Clone)]
struct RawState {
    access: Access,
    client: Index,
    own: ClientSpec,
    list: ScopeSet,
    unconfirmed: ScopeSet,
    actions: Vec<(Access, ScopeSet)>,
}

fn any_state() -> impl Strategy<Value = RawState> {
    let actions = vec((accesses(), scope_sets(0..=2)), 8);
    (accesses(), any::<Index>(), own_client(), scope_sets(1..=5), scope_sets(0..=2), actions)
        .prop_map(|(access, client, own, list, unconfirmed, actions)| RawState {
            access,
            client,
            own,
            list,
            unconfirmed,
            actions,
        })
}

pub(crate) fn own_client() -> impl Strategy<Value = ClientSpec> {
    let tenant = select(&[None, Some("acme.example")][..]);
    let secret = select(&[None, Some("env:SECRET"), Some("env:SECRET@2")][..]);
    (select(&["6f1c2b1e", "91aa07d2"][..]), tenant, secret).prop_map(|(id, tenant, secret)| {
        ClientSpec::Custom {
            id: id.try_into().unwrap(),
            tenant: tenant.map(str::to_owned),
            secret: secret.map(|label| SecretLabel(label.to_owned())),
            fixed: None,
        }
    })
}

pub(crate) fn with_list(spec: &ClientSpec, list: Option<ScopeSet>) -> ClientSpec {
    match spec {
        ClientSpec::Managed => ClientSpec::Managed,
        ClientSpec::Custom { id, tenant, secret, fixed: _ } => ClientSpec::Custom {
            id: id.clone(),
            tenant: tenant.clone(),
            secret: secret.clone(),
            fixed: list,
        },
    }
}

/// A user, and which part of the pool they granted.
fn grant() -> impl Strategy<Value = (UserId, ScopeSet)> {
    (select(&USERS[..]).prop_map(|text| UserId::try_from(text).unwrap()), scope_sets(0..=5))
}

/// Makes the drawn parts fit each other: SEMANTICS section 1, *Invariants*.
fn settle(
    facts: Integration,
    settings: Settings,
    directory: Directory,
    raw: RawState,
    grants: Vec<(UserId, ScopeSet)>,
) -> World {
    let mut clients = vec![Client::Unconfigured];
    if facts.auth == Auth::Oauth {
        clients = vec![
            with_list(&raw.own, None).client(),
            with_list(&raw.own, Some(raw.list.clone())).client(),
            with_list(&raw.own, Some(raw.list.clone())).client(),
        ];
        let has_managed = facts.managed_client && settings.deployment == Deployment::MultiTenant;
        clients.push(if has_managed { Client::Managed } else { Client::Unconfigured });
        clients.extend(has_managed.then_some(Client::Managed));
    }
    let actions = facts.actions.values().zip(raw.actions).map(|(action, (access, accepted))| {
        let own = if action.native {
            ActionState::with_access(Access::Everyone)
        } else if access.is_on() {
            ActionState { access, accepted_missing: accepted.intersection(&action.required_scopes) }
        } else {
            ActionState::with_access(access)
        };
        (action.key.clone(), own)
    });
    let mut state = IntegrationState {
        access: raw.access,
        client: raw.client.get(&clients).clone(),
        requested: raw.list,
        actions: actions.collect(),
    };
    state.requested = match state.client.mode() {
        Some(Mode::Managed | Mode::Sync) if facts.scope_management => {
            needed(&facts, &state).minus(&raw.unconfirmed)
        }
        _ => settled_scopes(&facts, &state),
    };
    let connected: BTreeMap<UserId, ScopeSet> = grants.into_iter().collect();
    let connections = connected.into_iter().map(|(user, granted)| Connection {
        integration: facts.key.clone(),
        user,
        client: ClientIdentity::Managed,
        granted,
    });
    let connections = connections.collect();
    World { facts, settings, directory, state, connections }
}
