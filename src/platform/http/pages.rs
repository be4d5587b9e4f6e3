//! Reading a collection to its end, and what a platform that has lost its way is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::{Answer, Http};
use crate::platform::provider::ProviderError;
use crate::platform::wire::{Page, path};

/// How many pages a collection may have. A platform that goes on has lost its way.
const MOST_PAGES: u32 = 10_000;

/// A collection and the version token of its first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collection<T> {
    pub(crate) items: Vec<T>,
    pub(crate) etag: Option<String>,
}

/// Reads a collection to its end, `limit` items at a time. `path` may hold a query.
pub(crate) async fn all<T: DeserializeOwned>(
    http: &Http,
    path: &str,
    limit: u32,
    calls: &mut u32,
) -> Result<Collection<T>, ProviderError> {
    let mut items = Vec::new();
    let mut first = None;
    let mut seen = BTreeSet::new();
    let mut cursor: Option<String> = None;
    let join = if path.contains('?') { '&' } else { '?' };
    for _ in 0..MOST_PAGES {
        let mut page = format!("{path}{join}limit={limit}");
        if let Some(cursor) = &cursor {
            page.push_str("&cursor=");
            path::encode(cursor, &mut page);
        }
        let answer: Answer<Page<T>> = http.get(&page).await?;
        *calls += 1;
        first.get_or_insert(answer.etag);
        let Page { items: more, next_cursor, has_more } = answer.body;
        if has_more && more.is_empty() {
            return Err(astray(path, "items before the next page", "an empty page"));
        }
        items.extend(more);
        if !has_more {
            return Ok(Collection { items, etag: first.flatten() });
        }
        match next_cursor {
            Some(next) if seen.insert(next.clone()) => cursor = Some(next),
            Some(_) => return Err(astray(path, "a new cursor", "one that came before")),
            None => return Err(astray(path, "a cursor for the next page", "none")),
        }
    }
    Err(astray(path, &format!("at most {MOST_PAGES} pages"), "more"))
}

/// Makes a path of a template, or says which name cannot be in one.
pub(crate) fn fill(template: &str, names: &[&str]) -> Result<String, ProviderError> {
    path::fill(template, names)
        .map_err(|error| ProviderError::Refused { status: 400, message: error.to_string() })
}

/// Says that an answer is not what the protocol says.
pub(crate) fn astray(path: &str, expected: &str, got: &str) -> ProviderError {
    ProviderError::Protocol {
        path: path.to_owned(),
        expected: expected.to_owned(),
        got: got.to_owned(),
    }
}

/// Makes a map of a collection. A key that comes twice means that the pages overlap and something else may be missing.
pub(crate) fn keyed<T, K: Ord + std::fmt::Display, V>(
    template: &str,
    items: Vec<T>,
    split: impl Fn(T) -> (K, V),
) -> Result<BTreeMap<K, V>, ProviderError> {
    let mut map = BTreeMap::new();
    for item in items {
        let (key, value) = split(item);
        let name = key.to_string();
        if map.insert(key, value).is_some() {
            return Err(astray(template, "each item once", &format!("`{name}` twice")));
        }
    }
    Ok(map)
}
