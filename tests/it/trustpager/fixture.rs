//! A workspace to try one thing in: the real catalogue, four people, and short calls for what is live and what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use scopeform::diag::Problem;
use scopeform::plan::{Finding, Plan};
use scopeform::platform;
use scopeform::platform::trustpager::catalog::{
    Catalog, Ceiling, ExtraVerb, Resource, ResourceTier, Role, TierFact,
};
use scopeform::platform::trustpager::desired::{Desired, DesiredClient, DesiredKey, Holders};
use scopeform::platform::trustpager::machine::transition;
use scopeform::platform::trustpager::name::{
    ClientName, KeyName, ResourceKey, Tier, TokenId, Verb,
};
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::planner::{self, Inputs};
use scopeform::platform::trustpager::state::{
    AccessList, Caller, ClientState, KeyGrants, LiveClient, LiveKey, QueuedItem, Snapshot, Token,
};
use serde::Deserialize;

pub(crate) const TODAY: Date = date(2026, 11, 22);
pub(crate) const CLIENT: &str = "Claude Connection";
pub(crate) const OWNER: &str = "otto@acme.example";
pub(crate) const ADMIN: &str = "ana@acme.example";
/// In the group sales.
pub(crate) const MEMBER: &str = "mia@acme.example";
pub(crate) const VIEWER: &str = "vic@acme.example";

#[derive(Deserialize)]
struct ResourcesFile {
    catalog_version: String,
    ladders: BTreeMap<String, Vec<TierFact>>,
    renames: Vec<RenameRow>,
    resources: Vec<ResourceRow>,
}

#[derive(Deserialize)]
struct RenameRow {
    kind: String,
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct ResourceRow {
    key: ResourceKey,
    name: String,
    group: String,
    ladder: String,
    tiers: serde_yaml::Mapping,
    group_overrides: BTreeMap<Tier, String>,
    extra_verbs: Vec<VerbRow>,
    default_tier: Tier,
}

#[derive(Deserialize)]
struct VerbRow {
    verb: Verb,
    #[serde(flatten)]
    facts: ExtraVerb,
}

#[derive(Deserialize)]
struct RolesFile {
    roles: Vec<RoleRow>,
}

#[derive(Deserialize)]
struct RoleRow {
    key: String,
    name: String,
    ceilings: BTreeMap<String, CeilingRow>,
}

#[derive(Deserialize)]
struct CeilingRow {
    extra_verbs: bool,
    #[serde(flatten)]
    tiers: BTreeMap<String, Tier>,
}

/// Returns the catalogue in `data/`, read by a second YAML parser, once for all generated worlds.
pub(crate) fn catalog() -> Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(read_catalog);
    CATALOG.clone()
}

fn read_catalog() -> Catalog {
    let file: ResourcesFile =
        serde_yaml::from_str(include_str!("../../../data/catalogs/trustpager/resources.yaml"))
            .unwrap();
    let roles: RolesFile =
        serde_yaml::from_str(include_str!("../../../data/catalogs/trustpager/roles.yaml")).unwrap();
    let resource = |row: ResourceRow| {
        let tier = |(tier, scope): (&serde_yaml::Value, &serde_yaml::Value)| ResourceTier {
            tier: tier.as_str().unwrap().try_into().unwrap(),
            scope: scope.as_str().map(|scope| scope.try_into().unwrap()),
        };
        let facts = Resource {
            key: row.key.clone(),
            name: row.name,
            group: row.group,
            ladder: row.ladder,
            tiers: row.tiers.iter().map(tier).collect(),
            group_overrides: row.group_overrides,
            extra_verbs: row.extra_verbs.into_iter().map(|v| (v.verb, v.facts)).collect(),
            default_tier: row.default_tier,
        };
        (row.key, facts)
    };
    let role = |row: RoleRow| {
        let ceiling = |c: CeilingRow| Ceiling { tiers: c.tiers, extra_verbs: c.extra_verbs };
        let key = row.key.as_str().try_into().unwrap();
        let ceilings = row.ceilings.into_iter().map(|(group, c)| (group, ceiling(c))).collect();
        let facts = Role { key, name: row.name, ceilings };
        (facts.key.clone(), facts)
    };
    let renames = file.renames.iter().filter(|row| row.kind == "resource");
    Catalog {
        version: file.catalog_version,
        ladders: file.ladders,
        resources: file.resources.into_iter().map(resource).collect(),
        roles: roles.roles.into_iter().map(role).collect(),
        renames: renames.map(|row| (resource_key(&row.from), resource_key(&row.to))).collect(),
    }
}

