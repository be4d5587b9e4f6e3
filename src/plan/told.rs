//! What rules in Rego are told beside what a plan does: who is in groups, who holds tokens, what is known of scopes.
//!
//! It moves by itself, or is known to the program, and no digest of an approval covers it. So whoever edits a plan file could
//! have a rule asked about other people than there are. Apply works it out anew where rules are in force, and refuses a plan
//! that keeps any of it back: planning again gives the same digest, and approvals stay.

use std::collections::{BTreeMap, BTreeSet};

use super::consequence::Unsaid;
use super::types::Observed;
use crate::model::{Address, Scope, ScopeAccess};

/// What a plan has to tell, worked out on what is live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Who is in each group that the plan newly shares something with.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Who holds a token of each client whose ceiling the plan moves, and keeps it.
    pub holders: BTreeMap<Address, BTreeSet<String>>,
    /// What each scope that the plan puts into a list kept by hand allows, by unit, as far as a source says.
    pub scope_access: BTreeMap<Address, BTreeMap<Scope, ScopeAccess>>,
}

impl Told {
    /// Returns what a plan does not tell of this, in the order of addresses. It may tell more: people leave.
    #[must_use]
    pub fn untold(&self, plan: &Observed) -> Vec<Unsaid> {
        let mut untold = BTreeSet::new();
        for (group, members) in &self.groups {
            let told = plan.groups.get(group);
            for user in members.iter().filter(|user| !told.is_some_and(|all| all.contains(*user))) {
                let address = Address::of(&["directory", "groups", group]);
                untold.insert(Unsaid { address, what: format!("{user} is in the group") });
            }
        }
        for (unit, users) in &self.holders {
            let own = || plan.tokens.iter().filter(|effect| effect.unit == *unit);
            let changed = own().flat_map(|effect| effect.changed.iter().map(|one| &one.user));
            let unchanged = own().flat_map(|effect| effect.unchanged.iter().map(|one| &one.user));
            let told: BTreeSet<&String> = changed.chain(unchanged).collect();
            for user in users.iter().filter(|user| !told.contains(user)) {
                let what = format!("{user} holds a token");
                untold.insert(Unsaid { address: unit.clone(), what });
            }
        }
        for (unit, scopes) in &self.scope_access {
            let told = plan.scope_access.get(unit);
            for (scope, access) in scopes {
                if told.and_then(|all| all.get(scope)) != Some(access) {
                    let may = match access {
                        ScopeAccess::Read => "only reads",
                        ScopeAccess::Write => "can write",
                    };
                    let what = format!("{scope} {may}");
                    untold.insert(Unsaid { address: unit.clone(), what });
                }
            }
        }
        untold.into_iter().collect()
    }
}
