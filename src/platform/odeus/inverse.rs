//! The way back from a run: what it found and what it did, turned into wishes, and what no wish brings back.
//!
//! The wishes go through the planner like any others, so the order back is proven and its effects are computed. Only what
//! the run changed and nobody has changed since is wished for.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog;
use super::desired::{
    Desired, DesiredAction, DesiredClient, DesiredIntegration, DesiredList, DesiredOauth,
    SecretReference,
};
use super::machine::{Context, Machine};
use super::operation::{IntegrationOperation, Operation};
use super::prospect::replay;
use super::resolve::resolve;
use super::state::{Client, IntegrationState, Mode, ScopePolicy, Snapshot};
use super::value;
use crate::apply::{Inverse, Moved, Unrestored};
use crate::diag::Problem;
use crate::model::{ActionKey, Address, IntegrationKey, ScopeSet};
use crate::plan::{Bound, PlannedOperation};
use crate::platform;

/// What a run found in a thing that it was about to write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The workspace-wide switch.
    NewActionsDefault {
        /// Whether it was on.
        enabled: bool,
    },
    /// One integration.
    Integration {
        /// Which one.
        integration: IntegrationKey,
        /// Its whole state. The secret is its label.
        state: IntegrationState,
    },
}

/// Returns the state of everything that a plan writes to.
#[must_use]
pub fn found(bound: &Bound, snapshot: &Snapshot) -> Vec<Found> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for planned in &bound.operations {
        match own(planned) {
            Some(Operation::SetNewActionsDefault { .. }) => {
                let enabled = snapshot.settings.new_actions_enabled_by_default;
                found.push(Found::NewActionsDefault { enabled });
            }
            Some(Operation::Integration { integration, .. }) => {
                let live = snapshot.integrations.get(integration);
                if let Some(live) = live.filter(|_| seen.insert(integration)) {
                    let state = live.state.clone();
                    found.push(Found::Integration { integration: integration.clone(), state });
                }
            }
            None => {}
        }
    }
    found
}

fn own(planned: &PlannedOperation) -> Option<&Operation> {
    match &planned.operation {
        platform::Operation::Odeus(operation) => Some(operation),
        platform::Operation::Trustpager(_) => None,
    }
}

/// One integration that a run wrote to: as it was, as the run left it, and as it is.
struct Trace<'a> {
    key: &'a IntegrationKey,
    address: Address,
    facts: &'a catalog::Integration,
    before: &'a IntegrationState,
    left: IntegrationState,
    live: &'a IntegrationState,
}

/// Returns the traces of what a run did, and what cannot be traced any more.
fn traces<'a>(
    found: &[&'a Found],
    applied: &[&PlannedOperation],
    snapshot: &'a Snapshot,
) -> (Vec<Trace<'a>>, Vec<Unrestored>) {
    let (mut traces, mut lost) = (Vec::new(), Vec::new());
    for one in found {
        let Found::Integration { integration: key, state: before } = one else { continue };
        let changes = applied.iter().filter_map(|planned| match own(planned) {
            Some(Operation::Integration { integration, change }) if integration == key => {
                Some(change.clone())
            }
            _ => None,
        });
        let changes: Vec<IntegrationOperation> = changes.collect();
        if changes.is_empty() {
            continue;
        }
        let address = Address::of(&[key.as_str()]);
        let Some(live) = snapshot.integrations.get(key) else {
            lost.push(Unrestored { address, what: "the integration is gone".to_owned() });
            continue;
        };
        let context = Context {
            facts: &live.facts,
            settings: &snapshot.settings,
            directory: &snapshot.directory,
        };
        match replay(Machine::new(context, before.clone()), key, &changes) {
            Ok((_, left)) => traces.push(Trace {
                key,
                address,
                facts: &live.facts,
                before,
                left,
                live: &live.state,
            }),
            Err(rejected) => lost.push(Unrestored {
                address,
                what: format!(
                    "the integration is left alone, since the vendor has changed it: {rejected}"
                ),
            }),
        }
    }
    (traces, lost)
}

