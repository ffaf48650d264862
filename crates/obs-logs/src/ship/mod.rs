//! Lines to other machines, and to others on this one: what a line becomes on its way, and what is asked of whoever takes it.
//!
//! A line is made once, in the format of its output; each record of the queue is what its receiver reads of one line,
//! so that a batch needs only what stands around it. [`Frame`] makes the record, on the thread that logs; a protocol of
//! obs-export makes the request and reads the answer, or writes the record to a socket, on a thread of the output's own.

#[cfg(feature = "ship")]
mod elastic;
mod frame;
#[cfg(all(feature = "journald", target_os = "linux"))]
mod journald;
#[cfg(feature = "ship")]
mod labels;
#[cfg(feature = "ship")]
mod loki;
#[cfg(feature = "ship")]
mod otlp;
#[cfg(feature = "ship")]
mod outlet;
mod shipped;
#[cfg(any(feature = "syslog", all(feature = "journald", target_os = "linux")))]
mod sockets;
#[cfg(feature = "syslog")]
mod syslog;

#[cfg(feature = "ship")]
pub use elastic::{Elastic, INDEX_TEMPLATE};
pub(crate) use frame::{Frame, Framed, Said, without_newline};
#[cfg(all(feature = "journald", target_os = "linux"))]
pub use journald::Journald;
#[cfg(feature = "ship")]
pub use labels::LabelError;
#[cfg(feature = "ship")]
pub use loki::Loki;
#[cfg(feature = "ship")]
pub use otlp::Otlp;
#[cfg(feature = "ship")]
pub(crate) use outlet::{Outlet, Question};
#[cfg(any(feature = "ship", feature = "syslog", all(feature = "journald", target_os = "linux")))]
pub(crate) use shipped::Outgoing;
pub(crate) use shipped::{Announcing, Shipped};
#[cfg(feature = "syslog")]
pub use syslog::{Facility, Syslog, SyslogError};
