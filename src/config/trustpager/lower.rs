//! From the TrustPager document as written to what is wanted.
//!
//! A client may be spread over several files, line by line. An API key may not: its list is all that it may do, so half
//! of one would be a different wish.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::{
    RawClient, RawDeliver, RawHolders, RawKey, RawKeyRecord, RawRevocation, RawTokens,
    RawTrustpager, Tiers, Verbs,
};
use crate::config::lower::{Builder, reason};
use crate::config::shape::{Field, Reader};
use crate::diag::Code;
use crate::model::Address;
use crate::platform::trustpager::desired::{
    DesiredClient, DesiredKey, DesiredRevocation, DesiredTokens, Holders,
};
use crate::platform::trustpager::name::{ClientName, KeyName, ResourceKey, Tier, Verb};
use crate::source::{Span, Spanned};

impl Builder {
    /// Lowers the body of one TrustPager document.
    pub(in crate::config) fn trustpager(&mut self, raw: RawTrustpager, reader: &mut Reader<'_>) {
        for (name, field) in raw.0.oauth_clients.into_iter().flat_map(|field| field.value.0) {
            self.client(&name, field.value, reader);
        }
        for (name, field) in raw.0.api_keys.into_iter().flat_map(|field| field.value.0) {
            self.key(&name, field.value, reader);
        }
    }

    fn client(&mut self, name: &Spanned<ClientName>, raw: RawClient, reader: &mut Reader<'_>) {
        let home = Address::of(&["oauth_clients", name.value.as_str()]);
        self.origins.note(home.clone(), reader.origin(name.span));
        let mut wanted: DesiredClient =
            self.trustpager.clients.remove(&name.value).unwrap_or_default();
        let RawClient { written: _, resources, verbs, unlisted_resources, tokens, labels } = raw;
        self.label(&home, labels, reader);
        wanted.resources.extend(self.tiers(&home, resources, reader));
        wanted.verbs.extend(self.verbs(&home, verbs, reader));
        if let Some(field) = unlisted_resources {
            self.declare(&home.child("unlisted_resources"), field.at, reader);
            wanted.unlisted = field.value.value;
        }
        if let Some(field) = tokens {
            let at = home.child("tokens");
            self.origins.note(at.clone(), reader.origin(field.key));
            self.tokens(&at, field.value, &mut wanted.tokens, reader);
        }
        self.trustpager.clients.insert(name.value.clone(), wanted);
    }

    fn tiers(
        &mut self,
        home: &Address,
        field: Option<Field<Tiers>>,
        reader: &mut Reader<'_>,
    ) -> BTreeMap<ResourceKey, Tier> {
        let home = home.child("resources");
        let lines = field.into_iter().flat_map(|field| {
            self.origins.note(home.clone(), reader.origin(field.key));
            field.value.0
        });
        let lines: Vec<_> = lines.collect();
        let mut tiers = BTreeMap::new();
        for (resource, field) in lines {
            let line = home.child(resource.value.as_str());
            self.declare(&line, resource.span, reader);
            let tier = field.value.value;
            self.origins.note(line.child(tier.as_str()), reader.origin(field.at));
            tiers.insert(resource.value, tier);
        }
        tiers
    }

    fn verbs(
        &mut self,
        home: &Address,
        field: Option<Field<Verbs>>,
        reader: &mut Reader<'_>,
    ) -> BTreeMap<ResourceKey, BTreeSet<Verb>> {
        let home = home.child("verbs");
        let mut verbs = BTreeMap::new();
        for (resource, field) in field.into_iter().flat_map(|field| field.value.0) {
            let line = home.child(resource.value.as_str());
            self.declare(&line, resource.span, reader);
            for verb in &field.value {
                let at = line.child(verb.value.as_str());
                self.origins.note(at, reader.origin(verb.span));
            }
            verbs.insert(resource.value, field.value.into_iter().map(|verb| verb.value).collect());
        }
        verbs
    }

