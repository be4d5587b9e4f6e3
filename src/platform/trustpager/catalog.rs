//! Facts of the platform that an admin cannot change: resources, the ladder of tiers each has, roles and their ceilings.
//!
//! Source: seed *Tier vocabulary* and *Default policy*; facts.md 3.1. A tier is ordered by what it grants, never
//! by its name (SEMANTICS section 6): `delete_with_approval` writes automatically and is wider than
//! `write_with_approval` (case 56).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::{ResourceKey, RoleKey, Tier, Verb};
use crate::model::{REFUSED, Reach, Scope, TierGrade};

/// Everything the vendor publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Catalog {
    /// The date of the published list.
    pub version: String,
    /// What each tier of each ladder is, from narrow to wide.
    pub ladders: BTreeMap<String, Vec<TierFact>>,
    /// What can be reached, by key.
    pub resources: BTreeMap<ResourceKey, Resource>,
    /// The roles and what each may do at most.
    pub roles: BTreeMap<RoleKey, Role>,
    /// Resource names that later documents changed, old to new: same access, new name (case 64).
    pub renames: BTreeMap<ResourceKey, ResourceKey>,
}

/// One tier of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TierFact {
    /// Stable key.
    pub tier: Tier,
    /// Title for people, in the seed's words.
    pub label: String,
    /// What it allows.
    pub grants: Grants,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// Stable key.
    pub key: ResourceKey,
    /// Title for people.
    pub name: String,
    /// The group that role ceilings are stated for.
    pub group: String,
    /// Which ladder its tiers are from.
    pub ladder: String,
    /// The tiers it has, from narrow to wide, each with its scope value; no access has none.
    pub tiers: Vec<ResourceTier>,
    /// Tiers that belong to another group than the resource.
    #[serde(default)]
    pub group_overrides: BTreeMap<Tier, String>,
    /// Verbs outside the ladder.
    #[serde(default)]
    pub extra_verbs: BTreeMap<Verb, ExtraVerb>,
    /// The tier of a newly registered client.
    pub default_tier: Tier,
}

/// A tier that a resource has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceTier {
    /// The tier.
    pub tier: Tier,
    /// Its scope value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// A verb outside the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtraVerb {
    /// Its scope value.
    pub scope: Scope,
    /// Whether a newly registered client gets it.
    pub granted_by_default: bool,
}

/// A company role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// Stable key.
    pub key: RoleKey,
    /// Title for people.
    pub name: String,
    /// Per resource group, the widest tier on each ladder.
    pub ceilings: BTreeMap<String, Ceiling>,
}

/// What a role may do at most in one group of resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ceiling {
    /// Per ladder, the widest tier.
    pub tiers: BTreeMap<String, Tier>,
    /// Whether verbs outside the ladders are allowed.
    pub extra_verbs: bool,
}

/// How something may be done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// After a person approved it: the call queues.
    Approval,
    /// At once.
    Automatic,
}

/// What may be done, and how: the meaning of a tier. A verb that is absent is not allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Grants(pub BTreeMap<Verb, How>);

/// What is allowed where nothing says otherwise.
pub static NOTHING: Grants = Grants(BTreeMap::new());

impl Grants {
    /// Returns how `verb` may be done; `None` when it may not.
    #[must_use]
    pub fn how(&self, verb: &Verb) -> Option<How> {
        self.0.get(verb).copied()
    }

    /// Returns the gravest of what `after` allows that `self` does not, or only with approval; `None` where that is nothing.
    #[must_use]
    pub fn opens(&self, after: &Self) -> Option<TierGrade> {
        let more = after.0.iter().filter(|(verb, how)| self.how(verb) < Some(**how));
        more.map(|(verb, how)| grade(verb, *how)).max()
    }

    /// Says in words what `after` allows that `self` does not, and the other way round: `deletes now queue for
    /// approval`, `writes become automatic`.
    #[must_use]
    pub fn words(&self, after: &Self) -> (Vec<String>, Vec<String>) {
        let verbs: BTreeSet<&Verb> = self.0.keys().chain(after.0.keys()).collect();
        let (mut widens, mut narrows) = (Vec::new(), Vec::new());
        for verb in verbs {
            let noun = plural(verb.as_str());
            match (self.how(verb), after.how(verb)) {
                (None, Some(How::Approval)) => {
                    widens.push(format!("{noun} now queue for approval"));
                }
                (None, Some(How::Automatic)) => {
                    widens.push(format!("{noun} become possible, automatically"));
                }
                (Some(How::Approval), Some(How::Automatic)) => {
                    widens.push(format!("{noun} become automatic"));
                }
                (Some(How::Automatic), Some(How::Approval)) => {
                    narrows.push(format!("{noun} queue for approval instead of going through"));
                }
                (Some(_), None) => narrows.push(format!("{noun}{REFUSED}")),
                (None, None)
                | (Some(How::Approval), Some(How::Approval))
                | (Some(How::Automatic), Some(How::Automatic)) => {}
            }
        }
        (widens, narrows)
    }
}

/// Returns how grave it is that something may be done in this way. The verbs are those of the published ladders; one outside
/// them (`initiate`, `trigger`, `reassign`) starts something, and what a later catalogue adds may be anything.
fn grade(verb: &Verb, how: How) -> TierGrade {
    match (verb.as_str(), how) {
        ("read", _) => TierGrade::Reads,
        ("write" | "use", How::Approval) => TierGrade::WritesWithApproval,
        ("write" | "use", How::Automatic) => TierGrade::WritesAutomatically,
        ("delete", How::Approval) => TierGrade::DeletesWithApproval,
        ("delete", How::Automatic) => TierGrade::DeletesAutomatically,
        (_, How::Approval) => TierGrade::ActsWithApproval,
        (_, How::Automatic) => TierGrade::ActsAutomatically,
    }
}

