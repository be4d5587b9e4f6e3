//! What it changes for the tokens of a client when its list moves: for whom, what, and why nothing.

use std::collections::BTreeMap;

use super::machine::{Side, effective, token_may, token_refused};
use super::name::{ClientName, Tier, TokenId};
use super::state::{AccessList, Caller, ClientState, Snapshot, Token};
use crate::model::Address;
use crate::plan::{TokenChange, TokenEffect, TokenUnchanged};

/// Works out what it changes for every active token that stays when a client goes from one state to another, whoever wished
/// it; nothing where its list stays.
pub(super) fn token_effect(
    unit: &Address,
    client: &ClientName,
    (first, last): (&ClientState, &ClientState),
    snapshot: &Snapshot,
) -> Option<TokenEffect> {
    let before = &first.access.under_present_names(&snapshot.catalog);
    let after = &last.access.under_present_names(&snapshot.catalog);
    if before == after {
        return None;
    }
    let mut effect = TokenEffect {
        unit: unit.clone(),
        re_resolved: last.tokens.len(),
        changed: Vec::new(),
        unchanged: Vec::new(),
        queued_affected: queued_affected(
            client,
            (before, &first.tokens),
            (after, &last.tokens),
            snapshot,
        ),
    };
    for token in last.tokens.values() {
        let what = token_changes(before, after, token, snapshot);
        let role = snapshot.users.get(&token.user);
        if what.is_empty() {
            effect.unchanged.push(TokenUnchanged {
                user: token.user.to_string(),
                token: token.display(),
                why: why_unchanged(before, after, token, snapshot),
            });
        } else {
            effect.changed.push(TokenChange {
                user: token.user.to_string(),
                role: role.map_or_else(|| "no role".to_owned(), ToString::to_string),
                token: token.display(),
                what,
                refuses: snapshot.catalog.resources.values().any(|resource| {
                    !token_refused(&snapshot.catalog, (before, after), resource, role).is_empty()
                }),
            });
        }
    }
    effect.changed.sort_by(|a, b| (&a.user, &a.token).cmp(&(&b.user, &b.token)));
    effect.unchanged.sort_by(|a, b| (&a.user, &a.token).cmp(&(&b.user, &b.token)));
    Some(effect)
}

/// Counts the queued calls of a client that an approval could execute before and no longer after (case 62).
pub(super) fn queued_affected(
    client: &ClientName,
    before: (&AccessList, &BTreeMap<TokenId, Token>),
    after: (&AccessList, &BTreeMap<TokenId, Token>),
    snapshot: &Snapshot,
) -> usize {
    let affected = snapshot.queue.iter().filter(|item| {
        let Caller::Token { client: own, token } = &item.caller else { return false };
        let executes = |(list, tokens): (&AccessList, &BTreeMap<TokenId, Token>)| {
            let resource = snapshot.catalog.resource(&item.resource)?;
            let role = snapshot.users.get(&tokens.get(token)?.user);
            token_may(&snapshot.catalog, list, resource, role, &item.verb)
        };
        own == client && executes(before).is_some() && executes(after).is_none()
    });
    affected.count()
}

/// Returns what a save changes for one token, one line per resource.
pub(super) fn token_changes(
    before: &AccessList,
    after: &AccessList,
    token: &Token,
    snapshot: &Snapshot,
) -> Vec<String> {
    let catalog = &snapshot.catalog;
    let role = snapshot.users.get(&token.user);
    let mut what = Vec::new();
    for resource in catalog.resources.values() {
        let old = effective(catalog, before, resource, role);
        let new = effective(catalog, after, resource, role);
        if old.tier != new.tier {
            let capped = if new.decided_by == Side::Role && new.tier != new.client {
                format!(", capped by the role: the client allows {}", new.client)
            } else {
                String::new()
            };
            what.push(format!("{}: {} -> {}{capped}", resource.key, old.tier, new.tier));
        }
        for verb in resource.extra_verbs.keys() {
            let may = |list| token_may(catalog, list, resource, role, verb).is_some();
            match (may(before), may(after)) {
                (false, true) => what.push(format!("{}: may {verb} now", resource.key)),
                (true, false) => what.push(format!("{}: may no longer {verb}", resource.key)),
                (true, true) | (false, false) => {}
            }
        }
    }
    what
}

/// Says which side keeps a token where it is although the ceiling moves: what the role allows at most on every resource
/// that moves.
fn why_unchanged(
    before: &AccessList,
    after: &AccessList,
    token: &Token,
    snapshot: &Snapshot,
) -> String {
    let catalog = &snapshot.catalog;
    let Some(role) = snapshot.users.get(&token.user) else {
        return "the holder has no role in this workspace".to_owned();
    };
    let mut most: BTreeMap<Option<&Tier>, Vec<&str>> = BTreeMap::new();
    let mut verbs = Vec::new();
    for resource in catalog.resources.values() {
        if before.tiers.get(&resource.key) != after.tiers.get(&resource.key) {
            let tier = catalog.role_tier(resource, role);
            let tier = tier.filter(|tier| !catalog.grants(resource, tier).0.is_empty());
            most.entry(tier).or_default().push(resource.key.as_str());
        } else if before.verbs.get(&resource.key) != after.verbs.get(&resource.key) {
            verbs.push(resource.key.as_str());
        }
    }
    // Tiers first, what the role does not allow at all last.
    let (none, some): (Vec<_>, Vec<_>) = most.into_iter().partition(|(tier, _)| tier.is_none());
    let parts: Vec<String> = some
        .into_iter()
        .chain(none)
        .map(|(tier, on)| format!("{} on {}", tier.map_or("nothing", Tier::as_str), names(&on)))
        .collect();
    match (parts.is_empty(), verbs.is_empty()) {
        (false, _) => format!("role {role} allows no more than {}", parts.join(", ")),
        (true, false) => {
            format!("role {role} allows no verbs outside the ladder of {}", names(&verbs))
        }
        (true, true) => format!("role {role} allows none of what moves"),
    }
}

/// Returns `a`, `a and b`, or `a, b, c and 4 more`.
fn names(list: &[&str]) -> String {
    match list {
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, three, rest @ ..] => format!("{one}, {two}, {three} and {} more", rest.len()),
        _ => list.join(""),
    }
}
