//! Rules in Rego, which a change under review may bring with it.

use scopeform::plan::policy::{Rego, RegoFile};
use scopeform::rego::{ask, check, mistakes, texts};
use scopeform::render::neutral::terminal;
use scopeform::snapshot::Names;
use scopeform::source::SourceMap;

use super::{SEPARATOR, harmless, told};

/// A plan document with a little of everything that rules look at.
const PLAN: &str = r#"{"resource_changes": [{"address": "integrations/notes/actions/read_note", "type": "action",
"change": {"before": "nobody", "after": "everyone"}}], "findings": [], "privilege_delta": []}"#;

/// Reads up to three pieces as files of rules, says what is wrong with them, and asks them when nothing is.
pub fn rego(data: &[u8]) {
    let mut sources = SourceMap::new();
    let mut modules = Vec::new();
    for (n, text) in data.split(|byte| *byte == SEPARATOR).take(3).enumerate() {
        let (path, text) = (format!("{n}.rego"), String::from_utf8_lossy(text).into_owned());
        sources.add_beside(path.clone(), text.as_bytes());
        modules.push(RegoFile { path, text });
    }
    let found = mistakes(&modules);
    for mistake in &found {
        let known = mistake.path.is_empty() || modules.iter().any(|file| file.path == mistake.path);
        assert!(known && !mistake.message.is_empty(), "{mistake:?}");
        let said = format!("{} {}", mistake.message, mistake.help);
        assert!(said.len() <= 4 * data.len() + 1024, "{} of {}", said.len(), data.len());
        harmless(&terminal(&said).to_string());
    }
    told(&check(&modules, &sources), &sources);
    let rego = Rego { modules, data: Vec::new() };
    let mut names = Names::default();
    for file in texts(&rego) {
        file.texts.iter().for_each(|text| names.read_text(text));
    }
    // Each of them costs a plan from a snapshot a slow hash.
    assert!(names.lookups() <= data.len(), "{names:?}");
    let said = ask(&rego, PLAN);
    assert_eq!(ask(&rego, PLAN), said, "two answers");
    if !found.is_empty() {
        assert!(said.is_err(), "asked in spite of {found:?}");
    }
    for denial in said.into_iter().flatten() {
        assert!(!denial.rule.is_empty(), "{denial:?}");
        harmless(&terminal(&denial.message).to_string());
    }
}
