//! Trees on standard output, compared whole.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_core::context::{Ids, TraceFlags};
use obs_core::fields::Value;
use obs_core::{Base, Clock, IdSource, Resource, SpanId, Timestamp, TraceId};
use obs_export::queue::{self, Worker};
use obs_trace::layer::TraceLayer;
use obs_trace::record::{Attributes, Event, Events, Link, Links, List, Name, Parent, Status};
use obs_trace::stdout::{Colours, PIPELINE, Settings, StdoutTree};
use obs_trace::{Kind, SpanRecord, SpanSink, Tracer};
use tracing::{error, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

pub(crate) const LONG: Duration = Duration::from_secs(30);
pub(crate) const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
pub(crate) const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

/// All that was written, and a word on a channel for each write.
#[derive(Clone)]
pub(crate) struct Paper(Arc<Mutex<String>>, Sender<()>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push_str(str::from_utf8(bytes).unwrap());
        let _ = self.1.send(());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Setup {
    pub(crate) base: Arc<Base>,
    pub(crate) tree: StdoutTree,
    pub(crate) worker: Worker,
    paper: Paper,
    pub(crate) written: Receiver<()>,
}

pub(crate) fn base(clock: Clock) -> Arc<Base> {
    Base::with(Resource::new("orders"), clock, IdSource::seeded(3))
}

/// Gathers until it is flushed, so that a batch is what a test says.
pub(crate) fn settings() -> Settings {
    Settings::new().queue(queue::Settings::new(PIPELINE).linger(LONG))
}

pub(crate) fn start(clock: Clock, settings: Settings) -> Setup {
    let base = base(clock);
    let (told, written) = channel();
    let paper = Paper(Arc::default(), told);
    let (tree, worker) = StdoutTree::spawn(&base, settings.writer(Box::new(paper.clone()))).unwrap();
    Setup { base, tree, worker, paper, written }
}

pub(crate) fn manual() -> Setup {
    start(Clock::manual(START), settings())
}

impl Setup {
    /// What the worker prints of itself, without the order to print all.
    pub(crate) fn delivered(&self) -> String {
        self.worker.queue().flush(LONG).unwrap();
        self.text()
    }

    pub(crate) fn flushed(&self) -> String {
        self.tree.flush(LONG).unwrap();
        self.text()
    }

    pub(crate) fn text(&self) -> String {
        std::mem::take(&mut *self.paper.0.lock().unwrap())
    }

    pub(crate) fn export(&self, span: &SpanRecord<'_>) {
        self.tree.export(span);
    }
}

pub(crate) fn ids(trace: u128, span: u64) -> Ids {
    Ids {
        trace_id: TraceId::new(trace).unwrap(),
        span_id: SpanId::new(span).unwrap(),
        flags: TraceFlags::default().sampled(true),
    }
}

/// A span of the one trace, so many microseconds after its begin and so many long.
pub(crate) fn span<'a>(
    id: u64,
    parent: Option<u64>,
    name: impl Into<Name<'a>>,
    begin: u64,
    micros: u64,
) -> SpanRecord<'a> {
    SpanRecord {
        parent: parent.map(|id| Parent { span_id: SpanId::new(id).unwrap(), remote: false }),
        start: START.after(Duration::from_micros(begin)),
        duration: Duration::from_micros(micros),
        ..SpanRecord::new(ids(TRACE, id), name)
    }
}

pub(crate) fn remote(id: u64) -> Option<Parent> {
    Some(Parent { span_id: SpanId::new(id).unwrap(), remote: true })
}

pub(crate) fn event<'a>(name: &'a str, micros: u64, pairs: &'a [(&'a str, Value<'a>)]) -> Event<'a> {
    Event {
        name,
        time: START.after(Duration::from_micros(micros)),
        attributes: Attributes::new(pairs),
        dropped_attributes: 0,
    }
}

