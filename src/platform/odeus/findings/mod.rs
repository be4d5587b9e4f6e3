//! Findings: one file per rule, holding its words and its check.
//!
//! How to add one is in CONTRIBUTING.md under *To add a finding*. A rule reads a [`Prospect`] and reports; it never changes
//! the plan.

use super::desired::Desired;
use super::prospect::Prospect;
use super::state::{Mode, Snapshot};
use crate::model::{Address, ScopeSet};
use crate::plan::{Finding, Rule, Severity};

mod action_missing_scope;
mod admin_consent_required;
mod admins_only;
mod base_scope_missing;
mod catalog_changed;
mod catalog_scope_pending;
mod default_scope;
mod fixed_with_new_actions_default;
mod grant_outlives_removal;
mod high_privilege_scope;
mod native_scope_missing;
mod order_window;
mod platform_refuses;
pub(super) mod privilege_widens;
mod reconnect_required;
mod scope_case_mismatch;
mod scopes_assumed;
mod substitute_expired;
mod unknown_scope;
mod unreachable_grant;
mod unused_fixed_scope;

/// What rules see beside the prospect.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What the files ask for.
    pub desired: &'a Desired,
    /// What is live.
    pub snapshot: &'a Snapshot,
}

type Check = fn(&Scene<'_>, &Prospect<'_>) -> Vec<Finding>;

/// Whether a finding is covered by the plan's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Follows from decisions alone.
    Bound,
    /// Depends on people and other things that move by themselves.
    Observed,
}

const ALL: &[(Rule, Standing, Check)] = &[
    (action_missing_scope::RULE, Standing::Bound, action_missing_scope::check),
    (admin_consent_required::RULE, Standing::Bound, admin_consent_required::check),
    (admins_only::RULE, Standing::Bound, admins_only::check),
    (base_scope_missing::RULE, Standing::Bound, base_scope_missing::check),
    (catalog_changed::RULE, Standing::Observed, catalog_changed::check),
    (catalog_scope_pending::RULE, Standing::Bound, catalog_scope_pending::check),
    (default_scope::RULE, Standing::Bound, default_scope::check),
    (fixed_with_new_actions_default::RULE, Standing::Bound, fixed_with_new_actions_default::check),
    (grant_outlives_removal::RULE, Standing::Observed, grant_outlives_removal::check),
    (high_privilege_scope::RULE, Standing::Bound, high_privilege_scope::check),
    (native_scope_missing::RULE, Standing::Bound, native_scope_missing::check),
    (order_window::RULE, Standing::Bound, order_window::check),
    (platform_refuses::RULE, Standing::Bound, platform_refuses::check),
    (privilege_widens::RULE, Standing::Bound, privilege_widens::check),
    (reconnect_required::RULE, Standing::Observed, reconnect_required::check),
    (scope_case_mismatch::RULE, Standing::Bound, scope_case_mismatch::check),
    (scopes_assumed::RULE, Standing::Bound, scopes_assumed::check),
    (substitute_expired::RULE, Standing::Bound, substitute_expired::check),
    (unknown_scope::RULE, Standing::Bound, unknown_scope::check),
    (unreachable_grant::RULE, Standing::Bound, unreachable_grant::check),
    (unused_fixed_scope::RULE, Standing::Bound, unused_fixed_scope::check),
];

/// Iterates the rules of this platform, in code order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().map(|(rule, _, _)| rule)
}

/// Returns every finding about one integration: bound ones and observed ones.
#[must_use]
pub fn all(scene: &Scene<'_>, prospect: &Prospect<'_>) -> (Vec<Finding>, Vec<Finding>) {
    let (mut bound, mut observed) = (Vec::new(), Vec::new());
    for (_, standing, check) in ALL {
        let found = check(scene, prospect);
        match standing {
            Standing::Bound => bound.extend(found),
            Standing::Observed => observed.extend(found),
        }
    }
    (bound, observed)
}

/// Returns a finding of `rule` at its usual severity.
fn finding(rule: &Rule, address: Address, message: String, help: impl Into<String>) -> Finding {
    Finding {
        severity: rule.severity,
        code: rule.code.to_owned(),
        address,
        message,
        help: help.into(),
        paste: ScopeSet::new(),
    }
}

/// Returns a finding with a scope list to copy.
fn finding_with_list(
    rule: &Rule,
    address: Address,
    message: String,
    help: impl Into<String>,
    paste: ScopeSet,
) -> Finding {
    Finding { paste, ..finding(rule, address, message, help) }
}

/// Returns where the files ask for these scopes, as near as one address can say it: the entry of the fixed list where it
/// is one, else the list; elsewhere scopes follow actions, and no line is theirs.
fn asked_for_at(prospect: &Prospect<'_>, scopes: &ScopeSet) -> Address {
    let oauth = prospect.address.oauth();
    if prospect.after.client.mode() != Some(Mode::Fixed) {
        return oauth;
    }
    let list = oauth.child("scopes");
    match scopes.iter().collect::<Vec<_>>().as_slice() {
        [one] => list.child(one.as_str()),
        _ => list,
    }
}

/// Returns the same finding as a blocker.
fn blocking(finding: Finding) -> Finding {
    Finding { severity: Severity::Blocker, ..finding }
}

/// Returns keys in backticks, the first few of them and how many more.
fn names<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    let all: Vec<&str> = keys.collect();
    let shown: Vec<String> = all.iter().take(SHOWN).map(|key| format!("`{key}`")).collect();
    match all.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}
