//! Lines to other machines: what a line becomes on its way, and what is asked of whoever takes it.
//!
//! A line is made once, in the format of its output; each record of the queue is what its receiver reads of one line,
//! so that a batch needs only what stands around it. [`Frame`] makes the record, on the thread that logs; a protocol of
//! obs-export makes the request and reads the answer, on a thread of the output's own.

mod elastic;
mod frame;
mod labels;
mod loki;
mod otlp;
mod outlet;
mod shipped;

pub use elastic::{Elastic, INDEX_TEMPLATE};
pub(crate) use frame::{Frame, Framed, Said, without_newline};
pub use labels::LabelError;
pub use loki::Loki;
pub use otlp::Otlp;
pub(crate) use shipped::{Announcing, Shipped};

pub(crate) use outlet::Outlet;
