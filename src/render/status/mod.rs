//! The live state of integrations as admins know it: *Scope view* and *Action view*, pending scopes, who must reconnect.

pub mod trustpager;
mod v1;

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::neutral::terminal;
use super::palette::{Paint, Palette};
use super::table::{Row, Table, count, names};
use crate::model::{Access, ActionKey, ScopeSet, UserId};
use crate::platform::odeus::state::{Client, CustomClient, Mode, ScopePolicy, Snapshot};
use crate::platform::odeus::view::{
    ActionRow, Badge, Enabled, Remedy, Requested, ScopeRow, Scopes, View,
};

pub use v1::schema;

/// How much to say, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Colour or not.
    pub palette: Palette,
    /// Name everybody and every action.
    pub full: bool,
}

impl Options {
    fn most(self) -> usize {
        if self.full { usize::MAX - 1 } else { 8 }
    }
}

/// Writes the views as a versioned JSON document.
///
/// # Errors
/// Only when `out` fails.
pub fn json(out: &mut dyn Write, snapshot: &Snapshot, views: &[View]) -> fmt::Result {
    super::json::document(out, &v1::status(snapshot, views))
}

/// Writes one line per integration.
///
/// # Errors
/// Only when `out` fails.
pub fn overview(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    views: &[View],
    options: Options,
) -> fmt::Result {
    let palette = options.palette;
    let mut reconnect: BTreeSet<&UserId> = BTreeSet::new();
    let mut attention = 0;
    let mut table = Table::default();
    for view in views {
        reconnect.extend(&view.must_reconnect);
        let what = troubles(view);
        let (sign, paint) =
            if what.is_empty() { ("✓", Paint::Add) } else { ("!", Paint::Warning) };
        attention += usize::from(!what.is_empty());
        let on = view.actions.iter().filter(|a| is_on(a)).count();
        table.push(
            Row::default()
                .cell(paint, format!("{sign} {}", view.integration))
                .cell(Paint::Plain, mode_word(view))
                .cell(Paint::Plain, format!("{on} of {} actions on", view.actions.len()))
                .cell(Paint::Plain, count(view.requested.len(), "scope", "scopes"))
                .cell(if what.is_empty() { Paint::Dim } else { Paint::Warning }, what.join(", ")),
        );
    }
    let people = match reconnect.len() {
        0 => "nobody must reconnect".to_owned(),
        n => format!("{} must reconnect", count(n, "person", "people")),
    };
    let need = if attention == 1 { "needs" } else { "need" };
    let verdict = format!(
        "{}: {}, {attention} {need} attention, {people}.",
        snapshot.workspace,
        count(views.len(), "integration", "integrations")
    );
    writeln!(out, "{}", palette.paint(Paint::Heading, verdict))?;
    let switch = if snapshot.settings.new_actions_enabled_by_default { "on" } else { "off" };
    writeln!(out, "New actions enabled by default: {switch}\n")?;
    table.write(out, palette, 2)
}

/// Writes everything about one integration.
///
/// # Errors
/// Only when `out` fails.
pub fn integration(out: &mut dyn Write, view: &View, options: Options) -> fmt::Result {
    let palette = options.palette;
    let mut verdict = troubles(view);
    if view.scopes_are == Scopes::None {
        verdict.push("no OAuth, so no scopes".to_owned());
    } else if verdict.is_empty() {
        verdict.push("everything that is on has its scopes".to_owned());
    }
    let title = format!("{} ({})", terminal(&view.name), view.integration);
    writeln!(out, "{}: {}.", palette.paint(Paint::Heading, title), verdict.join(", "))?;

    let mut table = Table::default();
    let mut line = |name: &str, text: String| {
        table.push(Row::default().cell(Paint::Dim, name).cell(Paint::Plain, text));
    };
    if view.scopes_are != Scopes::None {
        line("client", client(&view.client));
        line("scopes", scopes_line(view));
    }
    line("access", terminal(&view.access.to_string()).to_string());
    line("connections", connections(view));
    table.write(out, palette, 2)?;
    if !view.must_reconnect.is_empty() {
        let list = names(view.must_reconnect.iter().map(UserId::as_str), options.most());
        writeln!(out, "    {list}")?;
    }
    if view.scopes_are != Scopes::None {
        scope_view(out, view, options)?;
    }
    action_view(out, view, options)?;
    pending(out, view, palette)?;
    if view.scopes_are == Scopes::None {
        return Ok(());
    }
    paste(out, palette, "Missing scopes", "needed and not requested", &view.missing)?;
    paste(
        out,
        palette,
        "Undeclared scopes",
        "requested, and no action declares them",
        &view.undeclared,
    )?;
    paste(
        out,
        palette,
        "Provider consent",
        "what is requested, so what the provider must allow",
        &view.requested,
    )?;
    paste(
        out,
        palette,
        "Recommended scopes",
        "base scopes and those of every action",
        &view.recommended,
    )
}

