//! Odeus: integrations with actions, whose requested scopes follow a client mode.

pub mod audience;
pub mod catalog;
pub mod desired;
pub mod event;
pub mod machine;
pub mod operation;
pub mod people;
pub mod state;
pub mod view;
pub mod wire;
pub mod world;
