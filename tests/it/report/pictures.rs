//! The pictures in the README, taken by a browser from real plans of the examples. `UPDATE=1` takes them anew.
//!
//! Fonts differ from machine to machine, so a picture is not compared with another one. `SOURCES` holds the SHA-256 of the
//! page that each was taken from: when what is shown moves, the test says that the pictures are old.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use scopeform::render::neutral;
use sha2::{Digest as _, Sha256};

use super::browser::{Browser, unbase64};
use super::planned;

/// One picture.
struct Picture {
    name: &'static str,
    /// The page that it shows.
    page: String,
    scheme: &'static str,
    /// The element that is brought to the top, for pages that are longer.
    from: &'static str,
    size: (u32, u32),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// The report of an example; where it was planned is not in it.
fn html(example: &str) -> String {
    planned(example, "--format html").1
}

/// What the program prints on a terminal with colours, as a page: its escape sequences become spans.
fn terminal(example: &str) -> String {
    let lab = planned(example, "").0;
    let line = format!("plan examples/{example} --today {}", super::TODAY);
    let out = lab.run(&line).env("CLICOLOR_FORCE", "1").exits(0).out;
    let mut page = String::from(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>terminal</title><style>\
         body { margin: 0; padding: 14px 18px; background: #14181d; color: #d7dde4; }\
         pre { margin: 0; font: 13px/1.45 \"DejaVu Sans Mono\", ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }\
         .p { color: #7fd39a; } .a0 { color: #7fd39a; } .a1 { font-weight: bold; color: #fff; }\
         .a2 { color: #8b95a2; } .a31 { color: #ff9d94; } .a32 { color: #7fd39a; } .a33 { color: #f0bd6c; }\
         .a36 { color: #7cc7e8; } .a1-31 { color: #ff7b70; font-weight: bold; }</style>\
         <pre><span class=\"p\">$</span> scopeform plan examples/",
    );
    let _ = writeln!(page, "{example}");
    for line in out.lines() {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            let (code, after) = after.split_once('m').expect("a colour");
            let _ = write!(page, "{}", neutral::html(before));
            match code {
                "0" => page.push_str("</span>"),
                code => {
                    let _ = write!(page, "<span class=\"a{}\">", code.replace(';', "-"));
                }
            }
            rest = after;
        }
        let _ = writeln!(page, "{}", neutral::html(rest));
    }
    page.push_str("</pre></html>\n");
    page
}

fn pictures() -> [Picture; 4] {
    let acme = html("acme");
    [
        Picture {
            name: "plan.png",
            page: terminal("acme"),
            scheme: "dark",
            from: "body",
            size: (1180, 800),
        },
        Picture {
            name: "report.png",
            page: acme.clone(),
            scheme: "light",
            from: "body",
            size: (1280, 900),
        },
        Picture {
            name: "report-views.png",
            page: acme,
            scheme: "dark",
            from: "#u5",
            size: (1280, 900),
        },
        Picture {
            name: "report-tiers.png",
            page: html("acme-crm"),
            scheme: "light",
            from: "#units",
            size: (1280, 900),
        },
    ]
}

/// Returns the width and height that a PNG file's first chunk says.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "no PNG file");
    assert_eq!(&png[12..16], b"IHDR");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn the_pictures_show_what_the_program_shows() {
    let folder = folder();
    let update = std::env::var_os("UPDATE").is_some();
    let pictures = pictures();
    let mut sources = String::new();
    for picture in &pictures {
        let hash = Sha256::digest(picture.page.as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(sources, "{hash}  {}", picture.name);
    }
    if update {
        std::fs::create_dir_all(&folder).unwrap();
        let browser = Browser::start();
        for picture in &pictures {
            let page = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
            std::fs::write(page.path(), &picture.page).unwrap();
            let (width, height) = picture.size;
            browser.view(width, height);
            browser.emulate("screen", picture.scheme);
            browser.open(page.path());
            browser.run(&format!(
                "const at = document.querySelector('{}'); if (at !== document.body) at.scrollIntoView(); return null;",
                picture.from
            ));
            browser.settled();
            std::fs::write(folder.join(picture.name), unbase64(&browser.picture())).unwrap();
        }
        std::fs::write(folder.join("SOURCES"), &sources).unwrap();
    }
    let stored = std::fs::read_to_string(folder.join("SOURCES")).unwrap_or_default();
    assert!(
        stored == sources,
        "docs/pictures is older than what the program shows; take the pictures anew with UPDATE=1 and look at them"
    );
    let readme = std::fs::read_to_string(folder.join("../../README.md")).unwrap();
    for picture in &pictures {
        let png = std::fs::read(folder.join(picture.name)).unwrap();
        assert_eq!(size(&png), picture.size, "{}", picture.name);
        assert!(png.len() < 400_000, "{} is large for a README", picture.name);
        assert!(readme.contains(&format!("docs/pictures/{}", picture.name)), "{}", picture.name);
    }
}
