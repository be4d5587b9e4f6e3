//! The smallest values: names, scopes, dates, switches, words.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::shape::{Leaf, Refusal, words};
use crate::diag::Code;
use crate::model::{ActionKey, ClientId, GroupKey, IntegrationKey, Scope, UserId, WorkspaceId};
use crate::plan::Severity;
use crate::platform::Kind;
use crate::platform::odeus::catalog::{ActionKind, Auth, Feature};
use crate::platform::odeus::desired::{OnSwap, Unlisted};
use crate::platform::odeus::state::{Deployment, Mode, Role};

impl Leaf for String {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        Ok(text.to_owned())
    }

    fn schema() -> Json {
        json!({ "type": ["string", "number", "boolean"] })
    }
}

/// Titles, descriptions, reasons: what people write for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prose(pub String);

impl Leaf for Prose {
    const PROSE: bool = true;

    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        String::parse(text, plain).map(Self)
    }

    fn schema() -> Json {
        String::schema()
    }
}

impl Leaf for bool {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        match (text, plain) {
            ("true", true) => Ok(true),
            ("false", true) => Ok(false),
            _ => Err(Refusal::new(
                Code::InvalidValue,
                format!("`{text}` is neither `true` nor `false`"),
                "write `true` or `false`, without quotes",
            )),
        }
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }

    fn instead_of_boolean(text: &str) -> String {
        let truth = ["yes", "on"].iter().any(|word| text.eq_ignore_ascii_case(word));
        format!("write `{truth}`")
    }
}

macro_rules! names {
    ($($type:ty, $what:literal, $pattern:expr;)*) => {$(
        impl Leaf for $type {
            fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
                Self::try_from(text).map_err(|error| {
                    let message = format!(concat!("`{}` is not a valid ", $what), text);
                    Refusal::new(Code::InvalidName, message, error.why())
                })
            }

            fn schema() -> Json {
                match $pattern {
                    Some(pattern) => json!({ "type": "string", "pattern": pattern, "maxLength": 200 }),
                    None::<&str> => {
                        json!({ "type": ["string", "number"], "minLength": 1, "maxLength": 200 })
                    }
                }
            }
        }
    )*};
}

pub(super) use names;

names! {
    WorkspaceId, "workspace name", Some("^[a-z0-9_-]+$");
    IntegrationKey, "integration key", Some("^[a-z0-9_-]+$");
    ActionKey, "action key", Some("^[A-Za-z0-9_.:-]+$");
    UserId, "user", Some("^[!-~]+$");
    GroupKey, "group", None;
    ClientId, "client id", None;
}

impl Leaf for Scope {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        Self::try_from(text).map_err(|error| {
            let parts: Vec<&str> = text
                .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
                .filter(|part| !part.is_empty())
                .collect();
            let help = match parts.as_slice() {
                [] => "remove the empty item".to_owned(),
                [one] if *one != text => format!("write `{one}`"),
                [_] => error.why().to_owned(),
                several => format!("write each as its own item: `{}`", several.join(", ")),
            };
            Refusal::new(Code::InvalidScope, format!("`{text}` is not one OAuth scope"), help)
        })
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[\\x21\\x23-\\x2B\\x2D-\\x5B\\x5D-\\x7E]{1,500}$" })
    }
}

/// A scope that somebody asks for, so without a placeholder (domain case 18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedScope(pub Scope);

impl Leaf for WantedScope {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        let scope = Scope::parse(text, plain)?;
        match scope.placeholder() {
            None => Ok(Self(scope)),
            Some(placeholder) => Err(Refusal::new(
                Code::ScopePlaceholder,
                format!("nobody has filled in `{placeholder}` in scope `{scope}`"),
                if placeholder.to_ascii_lowercase().contains("url") {
                    format!("write your own address in place of `{placeholder}`")
                } else {
                    format!(
                        "write what is meant in place of `{placeholder}`; nothing is put in from outside"
                    )
                },
            )),
        }
    }

    fn schema() -> Json {
        json!({
            "type": "string",
            "pattern": "^[\\x21\\x23-\\x2B\\x2D-\\x5B\\x5D-\\x7A\\x7C\\x7E]{1,500}$",
            "description": "One OAuth scope-token, as the provider writes it. Case matters.",
        })
    }
}

impl Leaf for Date {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let shaped = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = if shaped { text.parse().ok() } else { None };
        date.ok_or_else(|| {
            let message = format!("`{text}` is not a date");
            Refusal::new(Code::InvalidDate, message, "write year, month, day: `2027-03-01`")
        })
    }

    fn schema() -> Json {
        json!({ "type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$" })
    }
}

/// The code of a finding. Which codes there are is the planner's to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FindingCode(pub String);

impl Leaf for FindingCode {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !text.is_empty() && text.len() <= 100 && text.chars().all(legal) {
            return Ok(Self(text.to_owned()));
        }
        let message = format!("`{text}` is not the code of a finding");
        let help = "codes have lower-case letters and `-`, such as `unknown-scope`";
        Err(Refusal::new(Code::InvalidName, message, help))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9-]{1,100}$" })
    }
}

