//! The words of a plan that decide, the same in text, Markdown and HTML: what moves and how much of it, what opens and
//! closes, and where the plan is from.

mod alike;
mod crm;
mod reasons;
mod settings;
mod tokens;

use scopeform::plan::{FromSnapshot, Plan};
use scopeform::platform::Comparison;
use scopeform::platform::odeus::compare::Comparison as Integration;
use scopeform::render::palette::Palette;
use scopeform::render::{diff, html, markdown, text};

use crate::planner::harness::{plan, world};
use crate::samples;

/// A plan in every format that people read.
pub(crate) struct Pages {
    pub(crate) text: String,
    pub(crate) full: String,
    pub(crate) markdown: String,
    pub(crate) html: String,
}

pub(crate) fn pages(plan: &Plan) -> Pages {
    let text = |full| {
        let mut page = String::new();
        let options = text::Options {
            palette: Palette::PLAIN,
            full,
            diff: false,
            apply_with: "",
            given: None,
        };
        text::plan(&mut page, plan, samples::DIGEST, options).unwrap();
        page
    };
    let options = markdown::Options { max_size: Some(usize::MAX), ..markdown::Options::default() };
    let mut html = String::new();
    html::plan(&mut html, plan, samples::DIGEST, "").unwrap();
    Pages {
        text: text(false),
        full: text(true),
        markdown: markdown::plan(plan, samples::DIGEST, options).unwrap(),
        html,
    }
}

impl Pages {
    /// Checks that all of them say something, whatever marks names as names.
    #[track_caller]
    pub(crate) fn say(&self, what: &str) {
        let Self { text, full, markdown, html } = self;
        for (format, page) in
            [("text", text), ("full", full), ("Markdown", markdown), ("HTML", html)]
        {
            assert!(page.contains(what), "{format} does not say {what:?}:\n{page}");
        }
    }

    #[track_caller]
    pub(crate) fn never_say(&self, what: &str) {
        let Self { text, full, markdown, html } = self;
        for (format, page) in
            [("text", text), ("full", full), ("Markdown", markdown), ("HTML", html)]
        {
            assert!(!page.contains(what), "{format} says {what:?}:\n{page}");
        }
    }
}

/// SharePoint is the content team's, with two actions on.
const NARROW: &str = "integrations: {sharepoint: {access: {groups: [content-team]}, \
                      actions: {get_page: enabled, copy_file: enabled}}}\nactions: nobody\n";

#[test]
fn what_opens_and_closes_is_said_beside_a_scope_that_moves() {
    let live = world(NARROW);
    let wish = "integrations: {sharepoint: {access: everyone, actions: {copy_file: disabled}}}";
    let made = plan(wish, &live);
    let shown = pages(&made);
    // One scope less, and a whole integration opened. What is off and needs that scope too stops for admins.
    let opened = made.bound.privilege.widening().count();
    let closed = made.bound.privilege.narrowing().count() - 1;
    assert!(opened > 2 && closed > 1, "{made:?}");
    shown.say(&format!(
        "Privilege: -1 scope narrower, {opened} actions opened to more people, {closed} closed to some."
    ));
    shown.never_say("othing stops working");
    let taken = format!("{closed} actions are closed to people who may run them now");
    assert!(
        shown
            .markdown
            .contains(&format!("\nNothing breaks, but {taken}. Nobody must reconnect.\n"))
    );
    for page in [&shown.text, &shown.html] {
        assert!(page.contains(&format!("nothing breaks, but {taken}")), "{page}");
    }
    for tile in [
        format!("<b>▲ {opened}</b> actions opened to more people"),
        format!("<b>▼ {closed}</b> actions closed to some"),
    ] {
        assert!(shown.html.contains(&tile), "{tile}: {}", shown.html);
    }
    // Without the one that is turned off, nothing does stop.
    let made = plan("integrations: {sharepoint: {access: everyone}}", &live);
    let opened = made.bound.privilege.changes.len();
    let calm = pages(&made);
    calm.say(&format!("Privilege: no scope moves, {opened} actions opened to more people."));
    assert!(calm.markdown.contains("\nNothing stops working, and nobody must reconnect.\n"));
}

#[test]
fn turning_off_a_lot_is_never_calm() {
    let made = plan(
        "integrations: {sharepoint: {unlisted_actions: disabled}}",
        &world("actions: everyone\n"),
    );
    let off = made.bound.privilege.changes.len();
    let shown = pages(&made);
    assert!(off > 20, "{off}");
    let closed = made.bound.losses.iter().filter(|loss| loss.kind.is_removal());
    assert_eq!(closed.count(), off);
    shown.never_say("othing stops working");
    shown.say("actions are closed to people who may run them now");
}

#[test]
fn a_list_that_is_traded_opens_and_closes() {
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {actions: {get_page: {groups: [sales]}}}}\n",
    );
    let wish = "integrations: {sharepoint: {actions: {get_page: {groups: [content-team]}}}}";
    let shown = pages(&plan(wish, &live));
    shown.say("no scope moves, 1 action opened to more people, 1 closed to some");
    shown.never_say("othing stops working");
}

