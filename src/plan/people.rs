//! Whom a plan reaches: people who must reconnect and what they still hold, and holders of tokens that change at once.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Address, Scope};

/// Who must reconnect one integration before everything they are allowed to run does run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeopleEffect {
    /// The integration.
    pub unit: Address,
    /// Users who must reconnect after the plan, in byte order.
    pub must_reconnect: Vec<String>,
    /// Those of them who already had to before it: no plan asks them anew.
    pub already: BTreeSet<String>,
    /// Why those must who had not to, or why every connection is made anew.
    pub reason: ReconnectReason,
    /// Users whose grant still holds a scope that the plan removes, until they reconnect or their token expires.
    pub still_hold: Vec<StillHolds>,
    /// All users with a connection.
    pub connected: usize,
}

impl PeopleEffect {
    /// Iterates the users who must reconnect and had not to before the plan, in byte order.
    pub fn newly(&self) -> impl Iterator<Item = &str> {
        let new = self.must_reconnect.iter().filter(|user| !self.already.contains(*user));
        new.map(String::as_str)
    }
}

/// What a save does to the active tokens of one client, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenEffect {
    /// The client.
    pub unit: Address,
    /// How many active tokens are re-resolved.
    pub re_resolved: usize,
    /// Holders for whom something changes, by token.
    pub changed: Vec<TokenChange>,
    /// Holders for whom nothing changes although the ceiling does, and why.
    pub unchanged: Vec<TokenUnchanged>,
    /// Queued calls that could no longer be executed if they were approved.
    pub queued_affected: usize,
}

/// What changes for the holder of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenChange {
    /// The holder.
    pub user: String,
    /// The holder's current role.
    pub role: String,
    /// How people recognise the token.
    pub token: String,
    /// One line per resource, such as `email: send_with_approval -> send_automatically`.
    pub what: Vec<String>,
    /// Whether something that the token may do before, at once or after an approval, is refused after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuses: bool,
}

/// A holder for whom nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenUnchanged {
    /// The holder.
    pub user: String,
    /// How people recognise the token.
    pub token: String,
    /// Why: such as `role read_only_viewer allows no more than read on email`.
    pub why: String,
}

/// Why people must reconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReconnectReason {
    /// Nobody must.
    Nobody,
    /// Something they may run needs a scope that they have not granted.
    NewScopes,
    /// The OAuth client changes, so every connection is made anew (case 34).
    NewClient,
}

/// A removed scope and those who still hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StillHolds {
    /// The scope that is no longer requested.
    pub scope: Scope,
    /// Users whose grant holds it, in byte order.
    pub users: Vec<String>,
}