/// Returns what leads back from a run that found `found` and did `applied`, in order. Where no order of writes is safe,
/// `wishes` say what to accept, as for any other plan.
#[must_use]
pub fn inverse(
    found: &[&Found],
    applied: &[&PlannedOperation],
    snapshot: &Snapshot,
    wishes: &Desired,
    reason: &str,
) -> Inverse<Desired> {
    let mut inverse = Inverse {
        desired: Desired {
            workspace: snapshot.workspace.clone(),
            new_actions_enabled_by_default: None,
            integrations: std::collections::BTreeMap::new(),
        },
        unrestored: Vec::new(),
        moved: Vec::new(),
    };
    switch(found, applied, snapshot, &mut inverse);
    let (traces, lost) = traces(found, applied, snapshot);
    inverse.unrestored.extend(lost);
    for trace in &traces {
        let mut wanted = back(trace, reason, &mut inverse);
        let declared = wishes.integrations.get(trace.key);
        wanted.on_swap = declared.and_then(|declared| declared.on_swap);
        inverse.desired.integrations.insert(trace.key.clone(), wanted);
    }
    without_unknown_names(&mut inverse, snapshot);
    inverse.unrestored.sort();
    inverse.unrestored.dedup();
    inverse
}

fn switch(
    found: &[&Found],
    applied: &[&PlannedOperation],
    snapshot: &Snapshot,
    inverse: &mut Inverse<Desired>,
) {
    let was = found.iter().find_map(|one| match one {
        Found::NewActionsDefault { enabled } => Some(*enabled),
        Found::Integration { .. } => None,
    });
    let left = applied.iter().rev().find_map(|planned| match own(planned) {
        Some(Operation::SetNewActionsDefault { enabled }) => Some((*enabled, &planned.address)),
        _ => None,
    });
    let live = snapshot.settings.new_actions_enabled_by_default;
    match (was, left) {
        (Some(was), Some((left, _))) if left == live => {
            inverse.desired.new_actions_enabled_by_default = Some(was);
        }
        (Some(was), Some((left, address))) if was != live => inverse.moved.push(Moved {
            address: address.clone(),
            left: left.into(),
            live: live.into(),
        }),
        _ => {}
    }
}

/// Returns what leads one integration back.
fn back(trace: &Trace<'_>, reason: &str, inverse: &mut Inverse<Desired>) -> DesiredIntegration {
    let mut wanted = DesiredIntegration::default();
    let Trace { before, left, live, .. } = trace;
    let Inverse { unrestored, moved, .. } = inverse;
    if before.access != left.access {
        if live.access == left.access {
            wanted.access = Some(before.access.clone());
        } else if live.access != before.access {
            moved.push(Moved {
                address: trace.address.child("access"),
                left: value::access(&left.access),
                live: value::access(&live.access),
            });
        }
    }
    if client_moves(trace) {
        let address = trace.address.oauth();
        if client_of(live) == client_of(left) {
            match client_back(before) {
                Ok(oauth) => {
                    unrestored.extend(secret_note(&oauth, &address));
                    wanted.oauth = Some(oauth);
                }
                Err(what) => unrestored.push(Unrestored { address, what }),
            }
        } else if client_of(live) != client_of(before) {
            moved.push(Moved {
                address,
                left: value::client(&left.client, &left.requested),
                live: value::client(&live.client, &live.requested),
            });
        }
    }
    let list = list_after(trace, &wanted);
    for (key, was) in &before.actions {
        let Some(fact) = trace.facts.actions.get(key).filter(|fact| !fact.native) else { continue };
        let (Some(then), Some(now)) = (left.actions.get(key), live.actions.get(key)) else {
            continue;
        };
        // What is as it was needs nothing, whoever brought it back.
        if was == then || now == was {
            continue;
        }
        let address = action_address(trace, key);
        if now != then {
            moved.push(Moved { address, left: value::action(then), live: value::action(now) });
            continue;
        }
        let missing = list.map(|list| fact.required_scopes.minus(list)).unwrap_or_default();
        let accepted = missing.is_subset(&was.accepted_missing);
        if was.access.is_on() && !now.access.is_on() && !accepted {
            let what = format!(
                "it was on without {missing}, which nobody had accepted, and the platform turns it on only when that is accepted: say so in the files with `accept_missing_scopes`"
            );
            unrestored.push(Unrestored { address, what });
            continue;
        }
        let accepts = !missing.is_empty() && accepted && was.access.is_on();
        wanted.actions.insert(
            key.clone(),
            DesiredAction {
                access: was.access.clone(),
                accept_missing_scopes: accepts.then(|| reason.to_owned()),
            },
        );
    }
    wanted
}

