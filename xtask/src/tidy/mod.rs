//! The rules of the tree that no compiler checks: which crate knows which, and where the few globals are.
//!
//! Each rule is a function from the tree to findings, so that its test is a small tree in memory. The few places where
//! a rule does not hold are listed in `allowed.rs`, each with its reason; a listed place that no longer needs it is a
//! finding too, so the list only ever says what is true.

mod allowed;
mod manifest;
mod mask;
mod rule;
mod run;
mod source;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use run::run;
