//! Findings: one file per rule, holding its words and its check.
//!
//! How to add one is in CONTRIBUTING.md under *To add a finding*. A rule reads a [`ClientProspect`] or a [`KeyProspect`]
//! and reports; it never changes the plan.

use super::prospect::{ClientProspect, KeyProspect};
use super::state::Snapshot;
use crate::model::{Address, ScopeSet};
use crate::plan::{Finding, Rule};

mod full_access_key;
mod key_not_deliverable;
mod no_such_key;
mod no_such_token;
mod order_window;
mod platform_refuses;
mod queued_calls_affected;
mod role_decides;
mod tier_widens;
mod token_revoked;
mod unknown_scope;

type ClientCheck = fn(&ClientProspect<'_>, &Snapshot) -> Vec<Finding>;
type KeyCheck = fn(&KeyProspect<'_>, &Snapshot) -> Vec<Finding>;

/// Rules over clients whose findings the digest covers.
const BOUND: &[(Rule, ClientCheck)] = &[
    (order_window::RULE, order_window::check),
    (platform_refuses::RULE, platform_refuses::check),
    (tier_widens::RULE, tier_widens::check),
    (token_revoked::RULE, token_revoked::check),
];

/// Rules over clients whose findings depend on what moves by itself.
const OBSERVED: &[(Rule, ClientCheck)] = &[
    (no_such_token::RULE, no_such_token::check),
    (queued_calls_affected::RULE, queued_calls_affected::check),
    (role_decides::RULE, role_decides::check),
    (unknown_scope::RULE, unknown_scope::check),
];

/// Rules over API keys.
const KEYS: &[(Rule, KeyCheck)] = &[
    (full_access_key::RULE, full_access_key::check),
    (key_not_deliverable::RULE, key_not_deliverable::check),
    (tier_widens::RULE, tier_widens::check_key),
];

/// Rules over API keys whose findings depend on what moves by itself.
const KEYS_OBSERVED: &[(Rule, KeyCheck)] = &[
    (no_such_key::RULE, no_such_key::check),
    (queued_calls_affected::RULE, queued_calls_affected::check_key),
];

/// Iterates the rules of this platform.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let clients = BOUND.iter().chain(OBSERVED).map(|(rule, _)| rule);
    clients.chain(KEYS.iter().chain(KEYS_OBSERVED).map(|(rule, _)| rule))
}

/// Returns every finding about one client: bound ones and observed ones.
#[must_use]
pub fn client(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> (Vec<Finding>, Vec<Finding>) {
    let all = |rules: &[(Rule, ClientCheck)]| {
        rules.iter().flat_map(|(_, check)| check(prospect, snapshot)).collect()
    };
    (all(BOUND), all(OBSERVED))
}

/// Returns what a revoke by hand does to the calls of that token which wait for approval.
#[must_use]
pub fn revoked_by_hand(unit: &Address, queued_affected: usize) -> Vec<Finding> {
    queued_calls_affected::affected(unit, queued_affected, "client")
}

/// Returns every finding about one key: bound ones and observed ones.
#[must_use]
pub fn key(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> (Vec<Finding>, Vec<Finding>) {
    let all = |rules: &[(Rule, KeyCheck)]| {
        rules.iter().flat_map(|(_, check)| check(prospect, snapshot)).collect()
    };
    (all(KEYS), all(KEYS_OBSERVED))
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
