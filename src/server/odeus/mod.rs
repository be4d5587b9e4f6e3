//! Odeus behind HTTP: one file per surface, and the table of their routes.
//!
//! ```text
//! read, write    admins            people    removals and tokens        user    connect, refresh, run
//! vendor         publish           view      rows as resources          openapi the route table
//! ```
//!
//! What may happen is decided by `platform::odeus::machine` and `event`, in the transaction of the write.

mod people;
mod read;
mod user;
mod vendor;
mod view;
mod write;

pub(super) mod openapi;
