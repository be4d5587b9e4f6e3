//! `scopeform explain CODE`: what a diagnostic or a finding means, and what to do.

use std::fmt::Write as _;

use crate::cli::args::Explain as Args;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui};
use crate::model::nearest;
use crate::render::codes::{self, Meaning};

/// Prints one entry, or the list of all of them.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    if args.code.as_deref() == Some("access") {
        return super::access::run(args, env, ui).await;
    }
    if args.client.is_some() || args.user.is_some() || args.resource.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "`--client`, `--user` and `--resource` go with `explain access`",
        ));
    }
    let all = codes::all();
    let mut page = String::new();
    match &args.code {
        None => {
            let width = all.keys().map(|name| name.len()).max().unwrap_or(0);
            for (name, meanings) in &all {
                for meaning in meanings {
                    let on =
                        on(meaning, meanings).map_or_else(String::new, |on| format!(" ({on})"));
                    // Writing to a String cannot fail.
                    let _ = writeln!(page, "{name:width$}  {}{on}", meaning.title);
                }
            }
        }
        Some(code) => {
            let Some((name, meanings)) = all.get_key_value(code.as_str()) else {
                let near = nearest(code, all.keys().copied());
                let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                return Err(Failure::new(Exit::Usage, format!("there is no code `{code}`"))
                    .help(format!("{help}`scopeform explain` lists all of them")));
            };
            let text = |meaning: &Meaning| {
                let Meaning { kind, title, explain, .. } = meaning;
                let on = on(meaning, meanings).map_or_else(String::new, |on| format!(", {on}"));
                format!("{name} ({kind}{on})\n{title}\n\n{}\n", explain.trim_end())
            };
            page = meanings.iter().map(text).collect::<Vec<_>>().join("\n");
        }
    }
    ui.out(&page)?;
    Ok(Exit::Done)
}

/// Says where a code means this, where it means something else elsewhere.
fn on(meaning: &Meaning, meanings: &[Meaning]) -> Option<String> {
    if meanings.len() < 2 {
        return None;
    }
    Some(meaning.platform.map_or_else(|| "in files".to_owned(), |on| format!("on {}", on.name())))
}
