//! The order on "how far something reaches" that the laws of apply are stated in.

/// What one thing may do for whom, as a lattice: who may run an action, what a token may do with a resource.
///
/// The laws compare reaches before, after and in between without knowing what they are:
/// *no outage* is `before.meet(after) ⊑ now`, *no excess* is `now ⊑ before.join(after)`.
pub trait Reach: Clone + Eq + std::fmt::Debug {
    /// Returns the reach of what is not there: it allows nothing.
    #[must_use]
    fn nothing() -> Self;
    /// Returns whether everything that `self` allows is allowed by `other`.
    fn within(&self, other: &Self) -> bool;
    /// Returns what both allow.
    #[must_use]
    fn meet(&self, other: &Self) -> Self;
    /// Returns what at least one allows.
    #[must_use]
    fn join(&self, other: &Self) -> Self;
}
