//! A named person's consent to one digest: a statement of a few lines and an SSH signature over exactly its bytes.
//!
//! ```text
//! scopeform approval 1
//! plan sha256:5f0c...
//! workspace acme
//! platform odeus
//! by ana@acme.example
//! given 2026-11-22T09:30:00Z
//! until 2026-11-29
//! ```
//!
//! The signature is what `ssh-keygen -Y sign -n scopeform-plan` makes, so `ssh-keygen -Y verify` checks it without this
//! program. Here it is checked without ssh-keygen. Bytes in, verdict out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use thiserror::Error;

use super::signature::{self, KeyFault, SignatureFault, SignedBy, listed};
use super::signers::is_principal;
use super::{Digest, SealedPlan};
use crate::plan::policy::{Approvals, Policy, Requirement, Signer};

/// The namespace of our signatures: what is signed for git or for a file is no approval, and the other way round.
pub const NAMESPACE: &str = "scopeform-plan";

/// The version of the statement's format.
pub const STATEMENT_VERSION: u32 = 1;

/// What somebody signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The digest of the plan, 64 digits.
    pub digest: String,
    /// The plan's workspace.
    pub workspace: String,
    /// The plan's platform.
    pub platform: String,
    /// Who signs: a principal of the allowed-signers file.
    pub by: String,
    /// When, to the second.
    pub given: Timestamp,
    /// The last day (UTC) on which it counts.
    pub until: Date,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The statement is of another format.
    #[error("it has approval format {0}, this version reads format {STATEMENT_VERSION}")]
    Version(String),
    /// The statement is not exactly what `approve` writes.
    #[error("it is no approval as `scopeform approve` writes it: {0}")]
    NotAStatement(&'static str),
    /// It was given to another plan.
    #[error("it was given to plan {given}, not to {actual}")]
    OtherPlan {
        /// What it approves.
        given: String,
        /// The plan at hand.
        actual: String,
    },
    /// It names another workspace or platform than the plan.
    #[error("it is for {what} `{given}`, the plan is for `{actual}`")]
    OtherPlace {
        /// `workspace` or `platform`.
        what: &'static str,
        /// What the statement says.
        given: String,
        /// What the plan says.
        actual: String,
    },
    /// There is no signature.
    #[error("there is no signature beside it")]
    NoSignature,
    /// The signature file is damaged.
    #[error("its signature is not in the format of `ssh-keygen -Y sign`")]
    NotASignature,
    /// The signature was made for something else.
    #[error("its signature is in namespace `{0}`, not in `{NAMESPACE}`")]
    Namespace(String),
    /// The key did not sign these bytes.
    #[error("its signature is not good: the statement was changed, or another key signed it")]
    BadSignature,
    /// It stands beside the plan and is no file that can be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// `it` or `its signature`.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// It has ended.
    #[error("it ended on {0}")]
    Expired(Date),
    /// It was given on a later day than today.
    #[error("it was given on {0}, which is yet to come")]
    FromTheFuture(Date),
    /// It has been used.
    #[error("it was used on {0}, and an approval is good for one apply")]
    Used(String),
    /// The allowed-signers file does not list the person.
    #[error("`{0}` is not in `{1}`")]
    UnknownPrincipal(String, String),
    /// The allowed-signers file lists the person with other keys.
    #[error("key {key} is not a key of `{by}` in `{file}`")]
    OtherKey {
        /// Who the statement says signed.
        by: String,
        /// The fingerprint of the key that signed.
        key: String,
        /// The allowed-signers file.
        file: String,
    },
    /// The key may not sign approvals.
    #[error("key {key} of `{by}` may not sign in namespace `{NAMESPACE}`")]
    NotForThis {
        /// Whose key.
        by: String,
        /// Its fingerprint.
        key: String,
    },
    /// The key is not valid today.
    #[error("key {key} of `{by}` is not valid today ({why})")]
    KeyNotValid {
        /// Whose key.
        by: String,
        /// Its fingerprint.
        key: String,
        /// `from DATE` or `until DATE`.
        why: String,
    },
}

impl Statement {
    /// Returns the statement that approves `sealed`.
    #[must_use]
    pub fn of(sealed: &SealedPlan, by: &str, given: Timestamp, until: Date) -> Self {
        let bound = &sealed.plan().bound;
        // Statements are told apart by the second they were given in.
        let given = Timestamp::from_second(given.as_second()).unwrap_or(given);
        Self {
            digest: sealed.digest().as_str().to_owned(),
            workspace: bound.workspace.to_string(),
            platform: bound.platform.to_string(),
            by: by.to_owned(),
            given,
            until,
        }
    }

