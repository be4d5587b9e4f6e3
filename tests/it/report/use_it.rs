//! Using the report: search, filters, sorting, with the mouse and with the keyboard alone, and without scripts.

use serde_json::Value;

use super::browser::{Browser, ENTER, ESCAPE, RIGHT, SPACE, TAB};
use super::{EXAMPLES, page, report};
use crate::cli::harness::Lab;
use crate::samples;

/// How many rows are in the page, and how many of them are not filtered away.
#[track_caller]
fn rows(browser: &Browser) -> (usize, usize) {
    let counts = browser.run(
        "const all = [...document.querySelectorAll('[data-k]')]; \
         return [all.length, all.filter((row) => !row.hidden).length];",
    );
    let count = |n: usize| usize::try_from(counts[n].as_u64().unwrap()).unwrap();
    (count(0), count(1))
}

/// The rows that are not filtered away, in words.
#[track_caller]
fn shown(browser: &Browser) -> Vec<String> {
    let texts = browser.run(
        "return [...document.querySelectorAll('[data-k]')].filter((row) => !row.hidden)\
         .map((row) => row.textContent);",
    );
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn status(browser: &Browser) -> String {
    browser.find("#hits").text()
}

#[test]
fn search_and_filters_show_what_they_say() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    let (all, visible) = rows(&browser);
    assert_eq!(all, visible);
    assert_eq!(status(&browser), "");

    let search = browser.find("#q");
    search.types("forward_email");
    let found = shown(&browser);
    assert!(found.len() >= 4 && found.len() < 12, "{found:?}");
    // In privilege and changes, in both views, and in the operations.
    for section in ["privilege", "units", "changes", "operations"] {
        assert!(browser.find(&format!("#{section}")).is_seen(), "{section}");
        assert!(browser.find(&format!("#{section}")).text().contains("forward_email"));
    }
    assert!(!browser.find("#left").is_seen());
    assert_eq!(status(&browser), format!("{} of {all} rows", found.len()));
    // Another word narrows it, in any case and any order.
    search.types(" SALES");
    assert!(shown(&browser).len() < found.len());
    search.types(" nobody-is-called-that");
    assert_eq!(rows(&browser).1, 0);
    assert_eq!(status(&browser), format!("0 of {all} rows"));
    search.types(ESCAPE);
    assert_eq!(rows(&browser), (all, all));
    assert_eq!(status(&browser), "");

    // People, and what is folded away.
    search.types("hana@acme.example");
    assert!(browser.find("#people").is_seen());
    search.types(ESCAPE);
    let fold = "#units details.rest";
    assert_eq!(browser.find(fold).attribute("open"), None);
    search.types("close_opportunity_as_won");
    let open = browser.all("#units details.rest[open]").len();
    assert!(open > 0 && open < browser.all("#units details.rest").len(), "{open}");
    assert!(browser.find("#units details.rest[open]").text().contains("close_opportunity_as_won"));
    search.types(ESCAPE);
    assert!(browser.all("#units details.rest[open]").is_empty());

    for (kind, badge, section) in
        [("b", "breaks", "breakage"), ("w", "widens", "privilege"), ("n", "narrows", "privilege")]
    {
        browser.find(&format!("input[value={kind}]")).click();
        let found = shown(&browser);
        assert!(!found.is_empty() && found.len() < all, "{badge}");
        assert!(browser.find(&format!("#{section}")).is_seen(), "{badge}");
        assert!(!browser.find("#left").is_seen());
        let badges = browser.run(
            "return [...document.querySelectorAll('article [data-k]')].filter((row) => !row.hidden)\
             .map((row) => row.textContent);",
        );
        for row in badges.as_array().unwrap() {
            // What cannot be verified may break.
            let may = badge == "breaks" && row.as_str().unwrap().contains("? cannot be verified");
            assert!(may || row.as_str().unwrap().contains(badge), "{badge}: {row}");
        }
        // Nothing else has the badge.
        let hidden = browser.run(&format!(
            "return [...document.querySelectorAll('article tr[data-k]')].filter((row) => row.hidden \
             && row.textContent.includes('{badge}')).length;"
        ));
        assert_eq!(hidden, 0, "{badge}");
    }
    browser.find("input[value='c']").click();
    assert!(shown(&browser).iter().all(|row| !row.contains("stays")));
    assert!(rows(&browser).1 < all);
    browser.find("#q").types("sites.manage");
    let both = rows(&browser).1;
    browser.find("input[value='w']").click();
    assert!(rows(&browser).1 <= both && rows(&browser).1 > 0);
    browser.find("input[value='']").click();
    browser.find("#q").types(ESCAPE);
    assert_eq!(rows(&browser), (all, all));
    quiet(&browser);
}

