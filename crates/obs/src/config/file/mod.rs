//! `obs.yaml`: found, read, and laid over what the code chose.

mod find;
mod read;
mod scalar;
mod secret;
mod tree;

pub(crate) use find::File;
pub(super) use find::find;
pub(super) use read::lay_over;

#[cfg(test)]
mod tests;
