//! What is publicly known about a provider's scopes: admin consent, privilege level.
//!
//! The facts come from the provider's own published data (see `data/scopes`) and are advice: a scope without an entry is
//! *unknown*, which is not the same as harmless.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::model::{PrivilegeLevel, Scope, ScopeAccess, ScopeSet, nearest};

/// What is known about one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeFact {
    /// Whether a tenant administrator must consent; `None` where no source says.
    pub admin_consent: Option<bool>,
    /// The provider's own grading, 1 to 4; `None` where it gives none.
    pub level: Option<PrivilegeLevel>,
    /// Whether it only reads.
    pub access: ScopeAccess,
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
    access: ScopeAccess,
}

static MICROSOFT: OnceLock<BTreeMap<String, ScopeFact>> = OnceLock::new();

fn microsoft() -> &'static BTreeMap<String, ScopeFact> {
    MICROSOFT.get_or_init(|| {
        let text = include_str!("../../../data/scopes/microsoft-graph.json");
        let rows = serde_json::from_str::<File>(text).map(|file| file.scopes).unwrap_or_default();
        let facts = rows.into_iter().map(|row| {
            let level = row.privilege_level.map(PrivilegeLevel);
            let fact =
                ScopeFact { admin_consent: Some(row.admin_consent), level, access: row.access };
            (row.name, fact)
        });
        facts.collect()
    })
}

/// The hosts of Microsoft Graph: the public cloud's, and those of the national clouds, where scopes have the same names.
/// Source: <https://learn.microsoft.com/graph/deployments>.
const GRAPH_HOSTS: &[&str] = &[
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
    "graph.microsoft.de",
];

/// The id of Microsoft Graph's own application, which stands for its address: `ID/User.Read`.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";

/// The permission that stands for everything registered for the client. Source:
/// <https://learn.microsoft.com/entra/identity-platform/scopes-oidc>, "The .default scope".
const DEFAULT: &str = ".default";

/// A scope of Microsoft, taken apart: `https://graph.microsoft.com/` and `User.Read`. One address can be spelt in several
/// ways, and every spelling asks for the same thing.
struct Spelt<'s> {
    /// What stands before the permission, slashes included; empty where Graph is meant without being named.
    resource: &'s str,
    permission: &'s str,
    /// Whether it is a permission of Microsoft Graph, of which there is a list.
    graph: bool,
}

impl<'s> Spelt<'s> {
    fn of(scope: &'s str) -> Self {
        let (host, start) = match scope.find("://") {
            Some(at) => {
                let rest = scope.get(at + 3..).unwrap_or_default();
                let host = rest.split('/').next().unwrap_or_default();
                (Some(host), at + 3 + host.len())
            }
            None => (scope.find('/').and_then(|at| scope.get(..at)), scope.find('/').unwrap_or(0)),
        };
        let tail = scope.get(start..).unwrap_or_default();
        // An address that ends with a slash of its own gives two.
        let permission = tail.trim_start_matches('/');
        let resource = scope.strip_suffix(permission).unwrap_or_default();
        let web =
            |text: &str| text.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("https://"));
        let graph = match host {
            None => true,
            Some(host) if web(scope) => {
                GRAPH_HOSTS.iter().any(|own| host.eq_ignore_ascii_case(own))
            }
            Some(id) => !scope.contains("://") && id.eq_ignore_ascii_case(GRAPH_ID),
        };
        Self { resource, permission, graph: graph && !permission.is_empty() }
    }
}

/// Returns whether a scope of Microsoft asks for whatever is registered for the client, at whichever resource.
#[must_use]
pub fn is_default(provider: &str, scope: &Scope) -> bool {
    let last = scope.as_str().rsplit('/').next().unwrap_or_default();
    provider == "microsoft" && last.eq_ignore_ascii_case(DEFAULT)
}

