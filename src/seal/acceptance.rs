//! Acceptances: how a limit is passed, for one plan and no other.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Digest;
use crate::model::nearest;
use crate::plan::guard::{ACCEPTED_DIGITS, Limit};

/// Leave to exceed one limit with one plan: `removals@` and at least 32 digits of its digest. There is none for all limits, and none for a plan
/// that nobody has seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    limit: Limit,
    digest: String,
}

/// Why a text is no acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AcceptanceError {
    /// There is no `@` in it.
    #[error("write `LIMIT@DIGEST`, as the plan prints it whole")]
    NoDigest,
    /// Nothing of that name is limited.
    #[error("there is no limit `{given}`{}; limits: {}", did_you_mean(.near), words())]
    UnknownLimit {
        /// What was given.
        given: String,
        /// The limit that was most likely meant.
        near: Option<Limit>,
    },
    /// Not digits, too few or too many.
    #[error(
        "`{0}` is not the beginning of a digest: at least {ACCEPTED_DIGITS} and at most 64 of the digits 0 to 9 and a to f"
    )]
    NotADigest(String),
}

fn did_you_mean(near: &Option<Limit>) -> String {
    near.map_or_else(String::new, |near| format!(", did you mean `{}`?", near.word()))
}

fn words() -> String {
    Limit::ALL.iter().map(|limit| limit.word()).collect::<Vec<_>>().join(", ")
}

impl Acceptance {
    /// Returns the acceptance that passes `limit` for the plan with this digest.
    #[must_use]
    pub fn of(limit: Limit, digest: &Digest) -> Self {
        let text = digest.as_str();
        let first = text.get(..ACCEPTED_DIGITS).unwrap_or(text);
        Self { limit, digest: first.to_owned() }
    }

    /// Returns what is accepted.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// Returns whether it was given for the plan with this digest.
    #[must_use]
    pub fn is_for(&self, digest: &Digest) -> bool {
        digest.as_str().starts_with(&self.digest)
    }
}

impl fmt::Display for Acceptance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.limit.word(), self.digest)
    }
}

impl FromStr for Acceptance {
    type Err = AcceptanceError;

    fn from_str(text: &str) -> Result<Self, AcceptanceError> {
        let (word, digest) = text.split_once('@').ok_or(AcceptanceError::NoDigest)?;
        let Some(limit) = Limit::ALL.iter().copied().find(|limit| limit.word() == word) else {
            let near = nearest(word, Limit::ALL.iter().map(|limit| limit.word()));
            let near = Limit::ALL.iter().copied().find(|limit| Some(limit.word()) == near);
            return Err(AcceptanceError::UnknownLimit { given: word.to_owned(), near });
        };
        let legal = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        if !(ACCEPTED_DIGITS..=64).contains(&digest.len()) || !digest.chars().all(legal) {
            return Err(AcceptanceError::NotADigest(digest.to_owned()));
        }
        Ok(Self { limit, digest: digest.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acceptance_names_a_limit_and_a_plan() {
        let digest = Digest::of_bytes(b"plan");
        let whole = format!("people@{digest}");
        for text in ["removals", "broken_actions", "people"] {
            let text = format!("{text}@{}", digest.as_str().get(..32).unwrap());
            let read: Acceptance = text.parse().unwrap();
            assert_eq!(Acceptance::of(read.limit(), &digest), read);
            assert_eq!(read.to_string(), text);
            assert!(read.is_for(&digest) && !read.is_for(&Digest::of_bytes(b"other")));
        }
        assert!(whole.parse::<Acceptance>().unwrap().is_for(&digest));
    }

    #[test]
    fn what_is_no_acceptance_says_why() {
        for (text, says) in [
            ("removals", "LIMIT@DIGEST"),
            ("removal@0123456789abcdef0123456789abcdef", "did you mean `removals`?"),
            ("broken-actions@0123456789ab", "did you mean `broken_actions`?"),
            (
                "all@0123456789ab",
                "there is no limit `all`; limits: removals, people, broken_actions",
            ),
            ("@0123456789ab", "there is no limit ``;"),
            ("protected@0123456789ab", "there is no limit `protected`;"),
            ("removals@", "at least 32"),
            // What a plan shows of its digest elsewhere is too little: two plans can be made to share it.
            ("removals@0123456789ab", "at least 32"),
            ("removals@0123456789abcdef0123456789abcde", "at least 32"),
            ("removals@0123456789abcdef0123456789abcdeF", "0 to 9 and a to f"),
            ("removals@0123456789abcdef0123456789abcde*", "0 to 9 and a to f"),
        ] {
            let error = text.parse::<Acceptance>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let long = format!("removals@{}0", "0".repeat(64));
        assert!(long.parse::<Acceptance>().is_err());
    }
}
