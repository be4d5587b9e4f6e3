//! Catalogue files of TrustPager: resources with their ladders, and roles with their ceilings. The two are files of
//! their own, because the roles are the part that a workspace knows better than the vendor's documents.

mod raw;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value as Json;

use crate::config::root;
use crate::config::shape::{Field, Leaf, Reader, Refusal, Shape, quoted};
use crate::config::yaml::{Node, Value};
use crate::diag::{Code, Diagnostics};
use crate::model::{Reach, Scope, nearest};
use crate::platform::trustpager::catalog::{
    Catalog, Ceiling, ExtraVerb, Grants, Resource, ResourceTier, Role, TierFact,
};
use crate::platform::trustpager::name::{ResourceKey, RoleKey, Tier, Verb};
use crate::source::{FileId, Origin, SourceMap, Span, Spanned};
use raw::{RawResource, RawResources, RawRole, RawRoles, RawTier, Renamed};

type Entries = [(Spanned<String>, Node)];

/// Returns whether a catalogue file is one of TrustPager.
pub(in crate::config) fn is_ours(entries: &Entries) -> bool {
    let provider = entries.iter().any(|(key, value)| {
        let ours = matches!(&value.value, Value::Scalar { text, .. } if text == "trustpager");
        key.value == "provider" && ours
    });
    provider && !entries.iter().any(|(key, _)| key.value == "integration")
}

/// What the files of one run have said so far.
#[derive(Default)]
struct Parts {
    resources: Option<(Origin, Catalog)>,
    roles: Option<(FileId, Span, Vec<RawRole>)>,
}

/// Returns the catalogue of TrustPager: the one that ships with this program, with the resources or the roles of the
/// files of `sources` in place of its own. Files of other platforms are passed over.
#[must_use]
pub fn load(sources: &SourceMap) -> (Catalog, Diagnostics) {
    load_over(&bundled_trustpager_catalog(), sources)
}

fn load_over(base: &Catalog, sources: &SourceMap) -> (Catalog, Diagnostics) {
    let mut out = Diagnostics::new();
    let mut parts = Parts::default();
    for (file, source) in sources.iter() {
        // What is wrong with a file that is not ours is told by whoever it belongs to.
        let mut own = Diagnostics::new();
        let Some((entries, at)) = root(file, source, &mut own) else { continue };
        if !is_ours(&entries) {
            continue;
        }
        let mut reader = Reader { file, out: &mut own };
        parts.read(&entries, at, &mut reader);
        out.append(own);
    }
    let mut catalog = parts.resources.map_or_else(|| base.clone(), |(_, catalog)| catalog);
    catalog.roles = match parts.roles {
        None => base.roles.clone(),
        Some((file, _, roles)) => {
            let mut reader = Reader { file, out: &mut out };
            lower_roles(roles, &catalog, &mut reader)
        }
    };
    if out.has_errors() { (base.clone(), out) } else { (catalog, out) }
}

impl Parts {
    fn read(&mut self, entries: &Entries, at: Span, reader: &mut Reader<'_>) {
        let roles = entries.iter().find(|(key, _)| key.value == "roles");
        let resources = entries.iter().find(|(key, _)| key.value == "resources");
        match (resources, roles) {
            (None, Some((key, _))) => {
                let raw = RawRoles::read_entries(entries, at, reader);
                let first =
                    self.roles.as_ref().map(|(file, span, _)| Origin { file: *file, span: *span });
                twice("roles", key.span, first, reader);
                let list = raw.roles.map(|field| field.value).unwrap_or_default();
                self.roles = Some((reader.file, key.span, list));
            }
            (resources, _) => {
                let raw = RawResources::read_entries(entries, at, reader);
                let span = resources.map_or(at, |(key, _)| key.span);
                twice("resources", span, self.resources.as_ref().map(|(first, _)| *first), reader);
                let catalog = lower_resources(raw, reader);
                self.resources = catalog.map(|catalog| (reader.origin(span), catalog));
            }
        }
    }
}

fn twice(what: &str, at: Span, first: Option<Origin>, reader: &mut Reader<'_>) {
    let Some(first) = first else { return };
    let diagnostic = reader
        .error(
            Code::DuplicateDeclaration,
            at,
            format!("the {what} of TrustPager are described twice"),
        )
        .label("again here")
        .related(first, "first here")
        .help("keep one of the two files");
    reader.report(diagnostic);
}

fn duplicate(what: &str, at: Span, first: Span, reader: &mut Reader<'_>) {
    let diagnostic = reader
        .error(Code::DuplicateKey, at, format!("{what} stands twice in the list"))
        .label("again here")
        .related(reader.origin(first), "first here")
        .help("keep one of the two");
    reader.report(diagnostic);
}

