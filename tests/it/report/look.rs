//! What the report looks like where that matters: light, dark, in print, on a narrow screen, and readable in all of them.

use serde_json::Value;

use super::browser::Browser;
use super::report;

/// The lowest contrast between text and what is behind it, over everything that is seen, with what has it. After WCAG
/// 2.2, *relative luminance* and *contrast ratio*.
const CONTRAST: &str = "
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return document.documentElement.matches(':root') && matchMedia('(prefers-color-scheme: dark)').matches
      ? [0, 0, 0] : [255, 255, 255];
  };
  let worst = [99, ''];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility({ contentVisibilityAuto: true }) || element.closest('script')) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 120)];
  }
  return worst;
";

#[test]
fn light_and_dark_are_both_legible() {
    for example in super::EXAMPLES {
        let (_lab, file) = report(example);
        let browser = Browser::start();
        let mut pages = Vec::new();
        for scheme in ["light", "dark"] {
            browser.open(&file);
            browser.emulate("screen", scheme);
            browser.run(
                "for (const d of document.querySelectorAll('details')) d.open = true; return null;",
            );
            browser.settled();
            let worst = browser.run(CONTRAST);
            assert!(worst[0].as_f64().unwrap() >= 4.5, "{scheme}: {worst}");
            pages.push(browser.find("body").css("background-color"));
        }
        assert_ne!(pages[0], pages[1], "dark is not dark");
        assert!(browser.log("browser").is_empty());
    }
}

#[test]
fn colour_never_says_something_alone() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    // Every badge has a word of its own behind its symbol.
    let badges = browser
        .run("return [...document.querySelectorAll('.g, .yes, .no')].map((b) => b.textContent);");
    let badges = badges.as_array().unwrap();
    assert!(badges.len() > 50);
    for badge in badges {
        let letters = badge.as_str().unwrap().chars().filter(|c| c.is_alphabetic()).count();
        assert!(letters >= 2, "{badge}");
    }
}

#[test]
fn print_shows_everything_and_no_controls() {
    let (_lab, file) = report("acme");
    let browser = Browser::start();
    browser.open(&file);
    let folded = "return [...document.querySelectorAll('details:not([open]) > :not(summary)')]\
                  .filter((e) => e.getBoundingClientRect().height > 0 \
                  && e.checkVisibility({ contentVisibilityAuto: true })).length;";
    let all = browser.run("return document.querySelectorAll('details:not([open])').length;");
    assert!(all.as_u64().unwrap() > 10);
    assert_eq!(browser.run(folded), 0);
    // By the stylesheet alone, as without scripts.
    browser.emulate("print", "light");
    assert!(browser.run(folded).as_u64() >= all.as_u64(), "{} of {all}", browser.run(folded));
    assert!(!browser.find("#tools").is_seen());
    assert!(!browser.find("nav").is_seen());
    browser.emulate("screen", "light");
    assert_eq!(browser.run(folded), 0);
    // And by the script, for browsers that do not know that rule.
    browser.run("dispatchEvent(new Event('beforeprint')); return null;");
    assert_eq!(browser.run("return document.querySelectorAll('details:not([open])').length;"), 0);
    browser.run("dispatchEvent(new Event('afterprint')); return null;");
    assert_eq!(browser.run("return document.querySelectorAll('details:not([open])').length;"), all);
}

#[test]
fn nothing_is_cut_off_on_any_screen() {
    for example in super::EXAMPLES {
        let (_lab, file) = report(example);
        let browser = Browser::start();
        for width in [360, 800, 1280, 1920] {
            browser.view(width, 900);
            browser.open(&file);
            let wide: Value =
                browser.run("return [document.documentElement.scrollWidth, innerWidth];");
            assert!(wide[0].as_u64() <= wide[1].as_u64(), "{example} at {width}: {wide}");
        }
    }
}
