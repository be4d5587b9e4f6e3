//! One client or key on its way: what is live, what is wanted, the proven steps between, and where they end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use super::desired::DesiredRevocation;
use super::machine::{Context, Machine, Rejected, key_may};
use super::name::TokenId;
use super::operation::{Operation, RevokeReason};
use super::resolve::{ClientTarget, KeyTarget, KeyWish};
use super::state::{Caller, ClientState, KeyGrants, Snapshot, Token};
use super::tokens::queued_affected;
use super::value;
use crate::model::{Address, Effect, ScopeDelta, ScopeSet, UserId};
use crate::plan::PlannedOperation;
use crate::plan::laws::Violation;
use crate::plan::order::{self, Tolerance};
use crate::platform;

/// One client on its way.
#[derive(Debug)]
pub struct ClientProspect<'a> {
    /// What is wanted and what is live.
    pub target: ClientTarget<'a>,
    /// Facts, and who has which role now.
    pub context: Context<'a>,
    /// The steps, in proven order: revokes first, so that a doomed token never gets the wider ceiling.
    pub operations: Vec<PlannedOperation>,
    /// Where the steps end.
    pub after: ClientState,
    /// Laws that the order breaks because none keeps them all.
    pub window: Vec<Violation>,
    /// Why the platform would refuse the target.
    pub rejected: Option<Rejected>,
    /// For every token that the files end, the line for which they do.
    lines: BTreeMap<TokenId, Address>,
}

impl<'a> ClientProspect<'a> {
    /// Works out how to get from what is live to `target`.
    #[must_use]
    pub fn new(target: ClientTarget<'a>, snapshot: &'a Snapshot, today: Date) -> Self {
        let context = Context { catalog: &snapshot.catalog, users: &snapshot.users };
        let mut lines = BTreeMap::new();
        let mut revokes = Vec::new();
        for (token, why, line) in doomed(&target, snapshot, today) {
            lines.insert(token.id.clone(), line);
            let client = target.name.clone();
            revokes.push(Operation::RevokeToken { client, token: token.id.clone(), why });
        }
        let save = (target.access != target.before).then(|| Operation::SetClientAccess {
            client: target.name.clone(),
            access: target.access.clone(),
        });
        let forwards: Vec<Operation> = revokes.iter().cloned().chain(save.clone()).collect();
        let backwards: Vec<Operation> = save.into_iter().chain(revokes).collect();
        let start = Machine::new(context, target.address.clone(), target.live.state.clone());
        let mut prospect = Self {
            context,
            operations: Vec::new(),
            after: start.state().clone(),
            window: Vec::new(),
            rejected: None,
            lines,
            target,
        };
        if forwards.is_empty() {
            return prospect;
        }
        match order::order(&start, &[forwards, backwards], Tolerance::Nothing) {
            Err(rejected) => prospect.rejected = Some(rejected),
            Ok(ordered) => {
                prospect.window = ordered.window;
                prospect.after = ordered.end.into_state();
                prospect.operations = planned_of(ordered.steps);
            }
        }
        prospect
    }

    /// Returns the line for which the files end a token: that of its own, of the holders, or of how long it may be idle.
    #[must_use]
    pub fn line_of(&self, token: &str) -> Address {
        let line = self.lines.get(token).cloned();
        line.unwrap_or_else(|| self.target.address.child("tokens"))
    }

    /// Counts the queued calls of this client that an approval could execute now and no longer after the plan (case 62).
    #[must_use]
    pub fn queued_affected(&self, snapshot: &Snapshot) -> usize {
        let before = (&self.target.before, &self.target.live.state.tokens);
        let after = (&self.after.access, &self.after.tokens);
        queued_affected(self.target.name, before, after, snapshot)
    }

    /// Iterates the tokens that the plan revokes, with the reason.
    pub fn revoked(&self) -> impl Iterator<Item = (&'a Token, &RevokeReason)> {
        let tokens = &self.target.live.state.tokens;
        self.operations.iter().filter_map(move |planned| match &planned.operation {
            platform::Operation::Trustpager(Operation::RevokeToken { token, why, .. }) => {
                Some((tokens.get(token)?, why))
            }
            _ => None,
        })
    }
}

/// Returns the tokens to revoke, with the most telling reason and the line that it stands in.
fn doomed<'a>(
    target: &ClientTarget<'a>,
    snapshot: &Snapshot,
    today: Date,
) -> Vec<(&'a Token, RevokeReason, Address)> {
    let wanted = &target.desired.tokens;
    let home = target.address.child("tokens");
    let holders: Option<BTreeSet<&UserId>> = wanted.holders.as_ref().map(|holders| {
        let members =
            holders.groups.iter().filter_map(|group| snapshot.groups.get(group)).flatten();
        holders.users.iter().chain(members).collect()
    });
    let tokens = target.live.state.tokens.values();
    let mut by_name: BTreeMap<&TokenId, &DesiredRevocation> = BTreeMap::new();
    for line in &wanted.revoke {
        for token in meant(&line.token, tokens.clone()) {
            by_name.entry(&token.id).or_insert(line);
        }
    }
    let mut doomed = Vec::new();
    for token in tokens {
        let named = by_name.get(&token.id);
        let idle = wanted.max_idle_days.filter(|max| token.idle_days(today) > *max);
        let (why, line) = if let Some(named) = named {
            let why = RevokeReason::Named { reason: named.reason.clone() };
            (why, home.child("revoke").child(&named.token))
        } else if holders.as_ref().is_some_and(|holders| !holders.contains(&token.user)) {
            (RevokeReason::NotAHolder, home.child("holders"))
        } else if let Some(max_days) = idle {
            (RevokeReason::Idle { max_days }, home.child("max_idle"))
        } else {
            continue;
        };
        doomed.push((token, why, line));
    }
    doomed
}

