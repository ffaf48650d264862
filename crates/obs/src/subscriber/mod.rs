//! The `tracing` subscriber of one installation: the layers of logs and traces on one registry.

use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

/// A layer of one signal.
pub(crate) type SignalLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// The subscriber, ready to be installed or entered.
#[derive(Debug)]
pub(crate) struct Subscriber(Dispatch);

impl Subscriber {
    pub(crate) fn new(layers: Vec<SignalLayer>) -> Self {
        Self(Dispatch::new(tracing_subscriber::registry().with(layers)))
    }

    pub(crate) fn dispatch(&self) -> &Dispatch {
        &self.0
    }
}

impl crate::Obs {
    /// What to enter with `tracing::dispatcher::with_default` where this installation is not the process's own.
    pub fn dispatch(&self) -> &Dispatch {
        self.subscriber.dispatch()
    }
}
