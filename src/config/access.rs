//! Who may use a thing, as it is written: a word, a list of users and groups, never both (domain cases 2, 3, 38).

use serde_json::{Value as Json, json};

use super::leaf::Prose;
use super::shape::{Field, Leaf, Reader, Shape, is_none, record, words};
use super::yaml::{Node, Value};
use crate::diag::Code;
use crate::model::{Access, GroupKey, Principal, UserId};
use crate::source::{Span, Spanned};

record! {
    /// Specific users and groups.
    RawPrincipals {
        /// Users, by e-mail address. Case does not matter.
        opt "users" users: Vec<Spanned<UserId>>,
        /// Groups, by their key. Who joins later is included.
        opt "groups" groups: Vec<Spanned<GroupKey>>,
    }
}

/// Everyone or nobody, in the words that integrations use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    Everyone,
    Nobody,
}

words!(Reach, "access setting", {
    "everyone" => Self::Everyone, "Available to all users of the workspace.";
    "nobody" => Self::Nobody, "Off: nobody but workspace admins.";
} slips { "all" => "everyone"; "true" => "everyone"; "enabled" => "everyone"; "any" => "everyone";
    "none" => "nobody"; "false" => "nobody"; "disabled" => "nobody"; "off" => "nobody"; }
    or "{users: [...], groups: [...]}");

/// Enabled or disabled, in the words that actions use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Switch {
    Enabled,
    Disabled,
}

words!(Switch, "action setting", {
    "enabled" => Self::Enabled, "Available to all users who may use the integration.";
    "disabled" => Self::Disabled, "Off: nobody but workspace admins.";
} slips { "true" => "enabled"; "everyone" => "enabled"; "all" => "enabled"; "enable" => "enabled";
    "false" => "disabled"; "nobody" => "disabled"; "none" => "disabled"; "disable" => "disabled"; }
    or "{users: [...], groups: [...]}");

/// Who may use an integration or, under `access`, an action.
#[derive(Debug)]
pub(super) struct RawAccess {
    /// Who, and where each of them stands.
    pub access: Access,
    /// The list as written, in its order.
    pub listed: Vec<Spanned<Principal>>,
}

impl RawAccess {
    const fn word(access: Access) -> Self {
        Self { access, listed: Vec::new() }
    }

    /// Reads a list; `nobody` is the word that says what an empty list might have meant.
    fn list(
        entries: &[(Spanned<String>, Node)],
        key: Span,
        nobody: &str,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        if conflict(entries, nobody, reader) {
            return None;
        }
        // A word for none, where no other list names anybody: that list would be the next mistake if it were empty.
        let (none, entries): (Vec<_>, Vec<_>) = match entries.iter().any(|(_, value)| names(value))
        {
            true => (Vec::new(), entries.to_vec()),
            false => entries.iter().cloned().partition(|(name, value)| {
                RawPrincipals::KEYS.contains(&name.value.as_str())
                    && (is_none(&value.value) || matches!(value.value, Value::Null))
            }),
        };
        for (name, value) in &none {
            let help = format!(
                "write `{nobody}` in place of the whole share list, or name at least one user or group"
            );
            reader.wrong_type(value, name.span, "a list", help);
        }
        let principals = RawPrincipals::read_entries(&entries, key, reader);
        let users = principals.users.iter().flat_map(|field| &field.value);
        let groups = principals.groups.iter().flat_map(|field| &field.value);
        let users = users.map(|user| Spanned::new(Principal::User(user.value.clone()), user.span));
        let groups =
            groups.map(|group| Spanned::new(Principal::Group(group.value.clone()), group.span));
        let listed: Vec<_> = users.chain(groups).collect();
        if listed.is_empty() {
            let declared = none.is_empty()
                && entries.iter().all(|(_, value)| match &value.value {
                    Value::Seq(items) => items.is_empty(),
                    Value::Null | Value::Scalar { .. } | Value::Map(_) => false,
                });
            if declared {
                let at = entries.first().map_or(key, |(name, _)| name.span);
                let diagnostic = reader
                    .error(Code::EmptyShareList, at, "the share list names nobody")
                    .help(format!("write `{nobody}`, or name at least one user or group"));
                reader.report(diagnostic);
            }
            return None;
        }
        let access = Access::only(listed.iter().map(|principal| principal.value.clone()));
        Some(Self { access, listed })
    }
}

