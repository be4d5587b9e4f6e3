//! What the platform stores, and what it told us. Source: seed *Tab 1*, *Tab 2*; facts.md 3.2 to 3.4.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, Grants, How, Resource};
use super::name::{ClientName, KeyName, ResourceKey, RoleKey, Tier, TokenId, Verb};
use crate::model::{GroupKey, Scope, ScopeSet, UserId, WorkspaceId, tier_words};

/// One workspace as the platform described it. May be stale the moment it is taken: apply reads again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose workspace it is.
    pub workspace: WorkspaceId,
    /// The vendor's facts.
    pub catalog: Arc<Catalog>,
    /// Users and their company role.
    pub users: BTreeMap<UserId, RoleKey>,
    /// Groups and their members.
    pub groups: BTreeMap<GroupKey, BTreeSet<UserId>>,
    /// OAuth clients, registered by integrations.
    pub clients: BTreeMap<ClientName, LiveClient>,
    /// API keys, created by admins.
    pub keys: BTreeMap<KeyName, LiveKey>,
    /// Calls that wait for approval.
    pub queue: Vec<QueuedItem>,
    /// The platform's version token of the list of API keys, for creating one.
    pub keys_revision: String,
}

/// An OAuth client with its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveClient {
    /// What it may ask for.
    pub state: ClientState,
    /// The platform's version token of this client.
    pub revision: String,
}

/// What an OAuth client may ask for, and who authorised it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientState {
    /// The ceiling.
    pub access: AccessList,
    /// Active tokens, by id.
    pub tokens: BTreeMap<TokenId, Token>,
}

/// Tiers and verbs per resource: the ceiling of a client, or all that a key may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessList {
    /// The tier of every resource; a resource that is absent has no access.
    pub tiers: BTreeMap<ResourceKey, Tier>,
    /// Verbs outside the ladders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verbs: BTreeMap<ResourceKey, BTreeSet<Verb>>,
    /// Scope values that the platform reports and the catalogue does not know: kept as they are, with a warning.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub unknown: ScopeSet,
}

impl AccessList {
    /// Returns the scope values that stand for the list: one per tier, one per verb, and those nobody knows.
    #[must_use]
    pub fn scopes(&self, catalog: &Catalog) -> ScopeSet {
        let mut scopes = self.unknown.clone();
        for (key, tier) in &self.tiers {
            let scope = catalog.resource(key).and_then(|resource| resource.scope(tier));
            scopes.extend_from(&scope.cloned().into_iter().collect());
        }
        for (key, verbs) in &self.verbs {
            let Some(resource) = catalog.resource(key) else { continue };
            let known = verbs.iter().filter_map(|verb| resource.extra_verbs.get(verb));
            let known: Vec<Scope> = known.map(|verb| verb.scope.clone()).collect();
            scopes.extend_from(&known.into_iter().collect());
        }
        scopes
    }

    /// Returns the default policy of a newly registered client (seed, *Default policy*).
    #[must_use]
    pub fn platform_default(catalog: &Catalog) -> Self {
        let mut list = Self::default();
        for resource in catalog.resources.values() {
            list.tiers.insert(resource.key.clone(), resource.default_tier.clone());
            let verbs = resource.extra_verbs.iter().filter(|(_, verb)| verb.granted_by_default);
            let verbs: BTreeSet<Verb> = verbs.map(|(key, _)| key.clone()).collect();
            if !verbs.is_empty() {
                list.verbs.insert(resource.key.clone(), verbs);
            }
        }
        list
    }

    /// Returns the tier of a resource, also where the list has the resource under its other name (case 64).
    #[must_use]
    pub fn tier(&self, catalog: &Catalog, resource: &Resource) -> Option<&Tier> {
        entry(&self.tiers, catalog, resource)
    }

    /// Returns whether the list has a verb outside the ladder, under whichever name of the resource.
    #[must_use]
    pub fn has_verb(&self, catalog: &Catalog, resource: &Resource, verb: &Verb) -> bool {
        entry(&self.verbs, catalog, resource).is_some_and(|verbs| verbs.contains(verb))
    }

    /// Returns everything that the list allows on a resource, verbs outside the ladder included. The list is under
    /// present names.
    #[must_use]
    pub fn all(&self, catalog: &Catalog, resource: &Resource) -> Grants {
        let mut grants = self.tier_grants(catalog, resource);
        for verb in self.verbs.get(&resource.key).into_iter().flatten() {
            grants.0.insert(verb.clone(), How::Automatic);
        }
        grants
    }

    /// Returns the tier and the verbs of a resource as people read them: `send_with_approval + initiate`. The list is
    /// under present names.
    #[must_use]
    pub fn words(&self, resource: &Resource) -> String {
        tier_words(&self.tier_name(resource), self.verbs.get(&resource.key).into_iter().flatten())
    }

    /// Returns the tier of a resource by its key, `no_access` where there is none. The list is under present names.
    #[must_use]
    pub fn tier_name(&self, resource: &Resource) -> String {
        let tier = self.tiers.get(&resource.key);
        tier.map_or_else(|| "no_access".to_owned(), ToString::to_string)
    }

    /// Returns the verbs that are allowed beside the tier of a resource. The list is under present names.
    #[must_use]
    pub fn verb_names(&self, resource: &Resource) -> BTreeSet<String> {
        let verbs = self.verbs.get(&resource.key).into_iter().flatten();
        verbs.map(ToString::to_string).collect()
    }