#[test]
fn a_request_is_one_tree_once_its_root_has_ended() {
    let setup = manual();
    let system = [
        ("code.namespace", Value::Str("shop::db")),
        ("level", Value::Str("INFO")),
        ("db.system", Value::Str("postgresql")),
        ("rows", Value::I64(3)),
    ];
    let told = [("level", Value::Str("WARN")), ("target", Value::Str("shop")), ("waiting", Value::U64(3))];
    let events = [event("pool is busy", 1_400, &told), event("got one", 1_442, &[])];
    setup.export(&SpanRecord {
        status: Status::Error("connection refused"),
        kind: Kind::Client,
        ..span(3, Some(2), "query", 1_100, 7_900)
    });
    setup.export(&SpanRecord {
        attributes: Attributes::new(&system),
        events: Events::new(&events),
        ..span(2, Some(1), "load user", 1_000, 8_100)
    });
    setup.export(&SpanRecord { status: Status::Ok, ..span(4, Some(1), "render", 9_500, 400) });
    assert_eq!(setup.delivered(), "", "the root has not ended");
    let attributes = [
        ("http.request.method", Value::Str("GET")),
        ("http.route", Value::Str("/users/{id}")),
        ("http.response.status_code", Value::I64(200)),
        ("url.path", Value::Str("/users/7")),
        ("url.scheme", Value::Str("http")),
        ("server.address", Value::Str("localhost")),
        ("network.protocol.version", Value::Str("1.1")),
        ("request_id", Value::Str("ORD-1")),
        ("obs.outcome", Value::Str("success")),
        ("http.response.body.size", Value::I64(5)),
        ("user", Value::Str("Li Lei")),
    ];
    setup.export(&SpanRecord {
        parent: remote(0x77),
        kind: Kind::Server,
        attributes: Attributes::new(&attributes),
        ..span(1, None, Name::joined("GET", Some("/users/{id}")), 0, 12_300)
    });
    assert_eq!(
        setup.delivered(),
        "\
GET /users/{id}  12.3 ms  trace 4bf92f3577b34da6a3ce929d0e0e4736  200  url.path=/users/7 user=\"Li Lei\"
├─ load user  8.1 ms  db.system=postgresql rows=3
│  │ · +0.4 ms  WARN  pool is busy  waiting=3
│  │ · +0.4 ms  got one
│  └─ query  7.9 ms  client  error: connection refused
└─ render  0.4 ms  ok
"
    );
    let counts = setup.worker.queue().counts();
    assert_eq!((counts.delivered, counts.pending, counts.dropped()), (4, 0, 0));
}

#[test]
fn links_and_what_was_left_out_stand_below_their_span() {
    let setup = manual();
    let pairs = [("why", Value::Str("batch"))];
    let links = [Link { attributes: Attributes::new(&pairs), ..Link::new(ids(0xabc, 0xd)) }];
    let events = [event("boom", 30, &[("level", Value::Str("ERROR"))])];
    setup.export(&SpanRecord {
        kind: Kind::Consumer,
        links: Links::new(&links),
        events: Events::new(&events),
        dropped_attributes: 2,
        dropped_events: 72,
        dropped_links: 1,
        status: Status::Error(""),
        ..span(1, None, "take", 0, 42)
    });
    assert_eq!(
        setup.delivered(),
        "\
take  42 us  trace 4bf92f3577b34da6a3ce929d0e0e4736  consumer  error
  · +30 us  ERROR  boom
  → trace 00000000000000000000000000000abc span 000000000000000d  why=batch
  … 2 attributes beyond the limit
  … 72 events beyond the limit
  … 1 links beyond the limit
"
    );
}

#[test]
fn an_outcome_that_the_status_does_not_tell_is_shown() {
    let setup = manual();
    for (outcome, status) in [("cancelled", None), ("panicked", Some(500)), ("server_error", Some(503))] {
        let mut attributes = vec![("obs.outcome", Value::Str(outcome)), ("url.path", Value::Str("/x"))];
        attributes.extend(status.map(|status| ("http.response.status_code", Value::I64(status))));
        attributes.push(("http.route", Value::Str("/x")));
        setup.export(&SpanRecord {
            kind: Kind::Server,
            attributes: Attributes::new(&attributes),
            ..span(1, None, "GET /x", 0, 1_000)
        });
    }
    let trace = "GET /x  1.0 ms  trace 4bf92f3577b34da6a3ce929d0e0e4736";
    let expected = format!("{trace}  cancelled\n{trace}  500  panicked\n{trace}  503\n");
    assert_eq!(setup.delivered(), expected);
}

#[test]
fn what_could_fool_a_terminal_is_escaped() {
    let setup = manual();
    let pairs =
        [("k\u{1b}", Value::Str("v\u{1b}]0;x\u{7}")), ("f", Value::F64(0.5)), ("b", Value::Bool(true))];
    let events = [event("one\ntwo", 0, &[])];
    setup.export(&SpanRecord {
        attributes: Attributes::new(&pairs),
        events: Events::new(&events),
        status: Status::Error("a\r\nb\u{202e}"),
        ..span(1, None, "GET /\u{1b}[2J", 0, 10)
    });
    assert_eq!(
        setup.delivered(),
        "\
GET /\\u001b[2J  10 us  trace 4bf92f3577b34da6a3ce929d0e0e4736  k\\u001b=v\\u001b]0;x\\u0007 f=0.5 b=true  \
error: a\\r\\nb\\u202e
  · +0 us  one\\ntwo
"
    );
}

