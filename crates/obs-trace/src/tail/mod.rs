//! Tail keep: spans are recorded also where the head of their trace says no, and wait in memory until the end of their
//! local root tells whether they are kept.
//!
//! What travels to other services, and what exemplars in the middle of a request go by, stays the decision of the head; what
//! that records leaves at once and whole. Everything else waits: [`held`] in the local root's
//! [`Local`](obs_core::context::Local), as encoded records within bounds, until [`judge`] has looked at the root's end.
//!
//! - A local root is a request, or a span or operation without a parent in this process.
//! - Spans that end after their root follow its verdict.
//! - Where the process has no room left, those that have waited for long make some: [`holders`].
//! - Where another signal wants a request kept, its spans are kept too.

mod counts;
mod held;
mod holders;
mod judge;
mod settings;

pub(crate) use held::{Held, Missing};
pub(crate) use judge::{Kept, RootEnd, Tails};
pub use settings::Tail;
