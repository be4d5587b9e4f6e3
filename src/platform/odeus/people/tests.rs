use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Grants, must_reconnect};
use crate::model::{Access, ActionKey, GroupKey, Principal, Scope, ScopeSet, UserId};
use crate::platform::odeus::catalog::{Action, ActionKind, Auth, Integration};
use crate::platform::odeus::machine::Context;
use crate::platform::odeus::state::{
    ActionState, Client, ClientIdentity, Connection, Deployment, Directory, IntegrationState, Role,
    Settings,
};

fn scopes(text: &str) -> ScopeSet {
    text.split_whitespace().map(|s| Scope::try_from(s).unwrap()).collect()
}

fn user(name: &str) -> UserId {
    UserId::try_from(name).unwrap()
}

fn group(name: &str) -> Principal {
    Principal::Group(GroupKey::try_from(name).unwrap())
}

struct Case {
    facts: Integration,
    directory: Directory,
    state: IntegrationState,
    connections: Vec<Connection>,
}

impl Case {
    /// Actions are `(key, native, scopes, access)`; ada is an admin, bob and cyd are not, cyd is in the group `crew`.
    fn new(requested: &str, actions: &[(&str, bool, &str, Access)]) -> Self {
        let key = |k: &str| ActionKey::try_from(k).unwrap();
        let facts = actions.iter().map(|(k, native, list, _)| {
            let action = Action {
                key: key(k),
                name: (*k).into(),
                description: String::new(),
                kind: ActionKind::Action,
                required_scopes: scopes(list),
                native: *native,
                features: BTreeSet::new(),
                degraded_without: ScopeSet::new(),
                renamed_from: BTreeSet::new(),
            };
            (key(k), action)
        });
        let own = actions
            .iter()
            .map(|(k, _, _, access)| (key(k), ActionState::with_access(access.clone())));
        let crew = BTreeSet::from([user("cyd"), user("ada")]);
        Self {
            facts: Integration {
                key: "drive".try_into().unwrap(),
                name: "Drive".into(),
                provider: "x".into(),
                auth: Auth::Oauth,
                managed_client: true,
                scope_management: true,
                base_scopes: ScopeSet::new(),
                actions: facts.collect(),
            },
            directory: Directory {
                users: BTreeMap::from([
                    (user("ada"), Role::Admin),
                    (user("bob"), Role::Member),
                    (user("cyd"), Role::Editor),
                ]),
                groups: BTreeMap::from([(GroupKey::try_from("crew").unwrap(), crew)]),
            },
            state: IntegrationState {
                access: Access::Everyone,
                client: Client::Managed,
                requested: scopes(requested),
                actions: own.collect(),
            },
            connections: Vec::new(),
        }
    }

    fn grants(mut self, list: &[(&str, &str)]) -> Self {
        for (name, granted) in list {
            self.connections.push(Connection {
                integration: "drive".try_into().unwrap(),
                user: user(name),
                client: ClientIdentity::Managed,
                granted: scopes(granted),
            });
        }
        self
    }