/// Reports a name that the catalogue does not define.
fn undefined(what: &str, name: &str, at: Span, known: &[&str], reader: &mut Reader<'_>) {
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", quoted(known, ", ")),
    };
    let message = format!("{what} `{name}` is not defined");
    let diagnostic = reader.error(Code::UnknownReference, at, message).help(help);
    reader.report(diagnostic);
}

fn lower_resources(raw: RawResources, reader: &mut Reader<'_>) -> Option<Catalog> {
    let RawResources {
        written: _,
        kind: _,
        provider: _,
        version,
        ladders,
        groups,
        default_policies: _,
        renames,
        resources,
    } = raw;
    let mut catalog = Catalog {
        version: version?.value.value,
        ladders: BTreeMap::new(),
        resources: BTreeMap::new(),
        roles: BTreeMap::new(),
        renames: BTreeMap::new(),
    };
    for (name, field) in ladders?.value.0 {
        let ladder = lower_ladder(field, reader);
        catalog.ladders.insert(name.value, ladder);
    }
    let groups: BTreeSet<String> =
        groups?.value.into_iter().filter_map(|group| Some(group.key?.value.value)).collect();
    let mut places: BTreeMap<ResourceKey, Span> = BTreeMap::new();
    for raw in resources?.value {
        let at = raw.key.as_ref().map(|field| field.at);
        let Some((at, resource)) = at.zip(lower_resource(raw, &catalog, &groups, reader)) else {
            continue;
        };
        if let Some(first) = places.get(&resource.key) {
            duplicate(&format!("resource `{}`", resource.key), at, *first, reader);
        }
        places.insert(resource.key.clone(), at);
        catalog.resources.insert(resource.key.clone(), resource);
    }
    for raw in renames.into_iter().flat_map(|field| field.value) {
        let (Some(kind), Some(from), Some(to)) = (raw.kind, raw.from, raw.to) else { continue };
        match kind.value.value {
            Renamed::Scope => {}
            Renamed::Resource => {
                let from = resource_key(&from, reader);
                catalog.renames.extend(from.zip(resource_key(&to, reader)));
            }
        }
    }
    Some(catalog)
}

fn resource_key(field: &Field<Spanned<String>>, reader: &mut Reader<'_>) -> Option<ResourceKey> {
    match ResourceKey::parse(&field.value.value, true) {
        Ok(key) => Some(key),
        Err(Refusal { code, message, help }) => {
            let mut diagnostic = reader.error(code, field.at, message);
            diagnostic.help = help;
            reader.report(diagnostic);
            None
        }
    }
}

/// Reads a ladder, each step of which must be wider than the one below it.
fn lower_ladder(field: Field<Vec<RawTier>>, reader: &mut Reader<'_>) -> Vec<TierFact> {
    let mut ladder: Vec<TierFact> = Vec::new();
    for raw in field.value {
        let (Some(tier), Some(label), Some(grants)) = (raw.tier, raw.label, raw.grants) else {
            continue;
        };
        let verbs = grants.value.0.into_iter().map(|(verb, how)| (verb.value, how.value.value));
        let fact = TierFact {
            tier: tier.value.value,
            label: label.value.value.0,
            grants: Grants(verbs.collect()),
        };
        let below = ladder.last().filter(|below| {
            !below.grants.within(&fact.grants) || fact.grants.within(&below.grants)
        });
        if let Some(below) = below {
            let message = format!("tier `{}` is not wider than `{}`", fact.tier, below.tier);
            let diagnostic = reader.error(Code::LadderOrder, tier.at, message).help(
                "order the tiers from narrow to wide, each granting more than the one before it",
            );
            reader.report(diagnostic);
        }
        if ladder.iter().any(|other| other.tier == fact.tier) {
            duplicate(&format!("tier `{}`", fact.tier), tier.at, field.key, reader);
        }
        ladder.push(fact);
    }
    ladder
}

