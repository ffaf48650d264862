//! A whole log call inside of a request, by where its line goes: nowhere, a queue in memory, one on the disk, a file, and
//! the records of receivers; and a push into a queue alone.

use super::gate::Gate;
use super::obs_subjects::{Lines, logs, no_spans};
use super::stub::Stub;
use super::{Subject, lines_file};
use crate::workload::{self, expect};
use bench::core_pin;
use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::{Base, RequestId, Resource};
use obs_export::http::ClientSettings;
use obs_export::queue::{Batch, Control, Delivery, Durable, Settings, Sink, Worker};
use obs_logs::journal::{self, Journal};
use obs_logs::{Elastic, Format, Loki, Memory, Otlp, Output, Policy};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::dispatcher;

/// Longer than any batch takes.
const LONG: Duration = Duration::from_secs(60);
/// Room for the lines of a batch.
const ROOM: usize = 64 << 20;
/// The same on the disk.
const SPILL: u64 = 256 << 20;

/// A directory of this process's own, which is not there yet.
fn directory() -> PathBuf {
    let path = std::env::temp_dir().join(format!("bench-{}.journal", std::process::id()));
    // One that an earlier process of this number left.
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Where lines wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    InMemory,
    OnDisk,
}

/// The output whose lines wait there, and what is to be removed at the end.
fn waiting(output: Output, waits: Waits) -> (Output, Option<PathBuf>) {
    match waits {
        Waits::InMemory => (output.capacity_bytes(ROOM), None),
        Waits::OnDisk => {
            let path = directory();
            (output.durable(journal::Settings::new(&path).max_bytes(SPILL).spares(2)), Some(path))
        }
    }
}

fn remove(path: Option<&PathBuf>) {
    // What is left harms nobody.
    let _ = path.map(std::fs::remove_dir_all);
}

/// Inside of one request, a sampled one.
fn in_request(count: u64) {
    let request_id = RequestId::parse("ORD-2024-98765").expect("an id");
    let source = obs_core::IdSource::random();
    let ids = Ids { trace_id: source.trace_id(), span_id: source.span_id(), flags: TraceFlags::from_byte(1) };
    let context = Context::root(ids, Local::server(request_id, None));
    let _scope = enter_poll(&context);
    (0..count).for_each(workload::short_line);
}

/// Whether a line has what it should.
fn check_line(base: &Arc<Base>, format: Format) -> Result<(), String> {
    let memory = Memory::new();
    let (kept, _guard) = logs(base, Output::memory(&memory).format(format));
    dispatcher::with_default(&no_spans(&kept), || in_request(1));
    let line = memory.lines().concat();
    workload::note_line(line.len() + 1);
    let missing =
        ["ORD-2024-98765", "order accepted", "amount_cents"].into_iter().find(|part| !line.contains(part));
    missing.map_or(Ok(()), |part| Err(format!("no {part} in {line}")))
}

/// To an output that discards.
pub(crate) fn discard() -> Subject {
    let base = Base::new(Resource::new("micro"));
    let (installed, guard) = logs(&base, Output::discard());
    dispatcher::set_global_default(no_spans(&installed)).expect("one subscriber in this process");
    Subject::new(in_request, move |total| {
        let _alive = &guard;
        expect("lines", Lines::of(&base, "logs_discard"), total)?;
        check_line(&base, Format::Json)
    })
}

struct Gated(Gate);

impl Sink for Gated {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        self.0.pass(0);
        Delivery::Delivered
    }
}

/// Takes all there is at once.
struct Taken;

impl Sink for Taken {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        Delivery::Delivered
    }
}

/// Into a queue that nobody empties meanwhile.
fn gated(waits: Waits) -> Subject {
    core_pin::release_this_thread();
    let base = Base::new(Resource::new("micro"));
    let gate = Gate::default();
    let (output, path) = waiting(Output::sink("logs_gate", Gated(gate.clone())), waits);
    let (installed, guard) = logs(&base, output);
    core_pin::pin_this_thread(core_pin::MEASURED);
    dispatcher::set_global_default(no_spans(&installed)).expect("one subscriber in this process");
    let last = gate.clone();
    Subject::new(in_request, move |total| {
        last.open(true);
        guard.flush(LONG).map_err(|late| format!("{} lines wait", late.pending))?;
        remove(path.as_ref());
        expect("lines", Lines::of(&base, "logs_gate"), total)?;
        check_line(&base, Format::Json)
    })
    .settled(move || {
        gate.open(true);
        installed.flush(LONG).expect("a queue that empties");
        gate.open(false);
    })
}

