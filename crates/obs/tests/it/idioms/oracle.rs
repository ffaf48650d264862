//! Our subscriber against the two layers on tracing-subscriber's registry: the same work leaves the same lines and
//! the same spans, to the last byte.
//!
//! Left out is where ours is meant to do better: guards that outlive their poll, fields of spans that were opened as
//! roots inside of something else, spans that only lines look at being entered away from where they were opened, and
//! spans that are entered once more inside of others, which the registry does not take for the current one.

use std::sync::{Arc, OnceLock};

use obs::Fused;
use obs_core::context::{self, Context, Ids, Local, TraceFlags};
use obs_core::{Base, Clock, IdSource, RequestId, Resource, Timestamp};
use obs_logs::{Logs, Output};
use obs_trace::layer::TraceLayer;
use obs_trace::sink::FinishedSpan;
use obs_trace::{Sampler, Tracer};
use proptest::prelude::*;
use tracing::span::EnteredSpan;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Span, error, field, info, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// Lines, and spans by their ids: when the last handle of a parent goes is no part of this.
type Left = (Vec<String>, Vec<FinishedSpan>);

#[derive(Clone, Copy, Debug)]
enum Engine {
    Ours,
    Registry,
}

/// Runs `work` on a base whose ids and clock are the same each time.
fn run(engine: Engine, logs_filter: &str, trace_filter: &str, work: impl FnOnce(&Base)) -> Left {
    static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
    ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_000_000_000));
    let base = Base::with(Resource::new("shop"), clock, IdSource::seeded(5));
    let lines = obs_logs::Memory::new();
    let logs = Logs::builder(Arc::clone(&base)).filter(logs_filter.parse().unwrap());
    let (logs, _guard) = logs.output(Output::memory(&lines)).build().unwrap();
    let spans = obs_trace::sink::Memory::new();
    let sampler = Sampler::ratio(0.7).unwrap().parent_based();
    let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler).sink(spans.clone()).build();
    let targets: Targets = trace_filter.parse().unwrap();
    let dispatch = match engine {
        Engine::Ours => Dispatch::new(Fused::new().logs(&logs).traces(&tracer, targets)),
        Engine::Registry => {
            let traces = TraceLayer::new(&tracer).with_filter(targets).boxed();
            let layers = vec![traces, logs.layer().boxed()];
            Dispatch::new(tracing_subscriber::registry().with(layers))
        }
    };
    tracing::dispatcher::with_default(&dispatch, || work(&base));
    assert!(context::current().is_none());
    if let Some(fused) = dispatch.downcast_ref::<Fused>() {
        assert_eq!(fused.open_spans(), 0);
    }
    let mut spans = spans.spans();
    spans.sort_by_key(|span| span.ids.span_id.to_string());
    (lines.lines(), spans)
}

fn request(base: &Base, name: &str) -> Context {
    let trace_id = base.ids.trace_id();
    let flags = TraceFlags::default().sampled(!trace_id.to_string().ends_with(['0', '4', '8', 'c']));
    let ids = Ids { trace_id, span_id: base.ids.span_id(), flags };
    Context::root(ids, Local::server(RequestId::parse(name).unwrap(), None))
}

/// One step; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Open(u8, u32),
    OpenRoot,
    OpenUnder(usize),
    Enter(usize),
    Exit(usize),
    Record(usize, String),
    Event(u32),
    EventOf(usize),
    Error(String),
    Follow(usize, usize),
    Current,
    Copy(usize),
    Drop(usize),
    /// Another request's turn.
    Turn(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any = || any::<usize>();
    prop_oneof![
        6 => (0..4u8, 0..100u32).prop_map(|(kind, n)| Step::Open(kind, n)),
        1 => Just(Step::OpenRoot),
        2 => any().prop_map(Step::OpenUnder),
        8 => any().prop_map(Step::Enter),
        5 => any().prop_map(Step::Exit),
        3 => (any(), "[a-z\"]{0,6}").prop_map(|(at, text)| Step::Record(at, text)),
        6 => (0..100u32).prop_map(Step::Event),
        2 => any().prop_map(Step::EventOf),
        1 => "[a-z\u{1}é]{0,6}".prop_map(Step::Error),
        1 => (any(), any()).prop_map(|(a, b)| Step::Follow(a, b)),
        1 => Just(Step::Current),
        2 => any().prop_map(Step::Copy),
        4 => any().prop_map(Step::Drop),
        2 => any().prop_map(Step::Turn),
    ]
}

struct Held {
    span: Span,
    /// Whether it, or what it was opened in, was opened as a root inside of something else.
    is_apart: bool,
}

#[derive(Default)]
struct Player {
    held: Vec<Held>,
    entered: Vec<(EnteredSpan, bool)>,
}

impl Player {
    fn pick(&self, at: usize) -> Option<&Held> {
        self.held.get(at.checked_rem(self.held.len())?)
    }

    fn keep(&mut self, span: Span, is_apart: bool) {
        self.held.push(Held { span, is_apart });
    }

