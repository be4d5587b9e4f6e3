//! The second opinion on Odeus (SEMANTICS section 8): the seed's two tables *What changes in this mode*, the new-action
//! rows (facts.md 1.5) and a short list of rulings, in the most obvious way.
//!
//! Names are text, sets are sets, and every question is answered by looking at everything. Nothing of scopeform is
//! imported, so that a mistake in the machine cannot hide here. Where the two differ, the seed and SEMANTICS decide.
//! "M1" to "M5" are the rows of the managed table from the top, "C1" to "C8" those of the custom-client table.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Names = BTreeSet<String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) required: Names,
    pub(crate) native: bool,
    pub(crate) features: Names,
    pub(crate) former_names: Names,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Catalogue {
    pub(crate) oauth: bool,
    pub(crate) scope_management: bool,
    pub(crate) managed_client: bool,
    pub(crate) base: Names,
    pub(crate) actions: BTreeMap<String, Action>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    Everyone,
    Shared { users: Names, groups: Names },
    Nobody,
}

/// Id, tenant and secret label of a workspace's own client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) id: String,
    pub(crate) tenant: Option<String>,
    pub(crate) secret: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Client {
    Nothing,
    Managed,
    Sync(Own),
    Fixed(Own),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) access: Access,
    pub(crate) accepted: Names,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) access: Access,
    pub(crate) client: Client,
    pub(crate) requested: Names,
    pub(crate) actions: BTreeMap<String, Setting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    Integration(Access),
    Action { action: String, access: Access, accept: Names },
    UseManaged,
    UseSync(Own),
    UseFixed(Own, Names),
    List(Names),
    Confirm(Names),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    UnknownAction,
    NativeAction,
    NoManagedClient,
    ScopesNotManaged,
    NotOauth,
    NotFixed,
    EmptyList,
    Placeholder,
    MissingNotAccepted,
    CannotAccept,
    NotPending,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) admin: bool,
    pub(crate) groups: Names,
}

fn follows_actions(state: &State) -> bool {
    // Seed, mode table: the Odeus client and scope sync behave the same.
    matches!(state.client, Client::Managed | Client::Sync(_))
}

fn is_fixed(state: &State) -> bool {
    matches!(state.client, Client::Fixed(_))
}

fn is_on(access: &Access) -> bool {
    // Seed: "enabled for everyone or shared with specific users and groups".
    !matches!(access, Access::Nobody)
}

/// Seed, *Native actions*: always enabled. Otherwise enabled or shared.
fn live(catalogue: &Catalogue, state: &State, action: &str) -> bool {
    catalogue.actions[action].native
        || state.actions.get(action).is_some_and(|setting| is_on(&setting.access))
}

/// Seed, *Use the Odeus Client*: auth scopes, and scopes required by enabled or shared actions.
pub(crate) fn needed(catalogue: &Catalogue, state: &State) -> Names {
    let mut all = catalogue.base.clone();
    for (name, action) in &catalogue.actions {
        if live(catalogue, state, name) {
            for scope in &action.required {
                all.insert(scope.clone());
            }
        }
    }
    all
}

/// SEMANTICS section 1: assumed to be requested where scopes cannot be managed yet.
fn recommended(catalogue: &Catalogue) -> Names {
    let mut all = catalogue.base.clone();
    for action in catalogue.actions.values() {
        all.extend(action.required.iter().cloned());
    }
    all
}

/// Case 18: a scope that is declared with the address left open is requested when some address stands in its place.
fn requests(state: &State, declared: &str) -> bool {
    for requested in &state.requested {
        if requested == declared {
            return true;
        }
        if let Some(end) = declared.strip_prefix("{organization-url}") {
            let parts: Vec<&str> = requested.splitn(4, '/').collect();
            if let ["https:", "", host, path] = parts[..]
                && !host.is_empty()
                && format!("/{path}") == end
            {
                return true;
            }
        }
    }
    false
}