pub(crate) fn resource_key(text: &str) -> ResourceKey {
    text.try_into().unwrap()
}

pub(crate) fn client_name(text: &str) -> ClientName {
    text.try_into().unwrap()
}

pub(crate) fn key_name(text: &str) -> KeyName {
    text.try_into().unwrap()
}

pub(crate) fn token_id(text: &str) -> TokenId {
    text.try_into().unwrap()
}

pub(crate) fn verb(text: &str) -> Verb {
    text.try_into().unwrap()
}

pub(crate) fn tiers(pairs: &[(&str, &str)]) -> BTreeMap<ResourceKey, Tier> {
    pairs.iter().map(|(r, t)| (resource_key(r), (*t).try_into().unwrap())).collect()
}

pub(crate) fn verbs(pairs: &[(&str, &[&str])]) -> BTreeMap<ResourceKey, BTreeSet<Verb>> {
    pairs
        .iter()
        .map(|(r, list)| (resource_key(r), list.iter().map(|v| verb(v)).collect()))
        .collect()
}

pub(crate) fn list(pairs: &[(&str, &str)]) -> AccessList {
    AccessList { tiers: tiers(pairs), ..AccessList::default() }
}

pub(crate) fn holders(users: &[&str], groups: &[&str]) -> Option<Holders> {
    Some(Holders {
        users: users.iter().map(|u| (*u).try_into().unwrap()).collect(),
        groups: groups.iter().map(|g| (*g).try_into().unwrap()).collect(),
    })
}

pub(crate) fn token(id: &str, user: &str, idle: i64) -> Token {
    Token {
        id: token_id(id),
        user: user.try_into().unwrap(),
        role_at_authorisation: "member".try_into().unwrap(),
        prefix: "tp_live".to_owned(),
        suffix: id.to_owned(),
        issued: date(2026, 1, 1),
        last_used: Some(TODAY.checked_sub(idle.days()).unwrap()),
        requests: 7,
    }
}

/// One workspace with one client, and what the files say about it.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    pub(crate) snapshot: Snapshot,
    pub(crate) desired: Desired,
}

impl Bench {
    /// Returns a workspace of four whose client has the platform's default policy and no tokens, declared with no wish.
    pub(crate) fn new() -> Self {
        let catalog = catalog();
        let access = AccessList::platform_default(&catalog);
        let people =
            [(OWNER, "owner"), (ADMIN, "admin"), (MEMBER, "member"), (VIEWER, "read_only_viewer")];
        let users = people.map(|(u, r)| (u.try_into().unwrap(), r.try_into().unwrap()));
        let groups = BTreeMap::from([
            ("sales".try_into().unwrap(), BTreeSet::from([MEMBER.try_into().unwrap()])),
            ("nobody".try_into().unwrap(), BTreeSet::new()),
        ]);
        let snapshot = Snapshot {
            workspace: "acme".try_into().unwrap(),
            catalog: Arc::new(catalog),
            users: BTreeMap::from(users),
            groups,
            clients: BTreeMap::new(),
            keys: BTreeMap::new(),
            queue: Vec::new(),
            keys_revision: "k1".to_owned(),
        };
        let desired = Desired {
            workspace: "acme".try_into().unwrap(),
            clients: BTreeMap::from([(client_name(CLIENT), DesiredClient::default())]),
            keys: BTreeMap::new(),
        };
        let mut bench = Self { snapshot, desired };
        bench.add_client(CLIENT, access);
        bench
    }

    pub(crate) fn add_client(&mut self, name: &str, access: AccessList) {
        let state = ClientState { access, tokens: BTreeMap::new() };
        let live = LiveClient { state, revision: "r1".to_owned() };
        self.snapshot.clients.insert(client_name(name), live);
    }

    pub(crate) fn live(&mut self) -> &mut ClientState {
        &mut self.snapshot.clients.get_mut(CLIENT).unwrap().state
    }

    /// Sets tiers of the client's live list.
    pub(crate) fn has(mut self, pairs: &[(&str, &str)]) -> Self {
        self.live().access.tiers.extend(tiers(pairs));
        self
    }

    /// Gives the client a token.
    pub(crate) fn token(mut self, id: &str, user: &str, idle: i64) -> Self {
        self.live().tokens.insert(token_id(id), token(id, user, idle));
        self
    }

