//! `protect` and `limits`: rules about plans that stand outside the blocks that they are about.

use serde_json::{Value as Json, json};

use super::leaf::Prose;
use super::lower::Builder;
use super::shape::{Field, Leaf, Reader, Refusal, Shape, quoted, record};
use super::yaml::{Node, Value};
use crate::diag::Code;
use crate::model::{Address, nearest};
use crate::plan::guard::Limit;
use crate::plan::policy::{Limits, Protected};
use crate::platform::Kind;
use crate::source::{Span, Spanned};

record! {
    /// The most that one plan may do. A plan over a limit is blocked unless that very plan is accepted with `--accept`.
    RawLimits {
        /// Scopes, uses, tiers, tokens and API keys that one plan may take away.
        opt "removals" removals: RawRemovals,
        /// People who must reconnect, or whose tokens change or end. Counted again by apply.
        opt "people" people: Spanned<Count>,
        /// Actions that stop although they stay on. On Odeus.
        opt "broken_actions" broken_actions: Spanned<Count>,
    }
}

record! {
    /// How much may be removed: a number, a share of what is there, or both, and then whichever is exceeded first.
    RawRemovals {
        /// The most removals.
        opt "count" count: Spanned<Count>,
        /// The most removals of what is there in the whole workspace, such as `20%`.
        opt "share" share: Spanned<Share>,
    }
}

record! {
    /// What no plan may narrow or remove, and why.
    RawProtectedRecord {
        /// An address as plans print it, with everything below it. `*` stands for any text within one segment.
        req "address" address: Spanned<Pattern>,
        /// Why. Findings repeat it.
        opt "reason" reason: Spanned<Prose>,
    }
}

/// A protection: an address alone, or with a reason.
#[derive(Debug)]
pub(super) struct RawProtected {
    address: Option<Spanned<Pattern>>,
    reason: Option<Spanned<Prose>>,
}

impl Shape for RawProtected {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            let raw = RawProtectedRecord::read(node, key, reader)?;
            let RawProtectedRecord { written: _, address, reason } = raw;
            return Some(Self {
                address: address.map(|field| field.value),
                reason: reason.map(|field| field.value),
            });
        }
        Some(Self { address: Some(Spanned::read(node, key, reader)?), reason: None })
    }

    fn schema() -> Json {
        json!({ "anyOf": [Pattern::schema(), RawProtectedRecord::schema()] })
    }
}

/// An address in which `*` stands for any text within a segment.
#[derive(Debug, Clone)]
pub(super) struct Pattern(String);

impl Leaf for Pattern {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let fail = |why: &str| {
            let message = format!("`{text}` is not the address of something");
            Err(Refusal::new(Code::InvalidProtection, message, why))
        };
        if text.is_empty() || text.len() > 1_000 || text.chars().any(char::is_control) {
            return fail("write one address, such as `sharepoint/actions/get_page`");
        }
        if text.starts_with('/') || text.ends_with('/') && !text.contains("/oauth/scopes/") {
            return fail(
                "an address neither begins nor ends with `/`; what is below is protected too",
            );
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": 1000, "pattern": "^[^/]" })
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(u32);

impl Leaf for Count {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        let digits = plain && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Self(number)),
            _ => {
                let help = match text.strip_suffix('%') {
                    Some(_) => "a share goes under `removals`: `removals: {share: 20%}`",
                    None => "write a whole number from 0, without quotes",
                };
                let message = format!("`{text}` is not a number of things");
                Err(Refusal::new(Code::InvalidLimit, message, help))
            }
        }
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
    }
}

/// A share in per cent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share(u8);

impl Leaf for Share {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u32>().ok().filter(|_| digits)
        };
        let fail =
            |message: String, help: String| Err(Refusal::new(Code::InvalidLimit, message, help));
        match (text.strip_suffix('%').map(number), number(text)) {
            (Some(Some(share)), _) if share > 100 => {
                fail(format!("`{text}` is more than everything"), "write at most `100%`".to_owned())
            }
            (Some(Some(share)), _) => Ok(Self(u8::try_from(share).unwrap_or(100))),
            (None, Some(share)) => fail(
                format!("`{text}` is a number, and a share is meant"),
                format!("write `{share}%`, or `count: {share}`"),
            ),
            (Some(None) | None, _) => fail(
                format!("`{text}` is not a share"),
                "write whole per cent from `0%` to `100%`".to_owned(),
            ),
        }
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^(100|[0-9]{1,2})%$" })
    }
}