/// Nothing was complained about, and nothing was asked for but files that the test opened.
#[track_caller]
fn quiet(browser: &Browser) {
    let complaints: Vec<Value> = browser.log("browser");
    assert!(complaints.is_empty(), "{complaints:?}");
    let asked = browser.requests();
    assert!(!asked.is_empty(), "the log of requests is not kept");
    assert!(
        asked.iter().all(|url| url.starts_with("file:///") && url.ends_with("/report.html")),
        "{asked:?}"
    );
}

#[test]
fn tables_sort_by_any_column() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    let column = |n: usize| -> Vec<String> {
        let cells = browser.run(&format!(
            "return [...document.querySelectorAll('#operations tbody tr')]\
             .map((row) => row.cells[{n}].textContent.trim());"
        ));
        cells.as_array().unwrap().iter().map(|cell| cell.as_str().unwrap().to_owned()).collect()
    };
    let before = column(0);
    assert_eq!(before.len(), 24);
    let head = |n: usize| browser.find(&format!("#operations thead th:nth-child({n})"));
    assert_eq!(head(1).attribute("aria-sort"), None);
    browser.find("#operations thead th:nth-child(1) button").click();
    assert_eq!(head(1).attribute("aria-sort").as_deref(), Some("ascending"));
    // As numbers: 10 is behind 9.
    assert_eq!(column(0), before);
    browser.find("#operations thead th:nth-child(1) button").click();
    assert_eq!(head(1).attribute("aria-sort").as_deref(), Some("descending"));
    assert_eq!(column(0), before.iter().rev().cloned().collect::<Vec<_>>());
    browser.find("#operations thead th:nth-child(2) button").click();
    assert_eq!(head(1).attribute("aria-sort"), None);
    assert!(column(1).is_sorted(), "{:?}", column(1));
    // What says nothing stands last.
    browser.find("#operations thead th:nth-child(4) button").click();
    let scopes = column(3);
    let empty = scopes.iter().position(String::is_empty).unwrap();
    assert!(empty > 0 && scopes[empty..].iter().all(String::is_empty), "{scopes:?}");
    quiet(&browser);
}

#[test]
fn tiers_sort_by_what_they_allow() {
    let (_lab, file) = report("acme-crm");
    let browser = Browser::start();
    browser.open(&file);
    // In each table: what every second cell says, and how far the slider stands to the right.
    let sorted = browser.run(
        "return [...document.querySelectorAll('#units table')].filter((table) => table.querySelector('.slider')) \
         .map((table) => { table.tHead.rows[0].cells[1].querySelector('button')?.click(); \
         return [...table.tBodies[0].rows].map((row) => [row.cells[1].querySelector('code').textContent, \
         row.cells[1].querySelectorAll('.slider .on').length]); });",
    );
    let mut by_letters = true;
    for table in sorted.as_array().unwrap() {
        let rows = table.as_array().unwrap();
        let ranks: Vec<u64> = rows.iter().map(|row| row[1].as_u64().unwrap()).collect();
        assert!(ranks.is_sorted(), "{table}");
        let words: Vec<&str> = rows.iter().map(|row| row[0].as_str().unwrap()).collect();
        by_letters &= words.is_sorted();
    }
    assert!(!by_letters, "nothing here tells rank from letters: {sorted}");
    quiet(&browser);
}

#[test]
fn the_keyboard_is_enough() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    browser.press(TAB);
    assert_eq!(browser.focused().text(), "Skip to the report");
    browser.press(ENTER);
    assert_eq!(browser.focused().attribute("id").as_deref(), Some("report"));
    browser.press(TAB);
    assert_eq!(browser.focused().attribute("id").as_deref(), Some("q"));
    assert_ne!(browser.focused().css("outline-style"), "none", "the focus is not seen");
    browser.press(TAB);
    assert_eq!(browser.focused().attribute("name").as_deref(), Some("f"));
    let (all, _) = rows(&browser);
    browser.press(RIGHT);
    assert_eq!(browser.focused().attribute("value").as_deref(), Some("b"));
    assert!(rows(&browser).1 < all);
    // Out of the fields, a slash leads to the search and is not typed.
    browser.press(TAB);
    browser.press("/");
    assert_eq!(browser.focused().attribute("id").as_deref(), Some("q"));
    browser.press("excel");
    let found = rows(&browser).1;
    assert!(found < all);
    let value = browser.run("return document.getElementById('q').value;");
    assert_eq!(value, "excel");
    // Inside the search a slash is a slash.
    browser.press("/");
    assert_eq!(browser.run("return document.getElementById('q').value;"), "excel/");
    browser.press(ESCAPE);
    assert_eq!(rows(&browser), (all, all));
    // Nothing is sent anywhere by Enter.
    browser.press("teams");
    browser.press(ENTER);
    assert!(rows(&browser).1 < all);
    browser.press(ESCAPE);
    // Every fold and every head of a table can be reached and used.
    browser.run("document.querySelector('details.rest > summary').focus(); return null;");
    browser.press(ENTER);
    assert!(browser.find("details.rest").attribute("open").is_some());
    browser.press(SPACE);
    assert!(browser.find("details.rest").attribute("open").is_none());
    browser.run("document.querySelector('#changes th button').focus(); return null;");
    browser.press(ENTER);
    let sorted = browser.find("#changes th").attribute("aria-sort");
    assert_eq!(sorted.as_deref(), Some("ascending"));
    quiet(&browser);
}

