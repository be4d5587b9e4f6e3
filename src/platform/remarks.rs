//! What is odd about names in the files beside the live ones, as findings of a plan.
//!
//! A reviewer is to see which line does nothing. The words are those of the diagnostic of the same code.

use super::Kind;
use crate::diag::{self, Code, Problem};
use crate::model::ScopeSet;
use crate::plan::{Finding, Rule, Severity};

const ON_ODEUS: &[Rule] = &[
    rule(Code::AcceptanceWithoutEffect),
    rule(Code::ActionRenamed),
    rule(Code::GlobMatchesNothing),
    rule(Code::SubstituteNotListed),
];
const ON_TRUSTPAGER: &[Rule] = &[rule(Code::ResourceRenamed)];
const ON_BOTH: &[Rule] = &[rule(Code::ProtectsNothing)];

const fn rule(code: Code) -> Rule {
    Rule {
        code: code.name(),
        title: code.title(),
        severity: severity(code),
        explain: code.explain(),
    }
}

/// An error leaves no plan that could say it.
const fn severity(code: Code) -> Severity {
    match code.severity() {
        diag::Severity::Note => Severity::Note,
        diag::Severity::Warning | diag::Severity::Error => Severity::Warning,
    }
}

/// Iterates the rules that one platform alone has, or with `None` those that every platform has, in code order.
pub fn rules(of: Option<Kind>) -> impl Iterator<Item = &'static Rule> {
    match of {
        Some(Kind::Odeus) => ON_ODEUS.iter(),
        Some(Kind::Trustpager) => ON_TRUSTPAGER.iter(),
        None => ON_BOTH.iter(),
    }
}

/// Returns what is odd about a name as a finding of its usual severity.
#[must_use]
pub fn finding(problem: Problem) -> Finding {
    Finding {
        severity: severity(problem.code),
        code: problem.code.name().to_owned(),
        help: problem.advice().unwrap_or_default(),
        address: problem.at,
        message: problem.message,
        paste: ScopeSet::new(),
    }
}
