//! Reads and writes a workspace over the control plane's HTTP protocol.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::course::Resource;
use super::operation::{ClientSpec, IntegrationOperation, Operation};
use super::state::{Connection, Directory, LiveIntegration, SecretLabel, Settings, Snapshot};
use super::wire::{
    Confirm, ConfirmPending, GroupResource, IntegrationResource, IntegrationWritten, MAX_PAGE,
    SecretText, SetActionAccess, SetClient, SetFixedScopes, SetIntegrationAccess,
    SetNewActionsDefault, SettingsWritten, UserResource, WorkspaceResource, WriteEffect, path,
};
use crate::model::{Effect, IntegrationKey, WorkspaceId};
use crate::platform::http::pages::{self, astray, fill, keyed};
use crate::platform::http::{Answer, Http};
use crate::platform::provider::{ProviderError, Read, Reading, Write, Written};

/// One workspace of one control plane.
#[derive(Debug)]
pub struct OdeusClient {
    http: Arc<Http>,
    workspace: WorkspaceId,
    secrets: BTreeMap<SecretLabel, SecretString>,
}

impl OdeusClient {
    /// Returns a client for `workspace`. `secrets` holds the values of the client secrets that writes will name; a
    /// client that only reads needs none. One `http` serves every workspace of an endpoint.
    #[must_use]
    pub const fn new(
        http: Arc<Http>,
        workspace: WorkspaceId,
        secrets: BTreeMap<SecretLabel, SecretString>,
    ) -> Self {
        Self { http, workspace, secrets }
    }

    /// Reads a collection to its end.
    async fn all<T: DeserializeOwned>(
        &self,
        template: &str,
        calls: &mut u32,
    ) -> Result<Vec<T>, ProviderError> {
        let path = fill(template, &[self.workspace.as_str()])?;
        Ok(pages::all(&self.http, &path, MAX_PAGE, calls).await?.items)
    }

    async fn put<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        template: &str,
        names: &[&str],
        revision: &str,
        body: &B,
    ) -> Result<Answer<T>, ProviderError> {
        self.send(Method::PUT, template, names, revision, body).await
    }

    async fn send<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        method: Method,
        template: &str,
        names: &[&str],
        revision: &str,
        body: &B,
    ) -> Result<Answer<T>, ProviderError> {
        let mut all = vec![self.workspace.as_str()];
        all.extend(names);
        let path = fill(template, &all)?;
        self.http.write(method, &path, revision, body).await
    }

    async fn change(
        &self,
        integration: &IntegrationKey,
        change: &IntegrationOperation,
        revision: &str,
        confirm: Confirm,
    ) -> Result<Written<Resource>, ProviderError> {
        let key = integration.as_str();
        let answer: Answer<IntegrationWritten> = match change {
            IntegrationOperation::SetIntegrationAccess { access } => {
                let body = SetIntegrationAccess { access: access.clone(), confirm };
                self.put(path::ACCESS, &[key], revision, &body).await?
            }
            IntegrationOperation::SetActionAccess { action, access, accept } => {
                let body =
                    SetActionAccess { access: access.clone(), accept: accept.clone(), confirm };
                self.put(path::ACTION_ACCESS, &[key, action.as_str()], revision, &body).await?
            }
            IntegrationOperation::SetClient { client } => {
                let client_secret = self.secret_of(client)?;
                let body = SetClient { client: client.clone(), client_secret, confirm };
                self.put(path::CLIENT, &[key], revision, &body).await?
            }
            IntegrationOperation::SetFixedScopes { scopes } => {
                let body = SetFixedScopes { scopes: scopes.clone(), confirm };
                self.put(path::CLIENT_SCOPES, &[key], revision, &body).await?
            }
            IntegrationOperation::ConfirmPending { scopes } => {
                let body = ConfirmPending { scopes: scopes.clone(), confirm };
                let template = path::CONFIRM_PENDING;
                self.send(Method::POST, template, &[key], revision, &body).await?
            }
        };
        let IntegrationWritten { effect, integration: now } = answer.body;
        if now.facts.key != *integration {
            let got = format!("`{}`", now.facts.key);
            return Err(astray(path::INTEGRATION, &format!("integration `{integration}`"), &got));
        }
        let revision = answer.etag.unwrap_or(now.etag);
        Ok(written(effect, revision, Resource::Integration(now.state)))
    }

    /// Returns the value of the secret that a client names. A name without a value stops the write before it is sent.
    fn secret_of(&self, client: &ClientSpec) -> Result<Option<SecretText>, ProviderError> {
        let ClientSpec::Custom { secret: Some(label), .. } = client else { return Ok(None) };
        match self.secrets.get(label) {
            Some(value) => Ok(Some(SecretText::new(value.expose_secret().to_owned()))),
            None => Err(ProviderError::Refused {
                status: 422,
                message: format!("the secret `{label}` has not been read; nothing was sent"),
            }),
        }
    }
}

