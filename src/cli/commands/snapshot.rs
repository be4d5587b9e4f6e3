//! `scopeform snapshot`: what is live, without the names of people, signed, for plans that are made without credentials.

use std::path::Path;

use jiff::Timestamp;

use super::approve::quote;
use super::plan;
use crate::cli::args::Snapshot as Args;
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::replace;
use crate::cli::gate::signature_of;
use crate::cli::keygen;
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::snapshot::at_hand;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::plan::count;
use crate::platform::Kind;
use crate::render::neutral::terminal;
use crate::snapshot::{NAMESPACE, Recipe, STRENGTH, Taken, vouched, write};

/// Reads, takes the names out, signs, writes.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let loaded = load(&args.source, Tell::People, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => of::<Odeus>(args, &loaded, env, ui).await,
        Kind::Trustpager => of::<Trustpager>(args, &loaded, env, ui).await,
    }
}

async fn of<P: Product>(args: &Args, loaded: &Loaded, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let now = clock::now();
    let reading = plan::read::<P>(loaded, args.reach, env, ui).await?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|error| Failure::new(Exit::Error, format!("no random bytes: {error}")))?;
    let recipe = Recipe::new(salt, STRENGTH);
    let names = P::names(&reading.snapshot);
    let bug = |error: &dyn std::fmt::Display| Failure::new(Exit::Bug, error.to_string());
    let book = recipe.book(&names).map_err(|error| bug(&error))?;
    let content = P::redact(&reading.snapshot, &book).map_err(|error| bug(&error))?;
    let taken = Taken {
        platform: loaded.config.desired.kind(),
        workspace: loaded.config.workspace.clone(),
        endpoint: loaded.config.endpoint.to_string(),
        taken: Timestamp::from_second(now.as_second()).unwrap_or(now),
        reads: reading.calls,
        pseudonyms: recipe,
        content,
    };
    let what = format!(
        "of {} on {}, taken at {}, {} as pseudonyms",
        taken.workspace,
        taken.platform,
        taken.taken,
        count(names.people.len(), "person", "people")
    );
    let (text, digest) = write(taken, env!("CARGO_PKG_VERSION"));
    let beside = signature_of(&args.out);
    let check = match &args.key {
        Some(key) => {
            let signature = keygen::sign(key, NAMESPACE, &text)?;
            let check = check(args, &text, &signature, loaded, ui)?;
            save(&beside, &String::from_utf8_lossy(&signature))?;
            check
        }
        None => {
            unsigned(&beside)?;
            None
        }
    };
    save(&args.out, &text)?;
    let mut said = format!("Snapshot {} {what}.\n", digest.short());
    let file = terminal(&args.out.display().to_string()).to_string();
    if args.key.is_some() {
        said.push_str(&format!("Written: {file} and {file}.sig\n"));
    } else {
        said.push_str(&format!("Written: {file}, not signed\n"));
        ui.say("notice: nobody has signed it, so `plan --snapshot` refuses it; `--key FILE` signs");
    }
    if let Some(check) = check {
        said.push_str(&format!("Check:   {}\n", terminal(&check)));
    }
    ui.out(&said)?;
    Ok(Exit::Done)
}

/// Returns the command by which anybody can check the signature, where the files say whose key it is.
fn check(
    args: &Args,
    text: &str,
    signature: &[u8],
    loaded: &Loaded,
    ui: &Ui,
) -> Result<Option<String>, Failure> {
    let Some(allowed) = at_hand(loaded)? else {
        ui.say("notice: the files name nobody who may sign (`approvals.signers`), so `plan --snapshot` needs `--signers FILE`");
        return Ok(None);
    };
    let by = vouched(text.as_bytes(), signature, &allowed.signers, &allowed.file, clock::today());
    let by = by.map_err(|why| {
        Failure::new(
            Exit::Error,
            format!("the snapshot would not be trusted: {why}; nothing was written"),
        )
        .help(format!(
            "list the key in `{}`: PRINCIPAL namespaces=\"{NAMESPACE}\" TYPE BASE64",
            allowed.file
        ))
    })?;
    let signers = loaded.folder.root.join(&allowed.file);
    let quoted = |path: &Path| quote(&path.display().to_string());
    Ok(Some(format!(
        "ssh-keygen -Y verify -f {} -I {} -n {NAMESPACE} -s {} < {}",
        quoted(&signers),
        quote(by.iter().next().map_or("", String::as_str)),
        quoted(&signature_of(&args.out)),
        quoted(&args.out)
    )))
}

fn save(file: &Path, text: &str) -> Result<(), Failure> {
    replace(file, text).map_err(|error| {
        Failure::new(Exit::Error, format!("cannot write {}: {error}", file.display()))
    })
}

/// Takes away the signature of an earlier snapshot in the same place: it would be one of something else.
#[expect(clippy::disallowed_methods, reason = "the command line is where files are written")]
fn unsigned(beside: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("cannot remove the old {}: {error}", beside.display());
            Err(Failure::new(Exit::Error, message))
        }
        _ => Ok(()),
    }
}
