//! What changes for the holders of tokens, on platforms where a save takes effect at once.

use std::fmt;

use super::super::neutral::terminal;
use super::super::palette::Paint;
use super::super::table::count;
use super::Page;
use crate::plan::TokenEffect;
use crate::platform::Latency;

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    let effects = &page.outline.plan.observed.tokens;
    let n = page.outline.counts.tokens_re_resolved;
    let at_once = page.outline.plan.bound.platform.takes_effect() == Latency::AtOnce;
    if n == 0 && at_once && !page.outline.plan.is_empty() {
        page.heading("Tokens", "no active token is re-resolved; what is written holds at once")?;
        let queued = effects.iter().filter(|effect| effect.queued_affected > 0);
        return queued.into_iter().try_for_each(|effect| one(page, effect));
    }
    if effects.is_empty() {
        return Ok(());
    }
    page.heading("Tokens", &title(n))?;
    for effect in effects {
        one(page, effect)?;
    }
    Ok(())
}

/// Returns `4 active tokens are re-resolved the moment the scopes are saved`.
pub(in crate::render) fn title(n: usize) -> String {
    let tokens = count(n, "active token is", "active tokens are");
    format!("{tokens} re-resolved the moment the scopes are saved")
}

fn one(page: &mut Page<'_, '_>, effect: &TokenEffect) -> fmt::Result {
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
