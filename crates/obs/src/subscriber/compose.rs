//! Other layers beside ours: on the registry of tracing-subscriber, at the cost of it.

use std::fmt;

use tracing::Dispatch;
use tracing_subscriber::layer::Layered;
use tracing_subscriber::{Layer, Registry};

use crate::signals::Signals;
use crate::{Builder, Error, Obs};

/// A layer of one signal.
pub(crate) type SignalLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// The registry with the layers of logs and traces on it: what [`Builder::compose`] hands out to be built upon.
pub type Composed = Layered<Vec<SignalLayer>, Registry>;

/// What makes the subscriber, where it is not our own.
pub(crate) type Compose = Option<Composing>;
/// The signals are running by then.
pub(crate) type Composing = Box<dyn FnOnce(Composed, &Signals) -> Dispatch>;

impl Builder {
    /// Puts other layers, such as tokio-console's or tracing-subscriber's own, beside those of logs and traces.
    ///
    /// `compose` is given a registry with our layers and gives back the finished subscriber. Each request is then also
    /// a `tracing` span for the others to see: `request`, with the target `obs::request`. User spans cost two to three
    /// times as much as without.
    ///
    /// ```
    /// # #[cfg(all(feature = "metrics", feature = "logs", feature = "traces", feature = "middleware"))]
    /// # fn main() -> Result<(), obs::Error> {
    /// use tracing_subscriber::layer::{Identity, SubscriberExt};
    ///
    /// let obs = obs::builder("orders")
    ///     .admin(obs::Admin::Off)
    ///     .compose(|ours| ours.with(Identity::new())) // or: ours.with(console_subscriber::spawn())
    ///     .build()?;
    /// # drop(obs);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "metrics", feature = "logs", feature = "traces", feature = "middleware")))]
    /// # fn main() {}
    /// ```
    pub fn compose<S>(self, compose: impl FnOnce(Composed) -> S + 'static) -> ComposedBuilder
    where
        S: Into<Dispatch>,
    {
        ComposedBuilder::of(self, Box::new(|ours, _| compose(ours).into()))
    }
}

/// A [`Builder`] with all choices made and a subscriber of the caller's.
#[must_use = "nothing happens before `install`"]
pub struct ComposedBuilder {
    builder: Builder,
    compose: Composing,
}

impl ComposedBuilder {
    pub(crate) fn of(builder: Builder, compose: Composing) -> Self {
        Self { builder, compose }
    }

    /// As [`Builder::build`].
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn build(self) -> Result<Obs, Error> {
        self.builder.build_with(Some(self.compose))
    }

    /// As [`Builder::install`].
    ///
    /// # Errors
    /// As [`Builder::install`].
    pub fn install(self) -> Result<Obs, Error> {
        self.builder.install_with(Some(self.compose))
    }
}

impl fmt::Debug for ComposedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComposedBuilder").field("builder", &self.builder).finish_non_exhaustive()
    }
}
