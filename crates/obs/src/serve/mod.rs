//! Serving from the first connection to the last: the accept loop, and an end that loses no request.
//!
//! The end has five steps, within `drain.timeout` of the signal that began it:
//! 1. **draining**: `/readyz` says so; connections are still taken, and each HTTP/1 response closes its own, so that
//!    clients move on by themselves. Lasts `drain.delay`.
//! 2. The accept queue is emptied and the listener closed.
//! 3. **finishing**: HTTP/2 connections are told to go away, idle HTTP/1 connections are closed, and a request whose
//!    first byte has arrived is answered.
//! 4. What is left when the time of requests is over is cut: its requests end as cancelled.
//! 5. **flushing**: what was recorded leaves the process, within `flush.timeout`.
//!
//! Each is told on a line of `obs::serve`, and `obs_lifecycle_phase` and `obs_lifecycle_phase_seconds` on a scrape. The page
//! `docs/lifecycle.md` has what follows for Kubernetes, and for servers of others.

mod accept;
mod answer;
mod api;
mod closing;
mod conn;
mod connection;
mod connections;
mod doors;
mod drain;
mod ended;
mod endpoint;
mod handle;
mod io;
mod listener;
mod make;
mod ready;
mod signals;

pub use closing::{Closing, Held};
pub use doors::Door;
pub use ended::{Ended, How, Timings};
pub use handle::ShutdownHandle;
pub use listener::{Listener, Socket};

use drain::Server;
#[cfg(feature = "axum")]
pub(crate) use make::Make;

/// What services and bodies say when they fail, behind one type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
