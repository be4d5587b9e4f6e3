//! The seed's two views of an integration, as an inert value: *Scope view* and *Action view*.
//!
//! Source: seed *Review scope status*, *Manage actions with Fixed scopes*, *Native actions*; facts.md 1.10. Computed
//! from a snapshot alone; `render/status/mod.rs` prints it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audience::Gates;
use super::catalog::{self, Auth, Feature};
use super::machine::{self, Context};
use super::people::{Grants, must_reconnect};
use super::state::{Client, Connection, IntegrationState, LiveIntegration, Mode, Snapshot};
use crate::model::{Access, ActionKey, IntegrationKey, Scope, ScopeSet, UserId};

/// What an admin sees of one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Which integration.
    pub integration: IntegrationKey,
    /// Its title. The vendor's text.
    pub name: String,
    /// Who may connect and use it.
    pub access: Access,
    /// Whether there are scopes, and whether they can be managed.
    pub scopes_are: Scopes,
    /// Whose OAuth client is used.
    pub client: Client,
    /// What a new connection asks for: also the list that the provider's app registration must carry.
    pub requested: ScopeSet,
    /// Base scopes and the scopes of every action: what the platform recommends for a fixed list.
    pub recommended: ScopeSet,
    /// Scopes that live actions and the integration need and nobody requests.
    pub missing: ScopeSet,
    /// Needed scopes that the vendor added and nobody confirmed (managed and sync only).
    pub pending: ScopeSet,
    /// Requested scopes that nothing in the catalogue declares (fixed only).
    pub undeclared: ScopeSet,
    /// *Scope view*: every scope that is requested or declared, in byte order.
    pub scopes: Vec<ScopeRow>,
    /// *Action view*: every action, in key order.
    pub actions: Vec<ActionRow>,
    /// Everybody with a connection.
    pub connected: BTreeSet<UserId>,
    /// Those of them who must reconnect.
    pub must_reconnect: BTreeSet<UserId>,
}

/// Whether an integration has scopes, and who manages them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scopes {
    /// They can be managed.
    Managed,
    /// The vendor does not let anybody manage them yet (case 51).
    NotYet,
    /// There is no OAuth (case 52).
    None,
}

/// One scope and the actions that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRow {
    /// The scope.
    pub scope: Scope,
    /// The green check or the red cross.
    pub requested: Requested,
    /// Whether every connection asks for it, whatever the actions.
    pub base: bool,
    /// Whether a native action declares it.
    pub native: bool,
    /// Live actions that declare it.
    pub live: BTreeSet<ActionKey>,
    /// Actions that are off and declare it.
    pub off: BTreeSet<ActionKey>,
}

/// Whether a new connection asks for a scope.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Requested {
    /// It does.
    Yes,
    /// It does not, though something that is on needs it.
    Missing,
    /// It does not, and nothing that is on needs it.
    No,
}

/// One action as *Action view* shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// Its key.
    pub key: ActionKey,
    /// Its title. The vendor's text.
    pub name: String,
    /// Who may run it.
    pub enabled: Enabled,
    /// The badge.
    pub badge: Badge,
    /// The scopes that it declares.
    pub required: ScopeSet,
    /// The declared scopes that are not requested, and what to do about each.
    pub missing: BTreeMap<Scope, Remedy>,
    /// The features that it powers, when it is native.
    pub features: BTreeSet<Feature>,
}

/// Who may run an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enabled {
    /// Native: always on.
    Always,
    /// As an admin chose.
    For(Access),
}

impl Enabled {
    /// Returns who can use the action, admins aside, once both access gates are passed: its own and the integration's.
    #[must_use]
    pub fn within(&self, integration: &Access) -> Usable {
        let own = match self {
            Self::Always => None,
            Self::For(access) => Some(access),
        };
        let on = own.is_none_or(Access::is_on);
        // A list that the integration's holds whole is not limited by it.
        let limited = on && !own.unwrap_or(&Access::Everyone).is_within(integration);
        let who = if limited {
            Gates { integration, action: own }.to_string()
        } else {
            own.map_or_else(|| "always on".to_owned(), ToString::to_string)
        };
        let limit = limited.then(|| {
            let shared = match own {
                None => "always on".to_owned(),
                Some(access) => format!("shared with {access}"),
            };
            let to = match integration {
                Access::Nobody => "admins".to_owned(),
                Access::Everyone | Access::Only(_) => integration.to_string(),
            };
            format!("{shared}, limited by the integration to {to}")
        });
        Usable { who, limit, open: on && *integration != Access::Nobody }
    }
}