    /// Returns what the tier of a resource allows, without the verbs beside it. The list is under present names.
    #[must_use]
    pub fn tier_grants(&self, catalog: &Catalog, resource: &Resource) -> Grants {
        let tier = self.tiers.get(&resource.key);
        tier.map(|tier| catalog.grants(resource, tier).clone()).unwrap_or_default()
    }

    /// Returns the same list with every resource under the name that the catalogue has for it (case 64).
    #[must_use]
    pub fn under_present_names(&self, catalog: &Catalog) -> Self {
        Self {
            tiers: present(&self.tiers, catalog),
            verbs: present(&self.verbs, catalog),
            unknown: self.unknown.clone(),
        }
    }

    /// Returns whether both lists allow the same: whichever name they use, and whether they say that a resource has no
    /// access or leave it out (case 60).
    #[must_use]
    pub fn allows_the_same(&self, other: &Self, catalog: &Catalog) -> bool {
        self.only_what_counts(catalog) == other.only_what_counts(catalog)
    }

    fn only_what_counts(&self, catalog: &Catalog) -> Self {
        let mut list = self.under_present_names(catalog);
        list.tiers.retain(|key, tier| {
            let resource = catalog.resources.get(key);
            // A tier that the catalogue does not know may mean anything.
            resource.is_none_or(|r| !r.has(tier) || !catalog.grants(r, tier).0.is_empty())
        });
        list.verbs.retain(|_, verbs| !verbs.is_empty());
        list
    }
}

fn entry<'l, T>(
    map: &'l BTreeMap<ResourceKey, T>,
    catalog: &Catalog,
    resource: &Resource,
) -> Option<&'l T> {
    map.get(&resource.key).or_else(|| {
        let mut others = map.iter();
        others.find_map(|(key, value)| {
            catalog.resource(key).is_some_and(|own| own.key == resource.key).then_some(value)
        })
    })
}

fn present<T: Clone>(
    map: &BTreeMap<ResourceKey, T>,
    catalog: &Catalog,
) -> BTreeMap<ResourceKey, T> {
    let mut list = BTreeMap::new();
    for (key, value) in map {
        match catalog.resource(key) {
            // The present name counts where a list has both.
            Some(resource) if resource.key != *key => {
                if !map.contains_key(&resource.key) {
                    list.insert(resource.key.clone(), value.clone());
                }
            }
            Some(_) | None => {
                list.insert(key.clone(), value.clone());
            }
        }
    }
    list
}

/// One active token: a user authorised the integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Its id on the platform; not the token.
    pub id: TokenId,
    /// Who authorised it.
    pub user: UserId,
    /// The role that the user had then. Shown; the *current* role decides (case 61).
    pub role_at_authorisation: RoleKey,
    /// First characters, for recognising it.
    pub prefix: String,
    /// Last characters, for recognising it.
    pub suffix: String,
    /// When it was issued (UTC).
    #[schemars(with = "String")]
    pub issued: Date,
    /// When it was last used (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_used: Option<Date>,
    /// How many calls it has made.
    pub requests: u64,
}

impl Token {
    /// Returns the days since it was last used, or issued when it never was.
    #[must_use]
    pub fn idle_days(&self, today: Date) -> i64 {
        days_between(self.last_used.unwrap_or(self.issued), today)
    }

    /// Returns how people recognise it: `tp_live_ab…9f`.
    #[must_use]
    pub fn display(&self) -> String {
        format!("{}…{}", self.prefix, self.suffix)
    }
}

/// Returns how many days lie between two dates.
#[must_use]
pub fn days_between(since: Date, today: Date) -> i64 {
    today.since(since).map_or(0, |span| i64::from(span.get_days()))
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveKey {
    /// What it may do.
    pub grants: KeyGrants,
    /// First characters, for recognising it.
    pub prefix: String,
    /// When it was last used (UTC).
    pub last_used: Option<Date>,
    /// How many calls it has made.
    pub requests: u64,
    /// The platform's version token of this key.
    pub revision: String,
}

impl LiveKey {
    /// Returns a key of which only what it may do is known.
    #[must_use]
    pub const fn of(grants: KeyGrants) -> Self {
        Self {
            grants,
            prefix: String::new(),
            last_used: None,
            requests: 0,
            revision: String::new(),
        }
    }
}

/// What an API key may do: the key alone decides (SEMANTICS section 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyGrants {
    /// Everything, approving and rejecting included.
    FullAccess,
    /// What the list says.
    Custom(AccessList),
}

impl KeyGrants {
    /// Returns the same with every resource under the name that the catalogue has for it (case 64).
    #[must_use]
    pub fn under_present_names(&self, catalog: &Catalog) -> Self {
        match self {
            Self::FullAccess => Self::FullAccess,
            Self::Custom(list) => Self::Custom(list.under_present_names(catalog)),
        }
    }

    /// Returns whether both allow the same, whichever way they say it.
    #[must_use]
    pub fn allows_the_same(&self, other: &Self, catalog: &Catalog) -> bool {
        match (self, other) {
            (Self::FullAccess, Self::FullAccess) => true,
            (Self::Custom(one), Self::Custom(two)) => one.allows_the_same(two, catalog),
            (Self::FullAccess, Self::Custom(_)) | (Self::Custom(_), Self::FullAccess) => false,
        }
    }
}

/// A call that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueuedItem {
    /// Its id.
    pub id: String,
    /// Whose call it is.
    pub caller: Caller,
    /// What it acts on.
    pub resource: ResourceKey,
    /// What it does.
    pub verb: Verb,
}

/// Who made a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// A token of an OAuth client.
    Token {
        /// The client.
        client: ClientName,
        /// The token.
        token: TokenId,
    },
    /// An API key.
    Key(KeyName),
}
