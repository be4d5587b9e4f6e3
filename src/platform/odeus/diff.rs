//! From a target and what is live to the operations that lead there, in the orders worth trying.
//!
//! Source: SEMANTICS section 5. The construction is linear; `plan::order` proves it or takes the next one.
//!
//! | from → to | order |
//! | --- | --- |
//! | within managed and sync | widen, confirm pending, narrow, client last |
//! | into managed or sync | toggles, client last |
//! | out of managed or sync | accept, client, widen, narrow |
//! | within fixed | accept, the list in one write before, between or after the toggles; else add, widen, narrow, take |
//!
//! Integration access goes first when it narrows and last when it widens. *Accept* is recorded for actions that stay on
//! before the list loses a scope, so that nothing stops in between.

use std::collections::BTreeSet;

use super::machine::needed;
use super::operation::{ClientSpec, IntegrationOperation as Op};
use super::resolve::Target;
use super::state::{ActionState, IntegrationState, Mode};
use crate::model::{Access, ActionKey, ScopeSet};

/// What the files acknowledge about one action that lacks scopes of the fixed list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The scopes accepted as missing.
    pub scopes: ScopeSet,
    /// The reasons given.
    pub reason: String,
    /// The last day on which all of it holds.
    pub until: Option<jiff::civil::Date>,
    /// Positions in `substitutes` that it relies on.
    pub substitutes: BTreeSet<usize>,
}

/// Operations and what keeps some of the wishes from being operations.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// The same operations in the orders worth trying, best first; one empty order when there is nothing to do.
    pub orders: Vec<Vec<Op>>,
    /// Actions to be turned on whose missing scopes nobody acknowledged: blocked, so not among the operations.
    pub unacknowledged: Vec<(ActionKey, ScopeSet)>,
    /// Everything acknowledged that the target relies on.
    pub acknowledged: Vec<(ActionKey, Acknowledged)>,
}

/// The mode and list that hold once the target is reached.
pub(super) fn destination(target: &Target<'_>) -> (Option<Mode>, Option<ScopeSet>) {
    let live = &target.live.state;
    match &target.client {
        Some(ClientSpec::Managed) => (Some(Mode::Managed), None),
        Some(ClientSpec::Custom { fixed: None, .. }) => (Some(Mode::Sync), None),
        Some(ClientSpec::Custom { fixed: Some(list), .. }) => {
            (Some(Mode::Fixed), Some(list.clone()))
        }
        None => {
            let mode = live.client.mode();
            (mode, (mode == Some(Mode::Fixed)).then(|| live.requested.clone()))
        }
    }
}

/// One action whose access or acceptance changes.
#[derive(Debug, Clone)]
struct Toggle {
    key: ActionKey,
    before: ActionState,
    after: ActionState,
    required: ScopeSet,
}

impl Toggle {
    fn enables(&self) -> bool {
        !self.before.access.is_on() && self.after.access.is_on()
    }

    fn set(&self, accept: ScopeSet) -> Op {
        Op::SetActionAccess { action: self.key.clone(), access: self.after.access.clone(), accept }
    }
}

/// Returns whether `after` lets nobody in that `before` kept out.
pub(super) fn narrows(before: &Access, after: &Access) -> bool {
    match (before, after) {
        (_, Access::Nobody) | (Access::Everyone, _) => true,
        (Access::Only(a), Access::Only(b)) => b.iter().all(|p| a.contains(p)),
        (Access::Nobody | Access::Only(_), Access::Everyone | Access::Only(_)) => false,
    }
}