/// Who can use an action, its scopes aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usable {
    /// In words, as the privilege delta says it. May hold names from the live system.
    pub who: String,
    /// What the action's own list says and what the integration makes of it, where they differ.
    pub limit: Option<String>,
    /// Whether it is open to somebody beside admins.
    pub open: bool,
}

/// The badge of an action, in the seed's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Badge {
    /// Every declared scope is requested.
    ScopeConfigured,
    /// At least one declared scope is not.
    MissingScope,
}

impl Badge {
    /// Returns the badge as the platform prints it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ScopeConfigured => "Scope configured",
            Self::MissingScope => "Missing scope",
        }
    }
}

/// What to do about a missing scope: the tooltip of the badge.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Scopes follow the actions, and the action is off.
    EnableAction,
    /// Scopes follow the actions, the action is on, and the vendor added the scope later.
    ConfirmPending,
    /// The list is hand-written.
    AddToClient,
    /// The list is hand-written, and an admin confirmed that the scope is not needed here.
    Accepted,
    /// There is no client yet.
    ConfigureClient,
    /// Scopes cannot be managed here yet.
    AskVendor,
}

impl Remedy {
    /// Returns the tooltip, in the seed's words where it has some.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::EnableAction => "enable action to add it to the requested OAuth scopes",
            Self::ConfirmPending => {
                "added by the vendor; `scopeform plan` shows it, an approved apply requests it"
            }
            Self::AddToClient => "add it to your OAuth client configuration",
            Self::Accepted => "accepted as missing; cannot be verified from here",
            Self::ConfigureClient => "configure an OAuth client first",
            Self::AskVendor => "the vendor does not let anybody manage scopes here yet",
        }
    }

    /// Returns the stable name for documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnableAction => "enable_action",
            Self::ConfirmPending => "confirm_pending",
            Self::AddToClient => "add_to_client",
            Self::Accepted => "accepted",
            Self::ConfigureClient => "configure_client",
            Self::AskVendor => "ask_vendor",
        }
    }
}

/// Returns the view of one integration; `None` when the workspace has no such integration.
#[must_use]
pub fn view(snapshot: &Snapshot, integration: &IntegrationKey) -> Option<View> {
    let live = snapshot.integrations.get(integration)?;
    let connections = snapshot.connections.iter().filter(|c| c.integration == *integration);
    Some(view_of(snapshot, live, &connections.collect::<Vec<_>>()))
}

/// Returns the views of all integrations, in key order.
#[must_use]
pub fn views(snapshot: &Snapshot) -> Vec<View> {
    let mut connections: BTreeMap<&IntegrationKey, Vec<&Connection>> = BTreeMap::new();
    for connection in &snapshot.connections {
        connections.entry(&connection.integration).or_default().push(connection);
    }
    let all = snapshot.integrations.iter();
    all.map(|(key, live)| {
        view_of(snapshot, live, connections.get(key).map_or(&[][..], Vec::as_slice))
    })
    .collect()
}

fn view_of(snapshot: &Snapshot, live: &LiveIntegration, connections: &[&Connection]) -> View {
    let LiveIntegration { facts, state, revision: _ } = live;
    let context = Context { facts, settings: &snapshot.settings, directory: &snapshot.directory };
    View {
        connected: connections.iter().map(|c| c.user.clone()).collect(),
        must_reconnect: must_reconnect(context, state, &Grants::of(connections)),
        ..of_state(facts, state)
    }
}

