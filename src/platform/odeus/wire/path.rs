//! Every path of the control plane, and how names become part of one.

use thiserror::Error;

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

/// A name that no path can hold: URL parsers fold `.` and `..` away, also when they are percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` cannot be part of a URL path")]
pub struct UnsafeSegment(String);

/// Returns `template` with its placeholders replaced by `names`, in order, percent-encoded.
///
/// # Errors
/// [`UnsafeSegment`] for the names `.` and `..`.
pub fn fill(template: &str, names: &[&str]) -> Result<String, UnsafeSegment> {
    let mut names = names.iter();
    let mut path = String::with_capacity(template.len());
    for segment in template.split('/').skip(1) {
        path.push('/');
        if !segment.starts_with('{') {
            path.push_str(segment);
            continue;
        }
        let name = names.next().copied().unwrap_or_default();
        if matches!(name, "" | "." | "..") {
            return Err(UnsafeSegment(name.to_owned()));
        }
        encode(name, &mut path);
    }
    Ok(path)
}

/// Appends `text` with everything percent-encoded that RFC 3986 does not call unreserved.
pub fn encode(text: &str, out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or('0');
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 0xF));
        }
    }
}
