//! The plan as one self-contained HTML file: for reviewers who look at a report instead of running this program.
//!
//! The order is that of the text: verdict, blockers, approvals, privilege, breakage, people, tokens; then every changed
//! unit before and after, the changes, the other findings, the operations, what was left alone. Nothing is fetched, and
//! the content security policy in the file says so to the browser. The script only searches, filters and sorts: without
//! it everything is there to read.

mod impact;
mod marks;
mod markup;
mod policy;
mod steps;
mod tiers;
mod units;

use std::fmt::{self, Write};

use self::marks::Index;
use self::markup::Markup;
use super::outline::Outline;
use super::text::{How, alone, from_snapshot, how_to_go_on, labels, verdict_by};
use crate::plan::policy::required;
use crate::plan::{Plan, Severity};
use crate::platform::Latency;

/// The stylesheet, inlined.
const STYLE: &str = include_str!("report.css");
/// The script, inlined.
const SCRIPT: &str = include_str!("report.js");

/// With more rows than this in its views, a unit begins folded, so that the first look stays on what is decided.
const FOLD: usize = 120;

/// Writes `plan` as a page. `apply_with` is the command that applies it, or says in words who does; a general hint when empty.
///
/// # Errors
/// Only when `out` fails.
pub fn plan(out: &mut dyn Write, plan: &Plan, digest: &str, apply_with: &str) -> fmt::Result {
    let outline = Outline::of(plan);
    let index = Index::of(&outline);
    let mut page = Page { out: Markup::new(out), outline: &outline, index, digest };
    page.head()?;
    page.top()?;
    page.contents()?;
    page.out.raw("<main id=\"report\" tabindex=\"-1\">\n")?;
    page.tools()?;
    impact::blockers(&mut page)?;
    impact::approvals(&mut page)?;
    impact::privilege(&mut page)?;
    impact::breakage(&mut page)?;
    impact::people(&mut page)?;
    impact::tokens(&mut page)?;
    units::section(&mut page)?;
    steps::changes(&mut page)?;
    impact::findings(&mut page)?;
    steps::operations(&mut page)?;
    steps::left_alone(&mut page)?;
    page.out.raw("</main>\n</div>\n")?;
    page.foot(apply_with)?;
    page.out.raw("<script>")?;
    page.out.raw(SCRIPT)?;
    page.out.raw("</script>\n</body>\n</html>\n")
}

/// What every section writes to.
struct Page<'w, 'p> {
    out: Markup<'w>,
    outline: &'w Outline<'p>,
    index: Index<'p>,
    digest: &'w str,
}

impl Page<'_, '_> {
    fn head(&mut self) -> fmt::Result {
        let workspace = self.outline.plan.bound.workspace.as_str();
        let out = &mut self.out;
        out.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
        out.el(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"",
            &policy::policy(STYLE, SCRIPT),
            "\">\n",
        )?;
        out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")?;
        out.raw("<meta name=\"color-scheme\" content=\"light dark\">\n")?;
        out.raw("<meta name=\"referrer\" content=\"no-referrer\">\n")?;
        out.el("<title>scopeform plan: ", workspace, "</title>\n")?;
        out.raw("<style>")?;
        out.raw(STYLE)?;
        out.raw("</style>\n</head>\n<body>\n")?;
        out.raw("<a class=\"skip\" href=\"#report\">Skip to the report</a>\n")
    }

    fn top(&mut self) -> fmt::Result {
        let plan = self.outline.plan;
        let out = &mut self.out;
        out.raw("<header>\n<p class=\"over\"><span class=\"brand\">scopeform</span> plan for ")?;
        out.el("", plan.bound.platform.name(), " workspace</p>\n")?;
        out.el("<h1>", plan.bound.workspace.as_str(), "</h1>\n")?;
        let verdict = verdict_by(self.outline, &|name| name.to_owned());
        out.el("<p class=\"verdict\">", &verdict, "</p>\n")?;
        if let Some(alone) = alone(self.outline, &|name| name.to_owned()) {
            out.el("<p>", &alone, "</p>\n")?;
        }
        if let Some(from) = from_snapshot(self.outline) {
            out.el("<p class=\"verdict\"><b class=\"g w\">", &from, "</b></p>\n")?;
        }
        self.tiles()?;
        let observed = &plan.observed;
        let out = &mut self.out;
        out.el("<dl class=\"facts\"><div><dt>Made on</dt><dd>", &observed.today.to_string(), "")?;
        out.el("</dd></div><div><dt>Read from</dt><dd>", &plan.bound.endpoint, "</dd></div>")?;
        if let Some(from) = &observed.snapshot {
            let taken = format!("taken at {}; no plan of one is ever applied", from.taken);
            out.el("<div><dt>From a snapshot</dt><dd>", &taken, "</dd></div>")?;
        }
        if let Some(until) = plan.bound.valid_until {
            out.el("<div><dt>Valid until</dt><dd>", &until.to_string(), "</dd></div>")?;
        }
        let short = self.digest.get(..12).unwrap_or(self.digest);
        self.out.el("<div><dt>Digest</dt><dd><code>", short, "…</code></dd></div></dl>\n")?;
        self.out.raw("</header>\n")
    }

