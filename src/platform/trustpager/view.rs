//! What a reviewer of access sees of a workspace, as inert values: clients with their ceilings, tokens with what they may
//! really do, keys, and what asks for a decision.
//!
//! Source: seed *Tab 1*, *Tab 2*, *How scopes interact with user permissions*. Computed from a snapshot and a date alone;
//! `render/status/trustpager.rs` prints it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::machine::{Side, effective, key_may, token_may, verb_decided_by};
use super::name::{ClientName, KeyName, ResourceKey, RoleKey, Tier, Verb};
use super::state::{
    AccessList, Caller, KeyGrants, LiveClient, LiveKey, QueuedItem, Snapshot, Token,
};
use crate::model::{Reach as _, ScopeSet};

/// After so many days without use a token or key is pointed out.
pub const IDLE_DAYS: i64 = 90;

/// One OAuth client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Which client.
    pub client: ClientName,
    /// What it may ask for, per resource in key order.
    pub ceiling: Vec<CeilingRow>,
    /// Scope values that no published list knows.
    pub unknown: ScopeSet,
    /// Its active tokens, by user and id.
    pub tokens: Vec<TokenRow>,
    /// Its calls that wait for approval.
    pub waiting: Waiting,
}

/// One resource of a ceiling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CeilingRow {
    /// Which resource.
    pub resource: ResourceKey,
    /// The tier.
    pub tier: Tier,
    /// The tier of a newly registered client.
    pub default_tier: Tier,
    /// Verbs outside the ladder.
    pub verbs: BTreeSet<Verb>,
    /// Against what a newly registered client has, verbs included.
    pub against: Against,
    /// What is more than that and what is less, in words.
    pub words: Vec<String>,
}

/// How something stands against the default policy of a newly registered client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// As much.
    Same,
    /// More, or both more and less.
    Wider,
    /// Less.
    Narrower,
}

/// One active token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// What the platform tells of it.
    pub token: Token,
    /// The role of its user now; `None` when the user has none any more.
    pub role: Option<RoleKey>,
    /// Days since it was last used, or issued when it never was.
    pub idle_days: i64,
    /// What it may do, per resource in key order.
    pub effective: Vec<EffectiveRow>,
}

/// What a token may do with one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveRow {
    /// Which resource.
    pub resource: ResourceKey,
    /// The tier that counts.
    pub tier: Tier,
    /// The client's tier.
    pub client: Tier,
    /// The widest tier that the role allows.
    pub role: Option<Tier>,
    /// Which of the two is the narrower.
    pub decided_by: Side,
    /// Verbs outside the ladder that client and role allow.
    pub verbs: BTreeSet<Verb>,
}

/// One API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Which key.
    pub key: KeyName,
    /// Its first characters.
    pub prefix: String,
    /// What it may do.
    pub grants: KeyGrants,
    /// When it was last used.
    pub last_used: Option<Date>,
    /// Days since it was last used; `None` when it never was, since nobody tells when a key was made.
    pub idle_days: Option<i64>,
    /// How many calls it has made.
    pub requests: u64,
    /// Its calls that wait for approval.
    pub waiting: Waiting,
}

/// Calls that wait for approval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// All of them.
    pub all: usize,
    /// Those that an approval could no longer execute (case 62).
    pub stuck: usize,
}

/// Something that asks for a decision, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// A stable kebab-case name.
    pub code: &'static str,
    /// What it is about: a token's id, a key's or a client's name.
    pub about: String,
    /// What is the matter.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Returns every client, in name order.
#[must_use]
pub fn views(snapshot: &Snapshot, today: Date) -> Vec<View> {
    snapshot.clients.iter().map(|(name, live)| view(name, live, snapshot, today)).collect()
}

fn view(name: &ClientName, live: &LiveClient, snapshot: &Snapshot, today: Date) -> View {
    let catalog = &snapshot.catalog;
    let list = live.state.access.under_present_names(catalog);
    let mut tokens: Vec<TokenRow> = live
        .state
        .tokens
        .values()
        .map(|token| TokenRow {
            role: snapshot.users.get(&token.user).cloned(),
            idle_days: token.idle_days(today),
            effective: of_token(&list, token, snapshot),
            token: token.clone(),
        })
        .collect();
    tokens.sort_by(|a, b| (&a.token.user, &a.token.id).cmp(&(&b.token.user, &b.token.id)));
    let may = |item: &QueuedItem| match &item.caller {
        Caller::Token { client, token } if client == name => Some({
            let role = live.state.tokens.get(token).and_then(|own| snapshot.users.get(&own.user));
            let resource = catalog.resource(&item.resource);
            live.state.tokens.contains_key(token)
                && resource.is_some_and(|resource| {
                    token_may(catalog, &list, resource, role, &item.verb).is_some()
                })
        }),
        Caller::Token { .. } | Caller::Key(_) => None,
    };
    View {
        client: name.clone(),
        ceiling: ceiling(&list, snapshot),
        unknown: list.unknown.clone(),
        tokens,
        waiting: waiting(&snapshot.queue, may),
    }
}

/// Counts the calls of one caller; `may` says whether one could be executed, or nothing when it is of somebody else.
fn waiting(queue: &[QueuedItem], may: impl Fn(&QueuedItem) -> Option<bool>) -> Waiting {
    let own: Vec<bool> = queue.iter().filter_map(may).collect();
    Waiting { all: own.len(), stuck: own.iter().filter(|may| !**may).count() }
}