/// Seed, *Manage actions with Fixed scopes*: required scopes that the client does not request, compared as text
/// (case 16).
pub(crate) fn missing(catalogue: &Catalogue, state: &State, action: &str) -> Names {
    let mut absent = Names::new();
    for scope in &catalogue.actions[action].required {
        if !requests(state, scope) {
            absent.insert(scope.clone());
        }
    }
    absent
}

/// SEMANTICS section 1: needed and not requested, where scopes follow the actions.
pub(crate) fn pending(catalogue: &Catalogue, state: &State) -> Names {
    let mut waiting = Names::new();
    if catalogue.oauth && catalogue.scope_management && follows_actions(state) {
        for scope in needed(catalogue, state) {
            if !state.requested.contains(&scope) {
                waiting.insert(scope);
            }
        }
    }
    waiting
}

/// What people see of one action: live, the scopes on its badge, and those that stop it.
pub(crate) fn badge(catalogue: &Catalogue, state: &State, action: &str) -> (bool, Names, Names) {
    let absent = missing(catalogue, state, action);
    // accepted_missing: the badge stays, the gate opens (SEMANTICS, *Running an action*).
    let accepted = state.actions.get(action).map(|s| s.accepted.clone()).unwrap_or_default();
    let stopping = absent.iter().filter(|scope| !accepted.contains(*scope)).cloned().collect();
    (live(catalogue, state, action), absent, stopping)
}

/// Every reason for which the platform refuses a write; it happens when there is none.
fn refusals(
    catalogue: &Catalogue,
    dedicated: bool,
    state: &State,
    write: &Write,
) -> BTreeSet<Refusal> {
    let mut why = BTreeSet::new();
    let about_scopes = match write {
        Write::Integration(_) | Write::Action { .. } => false,
        Write::UseManaged
        | Write::UseSync(_)
        | Write::UseFixed(..)
        | Write::List(_)
        | Write::Confirm(_) => true,
    };
    if about_scopes && !catalogue.oauth {
        why.insert(Refusal::NotOauth); // case 52
    }
    if about_scopes && catalogue.oauth && !catalogue.scope_management {
        why.insert(Refusal::ScopesNotManaged); // case 51
    }
    if let Write::UseFixed(_, list) | Write::List(list) = write {
        if list.is_empty() {
            why.insert(Refusal::EmptyList); // SEMANTICS: "an empty list is an error"
        }
        if list.iter().any(|scope| scope.contains('{') && scope.contains('}')) {
            why.insert(Refusal::Placeholder); // case 18
        }
    }
    match write {
        Write::Integration(_) | Write::UseSync(_) | Write::UseFixed(..) => {}
        Write::UseManaged => {
            if !catalogue.managed_client || dedicated {
                why.insert(Refusal::NoManagedClient); // case 31
            }
        }
        Write::List(_) => {
            if !is_fixed(state) {
                why.insert(Refusal::NotFixed); // case 32
            }
        }
        Write::Confirm(scopes) => {
            if !scopes.is_subset(&pending(catalogue, state)) {
                why.insert(Refusal::NotPending);
            }
        }
        Write::Action { action, access, accept } => {
            let Some(declared) = catalogue.actions.get(action) else {
                return BTreeSet::from([Refusal::UnknownAction]);
            };
            if declared.native {
                return BTreeSet::from([Refusal::NativeAction]); // case 9
            }
            let was_on = is_on(&state.actions[action].access);
            let absent = missing(catalogue, state, action);
            let acceptable = if !is_on(access) {
                Names::new() // turning off clears the acceptance
            } else if was_on {
                declared.required.clone() // acceptance ahead of a narrower list
            } else if is_fixed(state) {
                absent.clone() // case 35: exactly what is missing
            } else {
                Names::new() // M1, C2: missing scopes are added, not accepted
            };
            if !accept.is_subset(&acceptable) {
                why.insert(Refusal::CannotAccept);
            }
            if is_fixed(state) && !was_on && is_on(access) && !absent.is_subset(accept) {
                why.insert(Refusal::MissingNotAccepted); // C3, case 35: asks you to confirm first
            }
        }
    }
    why
}

