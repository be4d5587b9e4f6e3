//! `scopeform status`: what is live on Odeus, in the seed's two views.

use super::plan;
use crate::cli::args::{Source, Status as Args};
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::product::Odeus;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::model::IntegrationKey;
use crate::platform::Kind;
use crate::platform::odeus::state::Snapshot;
use crate::platform::odeus::view;
use crate::render::status::{self, Options};

/// Prints one integration in full, or all of them in a line each.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let tell = if args.json { Tell::Json } else { Tell::People };
    let loaded = load_odeus(&args.source, tell, ui)?;
    let snapshot = plan::read::<Odeus>(&loaded, args.reach, env, ui).await?.snapshot;
    let views = match &args.integration {
        None => view::views(&snapshot),
        Some(name) => vec![one(name, &snapshot)?],
    };
    let mut page = String::new();
    let options = Options { palette: ui.palette(), full: true };
    // Writing to a String cannot fail.
    let _ = match (args.json, views.as_slice()) {
        (true, views) => status::json(&mut page, &snapshot, views),
        (false, [view]) if args.integration.is_some() => {
            status::integration(&mut page, view, options)
        }
        (false, views) => status::overview(&mut page, &snapshot, views, options),
    };
    ui.out(&page)?;
    Ok(Exit::Done)
}

/// Loads a configuration and refuses one for a platform without integrations.
pub(super) fn load_odeus(source: &Source, tell: Tell, ui: &Ui) -> Result<Loaded, Failure> {
    let loaded = load(source, tell, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => Ok(loaded),
        Kind::Trustpager => Err(Failure::new(
            Exit::Error,
            format!(
                "workspace `{}` is on trustpager, which has clients and no integrations",
                loaded.config.workspace
            ),
        )
        .help("`scopeform tokens list` and `scopeform explain access` show what is live there")),
    }
}

fn one(name: &str, snapshot: &Snapshot) -> Result<view::View, Failure> {
    let found = IntegrationKey::try_from(name).ok().and_then(|key| view::view(snapshot, &key));
    found.ok_or_else(|| {
        let known = snapshot.integrations.keys().map(IntegrationKey::as_str);
        let near = known.min_by_key(|known| strsim::damerau_levenshtein(known, name));
        let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        Failure::new(Exit::Error, format!("there is no integration `{name}` in this workspace"))
            .help(help)
    })
}
