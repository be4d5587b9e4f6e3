//! What is stored, as the protocol shows it.

use crate::platform::odeus::machine::observe;
use crate::platform::odeus::state::Deployment;
use crate::platform::odeus::wire::{
    ActionStatus, Badge, Capabilities, IntegrationResource, View, WorkspaceResource,
};
use crate::server::store::odeus::rows::{Integration, Workspace};

pub(super) fn workspace(stored: &Workspace) -> WorkspaceResource {
    WorkspaceResource {
        workspace: stored.id.clone(),
        new_actions_enabled_by_default: stored.settings.new_actions_enabled_by_default,
        deployment: stored.settings.deployment,
        etag: stored.etag(),
    }
}

pub(super) fn integration(workspace: &Workspace, stored: Integration) -> IntegrationResource {
    let seen = observe(&stored.facts, &stored.state);
    let actions = seen.actions.into_iter().map(|(key, action)| {
        let status =
            if action.missing.is_empty() { Badge::ScopeConfigured } else { Badge::MissingScope };
        (key, ActionStatus { live: action.live, status, missing: action.missing })
    });
    let view = View { mode: seen.mode, pending: seen.pending, actions: actions.collect() };
    let multi_tenant = workspace.settings.deployment == Deployment::MultiTenant;
    IntegrationResource {
        capabilities: Capabilities {
            managed_client: stored.facts.managed_client && multi_tenant,
            scope_management: stored.facts.scope_management,
        },
        etag: stored.etag(),
        view,
        facts: stored.facts,
        state: stored.state,
    }
}
