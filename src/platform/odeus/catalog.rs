//! Facts of the platform that an admin cannot change: integrations, actions, the scopes each declares.
//!
//! Source: seed *How scopes control actions*, *Native actions*; facts.md 1.1, 1.3 and 2. A catalogue file is
//! the vendor's text: [`Integration`] is what is left once it has been read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{ActionKey, IntegrationKey, Scope, ScopeSet};

/// One integration built by the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Integration {
    /// Stable key, such as `outlook-calendar`.
    pub key: IntegrationKey,
    /// Title for people.
    pub name: String,
    /// Which scope facts apply, such as `microsoft`.
    pub provider: String,
    /// How users connect.
    pub auth: Auth,
    /// Whether the vendor offers its own OAuth client, so that managed mode is legal.
    pub managed_client: bool,
    /// Whether the vendor lets admins manage scopes for this integration yet (facts.md 1.9).
    pub scope_management: bool,
    /// Requested for every connection, whatever the actions (case 7: they differ per integration).
    pub base_scopes: ScopeSet,
    /// What can be called, by key.
    pub actions: BTreeMap<ActionKey, Action>,
}

impl Integration {
    /// Returns the scopes of every action, native ones included, and the base scopes: what the platform recommends for
    /// a fixed list, and what it is assumed to request where scopes cannot be managed yet.
    #[must_use]
    pub fn recommended_scopes(&self) -> ScopeSet {
        let mut all = self.base_scopes.clone();
        for action in self.actions.values() {
            all.extend_from(&action.required_scopes);
        }
        all
    }

    /// Returns an action by its key or, where no action has it now, by a key that it used to have (case 26).
    #[must_use]
    pub fn find(&self, key: &ActionKey) -> Option<&Action> {
        let renamed = || self.actions.values().find(|action| action.renamed_from.contains(key));
        self.actions.get(key).or_else(renamed)
    }

    /// Iterates the earlier keys of an action, without those that another action has now: such a name means the other.
    pub fn earlier<'a>(&'a self, action: &'a Action) -> impl Iterator<Item = &'a ActionKey> {
        action.renamed_from.iter().filter(|old| !self.actions.contains_key(*old))
    }

    /// Returns the scopes that native actions declare.
    #[must_use]
    pub fn native_scopes(&self) -> ScopeSet {
        let natives = self.actions.values().filter(|a| a.native);
        natives.flat_map(|a| a.required_scopes.iter().cloned()).collect()
    }

    /// Returns the first scope that still holds a placeholder such as `{organization-url}` (case 18).
    #[must_use]
    pub fn templated_scope(&self) -> Option<&Scope> {
        self.actions
            .values()
            .flat_map(|action| action.required_scopes.iter())
            .find(|scope| scope.placeholder().is_some())
    }
}

/// How users connect an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// OAuth 2.0: scopes exist.
    Oauth,
    /// A key pasted by an admin: no scopes (case 52).
    ApiKey,
    /// No credentials at all (case 52).
    None,
}

/// One callable operation, or a polling trigger, which holds scopes in the same way (facts.md 1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// Stable key, unique in the integration.
    pub key: ActionKey,
    /// Title for people.
    pub name: String,
    /// What it does, in the vendor's words; may be empty.
    #[serde(default)]
    pub description: String,
    /// Action or trigger.
    #[serde(default)]
    pub kind: ActionKind,
    /// All of them are needed.
    pub required_scopes: ScopeSet,
    /// Always on, no switch.
    #[serde(default)]
    pub native: bool,
    /// The platform features that a native action serves.
    #[serde(default)]
    pub features: BTreeSet<Feature>,
    /// Scopes whose absence narrows the action but does not stop it at the provider. Advice only.
    #[serde(default)]
    pub degraded_without: ScopeSet,
    /// Earlier keys of the same action, so that a rename is not a removal and an addition (case 26).
    #[serde(default)]
    pub renamed_from: BTreeSet<ActionKey>,
}

/// What sort of row of the catalogue an action is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Called on demand.
    #[default]
    Action,
    /// Polls and starts a workflow.
    Trigger,
}

/// A platform feature powered by native actions (seed, *Native actions*).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// File attachments from integrations in chat and agents.
    FileAttachments,
    /// Folder syncing.
    FolderSync,
    /// Company knowledge.
    CompanyKnowledge,
    /// Access checks for synchronized attachments from integrations.
    AttachmentAccessChecks,
    /// Resolving ids to resource names in action calls and workflows.
    IdResolution,
}

impl Feature {
    /// Returns the feature in the words of the seed.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::FileAttachments => "file attachments in chat and agents",
            Self::FolderSync => "folder syncing",
            Self::CompanyKnowledge => "company knowledge",
            Self::AttachmentAccessChecks => "access checks for synchronized attachments",
            Self::IdResolution => "resolving ids to names in action calls and workflows",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.title())
    }
}
