//! Who must agree to a plan: the `approvals:` of the files as inert data, and which of its rules a plan meets.
//!
//! People are named by the principals of an allowed-signers file; whether a signature is good is `seal`'s business.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{Bound, Breakage};
use crate::model::{Direction, PrivilegeChange, Right, TierMove};

/// The rules of one revision of the files about who must agree, with the keys by which people are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approvals {
    /// How many days an approval is good for after the day it was given on.
    pub max_age: u32,
    /// The allowed-signers file, a path below the configuration folder with `/`.
    pub signers_file: String,
    /// The rules, in the order of the files.
    pub rules: Vec<ApprovalRule>,
    /// The keys of everybody whom a rule names, in byte order.
    pub signers: Vec<Signer>,
}

/// One rule: when it is met, so many of these people must approve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRule {
    /// What a plan does that meets the rule.
    pub when: When,
    /// The teams and people that the files name, for people to read.
    pub named: Vec<String>,
    /// Who may approve: principals of the allowed-signers file.
    pub of: BTreeSet<String>,
    /// How many different people must approve.
    pub need: u32,
}

/// What a plan does that meets a rule.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Something becomes possible: every platform says what, as widening in the privilege delta.
    Widening,
    /// Something stops being possible.
    Narrowing,
    /// Something stops working, or will not work.
    Breakage,
    /// A scope is requested that only a tenant administrator can grant, or of which no source says that others can.
    AdminConsent,
    /// Somebody's token, or an API key, ends.
    Revocation,
    /// A rule of the files is taken away or weakened by the change that the plan is made for.
    Weakening,
    /// Anything changes at all, a rule included.
    Any,
}

impl When {
    /// Returns the word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Widening => "widening",
            Self::Narrowing => "narrowing",
            Self::Breakage => "breakage",
            Self::AdminConsent => "admin_consent",
            Self::Revocation => "revocation",
            Self::Weakening => "weakening",
            Self::Any => "any",
        }
    }
}

/// One key that may sign, as one line of an allowed-signers file says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Signer {
    /// Whose key it is.
    pub principals: BTreeSet<String>,
    /// The public key, `TYPE BASE64`.
    pub key: String,
    /// Patterns of the namespaces that the key may sign in; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// The first whole day (UTC) on which the key may sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub first_day: Option<Date>,
    /// The last whole day (UTC) on which the key may sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_day: Option<Date>,
}

/// A rule that a plan meets, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// The rule.
    pub rule: ApprovalRule,
    /// The lines of the plan that meet it, in words such as `+ Sites.Manage.All at sharepoint`; at least one.
    pub because: Vec<String>,
}

impl Requirement {
    /// Returns the lines that meet the rule, at most about `most` of them, then how many more there are.
    #[must_use]
    pub fn why(&self, most: usize) -> String {
        // `and 1 more` is no shorter than the one.
        let shown = if self.because.len() <= most + 1 { self.because.len() } else { most };
        let mut text = self.because.get(..shown).unwrap_or_default().join(", ");
        if shown < self.because.len() {
            text.push_str(&format!(" and {} more", self.because.len() - shown));
        }
        text
    }
}

/// Returns every rule in force that the plan meets, each once, in the order of the policies.
#[must_use]
pub fn required(bound: &Bound) -> Vec<Requirement> {
    let mut all: Vec<Requirement> = Vec::new();
    for approvals in bound.policies.iter().filter_map(|policy| policy.approvals.as_ref()) {
        for requirement in approvals.required(bound) {
            if !all.contains(&requirement) {
                all.push(requirement);
            }
        }
    }
    all
}

impl Approvals {
    /// Returns the rules that the plan meets, in the order of the files.
    #[must_use]
    pub fn required(&self, bound: &Bound) -> Vec<Requirement> {
        let met = self.rules.iter().filter_map(|rule| {
            let because = because(rule, bound);
            (!because.is_empty()).then(|| Requirement { rule: rule.clone(), because })
        });
        met.collect()
    }
}

/// Returns the lines of a plan that meet a rule: those that are what it says, and its own where the change weakens it.
fn because(rule: &ApprovalRule, bound: &Bound) -> Vec<String> {
    let any = matches!(rule.when, When::Weakening | When::Any);
    let weakened = bound.weakened.iter().filter(|weak| any || weak.rules.contains(rule));
    let weakened = weakened.map(|weak| format!("- rule {}", weak.address));
    done(rule.when, bound).into_iter().chain(weakened).collect()
}

/// Returns the lines of a plan that are what `when` says of what it does.
fn done(when: When, bound: &Bound) -> Vec<String> {
    let privilege = |wanted: &dyn Fn(&PrivilegeChange) -> bool| -> Vec<String> {
        bound.privilege.changes.iter().filter(|change| wanted(change)).map(line).collect()
    };
    match when {
        When::Widening => privilege(&|change| change.direction == Direction::Widening),
        When::Narrowing => privilege(&|change| {
            // One move of a tier can do both, and is then listed as widening.
            let also = matches!(&change.right, Right::Tier(tier) if !tier.narrows.is_empty());
            also || change.direction == Direction::Narrowing
        }),
        When::AdminConsent => {
            let added =
                bound.privilege.widening().filter_map(|change| match change.admin_consent {
                    Some(false) => None,
                    // What no source says is not harmless: the rule asks unless consent is known to be unneeded.
                    None if matches!(change.right, Right::Scope(_)) => {
                        Some(format!("{} (admin consent unknown)", line(change)))
                    }
                    None => None,
                    Some(true) => Some(line(change)),
                });
            added.collect()
        }
        When::Revocation => privilege(&|change| {
            change.direction == Direction::Narrowing
                && matches!(change.right, Right::Credential { .. })
        }),
        // What the files do to the rules, the plan does not do.
        When::Weakening => Vec::new(),
        When::Breakage => bound.breakage.iter().map(broken).collect(),
        When::Any => {
            let changes = bound.changes.iter().map(|change| change.address.to_string());
            let all: Vec<String> = changes.collect();
            if all.is_empty() {
                // A write without a change in the user's terms is a write all the same.
                bound.operations.iter().map(|planned| planned.address.to_string()).collect()
            } else {
                all
            }
        }
    }
}

/// Returns a privilege line in short, such as `+ Sites.Manage.All at sharepoint`.
pub(super) fn line(change: &PrivilegeChange) -> String {
    let sign = match change.direction {
        Direction::Widening => '+',
        Direction::Narrowing => '-',
    };
    match &change.right {
        Right::Scope(scope) => format!("{sign} {scope} at {}", change.unit),
        Right::Use { address, .. }
        | Right::Tier(TierMove { address, .. })
        | Right::Credential { address, .. } => format!("{sign} {address}"),
        Right::Setting { address, lets_in } => {
            format!("{sign} {address}: {}", lets_in.words(change.direction))
        }
    }
}

/// Returns a breakage in short.
pub(super) fn broken(breakage: &Breakage) -> String {
    match breakage {
        Breakage::StopsRunning { address, .. } => format!("{address} stops running"),
        Breakage::WillNotRun { address, .. } => format!("{address} will not run"),
        Breakage::Unverified { address, .. } => format!("{address} relies on a claim"),
        Breakage::FeatureBreaks { unit, feature, .. } => format!("{feature} breaks at {unit}"),
    }
}