/// Returns the tokens that a name means: the one with this id or, where there is none, those of which the platform shows
/// this, which may be several.
#[must_use]
pub fn meant<'t>(name: &str, tokens: impl Iterator<Item = &'t Token> + Clone) -> Vec<&'t Token> {
    match tokens.clone().find(|token| token.id.as_str() == name) {
        Some(one) => vec![one],
        None => tokens.filter(|token| token.display() == name).collect(),
    }
}

/// Returns the value that an operation replaces.
#[must_use]
pub fn before(operation: &Operation, state: &ClientState) -> Value {
    match operation {
        Operation::RevokeToken { token, .. } => {
            state.tokens.get(token).map_or(Value::Null, value::token)
        }
        Operation::SetClientAccess { .. } => value::access(&state.access),
        Operation::CreateKey { .. }
        | Operation::SetKeyAccess { .. }
        | Operation::RevokeKey { .. } => Value::Null,
    }
}

/// Carries out operations as a plan says them: with the value that each replaces and what it does. Where they stand in a
/// plan already, this is what they would be now.
///
/// # Errors
/// The first refusal.
pub fn replay(
    machine: Machine<'_>,
    operations: &[Operation],
) -> Result<(Vec<PlannedOperation>, ClientState), Rejected> {
    let (steps, machine) = order::walk(machine, operations)?;
    Ok((planned_of(steps), machine.into_state()))
}

/// Returns the steps of one client as a plan says them.
fn planned_of(steps: Vec<order::Taken<Machine<'_>>>) -> Vec<PlannedOperation> {
    let planned = |taken: order::Taken<Machine<'_>>| {
        planned(taken.operation, taken.before, taken.step.effect)
    };
    steps.into_iter().map(planned).collect()
}

fn planned(operation: Operation, before: Value, effect: Effect) -> PlannedOperation {
    PlannedOperation {
        unit: operation.unit(),
        address: operation.address(),
        operation: platform::Operation::Trustpager(operation),
        before,
        effect,
    }
}

/// One key on its way.
#[derive(Debug)]
pub struct KeyProspect<'a> {
    /// What is wanted and what is live.
    pub target: KeyTarget<'a>,
    /// The one step, if any.
    pub operation: Option<PlannedOperation>,
    /// Whether the key would have to be created and no file is named for its value.
    pub undeliverable: bool,
}

impl<'a> KeyProspect<'a> {
    /// Works out how to get from what is live to `target`.
    #[must_use]
    pub fn new(target: KeyTarget<'a>, snapshot: &Snapshot) -> Self {
        let mut undeliverable = false;
        let operation = match (&target.wanted, target.live) {
            (KeyWish::Gone(reason), Some(_)) => {
                Some(Operation::RevokeKey { key: target.name.clone(), reason: reason.clone() })
            }
            (KeyWish::Gone(_), None) => None,
            (KeyWish::May(grants), None) => match target.deliver {
                Some(file) => Some(Operation::CreateKey {
                    key: target.name.clone(),
                    grants: grants.clone(),
                    deliver: file.to_owned(),
                }),
                None => {
                    undeliverable = true;
                    None
                }
            },
            (KeyWish::May(grants), Some(_)) if Some(grants) != target.before.as_ref() => {
                Some(Operation::SetKeyAccess { key: target.name.clone(), grants: grants.clone() })
            }
            (KeyWish::May(_), Some(_)) => None,
        };
        let operation = operation.map(|operation| planned_key(operation, snapshot));
        Self { target, operation, undeliverable }
    }

    /// Counts the queued calls of this key that an approval could execute now and no longer after the plan (case 62).
    #[must_use]
    pub fn queued_affected(&self, snapshot: &Snapshot) -> usize {
        if self.operation.is_none() {
            return 0;
        }
        let after = match &self.target.wanted {
            KeyWish::May(grants) => Some(grants),
            KeyWish::Gone(_) => None,
        };
        let affected = snapshot.queue.iter().filter(|item| {
            let Caller::Key(key) = &item.caller else { return false };
            let executes = |grants: Option<&KeyGrants>| {
                let resource = snapshot.catalog.resource(&item.resource)?;
                key_may(&snapshot.catalog, grants?, resource, &item.verb)
            };
            key == self.target.name
                && executes(self.target.before.as_ref()).is_some()
                && executes(after).is_none()
        });
        affected.count()
    }
}

/// Returns a planned write to a key, computed on `snapshot`.
#[must_use]
pub fn planned_key(operation: Operation, snapshot: &Snapshot) -> PlannedOperation {
    let scopes = |grants: &KeyGrants| match grants {
        KeyGrants::FullAccess => ScopeSet::new(),
        KeyGrants::Custom(list) => list.scopes(&snapshot.catalog),
    };
    let (live, after) = match &operation {
        // A key to create has nothing before it; one that exists by now is what makes the plan stale.
        Operation::CreateKey { key, grants, .. } | Operation::SetKeyAccess { key, grants } => {
            (snapshot.keys.get(key), scopes(grants))
        }
        Operation::RevokeKey { key, .. } => (snapshot.keys.get(key), ScopeSet::new()),
        Operation::RevokeToken { .. } | Operation::SetClientAccess { .. } => {
            (None, ScopeSet::new())
        }
    };
    let was = live.map(|live| scopes(&live.grants)).unwrap_or_default();
    PlannedOperation {
        unit: operation.unit(),
        address: operation.address(),
        before: live.map_or(Value::Null, |live| {
            value::key(&live.grants.under_present_names(&snapshot.catalog))
        }),
        effect: Effect { scopes: ScopeDelta::between(&was, &after), ..Effect::default() },
        operation: platform::Operation::Trustpager(operation),
    }
}
