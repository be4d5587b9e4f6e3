//! Generated moves: writes to a world and things that happen to it.
//!
//! A [`Draft`] is made concrete against the state it meets, so that a sequence stays about as legal at its end as at its
//! start; some moves are illegal on purpose.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use scopeform::model::{Access, ActionKey, Principal, Scope, ScopeSet};
use scopeform::platform::odeus::catalog::{Feature, Integration};
use scopeform::platform::odeus::machine::needed;
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation};
use scopeform::platform::odeus::state::IntegrationState;

use super::worlds::{
    TEMPLATED, accesses, declared, features, new_action, own_client, principal, scope, scope_sets,
    with_list, without_scopes_unless_oauth,
};

/// A move before it is made concrete: [`Draft::make`].
#[derive(Debug, Clone)]
pub(crate) enum Draft {
    IntegrationAccess(Access),
    ActionAccess {
        action: Index,
        access: Access,
        accept: Accept,
    },
    Managed,
    Sync(ClientSpec),
    Fixed(ClientSpec, ScopeSet),
    List(ScopeSet),
    /// Adds one scope to the list in force.
    AddToList(Scope),
    /// Takes one scope from the list in force.
    TakeFromList(Index),
    Confirm(ScopeSet),
    ConfirmAll,
    Publish(Vec<Edit>),
    NewActionsDefault(bool),
    Removed(Principal),
}

/// What an access write accepts as missing.
#[derive(Debug, Clone)]
pub(crate) enum Accept {
    Nothing,
    /// Exactly what is missing now.
    Missing,
    /// These, as far as the action requires them.
    Required(ScopeSet),
    /// These, legal or not.
    Any(ScopeSet),
}

/// One change of the vendor's catalogue.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Add { required: ScopeSet, native: bool, features: BTreeSet<Feature> },
    Remove(Index),
    AddScope(Index, Scope),
    DropScope(Index),
    Rename(Index),
    SwitchNative(Index),
    Base(ScopeSet),
    ScopeManagement(bool),
}

/// A concrete move.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    Write(IntegrationOperation),
    Publish(Integration),
    NewActionsDefault(bool),
    Removed(Principal),
}

/// Returns writes only, legal and illegal.
pub(crate) fn writes() -> impl Strategy<Value = Draft> {
    let toggle = (any::<Index>(), accesses(), accept())
        .prop_map(|(action, access, accept)| Draft::ActionAccess { action, access, accept });
    prop_oneof![
        8 => toggle,
        1 => accesses().prop_map(Draft::IntegrationAccess),
        1 => Just(Draft::Managed),
        1 => own_client().prop_map(Draft::Sync),
        1 => (own_client(), lists()).prop_map(|(own, list)| Draft::Fixed(own, list)),
        1 => lists().prop_map(Draft::List),
        1 => scope().prop_map(Draft::AddToList),
        1 => any::<Index>().prop_map(Draft::TakeFromList),
        1 => scope_sets(0..=2).prop_map(Draft::Confirm),
        1 => Just(Draft::ConfirmAll),
    ]
}

/// Returns writes and events.
pub(crate) fn moves() -> impl Strategy<Value = Draft> {
    prop_oneof![
        6 => writes(),
        2 => vec(edit(), 1..=3).prop_map(Draft::Publish),
        1 => any::<bool>().prop_map(Draft::NewActionsDefault),
        2 => principal().prop_map(Draft::Removed),
    ]
}

fn accept() -> impl Strategy<Value = Accept> {
    prop_oneof![
        3 => Just(Accept::Nothing),
        3 => Just(Accept::Missing),
        2 => scope_sets(0..=3).prop_map(Accept::Required),
        1 => scope_sets(0..=2).prop_map(Accept::Any),
    ]
}

