//! A line that revokes a token which is not there. Case 59.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::{ClientProspect, meant};
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "no-such-token",
    title: "a line revokes a token that is not there",
    severity: Severity::Note,
    explain: "\
A line below `tokens: revoke:` names no active token of its client, so it does nothing. Either the token has ended already,
which is what the line is for, or the name is wrong and the token that is meant still works.

**What to do.** `scopeform tokens list` shows the active tokens of every client. Correct the name, or remove the line.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    let target = &prospect.target;
    let is_token_of = |named: &str, client: &crate::platform::trustpager::state::LiveClient| {
        !meant(named, client.state.tokens.values()).is_empty()
    };
    let lines = target.desired.tokens.revoke.iter();
    let idle = lines.filter(|line| !is_token_of(&line.token, target.live));
    idle.map(|line| {
        let message = format!(
            "no active token of this client is named `{}`, so nothing is revoked for `{}`: it has ended already, or the name is wrong",
            line.token, line.reason
        );
        let owner = snapshot.clients.iter().find(|(_, client)| is_token_of(&line.token, client));
        let help = match owner {
            Some((name, _)) => format!("it is a token of `{name}`: move the line there"),
            None => "`scopeform tokens list` shows the active tokens; once the token has ended, remove the line".to_owned(),
        };
        let lines = target.address.child("tokens").child("revoke");
        finding(&RULE, lines.child(&line.token), message, help)
    })
    .collect()
}