fn is_on(action: &ActionRow) -> bool {
    match &action.enabled {
        Enabled::Always => true,
        Enabled::For(access) => access.is_on(),
    }
}

/// Returns what an admin should look at.
fn troubles(view: &View) -> Vec<String> {
    let mut parts = Vec::new();
    if view.scopes_are == Scopes::None {
        return parts;
    }
    if view.client.mode().is_none() {
        return vec!["no OAuth client, nobody can connect".to_owned()];
    }
    if !view.missing.is_empty() {
        let n = count(view.missing.len(), "scope", "scopes");
        parts.push(if view.pending.is_empty() {
            format!("{n} missing")
        } else {
            format!("{n} pending")
        });
    }
    let blocked = |a: &&ActionRow| is_on(a) && a.missing.values().any(|r| *r != Remedy::Accepted);
    let n = view.actions.iter().filter(blocked).count();
    if n > 0 {
        parts.push(format!("{} on and not running", count(n, "action", "actions")));
    }
    if !view.must_reconnect.is_empty() {
        parts.push(format!(
            "{} must reconnect",
            count(view.must_reconnect.len(), "person", "people")
        ));
    }
    parts
}

fn mode_word(view: &View) -> String {
    match (view.scopes_are, view.client.mode()) {
        (Scopes::None, _) => "no OAuth".to_owned(),
        (_, None) => "unconfigured".to_owned(),
        (_, Some(mode)) => mode.to_string(),
    }
}

fn client(client: &Client) -> String {
    match client {
        Client::Unconfigured => "none: nobody can connect".to_owned(),
        Client::Managed => "managed by the platform".to_owned(),
        Client::Custom(CustomClient { id, tenant, secret, scopes: _ }) => {
            let mut text = format!("own client {id}");
            if let Some(tenant) = tenant {
                text.push_str(&format!(", tenant {}", terminal(tenant)));
            }
            if let Some(secret) = secret {
                text.push_str(&format!(", secret {}", terminal(&secret.0)));
            }
            text
        }
    }
}

fn scopes_line(view: &View) -> String {
    let policy = match (view.scopes_are, &view.client) {
        (Scopes::None, _) | (Scopes::Managed, Client::Unconfigured) => {
            return "none requested".to_owned();
        }
        (Scopes::NotYet, _) => "those of the whole catalogue, they cannot be managed here yet",
        (Scopes::Managed, Client::Managed) => "managed, they follow the actions",
        (Scopes::Managed, Client::Custom(CustomClient { scopes: ScopePolicy::Sync, .. })) => {
            "sync, they follow the actions"
        }
        (Scopes::Managed, Client::Custom(CustomClient { scopes: ScopePolicy::Fixed, .. })) => {
            "fixed, a hand-written list"
        }
    };
    format!("{policy}; {} requested", view.requested.len())
}

fn connections(view: &View) -> String {
    let connected = count(view.connected.len(), "person", "people");
    match view.must_reconnect.len() {
        0 => format!("{connected} connected, nobody must reconnect"),
        n => format!("{connected} connected, {n} must reconnect:"),
    }
}

fn scope_view(out: &mut dyn Write, view: &View, options: Options) -> fmt::Result {
    let palette = options.palette;
    let off = view.scopes.iter().filter(|row| row.requested != Requested::Yes).count();
    let heading = palette.paint(Paint::Heading, "Scope view");
    writeln!(out, "\n{heading}: {} requested, {off} not requested", view.scopes.len() - off)?;
    let mut table = Table::default();
    for row in &view.scopes {
        table.push(scope_row(row, options));
    }
    table.write(out, palette, 2)
}

