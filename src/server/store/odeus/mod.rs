//! Odeus' rows.

pub(in crate::server) mod people;
pub(in crate::server) mod rows;
