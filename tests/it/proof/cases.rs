//! What the exhaustive check found, each as the smallest world that shows it.

use scopeform::model::{Access, ScopeSet};
use scopeform::platform::odeus::desired::{
    DesiredAction, DesiredClient, DesiredIntegration, DesiredList, DesiredOauth,
};
use scopeform::platform::odeus::state::{
    ActionState, Client, CustomClient, IntegrationState, ScopePolicy,
};

use super::odeus::{Eye, Pursuit};
use super::small::{World, two_actions};
use crate::odeus::fixture::{key, set};

/// Actions with what each accepts as missing; nobody runs the others.
type On<'a> = &'a [(&'a str, &'a [&'a str])];

fn fixed(world: &World, list: &[&str], on: On<'_>) -> IntegrationState {
    let custom = CustomClient {
        id: "own".try_into().unwrap(),
        tenant: None,
        secret: None,
        scopes: ScopePolicy::Fixed,
    };
    let mut state = world.initial[0].clone();
    state.client = Client::Custom(custom);
    state.requested = set(list);
    for (name, own) in &mut state.actions {
        let accepted = on.iter().find(|(key, _)| *key == name.as_str()).map(|(_, s)| set(s));
        let access = match accepted {
            None if name.as_str() != "n" => Access::Nobody,
            Some(_) | None => Access::Everyone,
        };
        *own = ActionState { access, accepted_missing: accepted.unwrap_or_else(ScopeSet::new) };
    }
    state
}

/// Everything named is on, without whatever the list does not have.
fn wish(list: &[&str], on: &[&str]) -> DesiredIntegration {
    let client = DesiredClient { id: "own".try_into().unwrap(), tenant: None, secret: None };
    let line = DesiredAction {
        access: Access::Everyone,
        accept_missing_scopes: Some("reviewed".to_owned()),
    };
    DesiredIntegration {
        oauth: Some(DesiredOauth::Fixed {
            client,
            scopes: DesiredList::Exactly(set(list)),
            substitutes: Vec::new(),
        }),
        actions: on.iter().map(|name| (key(name), line.clone())).collect(),
        ..DesiredIntegration::default()
    }
}

/// Returns the writes of the plan, after every prefix and every interruption has been checked.
fn writes(first: &IntegrationState, wish: &DesiredIntegration) -> Vec<String> {
    let world = two_actions();
    let eye = Eye::new(&world.base);
    let mut pursuit = Pursuit::new(&world, &eye, wish);
    let (writes, window) = pursuit.pursue(first);
    assert_eq!(window, None);
    writes
}

/// `a` needs `o` and `s`, and is off without `o`. It used to be turned on without `o` and then accepted without `s`: an
/// apply that stopped in between could not go on, as no order of what was left was safe.
#[test]
fn an_action_that_runs_for_nobody_waits_for_the_list() {
    let world = two_actions();
    let plan = writes(&fixed(&world, &["s", "t"], &[]), &wish(&["o"], &["a", "b"]));
    let [.., list, last] = plan.as_slice() else { panic!("{plan:?}") };
    assert_eq!(list, "set the list of 1 fixed scope", "{plan:?}");
    assert_eq!(last, "enable `a` for everyone, accepting without s", "{plan:?}");
}

/// `a` runs without `o` and shall run without `s`, while the list trades `s` for `o`: it used to be called a swap that no
/// order makes safely.
#[test]
fn a_traded_acceptance_goes_through_both() {
    let world = two_actions();
    let first = fixed(&world, &["s", "t"], &[("a", &["o"])]);
    assert_eq!(
        writes(&first, &wish(&["o"], &["a"])),
        [
            "enable `a` for everyone, accepting without o s",
            "set the list of 1 fixed scope",
            "enable `a` for everyone, accepting without s",
        ]
    );
}
