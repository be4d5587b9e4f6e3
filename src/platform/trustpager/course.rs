//! One OAuth client or API key on its way through a run: the machine that made the plan goes along, and what the platform
//! shows is held against it, resource by resource and token by token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::adapter::{collect, machine};
use super::catalog::Catalog;
use super::machine::{Machine, no_access};
use super::name::{ClientName, KeyName, RoleKey, TokenId};
use super::operation::Operation;
use super::state::{AccessList, ClientState, KeyGrants, Snapshot};
use super::value;
use crate::apply::{self, Difference};
use crate::model::{Address, UserId};

/// What an answer shows of what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The client: its ceiling and its tokens.
    Client(ClientState),
    /// What the key may do; `None` when it is there no more.
    Key(Option<KeyGrants>),
}

/// One unit on its way.
#[derive(Debug)]
pub enum Course<'s> {
    /// A client.
    Client(Box<Client<'s>>),
    /// A key.
    Key(Key<'s>),
}

/// One client on its way.
#[derive(Debug)]
pub struct Client<'s> {
    name: ClientName,
    unit: Address,
    catalog: &'s Catalog,
    /// What the run found.
    start: &'s ClientState,
    machine: Machine<'s>,
}

/// One key on its way.
#[derive(Debug)]
pub struct Key<'s> {
    name: KeyName,
    unit: Address,
    catalog: &'s Catalog,
    grants: Option<KeyGrants>,
}

impl<'s> apply::Course<'s> for Course<'s> {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Resource = Resource;

    fn of(operation: &Operation, snapshot: &'s Snapshot) -> Option<Self> {
        let (unit, catalog) = (operation.unit(), &*snapshot.catalog);
        match operation {
            Operation::RevokeToken { client, .. } | Operation::SetClientAccess { client, .. } => {
                let start = &snapshot.clients.get(client)?.state;
                let (name, machine) = (client.clone(), machine(snapshot, client, start));
                Some(Self::Client(Box::new(Client { name, unit, catalog, start, machine })))
            }
            Operation::CreateKey { key, .. }
            | Operation::SetKeyAccess { key, .. }
            | Operation::RevokeKey { key, .. } => {
                let grants = snapshot.keys.get(key).map(|live| live.grants.clone());
                Some(Self::Key(Key { name: key.clone(), unit, catalog, grants }))
            }
        }
    }

    fn go(&mut self, operation: &Operation) -> Result<(), String> {
        match self {
            Self::Client(client) => {
                client.machine.step(operation).map(drop).map_err(|rejected| rejected.to_string())
            }
            Self::Key(own) => {
                own.grants = match operation {
                    Operation::CreateKey { key, grants, .. }
                    | Operation::SetKeyAccess { key, grants }
                        if *key == own.name =>
                    {
                        Some(grants.clone())
                    }
                    Operation::RevokeKey { key, .. } if *key == own.name => None,
                    _ => return Err("the operation is not about this key".to_owned()),
                };
                Ok(())
            }
        }
    }

    fn answered(&self, shown: &Resource) -> Vec<Difference> {
        match (self, shown) {
            (Self::Client(client), Resource::Client(shown)) => {
                client.unlike(client.catalog, shown, |_| true)
            }
            (Self::Key(key), Resource::Key(shown)) => key.unlike(key.catalog, shown.as_ref()),
            (Self::Client(client), Resource::Key(_)) => apply::elsewhere(&client.unit),
            (Self::Key(key), Resource::Client(_)) => apply::elsewhere(&key.unit),
        }
    }

    fn settled(&self, reading: &Snapshot) -> Vec<Difference> {
        match self {
            // A new token moves the version token too, and the next save would reach it.
            Self::Client(client) => match reading.clients.get(&client.name) {
                Some(now) => client.unlike(&reading.catalog, &now.state, |_| true),
                None => client.gone(),
            },
            Self::Key(key) => {
                let now = reading.keys.get(&key.name).map(|live| &live.grants);
                key.unlike(&reading.catalog, now)
            }
        }
    }

    fn ended(&self, end: &Snapshot) -> Vec<Difference> {
        match self {
            Self::Client(client) => match end.clients.get(&client.name) {
                Some(now) => client
                    .unlike(&end.catalog, &now.state, |token| client.is_ours(token, &end.users)),
                None => client.gone(),
            },
            Self::Key(key) => {
                let now = end.keys.get(&key.name).map(|live| &live.grants);
                key.unlike(&end.catalog, now)
            }
        }
    }
}

