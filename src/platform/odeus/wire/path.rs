//! Every path of the Odeus control plane.

pub use crate::platform::wire::path::{UnsafeSegment, encode, fill};

/// The vendor's catalogue of one integration.
pub const CATALOG: &str = "/odeus/v1/catalog/{integration}";
/// The workspace and its switches.
pub const SETTINGS: &str = "/odeus/v1/workspaces/{workspace}/settings";
/// The switch for new actions.
pub const NEW_ACTIONS: &str = "/odeus/v1/workspaces/{workspace}/settings/new-actions-default";
/// All integrations.
pub const INTEGRATIONS: &str = "/odeus/v1/workspaces/{workspace}/integrations";
/// One integration.
pub const INTEGRATION: &str = "/odeus/v1/workspaces/{workspace}/integrations/{integration}";
/// Who may use an integration.
pub const ACCESS: &str = "/odeus/v1/workspaces/{workspace}/integrations/{integration}/access";
/// Who may run an action.
pub const ACTION_ACCESS: &str =
    "/odeus/v1/workspaces/{workspace}/integrations/{integration}/actions/{action}/access";
/// An integration's OAuth client.
pub const CLIENT: &str = "/odeus/v1/workspaces/{workspace}/integrations/{integration}/client";
/// The hand-written list of an integration's OAuth client.
pub const CLIENT_SCOPES: &str =
    "/odeus/v1/workspaces/{workspace}/integrations/{integration}/client/scopes";
/// Scopes that the vendor added.
pub const CONFIRM_PENDING: &str =
    "/odeus/v1/workspaces/{workspace}/integrations/{integration}/pending/confirm";
/// All users.
pub const USERS: &str = "/odeus/v1/workspaces/{workspace}/users";
/// One user.
pub const USER: &str = "/odeus/v1/workspaces/{workspace}/users/{user}";
/// All groups.
pub const GROUPS: &str = "/odeus/v1/workspaces/{workspace}/groups";
/// One group.
pub const GROUP: &str = "/odeus/v1/workspaces/{workspace}/groups/{group}";
/// Everybody's connections.
pub const CONNECTIONS: &str = "/odeus/v1/workspaces/{workspace}/connections";
/// The audit log.
pub const AUDIT: &str = "/odeus/v1/workspaces/{workspace}/audit";
/// Tokens of users.
pub const TOKENS: &str = "/odeus/v1/workspaces/{workspace}/tokens";
/// The caller's own connection to one integration.
pub const CONNECTION: &str =
    "/odeus/v1/workspaces/{workspace}/integrations/{integration}/connection";
/// The end of the access token of the caller's own connection.
pub const EXPIRE: &str =
    "/odeus/v1/workspaces/{workspace}/integrations/{integration}/connection/expire";
/// A call of an action.
pub const RUN: &str =
    "/odeus/v1/workspaces/{workspace}/integrations/{integration}/actions/{action}/run";
/// The description of all of this.
pub const OPENAPI: &str = "/openapi.json";
