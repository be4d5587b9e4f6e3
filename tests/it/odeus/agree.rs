//! The machine and the second opinion agree, and the machine keeps the laws that every caller relies on.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use scopeform::model::{Effect, Reach, ScopeDelta, ScopeSet, UserId};
use scopeform::platform::odeus::audience::Audience;
use scopeform::platform::odeus::catalog::{Auth, Integration};
use scopeform::platform::odeus::event;
use scopeform::platform::odeus::machine::{Machine, Rejected, observe, transition};
use scopeform::platform::odeus::operation::IntegrationOperation;
use scopeform::platform::odeus::state::{Connection, IntegrationState, Mode, Role};

use super::moves::{Move, moves, writes};
use super::oracle::{self, Names};
use super::translate;
use super::worlds::{World, accesses, snapshots, worlds};

/// Drawn anew in every run.
const CASES: u32 = 1536;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(CASES))]

    #[test]
    fn the_machine_agrees_with_the_second_opinion(
        world in worlds(),
        drafts in vec(moves(), 1..=12),
    ) {
        let mut world = world;
        let mut theirs = translate::state(&world.state);
        agree_on_sight(&world, &theirs)?;
        for draft in &drafts {
            let made = draft.make(&world.facts, &world.state);
            theirs = match made {
                Move::Write(operation) => write(&mut world, theirs, &operation)?,
                Move::Publish(facts) => publish(&mut world, &theirs, facts)?,
                Move::NewActionsDefault(on) => {
                    world.settings.new_actions_enabled_by_default = on;
                    theirs
                }
                Move::Removed(principal) => {
                    let before = world.state.clone();
                    world.state = event::principal_removed(&world.facts, &before, &principal);
                    no_native_scope_left(&world.facts, &before, &world.state)?;
                    let (user, group) = match &principal {
                        scopeform::model::Principal::User(user) => (Some(user.as_str()), None),
                        scopeform::model::Principal::Group(group) => (None, Some(group.as_str())),
                    };
                    let catalogue = translate::catalogue(&world.facts);
                    oracle::principal_removed(&catalogue, &theirs, user, group)
                }
            };
            prop_assert_eq!(&translate::state(&world.state), &theirs);
            agree_on_sight(&world, &theirs)?;
            agree_on_grants(&world, &theirs)?;
        }
    }
}

proptest! {
    #![proptest_config(config(1024))]

    #[test]
    fn folding_the_machine_equals_single_transitions(
        world in worlds(),
        drafts in vec(writes(), 1..=12),
    ) {
        let context = world.context();
        let mut machine = Machine::new(context, world.state.clone());
        let mut state = world.state.clone();
        for draft in &drafts {
            let Move::Write(operation) = draft.make(&world.facts, &state) else { continue };
            let single = transition(context, &state, &operation);
            let folded = machine.step(&operation);
            match (single, folded) {
                (Ok((next, effect)), Ok(step)) => {
                    prop_assert_eq!(&step.effect, &effect);
                    state = next;
                }
                (Err(single), Err(folded)) => prop_assert_eq!(single, folded),
                (single, folded) => prop_assert!(false, "{single:?} beside {folded:?}"),
            }
            prop_assert_eq!(machine.state(), &state);
            prop_assert_eq!(machine.facts(), Machine::new(context, state.clone()).facts());
        }
    }

    #[test]
    fn a_step_reports_everything_that_moved(world in worlds(), drafts in vec(writes(), 1..=12)) {
        let mut machine = Machine::new(world.context(), world.state.clone());
        for draft in &drafts {
            let Move::Write(operation) = draft.make(&world.facts, machine.state()) else { continue };
            let before = machine.facts();
            let Ok(step) = machine.step(&operation) else { continue };
            let after = machine.facts();
            let moved: BTreeMap<_, _> = before
                .reach
                .iter()
                .filter(|(address, reach)| after.reach[*address] != **reach)
                .map(|(address, reach)| {
                    (address.clone(), (reach.clone(), after.reach[address].clone()))
                })
                .collect();
            let told: BTreeMap<_, _> =
                step.moved.into_iter().map(|m| (m.address, (m.before, m.after))).collect();
            prop_assert_eq!(told, moved);
            prop_assert_eq!(step.locked_dropped, ScopeSet::new());
        }
    }

    #[test]
    fn reach_is_a_lattice_of_people(world in worlds(), other in accesses(), third in accesses()) {
        let audiences = |access: &scopeform::model::Access| {
            let mut world = world.clone();
            world.state.access = access.clone();
            let facts = Machine::new(world.context(), world.state.clone()).facts();
            facts.reach.into_values().collect::<Vec<_>>()
        };
        let people = People::of(&world);
        let people_of = |audience: &Audience| people.of_audience(audience);
        let (left, right) = (audiences(&other), audiences(&third));
        for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
            let (pa, pb) = (people_of(a), people_of(b));
            prop_assert_eq!(people_of(&a.meet(b)), &pa & &pb);
            prop_assert_eq!(people_of(&a.join(b)), &pa | &pb);
            prop_assert_eq!(a.within(b), pa.is_subset(&pb));
            prop_assert_eq!(a == b, pa == pb);
        }
    }

    #[test]
    fn repeating_a_write_changes_nothing_more(world in worlds(), draft in writes()) {
        let Move::Write(operation) = draft.make(&world.facts, &world.state) else { return Ok(()) };
        // A confirmation is used up, and an acceptance speaks about what is missing now.
        let repeatable = match &operation {
            IntegrationOperation::ConfirmPending { .. } => false,
            IntegrationOperation::SetIntegrationAccess { .. }
            | IntegrationOperation::SetActionAccess { .. }
            | IntegrationOperation::SetClient { .. }
            | IntegrationOperation::SetFixedScopes { .. } => true,
        };
        if let (true, Ok((state, _))) =
            (repeatable, transition(world.context(), &world.state, &operation))
        {
            let again = transition(world.context(), &state, &operation);
            prop_assert_eq!(again, Ok((state, Effect::default())));
        }
    }

    #[test]
    fn an_integration_arrives_settled(world in worlds(), actions in accesses()) {
        let state = event::first_state(&world.facts, &world.settings, &actions);
        keeps_invariants(&world.facts, &state)?;
        prop_assert_eq!(observe(&world.facts, &state).pending, ScopeSet::new());
        if world.facts.auth != Auth::Oauth {
            prop_assert_eq!(state.client.mode(), None, "a client without OAuth");
        }
    }

    #[test]
    fn generated_snapshots_hold_the_invariants(snapshot in snapshots()) {
        for live in snapshot.integrations.values() {
            keeps_invariants(&live.facts, &live.state)?;
        }
    }
}

