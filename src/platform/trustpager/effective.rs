//! What one client or key may do as text: what `--format diff` compares, one fact per line in a fixed order.

use std::collections::BTreeSet;

use super::operation::Operation;
use super::state::{AccessList, ClientState, KeyGrants, Snapshot};
use crate::plan::PlannedOperation;
use crate::platform;

/// What a line of a token begins with.
const TOKEN: &str = "token ";

/// Returns the ceiling of a client and its tokens.
#[must_use]
pub fn client(state: &ClientState, snapshot: &Snapshot) -> String {
    let mut text = list(&state.access);
    for token in state.tokens.values() {
        let role = snapshot.users.get(&token.user);
        let role = role.map_or_else(|| "no role".to_owned(), ToString::to_string);
        // One fact is one line, whatever the platform says that a token begins and ends with.
        let shown = token.display().replace(char::is_control, " ");
        let (id, user) = (&token.id, &token.user);
        text.push_str(&format!("{TOKEN}{id} {shown} of {user} ({role})\n"));
    }
    text
}

/// Returns what a key may do; never nothing, so that a key which may do nothing differs from one that is not there.
#[must_use]
pub fn key(grants: &KeyGrants) -> String {
    match grants {
        KeyGrants::FullAccess => "full access\n".to_owned(),
        KeyGrants::Custom(own) => {
            let text = list(own);
            if text.is_empty() { "no access\n".to_owned() } else { text }
        }
    }
}

fn list(list: &AccessList) -> String {
    let mut text = String::new();
    for (resource, tier) in &list.tiers {
        text.push_str(&format!("{resource}: {tier}\n"));
    }
    for (resource, verbs) in &list.verbs {
        let verbs: Vec<&str> = verbs.iter().map(AsRef::as_ref).collect();
        text.push_str(&format!("{resource}: may {}\n", verbs.join(", ")));
    }
    for scope in &list.unknown {
        text.push_str(&format!("unknown scope: {scope}\n"));
    }
    text
}

fn tokens(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| line.starts_with(TOKEN)).collect()
}

/// Returns whether the text of a client or key before and after shows what the operations of its unit do to it.
#[must_use]
pub fn shows(before: &str, after: &str, own: &[&PlannedOperation]) -> bool {
    let operations = own.iter().filter_map(|planned| match &planned.operation {
        platform::Operation::Trustpager(operation) => Some(operation),
        platform::Operation::Odeus(_) => None,
    });
    let mut ended = BTreeSet::new();
    let mut each = operations.map(|operation| match operation {
        Operation::RevokeToken { token, .. } => ended.insert(token.as_str()),
        Operation::SetClientAccess { access, .. } => {
            let ceiling = list(access);
            let rest = after.strip_prefix(&ceiling);
            let only = |text: &str| text.lines().all(|line| line.starts_with(TOKEN));
            rest.is_some_and(only) && !before.strip_prefix(&ceiling).is_some_and(only)
        }
        Operation::CreateKey { grants, .. } => before.is_empty() && after == key(grants),
        Operation::SetKeyAccess { grants, .. } => !before.is_empty() && after == key(grants),
        Operation::RevokeKey { .. } => !before.is_empty() && after.is_empty(),
    });
    // Where all of them show, all have been looked at.
    let all = each.all(|one| one);
    let (mut gone, stay) = (tokens(before), tokens(after));
    let none_is_new = stay.iter().all(|line| gone.remove(line));
    // `token ID PREFIX…SUFFIX of USER (ROLE)`
    let ids = gone.into_iter().filter_map(|line| line.strip_prefix(TOKEN)?.split(' ').next());
    let gone: BTreeSet<&str> = ids.collect();
    all && none_is_new && gone == ended
}
