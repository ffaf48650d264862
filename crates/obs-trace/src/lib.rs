//! Traces for `obs`: server spans and `tracing` spans, sampled before anything is built, and encoded as OTLP straight
//! from the span.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_trace::sink::Memory;
//! use obs_trace::{Kind, Sampler, Tracer};
//!
//! let memory = Memory::new();
//! let tracer = Tracer::builder(Base::new(Resource::new("orders")))
//!     .sampler(Sampler::ratio(1.0)?.parent_based())
//!     .sink(memory.clone())
//!     .build();
//! tracer.end(tracer.start(None, "nightly clean-up", Kind::Internal));
//! assert_eq!(memory.spans()[0].name, "nightly clean-up");
//! # Ok::<(), obs_trace::SamplerError>(())
//! ```
//!
//! - [`Sampler`] decides; [`Tracer`] joins it with the base and a [`SpanSink`].
//! - [`ServerSpans`] is the observer that makes a span of each request.
//! - [`OperationSpans`] makes one of each call that a client layer makes.
//! - `layer::TraceLayer` makes spans of `tracing` spans on any `Registry`; [`span`] is its engine.
//! - [`sink`], `otlp` and [`stdout`] are where spans go; [`encode`] is how they are written.
//! - [`Tail`] keeps traces by how they end.
//! - [`semconv`] gives attributes the names they had before they were stable.
//! - [`Limits`] bounds what one span keeps.
//! - [`sql`] is what may be told of a statement: its text without data, what it does, and to which table.
//!
//! | feature | adds |
//! |---|---|
//! | `layer` (default) | `layer::TraceLayer`, on tracing-subscriber's `Registry` |
//! | `otlp` (default) | `otlp::Otlp`, http/protobuf to a collector |
//! | `grpc` | the same by gRPC |
//! | `opentelemetry` | `opentelemetry::Provider`: spans of code that calls the API of OpenTelemetry itself |
//! | `debug` | `signed::DebugKey`, by which a header has a request recorded |
//! | `gzip` | requests as gzip |
//! | `zstd` | requests as zstd; needs a C compiler |

mod decode;
pub mod encode;
mod limits;
pub mod operation;
pub mod record;
pub mod sampler;
pub mod semconv;
pub mod server;
#[cfg(feature = "debug")]
pub mod signed;
pub mod sink;
pub mod span;
pub mod stdout;
mod tail;
pub mod tracer;

#[cfg(feature = "layer")]
pub mod layer;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
#[cfg(feature = "otlp")]
pub mod otlp;

pub use limits::Limits;
pub use obs_core::conventions::sql;
pub use operation::OperationSpans;
pub use record::{Kind, SpanRecord};
pub use sampler::{Sampler, SamplerError};
pub use server::ServerSpans;
pub use sink::SpanSink;
pub use tail::Tail;
pub use tracer::Tracer;
