//! Generated wishes over a generated workspace: everything that a file may ask for there, and nothing that names what is
//! not there.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use scopeform::model::{Access, ActionKey, IntegrationKey, Principal, Scope, ScopeSet};
use scopeform::platform::odeus::catalog::Auth;
use scopeform::platform::odeus::desired::{
    Desired, DesiredAction, DesiredClient, DesiredIntegration, DesiredList, DesiredOauth, OnSwap,
    SecretReference, Substitute, Unlisted,
};
use scopeform::platform::odeus::machine::observe;
use scopeform::platform::odeus::operation::ClientSpec;
use scopeform::platform::odeus::state::{
    Client, CustomClient, Deployment, Directory, LiveIntegration, Mode, ScopePolicy, Snapshot,
};

use crate::odeus::worlds::{accesses, own_client, principal, scope_sets, snapshots};

/// Returns workspaces and what files might ask for in each.
pub(crate) fn wished() -> impl Strategy<Value = (Snapshot, Desired)> {
    (snapshots(), vec(raw(), 3), of(any::<bool>())).prop_map(|(mut live, raws, switch)| {
        // Most people connected with the client that is in force.
        for (n, connection) in live.connections.iter_mut().enumerate() {
            if n % 4 != 0 {
                let state = &live.integrations[&connection.integration].state;
                connection.client = state.client.identity();
            }
        }
        let integrations = live.integrations.iter().zip(raws).filter_map(|((key, one), raw)| {
            raw.declared.then(|| (key.clone(), raw.settle(one, &live)))
        });
        let desired = Desired {
            workspace: live.workspace.clone(),
            new_actions_enabled_by_default: switch,
            integrations: integrations.collect(),
        };
        (live, desired)
    })
}

/// Returns workspaces and wishes that trade one share list for another at both gates: where genuine swaps live.
pub(crate) fn swapped() -> impl Strategy<Value = (Snapshot, Desired)> {
    let lists = || vec(btree_set(principal(), 1..=3), 30);
    (wished(), lists(), lists()).prop_map(|((mut live, mut desired), first, last)| {
        let (mut first, mut last) = (first.into_iter(), last.into_iter());
        let directory = live.directory.clone();
        let next = |lists: &mut std::vec::IntoIter<BTreeSet<Principal>>| {
            known(&Access::only(lists.next().unwrap_or_default()), &directory)
        };
        for (key, wanted) in &mut desired.integrations {
            let Some(one) = live.integrations.get_mut(key) else { continue };
            one.state.access = next(&mut first);
            wanted.access = Some(next(&mut last));
            wanted.globs.clear();
            wanted.unlisted_actions = Unlisted::Keep;
            wanted.oauth = None;
            for (action, wish) in &mut wanted.actions {
                let Some(own) = one.state.actions.get_mut(action) else { continue };
                let (before, after) = (next(&mut first), next(&mut last));
                if own.access.is_on() && before.is_on() && after.is_on() {
                    own.access = before;
                    wish.access = after;
                }
            }
        }
        (live, desired)
    })
}

/// How a list of fixed scopes comes about.
#[derive(Debug, Clone)]
enum List {
    /// The live list, or what is requested, with some scopes more and some fewer.
    Near {
        add: ScopeSet,
        take: ScopeSet,
    },
    Exactly(ScopeSet),
    Recommended,
}

#[derive(Debug, Clone)]
struct Raw {
    declared: bool,
    access: Option<Access>,
    mode: Option<Mode>,
    client: ClientSpec,
    /// Keeps the live client's id, so that only mode or list move.
    same_client: bool,
    list: List,
    substitutes: Vec<(ScopeSet, bool)>,
    unlisted: bool,
    actions: Vec<Option<(Access, bool)>>,
    glob: Option<(Access, bool)>,
    accept_scopes: ScopeSet,
    on_swap: Option<OnSwap>,
}

