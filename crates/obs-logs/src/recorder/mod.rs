//! The flight recorder: lines below what is written are held, unformatted, until it is known how their request ends.
//!
//! - [`FlightRecorder`] says what is held and of which requests it is written;
//! - `record` keeps an event as typed bytes, `chunk` and `pool` hold them in bounded memory, `buffer` those of one
//!   request;
//! - `judge` decides, `replay` writes, `counts` tells.
//!
//! A line is held under one short lock of its request, under which no code of a user's runs.

mod buffer;
mod chunk;
mod counts;
mod judge;
mod pool;
mod raw;
mod record;
mod replay;
mod settings;

use std::fmt;
use std::sync::Arc;

use obs_core::Clock;
use obs_core::context::{self, Context, LocalKind};
use obs_core::observe::Quantiles;
use tracing_core::Event;

use crate::format::{Key, Site};
use crate::{Filter, Spans};

use buffer::{Flight, NewLine};
use counts::Counts;
use pool::Pool;

pub(crate) use chunk::Copied;
pub(crate) use raw::Raw;
pub use settings::FlightRecorder;

/// The flight recorder of one engine.
pub(crate) struct Recorder {
    settings: FlightRecorder,
    pool: Pool,
    counts: Counts,
    quantiles: Option<Quantiles>,
    /// `recorded`, as it stands on a line.
    mark: Key,
}

impl Recorder {
    pub(crate) fn new(settings: FlightRecorder) -> Self {
        Self {
            pool: Pool::new(settings.process_bytes),
            counts: Counts::default(),
            quantiles: settings.slow_quantile.then(Quantiles::new),
            mark: Key::own(obs_core::keys::field::RECORDED),
            settings,
        }
    }

    /// What it may hold.
    pub(crate) fn filter(&self) -> &Filter {
        &self.settings.filter
    }

    /// Holds the line of an event that is not written, if it stands in a request that goes on; else nothing is left of
    /// it. `raw` is lent for its memory.
    #[inline(never)]
    pub(crate) fn capture(
        self: &Arc<Self>,
        event: &Event<'_>,
        site: &Site,
        (raw, is_counted): (&mut Raw, bool),
        clock: &Clock,
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
        if !context::with_current(|context| self.is_open_in(context)).unwrap_or(false) {
            return;
        }
        let at = clock.now();
        // Here a user's code runs: nothing is borrowed or locked.
        let is_cut = record::event(event, site, raw);
        context::with_current(|context| {
            let flight = context.local().flight(|| Flight::new(Arc::clone(self)));
            if let Some(flight) = flight.filter(|flight| flight.is_of(self)) {
                let (metadata, fields) = (event.metadata(), raw.as_slice());
                let line = NewLine { metadata, at, span_id: context.span_id(), fields, is_cut, is_counted };
                flight.push(&line, spans);
            }
        });
    }

    /// Whether the request goes on. What it leaves behind when it has ended is nobody's to write.
    #[inline]
    fn is_open_in(&self, context: &Context) -> bool {
        let local = context.local();
        if local.kind() != LocalKind::Server {
            return false;
        }
        let goes_on = local.verdict().is_none();
        if !goes_on {
            self.counts.ended();
        }
        goes_on
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
