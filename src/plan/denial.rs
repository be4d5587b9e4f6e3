//! What the organisation's Rego rules say about a plan, as findings.
//!
//! A rule may look at anything in the plan document, at people too, so what it says is observed: the rules themselves
//! are bound, their answer is asked for again whenever it counts. Nobody can accept a denial.

use std::collections::BTreeSet;

use super::Rule;
use super::types::{Finding, Plan, Severity};
use crate::model::{Address, ScopeSet};

/// A `deny` or `violation` rule holds.
pub const DENIED: Rule = Rule {
    code: "policy-denied",
    title: "a Rego rule of the organisation denies the plan",
    severity: Severity::Blocker,
    explain: "\
`rego` in the header of the files, or `--policy PATH`, names files of rules in the language Rego. They read the plan as
`plan --json` prints it, and a `deny` or `violation` rule that holds stops it:

```yaml
rego: [policies/*.rego, policies/*.json]
```

```rego
package main

deny contains {\"msg\": msg, \"address\": change.address} if {
    some change in input.resource_changes
    change.change.after == \"everyone\"
    msg := sprintf(\"%s is shared with everyone\", [change.address])
}
```

The finding stands at the address that the rule names, and says which rule of which file it was. The rules in force are part
of the plan's digest; `apply` asks those of the plan and those of the files at hand again, and `--base` those before the
change.

**What to do.** Change the line. If the rule is what is wrong, change that, where it can be reviewed; no flag passes it.
",
};

/// A `warn` rule holds, or a denial was excepted by an `exception` rule.
pub const WARNED: Rule = Rule {
    code: "policy-warned",
    title: "a Rego rule of the organisation warns",
    severity: Severity::Warning,
    explain: "\
A `warn` rule among the files that `rego` or `--policy` names holds. It does not stop the plan, unless the files raise it:

```yaml
rego: [policies/*.rego]
findings: {policy-warned: blocker}
```

A denial that an `exception` rule lets through is shown as a warning too, so that no exception is silent.

**What to do.** Read what it says.
",
};

/// Iterates the rules, which are the same on every platform.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [&DENIED, &WARNED].into_iter()
}

/// One thing that a Rego rule says about a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// Whether it stops the plan, or only warns.
    pub denies: bool,
    /// Package and name of the rule: `main.deny_guests`.
    pub rule: String,
    /// Where the rule stands: `policies/guests.rego:14`; several where it is not known which of them said it.
    pub places: Vec<String>,
    /// What it says.
    pub message: String,
    /// What the rule says it is about.
    pub address: Option<String>,
    /// Whether an `exception` rule lets it through.
    pub excepted: bool,
}

/// Returns whether a finding is what a Rego rule says.
#[must_use]
pub fn is_one(finding: &Finding) -> bool {
    rules().any(|rule| rule.code == finding.code)
}

/// Puts what Rego rules say into a plan, in place of what they said earlier.
pub fn put(plan: &mut Plan, said: Vec<Finding>) {
    plan.observed.findings.retain(|finding| !is_one(finding));
    plan.observed.findings.extend(said);
    plan.observed.findings.sort();
    plan.observed.findings.dedup();
}

/// Returns what Rego rules say as findings of a plan.
#[must_use]
pub fn findings(said: &[Denial], warnings_block: bool, plan: &Plan) -> Vec<Finding> {
    let known = addresses(plan);
    let finding = |denial: &Denial| {
        let rule = if denial.denies && !denial.excepted { &DENIED } else { &WARNED };
        let severity = match rule.severity {
            Severity::Warning if warnings_block && !denial.excepted => Severity::Blocker,
            severity => severity,
        };
        let help = match severity {
            Severity::Blocker => {
                "change what the rule is about, or the rule where that is reviewed; no flag passes it"
            }
            Severity::Warning | Severity::Note => "",
        };
        let excepted = if denial.excepted { " (let through by an `exception` rule)" } else { "" };
        Finding {
            severity,
            code: rule.code.to_owned(),
            address: about(denial, &known),
            message: format!(
                "{}; says `{}` at {}{excepted}",
                denial.message,
                denial.rule,
                denial.places.join(" or ")
            ),
            help: help.to_owned(),
            paste: ScopeSet::new(),
        }
    };
    said.iter().map(finding).collect()
}

/// Returns what a denial is about: the address that it names, else the longest address of the plan that its message
/// names, else the workspace.
fn about(denial: &Denial, known: &BTreeSet<&Address>) -> Address {
    if let Some(named) = &denial.address {
        let exact = known.iter().find(|address| address.as_str() == named);
        return exact.map_or_else(|| Address::of(&[named]), |address| (*address).clone());
    }
    let named = known.iter().filter(|address| names(&denial.message, address.as_str()));
    let longest = named.max_by_key(|address| address.as_str().len());
    longest.map_or_else(Address::workspace, |address| (*address).clone())
}

/// Returns whether a text names an address as a whole, and not as the beginning of a longer one.
fn names(text: &str, address: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    text.match_indices(address).any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + address.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// Returns every address that a rule has read in the plan.
fn addresses(plan: &Plan) -> BTreeSet<&Address> {
    let changes = plan.bound.changes.iter().flat_map(|change| [&change.address, &change.unit]);
    let operations = plan.bound.operations.iter().flat_map(|one| [&one.address, &one.unit]);
    let left = plan.observed.left_alone.iter().map(|left| &left.address);
    let findings = plan.findings().map(|finding| &finding.address);
    changes.chain(operations).chain(left).chain(findings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_as_a_whole() {
        for (text, address, wanted) in [
            ("`excel/oauth` is fixed", "excel/oauth", true),
            ("excel/oauth is fixed", "excel", false),
            ("excel is fixed", "excel", true),
            ("ms-excel is fixed", "excel", false),
            ("excel: fixed", "excel", true),
            ("api_keys/nightly export: reads", "api_keys/nightly export", true),
            ("nothing", "excel", false),
        ] {
            assert_eq!(names(text, address), wanted, "{text} {address}");
        }
    }
}
