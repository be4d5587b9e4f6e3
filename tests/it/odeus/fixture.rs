//! A workspace to try one thing in: real catalogues, three people, and the platform's moves as short calls.

use std::collections::{BTreeMap, BTreeSet};

use scopeform::model::{
    Access, ActionKey, Effect, GroupKey, Principal, Scope, ScopeDelta, ScopeSet, UserId,
};
use scopeform::platform::odeus::catalog::{Action, ActionKind, Auth, Integration};
use scopeform::platform::odeus::event;
use scopeform::platform::odeus::machine::{
    Context, Machine, Observation, Rejected, observe, transition,
};
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation};
use scopeform::platform::odeus::state::{
    Connection, Deployment, Directory, IntegrationState, Mode, Role, Settings,
};
use serde::Deserialize;

pub(crate) const ADMIN: &str = "ana@acme.example";
/// In the group content-team.
pub(crate) const MEMBER: &str = "ben@acme.example";
/// In the group sales.
pub(crate) const EDITOR: &str = "cleo@acme.example";

/// A catalogue file as it is written, read by a second YAML parser.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    integration: String,
    name: String,
    provider: String,
    auth: Auth,
    managed_client: Option<bool>,
    scope_management: Option<bool>,
    base_scopes: ScopeSet,
    #[serde(rename = "complete")]
    _complete: bool,
    actions: Vec<Action>,
}

const CATALOGUES: [&str; 12] = [
    include_str!("../../../data/catalogs/odeus/dynamics-365.yaml"),
    include_str!("../../../data/catalogs/odeus/entra.yaml"),
    include_str!("../../../data/catalogs/odeus/excel.yaml"),
    include_str!("../../../data/catalogs/odeus/fabric.yaml"),
    include_str!("../../../data/catalogs/odeus/onedrive.yaml"),
    include_str!("../../../data/catalogs/odeus/outlook-calendar.yaml"),
    include_str!("../../../data/catalogs/odeus/outlook-email.yaml"),
    include_str!("../../../data/catalogs/odeus/planner.yaml"),
    include_str!("../../../data/catalogs/odeus/power-bi.yaml"),
    include_str!("../../../data/catalogs/odeus/sharepoint.yaml"),
    include_str!("../../../data/catalogs/odeus/teams.yaml"),
    include_str!("../../../data/catalogs/odeus/todo.yaml"),
];

/// Returns every Odeus catalogue in `data/`, as published.
pub(crate) fn catalogues() -> BTreeMap<String, Integration> {
    let read = |text: &&str| {
        let row: Row = serde_yaml::from_str(text).unwrap();
        let facts = Integration {
            key: row.integration.as_str().try_into().unwrap(),
            name: row.name,
            provider: row.provider,
            auth: row.auth,
            managed_client: row.managed_client.unwrap_or(false),
            scope_management: row.scope_management.unwrap_or(true),
            base_scopes: row.base_scopes,
            actions: row.actions.into_iter().map(|action| (action.key.clone(), action)).collect(),
        };
        (row.integration, facts)
    };
    CATALOGUES.iter().map(read).collect()
}

pub(crate) fn set(scopes: &[&str]) -> ScopeSet {
    scopes.iter().map(|text| Scope::try_from(*text).unwrap()).collect()
}

pub(crate) fn delta(add: &[&str], remove: &[&str]) -> ScopeDelta {
    ScopeDelta { add: set(add), remove: set(remove) }
}

pub(crate) fn key(text: &str) -> ActionKey {
    ActionKey::try_from(text).unwrap()
}

pub(crate) fn user(text: &str) -> Principal {
    Principal::User(UserId::try_from(text).unwrap())
}

pub(crate) fn group(text: &str) -> Principal {
    Principal::Group(GroupKey::try_from(text).unwrap())
}

pub(crate) fn only(principal: Principal) -> Access {
    Access::only([principal])
}

pub(crate) fn custom(id: &str, fixed: Option<&[&str]>) -> ClientSpec {
    ClientSpec::Custom {
        id: id.try_into().unwrap(),
        tenant: None,
        secret: None,
        fixed: fixed.map(set),
    }
}

/// Returns an action that the vendor might add.
pub(crate) fn new_action(name: &str, scopes: &[&str], native: bool) -> Action {
    Action {
        key: key(name),
        name: name.to_owned(),
        description: String::new(),
        kind: ActionKind::Action,
        required_scopes: set(scopes),
        native,
        features: BTreeSet::new(),
        degraded_without: ScopeSet::new(),
        renamed_from: BTreeSet::new(),
    }
}

/// One integration in a workspace of three.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    pub(crate) facts: Integration,
    pub(crate) settings: Settings,
    pub(crate) directory: Directory,
    pub(crate) state: IntegrationState,
}

impl Bench {
    /// Returns an integration of the real catalogue with its scopes under management, on the vendor's client where
    /// there is one, every action off.
    pub(crate) fn of(name: &str) -> Self {
        let mut facts = catalogues().remove(name).unwrap();
        facts.scope_management = true;
        Self::with_facts(facts)
    }

