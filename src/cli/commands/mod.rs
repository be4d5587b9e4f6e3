//! One file per command.

mod access;
pub(super) mod apply;
pub(super) mod approve;
pub(super) mod completions;
pub(super) mod explain;
pub(super) mod export;
mod history;
pub(super) mod init;
pub(super) mod man;
pub(super) mod plan;
pub(super) mod schema;
pub(super) mod serve;
pub(super) mod show;
pub(super) mod snapshot;
pub(super) mod status;
pub(super) mod tokens;
pub(super) mod undo;
pub(super) mod validate;

use serde_json::json;

use super::ui::Failure;
use crate::render::neutral;

/// Returns a failure as `--json` prints it: the shape of `validate --json`, with one diagnostic.
pub(super) fn error_document(failure: &Failure) -> String {
    let detail: Vec<&str> =
        failure.details.iter().chain(&failure.help).map(String::as_str).collect();
    let document = json!({
        "format_version": "1.0",
        "valid": false,
        "error_count": 1,
        "warning_count": 0,
        "exit_code": failure.exit.code(),
        "diagnostics": [{
            "severity": "error",
            "code": failure.exit.name(),
            "summary": failure.message,
            "detail": detail.join("\n"),
        }],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    neutral::json(&text).into_owned()
}
