//! A line that makes something possible: what it asks people for anew, and whom it opens to.

use std::collections::{BTreeMap, BTreeSet};

use super::high_privilege_scope::HIGH;
use super::{Scene, finding, names};
use crate::model::{Address, CauseKind, Direction, LetsIn, PrivilegeChange, Right};
use crate::plan::{Finding, Rule, Severity, count};
use crate::platform::odeus::consequence::privilege;
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "privilege-widens",
    title: "a line makes something possible that was not",
    severity: Severity::Note,
    explain: "\
Said at the line that causes it, so that whoever reviews the change of a file sees there what it does: which scopes
everybody who connects is asked for anew, which actions run for whom who could not run them, and whether another OAuth
client gets what people agree to.

```yaml
integrations:
  sharepoint:
    actions:
      create_list: enabled   # turns on `create_list` for everyone; asks ... for 1 scope anew: Sites.Manage.All
```

It is a note, and a warning where a scope needs a tenant administrator, is of the provider's highest privilege level, or is
one of which no source says; and where actions that the vendor adds later would be on at once. When more than five lines
about the actions of one integration widen, they are said together.

What an administrator has to grant is said by `admin-consent-required`, and that a scope is very powerful by
`high-privilege-scope`: once for the OAuth client, whichever lines ask for it.

**What to do.** See whether the line is meant, and whether fewer people or a narrower scope do. To let nothing widen
without a decision, ask for approvals with `when: widening`, or write `findings: {privilege-widens: blocker}`.
",
};

/// So many lines about the actions of one integration are said one by one.
const FEW: usize = 5;

/// What one line makes possible.
#[derive(Debug, Default)]
struct Line<'c> {
    /// Actions that are turned on, and for whom.
    on: BTreeMap<&'c str, &'c str>,
    /// Actions that are on and opened to others, and to whom.
    opened: BTreeMap<&'c str, &'c str>,
    /// Scopes that are asked for anew, as they are shown.
    scopes: BTreeSet<String>,
    client: bool,
    /// Whether one of the scopes is to be weighed.
    grave: bool,
}

impl Line<'_> {
    fn message(&self) -> String {
        let mut parts = Vec::new();
        let few = |actions: &BTreeMap<&str, &str>| names(actions.keys().copied());
        if !self.on.is_empty() {
            parts.push(format!("turns on {}{}", few(&self.on), whom("for", &self.on)));
        }
        if !self.opened.is_empty() {
            parts.push(format!("opens {}{}", few(&self.opened), whom("to", &self.opened)));
        }
        if !self.scopes.is_empty() {
            let n = count(self.scopes.len(), "scope", "scopes");
            let shown: Vec<&str> = self.scopes.iter().take(FEW + 1).map(String::as_str).collect();
            let more = match self.scopes.len().checked_sub(shown.len()) {
                Some(more) if more > 0 => format!(" and {more} more"),
                _ => String::new(),
            };
            parts.push(format!(
                "asks everybody who connects for {n} anew: {}{more}",
                shown.join(", ")
            ));
        }
        if self.client {
            parts.push(LetsIn::Client.words(Direction::Widening).to_owned());
        }
        parts.join("; ")
    }

    fn severity(&self) -> Severity {
        if self.grave { Severity::Warning } else { Severity::Note }
    }

    fn add(&mut self, other: Self) {
        self.on.extend(other.on);
        self.opened.extend(other.opened);
        self.scopes.extend(other.scopes);
        self.client |= other.client;
        self.grave |= other.grave;
    }
}

/// Returns for whom actions run, where it is the same for all of them.
fn whom(word: &str, actions: &BTreeMap<&str, &str>) -> String {
    let all: BTreeSet<&str> = actions.values().copied().collect();
    match all.first() {
        Some(one) if all.len() == 1 => format!(" {word} {one}"),
        _ => String::new(),
    }
}

