//! Spans as trees on standard output, for development: each local trace at once, when its local root has ended.
//!
//! ```text
//! GET /users/{id}  12.3 ms  trace 4bf92f3577b34da6a3ce929d0e0e4736  200  url.path=/users/7
//! ├─ load user  8.1 ms  db.system=postgresql
//! │  │ · +0.4 ms  WARN  pool is busy  waiting=3
//! │  └─ query  7.9 ms  client  error: connection refused
//! └─ render  0.4 ms
//! ```
//!
//! Spans wait for their local root on a thread of their own, bounded in bytes and in age. Those whose root does not
//! end in time, such as those of a task that outlives its request, are printed as a `part of trace ..`.
//!
//! A line shows the name, how long it took, the kind (unless internal), what matters of the attributes, and the
//! error. `·` is an event and when it came, `→` a link, `…` what was beyond the limits. Control characters and
//! whatever else could fool a terminal are escaped.

mod escape;
mod exporter;
mod forest;
mod gather;
mod line;
mod patrol;
mod printer;
mod settings;

pub use exporter::{PIPELINE, StdoutTree};
pub use settings::{Colours, Settings};
