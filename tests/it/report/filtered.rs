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
            assert!(links(kind) < all, "{example}: {kind}");
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