    /// The plan in a row of numbers.
    fn tiles(&mut self) -> fmt::Result {
        let counts = self.outline.counts;
        let at_once = self.outline.plan.bound.platform.takes_effect() == Latency::AtOnce;
        let wider =
            counts.scopes_wider + counts.tiers_wider + counts.verbs_wider + counts.credentials_new;
        let narrower = counts.scopes_narrower
            + counts.tiers_narrower
            + counts.verbs_narrower
            + counts.credentials_end;
        let (wide, narrow) = match at_once {
            true => (["right wider", "rights wider"], ["right narrower", "rights narrower"]),
            false => (["scope wider", "scopes wider"], ["scope narrower", "scopes narrower"]),
        };
        self.out.raw("<ul class=\"tiles\">")?;
        let mut tile = |class: &'static str, n: usize, symbol: &'static str, words: [&str; 2]| {
            let [one, many] = words;
            let out = &mut self.out;
            out.raw("<li class=\"tile ")?;
            out.raw(if n == 0 { "none" } else { class })?;
            out.raw("\"><b>")?;
            out.raw(if n == 0 { "" } else { symbol })?;
            out.number(n)?;
            out.raw("</b> ")?;
            out.text(if n == 1 { one } else { many })?;
            out.raw("</li>")
        };
        if counts.blockers > 0 {
            tile("b", counts.blockers, "✕ ", ["blocking"; 2])?;
        }
        tile("c", counts.changes(), "~ ", ["change", "changes"])?;
        tile("w", wider, "▲ ", wide)?;
        tile("n", narrower, "▼ ", narrow)?;
        if !at_once {
            let opened = ["action opened to more people", "actions opened to more people"];
            tile("w", counts.uses_wider, "▲ ", opened)?;
            let closed = ["action closed to some", "actions closed to some"];
            tile("n", counts.uses_narrower, "▼ ", closed)?;
        }
        // Rare, so there is no tile that says there are none.
        if counts.settings_wider > 0 {
            let more = ["setting lets more in", "settings let more in"];
            tile("w", counts.settings_wider, "▲ ", more)?;
        }
        if counts.settings_narrower > 0 {
            let less = ["setting lets less in", "settings let less in"];
            tile("n", counts.settings_narrower, "▼ ", less)?;
        }
        // As many rows say so: on TrustPager those of rights, else those of breakage.
        tile("b", counts.broken(), "✕ ", ["breaks", "break"])?;
        if at_once {
            let tokens = ["token re-resolved at once", "tokens re-resolved at once"];
            tile("p", counts.tokens_re_resolved, "↻ ", tokens)?;
        } else {
            if counts.actions_unverified > 0 {
                tile("w", counts.actions_unverified, "? ", ["cannot be verified"; 2])?;
            }
            let people = ["person must reconnect", "people must reconnect"];
            tile("p", counts.must_reconnect, "↻ ", people)?;
        }
        if counts.warnings > 0 {
            tile("c", counts.warnings, "! ", ["warning", "warnings"])?;
        }
        self.out.raw("</ul>\n")
    }

    fn contents(&mut self) -> fmt::Result {
        let plan = self.outline.plan;
        let counts = self.outline.counts;
        let out = &mut self.out;
        out.raw("<div class=\"page\">\n<nav aria-label=\"Contents\"><ul>\n")?;
        for (id, title, n) in [
            ("blockers", "Blockers", counts.blockers),
            ("approvals", "Approvals", required(&plan.bound).len()),
            ("privilege", "Privilege", plan.bound.privilege.changes.len()),
            ("breakage", "Breakage", plan.bound.breakage.len()),
            ("people", "People", counts.must_reconnect),
            ("tokens", "Tokens", counts.tokens_re_resolved),
            ("units", "Before and after", units::number(plan)),
            ("changes", "Changes", self.outline.changes.len()),
            ("findings", "Findings", counts.warnings + counts.notes),
            ("operations", "Operations", plan.bound.operations.len()),
            ("left", "Left alone", self.outline.left_alone.len()),
        ] {
            if n == 0 {
                continue;
            }
            out.raw("<li><a href=\"#")?;
            out.raw(id)?;
            out.el("\">", title, "</a> <span>")?;
            out.number(n)?;
            out.raw("</span>")?;
            if id == "units" {
                units::contents(out, plan)?;
            }
            out.raw("</li>\n")?;
        }
        out.raw("</ul></nav>\n")
    }

