//! Checks the names in the files against the live catalogue and directory, and expands globs.
//!
//! What comes out is a [`Target`] per declared integration in which every name exists, or a [`Problem`] at the address
//! of the line that is wrong. All problems of a run are reported together. Source: cases 9, 18, 25, 26, 31, 51, 52.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use super::catalog::{Action, Auth, Integration};
use super::desired::{
    Desired, DesiredAction, DesiredIntegration, DesiredList, DesiredOauth, Unlisted,
};
use super::operation::ClientSpec;
use super::state::{Deployment, Directory, LiveIntegration, Mode, Snapshot};
use crate::diag::{Code, Problem};
use crate::model::{
    Access, ActionKey, Address, IntegrationKey, Principal, Scope, nearest, some_of,
};
use crate::platform::twin::said_twice;

/// One declared integration, every name in it known.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// Which one.
    pub key: &'a IntegrationKey,
    /// What the files say.
    pub desired: &'a DesiredIntegration,
    /// What is live.
    pub live: &'a LiveIntegration,
    /// The declared client with its list resolved.
    pub client: Option<ClientSpec>,
    /// Every action that some line covers.
    pub actions: BTreeMap<&'a ActionKey, TargetAction<'a>>,
}

/// One action that some line covers.
#[derive(Debug, Clone)]
pub struct TargetAction<'a> {
    /// Who may run it.
    pub access: &'a Access,
    /// Why missing scopes are fine, where the line says so.
    pub accept_missing_scopes: Option<&'a str>,
    /// The line: the exact key, a glob, or `unlisted_actions`.
    pub declared_at: Address,
}

/// Returns a target per declared integration, and everything that is wrong with the names.
#[must_use]
pub fn resolve<'a>(
    desired: &'a Desired,
    snapshot: &'a Snapshot,
) -> (Vec<Target<'a>>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut targets = Vec::new();
    for (key, wanted) in &desired.integrations {
        let address = Address::of(&[key.as_str()]);
        let Some(live) = snapshot.integrations.get(key) else {
            let known = snapshot.integrations.keys().map(IntegrationKey::as_str);
            problems.push(unknown(Code::UnknownIntegration, key.as_str(), known, &address));
            continue;
        };
        let before = problems.len();
        check_people(wanted, &address, &snapshot.directory, &mut problems);
        let client = resolve_client(wanted, live, snapshot, &address, &mut problems);
        let actions = resolve_actions(wanted, live, snapshot, &address, &mut problems);
        check_acceptances(wanted, live, &address, &mut problems);
        check_accepted(wanted, live, &address, &mut problems);
        if !problems.iter().skip(before).any(Problem::is_error) {
            targets.push(Target { key, desired: wanted, live, client, actions });
        }
    }
    (targets, problems)
}

fn unknown<'a>(
    code: Code,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    at: &Address,
) -> Problem {
    let what = match code {
        Code::UnknownIntegration => "integration",
        Code::UnknownGroup => "group",
        _ => "user",
    };
    let near = nearest(name, known.clone());
    let help = match (near, code) {
        (Some(_), _) => String::new(),
        (None, Code::UnknownIntegration) => {
            format!("{}; `scopeform status` lists them all", some_of(known))
        }
        (None, _) => some_of(known),
    };
    let message = format!("there is no {what} `{name}` in this workspace");
    Problem::new(code, at.clone(), message, help).near(near)
}

/// Says that an integration has no such action, and which others have one.
fn unknown_action(
    key: &ActionKey,
    facts: &Integration,
    snapshot: &Snapshot,
    at: &Address,
) -> Problem {
    let others = snapshot.integrations.values().filter(|other| other.facts.find(key).is_some());
    let others: Vec<String> = others.map(|other| format!("`{}`", other.facts.key)).collect();
    let elsewhere = match others.as_slice() {
        [] => None,
        [one] => Some(format!("{one} has one")),
        [one, two] => Some(format!("{one} and {two} have one")),
        [one, rest @ ..] => Some(format!("{one} and {} more have one", rest.len())),
    };
    let known = facts.actions.keys().map(AsRef::as_ref);
    let near = nearest(key.as_str(), known.clone()).map(|near| format!("did you mean `{near}`?"));
    let help = match (elsewhere, near) {
        (Some(elsewhere), Some(near)) => format!("{elsewhere}; {near}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => {
            let all = some_of(known);
            format!("{all}; `scopeform status --integration {}` lists them all", facts.key)
        }
    };
    let message = format!("`{}` has no action `{key}`", facts.key);
    Problem::new(Code::UnknownAction, at.clone(), message, help)
}

