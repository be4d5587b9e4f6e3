//! A token ends. Seed, *Revoking a token*; case 59.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::operation::RevokeReason;
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "token-revoked",
    title: "a token is revoked",
    severity: Severity::Note,
    explain: "\
The token stops working at once: every call with it is answered 401. Other users' tokens are not touched, and later changes of
the client do not bring it back.

The user may authorise the integration again and then has a new token. If the user is no holder, the next plan revokes that one
too.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, _: &Snapshot) -> Vec<Finding> {
    let revoked = prospect.revoked().map(|(token, why)| {
        let at = prospect.target.address.child("tokens").child(token.id.as_str());
        let message =
            format!("the token {} of {} is revoked at once: {why}", token.display(), token.user);
        finding(&RULE, at, message, afterwards(why))
    });
    revoked.collect()
}

/// Says what becomes of a token that the user authorises afterwards.
const fn afterwards(why: &RevokeReason) -> &'static str {
    match why {
        RevokeReason::NotAHolder => {
            "the user may authorise again; a new token of somebody who is no holder is revoked by the next plan"
        }
        RevokeReason::Idle { .. } => {
            "the user may authorise again; a new token is kept as long as it is used"
        }
        RevokeReason::Named { .. } => {
            "the user may authorise again; a new token has another name, and is kept unless `holders` leaves the user out"
        }
    }
}
