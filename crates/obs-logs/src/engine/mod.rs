//! The engine: what is done with an event, a span and a request, whoever the subscriber is.

mod builder;
mod event;
mod forms;
mod guard;
mod mixed;
mod native;
mod replayed;
mod scratch;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Base, Timestamp, time};
use obs_export::queue::{FlushTimeout, Queue};
use tracing_core::metadata::LevelFilter;
use tracing_core::{Level, Metadata};

pub use builder::{Builder, Caller};
pub use event::Spans;
pub(crate) use event::{EventLine, TakesSpans};
pub use guard::LogsGuard;

use crate::counts::Counts;
use crate::filter::{Filter, Live, Own};
use crate::format::{Service, Site, push_head};
use crate::recorder::Recorder;
use crate::sink::{Form, Way};

use forms::Forms;
pub(crate) use scratch::Scratch;

/// The engine of logs. Clones share it.
///
/// A subscriber asks [`Logs::enabled`] once per call site, keeps the fields of each span with a
/// [`SpanFragments`](crate::SpanFragments), and calls [`Logs::event`] for each event.
#[derive(Clone)]
pub struct Logs(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    filter: Live,
    caller: Caller,
    service: Service,
    ways: Vec<Way>,
    forms: Forms,
    counts: Arc<Counts>,
    recorder: Option<Arc<Recorder>>,
}

impl Logs {
    /// Begins to build; without more it is JSON on standard output, at `info`.
    pub fn builder(base: Arc<Base>) -> Builder {
        Builder::new(base)
    }

    /// Whether events and spans of this call site are looked at: by the filter, or by the flight recorder. The answer
    /// changes only with [`Logs::set_filter`], which has every call site ask again. Takes no lock.
    pub fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.writes(metadata) || self.0.recorder.as_ref().is_some_and(|recorder| recorder.looks_at(metadata))
    }

    /// Whether lines of this call site are written at once, and its spans' fields stand on such lines. Of a call site
    /// that is [`Logs::enabled`] without it, lines and spans are for the flight recorder alone.
    pub fn writes(&self, metadata: &Metadata<'_>) -> bool {
        self.0.filter.enabled(metadata)
    }

    /// The most verbose level looked at anywhere.
    pub fn max_level_hint(&self) -> LevelFilter {
        let recorded =
            self.0.recorder.as_ref().map_or(LevelFilter::OFF, |recorder| recorder.max_level_hint());
        self.0.filter.max_level_hint().max(recorded)
    }

    /// The flight recorder, where there is one.
    pub(crate) fn recorder(&self) -> Option<&Arc<Recorder>> {
        self.0.recorder.as_ref()
    }

    /// The filter as it is now.
    pub fn filter(&self) -> Arc<Filter> {
        self.0.filter.filter()
    }

    /// Puts `filter` in the place of the one before, for all clones, layers and access logs of this engine, and has
    /// every call site of the process ask its subscribers again: what was silent is heard from the next call on.
    ///
    /// Spans that were opened while they were not looked at stay off the lines inside of them.
    pub fn set_filter(&self, filter: Filter) {
        self.0.filter.replace(filter);
        if let Some(recorder) = &self.0.recorder {
            recorder.forget_plans();
        }
    }

    /// Whether lines of our own are written at `level`.
    #[inline]
    pub(crate) fn allows_own(&self, own: Own, level: Level) -> bool {
        self.0.filter.allows_own(own, level)
    }

    /// The base this writes for.
    pub fn base(&self) -> &Arc<Base> {
        &self.0.base
    }

    /// The queues of the outputs that have one, for their books.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.0.ways.iter().filter_map(Way::queue)
    }

    /// Whether any output still takes lines: not after the end of all.
    pub fn takes_lines(&self) -> bool {
        self.0.ways.iter().any(|way| way.queue().is_none_or(|queue| !queue.is_closed()))
    }

    /// Waits until every line written before this call is delivered or dropped.
    ///
    /// # Errors
    /// [`FlushTimeout`] with all that is still pending when `deadline` passes first; nothing is lost by it.
    pub fn flush(&self, deadline: Duration) -> Result<(), FlushTimeout> {
        let until = time::deadline(deadline);
        let late = |queue: &Queue| queue.flush(until.saturating_duration_since(Instant::now())).err();
        let pending = self.queues().filter_map(late).map(|timeout| timeout.pending).sum();
        if pending == 0 { Ok(()) } else { Err(FlushTimeout { pending }) }
    }

    fn caller<'a>(&self, site: &'a Site) -> Option<&'a Site> {
        (self.0.caller == Caller::Shown).then_some(site)
    }

    /// Counts the line in `scratch`, and hands it to every output.
    #[inline]
    fn deliver(&self, scratch: &mut Scratch, now: Timestamp, site: &Site) {
        self.0.counts.count(site.counter);
        let Scratch { json, logfmt, pretty, line, time, .. } = scratch;
        for way in &self.0.ways {
            match way.form {
                Form::Json => way.push(json.0.as_slice()),
                Form::Logfmt => way.push(logfmt.0.as_slice()),
                Form::Pretty { coloured } => {
                    line.clear();
                    push_head(line, time, now, site, coloured);
                    line.extend(pretty.0.as_slice());
                    way.push(line.as_slice());
                }
            }
        }
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("filter", &self.filter()).field("outputs", &self.0.ways).finish()
    }
}
