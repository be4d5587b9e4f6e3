//! `scopeform approve PLAN`: a person's signature under the digest of a saved plan.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::json;

use super::apply::under_base;
use super::plan;
use crate::cli::args::{Approve as Args, Output, Source};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, replace, root_at_hand};
use crate::cli::gate::{at_hand, rules, signature_of, statement_of};
use crate::cli::keygen;
use crate::cli::page::Page;
use crate::cli::rego;
use crate::cli::ui::{Failure, Ui};
use crate::plan::policy::{Requirement, Signer};
use crate::render::neutral::{self, terminal};
use crate::seal::SealedPlan;
use crate::seal::approval::{Approval, NAMESPACE, Statement, last_day};

/// Shows the plan, asks, signs, and checks the signature as `apply` will.
pub(in crate::cli) fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let mut sealed = super::show::read(&args.plan)?;
    let root = root_at_hand(args.config.as_deref(), env);
    if let Some(root) = &root {
        let policy = at_hand(&Folder::read(root, ui)?, &sealed, ui)?;
        sealed = rego::asked(sealed.under(policy))?;
    }
    let sealed = under_base(sealed, args.config.as_deref(), &args.base, ui)?;
    let by = principal(args, &sealed)?;
    let asked = requirements(&sealed, &by)?;
    let given = clock::now();
    let most = rules(&sealed).map(|rules| rules.max_age).min().unwrap_or(0);
    let days = args.days.unwrap_or(most);
    if days > most {
        let message = format!("`--days {days}` is more than the rules allow, which is {most}");
        return Err(Failure::new(Exit::Error, message));
    }
    let today = given.to_zoned(TimeZone::UTC).date();
    let statement = Statement::of(&sealed, &by, given, last_day(today, days));

    let output = Output::text(false);
    let source = Source { path: args.config.clone(), workspace: None };
    let command = plan::apply_saved(&args.plan, &source);
    let page = Page::of(&sealed, &output, &command);
    if args.json {
        ui.say(&page.text(ui.palette_err())?);
    } else {
        page.print(ui)?;
    }
    consent(args, &statement, &sealed, ui)?;

    let text = statement.text();
    let signature = keygen::sign(&args.key, NAMESPACE, &text)?;
    let approval = Approval::check(text.as_bytes(), &signature, &sealed, today);
    let counts = approval.and_then(|approval| {
        rules(&sealed).map(|rules| approval.counts(rules)).reduce(Result::or).unwrap_or(Ok(()))
    });
    counts.map_err(|fault| {
        Failure::new(
            Exit::Error,
            format!("the approval would not count: {fault}; nothing was written"),
        )
        .help("sign with a key that the allowed-signers file lists for you")
    })?;
    let file = statement_of(&args.plan, &by);
    for (file, bytes) in [(signature_of(&file), &signature), (file.clone(), &text.into_bytes())] {
        let bytes = String::from_utf8_lossy(bytes);
        replace(&file, &bytes).map_err(|error| {
            Failure::new(Exit::Error, format!("cannot write {}: {error}", file.display()))
        })?;
    }
    say(args, &statement, &asked, (&file, root.as_deref()), &sealed, ui)
}

/// Returns who approves: named, or the one person whose key it is.
fn principal(args: &Args, sealed: &SealedPlan) -> Result<String, Failure> {
    let signers: Vec<&Signer> = rules(sealed).flat_map(|rules| &rules.signers).collect();
    if signers.is_empty() {
        let message = "no rule in force asks for an approval of any plan";
        return Err(Failure::new(Exit::Error, message).help(
            "`scopeform apply PLAN` needs none; rules stand in `approvals` of the configuration",
        ));
    }
    if let Some(by) = &args.principal {
        return Ok(by.clone());
    }
    let key = keygen::public_half(&args.key);
    let theirs = signers.iter().filter(|signer| Some(&signer.key) == key.as_ref());
    let people: BTreeSet<&String> = theirs.flat_map(|signer| &signer.principals).collect();
    if key.is_some() && people.is_empty() {
        let message = format!(
            "the key of {} is not the key of anybody whom the rules in force name; nothing was signed",
            args.key.display()
        );
        return Err(Failure::new(Exit::Error, message)
            .help("sign with a key that the allowed-signers file lists for you"));
    }
    let mut people = people.into_iter();
    match (people.next(), people.next()) {
        (Some(one), None) => Ok(one.clone()),
        _ => {
            let message = format!("{} does not say by itself who signs", args.key.display());
            Err(Failure::new(Exit::Error, message).help(
                "name yourself with `--as PRINCIPAL`, as the allowed-signers file does; nothing was signed",
            ))
        }
    }
}