/// One write on both sides, and the laws of a single step.
fn write(
    world: &mut World,
    theirs: oracle::State,
    operation: &IntegrationOperation,
) -> Result<oracle::State, TestCaseError> {
    let catalogue = translate::catalogue(&world.facts);
    let dedicated =
        world.settings.deployment == scopeform::platform::odeus::state::Deployment::Dedicated;
    let expected = oracle::write(&catalogue, dedicated, &theirs, &translate::write(operation));
    let before = world.state.clone();
    match (transition(world.context(), &before, operation), expected) {
        (Ok((next, effect)), Ok(expected)) => {
            world.state = next;
            agree_on_effect(world, &before, &theirs, &expected, operation, &effect)?;
            no_native_scope_left(&world.facts, &before, &world.state)?;
            fixed_list_stays(&before, &world.state, operation)?;
            Ok(expected)
        }
        (Err(rejected), Err(reasons)) => {
            prop_assert!(
                reasons.contains(&translate::refusal(&rejected)),
                "{rejected} is none of {reasons:?}"
            );
            agree_on_reason(world, &theirs, &catalogue, &rejected)?;
            let mut machine = Machine::new(world.context(), before.clone());
            prop_assert!(machine.step(operation).is_err());
            prop_assert_eq!(machine.into_state(), before);
            Ok(theirs)
        }
        (Ok(_), Err(reasons)) => {
            Err(TestCaseError::fail(format!("allowed {operation:?} in spite of {reasons:?}")))
        }
        (Err(rejected), Ok(_)) => {
            Err(TestCaseError::fail(format!("refused {operation:?}: {rejected}")))
        }
    }
}

fn publish(
    world: &mut World,
    theirs: &oracle::State,
    facts: Integration,
) -> Result<oracle::State, TestCaseError> {
    let managed_before = world.facts.scope_management;
    world.facts = facts;
    let before = world.state.clone();
    world.state = event::publish(&world.facts, &before, &world.settings);
    if world.facts.scope_management && managed_before {
        prop_assert!(world.state.requested.is_subset(&before.requested), "publishing widened");
    }
    no_native_scope_left(&world.facts, &before, &world.state)?;
    prop_assert_eq!(&world.state.client, &before.client);
    prop_assert_eq!(&world.state.access, &before.access);
    let on = world.settings.new_actions_enabled_by_default;
    Ok(oracle::publish(&translate::catalogue(&world.facts), theirs, on))
}

