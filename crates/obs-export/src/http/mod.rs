//! Posts batches over HTTP/1.1, or by gRPC over HTTP/2, from a queue's worker thread.
//!
//! [`Post`] is a [`queue::Sink`](crate::queue::Sink): a leaf says with a [`Protocol`] what stands around a batch and
//! what an answer means; time-outs, retries, the response cap and the shutdown deadline are kept here. For one batch:
//!
//! 1. [`Protocol::wrap`], once;
//! 2. attempts, each at most [`ClientSettings::request_timeout`] long, with the
//!    pauses of [`Retry`] between them;
//! 3. a 2xx answer goes to [`Protocol::accept`], which may ask for some records to be sent once more; a batch that is too
//!    large (413) is cut by [`Protocol::cut`]; every other end is counted by its
//!    [`Reason`](crate::queue::Reason): `rejected` for a final refusal, `unreachable` when the retry budget is
//!    spent, `shutdown` when the deadline passes first.
//!
//! Delivery is at least once: an answer that is lost on its way makes the batch arrive again.
//!
//! What is no batch is a [`Call`]: [`Attempts`] sends it from a thread of its owner's, and [`Once`] from any.
//!
//! Redirects are not followed, because a redirect must not carry an operator's credentials to another host.

mod attempts;
pub mod base64;
mod call;
mod call_error;
mod client;
#[cfg_attr(feature = "tls", path = "tls.rs")]
mod connector;
mod date;
mod encoding;
mod endpoint;
mod error;
#[cfg_attr(not(feature = "grpc"), path = "no_grpc.rs")]
mod grpc;
#[cfg(feature = "gzip")]
mod gzip;
mod once;
mod post;
mod proxy;
mod response;
mod retry_after;
mod settings;
mod watch;
mod wire;
#[cfg(feature = "zstd")]
mod zstd;

pub use attempts::{Again, Attempts, Tried};
pub use call::Call;
pub use call_error::{CallError, Last, Refusal};
pub use client::Client;
pub use encoding::Encoding;
pub use endpoint::Endpoint;
pub use error::{EndpointError, HeaderError, SendError};
pub use once::Once;
pub use post::{Failure, Post, Protocol, Retrying, Verdict};
pub use proxy::{Bypass, Proxies, Proxy, ProxyError, TunnelRefused};
pub use response::Response;
pub use settings::ClientSettings;
pub use watch::Probe;

pub use crate::retry::{Fate, Patience, Retry, Until};
#[cfg(feature = "tls")]
pub use crate::tls::Tls;
pub use crate::watch::{Question, Remote, Report, Traffic, Trouble, Unwell};
