//! Snapshots: what is live, written down so that somebody without credentials can plan from it, and nothing else.
//!
//! ```text
//! Snapshot (live) --names--> Names --Recipe--> Book      Snapshot + Book -> Content -> Taken -> file + SSH signature
//! file + signers -> Taken     Desired --names--> Names --Recipe--> Known      Content + Known -> Snapshot -> planner
//! ```
//!
//! What people have named after themselves (users, OAuth clients, API keys) is in the file as a pseudonym, and read back
//! as a name only where the files at hand, or their rules, write that name; the domain of a person for itself. Everything else is chosen field by field, one document type
//! per platform, so that a new field of the state does not reach the file by itself.

mod document;
mod names;
pub mod odeus;
mod pseudonym;
mod trust;
pub mod trustpager;

pub use document::{Content, Document, FORMAT_VERSION, SnapshotError, Taken, read, schema, write};
pub use names::{Domain, Names};
pub use pseudonym::{
    Book, Impostor, Known, Nameless, Pseudonym, Recipe, RecipeError, STRENGTH, Strength,
};
pub use trust::{Distrust, NAMESPACE, vouched};
