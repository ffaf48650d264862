//! Lines that come too often: which of them are written, and what is said of the others.
//!
//! - The rule of zap's sampler, by level and message: of the lines that are equal in these within a tick the first few
//!   are written, and after those each n-th. Here no two messages share a counter, and warnings and errors are always
//!   written.
//! - A limit for each call site, whatever its messages.
//! - The trace's own decision, where lines are to follow it.
//!
//! What is left out is counted by reason, and told by a line of its own once the tick is over.

mod counter;
mod recent;
mod sampler;
mod settings;
mod summary;
mod table;

pub(crate) use recent::Recent;
pub(crate) use sampler::{Candidate, Sampler, Verdict};
pub use settings::{RateLimit, Sampling};
pub(crate) use summary::{SuppressedCounts, SuppressedLines};