fn scope_row(row: &ScopeRow, options: Options) -> Row {
    let ScopeRow { scope, requested, base, native, live, off } = row;
    let (mark, paint) = match requested {
        Requested::Yes => ("✓ requested", Paint::Add),
        Requested::Missing => ("✗ not requested, needed", Paint::Alarm),
        Requested::No => ("✗ not requested", Paint::Remove),
    };
    let mut marks = Vec::new();
    if *base {
        marks.push("BASE");
    }
    if *native {
        marks.push("NATIVE");
    }
    let list =
        |keys: &BTreeSet<ActionKey>| names(keys.iter().map(ActionKey::as_str), options.most());
    let mut needed = Vec::new();
    if !live.is_empty() {
        needed.push(format!("on: {}", list(live)));
    }
    if !off.is_empty() {
        needed.push(format!("off: {}", list(off)));
    }
    if needed.is_empty() {
        let none = if *base { "every connection" } else { "no action declares it" };
        needed.push(none.to_owned());
    }
    Row::default()
        .cell(paint, mark)
        .cell(Paint::Plain, scope.to_string())
        .cell(Paint::Note, marks.join(" "))
        .cell(Paint::Dim, needed.join("; "))
}

fn action_view(out: &mut dyn Write, view: &View, options: Options) -> fmt::Result {
    let palette = options.palette;
    let on = view.actions.iter().filter(|a| is_on(a)).count();
    let heading = palette.paint(Paint::Heading, "Action view");
    write!(out, "\n{heading}: {on} on, {} off", view.actions.len() - on)?;
    // Said once: every list below is what is left of it.
    if view.actions.iter().any(|action| action.enabled.within(&view.access).limit.is_some()) {
        let to = match &view.access {
            Access::Nobody => "admins".to_owned(),
            Access::Everyone | Access::Only(_) => terminal(&view.access.to_string()).to_string(),
        };
        write!(out, "; the integration limits who can use one to {to}")?;
    }
    writeln!(out)?;
    let mut table = Table::default();
    for action in &view.actions {
        table.push(action_row(action, &view.access, view.scopes_are));
    }
    table.write(out, palette, 2)
}

fn action_row(action: &ActionRow, integration: &Access, scopes: Scopes) -> Row {
    let ActionRow { key, name, enabled, badge, required, missing, features } = action;
    let usable = enabled.within(integration);
    let (switch, paint, native) = match (enabled, &usable.limit) {
        (Enabled::Always, None) => ("on, always".to_owned(), Paint::Add, "NATIVE"),
        (Enabled::Always, Some(_)) => (format!("on, {}", usable.who), Paint::Add, "NATIVE"),
        (Enabled::For(Access::Nobody), _) => ("off".to_owned(), Paint::Dim, ""),
        (Enabled::For(_), _) => (format!("on, {}", usable.who), Paint::Add, ""),
    };
    let mut row = Row::default()
        .cell(Paint::Plain, key.to_string())
        .cell(paint, terminal(&switch).to_string());
    if scopes != Scopes::None {
        let (sign, paint) = match badge {
            Badge::ScopeConfigured => ("✓", Paint::Add),
            Badge::MissingScope => ("✗", Paint::Remove),
        };
        row = row.cell(paint, format!("{sign} {}", badge.title()));
    }
    row = row
        .cell(Paint::Note, native)
        .cell(Paint::Plain, required.to_string())
        .cell(Paint::Dim, terminal(name).to_string());
    for (scope, remedy) in missing {
        row = row.below(Paint::Warning, format!("missing {scope}: {}", remedy.words()));
    }
    if *badge == Badge::MissingScope && !features.is_empty() {
        let list: Vec<&str> = features.iter().map(|feature| feature.title()).collect();
        row = row.below(Paint::Alarm, format!("breaks {}", list.join(", ")));
    }
    row
}

fn pending(out: &mut dyn Write, view: &View, palette: Palette) -> fmt::Result {
    if view.pending.is_empty() {
        return Ok(());
    }
    let heading = palette.paint(Paint::Heading, "Pending scopes");
    writeln!(
        out,
        "\n{heading}: {}, added by the vendor and not requested before somebody confirms",
        view.pending.len()
    )?;
    for scope in &view.pending {
        writeln!(out, "  {}", palette.paint(Paint::Warning, format_args!("! pending {scope}")))?;
    }
    Ok(())
}

/// Writes a list on one line of its own, whole, ready to copy.
fn paste(
    out: &mut dyn Write,
    palette: Palette,
    title: &str,
    what: &str,
    scopes: &ScopeSet,
) -> fmt::Result {
    if scopes.is_empty() {
        return Ok(());
    }
    let heading = palette.paint(Paint::Heading, title);
    writeln!(out, "\n{heading}: {}, {what}\n{scopes}", scopes.len())
}

/// Returns the mode's word, or `unconfigured`.
const fn mode_name(mode: Option<Mode>) -> &'static str {
    match mode {
        Some(mode) => mode.name(),
        None => "unconfigured",
    }
}