fn action_address(trace: &Trace<'_>, key: &ActionKey) -> Address {
    trace.address.child("actions").child(key.as_str())
}

/// What of a state an admin chose for the client: a list that follows the actions is no choice.
fn client_of(state: &IntegrationState) -> (&Client, Option<&ScopeSet>) {
    let fixed = state.client.mode() == Some(Mode::Fixed);
    (&state.client, fixed.then_some(&state.requested))
}

fn client_moves(trace: &Trace<'_>) -> bool {
    client_of(trace.before) != client_of(&trace.left)
}

/// Returns the fixed list that holds once `wanted` is there, if one does.
fn list_after<'t>(trace: &'t Trace<'_>, wanted: &DesiredIntegration) -> Option<&'t ScopeSet> {
    let state = if wanted.oauth.is_some() { trace.before } else { trace.live };
    client_of(state).1
}

fn client_back(before: &IntegrationState) -> Result<DesiredOauth, String> {
    let custom = match &before.client {
        Client::Unconfigured => {
            return Err("there was no client, and a client cannot be taken away again".to_owned());
        }
        Client::Managed => return Ok(DesiredOauth::Managed),
        Client::Custom(custom) => custom,
    };
    let secret = match &custom.secret {
        None => None,
        Some(label) => Some(SecretReference::parse(label).ok_or_else(|| {
            format!("its secret was `{label}`, which says nothing about where the secret is")
        })?),
    };
    let client = DesiredClient { id: custom.id.clone(), tenant: custom.tenant.clone(), secret };
    Ok(match custom.scopes {
        ScopePolicy::Sync => DesiredOauth::Sync(client),
        ScopePolicy::Fixed => DesiredOauth::Fixed {
            client,
            scopes: DesiredList::Exactly(before.requested.clone()),
            substitutes: Vec::new(),
        },
    })
}

/// Says that a secret's value is not what comes back, only its label.
fn secret_note(oauth: &DesiredOauth, address: &Address) -> Option<Unrestored> {
    let client = match oauth {
        DesiredOauth::Managed => return None,
        DesiredOauth::Sync(client) | DesiredOauth::Fixed { client, .. } => client,
    };
    let secret = client.secret.as_ref()?;
    Some(Unrestored {
        address: address.child("client").child("secret"),
        what: format!("its value: what `{secret}` holds now is sent, whatever it held then"),
    })
}

/// Takes out wishes that name what is not there any more, and says so.
fn without_unknown_names(inverse: &mut Inverse<Desired>, snapshot: &Snapshot) {
    loop {
        let (_, problems) = resolve(&inverse.desired, snapshot);
        let errors: Vec<Problem> = problems.into_iter().filter(Problem::is_error).collect();
        if errors.is_empty() {
            return;
        }
        let before = inverse.desired.clone();
        for problem in errors {
            let parts: Vec<&str> = problem.at.as_str().splitn(4, '/').collect();
            let mut address = problem.at.clone();
            if let [key, rest @ ..] = parts.as_slice()
                && let Some(wanted) = inverse.desired.integrations.get_mut(*key)
            {
                let unit = Address::of(&[*key]);
                match rest {
                    ["access", ..] => {
                        wanted.access = None;
                        address = unit.child("access");
                    }
                    ["oauth", ..] => {
                        wanted.oauth = None;
                        address = unit.oauth();
                    }
                    ["actions", action, ..] => {
                        wanted.actions.remove(*action);
                        address = unit.child("actions").child(action);
                    }
                    _ => {
                        inverse.desired.integrations.remove(*key);
                    }
                }
            }
            inverse.unrestored.push(Unrestored { address, what: problem.message });
        }
        if inverse.desired == before {
            // Nothing that could be taken out by name: without any wish there is no problem.
            inverse.desired.integrations.clear();
        }
    }
}

