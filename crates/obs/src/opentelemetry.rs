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

pub use obs_trace::opentelemetry::{
    Observer, ProvidedSpan, Provider, ScopeTracer, current, observe, observe_judging_by,
};

use tracing::Dispatch;

use crate::{Builder, Composed, ComposedBuilder, Obs};

impl Builder {
    /// As [`Builder::compose`], with a provider whose tracers send spans where all others go: what the layer of
    /// `tracing-opentelemetry` is given, so that its extensions of spans work, and each span is sent once.
    ///
    /// With [`trace_filter("off")`](Builder::trace_filter) that layer makes the spans of `tracing` in the place of ours; the span of
    /// a request stays ours, and is the parent of what is opened in it. What is
    /// shared and what is not stands in `docs/opentelemetry.md`.
    ///
    /// ```
    /// use opentelemetry::trace::TracerProvider;
    /// use tracing_opentelemetry::OpenTelemetrySpanExt;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// # fn main() -> Result<(), obs::Error> {
    /// let obs = obs::builder("orders")
    ///     .admin(obs::Admin::Off)
    ///     .trace_filter("off")
    ///     .compose_with_tracers(|ours, provider| {
    ///         ours.with(tracing_opentelemetry::layer().with_tracer(provider.tracer("tracing")))
    ///     })
    ///     .build()?;
    /// let _entered = obs.enter();
    /// let span = tracing::info_span!("job");
    /// span.set_attribute("shard", 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn compose_with_tracers<S>(
        self,
        compose: impl FnOnce(Composed, Provider) -> S + 'static,
    ) -> ComposedBuilder
    where
        S: Into<Dispatch>,
    {
        let compose = |ours, signals: &crate::signals::Signals| {
            compose(ours, Provider::new(signals.traces.tracer())).into()
        };
        ComposedBuilder::of(self, Box::new(compose))
    }
}

impl Obs {
    /// Makes tracers of OpenTelemetry's API whose spans go where all others go.
    pub fn tracer_provider(&self) -> Provider {
        Provider::new(self.signals.traces.tracer())
    }
}
