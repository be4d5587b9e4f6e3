//! Which rules a change of the files takes away or weakens: they hold for the plan of the change itself, and for no later one.
//!
//! The rules before the change are held against those after it, each by itself. What cannot be compared counts as weakened:
//! a Rego file whose text is another one, or another key of somebody whose approval counts.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{ApprovalRule, Approvals, Limits, Policy, Protected, Rego, RegoFile};
use super::types::{Finding, Plan, Severity};
use super::{Rule, count};
use crate::model::{Address, ScopeSet};

/// The rule.
const WEAKENED: Rule = Rule {
    code: "rule-weakened",
    title: "the change takes away or weakens a rule about plans",
    severity: Severity::Warning,
    explain: "\
With `--base REV` the rules of the files at that revision (`approvals`, `limits`, `protect`, `findings`, `rego`) are compared
with those of the files at hand, and so are those that `--policy` names in the repository. The plan is still held against both. But what the change takes away holds for no plan after
it, also when nothing else changes and the plan is empty.

Weakened is: an approval rule that is gone, needs fewer people or lets others approve; a larger `max_age`; another key of
somebody who may approve; a limit that is gone or higher; a protection that is gone and that no other covers; a finding that is
no longer raised as far; a Rego file that is gone or has another text, and a new one with data or an `exception`.

An approval rule that is weakened is met by the plan that weakens it, so its people must agree under the rules before the
change; so are all rules with `when: weakening` and `when: any`.

**What to do.** See that whoever owns the rule agrees.
",
};

/// Iterates the rules, which are the same on every platform.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [&WEAKENED].into_iter()
}

/// A rule that a change takes away or weakens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Weakened {
    /// Which one: `limits/removals`, `protect/ADDRESS`, `approvals/widening`, `findings/CODE`, `rego/PATH`.
    pub address: Address,
    /// The rule before and after the change, in words.
    pub what: String,
    /// The approval rules that are worth less by it: the people whom they name must agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ApprovalRule>,
}

impl Weakened {
    fn of(address: &[&str], what: String) -> Self {
        Self { address: Address::of(address), what, rules: Vec::new() }
    }
}

/// Says in the plan what the change takes away or weakens of the rules before it. `renamed` holds addresses under other
/// names, each with the present one: to follow a rename of the vendor weakens nothing.
pub fn note(plan: &mut Plan, before: &Policy, after: &Policy, renamed: &[(Address, Address)]) {
    plan.bound.weakened = weakened(before, after, renamed);
    let told = plan.bound.weakened.iter().map(|weak| Finding {
        severity: WEAKENED.severity,
        code: WEAKENED.code.to_owned(),
        address: weak.address.clone(),
        message: weak.what.clone(),
        help: "the rule before the change holds for this plan and for none after it".to_owned(),
        paste: ScopeSet::new(),
    });
    let told: Vec<Finding> = told.collect();
    plan.bound.findings.extend(told);
    plan.bound.findings.sort();
}

/// Returns the rules that are gone or weaker after a change, by address.
#[must_use]
pub fn weakened(before: &Policy, after: &Policy, renamed: &[(Address, Address)]) -> Vec<Weakened> {
    let mut found = Vec::new();
    if let Some(rules) = &before.approvals {
        approvals(rules, after.approvals.as_ref(), &mut found);
    }
    limits(&before.limits, &after.limits, &mut found);
    let gone = before.protect.iter().filter_map(|rule| protection(rule, &after.protect, renamed));
    found.extend(gone);
    for (code, was) in &before.raised {
        let now = after.raised.get(code);
        if now.is_none_or(|now| now > was) {
            let now = now.map_or("nothing".to_owned(), |now| format!("`{}`", now.name()));
            let what =
                format!("`{code}` was raised to `{}`, and is raised to {now} now", was.name());
            found.push(Weakened::of(&["findings", code], what));
        }
    }
    rego(&before.rego, &after.rego, &mut found);
    found.sort();
    found
}