    /// Returns the bytes that are signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { digest, workspace, platform, by, given, until } = self;
        let mut text = format!("scopeform approval {STATEMENT_VERSION}\n");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "plan sha256:{digest}\nworkspace {workspace}\nplatform {platform}\nby {by}\ngiven {given}\nuntil {until}\n"
        );
        text
    }

    /// Reads a statement. Only exactly what [`Statement::text`] gives is one.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| Fault::NotAStatement("it is not text"))?;
        let mut lines = text.lines();
        let mut next = |key: &str| {
            let line = lines.next().unwrap_or_default();
            line.strip_prefix(key).and_then(|rest| rest.strip_prefix(' ')).map(str::to_owned)
        };
        let version = next("scopeform approval")
            .ok_or(Fault::NotAStatement("it does not begin with `scopeform approval`"))?;
        if version != STATEMENT_VERSION.to_string() {
            return Err(Fault::Version(version.chars().take(20).collect()));
        }
        let missing = |what| Fault::NotAStatement(what);
        let digest = next("plan").ok_or(missing("line 2 is not `plan sha256:DIGEST`"))?;
        let digest = digest.strip_prefix("sha256:").map(str::to_owned);
        let digest = digest
            .filter(|d| d.len() == 64 && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
            .ok_or(missing("line 2 is not `plan sha256:DIGEST`"))?;
        let workspace = next("workspace").ok_or(missing("line 3 is not `workspace NAME`"))?;
        let platform = next("platform").ok_or(missing("line 4 is not `platform NAME`"))?;
        let by = next("by").filter(|by| is_principal(by));
        let by = by.ok_or(missing("line 5 is not `by PRINCIPAL`"))?;
        let given = next("given").and_then(|time| time.parse().ok());
        let given = given.ok_or(missing("line 6 is not `given TIME`, in UTC to the second"))?;
        let until = next("until").and_then(|date| date.parse().ok());
        let until = until.ok_or(missing("line 7 is not `until DATE`"))?;
        let statement = Self { digest, workspace, platform, by, given, until };
        if statement.text() != text {
            return Err(missing("something was added, or line ends were changed"));
        }
        Ok(statement)
    }

    /// Returns the day (UTC) on which it was given.
    #[must_use]
    pub fn day(&self) -> Date {
        self.given.to_zoned(TimeZone::UTC).date()
    }
}

/// An approval whose statement is about the plan at hand and whose signature is good. Whether its key is anybody's is
/// for each set of rules to say ([`Approval::counts`]). Made by [`Approval::check`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    statement: Statement,
    /// The key that signed, `TYPE BASE64`.
    key: String,
    fingerprint: String,
    id: Digest,
    /// The day on which it is looked at.
    today: Date,
}

impl Approval {
    /// Returns who gave it.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.statement.by
    }

    /// Checks a statement and its signature against a plan.
    ///
    /// # Errors
    /// When the statement is not about this plan, or not in force today, or the signature is not good.
    pub fn check(
        statement: &[u8],
        signature: &[u8],
        sealed: &SealedPlan,
        today: Date,
    ) -> Result<Self, Fault> {
        let read = Statement::read(statement)?;
        let bound = &sealed.plan().bound;
        if read.digest != sealed.digest().as_str() {
            let short = |digest: &str| digest.chars().take(12).collect();
            return Err(Fault::OtherPlan {
                given: short(&read.digest),
                actual: short(sealed.digest().as_str()),
            });
        }
        for (what, given, actual) in [
            ("workspace", &read.workspace, bound.workspace.to_string()),
            ("platform", &read.platform, bound.platform.to_string()),
        ] {
            if *given != actual {
                return Err(Fault::OtherPlace { what, given: given.clone(), actual });
            }
        }
        let key = signed_by(statement, signature)?;
        if read.day() > today {
            return Err(Fault::FromTheFuture(read.day()));
        }
        if read.until < today {
            return Err(Fault::Expired(read.until));
        }
        let SignedBy { key, fingerprint } = key;
        let id = Digest::of_bytes(statement);
        Ok(Self { statement: read, key, fingerprint, id, today })
    }

    /// Returns what was signed.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Returns the fingerprint of the key that signed, `SHA256:...`.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns SHA-256 of the statement: what an approval is remembered by once it is used.
    #[must_use]
    pub const fn id(&self) -> &Digest {
        &self.id
    }

    /// Returns whether it is that person's approval by these rules: the key is listed for the person, may sign approvals,
    /// is valid today, and the approval is not older than the rules allow.
    ///
    /// # Errors
    /// With the reason when it does not count.
    pub fn counts(&self, rules: &Approvals) -> Result<(), Fault> {
        let (by, key) = (&self.statement.by, self.fingerprint.clone());
        let theirs: Vec<&Signer> =
            rules.signers.iter().filter(|signer| signer.principals.contains(by)).collect();
        let file = rules.signers_file.clone();
        if theirs.is_empty() {
            return Err(Fault::UnknownPrincipal(by.clone(), file));
        }
        match listed(&self.key, theirs.into_iter(), NAMESPACE, self.today) {
            Ok(_) => {
                let last = last_day(self.statement.day(), rules.max_age);
                if last < self.today { Err(Fault::Expired(last)) } else { Ok(()) }
            }
            // The statement names who; a line may list the key for several.
            Err(fault) => Err(match (fault, by.clone()) {
                (KeyFault::Unknown, by) => Fault::OtherKey { by, key, file },
                (KeyFault::NotForThis { .. }, by) => Fault::NotForThis { by, key },
                (KeyFault::NotValid { why, .. }, by) => Fault::KeyNotValid { by, key, why },
            }),
        }
    }
}