/// Returns what the person's approval is asked for.
fn requirements(sealed: &SealedPlan, by: &str) -> Result<Vec<Requirement>, Failure> {
    let bound = &sealed.plan().bound;
    let mut all: Vec<Requirement> = Vec::new();
    for requirement in rules(sealed).flat_map(|rules| rules.required(bound)) {
        if !all.contains(&requirement) {
            all.push(requirement);
        }
    }
    if all.is_empty() {
        return Err(Failure::new(Exit::Error, "this plan needs no approval: it meets no rule")
            .help("`scopeform apply PLAN` carries it out"));
    }
    let people: BTreeSet<&String> = all.iter().flat_map(|r| &r.rule.of).collect();
    let names: Vec<&str> = people.iter().map(|name| name.as_str()).collect();
    let names = names.join(", ");
    all.retain(|requirement| requirement.rule.of.contains(by));
    if all.is_empty() {
        return Err(Failure::new(
            Exit::Error,
            format!("no rule that this plan meets asks for `{by}`; nothing was signed"),
        )
        .help(format!("it can be approved by {names}")));
    }
    Ok(all)
}

fn consent(
    args: &Args,
    statement: &Statement,
    sealed: &SealedPlan,
    ui: &Ui,
) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if !ui.input {
        return Err(Failure::new(
            Exit::NotApproved,
            "nobody may be asked (`--input=false`), so nothing was signed",
        )
        .help("give `--yes`"));
    }
    let question = format!(
        "\nApprove plan {} for workspace {} as {}, until {}? Only `yes` is accepted: ",
        sealed.digest().short(),
        statement.workspace,
        terminal(&statement.by),
        statement.until
    );
    if ui.confirm(&question) {
        Ok(())
    } else {
        Err(Failure::new(Exit::NotApproved, "not approved; nothing was signed"))
    }
}

/// Says what was written, what it counts for, and how anybody can check it.
fn say(
    args: &Args,
    statement: &Statement,
    asked: &[Requirement],
    (file, root): (&Path, Option<&Path>),
    sealed: &SealedPlan,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let signature = signature_of(file);
    let signers = rules(sealed).last().map_or("allowed_signers", |rules| &rules.signers_file);
    let signers = root.map_or_else(|| PathBuf::from(signers), |root| root.join(signers));
    let quoted = |path: &Path| quote(&path.display().to_string());
    let verify = format!(
        "ssh-keygen -Y verify -f {} -I {} -n {NAMESPACE} -s {} < {}",
        quoted(&signers),
        quote(&statement.by),
        quoted(&signature),
        quoted(file)
    );
    if args.json {
        let counts = asked.iter().map(|requirement| {
            let rule = &requirement.rule;
            json!({ "when": rule.when.name(), "need": rule.need, "of": rule.of })
        });
        let document = json!({
            "format_version": "1.0",
            "digest": statement.digest,
            "workspace": statement.workspace,
            "platform": statement.platform,
            "by": statement.by,
            "given": statement.given.to_string(),
            "until": statement.until.to_string(),
            "statement": file.display().to_string(),
            "signature": signature.display().to_string(),
            "counts_for": counts.collect::<Vec<_>>(),
            "verify": verify,
        });
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        ui.out(&neutral::json(&text))?;
        return Ok(Exit::Done);
    }
    let counts: Vec<String> = asked
        .iter()
        .map(|requirement| {
            let rule = &requirement.rule;
            format!("{} ({} of {})", rule.when.name(), rule.need, rule.named.join(", "))
        })
        .collect();
    ui.out(&format!(
        "\nApproved plan {} as {} until {}, counts for {}.\nWritten: {} and {}\nCheck:   {}\n",
        sealed.digest().short(),
        terminal(&statement.by),
        statement.until,
        terminal(&counts.join(", ")),
        terminal(&file.display().to_string()),
        terminal(&signature.display().to_string()),
        terminal(&verify)
    ))?;
    Ok(Exit::Done)
}

/// Returns a word as a shell takes it.
pub(super) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