    pub(crate) fn key(mut self, name: &str, grants: KeyGrants) -> Self {
        let live = LiveKey {
            grants,
            prefix: "tp_live_k".to_owned(),
            last_used: None,
            requests: 0,
            revision: "r1".to_owned(),
        };
        self.snapshot.keys.insert(key_name(name), live);
        self
    }

    /// Queues a call of one of the client's tokens.
    pub(crate) fn queued(mut self, token: &str, resource: &str, what: &str) -> Self {
        let caller = Caller::Token { client: client_name(CLIENT), token: token_id(token) };
        self.queue(caller, resource, what);
        self
    }

    pub(crate) fn queued_by_key(mut self, key: &str, resource: &str, what: &str) -> Self {
        self.queue(Caller::Key(key_name(key)), resource, what);
        self
    }

    fn queue(&mut self, caller: Caller, resource: &str, what: &str) {
        let id = format!("q{}", self.snapshot.queue.len());
        let resource = resource_key(resource);
        self.snapshot.queue.push(QueuedItem { id, caller, resource, verb: verb(what) });
    }

    pub(crate) fn wish(&mut self) -> &mut DesiredClient {
        self.desired.clients.get_mut(CLIENT).unwrap()
    }

    /// Declares tiers of the client.
    pub(crate) fn wants(mut self, pairs: &[(&str, &str)]) -> Self {
        self.wish().resources = tiers(pairs);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut DesiredClient)) -> Self {
        change(self.wish());
        self
    }

    pub(crate) fn wants_key(mut self, name: &str, key: DesiredKey) -> Self {
        self.desired.keys.insert(key_name(name), key);
        self
    }

    pub(crate) fn planned(&self) -> (Option<Plan>, Vec<Problem>) {
        let inputs = Inputs {
            today: TODAY,
            endpoint: "https://trustpager.example",
            reads: 3,
            sources: Vec::new(),
            only: None,
            both_sides: true,
        };
        planner::plan(&self.desired, &self.snapshot, inputs)
    }

    #[track_caller]
    pub(crate) fn plan(&self) -> Plan {
        let (plan, problems) = self.planned();
        plan.unwrap_or_else(|| panic!("{problems:?}"))
    }

    /// Returns what the one problem says: code, address, message, help.
    #[track_caller]
    pub(crate) fn problem(&self) -> (&'static str, String, String, String) {
        let (_, problems) = self.planned();
        let [one] = problems.as_slice() else { panic!("{problems:?}") };
        (one.code.name(), one.at.to_string(), one.message.clone(), one.advice().unwrap())
    }

    /// Returns the workspace after the plan's writes.
    #[track_caller]
    pub(crate) fn applied(&self, plan: &Plan) -> Self {
        let mut after = self.clone();
        for planned in &plan.bound.operations {
            apply(&mut after.snapshot, &planned.operation);
        }
        after
    }
}

/// Carries out one write on a workspace, keys in the most obvious way.
#[track_caller]
pub(crate) fn apply(snapshot: &mut Snapshot, operation: &platform::Operation) {
    let platform::Operation::Trustpager(operation) = operation else { panic!("another platform") };
    match operation {
        Operation::RevokeToken { client, .. } | Operation::SetClientAccess { client, .. } => {
            let state = snapshot.clients[client].state.clone();
            let context = platform::trustpager::machine::Context {
                catalog: &snapshot.catalog,
                users: &snapshot.users,
            };
            let (state, _) = transition(context, &operation.unit(), &state, operation).unwrap();
            snapshot.clients.get_mut(client).unwrap().state = state;
        }
        Operation::CreateKey { key, grants, .. } => {
            assert!(!snapshot.keys.contains_key(key), "{key} exists");
            let live = LiveKey {
                grants: grants.clone(),
                prefix: "tp_live_n".to_owned(),
                last_used: None,
                requests: 0,
                revision: "r1".to_owned(),
            };
            snapshot.keys.insert(key.clone(), live);
        }
        Operation::SetKeyAccess { key, grants } => {
            snapshot.keys.get_mut(key).unwrap().grants = grants.clone();
        }
        Operation::RevokeKey { key, .. } => {
            assert!(snapshot.keys.remove(key).is_some(), "there is no {key}");
        }
    }
}

/// Returns the findings of one rule.
pub(crate) fn of<'p>(plan: &'p Plan, code: &str) -> Vec<&'p Finding> {
    plan.findings().filter(|finding| finding.code == code).collect()
}

/// Returns the plan's writes as sentences.
pub(crate) fn steps(plan: &Plan) -> Vec<String> {
    plan.bound.operations.iter().map(|planned| planned.operation.to_string()).collect()
}
