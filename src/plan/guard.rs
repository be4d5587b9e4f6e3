//! Protection and limits: what a plan may not do, and how much of it.
//!
//! Both are held against what a plan takes away ([`Loss`]), never against the lines that it happens to print. What
//! follows from decisions is bound; what depends on how many people and things there are is observed, and apply asks
//! again ([`observed`]). A limit can be passed for one plan, named by its digest; a protection cannot be passed at all.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::{Limits, Policy, Protected};
use super::types::{Bound, Breakage, Finding, Loss, LossKind, Plan, Scale, Severity};
use super::{Rule, count};
use crate::model::{Address, ScopeSet};

/// Something that is protected would lose something.
const PROTECTED: Rule = Rule {
    code: "protected",
    title: "the plan takes something from what the files protect",
    severity: Severity::Blocker,
    explain: "\
`protect` in the header of the files names addresses that no plan may narrow or remove, each with everything below it:

```yaml
protect:
  - sharepoint/actions/get_page
  - {address: oauth_clients/claude, reason: \"sales works through it, OPS-12\"}
```

It does not matter how the plan would do it: turn an action off, share it with fewer people, take away a scope that it
needs, narrow the integration around it, stop it for a moment during a swap, use another OAuth client, narrow a tier, end
a token or an API key. The finding stands at the line that asks for it and says what protects the thing, and why. An action
or resource that the vendor has renamed stays protected under the name that the files have for it.

**What to do.** Change the line. If the protection is what is wrong, change that, where it can be reviewed; no flag passes
it.
",
};

/// More is removed than the files allow.
const REMOVALS: Rule = Rule {
    code: "limit-removals",
    title: "the plan removes more than the limit",
    severity: Severity::Blocker,
    explain: "\
`limits: {removals: {count: 10, share: 20%}}` stops a plan that removes more than either, so that a lost file or a wrong
pattern does not empty a workspace. A removal is one of these: a scope that is no longer requested; an action that fewer
people can run, or nobody; the tier of a resource that allows less, or verbs that are taken from it; a token or an API key
that ends, and an API key that loses full access.

The share is of what was there before in the whole workspace: requested scopes, actions that run, tiers and verb lists that
allow something, tokens, API keys. Where nothing was there, the count alone decides. The share is asked again by apply,
since tokens come and go.

**What to do.** Read what goes. Then make the change in smaller steps, or accept it for exactly this plan with
`--accept removals@DIGEST`, as the plan prints it. Any other plan needs its own acceptance.
",
};

/// More people are affected than the files allow.
const PEOPLE: Rule = Rule {
    code: "limit-people",
    title: "the plan affects more people than the limit",
    severity: Severity::Blocker,
    explain: "\
`limits: {people: 50}` stops a plan after which more people than that must reconnect who need not do so now, or whose tokens
change or end. Everybody counts once. How many they are moves by itself, so it is not part of the digest, and apply counts
again on what it reads: a plan over its limit by then is refused and nothing is done.

**What to do.** Tell the people, or make the change in smaller steps. Then accept it for exactly this plan with
`--accept people@DIGEST`, as the plan prints it.
",
};

/// More actions break than the files allow.
const BROKEN: Rule = Rule {
    code: "limit-broken-actions",
    title: "the plan breaks more actions than the limit",
    severity: Severity::Blocker,
    explain: "\
`limits: {broken_actions: 0}` stops a plan after which more actions than that have stopped although they are still on,
native actions included: they lack a scope that they had. An action that the files turn off is not broken, and one that is
turned on and will not run has not worked before.

**What to do.** Put the scopes back, or turn the actions off. Or accept it for exactly this plan with
`--accept broken_actions@DIGEST`, as the plan prints it.
",
};

/// Iterates the rules, which are the same on every platform.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [&PROTECTED, &REMOVALS, &PEOPLE, &BROKEN].into_iter()
}

/// How many digits of a digest an acceptance names at least: 128 bits, so that nobody shapes two plans that share them.
pub const ACCEPTED_DIGITS: usize = 32;

/// What can be limited, and so accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Removals, by count and by share.
    Removals,
    /// People affected.
    People,
    /// Actions broken.
    BrokenActions,
}

impl Limit {
    /// Every limit.
    pub const ALL: &'static [Self] = &[Self::Removals, Self::People, Self::BrokenActions];

