//! One OAuth client or API key: the platform's sliders before and after, and what each holder's token may do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::table::count;
use super::Page;
use super::marks::Marks;
use super::markup::Markup;
use super::units::{begin, fact, parted, stays, summary};
use crate::model::Right;
use crate::platform::trustpager::compare::{
    Comparison, EffectiveSides, ResourceSides, Standing, TokenSides,
};
use crate::platform::trustpager::machine::Side;
use crate::platform::trustpager::name::{Tier, Verb};

pub(super) fn ceiling(page: &mut Page<'_, '_>, own: &Comparison) -> fmt::Result {
    let of_row = |row: &ResourceSides| {
        let marks = page.index.at(&own.unit.child("resources").child(row.resource.as_str()));
        if row.moves() { marks.and(Marks::CHANGES) } else { marks }
    };
    let mut rows: Vec<(Marks, &ResourceSides)> =
        own.resources.iter().map(|row| (of_row(row), row)).collect();
    let all = rows.iter().map(|row| row.0).fold(page.index.at(&own.unit), Marks::and);
    let ends = own.tokens.iter().any(|token| token.ends.is_some());
    let all = Marks { narrows: all.narrows || ends, breaks: all.breaks || ends, ..all };
    let all = all.and(Marks::CHANGES);
    rows.sort_by_key(|(marks, row)| (marks.rank(), &row.resource));
    let words = words(page, own);
    let out = &mut page.out;
    summary(out, all)?;
    if own.standing.moves() || own.standing.before != Standing::Tiers {
        out.raw("<dl class=\"facts\">")?;
        let standing = |standing: Standing| match standing {
            Standing::Absent => "does not exist",
            Standing::Tiers => "may do what its tiers say",
            Standing::FullAccess => "may do everything, whatever its tiers",
        };
        let after = own.standing.after.map(standing);
        fact(out, "The key", standing(own.standing.before), after)?;
        out.raw("</dl>\n")?;
    }
    sliders(out, &rows, &words)?;
    if own.tokens.is_empty() { Ok(()) } else { holders(out, own) }
}

/// What each tier that moves makes possible and takes away, by resource.
fn words<'p>(page: &Page<'_, 'p>, own: &Comparison) -> BTreeMap<&'p str, Vec<&'p str>> {
    let mut words: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for change in &page.outline.plan.bound.privilege.changes {
        if let Right::Tier(tier) = &change.right
            && change.unit == own.unit
        {
            words.entry(tier.address.name()).or_default().extend(tier.words());
        }
    }
    words
}