#[test]
fn long_texts_are_cut() {
    let setup = manual();
    let (value, name) = ("é".repeat(10_000), "n".repeat(10_000));
    let pairs = [("k", Value::Str(&value))];
    setup.export(&SpanRecord { attributes: Attributes::new(&pairs), ..span(1, None, &name, 0, 10) });
    let (value, name) = ("é".repeat(200), "n".repeat(1_000));
    let expected = format!("{name}…  10 us  trace 4bf92f3577b34da6a3ce929d0e0e4736  k={value}…\n");
    assert_eq!(setup.delivered(), expected);
}

#[test]
fn colours_are_used_only_when_asked_for() {
    let coloured = start(Clock::manual(START), settings().colours(Colours::On));
    let error = SpanRecord { status: Status::Error("x"), ..span(1, None, "a", 0, 10) };
    coloured.export(&error);
    assert_eq!(
        coloured.delivered(),
        "\u{1b}[1ma\u{1b}[0m  \u{1b}[2m10 us  trace 4bf92f3577b34da6a3ce929d0e0e4736\u{1b}[0m  \
         \u{1b}[31merror: x\u{1b}[0m\n"
    );
    for colours in [Colours::Auto, Colours::Off] {
        let plain = start(Clock::manual(START), settings().colours(colours));
        plain.export(&error);
        let text = plain.delivered();
        assert!(text.starts_with("a  10 us") && !text.contains('\u{1b}'), "{colours:?} {text}");
    }
}

#[test]
fn a_chain_of_any_depth_is_printed_and_indented_so_far_only() {
    let setup = manual();
    let depth = 5_000;
    for id in (2..=depth).rev() {
        setup.export(&span(id, Some(id - 1), "step", id, 10));
    }
    setup.export(&span(1, None, "top", 0, 10));
    let text = setup.delivered();
    assert_eq!(text.lines().count(), depth as usize);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert_eq!(widest, Some(3 * 65 + "step  10 us".len()));
}

#[test]
fn spans_of_tracing_come_out_as_they_were_nested() {
    let setup = manual();
    let tracer = Tracer::builder(Arc::clone(&setup.base)).sink(setup.tree.clone()).build();
    let clock = &setup.base.clock;
    tracing::subscriber::with_default(tracing_subscriber::registry().with(TraceLayer::new(&tracer)), || {
        let job = info_span!("job", user = 7);
        job.in_scope(|| {
            clock.advance(Duration::from_millis(1));
            info_span!("load", table = "orders").in_scope(|| {
                clock.advance(Duration::from_millis(2));
                info!(rows = 3, "loaded");
            });
            info_span!("save").in_scope(|| {
                clock.advance(Duration::from_micros(50));
                error!(error = "disk full", "cannot save");
            });
        });
    });
    let trace_id = IdSource::seeded(3).trace_id();
    assert_eq!(
        setup.delivered(),
        format!(
            "\
job  3.1 ms  trace {trace_id}  user=7
├─ load  2.0 ms  table=orders
│    · +2.0 ms  INFO  loaded  rows=3
└─ save  50 us  error: disk full
     · +50 us  ERROR  cannot save  error=\"disk full\"
"
        )
    );
}

#[test]
fn several_values_under_one_key_are_shown_up_to_a_bound() {
    let setup = manual();
    let lists = [
        (Cow::Borrowed("texts"), List::Str(vec!["a".into(), "b c".into()])),
        (Cow::Borrowed("wholes"), List::I64((0..10).collect())),
        (Cow::Borrowed("none"), List::Bool(vec![])),
    ];
    let pairs = [("one", Value::Bool(true))];
    let attributes = Attributes::new(&pairs).and_lists(&lists);
    setup.export(&SpanRecord { attributes, ..span(1, None, "work", 0, 1) });
    let text = setup.flushed();
    let expected = "  one=true texts=[a, \"b c\"] wholes=[0, 1, 2, 3, 4, 5, 6, 7, …] none=[]\n";
    assert!(text.contains(expected), "{text}");
}