fn plural(verb: &str) -> String {
    match verb {
        "send" => "outbound messages".to_owned(),
        "read" | "write" | "delete" | "use" => format!("{verb}s"),
        // A verb outside the ladders, in the vendor's word for it.
        other => format!("`{other}` requests"),
    }
}

/// `read, write automatically, delete with approval`.
impl fmt::Display for Grants {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str("nothing");
        }
        for (n, (verb, how)) in self.0.iter().enumerate() {
            if n > 0 {
                out.write_str(", ")?;
            }
            match how {
                How::Automatic => write!(out, "{verb}")?,
                How::Approval => write!(out, "{verb} with approval")?,
            }
        }
        Ok(())
    }
}

impl Reach for Grants {
    fn nothing() -> Self {
        Self::default()
    }

    fn within(&self, other: &Self) -> bool {
        self.0.iter().all(|(verb, how)| other.how(verb).is_some_and(|most| *how <= most))
    }

    fn meet(&self, other: &Self) -> Self {
        let both = self
            .0
            .iter()
            .filter_map(|(verb, how)| Some((verb.clone(), (*how).min(other.how(verb)?))));
        Self(both.collect())
    }

    fn join(&self, other: &Self) -> Self {
        let mut all = self.0.clone();
        for (verb, how) in &other.0 {
            let most = all.entry(verb.clone()).or_insert(*how);
            *most = (*most).max(*how);
        }
        Self(all)
    }
}

impl Catalog {
    /// Returns what a tier of a resource allows; nothing where the ladder does not know it.
    #[must_use]
    pub fn grants(&self, resource: &Resource, tier: &Tier) -> &Grants {
        let ladder = self.ladders.get(&resource.ladder);
        let fact = ladder.and_then(|tiers| tiers.iter().find(|fact| fact.tier == *tier));
        fact.map_or(&NOTHING, |fact| &fact.grants)
    }

    /// Returns a tier's title; the key itself where the ladder does not know it.
    #[must_use]
    pub fn label(&self, resource: &Resource, tier: &Tier) -> String {
        let ladder = self.ladders.get(&resource.ladder);
        let fact = ladder.and_then(|tiers| tiers.iter().find(|fact| fact.tier == *tier));
        fact.map_or_else(|| tier.to_string(), |fact| fact.label.clone())
    }

    /// Returns the widest tier that a role allows on a resource: the resource's ladder is climbed from the bottom, each
    /// tier held against the role's ceiling in the group that the tier belongs to. What is above a tier that the role
    /// may not have is out of reach, also where it belongs to another group.
    #[must_use]
    pub fn role_tier<'a>(&self, resource: &'a Resource, role: &RoleKey) -> Option<&'a Tier> {
        let role = self.roles.get(role)?;
        let allowed = |tier: &Tier| {
            let group = resource.group_overrides.get(tier).unwrap_or(&resource.group);
            let Some(most) = role.ceilings.get(group).and_then(|c| c.tiers.get(&resource.ladder))
            else {
                return false;
            };
            self.grants(resource, tier).within(self.grants(resource, most))
        };
        resource.tiers.iter().map(|own| &own.tier).take_while(|tier| allowed(tier)).last()
    }

    /// Returns whether a role may use verbs outside the ladders on a resource.
    #[must_use]
    pub fn role_has_verbs(&self, resource: &Resource, role: &RoleKey) -> bool {
        let role = self.roles.get(role);
        role.and_then(|role| role.ceilings.get(&resource.group)).is_some_and(|c| c.extra_verbs)
    }

    /// Returns a resource by its key or by a name that it used to have (case 64).
    #[must_use]
    pub fn resource(&self, key: &ResourceKey) -> Option<&Resource> {
        if let Some(found) = self.resources.get(key) {
            return Some(found);
        }
        let other = self.renames.iter().find_map(|(old, new)| {
            if old == key {
                Some(new)
            } else if new == key {
                Some(old)
            } else {
                None
            }
        });
        other.and_then(|other| self.resources.get(other))
    }

    /// Iterates the other names of a resource: those that [`Catalog::resource`] finds it by.
    pub fn other_names<'a>(
        &'a self,
        key: &'a ResourceKey,
    ) -> impl Iterator<Item = &'a ResourceKey> {
        let names = self.renames.iter().flat_map(|(old, new)| [old, new]);
        names.filter(move |name| {
            *name != key && self.resource(name).is_some_and(|resource| resource.key == *key)
        })
    }
}

impl Resource {
    /// Returns the scope value of one of its tiers.
    #[must_use]
    pub fn scope(&self, tier: &Tier) -> Option<&Scope> {
        self.tiers.iter().find(|own| own.tier == *tier)?.scope.as_ref()
    }

    /// Returns whether the resource has this tier.
    #[must_use]
    pub fn has(&self, tier: &Tier) -> bool {
        self.tiers.iter().any(|own| own.tier == *tier)
    }

    /// Returns its tiers as people read a ladder: `no_access < read < write_with_approval`.
    #[must_use]
    pub fn ladder_words(&self) -> String {
        let tiers: Vec<&str> = self.tiers.iter().map(|own| own.tier.as_str()).collect();
        tiers.join(" < ")
    }
}
