//! A finished span as sinks see it: a borrowed view, so that nothing is built for a sink that only encodes.

mod attributes;
mod list;
mod part;
mod span;

pub use attributes::Attributes;
pub use list::List;
pub use part::{Event, Events, Link, Links};
pub use span::{Kind, Name, Parent, SpanRecord, Status};