    /// Returns the word in the configuration and in acceptances.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Removals => "removals",
            Self::People => "people",
            Self::BrokenActions => "broken_actions",
        }
    }

    /// Returns the limit that a finding is about; `None` for findings that nobody can accept.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        let is = |rule: &Rule| finding.code == rule.code;
        let rules = [(&REMOVALS, Self::Removals), (&PEOPLE, Self::People)];
        let mut rules = rules.into_iter().chain([(&BROKEN, Self::BrokenActions)]);
        rules.find(|(rule, _)| is(rule)).map(|(_, limit)| limit)
    }

    /// Returns the limit that stops the plan with this finding, unless it is accepted; `None` where it has been.
    #[must_use]
    pub fn to_accept(finding: &Finding) -> Option<Self> {
        Self::of(finding).filter(|_| finding.severity == Severity::Blocker)
    }

    /// Returns how the limit is passed for the plan with this digest: `removals@DIGEST`, with the first
    /// [`ACCEPTED_DIGITS`] digits.
    #[must_use]
    pub fn acceptance(self, digest: &str) -> String {
        format!("{}@{}", self.word(), digest.get(..ACCEPTED_DIGITS).unwrap_or(digest))
    }

    fn address(self) -> Address {
        Address::of(&["limits", self.word()])
    }
}

/// Lets a finding about a limit stop nothing any more: somebody has accepted that exactly this plan exceeds it.
pub fn accept(finding: &mut Finding) {
    finding.severity = Severity::Warning;
    finding.message.push_str("; accepted for exactly this plan");
    finding.help.clear();
}

/// Iterates the limits that have been accepted and are exceeded.
pub fn accepted<'f>(
    findings: impl IntoIterator<Item = &'f Finding>,
) -> impl Iterator<Item = Limit> {
    let passed = |finding: &Finding| Limit::to_accept(finding).is_none();
    findings.into_iter().filter(move |finding| passed(finding)).filter_map(Limit::of)
}

/// Returns what to add to a command so that a plan passes its limits, each once: `--accept removals@DIGEST`.
#[must_use]
pub fn flags<'f>(findings: impl IntoIterator<Item = &'f Finding>, digest: &str) -> String {
    let limits: BTreeSet<Limit> = findings.into_iter().filter_map(Limit::of).collect();
    let flags = limits.iter().map(|limit| format!("--accept {}", limit.acceptance(digest)));
    flags.collect::<Vec<_>>().join(" ")
}

impl Protected {
    /// Returns whether a loss takes something from what is protected, by whichever name: a rename by the vendor ends no
    /// protection.
    #[must_use]
    pub fn forbids(&self, loss: &Loss) -> bool {
        self.names(&loss.address, loss.kind)
            || loss.also_called.iter().any(|other| self.names(other, loss.kind))
    }

    fn names(&self, address: &Address, kind: LossKind) -> bool {
        let (mine, lost) = (segments(&self.address), segments(address.as_str()));
        // What ends takes everything below it along.
        let reaches = mine.len() <= lost.len() || kind == LossKind::Credential;
        reaches && mine.iter().zip(&lost).all(|(pattern, text)| matches(pattern, text))
    }

    /// Returns whether `address` is what is protected, or lies below it.
    #[must_use]
    pub fn covers(&self, address: &Address) -> bool {
        let (mine, other) = (segments(&self.address), segments(address.as_str()));
        mine.len() <= other.len() && mine.iter().zip(&other).all(|(p, text)| matches(p, text))
    }
}

/// Splits an address; a scope is one segment, slashes and all.
fn segments(address: &str) -> Vec<&str> {
    let few: Vec<&str> = address.splitn(4, '/').collect();
    match few.as_slice() {
        [_, "oauth", "scopes", _] => few,
        _ => address.split('/').collect(),
    }
}

/// Returns whether `text` is what `pattern` says, where `*` is any text. Linear but for the stars.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(tail)
}

/// Returns how much a plan removes.
#[must_use]
pub fn removals(bound: &Bound) -> usize {
    bound.losses.iter().filter(|loss| loss.kind.is_removal()).count()
}

/// Returns the actions that stop although they stay on, native ones included.
#[must_use]
pub fn broken(bound: &Bound) -> BTreeSet<&Address> {
    let mut all = BTreeSet::new();
    for breakage in &bound.breakage {
        match breakage {
            Breakage::StopsRunning { address, .. } => {
                all.insert(address);
            }
            Breakage::FeatureBreaks { actions, .. } => all.extend(actions),
            Breakage::WillNotRun { .. } | Breakage::Unverified { .. } => {}
        }
    }
    all
}

