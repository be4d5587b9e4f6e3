//! The live state of a TrustPager workspace for a review of access: per client its ceiling, its tokens with their holders
//! and what they may really do, and what to decide.

mod v1;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::Options;
use crate::model::WorkspaceId;
use crate::platform::trustpager::machine::Side;
use crate::platform::trustpager::state::KeyGrants;
use crate::platform::trustpager::view::{
    Advice, Against, CeilingRow, EffectiveRow, IDLE_DAYS, KeyRow, TokenRow, View,
};
use crate::render::neutral::terminal;
use crate::render::palette::{Paint, Palette};
use crate::render::table::{Row, Table, count, names};

pub use v1::schema;

/// Writes the views as a versioned JSON document.
///
/// # Errors
/// Only when `out` fails.
pub fn json(
    out: &mut dyn Write,
    workspace: &WorkspaceId,
    views: &[View],
    keys: &[KeyRow],
) -> fmt::Result {
    crate::render::json::document(out, &v1::status(workspace, views, keys))
}

/// Writes one line per client and key, and what asks for a decision.
///
/// # Errors
/// Only when `out` fails.
pub fn overview(
    out: &mut dyn Write,
    workspace: &WorkspaceId,
    views: &[View],
    keys: &[KeyRow],
    options: Options,
) -> fmt::Result {
    let palette = options.palette;
    let advice: Vec<Advice> =
        views.iter().flat_map(View::advice).chain(keys.iter().flat_map(KeyRow::advice)).collect();
    let tokens: usize = views.iter().map(|view| view.tokens.len()).sum();
    let verdict = format!(
        "{workspace}: {} with {}, {}, {}.",
        count(views.len(), "OAuth client", "OAuth clients"),
        count(tokens, "active token", "active tokens"),
        count(keys.len(), "API key", "API keys"),
        attention(advice.len())
    );
    writeln!(out, "{}", palette.paint(Paint::Heading, verdict))?;
    writeln!(
        out,
        "A save reaches every active token at once; idle means not used for more than {IDLE_DAYS} days."
    )?;
    let mut table = Table::default();
    for view in views {
        let row = mark(&view.advice(), view.client.as_str());
        table.push(
            row.cell(Paint::Plain, count(view.tokens.len(), "active token", "active tokens"))
                .cell(Paint::Plain, against(&view.ceiling))
                .cell(Paint::Dim, waiting(view.waiting.all)),
        );
    }
    section(out, palette, "OAuth clients", &table)?;
    let mut table = Table::default();
    for key in keys {
        let row = mark(&key.advice(), key.key.as_str());
        table.push(
            row.cell(Paint::Plain, terminal(&key.prefix).to_string())
                .cell(Paint::Plain, used_by_key(key))
                .cell(Paint::Plain, granted(&key.grants))
                .cell(Paint::Dim, waiting(key.waiting.all)),
        );
    }
    section(out, palette, "API keys", &table)?;
    what_to_do(out, palette, &advice)
}

/// Writes everything about one client.
///
/// # Errors
/// Only when `out` fails.
pub fn client(out: &mut dyn Write, view: &View, options: Options) -> fmt::Result {
    let palette = options.palette;
    let advice = view.advice();
    let title = terminal(view.client.as_str()).to_string();
    let title = palette.paint(Paint::Heading, title);
    writeln!(out, "{title}: {}, {}.", tokens_words(view), attention(advice.len()))?;
    if view.waiting.all > 0 {
        writeln!(out, "Queue: {}", waiting(view.waiting.all))?;
    }

    let heading = palette.paint(Paint::Heading, "Ceiling");
    writeln!(out, "\n{heading}: what the integration may ask for; {}", against(&view.ceiling))?;
    let mut table = Table::default();
    for row in &view.ceiling {
        table.push(ceiling_row(row));
    }
    table.write(out, palette, 2)?;
    for scope in &view.unknown {
        let text = format!("unknown scope {}", terminal(scope.as_str()));
        writeln!(out, "  {}", palette.paint(Paint::Warning, text))?;
    }

    let heading = palette.paint(Paint::Heading, "Active tokens");
    writeln!(
        out,
        "\n{heading}: {}; each may do the narrower of the ceiling and its holder's role",
        view.tokens.len()
    )?;
    let mut table = Table::default();
    for row in &view.tokens {
        table.push(token_row(row));
    }
    table.write(out, palette, 2)?;
    what_to_do(out, palette, &advice)
}

fn tokens_words(view: &View) -> String {
    match view.tokens.len() {
        0 => "nobody holds a token".to_owned(),
        n => count(n, "active token", "active tokens"),
    }
}

fn attention(n: usize) -> String {
    match n {
        0 => "nothing needs attention".to_owned(),
        1 => "1 thing needs attention".to_owned(),
        n => format!("{n} things need attention"),
    }
}

fn mark(advice: &[Advice], name: &str) -> Row {
    let (sign, paint) = if advice.is_empty() { ("✓", Paint::Add) } else { ("!", Paint::Warning) };
    Row::default().cell(paint, format!("{sign} {}", terminal(name)))
}

fn section(out: &mut dyn Write, palette: Palette, title: &str, table: &Table) -> fmt::Result {
    writeln!(out, "\n{}", palette.paint(Paint::Heading, title))?;
    if table.is_empty() {
        return writeln!(out, "  none");
    }
    table.write(out, palette, 2)
}

fn waiting(n: usize) -> String {
    match n {
        0 => String::new(),
        1 => "1 call waits for approval".to_owned(),
        n => format!("{n} calls wait for approval"),
    }
}