/// Returns whether a list has an item.
const fn names(list: &Node) -> bool {
    matches!(&list.value, Value::Seq(items) if !items.is_empty())
}

/// Reports a switch and a list side by side, or a switch written as a mapping.
fn conflict(entries: &[(Spanned<String>, Node)], nobody: &str, reader: &mut Reader<'_>) -> bool {
    let words = ["everyone", "all", "nobody", "none", "enabled", "disabled"];
    let switch = entries.iter().find(|(key, _)| words.contains(&key.value.as_str()));
    let list = entries.iter().find(|(key, _)| matches!(key.value.as_str(), "users" | "groups"));
    let Some((switch, _)) = switch else { return false };
    let everyone = if nobody == "nobody" { "everyone" } else { "enabled" };
    let diagnostic = match list {
        Some((list, _)) => reader
            .error(
                Code::ConflictingAccess,
                switch.span,
                format!("`{}` stands beside a share list", switch.value),
            )
            .label("one answer to who may use it")
            .related(reader.origin(list.span), "another answer")
            .help(format!("keep the list, or write `{everyone}` or `{nobody}` in its place")),
        None => reader
            .error(Code::UnknownKey, switch.span, format!("unknown key `{}`", switch.value))
            .help(format!("write `{everyone}` or `{nobody}` as the value, without a mapping")),
    };
    reader.report(diagnostic);
    true
}

impl Shape for RawAccess {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => Self::list(entries, key, "nobody", reader),
            Value::Scalar { .. } => {
                let word = Spanned::<Reach>::read(node, key, reader)?;
                Some(Self::word(match word.value {
                    Reach::Everyone => Access::Everyone,
                    Reach::Nobody => Access::Nobody,
                }))
            }
            Value::Null | Value::Seq(_) => {
                let help = "write `everyone`, `nobody` or `{users: [...], groups: [...]}`";
                reader.wrong_type(node, key, "who has access", help.to_owned());
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [<Reach as Leaf>::schema(), RawPrincipals::schema()] })
    }
}

record! {
    /// Who may run the action, with a claim about scopes.
    RawActionRecord {
        /// Who may run the action: `everyone`, `nobody`, or specific users and groups.
        req "access" access: RawAccess,
        /// Fixed mode only: the reason why the action may be on although required scopes are missing from the list.
        opt "accept_missing_scopes" accept_missing_scopes: Spanned<Prose>,
    }
}

/// What the file says about an action.
#[derive(Debug)]
pub(super) struct RawAction {
    /// Who may run it.
    pub access: RawAccess,
    /// Why missing scopes are fine.
    pub accept: Option<Field<Spanned<Prose>>>,
}

impl Shape for RawAction {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Scalar { .. } => {
                let word = Spanned::<Switch>::read(node, key, reader)?;
                let access = RawAccess::word(match word.value {
                    Switch::Enabled => Access::Everyone,
                    Switch::Disabled => Access::Nobody,
                });
                Some(Self { access, accept: None })
            }
            Value::Map(entries) => {
                let find = |wanted: &[&str]| {
                    entries.iter().find(|(key, _)| wanted.contains(&key.value.as_str()))
                };
                let long = find(RawActionRecord::KEYS);
                let list = find(RawPrincipals::KEYS);
                match (long, list) {
                    (None, _) => {
                        let access = RawAccess::list(entries, key, "disabled", reader)?;
                        Some(Self { access, accept: None })
                    }
                    (Some((beside, _)), Some((list, _))) => {
                        let diagnostic = reader
                            .error(
                                Code::ConflictingAccess,
                                list.span,
                                format!("a share list stands beside `{}`", beside.value),
                            )
                            .related(reader.origin(beside.span), "beside this")
                            .help("put the list under `access`: `{access: {groups: [...]}, ...}`");
                        reader.report(diagnostic);
                        None
                    }
                    (Some(_), None) => {
                        let record = RawActionRecord::read_entries(entries, key, reader);
                        let access = record.access?.value;
                        Some(Self { access, accept: record.accept_missing_scopes })
                    }
                }
            }
            Value::Null | Value::Seq(_) => {
                let help = "write `enabled`, `disabled` or `{users: [...], groups: [...]}`";
                reader.wrong_type(node, key, "an action setting", help.to_owned());
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            <Switch as Leaf>::schema(), RawPrincipals::schema(), RawActionRecord::schema(),
        ] })
    }
}