fn check_people(
    wanted: &DesiredIntegration,
    address: &Address,
    directory: &Directory,
    problems: &mut Vec<Problem>,
) {
    if let Some(access) = &wanted.access {
        check_list(access, || address.child("access"), directory, problems);
    }
    let exact = wanted.actions.iter().map(|(key, action)| (key.as_str(), action));
    let globs = wanted.globs.iter().map(|(pattern, action)| (pattern.as_str(), action));
    for (name, action) in exact.chain(globs) {
        let at = || address.child("actions").child(name);
        check_list(&action.access, at, directory, problems);
    }
}

fn check_list(
    access: &Access,
    at: impl Fn() -> Address,
    directory: &Directory,
    problems: &mut Vec<Problem>,
) {
    let Access::Only(list) = access else { return };
    for principal in list.iter() {
        match principal {
            Principal::User(user) if !directory.users.contains_key(user) => {
                let known = directory.users.keys().map(AsRef::as_ref);
                let at = at().child("users").child(user.as_str());
                problems.push(unknown(Code::UnknownUser, user.as_str(), known, &at));
            }
            Principal::Group(group) if !directory.groups.contains_key(group) => {
                let known = directory.groups.keys().map(AsRef::as_ref);
                let at = at().child("groups").child(group.as_str());
                problems.push(unknown(Code::UnknownGroup, group.as_str(), known, &at));
            }
            Principal::User(_) | Principal::Group(_) => {}
        }
    }
}

fn resolve_client(
    wanted: &DesiredIntegration,
    live: &LiveIntegration,
    snapshot: &Snapshot,
    address: &Address,
    problems: &mut Vec<Problem>,
) -> Option<ClientSpec> {
    let oauth = wanted.oauth.as_ref()?;
    let at = address.oauth();
    let facts = &live.facts;
    match facts.auth {
        Auth::ApiKey | Auth::None => {
            problems.push(Problem::new(
                Code::NotOauth,
                at,
                format!("`{}` does not use OAuth, so it has no client and no scopes", facts.key),
                "remove `oauth`; `access` and `actions` can still be declared",
            ));
            return None;
        }
        Auth::Oauth if !facts.scope_management => {
            problems.push(Problem::new(
                Code::ScopesNotManaged,
                at,
                format!("the platform does not let anybody manage the scopes of `{}` yet", facts.key),
                "remove `oauth`; `access` and `actions` can still be declared. Every scope of the integration is assumed to be requested",
            ));
            return None;
        }
        Auth::Oauth => {}
    }
    let custom = |client: &super::desired::DesiredClient, fixed| ClientSpec::Custom {
        id: client.id.clone(),
        tenant: client.tenant.clone(),
        secret: client.secret.as_ref().map(super::desired::SecretReference::label),
        fixed,
    };
    match oauth {
        DesiredOauth::Managed => {
            let why = if !facts.managed_client {
                Some("the platform offers no client of its own for it")
            } else if snapshot.settings.deployment == Deployment::Dedicated {
                Some("this workspace runs on a dedicated deployment")
            } else {
                None
            };
            if let Some(why) = why {
                problems.push(Problem::new(
                    Code::NoManagedClient,
                    at.child("mode"),
                    format!("`{}` cannot use mode `managed`: {why}", facts.key),
                    "use `mode: sync` with your own `client`: scopes then follow the actions in the same way",
                ));
                return None;
            }
            Some(ClientSpec::Managed)
        }
        DesiredOauth::Sync(client) => Some(custom(client, None)),
        DesiredOauth::Fixed { client, scopes, substitutes } => {
            for (n, substitute) in substitutes.iter().enumerate() {
                let at = at.child("substitutes").child(&n.to_string());
                for key in &substitute.actions {
                    let line = at.child("actions").child(key.as_str());
                    find_action(key, (facts, snapshot), &line, problems);
                }
            }
            let list = match scopes {
                DesiredList::Exactly(list) => list.clone(),
                DesiredList::Recommended => {
                    if let Some(scope) = facts.templated_scope() {
                        problems.push(Problem::new(
                            Code::ScopePlaceholder,
                            at.child("scopes"),
                            format!("the recommended scopes hold `{scope}`, whose placeholder only you can fill in"),
                            "write the list out, with your own address in place of the braces",
                        ));
                        return None;
                    }
                    facts.recommended_scopes()
                }
            };
            for (n, substitute) in substitutes.iter().enumerate() {
                let name = &substitute.scope;
                if !list.contains(name) {
                    problems.push(Problem::new(
                        Code::SubstituteNotListed,
                        at.child("substitutes").child(&n.to_string()),
                        format!("`{name}` is not in the list, so it stands in for nothing"),
                        format!("add `{name}` to `scopes`, or remove the substitute"),
                    ));
                }
            }
            Some(custom(client, Some(list)))
        }
    }
}

