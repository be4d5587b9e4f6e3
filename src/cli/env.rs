//! The environment, read once. An unknown `SCOPEFORM_...` variable does nothing but fail: a misspelt one would otherwise
//! be a setting that silently is not there.
#![expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::exit::Exit;
use super::ui::Failure;
use crate::model::nearest;

/// The variables we read, with what each does.
pub(super) const KNOWN: &[(&str, &str)] = &[
    ("SCOPEFORM_API_BUDGET", "how many requests may be sent in any 60 seconds"),
    ("SCOPEFORM_CONFIG", "configuration folder or file, where the command line names none"),
    ("SCOPEFORM_DATA_DIR", "where journals, used approvals and the embedded database are kept"),
    ("SCOPEFORM_INPUT", "`false`: never ask"),
    ("SCOPEFORM_PARALLELISM", "how many integrations, clients or keys apply writes to at once"),
    ("SCOPEFORM_POLICY", "file or folder of Rego rules to obey beside those of the configuration"),
    ("SCOPEFORM_TOKEN", "bearer token for an endpoint that is a URL"),
    ("SCOPEFORM_TOKEN_FILE", "file that holds the bearer token"),
];

/// Returns the variables as text, for help and documentation.
pub(super) fn table() -> String {
    let widest = KNOWN.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    KNOWN.iter().map(|(name, does)| format!("  {name:widest$}  {does}\n")).collect()
}

/// The environment as it was when the process began.
#[derive(Debug, Clone, Default)]
pub(super) struct Env(BTreeMap<String, OsString>);

impl Env {
    /// Reads the environment.
    #[must_use]
    pub(super) fn read() -> Self {
        let all = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v)));
        Self(all.collect())
    }

    /// Returns a variable.
    #[must_use]
    pub(super) fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    /// Refuses variables that look like ours and are not.
    ///
    /// # Errors
    /// Usage, with the nearest name.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for name in self.0.keys().filter(|name| name.starts_with("SCOPEFORM_")) {
            if KNOWN.iter().any(|(known, _)| known == name) {
                continue;
            }
            let near = nearest(name, KNOWN.iter().map(|(known, _)| *known))
                .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            return Err(Failure::new(
                Exit::Usage,
                format!("unknown variable `{name}` in the environment"),
            )
            .help(format!("{near}unset it if it is not meant for this tool")));
        }
        Ok(())
    }
}
