//! `scopeform explain CODE`: what a diagnostic or a finding means, and what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cli::args::Explain as Args;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui};
use crate::diag::Code;
use crate::plan::policy;
use crate::platform::{odeus, trustpager};

struct Entry {
    kind: &'static str,
    title: &'static str,
    explain: &'static str,
}

/// Returns what each code means. Two platforms may have a rule of the same name that means something of its own on each.
fn entries() -> BTreeMap<&'static str, Vec<Entry>> {
    let mut all: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
    let mut add = |name, entry: Entry| {
        let same: &mut Vec<Entry> = all.entry(name).or_default();
        // A rule that looks at two kinds of thing is listed once for each.
        if same.iter().all(|known| known.explain != entry.explain) {
            same.push(entry);
        }
    };
    for code in Code::ALL {
        let kind = code.severity().name();
        add(code.name(), Entry { kind, title: code.title(), explain: code.explain() });
    }
    let rules =
        odeus::findings::rules().chain(trustpager::findings::rules()).chain(policy::rules());
    for rule in rules {
        let kind = match rule.severity {
            crate::plan::Severity::Blocker => "finding, blocker",
            crate::plan::Severity::Warning => "finding, warning",
            crate::plan::Severity::Note => "finding, note",
        };
        add(rule.code, Entry { kind, title: rule.title, explain: rule.explain });
    }
    all
}

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
    let all = entries();
    let mut page = String::new();
    match &args.code {
        None => {
            let width = all.keys().map(|name| name.len()).max().unwrap_or(0);
            for (name, entry) in all.iter().flat_map(|(name, of)| of.iter().map(move |e| (name, e)))
            {
                // Writing to a String cannot fail.
                let _ = writeln!(page, "{name:width$}  {}", entry.title);
            }
        }
        Some(code) => {
            let Some((name, meanings)) = all.get_key_value(code.as_str()) else {
                let near = all.keys().min_by_key(|name| strsim::damerau_levenshtein(name, code));
                let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                return Err(Failure::new(Exit::Usage, format!("there is no code `{code}`"))
                    .help(format!("{help}`scopeform explain` lists all of them")));
            };
            let text = |entry: &Entry| {
                let Entry { kind, title, explain } = entry;
                format!("{name} ({kind})\n{title}\n\n{}\n", explain.trim_end())
            };
            page = meanings.iter().map(text).collect::<Vec<_>>().join("\n");
        }
    }
    ui.out(&page)?;
    Ok(Exit::Done)
}
