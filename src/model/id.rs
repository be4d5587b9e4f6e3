//! Names of things, each its own type, so that a group cannot be passed where a user is meant.

use std::cmp::Ordering;
use std::sync::Arc;

use thiserror::Error;

/// A text that cannot name the thing it was meant for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a valid {kind}: {why}")]
pub struct InvalidName {
    kind: &'static str,
    text: String,
    why: &'static str,
}

impl InvalidName {
    /// Returns the rule that the text broke, without the text.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.why
    }
}

pub(crate) fn check(
    kind: &'static str,
    text: &str,
    legal: fn(char) -> bool,
    why: &'static str,
) -> Result<(), InvalidName> {
    let fail = |why| Err(InvalidName { kind, text: text.to_owned(), why });
    if text.is_empty() {
        return fail("it is empty");
    }
    if text.len() > 200 {
        return fail("it is longer than 200 bytes");
    }
    if text.chars().all(legal) { Ok(()) } else { fail(why) }
}

/// Compares by bytes. Most names that are compared are copies of one another, which one look at their place tells.
pub(crate) fn byte_order(one: &Arc<str>, other: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
}

/// Declares a name of its own type: checked on construction, transparent in JSON.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $legal:expr, $why:literal, $normal:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                $crate::model::id::byte_order(&self.0, &other.0)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $name {
            /// Returns the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::model::InvalidName;
            fn try_from(text: &str) -> Result<Self, $crate::model::InvalidName> {
                $crate::model::id::check($kind, text, $legal, $why)?;
                let normal: fn(&str) -> std::sync::Arc<str> = $normal;
                Ok(Self(normal(text)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::model::InvalidName;
            fn try_from(text: String) -> Result<Self, $crate::model::InvalidName> {
                Self::try_from(text.as_str())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, out)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": 200 })
            }
        }
    };
}

pub(crate) use name_type;

pub(crate) fn slug(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')
}

pub(crate) fn dotted(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}

fn printable(c: char) -> bool {
    c.is_ascii_graphic()
}

pub(crate) fn label(c: char) -> bool {
    !c.is_control() && c != '/'
}

name_type!(
    /// One tenant on one platform: the unit of plan, approval and apply.
    WorkspaceId,
    "workspace name",
    slug,
    "use lower-case letters, digits, `-` and `_`",
    |text| text.into()
);

name_type!(
    /// A third-party system reached by OAuth, by its catalogue key, such as `outlook-calendar`.
    IntegrationKey,
    "integration key",
    slug,
    "use lower-case letters, digits, `-` and `_`",
    |text| text.into()
);

name_type!(
    /// One callable operation of an integration, by its catalogue key. Case matters: some vendors tell actions apart
    /// by case only.
    ActionKey,
    "action key",
    dotted,
    "use letters, digits, `-`, `_`, `.` and `:`",
    |text| text.into()
);

name_type!(
    /// A user, named by e-mail address. The platform compares addresses without case (domain case 44), so the value is
    /// kept in lower case.
    UserId,
    "user",
    printable,
    "use printable ASCII without spaces",
    |text| text.to_ascii_lowercase().into()
);

name_type!(
    /// A group of users, by its key. It may be owned by an identity provider and vanish outside this tool.
    GroupKey,
    "group",
    label,
    "control characters and `/` are not allowed",
    |text| text.into()
);

name_type!(
    /// An OAuth `client_id` (RFC 6749 section 2.2). Public, not a secret.
    ClientId,
    "client id",
    printable,
    "use printable ASCII without spaces",
    |text| text.into()
);