/// Puts a finding into the plan wherever it breaks the rules that it carries, in place of earlier ones.
pub(super) fn judge(plan: &mut Plan) {
    let ours = |finding: &Finding| rules().any(|rule| rule.code == finding.code);
    plan.bound.findings.retain(|finding| !ours(finding));
    plan.observed.findings.retain(|finding| !ours(finding));
    let mut found = protected(&plan.bound);
    found.extend(bound(&plan.bound));
    plan.bound.findings.extend(found);
    plan.bound.findings.sort();
    plan.observed.findings.extend(observed(&plan.bound, plan.observed.scale));
    plan.observed.findings.sort();
}

/// Returns the limits that keep all policies.
fn limits(policies: &[Policy]) -> Limits {
    let mut all = Limits::default();
    for policy in policies {
        all.tighten(&policy.limits);
    }
    all
}

fn finding(rule: &Rule, address: Address, message: String, help: &str) -> Finding {
    Finding {
        severity: rule.severity,
        code: rule.code.to_owned(),
        address,
        message,
        help: help.to_owned(),
        paste: ScopeSet::new(),
    }
}

fn exceeds(number: usize, limit: Option<u32>) -> Option<u32> {
    limit.filter(|limit| usize::try_from(*limit).is_ok_and(|limit| number > limit))
}

const READ_FIRST: &str =
    "read what goes; then make the change in smaller steps, or accept it for exactly this plan";

/// Returns what breaks a limit by decisions alone.
fn bound(bound: &Bound) -> Vec<Finding> {
    let limits = limits(&bound.policies);
    let mut found = Vec::new();
    let removals = removals(bound);
    if let Some(limit) = exceeds(removals, limits.removals) {
        let message =
            format!("{}, and the limit is {limit}", count(removals, "removal", "removals"));
        found.push(finding(&REMOVALS, Limit::Removals.address(), message, READ_FIRST));
    }
    let broken = broken(bound);
    if let Some(limit) = exceeds(broken.len(), limits.broken_actions) {
        let message = format!(
            "{} although they stay on, and the limit is {limit}: {}",
            count(broken.len(), "action stops", "actions stop"),
            names(broken.iter().map(|address| address.as_str()))
        );
        let help =
            "put the scopes back or turn the actions off, or accept it for exactly this plan";
        found.push(finding(&BROKEN, Limit::BrokenActions.address(), message, help));
    }
    found
}

/// Returns what breaks a limit by how many people and things there are: shown by a plan, and asked again by apply.
#[must_use]
pub fn observed(bound: &Bound, scale: Scale) -> Vec<Finding> {
    let limits = limits(&bound.policies);
    let mut found = Vec::new();
    let removals = removals(bound);
    let allowed = limits.removals_share.filter(|_| scale.rights > 0);
    if let Some(share) = allowed.filter(|share| removals * 100 > usize::from(*share) * scale.rights)
    {
        let tenths = removals * 1000 / scale.rights;
        let message = format!(
            "{} {} {}.{}% of what is there ({}), and the limit is {share}%",
            count(removals, "removal", "removals"),
            if removals == 1 { "is" } else { "are" },
            tenths / 10,
            tenths % 10,
            scale.rights,
        );
        found.push(finding(&REMOVALS, Limit::Removals.address(), message, READ_FIRST));
    }
    if let Some(limit) = exceeds(scale.people, limits.people) {
        let message = format!(
            "{} must reconnect or have tokens that change or end, and the limit is {limit}",
            count(scale.people, "person", "people")
        );
        let help =
            "tell them, or make the change in smaller steps; then accept it for exactly this plan";
        found.push(finding(&PEOPLE, Limit::People.address(), message, help));
    }
    found
}

