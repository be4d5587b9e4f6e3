//! The seed's *Export scope configuration*: every action with its scopes, its switch and its sharing, as CSV (RFC 4180).
//!
//! Spreadsheets calculate what they are given, so every field is made harmless first.

use std::fmt::{self, Write};

use super::neutral::csv_field;
use crate::model::{Access, IntegrationKey};
use crate::platform::odeus::state::Snapshot;

const HEADER: &str = "integration,key,name,description,required_scopes,enabled,shared_with";

/// Writes one row per action, in (integration, key) order; only those of one integration where `only` names it.
///
/// `enabled` is `enabled`, `shared`, `disabled` or `native` (always on); `shared_with` names groups and users one by
/// one, separated by `; `, or says `all users`.
///
/// # Errors
/// Only when `out` fails.
pub fn export(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    only: Option<&IntegrationKey>,
) -> fmt::Result {
    write!(out, "{HEADER}\r\n")?;
    for (key, live) in &snapshot.integrations {
        if only.is_some_and(|only| only != key) {
            continue;
        }
        for action in live.facts.actions.values() {
            let own = live.state.actions.get(&action.key).map(|own| &own.access);
            let (enabled, shared) = match own.unwrap_or(&Access::Nobody) {
                _ if action.native => ("native", "all users".to_owned()),
                Access::Everyone => ("enabled", "all users".to_owned()),
                Access::Nobody => ("disabled", String::new()),
                Access::Only(list) => {
                    let names: Vec<String> = list.iter().map(ToString::to_string).collect();
                    ("shared", names.join("; "))
                }
            };
            let scopes = action.required_scopes.to_string();
            let fields = [
                key.as_str(),
                action.key.as_str(),
                &action.name,
                &action.description,
                &scopes,
                enabled,
                &shared,
            ];
            for (n, field) in fields.into_iter().enumerate() {
                if n > 0 {
                    out.write_char(',')?;
                }
                out.write_str(&csv_field(field))?;
            }
            out.write_str("\r\n")?;
        }
    }
    Ok(())
}
