//! `scopeform export`: what is live as CSV, for a security team, a review of access or an OAuth client's admin.

use jiff::civil::Date;

use crate::cli::args::{Export as Args, ExportTable};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::replace;
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::ui::{Failure, Ui, shown};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::platform::{Kind, odeus, trustpager};
use crate::render::csv;

/// Writes one table.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let loaded = load(&args.source, Tell::People, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => of::<Odeus>(args, &loaded, env, ui).await,
        Kind::Trustpager => of::<Trustpager>(args, &loaded, env, ui).await,
    }
}

async fn of<P: Product>(args: &Args, loaded: &Loaded, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let snapshot = super::plan::read::<P>(loaded, args.reach, env, ui).await?.snapshot;
    let page = P::export(&snapshot, args.table, args.today.unwrap_or_else(clock::today))?;
    match &args.out {
        None => ui.out(&page)?,
        Some(file) => {
            replace(file, &page).map_err(|error| {
                Failure::new(Exit::Error, format!("cannot write {}: {error}", file.display()))
            })?;
            ui.say(&format!("exported to {}", shown(file)));
        }
    }
    Ok(Exit::Done)
}

/// The seed's export of Odeus.
pub(in crate::cli) fn of_odeus(
    snapshot: &odeus::state::Snapshot,
    table: ExportTable,
) -> Result<String, Failure> {
    match table {
        ExportTable::Access => {
            let mut page = String::new();
            // Writing to a String cannot fail.
            let _ = csv::export(&mut page, snapshot, None);
            Ok(page)
        }
        ExportTable::Tokens | ExportTable::Effective => {
            let message = format!(
                "workspace `{}` is on odeus, which has connections and no tokens",
                snapshot.workspace
            );
            let help = "`scopeform status` shows who is connected there and who must reconnect";
            Err(Failure::new(Exit::Error, message).help(help))
        }
    }
}

/// Tiers, tokens or effective access of TrustPager.
pub(in crate::cli) fn of_trustpager(
    snapshot: &trustpager::state::Snapshot,
    table: ExportTable,
    today: Date,
) -> String {
    let views = trustpager::view::views(snapshot, today);
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = match table {
        ExportTable::Access => {
            csv::tiers(&mut page, &views, &trustpager::view::keys(snapshot, today))
        }
        ExportTable::Tokens => csv::tokens(&mut page, &views),
        ExportTable::Effective => csv::effective(&mut page, &views),
    };
    page
}