fn sliders(
    out: &mut Markup<'_>,
    rows: &[(Marks, &ResourceSides)],
    words: &BTreeMap<&str, Vec<&str>>,
) -> fmt::Result {
    let (moved, rest) = parted(rows);
    out.raw("<h4>Tiers <small>")?;
    out.el("", &format!("{} of {} resources move", moved.len(), rows.len()), "</small></h4>\n")?;
    if !moved.is_empty() {
        out.raw(
            "<table class=\"view both\" data-sort><caption class=\"vh\">Tiers that move</caption>\
             <colgroup><col class=\"k5\"><col class=\"k3\"><col class=\"k3\"><col></colgroup>\
             <thead><tr><th scope=\"col\">Resource</th><th scope=\"col\">Before</th><th scope=\"col\">After</th>\
             <th scope=\"col\">What happens</th></tr></thead><tbody>\n",
        )?;
    }
    for (marks, row) in moved {
        begin(out, *marks)?;
        out.el("<th scope=\"row\"><code>", row.resource.as_str(), "</code></th>")?;
        slider(out, &row.ladder, &row.tier.before, &row.verbs.before)?;
        slider(out, &row.ladder, row.tier.after(), row.verbs.after())?;
        out.raw("<td>")?;
        marks.badges(out)?;
        if let Some(words) = words.get(row.resource.as_str()) {
            out.prose(&words.join("; "))?;
        }
        out.raw("</td></tr>\n")?;
    }
    if !moved.is_empty() {
        out.raw("</tbody></table>\n")?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    stays(out, &count(rest.len(), "resource stays as it is", "resources stay as they are"))?;
    out.raw(
        "<table class=\"view stay\" data-sort><caption class=\"vh\">Tiers that stay</caption>\
         <colgroup><col class=\"k4\"><col></colgroup><thead><tr><th scope=\"col\">Resource</th>\
         <th scope=\"col\">Before and after</th></tr></thead><tbody>\n",
    )?;
    for (marks, row) in rest {
        begin(out, *marks)?;
        out.el("<th scope=\"row\"><code>", row.resource.as_str(), "</code></th>")?;
        slider(out, &row.ladder, &row.tier.before, &row.verbs.before)?;
        out.raw("</tr>\n")?;
    }
    out.raw("</tbody></table></details>\n")
}

/// Writes the cell that says where a slider stands, which sorts by how far that is. The rungs are a picture of the words
/// beside them.
fn slider(
    out: &mut Markup<'_>,
    ladder: &[Tier],
    tier: &Tier,
    verbs: &BTreeSet<Verb>,
) -> fmt::Result {
    let place = ladder.iter().position(|step| step == tier);
    out.raw("<td")?;
    if let Some(place) = place {
        out.el(" data-v=\"", &format!("{place} {tier}"), "\"")?;
    }
    out.raw("><span class=\"slider\" aria-hidden=\"true\">")?;
    for n in 1..ladder.len() {
        let on = place.is_some_and(|place| n <= place);
        out.raw(if on { "<i class=\"on\"></i>" } else { "<i></i>" })?;
    }
    out.el("</span> <code>", tier.as_str(), "</code>")?;
    for verb in verbs {
        out.el(" <span class=\"tag\">+ ", verb.as_str(), "</span>")?;
    }
    out.raw("</td>")
}

fn holders(out: &mut Markup<'_>, own: &Comparison) -> fmt::Result {
    out.raw("<h4>Token holders <small>")?;
    let ends = own.tokens.iter().filter(|token| token.ends.is_some()).count();
    let detail = format!("{} re-resolved at once, {ends} revoked", own.tokens.len() - ends);
    out.el("", &detail, "</small></h4>\n")?;
    out.raw(
        "<table class=\"view holders\" data-sort><caption class=\"vh\">Token holders</caption>\
         <colgroup><col class=\"k2\"><col class=\"k5\"><col class=\"k5\"><col></colgroup><thead><tr><th scope=\"col\">Holder</th><th scope=\"col\">Role</th><th scope=\"col\">Token</th>\
         <th scope=\"col\">What the token may do</th></tr></thead><tbody>\n",
    )?;
    for token in &own.tokens {
        let TokenSides { id: _, user, role, token: shown, ends, effective } = token;
        let moves = effective.iter().any(EffectiveSides::moves);
        let refuses = effective.iter().any(|row| !row.refused.is_empty());
        let marks = match (ends, moves) {
            (Some(_), _) => Marks { narrows: true, ..Marks::changes(true) },
            (None, true) => Marks::changes(refuses),
            (None, false) => Marks::default(),
        };
        begin(out, marks)?;
        out.el("<th scope=\"row\">", user, "</th><td>")?;
        out.el("", role.as_deref().unwrap_or("no role"), "</td><td><code>")?;
        out.el("", shown, "</code></td><td>")?;
        match ends {
            Some(why) => out.el("<b class=\"g n\">✕ revoked</b> ", why, "")?,
            None => capabilities(out, effective)?,
        }
        out.raw("</td></tr>\n")?;
    }
    out.raw("</tbody></table>\n")
}

/// Writes what a token may do on each resource that moves, and where the holder's role keeps it where it is.
fn capabilities(out: &mut Markup<'_>, effective: &[EffectiveSides]) -> fmt::Result {
    if effective.is_empty() {
        return out.raw("<span class=\"s\">the ceiling stays</span>");
    }
    out.raw("<ul>")?;
    for row in effective {
        out.el("<li><code>", row.resource.as_str(), "</code> ")?;
        one(out, &row.tier.before, &row.verbs.before)?;
        if row.moves() {
            out.raw(" <span class=\"to\">→</span> <b>")?;
            one(out, row.tier.after(), row.verbs.after())?;
            out.raw("</b>")?;
        } else {
            out.raw(" <span class=\"s\">as before</span>")?;
        }
        if row.decided_by == Side::Role {
            out.raw(" <span class=\"tag\">the role is narrower</span>")?;
        }
        out.raw("</li>")?;
    }
    out.raw("</ul>")
}

fn one(out: &mut Markup<'_>, tier: &Tier, verbs: &BTreeSet<Verb>) -> fmt::Result {
    out.el("", tier.as_str(), "")?;
    for verb in verbs {
        out.el(" + ", verb.as_str(), "")?;
    }
    Ok(())
}