#[test]
fn a_screen_reader_finds_its_way() {
    let (_lab, file) = report("acme-crm");
    let browser = Browser::start();
    browser.open(&file);
    for (css, role, label) in [
        ("main", "main", ""),
        ("nav", "navigation", "Contents"),
        ("header", "banner", ""),
        ("footer", "contentinfo", ""),
        ("#tools", "search", "Search and filter the report"),
        ("#q", "searchbox", "Search"),
        ("fieldset", "group", "Show"),
        ("input[value='b']", "radio", "What breaks"),
        ("#hits", "status", ""),
        (
            "#privilege",
            "region",
            "Privilege 4 tiers wider, 4 tiers narrower, 1 verb removed, 1 new API key, 3 tokens or keys end",
        ),
        ("h1", "heading", "acme-crm"),
        ("#units article", "article", "Claude Connection oauth_clients/Claude Connection"),
        ("#units table", "table", "Tiers that move"),
        ("#units tbody th", "rowheader", "billing"),
        ("#units thead th", "columnheader", "Resource"),
        ("#units thead th button", "button", "Resource"),
    ] {
        let element = browser.find(css);
        assert_eq!((element.role().as_str(), element.label().as_str()), (role, label), "{css}");
    }
    // The picture of a slider is not read out beside the words that it shows.
    assert!(browser.all(".slider:not([aria-hidden=true])").is_empty());
    assert!(!browser.all(".slider").is_empty());
    assert_eq!(browser.find("#hits").attribute("aria-live").as_deref(), Some("polite"));
    browser.run(
        "for (const fold of document.querySelectorAll('details')) fold.open = true; return null;",
    );
    browser.settled();
    let controls = browser.all("input, button");
    assert!(controls.len() > 30, "{}", controls.len());
    for control in controls {
        assert!(!control.label().is_empty());
    }
    assert!(browser.all("img, svg, canvas").is_empty());
}

#[test]
fn everything_is_there_without_scripts() {
    for example in EXAMPLES {
        let (_lab, file) = report(example);
        let browser = Browser::start();
        browser.open(&file);
        let with = browser.run("return document.querySelector('main').textContent;");
        browser.allow_scripts(false);
        browser.open(&file);
        assert!(!browser.find("#tools").is_seen(), "controls that do nothing are seen");
        assert!(browser.all("th button").is_empty());
        for css in
            ["h1", ".verdict", "#privilege", "#units", "#changes", "#findings", "#operations"]
        {
            assert!(browser.find(css).is_seen(), "{css}");
        }
        // Folds are the browser's own.
        assert_eq!(browser.find("#units details.rest").attribute("open"), None);
        browser.find("#units details.rest > summary").click();
        assert!(browser.find("#units details.rest table").is_seen());
        browser.allow_scripts(true);
        let without = browser.run("return document.querySelector('main').textContent;");
        assert_eq!(with, without, "{example}");
        quiet(&browser);
    }
}

#[test]
fn nothing_in_a_report_acts_or_asks() {
    let browser = Browser::start();
    for plan in [samples::hostile(), samples::fixed()] {
        let lab = Lab::new();
        lab.write("report.html", &page(&plan));
        browser.open(&lab.path("report.html"));
        assert_eq!(browser.run("return document.scripts.length;"), 1);
        quiet(&browser);
    }
    for example in EXAMPLES {
        let (_lab, file) = report(example);
        browser.open(&file);
        quiet(&browser);
    }
    // That the policy is in force: whatever found its way into the page would do nothing.
    for attempt in [
        "const s = document.createElement('script'); s.textContent = 'window.acted = 1'; document.body.append(s);",
        "const s = document.createElement('style'); s.textContent = '* { display: none }'; document.head.append(s);",
        "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);",
        "document.querySelector('h1').setAttribute('style', 'display: none');",
        "document.querySelector('h1').setAttribute('onclick', 'window.acted = 1'); document.querySelector('h1').click();",
        "fetch('http://127.0.0.1:9/x').catch(() => {});",
        "document.body.innerHTML = '<p>x</p>';",
    ] {
        browser.run(&format!("try {{ {attempt} }} catch (error) {{}} return null;"));
        browser.settled();
        let log = browser.log("browser");
        let refused = log.iter().any(|entry| {
            let message = entry["message"].as_str().unwrap();
            message.contains("Content Security Policy")
                || message.contains("document requires 'Trusted")
        });
        assert!(refused, "{attempt} {log:?}");
        assert_eq!(browser.run("return window.acted === undefined;"), true, "{attempt}");
        assert!(browser.find("h1").is_seen(), "{attempt}");
    }
}
