//! From the document as written to what is wanted, with every place remembered under its address.
//!
//! Several files may describe one workspace. They are lowered one after another into the same [`Builder`], so that a
//! thing that two of them declare is noticed where it happens and both places are known.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{RawAccess, RawAction};
use super::leaf::{Endpoint, Prose, WantedScope};
use super::raw::{
    RawClient, RawIntegration, RawOauth, RawOdeus, RawScopes, RawSubstitute, Selector,
};
use super::shape::{Field, Reader};
use crate::diag::Code;
use crate::model::{Access, Address, IntegrationKey, Principal, ScopeSet, WorkspaceId};
use crate::plan::Labels;
use crate::plan::policy::Policy;
use crate::platform::odeus::desired::{
    Desired, DesiredAction, DesiredClient, DesiredIntegration, DesiredList, DesiredOauth,
    Substitute,
};
use crate::platform::odeus::state::Mode;
use crate::platform::{Kind, trustpager};
use crate::source::{Origin, Origins, Span, Spanned};

/// One workspace while its files are read.
#[derive(Debug)]
pub(super) struct Builder {
    /// Where each declared thing stands.
    pub origins: Origins,
    /// The platform and where it was said first.
    pub platform: (Kind, Origin),
    /// The endpoint and where it was said first.
    pub endpoint: Option<(Endpoint, Origin)>,
    /// The organisation's rules about plans.
    pub policy: Policy,
    /// What the files say about integrations, clients and keys.
    pub labels: Labels,
    /// What is wanted on Odeus, as far as it was read.
    pub odeus: Desired,
    /// What is wanted on TrustPager, as far as it was read.
    pub trustpager: trustpager::desired::Desired,
}

impl Builder {
    pub(super) fn new(workspace: WorkspaceId, platform: (Kind, Origin)) -> Self {
        Self {
            origins: Origins::default(),
            platform,
            endpoint: None,
            policy: Policy::default(),
            labels: Labels::new(),
            trustpager: trustpager::desired::Desired {
                workspace: workspace.clone(),
                clients: BTreeMap::new(),
                keys: BTreeMap::new(),
            },
            odeus: Desired {
                workspace,
                new_actions_enabled_by_default: None,
                integrations: BTreeMap::new(),
            },
        }
    }

    /// Remembers the only declaration of `address`; a second one, necessarily in another file, is reported.
    pub(super) fn declare(&mut self, address: &Address, span: Span, reader: &mut Reader<'_>) {
        let here = reader.origin(span);
        if let Err(first) = self.origins.declare(address.clone(), here) {
            let message = format!("`{address}` is declared in two files");
            let diagnostic = reader
                .error(Code::DuplicateDeclaration, span, message)
                .label("again here")
                .related(first, "first here")
                .help("keep one of the two");
            reader.report(diagnostic);
        }
    }

    /// Lowers the body of one Odeus document.
    pub(super) fn odeus(&mut self, raw: RawOdeus, reader: &mut Reader<'_>) {
        if let Some(field) = raw.new_actions_enabled_by_default {
            let address = Address::workspace().child("new_actions_enabled_by_default");
            self.declare(&address, field.at, reader);
            self.odeus.new_actions_enabled_by_default = Some(field.value.value);
        }
        for (key, field) in raw.integrations.into_iter().flat_map(|field| field.value.0) {
            self.integration(&key, field.value, reader);
        }
    }

