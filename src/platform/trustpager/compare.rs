//! One OAuth client or API key before and after a plan: every tier beside its ladder, and what each token may do.
//!
//! Capability comes from [`super::machine`], as everywhere: a report shows what the machine says of both sides.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::Resource;
use super::machine::{Side, effective, token_refused, verb_decided_by};
use super::name::{ResourceKey, Tier, TokenId, Verb};
use super::operation::Operation;
use super::prospect::{ClientProspect, KeyProspect};
use super::state::{AccessList, KeyGrants, Snapshot, Token};
use crate::model::{Address, Sides};
use crate::plan::PlannedOperation;
use crate::platform;

/// One OAuth client or API key on both sides of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The client or key.
    pub unit: Address,
    /// Whether it is there, and whether tiers bind it.
    pub standing: Sides<Standing>,
    /// Every resource, in key order.
    pub resources: Vec<ResourceSides>,
    /// Every active token of a client, by user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenSides>,
}

/// Whether something is there, and whether tiers bind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does not exist.
    Absent,
    /// It may do what its tiers and verbs say.
    Tiers,
    /// It may do everything, whatever its tiers.
    FullAccess,
}

/// What one resource allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceSides {
    /// The resource.
    pub resource: ResourceKey,
    /// The steps of its slider, in the platform's order.
    pub ladder: Vec<Tier>,
    /// Where the slider stands.
    pub tier: Sides<Tier>,
    /// Verbs outside the ladder that are allowed.
    pub verbs: Sides<BTreeSet<Verb>>,
    /// Everything, of the ladder or outside it, that is allowed before, at once or after an approval, and refused after.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<Verb>,
}

/// What happens to one active token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenSides {
    /// Its id on the platform.
    pub id: TokenId,
    /// Who holds it.
    pub user: String,
    /// The holder's role now; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// How people recognise it.
    pub token: String,
    /// Why it is revoked, in words; absent when it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// What it may do on every resource whose ceiling moves; empty when it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effective: Vec<EffectiveSides>,
}

/// What a token may really do on one resource: the narrower of the client's tier and of what the holder's role allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveSides {
    /// The resource.
    pub resource: ResourceKey,
    /// The tier that counts.
    pub tier: Sides<Tier>,
    /// Verbs outside the ladder that client and role allow.
    pub verbs: Sides<BTreeSet<Verb>>,
    /// Which side is the narrower after the plan.
    pub decided_by: Side,
    /// Everything, of the ladder or outside it, that the token may do before, at once or after an approval, and not after.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<Verb>,
}

impl Comparison {
    /// Returns whether both sides show what the operations of the client or key do to it.
    #[must_use]
    pub fn shows(&self, own: &[&PlannedOperation]) -> bool {
        let mut ended = BTreeSet::new();
        let mut each = own.iter().map(|planned| {
            let platform::Operation::Trustpager(operation) = &planned.operation else {
                return true;
            };
            match operation {
                Operation::RevokeToken { token, .. } => ended.insert(token),
                Operation::SetClientAccess { access, .. } => self.leads_to(access),
                Operation::CreateKey { grants, .. } => {
                    self.standing.before == Standing::Absent && self.grants(grants)
                }
                Operation::SetKeyAccess { grants, .. } => {
                    self.standing.before != Standing::Absent && self.grants(grants)
                }
                Operation::RevokeKey { .. } => {
                    self.standing.before != Standing::Absent
                        && *self.standing.after() == Standing::Absent
                }
            }
        });
        // Where all of them show, all have been looked at.
        let all = each.all(|one| one);
        let gone = self.tokens.iter().filter(|token| token.ends.is_some());
        all && gone.map(|token| &token.id).collect::<BTreeSet<_>>() == ended
    }

    /// Returns where something is allowed before and refused after: of each such resource its address, that of its list of
    /// verbs where it is one of these, and the client or key, since a key changes as a whole.
    pub fn refused(&self) -> impl Iterator<Item = Address> {
        let at =
            |field: &str, row: &ResourceSides| self.unit.child(field).child(row.resource.as_str());
        self.resources.iter().filter(|row| !row.refused.is_empty()).flat_map(move |row| {
            let verbs = row.refused.iter().any(|verb| row.verbs.before.contains(verb));
            let verbs = verbs.then(|| at("verbs", row));
            [self.unit.clone(), at("resources", row)].into_iter().chain(verbs)
        })
    }

    fn grants(&self, grants: &KeyGrants) -> bool {
        match grants {
            KeyGrants::FullAccess => *self.standing.after() == Standing::FullAccess,
            KeyGrants::Custom(list) => {
                *self.standing.after() == Standing::Tiers && self.leads_to(list)
            }
        }
    }

    fn leads_to(&self, list: &AccessList) -> bool {
        self.resources.iter().all(|row| {
            let tier = list.tiers.get(&row.resource).or(row.ladder.first());
            let verbs = list.verbs.get(&row.resource);
            tier.is_none_or(|tier| tier == row.tier.after())
                && verbs.map_or(row.verbs.after().is_empty(), |verbs| verbs == row.verbs.after())
        }) && {
            let rows: BTreeSet<&ResourceKey> =
                self.resources.iter().map(|row| &row.resource).collect();
            list.tiers.keys().chain(list.verbs.keys()).all(|key| rows.contains(key))
        }
    }
}

