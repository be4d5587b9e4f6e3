//! Consent: the only door from a sealed plan to one that may be applied.

use std::borrow::Cow;
use std::collections::BTreeSet;

use thiserror::Error;

use super::approval::{Approval, Missing, lacking, missing};
use super::{Acceptance, Digest, SealedPlan};
use crate::plan::guard::{self, Limit};
use crate::plan::{Finding, Plan, Unreviewed};

/// How somebody agreed to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// A person read the plan and typed `yes`.
    Prompt,
    /// `--auto-approve`: whoever reviewed the files agreed to what the files say, and to nothing else.
    Flag,
    /// A saved plan file, named on the command line: whoever reviewed that file agreed to its digest.
    SavedPlan(Digest),
    /// One of the others, and approvals that people signed. Only these satisfy rules that ask for some.
    Signed(Box<Self>, Vec<Approval>),
}

impl Consent {
    /// Returns who signed.
    #[must_use]
    pub fn approved_by(&self) -> BTreeSet<String> {
        match self {
            Self::Prompt | Self::Flag | Self::SavedPlan(_) => BTreeSet::new(),
            Self::Signed(_, approvals) => {
                approvals.iter().map(|approval| approval.by().to_owned()).collect()
            }
        }
    }
}

/// Why a plan may not be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It was made from a snapshot file, which is no proof of what is live (exit code 5).
    #[error("the plan was made from a snapshot; only one of what is live can be applied")]
    FromSnapshot,
    /// A finding stops it (exit code 4).
    #[error("the plan is blocked by {}", crate::plan::count(.0.len(), "finding", "findings"))]
    Blocked(Vec<Finding>),
    /// Rego rules are in force and have not been asked about it: what they would say is not passed over (exit code 4).
    #[error("the Rego rules in force have not been asked about the plan")]
    Unasked,
    /// A limit was accepted for another plan (exit code 4).
    #[error("`--accept {given}` is for another plan than this one, {actual}")]
    AcceptedOther {
        /// What was accepted.
        given: Acceptance,
        /// The digest of this plan.
        actual: Digest,
    },
    /// Something in it was not covered by the consent (exit code 5).
    #[error(
        "`--auto-approve` does not cover {} that the vendor added and no line of the files names",
        crate::plan::count(.0.len(), "scope", "scopes")
    )]
    Unreviewed(Vec<Unreviewed>),
    /// The rules in force ask for approvals that are not there (exit code 5).
    #[error("{}", lacking(.0))]
    Unapproved(Vec<Missing>),
    /// The consent was given to another plan (exit code 5).
    #[error("the consent was given to plan {given}, not to {actual}")]
    OtherPlan {
        /// The digest that was agreed to.
        given: String,
        /// The digest of this plan.
        actual: String,
    },
}

/// A plan that somebody agreed to. `apply` takes nothing else, and nothing but [`ApprovedPlan::new`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedPlan {
    sealed: SealedPlan,
    consent: Consent,
    accepted: Vec<Acceptance>,
}

/// Returns the blockers of a plan that stand although some limits were accepted. A limit that is not exceeded may be
/// accepted all the same: how many people there are is asked again by apply, and the acceptance is for this plan alone.
///
/// # Errors
/// [`Refusal::AcceptedOther`] when an acceptance is for another plan: whoever gave it has not seen this one. A plan that
/// does nothing is left alone, so that a job may run again after it has succeeded. [`Refusal::Unasked`] when Rego rules in
/// force have not been asked.
pub fn standing(sealed: &SealedPlan, accepted: &[Acceptance]) -> Result<Vec<Finding>, Refusal> {
    for_this(sealed, accepted)?;
    if sealed.is_unasked() {
        return Err(Refusal::Unasked);
    }
    Ok(seen(sealed, accepted).blockers().cloned().collect())
}

/// Refuses acceptances of another plan.
///
/// # Errors
/// [`Refusal::AcceptedOther`], but not where the plan does nothing.
pub fn for_this(sealed: &SealedPlan, accepted: &[Acceptance]) -> Result<(), Refusal> {
    let other = accepted.iter().find(|acceptance| !acceptance.is_for(sealed.digest()));
    other.filter(|_| !sealed.plan().is_empty()).map_or(Ok(()), |given| {
        let (given, actual) = (given.clone(), sealed.digest().clone());
        Err(Refusal::AcceptedOther { given, actual })
    })
}