    fn integration(
        &mut self,
        key: &Spanned<IntegrationKey>,
        raw: RawIntegration,
        reader: &mut Reader<'_>,
    ) {
        let home = Address::of(&[key.value.as_str()]);
        self.origins.note(home.clone(), reader.origin(key.span));
        let mut wanted = self.odeus.integrations.remove(&key.value).unwrap_or_default();
        let RawIntegration {
            written: _,
            access,
            oauth,
            unlisted_actions,
            actions,
            accept_scopes,
            on_swap,
            labels,
        } = raw;
        self.label(&home, labels, reader);
        if let Some(field) = access {
            let at = home.child("access");
            self.declare(&at, word_or_key(&field, &field.value), reader);
            self.principals(&at, &field.value, reader);
            wanted.access = Some(field.value.access);
        }
        if let Some(field) = oauth {
            let at = home.oauth();
            self.declare(&at, field.key, reader);
            wanted.oauth = self.oauth(&at, &field, reader);
        }
        if let Some(field) = unlisted_actions {
            self.declare(&home.child("unlisted_actions"), field.at, reader);
            wanted.unlisted_actions = field.value.value;
        }
        if let Some(field) = on_swap {
            self.declare(&home.child("on_swap"), field.at, reader);
            wanted.on_swap = Some(field.value.value);
        }
        if let Some(field) = accept_scopes {
            let at = home.child("accept_scopes");
            self.origins.note(at.clone(), reader.origin(field.key));
            let scopes = self.scopes(&at, &field.value, reader);
            wanted.accept_scopes.extend_from(&scopes);
        }
        for (selector, field) in actions.into_iter().flat_map(|field| field.value.0) {
            self.action(&home, &mut wanted, &selector, field.value, reader);
        }
        self.odeus.integrations.insert(key.value.clone(), wanted);
    }

    fn action(
        &mut self,
        home: &Address,
        wanted: &mut DesiredIntegration,
        selector: &Spanned<Selector>,
        raw: RawAction,
        reader: &mut Reader<'_>,
    ) {
        let at = home.child("actions").child(&selector.value.to_string());
        self.declare(&at, selector.span, reader);
        self.principals(&at, &raw.access, reader);
        let accept = raw.accept.and_then(|field| {
            self.origins.note(at.child("accept_missing_scopes"), reader.origin(field.at));
            let why = reason(&field.value, ENOUGH, reader)?;
            if raw.access.access == Access::Nobody {
                let diagnostic = reader
                    .error(
                        Code::ConflictingAccess,
                        field.key,
                        "`accept_missing_scopes` stands at an action that is off",
                    )
                    .help("remove it, or turn the action on");
                reader.report(diagnostic);
                return None;
            }
            Some(why)
        });
        let action = DesiredAction { access: raw.access.access, accept_missing_scopes: accept };
        match &selector.value {
            Selector::Key(key) => wanted.actions.insert(key.clone(), action),
            Selector::Glob(pattern) => wanted.globs.insert(pattern.clone(), action),
        };
    }

    /// Remembers where each listed user and group stands. The same one twice is the same one (domain case 43).
    fn principals(&mut self, at: &Address, raw: &RawAccess, reader: &Reader<'_>) {
        for principal in &raw.listed {
            let address = match &principal.value {
                Principal::User(user) => at.child("users").child(user.as_str()),
                Principal::Group(group) => at.child("groups").child(group.as_str()),
            };
            self.origins.note(address, reader.origin(principal.span));
        }
    }

    /// Collects a list of scopes and remembers where each stands; a repeated one is noted (domain case 11).
    fn scopes(
        &mut self,
        at: &Address,
        list: &[Spanned<WantedScope>],
        reader: &mut Reader<'_>,
    ) -> ScopeSet {
        let mut scopes = ScopeSet::new();
        for scope in list {
            let here = reader.origin(scope.span);
            let address = at.child(scope.value.0.as_str());
            let earlier = self.origins.exact(&address);
            if !scopes.insert(scope.value.0.clone()) || earlier.is_some() {
                let message = format!("scope `{}` stands twice in the list", scope.value.0);
                let mut diagnostic = reader.error(Code::DuplicateScope, scope.span, message);
                if let Some(earlier) = earlier {
                    diagnostic = diagnostic.related(earlier, "first here");
                }
                reader.report(diagnostic.help("remove it: repeating a scope changes nothing"));
            }
            self.origins.note(address, here);
        }
        scopes
    }

