//! Odeus: integrations with actions, whose requested scopes follow a client mode.

pub mod audience;
pub mod catalog;
#[cfg(feature = "http")]
pub mod client;
pub mod desired;
pub mod event;
pub mod machine;
pub mod operation;
pub mod state;
pub mod wire;
pub mod world;