fn lower_resource(
    raw: RawResource,
    catalog: &Catalog,
    groups: &BTreeSet<String>,
    reader: &mut Reader<'_>,
) -> Option<Resource> {
    let known_groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let group = raw.group?.value;
    let overrides = raw.group_overrides.into_iter().flat_map(|field| field.value.0);
    let overrides: Vec<_> = overrides.map(|(tier, group)| (tier, group.value)).collect();
    for group in overrides.iter().map(|(_, group)| group).chain([&group]) {
        if !groups.contains(&group.value) {
            undefined("group", &group.value, group.span, &known_groups, reader);
        }
    }
    let ladder = raw.ladder?.value;
    let Some(steps) = catalog.ladders.get(&ladder.value) else {
        let known: Vec<&str> = catalog.ladders.keys().map(String::as_str).collect();
        undefined("ladder", &ladder.value, ladder.span, &known, reader);
        return None;
    };
    let all: Vec<&str> = steps.iter().map(|step| step.tier.as_str()).collect();
    let mut scopes: BTreeMap<Tier, Option<Scope>> = BTreeMap::new();
    for (tier, scope) in raw.tiers?.value.0 {
        if !all.contains(&tier.value.as_str()) {
            undefined("tier", tier.value.as_str(), tier.span, &all, reader);
        }
        scopes.insert(tier.value, scope.value.0.map(|scope| scope.value));
    }
    let own: Vec<&str> = scopes.keys().map(Tier::as_str).collect();
    let default_tier = raw.default_tier?.value;
    for tier in overrides.iter().map(|(tier, _)| tier).chain([&default_tier]) {
        if !scopes.contains_key(&tier.value) {
            undefined("tier", tier.value.as_str(), tier.span, &own, reader);
        }
    }
    let tiers = steps.iter().filter_map(|step| {
        let scope = scopes.get(&step.tier)?.clone();
        Some(ResourceTier { tier: step.tier.clone(), scope })
    });
    let tiers = tiers.collect();
    let mut extra_verbs: BTreeMap<Verb, ExtraVerb> = BTreeMap::new();
    let mut places: BTreeMap<Verb, Span> = BTreeMap::new();
    for raw in raw.extra_verbs.into_iter().flat_map(|field| field.value) {
        let (Some(verb), Some(scope)) = (raw.verb, raw.scope) else { continue };
        let verb = verb.value;
        if let Some(first) = places.insert(verb.value.clone(), verb.span) {
            duplicate(&format!("verb `{}`", verb.value), verb.span, first, reader);
        }
        let granted_by_default = raw.granted_by_default.is_some_and(|field| field.value.value);
        extra_verbs.insert(verb.value, ExtraVerb { scope: scope.value.value, granted_by_default });
    }
    Some(Resource {
        key: raw.key?.value.value,
        name: raw.name?.value.value.0,
        group: group.value,
        ladder: ladder.value,
        tiers,
        group_overrides: overrides.into_iter().map(|(t, group)| (t.value, group.value)).collect(),
        extra_verbs,
        default_tier: default_tier.value,
    })
}

fn lower_roles(
    raw: Vec<RawRole>,
    catalog: &Catalog,
    reader: &mut Reader<'_>,
) -> BTreeMap<RoleKey, Role> {
    let used = catalog.resources.values().flat_map(|resource| {
        resource.group_overrides.values().chain([&resource.group]).map(String::as_str)
    });
    let groups: Vec<&str> = used.collect::<BTreeSet<_>>().into_iter().collect();
    let ladders: Vec<&str> = catalog.ladders.keys().map(String::as_str).collect();
    let mut roles = BTreeMap::new();
    let mut places: BTreeMap<RoleKey, Span> = BTreeMap::new();
    for raw in raw {
        let (Some(key), Some(name), Some(all)) = (raw.key, raw.name, raw.ceilings) else {
            continue;
        };
        let key = key.value;
        if let Some(first) = places.insert(key.value.clone(), key.span) {
            duplicate(&format!("role `{}`", key.value), key.span, first, reader);
        }
        let mut ceilings = BTreeMap::new();
        for (group, field) in all.value.0 {
            if !groups.contains(&group.value.as_str()) {
                undefined("group", &group.value, group.span, &groups, reader);
            }
            let mut tiers = BTreeMap::new();
            for (ladder, tier) in field.value.tiers {
                match catalog.ladders.get(&ladder.value) {
                    None => undefined("ladder", &ladder.value, ladder.span, &ladders, reader),
                    Some(steps) => {
                        let known: Vec<&str> = steps.iter().map(|s| s.tier.as_str()).collect();
                        if !known.contains(&tier.value.as_str()) {
                            undefined("tier", tier.value.as_str(), tier.span, &known, reader);
                        }
                    }
                }
                tiers.insert(ladder.value, tier.value);
            }
            let ceiling = Ceiling { tiers, extra_verbs: field.value.extra_verbs };
            ceilings.insert(group.value, ceiling);
        }
        let role = Role { key: key.value.clone(), name: name.value.value.0, ceilings };
        roles.insert(key.value, role);
    }
    roles
}

/// Returns the schemas of the two files.
pub(in crate::config) fn schemas() -> [Json; 2] {
    [RawResources::schema(), RawRoles::schema()]
}

const BUNDLED: &[(&str, &str)] = &[
    ("trustpager/resources.yaml", include_str!("../../../data/catalogs/trustpager/resources.yaml")),
    ("trustpager/roles.yaml", include_str!("../../../data/catalogs/trustpager/roles.yaml")),
];

/// Returns the catalogue of TrustPager that ships with this program.
#[must_use]
pub fn bundled_trustpager_catalog() -> Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        let mut sources = SourceMap::new();
        for (name, text) in BUNDLED {
            sources.add(*name, text);
        }
        load_over(&nothing(), &sources).0
    });
    CATALOG.clone()
}

const fn nothing() -> Catalog {
    Catalog {
        version: String::new(),
        ladders: BTreeMap::new(),
        resources: BTreeMap::new(),
        roles: BTreeMap::new(),
        renames: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests;
