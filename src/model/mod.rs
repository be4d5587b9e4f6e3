//! The shared vocabulary: ids, scopes, access, addresses, effects, privilege.
//!
//! Inert values only. Nothing here reads a clock, a file or a socket, and nothing here knows YAML, HTTP or a terminal.
//! A value that exists is legal: the only doors are `TryFrom<&str>` and constructors that check.
//!
//! ```
//! use scopeform::model::{Scope, ScopeSet};
//! let read = Scope::try_from("Files.Read.All")?;
//! assert!(Scope::try_from("Files.Read.All, Mail.Send").is_err());
//! assert!(ScopeSet::from_iter([read.clone()]).contains(&read));
//! # Ok::<(), scopeform::model::InvalidScope>(())
//! ```

mod access;
mod address;
pub mod deceptive;
mod effect;
pub(crate) mod id;
mod lattice;
mod near;
mod privilege;
mod scope;
mod sides;

pub use access::{Access, EmptyPrincipals, Principal, Principals};
pub use address::Address;
pub use effect::{Effect, UseChange};
pub use id::{ActionKey, ClientId, GroupKey, IntegrationKey, InvalidName, UserId, WorkspaceId};
pub use lattice::Reach;
pub use near::{is_slip, nearest, some_of};
pub use privilege::{
    Cause, CauseKind, Direction, LetsIn, PrivilegeChange, PrivilegeDelta, PrivilegeLevel, REFUSED,
    Right, ScopeAccess, TierGrade, TierMove, tier_words,
};
pub use scope::{InvalidScope, Scope, ScopeDelta, ScopeSet};
pub use sides::Sides;
