//! How telemetry leaves a process: byte-bounded queues with counted drops, and what moves their bytes on.
//!
//! It knows bytes, no signal: logs put lines in, traces put encoded spans in.
//!
//! - [`queue`]: a queue bounded in bytes, its worker thread and its books.
//! - [`proto`]: the protobuf wire format, written straight into a buffer.
//! - `http`: a sink that posts each batch, with time-outs, retries and a response cap.
//!
//! | feature | adds |
//! |---|---|
//! | `http` | `http`: HTTP/1.1 client on a private runtime, retry table, [`queue::Sink`] that posts batches |

#[cfg(feature = "http")]
pub mod http;
pub mod proto;
pub mod queue;
