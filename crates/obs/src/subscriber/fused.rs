//! One `tracing` subscriber for both signals, on one slab of spans.
//!
//! - The parent of a span is the one named at the call, else the innermost open context, whatever opened it.
//! - A span opens its own context where it is traced, else the one it was opened in, under a tag: its id.
//! - Fields are read once, before anything is locked or borrowed, because that runs users' code.
//! - A line shows the fields of the spans it stands in, from the innermost outwards, but none of another request's.
//! - Work of telemetry's own makes nothing; its spans have ids that stand for nothing.
//! - Ids of other subscribers, and of spans that are gone, are ignored.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use obs_core::context::{self, Context};
use obs_core::fields::Fields;
use obs_core::redact::Rules;
use tracing::span::Attributes;
use tracing::{Event, Metadata};

use super::key::{Instance, Key};
use super::lines::{self, Lines};
use super::slab::{Data, Released, Slab};
use super::traces::{Fate, Traced, Traces};
use super::wants::{self, Stamp, Wants};

/// Numbers the subscribers of this process.
static INSTANCES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static SPARE: Cell<Fields> = const { Cell::new(Fields::new()) };
}

/// One subscriber for lines and spans: that of an installation, or one put together from engines built by hand.
///
/// ```
/// # #[cfg(all(feature = "logs", feature = "traces"))]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use obs::Fused;
/// use obs::logs::{Logs, Memory, Output};
/// use obs::traces::{Tracer, sink};
///
/// let base = obs_core::Base::new(obs::Resource::new("orders"));
/// let (lines, spans) = (Memory::new(), sink::Memory::new());
/// let (logs, _guard) = Logs::builder(base.clone()).output(Output::memory(&lines)).build()?;
/// let tracer = Tracer::builder(base).sink(spans.clone()).build();
/// let fused = Fused::new().logs(&logs).traces(&tracer, "info".parse()?);
/// tracing::subscriber::with_default(fused, || {
///     tracing::info_span!("charge", amount = 12).in_scope(|| tracing::info!("asked the bank"));
/// });
/// assert_eq!((lines.lines().len(), spans.spans().len()), (1, 1));
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "logs", feature = "traces")))]
/// # fn main() {}
/// ```
#[must_use]
pub struct Fused {
    pub(super) instance: Instance,
    pub(super) slab: Arc<Slab>,
    pub(super) lines: Lines,
    pub(super) traces: Traces,
    /// What is secret: by the base of either engine, which is the same in an installation.
    pub(super) rules: Rules,
    /// How often what is wanted has changed.
    pub(super) changes: AtomicU64,
    is_global: AtomicBool,
}

impl Fused {
    /// The most spans that are open at once; those beyond are left out and counted.
    pub const MAX_OPEN: u32 = Slab::CAPACITY;

    /// Without any signal.
    #[expect(clippy::new_without_default, reason = "each one is another, so none is the default")]
    pub fn new() -> Self {
        Self::of(Lines::default(), Traces::default())
    }

    pub(super) fn of(lines: Lines, traces: Traces) -> Self {
        let instance = Instance::numbered(INSTANCES.fetch_add(1, Ordering::Relaxed));
        let slab = Slab::new(instance, Self::MAX_OPEN);
        let rules = lines.rules().or(traces.rules()).cloned().unwrap_or_default();
        let (changes, is_global) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { instance, slab, lines, traces, rules, changes, is_global }
    }

    /// Keeps at most `most` spans open at once; default, and most, [`Fused::MAX_OPEN`].
    pub fn max_open(mut self, most: u32) -> Self {
        self.slab = Slab::new(self.instance, most);
        self
    }

    /// How many spans are open, for tests and for whoever looks for spans that never end. Looks at every slot there
    /// is.
    pub fn open_spans(&self) -> usize {
        self.slab.open()
    }

    /// How many spans were left out because too many were open.
    pub fn refused_spans(&self) -> u64 {
        self.slab.refused()
    }

    pub(super) fn slab(&self) -> &Arc<Slab> {
        &self.slab
    }

    /// Whether this is the process's own.
    pub(super) fn is_global(&self) -> bool {
        self.is_global.load(Ordering::Relaxed)
    }

    pub(super) fn set_global(&self) {
        self.is_global.store(true, Ordering::Relaxed);
    }

    /// Whether the innermost work of this thread is inside of a span of this subscriber's.
    pub(super) fn is_in_span(&self) -> bool {
        self.innermost().is_some_and(|(_, is_behind_poll)| !is_behind_poll)
    }

    /// The innermost open span, and whether a poll began inside of it.
    #[inline]
    pub(super) fn innermost(&self) -> Option<(Key, bool)> {
        let found = context::innermost_tagged(|tag| self.instance.owns(tag));
        found.tag.map(|tag| (Key::of_tag(tag), found.is_behind_poll))
    }

    pub(super) fn ask(&self, metadata: &Metadata<'_>) -> Wants {
        Wants {
            lines: self.lines.wants(metadata),
            written: self.lines.writes(metadata),
            traces: self.traces.wants(metadata),
        }
    }

    #[inline]
    pub(super) fn wants(&self, metadata: &'static Metadata<'static>) -> Wants {
        // Read before the filters are: what was asked of one that has just gone is asked again.
        let stamp = Stamp { instance: self.instance.number(), changes: self.changes.load(Ordering::Acquire) };
        wants::of(metadata, stamp, || self.ask(metadata))
    }

