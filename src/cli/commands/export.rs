//! `scopeform export`: the live scope configuration of Odeus as CSV, for a security team or an OAuth client's admin.

use crate::cli::args::Export as Args;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::replace;
use crate::cli::product::Odeus;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::Tell;
use crate::render::csv;

/// Writes the seed's export.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let loaded = super::status::load_odeus(&args.source, Tell::People, ui)?;
    let snapshot = super::plan::read::<Odeus>(&loaded, args.reach, env, ui).await?.snapshot;
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = csv::export(&mut page, &snapshot, None);
    match &args.out {
        None => ui.out(&page)?,
        Some(file) => {
            replace(file, &page).map_err(|error| {
                Failure::new(Exit::Error, format!("cannot write {}: {error}", file.display()))
            })?;
            ui.say(&format!("exported to {}", file.display()));
        }
    }
    Ok(Exit::Done)
}
