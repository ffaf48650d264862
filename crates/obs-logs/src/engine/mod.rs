//! The engine: what is done with an event, a span and a request, whoever the subscriber is.

mod builder;
mod event;
mod forms;
mod guard;
mod levels;
mod mixed;
mod native;
mod replayed;
mod scratch;
mod special;
mod suppressed;
mod upkeep;
mod watching;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use obs_core::context::Context;
use obs_core::{Base, Timestamp, time};
use obs_export::queue::{FlushTimeout, Queue};
use tracing_core::Metadata;
use tracing_core::metadata::LevelFilter;

pub use builder::{Builder, Caller};
pub use event::Spans;
pub(crate) use event::{EventLine, TakesSpans};
pub use guard::LogsGuard;
pub(crate) use native::OwnLine;
pub(crate) use replayed::Replayed;

use crate::counts::Counts;
use crate::filter::Filter;
use crate::format::{Service, Site};
use crate::plan::{Live, Own, Plan};
use crate::recorder::Recorder;
use crate::route::{Route, RouteError, Routing, bit};
use crate::sample::{Sampler, Sampling, SuppressedCounts};
use crate::sink::Way;

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
    live: Live,
    caller: Caller,
    service: Service,
    ways: Vec<Way>,
    forms: Forms,
    counts: Arc<Counts>,
    suppressed: Arc<SuppressedCounts>,
    upkeep: upkeep::Upkeep,
    recorder: Option<Arc<Recorder>>,
    /// Told each time levels were changed for a while, or are as before.
    told: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Logs {
    /// Begins to build; without more it is JSON on standard output, at `info`.
    pub fn builder(base: Arc<Base>) -> Builder {
        Builder::new(base)
    }

    /// Whether events and spans of this call site are looked at: to be written, or by the flight recorder. The answer
    /// changes only with the levels, routes and sampling of this engine; a change of them has every call site ask again.
    /// Takes no lock.
    pub fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.live.plans().looks_at(metadata)
    }

    /// Whether lines of this call site are written at once, and its spans' fields stand on such lines. Of a call site
    /// that is [`Logs::enabled`] without it, lines and spans are for the flight recorder alone.
    pub fn writes(&self, metadata: &Metadata<'_>) -> bool {
        self.0.live.plans().writes(metadata)
    }

    /// The most verbose level looked at anywhere.
    pub fn max_level_hint(&self) -> LevelFilter {
        self.0.live.plans().max_level_hint()
    }

    /// The flight recorder, where there is one.
    pub(crate) fn recorder(&self) -> Option<&Arc<Recorder>> {
        self.0.recorder.as_ref()
    }

    /// The filter as it is now.
    pub fn filter(&self) -> Filter {
        self.0.live.plans().filter.clone()
    }

    /// Puts `filter` in the place of the one before, for all clones, layers and access logs of this engine, and has
    /// every call site of the process ask its subscribers again: what was silent is heard from the next call on.
    ///
    /// Spans that were opened while they were not looked at stay off the lines inside of them.
    pub fn set_filter(&self, filter: Filter) {
        self.0.live.replace(|plans| plans.filter = filter);
    }

    /// Puts `routes` in the place of those before, as [`Logs::set_filter`] does; without any, every line goes to every
    /// output.
    ///
    /// # Errors
    /// Each fault of them; nothing is changed then.
    pub fn set_routes(&self, routes: &[Route]) -> Result<(), Vec<RouteError>> {
        let routing = routing(routes, &self.0.ways)?;
        self.0.live.replace(|plans| plans.routing = routing);
        Ok(())
    }

    /// Puts other settings of sampling in the place of those before; ticks begin anew, counts go on.
    pub fn set_sampling(&self, sampling: Option<Sampling>) {
        let sampler = self.sampler(sampling);
        let old = self.0.live.replace(|plans| std::mem::replace(&mut plans.sampler, sampler));
        self.retire(old);
    }

    /// [`Logs::set_filter`], [`Logs::set_routes`] and [`Logs::set_sampling`] at once, so that no line is written by some
    /// of the new ones and some of the old. Where sampling is as it was, ticks go on.
    ///
    /// # Errors
    /// Each fault of the routes; nothing is changed then.
    pub fn reconfigure(
        &self,
        filter: Filter,
        routes: &[Route],
        sampling: Option<Sampling>,
    ) -> Result<(), Vec<RouteError>> {
        let routing = routing(routes, &self.0.ways)?;
        let old = self.0.live.replace(|plans| {
            plans.filter = filter;
            plans.routing = routing;
            let is_same = plans.sampler.as_ref().map(|sampler| sampler.settings()) == sampling.as_ref();
            if is_same { None } else { std::mem::replace(&mut plans.sampler, self.sampler(sampling)) }
        });
        self.retire(old);
        Ok(())
    }

    fn sampler(&self, sampling: Option<Sampling>) -> Option<Arc<Sampler>> {
        sampling.map(|sampling| Arc::new(Sampler::new(sampling, &self.0.suppressed)))
    }

    /// Has the upkeep look after the sampler that is in force, and tell what an old one has left out and not told of.
    fn retire(&self, old: Option<Arc<Sampler>>) {
        if let Some(old) = old {
            self.0.upkeep.tell_last(old);
        }
        self.0.upkeep.wake(self);
    }

    /// What is done with lines of our own.
    #[inline]
    pub(crate) fn plan_own(&self, own: Own) -> Plan {
        self.0.live.own(own)
    }

    /// The base this writes for.
    pub fn base(&self) -> &Arc<Base> {
        &self.0.base
    }

    /// The queues of the outputs that have one, for their books.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.0.ways.iter().filter_map(Way::queue)
    }

    /// What is to be seen of the outputs to other machines: their traffic, their troubles, and whether they are there.
    #[cfg(feature = "framed")]
    pub fn remotes(&self) -> impl Iterator<Item = &Arc<obs_export::watch::Remote>> {
        self.0.ways.iter().filter_map(Way::remote)
    }

    /// Has each file opened again under its name, at once where its thread is at rest: for SIGHUP, after which whoever
    /// moved a file away counts on nothing more being written to it. Returns before that is done.
    pub fn reopen(&self) {
        self.0.ways.iter().for_each(Way::reopen);
    }

    /// Whether any output is a file that [`Logs::reopen`] opens again.
    pub fn has_files(&self) -> bool {
        self.0.ways.iter().any(Way::is_file)
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

    /// The forms that these outputs take.
    #[inline]
    fn needed(&self, outputs: u32) -> u64 {
        match self.0.forms.used() {
            Forms::JSON => Forms::JSON,
            _ => self.needed_of_several(outputs),
        }
    }

    fn needed_of_several(&self, outputs: u32) -> u64 {
        let taking = (0..).zip(&self.0.ways).filter(|(number, _)| outputs & bit(*number) != 0);
        taking.fold(0, |needed, (_, way)| needed | way.form.bit())
    }

    /// Counts the line in `scratch`, and hands it to these outputs. `context` is whose line it is, where that is not the
    /// one that is open.
    #[inline]
    fn deliver(&self, scratch: &mut Scratch, line: Made<'_>, outputs: u32) {
        self.0.counts.count(line.site.counter);
        self.hand_out(scratch, line, outputs);
    }

    #[inline]
    fn hand_out(&self, scratch: &mut Scratch, line: Made<'_>, outputs: u32) {
        let Made { at, site, .. } = line;
        let mut rest = outputs;
        for way in &self.0.ways {
            if rest & 1 != 0 {
                way.push(scratch.line_of(way.form, at, site), site.rank);
                #[cfg(feature = "framed")]
                if let crate::sink::Lane::Framed(queue, frame) = &way.lane {
                    ship(queue, &**frame, scratch, way.form, line);
                }
            }
            rest >>= 1;
        }
    }
}

