//! What changes for the holders of tokens, on platforms where a save takes effect at once.

use std::fmt;

use super::super::holders::{Alike, Client, Happens, Tokens, one_by_one, parted};
use super::super::neutral::terminal;
use super::super::palette::Paint;
use super::super::table::{count, names};
use super::Page;
use crate::platform::Latency;

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    let effects = &page.outline.plan.observed.tokens;
    let n = page.outline.counts.tokens_re_resolved;
    let at_once = page.outline.plan.bound.platform.takes_effect() == Latency::AtOnce;
    if n == 0 && at_once && !page.outline.plan.is_empty() {
        page.heading("Tokens", "no active token is re-resolved; what is written holds at once")?;
        return one_by_one(page.outline.plan).rest.iter().try_for_each(|own| one(page, own));
    }
    if effects.is_empty() {
        return Ok(());
    }
    page.heading("Tokens", &title(n))?;
    let plan = page.outline.plan;
    let Tokens { alike, rest } = if page.options.full { one_by_one(plan) } else { parted(plan) };
    alike.iter().try_for_each(|own| many(page, own))?;
    rest.iter().try_for_each(|own| one(page, own))
}

/// Writes what is the same for many tokens.
fn many(page: &mut Page<'_, '_>, own: &Alike<'_>) -> fmt::Result {
    let (paint, word) = match own.happens {
        Happens::Changes(_) => (Paint::Warning, "~ changes"),
        Happens::Stays(_) => (Paint::Dim, "= nothing changes"),
    };
    let words = page.paint(paint, word);
    let clients = own.of_what(&|name| terminal(name).to_string());
    writeln!(page.out, "  {words} for {} of {clients}", own.how_many())?;
    match own.happens {
        Happens::Changes(what) => {
            for what in what {
                writeln!(page.out, "        {}", terminal(what))?;
            }
        }
        Happens::Stays(why) => writeln!(page.out, "        {}", terminal(why))?,
    }
    writeln!(page.out, "        {}", names(own.users.iter().copied(), page.most()))
}

/// Returns `4 active tokens are re-resolved the moment the scopes are saved`.
pub(in crate::render) fn title(n: usize) -> String {
    let tokens = count(n, "active token is", "active tokens are");
    format!("{tokens} re-resolved the moment the scopes are saved")
}

fn one(page: &mut Page<'_, '_>, effect: &Client<'_>) -> fmt::Result {
    writeln!(page.out, "  {}", terminal(effect.unit.as_str()))?;
    let most = page.most();
    for change in effect.changed.iter().take(most) {
        let words = page.paint(Paint::Warning, "~ changes");
        writeln!(
            page.out,
            "    {words} for {} ({}), token {}",
            terminal(&change.user),
            terminal(&change.role),
            terminal(&change.token)
        )?;
        for what in &change.what {
            writeln!(page.out, "        {}", terminal(what))?;
        }
    }
    more(page, effect.changed.len(), most)?;
    for same in effect.unchanged.iter().take(most) {
        let words = page.paint(Paint::Dim, "= nothing changes");
        writeln!(
            page.out,
            "    {words} for {}, token {}: {}",
            terminal(&same.user),
            terminal(&same.token),
            terminal(&same.why)
        )?;
    }
    more(page, effect.unchanged.len(), most)?;
    if effect.queued_affected > 0 {
        let calls = count(effect.queued_affected, "queued call", "queued calls");
        let words = page.paint(Paint::Alarm, "! queue");
        writeln!(page.out, "    {words}: {calls} can no longer be executed when approved")?;
    }
    Ok(())
}

fn more(page: &mut Page<'_, '_>, all: usize, most: usize) -> fmt::Result {
    match all.checked_sub(most) {
        Some(more) if more > 0 => writeln!(page.out, "        and {more} more"),
        _ => Ok(()),
    }
}
