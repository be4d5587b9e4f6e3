//! The protocol of the TrustPager control plane: every request, every answer and every path, shared by server and client.
//!
//! Base path `/trustpager/v1`. Four surfaces: admins read and write a workspace; integrations register and users
//! authorise them; tokens and API keys call resources; people (and full-access keys) settle the queue. Source: seed
//! *How to Edit OAuth Client Scopes*, facts.md 3.2 to 3.4. A write names the ETag that it was decided on (`If-Match`);
//! one that moves scope values confirms exactly what it adds and removes:
//!
//! ```text
//! PUT /trustpager/v1/workspaces/acme/oauth-clients/Claude%20Connection/access
//! If-Match: "5d1c-7"
//! {"access": {"tiers": {...}}, "confirm": {"add": ["email:send"], "remove": ["email:send-approval"]}}
//! ```

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::{ClientName, KeyName, ResourceKey, RoleKey, TokenId, Verb};
use super::state::{AccessList, ClientState, KeyGrants, QueuedItem, Token};
use crate::model::{ScopeDelta, ScopeSet, UserId};

mod error;
pub mod path;

pub use crate::platform::wire::{
    ActorType, AuditEntry, GroupResource, MintToken, MintedToken, Page, SecretText,
};
pub use error::{Code, ErrorAnswer, ErrorDetail};

/// How many items a page holds when nobody says.
pub const DEFAULT_PAGE: u32 = 25;
/// How many items a page may hold.
pub const MAX_PAGE: u32 = 100;
/// How many calls a token or key may make per minute.
pub const CALLS_PER_MINUTE: u32 = 60;
/// How long a queued call waits when nobody says: 7 days.
pub const DEFAULT_EXPIRY_SECONDS: u32 = 7 * 24 * 60 * 60;

/// One OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientResource {
    /// Its name.
    pub name: ClientName,
    /// The ceiling and the active tokens.
    pub state: ClientState,
    /// The scope values that stand for the ceiling, those that the catalogue does not know included.
    pub scopes: ScopeSet,
    /// What `If-Match` must say to change the client or revoke one of its tokens. Calls do not move it.
    pub etag: String,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserResource {
    /// E-mail address.
    pub user: UserId,
    /// Current company role.
    pub role: RoleKey,
    /// What `If-Match` must say to change the role or remove the user.
    pub etag: String,
}

/// One API key. Its value is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyResource {
    /// Its name.
    pub name: KeyName,
    /// What it may do.
    pub grants: KeyGrants,
    /// First characters, for recognising it.
    pub prefix: String,
    /// When it was last used (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_used: Option<Date>,
    /// How many calls it has made.
    #[serde(default)]
    pub requests: u64,
    /// What `If-Match` must say to change, rotate or revoke it. Calls do not move it.
    pub etag: String,
}

/// What a write is confirmed to do. Compared as sets with what it does *now*.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Scope values that are added.
    #[serde(default)]
    pub add: ScopeSet,
    /// Scope values that are removed.
    #[serde(default)]
    pub remove: ScopeSet,
}

impl Confirm {
    /// Returns the confirmation of exactly this.
    #[must_use]
    pub fn of(scopes: &ScopeDelta) -> Self {
        Self { add: scopes.add.clone(), remove: scopes.remove.clone() }
    }
}

/// What a write did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriteEffect {
    /// Scope values added and removed.
    pub scopes: ScopeDelta,
}

/// `PUT oauth-clients/{name}/access`: the whole ceiling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetClientAccess {
    /// The new ceiling. Scope values that the platform has stored and nobody knows stay, whether listed or not.
    pub access: AccessList,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// The answer to a write to an OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientWritten {
    /// What the write did.
    pub effect: WriteEffect,
    /// How many active tokens have a new ceiling from now on.
    pub tokens_re_resolved: u64,
    /// The client as it is now, with its new ETag.
    pub client: ClientResource,
}

