//! The TrustPager document as it is written. The doc comments are what editors show on hover.

use serde_json::{Value as Json, json};

use super::leaf::{Days, TokenName};
use crate::config::access::RawPrincipals;
use crate::config::labels::RawLabels;
use crate::config::leaf::Prose;
use crate::config::redact::redact_all;
use crate::config::shape::{Reader, Shape, Table, record};
use crate::config::yaml::{Node, Value};
use crate::diag::Code;
use crate::platform::trustpager::desired::Unlisted;
use crate::platform::trustpager::name::{ClientName, KeyName, ResourceKey, Tier, Verb};
use crate::source::{Span, Spanned};

/// Tiers by resource.
pub(super) type Tiers = Table<ResourceKey, Spanned<Tier>>;
/// Verbs outside the ladders, by resource.
pub(super) type Verbs = Table<ResourceKey, Vec<Spanned<Verb>>>;

record! {
    /// The tiers, tokens and API keys of one workspace on TrustPager.
    RawBody {
        /// The declared OAuth clients, by the name that the platform shows. What is not declared is not touched.
        opt "oauth_clients" oauth_clients: Table<ClientName, RawClient>,
        /// The declared API keys, by name. What is not declared is not touched.
        opt "api_keys" api_keys: Table<KeyName, RawKey>,
    }
}

/// Where the keys of these documents belong, for whoever writes one at another depth: the keys of a mapping, and what to say.
pub(in crate::config) const HOMES: &[(&[&str], &str)] = &[
    (RawClient::KEYS, "belongs to one client, below `oauth_clients`"),
    (RawTokens::KEYS, "belongs below `tokens`"),
    (RawKeyRecord::KEYS, "belongs to one key, below `api_keys`"),
    (RawBody::KEYS, "belongs at the beginning of a line, beside `platform`"),
];

/// Things with names of their own: what they stand under, and the keys that they have.
pub(in crate::config) const NAMED: &[(&str, &[&str])] =
    &[("oauth_clients", RawClient::KEYS), ("api_keys", RawKeyRecord::KEYS)];

/// The body, readable from all of `config`.
pub(in crate::config) struct RawTrustpager(pub(super) RawBody);

impl RawTrustpager {
    pub(in crate::config) const KEYS: &'static [&'static str] = RawBody::KEYS;

    pub(in crate::config) fn properties() -> serde_json::Map<String, Json> {
        RawBody::properties().0
    }

    pub(in crate::config) fn read_entries(
        entries: &[(Spanned<String>, Node)],
        at: Span,
        reader: &mut Reader<'_>,
    ) -> Self {
        Self(RawBody::read_entries(entries, at, reader))
    }
}

record! {
    /// One OAuth client: a ceiling for every token of it. What is not declared is not touched.
    RawClient {
        /// The tier of each resource. A token has the narrower of this and its user's role.
        opt "resources" resources: Tiers,
        /// What may be done outside the tiers: exactly these for a resource that is named, such as `calls: [initiate]`.
        opt "verbs" verbs: Verbs,
        /// What happens to resources that no line names.
        opt "unlisted_resources" unlisted_resources: Spanned<Unlisted>,
        /// Who may hold tokens of the client.
        opt "tokens" tokens: RawTokens,
        /// What people and Rego rules should know about the client: `{owner: sales, ticket: SEC-142}`.
        opt "labels" labels: RawLabels,
    }
}

record! {
    /// Who may hold tokens of a client. Without any of these keys, everybody keeps theirs.
    RawTokens {
        /// Anybody else's token is revoked. Absent: all are kept; `{}`: all are revoked.
        opt "holders" holders: RawHolders,
        /// A token that was not used for longer is revoked: days or weeks, such as `90d` or `12w`.
        opt "max_idle" max_idle: Spanned<Days>,
        /// Tokens to revoke one by one.
        opt "revoke" revoke: Vec<RawRevocation>,
    }
}