/// Returns every loss of something protected: one finding for each line that asks for it and each protection.
fn protected(bound: &Bound) -> Vec<Finding> {
    let rules: BTreeSet<&Protected> = bound.policies.iter().flat_map(|p| &p.protect).collect();
    let mut broken: BTreeMap<(&Address, &Protected), Vec<&Loss>> = BTreeMap::new();
    for rule in rules {
        for loss in bound.losses.iter().filter(|loss| rule.forbids(loss)) {
            broken.entry((&loss.declared_at, rule)).or_default().push(loss);
        }
    }
    let found = broken.into_iter().map(|((line, rule), losses)| {
        let addresses: BTreeSet<&str> = losses.iter().map(|loss| loss.address.as_str()).collect();
        let mut message = match losses.first().filter(|_| addresses.len() == 1) {
            // Of several ways in which one thing loses something the first is the most telling.
            Some(loss) => loss.to_string(),
            None => {
                let things = count(addresses.len(), "thing", "things");
                format!("{things} would lose something: {}", names(addresses.into_iter()))
            }
        };
        message.push_str(&format!("; `{}` is protected", rule.address));
        if !losses.iter().any(|loss| rule.names(&loss.address, loss.kind)) {
            message.push_str(", another name of it");
        }
        if let Some(reason) = &rule.reason {
            message.push_str(&format!(": {reason}"));
        }
        let help =
            "change this line; `protect` stands in the header of the files, and no flag passes it";
        finding(&PROTECTED, line.clone(), message, help)
    });
    found.collect()
}

/// Returns addresses in backticks, the first few of them and how many more.
fn names<'a>(addresses: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    let all: Vec<&str> = addresses.collect();
    let shown: Vec<String> = all.iter().take(SHOWN).map(|address| format!("`{address}`")).collect();
    match all.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbids(pattern: &str, address: &str, kind: LossKind) -> bool {
        let rule = Protected { address: pattern.to_owned(), reason: None };
        let at = Address::of(&[address]);
        rule.forbids(&Loss::of(at, kind))
    }

    #[test]
    fn a_protection_covers_what_it_names_and_what_is_below() {
        for (pattern, address, wanted) in [
            ("sharepoint", "sharepoint/access", true),
            ("sharepoint", "sharepoint", true),
            ("sharepoint", "sharepoint-two/access", false),
            ("sharepoint/actions/get_page", "sharepoint/actions/get_page", true),
            ("sharepoint/actions/get_page", "sharepoint/actions/get_pages", false),
            ("sharepoint/actions/get_page", "sharepoint/access", false),
            ("sharepoint/actions/get_*", "sharepoint/actions/get_page", true),
            ("sharepoint/actions/*_page", "sharepoint/actions/get_page", true),
            ("sharepoint/actions/g*t*e", "sharepoint/actions/get_page", true),
            ("sharepoint/actions/g*tt*e", "sharepoint/actions/get_page", false),
            ("sharepoint/actions/get_page*page", "sharepoint/actions/get_page", false),
            ("*/access", "sharepoint/access", true),
            ("*", "sharepoint/actions/get_page", true),
            ("*/actions", "sharepoint/oauth", false),
            // A star stays within its segment.
            ("*/get_page", "sharepoint/actions/get_page", false),
            (
                "gmail/oauth/scopes/https://a.example/auth/x",
                "gmail/oauth/scopes/https://a.example/auth/x",
                true,
            ),
            ("gmail/oauth/scopes/https://*/x", "gmail/oauth/scopes/https://a.example/auth/x", true),
            (
                "gmail/oauth/scopes/https://a.example",
                "gmail/oauth/scopes/https://a.example/auth/x",
                false,
            ),
        ] {
            assert_eq!(forbids(pattern, address, LossKind::Use), wanted, "{pattern} {address}");
        }
    }

    #[test]
    fn what_ends_takes_what_is_below_it_along() {
        let below = "api_keys/nightly/resources/contacts";
        assert!(forbids(below, "api_keys/nightly", LossKind::Credential));
        assert!(!forbids(below, "api_keys/other", LossKind::Credential));
        assert!(!forbids(
            "sharepoint/oauth/scopes/User.Read",
            "sharepoint/oauth",
            LossKind::Client
        ));
    }

    #[test]
    fn tightening_keeps_both() {
        let one = Limits { removals: Some(5), people: Some(9), ..Limits::default() };
        let two = Limits {
            removals: Some(7),
            removals_share: Some(0),
            people: Some(2),
            ..Limits::default()
        };
        let mut both = one.clone();
        both.tighten(&two);
        assert_eq!((both.removals, both.removals_share, both.people), (Some(5), Some(0), Some(2)));
        let mut other = two;
        other.tighten(&one);
        assert_eq!(other, both);
    }
}