fn lists() -> impl Strategy<Value = ScopeSet> {
    let templated = || Scope::try_from(TEMPLATED).unwrap();
    (scope_sets(0..=6), proptest::bool::weighted(0.1)).prop_map(move |(mut list, add)| {
        if add {
            list.insert(templated());
        }
        list
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let add = (declared(), proptest::bool::weighted(0.25), features())
        .prop_map(|(required, native, features)| Edit::Add { required, native, features });
    prop_oneof![
        6 => add,
        2 => any::<Index>().prop_map(Edit::Remove),
        3 => (any::<Index>(), scope()).prop_map(|(action, scope)| Edit::AddScope(action, scope)),
        1 => any::<Index>().prop_map(Edit::DropScope),
        1 => any::<Index>().prop_map(Edit::Rename),
        1 => any::<Index>().prop_map(Edit::SwitchNative),
        1 => scope_sets(0..=3).prop_map(Edit::Base),
        1 => proptest::bool::weighted(0.8).prop_map(Edit::ScopeManagement),
    ]
}

impl Draft {
    /// Returns the move that this draft stands for in `state`. Some are refused by the platform, on purpose.
    pub(crate) fn make(&self, facts: &Integration, state: &IntegrationState) -> Move {
        let write = |operation| Move::Write(operation);
        match self {
            Self::IntegrationAccess(access) => {
                write(IntegrationOperation::SetIntegrationAccess { access: access.clone() })
            }
            Self::ActionAccess { action, access, accept } => {
                write(action_access(facts, state, action, access, accept))
            }
            Self::Managed => write(IntegrationOperation::SetClient { client: ClientSpec::Managed }),
            Self::Sync(own) => {
                write(IntegrationOperation::SetClient { client: with_list(own, None) })
            }
            Self::Fixed(own, list) => write(IntegrationOperation::SetClient {
                client: with_list(own, Some(list.clone())),
            }),
            Self::List(list) => {
                write(IntegrationOperation::SetFixedScopes { scopes: list.clone() })
            }
            Self::AddToList(scope) => {
                let mut scopes = state.requested.clone();
                scopes.insert(scope.clone());
                write(IntegrationOperation::SetFixedScopes { scopes })
            }
            Self::TakeFromList(which) => {
                let mut scopes = state.requested.clone();
                if !scopes.is_empty() {
                    let gone = scopes.iter().nth(which.index(scopes.len())).cloned();
                    scopes.remove(&gone.unwrap());
                }
                write(IntegrationOperation::SetFixedScopes { scopes })
            }
            Self::Confirm(scopes) => {
                write(IntegrationOperation::ConfirmPending { scopes: scopes.clone() })
            }
            Self::ConfirmAll => write(IntegrationOperation::ConfirmPending {
                scopes: needed(facts, state).minus(&state.requested),
            }),
            Self::Publish(edits) => {
                let mut after = facts.clone();
                for edit in edits {
                    edit.apply(&mut after);
                }
                Move::Publish(without_scopes_unless_oauth(after))
            }
            Self::NewActionsDefault(enabled) => Move::NewActionsDefault(*enabled),
            Self::Removed(principal) => Move::Removed(principal.clone()),
        }
    }
}

fn action_access(
    facts: &Integration,
    state: &IntegrationState,
    action: &Index,
    access: &Access,
    accept: &Accept,
) -> IntegrationOperation {
    // One index too many, so that an unknown action is drawn now and then.
    let found = facts.actions.values().nth(action.index(facts.actions.len() + 1));
    let required = found.map(|action| action.required_scopes.clone()).unwrap_or_default();
    let accept = match accept {
        Accept::Nothing => ScopeSet::new(),
        Accept::Missing => required.minus(&state.requested),
        Accept::Required(scopes) => required.intersection(scopes),
        Accept::Any(scopes) => scopes.clone(),
    };
    IntegrationOperation::SetActionAccess {
        action: found.map_or_else(
            || ActionKey::try_from("no_such_action").unwrap(),
            |action| action.key.clone(),
        ),
        access: access.clone(),
        accept,
    }
}

impl Edit {
    fn apply(&self, facts: &mut Integration) {
        let keys: Vec<ActionKey> = facts.actions.keys().cloned().collect();
        let pick = |which: &Index| (!keys.is_empty()).then(|| which.get(&keys).clone());
        match self {
            Self::Add { required, native, features } => {
                let key = fresh_key(facts);
                let action = new_action(&key, required.clone(), *native, features.clone());
                facts.actions.insert(action.key.clone(), action);
            }
            Self::Remove(which) => {
                pick(which).map(|key| facts.actions.remove(&key));
            }
            Self::AddScope(which, scope) => {
                if let Some(action) = pick(which).and_then(|key| facts.actions.get_mut(&key)) {
                    action.required_scopes.insert(scope.clone());
                }
            }
            Self::DropScope(which) => {
                if let Some(action) = pick(which).and_then(|key| facts.actions.get_mut(&key))
                    && let Some(scope) = action.required_scopes.iter().next().cloned()
                {
                    action.required_scopes.remove(&scope);
                }
            }
            Self::Rename(which) => {
                if let Some(mut action) = pick(which).and_then(|key| facts.actions.remove(&key)) {
                    let key = ActionKey::try_from(fresh_key(facts)).unwrap();
                    action.renamed_from.insert(std::mem::replace(&mut action.key, key.clone()));
                    facts.actions.insert(key, action);
                }
            }
            Self::SwitchNative(which) => {
                if let Some(action) = pick(which).and_then(|key| facts.actions.get_mut(&key)) {
                    action.native = !action.native;
                }
            }
            Self::Base(scopes) => facts.base_scopes = scopes.clone(),
            Self::ScopeManagement(on) => facts.scope_management = *on,
        }
    }
}

/// Returns a key that no action has or ever had.
fn fresh_key(facts: &Integration) -> String {
    let used = |key: &str| {
        facts.actions.contains_key(key)
            || facts.actions.values().any(|action| action.renamed_from.contains(key))
    };
    (0..).map(|n| format!("added_{n}")).find(|key| !used(key)).unwrap()
}
