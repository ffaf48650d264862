//! Exposition: everything that is held, written in the format that was asked for.
//!
//! [`walk()`](walk::walk) tells a visitor of all families and series; each format is a visitor, pure and without IO.

mod accept;
mod encoder;
mod gather;
mod number;
mod protobuf;
mod render;
mod walk;

pub use accept::Format;
pub(crate) use render::render;
