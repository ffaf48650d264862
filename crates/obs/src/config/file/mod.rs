//! `obs.yaml`: found, read, and laid over what the code chose.

mod families;
mod find;
mod outputs;
mod policies;
mod read;
mod routes;
mod scalar;
mod secret;
mod shares;
mod tree;
mod web;

pub(super) use families::read_beside;
pub(crate) use find::File;
pub(super) use find::find;
pub(super) use read::lay_over;
pub(super) use web::read_web;
pub(crate) use web::read_web_again;

#[cfg(test)]
mod tests;