fn raw() -> impl Strategy<Value = Raw> {
    let list = prop_oneof![
        3 => (scope_sets(0..=2), scope_sets(0..=2)).prop_map(|(add, take)| List::Near { add, take }),
        2 => scope_sets(1..=5).prop_map(List::Exactly),
        1 => Just(List::Recommended),
    ];
    let mode = select(
        &[None, Some(Mode::Managed), Some(Mode::Sync), Some(Mode::Fixed), Some(Mode::Fixed)][..],
    );
    let oauth =
        (mode, own_client(), any::<bool>(), list, vec((scope_sets(1..=2), any::<bool>()), 0..=2));
    let actions = vec(of((accesses(), any::<bool>())), 8);
    let rest = (
        actions,
        of((accesses(), any::<bool>())),
        proptest::bool::weighted(0.2),
        scope_sets(0..=2),
        select(&[None, None, None, Some(OnSwap::Outage), Some(OnSwap::Excess)][..]),
    );
    (proptest::bool::weighted(0.85), of(accesses()), oauth, rest).prop_map(
        |(declared, access, (mode, client, same_client, list, substitutes), rest)| {
            let (actions, glob, unlisted, accept_scopes, on_swap) = rest;
            Raw {
                declared,
                access,
                mode,
                client,
                same_client,
                list,
                substitutes,
                unlisted,
                actions,
                glob,
                accept_scopes,
                on_swap,
            }
        },
    )
}

/// Drops users and groups that the directory does not know: naming them is an error of its own.
fn known(access: &Access, directory: &Directory) -> Access {
    match access {
        Access::Everyone => Access::Everyone,
        Access::Nobody => Access::Nobody,
        Access::Only(list) => Access::only(list.iter().filter(|p| is_known(p, directory)).cloned()),
    }
}

fn is_known(principal: &Principal, directory: &Directory) -> bool {
    match principal {
        Principal::User(user) => directory.users.contains_key(user),
        Principal::Group(group) => directory.groups.contains_key(group),
    }
}

/// The list with an address in the place of what the vendor left open: no file may name that (case 18).
fn filled_in(list: &ScopeSet) -> ScopeSet {
    let fill = |scope: &Scope| scope.as_str().replace("{organization-url}", "https://acme.example");
    list.iter().map(|scope| Scope::try_from(fill(scope).as_str()).unwrap()).collect()
}

fn secret(label: &scopeform::platform::odeus::state::SecretLabel) -> SecretReference {
    SecretReference::parse(label).unwrap()
}

impl Raw {
    fn settle(self, live: &LiveIntegration, whole: &Snapshot) -> DesiredIntegration {
        let action = |(access, accept): &(Access, bool)| {
            let access = known(access, &whole.directory);
            let accept_missing_scopes = (*accept && access.is_on()).then(|| "reviewed".to_owned());
            DesiredAction { access, accept_missing_scopes }
        };
        let switchable = live.facts.actions.values().filter(|fact| !fact.native);
        let actions: BTreeMap<ActionKey, DesiredAction> = switchable
            .zip(&self.actions)
            .filter_map(|(fact, raw)| Some((fact.key.clone(), action(raw.as_ref()?))))
            .collect();
        let globs = self.glob.as_ref().map(|raw| ("*".to_owned(), action(raw)));
        DesiredIntegration {
            access: self.access.as_ref().map(|access| known(access, &whole.directory)),
            oauth: self.oauth(live, whole),
            unlisted_actions: if self.unlisted { Unlisted::Disabled } else { Unlisted::Keep },
            actions,
            globs: globs.into_iter().collect(),
            accept_scopes: self.accept_scopes,
            on_swap: self.on_swap,
        }
    }

