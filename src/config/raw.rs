//! The configuration document as it is written. The doc comments are what editors show on hover.

use std::fmt;

use globset::GlobBuilder;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::access::{RawAccess, RawAction};
use super::approvals::RawApprovals;
use super::labels::RawLabels;
use super::leaf::{Endpoint, FindingCode, Prose, Version, WantedScope};
use super::placeholder::{Filled, interpolated};
use super::policy::{RawLimits, RawProtected};
use super::redact::is_variable_name;
use super::rego::RegoPath;
use super::shape::{Leaf, Reader, Refusal, Shape, Table, record};
use super::yaml::{Node, Value};
use crate::diag::Code;
use crate::model::{ActionKey, ClientId, IntegrationKey, WorkspaceId};
use crate::plan::Severity;
use crate::platform::Kind;
use crate::platform::odeus::desired::{OnSwap, SecretReference, SecretSource, Unlisted};
use crate::platform::odeus::state::Mode;
use crate::source::{Span, Spanned};

record! {
    /// What every document begins with, whatever its platform.
    RawHeader {
        /// The version of this language: 1.
        req "version" version: Spanned<Version> => "write `version: 1`",
        /// The kind of live system, which decides the other keys of the document.
        req "platform" platform: Spanned<Kind> => write_platform(),
        /// The workspace that this document describes, or a part of it. Several files may describe the same one.
        req "workspace" workspace: Spanned<WorkspaceId> => "write `workspace: NAME`, as the platform calls it",
        /// Where the live system answers: `embedded`, or an address. The token comes from `SCOPEFORM_TOKEN` or
        /// `SCOPEFORM_TOKEN_FILE`. Where no file of the workspace says it, `embedded` is meant, and the first plan warns of it.
        opt "endpoint" endpoint: Spanned<Endpoint>,
        /// Severities of findings, by code. A finding can be raised, never lowered.
        opt "findings" findings: Table<FindingCode, Spanned<Severity>>,
        /// Addresses that no plan may narrow or remove, each with everything below it. Several files add up.
        opt "protect" protect: Vec<RawProtected>,
        /// The most that one plan may do unless that very plan is accepted. Of several files the lowest limits count.
        opt "limits" limits: RawLimits,
        /// Who must agree to which plans, and by which keys they are known.
        opt "approvals" approvals: RawApprovals,
        /// Files of the organisation's own rules about plans in Rego, and of data for them: paths below the configuration
        /// folder, such as `policies/*.rego`. Several files add up.
        opt "rego" rego: Vec<Spanned<RegoPath>>,
    }
}

fn write_platform() -> String {
    let all = Kind::ALL.iter().map(|kind| format!("`platform: {}`", kind.name()));
    format!("write {}", all.collect::<Vec<_>>().join(" or "))
}

record! {
    /// The scopes, actions and sharing of one workspace on Odeus.
    RawOdeus {
        /// Whether actions that the vendor adds are enabled by themselves when their scopes are covered. Left as it is
        /// when absent.
        opt "new_actions_enabled_by_default" new_actions_enabled_by_default: Spanned<bool>,
        /// The declared integrations, by catalogue key. What is not declared is not touched.
        opt "integrations" integrations: Table<IntegrationKey, RawIntegration>,
    }
}

record! {
    /// One integration. What is not declared is not touched.
    RawIntegration {
        /// Who may connect and use the integration.
        opt "access" access: RawAccess,
        /// The OAuth client and who decides its scopes.
        opt "oauth" oauth: RawOauth,
        /// What happens to actions that no line names.
        opt "unlisted_actions" unlisted_actions: Spanned<Unlisted>,
        /// Actions by key, or by a pattern with `*`, `?` or `[...]`. An exact key beats a pattern.
        opt "actions" actions: Table<Selector, RawAction>,
        /// Scopes that the vendor added and that you reviewed; they are requested by the next apply.
        opt "accept_scopes" accept_scopes: Vec<Spanned<WantedScope>>,
        /// What to accept when two settings are swapped and no order of writes avoids a window.
        opt "on_swap" on_swap: Spanned<OnSwap>,
        /// What people and Rego rules should know about the integration: `{owner: content-team, ticket: SEC-142}`.
        opt "labels" labels: RawLabels,
    }
}