    fn in_apart(&self) -> bool {
        self.entered.last().is_some_and(|(_, is_apart)| *is_apart)
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Open(kind, n) => {
                let span = match kind {
                    0 => info_span!("plain", n, late = field::Empty),
                    1 => info_span!("typed", ratio = 0.5, hot = true, name = "é\"", late = field::Empty),
                    2 => info_span!(
                        "special",
                        otel.name = "named",
                        otel.kind = "client",
                        n,
                        late = field::Empty
                    ),
                    _ => info_span!("bare"),
                };
                self.keep(span, self.in_apart());
            }
            Step::OpenRoot => self.keep(info_span!(parent: None, "root"), true),
            Step::OpenUnder(at) => {
                if let Some(parent) = self.pick(*at) {
                    let (child, is_apart) = (info_span!(parent: &parent.span, "under"), parent.is_apart);
                    self.keep(child, is_apart);
                }
            }
            Step::Enter(at) => {
                let is_open = |held: &&Held| self.entered.iter().any(|(open, _)| open.id() == held.span.id());
                if let Some(held) = self.pick(*at).filter(|held| !is_open(held)) {
                    let entered = (held.span.clone().entered(), held.is_apart);
                    self.entered.push(entered);
                }
            }
            Step::Exit(at) => {
                if let Some(at) = at.checked_rem(self.entered.len()) {
                    drop(self.entered.remove(at));
                }
            }
            Step::Record(at, text) => {
                if let Some(held) = self.pick(*at) {
                    held.span.record("late", text);
                    held.span.record("otel.status_description", "never declared");
                }
            }
            Step::Event(n) => info!(n, late = "the event's", "event"),
            Step::EventOf(at) => {
                if let Some(held) = self.pick(*at).filter(|held| !held.is_apart) {
                    info!(parent: &held.span, "event of one");
                }
            }
            Step::Error(text) => error!(error = text, "failed"),
            Step::Follow(a, b) => {
                if let (Some(a), Some(b)) = (self.pick(*a), self.pick(*b)) {
                    a.span.follows_from(&b.span);
                }
            }
            // The request's own span has a handle only with ours.
            Step::Current if self.entered.is_empty() => {}
            Step::Current => self.keep(Span::current(), self.in_apart()),
            Step::Copy(at) => {
                if let Some(held) = self.pick(*at) {
                    let (copy, is_apart) = (held.span.clone(), held.is_apart);
                    self.keep(copy, is_apart);
                }
            }
            Step::Drop(at) => {
                if let Some(at) = at.checked_rem(self.held.len()) {
                    drop(self.held.remove(at));
                }
            }
            Step::Turn(_) => {}
        }
    }
}

/// Plays the steps in the polls of three requests by turns; no guard outlives its poll.
fn play(engine: Engine, steps: &[Step]) -> Left {
    run(engine, "info", "info", |base| {
        let requests = ["A", "B", "C"].map(|name| request(base, name));
        let mut player = Player::default();
        let mut turn = 0;
        for part in steps.split_inclusive(|step| matches!(step, Step::Turn(_))) {
            let poll = context::enter_poll(&requests[turn % requests.len()]);
            part.iter().for_each(|step| player.play(step));
            player.entered.clear();
            drop(poll);
            if let Some(Step::Turn(next)) = part.last() {
                turn = *next;
            }
        }
    })
}

/// Work inside of work.
#[derive(Clone, Debug)]
enum Nested {
    Event(u8),
    Span(u8, Vec<Nested>),
}

fn nested() -> impl Strategy<Value = Nested> {
    let leaf = (0..4u8).prop_map(Nested::Event);
    leaf.prop_recursive(6, 40, 5, |inner| {
        (0..4u8, prop::collection::vec(inner, 0..5)).prop_map(|(kind, work)| Nested::Span(kind, work))
    })
}

/// Each call site is looked at by both signals, by one of them, or by none.
fn work(all: &[Nested]) {
    for one in all {
        match one {
            Nested::Event(0) => info!(target: "both", e = 1, "event"),
            Nested::Event(1) => info!(target: "lines", e = 2, "event"),
            Nested::Event(2) => info!(target: "traces", e = 3, "event"),
            Nested::Event(_) => info!(target: "none", e = 4, "event"),
            Nested::Span(kind, inner) => {
                let span = match kind {
                    0 => info_span!(target: "both", "both", a = 1, x = "both"),
                    1 => info_span!(target: "lines", "lines", b = 2, x = "lines"),
                    2 => info_span!(target: "traces", "traces", c = 3, x = "traces"),
                    _ => info_span!(target: "none", "none", d = 4, x = "none"),
                };
                span.in_scope(|| work(inner));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_work_leaves_the_same_lines_and_spans(steps in prop::collection::vec(step(), 1..80)) {
        let (ours, theirs) = (play(Engine::Ours, &steps), play(Engine::Registry, &steps));
        prop_assert_eq!(ours.0, theirs.0);
        prop_assert_eq!(ours.1, theirs.1);
    }

    #[test]
    fn filters_of_either_signal_leave_the_same(
        all in prop::collection::vec(nested(), 1..6),
        in_request in any::<bool>(),
    ) {
        let left = |engine| run(engine, "off,both=info,lines=info", "off,both=info,traces=info", |base| {
            let request = request(base, "A");
            let _poll = in_request.then(|| context::enter_poll(&request));
            work(&all);
        });
        let (ours, theirs) = (left(Engine::Ours), left(Engine::Registry));
        prop_assert_eq!(ours.0, theirs.0);
        prop_assert_eq!(ours.1, theirs.1);
    }
}
