//! How telemetry leaves a process: byte-bounded queues with counted drops, and what moves their bytes on.
//!
//! It knows bytes, no signal: logs put lines in, traces put encoded spans in.
//!
//! - [`queue`]: a queue bounded in bytes, its worker thread and its books.
//! - [`proto`]: the protobuf wire format, written straight into a buffer.
//! - [`otlp`]: what the requests and answers of all signals have in common.
//! - [`retry`]: how long is tried, and with which pauses.
//! - [`watch`]: what is to be seen of a way out to another machine, and the question whether it is there.
//! - `http`: a sink that posts each batch, or sends it by gRPC, with time-outs, retries and a response cap.
//! - `socket`: a sink that writes records to sockets: TCP, TLS, UDP and Unix's.
//! - `journal`: records on disk that survive the process.
//!
//! | feature | adds |
//! |---|---|
//! | `http` | `http`: HTTP/1.1 client on a private runtime, retry table, [`queue::Sink`] that posts batches, single calls |
//! | `grpc` | `http::Post::grpc`: the same batches as unary calls of gRPC, over HTTP/2 |
//! | `gzip` | bodies as gzip |
//! | `snappy` | bodies as raw snappy blocks |
//! | `zstd` | bodies as zstd; needs a C compiler |
//! | `tls` | `https://` by rustls and ring, with the system's certificates or an operator's; needs a C compiler |
//! | `socket` | `socket`: a [`queue::Sink`] that writes records to sockets, with failover and pauses; no HTTP client |
//! | `socket-tls` | the same over TLS |
//! | `journal` | `journal`, on Unix: segments of a directory as memory, with recovery |

#[cfg(feature = "http")]
pub mod http;
#[cfg(all(feature = "journal", unix))]
pub mod journal;
pub mod otlp;
pub mod proto;
pub mod queue;
pub mod retry;
#[cfg(any(feature = "http", feature = "socket"))]
mod rounds;
#[cfg(feature = "socket")]
pub mod socket;
#[cfg(any(feature = "tls", feature = "socket-tls"))]
pub mod tls;
pub mod watch;