record! {
    /// The OAuth client of an integration.
    RawOauth {
        /// Whose client is used, and whether scopes follow the enabled actions.
        req "mode" mode: Spanned<Mode>,
        /// Your own OAuth client; for `sync` and `fixed`.
        opt "client" client: RawClient,
        /// The requested scopes, exactly; for `fixed`. `recommended` is the platform's list for all actions.
        opt "scopes" scopes: RawScopes,
        /// Narrower scopes that are enough in your tenant; for `fixed`.
        opt "substitutes" substitutes: Vec<RawSubstitute>,
    }
}

record! {
    /// Your own OAuth client.
    RawClient {
        /// The OAuth client id. Public.
        req "id" id: Spanned<Filled<ClientId>>,
        /// The provider tenant, where the provider wants one.
        opt "tenant" tenant: Spanned<Filled<String>>,
        /// Where the client secret is, never the secret itself.
        opt "secret" secret: RawSecret,
    }
}

record! {
    /// A reviewed claim that a narrower scope is enough for some actions.
    RawSubstitute {
        /// The scope that is requested instead.
        req "scope" scope: Spanned<WantedScope>,
        /// The declared scopes that it stands in for.
        req "for" stands_for: Vec<Spanned<WantedScope>>,
        /// The actions that it was reviewed for.
        req "actions" actions: Vec<Spanned<ActionKey>>,
        /// Why it is enough.
        req "reason" reason: Spanned<Prose>,
        /// The last day on which the claim holds.
        opt "until" until: Spanned<Date>,
    }
}

record! {
    /// Where a secret is.
    RawSecretRecord {
        /// The environment variable that holds the secret when `apply` runs.
        opt "env" env: Spanned<String>,
        /// The file that holds the secret when `apply` runs.
        opt "file" file: Spanned<String>,
        /// A label of your choice; change it to declare that the secret was rotated.
        opt "version" version: Spanned<String>,
    }
}

/// A legal secret reference.
#[derive(Debug)]
pub(super) struct RawSecret(pub SecretReference);

impl Shape for RawSecret {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        let literal = |reader: &mut Reader<'_>, at| {
            let diagnostic = reader
                .error(Code::LiteralSecret, at, "a secret is written into the file")
                .label("the value is not printed")
                .help("write `{env: NAME}` or `{file: PATH}`; rotate the secret that was written here");
            reader.report(diagnostic);
        };
        let entries = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => {
                reader.wrong_type(
                    node,
                    key,
                    "a secret reference",
                    "write `{env: NAME}`".to_owned(),
                );
                return None;
            }
            Value::Scalar { text, .. } if let Some(refusal) = interpolated(text) => {
                let help = "write `{env: NAME}`, with the name of the variable alone";
                let diagnostic = reader.error(refusal.code, node.span, refusal.message).help(help);
                reader.report(diagnostic);
                return None;
            }
            Value::Scalar { .. } | Value::Seq(_) => {
                literal(reader, key);
                return None;
            }
        };
        let value = entries.iter().find(|(name, _)| {
            matches!(name.value.as_str(), "value" | "literal" | "plain" | "text" | "secret")
        });
        if let Some((name, _)) = value {
            literal(reader, name.span);
            return None;
        }
        let record = RawSecretRecord::read_entries(entries, key, reader);
        let fail = |reader: &mut Reader<'_>, at, message: &str, help: &str| {
            let diagnostic = reader.error(Code::InvalidSecretReference, at, message).help(help);
            reader.report(diagnostic);
            None
        };
        let source = match (record.env, record.file) {
            (Some(env), None) => {
                if !is_variable_name(&env.value.value) {
                    let message = "this is not the name of an environment variable";
                    let help = "write the name of the variable, not its value; if a secret was written here, rotate it";
                    return fail(reader, env.key, message, help);
                }
                SecretSource::Env(env.value.value)
            }
            (None, Some(file)) => {
                if file.value.value.trim().is_empty() {
                    return fail(reader, file.key, "the path is empty", "write the path of a file");
                }
                SecretSource::File(file.value.value)
            }
            (Some(_), Some(file)) => {
                let message = "a secret is in one place, and two are named";
                return fail(reader, file.key, message, "keep `env` or `file`");
            }
            (None, None) => {
                if record.written.iter().any(|key| matches!(*key, "env" | "file")) {
                    return None;
                }
                let message = "the secret reference names no place";
                return fail(reader, key, message, "write `{env: NAME}` or `{file: PATH}`");
            }
        };
        let version = record.version.map(|field| field.value.value);
        Some(Self(SecretReference { source, version }))
    }

    fn schema() -> Json {
        let mut schema = RawSecretRecord::schema();
        if let Json::Object(object) = &mut schema {
            object
                .insert("oneOf".into(), json!([{ "required": ["env"] }, { "required": ["file"] }]));
        }
        schema
    }
}