/// Returns the plan as it is shown to whoever agrees to it: judged by every rule in force, where a limit that was accepted
/// for this plan says so and stops nothing. What was accepted for another plan changes nothing.
#[must_use]
pub fn seen<'s>(sealed: &'s SealedPlan, accepted: &[Acceptance]) -> Cow<'s, Plan> {
    let judged = sealed.judged();
    let ours: Vec<Acceptance> =
        accepted.iter().filter(|given| given.is_for(sealed.digest())).cloned().collect();
    if !judged.findings().any(|finding| passes(&ours, finding)) {
        return judged;
    }
    let mut plan = judged.into_owned();
    for findings in [&mut plan.bound.findings, &mut plan.observed.findings] {
        findings.iter_mut().filter(|finding| passes(&ours, finding)).for_each(guard::accept);
        findings.sort();
    }
    Cow::Owned(plan)
}

/// Returns whether a finding is about a limit that was accepted.
fn passes(accepted: &[Acceptance], finding: &Finding) -> bool {
    let limit = Limit::of(finding);
    limit.is_some_and(|limit| accepted.iter().any(|acceptance| acceptance.limit() == limit))
}

impl ApprovedPlan {
    /// Joins a plan, the consent to it, and the limits that it may exceed.
    ///
    /// # Errors
    /// When a blocker stands in the plan, when an acceptance is for another plan, when the consent does not cover all of
    /// it, or when approvals are missing.
    pub fn new(
        sealed: SealedPlan,
        consent: Consent,
        accepted: Vec<Acceptance>,
    ) -> Result<Self, Refusal> {
        Self::or_back(sealed, consent, accepted).map_err(|back| back.1)
    }

    /// Like [`Self::new`], and gives a plan that is refused back to whoever says why.
    ///
    /// # Errors
    /// As with [`Self::new`].
    pub fn or_back(
        sealed: SealedPlan,
        consent: Consent,
        accepted: Vec<Acceptance>,
    ) -> Result<Self, Box<(SealedPlan, Refusal)>> {
        match Self::covers(&sealed, &consent, &accepted) {
            Ok(()) => Ok(Self { sealed, consent, accepted }),
            Err(why) => Err(Box::new((sealed, why))),
        }
    }

    /// Returns why a plan is not covered, where it is not.
    fn covers(
        sealed: &SealedPlan,
        consent: &Consent,
        accepted: &[Acceptance],
    ) -> Result<(), Refusal> {
        if sealed.plan().observed.snapshot.is_some() {
            return Err(Refusal::FromSnapshot);
        }
        let blockers = standing(sealed, accepted)?;
        if !blockers.is_empty() {
            return Err(Refusal::Blocked(blockers));
        }
        let (given, approvals): (&Consent, &[Approval]) = match consent {
            Consent::Signed(given, approvals) => (given, approvals),
            other => (other, &[]),
        };
        match given {
            Consent::Prompt => {}
            Consent::Flag => {
                let unreviewed = &sealed.plan().bound.unreviewed;
                if !unreviewed.is_empty() {
                    return Err(Refusal::Unreviewed(unreviewed.clone()));
                }
            }
            Consent::SavedPlan(digest) => {
                if digest != sealed.digest() {
                    return Err(Refusal::OtherPlan {
                        given: digest.to_string(),
                        actual: sealed.digest().to_string(),
                    });
                }
            }
            // Signatures go with one of the others, and only once.
            Consent::Signed(..) => return Err(Refusal::Unapproved(missing(sealed, &[]))),
        }
        let open = missing(sealed, approvals);
        if !open.is_empty() {
            return Err(Refusal::Unapproved(open));
        }
        Ok(())
    }

    /// Returns the plan that was agreed to.
    #[must_use]
    pub const fn sealed(&self) -> &SealedPlan {
        &self.sealed
    }

    /// Returns whether a finding is about a limit that was accepted for this plan.
    #[must_use]
    pub fn passes(&self, finding: &Finding) -> bool {
        passes(&self.accepted, finding)
    }

    /// Returns the limits that it may exceed, as they were accepted: `removals@DIGEST`.
    #[must_use]
    pub fn accepted(&self) -> BTreeSet<String> {
        self.accepted.iter().map(ToString::to_string).collect()
    }

    /// Returns how it was agreed to.
    #[must_use]
    pub const fn consent(&self) -> &Consent {
        &self.consent
    }
}
