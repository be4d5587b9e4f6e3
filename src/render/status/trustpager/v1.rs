//! Version 1 of the status document of TrustPager.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::model::WorkspaceId;
use crate::platform::trustpager::machine::Side;
use crate::platform::trustpager::state::KeyGrants;
use crate::platform::trustpager::view::{
    self, Against, CeilingRow, EffectiveRow, KeyRow, TokenRow, View, Waiting,
};

/// Returns the JSON Schema (2020-12) of the status document.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Status);
    schema.insert("title".to_owned(), Value::from("scopeform status of TrustPager"));
    schema.to_value()
}

/// The live state of OAuth clients and API keys.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// Version of this document: readers refuse another major version.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    format_version: &'static str,
    tool_version: &'static str,
    platform: &'static str,
    workspace: String,
    /// After so many days without use a token or key is pointed out.
    idle_after_days: i64,
    oauth_clients: Vec<Client>,
    api_keys: Vec<Key>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Client {
    client: String,
    /// What the integration may ask for.
    resources: Vec<Ceiling>,
    /// Scope values that no published list knows.
    unknown_scopes: Vec<String>,
    tokens: Vec<Token>,
    queued: Queued,
    attention: Vec<Attention>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Ceiling {
    resource: String,
    tier: String,
    /// The tier of a newly registered client.
    default_tier: String,
    verbs: Vec<String>,
    against_default: AgainstV1,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AgainstV1 {
    Same,
    /// More, or both more and less.
    Wider,
    Narrower,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Token {
    id: String,
    /// Prefix and suffix.
    token: String,
    user: String,
    /// The role that counts; null when the user has none any more.
    role: Option<String>,
    role_at_authorisation: String,
    issued: String,
    last_used: Option<String>,
    /// Days since it was last used, or issued when it never was.
    idle_days: i64,
    requests: u64,
    /// What it may do.
    effective: Vec<Effective>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Effective {
    resource: String,
    tier: String,
    client_tier: String,
    role_tier: Option<String>,
    decided_by: SideV1,
    verbs: Vec<String>,
}

/// Which side is the narrower.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SideV1 {
    Client,
    Role,
    Both,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Key {
    key: String,
    prefix: String,
    full_access: bool,
    /// Tier by resource; what is absent has no access. Empty with full access.
    resources: BTreeMap<String, String>,
    verbs: BTreeMap<String, Vec<String>>,
    last_used: Option<String>,
    idle_days: Option<i64>,
    requests: u64,
    queued: Queued,
    attention: Vec<Attention>,
}

/// Calls that wait for approval.
#[derive(Debug, Serialize, JsonSchema)]
struct Queued {
    calls: usize,
    /// Those that an approval could no longer execute.
    no_longer_executable: usize,
}

/// Something that asks for a decision.
#[derive(Debug, Serialize, JsonSchema)]
struct Attention {
    /// Stable name.
    code: &'static str,
    about: String,
    message: String,
    help: String,
}

pub(super) fn status(workspace: &WorkspaceId, views: &[View], keys: &[KeyRow]) -> Status {
    Status {
        format_version: "1.0",
        tool_version: env!("CARGO_PKG_VERSION"),
        platform: crate::platform::Kind::Trustpager.name(),
        workspace: workspace.to_string(),
        idle_after_days: view::IDLE_DAYS,
        oauth_clients: views.iter().map(client).collect(),
        api_keys: keys.iter().map(key).collect(),
    }
}

fn client(view: &View) -> Client {
    let View { client, ceiling: rows, unknown, tokens, waiting } = view;
    Client {
        client: client.to_string(),
        resources: rows.iter().map(ceiling).collect(),
        unknown_scopes: unknown.iter().map(ToString::to_string).collect(),
        tokens: tokens.iter().map(token).collect(),
        queued: queued(*waiting),
        attention: attention(view.advice()),
    }
}

fn ceiling(row: &CeilingRow) -> Ceiling {
    let CeilingRow { resource, tier, default_tier, verbs, against, words: _ } = row;
    Ceiling {
        resource: resource.to_string(),
        tier: tier.to_string(),
        default_tier: default_tier.to_string(),
        verbs: verbs.iter().map(ToString::to_string).collect(),
        against_default: match against {
            Against::Same => AgainstV1::Same,
            Against::Wider => AgainstV1::Wider,
            Against::Narrower => AgainstV1::Narrower,
        },
    }
}

fn token(row: &TokenRow) -> Token {
    let TokenRow { token, role, idle_days, effective: rows } = row;
    Token {
        id: token.id.to_string(),
        token: token.display(),
        user: token.user.to_string(),
        role: role.as_ref().map(ToString::to_string),
        role_at_authorisation: token.role_at_authorisation.to_string(),
        issued: token.issued.to_string(),
        last_used: token.last_used.map(|date| date.to_string()),
        idle_days: *idle_days,
        requests: token.requests,
        effective: rows.iter().map(effective).collect(),
    }
}

fn effective(row: &EffectiveRow) -> Effective {
    let EffectiveRow { resource, tier, client, role, decided_by, verbs } = row;
    Effective {
        resource: resource.to_string(),
        tier: tier.to_string(),
        client_tier: client.to_string(),
        role_tier: role.as_ref().map(ToString::to_string),
        decided_by: match decided_by {
            Side::Client => SideV1::Client,
            Side::Role => SideV1::Role,
            Side::Both => SideV1::Both,
        },
        verbs: verbs.iter().map(ToString::to_string).collect(),
    }
}

fn key(row: &KeyRow) -> Key {
    let (mut resources, mut verbs) = (BTreeMap::new(), BTreeMap::new());
    if let KeyGrants::Custom(list) = &row.grants {
        for (resource, tier) in &list.tiers {
            resources.insert(resource.to_string(), tier.to_string());
        }
        for (resource, own) in &list.verbs {
            verbs.insert(resource.to_string(), own.iter().map(ToString::to_string).collect());
        }
    }
    Key {
        key: row.key.to_string(),
        prefix: row.prefix.clone(),
        full_access: row.grants == KeyGrants::FullAccess,
        resources,
        verbs,
        last_used: row.last_used.map(|date| date.to_string()),
        idle_days: row.idle_days,
        requests: row.requests,
        queued: queued(row.waiting),
        attention: attention(row.advice()),
    }
}

const fn queued(waiting: Waiting) -> Queued {
    Queued { calls: waiting.all, no_longer_executable: waiting.stuck }
}

fn attention(advice: Vec<view::Advice>) -> Vec<Attention> {
    advice
        .into_iter()
        .map(|one| Attention {
            code: one.code,
            about: one.about,
            message: one.what,
            help: one.help,
        })
        .collect()
}