/// Returns both sides of a client.
#[must_use]
pub fn client(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Comparison {
    let (before, after) = (&prospect.target.before, &prospect.after.access);
    let resources = resources(before, after, snapshot);
    let moved: Vec<&Resource> = resources
        .iter()
        .filter(|row| row.moves())
        .filter_map(|row| snapshot.catalog.resource(&row.resource))
        .collect();
    let ending: Vec<_> = prospect.revoked().collect();
    let live = prospect.target.live.state.tokens.values();
    let mut tokens: Vec<TokenSides> = live
        .map(|token| {
            let ends = ending.iter().find(|(ended, _)| ended.id == token.id);
            TokenSides {
                id: token.id.clone(),
                user: token.user.to_string(),
                role: snapshot.users.get(&token.user).map(ToString::to_string),
                token: token.display(),
                ends: ends.map(|(_, why)| why.to_string()),
                effective: match ends {
                    Some(_) => Vec::new(),
                    None => of_token((before, after), &moved, token, snapshot),
                },
            }
        })
        .collect();
    tokens.sort_by(|a, b| (&a.user, &a.token).cmp(&(&b.user, &b.token)));
    Comparison {
        unit: prospect.target.address.clone(),
        standing: Sides { before: Standing::Tiers, after: None },
        resources,
        tokens,
    }
}

/// Returns both sides of a key.
#[must_use]
pub fn key(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> Comparison {
    let target = &prospect.target;
    let before = target.before.as_ref();
    let after = target.wanted.grants();
    let standing = |grants: Option<&KeyGrants>| match grants {
        None => Standing::Absent,
        Some(KeyGrants::Custom(_)) => Standing::Tiers,
        Some(KeyGrants::FullAccess) => Standing::FullAccess,
    };
    let list = |grants: Option<&KeyGrants>| match grants {
        Some(KeyGrants::Custom(list)) => list.clone(),
        // Tiers say nothing of it.
        Some(KeyGrants::FullAccess) | None => AccessList::default(),
    };
    let mut resources = resources(&list(before), &list(after), snapshot);
    // What no tier allows any more is allowed by full access.
    if matches!(after, Some(KeyGrants::FullAccess)) {
        resources.iter_mut().for_each(|row| row.refused.clear());
    }
    Comparison {
        unit: target.address.clone(),
        standing: Sides::new(standing(before), standing(after)),
        resources,
        tokens: Vec::new(),
    }
}

fn resources(before: &AccessList, after: &AccessList, snapshot: &Snapshot) -> Vec<ResourceSides> {
    let row = |resource: &Resource| {
        let tier = |list: &AccessList| {
            let lowest = || resource.tiers.first().map_or(&resource.default_tier, |own| &own.tier);
            list.tiers.get(&resource.key).unwrap_or_else(lowest).clone()
        };
        let verbs = |list: &AccessList| list.verbs.get(&resource.key).cloned().unwrap_or_default();
        let (old, new) =
            (before.all(&snapshot.catalog, resource), after.all(&snapshot.catalog, resource));
        ResourceSides {
            resource: resource.key.clone(),
            ladder: resource.tiers.iter().map(|own| own.tier.clone()).collect(),
            tier: Sides::new(tier(before), tier(after)),
            verbs: Sides::new(verbs(before), verbs(after)),
            refused: old.0.keys().filter(|verb| new.how(verb).is_none()).cloned().collect(),
        }
    };
    snapshot.catalog.resources.values().map(row).collect()
}

fn of_token(
    (before, after): (&AccessList, &AccessList),
    moved: &[&Resource],
    token: &Token,
    snapshot: &Snapshot,
) -> Vec<EffectiveSides> {
    let catalog = &snapshot.catalog;
    let role = snapshot.users.get(&token.user);
    let row = |resource: &&Resource| {
        let (old, new) =
            (effective(catalog, before, resource, role), effective(catalog, after, resource, role));
        let verbs = |list: &AccessList| -> BTreeSet<Verb> {
            let may = |verb: &&Verb| verb_decided_by(catalog, list, resource, role, verb).0;
            resource.extra_verbs.keys().filter(may).cloned().collect()
        };
        EffectiveSides {
            resource: resource.key.clone(),
            tier: Sides::new(old.tier, new.tier),
            verbs: Sides::new(verbs(before), verbs(after)),
            decided_by: new.decided_by,
            refused: token_refused(catalog, (before, after), resource, role),
        }
    };
    moved.iter().map(row).collect()
}

impl ResourceSides {
    /// Returns whether the plan moves the slider or a verb.
    #[must_use]
    pub const fn moves(&self) -> bool {
        self.tier.moves() || self.verbs.moves()
    }
}

impl EffectiveSides {
    /// Returns whether the holder may do more or less than before.
    #[must_use]
    pub const fn moves(&self) -> bool {
        self.tier.moves() || self.verbs.moves()
    }
}
