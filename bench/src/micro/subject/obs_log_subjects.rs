//! obs's lines in its other formats, through queues, by sampling, by routes, and held by the flight recorder.

use super::gate::Gate;
use super::obs_subjects::{Lines, logs, no_spans};
use super::{Subject, lines_file};
use crate::workload::{self, expect};
use bench::core_pin;
use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::keys::{Metric, metric};
use obs_core::meter::Meter;
use obs_core::observe::{End, Method, Request, conclude};
use obs_core::redact::Rules;
use obs_core::{Base, Clock, IdSource, Outcome, RequestId, Resource};
use obs_export::queue::{Batch, Control, Delivery, Sink};
use obs_logs::{
    AccessLog, Builder, FlightRecorder, Format, Levels, Logs, LogsGuard, Match, Memory, Output, Policy,
    Route, Sampling,
};
use std::sync::Arc;
use std::time::Duration;
use tracing::{Level, dispatcher};

/// Longer than any batch takes.
const LONG: Duration = Duration::from_secs(60);
/// Room for the lines of a batch.
const ROOM: usize = 64 << 20;

fn base(rules: Rules) -> Arc<Base> {
    Base::builder(Resource::new("micro"))
        .clock(Clock::system())
        .ids(IdSource::random())
        .redaction(rules)
        .build()
}

fn install(logs: &Logs) {
    dispatcher::set_global_default(no_spans(logs)).expect("one subscriber in this process");
}

fn built(builder: Builder) -> (Logs, LogsGuard) {
    builder.build().expect("outputs that can be opened")
}

fn lines(count: u64) {
    (0..count).for_each(workload::log_line);
}

/// Ten fields to an output that discards, in a format and by rules.
fn formatted(format: Format, rules: Rules, evidence: &'static str) -> Subject {
    let base = base(rules);
    let (installed, guard) = logs(&base, Output::discard().format(format));
    install(&installed);
    Subject::new(lines, move |total| {
        let _alive = &guard;
        expect("lines", Lines::of(&base, "logs_discard"), total)?;
        let memory = Memory::new();
        let (kept, _guard) = logs(&base, Output::memory(&memory).format(format));
        dispatcher::with_default(&no_spans(&kept), || lines(1));
        let line = memory.lines().concat();
        workload::note_line(line.len() + 1);
        if line.contains(evidence) { Ok(()) } else { Err(format!("no {evidence} in {line}")) }
    })
}

/// As JSON where texts are not looked into.
pub(crate) fn unjudged() -> Subject {
    formatted(Format::Json, Rules::new().without_patterns(), r#""region":"eu-west-1""#)
}

/// As logfmt.
pub(crate) fn logfmt() -> Subject {
    formatted(Format::Logfmt, Rules::new(), "region=eu-west-1")
}

/// By the Elastic Common Schema.
pub(crate) fn ecs() -> Subject {
    formatted(Format::Ecs, Rules::new(), r#""log.level":"#)
}

/// As OTLP in JSON.
pub(crate) fn otlp() -> Subject {
    formatted(Format::Otlp, Rules::new(), r#""severityNumber":9"#)
}

struct Gated(Gate);

impl Sink for Gated {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        self.0.pass(0);
        Delivery::Delivered
    }
}

/// The call alone, into a queue that nobody empties meanwhile.
pub(crate) fn queue() -> Subject {
    let (base, gate) = (base(Rules::new()), Gate::default());
    let output = Output::sink("logs_gate", Gated(gate.clone())).capacity_bytes(ROOM);
    let (installed, guard) = logs(&base, output);
    install(&installed);
    let last = gate.clone();
    Subject::new(lines, move |total| {
        last.open(true);
        guard.flush(LONG).map_err(|late| format!("{} lines wait", late.pending))?;
        expect("lines", Lines::of(&base, "logs_gate"), total)
    })
    .settled(move || {
        gate.open(true);
        installed.flush(LONG).expect("a queue that empties");
        gate.open(false);
    })
}

/// Takes all there is at once.
struct Taken;

impl Sink for Taken {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        Delivery::Delivered
    }
}

/// Into a queue that is emptied all the time, its thread's part included.
pub(crate) fn queue_emptied() -> Subject {
    core_pin::release_this_thread();
    let base = base(Rules::new());
    let output = Output::sink("logs_taken", Taken).capacity_bytes(ROOM).policy(Policy::Block(LONG));
    let (installed, guard) = logs(&base, output);
    install(&installed);
    let run = move |count| {
        lines(count);
        installed.flush(LONG).expect("a queue that empties");
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        expect("lines", Lines::of(&base, "logs_taken"), total)
    })
}

/// To a file, until all of it is written, by so many threads.
fn file(threads: u64) -> Subject {
    core_pin::release_this_thread();
    let (base, path) = (base(Rules::new()), lines_file::path());
    let output = Output::file(&path).capacity_bytes(ROOM).policy(Policy::Block(LONG));
    let (installed, guard) = logs(&base, output);
    install(&installed);
    let run = move |count| {
        lines_file::by_threads(threads, count, lines);
        installed.flush(LONG).expect("a file that can be written");
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        expect("lines", Lines::of(&base, "logs_file"), total)?;
        lines_file::check(&path, total)
    })
}