/// Into a queue in memory.
pub(crate) fn queue() -> Subject {
    gated(Waits::InMemory)
}

/// Into one on the disk.
pub(crate) fn durable() -> Subject {
    gated(Waits::OnDisk)
}

/// Into a queue that is emptied all the time, its threads included.
fn emptied(waits: Waits) -> Subject {
    core_pin::release_this_thread();
    let base = Base::new(Resource::new("micro"));
    let (output, path) = waiting(Output::sink("logs_taken", Taken).policy(Policy::Block(LONG)), waits);
    let (installed, guard) = logs(&base, output);
    core_pin::pin_this_thread(core_pin::MEASURED);
    dispatcher::set_global_default(no_spans(&installed)).expect("one subscriber in this process");
    let run = move |count| {
        in_request(count);
        installed.flush(LONG).expect("a queue that empties");
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        remove(path.as_ref());
        expect("lines", Lines::of(&base, "logs_taken"), total)?;
        check_line(&base, Format::Json)
    })
}

/// Into a queue in memory.
pub(crate) fn queue_emptied() -> Subject {
    emptied(Waits::InMemory)
}

/// Into one on the disk.
pub(crate) fn durable_emptied() -> Subject {
    emptied(Waits::OnDisk)
}

/// To a file, until all is written.
pub(crate) fn file() -> Subject {
    core_pin::release_this_thread();
    let (base, path) = (Base::new(Resource::new("micro")), lines_file::path());
    let output = Output::file(&path).capacity_bytes(ROOM).policy(Policy::Block(LONG));
    let (installed, guard) = logs(&base, output);
    core_pin::pin_this_thread(core_pin::MEASURED);
    dispatcher::set_global_default(no_spans(&installed)).expect("one subscriber in this process");
    let run = move |count| {
        in_request(count);
        installed.flush(LONG).expect("a file that can be written");
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        expect("lines", Lines::of(&base, "logs_file"), total)?;
        lines_file::check(&path, total)?;
        check_line(&base, Format::Json)
    })
}

/// Into the queue of an output to a receiver that holds its answer back meanwhile.
fn shipped(of: impl FnOnce(&Stub) -> Output, waits: Waits) -> Subject {
    shipped_as(in_request, of, waits)
}

/// The same of these lines.
fn shipped_as(run: fn(u64), of: impl FnOnce(&Stub) -> Output, waits: Waits) -> Subject {
    core_pin::release_this_thread();
    let base = Base::new(Resource::new("micro"));
    let stub = Stub::listen();
    let (output, path) = waiting(of(&stub).named("far"), waits);
    let (installed, guard) = logs(&base, output);
    core_pin::pin_this_thread(core_pin::MEASURED);
    dispatcher::set_global_default(no_spans(&installed)).expect("one subscriber in this process");
    let (gate, asked) = (stub.gate.clone(), stub);
    let (last, settled) = (gate.clone(), Arc::new(std::sync::atomic::AtomicU64::new(0)));
    let extra = Arc::clone(&settled);
    Subject::new(run, move |total| {
        last.open(true);
        guard.flush(LONG).map_err(|late| format!("{} lines wait", late.pending))?;
        remove(path.as_ref());
        let extra = extra.load(std::sync::atomic::Ordering::Relaxed);
        expect("lines", Lines::of(&base, "logs_far"), total + extra)?;
        check_line(&base, Format::Json)
    })
    .settled(move || {
        gate.open(true);
        installed.flush(LONG).expect("a receiver that answers");
        gate.open(false);
        // Has the worker wait for an answer, so that nothing but the calls is measured.
        let seen = asked.requests();
        in_request(1);
        settled.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        asked.wait_beyond(seen);
    })
}

fn client() -> ClientSettings {
    ClientSettings::new().request_timeout(10 * LONG)
}

fn to_loki(stub: &Stub) -> Output {
    Loki::new(stub.endpoint()).client(client()).into()
}

fn to_loki_json(stub: &Stub) -> Output {
    Loki::new(stub.endpoint()).json().client(client()).into()
}

fn to_elastic(stub: &Stub) -> Output {
    Elastic::new(stub.endpoint(), "logs-obs-micro").client(client()).into()
}

fn to_otlp(stub: &Stub) -> Output {
    Otlp::new(stub.endpoint()).client(client()).into()
}

/// Loki's protobuf.
pub(crate) fn loki() -> Subject {
    shipped(to_loki, Waits::InMemory)
}

