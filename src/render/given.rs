//! Which approvals of a plan are there, for the pages that say who must agree.

use std::collections::BTreeSet;

use crate::plan::policy::ApprovalRule;

/// The approvals at hand that count, and what they leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Who has approved, and counts.
    pub by: BTreeSet<String>,
    /// The rules that are not satisfied yet.
    pub open: Vec<ApprovalRule>,
}

impl Given {
    /// Returns whether a rule of the plan is satisfied.
    #[must_use]
    pub fn satisfies(&self, rule: &ApprovalRule) -> bool {
        !self.open.contains(rule)
    }

    /// Iterates those whom a rule names and who have approved, in the order of their names.
    pub fn of<'g>(&'g self, rule: &'g ApprovalRule) -> impl Iterator<Item = &'g str> {
        self.by.intersection(&rule.of).map(String::as_str)
    }

    /// Returns `1 of 2 rules that the plan carries is satisfied by the approvals at hand` for the rules that a plan meets.
    /// Those of the files at hand may ask for more.
    #[must_use]
    pub fn words<'r>(&self, rules: impl Iterator<Item = &'r ApprovalRule>) -> String {
        let (mut all, mut satisfied) = (0, 0);
        for rule in rules {
            all += 1;
            satisfied += usize::from(self.satisfies(rule));
        }
        let rules = if all == 1 { "rule" } else { "rules" };
        let is = if all == 1 || satisfied == 1 { "is" } else { "are" };
        format!(
            "{satisfied} of {all} {rules} that the plan carries {is} satisfied by the approvals at hand"
        )
    }
}
