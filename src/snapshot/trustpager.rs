//! Version 2 of a snapshot's content on TrustPager: every field chosen; people, OAuth clients and API keys as pseudonyms,
//! since integrations and keys are often named after whoever made them.
//!
//! | left out | because |
//! | --- | --- |
//! | how often a token or key was used, the role when it was authorised, when a key was used | no plan depends on it |
//! | the beginning of an API key | no plan shows it |
//! | ids of calls that wait | only their number counts |
//! | version tokens | a plan holds none |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::Names;
use super::pseudonym::{Book, Impostor, Known, Nameless, Pseudonym};
use crate::model::{GroupKey, WorkspaceId};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::desired::Desired;
use crate::platform::trustpager::name::{ResourceKey, RoleKey, TokenId, Verb};
use crate::platform::trustpager::state::{
    self, AccessList, ClientState, KeyGrants, LiveClient, LiveKey, QueuedItem, Snapshot,
};

/// What planning needs to know of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TrustpagerContent")]
pub struct Content {
    /// What the vendor publishes.
    pub catalog: Catalog,
    /// Users and their company role.
    pub users: BTreeMap<Pseudonym, RoleKey>,
    /// Groups and their members. Groups keep their names.
    pub groups: BTreeMap<GroupKey, BTreeSet<Pseudonym>>,
    /// OAuth clients.
    pub clients: BTreeMap<Pseudonym, Client>,
    /// API keys and what each may do.
    pub keys: BTreeMap<Pseudonym, KeyGrants>,
    /// Calls that wait for approval.
    pub queue: Vec<Waiting>,
}

/// An OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TrustpagerClient")]
pub struct Client {
    /// The ceiling.
    pub access: AccessList,
    /// Active tokens, by their id on the platform. An id is not the token.
    pub tokens: BTreeMap<TokenId, Token>,
}

/// An active token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TrustpagerToken")]
pub struct Token {
    /// Whose it is.
    pub user: Pseudonym,
    /// First characters, as the platform shows them.
    pub prefix: String,
    /// Last characters, as the platform shows them.
    pub suffix: String,
    /// When it was last used (UTC), or issued when it never was: for tokens that are idle too long.
    #[schemars(with = "String")]
    pub last_active: Date,
}

/// A call that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiting {
    /// Who made it.
    pub caller: Caller,
    /// What it acts on.
    pub resource: ResourceKey,
    /// What it does.
    pub verb: Verb,
}

/// Who made a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TrustpagerCaller")]
pub enum Caller {
    /// A token of an OAuth client.
    Token {
        /// The client.
        client: Pseudonym,
        /// The token's id.
        token: TokenId,
    },
    /// An API key.
    Key(Pseudonym),
}

/// Returns every name of the workspace that gets a pseudonym.
#[must_use]
pub fn names(snapshot: &Snapshot) -> Names {
    let mut names = Names {
        people: snapshot.users.keys().cloned().collect(),
        clients: snapshot.clients.keys().cloned().collect(),
        keys: snapshot.keys.keys().cloned().collect(),
        ..Names::default()
    };
    names.people.extend(snapshot.groups.values().flatten().cloned());
    let tokens = snapshot.clients.values().flat_map(|client| client.state.tokens.values());
    names.people.extend(tokens.map(|token| token.user.clone()));
    for item in &snapshot.queue {
        match &item.caller {
            state::Caller::Token { client, .. } => names.clients.insert(client.clone()),
            state::Caller::Key(key) => names.keys.insert(key.clone()),
        };
    }
    names
}

/// Returns every name that the files write.
#[must_use]
pub fn written(desired: &Desired) -> Names {
    let holders = desired.clients.values().filter_map(|client| client.tokens.holders.as_ref());
    Names {
        people: holders.flat_map(|holders| holders.users.iter().cloned()).collect(),
        clients: desired.clients.keys().cloned().collect(),
        keys: desired.keys.keys().cloned().collect(),
        ..Names::default()
    }
}