/// Returns the view of a state that may be live or planned: everything but the people.
pub(super) fn of_state(facts: &catalog::Integration, state: &IntegrationState) -> View {
    let seen = machine::observe(facts, state);
    // A declared placeholder is shown as what the list fills it in with (case 18).
    let shown = |declared: &Scope| -> ScopeSet {
        if declared.placeholder().is_none() {
            return ScopeSet::from_iter([declared.clone()]);
        }
        let filled = state.requested.iter().filter(|own| declared.becomes(own));
        let filled: ScopeSet = filled.cloned().collect();
        if filled.is_empty() { [declared.clone()].into_iter().collect() } else { filled }
    };
    let recommended: ScopeSet = facts.recommended_scopes().iter().flat_map(shown).collect();
    let scopes_are = match facts.auth {
        Auth::ApiKey | Auth::None => Scopes::None,
        Auth::Oauth if facts.scope_management => Scopes::Managed,
        Auth::Oauth => Scopes::NotYet,
    };
    let undeclared = match seen.mode {
        Some(Mode::Fixed) => state.requested.minus(&recommended),
        Some(Mode::Managed | Mode::Sync) | None => ScopeSet::new(),
    };
    let mut rows: BTreeMap<&Scope, ScopeRow> = BTreeMap::new();
    for scope in recommended.iter().chain(&state.requested) {
        rows.entry(scope).or_insert_with(|| ScopeRow {
            scope: scope.clone(),
            requested: if state.requested.contains(scope) {
                Requested::Yes
            } else if seen.needed.contains(scope) {
                Requested::Missing
            } else {
                Requested::No
            },
            base: facts.base_scopes.contains(scope),
            native: false,
            live: BTreeSet::new(),
            off: BTreeSet::new(),
        });
    }
    let mut actions = Vec::new();
    for action in facts.actions.values() {
        let (on, missing) = match seen.actions.get(&action.key) {
            Some(view) => (view.live, view.missing.clone()),
            None => (action.native, ScopeSet::new()),
        };
        for scope in &action.required_scopes.iter().flat_map(shown).collect::<ScopeSet>() {
            if let Some(row) = rows.get_mut(scope) {
                row.native |= action.native;
                let keys = if on { &mut row.live } else { &mut row.off };
                keys.insert(action.key.clone());
            }
        }
        let own = state.actions.get(&action.key);
        let remedies = missing.iter().map(|scope| {
            let accepted = own.is_some_and(|own| own.accepted_missing.contains(scope));
            (scope.clone(), remedy(scopes_are, state, on, accepted))
        });
        actions.push(ActionRow {
            key: action.key.clone(),
            name: action.name.clone(),
            enabled: if action.native {
                Enabled::Always
            } else {
                Enabled::For(own.map_or(Access::Nobody, |own| own.access.clone()))
            },
            badge: if missing.is_empty() { Badge::ScopeConfigured } else { Badge::MissingScope },
            required: action.required_scopes.clone(),
            missing: remedies.collect(),
            features: action.features.clone(),
        });
    }
    let rows = rows.into_values().collect();
    View {
        integration: facts.key.clone(),
        name: facts.name.clone(),
        access: state.access.clone(),
        scopes_are,
        client: state.client.clone(),
        requested: state.requested.clone(),
        missing: seen.needed.not_covered_by(&state.requested),
        recommended,
        pending: seen.pending,
        undeclared,
        scopes: rows,
        actions,
        connected: BTreeSet::new(),
        must_reconnect: BTreeSet::new(),
    }
}

/// Returns the tooltip's advice, which differs by mode (seed, *Review scope status* and *Manage actions with Fixed
/// scopes*).
fn remedy(scopes: Scopes, state: &IntegrationState, on: bool, accepted: bool) -> Remedy {
    match (scopes, state.client.mode()) {
        (_, None) => Remedy::ConfigureClient,
        (Scopes::NotYet | Scopes::None, Some(_)) => Remedy::AskVendor,
        (Scopes::Managed, Some(Mode::Fixed)) if accepted => Remedy::Accepted,
        (Scopes::Managed, Some(Mode::Fixed)) => Remedy::AddToClient,
        (Scopes::Managed, Some(Mode::Managed | Mode::Sync)) if on => Remedy::ConfirmPending,
        (Scopes::Managed, Some(Mode::Managed | Mode::Sync)) => Remedy::EnableAction,
    }
}
