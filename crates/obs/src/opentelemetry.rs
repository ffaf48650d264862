//! Code that calls the API of OpenTelemetry itself, in the same traces as all others.
//!
//! [`Builder::install`](crate::Builder::install) makes this installation what `opentelemetry::global` knows, and has the
//! span that is current for OpenTelemetry be the current one for lines, exemplars and spans of `tracing`. For an
//! installation that is not the process's own there is [`Obs::tracer_provider`].
//!
//! ```
//! use opentelemetry::trace::{Tracer, TracerProvider};
//!
//! # fn main() -> Result<(), obs::Error> {
//! let obs = obs::builder("orders").admin(obs::Admin::Off).build()?;
//! let tracer = obs.tracer_provider().tracer("a library");
//! tracer.in_span("charge", |_| ());
//! # Ok(())
//! # }
//! ```

pub use obs_trace::opentelemetry::{Observer, ProvidedSpan, Provider, ScopeTracer, current, observe};

use crate::Obs;

impl Obs {
    /// Makes tracers of OpenTelemetry's API whose spans go where all others go.
    pub fn tracer_provider(&self) -> Provider {
        Provider::new(self.signals.traces.tracer())
    }
}
