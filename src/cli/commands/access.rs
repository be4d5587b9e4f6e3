//! `scopeform explain access --client C --user U`: what a user's token may do, and which side is the narrower.

use serde_json::json;

use super::plan;
use super::tokens::{client, load_trustpager};
use crate::cli::args::Explain as Args;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::product::Trustpager;
use crate::cli::ui::{Failure, Ui};
use crate::model::{UserId, nearest};
use crate::platform::trustpager::catalog::Resource;
use crate::platform::trustpager::machine::{Effective, Side, effective, verb_decided_by};
use crate::platform::trustpager::name::{ResourceKey, Verb};
use crate::platform::trustpager::state::Snapshot;
use crate::render::neutral::{self, terminal};

/// Prints one line per resource.
pub(super) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let (Some(name), Some(user)) = (&args.client, &args.user) else {
        return Err(Failure::new(
            Exit::Usage,
            "`explain access` needs `--client NAME` and `--user EMAIL`",
        )
        .help("`scopeform tokens list` lists the clients that have tokens, and whose they are"));
    };
    let source =
        crate::cli::args::Source { path: args.config.clone(), workspace: args.workspace.clone() };
    let loaded = load_trustpager(&source, args.json, ui)?;
    let snapshot = plan::read::<Trustpager>(&loaded, args.reach, env, ui).await?.snapshot;
    let name = client(&snapshot, name)?;
    let user = UserId::try_from(user.as_str()).map_err(|error| {
        Failure::new(Exit::Usage, error.to_string())
            .help("users are named by their address, such as max@acme.example")
    })?;
    let Some(role) = snapshot.users.get(&user) else {
        let near = nearest(user.as_str(), snapshot.users.keys().map(UserId::as_str));
        let failure =
            Failure::new(Exit::Error, format!("there is no user `{user}` in this workspace"));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help(format!("one of: {}", some(&snapshot))),
        });
    };
    let Some(live) = snapshot.clients.get(name) else {
        return Err(Failure::new(Exit::Bug, "the client is gone between two looks; this is a bug"));
    };
    let tokens = live.state.tokens.values().filter(|token| token.user == user).count();
    let rows: Vec<(&Resource, Effective)> = snapshot
        .catalog
        .resources
        .values()
        .filter(|resource| {
            // Also by a name that the resource used to have, or has elsewhere (case 64).
            args.resource.as_deref().is_none_or(|only| {
                let key = ResourceKey::try_from(only).ok();
                let meant = key.and_then(|key| snapshot.catalog.resource(&key));
                meant.is_some_and(|meant| meant.key == resource.key)
            })
        })
        .map(|resource| {
            (resource, effective(&snapshot.catalog, &live.state.access, resource, Some(role)))
        })
        .collect();
    if rows.is_empty() {
        let wanted = args.resource.clone().unwrap_or_default();
        let known = snapshot.catalog.resources.keys().map(AsRef::as_ref);
        let failure = Failure::new(Exit::Error, format!("there is no resource `{wanted}`"));
        return Err(match nearest(&wanted, known) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("`explain access` without `--resource` lists all of them"),
        });
    }
    let verbs = |resource: &'_ Resource| -> Vec<(Verb, bool, Side)> {
        let list = &live.state.access;
        let decided = |verb: &Verb| {
            let (may, by) = verb_decided_by(&snapshot.catalog, list, resource, Some(role), verb);
            (verb.clone(), may, by)
        };
        resource.extra_verbs.keys().map(decided).collect()
    };
    if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(resource, e)| {
                json!({
                    "resource": resource.key.as_str(),
                    "effective": e.tier.as_str(),
                    "client": e.client.as_str(),
                    "role": e.role.as_ref().map(ToString::to_string),
                    "decided_by": side(e.decided_by),
                    "grants": snapshot.catalog.grants(resource, &e.tier),
                    "verbs": verbs(resource).into_iter().map(|(verb, may, by)| json!({
                        "verb": verb.as_str(), "allowed": may, "decided_by": side(by),
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        let document = json!({
            "format_version": "1.0", "client": name.as_str(), "user": user.as_str(), "role": role.as_str(),
            "active_tokens": tokens, "resources": rows,
        });
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        ui.out(&neutral::json(&text))?;
        return Ok(Exit::Done);
    }
    let held = crate::plan::count(tokens, "active token", "active tokens");
    let mut page = format!(
        "{} through {}: {held}, role {}. What a token may do is the narrower of the client's tier and the role.\n\n",
        terminal(user.as_str()),
        terminal(name.as_str()),
        terminal(role.as_str())
    );
    let width = rows.iter().map(|(resource, _)| resource.key.as_str().len()).max().unwrap_or(0);
    for (resource, e) in rows {
        page.push_str(&format!(
            "  {:width$}  {:<22} {}\n",
            terminal(resource.key.as_str()).to_string(),
            terminal(e.tier.as_str()).to_string(),
            why(&e)
        ));
        for (verb, may, by) in verbs(resource) {
            page.push_str(&format!(
                "  {:width$}  {:<22} {}\n",
                "",
                format!("{} {}", if may { "+" } else { "-" }, terminal(verb.as_str())),
                why_verb(may, by)
            ));
        }
    }
    ui.out(&page)?;
    Ok(Exit::Done)
}

/// Returns the first users of a workspace, and how many more there are.
fn some(snapshot: &Snapshot) -> String {
    const SHOWN: usize = 5;
    let shown = snapshot.users.keys().take(SHOWN).map(|user| terminal(user.as_str()).to_string());
    let shown: Vec<String> = shown.collect();
    match snapshot.users.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Role => "role",
        Side::Both => "both",
    }
}

fn why(e: &Effective) -> String {
    let role = e.role.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    match e.decided_by {
        Side::Client => {
            format!("the client is the narrower side: it allows {}, the role {role}", e.client)
        }
        Side::Role => {
            format!("the role is the narrower side: it allows {role}, the client {}", e.client)
        }
        Side::Both => "client and role allow the same".to_owned(),
    }
}

const fn why_verb(may: bool, by: Side) -> &'static str {
    match (by, may) {
        (Side::Client, _) => {
            "the client is the narrower side: it does not have the verb, the role allows it"
        }
        (Side::Role, _) => {
            "the role is the narrower side: it does not allow the verb, the client has it"
        }
        (Side::Both, true) => "client and role allow the verb",
        (Side::Both, false) => "neither client nor role allows the verb",
    }
}
