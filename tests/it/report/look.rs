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

/// Cells with something in them that is wider, and badges and heads of columns with a word that is broken.
const CRAMPED: &str = "
  const bad = [];
  const seen = (element) => element.checkVisibility({ contentVisibilityAuto: true });
  for (const cell of document.querySelectorAll('main th, main td')) {
    if (!seen(cell)) continue;
    const own = cell.getBoundingClientRect();
    const wide = [...cell.querySelectorAll('*')].filter(seen).some((inner) =>
      [...inner.getClientRects()].some((part) => part.right > own.right + 1 || part.left < own.left - 1));
    if (wide || cell.scrollWidth > cell.clientWidth + 1) bad.push('wide: ' + cell.outerHTML.slice(0, 160));
  }
  for (const element of document.querySelectorAll('main .g, main thead th')) {
    if (!seen(element)) continue;
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      for (const word of text.data.matchAll(/[^\\s]+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (range.getClientRects().length > 1) bad.push('broken: ' + word[0] + ' in ' + element.textContent);
      }
    }
  }
  return bad;
";

#[test]
fn cells_hold_what_is_in_them_on_any_screen() {
    for example in super::EXAMPLES {
        let (_lab, file) = report(example);
        let browser = Browser::start();
        for width in [320, 400, 700, 805, 961, 1201, 1280] {
            browser.view(width, 900);
            browser.open(&file);
            browser.run(
                "for (const d of document.querySelectorAll('details')) d.open = true; return null;",
            );
            browser.settled();
            let bad = browser.run(CRAMPED);
            let bad = bad.as_array().unwrap();
            assert!(
                bad.is_empty(),
                "{example} at {width}: {} of them: {:#?}",
                bad.len(),
                &bad[..1]
            );
            let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth];");
            assert!(wide[0].as_u64() <= wide[1].as_u64(), "{example} at {width}: {wide}");
        }
    }
}

/// Cells that are not told apart by the head of their column, because a narrow screen shows no heads, and that do not
/// say it themselves. A head that is never seen is not missed.
const UNLABELLED: &str = "
  const bad = [];
  let told = 0;
  for (const table of document.querySelectorAll('main table')) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    for (const row of table.tBodies[0].rows) {
      if (!row.checkVisibility()) continue;
      [...row.cells].forEach((cell, at) => {
        if (cell.localName === 'th' || cell.colSpan > 1 || !cell.textContent.trim()) return;
        const label = getComputedStyle(cell, '::before').content;
        const says = label === JSON.stringify(heads[at]);
        const silent = label === 'none' && table.tHead.classList.contains('vh');
        if (says) told += 1;
        if (!says && !silent) bad.push(heads[at] + ' is ' + label + ': ' + cell.outerHTML.slice(0, 120));
      });
    }
  }
  return [told, bad];
";

#[test]
fn a_narrow_screen_names_the_column_in_each_cell() {
    for example in super::EXAMPLES {
        let (_lab, file) = report(example);
        let browser = Browser::start();
        browser.view(400, 900);
        browser.open(&file);
        browser.run(
            "for (const d of document.querySelectorAll('details')) d.open = true; return null;",
        );
        browser.settled();
        let labels = browser.run(UNLABELLED);
        let bad = labels[1].as_array().unwrap();
        assert!(bad.is_empty(), "{example}: {} of them: {:#?}", bad.len(), &bad[..1]);
        assert!(labels[0].as_u64().unwrap() > 40, "{labels}");
        // Every row still begins with what it is about.
        assert!(!browser.find("#changes thead").is_seen());
        browser.view(1280, 900);
        browser.open(&file);
        assert!(browser.find("#changes thead").is_seen());
        let label =
            "return getComputedStyle(document.querySelector('#changes td'), '::before').content;";
        assert_eq!(browser.run(label), "none");
    }
}
