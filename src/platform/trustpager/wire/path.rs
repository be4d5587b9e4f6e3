//! Every path of the TrustPager control plane.

pub use crate::platform::wire::path::{UnsafeSegment, encode, fill};

/// The vendor's catalogue.
pub const CATALOG: &str = "/trustpager/v1/workspaces/{workspace}/catalog";
/// All OAuth clients.
pub const CLIENTS: &str = "/trustpager/v1/workspaces/{workspace}/oauth-clients";
/// Where an integration registers.
pub const REGISTER: &str = "/trustpager/v1/workspaces/{workspace}/oauth-clients/register";
/// The ceiling of an OAuth client.
pub const CLIENT_ACCESS: &str =
    "/trustpager/v1/workspaces/{workspace}/oauth-clients/{client}/access";
/// Where a user authorises an OAuth client.
pub const AUTHORIZE: &str =
    "/trustpager/v1/workspaces/{workspace}/oauth-clients/{client}/authorize";
/// The end of one token.
pub const REVOKE_TOKEN: &str =
    "/trustpager/v1/workspaces/{workspace}/oauth-clients/{client}/tokens/{token}/revoke";
/// All API keys.
pub const KEYS: &str = "/trustpager/v1/workspaces/{workspace}/api-keys";
/// What an API key may do.
pub const KEY_ACCESS: &str = "/trustpager/v1/workspaces/{workspace}/api-keys/{key}/access";
/// A new value for an API key.
pub const ROTATE_KEY: &str = "/trustpager/v1/workspaces/{workspace}/api-keys/{key}/rotate";
/// The end of an API key.
pub const REVOKE_KEY: &str = "/trustpager/v1/workspaces/{workspace}/api-keys/{key}/revoke";
/// All users.
pub const USERS: &str = "/trustpager/v1/workspaces/{workspace}/users";
/// One user.
pub const USER: &str = "/trustpager/v1/workspaces/{workspace}/users/{user}";
/// A user's company role.
pub const USER_ROLE: &str = "/trustpager/v1/workspaces/{workspace}/users/{user}/role";
/// All groups.
pub const GROUPS: &str = "/trustpager/v1/workspaces/{workspace}/groups";
/// Portal tokens of users.
pub const SESSIONS: &str = "/trustpager/v1/workspaces/{workspace}/sessions";
/// The audit log.
pub const AUDIT: &str = "/trustpager/v1/workspaces/{workspace}/audit";
/// The approval queue.
pub const APPROVALS: &str = "/trustpager/v1/workspaces/{workspace}/approvals";
/// One queued call.
pub const APPROVAL: &str = "/trustpager/v1/workspaces/{workspace}/approvals/{approval}";
/// Lets a queued call happen.
pub const APPROVE: &str = "/trustpager/v1/workspaces/{workspace}/approvals/{approval}/approve";
/// Refuses a queued call.
pub const REJECT: &str = "/trustpager/v1/workspaces/{workspace}/approvals/{approval}/reject";
/// Hands a queued call to somebody.
pub const ASSIGN: &str = "/trustpager/v1/workspaces/{workspace}/approvals/{approval}/assign";
/// A resource: `GET` reads, `POST` writes, `DELETE` deletes. The token says which workspace.
pub const RESOURCE: &str = "/trustpager/v1/resources/{resource}";
/// Any other verb of a resource: `send`, `use`, `initiate`, ...
pub const RESOURCE_VERB: &str = "/trustpager/v1/resources/{resource}/{verb}";
/// The description of all of this.
pub const OPENAPI: &str = "/trustpager/openapi.json";