    /// Turns the keys under `oauth` into one of the legal combinations (domain cases 30, 32).
    pub(super) fn oauth(
        &mut self,
        at: &Address,
        field: &Field<RawOauth>,
        reader: &mut Reader<'_>,
    ) -> Option<DesiredOauth> {
        let RawOauth { written, mode, client, scopes, substitutes } = &field.value;
        for (name, span) in [
            ("client", client.as_ref().map(|f| f.key)),
            ("scopes", scopes.as_ref().map(scopes_place)),
            ("substitutes", substitutes.as_ref().map(|f| f.key)),
        ] {
            if let Some(span) = span {
                self.origins.note(at.child(name), reader.origin(span));
            }
        }
        let list = scopes.as_ref().map(|field| match &field.value {
            RawScopes::Recommended => DesiredList::Recommended,
            RawScopes::List(list) => {
                DesiredList::Exactly(self.scopes(&at.child("scopes"), list, reader))
            }
        });
        let substituted: Vec<Option<Substitute>> = substitutes
            .iter()
            .flat_map(|field| &field.value)
            .enumerate()
            .map(|(n, raw)| {
                let at = at.child("substitutes").child(&n.to_string());
                self.substitute(&at, raw, reader)
            })
            .collect();
        if let Some(DesiredList::Exactly(list)) = &list {
            let written = substitutes.iter().flat_map(|field| &field.value);
            for scope in written.filter_map(|raw| raw.scope.as_ref()) {
                let name = &scope.value.value.0;
                if !list.contains(name) {
                    let message =
                        format!("`{name}` is not in the list, so it stands in for nothing");
                    let help = format!("add `{name}` to `scopes`, or remove the substitute");
                    let code = Code::SubstituteNotListed;
                    let diagnostic = reader.error(code, scope.at, message).help(help);
                    reader.report(diagnostic);
                }
            }
        }
        let mode = mode.as_ref()?;
        self.origins.note(at.child("mode"), reader.origin(mode.at));
        let word = mode.value.value;
        let mut legal = true;
        if word.follows_actions() {
            for (name, span) in [
                ("scopes", scopes.as_ref().map(|f| f.key)),
                ("substitutes", substitutes.as_ref().map(|f| f.key)),
            ] {
                let Some(span) = span else { continue };
                legal = false;
                let message = format!("`{name}` cannot be given in mode `{word}`");
                let diagnostic = reader
                    .error(Code::ScopesNotFixed, span, message)
                    .related(reader.origin(mode.at), "scopes follow the actions in this mode")
                    .help(format!("remove `{name}`, or write `mode: fixed`"));
                reader.report(diagnostic);
            }
        }
        match (word, client) {
            (Mode::Managed, Some(client)) => {
                legal = false;
                let diagnostic = reader
                    .error(
                        Code::ClientNotUsed,
                        client.key,
                        "`client` cannot be given in mode `managed`",
                    )
                    .related(reader.origin(mode.at), "uses the platform's own client")
                    .help("remove `client`, or write `mode: sync` or `mode: fixed`");
                reader.report(diagnostic);
            }
            (Mode::Sync | Mode::Fixed, None) if !written.contains(&"client") => {
                legal = false;
                let message = format!("mode `{word}` needs your own OAuth client");
                let diagnostic = reader
                    .error(Code::MissingClient, mode.at, message)
                    .help("add `client: {id: ..., secret: {env: NAME}}`");
                reader.report(diagnostic);
            }
            (Mode::Managed, None) | (Mode::Sync | Mode::Fixed, _) => {}
        }
        if word == Mode::Fixed {
            let empty = match &scopes {
                // Its mistake is told already.
                None if written.contains(&"scopes") => None,
                None => Some((mode.at, "mode `fixed` needs a list of scopes")),
                Some(field) => match &field.value {
                    RawScopes::List(list) if list.is_empty() => {
                        Some((field.key, "the list of fixed scopes is empty"))
                    }
                    RawScopes::Recommended | RawScopes::List(_) => None,
                },
            };
            if let Some((at, message)) = empty {
                legal = false;
                let diagnostic = reader
                    .error(Code::FixedWithoutScopes, at, message)
                    .help("add `scopes: [...]`, or `scopes: recommended`");
                reader.report(diagnostic);
            }
        }
        let client = client.as_ref().and_then(|field| lower_client(&field.value, reader));
        if !legal {
            return None;
        }
        Some(match word {
            Mode::Managed => DesiredOauth::Managed,
            Mode::Sync => DesiredOauth::Sync(client?),
            Mode::Fixed => DesiredOauth::Fixed {
                client: client?,
                scopes: list?,
                substitutes: substituted.into_iter().flatten().collect(),
            },
        })
    }