impl Builder {
    /// Takes in the protections of one document: several files add up.
    pub(super) fn protect(&mut self, list: &[RawProtected], kind: Kind, reader: &mut Reader<'_>) {
        for raw in list {
            let Some(Spanned { value: Pattern(address), span }) = &raw.address else { continue };
            if let Some(help) = misplaced(address, kind) {
                let message = format!("nothing on {kind} has an address like `{address}`");
                let diagnostic = reader.error(Code::InvalidProtection, *span, message).help(help);
                reader.report(diagnostic);
                continue;
            }
            let reason = raw.reason.as_ref().map(|reason| reason.value.0.trim().to_owned());
            if let (Some(text), Some(given)) = (&reason, &raw.reason)
                && text.is_empty()
            {
                let diagnostic = reader
                    .error(Code::InvalidProtection, given.span, "the reason is empty")
                    .help("say why, or remove the key");
                reader.report(diagnostic);
                continue;
            }
            self.origins.note(Address::of(&["protect", address]), reader.origin(*span));
            let rule = Protected { address: address.clone(), reason };
            if let Err(place) = self.policy.protect.binary_search(&rule) {
                self.policy.protect.insert(place, rule);
            }
        }
    }

    /// Takes in the limits of one document: of several files the lowest ones count.
    pub(super) fn limits(&mut self, field: &Field<RawLimits>, kind: Kind, reader: &mut Reader<'_>) {
        let RawLimits { written, removals, people, broken_actions } = &field.value;
        let mut empty = |at: Span, written: &[&str], what: &str, help: &str| {
            if written.is_empty() {
                let message = format!("`{what}` limits nothing");
                let diagnostic = reader.error(Code::InvalidLimit, at, message).help(help);
                reader.report(diagnostic);
            }
        };
        empty(
            field.key,
            written,
            "limits",
            "name a limit, such as `people: 50`, or remove the key",
        );
        if let Some(field) = removals {
            let help = "write `count: 10`, `share: 20%`, or both";
            empty(field.key, &field.value.written, "removals", help);
        }
        if let (Some(field), Kind::Trustpager) = (broken_actions, kind) {
            let message = "there are no actions on trustpager that could break";
            let diagnostic = reader.error(Code::InvalidLimit, field.key, message).help(
                "remove it; `removals` counts tiers that narrow and tokens and keys that end",
            );
            reader.report(diagnostic);
        }
        let number =
            |field: &Option<Field<Spanned<Count>>>| field.as_ref().map(|field| field.value.value.0);
        let removed = removals.as_ref().map(|field| &field.value);
        let limits = Limits {
            removals: removed.and_then(|raw| number(&raw.count)),
            removals_share: removed
                .and_then(|raw| raw.share.as_ref())
                .map(|field| field.value.value.0),
            people: number(people),
            broken_actions: number(broken_actions),
        };
        for (limit, span) in [
            (Limit::Removals, removals.as_ref().map(|field| field.key)),
            (Limit::People, people.as_ref().map(|field| field.key)),
            (Limit::BrokenActions, broken_actions.as_ref().map(|field| field.key)),
        ] {
            if let Some(span) = span {
                let address = Address::of(&["limits", limit.word()]);
                self.origins.note(address, reader.origin(span));
            }
        }
        self.policy.limits.tighten(&limits);
    }
}

/// Returns what to write instead of an address that nothing on the platform can have.
fn misplaced(address: &str, kind: Kind) -> Option<String> {
    let parts: Vec<&str> = address.splitn(4, '/').collect();
    let among = |part: &str, words: &[&str], before: &str| {
        if words.contains(&part) {
            return None;
        }
        let near = nearest(part, words.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        Some(format!("{near}{before}: {}", quoted(words, ", ")))
    };
    let deepest = |most: usize, what: &str| {
        (address.split('/').count() > most).then(|| format!("nothing is below {what}"))
    };
    if parts.iter().any(|part| part.is_empty()) && parts.get(1) != Some(&"oauth") {
        return Some("a segment between two `/` is empty".to_owned());
    }
    match (kind, parts.as_slice()) {
        (Kind::Odeus, [_]) => None,
        (Kind::Odeus, ["workspace", part]) => {
            among(part, &["new_actions_enabled_by_default"], "below `workspace`")
        }
        (Kind::Odeus, ["workspace", ..]) => deepest(2, "a switch"),
        (Kind::Odeus, [_, "oauth", part, ..]) => among(part, &["scopes"], "below `oauth`"),
        (Kind::Odeus, [_, part, ..]) => {
            among(part, &["access", "actions", "oauth"], "below an integration").or_else(|| {
                match *part {
                    "access" => deepest(2, "`access`"),
                    _ => deepest(3, "an action"),
                }
            })
        }
        (Kind::Trustpager, [first, rest @ ..]) => {
            among(first, &["oauth_clients", "api_keys", "*"], "an address begins with one of")
                .or_else(|| match rest {
                    [] | [_] => None,
                    [_, part, ..] if *first == "api_keys" => {
                        among(part, &["resources", "verbs"], "below an API key")
                    }
                    [_, part, ..] => {
                        among(part, &["resources", "verbs", "tokens"], "below an OAuth client")
                    }
                })
                .or_else(|| deepest(4, "a resource or a token"))
        }
        (_, []) => None,
    }
}
