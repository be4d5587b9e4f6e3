//! `scopeform tokens`: who holds tokens of which client, and ending one of them at 3 a.m.

use serde_json::json;

use super::apply::{approve, ask, can_be_done, carry_out_one, print_report};
use super::plan;
use crate::cli::args::{Answer, Output, Tokens as Args, TokensCommand, TokensList, TokensRevoke};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::data_dir;
use crate::cli::gate::{Advice, Gate, Used};
use crate::cli::page::Page;
use crate::cli::product::Trustpager;
use crate::cli::rego;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::model::Address;
use crate::plan::policy;
use crate::platform::Kind;
use crate::platform::trustpager::machine::Context;
use crate::platform::trustpager::name::ClientName;
use crate::platform::trustpager::planner::revoke_plan;
use crate::platform::trustpager::prospect::meant;
use crate::platform::trustpager::state::{Snapshot, Token};
use crate::render::neutral::{self, terminal};
use crate::seal::approval::missing;
use crate::seal::{Consent, SealedPlan};

/// Lists or revokes.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    match &args.command {
        TokensCommand::List(args) => list(args, env, ui).await,
        TokensCommand::Revoke(args) => revoke(args, env, ui).await,
    }
}

/// Loads a configuration and refuses one for a platform without tokens.
pub(super) fn load_trustpager(
    source: &crate::cli::args::Source,
    json: bool,
    ui: &Ui,
) -> Result<Loaded, Failure> {
    let tell = if json { Tell::Json } else { Tell::People };
    let loaded = load(source, tell, ui)?;
    match loaded.config.desired.kind() {
        Kind::Trustpager => Ok(loaded),
        Kind::Odeus => Err(Failure::new(
            Exit::Error,
            format!(
                "workspace `{}` is on odeus, which has connections and no tokens",
                loaded.config.workspace
            ),
        )
        .help("`scopeform status` shows who is connected there and who must reconnect")),
    }
}

async fn list(args: &TokensList, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let loaded = load_trustpager(&args.source, args.json, ui)?;
    let snapshot = plan::read::<Trustpager>(&loaded, args.reach, env, ui).await?.snapshot;
    let rows = rows(&snapshot, args.client.as_deref())?;
    if args.json {
        let tokens: Vec<_> = rows
            .iter()
            .map(|(client, token)| {
                json!({
                    "client": client.as_str(),
                    "id": token.id.as_str(),
                    "token": token.display(),
                    "user": token.user.as_str(),
                    "role": snapshot.users.get(&token.user).map(ToString::to_string),
                    "role_at_authorisation": token.role_at_authorisation.as_str(),
                    "issued": token.issued.to_string(),
                    "last_used": token.last_used.map(|date| date.to_string()),
                    "idle_days": token.idle_days(clock::today()),
                    "requests": token.requests,
                })
            })
            .collect();
        let document = json!({ "format_version": "1.0", "workspace": snapshot.workspace.as_str(), "tokens": tokens });
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        ui.out(&neutral::json(&text))?;
        return Ok(Exit::Done);
    }
    let mut page = String::new();
    let mut last: Option<&ClientName> = None;
    for (client, token) in rows {
        if last != Some(client) {
            page.push_str(&format!("{}\n", terminal(client.as_str())));
            last = Some(client);
        }
        let role = snapshot.users.get(&token.user);
        let mut role = role.map_or_else(|| "no role".to_owned(), ToString::to_string);
        if role != token.role_at_authorisation.as_str() {
            role.push_str(&format!(" (was {})", token.role_at_authorisation));
        }
        let used = match token.last_used {
            Some(date) => format!("last used {date}"),
            None => format!("never used, issued {}", token.issued),
        };
        page.push_str(&format!(
            "  {:<18} {:<18} {:<28} {:<18} {used}, {}\n",
            terminal(token.id.as_str()).to_string(),
            terminal(&token.display()).to_string(),
            terminal(token.user.as_str()).to_string(),
            terminal(&role).to_string(),
            crate::plan::count(
                usize::try_from(token.requests).unwrap_or(usize::MAX),
                "request",
                "requests"
            ),
        ));
    }
    if page.is_empty() {
        page.push_str("No active tokens.\n");
    }
    ui.out(&page)?;
    Ok(Exit::Done)
}