/// Returns the last day on which an approval given on `day` may count.
#[must_use]
pub fn last_day(day: Date, max_age: u32) -> Date {
    day.checked_add(Span::new().days(i64::from(max_age.min(36_500)))).unwrap_or(Date::MAX)
}

/// Returns the key that signed these bytes in our namespace.
fn signed_by(statement: &[u8], signature: &[u8]) -> Result<SignedBy, Fault> {
    signature::signed_by(NAMESPACE, statement, signature).map_err(|fault| match fault {
        SignatureFault::NotASignature => Fault::NotASignature,
        SignatureFault::Namespace(other) => Fault::Namespace(other),
        SignatureFault::BadSignature => Fault::BadSignature,
    })
}

/// A rule that the plan meets and that too few people have agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The rule, and why it is met.
    pub requirement: Requirement,
    /// Who has approved.
    pub have: BTreeSet<String>,
    /// Who still could.
    pub could: BTreeSet<String>,
}

impl Missing {
    /// Returns how many more people must approve.
    #[must_use]
    pub fn lacks(&self) -> usize {
        (self.requirement.rule.need as usize).saturating_sub(self.have.len())
    }
}

/// Says how much is missing: of how many people where nobody's approval can serve two of the rules, else of how many rules.
#[must_use]
pub fn lacking(missing: &[Missing]) -> String {
    let people: BTreeSet<&String> = missing.iter().flat_map(|open| &open.could).collect();
    let places: usize = missing.iter().map(|open| open.could.len()).sum();
    if people.len() < places {
        return format!("the approvals for {} rules are missing", missing.len());
    }
    match missing.iter().map(Missing::lacks).sum() {
        1 => "1 approval is missing".to_owned(),
        n => format!("{n} approvals are missing"),
    }
}

/// Returns every rule in force over a plan that these approvals leave open, each judged by its own signers.
#[must_use]
pub fn missing(sealed: &SealedPlan, approvals: &[Approval]) -> Vec<Missing> {
    let mut all: Vec<Missing> = Vec::new();
    for rules in sealed.policies().filter_map(|policy: &Policy| policy.approvals.as_ref()) {
        let counted = people(rules, approvals);
        for requirement in rules.required(&sealed.plan().bound) {
            let of = &requirement.rule.of;
            let have: BTreeSet<String> = of.intersection(&counted).cloned().collect();
            if have.len() < requirement.rule.need as usize {
                let could = of.difference(&have).cloned().collect();
                let open = Missing { requirement, have, could };
                if !all.contains(&open) {
                    all.push(open);
                }
            }
        }
    }
    all
}

/// Returns who has approved by these rules. A person counts once however many keys sign, and a key once however many
/// people it is listed for.
#[must_use]
pub fn people(rules: &Approvals, approvals: &[Approval]) -> BTreeSet<String> {
    let mut people = BTreeSet::new();
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    for approval in approvals.iter().filter(|approval| approval.counts(rules).is_ok()) {
        if keys.insert(&approval.key) {
            people.insert(approval.statement.by.clone());
        }
    }
    people
}