impl Client<'_> {
    fn gone(&self) -> Vec<Difference> {
        let (planned, live) = (json!("a registered client"), Value::Null);
        vec![Difference { address: self.unit.clone(), planned, live }]
    }

    /// Returns whether a token cannot have come or gone by itself. Users authorise whenever they like, and the tokens of
    /// somebody who leaves end. Tokens do not expire.
    fn is_ours(&self, token: &TokenId, users: &BTreeMap<UserId, RoleKey>) -> bool {
        self.start.tokens.get(token).is_some_and(|was| users.contains_key(&was.user))
    }

    /// Returns where the client is not as expected; of the tokens only those that `counts`. Their last use and their number
    /// of calls move without moving the version token, and are no part of what they may do.
    fn unlike(
        &self,
        catalog: &Catalog,
        shown: &ClientState,
        counts: impl Fn(&TokenId) -> bool,
    ) -> Vec<Difference> {
        let expected = self.machine.state();
        let mut found = Vec::new();
        if !expected.access.allows_the_same(&shown.access, catalog) {
            let of = |list: &AccessList| value::access(&written_out(list, catalog));
            lines(&self.unit, &of(&expected.access), &of(&shown.access), &mut found);
            // Values that nobody knows are kept, whatever is saved.
            let of = |list: &AccessList| json!(list.unknown);
            let (planned, live) = (of(&expected.access), of(&shown.access));
            if planned != live {
                found.push(Difference {
                    address: self.unit.child("unknown_scopes"),
                    planned,
                    live,
                });
            }
        }
        let tokens: BTreeSet<&TokenId> =
            expected.tokens.keys().chain(shown.tokens.keys()).collect();
        for token in tokens.into_iter().filter(|token| counts(token)) {
            let of =
                |state: &ClientState| state.tokens.get(token).map_or(Value::Null, value::token);
            let (planned, live) = (of(expected), of(shown));
            if planned != live {
                let address = self.unit.child("tokens").child(token.as_str());
                found.push(Difference { address, planned, live });
            }
        }
        found
    }
}

impl Key<'_> {
    /// Returns where the key is not as expected. How often it was used, and what its value begins with, are no part of what
    /// it may do.
    fn unlike(&self, catalog: &Catalog, shown: Option<&KeyGrants>) -> Vec<Difference> {
        let mut found = Vec::new();
        let same = match (&self.grants, shown) {
            (Some(expected), Some(shown)) => expected.allows_the_same(shown, catalog),
            (expected, shown) => expected.is_none() && shown.is_none(),
        };
        if !same {
            let of = |grants: Option<&KeyGrants>| match grants {
                None => Value::Null,
                Some(KeyGrants::FullAccess) => value::key(&KeyGrants::FullAccess),
                Some(KeyGrants::Custom(list)) => value::access(&written_out(list, catalog)),
            };
            lines(&self.unit, &of(self.grants.as_ref()), &of(shown), &mut found);
        }
        found
    }
}

/// Returns the list under present names with every resource of the catalogue in it, so that no access is said.
fn written_out(list: &AccessList, catalog: &Catalog) -> AccessList {
    let mut list = list.under_present_names(catalog);
    for resource in catalog.resources.values() {
        let tier = list.tiers.get(&resource.key);
        // A tier that the catalogue does not know may mean anything.
        let counts = tier
            .is_some_and(|own| !resource.has(own) || !catalog.grants(resource, own).0.is_empty());
        if !counts {
            list.tiers.insert(resource.key.clone(), no_access(resource));
        }
    }
    list.verbs.retain(|_, verbs| !verbs.is_empty());
    list
}

fn lines(unit: &Address, planned: &Value, live: &Value, found: &mut Vec<Difference>) {
    let mut parts = Vec::new();
    collect(unit, planned, live, &mut parts);
    found.extend(parts.into_iter().map(|(address, planned, live)| Difference {
        address,
        planned,
        live,
    }));
}
