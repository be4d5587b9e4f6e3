//! Small Odeus worlds: one integration, and everything that it may be and that a file may ask of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scopeform::model::{Access, ActionKey, IntegrationKey, ScopeSet};
use scopeform::platform::odeus::catalog::{Auth, Integration};
use scopeform::platform::odeus::desired::{
    DesiredAction, DesiredClient, DesiredIntegration, DesiredList, DesiredOauth, OnSwap,
};
use scopeform::platform::odeus::state::{
    ActionState, Client, CustomClient, Deployment, Directory, IntegrationState, LiveIntegration,
    Role, ScopePolicy, Settings, Snapshot,
};

use crate::odeus::fixture::{group, key, new_action, only, set, user};

pub(crate) const NAME: &str = "small";

/// One integration in every state, and every wish for it.
pub(crate) struct World {
    pub(crate) title: &'static str,
    pub(crate) base: Snapshot,
    pub(crate) initial: Vec<IntegrationState>,
    pub(crate) wishes: Vec<DesiredIntegration>,
}

/// What a world is made of.
struct Parts {
    title: &'static str,
    base: &'static [&'static str],
    /// Key, scopes, whether native.
    actions: &'static [(&'static str, &'static [&'static str], bool)],
    /// Accesses of the integration, live and wished.
    gates: Vec<Access>,
    /// Accesses of each action.
    accesses: Vec<Access>,
    /// Lists of fixed scopes.
    lists: Vec<ScopeSet>,
    /// Whether the vendor's client, and scopes that follow actions, are there too; with what is pending.
    follows: bool,
    /// Whether what is accepted as missing varies.
    accepts: bool,
    swaps: &'static [Option<OnSwap>],
}

fn subsets(all: &ScopeSet) -> Vec<ScopeSet> {
    let scopes: Vec<_> = all.iter().cloned().collect();
    (0..1_usize << scopes.len())
        .map(|bits| {
            let chosen = scopes.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0);
            chosen.map(|(_, scope)| scope.clone()).collect()
        })
        .collect()
}

fn people() -> Vec<Access> {
    vec![Access::Everyone, Access::Nobody, only(group("team")), only(user("cleo@acme.example"))]
}

fn own_client(scopes: ScopePolicy) -> Client {
    let id = "own".try_into().unwrap();
    Client::Custom(CustomClient { id, tenant: None, secret: None, scopes })
}

/// One action and a native one, everything else free: modes, lists, acceptances, pending scopes, both gates, `on_swap`.
pub(crate) fn one_action() -> World {
    let lists = subsets(&set(&["s", "t"])).into_iter().filter(|list| !list.is_empty());
    build(&Parts {
        title: "one action, all modes, both gates",
        base: &[],
        actions: &[("a", &["s", "t"], false), ("n", &["t"], true)],
        gates: people(),
        accesses: people(),
        lists: lists.collect(),
        follows: true,
        accepts: true,
        swaps: &[None, Some(OnSwap::Outage), Some(OnSwap::Excess)],
    })
}

/// Two actions that share a scope with each other and with a native one, on or off; all modes and lists.
pub(crate) fn two_actions() -> World {
    let lists = subsets(&set(&["o", "s", "t"])).into_iter().filter(|list| !list.is_empty());
    build(&Parts {
        title: "two actions and a native one, three scopes, all lists",
        base: &["o"],
        actions: &[("a", &["o", "s"], false), ("b", &["s", "t"], false), ("n", &["t"], true)],
        gates: vec![Access::Everyone],
        accesses: vec![Access::Everyone, Access::Nobody],
        lists: lists.collect(),
        follows: true,
        accepts: true,
        swaps: &[None],
    })
}

/// Two actions and every share list at both gates: where genuine swaps are.
pub(crate) fn two_gates() -> World {
    build(&Parts {
        title: "two actions, every share list at both gates",
        base: &[],
        actions: &[("a", &["s"], false), ("b", &["s", "t"], false)],
        gates: people(),
        accesses: people(),
        lists: vec![set(&["s"]), set(&["s", "t"])],
        follows: false,
        accepts: false,
        swaps: &[None, Some(OnSwap::Excess)],
    })
}

fn build(parts: &Parts) -> World {
    let actions = parts.actions.iter().map(|(name, scopes, native)| {
        let action = new_action(name, scopes, *native);
        (action.key.clone(), action)
    });
    let facts = Integration {
        key: NAME.try_into().unwrap(),
        name: "Small".to_owned(),
        provider: "other".to_owned(),
        auth: Auth::Oauth,
        managed_client: true,
        scope_management: true,
        base_scopes: set(parts.base),
        actions: actions.collect(),
    };
    let initial = initial(&facts, parts);
    let wishes = wishes(&facts, parts);
    let users = [
        ("ana@acme.example", Role::Admin),
        ("ben@acme.example", Role::Member),
        ("cleo@acme.example", Role::Editor),
    ];
    let directory = Directory {
        users: users.map(|(name, role)| (name.try_into().unwrap(), role)).into(),
        groups: BTreeMap::from([(
            "team".try_into().unwrap(),
            BTreeSet::from(["ben@acme.example".try_into().unwrap()]),
        )]),
    };
    let key: IntegrationKey = facts.key.clone();
    let live = LiveIntegration {
        facts: Arc::new(facts),
        state: initial[0].clone(),
        revision: String::new(),
    };
    let base = Snapshot {
        workspace: "acme".try_into().unwrap(),
        settings: Settings {
            new_actions_enabled_by_default: false,
            deployment: Deployment::MultiTenant,
        },
        settings_revision: String::new(),
        directory,
        integrations: BTreeMap::from([(key, live)]),
        connections: Vec::new(),
    };
    World { title: parts.title, base, initial, wishes }
}