/// What people see, and what must always hold of a state.
fn agree_on_sight(world: &World, theirs: &oracle::State) -> Result<(), TestCaseError> {
    let catalogue = translate::catalogue(&world.facts);
    let seen = observe(&world.facts, &world.state);
    prop_assert_eq!(seen.mode, world.state.client.mode());
    prop_assert_eq!(translate::names(&seen.requested), theirs.requested.clone());
    prop_assert_eq!(translate::names(&seen.needed), oracle::needed(&catalogue, theirs));
    prop_assert_eq!(translate::names(&seen.pending), oracle::pending(&catalogue, theirs));
    prop_assert_eq!(seen.actions.len(), catalogue.actions.len());
    for (key, view) in &seen.actions {
        let ours = (view.live, translate::names(&view.missing), translate::names(&view.blocking));
        prop_assert_eq!(ours, oracle::badge(&catalogue, theirs, key.as_str()));
    }
    agree_on_people(world, theirs, &catalogue)?;
    keeps_invariants(&world.facts, &world.state)
}

/// Who can run what, person by person.
fn agree_on_people(
    world: &World,
    theirs: &oracle::State,
    catalogue: &oracle::Catalogue,
) -> Result<(), TestCaseError> {
    let people = People::of(world);
    let reach = Machine::new(world.context(), world.state.clone()).facts().reach;
    prop_assert_eq!(reach.len(), catalogue.actions.len());
    for (address, audience) in &reach {
        let theirs = oracle::who_can_run(catalogue, theirs, &people.plain, address.name());
        prop_assert_eq!(people.of_audience(audience), theirs, "who can run {}", address);
    }
    Ok(())
}

/// Everybody, as the second opinion knows them, and beside each the id that the machine has for them.
///
/// The two people who join later stand for "everyone" and for "admins": see `translate::people`.
struct People {
    plain: Vec<oracle::Person>,
    ids: Vec<UserId>,
}

impl People {
    fn of(world: &World) -> Self {
        let newcomer = UserId::try_from("later@acme.example").unwrap();
        let plain = translate::people(&world.directory);
        let id = |person: &oracle::Person| {
            UserId::try_from(person.name.as_str()).unwrap_or_else(|_| newcomer.clone())
        };
        let ids = plain.iter().map(id).collect();
        Self { plain, ids }
    }

    fn of_audience(&self, audience: &Audience) -> Names {
        let people = self.plain.iter().zip(&self.ids).filter(|(person, user)| {
            let role = if person.admin { Role::Admin } else { Role::Member };
            audience.includes(user, role)
        });
        people.map(|(person, _)| person.name.clone()).collect()
    }
}

/// The effect is the difference of two states, each looked at on its own.
fn agree_on_effect(
    world: &World,
    before: &IntegrationState,
    theirs: &oracle::State,
    expected: &oracle::State,
    operation: &IntegrationOperation,
    effect: &Effect,
) -> Result<(), TestCaseError> {
    let catalogue = translate::catalogue(&world.facts);
    let after = &world.state;
    prop_assert_eq!(
        &effect.scopes,
        &ScopeDelta::between(&before.requested, &after.requested),
        "scopes of {:?}",
        operation
    );
    let accepts = match operation {
        IntegrationOperation::SetActionAccess { action, .. } => {
            let key = action.as_str();
            &expected.actions[key].accepted - &theirs.actions[key].accepted
        }
        IntegrationOperation::SetIntegrationAccess { .. }
        | IntegrationOperation::SetClient { .. }
        | IntegrationOperation::SetFixedScopes { .. }
        | IntegrationOperation::ConfirmPending { .. } => Names::new(),
    };
    prop_assert_eq!(translate::names(&effect.accepts), accepts);

    let people = translate::people(&world.directory);
    let told: BTreeMap<&str, _> =
        effect.uses.iter().map(|change| (change.address.name(), change)).collect();
    prop_assert_eq!(told.len(), effect.uses.len(), "each action is told once");
    for name in catalogue.actions.keys() {
        let was = oracle::who_can_run(&catalogue, theirs, &people, name);
        let is = oracle::who_can_run(&catalogue, expected, &people, name);
        prop_assert_eq!(told.contains_key(name.as_str()), was != is, "use of {}", name);
        if let Some(change) = told.get(name.as_str()) {
            prop_assert_eq!(change.before == "does not run", was.is_empty());
            prop_assert_eq!(change.after == "does not run", is.is_empty());
            prop_assert_ne!(&change.before, &change.after);
        }
    }

    let was = oracle::broken_features(&catalogue, theirs);
    let is = oracle::broken_features(&catalogue, expected);
    prop_assert_eq!(&effect.features_lost, &(&is - &was), "features lost");
    prop_assert_eq!(&effect.features_restored, &(&was - &is), "features restored");
    Ok(())
}

