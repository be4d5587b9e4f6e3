//! Protection and limits: each rule on each platform, what holds for every plan, and the way past a limit.

mod apply;
mod laws;
mod renamed;
mod rules;

use scopeform::config;
use scopeform::plan::policy::{self, Policy};
use scopeform::plan::{Finding, Plan};
use scopeform::platform::Kind;
use scopeform::source::SourceMap;

/// Reads the rules of one document, which must be valid.
#[track_caller]
pub(crate) fn policy(kind: Kind, rules: &str) -> Policy {
    let text = format!("version: 1\nplatform: {kind}\nworkspace: acme\n{rules}\n");
    let mut sources = SourceMap::new();
    sources.add("acme.yaml", &text);
    let (mut configs, out) = config::load(&sources);
    assert!(out.is_empty(), "{text}\n{out:?}");
    configs.pop().unwrap().policy
}

/// Returns the plan under some rules.
#[track_caller]
pub(crate) fn under(rules: &str, mut plan: Plan) -> Plan {
    let policy = policy(plan.bound.platform, rules);
    policy::enforce(&mut plan, vec![policy]);
    plan
}

/// Returns the findings of the rules about plans: bound ones and observed ones.
pub(crate) fn ours(plan: &Plan) -> (Vec<&Finding>, Vec<&Finding>) {
    let is_ours =
        |finding: &&Finding| scopeform::plan::guard::rules().any(|rule| rule.code == finding.code);
    let bound = plan.bound.findings.iter().filter(is_ours);
    (bound.collect(), plan.observed.findings.iter().filter(is_ours).collect())
}
