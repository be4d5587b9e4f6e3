//! The two catalogue files as they are written.

use serde_json::{Value as Json, json};

use crate::config::catalog::{CatalogKind, Stated, Unused};
use crate::config::leaf::Prose;
use crate::config::shape::{Leaf, Reader, Shape, Table, record, words};
use crate::config::yaml::Node;
use crate::model::Scope;
use crate::platform::trustpager::catalog::How;
use crate::platform::trustpager::name::{ResourceKey, RoleKey, Tier, Verb};
use crate::source::{Span, Spanned};

#[derive(Debug, Clone, Copy)]
pub(super) struct Provider;

words!(Provider, "provider", { "trustpager" => Self, "TrustPager."; });

/// What a rename is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renamed {
    Resource,
    Scope,
}

words!(Renamed, "kind of rename", {
    "resource" => Self::Resource, "A resource: same access, new name.";
    "scope" => Self::Scope, "One scope value.";
});

record! {
    /// The resources of the platform and the ladders of tiers that they have.
    RawResources {
        /// `catalog`, so that a catalogue can lie in a configuration folder. It must be the first key there.
        opt "kind" kind: Spanned<CatalogKind>,
        /// `trustpager`.
        req "provider" provider: Spanned<Provider>,
        /// The date of the published list.
        req "catalog_version" version: Spanned<String>,
        /// What each tier of each ladder is, from narrow to wide.
        req "ladders" ladders: Table<String, Vec<RawTier>>,
        /// The groups that role ceilings are stated for.
        req "groups" groups: Vec<RawGroup>,
        /// The default tier per class of resource.
        opt "default_policies" default_policies: Unused,
        /// Names that later documents changed.
        opt "renames" renames: Vec<RawRename>,
        /// What can be reached.
        req "resources" resources: Vec<RawResource>,
    }
}

record! {
    /// One tier of a ladder.
    RawTier {
        /// The key.
        req "tier" tier: Spanned<Tier>,
        /// The title for people.
        req "label" label: Spanned<Prose>,
        /// The part of the scope value after the colon.
        opt "suffix" suffix: Unused,
        /// What it allows, and how.
        req "grants" grants: Table<Verb, Spanned<How>>,
    }
}

record! {
    /// One group of resources.
    RawGroup {
        /// The key.
        req "key" key: Spanned<String>,
        /// The title for people.
        opt "name" name: Unused,
        /// Whether it is highlighted as for admins only.
        opt "admin" admin: Unused,
    }
}

record! {
    /// One name that later documents changed.
    RawRename {
        /// What it is the name of.
        req "kind" kind: Spanned<Renamed>,
        /// The earlier name.
        req "from" from: Spanned<String>,
        /// The later name.
        req "to" to: Spanned<String>,
    }
}

record! {
    /// One resource.
    RawResource {
        /// The key: the part of the scope value before the colon.
        req "key" key: Spanned<ResourceKey>,
        /// The title for people.
        req "name" name: Spanned<Prose>,
        /// The group that role ceilings are stated for.
        req "group" group: Spanned<String>,
        /// Whether the published list has a scope of it.
        opt "listed" listed: Unused,
        /// The ladder that its tiers are from.
        req "ladder" ladder: Spanned<String>,
        /// Whether tiers of the ladder do not exist for it.
        opt "partial" partial: Unused,
        /// Its tiers and their scope values; no access has none.
        req "tiers" tiers: Table<Tier, Stated<Spanned<Scope>>>,
        /// Tiers that belong to another group than the resource.
        opt "group_overrides" group_overrides: Table<Tier, Spanned<String>>,
        /// Verbs outside the ladder.
        opt "extra_verbs" extra_verbs: Vec<RawVerb>,
        /// Scope values that are missing from the published list.
        opt "unlisted_scopes" unlisted_scopes: Unused,
        /// The class whose default applies.
        opt "default_policy" default_policy: Unused,
        /// The tier of a newly registered client.
        req "default_tier" default_tier: Spanned<Tier>,
        /// How the default is known.
        opt "default_basis" default_basis: Unused,
    }
}

record! {
    /// A verb outside the ladder.
    RawVerb {
        /// The verb.
        req "verb" verb: Spanned<Verb>,
        /// Its scope value.
        req "scope" scope: Spanned<Scope>,
        /// Whether a newly registered client gets it.
        req "granted_by_default" granted_by_default: Spanned<bool>,
        /// How the default is known.
        opt "default_basis" default_basis: Unused,
    }
}

record! {
    /// The roles of the platform and what each may do at most.
    RawRoles {
        /// `catalog`, so that a catalogue can lie in a configuration folder. It must be the first key there.
        opt "kind" kind: Spanned<CatalogKind>,
        /// `trustpager`.
        req "provider" provider: Spanned<Provider>,
        /// The date of the published list.
        opt "catalog_version" version: Unused,
        /// Whether the file is no vendor fact.
        opt "assumption" assumption: Unused,
        /// The roles.
        req "roles" roles: Vec<RawRole>,
    }
}

record! {
    /// One company role.
    RawRole {
        /// The key.
        req "key" key: Spanned<RoleKey>,
        /// The title for people.
        req "name" name: Spanned<Prose>,
        /// Whether the name appears in the documents.
        opt "name_documented" name_documented: Unused,
        /// Per group of resources, what it may do at most; nothing in a group that is not named.
        req "ceilings" ceilings: Table<String, RawCeiling>,
    }
}

/// The widest tier per ladder, and whether verbs outside the ladders are allowed.
#[derive(Debug)]
pub(super) struct RawCeiling {
    pub tiers: Vec<(Spanned<String>, Spanned<Tier>)>,
    pub extra_verbs: bool,
}

impl Shape for RawCeiling {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.mapping(node, key, &["extra_verbs"])?;
        let mut ceiling = Self { tiers: Vec::new(), extra_verbs: false };
        for (name, value) in entries {
            if name.value == "extra_verbs" {
                let flag = Spanned::<bool>::read(value, name.span, reader);
                ceiling.extra_verbs = flag.is_some_and(|flag| flag.value);
            } else if let Some(tier) = Spanned::<Tier>::read(value, name.span, reader) {
                ceiling.tiers.push((name.clone(), tier));
            }
        }
        Some(ceiling)
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "properties": { "extra_verbs": { "type": "boolean" } },
            "additionalProperties": Tier::schema(),
        })
    }
}