fn approvals(before: &Approvals, after: Option<&Approvals>, found: &mut Vec<Weakened>) {
    let left = after.map_or(&[][..], |after| &after.rules);
    for rule in &before.rules {
        let same = || left.iter().filter(|other| other.when == rule.when);
        // Fewer people who may approve are no weaker rule, as long as as many must.
        if same().any(|other| other.need >= rule.need && other.of.is_subset(&rule.of)) {
            continue;
        }
        let now: Vec<String> = same().map(asks).collect();
        let now = match now.as_slice() {
            [] => "no rule asks for it now".to_owned(),
            now => format!("it needs {} now", now.join(" and ")),
        };
        let what = format!("`{}` needed {}, and {now}", rule.when.name(), asks(rule));
        let rules = vec![rule.clone()];
        let address = Address::of(&["approvals", rule.when.name()]);
        found.push(Weakened { address, what, rules });
    }
    let Some(after) = after else { return };
    if after.max_age > before.max_age {
        let days = |days: u32| count(days as usize, "day", "days");
        let what = format!(
            "an approval was good for {}, and is good for {} now",
            days(before.max_age),
            days(after.max_age)
        );
        let rules = before.rules.clone();
        found.push(Weakened { address: Address::of(&["approvals", "max_age"]), what, rules });
    }
    let people: BTreeSet<&String> = before.rules.iter().flat_map(|rule| &rule.of).collect();
    for signer in after.signers.iter().filter(|signer| !before.signers.contains(signer)) {
        for who in signer.principals.iter().filter(|who| people.contains(who)) {
            let names = |rule: &&ApprovalRule| rule.of.contains(who);
            found.push(Weakened {
                address: Address::of(&["approvals", "signers", who]),
                what: format!(
                    "another key counts as that of `{who}` now, or one counts for longer"
                ),
                rules: before.rules.iter().filter(names).cloned().collect(),
            });
        }
    }
}

/// Returns `2 of ana@acme.example, ben@acme.example`.
fn asks(rule: &ApprovalRule) -> String {
    let people: Vec<&str> = rule.of.iter().map(String::as_str).collect();
    format!("{} of {}", rule.need, people.join(", "))
}

fn limits(before: &Limits, after: &Limits, found: &mut Vec<Weakened>) {
    let Limits { removals, removals_share, people, broken_actions } = before;
    let share = |share: Option<u8>| share.map(u32::from);
    for (name, unit, was, now) in [
        ("removals", "", *removals, after.removals),
        ("removals", "%", share(*removals_share), share(after.removals_share)),
        ("people", "", *people, after.people),
        ("broken_actions", "", *broken_actions, after.broken_actions),
    ] {
        let Some(was) = was.filter(|was| now.is_none_or(|now| now > *was)) else { continue };
        let now =
            now.map_or("there is none now".to_owned(), |now| format!("it is {now}{unit} now"));
        let what = format!("the limit of `{name}` was {was}{unit}, and {now}");
        found.push(Weakened::of(&["limits", name], what));
    }
}

fn protection(
    rule: &Protected,
    after: &[Protected],
    renamed: &[(Address, Address)],
) -> Option<Weakened> {
    let address = Address::of(&[&rule.address]);
    let names = renamed.iter().filter_map(|(other, present)| match () {
        () if *other == address => Some(present),
        () if *present == address => Some(other),
        () => None,
    });
    let names: Vec<&Address> = names.chain([&address]).collect();
    // What a pattern covers is covered by any pattern that covers its text.
    if after.iter().any(|rule| names.iter().any(|name| rule.covers(name))) {
        return None;
    }
    let why = rule.reason.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let what = format!("`{}` was protected{why}, and is not now", rule.address);
    Some(Weakened::of(&["protect", &rule.address], what))
}

fn rego(before: &Rego, after: &Rego, found: &mut Vec<Weakened>) {
    let at = |file: &RegoFile, what: &str| {
        Weakened::of(&["rego", &file.path], format!("`{}` {what}", file.path))
    };
    let pairs = [(&before.modules, &after.modules), (&before.data, &after.data)];
    for (was, now) in pairs {
        for file in was {
            // Under another name it says the same.
            if now.iter().any(|other| other.text == file.text) {
                continue;
            }
            found.push(match now.iter().any(|other| other.path == file.path) {
                true => at(file, "has another text now, and may say less"),
                false => at(file, "was in force, and is not now"),
            });
        }
    }
    if before.is_empty() {
        return;
    }
    let known = |file: &&RegoFile| {
        let mut all = before.modules.iter().chain(&before.data);
        all.all(|other| other.path != file.path && other.text != file.text)
    };
    for file in after.modules.iter().filter(known).filter(|file| file.text.contains("exception")) {
        found.push(at(file, "is new, and may except what other rules deny"));
    }
    for file in after.data.iter().filter(known) {
        found.push(at(file, "is new, and rules may read it"));
    }
}