/// Returns a scope with what makes it one to weigh, and whether anything does.
fn weighed(change: &PrivilegeChange, scope: &str) -> (String, bool) {
    let mut why = Vec::new();
    match change.admin_consent {
        Some(true) => why.push("admin consent".to_owned()),
        Some(false) => {}
        None => why.push("consent unknown".to_owned()),
    }
    if let Some(level) = change.level.filter(|level| level.0 >= HIGH) {
        why.push(format!("level {}", level.0));
    }
    let grave = !why.is_empty();
    (if grave { format!("{scope} ({})", why.join(", ")) } else { scope.to_owned() }, grave)
}

/// Returns the lines by which a privilege widens. What is only possible because a scope is requested is said with the scope.
fn causing(prospect: &Prospect<'_>, change: &PrivilegeChange) -> BTreeSet<Address> {
    let oauth = prospect.address.oauth();
    let line = |address: &Address| match prospect.facts().actions.get_key_value(address.name()) {
        Some((key, _)) => prospect.declared_at(key),
        None => prospect.address.clone(),
    };
    let scope = matches!(change.right, Right::Scope(_));
    let mut lines = BTreeSet::new();
    for cause in &change.causes {
        match (cause.kind, &cause.address) {
            (CauseKind::FixedList, _) => return BTreeSet::from([oauth.child("scopes")]),
            (CauseKind::Action | CauseKind::Shared | CauseKind::AcceptedMissing, Some(address)) => {
                lines.insert(line(address));
            }
            (CauseKind::IntegrationAccess, Some(address)) => {
                lines.insert(address.clone());
            }
            _ => {}
        }
    }
    if lines.is_empty() && (scope || matches!(change.right, Right::Setting { .. })) {
        lines.insert(oauth);
    }
    lines
}

fn lines<'c>(
    prospect: &Prospect<'_>,
    changes: &'c [PrivilegeChange],
) -> BTreeMap<Address, Line<'c>> {
    let mut lines: BTreeMap<Address, Line<'c>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.direction == Direction::Widening) {
        for address in causing(prospect, change) {
            let line = lines.entry(address).or_default();
            match &change.right {
                Right::Scope(scope) => {
                    let (shown, grave) = weighed(change, scope.as_str());
                    line.scopes.insert(shown);
                    line.grave |= grave;
                }
                Right::Use { address, after, .. } => {
                    let on = change.causes.iter().any(|cause| cause.kind == CauseKind::Action);
                    let list = if on { &mut line.on } else { &mut line.opened };
                    list.insert(address.name(), after);
                }
                Right::Setting { .. } => line.client = true,
                Right::Tier(_) | Right::Credential { .. } => {}
            }
        }
    }
    lines
}

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let changes = privilege(prospect);
    let mut lines = lines(prospect, &changes);
    let say = |address: Address, severity: Severity, message: String| Finding {
        severity,
        ..finding(&RULE, address, message, "")
    };
    let mut found = Vec::new();
    let mut settings: BTreeMap<Address, Line<'_>> = BTreeMap::new();
    for field in ["access", "oauth", "oauth/scopes"] {
        let address = field.split('/').fold(prospect.address.clone(), |at, part| at.child(part));
        settings.extend(lines.remove_entry(&address));
    }
    for severity in [Severity::Warning, Severity::Note] {
        let mut own: BTreeMap<Address, Line<'_>> = BTreeMap::new();
        lines.retain(|address, line| {
            let now = line.severity() == severity;
            if now {
                own.insert(address.clone(), std::mem::take(line));
            }
            !now
        });
        if own.len() > FEW {
            let n = own.len();
            let mut all = Line::default();
            own.into_values().for_each(|line| all.add(line));
            let message = format!("{n} lines together: {}", all.message());
            found.push(say(prospect.address.child("actions"), severity, message));
        } else {
            settings.extend(own);
        }
    }
    found.extend(settings.into_iter().map(|(address, line)| {
        let (severity, message) = (line.severity(), line.message());
        say(address, severity, message)
    }));
    found
}

/// Returns the same about the switch for actions that the vendor adds: which these will be, and what they need, nobody knows.
pub(in crate::platform::odeus) fn new_actions(address: Address) -> Finding {
    let message = LetsIn::FutureActions.words(Direction::Widening).to_owned();
    Finding { severity: Severity::Warning, ..finding(&RULE, address, message, "") }
}
