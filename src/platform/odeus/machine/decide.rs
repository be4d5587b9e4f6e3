//! What a write would change, or why the platform refuses it: decided before anything moves.

use thiserror::Error;

use super::{Machine, scopes_are_managed};
use crate::model::{Access, ActionKey, Scope, ScopeDelta, ScopeSet};
use crate::platform::odeus::catalog::Auth;
use crate::platform::odeus::operation::{ClientSpec, IntegrationOperation};
use crate::platform::odeus::state::{Client, Deployment, Mode};

/// Why the platform refuses a write, whatever is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The catalogue has no such action.
    #[error("integration `{integration}` has no action `{action}`")]
    UnknownAction {
        /// The integration asked.
        integration: String,
        /// The key that is not there.
        action: ActionKey,
    },
    /// Native actions have no switch (case 9).
    #[error("action `{0}` is native: it is always on and cannot be changed")]
    NativeAction(ActionKey),
    /// The vendor has no client of its own, or the workspace may not use it (case 31).
    #[error("there is no managed client here: {0}")]
    NoManagedClient(&'static str),
    /// The vendor does not let anybody manage scopes here yet (case 51).
    #[error("scopes cannot be managed for this integration yet")]
    ScopesNotManaged,
    /// There is no OAuth, so there are no scopes (case 52).
    #[error("this integration does not use OAuth and has no scopes")]
    NotOauth,
    /// A fixed list is written where scopes follow the actions (case 32).
    #[error("the client is not in fixed mode")]
    NotFixed,
    /// A fixed list must name at least one scope.
    #[error("a list of fixed scopes cannot be empty")]
    EmptyList,
    /// A scope in a list still holds a placeholder (case 18).
    #[error("scope `{0}` holds an unresolved placeholder")]
    Placeholder(Scope),
    /// Enabling needs exactly the missing scopes accepted (case 35).
    #[error("enabling `{action}` with fixed scopes needs these missing scopes accepted: {missing}")]
    MissingNotAccepted {
        /// The action to enable.
        action: ActionKey,
        /// Its required scopes that are not requested now.
        missing: ScopeSet,
    },
    /// Something is accepted that cannot be missing.
    #[error("these scopes cannot be accepted as missing for `{action}`: {scopes}")]
    CannotAccept {
        /// The action.
        action: ActionKey,
        /// The scopes that it does not need, or that are not missing.
        scopes: ScopeSet,
    },
    /// Only scopes that are pending now can be confirmed.
    #[error("these scopes are not pending: {0}")]
    NotPending(ScopeSet),
}

/// What a write changes, once it is allowed.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) scopes: ScopeDelta,
    pub(super) integration_access: Option<Access>,
    pub(super) action_access: Option<(ActionKey, Access)>,
    pub(super) accepts_for: Option<(ActionKey, ScopeSet)>,
    pub(super) client: Option<Client>,
}

