//! A world of many actions, as many as one likes: for the tests and the benchmarks of size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::date;
use scopeform::model::{Access, ActionKey, IntegrationKey, Scope, ScopeSet, UserId};
use scopeform::platform::odeus::catalog::{Action, ActionKind, Auth, Integration};
use scopeform::platform::odeus::desired::{
    Desired, DesiredAction, DesiredIntegration, DesiredOauth, Unlisted,
};
use scopeform::platform::odeus::event::first_state;
use scopeform::platform::odeus::planner::Inputs;
use scopeform::platform::odeus::state::{
    ClientIdentity, Connection, Deployment, Directory, LiveIntegration, Role, Settings, Snapshot,
};

fn scope(n: usize) -> Scope {
    Scope::try_from(format!("Resource{n}.ReadWrite.All")).unwrap()
}

fn integration(n: usize, actions: usize) -> Integration {
    let actions = (0..actions).map(|a| {
        let key = ActionKey::try_from(format!("action_{a}")).unwrap();
        let action = Action {
            key: key.clone(),
            name: format!("Action {a}"),
            description: String::new(),
            kind: ActionKind::Action,
            // Neighbours share scopes, so that toggling one does not always move a scope.
            required_scopes: ScopeSet::from_iter([scope(a / 3), scope(a / 5 + 1)]),
            native: a % 20 == 19,
            features: BTreeSet::new(),
            degraded_without: ScopeSet::new(),
            renamed_from: BTreeSet::new(),
        };
        (key, action)
    });
    Integration {
        key: IntegrationKey::try_from(format!("integration-{n:03}")).unwrap(),
        name: format!("Integration {n}"),
        provider: "microsoft".to_owned(),
        auth: Auth::Oauth,
        managed_client: true,
        scope_management: true,
        base_scopes: ScopeSet::from_iter([Scope::try_from("offline_access").unwrap()]),
        actions: actions.collect(),
    }
}

/// So many actions in all, every one of them on, over so many integrations, each of which every user has connected.
pub(crate) fn snapshot(actions: usize, integrations: usize, users: usize) -> Snapshot {
    let settings =
        Settings { new_actions_enabled_by_default: false, deployment: Deployment::MultiTenant };
    let users: Vec<UserId> =
        (0..users).map(|n| UserId::try_from(format!("user{n}@acme.example")).unwrap()).collect();
    let mut connections = Vec::new();
    let mut live = BTreeMap::new();
    for n in 0..integrations {
        let facts = integration(n, actions / integrations);
        let state = first_state(&facts, &settings, &Access::Everyone);
        connections.extend(users.iter().map(|user| Connection {
            integration: facts.key.clone(),
            user: user.clone(),
            client: ClientIdentity::Managed,
            granted: state.requested.clone(),
        }));
        let own = LiveIntegration { facts: Arc::new(facts), state, revision: "1".to_owned() };
        live.insert(own.facts.key.clone(), own);
    }
    Snapshot {
        workspace: "large".try_into().unwrap(),
        settings,
        settings_revision: "1".to_owned(),
        directory: Directory {
            users: users.into_iter().map(|user| (user, Role::Member)).collect(),
            groups: BTreeMap::new(),
        },
        integrations: live,
        connections,
    }
}

/// Names every action that can be switched: each as it is, or with `toggle` every second one off.
pub(crate) fn wishes(snapshot: &Snapshot, toggle: bool) -> Desired {
    let integrations = snapshot.integrations.iter().map(|(key, live)| {
        let named = live.facts.actions.values().filter(|action| !action.native);
        let actions = named.enumerate().map(|(n, action)| {
            let access = if toggle && n % 2 == 0 { Access::Nobody } else { Access::Everyone };
            (action.key.clone(), DesiredAction { access, accept_missing_scopes: None })
        });
        let wanted = DesiredIntegration {
            oauth: Some(DesiredOauth::Managed),
            unlisted_actions: Unlisted::Keep,
            actions: actions.collect(),
            ..DesiredIntegration::default()
        };
        (key.clone(), wanted)
    });
    Desired {
        workspace: snapshot.workspace.clone(),
        new_actions_enabled_by_default: None,
        integrations: integrations.collect(),
    }
}

/// The rest of what the planner takes.
pub(crate) fn inputs(both_sides: bool) -> Inputs<'static> {
    Inputs {
        today: date(2026, 11, 22),
        endpoint: "embedded",
        reads: 5,
        sources: Vec::new(),
        only: None,
        both_sides,
    }
}