/// Returns the operations that lead from what is live to `target`.
#[must_use]
pub fn propose(
    target: &Target<'_>,
    acknowledge: &dyn Fn(&ActionKey, &ScopeSet, &ScopeSet) -> Option<Acknowledged>,
) -> Proposal {
    let live = &target.live.state;
    let facts = &target.live.facts;
    let (mode, list) = destination(target);
    let mut proposal = Proposal::default();
    let mut toggles = Vec::new();

    for (key, wanted) in &target.actions {
        let (Some(fact), Some(before)) = (facts.actions.get(*key), live.actions.get(*key)) else {
            continue;
        };
        let mut after = ActionState::with_access(wanted.access.clone());
        if let (Some(list), true) = (&list, wanted.access.is_on()) {
            let missing = fact.required_scopes.not_covered_by(list);
            if !missing.is_empty() {
                match acknowledge(key, &missing, list) {
                    Some(acknowledged) => {
                        after.accepted_missing = missing;
                        proposal.acknowledged.push(((*key).clone(), acknowledged));
                    }
                    None if !before.access.is_on() => {
                        proposal.unacknowledged.push(((*key).clone(), missing));
                        continue;
                    }
                    // On and stays on without its scopes: the platform leaves it on and it fails (case 36).
                    None => {}
                }
            }
        } else if list.is_none() && wanted.access.is_on() {
            after.accepted_missing = before.accepted_missing.clone();
        }
        if *before != after {
            let required = fact.required_scopes.clone();
            toggles.push(Toggle { key: (*key).clone(), before: before.clone(), after, required });
        }
    }

    let access = target.desired.access.as_ref().filter(|wanted| **wanted != live.access);
    let (first, last) = match access {
        None => (None, None),
        Some(wanted) => {
            let op = Op::SetIntegrationAccess { access: wanted.clone() };
            if narrows(&live.access, wanted) { (Some(op), None) } else { (None, Some(op)) }
        }
    };
    let client = client_write(target);
    let middle = match (live.client.mode(), mode) {
        (_, Some(Mode::Fixed)) => {
            let list = list.unwrap_or_default();
            if live.client.mode() == Some(Mode::Fixed)
                && !matches!(client, Some(Op::SetClient { .. }))
            {
                within_fixed(&toggles, live, &list)
            } else {
                out_of_sync(&toggles, client, live)
            }
        }
        (Some(Mode::Managed | Mode::Sync), Some(Mode::Managed | Mode::Sync)) => {
            within_sync(&toggles, client.as_ref(), target, live)
        }
        (None | Some(Mode::Fixed), _) => into_sync(&toggles, client.as_ref(), live),
        (Some(Mode::Managed | Mode::Sync), None) => vec![plain(&toggles)],
    };
    proposal.orders = middle
        .into_iter()
        .map(|middle| first.iter().cloned().chain(middle).chain(last.iter().cloned()).collect())
        .collect();
    proposal.orders.dedup();
    proposal
}

/// The write that changes client, mode or list, where they differ.
fn client_write(target: &Target<'_>) -> Option<Op> {
    let spec = target.client.as_ref()?;
    let live = &target.live.state;
    if spec.client() != live.client {
        return Some(Op::SetClient { client: spec.clone() });
    }
    match spec {
        ClientSpec::Custom { fixed: Some(list), .. } if *list != live.requested => {
            Some(Op::SetFixedScopes { scopes: list.clone() })
        }
        ClientSpec::Custom { .. } | ClientSpec::Managed => None,
    }
}

/// What a toggle does, which decides its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Stays on and is accepted without more scopes: before the list loses them.
    Accept,
    /// Lets more people in, or other people.
    Widen,
    /// Lets fewer people in.
    Narrow,
    /// Stays as it is and is accepted without fewer scopes: last.
    Withdraw,
}

fn class(toggle: &Toggle) -> Class {
    let (before, after) = (&toggle.before, &toggle.after);
    let stays_on = before.access.is_on() && after.access.is_on();
    if stays_on && !after.accepted_missing.is_subset(&before.accepted_missing) {
        Class::Accept
    } else if before.access == after.access {
        Class::Withdraw
    } else if narrows(&before.access, &after.access) {
        Class::Narrow
    } else {
        Class::Widen
    }
}

fn of(toggles: &[Toggle], wanted: Class) -> impl Iterator<Item = &Toggle> {
    toggles.iter().filter(move |toggle| class(toggle) == wanted)
}

fn widening(toggles: &[Toggle]) -> impl Iterator<Item = &Toggle> {
    of(toggles, Class::Widen)
}

fn narrowing(toggles: &[Toggle]) -> impl Iterator<Item = &Toggle> {
    of(toggles, Class::Narrow)
}

fn accepting(toggles: &[Toggle]) -> impl Iterator<Item = Op> {
    of(toggles, Class::Accept).map(set_finally)
}

fn withdrawing(toggles: &[Toggle]) -> impl Iterator<Item = Op> {
    of(toggles, Class::Withdraw).map(set_finally)
}

fn set_finally(toggle: &Toggle) -> Op {
    toggle.set(toggle.after.accepted_missing.clone())
}