fn resolve_actions<'a>(
    wanted: &'a DesiredIntegration,
    live: &'a LiveIntegration,
    snapshot: &Snapshot,
    address: &Address,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'a ActionKey, TargetAction<'a>> {
    let facts = &live.facts;
    let at = address.child("actions");
    let mut covered = exact_lines(wanted, (facts, snapshot), &at, problems);
    let named: BTreeSet<&ActionKey> = covered.keys().copied().collect();

    let matchers: Vec<(&String, &DesiredAction, GlobMatcher)> = wanted
        .globs
        .iter()
        .filter_map(|(pattern, action)| Some((pattern, action, matcher(pattern)?)))
        .collect();
    let mut used: BTreeSet<&String> = BTreeSet::new();
    for (key, fact) in &facts.actions {
        if fact.native {
            continue;
        }
        let mut first: Option<(&String, &DesiredAction)> = None;
        for (pattern, action, matcher) in &matchers {
            let now = matcher.is_match(key.as_str());
            let earlier = || facts.earlier(fact).find(|old| matcher.is_match(old.as_str()));
            let before = if now { None } else { earlier() };
            if !now && before.is_none() {
                continue;
            }
            used.insert(pattern);
            if named.contains(key) {
                continue;
            }
            if let Some(before) = before {
                problems.push(Problem::new(
                    Code::ActionRenamed,
                    at.child(pattern),
                    format!("`{pattern}` matches action `{key}` by its earlier name `{before}`"),
                    format!(
                        "name `{key}`, or write a pattern that matches it; nothing else changes"
                    ),
                ));
            }
            match first {
                Some((other, said)) if said != *action => problems.push(Problem::new(
                    Code::GlobsDisagree,
                    at.child(pattern),
                    format!("`{pattern}` and `{other}` both match action `{key}` and ask for different things"),
                    format!("name `{key}` exactly: an exact key beats a glob"),
                )),
                Some(_) => {}
                None => {
                    first = Some((pattern, action));
                    covered.insert(key, target(action, at.child(pattern)));
                }
            }
        }
        if !covered.contains_key(key) && wanted.unlisted_actions == Unlisted::Disabled {
            covered.insert(
                key,
                TargetAction {
                    access: &Access::Nobody,
                    accept_missing_scopes: None,
                    declared_at: address.child("unlisted_actions"),
                },
            );
        }
    }
    for (pattern, _, _) in &matchers {
        if !used.contains(pattern) {
            problems.push(Problem::new(
                Code::GlobMatchesNothing,
                at.child(pattern),
                format!("`{pattern}` matches no action of `{}`", facts.key),
                format!(
                    "globs never match native actions; `scopeform status --integration {}` lists the action keys",
                    facts.key
                ),
            ));
        }
    }
    covered
}

