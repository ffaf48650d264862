//! The subscriber as the installation holds it.

use std::sync::{Arc, OnceLock};

use obs_core::Base;
use tracing::Dispatch;
use tracing::dispatcher::{self, DefaultGuard};
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::layer::SubscriberExt;

use super::compose::Compose;
use super::fused::Fused;
use super::lines::{self, Lines};
use super::source::OpenSpans;
use super::traces::{self, Traces};
use crate::signals::Signals;

/// While `tracing` knows of one subscriber only, a call site that is first passed on a thread without any is taken to
/// be of interest to nobody, and stays silent where the subscriber is entered later. With another that lives as long
/// as the process, it asks both.
static ANOTHER: OnceLock<Dispatch> = OnceLock::new();

/// The subscriber, ready to be installed or entered. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber {
    dispatch: Dispatch,
    is_composed: bool,
}

/// The subscriber is this thread's own until it is dropped.
#[derive(Debug)]
pub(crate) struct EnteredSubscriber(#[expect(dead_code, reason = "held for its drop")] DefaultGuard);

impl Subscriber {
    pub(crate) fn new(signals: &Signals, base: &Base, compose: Compose) -> Self {
        match compose {
            Some(compose) => {
                // Spans before events, so that a line stands in the span that was opened for it.
                let layers = [traces::layer(&signals.traces), lines::layer(&signals.logs)];
                let layers: Vec<_> = layers.into_iter().flatten().collect();
                let dispatch = compose(tracing_subscriber::registry().with(layers), signals);
                Self { dispatch, is_composed: true }
            }
            None => {
                let fused = Fused::of(Lines::of(&signals.logs), Traces::of(&signals.traces));
                base.sources.register(Arc::new(OpenSpans::of(&fused)));
                Self { dispatch: Dispatch::new(fused), is_composed: false }
            }
        }
    }

    pub(crate) fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Whether layers of others are to see requests.
    pub(crate) fn is_composed(&self) -> bool {
        self.is_composed
    }

    /// Called when this becomes the process's own.
    pub(crate) fn set_global(&self) {
        if let Some(fused) = self.dispatch.downcast_ref::<Fused>() {
            fused.set_global();
        }
    }

    /// Called when this is to be one of several, and none the process's own.
    pub(crate) fn set_apart(&self) {
        ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
    }

    /// Makes it this thread's own.
    pub(crate) fn enter(&self) -> EnteredSubscriber {
        EnteredSubscriber(dispatcher::set_default(&self.dispatch))
    }

    /// Makes a change of the levels of lines or spans known to all call sites: each is asked anew who looks at it.
    pub(crate) fn levels_changed(&self) {
        // Where this is the only subscriber, `tracing` asks that of the calling thread alone.
        dispatcher::with_default(&self.dispatch, tracing::callsite::rebuild_interest_cache);
        crate::install::levels_changed();
    }
}

impl crate::Obs {
    /// Makes a change of the levels of lines or spans known to all call sites and to the `log` crate; to be called
    /// after a filter was changed at its engine.
    pub fn levels_changed(&self) {
        self.subscriber.levels_changed();
    }

    /// What to enter with `tracing::dispatcher::with_default` where this installation is not the process's own; see
    /// [`Obs::enter`](crate::Obs::enter) for all signals at once.
    pub fn dispatch(&self) -> &Dispatch {
        self.subscriber.dispatch()
    }

    /// How many `tracing` spans are open, for tests and for whoever looks for spans that never end; `None` where the
    /// subscriber was composed. Looks at every slot there is.
    pub fn open_spans(&self) -> Option<usize> {
        self.dispatch().downcast_ref::<Fused>().map(Fused::open_spans)
    }
}