/// Returns what is known about `scope` at `provider`, or `None`. How its resource is spelt does not matter.
#[must_use]
pub fn known(provider: &str, scope: &Scope) -> Option<ScopeFact> {
    match provider {
        "microsoft" if is_default(provider, scope) => {
            // What is registered is not known from here, and may be everything there is.
            Some(ScopeFact {
                admin_consent: None,
                level: Some(PrivilegeLevel(4)),
                access: ScopeAccess::Write,
            })
        }
        "microsoft" => {
            let spelt = Spelt::of(scope.as_str());
            microsoft().get(spelt.permission).copied().filter(|_| spelt.graph)
        }
        _ => None,
    }
}

/// Returns whether `scope` at `provider` only reads, or `None` where no source says. Unlike what else is known of it, this
/// holds in whichever case it is written: a provider that does not tell cases apart grants the same.
#[must_use]
pub fn access(provider: &str, scope: &Scope) -> Option<ScopeAccess> {
    let any_case = || {
        let Spelt { permission, graph, .. } = Spelt::of(scope.as_str());
        let same = |(name, _): &(&String, &ScopeFact)| name.eq_ignore_ascii_case(permission);
        let found = microsoft().iter().find(same);
        found.map(|(_, fact)| *fact).filter(|_| graph && provider == "microsoft")
    };
    known(provider, scope).or_else(any_case).map(|fact| fact.access)
}

/// What is doubtful about a scope that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is this known scope but for upper and lower case.
    Case(String),
    /// It is in no list.
    Unknown {
        /// Whether there is a list of its resource's scopes at all.
        listed: bool,
        /// The known scope that was most likely meant.
        near: Option<String>,
    },
}

impl Doubt {
    /// Returns in words that no list of `provider` has the scope, and which was most likely meant; `None` where only its
    /// spelling is odd.
    #[must_use]
    pub fn unpublished(&self, provider: &str) -> Option<String> {
        let Self::Unknown { listed, near } = self else { return None };
        let mut words = match listed {
            true => format!("not published by {provider}"),
            false => "in no list that we know".to_owned(),
        };
        if let Some(near) = near {
            words.push_str(&format!("; did you mean `{near}`?"));
        }
        Some(words)
    }
}