    /// What only works with the script, which takes `hidden` away.
    fn tools(&mut self) -> fmt::Result {
        self.out.raw(
            "<form class=\"tools\" id=\"tools\" role=\"search\" aria-label=\"Search and filter the report\" hidden>\
             <label for=\"q\">Search</label><input id=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
             placeholder=\"scope, action, person\" aria-describedby=\"keys\" aria-keyshortcuts=\"/\">\
             <span id=\"keys\" class=\"keys\"><kbd>/</kbd> searches, <kbd>Esc</kbd> clears</span>\
             <fieldset><legend>Show</legend>\
             <label><input type=\"radio\" name=\"f\" value=\"\" checked> Everything</label>\
             <label><input type=\"radio\" name=\"f\" value=\"b\"> What breaks</label>\
             <label><input type=\"radio\" name=\"f\" value=\"w\"> What widens</label>\
             <label><input type=\"radio\" name=\"f\" value=\"n\"> What narrows</label>\
             <label><input type=\"radio\" name=\"f\" value=\"c\"> All that changes</label></fieldset>\
             <output id=\"hits\" role=\"status\" aria-live=\"polite\"></output></form>\n\
             <p id=\"filtered\" hidden></p>\n\
             <p id=\"nothing\" hidden>Nothing matches. <kbd>Esc</kbd> shows everything again.</p>\n",
        )
    }

    fn foot(&mut self, apply_with: &str) -> fmt::Result {
        let out = &mut self.out;
        out.raw("<footer>\n<h2>How to go on</h2>\n<dl>")?;
        for (what, how) in how_to_go_on(self.outline, self.digest, (apply_with, None)) {
            out.el("<div><dt>", what, "</dt><dd>")?;
            match how {
                How::Said(words) => out.text(&words)?,
                How::Command(command) => out.el("<code>", &command, "</code>")?,
            }
            out.raw("</dd></div>")?;
        }
        if let Some(labels) = labels(self.outline, usize::MAX - 1, &str::to_owned) {
            out.el("<div><dt>Labels</dt><dd>", &labels, "</dd></div>")?;
        }
        out.el("<div><dt>Digest</dt><dd><code>", self.digest, "</code></dd></div></dl>\n")?;
        out.raw(
            "<p>The digest covers every decision of this plan. An approval is given to it, and apply carries out \
             exactly what it covers. People and tokens are shown as of the day the plan was made.</p>\n</footer>\n",
        )
    }

    /// Begins a section with its heading. The last argument is said behind it.
    fn open(&mut self, id: &'static str, title: &'static str, detail: &str) -> fmt::Result {
        let out = &mut self.out;
        out.raw("<section id=\"")?;
        out.raw(id)?;
        out.raw("\" aria-labelledby=\"h-")?;
        out.raw(id)?;
        out.raw("\">\n<h2 id=\"h-")?;
        out.raw(id)?;
        out.el("\">", title, "")?;
        if !detail.is_empty() {
            out.el(" <small>", detail, "</small>")?;
        }
        out.raw("</h2>\n")
    }

    fn close(&mut self) -> fmt::Result {
        self.out.raw("</section>\n")
    }
}

/// Returns the words and the class of a severity.
const fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Blocker => ("✕ blocker", "<b class=\"g b\">"),
        Severity::Warning => ("! warning", "<b class=\"g w\">"),
        Severity::Note => ("i note", "<b class=\"g c\">"),
    }
}

/// Writes names one after another, each between two pieces of markup, the tail of a long list in a fold.
fn list<S: AsRef<str>>(
    out: &mut Markup<'_>,
    names: &[S],
    (open, close): (&'static str, &'static str),
) -> fmt::Result {
    const MOST: usize = 8;
    // `and 1 more` is no shorter than the one.
    let shown = if names.len() <= MOST + 1 { names.len() } else { MOST };
    let (first, rest) = names.split_at_checked(shown).unwrap_or((names, &[]));
    for (n, name) in first.iter().enumerate() {
        out.raw(if n == 0 { "" } else { ", " })?;
        out.el(open, name.as_ref(), close)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let more = rest.len().to_string();
    out.el(" <details class=\"more\"><summary>and ", &more, " more</summary>")?;
    for (n, name) in rest.iter().enumerate() {
        out.raw(if n == 0 { "" } else { ", " })?;
        out.el(open, name.as_ref(), close)?;
    }
    out.raw("</details>")
}
