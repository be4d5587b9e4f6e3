//! Reads and writes a workspace over the TrustPager control plane's HTTP protocol.

use std::sync::Arc;

use reqwest::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::catalog::Catalog;
use super::course::Resource;
use super::deliver::Deliver;
use super::name::KeyName;
use super::operation::Operation;
use super::state::{KeyGrants, LiveClient, LiveKey, Snapshot};
use super::wire::{
    ApprovalResource, Because, ClientResource, ClientWritten, Confirm, CreateKey, GroupResource,
    KeyIssued, KeyResource, KeyRevoked, KeyWritten, MAX_PAGE, SecretText, SetClientAccess,
    SetKeyAccess, TokenRevoked, UserResource, path,
};
use crate::model::{Effect, ScopeDelta, ScopeSet, WorkspaceId};
use crate::platform::http::pages::{self, Collection, astray, fill, keyed};
use crate::platform::http::{Answer, Http};
use crate::platform::provider::{ProviderError, Read, Reading, Write, Written};

/// One workspace of one control plane.
#[derive(Debug)]
pub struct TrustpagerClient {
    http: Arc<Http>,
    workspace: WorkspaceId,
    deliver: Box<dyn Deliver>,
}

impl TrustpagerClient {
    /// Returns a client for `workspace`. The values of API keys that it creates go to `deliver` and nowhere else.
    #[must_use]
    pub fn new(http: Arc<Http>, workspace: WorkspaceId, deliver: Box<dyn Deliver>) -> Self {
        Self { http, workspace, deliver }
    }

    async fn all<T: DeserializeOwned>(
        &self,
        template: &str,
        calls: &mut u32,
    ) -> Result<Collection<T>, ProviderError> {
        let path = fill(template, &[self.workspace.as_str()])?;
        pages::all(&self.http, &path, MAX_PAGE, calls).await
    }

    async fn send<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        (method, template): (Method, &str),
        names: &[&str],
        revision: &str,
        body: &B,
    ) -> Result<Answer<T>, ProviderError> {
        let mut all = vec![self.workspace.as_str()];
        all.extend(names);
        let path = fill(template, &all)?;
        self.http.write(method, &path, revision, body).await
    }

    /// Creates a key and delivers its value, before anybody is told that it was done. A key whose value cannot be
    /// delivered is revoked again.
    async fn create(
        &self,
        key: &KeyName,
        grants: &KeyGrants,
        deliver: &str,
        (revision, confirm): (&str, Confirm),
    ) -> Result<Written<Resource>, ProviderError> {
        let refused = |message: String| ProviderError::Refused { status: 422, message };
        let place = self.deliver.reserve(deliver).map_err(|why| {
            refused(format!("{why}; the API key `{key}` was not created and nothing was sent"))
        })?;
        let body = CreateKey { name: key.clone(), grants: grants.clone(), confirm };
        let sent = self.send((Method::POST, path::KEYS), &[], revision, &body).await;
        let answer: Answer<KeyIssued> = match sent {
            Ok(answer) => answer,
            Err(error) => {
                // When the key was created all the same, its value is lost with the answer; reading will show the key.
                place.cancel();
                return Err(without_body(error));
            }
        };
        let KeyIssued { effect, value, key: issued } = answer.body;
        let revision = answer.etag.unwrap_or(issued.etag);
        if issued.name != *key {
            place.cancel();
            let got = format!("`{}`", issued.name);
            return Err(astray(path::KEYS, &format!("API key `{key}`"), &got));
        }
        match place.fill(&secret(&value)) {
            Ok(()) => Ok(written(effect.scopes, revision, Resource::Key(Some(issued.grants)))),
            Err(why) => {
                let reason = "its value could not be delivered".to_owned();
                let outcome = match self.revoke_key(key, &reason, &revision).await {
                    Ok(_) => "the key was revoked again".to_owned(),
                    Err(error) => {
                        format!("revoking the key failed too ({error}); revoke it by hand")
                    }
                };
                Err(refused(format!("{why}; {outcome}")))
            }
        }
    }

    async fn revoke_key(
        &self,
        key: &KeyName,
        reason: &str,
        revision: &str,
    ) -> Result<Written<Resource>, ProviderError> {
        let body = Because { reason: Some(reason.to_owned()) };
        let target = (Method::POST, path::REVOKE_KEY);
        let answer: Answer<KeyRevoked> =
            self.send(target, &[key.as_str()], revision, &body).await?;
        let KeyRevoked { effect, key: gone } = answer.body;
        if gone != *key {
            return Err(astray(path::REVOKE_KEY, &format!("`{key}`"), &format!("`{gone}`")));
        }
        let revision = answer.etag.unwrap_or_default();
        Ok(written(effect.scopes, revision, Resource::Key(None)))
    }
}

/// Takes the words of the answer out of an error: they may hold the value of the key.
fn without_body(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Protocol { path, expected, got: _ } => {
            let got = "something else, not shown since it may hold the value of the key".to_owned();
            ProviderError::Protocol { path, expected, got }
        }
        other => other,
    }
}

fn secret(value: &SecretText) -> SecretString {
    SecretString::from(value.expose().to_owned())
}