record! {
    /// One token to revoke.
    RawRevocation {
        /// Its id, or what the platform shows of it: `tp_live_ab…9f`. Never the token itself.
        req "token" token: Spanned<TokenName>,
        /// Why.
        req "reason" reason: Spanned<Prose>,
    }
}

/// Users and groups; unlike a share list it may be empty.
#[derive(Debug)]
pub(super) struct RawHolders(pub RawPrincipals);

impl Shape for RawHolders {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => {
                let list = RawPrincipals::read_entries(entries, key, reader);
                // A list that could not be read is not an empty one: that would revoke.
                let read = |name, found| found || !list.written.contains(&name);
                (read("users", list.users.is_some()) && read("groups", list.groups.is_some()))
                    .then_some(Self(list))
            }
            Value::Null | Value::Scalar { .. } | Value::Seq(_) => {
                let help = "write `{users: [...], groups: [...]}`; `{}` revokes every token, and without \
                    the key all are kept";
                reader.wrong_type(node, key, "the holders", help.to_owned());
                None
            }
        }
    }

    fn schema() -> Json {
        RawPrincipals::schema()
    }
}

record! {
    /// What an API key may do, or that it is revoked.
    RawKeyRecord {
        /// The tier of each resource. A resource that is not named has no access.
        opt "resources" resources: Tiers,
        /// What may be done outside the tiers, such as `calls: [initiate]`.
        opt "verbs" verbs: Verbs,
        /// Everything, approving and rejecting the calls of agents included. In place of `resources`.
        opt "full_access" full_access: Spanned<bool>,
        /// Where the value goes if the key has to be created. It is shown nowhere else.
        opt "deliver" deliver: RawDeliver,
        /// What people and Rego rules should know about the key: `{owner: it, ticket: SEC-142}`.
        opt "labels" labels: RawLabels,
        /// Revokes the key; the text is the reason. Nothing else stands beside it.
        opt "revoke" revoke: Spanned<Prose>,
    }
}

record! {
    /// Where the value of a new key goes.
    RawDeliver {
        /// The file, written so that only you can read it (mode 0600). A relative path starts in the configuration's folder.
        req "file" file: Spanned<String>,
    }
}

/// An API key as written.
#[derive(Debug)]
pub(super) struct RawKey(pub RawKeyRecord);

impl Shape for RawKey {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let help =
                "write `{resources: {...}}`, `{full_access: true}` or `{revoke: \"reason\"}`";
            if let Value::Scalar { text, .. } = &node.value
                && reader.live_value(text, node.span)
            {
                return None;
            }
            reader.wrong_type(node, key, "what the key may do", help.to_owned());
            return None;
        };
        let literal = entries.iter().find(|(name, _)| {
            matches!(name.value.as_str(), "value" | "key" | "secret" | "token" | "api_key")
        });
        if let Some((name, value)) = literal {
            redact_all(value, reader.file, reader.out);
            let diagnostic = reader
                .error(Code::LiteralSecret, name.span, "an API key is written into the file")
                .label("the value is not printed")
                .help(
                    "remove it and revoke the key; a new one is written to `deliver: {file: PATH}`",
                );
            reader.report(diagnostic);
            return None;
        }
        Some(Self(RawKeyRecord::read_entries(entries, key, reader)))
    }

    fn schema() -> Json {
        let mut schema = RawKeyRecord::schema();
        if let Json::Object(object) = &mut schema {
            let list = json!({ "anyOf": [
                { "required": ["resources"], "properties": { "resources": { "type": "object", "minProperties": 1 } } },
                { "required": ["verbs"], "properties": { "verbs": { "type": "object", "minProperties": 1 } } },
            ] });
            let full = json!({ "required": ["full_access"], "properties": { "full_access": { "const": true } } });
            let revoked = json!({ "required": ["revoke"], "maxProperties": 1 });
            object.insert("oneOf".into(), json!([list, full, revoked]));
        }
        schema
    }
}