fn rows<'s>(
    snapshot: &'s Snapshot,
    only: Option<&str>,
) -> Result<Vec<(&'s ClientName, &'s Token)>, Failure> {
    if let Some(name) = only {
        client(snapshot, name)?;
    }
    let clients =
        snapshot.clients.iter().filter(|(name, _)| only.is_none_or(|o| o == name.as_str()));
    Ok(clients
        .flat_map(|(name, live)| live.state.tokens.values().map(move |t| (name, t)))
        .collect())
}

/// Returns a client by name, or says which ones there are.
pub(super) fn client<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s ClientName, Failure> {
    let found = snapshot.clients.keys().find(|client| client.as_str() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = snapshot.clients.keys().map(ClientName::as_str).collect();
        Failure::new(Exit::Error, format!("there is no OAuth client `{name}` in this workspace"))
            .help(format!("one of: {}", names.join(", ")))
    })
}

async fn revoke(args: &TokensRevoke, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let loaded =
        load_trustpager(&args.source, args.json, ui)?.with_rules(&args.rules.policy, None, ui)?;
    let reading = plan::read::<Trustpager>(&loaded, args.reach, env, ui).await?;
    let snapshot = &reading.snapshot;
    let rows = rows(snapshot, None)?;
    let fit = meant(&args.token, rows.iter().map(|(_, token)| *token));
    let fit: Vec<_> =
        rows.iter().filter(|(_, token)| fit.iter().any(|one| std::ptr::eq(*one, *token))).collect();
    let (client, token) = match fit.as_slice() {
        [one] => **one,
        [] => {
            return Err(Failure::new(Exit::Error, format!("there is no active token `{}`", args.token))
                .help("`scopeform tokens list` shows the ids; a token that has ended already needs nothing"));
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|(_, token)| token.id.as_str()).collect();
            return Err(Failure::new(
                Exit::Error,
                format!("`{}` fits {} tokens: {}", args.token, ids.len(), ids.join(", ")),
            )
            .help("name the id of the one that is meant"));
        }
    };
    let context = Context { catalog: &snapshot.catalog, users: &snapshot.users };
    let unit = Address::of(&["oauth_clients", client.as_str()]);
    let made = revoke_plan(
        context,
        snapshot,
        &unit,
        client,
        token,
        &args.reason,
        plan::header(&loaded, reading.calls),
    );
    let mut made = made.map_err(|why| Failure::new(Exit::Error, why.to_string()))?;
    // Also at 3 a.m.: what is protected is protected from every plan.
    made.label(&loaded.config.labels);
    policy::enforce(&mut made, loaded.policies.clone());
    let sealed = rego::asked(SealedPlan::seal(made))?;
    let output = Output::text(false);
    // The question below, or `--auto-approve`, carries it out: there is no other command to type.
    let again = format!("this command, revoking {} and nothing else", token.id);
    let page = Page::of(&sealed, &output, &again).accepting(&args.accept);
    if !args.json {
        page.print(ui)?;
    }
    // A rule about revocation holds here too; where there is none, nothing delays this command.
    let used = Used::read(&data_dir(&loaded.folder.root, env))?;
    let advice = Advice::Revoke(plan::plan_files(&args.source, &[]));
    let gate = Gate::open(&sealed, &[], advice, &used, clock::today())?;
    let needed = missing(&sealed, &[]);
    if !needed.is_empty() {
        return Err(gate.missing(&sealed, &needed));
    }
    can_be_done(&sealed, &args.accept)?;
    let consent = if args.auto_approve {
        Consent::Flag
    } else {
        ask(&sealed, args.json.then_some(page), ui)?
    };
    let approved = approve(sealed, consent, &args.accept, &gate)?;
    let told = (if args.json { Answer::Json } else { Answer::Text }, None);
    let done = carry_out_one::<Trustpager>(&approved, &loaded, args.reach, told, env, ui).await?;
    print_report(&done.0, args.json, ui)?;
    done.1
}
