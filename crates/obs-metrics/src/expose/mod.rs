//! Exposition: everything that is held, written in the format that was asked for.

mod accept;
mod encoder;
mod gather;
mod number;
mod render;

pub use accept::Format;
pub(crate) use render::render;