    fn tokens(
        &mut self,
        home: &Address,
        raw: RawTokens,
        wanted: &mut DesiredTokens,
        reader: &mut Reader<'_>,
    ) {
        let RawTokens { written: _, holders, max_idle, revoke } = raw;
        if let Some(field) = holders {
            let at = home.child("holders");
            self.declare(&at, field.key, reader);
            wanted.holders = Some(self.holders(&at, field.value, reader));
        }
        if let Some(field) = max_idle {
            self.declare(&home.child("max_idle"), field.at, reader);
            wanted.max_idle_days = Some(field.value.value.0);
        }
        for raw in revoke.into_iter().flat_map(|field| field.value) {
            let RawRevocation { written: _, token, reason: why } = raw;
            let reason = why.and_then(|field| reason(&field.value, REVOCATION, reader));
            let Some(token) = token else { continue };
            let at = home.child("revoke").child(&token.value.value.0);
            self.revocation(&at, token.at, reader);
            if let Some(reason) = reason {
                wanted.revoke.push(DesiredRevocation { token: token.value.value.0, reason });
            }
        }
    }

    /// Remembers the only line that revokes a token.
    fn revocation(&mut self, at: &Address, span: Span, reader: &mut Reader<'_>) {
        match self.origins.exact(at).filter(|first| first.file == reader.file) {
            None => self.declare(at, span, reader),
            Some(first) => {
                let message = format!("token `{}` stands twice in the list", at.name());
                let diagnostic = reader
                    .error(Code::DuplicateKey, span, message)
                    .label("again here")
                    .related(first, "first here")
                    .help("keep one of the two");
                reader.report(diagnostic);
            }
        }
    }

    fn holders(&mut self, at: &Address, raw: RawHolders, reader: &Reader<'_>) -> Holders {
        let mut holders = Holders::default();
        for user in raw.0.users.into_iter().flat_map(|field| field.value) {
            let line = at.child("users").child(user.value.as_str());
            self.origins.note(line, reader.origin(user.span));
            holders.users.insert(user.value);
        }
        for group in raw.0.groups.into_iter().flat_map(|field| field.value) {
            let line = at.child("groups").child(group.value.as_str());
            self.origins.note(line, reader.origin(group.span));
            holders.groups.insert(group.value);
        }
        holders
    }

    fn key(&mut self, name: &Spanned<KeyName>, raw: RawKey, reader: &mut Reader<'_>) {
        let home = Address::of(&["api_keys", name.value.as_str()]);
        let earlier = self.origins.exact(&home);
        self.declare(&home, name.span, reader);
        if earlier.is_some() {
            return;
        }
        let form = form(name.span, &raw.0, reader);
        let RawKeyRecord { written: _, resources, verbs, full_access: _, deliver, labels, revoke } =
            raw.0;
        self.label(&home, labels, reader);
        let resources = self.tiers(&home, resources, reader);
        let verbs = self.verbs(&home, verbs, reader);
        let deliver = deliver.and_then(|field| self.deliver(&home, field, reader));
        let wanted = match form {
            None => return,
            Some(Form::FullAccess) => DesiredKey::FullAccess { deliver },
            Some(Form::Custom) => DesiredKey::Custom { resources, verbs, deliver },
            Some(Form::Revoked) => {
                let reason = revoke.and_then(|field| reason(&field.value, REVOCATION, reader));
                let Some(reason) = reason else { return };
                DesiredKey::Revoked { reason }
            }
        };
        self.trustpager.keys.insert(name.value.clone(), wanted);
    }

    /// Reads where a new key goes. Two keys in one file would leave one of them, and nobody has the other.
    fn deliver(
        &mut self,
        home: &Address,
        field: Field<RawDeliver>,
        reader: &mut Reader<'_>,
    ) -> Option<String> {
        let at = home.child("deliver");
        self.origins.note(at, reader.origin(field.key));
        let file = field.value.file?.value;
        let path = file.value.as_str();
        let why = if path.trim().is_empty() {
            Some("the path is empty")
        } else if path.ends_with('/') || path.chars().any(char::is_control) {
            Some("this is not the path of a file")
        } else {
            None
        };
        if let Some(message) = why {
            let diagnostic = reader
                .error(Code::InvalidValue, file.span, message)
                .help("write the path of a file: `deliver: {file: secrets/nightly-export}`");
            reader.report(diagnostic);
            return None;
        }
        let other = self.trustpager.keys.iter().find(|(_, key)| delivered(key) == Some(path));
        if let Some((other, _)) = other {
            let first = Address::of(&["api_keys", other.as_str(), "deliver"]);
            let mut diagnostic = reader
                .error(Code::ConflictingKey, file.span, "two API keys go to one file")
                .label("again here");
            if let Some(first) = self.origins.exact(&first) {
                diagnostic = diagnostic.related(first, "first here");
            }
            reader.report(diagnostic.help("give each key a file of its own"));
        }
        Some(file.value)
    }
}