impl Machine<'_> {
    /// Checks the write against the rules and says what it would change. Changes nothing.
    pub(super) fn decide(&self, operation: &IntegrationOperation) -> Result<Next, Rejected> {
        match operation {
            IntegrationOperation::SetIntegrationAccess { access } => {
                Ok(Next { integration_access: Some(access.clone()), ..Next::default() })
            }
            IntegrationOperation::SetActionAccess { action, access, accept } => {
                self.decide_action(action, access, accept)
            }
            IntegrationOperation::SetClient { client } => self.decide_client(client),
            IntegrationOperation::SetFixedScopes { scopes } => {
                self.require_managed_scopes()?;
                if self.state.client.mode() != Some(Mode::Fixed) {
                    return Err(Rejected::NotFixed);
                }
                check_list(scopes)?;
                Ok(Next {
                    scopes: ScopeDelta::between(&self.state.requested, scopes),
                    ..Next::default()
                })
            }
            IntegrationOperation::ConfirmPending { scopes } => {
                self.require_managed_scopes()?;
                let follows = self.state.client.mode().is_some_and(Mode::follows_actions);
                let is_pending =
                    |s: &Scope| follows && self.is_needed(s) && !self.state.requested.contains(s);
                let wrong: ScopeSet = scopes.iter().filter(|s| !is_pending(s)).cloned().collect();
                if !wrong.is_empty() {
                    return Err(Rejected::NotPending(wrong));
                }
                let add = ScopeDelta { add: scopes.clone(), remove: ScopeSet::new() };
                Ok(Next { scopes: add, ..Next::default() })
            }
        }
    }

    fn decide_action(
        &self,
        key: &ActionKey,
        access: &Access,
        accept: &ScopeSet,
    ) -> Result<Next, Rejected> {
        let facts = self.context.facts;
        let Some(action) = facts.actions.get(key) else {
            return Err(Rejected::UnknownAction {
                integration: facts.key.to_string(),
                action: key.clone(),
            });
        };
        if action.native {
            return Err(Rejected::NativeAction(key.clone()));
        }
        let was_on = self.state.is_on(key);
        let mode = self.state.client.mode();
        let missing = action.required_scopes.not_covered_by(&self.state.requested);
        let enabling = !was_on && access.is_on();

        if enabling && mode == Some(Mode::Fixed) && *accept != missing {
            if missing.is_subset(accept) {
                let scopes = accept.minus(&missing);
                return Err(Rejected::CannotAccept { action: key.clone(), scopes });
            }
            return Err(Rejected::MissingNotAccepted { action: key.clone(), missing });
        }
        // An action that is on may have scopes accepted before the list loses them: that is what lets a list be
        // narrowed without an outage in between. An action that is off has nothing to accept for.
        let acceptable = if !access.is_on() || (enabling && mode != Some(Mode::Fixed)) {
            ScopeSet::new()
        } else {
            action.required_scopes.clone()
        };
        let wrong = accept.minus(&acceptable);
        if !wrong.is_empty() {
            return Err(Rejected::CannotAccept { action: key.clone(), scopes: wrong });
        }

        let mut scopes = ScopeDelta::default();
        if mode.is_some_and(Mode::follows_actions) && scopes_are_managed(facts) {
            if enabling {
                // Only this action's scopes: another action's pending scope never rides along.
                scopes.add = action.required_scopes.minus(&self.state.requested);
            } else if was_on && !access.is_on() {
                let goes = |s: &&Scope| {
                    self.holders.get(*s).copied().unwrap_or(0) <= 1
                        && self.state.requested.contains(s)
                };
                scopes.remove = action.required_scopes.iter().filter(goes).cloned().collect();
            }
        }
        Ok(Next {
            scopes,
            action_access: Some((key.clone(), access.clone())),
            accepts_for: Some((key.clone(), accept.clone())),
            ..Next::default()
        })
    }

    fn decide_client(&self, spec: &ClientSpec) -> Result<Next, Rejected> {
        self.require_managed_scopes()?;
        let facts = self.context.facts;
        let after = match spec {
            ClientSpec::Managed => {
                if !facts.managed_client {
                    return Err(Rejected::NoManagedClient(
                        "the vendor offers none for this integration",
                    ));
                }
                if self.context.settings.deployment == Deployment::Dedicated {
                    return Err(Rejected::NoManagedClient(
                        "dedicated deployments use custom clients",
                    ));
                }
                self.needed_now()
            }
            ClientSpec::Custom { fixed: None, .. } => self.needed_now(),
            ClientSpec::Custom { fixed: Some(list), .. } => {
                check_list(list)?;
                list.clone()
            }
        };
        Ok(Next {
            scopes: ScopeDelta::between(&self.state.requested, &after),
            client: Some(spec.client()),
            ..Next::default()
        })
    }

    fn require_managed_scopes(&self) -> Result<(), Rejected> {
        match self.context.facts.auth {
            Auth::ApiKey | Auth::None => Err(Rejected::NotOauth),
            Auth::Oauth if !self.context.facts.scope_management => Err(Rejected::ScopesNotManaged),
            Auth::Oauth => Ok(()),
        }
    }
}

fn check_list(list: &ScopeSet) -> Result<(), Rejected> {
    if list.is_empty() {
        return Err(Rejected::EmptyList);
    }
    match list.iter().find(|scope| scope.placeholder().is_some()) {
        Some(scope) => Err(Rejected::Placeholder(scope.clone())),
        None => Ok(()),
    }
}