    /// Reads fields and lends them; users' `Debug` runs here.
    pub(super) fn read(&self, read: impl FnOnce(&mut Fields), then: impl FnOnce(&mut Fields)) {
        // Another one where a `Debug` opens spans itself.
        let mut fields = SPARE.try_with(Cell::take).unwrap_or_default();
        fields.judge_by(&self.rules);
        read(&mut fields);
        then(&mut fields);
        if fields.capacity_bytes() <= SPARE_BYTES {
            fields.clear();
            let _ = SPARE.try_with(|spare| spare.set(fields));
        }
    }

    /// Has `begin`, which runs no code of a user's, begin a span under the one above it, of which a reference is taken, and
    /// in what it is opened in.
    #[inline]
    pub(super) fn parent_of<R>(
        &self,
        attributes: &Attributes<'_>,
        begin: impl Fn(Option<Key>, Option<&Context>) -> R,
    ) -> R {
        if let Some(parent) = attributes.parent() {
            let Some(parent) = Key::of(self.instance, parent) else { return begin(None, None) };
            // A span that found no room is no reason to begin another trace.
            if !parent.is_nowhere() {
                return begin(self.hold(parent), self.context_of(parent).flatten().as_ref());
            }
        } else if attributes.is_root() {
            return begin(None, None);
        }
        let above = self.innermost().filter(|(key, is_behind_poll)| {
            // Left open by another request: it must not be kept for this one's sake.
            !is_behind_poll || self.is_of_current(*key)
        });
        let above = above.and_then(|(key, _)| self.hold(key));
        let begun = context::with_current(|current| begin(above, Some(current)));
        begun.unwrap_or_else(|| begin(above, None))
    }

    #[cold]
    fn is_of_current(&self, key: Key) -> bool {
        let current = context::current();
        self.slab.with(key, |data| data.belongs_to(current.as_ref())) == Some(true)
    }

    /// Takes a reference for a child. A native span's fields are its own affair, and a request is not kept by its
    /// spans.
    #[inline]
    fn hold(&self, key: Key) -> Option<Key> {
        (!key.is_proxy() && self.slab.acquire(key)).then_some(key)
    }

    /// What a span opens, if there is such a span.
    #[inline]
    pub(super) fn context_of(&self, key: Key) -> Option<Option<Context>> {
        self.slab.with(key, |data| Self::opened_by(data))
    }

    /// What a span opens.
    #[inline]
    pub(super) fn opened_by(data: &Data) -> Option<Context> {
        match data.used() {
            Some(context) => Some(context.clone()),
            None => data.proxy.as_ref()?.of.upgrade(),
        }
    }

    /// Gives back one reference, and those which spans that close by it held in turn.
    pub(super) fn release(&self, key: Key) -> bool {
        let mut closed = false;
        let mut next = Some(key);
        while let Some(key) = next.take() {
            if self.slab.release(key) != Released::Last {
                break;
            }
            closed = true;
            // By reference, so that what is large is moved once.
            let (mut traced, mut inherited) = (Traced::default(), None);
            self.slab.vacate(key, |data| {
                next = data.parent.take();
                std::mem::swap(&mut traced, &mut data.traced);
                if data.inherited.is_some() {
                    inherited = data.inherited.take();
                }
            });
            // Nothing is locked here: a sink runs, and a request may end with its last context.
            self.traces.end(traced);
            drop(inherited);
        }
        closed
    }

    /// Calls `each` for a span and those above it, from the innermost outwards, until it says `false`.
    fn walk(&self, from: Option<Key>, mut each: impl FnMut(Key, &mut Data) -> bool) {
        let mut next = from;
        while let Some(key) = next.take() {
            next = self.slab.with(key, |data| if each(key, data) { data.parent } else { None }).flatten();
        }
    }

    /// The span an event stands in.
    #[inline]
    pub(super) fn span_of(&self, event: &Event<'_>) -> Option<Key> {
        match event.parent() {
            Some(parent) => Key::of(self.instance, parent),
            None if event.is_contextual() => self.innermost().map(|(key, _)| key),
            None => None,
        }
    }

    pub(super) fn line(&self, event: &Event<'_>, from: Option<Key>) {
        self.lines.write(event, |spans| {
            let current = if from.is_some() { context::current() } else { None };
            self.walk(from, |_, data| {
                if data.on_lines && data.belongs_to(current.as_ref()) {
                    if data.is_written {
                        lines::add(spans, &data.fields, &mut data.fragments);
                    } else {
                        lines::add_recorded(spans, &data.fields, &mut data.fragments);
                    }
                }
                true
            });
        });
    }

    /// As [`Fused::line`], of an event that names its span: where nothing else is open, it stands in that.
    #[cold]
    pub(super) fn line_of(&self, event: &Event<'_>, named: Key) {
        if context::current_ids().is_some() {
            return self.line(event, Some(named));
        }
        context::push_tagged(self.context_of(named).flatten(), named.tag());
        self.line(event, Some(named));
        context::leave_tagged(named.tag());
    }

    pub(super) fn span_event(&self, event: &Event<'_>, from: Option<Key>) {
        let mut kept = None;
        self.walk(from, |key, data| match Traces::fate(event, data) {
            Fate::Above => true,
            Fate::Nowhere => false,
            Fate::Kept => {
                kept = Some(key);
                false
            }
        });
        let Some(key) = kept else { return };
        self.traces.read(event, |keep| {
            self.slab.with(key, keep);
        });
    }
}

/// A list that holds more than this many bytes is not kept: one large value must not cost its thread for ever.
const SPARE_BYTES: usize = 16 * 1_024;

impl fmt::Debug for Fused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fused").field("instance", &self.instance.number()).finish_non_exhaustive()
    }
}
