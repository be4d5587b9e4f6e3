//! Names of things on TrustPager, each its own type.

use crate::model::id::{dotted, label, name_type, slug};

name_type!(
    /// An OAuth client's name, such as `Claude Connection`: what the admin portal shows and files declare.
    ClientName,
    "OAuth client name",
    label,
    "control characters and `/` are not allowed",
    |text| text.into()
);

name_type!(
    /// An API key's name, such as `nightly export`.
    KeyName,
    "API key name",
    label,
    "control characters and `/` are not allowed",
    |text| text.into()
);

name_type!(
    /// A resource of the workspace, such as `contacts`: the part of a scope value before the colon.
    ResourceKey,
    "resource",
    slug,
    "use lower-case letters, digits, `-` and `_`",
    |text| text.into()
);

name_type!(
    /// An access tier by its catalogue key, such as `delete_with_approval`.
    Tier,
    "tier",
    slug,
    "use lower-case letters, digits, `-` and `_`",
    |text| text.into()
);

name_type!(
    /// Something that can be done to a resource: `read`, `write`, `delete`, `send`, `use`, or a verb of its own.
    Verb,
    "verb",
    slug,
    "use lower-case letters, digits, `-` and `_`",
    |text| text.into()
);

name_type!(
    /// A company role, such as `read_only_viewer`.
    RoleKey,
    "role",
    slug,
    "use lower-case letters, digits, `-` and `_`",
    |text| text.into()
);

name_type!(
    /// A token's id on the platform. Not the token.
    TokenId,
    "token id",
    dotted,
    "use letters, digits, `-`, `_`, `.` and `:`",
    |text| text.into()
);
