use super::*;
use crate::model::ScopeSet;
use crate::platform::trustpager::state::AccessList;
use crate::render::diagnostic::{Colour, text};

fn tier(name: &str) -> Tier {
    Tier::try_from(name).unwrap()
}

#[test]
fn the_bundled_catalogue_has_the_counts_of_its_readme() {
    let catalog = bundled_trustpager_catalog();
    assert_eq!(catalog.version, "2026-04-20");
    assert_eq!(catalog.resources.len(), 38);
    assert_eq!(catalog.roles.len(), 4);
    let tiers = catalog.resources.values().flat_map(|resource| &resource.tiers);
    let verbs = catalog.resources.values().flat_map(|resource| resource.extra_verbs.values());
    assert_eq!(verbs.clone().count(), 6);
    let scopes: ScopeSet =
        tiers.filter_map(|own| own.scope.clone()).chain(verbs.map(|v| v.scope.clone())).collect();
    assert_eq!(scopes.iter().count(), 131);
    let whole =
        |resource: &&Resource| resource.tiers.len() == catalog.ladders[&resource.ladder].len();
    assert_eq!(catalog.resources.values().filter(whole).count(), 14);
}

#[test]
fn every_ladder_widens_step_by_step_by_what_it_grants() {
    let catalog = bundled_trustpager_catalog();
    assert_eq!(catalog.ladders.len(), 3);
    for (name, ladder) in &catalog.ladders {
        assert_eq!(ladder[0].tier.as_str(), "no_access", "{name}");
        for pair in ladder.windows(2) {
            let (below, above) = (&pair[0], &pair[1]);
            assert!(below.grants.within(&above.grants), "{name}: {}", above.tier);
            assert!(!above.grants.within(&below.grants), "{name}: {}", above.tier);
        }
    }
}

#[test]
fn a_resource_has_its_own_tiers_in_the_order_of_the_ladder() {
    let catalog = bundled_trustpager_catalog();
    for resource in catalog.resources.values() {
        let ladder: Vec<&Tier> =
            catalog.ladders[&resource.ladder].iter().map(|fact| &fact.tier).collect();
        let places: Vec<_> = resource
            .tiers
            .iter()
            .map(|own| ladder.iter().position(|tier| **tier == own.tier).unwrap())
            .collect();
        assert!(places.is_sorted(), "{}", resource.key);
        assert!(resource.has(&resource.default_tier), "{}", resource.key);
        for own in &resource.tiers {
            assert_eq!(own.scope.is_none(), own.tier.as_str() == "no_access", "{}", resource.key);
        }
    }
    let words = |key: &str| catalog.resources[key].ladder_words();
    assert_eq!(words("signing"), "no_access < send_with_approval < send_automatically");
    assert_eq!(words("billing"), "no_access < read");
    assert_eq!(
        words("contacts"),
        "no_access < read < write_with_approval < write_automatically < delete_with_approval < delete_automatically",
    );
}

#[test]
fn case_57_a_tier_off_the_ladder_is_not_there() {
    let catalog = bundled_trustpager_catalog();
    assert!(!catalog.resources["contacts"].has(&tier("send_automatically")));
    assert!(!catalog.resources["billing"].has(&tier("delete_automatically")));
    assert!(catalog.resources["email"].has(&tier("send_automatically")));
}

#[test]
fn case_64_only_renames_of_resources_are_aliases() {
    let catalog = bundled_trustpager_catalog();
    let renames: Vec<_> =
        catalog.renames.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    assert_eq!(renames, [("customers", "companies"), ("deals", "opportunities")]);
    let later = ResourceKey::try_from("opportunities").unwrap();
    assert_eq!(catalog.resource(&later).unwrap().key.as_str(), "deals");
}

#[test]
fn a_role_has_a_ceiling_per_group_and_ladder() {
    let catalog = bundled_trustpager_catalog();
    let role = |name: &str| RoleKey::try_from(name).unwrap();
    let most = |resource: &str, name: &str| {
        let tier = catalog.role_tier(&catalog.resources[resource], &role(name));
        tier.map(ToString::to_string)
    };
    // The one documented example.
    assert_eq!(most("email", "read_only_viewer").as_deref(), Some("read"));
    assert_eq!(most("email", "owner").as_deref(), Some("send_automatically"));
    // Writing to voice agents is for admins, though reading is not.
    assert_eq!(most("voice-agents", "member").as_deref(), Some("read"));
    assert_eq!(most("voice-agents", "owner").as_deref(), Some("write_automatically"));
    let verbs = |name: &str| catalog.role_has_verbs(&catalog.resources["calls"], &role(name));
    assert!(verbs("member") && !verbs("read_only_viewer"));
}

#[test]
fn the_default_policy_is_the_seeds() {
    let list = AccessList::platform_default(&bundled_trustpager_catalog());
    for (resource, wanted) in [
        ("contacts", "delete_with_approval"),
        ("email", "send_with_approval"),
        ("ai", "use_automatically"),
        ("billing", "read"),
        ("permissions", "read"),
    ] {
        assert_eq!(list.tiers[resource], tier(wanted), "{resource}");
    }
    let verbs: Vec<&str> = list.verbs.keys().map(ResourceKey::as_str).collect();
    assert_eq!(verbs, ["automations", "calls"]);
}

#[test]
fn a_folder_may_replace_the_roles_alone() {
    let mut sources = SourceMap::new();
    sources.add(
        "roles.yaml",
        "kind: catalog\nprovider: trustpager\nroles:\n\
         \x20 - {key: clerk, name: Clerk, ceilings: {communication: {communication: read}}}\n",
    );
    // Of another platform: passed over here, read there, and the other way round.
    sources.add("weather.yaml", "kind: catalog\nintegration: weather\n");
    let (catalog, out) = load(&sources);
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(catalog.resources.len(), 38);
    assert_eq!(catalog.roles.len(), 1);
    let clerk = RoleKey::try_from("clerk").unwrap();
    let most = |resource: &str| catalog.role_tier(&catalog.resources[resource], &clerk);
    assert_eq!(most("email"), Some(&tier("read")));
    assert_eq!(most("contacts"), None);
    let (_, out) = crate::config::catalog::load(&sources);
    let mut said = String::new();
    text(&out, &sources, Colour::Never, &mut said).unwrap();
    assert!(said.contains("weather.yaml") && !said.contains("roles.yaml"), "{said}");
}

#[test]
fn the_bundled_files_fit_their_schemas_and_another_parser() {
    let schema = jsonschema::validator_for(&crate::config::catalog::catalog_schema()).unwrap();
    for (name, text) in BUNDLED {
        let other: Json = serde_yaml::from_str(text).unwrap();
        let errors: Vec<String> =
            schema.iter_errors(&other).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}
