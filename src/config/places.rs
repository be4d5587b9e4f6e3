//! Where a key belongs that stands in the wrong place.
//!
//! The commonest mistake in a file is the depth, and a list of the keys that are known there does not say so.

use super::access::{RawAction, RawActionRecord, RawPrincipals};
use super::example::words_of;
use super::raw::{RawClient, RawHeader, RawIntegration, RawOauth, RawOdeus, RawSecretRecord};
use super::shape::Shape as _;
use super::trustpager::{self, RawTrustpager};
use super::yaml::{Node, Value};
use crate::platform::Kind;

/// The keys of one sort of mapping, and what to say of a key of it that stands elsewhere.
type Home = (&'static [&'static str], &'static str);

const ODEUS: &[Home] = &[
    (RawOauth::KEYS, "belongs below `oauth`"),
    (RawIntegration::KEYS, "belongs to an integration, beside its `oauth` and `actions`"),
    (RawOdeus::KEYS, "belongs at the beginning of a line, beside `platform`"),
    (RawHeader::KEYS, "belongs at the beginning of a line, beside `platform`"),
    (RawClient::KEYS, "belongs below `client`, which belongs below `oauth`"),
    (RawSecretRecord::KEYS, "belongs below `secret`, which belongs below `client`"),
    (
        RawActionRecord::KEYS,
        "belongs to one action, below `actions`: `NAME: {access: ..., accept_missing_scopes: ...}`",
    ),
];

/// Returns where the key `name` belongs that stands where `known` are the keys. `None` where no other place
/// knows it either, and in documents of other kinds.
pub(super) fn of(name: &str, known: &[&str]) -> Option<String> {
    let top = |keys: &[&str]| keys.iter().all(|key| known.contains(key));
    let (kind, homes) = if top(RawHeader::KEYS) {
        match top(RawOdeus::KEYS) {
            true => (Kind::Odeus, ODEUS),
            false => (Kind::Trustpager, trustpager::HOMES),
        }
    } else if ODEUS.iter().any(|(keys, _)| *keys == known) {
        (Kind::Odeus, ODEUS)
    } else if trustpager::HOMES.iter().any(|(keys, _)| *keys == known) {
        (Kind::Trustpager, trustpager::HOMES)
    } else {
        return None;
    };
    if let Some((_, place)) = homes.iter().find(|(keys, _)| keys.contains(&name)) {
        return Some(format!("`{name}` {place}"));
    }
    if top(RawHeader::KEYS) {
        let other = match kind {
            Kind::Odeus => (Kind::Trustpager, RawTrustpager::KEYS),
            Kind::Trustpager => (Kind::Odeus, RawOdeus::KEYS),
        };
        if other.1.contains(&name) {
            return Some(format!("`{name}` is a key of `platform: {}`", other.0.name()));
        }
    }
    None
}

/// Returns what to do where an unknown key is the name of a thing, by its value, that belongs one level further in.
pub(super) fn inside(name: &str, value: &Node, known: &[&str]) -> Option<String> {
    let above = above(value, known)?;
    Some(format!("indent it under `{above}:`, if `{name}` is one of them"))
}

/// Returns the key that things with names of their own stand under, where a value looks like one of these things.
fn above(value: &Node, known: &[&str]) -> Option<&'static str> {
    let holds = |keys: &[&str]| match &value.value {
        Value::Map(entries) => {
            !entries.is_empty() && entries.iter().all(|(key, _)| keys.contains(&key.value.as_str()))
        }
        Value::Null | Value::Scalar { .. } | Value::Seq(_) => false,
    };
    let says = |words: &[&str]| match &value.value {
        Value::Scalar { text, .. } => words.contains(&text.as_str()),
        Value::Null | Value::Seq(_) | Value::Map(_) => false,
    };
    if known.contains(&"actions") {
        let own = says(&words_of(&RawAction::schema()));
        let own = own || holds(RawPrincipals::KEYS) || holds(RawActionRecord::KEYS);
        return own.then_some("actions");
    }
    let things = [("integrations", RawIntegration::KEYS)];
    let mut things = things.iter().chain(trustpager::NAMED);
    let own = things.find(|(above, keys)| known.contains(above) && holds(keys));
    own.map(|(above, _)| *above)
}