/// Acceptances that are traded, such as without `a` for without `b`, go through both: where the list loses `b` and gains
/// `a`, neither acceptance alone keeps the action running on both sides of that write. Returns what is accepted before the
/// list and what after it, or nothing when no acceptance is traded.
fn bridged(toggles: &[Toggle]) -> Option<(Vec<Op>, Vec<Op>)> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for toggle in of(toggles, Class::Accept) {
        let finally = &toggle.after.accepted_missing;
        let both = toggle.before.accepted_missing.intersection(&toggle.required).union(finally);
        if both == *finally {
            before.push(set_finally(toggle));
        } else {
            let (action, access) = (toggle.key.clone(), toggle.after.access.clone());
            before.push(Op::SetActionAccess { action, access, accept: both });
            after.push(set_finally(toggle));
        }
    }
    (!after.is_empty()).then_some((before, after))
}

/// Returns what is accepted before the list moves and what after it, in the ways worth trying: once, or through a bridge.
fn acceptances(toggles: &[Toggle]) -> Vec<(Vec<Op>, Vec<Op>)> {
    let withdraw: Vec<Op> = withdrawing(toggles).collect();
    let mut ways = vec![(accepting(toggles).collect(), withdraw.clone())];
    ways.extend(bridged(toggles).map(|(before, after)| (before, [after, withdraw].concat())));
    ways
}

fn plain(toggles: &[Toggle]) -> Vec<Op> {
    widening(toggles)
        .chain(narrowing(toggles))
        .map(set_finally)
        .chain(withdrawing(toggles))
        .collect()
}

fn within_sync(
    toggles: &[Toggle],
    client: Option<&Op>,
    target: &Target<'_>,
    live: &IntegrationState,
) -> Vec<Vec<Op>> {
    let widen: Vec<Op> = widening(toggles).map(set_finally).collect();
    let narrow: Vec<Op> = narrowing(toggles).map(set_finally).collect();
    let confirm = if client.is_some() { None } else { confirmation(toggles, target, live) };
    let mut orders = Vec::new();
    // With nothing on one side and nothing to confirm in between there is only one order.
    let one_sided = confirm.is_none() && (widen.is_empty() || narrow.is_empty());
    let both: &[bool] = if one_sided { &[false] } else { &[false, true] };
    for narrow_first in both {
        let (one, two) = if *narrow_first { (&narrow, &widen) } else { (&widen, &narrow) };
        let order = one.iter().chain(&confirm).chain(two).cloned();
        orders.push(order.chain(withdrawing(toggles)).chain(client.cloned()).collect());
    }
    orders
}

/// The pending scopes that the files have an opinion on: all of them where the client is declared, otherwise those that
/// a declared action needs or that `accept_scopes` names.
fn confirmation(toggles: &[Toggle], target: &Target<'_>, live: &IntegrationState) -> Option<Op> {
    let facts = &target.live.facts;
    let mut end = live.clone();
    for toggle in toggles {
        if toggle.enables() {
            end.requested.extend_from(&toggle.required);
        }
        end.actions.insert(toggle.key.clone(), toggle.after.clone());
    }
    let pending = needed(facts, &end).minus(&end.requested);
    let scopes: ScopeSet = if target.desired.oauth.is_some() {
        pending
    } else {
        let declared = target.actions.iter().filter(|(_, wanted)| wanted.access.is_on());
        let wanted: ScopeSet = declared
            .filter_map(|(key, _)| facts.actions.get(*key))
            .flat_map(|action| action.required_scopes.iter().cloned())
            .chain(target.desired.accept_scopes.iter().cloned())
            .collect();
        pending.intersection(&wanted)
    };
    (!scopes.is_empty()).then_some(Op::ConfirmPending { scopes })
}

fn into_sync(toggles: &[Toggle], client: Option<&Op>, live: &IntegrationState) -> Vec<Vec<Op>> {
    let fixed = live.client.mode() == Some(Mode::Fixed) && client.is_some();
    // Under the old list an action may lack scopes that the new client will request: they are accepted until then.
    let set = |toggle: &Toggle| {
        if fixed && toggle.after.access.is_on() {
            toggle.set(if toggle.enables() {
                toggle.required.not_covered_by(&live.requested)
            } else {
                toggle.before.accepted_missing.clone()
            })
        } else {
            toggle.set(ScopeSet::new())
        }
    };
    let widen: Vec<Op> = widening(toggles).map(set).collect();
    let narrow: Vec<Op> = narrowing(toggles).map(set).collect();
    let toggles_first =
        |one: &[Op], two: &[Op]| one.iter().chain(two).chain(client).cloned().collect::<Vec<Op>>();
    let client_first = client.into_iter().cloned().chain(plain(toggles)).collect();
    vec![toggles_first(&widen, &narrow), toggles_first(&narrow, &widen), client_first]
}

