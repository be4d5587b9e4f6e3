//! TrustPager: OAuth clients whose tiers per resource are a ceiling, tokens that take effect at once, API keys.

pub mod catalog;
pub mod desired;
pub mod machine;
pub mod name;
pub mod operation;
pub mod state;
pub mod world;