    fn substitute(
        &mut self,
        at: &Address,
        raw: &RawSubstitute,
        reader: &mut Reader<'_>,
    ) -> Option<Substitute> {
        let RawSubstitute { written: _, scope, stands_for, actions, reason: why, until } = raw;
        if let Some(field) = scope {
            self.origins.note(at.clone(), reader.origin(field.at));
        }
        for action in actions.iter().flat_map(|field| &field.value) {
            let line = at.child("actions").child(action.value.as_str());
            self.origins.note(line, reader.origin(action.span));
        }
        for (field, empty, name) in [
            (stands_for.as_ref().map(|f| f.key), is_empty(stands_for.as_ref()), "for"),
            (actions.as_ref().map(|f| f.key), is_empty(actions.as_ref()), "actions"),
        ] {
            if let (Some(span), true) = (field, empty) {
                let message = format!("`{name}` of a substitute names nothing");
                let diagnostic = reader
                    .error(Code::InvalidValue, span, message)
                    .help("name at least one, or remove the substitute");
                reader.report(diagnostic);
            }
        }
        let stands_for: ScopeSet =
            stands_for.as_ref()?.value.iter().map(|scope| scope.value.0.clone()).collect();
        let actions: BTreeSet<_> =
            actions.as_ref()?.value.iter().map(|action| action.value.clone()).collect();
        Some(Substitute {
            scope: scope.as_ref()?.value.value.0.clone(),
            stands_for,
            actions,
            reason: reason(&why.as_ref()?.value, ENOUGH, reader)?,
            until: until.as_ref().map(|field| field.value.value),
        })
    }
}

fn is_empty<T>(field: Option<&Field<Vec<T>>>) -> bool {
    field.is_some_and(|field| field.value.is_empty())
}

fn lower_client(raw: &RawClient, reader: &mut Reader<'_>) -> Option<DesiredClient> {
    let RawClient { written: _, id, tenant, secret } = raw;
    if let Some(field) = tenant.as_ref().filter(|field| field.value.value.0.trim().is_empty()) {
        let diagnostic = reader
            .error(Code::InvalidValue, field.key, "the tenant is empty")
            .help("write the tenant, or remove the key");
        reader.report(diagnostic);
    }
    Some(DesiredClient {
        id: id.as_ref()?.value.value.0.clone(),
        tenant: tenant.as_ref().map(|field| field.value.value.0.clone()),
        secret: secret.as_ref().map(|field| field.value.0.clone()),
    })
}

const ENOUGH: &str = "say why it works without the scopes, and who decided it";

/// Returns the reason, or reports that there is none, with what to say.
pub(super) fn reason(text: &Spanned<Prose>, help: &str, reader: &mut Reader<'_>) -> Option<String> {
    let words = text.value.0.trim();
    if !words.is_empty() {
        return Some(words.to_owned());
    }
    let diagnostic = reader.error(Code::MissingReason, text.span, "the reason is empty").help(help);
    reader.report(diagnostic);
    None
}

fn word_or_key<T>(field: &Field<T>, raw: &RawAccess) -> Span {
    if raw.listed.is_empty() { field.at } else { field.key }
}

fn scopes_place(field: &Field<RawScopes>) -> Span {
    match field.value {
        RawScopes::Recommended => field.at,
        RawScopes::List(_) => field.key,
    }
}