/// A list of fixed scopes, or the word for the platform's.
#[derive(Debug)]
pub(super) enum RawScopes {
    Recommended,
    List(Vec<Spanned<WantedScope>>),
}

/// The word for the platform's list.
const RECOMMENDED: &str = "recommended";

fn is_recommended(item: &Node) -> bool {
    matches!(&item.value, Value::Scalar { text, .. } if text.eq_ignore_ascii_case(RECOMMENDED))
}

impl Shape for RawScopes {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, .. } if text == RECOMMENDED => Some(Self::Recommended),
            Value::Scalar { text, .. } if text.eq_ignore_ascii_case(RECOMMENDED) => {
                let message = format!("`{text}` is neither a list nor `{RECOMMENDED}`");
                let diagnostic = reader.error(Code::InvalidValue, node.span, message);
                reader.report(diagnostic.help(format!("did you mean `{RECOMMENDED}`?")));
                None
            }
            // In a list it would be a scope of that name, and no provider has one.
            Value::Seq(items) if items.iter().any(is_recommended) => {
                for item in items.iter().filter(|item| is_recommended(item)) {
                    let message =
                        format!("`{RECOMMENDED}` stands for a whole list and is no scope in one");
                    let diagnostic = reader.error(Code::InvalidValue, item.span, message);
                    reader.report(diagnostic.help(format!(
                        "write `scopes: {RECOMMENDED}` and nothing else, or only the scopes that you mean"
                    )));
                }
                None
            }
            Value::Scalar { .. } | Value::Seq(_) | Value::Null | Value::Map(_) => {
                Vec::read(node, key, reader).map(Self::List)
            }
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "const": "recommended", "description": "The platform's scopes for all actions, resolved and printed by plan." },
            { "type": "array", "minItems": 1, "items": WantedScope::schema() },
        ] })
    }
}

/// Which actions a line is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Selector {
    Key(ActionKey),
    Glob(String),
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(out),
            Self::Glob(pattern) => out.write_str(pattern),
        }
    }
}

impl Leaf for Selector {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        if !text.contains(['*', '?', '[']) {
            return ActionKey::parse(text, plain).map(Self::Key);
        }
        let fail = |why: &str| {
            let message = format!("`{text}` is not a pattern over action keys");
            Err(Refusal::new(Code::InvalidGlob, message, why))
        };
        let legal = |c: char| {
            c.is_ascii_alphanumeric()
                || matches!(c, '-' | '_' | '.' | ':' | '*' | '?' | '[' | ']' | '!')
        };
        if !text.chars().all(legal) {
            return fail(
                "use letters, digits, `-`, `_`, `.`, `:` and the signs `*`, `?`, `[...]`, `[!...]`",
            );
        }
        if text.len() > 200 {
            return fail("it is longer than 200 bytes");
        }
        match GlobBuilder::new(text).build() {
            Ok(_) => Ok(Self::Glob(text.to_owned())),
            Err(error) => fail(&error.kind().to_string()),
        }
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9_.:*?!\\[\\]-]+$", "maxLength": 200 })
    }
}