/// What one integration becomes after a write.
pub(crate) fn write(
    catalogue: &Catalogue,
    dedicated: bool,
    state: &State,
    write: &Write,
) -> Result<State, BTreeSet<Refusal>> {
    let why = refusals(catalogue, dedicated, state, write);
    if !why.is_empty() {
        return Err(why);
    }
    let mut after = state.clone();
    match write {
        // Case 40: scopes are tied to actions only.
        Write::Integration(access) => after.access = access.clone(),
        Write::Action { action, access, accept } => {
            let was_on = is_on(&state.actions[action].access);
            let setting = Setting { access: access.clone(), accepted: accept.clone() };
            after.actions.insert(action.clone(), setting);
            // C1, C3 and case 8: a fixed list never moves by itself. No client: nothing is requested at all.
            if follows_actions(state) && catalogue.oauth && catalogue.scope_management {
                for scope in &catalogue.actions[action].required {
                    if !was_on && is_on(access) {
                        // M1, C2: missing scopes are added.
                        after.requested.insert(scope.clone());
                    }
                    if was_on && !is_on(access) && !needed(catalogue, &after).contains(scope) {
                        // M2: removed if no other enabled or shared action needs them.
                        after.requested.remove(scope);
                    }
                }
            }
        }
        Write::UseManaged => {
            after.client = Client::Managed;
            follow(catalogue, &mut after);
        }
        Write::UseSync(own) => {
            after.client = Client::Sync(own.clone());
            follow(catalogue, &mut after);
        }
        Write::UseFixed(own, list) => {
            after.client = Client::Fixed(own.clone());
            after.requested = list.clone(); // case 8: verbatim
        }
        // C4, C5: the list moves and no action does.
        Write::List(list) => after.requested = list.clone(),
        Write::Confirm(scopes) => after.requested.extend(scopes.iter().cloned()),
    }
    Ok(after)
}

/// SEMANTICS, SetClient into managed or sync: everything needed is requested, so nothing stays accepted as missing.
fn follow(catalogue: &Catalogue, state: &mut State) {
    state.requested = needed(catalogue, state);
    for setting in state.actions.values_mut() {
        setting.accepted.clear();
    }
}

/// What one integration becomes when the vendor publishes another catalogue.
pub(crate) fn publish(catalogue: &Catalogue, state: &State, new_actions_on: bool) -> State {
    let mut after = state.clone();
    after.actions.clear();
    for (name, action) in &catalogue.actions {
        let mut known = state.actions.get(name);
        for former in &action.former_names {
            known = known.or_else(|| state.actions.get(former)); // case 26
        }
        let setting = match known {
            // M5: the action keeps its current state. An acceptance ends with its requirement: a stale acceptance would
            // be a latent consent.
            Some(setting) => {
                let accepted = setting.accepted.intersection(&action.required).cloned().collect();
                Setting { access: setting.access.clone(), accepted }
            }
            None => {
                let covered = action.required.iter().all(|scope| requests(state, scope));
                let on = new_action_is_on(catalogue, state, action, covered, new_actions_on);
                let access = if on { Access::Everyone } else { Access::Nobody };
                Setting { access, accepted: Names::new() }
            }
        };
        after.actions.insert(name.clone(), setting);
    }
    let needed_now = needed(catalogue, &after);
    after.requested = match &after.client {
        Client::Nothing => Names::new(),
        _ if !catalogue.oauth => Names::new(),
        _ if !catalogue.scope_management => recommended(catalogue),
        // Seed: "a new scope never silently expands what Odeus can request"; M2 for what nobody needs any more.
        // Cases 22, 23: what is new is pending.
        Client::Managed | Client::Sync(_) => {
            state.requested.iter().filter(|scope| needed_now.contains(*scope)).cloned().collect()
        }
        Client::Fixed(_) => state.requested.clone(), // seed FAQ: never changed automatically
    };
    after
}

