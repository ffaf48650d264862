//! A piece of work from its beginning to its end: a context for each of its polls, and one [`Operation`] when it is over.
//!
//! Whoever asks something of others, or works through what others asked, says what it is by [`Describe`] and opens it. What is
//! opened ends exactly once: by what came of it, as cancelled where it is dropped before, and as panicked where its future
//! panics. Where nobody records its trace, nothing of its description but the labels is asked for.
//!
//! ```
//! use obs_core::keys::metric;
//! use obs_core::observe::work::{Attributes, Describe, Judged, Opened};
//! use obs_core::observe::{Measures, OperationKind};
//! use obs_core::{Base, Resource};
//!
//! struct Ping;
//!
//! impl Describe for Ping {
//!     fn kind(&self) -> OperationKind {
//!         OperationKind::Client
//!     }
//!     fn name(&self) -> (&str, Option<&str>) {
//!         ("PING", Some("sessions"))
//!     }
//!     fn measures(&self) -> Option<&'static Measures> {
//!         Some(&metric::DB_CLIENT)
//!     }
//!     fn labels(&self) -> impl AsRef<[&'static str]> {
//!         ["redis", "sessions", "PING", ""]
//!     }
//!     fn attributes<'a>(&'a self, list: &mut Attributes<'a>) {
//!         list.text("db.system.name", "redis");
//!     }
//! }
//!
//! # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let base = Base::new(Resource::new("orders"));
//! Opened::here(Some(&base), Ping).run(ping(), |answer, _| Judged::of(answer)).await
//! # }
//! ```
//!
//! [`Operation`]: super::Operation

mod attributes;
mod judged;
mod opened;
mod run;
#[cfg(test)]
mod tests;

pub use attributes::Attributes;
pub use judged::{Answer, Failure, Judged};
pub use opened::Opened;
pub use run::panic_text;

use super::{Measures, OperationKind};
use crate::propagate::Remote;

/// What a piece of work is. Asked when it has ended.
pub trait Describe {
    /// Which side of it this process is.
    fn kind(&self) -> OperationKind;

    /// The name of its span, in one part or two, out of few different ones. Asked only where it is recorded.
    fn name(&self) -> (&str, Option<&str>);

    /// Where it is counted.
    fn measures(&self) -> Option<&'static Measures>;

    /// The values of the labels that its families have, in their order.
    fn labels(&self) -> impl AsRef<[&'static str]>;

    /// Makes what takes an allocation, such as a text without its data. Called once before the name and the attributes are
    /// asked for, and only where it is recorded.
    fn prepare(&mut self) {}

    /// Puts in what is particular of it. How it ended is put in by whoever calls. Asked only where it is recorded.
    fn attributes<'a>(&'a self, list: &mut Attributes<'a>);

    /// Spans of others it has to do with.
    fn links(&self) -> &[Remote] {
        &[]
    }
}
