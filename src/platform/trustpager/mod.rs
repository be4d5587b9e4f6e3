//! TrustPager: OAuth clients whose tiers per resource are a ceiling, tokens that take effect at once, API keys.

pub mod adapter;
pub mod catalog;
#[cfg(feature = "http")]
pub mod client;
pub mod compare;
pub mod consequence;
#[cfg(feature = "http")]
pub mod deliver;
pub mod desired;
pub mod effective;
pub mod findings;
pub mod inverse;
pub mod key;
pub mod loss;
pub mod machine;
pub mod name;
pub mod operation;
pub mod planner;
pub mod prospect;
pub mod resolve;
pub mod resume;
pub mod state;
pub mod value;
pub mod view;
pub mod wire;
pub mod world;