/// Returns what is doubtful about `scope` beside those that the vendor declares: of the catalogue first, of the
/// provider's list second. Where there is no list, *not in it* means nothing.
#[must_use]
pub fn doubt(provider: &str, scope: &Scope, catalogue: &ScopeSet) -> Option<Doubt> {
    let text = scope.as_str();
    if catalogue.contains(scope) || catalogue.iter().any(|declared| declared.becomes(scope)) {
        return None;
    }
    let declared = catalogue.iter().find(|known| known.as_str().eq_ignore_ascii_case(text));
    if let Some(found) = declared {
        return Some(Doubt::Case(found.to_string()));
    }
    if provider != "microsoft" || is_default(provider, scope) {
        return None;
    }
    let Spelt { resource, permission, graph } = Spelt::of(text);
    let facts = microsoft();
    let same = |name: &&String| name.eq_ignore_ascii_case(permission);
    let meant = match facts.get_key_value(permission) {
        Some((name, _)) => Some(name),
        None => facts.keys().find(same),
    };
    if let Some(name) = meant.filter(|_| graph) {
        let right = format!("{}{name}", resource.to_ascii_lowercase());
        return (right != text).then_some(Doubt::Case(right));
    }
    // Permissions alone are compared: long addresses would make everything near.
    let published = facts.keys().filter(|_| graph).map(String::as_str);
    let declared = catalogue
        .iter()
        .map(|known| Spelt::of(known.as_str()))
        .filter(|known| graph && known.graph || known.resource.eq_ignore_ascii_case(resource));
    let near = nearest(permission, published.chain(declared.map(|known| known.permission)));
    Some(Doubt::Unknown { listed: graph, near: near.map(|name| format!("{resource}{name}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::try_from(text).unwrap()
    }

    #[test]
    fn the_bundled_facts_are_readable_and_graded() {
        let sites = known("microsoft", &scope("Sites.ReadWrite.All")).unwrap();
        assert_eq!(sites.admin_consent, Some(false));
        let group = known("microsoft", &scope("Group.ReadWrite.All")).unwrap();
        assert_eq!(group.admin_consent, Some(true));
        assert!(known("microsoft", &scope("Files.Raed.All")).is_none());
        assert!(known("nobody", &scope("Group.ReadWrite.All")).is_none());
        let everything = known("microsoft", &scope("api://own/.default")).unwrap();
        assert_eq!((everything.admin_consent, everything.level), (None, Some(PrivilegeLevel(4))));
        assert!(known("nobody", &scope(".default")).is_none());
    }

    #[test]
    fn what_a_scope_allows_is_known_in_whichever_case_it_is_written() {
        for (provider, text, allows) in [
            ("microsoft", "Sites.Read.All", Some(ScopeAccess::Read)),
            ("microsoft", "sites.read.all", Some(ScopeAccess::Read)),
            ("microsoft", "Sites.Selected", Some(ScopeAccess::Write)),
            ("microsoft", "https://GRAPH.microsoft.com/sites.selected", Some(ScopeAccess::Write)),
            ("microsoft", "https://evil.example/Sites.Read.All", None),
            ("microsoft", "Sites.Raed.All", None),
            ("microsoft", ".default", Some(ScopeAccess::Write)),
            ("nobody", "Sites.Read.All", None),
        ] {
            assert_eq!(access(provider, &scope(text)), allows, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_graph_is_graph_and_nothing_else_is() {
        for (text, graph, permission) in [
            ("User.Read", true, "User.Read"),
            ("https://graph.microsoft.com/User.Read", true, "User.Read"),
            ("HTTPS://GRAPH.microsoft.com//User.Read", true, "User.Read"),
            ("https://graph.microsoft.us/User.Read", true, "User.Read"),
            ("00000003-0000-0000-C000-000000000000/User.Read", true, "User.Read"),
            ("https://graph.microsoft.com.evil.example/User.Read", false, "User.Read"),
            (
                "https://evil.example/graph.microsoft.com/User.Read",
                false,
                "graph.microsoft.com/User.Read",
            ),
            ("https://x@graph.microsoft.com/User.Read", false, "User.Read"),
            ("http://graph.microsoft.com/User.Read", false, "User.Read"),
            ("api://graph.microsoft.com/User.Read", false, "User.Read"),
            ("api://00000003-0000-0000-c000-000000000000/User.Read", false, "User.Read"),
            ("https://graph.microsoft.com", false, ""),
            ("https://graph.microsoft.com/", false, ""),
            ("https://graph.microsoft.com/User.Read/", true, "User.Read/"),
            ("other/User.Read", false, "User.Read"),
            ("/User.Read", false, "User.Read"),
        ] {
            let spelt = Spelt::of(text);
            assert_eq!((spelt.graph, spelt.permission), (graph, permission), "{text}");
            assert_eq!(format!("{}{}", spelt.resource, spelt.permission), text);
        }
    }

    #[test]
    fn a_doubt_names_the_scope_that_was_meant() {
        let catalogue: ScopeSet =
            [scope("Own.Scope"), scope("{organization-url}/user_impersonation")]
                .into_iter()
                .collect();
        let case = |right: &str| Some(Doubt::Case(right.to_owned()));
        let unknown = |listed, near: Option<&str>| {
            Some(Doubt::Unknown { listed, near: near.map(ToOwned::to_owned) })
        };
        for (text, wanted) in [
            ("Own.Scope", None),
            ("own.scope", case("Own.Scope")),
            ("Own.Scop", unknown(true, Some("Own.Scope"))),
            ("https://acme.crm4.dynamics.com/user_impersonation", None),
            ("files.read.all", case("Files.Read.All")),
            (
                "HTTPS://graph.microsoft.com/User.Read",
                case("https://graph.microsoft.com/User.Read"),
            ),
            ("https://graph.microsoft.com//User.Read", None),
            ("https://management.azure.com/x", unknown(false, None)),
            ("https://management.azure.com/.default", None),
        ] {
            assert_eq!(doubt("microsoft", &scope(text), &catalogue), wanted, "{text}");
        }
        assert_eq!(doubt("nobody", &scope("files.read.all"), &catalogue), None);
        assert_eq!(doubt("nobody", &scope("OWN.scope"), &catalogue), case("Own.Scope"));
    }
}