fn written(effect: WriteEffect, revision: String, resource: Resource) -> Written<Resource> {
    let WriteEffect { scopes, accepts } = effect;
    Written { scopes, accepts, re_resolved: None, revision, resource }
}

impl Read for OdeusClient {
    type Snapshot = Snapshot;

    async fn read(&self) -> Result<Reading<Snapshot>, ProviderError> {
        let mut calls = 1;
        let settings = fill(path::SETTINGS, &[self.workspace.as_str()])?;
        let settings: Answer<WorkspaceResource> = self.http.get(&settings).await?;
        let WorkspaceResource { workspace, new_actions_enabled_by_default, deployment, etag } =
            settings.body;
        if workspace != self.workspace {
            let expected = format!("workspace `{}`", self.workspace);
            return Err(astray(path::SETTINGS, &expected, &format!("`{workspace}`")));
        }
        let users = self.all::<UserResource>(path::USERS, &mut calls).await?;
        let groups = self.all::<GroupResource>(path::GROUPS, &mut calls).await?;
        let integrations = self.all::<IntegrationResource>(path::INTEGRATIONS, &mut calls).await?;
        let mut connections = self.all::<Connection>(path::CONNECTIONS, &mut calls).await?;
        connections.sort();
        let snapshot = Snapshot {
            workspace,
            settings: Settings { new_actions_enabled_by_default, deployment },
            settings_revision: settings.etag.unwrap_or(etag),
            directory: Directory {
                users: keyed(path::USERS, users, |u| (u.user, u.role))?,
                groups: keyed(path::GROUPS, groups, |g| (g.group, g.members))?,
            },
            integrations: keyed(path::INTEGRATIONS, integrations, |resource| {
                let IntegrationResource { facts, state, etag, capabilities: _, view: _ } = resource;
                let key = facts.key.clone();
                (key, LiveIntegration { facts: Arc::new(facts), state, revision: etag })
            })?,
            connections,
        };
        Ok(Reading { snapshot, calls })
    }

    fn sent(&self) -> u32 {
        self.http.sent()
    }
}

impl Write for OdeusClient {
    type Operation = Operation;
    type Resource = Resource;

    async fn write(
        &self,
        operation: &Operation,
        revision: &str,
        expected: &Effect,
    ) -> Result<Written<Resource>, ProviderError> {
        match operation {
            Operation::SetNewActionsDefault { enabled } => {
                let body = SetNewActionsDefault { enabled: *enabled };
                let answer: Answer<SettingsWritten> =
                    self.put(path::NEW_ACTIONS, &[], revision, &body).await?;
                let SettingsWritten { effect, settings } = answer.body;
                let enabled = settings.new_actions_enabled_by_default;
                let revision = answer.etag.unwrap_or(settings.etag);
                Ok(written(effect, revision, Resource::NewActions { enabled }))
            }
            Operation::Integration { integration, change } => {
                let confirm = Confirm::of(&expected.scopes, &expected.accepts);
                self.change(integration, change, revision, confirm).await
            }
        }
    }
}