/// The refusal names exactly what is wrong.
fn agree_on_reason(
    world: &World,
    theirs: &oracle::State,
    catalogue: &oracle::Catalogue,
    rejected: &Rejected,
) -> Result<(), TestCaseError> {
    match rejected {
        Rejected::MissingNotAccepted { action, missing } => prop_assert_eq!(
            translate::names(missing),
            oracle::missing(catalogue, theirs, action.as_str())
        ),
        Rejected::CannotAccept { scopes, .. } => prop_assert!(!scopes.is_empty()),
        Rejected::NotPending(scopes) => {
            let pending = oracle::pending(catalogue, theirs);
            prop_assert!(!scopes.is_empty());
            prop_assert!(translate::names(scopes).is_disjoint(&pending));
        }
        Rejected::NativeAction(action) => prop_assert!(world.facts.actions[action].native),
        Rejected::UnknownAction { action, .. } => {
            prop_assert!(!world.facts.actions.contains_key(action));
        }
        Rejected::NoManagedClient(_)
        | Rejected::ScopesNotManaged
        | Rejected::NotOauth
        | Rejected::NotFixed
        | Rejected::EmptyList
        | Rejected::Placeholder(_) => {}
    }
    Ok(())
}

fn agree_on_grants(world: &World, theirs: &oracle::State) -> Result<(), TestCaseError> {
    for connection in &world.connections {
        let fresh = event::reconnect(connection, &world.state);
        prop_assert_eq!(translate::names(&fresh.granted), oracle::granted_after_reconnect(theirs));
        prop_assert_eq!(&fresh.client, &world.state.client.identity());
        prop_assert_eq!(&fresh.user, &connection.user);

        let granted = translate::names(&connection.granted);
        let expired = event::token_expired(connection, &world.state);
        prop_assert_eq!(
            translate::names(&expired.granted),
            oracle::granted_after_expiry(&granted, theirs)
        );
        let Connection { client, .. } = &expired;
        prop_assert_eq!(client, &connection.client, "expiry is not a new consent");
    }
    Ok(())
}

/// SEMANTICS section 1, *Invariants*.
fn keeps_invariants(facts: &Integration, state: &IntegrationState) -> Result<(), TestCaseError> {
    let observed = observe(facts, state);
    match observed.mode {
        None => prop_assert_eq!(&state.requested, &ScopeSet::new()),
        Some(_) if !facts.scope_management => {
            prop_assert_eq!(&state.requested, &facts.recommended_scopes());
        }
        Some(Mode::Managed | Mode::Sync) => {
            prop_assert!(state.requested.is_subset(&observed.needed));
            prop_assert_eq!(observed.pending, observed.needed.minus(&state.requested));
        }
        Some(Mode::Fixed) => prop_assert_eq!(observed.pending, ScopeSet::new()),
    }
    prop_assert!(state.actions.keys().eq(facts.actions.keys()), "one entry per action");
    for own in state.actions.values().filter(|own| !own.access.is_on()) {
        prop_assert_eq!(&own.accepted_missing, &ScopeSet::new(), "off and yet accepted");
    }
    Ok(())
}

/// Law 4: a native scope that is requested never leaves in managed or sync mode.
fn no_native_scope_left(
    facts: &Integration,
    before: &IntegrationState,
    after: &IntegrationState,
) -> Result<(), TestCaseError> {
    if facts.scope_management && after.client.mode().is_some_and(Mode::follows_actions) {
        let gone = before.requested.minus(&after.requested);
        prop_assert_eq!(gone.intersection(&facts.native_scopes()), ScopeSet::new());
    }
    Ok(())
}

/// With fixed scopes only the list itself moves the list.
fn fixed_list_stays(
    before: &IntegrationState,
    after: &IntegrationState,
    operation: &IntegrationOperation,
) -> Result<(), TestCaseError> {
    let writes_the_list = match operation {
        IntegrationOperation::SetClient { .. } | IntegrationOperation::SetFixedScopes { .. } => {
            true
        }
        IntegrationOperation::SetIntegrationAccess { .. }
        | IntegrationOperation::SetActionAccess { .. }
        | IntegrationOperation::ConfirmPending { .. } => false,
    };
    if before.client.mode() == Some(Mode::Fixed) && !writes_the_list {
        prop_assert_eq!(&before.requested, &after.requested);
    }
    Ok(())
}
