//! A filter shows part of the report. What is left says so, wherever it is read.

use super::browser::{Browser, ESCAPE};
use super::{EXAMPLES, report};

#[test]
fn a_filtered_report_says_so_on_paper() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    let said = || browser.find("#filtered").text();
    browser.emulate("print", "light");
    assert!(!browser.find("#filtered").is_seen(), "nothing is filtered");
    browser.emulate("screen", "light");
    browser.find("input[value='b']").click();
    let status = browser.find("#hits").text();
    // On the screen the controls say it, next to the number.
    assert!(!browser.find("#filtered").is_seen());
    browser.emulate("print", "light");
    assert!(!browser.find("#hits").is_seen());
    assert_eq!(said(), format!("Filtered: What breaks, {status}. The others are not printed."));
    browser.emulate("screen", "light");
    browser.find("#q").types("teams SHAREPOINT");
    let status = browser.find("#hits").text();
    browser.emulate("print", "light");
    let words = format!("Filtered: What breaks, “teams SHAREPOINT”, {status}. ");
    assert!(said().starts_with(&words), "{}", said());
    browser.emulate("screen", "light");
    browser.find("#q").types(ESCAPE);
    browser.emulate("print", "light");
    assert!(!browser.find("#filtered").is_seen(), "{}", said());
    assert!(browser.log("browser").is_empty());
}

/// The places that the contents lead to and that cannot be seen, and how many links are seen.
const LINKS: &str = "
  const seen = [...document.querySelectorAll('nav a')].filter((link) => link.checkVisibility());
  const lost = seen.filter((link) => !document.querySelector(link.hash).checkVisibility());
  return [seen.length, lost.map((link) => link.textContent)];
";

#[test]
fn contents_lead_to_what_is_shown() {
    for example in EXAMPLES {
        let (_lab, file) = report(example);
        let browser = Browser::start();
        browser.open(&file);
        let links = |what: &str| {
            let links = browser.run(LINKS);
            let lost = links[1].as_array().unwrap();
            assert!(lost.is_empty(), "{example}, {what}: {lost:?} lead to what is hidden");
            links[0].as_u64().unwrap()
        };
        let all = links("everything");
        for kind in ["b", "w", "n", "c"] {
            browser.find(&format!("input[value='{kind}']")).click();
            let some = links(kind);
            assert!(0 < some && some < all, "{example}: {kind} shows {some} of {all}");
        }
        browser.find("input[value='']").click();
        assert_eq!(links("everything again"), all);
        browser.find("#q").types("no such thing");
        assert_eq!(links("nothing"), 0);
        browser.find("#q").types(ESCAPE);
        assert_eq!(links("cleared"), all);
    }
}

#[test]
fn an_empty_report_says_that_nothing_matches() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    assert!(!browser.find("#nothing").is_seen());
    browser.find("#q").types("no such thing");
    let said = browser.find("#nothing");
    assert!(said.is_seen() && said.text().starts_with("Nothing matches"), "{}", said.text());
    // It stands where the rows would, and the number is still told to who does not see it.
    assert_eq!(browser.find("main #nothing").text(), said.text());
    assert!(browser.find("#hits").text().starts_with("0 of "));
    browser.find("#q").types(ESCAPE);
    assert!(!browser.find("#nothing").is_seen());
    assert!(browser.log("browser").is_empty());
}

/// The rows that a filter shows: where each stands, and its text.
const SHOWN: &str = "
  return [...document.querySelectorAll('[data-k]')].filter((row) => !row.hidden).map((row) =>
    [(row.closest('article') ?? row.closest('section')).getAttribute('aria-labelledby'), row.textContent]);
";

/// On TrustPager nothing lacks a scope: what ends and what is refused from one moment to the next is what breaks.
#[test]
fn what_ends_or_is_refused_at_once_breaks() {
    let (_lab, file) = report("acme-crm");
    let browser = Browser::start();
    browser.open(&file);
    browser.find("input[value='b']").click();
    let rows = browser.run(SHOWN);
    let rows: Vec<(&str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_str().unwrap(), row[1].as_str().unwrap()))
        .collect();
    let shows = |place: &str, words: &[&str]| {
        rows.iter().any(|(at, text)| *at == place && words.iter().all(|word| text.contains(word)))
    };
    // The three that end: two tokens and a key.
    for (place, words) in [
        ("h-privilege", ["tokens/tok_69d21eec40a4", "is revoked at once"]),
        ("h-privilege", ["tokens/tok_47ef145b1fe1", "is revoked at once"]),
        ("h-privilege", ["old importer", "the key is revoked at once"]),
        ("h-changes", ["tok_69d21eec40a4", "- remove"]),
        ("h-changes", ["tok_47ef145b1fe1", "- remove"]),
        ("h-changes", ["api_keys/old importer", "- remove"]),
        ("h-operations", ["revoke token tok_69d21eec40a4", "its owner is no holder"]),
        ("h-operations", ["revoke the API key at once", "SEC-160"]),
        // What becomes refused, and the save that does it.
        ("h-privilege", ["billing", "no_access"]),
        ("h-privilege", ["calls", "initiate"]),
        ("h-privilege", ["email", "send_with_approval → read"]),
        ("h-changes", ["Claude Connection/verbs/calls", "initiate"]),
        ("h-changes", ["api_keys/nightly export", "billing"]),
        ("h-operations", ["oauth_clients/Claude Connection", "save the scopes"]),
        ("h-operations", ["api_keys/nightly export", "change what the API key may do"]),
        // Whose token may do less by that.
        ("h-tokens", ["emil@acme.example", "may no longer initiate"]),
        ("h-tokens", ["Zapier", "send_with_approval → read"]),
    ] {
        assert!(shows(place, &words), "{place} lacks {words:?} in {rows:#?}");
    }
    // The number at the top is of rights, each of which has one row that says so.
    let broken = rows.iter().filter(|(at, text)| *at == "h-privilege" && text.contains("✕ breaks"));
    let broken = broken.count();
    let tile = browser.find(".tiles .b").text();
    assert_eq!(tile.split_whitespace().collect::<Vec<_>>(), ["✕", &broken.to_string(), "break"]);
    assert_eq!(broken, 8, "{rows:#?}");
    // In the views: rows of tiers, and holders.
    let view = |words: &[&str]| {
        rows.iter()
            .any(|(at, text)| at.starts_with("uh") && words.iter().all(|word| text.contains(word)))
    };
    assert!(view(&["billing", "✕ breaks"]) && view(&["calls", "✕ breaks"]), "{rows:#?}");
    assert!(view(&["left@acme.example", "✕ revoked"]), "{rows:#?}");
    assert!(view(&["simon@acme.example", "billing", "no_access"]), "{rows:#?}");
    // What only widens, waits for a person or stays breaks nothing.
    for word in ["contacts", "ticket sync", "vera@acme.example"] {
        let begins = |text: &str| text.trim_start().starts_with(word);
        assert!(!rows.iter().any(|(_, text)| begins(text)), "{word} in {rows:#?}");
    }
    assert!(!shows("h-changes", &["resources/contacts"]), "{rows:#?}");
    // A row that says so is not hidden.
    let hidden = browser.run(
        "return [...document.querySelectorAll('tr[data-k]')].filter((row) => row.hidden \
         && /✕ (breaks|revoked)/.test(row.textContent)).length;",
    );
    assert_eq!(hidden, 0);
    assert!(browser.log("browser").is_empty());
}