#[test]
fn a_moment_and_a_new_client_are_not_calm() {
    // Every connection ends, although no action is taken from anybody.
    let mut made = samples::fixed();
    made.bound.breakage.clear();
    made.bound.privilege.changes.clear();
    made.bound.losses.clear();
    let shown = pages(&made);
    shown.never_say("othing stops working");
    shown.say("nothing works for those who must reconnect until they have");
    // An action that is off for as long as the writes take.
    let mut made = samples::toggle();
    made.bound.privilege.changes.clear();
    made.bound.losses = vec![scopeform::plan::Loss::of(
        scopeform::model::Address::of(&["sharepoint", "actions", "get_page"]),
        scopeform::plan::LossKind::Moment,
    )];
    let shown = pages(&made);
    shown.never_say("othing stops working");
    shown.say("1 thing stops for a moment");
}

#[test]
fn changes_are_counted_once_and_in_one_way() {
    let mut made = samples::fixed();
    made.bound.changes[0].before = serde_json::Value::Null;
    made.bound.changes[1].after = serde_json::Value::Null;
    let shown = pages(&made);
    shown.say("Plan: 4 changes (1 to add, 2 to change, 1 to remove) in ");
    for page in [&shown.text, &shown.markdown, &shown.html] {
        assert_eq!(page.matches(" to add").count(), 1, "{page}");
        assert_eq!(page.matches("Plan: ").count(), 1, "{page}");
    }
    let shown = pages(&samples::toggle());
    shown.say("Plan: 2 changes in ");
    shown.never_say(" to change in ");
}

/// Two actions of which both sides must be told apart.
fn integration(plan: &Plan) -> &Integration {
    let [Comparison::Odeus(own)] = plan.observed.comparisons.as_slice() else { panic!("{plan:?}") };
    own
}

/// The cells of every row of *Action view* that has a badge: name, before, after, badges.
fn badged(html: &str) -> Vec<[String; 4]> {
    let view = html.split("<h4>Action view").nth(1).unwrap();
    let view = view.split("<details class=\"rest\"").next().unwrap();
    let rows = view.split("<tr").filter(|row| row.contains("<b class=\"g "));
    let cells = rows.map(|row| {
        let name = row.split("<code>").nth(1).unwrap().split('<').next().unwrap();
        let mut cells = row.split("<td>").skip(1).map(str::to_owned);
        [name.to_owned(), cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap()]
    });
    cells.collect()
}

#[test]
fn a_row_with_a_badge_differs_from_before_to_after() {
    let on = "get_page: enabled, list_columns: {groups: [sales, content-team]}, copy_file: {groups: [sales]}";
    for (before, after) in [
        ("everyone", "{groups: [content-team]}"),
        ("{groups: [content-team]}", "everyone"),
        ("everyone", "nobody"),
        ("nobody", "{groups: [sales]}"),
        ("{groups: [sales]}", "{groups: [content-team]}"),
    ] {
        let live = world(&format!(
            "actions: nobody\nintegrations: {{sharepoint: {{access: {before}, actions: {{{on}}}}}}}\n"
        ));
        let made = plan(&format!("integrations: {{sharepoint: {{access: {after}}}}}"), &live);
        assert!(!integration(&made).actions.is_empty());
        let rows = badged(&pages(&made).html);
        assert!(rows.len() > 2, "{before} to {after}: {rows:?}");
        for [name, was, is, badges] in &rows {
            assert_ne!(was, is, "{name} from {before} to {after}: {badges}");
        }
        let row = rows.iter().find(|row| row[0] == "get_page");
        assert!(row.is_some(), "{before} to {after}");
    }
}

#[test]
fn an_action_shows_who_can_use_it_and_what_limits_that() {
    let live =
        world("actions: nobody\nintegrations: {sharepoint: {actions: {get_page: enabled}}}\n");
    let made = plan("integrations: {sharepoint: {access: {groups: [sales]}}}", &live);
    let rows = badged(&pages(&made).html);
    let [_, was, is, badges] = rows.iter().find(|row| row[0] == "get_page").unwrap();
    assert!(was.contains("● everyone") && !was.contains("limited"), "{was}");
    assert!(is.contains("◐ group sales"), "{is}");
    assert!(is.contains("shared with everyone, limited by the integration to group sales"), "{is}");
    assert!(badges.contains("▼ narrows"), "{badges}");
}

