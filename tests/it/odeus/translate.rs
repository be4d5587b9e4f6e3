//! Says scopeform's values in the words of the second opinion.

use std::collections::BTreeMap;

use scopeform::model::{Access, Principal, ScopeSet};
use scopeform::platform::odeus::catalog::{Auth, Integration};
use scopeform::platform::odeus::machine::Rejected;
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation};
use scopeform::platform::odeus::state::{
    Client, CustomClient, Directory, IntegrationState, Role, ScopePolicy, SecretLabel,
};

use super::oracle::{self, Names, Person, Refusal};

pub(crate) fn names(scopes: &ScopeSet) -> Names {
    scopes.iter().map(ToString::to_string).collect()
}

pub(crate) fn catalogue(facts: &Integration) -> oracle::Catalogue {
    let actions = facts.actions.values().map(|action| {
        let plain = oracle::Action {
            required: names(&action.required_scopes),
            native: action.native,
            features: action.features.iter().map(|f| f.title().to_owned()).collect(),
            former_names: action.renamed_from.iter().map(ToString::to_string).collect(),
        };
        (action.key.to_string(), plain)
    });
    oracle::Catalogue {
        oauth: facts.auth == Auth::Oauth,
        scope_management: facts.scope_management,
        managed_client: facts.managed_client,
        base: names(&facts.base_scopes),
        actions: actions.collect(),
    }
}

pub(crate) fn access(access: &Access) -> oracle::Access {
    match access {
        Access::Everyone => oracle::Access::Everyone,
        Access::Nobody => oracle::Access::Nobody,
        Access::Only(list) => {
            let (mut users, mut groups) = (Names::new(), Names::new());
            for principal in list.iter() {
                match principal {
                    Principal::User(user) => users.insert(user.to_string()),
                    Principal::Group(group) => groups.insert(group.to_string()),
                };
            }
            oracle::Access::Shared { users, groups }
        }
    }
}

pub(crate) fn state(state: &IntegrationState) -> oracle::State {
    let actions = state.actions.iter().map(|(key, own)| {
        let setting =
            oracle::Setting { access: access(&own.access), accepted: names(&own.accepted_missing) };
        (key.to_string(), setting)
    });
    oracle::State {
        access: access(&state.access),
        client: client(&state.client),
        requested: names(&state.requested),
        actions: actions.collect::<BTreeMap<_, _>>(),
    }
}

fn client(client: &Client) -> oracle::Client {
    match client {
        Client::Unconfigured => oracle::Client::Nothing,
        Client::Managed => oracle::Client::Managed,
        Client::Custom(CustomClient { id, tenant, secret, scopes }) => {
            let own = own(id.as_str(), tenant.as_deref(), secret.as_ref());
            match scopes {
                ScopePolicy::Sync => oracle::Client::Sync(own),
                ScopePolicy::Fixed => oracle::Client::Fixed(own),
            }
        }
    }
}

fn own(id: &str, tenant: Option<&str>, secret: Option<&SecretLabel>) -> oracle::Own {
    oracle::Own {
        id: id.to_owned(),
        tenant: tenant.map(str::to_owned),
        secret: secret.map(ToString::to_string),
    }
}

pub(crate) fn write(operation: &IntegrationOperation) -> oracle::Write {
    match operation {
        IntegrationOperation::SetIntegrationAccess { access: to } => {
            oracle::Write::Integration(access(to))
        }
        IntegrationOperation::SetActionAccess { action, access: to, accept } => {
            oracle::Write::Action {
                action: action.to_string(),
                access: access(to),
                accept: names(accept),
            }
        }
        IntegrationOperation::SetClient { client: ClientSpec::Managed } => {
            oracle::Write::UseManaged
        }
        IntegrationOperation::SetClient {
            client: ClientSpec::Custom { id, tenant, secret, fixed },
        } => {
            let own = own(id.as_str(), tenant.as_deref(), secret.as_ref());
            match fixed {
                None => oracle::Write::UseSync(own),
                Some(list) => oracle::Write::UseFixed(own, names(list)),
            }
        }
        IntegrationOperation::SetFixedScopes { scopes } => oracle::Write::List(names(scopes)),
        IntegrationOperation::ConfirmPending { scopes } => oracle::Write::Confirm(names(scopes)),
    }
}

pub(crate) fn refusal(rejected: &Rejected) -> Refusal {
    match rejected {
        Rejected::UnknownAction { .. } => Refusal::UnknownAction,
        Rejected::NativeAction(_) => Refusal::NativeAction,
        Rejected::NoManagedClient(_) => Refusal::NoManagedClient,
        Rejected::ScopesNotManaged => Refusal::ScopesNotManaged,
        Rejected::NotOauth => Refusal::NotOauth,
        Rejected::NotFixed => Refusal::NotFixed,
        Rejected::EmptyList => Refusal::EmptyList,
        Rejected::Placeholder(_) => Refusal::Placeholder,
        Rejected::MissingNotAccepted { .. } => Refusal::MissingNotAccepted,
        Rejected::CannotAccept { .. } => Refusal::CannotAccept,
        Rejected::NotPending(_) => Refusal::NotPending,
    }
}

/// Everybody in the workspace, and two people who join later: "everyone" means them too, and an action that runs for
/// admins only still runs.
pub(crate) fn people(directory: &Directory) -> Vec<Person> {
    let known = directory.users.iter().map(|(user, role)| Person {
        name: user.to_string(),
        admin: *role == Role::Admin,
        groups: directory
            .groups
            .iter()
            .filter(|(_, members)| members.contains(user))
            .map(|(group, _)| group.to_string())
            .collect(),
    });
    let later = [("a later admin", true), ("a later member", false)];
    let later =
        later.map(|(name, admin)| Person { name: name.to_owned(), admin, groups: Names::new() });
    known.chain(later).collect()
}
