//! Exposition: everything that is held, written in the format that was asked for.
//!
//! [`walk()`](walk::walk) tells a visitor of all families and series; each format is a visitor, pure and without IO.
//! [`Scrapes`] has those that overlap share one look.

mod accept;
#[cfg(feature = "gzip")]
mod coding;
#[cfg(not(feature = "gzip"))]
#[path = "no_coding.rs"]
mod coding;
mod encoder;
mod gather;
mod number;
#[cfg(feature = "push")]
mod otlp;
mod protobuf;
#[cfg(feature = "push")]
pub(crate) mod remote_write;
mod render;
mod scrape;
mod walk;

pub use accept::Format;
pub(crate) use coding::takes_gzip;
#[cfg(feature = "push")]
pub(crate) use otlp::otlp;
pub(crate) use scrape::Scrapes;
