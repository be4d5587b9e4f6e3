//! The seed's *Export scope configuration*: every action with its scopes, its switch and its sharing, as CSV (RFC 4180).
//!
//! Of TrustPager there are three tables: the tiers of clients and keys, tokens with their holders, and what each token may
//! really do.
//!
//! Spreadsheets calculate what they are given, so every field is made harmless first.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::neutral::csv_field;
use crate::model::{Access, IntegrationKey};
use crate::platform::odeus::state::Snapshot;
use crate::platform::trustpager::machine::Side;
use crate::platform::trustpager::name::{ResourceKey, RoleKey, Tier, Verb};
use crate::platform::trustpager::state::KeyGrants;
use crate::platform::trustpager::view::{Against, KeyRow, TokenRow, View};

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
            row(out, fields)?;
        }
    }
    Ok(())
}

fn row<'f>(out: &mut dyn Write, fields: impl IntoIterator<Item = &'f str>) -> fmt::Result {
    for (n, field) in fields.into_iter().enumerate() {
        if n > 0 {
            out.write_char(',')?;
        }
        out.write_str(&csv_field(field))?;
    }
    out.write_str("\r\n")
}

/// Writes one row per resource of every OAuth client, and of every API key that lists resources; a key with full access is
/// one row. Scope values that no published list knows stand in the column of the resource, with the tier `unknown_scope`.
/// `against_default` compares a client with a newly registered one.
///
/// # Errors
/// Only when `out` fails.
pub fn tiers(out: &mut dyn Write, views: &[View], keys: &[KeyRow]) -> fmt::Result {
    write!(out, "kind,name,resource,tier,verbs,default_tier,against_default\r\n")?;
    for view in views {
        for own in &view.ceiling {
            let against = match own.against {
                Against::Same => "same",
                Against::Wider => "wider",
                Against::Narrower => "narrower",
            };
            let (name, resource) = (view.client.as_str(), own.resource.as_str());
            let (verbs, usual) = (verbs(&own.verbs), own.default_tier.as_str());
            let tier = own.tier.as_str();
            row(out, ["oauth_client", name, resource, tier, &verbs, usual, against])?;
        }
        for scope in &view.unknown {
            let name = view.client.as_str();
            row(out, ["oauth_client", name, scope.as_str(), "unknown_scope", "", "", ""])?;
        }
    }
    let none = BTreeSet::new();
    for key in keys {
        let name = key.key.as_str();
        let KeyGrants::Custom(list) = &key.grants else {
            row(out, ["api_key", name, "*", "full_access", "*", "", ""])?;
            continue;
        };
        let resources: BTreeSet<&ResourceKey> =
            list.tiers.keys().chain(list.verbs.keys()).collect();
        for resource in resources {
            let tier = list.tiers.get(resource).map_or("no_access", Tier::as_str);
            let verbs = verbs(list.verbs.get(resource).unwrap_or(&none));
            row(out, ["api_key", name, resource.as_str(), tier, &verbs, "", ""])?;
        }
        for scope in &list.unknown {
            row(out, ["api_key", name, scope.as_str(), "unknown_scope", "", "", ""])?;
        }
    }
    Ok(())
}

/// Writes one row per active token: who holds it, since when, and how long it has not been used.
///
/// # Errors
/// Only when `out` fails.
pub fn tokens(out: &mut dyn Write, views: &[View]) -> fmt::Result {
    write!(
        out,
        "client,id,token,user,role,role_at_authorisation,issued,last_used,idle_days,requests\r\n"
    )?;
    for view in views {
        for TokenRow { token, role, idle_days, effective: _ } in &view.tokens {
            let last_used = token.last_used.map(|date| date.to_string()).unwrap_or_default();
            let fields = [
                view.client.as_str(),
                token.id.as_str(),
                &token.display(),
                token.user.as_str(),
                role.as_ref().map_or("", RoleKey::as_str),
                token.role_at_authorisation.as_str(),
                &token.issued.to_string(),
                &last_used,
                &idle_days.to_string(),
                &token.requests.to_string(),
            ];
            row(out, fields)?;
        }
    }
    Ok(())
}

/// Writes one row per active token and resource: what the token may do, and which side is the narrower.
///
/// # Errors
/// Only when `out` fails.
pub fn effective(out: &mut dyn Write, views: &[View]) -> fmt::Result {
    write!(
        out,
        "client,id,user,role,resource,effective,client_tier,role_tier,decided_by,verbs\r\n"
    )?;
    for view in views {
        for TokenRow { token, role, effective, .. } in &view.tokens {
            for own in effective {
                let decided_by = match own.decided_by {
                    Side::Client => "client",
                    Side::Role => "role",
                    Side::Both => "both",
                };
                let fields = [
                    view.client.as_str(),
                    token.id.as_str(),
                    token.user.as_str(),
                    role.as_ref().map_or("", RoleKey::as_str),
                    own.resource.as_str(),
                    own.tier.as_str(),
                    own.client.as_str(),
                    own.role.as_ref().map_or("", Tier::as_str),
                    decided_by,
                    &verbs(&own.verbs),
                ];
                row(out, fields)?;
            }
        }
    }
    Ok(())
}

fn verbs(verbs: &BTreeSet<Verb>) -> String {
    let verbs: Vec<&str> = verbs.iter().map(Verb::as_str).collect();
    verbs.join("; ")
}
