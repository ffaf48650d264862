//! The engine that joins a base, a sampler and a sink; every maker of spans holds one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use obs_core::context::{self, Context, Ids, TraceFlags};
use obs_core::fields::Value;
use obs_core::keys::attribute;
use obs_core::meter::Source;
use obs_core::observe::{Candidate, End};
use obs_core::propagate::Remote;
use obs_core::{Base, Timestamp, TraceId};

use crate::limits::Limits;
use crate::record::{Kind, Parent, SpanRecord};
use crate::sampler::{Rule, Sampler, SamplerError};
use crate::sink::SpanSink;
use crate::span::{Entered, Recording, Span};
use crate::tail::{Held, Kept, Missing, RootEnd, Tail, Tails};

/// Makes spans and hands on those that are kept. Clones share everything.
#[derive(Clone)]
pub struct Tracer(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    sampler: Sampler,
    limits: Limits,
    tails: Arc<Tails>,
    forces: Option<Arc<dyn Forces>>,
    sink: Box<dyn SpanSink>,
}

/// Collects the parts of a [`Tracer`].
#[must_use]
pub struct Builder {
    base: Arc<Base>,
    sampler: Sampler,
    limits: Limits,
    tail: Tail,
    forces: Option<Arc<dyn Forces>>,
    sink: Box<dyn SpanSink>,
}

/// Tells whether somebody may have a request recorded.
pub(crate) trait Forces: Source {
    fn forces(&self, value: &[u8], now: Timestamp) -> bool;
}

impl Builder {
    /// By whose signature on the header for debugging a request is recorded whatever the sampler says; default nobody's.
    #[cfg(feature = "debug")]
    pub fn debug_key(mut self, key: crate::signed::DebugKey) -> Self {
        self.forces = Some(Arc::new(crate::signed::Checks::new(key)));
        self
    }

    /// What decides; default parent-based, every root recorded.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// How much one span keeps; default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits.granted();
        self
    }

    /// Which traces are kept by how they end, beside what the sampler decides; default none.
    pub fn tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    /// Where spans go; default nowhere.
    pub fn sink(mut self, sink: impl SpanSink + 'static) -> Self {
        self.sink = Box::new(sink);
        self
    }

    /// The tracer. Its numbers are registered with the base.
    pub fn build(self) -> Tracer {
        let Self { base, sampler, limits, tail, forces, sink } = self;
        let tails = Tails::new(&tail);
        base.sources.register(Arc::clone(&tails) as _);
        if let Some(forces) = &forces {
            base.sources.register(Arc::clone(forces) as _);
        }
        Tracer(Arc::new(Inner { base, sampler, limits, tails, forces, sink }))
    }
}

impl Tracer {
    /// Begins a tracer on the ids and the clock of `base`.
    pub fn builder(base: Arc<Base>) -> Builder {
        let (sampler, limits, tail) = (Sampler::default(), Limits::default(), Tail::default());
        Builder { base, sampler, limits, tail, forces: None, sink: Box::new(()) }
    }

    /// What it is built on.
    pub fn base(&self) -> &Arc<Base> {
        &self.0.base
    }

    /// How much one span keeps.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Changes the share of new traces that is recorded, from 0 to 1, while running: see [`Sampler::set_ratio`].
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1, [`SamplerError::NoRatio`] where the sampler is `always_on` or
    /// `always_off`. The old share then stays.
    pub fn set_ratio(&self, share: f64) -> Result<(), SamplerError> {
        self.0.sampler.set_ratio(share)
    }

