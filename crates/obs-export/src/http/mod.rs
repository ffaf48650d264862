//! Posts batches over HTTP/1.1 from a queue's worker thread.
//!
//! [`Post`] is a [`queue::Sink`](crate::queue::Sink): a leaf says with a [`Protocol`] what stands around a batch and
//! what an answer means; time-outs, retries, the response cap and the shutdown deadline are kept here. For one batch:
//!
//! 1. [`Protocol::wrap`], once;
//! 2. attempts, each at most [`ClientSettings::request_timeout`] long, with the
//!    pauses of [`Retry`] between them;
//! 3. a 2xx answer goes to [`Protocol::accept`]; every other end is counted by its
//!    [`Reason`](crate::queue::Reason): `rejected` for a final refusal, `unreachable` when the retry budget is
//!    spent, `shutdown` when the deadline passes first.
//!
//! Delivery is at least once: an answer that is lost on its way makes the batch arrive again.
//!
//! Redirects are not followed, because a redirect must not carry an operator's credentials to another host.

mod client;
mod date;
mod endpoint;
mod error;
mod post;
mod retry;

pub use client::{Client, ClientSettings, Response};
pub use endpoint::Endpoint;
pub use error::{EndpointError, HeaderError, SendError};
pub use post::{Failure, Post, Protocol, Retrying};
pub use retry::{Fate, Retry};
