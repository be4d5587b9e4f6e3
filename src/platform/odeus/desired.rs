//! What the files ask for, on Odeus. Source: DESIGN of the configuration language; cases 2, 3, 30, 32, 35, 49.
//!
//! A field that is `None` (or `Keep`) is *no opinion*: nothing undeclared is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;

use super::state::{Mode, SecretLabel};
use crate::model::{Access, ActionKey, ClientId, IntegrationKey, Scope, ScopeSet, WorkspaceId};

/// What the files ask for in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Whose workspace it is.
    pub workspace: WorkspaceId,
    /// The workspace-wide switch, where declared.
    pub new_actions_enabled_by_default: Option<bool>,
    /// The declared integrations.
    pub integrations: BTreeMap<IntegrationKey, DesiredIntegration>,
}

/// What the files ask for in one integration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesiredIntegration {
    /// Who may connect and use it.
    pub access: Option<Access>,
    /// Client, mode and scopes.
    pub oauth: Option<DesiredOauth>,
    /// What happens to actions that no line names.
    pub unlisted_actions: Unlisted,
    /// Actions named exactly.
    pub actions: BTreeMap<ActionKey, DesiredAction>,
    /// Actions named by glob, in byte order of the pattern. An exact name beats a glob.
    pub globs: BTreeMap<String, DesiredAction>,
    /// Scopes that the vendor added and that somebody has reviewed by writing them down.
    pub accept_scopes: ScopeSet,
    /// What to accept where no order of operations is safe.
    pub on_swap: Option<OnSwap>,
}

/// What happens to actions that no line names (case 49).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// No opinion.
    #[default]
    Keep,
    /// Turn them off; never native ones.
    Disabled,
}

/// What to accept while two states are swapped and no order satisfies every law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSwap {
    /// Something may stop for a moment.
    Outage,
    /// Something may be granted for a moment that is granted neither before nor after.
    Excess,
}

/// One action as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredAction {
    /// Who may run it.
    pub access: Access,
    /// Why it is fine that required scopes are missing from a fixed list (case 35).
    pub accept_missing_scopes: Option<String>,
}

/// Client and mode as declared: exactly the legal combinations (case 32).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredOauth {
    /// The vendor's client.
    Managed,
    /// Own client, scopes follow actions.
    Sync(DesiredClient),
    /// Own client, hand-written list.
    Fixed {
        /// The client.
        client: DesiredClient,
        /// The list.
        scopes: DesiredList,
        /// Narrower scopes that are enough in this tenant.
        substitutes: Vec<Substitute>,
    },
}

impl DesiredOauth {
    /// Returns the declared mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self {
            Self::Managed => Mode::Managed,
            Self::Sync(_) => Mode::Sync,
            Self::Fixed { .. } => Mode::Fixed,
        }
    }
}

/// An OAuth client of the workspace's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredClient {
    /// The OAuth `client_id`.
    pub id: ClientId,
    /// The provider tenant.
    pub tenant: Option<String>,
    /// Where its secret is.
    pub secret: Option<SecretReference>,
}

/// Where a secret is. Never the secret: it is resolved by apply, just before its first write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretReference {
    /// The place.
    pub source: SecretSource,
    /// A label that says which version is meant; changing it is how a rotation is declared.
    pub version: Option<String>,
}

/// A place that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; white space at its end is not part of the secret.
    File(String),
}

impl SecretReference {
    /// Returns the name under which the platform, the plan and the digest know the secret.
    #[must_use]
    pub fn label(&self) -> SecretLabel {
        SecretLabel(self.to_string())
    }
}

impl SecretReference {
    /// Reads a label back, so that a saved plan knows where its secrets are.
    #[must_use]
    pub fn parse(label: &SecretLabel) -> Option<Self> {
        let (kind, rest) = label.0.split_once(':')?;
        let (place, version) = match rest.split_once('@') {
            Some((place, version)) => (place, Some(unescape(version))),
            None => (rest, None),
        };
        let source = match kind {
            "env" => SecretSource::Env(unescape(place)),
            "file" => SecretSource::File(unescape(place)),
            _ => return None,
        };
        Some(Self { source, version })
    }
}

/// `@` parts place and version, so in either of them it is escaped.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('@', "%40")
}

fn unescape(text: &str) -> String {
    text.replace("%40", "@").replace("%25", "%")
}

impl fmt::Display for SecretSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(out, "env:{}", escape(name)),
            Self::File(path) => write!(out, "file:{}", escape(path)),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(out)?;
        match &self.version {
            Some(version) => write!(out, "@{}", escape(version)),
            None => Ok(()),
        }
    }
}

/// A list of fixed scopes (case 30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredList {
    /// The platform's recommended scopes, resolved and printed at plan time.
    Recommended,
    /// Exactly these.
    Exactly(ScopeSet),
}

/// A reviewed claim that a narrower scope is enough: `Files.Read` for `Files.Read.All` in `download_file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitute {
    /// The scope that is requested instead.
    pub scope: Scope,
    /// The declared scopes that it stands in for.
    pub stands_for: ScopeSet,
    /// The actions it was reviewed for.
    pub actions: BTreeSet<ActionKey>,
    /// Why it is enough.
    pub reason: String,
    /// The last day on which the claim holds.
    pub until: Option<Date>,
}

impl Substitute {
    /// Returns whether the claim still holds on `today`: `until` is inclusive (SEMANTICS section 4).
    #[must_use]
    pub fn holds_on(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_where_the_secret_is_and_reads_back() {
        for (source, version, label) in [
            (SecretSource::Env("KEY".into()), None, "env:KEY"),
            (
                SecretSource::File("/run/a@b%40".into()),
                Some("2026-10"),
                "file:/run/a%40b%2540@2026-10",
            ),
            (SecretSource::File("x:y".into()), Some("v@2"), "file:x:y@v%402"),
        ] {
            let reference = SecretReference { source, version: version.map(str::to_owned) };
            assert_eq!(reference.label().0, label);
            assert_eq!(SecretReference::parse(&reference.label()), Some(reference));
        }
        assert_eq!(SecretReference::parse(&SecretLabel("hunter2".into())), None);
    }
}