/// Returns the actions that a line of their own covers.
fn exact_lines<'a>(
    wanted: &'a DesiredIntegration,
    (facts, snapshot): (&'a Integration, &Snapshot),
    at: &Address,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'a ActionKey, TargetAction<'a>> {
    let mut covered = BTreeMap::new();
    let present = |key: &ActionKey| facts.find(key).map(|action| &action.key);
    for (key, action) in &wanted.actions {
        let line = at.child(key.as_str());
        let Some(found) = find_action(key, (facts, snapshot), &line, problems) else { continue };
        let lines = &wanted.actions;
        if let Some(twice) = said_twice((key, &found.key), lines, present, ("action", at)) {
            problems.push(twice);
            continue;
        }
        let key = &found.key;
        if found.native {
            problems.push(Problem::new(
                Code::NativeAction,
                line,
                format!("action `{key}` is native: it is always on and has no switch"),
                "remove the line; with `mode: fixed` you can leave its scopes out of the list",
            ));
            continue;
        }
        covered.insert(key, target(action, line));
    }
    covered
}

/// Looks an action up as every line does: by its key, or by an earlier one, which is said.
fn find_action<'f>(
    key: &ActionKey,
    (facts, snapshot): (&'f Integration, &Snapshot),
    line: &Address,
    problems: &mut Vec<Problem>,
) -> Option<&'f Action> {
    let found = facts.find(key);
    match found {
        None => {
            problems.push(unknown_action(key, facts, snapshot, line));
        }
        Some(renamed) if renamed.key != *key => problems.push(Problem::new(
            Code::ActionRenamed,
            line.clone(),
            format!("the platform renamed action `{key}` to `{}`", renamed.key),
            format!("write `{}`; nothing else changes", renamed.key),
        )),
        Some(_) => {}
    }
    found
}

/// Warns of acceptances where no scope can be missing. They would take effect unseen with a later `mode: fixed`.
fn check_acceptances(
    wanted: &DesiredIntegration,
    live: &LiveIntegration,
    address: &Address,
    problems: &mut Vec<Problem>,
) {
    let mode = match &wanted.oauth {
        Some(oauth) => Some(oauth.mode()),
        None => live.state.client.mode(),
    };
    let why = match (live.facts.auth, mode) {
        (Auth::ApiKey | Auth::None, _) => "it does not use OAuth and has no scopes".to_owned(),
        (Auth::Oauth, _) if !live.facts.scope_management => {
            "every scope is assumed to be requested".to_owned()
        }
        (Auth::Oauth, None) => "it has no OAuth client, so no scope is requested".to_owned(),
        (Auth::Oauth, Some(Mode::Fixed)) => return,
        (Auth::Oauth, Some(mode)) => format!("in mode `{mode}` the scopes follow the actions"),
    };
    let exact = wanted.actions.iter().map(|(key, action)| (key.as_str(), action));
    let globs = wanted.globs.iter().map(|(pattern, action)| (pattern.as_str(), action));
    for (name, action) in exact.chain(globs) {
        if action.accept_missing_scopes.is_some() {
            problems.push(Problem::new(
                Code::AcceptanceWithoutEffect,
                address.child("actions").child(name).child("accept_missing_scopes"),
                format!("`accept_missing_scopes` has no effect on `{}`: {why}", live.facts.key),
                "remove it, or use `mode: fixed`",
            ));
        }
    }
}

/// Warns of accepted scopes that nothing needs: the one that is meant stays pending.
fn check_accepted(
    wanted: &DesiredIntegration,
    live: &LiveIntegration,
    address: &Address,
    problems: &mut Vec<Problem>,
) {
    let declared = live.facts.recommended_scopes();
    let idle = wanted.accept_scopes.iter().filter(|scope| {
        !declared.contains(scope) && !declared.iter().any(|known| known.becomes(scope))
    });
    problems.extend(idle.map(|scope| {
        let near = nearest(scope.as_str(), declared.iter().map(Scope::as_str));
        let help = if near.is_some() { "" } else { "remove it" };
        let unit = &live.facts.key;
        Problem::new(
            Code::AcceptanceWithoutEffect,
            address.child("accept_scopes").child(scope.as_str()),
            format!("`{scope}` is declared by no action and is no base scope of `{unit}`"),
            help,
        )
        .near(near)
    }));
}

fn target(action: &DesiredAction, declared_at: Address) -> TargetAction<'_> {
    TargetAction {
        access: &action.access,
        accept_missing_scopes: action.accept_missing_scopes.as_deref(),
        declared_at,
    }
}

fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(false).build().ok()?;
    Some(glob.compile_matcher())
}