const REVOCATION: &str = "say why it is revoked, and who decided it";

fn delivered(key: &DesiredKey) -> Option<&str> {
    match key {
        DesiredKey::FullAccess { deliver } | DesiredKey::Custom { deliver, .. } => {
            deliver.as_deref()
        }
        DesiredKey::Revoked { reason: _ } => None,
    }
}

/// The three things that can be said about an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    FullAccess,
    Custom,
    Revoked,
}

/// Returns which of the three a key has, or reports that it has none or several.
fn form(name: Span, raw: &RawKeyRecord, reader: &mut Reader<'_>) -> Option<Form> {
    let RawKeyRecord { written, resources, verbs, full_access, deliver, labels, revoke } = raw;
    let lists = [
        ("resources", resources.as_ref().map(|field| field.key)),
        ("verbs", verbs.as_ref().map(|field| field.key)),
    ];
    let full = full_access.as_ref().filter(|field| field.value.value);
    if let Some(revoke) = revoke {
        let beside = [
            ("full_access", full_access.as_ref().map(|field| field.key)),
            ("deliver", deliver.as_ref().map(|field| field.key)),
            ("labels", labels.as_ref().map(|field| field.key)),
        ];
        let beside = lists.into_iter().chain(beside).find_map(|(key, at)| Some((key, at?)));
        let Some((key, at)) = beside else {
            return (written.as_slice() == ["revoke"]).then_some(Form::Revoked);
        };
        let diagnostic = reader
            .error(Code::ConflictingKey, at, format!("`{key}` stands beside `revoke`"))
            .related(reader.origin(revoke.key), "revoked here")
            .help("a revoked key has no access: keep `revoke` alone, or remove it");
        reader.report(diagnostic);
        return None;
    }
    if let Some(full) = full {
        let list = lists.into_iter().find_map(|(key, at)| Some((key, at?)));
        let Some((key, at)) = list else {
            // One of these could not be read.
            let alone = !written.iter().any(|key| matches!(*key, "resources" | "verbs" | "revoke"));
            return alone.then_some(Form::FullAccess);
        };
        let diagnostic = reader
            .error(Code::ConflictingKey, at, format!("`{key}` stands beside `full_access: true`"))
            .related(reader.origin(full.key), "everything, approving and rejecting included")
            .help(format!("keep `{key}`, or keep `full_access: true` alone"));
        reader.report(diagnostic);
        return None;
    }
    // The mistake in a value that could not be read is told already.
    if written.contains(&"revoke") || (written.contains(&"full_access") && full_access.is_none()) {
        return None;
    }
    if !written.iter().any(|key| matches!(*key, "resources" | "verbs")) {
        let diagnostic = reader
            .error(Code::MissingKey, name, "nothing says what the API key may do")
            .help("write `resources: {...}`, `full_access: true` or `revoke: \"reason\"`");
        reader.report(diagnostic);
        return None;
    }
    let no_tiers = resources.as_ref().map(|field| field.value.0.is_empty());
    let no_verbs = verbs.as_ref().map(|field| field.value.0.is_empty());
    let nothing = |key: &str, empty: Option<bool>| empty.unwrap_or(!written.contains(&key));
    if nothing("resources", no_tiers) && nothing("verbs", no_verbs) {
        let at = lists.into_iter().find_map(|(_, at)| at).unwrap_or(name);
        let diagnostic = reader
            .error(Code::InvalidValue, at, "the API key may do nothing")
            .help("name a resource, or revoke the key: `revoke: \"reason\"`");
        reader.report(diagnostic);
        return None;
    }
    Some(Form::Custom)
}
