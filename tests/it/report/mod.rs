//! `--format html`: the report as people read it in a browser, as a parser reads it, and as it must not be read.

mod browser;
mod filtered;
mod look;
mod pictures;
mod scale;
pub(crate) mod structure;
mod tiers;
mod use_it;

use std::path::{Path, PathBuf};

use scopeform::plan::Plan;
use scopeform::render::html;

use crate::cli::harness::Lab;
use crate::samples;

/// Both examples, on a day that does not move.
pub(crate) const EXAMPLES: [&str; 2] = ["acme", "acme-crm"];
pub(crate) const TODAY: &str = "2026-11-22";

/// Copies an example into a lab; what a run left behind in a dot-folder stays there.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        match () {
            () if name.to_string_lossy().starts_with('.') => {}
            () if path.is_dir() => copy(&path, &to.join(name)),
            () => {
                std::fs::copy(&path, to.join(name)).unwrap();
            }
        }
    }
}

/// Plans an example with the program itself.
fn planned(example: &str, args: &str) -> (Lab, String) {
    let lab = Lab::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    copy(&folder, &lab.path("examples").join(example));
    let line = format!("plan examples/{example} --today {TODAY} {args}");
    let out = lab.run(&line).exits(0).out;
    (lab, out)
}

/// The report of an example, as a file.
fn report(example: &str) -> (Lab, PathBuf) {
    let (lab, page) = planned(example, "--format html");
    lab.write("report.html", &page);
    let file = lab.path("report.html");
    (lab, file)
}

fn page(plan: &Plan) -> String {
    let mut page = String::new();
    html::plan(&mut page, plan, samples::DIGEST, "").unwrap();
    page
}

#[test]
fn a_saved_plan_gives_the_same_report() {
    for example in EXAMPLES {
        let (lab, page) = planned(example, "--out a.plan --format html");
        let shown = lab.run("show a.plan --format html").exits(0).out;
        let own = format!("scopeform apply a.plan --config examples/{example}");
        assert!(page.contains(&own), "{own}");
        assert_eq!(page.replace(&own, "scopeform apply a.plan --config FOLDER"), shown);

        // Text shows no rows that stay, and yet what it saves has them; what is only shown has them too.
        let (lab, _) = planned(example, "--out a.plan");
        assert_eq!(lab.run("show a.plan --format html").exits(0).out, shown);
        let (_, page) = planned(example, "--format html");
        assert!(page.contains("id=\"units\"") && shown.contains("id=\"units\""));
        let (_, json) = planned(example, "--json");
        assert_eq!(json, lab.run("show a.plan --json").exits(0).out);
    }
}

#[test]
fn a_plan_that_nothing_changes_is_a_page_too() {
    let page = page(&samples::empty());
    structure::sound(&page);
    assert!(page.contains("No changes. acme is what the files ask for."));
    assert!(!page.contains("id=\"units\""));
}