/// Returns what is not as it was once `plan`, the plan of an [`inverse`], has been carried out, beyond what `inverse`
/// says itself: the platform goes some ways only in one direction.
#[must_use]
pub fn unrestored(
    found: &[&Found],
    applied: &[&PlannedOperation],
    snapshot: &Snapshot,
    plan: &Bound,
    inverse: &Inverse<Desired>,
) -> Vec<Unrestored> {
    let said: BTreeSet<&Address> = inverse
        .unrestored
        .iter()
        .map(|one| &one.address)
        .chain(inverse.moved.iter().map(|one| &one.address))
        .collect();
    let mut all = Vec::new();
    for trace in &traces(found, applied, snapshot).0 {
        let Some(end) = end_of(trace, snapshot, plan) else { continue };
        let mut differs = |address: Address, what: String| {
            if !said.contains(&address) {
                all.push(Unrestored { address, what });
            }
        };
        let (before, left, live) = (trace.before, &trace.left, trace.live);
        if before.access != left.access && end.access != before.access {
            let (was, is) = (value::access(&before.access), value::access(&end.access));
            differs(trace.address.child("access"), format!("it was {was} and will be {is}"));
        }
        if client_moves(trace) && client_of(&end) != client_of(before) {
            let show = |state: &IntegrationState| value::client(&state.client, &state.requested);
            let (was, is) = (show(before), show(&end));
            differs(trace.address.oauth(), format!("it was {was} and will be {is}"));
        }
        for (key, was) in &before.actions {
            let (then, is) = (left.actions.get(key), end.actions.get(key));
            // Neither the run nor the way back: somebody else's doing.
            let others = then == Some(was) && live.actions.get(key) != Some(was);
            if others || is.is_none_or(|is| is == was) {
                continue;
            }
            let (was, is) = (value::action(was), is.map(value::action).unwrap_or_default());
            differs(action_address(trace, key), format!("it was {was} and will be {is}"));
        }
        // What follows the actions can only be told where nobody has touched them.
        let untouched = left == live && client_of(&end) == client_of(before);
        if untouched && end.requested != before.requested {
            let (more, fewer) =
                (end.requested.minus(&before.requested), before.requested.minus(&end.requested));
            let mut words = Vec::new();
            if !more.is_empty() {
                words.push(format!(
                    "{more} will be requested and was not: the platform takes no confirmation back"
                ));
            }
            if !fewer.is_empty() {
                words.push(format!("{fewer} was requested and will not be"));
            }
            differs(trace.address.oauth().child("requested_scopes"), words.join("; "));
        }
    }
    all
}

/// Returns the state of one integration once `plan` has been carried out.
fn end_of(trace: &Trace<'_>, snapshot: &Snapshot, plan: &Bound) -> Option<IntegrationState> {
    let changes = plan.operations.iter().filter_map(|planned| match own(planned) {
        Some(Operation::Integration { integration, change }) if integration == trace.key => {
            Some(change.clone())
        }
        _ => None,
    });
    let changes: Vec<IntegrationOperation> = changes.collect();
    let context = Context {
        facts: trace.facts,
        settings: &snapshot.settings,
        directory: &snapshot.directory,
    };
    let folded = replay(Machine::new(context, trace.live.clone()), trace.key, &changes);
    folded.ok().map(|(_, end)| end)
}
