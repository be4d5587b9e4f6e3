//! The numbered cases of the conformance list, as far as one integration's machine decides them. Each first line is the
//! ruling. What configuration, planner, server and apply decide is proved where they are.

mod access;
mod catalogue;
mod modes;
mod requested;