fn ceiling(list: &AccessList, snapshot: &Snapshot) -> Vec<CeilingRow> {
    let catalog = &snapshot.catalog;
    let standard = AccessList::platform_default(catalog);
    let row = |resource: &super::catalog::Resource| {
        let (usual, own) = (standard.all(catalog, resource), list.all(catalog, resource));
        let (widens, narrows) = usual.words(&own);
        let first = resource.tiers.first().map_or(&resource.default_tier, |one| &one.tier);
        CeilingRow {
            resource: resource.key.clone(),
            tier: list.tiers.get(&resource.key).unwrap_or(first).clone(),
            default_tier: resource.default_tier.clone(),
            verbs: list.verbs.get(&resource.key).cloned().unwrap_or_default(),
            against: match (own.within(&usual), usual.within(&own)) {
                (true, true) => Against::Same,
                (true, false) => Against::Narrower,
                (false, _) => Against::Wider,
            },
            words: widens.into_iter().chain(narrows).collect(),
        }
    };
    catalog.resources.values().map(row).collect()
}

fn of_token(list: &AccessList, token: &Token, snapshot: &Snapshot) -> Vec<EffectiveRow> {
    let catalog = &snapshot.catalog;
    let role = snapshot.users.get(&token.user);
    let row = |resource: &super::catalog::Resource| {
        let got = effective(catalog, list, resource, role);
        let allowed = |verb: &&Verb| verb_decided_by(catalog, list, resource, role, verb).0;
        EffectiveRow {
            resource: resource.key.clone(),
            tier: got.tier,
            client: got.client,
            role: got.role,
            decided_by: got.decided_by,
            verbs: resource.extra_verbs.keys().filter(allowed).cloned().collect(),
        }
    };
    catalog.resources.values().map(row).collect()
}

/// Returns every API key, in name order.
#[must_use]
pub fn keys(snapshot: &Snapshot, today: Date) -> Vec<KeyRow> {
    snapshot.keys.iter().map(|(name, live)| key(name, live, snapshot, today)).collect()
}

fn key(name: &KeyName, live: &LiveKey, snapshot: &Snapshot, today: Date) -> KeyRow {
    let grants = live.grants.under_present_names(&snapshot.catalog);
    let may = |item: &QueuedItem| match &item.caller {
        Caller::Key(key) if key == name => Some({
            let resource = snapshot.catalog.resource(&item.resource);
            resource.is_some_and(|resource| {
                key_may(&snapshot.catalog, &grants, resource, &item.verb).is_some()
            })
        }),
        Caller::Key(_) | Caller::Token { .. } => None,
    };
    KeyRow {
        key: name.clone(),
        prefix: live.prefix.clone(),
        last_used: live.last_used,
        idle_days: live.last_used.map(|date| super::state::days_between(date, today)),
        requests: live.requests,
        waiting: waiting(&snapshot.queue, may),
        grants,
    }
}

impl View {
    /// Returns what about the client asks for a decision.
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let about = |code, about: &str, what: String, help: String| Advice {
            code,
            about: about.to_owned(),
            what,
            help,
        };
        let mut advice = Vec::new();
        for row in &self.tokens {
            let (id, user) = (row.token.id.as_str(), row.token.user.as_str());
            let revoke = format!("`scopeform tokens revoke {id} --reason TEXT`");
            if row.role.is_none() {
                let what = format!("the token of {user}, who has no role in this workspace");
                advice.push(about("holder-without-role", id, what, format!("{revoke} ends it")));
            } else if row.idle_days > IDLE_DAYS {
                let what = match row.token.last_used {
                    Some(_) => {
                        format!("the token of {user} was not used for {} days", row.idle_days)
                    }
                    None => format!(
                        "the token of {user} was not used since it was issued {} days ago",
                        row.idle_days
                    ),
                };
                let help =
                    format!("{revoke} ends it; `max_idle` in the files ends every such token");
                advice.push(about("idle", id, what, help));
            }
        }
        for scope in &self.unknown {
            let what = format!("the client holds `{scope}`, which no published list knows");
            let help = "look it up in the portal".to_owned();
            advice.push(about("unknown-scope", self.client.as_str(), what, help));
        }
        advice.extend(self.waiting.advice(self.client.as_str()));
        advice
    }
}

impl KeyRow {
    /// Returns what about the key asks for a decision.
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let name = self.key.as_str();
        let mut advice = Vec::new();
        if self.grants == KeyGrants::FullAccess {
            advice.push(Advice {
                code: "full-access-key",
                about: name.to_owned(),
                what: "the key may do everything, approving and rejecting included".to_owned(),
                help: "declare it with `resources` instead".to_owned(),
            });
        }
        if let Some(days) = self.idle_days.filter(|days| *days > IDLE_DAYS) {
            advice.push(Advice {
                code: "idle",
                about: name.to_owned(),
                what: format!("the key was not used for {days} days"),
                help: "declare it with `revoke: REASON`".to_owned(),
            });
        }
        advice.extend(self.waiting.advice(name));
        advice
    }
}

impl Waiting {
    fn advice(self, about: &str) -> Option<Advice> {
        let calls = crate::plan::count(self.stuck, "queued call", "queued calls");
        (self.stuck > 0).then(|| Advice {
            code: "queued-calls-stuck",
            about: about.to_owned(),
            what: format!("{calls} can no longer be executed when approved"),
            help: "reject what waits in the portal, or widen the tier".to_owned(),
        })
    }
}