/// A reason for the audit log: `POST .../revoke`, `POST .../reject`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST api-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// Its name.
    pub name: KeyName,
    /// What it may do.
    pub grants: KeyGrants,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// `PUT api-keys/{name}/access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetKeyAccess {
    /// What it may do from now on.
    pub grants: KeyGrants,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// The answer to creating or rotating an API key. The only time that anybody sees the value: the platform keeps a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyIssued {
    /// What the write did.
    pub effect: WriteEffect,
    /// The key's value.
    pub value: SecretText,
    /// The key as it is now, with its new ETag.
    pub key: KeyResource,
}

/// The answer to changing an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyWritten {
    /// What the write did.
    pub effect: WriteEffect,
    /// The key as it is now, with its new ETag.
    pub key: KeyResource,
}

/// The answer to revoking an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRevoked {
    /// What the write did.
    pub effect: WriteEffect,
    /// Which key is gone.
    pub key: KeyName,
}

/// `PATCH users/{user}/role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    /// The new role. It decides from the next call on, also for tokens that exist (case 61).
    pub role: RoleKey,
}

/// The answer to removing a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRemoved {
    /// Who is gone.
    pub user: UserId,
    /// How many of their tokens ended with that.
    pub tokens_ended: u64,
}

/// `POST oauth-clients/register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The new client's name. Its ceiling is the default policy.
    pub name: ClientName,
}

/// The answer to authorising an OAuth client. The only time that anybody sees the token: the platform keeps a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Authorized {
    /// The token.
    pub value: SecretText,
    /// What is known about it from now on.
    pub token: Token,
}

/// The answer to revoking a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoked {
    /// Which token is gone.
    pub token: TokenId,
    /// What the write did to the ceiling: never anything.
    pub effect: WriteEffect,
    /// The client as it is now, with its new ETag.
    pub client: ClientResource,
}

/// A call of a resource; the body may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What it is about, for people who approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// What it says. Stored with a queued call, otherwise not looked at: what is behind a resource is not simulated.
    #[serde(default)]
    pub request_body: serde_json::Value,
    /// How long it may wait for approval; 7 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// Whether what is behind the resource works.
    #[serde(default)]
    pub backend: Backend,
}

/// Whether what is behind a resource works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// It does.
    #[default]
    Works,
    /// It fails, so that a failed execution can be seen.
    Fails,
}

/// The answer to a call of a resource: 200 when it was done, 202 when it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallAnswer {
    /// On what.
    pub resource: ResourceKey,
    /// What was called.
    pub verb: Verb,
    /// What became of it.
    pub outcome: CallOutcome,
    /// With 202: the queued call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// It was carried out.
    Executed,
    /// It waits for a person.
    Queued,
}

/// Where a queued call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits.
    Pending,
    /// Somebody allowed it. Whether it then worked says [`Execution`].
    Approved,
    /// Somebody refused it.
    Rejected,
    /// Nobody settled it in time.
    Expired,
}

impl Status {
    /// Every status.
    pub const ALL: &'static [Self] =
        &[Self::Pending, Self::Approved, Self::Rejected, Self::Expired];

    /// Returns its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// What became of an approved call. Approved is not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// It was carried out.
    Succeeded,
    /// It was allowed and did not work.
    Failed,
}

/// One queued call (facts.md 3.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalResource {
    /// Whose call of what.
    pub item: QueuedItem,
    /// The call itself.
    pub call: Call,
    /// Where it stands.
    pub status: Status,
    /// With `approved`: whether it then worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_status: Option<Execution>,
    /// When it was queued, UTC.
    pub created_at: String,
    /// When it expires, UTC.
    pub expires_at: String,
    /// Who is to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// When it was settled, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<String>,
    /// Who settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
    /// With `rejected`: the reason given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST approvals/{id}/assign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// Who is to look at it.
    pub user: UserId,
}