/// The same in a journal.
pub(crate) fn loki_durable() -> Subject {
    shipped(to_loki, Waits::OnDisk)
}

/// Loki's JSON.
pub(crate) fn loki_json() -> Subject {
    shipped(to_loki_json, Waits::InMemory)
}

/// The same in a journal.
pub(crate) fn loki_json_durable() -> Subject {
    shipped(to_loki_json, Waits::OnDisk)
}

/// Documents of Elasticsearch.
pub(crate) fn elastic() -> Subject {
    shipped(to_elastic, Waits::InMemory)
}

/// The same in a journal.
pub(crate) fn elastic_durable() -> Subject {
    shipped(to_elastic, Waits::OnDisk)
}

/// Records of OTLP.
pub(crate) fn otlp() -> Subject {
    shipped(to_otlp, Waits::InMemory)
}

/// The same in a journal.
pub(crate) fn otlp_durable() -> Subject {
    shipped(to_otlp, Waits::OnDisk)
}

/// The line of ten fields, in no request.
fn ten_fields(count: u64) {
    (0..count).for_each(workload::log_line);
}

/// The same as Loki's protobuf.
pub(crate) fn loki_of_ten() -> Subject {
    shipped_as(ten_fields, to_loki, Waits::InMemory)
}

/// The same as Loki's JSON.
pub(crate) fn loki_json_of_ten() -> Subject {
    shipped_as(ten_fields, to_loki_json, Waits::InMemory)
}

/// The same as documents of Elasticsearch.
pub(crate) fn elastic_of_ten() -> Subject {
    shipped_as(ten_fields, to_elastic, Waits::InMemory)
}

/// The same as records of OTLP.
pub(crate) fn otlp_of_ten() -> Subject {
    shipped_as(ten_fields, to_otlp, Waits::InMemory)
}

/// A push of 300 bytes, into a queue that nobody empties meanwhile.
fn push(waits: Waits) -> Subject {
    core_pin::release_this_thread();
    let gate = Gate::default();
    let settings = Settings::new("push").capacity_bytes(ROOM);
    let (sink, path) = (Gated(gate.clone()), directory());
    let worker = match waits {
        Waits::InMemory => Worker::spawn(settings, "push", sink),
        Waits::OnDisk => {
            let journal = Journal::open(journal::Settings::new(&path).max_bytes(SPILL).spares(2));
            Worker::spawn_durable(settings, Durable::new(journal.expect("a journal")), "push", sink)
        }
    };
    core_pin::pin_this_thread(core_pin::MEASURED);
    let worker = worker.expect("a thread");
    let (pushed, flushed) = (worker.queue().clone(), worker.queue().clone());
    let record: Vec<u8> = (0..300_u32).map(|byte| byte as u8).collect();
    let run = move |count| (0..count).for_each(|_| pushed.push(std::hint::black_box(&record)));
    let last = gate.clone();
    Subject::new(run, move |total| {
        last.open(true);
        worker.queue().flush(LONG).map_err(|late| format!("{} records wait", late.pending))?;
        remove(Some(&path));
        expect("records", worker.queue().counts().delivered, total)
    })
    .settled(move || {
        gate.open(true);
        flushed.flush(LONG).expect("a queue that empties");
        gate.open(false);
    })
}

/// In memory.
pub(crate) fn push_queue() -> Subject {
    push(Waits::InMemory)
}

/// On the disk.
pub(crate) fn push_durable() -> Subject {
    push(Waits::OnDisk)
}

/// Records that an earlier process left, some 66 MB of files.
const LEFT: u64 = 200_000;

/// Opens a journal with records that were left in it.
pub(crate) fn recovery() -> Subject {
    let path = directory();
    let settings = journal::Settings::new(&path).max_bytes(SPILL);
    let mut journal = Journal::open(settings.clone()).expect("a journal");
    let record: Vec<u8> = (0..300_u32).map(|byte| byte as u8).collect();
    for _ in 0..LEFT {
        journal.writer.append(&record, 0).expect("room");
    }
    drop(journal);
    let found = std::rc::Rc::new(std::cell::Cell::new(0));
    let sum = std::rc::Rc::clone(&found);
    let run = move |count| {
        for _ in 0..count {
            let journal = Journal::open(settings.clone()).expect("a journal");
            sum.set(sum.get() + journal.recovered.records);
        }
    };
    Subject::new(run, move |total| {
        remove(Some(&path));
        expect("records", found.get(), total * LEFT)
    })
}