/// Returns every way to choose one of each.
fn product<T: Clone>(choices: &[Vec<T>]) -> Vec<Vec<T>> {
    choices.iter().fold(vec![Vec::new()], |so_far, next| {
        so_far
            .iter()
            .flat_map(|one| {
                next.iter().map(move |last| [&one[..], std::slice::from_ref(last)].concat())
            })
            .collect()
    })
}

fn initial(facts: &Integration, parts: &Parts) -> Vec<IntegrationState> {
    let settings = |accepts: bool| -> Vec<Vec<ActionState>> {
        let of_one = |scopes: &ScopeSet| -> Vec<ActionState> {
            let on = parts.accesses.iter().flat_map(|access| {
                let accepted =
                    if accepts && access.is_on() { subsets(scopes) } else { vec![ScopeSet::new()] };
                let state =
                    |accepted_missing| ActionState { access: access.clone(), accepted_missing };
                accepted.into_iter().map(state).collect::<Vec<_>>()
            });
            on.collect()
        };
        let choices: Vec<Vec<ActionState>> = facts
            .actions
            .values()
            .map(|action| {
                if action.native {
                    vec![ActionState::with_access(Access::Everyone)]
                } else {
                    of_one(&action.required_scopes)
                }
            })
            .collect();
        product(&choices)
    };
    let keys: Vec<ActionKey> = facts.actions.keys().cloned().collect();
    let mut all = Vec::new();
    let mut push = |access: &Access, client: &Client, requested, own: Vec<ActionState>| {
        all.push(IntegrationState {
            access: access.clone(),
            client: client.clone(),
            requested,
            actions: keys.iter().cloned().zip(own).collect(),
        });
    };
    for gate in &parts.gates {
        for own in settings(false) {
            push(gate, &Client::Unconfigured, ScopeSet::new(), own.clone());
            if !parts.follows {
                continue;
            }
            let on = |n: &usize| facts.actions[&keys[*n]].native || own[*n].access.is_on();
            let live = (0..keys.len()).filter(on);
            let needed = live.fold(facts.base_scopes.clone(), |sum, n| {
                sum.union(&facts.actions[&keys[n]].required_scopes)
            });
            // Whatever is not requested is pending.
            for requested in subsets(&needed) {
                push(gate, &Client::Managed, requested.clone(), own.clone());
                push(gate, &own_client(ScopePolicy::Sync), requested, own.clone());
            }
        }
        for own in settings(parts.accepts) {
            for list in &parts.lists {
                push(gate, &own_client(ScopePolicy::Fixed), list.clone(), own.clone());
            }
        }
    }
    all
}

fn wishes(facts: &Integration, parts: &Parts) -> Vec<DesiredIntegration> {
    let client =
        |id: &str| DesiredClient { id: id.try_into().unwrap(), tenant: None, secret: None };
    let mut oauths =
        vec![None, Some(DesiredOauth::Managed), Some(DesiredOauth::Sync(client("own")))];
    if parts.accepts {
        oauths.push(Some(DesiredOauth::Sync(client("another"))));
    }
    let fixed = |list: &ScopeSet| DesiredOauth::Fixed {
        client: client("own"),
        scopes: DesiredList::Exactly(list.clone()),
        substitutes: Vec::new(),
    };
    oauths.extend(parts.lists.iter().map(|list| Some(fixed(list))));
    let gates = [None].into_iter().chain(parts.gates.iter().cloned().map(Some));
    let gates: Vec<Option<Access>> = gates.collect();
    let mut lines: Vec<Option<DesiredAction>> = vec![None];
    for access in &parts.accesses {
        for accepts in [false, true] {
            if accepts && !(parts.accepts && access.is_on()) {
                continue;
            }
            let accept_missing_scopes = accepts.then(|| "reviewed".to_owned());
            lines.push(Some(DesiredAction { access: access.clone(), accept_missing_scopes }));
        }
    }
    let keys: Vec<ActionKey> =
        facts.actions.values().filter(|a| !a.native).map(|a| key(a.key.as_str())).collect();
    let mut all = Vec::new();
    for access in &gates {
        for oauth in &oauths {
            for lines in product(&vec![lines.clone(); keys.len()]) {
                for on_swap in parts.swaps {
                    let named = keys.iter().cloned().zip(lines.clone());
                    all.push(DesiredIntegration {
                        access: access.clone(),
                        oauth: oauth.clone(),
                        actions: named.filter_map(|(key, line)| Some((key, line?))).collect(),
                        on_swap: *on_swap,
                        ..DesiredIntegration::default()
                    });
                }
            }
        }
    }
    all
}
