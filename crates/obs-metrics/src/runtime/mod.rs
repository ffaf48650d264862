//! How tokio runtimes do: workers, tasks, queues, and how busy they are.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::{Format, Recorder};
//!
//! let base = Base::new(Resource::new("orders"));
//! let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! obs_metrics::runtime::register(&base, runtime.handle(), "main");
//! runtime.spawn(std::future::pending::<()>());
//!
//! let recorder = Recorder::builder(base).build()?;
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("\ntokio_workers{runtime=\"main\"} 1.0\n"));
//! assert!(text.contains("\ntokio_alive_tasks{runtime=\"main\"} 1.0\n"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! They are read at each scrape and never else; nothing is run on the runtime for it. What tokio tells only to programs
//! built with `--cfg tokio_unstable` is there in such programs: threads that block, polls, steals and the like. The
//! feature `runtime-io` adds the I/O driver to that.

#[cfg(all(tokio_unstable, feature = "runtime-io"))]
mod io;
#[cfg(not(all(tokio_unstable, feature = "runtime-io")))]
mod io_absent;
mod runtimes;
#[cfg(tokio_unstable)]
mod unstable;
#[cfg(not(tokio_unstable))]
mod unstable_absent;
mod workers;

#[cfg(not(all(tokio_unstable, feature = "runtime-io")))]
use io_absent as io;
#[cfg(not(tokio_unstable))]
use unstable_absent as unstable;

pub use runtimes::{register, register_new};
