//! Carries out an approved plan.
