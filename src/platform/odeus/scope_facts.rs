//! What is publicly known about a provider's scopes: admin consent, privilege level.
//!
//! The facts come from the provider's own published data (see `data/scopes`) and are advice: a scope without an entry is
//! *unknown*, which is not the same as harmless.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::model::{PrivilegeLevel, Scope, ScopeSet};

/// What is known about one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeFact {
    /// Whether a tenant administrator must consent.
    pub admin_consent: bool,
    /// The provider's own grading, 1 to 4; `None` where it gives none.
    pub level: Option<PrivilegeLevel>,
}

#[derive(Deserialize)]
struct File {
    scopes: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    admin_consent: bool,
    privilege_level: Option<u8>,
}

static MICROSOFT: OnceLock<BTreeMap<String, ScopeFact>> = OnceLock::new();

fn microsoft() -> &'static BTreeMap<String, ScopeFact> {
    MICROSOFT.get_or_init(|| {
        let text = include_str!("../../../data/scopes/microsoft-graph.json");
        let rows = serde_json::from_str::<File>(text).map(|file| file.scopes).unwrap_or_default();
        let facts = rows.into_iter().map(|row| {
            let level = row.privilege_level.map(PrivilegeLevel);
            (row.name, ScopeFact { admin_consent: row.admin_consent, level })
        });
        facts.collect()
    })
}

/// Returns what is known about `scope` at `provider`, or `None`.
#[must_use]
pub fn known(provider: &str, scope: &Scope) -> Option<ScopeFact> {
    match provider {
        "microsoft" => {
            let short = scope.as_str().strip_prefix("https://graph.microsoft.com/");
            microsoft().get(short.unwrap_or(scope.as_str())).copied()
        }
        _ => None,
    }
}

/// Returns whether we have a list of the provider's scopes at all, so that *not in the list* means something. Scopes of
/// other resources of the same provider, which are URIs, are in no list.
#[must_use]
pub fn is_listed_form(provider: &str, scope: &Scope) -> bool {
    provider == "microsoft" && !scope.as_str().contains("://")
}

/// Returns the known scope that equals `scope` but for case: of the catalogue first, of the provider's list second.
#[must_use]
pub fn same_but_case(provider: &str, scope: &Scope, catalogue: &ScopeSet) -> Option<String> {
    let same = |name: &str| name != scope.as_str() && name.eq_ignore_ascii_case(scope.as_str());
    if let Some(found) = catalogue.iter().find(|known| same(known.as_str())) {
        return Some(found.to_string());
    }
    match provider {
        "microsoft" => microsoft().keys().find(|name| same(name)).cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_facts_are_readable_and_graded() {
        let scope = |text| Scope::try_from(text).unwrap();
        let sites = known("microsoft", &scope("Sites.ReadWrite.All")).unwrap();
        assert!(!sites.admin_consent);
        let group = known("microsoft", &scope("Group.ReadWrite.All")).unwrap();
        assert!(group.admin_consent);
        assert!(known("microsoft", &scope("Files.Raed.All")).is_none());
        assert!(known("nobody", &scope("Group.ReadWrite.All")).is_none());
        assert_eq!(
            same_but_case("microsoft", &scope("files.read.all"), &ScopeSet::new()).as_deref(),
            Some("Files.Read.All")
        );
    }
}