#[test]
fn nobody_means_one_thing() {
    // Off for all but admins is not the same as running for nobody at all.
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {oauth: {mode: fixed, client: {id: own}, \
         scopes: [openid, offline_access, User.Read, Sites.Read.All]}, \
         actions: {get_page: enabled, list_columns: enabled}}}\n",
    );
    let wish = "integrations: {sharepoint: {oauth: {mode: fixed, client: {id: own}, scopes: \
                [openid, offline_access, User.Read]}, actions: {list_columns: disabled}}}";
    let shown = pages(&plan(wish, &live));
    for page in [&shown.text, &shown.full] {
        assert!(page.contains("everyone -> does not run"), "{page}");
        assert!(page.contains("everyone -> disabled"), "{page}");
    }
    assert!(shown.markdown.contains("`everyone -> does not run`"), "{}", shown.markdown);
    assert!(shown.html.contains("does not run"), "{}", shown.html);
    shown.never_say("-> nobody");
    shown.never_say("nobody ->");
}

#[test]
fn what_cannot_be_verified_is_not_said_to_break() {
    let live = world(
        "actions: nobody\nintegrations: {sharepoint: {oauth: {mode: fixed, client: {id: own}, \
         scopes: [openid, offline_access, User.Read]}}}\n",
    );
    let wish = "integrations: {sharepoint: {actions: {get_page: {access: everyone, \
                accept_missing_scopes: \"granted at the provider, SEC-1\"}}}}";
    let made = plan(wish, &live);
    assert_eq!(made.bound.breakage.len(), 1, "{made:?}");
    let shown = pages(&made);
    shown.say("cannot be verified");
    let html = &shown.html;
    assert!(!html.contains("✕ breaks") && html.contains("<b>0</b> break"), "{html}");
    assert!(html.contains("<b>? 1</b> cannot be verified"), "{html}");
    let [[name, _, _, badges]] = &badged(html)[..] else { panic!("{html}") };
    assert_eq!(name, "get_page");
    assert!(badges.contains("<b class=\"g w\">? cannot be verified</b>"), "{badges}");
    // Who filters for what breaks finds it: it stands in that section.
    let breakage = html.split("<section id=\"breakage\"").nth(1).unwrap();
    assert!(breakage.split("</section>").next().unwrap().contains("data-k=\"bc\""), "{breakage}");
}

#[test]
fn a_setting_of_the_workspace_is_in_the_diff() {
    let live = world("actions: nobody\n");
    let made = plan("new_actions_enabled_by_default: true", &live);
    let mut lines = String::new();
    diff::plan(&mut lines, &made, Palette::PLAIN).unwrap();
    assert_eq!(
        lines,
        "--- live/workspace\n+++ planned/workspace\n@@ -1 +1 @@\n\
         -new_actions_enabled_by_default: false\n+new_actions_enabled_by_default: true\n"
    );
    let shown = pages(&made);
    assert!(shown.markdown.contains("Diff of <code>workspace</code>"), "{}", shown.markdown);
    assert!(shown.markdown.contains("\n+new_actions_enabled_by_default: true\n"));
    let units = shown.html.split("<section id=\"units\"").nth(1).unwrap_or_default();
    assert!(units.contains("<ins>+new_actions_enabled_by_default: true</ins>"), "{}", shown.html);
    assert!(shown.html.contains("<a href=\"#units\">"), "{}", shown.html);
    crate::report::structure::sound(&shown.html);
    // Nothing to say where it stays.
    let made = plan("new_actions_enabled_by_default: false", &live);
    assert!(made.observed.effective.is_empty(), "{made:?}");
}

#[test]
fn a_plan_from_a_snapshot_says_so_at_once() {
    let mut made = samples::toggle();
    made.observed.snapshot = Some(FromSnapshot {
        taken: "2026-11-21T08:00:00Z".parse().unwrap(),
        digest: "ab".repeat(32),
        signed_by: std::collections::BTreeSet::new(),
    });
    let shown = pages(&made);
    let said = "Planned from a snapshot of 2026-11-21T08:00:00Z and not from what is live; people are pseudonyms.";
    shown.say(said);
    assert_eq!(shown.text.lines().nth(1), Some(said));
    let place =
        |page: &str| (page.find(said).unwrap(), page.find("Privilege</h2").or(page.find("#### ")));
    for page in [&shown.markdown, &shown.html] {
        let (said, section) = place(page);
        assert!(section.is_none_or(|section| said < section), "{page}");
    }
    pages(&samples::toggle()).never_say("snapshot");
}

#[test]
fn what_the_files_say_about_things_is_shown() {
    let mut made = samples::toggle();
    let unit = scopeform::model::Address::of(&["sharepoint"]);
    let said = [("owner", "content"), ("data", "personal <b>")];
    let said = said.map(|(name, value)| (name.to_owned(), value.to_owned()));
    made.bound.labels = std::iter::once((unit, said.into_iter().collect())).collect();
    let shown = pages(&made);
    for page in [&shown.text, &shown.full] {
        assert!(
            page.contains("\nLabels: sharepoint: data=personal <b>, owner=content\n"),
            "{page}"
        );
    }
    assert!(shown.markdown.contains("`data=personal <b>`, `owner=content`"), "{}", shown.markdown);
    assert!(shown.html.contains("data=personal &lt;b&gt;, owner=content"), "{}", shown.html);
    pages(&samples::toggle()).never_say("Labels");
}
