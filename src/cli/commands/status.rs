//! `scopeform status`: what is live, as people who review it know it.

use super::plan;
use crate::cli::args::Status as Args;
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::product::{Odeus, Product, Shown, Trustpager};
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::model::{IntegrationKey, nearest, some_of};
use crate::platform::Kind;
use crate::platform::odeus::state::Snapshot;
use crate::platform::odeus::view;
use crate::platform::trustpager;
use crate::platform::trustpager::view::View;
use crate::render::status::{self, Options};

/// Prints one integration or client in full, or all of them in a line each.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let tell = if args.json { Tell::Json } else { Tell::People };
    let loaded = load(&args.source, tell, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => of::<Odeus>(args, &loaded, env, ui).await,
        Kind::Trustpager => of::<Trustpager>(args, &loaded, env, ui).await,
    }
}

async fn of<P: Product>(args: &Args, loaded: &Loaded, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let snapshot = plan::read::<P>(loaded, args.reach, env, ui).await?.snapshot;
    let today = args.today.unwrap_or_else(clock::today);
    let shown = Shown { json: args.json, palette: ui.palette(), today };
    ui.out(&P::status(&snapshot, args.integration.as_deref(), shown)?)?;
    Ok(Exit::Done)
}

/// The seed's two views of Odeus.
pub(in crate::cli) fn of_odeus(
    snapshot: &Snapshot,
    only: Option<&str>,
    shown: Shown,
) -> Result<String, Failure> {
    let views = match only {
        None => view::views(snapshot),
        Some(name) => {
            let found = IntegrationKey::try_from(name).ok();
            let found = found.and_then(|key| view::view(snapshot, &key));
            let known = snapshot.integrations.keys().map(IntegrationKey::as_str);
            vec![found.ok_or_else(|| unknown("integration", name, known))?]
        }
    };
    let mut page = String::new();
    let options = Options { palette: shown.palette, full: true };
    // Writing to a String cannot fail.
    let _ = match (shown.json, views.as_slice()) {
        (true, views) => status::json(&mut page, snapshot, views),
        (false, [view]) if only.is_some() => status::integration(&mut page, view, options),
        (false, views) => status::overview(&mut page, snapshot, views, options),
    };
    Ok(page)
}

/// Clients, tokens and keys of TrustPager.
pub(in crate::cli) fn of_trustpager(
    snapshot: &trustpager::state::Snapshot,
    only: Option<&str>,
    shown: Shown,
) -> Result<String, Failure> {
    let mut views = trustpager::view::views(snapshot, shown.today);
    let mut keys = trustpager::view::keys(snapshot, shown.today);
    if let Some(name) = only {
        keys.clear();
        views.retain(|view| view.client.as_str() == name);
        if views.is_empty() {
            let known = snapshot.clients.keys().map(AsRef::as_ref);
            return Err(unknown("OAuth client", name, known));
        }
    }
    let mut page = String::new();
    let options = Options { palette: shown.palette, full: true };
    let workspace = &snapshot.workspace;
    // Writing to a String cannot fail.
    let _ = match (shown.json, views.as_slice()) {
        (true, views) => status::trustpager::json(&mut page, workspace, views, &keys),
        (false, [one]) if only.is_some() => status::trustpager::client(&mut page, one, options),
        (false, views) => {
            let views: &[View] = views;
            status::trustpager::overview(&mut page, workspace, views, &keys, options)
        }
    };
    Ok(page)
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Failure {
    let help = match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => some_of(known),
    };
    Failure::new(Exit::Error, format!("there is no {what} `{name}` in this workspace")).help(help)
}