/// Returns how a ceiling stands against the default policy: `3 tiers wider than a new client's, 1 narrower`.
fn against(ceiling: &[CeilingRow]) -> String {
    let n = |which: Against| ceiling.iter().filter(|row| row.against == which).count();
    let tiers = |n: usize| count(n, "tier", "tiers");
    match (n(Against::Wider), n(Against::Narrower)) {
        (0, 0) => "as a new client's".to_owned(),
        (wider, 0) => format!("{} wider than a new client's", tiers(wider)),
        (0, narrower) => format!("{} narrower than a new client's", tiers(narrower)),
        (wider, narrower) => {
            format!("{} wider than a new client's, {narrower} narrower", tiers(wider))
        }
    }
}

fn ceiling_row(row: &CeilingRow) -> Row {
    let (sign, paint) = match row.against {
        Against::Same => ("", Paint::Plain),
        Against::Wider => ("+ wider than", Paint::Warning),
        Against::Narrower => ("- narrower than", Paint::Add),
    };
    let mut tier = row.tier.to_string();
    for verb in &row.verbs {
        tier.push_str(&format!(" + {verb}"));
    }
    let mut cells = Row::default()
        .cell(Paint::Plain, terminal(row.resource.as_str()).to_string())
        .cell(Paint::Plain, terminal(&tier).to_string());
    if row.against != Against::Same {
        let words: Vec<String> = row.words.iter().map(|w| terminal(w).to_string()).collect();
        let usual = terminal(row.default_tier.as_str()).to_string();
        cells = cells
            .cell(paint, format!("{sign} a new client's {usual}"))
            .cell(Paint::Dim, words.join("; "));
    }
    cells
}

fn token_row(row: &TokenRow) -> Row {
    let TokenRow { token, role, idle_days, effective, .. } = row;
    let now = role.as_ref().map_or_else(|| "no role".to_owned(), ToString::to_string);
    let role_words = if role.as_ref() == Some(&token.role_at_authorisation) {
        now
    } else {
        format!("{now} (was {})", token.role_at_authorisation)
    };
    let used = match token.last_used {
        Some(date) => format!("last used {date}, {}", ago(*idle_days)),
        None => format!("never used, issued {}, {}", token.issued, ago(*idle_days)),
    };
    let paint = if *idle_days > IDLE_DAYS { Paint::Warning } else { Paint::Plain };
    let mut cells = Row::default()
        .cell(Paint::Plain, terminal(token.user.as_str()).to_string())
        .cell(Paint::Plain, terminal(&role_words).to_string())
        .cell(Paint::Plain, terminal(token.id.as_str()).to_string())
        .cell(Paint::Dim, terminal(&token.display()).to_string())
        .cell(paint, used)
        .cell(Paint::Dim, format!("{} requests", token.requests));
    for line in effective_lines(effective) {
        cells = cells.below(Paint::Plain, line);
    }
    let held: Vec<&str> = effective
        .iter()
        .filter(|one| one.decided_by == Side::Role)
        .map(|one| one.resource.as_str())
        .collect();
    if !held.is_empty() {
        cells = cells.below(
            Paint::Dim,
            format!("the role is the narrower side on {}", names(held, usize::MAX - 1)),
        );
    }
    cells
}

fn ago(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// Returns one line per tier: `read on billing, company`; what is not allowed at all comes last.
fn effective_lines(rows: &[EffectiveRow]) -> Vec<String> {
    let mut tiers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut lines = Vec::new();
    for row in rows {
        tiers.entry(row.tier.as_str()).or_default().push(row.resource.as_str());
    }
    let none = tiers.remove("no_access");
    for (tier, on) in tiers.into_iter().chain(none.map(|on| ("no_access", on))) {
        lines.push(format!("{} on {}", terminal(tier), names(on, usize::MAX - 1)));
    }
    for row in rows {
        for verb in &row.verbs {
            lines.push(format!("may {verb} {}", row.resource));
        }
    }
    lines
}

fn used_by_key(key: &KeyRow) -> String {
    match (key.last_used, key.idle_days) {
        (Some(date), Some(days)) => {
            format!("last used {date}, {}, {} requests", ago(days), key.requests)
        }
        _ => "never used".to_owned(),
    }
}

fn granted(grants: &KeyGrants) -> String {
    let KeyGrants::Custom(list) = grants else { return "full access".to_owned() };
    let mut parts: Vec<String> = Vec::new();
    for (resource, tier) in list.tiers.iter().filter(|(_, tier)| tier.as_str() != "no_access") {
        parts.push(format!("{resource}: {tier}"));
    }
    for (resource, verbs) in &list.verbs {
        parts.extend(verbs.iter().map(|verb| format!("{resource}: may {verb}")));
    }
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => names(parts.iter().map(String::as_str), usize::MAX - 1),
    }
}

fn what_to_do(out: &mut dyn Write, palette: Palette, advice: &[Advice]) -> fmt::Result {
    if advice.is_empty() {
        return Ok(());
    }
    let heading = palette.paint(Paint::Heading, "What to do");
    writeln!(out, "\n{heading}: {}", attention(advice.len()))?;
    for one in advice {
        let Advice { code, about, what, help } = one;
        let words = palette.paint(Paint::Warning, format!("! {code}"));
        writeln!(out, "  {words} {}: {}", terminal(about), terminal(what))?;
        writeln!(out, "      {}", terminal(help))?;
    }
    Ok(())
}