    fn oauth(&self, live: &LiveIntegration, whole: &Snapshot) -> Option<DesiredOauth> {
        if live.facts.auth != Auth::Oauth || !live.facts.scope_management {
            return None;
        }
        let ClientSpec::Custom { id, tenant, secret: label, .. } = &self.client else {
            return None;
        };
        let mut client = DesiredClient {
            id: id.clone(),
            tenant: tenant.clone(),
            secret: label.as_ref().map(secret),
        };
        if let (Client::Custom(own), true) = (&live.state.client, self.same_client) {
            client = custom(own);
        }
        let managed =
            live.facts.managed_client && whole.settings.deployment == Deployment::MultiTenant;
        match self.mode? {
            Mode::Managed => managed.then_some(DesiredOauth::Managed),
            Mode::Sync => Some(DesiredOauth::Sync(client)),
            Mode::Fixed => {
                let scopes = match &self.list {
                    List::Near { add, take } => {
                        let near = filled_in(&live.state.requested.union(add)).minus(take);
                        if near.is_empty() {
                            return None;
                        }
                        DesiredList::Exactly(near)
                    }
                    List::Exactly(list) => DesiredList::Exactly(list.clone()),
                    List::Recommended if live.facts.recommended_scopes().is_empty() => return None,
                    List::Recommended if live.facts.templated_scope().is_some() => {
                        DesiredList::Exactly(filled_in(&live.facts.recommended_scopes()))
                    }
                    List::Recommended => DesiredList::Recommended,
                };
                let keys: BTreeSet<ActionKey> = live.facts.actions.keys().cloned().collect();
                let substitutes = self.substitutes.iter().filter_map(|(stands_for, expired)| {
                    let until = if *expired { "2020-01-01" } else { "2030-01-01" };
                    Some(Substitute {
                        scope: live.state.requested.iter().next()?.clone(),
                        stands_for: stands_for.clone(),
                        actions: keys.clone(),
                        reason: "narrower".to_owned(),
                        until: Some(until.parse().unwrap()),
                    })
                });
                Some(DesiredOauth::Fixed { client, scopes, substitutes: substitutes.collect() })
            }
        }
    }
}

fn custom(own: &CustomClient) -> DesiredClient {
    DesiredClient {
        id: own.id.clone(),
        tenant: own.tenant.clone(),
        secret: own.secret.as_ref().map(secret),
    }
}

/// Returns wishes that are exactly what is live, as far as a file can say it: what waits for a confirmation, and an
/// acceptance of what is not missing, have no words.
pub(crate) fn as_live(live: &Snapshot) -> Desired {
    let integrations = live.integrations.iter().map(|(key, one)| (key.clone(), mirror(one, live)));
    let integrations: BTreeMap<IntegrationKey, DesiredIntegration> = integrations.collect();
    Desired {
        workspace: live.workspace.clone(),
        new_actions_enabled_by_default: Some(live.settings.new_actions_enabled_by_default),
        integrations,
    }
}

fn mirror(one: &LiveIntegration, live: &Snapshot) -> DesiredIntegration {
    let pending = observe(&one.facts, &one.state).pending;
    let fixed = one.state.client.mode() == Some(Mode::Fixed);
    let oauth = match &one.state.client {
        _ if !pending.is_empty() => None,
        _ if one.facts.auth != Auth::Oauth || !one.facts.scope_management => None,
        Client::Unconfigured => None,
        Client::Managed => Some(DesiredOauth::Managed),
        Client::Custom(own) => Some(match own.scopes {
            ScopePolicy::Sync => DesiredOauth::Sync(custom(own)),
            ScopePolicy::Fixed => DesiredOauth::Fixed {
                client: custom(own),
                scopes: DesiredList::Exactly(one.state.requested.clone()),
                substitutes: Vec::new(),
            },
        }),
    };
    let sayable = |access: &Access| known(access, &live.directory) == *access;
    let actions = one.facts.actions.values().filter(|fact| !fact.native).filter_map(|fact| {
        let own = &one.state.actions[&fact.key];
        let missing = fact.required_scopes.not_covered_by(&one.state.requested);
        let accepted = !own.accepted_missing.is_empty();
        let says = sayable(&own.access)
            && fact.required_scopes.intersection(&pending).is_empty()
            && !(fixed && accepted && own.accepted_missing != missing);
        let reason = (fixed && accepted).then(|| "reviewed".to_owned());
        let action = DesiredAction { access: own.access.clone(), accept_missing_scopes: reason };
        says.then(|| (fact.key.clone(), action))
    });
    DesiredIntegration {
        access: sayable(&one.state.access).then(|| one.state.access.clone()),
        oauth,
        actions: actions.collect(),
        ..DesiredIntegration::default()
    }
}