    /// Changes share, limit and rules of the sampler: see [`Sampler::set`].
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] and [`SamplerError::TooManyRules`]; nothing changes then.
    pub fn set_sampling(
        &self,
        share: Option<f64>,
        per_second: Option<u32>,
        rules: Vec<Rule>,
    ) -> Result<(), SamplerError> {
        self.0.sampler.set(share, per_second, rules)
    }

    /// Changes how many traces a second are recorded: see [`Sampler::set_per_second`].
    pub fn set_per_second(&self, traces: Option<u32>) {
        self.0.sampler.set_per_second(traces);
    }

    /// Puts others in the place of the sampler's rules: see [`Sampler::set_rules`].
    ///
    /// # Errors
    /// [`SamplerError::TooManyRules`]. The old ones then stay.
    pub fn set_rules(&self, rules: Vec<Rule>) -> Result<(), SamplerError> {
        self.0.sampler.set_rules(rules)
    }

    /// Changes which traces are kept by how they end, while running. It counts for local roots that end from now on, and
    /// whether spans wait at all for those that begin.
    pub fn set_tail(&self, tail: &Tail) {
        self.0.tails.set(tail);
    }

    /// The head decision for a request.
    #[inline]
    pub fn sample(&self, candidate: &Candidate<'_>) -> bool {
        self.0.sampler.decide(candidate, &self.0.base.clock)
    }

    /// Whether this value of the header for debugging is signed by the key and still counts.
    pub fn forces(&self, value: &[u8]) -> bool {
        let now = || self.0.base.clock.now();
        self.0.forces.as_ref().is_some_and(|forces| forces.forces(value, now()))
    }

    /// Begins a span under `parent`, in its trace and with its decision; without a parent a new trace begins and the
    /// sampler decides, as it does under a span of another process
    /// ([`Local::called_by`](obs_core::context::Local::called_by)). A span that is not sampled is ids only, unless [`Tail`]
    /// keeps some by their end: it costs no clock reading and keeps nothing.
    ///
    /// The span is in no scope yet: push its [`Span::context`] for as long as its code runs, or have [`Tracer::enter`] do so.
    #[inline]
    pub fn start(&self, parent: Option<&Context>, name: impl Into<Cow<'static, str>>, kind: Kind) -> Span {
        match parent {
            Some(parent) if self.leaves_out_below(parent) => {
                Span::unsampled(parent.child(self.0.base.ids.span_id()))
            }
            parent => {
                let (context, parent) = self.place(parent);
                match self.record(&context, parent, || name.into(), kind) {
                    Some(recording) => Span::recording(context, recording),
                    None => Span::unsampled(context),
                }
            }
        }
    }

    /// A new span's place, and what is above it.
    fn place(&self, parent: Option<&Context>) -> (Context, Option<Parent>) {
        let Some(parent) = parent else { return (self.root(self.0.base.ids.trace_id()), None) };
        let span_id = parent.span_id();
        let remote = parent.is_caller();
        let context = if remote { self.behind(parent) } else { self.below(parent) };
        (context, Some(Parent { span_id, remote }))
    }

    /// What is recorded of a new span, where anything is.
    #[inline]
    fn record(
        &self,
        context: &Context,
        parent: Option<Parent>,
        name: impl FnOnce() -> Cow<'static, str>,
        kind: Kind,
    ) -> Option<Box<Recording>> {
        let is_recorded = context.is_sampled() || self.held(context).is_some_and(|held| !held.is_let_go());
        is_recorded.then(|| Recording::begin(parent, name(), kind, &self.0.limits, &self.0.base))
    }

    /// Begins a span under what is open on this thread, or a new trace, and opens it until what this gives is dropped, which
    /// also ends it. A span that is dropped while its thread panics ends as one that has.
    ///
    /// ```
    /// use obs_core::fields::Value;
    /// use obs_core::{Base, Resource, context};
    /// use obs_trace::{Kind, Tracer, sink};
    ///
    /// let spans = sink::Memory::new();
    /// let tracer = Tracer::builder(Base::new(Resource::new("orders"))).sink(spans.clone()).build();
    /// {
    ///     let mut charge = tracer.enter("charge", Kind::Internal);
    ///     charge.set("amount", Value::U64(12));
    ///     tracer.enter("ask the bank", Kind::Client);
    /// }
    /// assert!(context::current().is_none());
    /// let spans = spans.spans();
    /// assert_eq!(spans[0].parent.map(|parent| parent.span_id), Some(spans[1].ids.span_id));
    /// ```
    #[inline]
    pub fn enter(&self, name: impl Into<Cow<'static, str>>, kind: Kind) -> Entered<'_> {
        match context::push_plain(&self.0.base.ids, |above| self.leaves_out_below(above)) {
            Some(number) => Entered::plain(self, number),
            None => self.enter_new(name.into(), kind),
        }
    }

    #[inline(never)]
    fn enter_new(&self, name: Cow<'static, str>, kind: Kind) -> Entered<'_> {
        let above = context::current();
        let (context, parent) = self.place(above.as_ref());
        match self.record(&context, parent, || name, kind) {
            Some(recording) => Entered::recording(self, Span::recording(context, recording)),
            None => Entered::unsampled(self, context),
        }
    }

    /// Whether spans under `parent` are ids only, as is quickly seen of most that are not sampled: nothing waits for the end of
    /// their local root, and the sampler does with them as with what is above.
    #[inline]
    fn leaves_out_below(&self, parent: &Context) -> bool {
        !parent.is_sampled() && parent.local().is_plain() && self.0.sampler.decide_below(parent).is_none()
    }

    #[inline]
    fn below(&self, parent: &Context) -> Context {
        let span_id = self.0.base.ids.span_id();
        match self.0.sampler.decide_below(parent) {
            None => parent.child(span_id),
            Some(sampled) => parent.child_sampled(span_id, sampled),
        }
    }

    /// A local root under a span of another process: how many callers are believed is the sampler's to say.
    #[cold]
    fn behind(&self, caller: &Context) -> Context {
        let sampled = self.sample(&Candidate::new(caller.trace_id(), Some(&Remote::new(caller.ids()))));
        let root = caller.behind(self.0.base.ids.span_id(), sampled);
        self.begin(&root);
        root
    }

    #[inline]
    fn root(&self, trace_id: TraceId) -> Context {
        let sampled = self.sample(&Candidate::new(trace_id, None));
        let flags = TraceFlags::default().random().sampled(sampled);
        let ids = Ids { trace_id, span_id: self.0.base.ids.span_id(), flags };
        let root = Context::task(ids, &self.0.base.redaction);
        self.begin(&root);
        root
    }

    /// A local root begins.
    #[inline]
    pub(crate) fn begin(&self, root: &Context) {
        self.0.tails.begin(root);
    }

    /// What the spans under the local root of `context` wait in.
    #[inline]
    fn held<'a>(&self, context: &'a Context) -> Option<&'a Held> {
        self.0.tails.held(context.local())
    }

    /// Judges a request that has ended, and learns from it what is usual on its route. Whether this tracer wants it kept.
    pub(crate) fn judge(&self, context: &Context, end: &End<'_>) -> bool {
        let tails = &self.0.tails;
        if !tails.is_on() && !context.local().is_held() {
            return false;
        }
        let is_unusual = tails.is_unusual(context, end);
        let Some(held) = self.held(context) else { return false };
        let of_itself = RootEnd::new(end.outcome, end.outcome.is_error(), end.duration);
        let kept = tails.judge(context.trace_id(), of_itself, is_unusual);
        held.judge(kept);
        kept.is_some()
    }

    /// A request has ended and its fate is decided by all signals: what waits is handed on or let go.
    pub(crate) fn settle(&self, context: &Context, is_kept: bool) -> Marks {
        let Some(held) = self.held(context) else { return self.marks_of_head(context) };
        let kept = is_kept.then(|| held.judged().unwrap_or(Kept::Asked));
        Marks { head: false, kept, missing: held.settle(kept, &*self.0.sink) }
    }

    /// The same for a local root that no other signal judges.
    pub(crate) fn settle_alone(&self, context: &Context, end: impl FnOnce() -> RootEnd) -> Marks {
        let Some(held) = self.held(context) else { return self.marks_of_head(context) };
        let kept = self.0.tails.judge(context.trace_id(), end(), false);
        Marks { head: false, kept, missing: held.settle(kept, &*self.0.sink) }
    }

    /// Of a local root under which nothing waits.
    fn marks_of_head(&self, context: &Context) -> Marks {
        let forced = context.ids().flags.is_debug();
        let is_told = context.is_sampled() && (forced || self.0.tails.is_on());
        Marks { head: true, kept: is_told.then(|| Kept::of_head(context)), missing: Missing::default() }
    }

    /// Hands on a span that has ended, or has it wait. What another tracer alone holds is none of this one's.
    pub(crate) fn pass(&self, context: &Context, span: &SpanRecord<'_>) {
        if context.is_sampled() {
            self.0.sink.export(span);
        } else if let Some(held) = self.held(context) {
            held.take(context, span, &*self.0.sink, &self.0.base.clock);
        }
    }

    /// Ends a span and hands it to the sink if it is recorded. A span that is dropped instead is lost.
    #[inline]
    pub fn end(&self, span: Span) {
        span.finish(self);
    }

    /// Hands a finished span that was made elsewhere to the sink.
    pub fn export(&self, span: &SpanRecord<'_>) {
        self.0.sink.export(span);
    }
}

/// What is to be said on a local root of how it came to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    head: bool,
    /// `None` where it is not kept, or where nothing is to be said.
    kept: Option<Kept>,
    missing: Missing,
}

impl Marks {
    /// Whether the local root itself is kept by the tail. Where nothing waits it is not asked.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Tells each attribute.
    pub(crate) fn each(&self, mut each: impl FnMut(&'static str, Value<'static>)) {
        let Some(kept) = self.kept else { return };
        each(attribute::SAMPLED_HEAD, Value::Bool(self.head));
        each(attribute::KEPT, Value::Str(kept.as_str()));
        let Missing { spans, gave_way } = self.missing;
        if spans > 0 {
            each(attribute::SPANS_DROPPED, Value::U64(spans));
        }
        if gave_way {
            each(attribute::GAVE_WAY, Value::Bool(true));
        }
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("sampler", &self.0.sampler).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("sampler", &self.sampler).finish_non_exhaustive()
    }
}
