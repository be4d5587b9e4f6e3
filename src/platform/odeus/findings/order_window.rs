//! A genuine swap. SEMANTICS section 5.

use super::{Scene, finding};
use crate::plan::consequence::ORDER_WINDOW;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: ORDER_WINDOW,
    title: "no order of the writes is safe at every moment",
    severity: Severity::Blocker,
    explain: "\
Some swaps cannot be made without a moment in which something stops that works before and after, or in which something is
allowed that is allowed neither before nor after. The plan tried every order of the writes that are in each other's way and
names the window. Where more than twelve writes are in each other's way their orders are not tried; the finding then says so,
and there may be a safe order: make the change in smaller steps.

**What to do.** Choose: `on_swap: outage` on the integration accepts a moment without, `on_swap: excess` accepts a moment
with more than either state allows. Or make the change in two steps that are each reviewed.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let severity = if prospect.tolerated { Severity::Warning } else { Severity::Blocker };
    let help = if prospect.tolerated {
        "`on_swap` accepts this window"
    } else {
        "write `on_swap: outage` or `on_swap: excess` on the integration, or make the change in two steps"
    };
    let unsearched = prospect.unsearched.map_or_else(String::new, |writes| {
        format!("; {writes} writes are in each other's way, too many to try their orders")
    });
    let window = prospect.window.iter().map(|violation| {
        let message = format!("{violation}{unsearched}");
        let found = finding(&RULE, prospect.address.clone(), message, help);
        Finding { severity, ..found }
    });
    window.collect()
}
