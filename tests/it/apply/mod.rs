//! Apply, with the real binary against a real control plane, and a proxy between them that fails in every way.

mod calls;
mod consent;
mod faults;
mod interrupts;
pub(crate) mod journal;
pub(crate) mod plane;
pub(crate) mod proxy;
mod resume;
mod stages;
mod stale;
mod told;
pub(crate) mod undo;
pub(crate) mod wire;
