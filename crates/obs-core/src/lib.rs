//! The vocabulary of `obs`: ids, the request context and its scope, propagation, outcomes and observers.
//!
//! It depends on nothing but the standard library, and every other crate of the workspace depends on it.
//!
//! ```
//! use obs_core::context::{self, Context, Ids, Local, TraceFlags};
//! use obs_core::IdSource;
//!
//! let ids = IdSource::random();
//! let flags = TraceFlags::default().sampled(true);
//! let root = Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, Local::task());
//!
//! let scope = context::enter_poll(&root);
//! assert_eq!(context::current().unwrap().trace_id(), root.trace_id());
//! drop(scope);
//! assert!(context::current().is_none());
//! ```
//!
//! | feature | adds |
//! |---|---|
//! | `tracing` | [`fields::Fields`] as a visitor of `tracing` spans and events |

pub mod base;
pub mod context;
pub mod conventions;
mod declaration;
pub mod fields;
pub mod id;
pub mod keys;
pub mod lifecycle;
pub mod meter;
mod names;
mod network;
pub mod observe;
pub mod outcome;
mod pattern;
pub mod propagate;
pub mod redact;
pub mod resource;
pub mod time;

pub use base::{Base, BaseBuilder};
pub use context::Context;
pub use declaration::{Declaration, DeclaredLabel};
pub use id::{IdSource, RequestId, RequestIdError, SpanId, TraceId};
pub use lifecycle::{Lifecycle, Phase};
pub use network::{Network, NetworkError};
pub use observe::Observer;
pub use outcome::Outcome;
pub use pattern::{Pattern, PatternError};
pub use resource::Resource;
pub use time::{Clock, Timestamp};
