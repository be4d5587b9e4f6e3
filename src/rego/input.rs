//! What rules ask `input` for that no plan says: undefined for every plan, so that the rule would never speak and nobody
//! would notice.

use std::collections::BTreeSet;

use regorus::Source;
use regorus::unstable::{Lexer, TokenKind};

use super::Mistake;

/// What a plan says at its top: the properties of `schemas/plan.schema.json`, against which a test holds them.
pub const ROOTS: &[&str] = &[
    "api_cost",
    "applyable",
    "approvals_required",
    "breakage",
    "complete",
    "digest",
    "endpoint",
    "errored",
    "findings",
    "format_version",
    "groups",
    "labels",
    "left_alone",
    "operations",
    "people",
    "platform",
    "preconditions",
    "privilege_delta",
    "requires_human",
    "resource_changes",
    "resource_drift",
    "scope_access",
    "snapshot",
    "summary",
    "takes_effect",
    "today",
    "tokens",
    "tool_version",
    "unreviewed",
    "valid_until",
    "workspace",
];

/// What terraform's plans say at their top and these do not, and what says it here.
const TERRAFORM: &[(&str, &str)] = &[
    ("planned_values", "what is planned is `change.after` of each of `input.resource_changes`"),
    ("prior_state", "what is live is `change.before` of each of `input.resource_changes`"),
    (
        "configuration",
        "each of `input.resource_changes` says where it is declared: `declared_at`, `source`",
    ),
    ("variables", "settings of rules are data: a `.json` file beside them, read below `data`"),
    ("terraform_version", "the version of the program is `input.tool_version`"),
    (
        "output_changes",
        "there are no outputs; everything that changes is in `input.resource_changes`",
    ),
];

/// Returns each name below `input` in a text that no plan has, at its first place.
pub(super) fn absent(path: &str, text: &str) -> Vec<Mistake> {
    let Ok(source) = Source::from_contents(path.to_owned(), text.to_owned()) else {
        return Vec::new();
    };
    let mut lexer = Lexer::new(&source);
    let mut tokens = Vec::new();
    while let Ok(token) = lexer.next_token() {
        if token.0 == TokenKind::Eof {
            break;
        }
        tokens.push(token);
    }
    let word = |at: usize| tokens.get(at).map_or("", |token| token.1.text());
    let kind = |at: usize| tokens.get(at).map(|token| &token.0);
    // What the document is called in this file: also `tfplan`, after `import input as tfplan`.
    let mut called = BTreeSet::from(["input"]);
    for at in 0..tokens.len() {
        if word(at) == "import" && word(at + 1) == "input" && word(at + 2) == "as" {
            called.insert(word(at + 3));
        }
    }
    let mut said = BTreeSet::new();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = kind(at) == Some(&TokenKind::Ident)
            && called.contains(word(at))
            && (at == 0 || word(at - 1) != ".");
        let name = match (word(at + 1), kind(at + 2)) {
            (".", Some(TokenKind::Ident)) | ("[", Some(TokenKind::String)) => word(at + 2),
            _ => continue,
        };
        if !begins || ROOTS.contains(&name) || !said.insert(name) {
            continue;
        }
        let help = TERRAFORM.iter().find(|(absent, _)| *absent == name).map(|(_, help)| *help);
        found.push(Mistake {
            path: path.to_owned(),
            line: token.1.line as usize,
            column: token.1.col as usize,
            message: format!("plans have no `{name}`, so this is undefined for every plan"),
            help: help.unwrap_or("`scopeform schema plan` prints what plans say").to_owned(),
        });
    }
    found
}