    fn people(&self) -> String {
        let settings =
            Settings { new_actions_enabled_by_default: false, deployment: Deployment::MultiTenant };
        let context =
            Context { facts: &self.facts, settings: &settings, directory: &self.directory };
        let connections: Vec<&Connection> = self.connections.iter().collect();
        let people = must_reconnect(context, &self.state, &Grants::of(&connections));
        people.iter().map(UserId::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The sentence of SEMANTICS section 5, by enumeration.
    fn naive(&self) -> String {
        let allowed = |access: &Access, who: &UserId| match access {
            Access::Everyone => true,
            Access::Nobody => false,
            Access::Only(list) => list.iter().any(|p| match p {
                Principal::User(u) => u == who,
                Principal::Group(g) => self.directory.groups[g].contains(who),
            }),
        };
        let must = |c: &&Connection| {
            let Some(role) = self.directory.users.get(&c.user) else { return false };
            let admin = *role == Role::Admin;
            self.facts.actions.values().any(|action| {
                let own = &self.state.actions[&action.key].access;
                (action.native || *own != Access::Nobody)
                    && (admin
                        || allowed(&self.state.access, &c.user)
                            && (action.native || allowed(own, &c.user)))
                    && !action.required_scopes.is_subset(&c.granted)
                    && action.required_scopes.is_subset(&self.state.requested)
            })
        };
        let people: BTreeSet<&UserId> =
            self.connections.iter().filter(must).map(|c| &c.user).collect();
        people.iter().map(|u| u.as_str()).collect::<Vec<_>>().join(" ")
    }
}

const EVERYBODY: &[(&str, &str)] = &[("ada", "A"), ("bob", "A"), ("cyd", "A"), ("gone", "A")];

#[test]
fn a_new_scope_asks_those_who_may_run_what_needs_it() {
    let check = |access: Access, expected: &str| {
        let case = Case::new("A B", &[("read", false, "A B", access)]).grants(EVERYBODY);
        assert_eq!(case.people(), expected);
        assert_eq!(case.naive(), expected);
    };
    check(Access::Everyone, "ada bob cyd");
    check(Access::only([group("crew")]), "ada cyd");
    check(Access::only([Principal::User(user("bob"))]), "ada bob");
    check(Access::Nobody, "");
}

#[test]
fn a_removed_scope_and_one_that_stays_missing_ask_nobody() {
    let removed = Case::new("A", &[("read", false, "A", Access::Everyone)])
        .grants(&[("bob", "A B"), ("cyd", "A")]);
    assert_eq!(removed.people(), "");
    let missing = Case::new("A", &[("read", false, "A B", Access::Everyone)]).grants(EVERYBODY);
    assert_eq!(missing.people(), "");
}

#[test]
fn native_actions_have_no_gate_of_their_own_but_the_integration_has_one() {
    let native = [("search", true, "B", Access::Nobody)];
    let mut case = Case::new("A B", &native).grants(EVERYBODY);
    assert_eq!(case.people(), "ada bob cyd");
    case.state.access = Access::only([group("crew")]);
    assert_eq!(case.people(), "ada cyd");
    case.state.access = Access::Nobody;
    assert_eq!(case.people(), "ada");
}

#[test]
fn case_34_another_client_asks_everybody_who_is_connected() {
    let mut case = Case::new("A", &[("read", false, "A", Access::Everyone)]).grants(EVERYBODY);
    assert_eq!(case.people(), "");
    case.connections[1].client = ClientIdentity::Custom("old".try_into().unwrap());
    assert_eq!(case.people(), "bob");
    case.state.client = Client::Unconfigured;
    assert_eq!(case.people(), "ada bob cyd gone");
}

fn any_access() -> impl Strategy<Value = Access> {
    prop_oneof![
        Just(Access::Everyone),
        Just(Access::Nobody),
        Just(Access::only([group("crew")])),
        Just(Access::only([Principal::User(user("bob"))])),
        Just(Access::only([Principal::User(user("ada")), Principal::User(user("gone"))])),
    ]
}

fn any_scopes() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "A", "B", "C", "A B", "A C", "B C", "A B C"])
}

proptest! {
    #[test]
    fn grouping_by_grant_changes_nothing(
        requested in any_scopes(),
        integration in any_access(),
        actions in prop::array::uniform3((any::<bool>(), any_scopes(), any_access())),
        grants in prop::array::uniform4(any_scopes()),
    ) {
        let rows: Vec<_> = ["x", "y", "z"].into_iter().zip(actions)
            .map(|(key, (native, list, access))| (key, native, list, access)).collect();
        let held: Vec<_> = ["ada", "bob", "cyd", "gone"].into_iter().zip(grants).collect();
        let mut case = Case::new(requested, &rows).grants(&held);
        case.state.access = integration;
        prop_assert_eq!(case.people(), case.naive());
    }
}