fn written(scopes: ScopeDelta, revision: String, resource: Resource) -> Written<Resource> {
    Written { scopes, accepts: ScopeSet::new(), re_resolved: None, revision, resource }
}

impl Read for TrustpagerClient {
    type Snapshot = Snapshot;

    async fn read(&self) -> Result<Reading<Snapshot>, ProviderError> {
        let mut calls = 1;
        let catalog = fill(path::CATALOG, &[self.workspace.as_str()])?;
        let catalog: Answer<Catalog> = self.http.get(&catalog).await?;
        let users = self.all::<UserResource>(path::USERS, &mut calls).await?;
        let groups = self.all::<GroupResource>(path::GROUPS, &mut calls).await?;
        let clients = self.all::<ClientResource>(path::CLIENTS, &mut calls).await?;
        let keys = self.all::<KeyResource>(path::KEYS, &mut calls).await?;
        let pending = format!("{}?status=pending", path::APPROVALS);
        let pending = self.all::<ApprovalResource>(&pending, &mut calls).await?;
        let Some(keys_revision) = keys.etag else {
            return Err(astray(path::KEYS, "an ETag", "none"));
        };
        let snapshot = Snapshot {
            workspace: self.workspace.clone(),
            catalog: Arc::new(catalog.body),
            users: keyed(path::USERS, users.items, |one| (one.user, one.role))?,
            groups: keyed(path::GROUPS, groups.items, |one| (one.group, one.members))?,
            clients: keyed(path::CLIENTS, clients.items, |one| {
                (one.name, LiveClient { state: one.state, revision: one.etag })
            })?,
            keys: keyed(path::KEYS, keys.items, |one| {
                let KeyResource { name, grants, prefix, etag, last_used, requests } = one;
                (name, LiveKey { grants, prefix, last_used, requests, revision: etag })
            })?,
            queue: pending.items.into_iter().map(|one| one.item).collect(),
            keys_revision,
        };
        Ok(Reading { snapshot, calls })
    }

    fn sent(&self) -> u32 {
        self.http.sent()
    }
}

impl Write for TrustpagerClient {
    type Operation = Operation;
    type Resource = Resource;

    async fn write(
        &self,
        operation: &Operation,
        revision: &str,
        expected: &Effect,
    ) -> Result<Written<Resource>, ProviderError> {
        let confirm = Confirm::of(&expected.scopes);
        match operation {
            Operation::RevokeToken { client, token, why } => {
                let body = Because { reason: Some(why.to_string()) };
                let names = [client.as_str(), token.as_str()];
                let target = (Method::POST, path::REVOKE_TOKEN);
                let answer: Answer<TokenRevoked> =
                    self.send(target, &names, revision, &body).await?;
                let TokenRevoked { token: gone, effect, client: now } = answer.body;
                if gone != *token || now.name != *client {
                    let got = format!("`{gone}` of `{}`", now.name);
                    return Err(astray(path::REVOKE_TOKEN, &format!("`{token}`"), &got));
                }
                let revision = answer.etag.unwrap_or(now.etag);
                Ok(written(effect.scopes, revision, Resource::Client(now.state)))
            }
            Operation::SetClientAccess { client, access } => {
                let body = SetClientAccess { access: access.clone(), confirm };
                let target = (Method::PUT, path::CLIENT_ACCESS);
                let answer: Answer<ClientWritten> =
                    self.send(target, &[client.as_str()], revision, &body).await?;
                let ClientWritten { effect, tokens_re_resolved, client: now } = answer.body;
                if now.name != *client {
                    let got = format!("`{}`", now.name);
                    return Err(astray(path::CLIENT_ACCESS, &format!("`{client}`"), &got));
                }
                let revision = answer.etag.unwrap_or(now.etag);
                let written = written(effect.scopes, revision, Resource::Client(now.state));
                Ok(Written { re_resolved: Some(tokens_re_resolved), ..written })
            }
            Operation::CreateKey { key, grants, deliver } => {
                self.create(key, grants, deliver, (revision, confirm)).await
            }
            Operation::SetKeyAccess { key, grants } => {
                let body = SetKeyAccess { grants: grants.clone(), confirm };
                let target = (Method::PUT, path::KEY_ACCESS);
                let answer: Answer<KeyWritten> =
                    self.send(target, &[key.as_str()], revision, &body).await?;
                let KeyWritten { effect, key: now } = answer.body;
                if now.name != *key {
                    let got = format!("`{}`", now.name);
                    return Err(astray(path::KEY_ACCESS, &format!("`{key}`"), &got));
                }
                let revision = answer.etag.unwrap_or(now.etag);
                Ok(written(effect.scopes, revision, Resource::Key(Some(now.grants))))
            }
            Operation::RevokeKey { key, reason } => self.revoke_key(key, reason, revision).await,
        }
    }

    fn kept(&self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::CreateKey { key, deliver, .. } if !self.deliver.holds(deliver) => {
                Err(format!(
                    "the key `{key}` exists and its value is not in {deliver}: revoke it and create it again"
                ))
            }
            _ => Ok(()),
        }
    }
}