fn out_of_sync(toggles: &[Toggle], client: Option<Op>, live: &IntegrationState) -> Vec<Vec<Op>> {
    let widen: Vec<Op> = widening(toggles).map(set_finally).collect();
    let narrow: Vec<Op> = narrowing(toggles).map(set_finally).collect();
    let client: Vec<Op> = client.into_iter().collect();
    let (ahead, rest) = ahead(toggles, live);
    acceptances(toggles)
        .into_iter()
        .flat_map(|(accept, withdraw)| {
            let mut orders = vec![
                [&accept[..], &client, &widen, &narrow, &withdraw].concat(),
                [&accept[..], &narrow, &client, &widen, &withdraw].concat(),
            ];
            if !ahead.is_empty() {
                orders.push([&accept[..], &ahead, &client, &rest, &narrow, &withdraw].concat());
                orders.push([&accept[..], &ahead, &narrow, &client, &rest, &withdraw].concat());
            }
            orders
        })
        .collect()
}

/// Parts the widening toggles into those that can be on *before* the list loses their scopes, in two writes each (on,
/// then accepted without what will be missing), and the others.
///
/// Admins run an action that is off as long as its scopes happen to be requested. If the list drops them first, it stops
/// for admins until it is turned on. An action whose scopes are not all there runs for nobody while it is off, so it can
/// wait.
fn ahead(toggles: &[Toggle], live: &IntegrationState) -> (Vec<Op>, Vec<Op>) {
    let (mut early, mut rest) = (Vec::new(), Vec::new());
    for toggle in widening(toggles) {
        let runs = live.client.mode().is_some() && toggle.required.is_covered_by(&live.requested);
        if runs && toggle.enables() && !toggle.after.accepted_missing.is_empty() {
            early.push(toggle.set(ScopeSet::new()));
            early.push(set_finally(toggle));
        } else {
            rest.push(set_finally(toggle));
        }
    }
    (early, rest)
}

fn within_fixed(toggles: &[Toggle], live: &IntegrationState, after: &ScopeSet) -> Vec<Vec<Op>> {
    let before = &live.requested;
    let both = before.union(after);
    let missing_now =
        |t: &&Toggle| !t.enables() || t.required.not_covered_by(&both) == t.after.accepted_missing;
    let early: Vec<Op> = widening(toggles).filter(missing_now).map(set_finally).collect();
    let late: Vec<Op> = widening(toggles).filter(|t| !missing_now(t)).map(set_finally).collect();
    let narrow: Vec<Op> = narrowing(toggles).map(set_finally).collect();
    let write = |list: &ScopeSet| Op::SetFixedScopes { scopes: list.clone() };
    let adds = !after.is_subset(before);
    let takes = !before.is_subset(after);
    let all = if before == after { Vec::new() } else { vec![write(after)] };

    let (ahead, rest) = ahead(toggles, live);
    let orders = acceptances(toggles).into_iter().flat_map(|(accept, withdraw)| {
        // One write of the list where that is safe; two writes, the union in between, only where no single one is.
        let narrow_first = [&accept[..], &narrow, &all, &early, &late, &withdraw].concat();
        let list_first = [&accept[..], &all, &early, &late, &narrow, &withdraw].concat();
        let list_in_the_middle = [&accept[..], &early, &narrow, &all, &late, &withdraw].concat();
        let mut orders = match (adds, takes) {
            (true, true) => {
                let (add, take) = (vec![write(&both)], vec![write(after)]);
                let split = [&accept[..], &add, &early, &narrow, &take, &late, &withdraw].concat();
                vec![list_first, narrow_first, list_in_the_middle, split]
            }
            (true, false) | (false, false) => vec![list_first, narrow_first],
            (false, true) => vec![list_in_the_middle, narrow_first],
        };
        if takes && !ahead.is_empty() {
            orders.push([&accept[..], &ahead, &narrow, &all, &rest, &withdraw].concat());
        }
        orders
    });
    orders.collect()
}
