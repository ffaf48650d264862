//! The `tracing` subscriber of one installation: one of our own for both signals, or, where other layers are wanted
//! beside them, the layers of both on a registry.

mod calls;
mod carried;
mod compose;
mod fused;
mod handle;
mod key;
#[cfg_attr(not(feature = "logs"), path = "absent_lines.rs")]
mod lines;
mod proxy;
mod request_span;
mod slab;
mod source;
#[cfg(feature = "traces")]
mod target_filter;
#[cfg_attr(not(feature = "traces"), path = "absent_traces.rs")]
mod traces;
mod wants;

pub(crate) use carried::Carried;
pub(crate) use compose::Compose;
pub use compose::{Composed, ComposedBuilder};
pub use fused::Fused;
pub(crate) use handle::{EnteredSubscriber, Subscriber};
pub(crate) use request_span::RequestSpans;
#[cfg(feature = "traces")]
pub(crate) use target_filter::TargetFilter;
