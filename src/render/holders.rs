//! What a save changes for tokens: said once where it is the same for many of them, in whichever clients they are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::table::count;
use crate::model::Address;
use crate::plan::{Plan, TokenChange, TokenUnchanged};

/// What is the same for no more tokens than this is said of each.
const FEW: usize = 3;

/// The tokens of a plan, parted into what many share and what is said of each.
#[derive(Debug)]
pub(super) struct Tokens<'p> {
    /// What changes before what stays, the most tokens first.
    pub(super) alike: Vec<Alike<'p>>,
    /// In the order of the plan; of clients about which something is left to say.
    pub(super) rest: Vec<Client<'p>>,
}

/// Tokens for which the same happens.
#[derive(Debug)]
pub(super) struct Alike<'p> {
    pub(super) happens: Happens<'p>,
    /// How many tokens there are.
    pub(super) tokens: usize,
    pub(super) clients: BTreeSet<&'p Address>,
    pub(super) users: BTreeSet<&'p str>,
    /// Whether something that one of them may do before is refused after.
    pub(super) refuses: bool,
}

/// What happens to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happens<'p> {
    /// It may do something more or less; one line per resource.
    Changes(&'p [String]),
    /// Nothing, although the ceiling of its client moves, and why.
    Stays(&'p str),
}

/// What is said of the tokens of one client.
#[derive(Debug)]
pub(super) struct Client<'p> {
    pub(super) unit: &'p Address,
    pub(super) changed: Vec<&'p TokenChange>,
    pub(super) unchanged: Vec<&'p TokenUnchanged>,
    pub(super) queued_affected: usize,
}

impl Alike<'_> {
    /// Returns `400 tokens`.
    pub(super) fn how_many(&self) -> String {
        count(self.tokens, "token", "tokens")
    }

    /// Returns `40 clients`, or the one as `show` makes its name harmless.
    pub(super) fn of_what(&self, show: &dyn Fn(&str) -> String) -> String {
        match self.clients.first() {
            Some(client) if self.clients.len() == 1 => show(client.as_str()),
            Some(_) | None => count(self.clients.len(), "client", "clients"),
        }
    }
}

/// Returns everything that is said of each token.
pub(super) fn one_by_one(plan: &Plan) -> Tokens<'_> {
    parted_by(plan, |_| false)
}

/// Parts what a plan does to tokens.
pub(super) fn parted(plan: &Plan) -> Tokens<'_> {
    let mut times: BTreeMap<Happens<'_>, usize> = BTreeMap::new();
    for effect in &plan.observed.tokens {
        let changed = effect.changed.iter().map(|one| Happens::Changes(&one.what));
        let unchanged = effect.unchanged.iter().map(|one| Happens::Stays(&one.why));
        for happens in changed.chain(unchanged) {
            *times.entry(happens).or_default() += 1;
        }
    }
    parted_by(plan, |happens| times.get(happens).is_some_and(|times| *times > FEW))
}

fn parted_by<'p>(plan: &'p Plan, many: impl Fn(&Happens<'p>) -> bool) -> Tokens<'p> {
    let mut alike: BTreeMap<Happens<'p>, Alike<'p>> = BTreeMap::new();
    let mut rest = Vec::new();
    for effect in &plan.observed.tokens {
        let mut shared = |happens: Happens<'p>, user: &'p str, refuses: bool| {
            if !many(&happens) {
                return false;
            }
            let (clients, users) = (BTreeSet::new(), BTreeSet::new());
            let empty = Alike { happens, tokens: 0, clients, users, refuses };
            let own = alike.entry(happens).or_insert(empty);
            own.tokens += 1;
            own.clients.insert(&effect.unit);
            own.users.insert(user);
            own.refuses |= refuses;
            true
        };
        let changed = effect.changed.iter();
        let changed: Vec<_> = changed
            .filter(|one| !shared(Happens::Changes(&one.what), &one.user, one.refuses))
            .collect();
        let unchanged = effect.unchanged.iter();
        let unchanged: Vec<_> =
            unchanged.filter(|one| !shared(Happens::Stays(&one.why), &one.user, false)).collect();
        if !changed.is_empty() || !unchanged.is_empty() || effect.queued_affected > 0 {
            let queued_affected = effect.queued_affected;
            rest.push(Client { unit: &effect.unit, changed, unchanged, queued_affected });
        }
    }
    let mut alike: Vec<Alike<'p>> = alike.into_values().collect();
    alike.sort_by_key(|own| (matches!(own.happens, Happens::Stays(_)), Reverse(own.tokens)));
    Tokens { alike, rest }
}