/// To a file by one thread.
pub(crate) fn file_by_one() -> Subject {
    file(1)
}

/// To a file by two threads at once.
pub(crate) fn file_by_two() -> Subject {
    file(2)
}

/// Lines of which all but the first are left out for their number.
pub(crate) fn sampled_out() -> Subject {
    let base = base(Rules::new());
    let sampling = Sampling::new().first(1).thereafter(0).tick(Duration::from_secs(3_600));
    let (installed, guard) =
        built(Logs::builder(Arc::clone(&base)).output(Output::discard()).sampling(sampling));
    install(&installed);
    Subject::new(lines, move |total| {
        let _alive = &guard;
        expect("lines left out", Told::of(&base, &metric::LOG_SUPPRESSED, "sampled"), total - 1)
    })
}

/// A line below the level.
pub(crate) fn disabled() -> Subject {
    let base = base(Rules::new());
    let (installed, guard) = logs(&base, Output::discard());
    install(&installed);
    Subject::new(
        |count| (0..count).for_each(workload::debug_line),
        move |_| {
            let _alive = &guard;
            expect("lines", Lines::of(&base, "logs_discard"), 0)
        },
    )
}

/// Two outputs, of which a route takes one.
fn routed(when: Match) -> Subject {
    let base = base(Rules::new());
    let routes = [Route::new(when, ["taken"]), Route::otherwise(["other"])];
    let builder = Logs::builder(Arc::clone(&base)).routes(routes);
    let outputs = ["taken", "other"].map(|name| Output::discard().named(name));
    let (installed, guard) = built(outputs.into_iter().fold(builder, Builder::output));
    install(&installed);
    Subject::new(lines, move |total| {
        let _alive = &guard;
        expect("other lines", Lines::of(&base, "logs_other"), 0)?;
        expect("lines", Lines::of(&base, "logs_taken"), total)
    })
}

/// By a route that is settled for the call site.
pub(crate) fn routed_by_level() -> Subject {
    routed(Match::level(Levels::only(Level::INFO)))
}

/// By a route that asks each line for a field.
pub(crate) fn routed_by_field() -> Subject {
    routed(Match::field("region", "eu-west-1"))
}

/// What one number of the base's sources is, where one of its labels is this.
struct Told(&'static Metric, &'static str, u64);

impl Told {
    fn of(base: &Base, metric: &'static Metric, label: &'static str) -> u64 {
        let mut told = Self(metric, label, 0);
        base.sources.collect(&mut told);
        told.2
    }
}

impl Meter for Told {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        if std::ptr::eq(metric, self.0) && (self.1.is_empty() || labels.contains(&self.1)) {
            self.2 += value;
        }
    }

    fn gauge(&mut self, _: &'static Metric, _: &[&str], _: f64) {}
}

/// Requests that end well, each with so many lines below the level, under the flight recorder.
fn recorded(lines_each: u64, per_request: bool) -> Subject {
    let base = base(Rules::new());
    let (installed, guard) =
        built(Logs::builder(Arc::clone(&base)).output(Output::discard()).recorder(FlightRecorder::new()));
    install(&installed);
    let access = AccessLog::new(installed.clone());
    let request_id = RequestId::parse("ORD-2024-98765").expect("an id");
    let ids = Arc::clone(&base);
    let request = move |first: u64, lines: u64| {
        let ids =
            Ids { trace_id: ids.ids.trace_id(), span_id: ids.ids.span_id(), flags: TraceFlags::default() };
        let context = Context::root(ids, Local::server(request_id, None));
        let scope = enter_poll(&context);
        (first..first + lines).for_each(workload::debug_line);
        drop(scope);
        let end = End::new(Outcome::Success, Duration::from_millis(1));
        conclude(&access, &context, &Request::new(Method::Get, "/a"), &end);
    };
    let run = move |count: u64| match per_request {
        true => (0..count).for_each(|turn| request(turn, lines_each)),
        // One request of as many lines as a busy one has, again and again.
        false => (0..count.div_ceil(lines_each)).for_each(|turn| {
            let first = turn * lines_each;
            request(first, lines_each.min(count - first));
        }),
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        let lines = if per_request { total * lines_each } else { total };
        expect("lines held", Told::of(&base, &metric::RECORDER_LINES, ""), lines)?;
        expect("lines written", Told::of(&base, &metric::RECORDER_LINES_WRITTEN, ""), 0)
    })
}

/// A line that is held; the ends of requests are in it, at one in 200 lines.
pub(crate) fn held() -> Subject {
    recorded(200, false)
}

/// A healthy request with 20 lines that are held, its access line included.
pub(crate) fn request_with_held() -> Subject {
    recorded(20, true)
}

/// A healthy request without lines, its access line included.
pub(crate) fn request_without_held() -> Subject {
    recorded(0, true)
}
