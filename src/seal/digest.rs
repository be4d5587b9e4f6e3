//! The digest of a plan: SHA-256 over the RFC 8785 canonical JSON of what is bound.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::plan::policy::{self, Policy};
use crate::plan::{Bound, Finding, Plan, denial};

/// SHA-256 in lower-case hexadecimal, 64 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Returns the digest of any bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes);
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns all 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A plan together with its digest. What is bound cannot be changed any more; rules, and what they say, can be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPlan {
    plan: Plan,
    digest: Digest,
    beside: Vec<Policy>,
    /// What the Rego rules in force say; `None` until they have been asked.
    said: Option<Vec<Finding>>,
}

impl SealedPlan {
    /// Seals a plan.
    #[must_use]
    pub fn seal(plan: Plan) -> Self {
        let digest = Digest::of_bytes(&canonical(&plan.bound));
        Self { plan, digest, beside: Vec::new(), said: None }
    }

    /// Adds rules that must be satisfied although the plan does not carry them: those of the files at hand when a saved
    /// plan is applied. The digest stays what it is.
    #[must_use]
    pub fn under(mut self, policy: Policy) -> Self {
        if !policy.is_empty() && self.policies().all(|known| *known != policy) {
            self.beside.push(policy);
            // Whoever has been asked has not been asked by these.
            self.said = None;
        }
        self
    }

    /// Adds what the Rego rules in force say about the plan. Observed, so the digest stays what it is.
    #[must_use]
    pub fn told(mut self, said: Vec<Finding>) -> Self {
        denial::put(&mut self.plan, said.clone());
        self.said = Some(said);
        self
    }

    /// Returns whether there are Rego rules in force that have not been asked about this plan.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.said.is_none() && self.policies().any(|policy| !policy.rego.is_empty())
    }

    /// Returns the plan with the findings of every rule in force.
    #[must_use]
    pub fn judged(&self) -> Cow<'_, Plan> {
        if self.beside.is_empty() {
            return Cow::Borrowed(&self.plan);
        }
        let mut plan = self.plan.clone();
        policy::enforce(&mut plan, self.policies().cloned().collect());
        if let Some(said) = &self.said {
            denial::put(&mut plan, said.clone());
        }
        Cow::Owned(plan)
    }

    /// Iterates the rules in force: those that the plan carries, then those added.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.plan.bound.policies.iter().chain(&self.beside)
    }

    /// Returns the plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the digest of what is bound.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Returns the canonical bytes of what is bound: RFC 8785, so that anybody can compute the digest again.
///
/// INVARIANT: `Bound` holds strings, booleans, lists and maps with string keys, and no numbers beyond 2^53: nothing that
/// canonical JSON cannot write.
fn canonical(bound: &Bound) -> Vec<u8> {
    serde_jcs::to_vec(bound).unwrap_or_default()
}
