//! Why a plan is not carried out, and what to do about it.

use std::collections::BTreeSet;

use crate::apply::{ApplyError, Unexplained};
use crate::cli::exit::Exit;
use crate::cli::live::no_access;
use crate::cli::ui::Failure;
use crate::plan::guard::{Limit, flags};
use crate::plan::{Finding, count, denial};
use crate::render;
use crate::seal::{Acceptance, Digest, Refusal, SealedPlan};

/// Returns what to do about blockers: solve some, and accept exactly this plan where that is enough.
fn way_past(findings: &[Finding], digest: &Digest) -> String {
    let (limits, others): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| Limit::of(finding).is_some());
    let mut ways = Vec::new();
    if !others.is_empty() {
        let codes: Vec<String> =
            others.iter().map(|f| format!("{} at {}", f.code, f.address)).collect();
        ways.push(format!("solve: {}", codes.join("; ")));
    }
    if !limits.is_empty() {
        let codes: BTreeSet<&str> = limits.iter().map(|f| f.code.as_str()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let flags = flags(limits, digest.as_str());
        ways.push(format!(
            "{}: make smaller steps, or accept this plan with `{flags}`",
            codes.join(", ")
        ));
    }
    ways.push("`scopeform explain CODE` says more".to_owned());
    ways.join("; ")
}

/// Says why a plan may not be applied.
pub(in crate::cli::commands) fn refusal(refusal: &Refusal, digest: &Digest, done: &str) -> Failure {
    let message = format!("{refusal}{done}");
    match refusal {
        Refusal::Blocked(findings) => {
            // A denial says which rule it is; a code alone would not.
            let denied = findings.iter().filter(|finding| denial::is_one(finding));
            let line = |finding: &Finding| format!("{}: {}", finding.address, finding.message);
            Failure::new(Exit::Blocked, message)
                .details(denied.map(line).collect())
                .help(way_past(findings, digest))
        }
        Refusal::AcceptedOther { given, .. } => {
            let now = Acceptance::of(given.limit(), digest);
            Failure::new(Exit::Blocked, message)
                .help(format!("read this plan; if that is what is meant: `--accept {now}`"))
        }
        Refusal::Unreviewed(scopes) => {
            let list: Vec<String> =
                scopes.iter().map(|u| format!("{} ({})", u.scope, u.unit)).collect();
            Failure::new(Exit::NotApproved, message).help(format!(
                "review {}; then answer the prompt, apply a saved plan, or write `accept_scopes`",
                list.join(", ")
            ))
        }
        Refusal::FromSnapshot => Failure::new(Exit::NotApproved, message)
            .help("plan what is live, with credentials: `scopeform plan --out FILE`"),
        Refusal::Unasked => Failure::new(Exit::Bug, format!("{message}; this is a bug")),
        Refusal::Unapproved(_) | Refusal::OtherPlan { .. } => {
            Failure::new(Exit::NotApproved, message)
        }
    }
}

pub(super) fn refused(error: ApplyError, sealed: &SealedPlan) -> Failure {
    match error {
        ApplyError::Stale(Unexplained { moved, done, at_least }) => {
            let all = count(sealed.plan().bound.operations.len(), "operation", "operations");
            let message = match done {
                0 => "the plan is stale, nothing was done".to_owned(),
                done => {
                    let at_least = if at_least { "at least " } else { "" };
                    format!(
                        "the plan is stale, nothing was done now; {at_least}{done} of {all} had been done before"
                    )
                }
            };
            Failure::new(Exit::Stale, message)
                .details(moved.iter().flat_map(render::report::stale).collect())
                .help("plan again and review what moved")
        }
        ApplyError::Expired { .. } => {
            Failure::new(Exit::Stale, format!("{error}; nothing was done"))
                .help("review the exceptions that have ended and plan again")
        }
        ApplyError::Unsaid(lines) => {
            Failure::new(
                Exit::Error,
                "the plan does not say what its operations do, so nobody can have agreed to it; nothing was done",
            )
            .details(lines.iter().map(|line| format!("{line}; the plan does not say so")).collect())
            .help("its file was changed after it was made, or people or the vendor have moved since: plan again and review what it says")
        }
        ApplyError::Untold(lines) => Failure::new(
            Exit::Stale,
            "rules in Rego were asked about a plan that does not tell all that they go by; nothing was done",
        )
        .details(lines.iter().map(|line| format!("{line}; the plan does not tell it")).collect())
        .help("plan again: people may have come since, or its file was changed; approvals of the same digest stay good"),
        ApplyError::OverLimit(findings) => {
            let lines = findings.iter().map(|f| format!("{}: {}", f.code, f.message));
            Failure::new(Exit::Blocked, "the plan is over its limits by now, nothing was done")
                .details(lines.collect())
                .help(way_past(&findings, sealed.digest()))
        }
        ApplyError::OtherWorkspace { .. } | ApplyError::NotNoted(_) => {
            Failure::new(Exit::Error, format!("{error}; nothing was done"))
        }
        ApplyError::Read(error) => no_access(&error, &sealed.plan().bound.workspace),
    }
}
