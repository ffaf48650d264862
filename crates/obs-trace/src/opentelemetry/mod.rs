//! Spans of code that calls the API of OpenTelemetry itself, in the same traces as all others.
//!
//! [`Provider`] is a tracer provider of that API on a [`Tracer`](crate::Tracer): what it makes is sampled, bounded,
//! redacted, encoded and sent as any other span, and counted in the same books. No SDK is needed for it.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_trace::opentelemetry::Provider;
//! use obs_trace::{Tracer, sink::Memory};
//! use opentelemetry::trace::{Tracer as _, TracerProvider as _};
//!
//! let memory = Memory::new();
//! let tracer = Tracer::builder(Base::new(Resource::new("orders"))).sink(memory.clone()).build();
//! Provider::new(&tracer).tracer("a library").in_span("charge", |_| ());
//! assert_eq!(memory.spans()[0].name, "charge");
//! ```
//!
//! - A span without a parent of its own is a child of the innermost that is open on this thread, whoever made it, and
//!   has its decision; where none is open it begins a trace, and the sampler decides.
//! - A span that is named as the parent is the parent. The one that is current for OpenTelemetry gives way to what was
//!   opened inside of it. One of another process is believed as a caller is, whether it is named or attached; attached inside
//!   of a request or job of the same trace it changes nothing of that.
//! - [`observe`] makes the span that is current for OpenTelemetry the current one for everything else: lines show its
//!   ids, exemplars point at it, spans of `tracing` are its children.
//! - [`current`] is the other way round: what is open here as a `Context` of OpenTelemetry, for its propagators.
//! - The scope of a tracer is told by the attributes `otel.scope.name` and `otel.scope.version`.

mod convert;
mod current;
mod made;
mod observer;
mod provider;
mod span;

pub use current::current;
pub use observer::{Observer, observe, observe_judging_by};
pub use provider::{Provider, ScopeTracer};
pub use span::ProvidedSpan;
