//! scopeform: declare the OAuth scopes, actions and sharing of your integrations in YAML; plan and apply the difference.
//!
//! ```text
//! YAML files -> config (spans kept) -> Desired        Platform reader -> Snapshot
//! (Catalog, Desired, Snapshot, today) -> plan -> Plan { changes, operations, effects, findings }
//! Plan -> render: text | json | diff
//! Snapshot -> snapshot (names taken out) -> file -> Snapshot, for plans without credentials
//! Plan -> seal -> SealedPlan -> Consent -> ApprovedPlan -> apply(writer) -> Report
//! ```
//!
//! The core (everything that compiles without features) does no IO, reads no clock and knows no terminal.

pub mod model;
pub mod platform;

pub mod config;
pub mod diag;
pub mod source;

pub mod apply;
pub mod plan;
pub mod render;
pub mod seal;
pub mod snapshot;

#[cfg(feature = "rego")]
pub mod rego;

#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "cli")]
pub mod cli;