    pub(crate) fn with_facts(facts: Integration) -> Self {
        let person = |text: &str| UserId::try_from(text).unwrap();
        let directory = Directory {
            users: BTreeMap::from([
                (person(ADMIN), Role::Admin),
                (person(MEMBER), Role::Member),
                (person(EDITOR), Role::Editor),
            ]),
            groups: BTreeMap::from([
                (GroupKey::try_from("content-team").unwrap(), BTreeSet::from([person(MEMBER)])),
                (GroupKey::try_from("sales").unwrap(), BTreeSet::from([person(EDITOR)])),
                (GroupKey::try_from("empty").unwrap(), BTreeSet::new()),
            ]),
        };
        let settings =
            Settings { new_actions_enabled_by_default: true, deployment: Deployment::MultiTenant };
        let state = event::first_state(&facts, &settings, &Access::Nobody);
        Self { facts, settings, directory, state }
    }

    /// Returns SharePoint on a client of one's own, scopes synced with actions.
    pub(crate) fn sync() -> Self {
        let mut bench = Self::of("sharepoint");
        bench.client(custom("own", None));
        bench
    }

    /// Returns SharePoint on a client of one's own, with this list.
    pub(crate) fn fixed(list: &[&str]) -> Self {
        let mut bench = Self::of("sharepoint");
        bench.client(custom("own", Some(list)));
        bench
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { facts: &self.facts, settings: &self.settings, directory: &self.directory }
    }

    /// Writes and returns what it did.
    pub(crate) fn write(&mut self, operation: &IntegrationOperation) -> Effect {
        let (state, effect) = transition(self.context(), &self.state, operation).unwrap();
        self.state = state;
        effect
    }

    /// Returns why the platform refuses a write.
    #[track_caller]
    pub(crate) fn refused(&self, operation: &IntegrationOperation) -> Rejected {
        transition(self.context(), &self.state, operation).unwrap_err()
    }

    pub(crate) fn access(&mut self, action: &str, access: Access) -> Effect {
        self.write(&action_access(action, access, &[]))
    }

    pub(crate) fn on(&mut self, action: &str) -> Effect {
        self.access(action, Access::Everyone)
    }

    pub(crate) fn off(&mut self, action: &str) -> Effect {
        self.access(action, Access::Nobody)
    }

    /// Enables an action and accepts that these scopes are missing.
    pub(crate) fn accept(&mut self, action: &str, scopes: &[&str]) -> Effect {
        self.write(&action_access(action, Access::Everyone, scopes))
    }

    pub(crate) fn client(&mut self, client: ClientSpec) -> Effect {
        self.write(&IntegrationOperation::SetClient { client })
    }

    pub(crate) fn list(&mut self, scopes: &[&str]) -> Effect {
        self.write(&IntegrationOperation::SetFixedScopes { scopes: set(scopes) })
    }

    pub(crate) fn integration_access(&mut self, access: Access) -> Effect {
        self.write(&IntegrationOperation::SetIntegrationAccess { access })
    }

    /// Lets the vendor publish what `change` makes of the catalogue.
    pub(crate) fn publish(&mut self, change: impl FnOnce(&mut Integration)) {
        change(&mut self.facts);
        self.state = event::publish(&self.facts, &self.state, &self.settings);
    }

    /// Lets the vendor add an action.
    pub(crate) fn vendor_adds(&mut self, action: Action) {
        self.publish(|facts| {
            facts.actions.insert(action.key.clone(), action);
        });
    }

    /// Lets the vendor add a scope to an action.
    pub(crate) fn vendor_adds_scope(&mut self, action: &str, scope: &str) {
        self.publish(|facts| {
            let action = facts.actions.get_mut(&key(action)).unwrap();
            action.required_scopes.insert(Scope::try_from(scope).unwrap());
        });
    }

    pub(crate) fn removed(&mut self, principal: &Principal) {
        self.state = event::principal_removed(&self.facts, &self.state, principal);
    }

    pub(crate) fn see(&self) -> Observation {
        observe(&self.facts, &self.state)
    }

    pub(crate) fn mode(&self) -> Option<Mode> {
        self.state.client.mode()
    }

    pub(crate) fn is_on(&self, action: &str) -> bool {
        self.see().actions[&key(action)].live
    }

    /// Returns the scopes on an action's badge: *Scope configured* when there are none.
    pub(crate) fn missing(&self, action: &str) -> ScopeSet {
        self.see().actions[&key(action)].missing.clone()
    }

    /// Returns who can run an action: one letter each for the admin, the member and the editor.
    pub(crate) fn who(&self, action: &str) -> String {
        let facts = Machine::new(self.context(), self.state.clone()).facts();
        let reach = facts.reach.into_iter().find(|(address, _)| address.name() == action);
        let (_, audience) = reach.unwrap();
        let people = [(ADMIN, 'a'), (MEMBER, 'm'), (EDITOR, 'e')];
        let runs = people.iter().filter(|(name, _)| {
            let user = UserId::try_from(*name).unwrap();
            audience.includes(&user, self.directory.users[&user])
        });
        runs.map(|(_, letter)| *letter).collect()
    }

    /// Returns a member's connection, made now.
    pub(crate) fn connect(&self) -> Connection {
        Connection {
            integration: self.facts.key.clone(),
            user: UserId::try_from(MEMBER).unwrap(),
            client: self.state.client.identity(),
            granted: self.state.requested.clone(),
        }
    }
}

pub(crate) fn action_access(action: &str, access: Access, accept: &[&str]) -> IntegrationOperation {
    IntegrationOperation::SetActionAccess { action: key(action), access, accept: set(accept) }
}

/// Returns the actions that start or stop running for somebody, with who before and after.
pub(crate) fn uses(effect: &Effect) -> Vec<(&str, &str, &str)> {
    let told = effect.uses.iter();
    told.map(|u| (u.address.name(), u.before.as_str(), u.after.as_str())).collect()
}