/// A line that was made in each form that is needed.
#[derive(Clone, Copy)]
struct Made<'a> {
    at: Timestamp,
    site: &'a Site,
    #[cfg_attr(
        not(feature = "framed"),
        expect(dead_code, reason = "asked for by outputs to other machines")
    )]
    context: Option<&'a Context>,
}

/// Hands a line over as the record that its receiver reads.
#[cfg(feature = "framed")]
#[inline(never)]
fn ship(
    queue: &Queue,
    frame: &dyn crate::ship::Frame,
    scratch: &mut Scratch,
    form: crate::sink::Form,
    line: Made<'_>,
) {
    let Made { at, site, context } = line;
    let mut record = std::mem::take(&mut scratch.record);
    record.clear();
    let text = crate::ship::without_newline(scratch.line_of(form, at, site));
    let said = crate::ship::Said::of(context);
    let (level, target, place) = (site.level, site.target(), site.place());
    let framed = crate::ship::Framed { at, level, target, place, line: text, said };
    frame.frame(&framed, &mut record);
    queue.push_with(&record, site.rank);
    scratch.record = record;
    scratch.is_mixed = true;
}

/// The routes between these outputs; without any, every line goes to each.
fn routing(routes: &[Route], ways: &[Way]) -> Result<Routing, Vec<RouteError>> {
    if routes.is_empty() {
        return Ok(Routing::everywhere(ways.len()));
    }
    let names: Vec<_> = ways.iter().map(|way| way.name.as_str()).collect();
    Routing::new(routes, &names)
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("filter", &self.filter()).field("outputs", &self.0.ways).finish()
    }
}