/// The decision table of facts.md 1.5, row by row.
fn new_action_is_on(
    catalogue: &Catalogue,
    state: &State,
    action: &Action,
    covered: bool,
    new_actions_on: bool,
) -> bool {
    if action.native {
        return true; // last row; case 23
    }
    if !new_actions_on {
        return false; // rows "off"
    }
    if !catalogue.oauth {
        return true; // no scopes, nothing can be missing
    }
    match &state.client {
        Client::Nothing => false, // no active client covers anything
        _ if !catalogue.scope_management => true, // everything is assumed to be requested
        Client::Managed | Client::Sync(_) => covered, // M3, M4, C6, C8; case 20
        Client::Fixed(_) => false, // C7, C8; case 21
    }
}

fn without(access: &Access, user: Option<&str>, group: Option<&str>) -> Access {
    match access {
        Access::Everyone => Access::Everyone,
        Access::Nobody => Access::Nobody,
        Access::Shared { users, groups } => {
            let users: Names = users.iter().filter(|n| Some(n.as_str()) != user).cloned().collect();
            let groups: Names =
                groups.iter().filter(|n| Some(n.as_str()) != group).cloned().collect();
            if users.is_empty() && groups.is_empty() {
                Access::Nobody
            } else {
                Access::Shared { users, groups }
            }
        }
    }
}

/// What one integration becomes when a user or a group disappears (case 42).
pub(crate) fn principal_removed(
    catalogue: &Catalogue,
    state: &State,
    user: Option<&str>,
    group: Option<&str>,
) -> State {
    let mut after = state.clone();
    after.access = without(&state.access, user, group);
    for setting in after.actions.values_mut() {
        setting.access = without(&setting.access, user, group);
        if !is_on(&setting.access) {
            setting.accepted.clear();
        }
    }
    if follows_actions(state) && catalogue.scope_management {
        let needed_now = needed(catalogue, &after);
        after.requested.retain(|scope| needed_now.contains(scope));
    }
    after
}

/// Seed, *Confirm scope updates*: a refresh grants what is requested now.
pub(crate) fn granted_after_reconnect(state: &State) -> Names {
    state.requested.clone()
}

/// facts.md 1.8: expiry can narrow, only a new consent can widen.
pub(crate) fn granted_after_expiry(granted: &Names, state: &State) -> Names {
    granted.iter().filter(|scope| state.requested.contains(*scope)).cloned().collect()
}

/// The platform's gate for scopes: required, and neither requested nor accepted as missing, stops the action.
fn scopes_suffice(catalogue: &Catalogue, state: &State, action: &str) -> bool {
    if !catalogue.oauth {
        return true;
    }
    if state.client == Client::Nothing {
        return false;
    }
    let (_, _, stopping) = badge(catalogue, state, action);
    stopping.is_empty()
}

fn lets_in(access: &Access, person: &Person) -> bool {
    // facts.md 1.6: workspace admins always keep access, at both levels.
    person.admin
        || match access {
            Access::Everyone => true,
            Access::Nobody => false,
            Access::Shared { users, groups } => {
                users.contains(&person.name)
                    || groups.iter().any(|group| person.groups.contains(group))
            }
        }
}

/// Who can run one action on a new connection: both access gates (case 39) and the scope gate (case 41), asked of every
/// person in turn.
pub(crate) fn who_can_run(
    catalogue: &Catalogue,
    state: &State,
    people: &[Person],
    action: &str,
) -> Names {
    let mut who = Names::new();
    for person in people {
        let integration = lets_in(&state.access, person);
        let own = catalogue.actions[action].native
            || state.actions.get(action).is_some_and(|s| lets_in(&s.access, person))
            || person.admin;
        if integration && own && scopes_suffice(catalogue, state, action) {
            who.insert(person.name.clone());
        }
    }
    who
}

/// Seed, *Native actions*: features of which at least one native action lacks a scope.
pub(crate) fn broken_features(catalogue: &Catalogue, state: &State) -> Names {
    let mut broken = Names::new();
    for (name, action) in &catalogue.actions {
        if action.native && !scopes_suffice(catalogue, state, name) {
            broken.extend(action.features.iter().cloned());
        }
    }
    broken
}