/// Returns what a snapshot file holds of the workspace.
///
/// # Errors
/// When the book lacks one of [`names`].
pub fn redact(snapshot: &Snapshot, book: &Book) -> Result<Content, Nameless> {
    let Snapshot { workspace: _, catalog, users, groups, clients, keys, queue, keys_revision: _ } =
        snapshot;
    let users = users.iter().map(|(user, role)| Ok((book.person(user)?, role.clone())));
    let groups = groups.iter().map(|(group, members)| {
        let members: Result<_, Nameless> = members.iter().map(|user| book.person(user)).collect();
        Ok((group.clone(), members?))
    });
    let clients = clients.iter().map(|(name, live)| {
        let LiveClient { state: ClientState { access, tokens }, revision: _ } = live;
        let tokens: Result<_, Nameless> = tokens
            .iter()
            .map(|(id, own)| {
                let state::Token {
                    id: _,
                    user,
                    role_at_authorisation: _,
                    prefix,
                    suffix,
                    issued,
                    last_used,
                    requests: _,
                } = own;
                let token = Token {
                    user: book.person(user)?,
                    prefix: prefix.clone(),
                    suffix: suffix.clone(),
                    last_active: last_used.unwrap_or(*issued),
                };
                Ok((id.clone(), token))
            })
            .collect();
        Ok((book.client(name)?, Client { access: access.clone(), tokens: tokens? }))
    });
    let keys = keys.iter().map(|(name, live)| {
        let LiveKey { grants, prefix: _, last_used: _, requests: _, revision: _ } = live;
        Ok((book.key(name)?, grants.clone()))
    });
    let queue = queue.iter().map(|QueuedItem { id: _, caller, resource, verb }| {
        let caller = match caller {
            state::Caller::Token { client, token } => {
                Caller::Token { client: book.client(client)?, token: token.clone() }
            }
            state::Caller::Key(key) => Caller::Key(book.key(key)?),
        };
        Ok(Waiting { caller, resource: resource.clone(), verb: verb.clone() })
    });
    Ok(Content {
        catalog: Catalog::clone(catalog),
        users: users.collect::<Result<_, Nameless>>()?,
        groups: groups.collect::<Result<_, Nameless>>()?,
        clients: clients.collect::<Result<_, Nameless>>()?,
        keys: keys.collect::<Result<_, Nameless>>()?,
        queue: queue.collect::<Result<_, Nameless>>()?,
    })
}

/// Returns the workspace as the planner takes it: with the names that are known, and pseudonyms for the others.
///
/// # Errors
/// When a pseudonym is written in the files as a name.
pub fn restore(
    content: &Content,
    workspace: &WorkspaceId,
    known: &Known,
) -> Result<Snapshot, Impostor> {
    let Content { catalog, users, groups, clients, keys, queue } = content;
    let users = users.iter().map(|(user, role)| Ok((known.person(user)?, role.clone())));
    let groups = groups.iter().map(|(group, members)| {
        let members: Result<_, Impostor> = members.iter().map(|user| known.person(user)).collect();
        Ok((group.clone(), members?))
    });
    let clients = clients.iter().map(|(name, Client { access, tokens })| {
        let tokens: Result<_, Impostor> = tokens
            .iter()
            .map(|(id, own)| Ok((id.clone(), token(id, own, content, known)?)))
            .collect();
        let state = ClientState { access: access.clone(), tokens: tokens? };
        Ok((known.client(name)?, LiveClient { state, revision: String::new() }))
    });
    let keys = keys.iter().map(|(name, grants)| {
        let live = LiveKey::of(grants.clone());
        Ok((known.key(name)?, live))
    });
    let queue = queue.iter().map(|Waiting { caller, resource, verb }| {
        let caller = match caller {
            Caller::Token { client, token } => {
                state::Caller::Token { client: known.client(client)?, token: token.clone() }
            }
            Caller::Key(key) => state::Caller::Key(known.key(key)?),
        };
        let (resource, verb) = (resource.clone(), verb.clone());
        Ok(QueuedItem { id: String::new(), caller, resource, verb })
    });
    Ok(Snapshot {
        workspace: workspace.clone(),
        catalog: Arc::new(catalog.clone()),
        users: users.collect::<Result<_, Impostor>>()?,
        groups: groups.collect::<Result<_, Impostor>>()?,
        clients: clients.collect::<Result<_, Impostor>>()?,
        keys: keys.collect::<Result<_, Impostor>>()?,
        queue: queue.collect::<Result<_, Impostor>>()?,
        keys_revision: String::new(),
    })
}

fn token(
    id: &TokenId,
    own: &Token,
    content: &Content,
    known: &Known,
) -> Result<state::Token, Impostor> {
    // The role at the authorisation decides nothing and is not in the file: today's stands in for it.
    let role = content.users.get(&own.user).cloned().map_or_else(|| RoleKey::try_from("none"), Ok);
    Ok(state::Token {
        id: id.clone(),
        user: known.person(&own.user)?,
        role_at_authorisation: role.map_err(|_| Impostor(own.user.to_string()))?,
        prefix: own.prefix.clone(),
        suffix: own.suffix.clone(),
        issued: own.last_active,
        last_used: None,
        requests: 0,
    })
}