/// The version of the configuration language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version;

impl Leaf for Version {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        match (text, plain) {
            ("1", true) => Ok(Self),
            ("1", false) => Err(Refusal::new(
                Code::InvalidValue,
                "the version is a number",
                "write `version: 1`, without quotes",
            )),
            _ => Err(Refusal::new(
                Code::UnsupportedVersion,
                format!("version `{text}` of the language is not known"),
                "write `version: 1`, or use a later release of this program",
            )),
        }
    }

    fn schema() -> Json {
        json!({ "const": 1 })
    }
}

impl Leaf for Kind {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
            let mut refusal = super::shape::not_a_word(text, "platform", (&known, None), &[]);
            refusal.code = Code::UnknownPlatform;
            refusal
        })
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>() })
    }
}

/// Where the live system answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The control plane inside this program.
    Embedded,
    /// Scheme, host, port and path of a control plane.
    Url(String),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => out.write_str("embedded"),
            Self::Url(url) => out.write_str(url),
        }
    }
}

impl Leaf for Endpoint {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        let fail =
            |message: String, help: &str| Err(Refusal::new(Code::InvalidEndpoint, message, help));
        // Whether `http://` may be used is asked where the token is sent: the command line can allow it.
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest else {
            return fail(
                format!("`{text}` is neither `embedded` nor an address"),
                "write `embedded`, or an address such as `https://odeus.example.com`",
            );
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // The text may hold a password, so it is not repeated.
        if authority.contains('@') {
            return fail(
                "the endpoint holds a user name or password".to_owned(),
                "remove it: the token comes from `SCOPEFORM_TOKEN` or `SCOPEFORM_TOKEN_FILE`",
            );
        }
        let host = match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let legal = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`');
        // Neither is a query, which may hold a token.
        if rest.contains(['?', '#']) {
            return fail(
                "the endpoint holds a query or a fragment".to_owned(),
                "write scheme, host and path only: `https://odeus.example.com`",
            );
        }
        if host.is_empty() || !rest.chars().all(legal) {
            return fail(
                format!("`{text}` is not the address of a live system"),
                "write scheme and host: `https://odeus.example.com`",
            );
        }
        Ok(Self::Url(text.trim_end_matches('/').to_owned()))
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "const": "embedded", "description": "The control plane inside this program." },
            { "type": "string", "format": "uri", "pattern": "^https?://[^@?#]+$" },
        ] })
    }
}

words!(Mode, "client mode", {
    "managed" => Self::Managed, "The platform's own OAuth client; scopes follow the enabled actions.";
    "sync" => Self::Sync, "Your own OAuth client; scopes follow the enabled actions.";
    "fixed" => Self::Fixed, "Your own OAuth client with a list of scopes that you write by hand.";
} slips { "odeus" => "managed"; "custom" => "sync"; "synced" => "sync"; "manual" => "fixed"; });

words!(Unlisted, "policy for unlisted actions", {
    "keep" => Self::Keep, "No opinion: actions that no line names stay as they are.";
    "disabled" => Self::Disabled, "Actions that no line names are turned off; native ones never.";
} slips { "disable" => "disabled"; "false" => "disabled"; "true" => "keep"; });

words!(OnSwap, "choice for a swap", {
    "outage" => Self::Outage, "Something may stop for a moment.";
    "excess" => Self::Excess, "Something may be granted for a moment that is granted neither before nor after.";
});

words!(Severity, "severity", {
    "note" => Self::Note, "Good to know.";
    "warning" => Self::Warning, "Should be read before approving.";
    "blocker" => Self::Blocker, "Stops the plan from being applied.";
} slips { "error" => "blocker"; "info" => "note"; "warn" => "warning"; });

words!(Deployment, "deployment", {
    "multi_tenant" => Self::MultiTenant, "The vendor's cloud, where managed clients exist.";
    "dedicated" => Self::Dedicated, "A deployment of its own: custom clients only.";
});

words!(Role, "role", {
    "admin" => Self::Admin, "May change access, and keeps access to everything.";
    "editor" => Self::Editor, "May use what is shared; may not change access.";
    "member" => Self::Member, "May use what is shared.";
});

words!(Auth, "way to connect", {
    "oauth" => Self::Oauth, "OAuth 2.0: scopes exist.";
    "api_key" => Self::ApiKey, "A key pasted by an admin: no scopes.";
    "none" => Self::None, "No credentials at all.";
});

words!(ActionKind, "kind of action", {
    "action" => Self::Action, "Called on demand.";
    "trigger" => Self::Trigger, "Polls and starts a workflow.";
});

words!(Feature, "platform feature", {
    "file_attachments" => Self::FileAttachments, "File attachments from integrations in chat and agents.";
    "folder_sync" => Self::FolderSync, "Folder syncing.";
    "company_knowledge" => Self::CompanyKnowledge, "Company knowledge.";
    "attachment_access_checks" => Self::AttachmentAccessChecks, "Access checks for synchronized attachments.";
    "id_resolution" => Self::IdResolution, "Resolving ids to resource names in action calls and workflows.";
});
