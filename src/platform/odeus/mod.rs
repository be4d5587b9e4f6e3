//! Odeus: integrations with actions, whose requested scopes follow a client mode.

pub mod adapter;
pub mod audience;
pub mod catalog;
mod change;
#[cfg(feature = "http")]
pub mod client;
pub mod compare;
pub mod consequence;
pub mod course;
pub mod desired;
pub mod diff;
pub mod effective;
pub mod event;
pub mod findings;
pub mod genesis;
pub mod inverse;
pub mod loss;
pub mod machine;
pub mod operation;
pub mod passage;
pub mod people;
pub mod planner;
pub mod prospect;
pub mod resolve;
pub mod resume;
pub mod scope_facts;
pub mod state;
pub mod value;
pub mod view;
pub mod wire;
pub mod world;
