//! An end that is asked for: it comes in time, wherever it is asked for and whatever the other side does, and tells what
//! became of everything.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use obs::config::OtlpProtocol;
use obs::{Books, Obs};
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::called::{Called, Say};
use crate::collector::{Answer, Collector, spans_of};
use crate::process::alone;
use crate::service::{LONG, TempFile};

const SPANS: &str = "traces_otlp";
const COUNT: u64 = 5;
/// What an end that hangs is given.
const SHORT: Duration = Duration::from_millis(600);
/// More than an end takes after its deadline on a busy machine.
const PROMPT: Duration = Duration::from_secs(3);

fn towards(url: String, protocol: OtlpProtocol, file: &TempFile) -> Obs {
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(url);
    obs.otlp_protocol(protocol).no_otlp_probe().build().unwrap()
}

fn record(obs: &Obs) {
    let spans =
        || (0..COUNT).for_each(|n| tracing::info_span!("step", n).in_scope(|| tracing::info!("said")));
    tracing::dispatcher::with_default(obs.dispatch(), spans);
}

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let begun = Instant::now();
    (work(), begun.elapsed())
}

/// All spans and lines are where they belong.
#[track_caller]
fn all_delivered(books: &Books) {
    assert!(books.is_delivered(), "{books}");
    assert_eq!(books.of(SPANS).map(|way| (way.produced, way.delivered)), Some((COUNT, COUNT)), "{books}");
}

/// No span is, and all are accounted for.
#[track_caller]
fn none_delivered(books: &Books, took: Duration) {
    let spans = books.of(SPANS).unwrap();
    assert_eq!((spans.produced, spans.delivered), (COUNT, 0), "{books}");
    assert_eq!(spans.lost() + spans.pending, COUNT, "{books}");
    let lines = books.of("logs_file").unwrap();
    assert_eq!((lines.produced, lines.delivered), (COUNT, COUNT), "lines do not wait for spans: {books}");
    assert!(took < SHORT + PROMPT, "took {took:?}");
}

#[test]
fn an_end_inside_of_a_runtime_delivers_all() {
    let current = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let one = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for (name, runtime) in [("current.log", &current), ("one.log", &one)] {
        let (http, grpc) = (Collector::start(Answer::Ok), Called::start([Say::status(0)]));
        for (url, protocol) in [(http.url(), OtlpProtocol::HttpProtobuf), (grpc.url(), OtlpProtocol::Grpc)] {
            let file = TempFile::new(name);
            let mut obs = towards(url, protocol, &file);
            record(&obs);
            // On the one thread that would have to drive a connection of the runtime's.
            let end = async { tokio::spawn(async move { (obs.shutdown(LONG), obs) }).await.unwrap() };
            let ((books, _obs), took) = timed(|| runtime.block_on(end));
            all_delivered(&books);
            assert!(took < LONG, "took {took:?}");
        }
        assert_eq!(http.spans().len() as u64, COUNT);
    }
}

#[test]
fn a_collector_that_never_answers_or_is_not_there_ends_by_the_deadline_with_an_account() {
    let hangs = Collector::start(Answer::Hang);
    let grpc_hangs = Called::start([Say::Hang]);
    let absent = Collector::absent();
    let server = absent.replace("/v1/traces", "");
    std::thread::scope(|scope| {
        for (name, url, protocol) in [
            ("http-hangs.log", hangs.url(), OtlpProtocol::HttpProtobuf),
            ("grpc-hangs.log", grpc_hangs.url(), OtlpProtocol::Grpc),
            ("http-absent.log", absent.clone(), OtlpProtocol::HttpProtobuf),
            ("grpc-absent.log", server.clone(), OtlpProtocol::Grpc),
        ] {
            scope.spawn(move || {
                let file = TempFile::new(name);
                let mut obs = towards(url, protocol, &file);
                record(&obs);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let (books, took) = timed(|| runtime.block_on(async { obs.shutdown(SHORT) }));
                none_delivered(&books, took);
                // Nothing is left for the second end, nor for the drop.
                let (again, took) = timed(|| obs.shutdown(LONG));
                assert_eq!((again, took < SHORT), (books, true), "{name} {took:?}");
                let ((), took) = timed(|| drop(obs));
                assert!(took < SHORT, "{name} {took:?}");
            });
        }
    });
}

#[test]
fn two_threads_that_ask_for_the_end_at_once_both_get_it() {
    let (collector, file) = (Collector::start(Answer::Hang), TempFile::new("two.log"));
    let obs = towards(collector.url(), OtlpProtocol::HttpProtobuf, &file);
    record(&obs);
    let (obs, both) = (Arc::new(Mutex::new(obs)), Barrier::new(2));
    let end = || {
        both.wait();
        timed(|| obs.lock().unwrap().shutdown(SHORT))
    };
    let ends =
        std::thread::scope(|scope| [scope.spawn(end), scope.spawn(end)].map(|end| end.join().unwrap()));
    let [(first, took), (second, took_second)] = ends;
    none_delivered(&first, took);
    none_delivered(&second, took_second);
}

#[test]
fn two_threads_that_flush_at_once_both_return_by_their_deadlines_and_nothing_is_lost_by_it() {
    let (collector, file) = (Collector::start(Answer::Hang), TempFile::new("flush.log"));
    let obs = towards(collector.url(), OtlpProtocol::HttpProtobuf, &file);
    record(&obs);
    let flush = || timed(|| obs.flush(SHORT));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = std::thread::scope(|scope| {
        let beside = scope.spawn(flush);
        [runtime.block_on(async { flush() }), beside.join().unwrap()]
    });
    for (all, took) in found {
        assert!(!all && took >= SHORT && took < SHORT + PROMPT, "{took:?}");
    }
    assert_eq!(obs.books().of(SPANS).map(|way| (way.pending, way.lost())), Some((COUNT, 0)));
}

#[test]
fn a_panic_that_unwinds_through_the_installation_ends_it_as_any_other_end() {
    std::thread::scope(|scope| {
        for (name, answer) in [("unwound.log", Answer::Ok), ("unwound-hangs.log", Answer::Hang)] {
            scope.spawn(move || {
                let (collector, file) = (Collector::start(answer), TempFile::new(name));
                let obs = towards(collector.url(), OtlpProtocol::HttpProtobuf, &file);
                record(&obs);
                let work = move || {
                    let _obs = obs;
                    panic!("oh no");
                };
                let (unwound, took) = timed(|| catch_unwind(AssertUnwindSafe(work)));
                let unwound: Result<(), _> = unwound;
                assert!(unwound.is_err());
                assert!(took < Obs::DROP_DEADLINE + PROMPT, "{name} took {took:?}");
                let delivered = if answer == Answer::Ok { COUNT } else { 0 };
                if answer == Answer::Ok {
                    assert_eq!(collector.spans().len() as u64, delivered);
                }
                assert_eq!(file.lines().len() as u64, COUNT);
            });
        }
    });
}

/// Traces everything, in a process of its own, and sends three times.
fn everything_is_traced(url: String, protocol: OtlpProtocol) {
    let file = TempFile::new("everything.log");
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).log_filter("trace");
    let obs = obs.trace_filter("trace").otlp_endpoint(url).otlp_protocol(protocol).install().unwrap();
    for _ in 0..3 {
        (0..COUNT).for_each(|n| tracing::trace_span!("step", n).in_scope(|| tracing::trace!("said")));
        assert!(obs.flush(LONG), "{}", obs.books());
    }
    let books = obs.books();
    drop(obs);
    let others: Vec<_> = file.lines().into_iter().filter(|line| line["message"] != "said").collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(books.of(SPANS).unwrap().delivered, 3 * COUNT);
}

/// By what came over the wire: each span with its one event.
#[track_caller]
fn only_steps(spans: impl IntoIterator<Item = Span>) {
    let names: Vec<_> = spans.into_iter().map(|span| (span.name, span.events.len())).collect();
    assert_eq!(names, vec![("step".to_owned(), 1); 3 * COUNT as usize]);
}

#[test]
fn what_is_sent_by_http_makes_no_spans_although_everything_is_traced() {
    alone(module_path!(), "what_is_sent_by_http_makes_no_spans_although_everything_is_traced", &[], || {
        let collector = Collector::start(Answer::Ok);
        everything_is_traced(collector.url(), OtlpProtocol::HttpProtobuf);
        only_steps(collector.spans());
    });
}

#[test]
fn what_is_sent_by_grpc_makes_no_spans_although_everything_is_traced() {
    alone(module_path!(), "what_is_sent_by_grpc_makes_no_spans_although_everything_is_traced", &[], || {
        // The collector's own thread makes spans of h2 too; those are none of ours.
        let quiet = |stream| {
            std::mem::forget(obs_core::context::silence());
            async { Some(stream) }
        };
        let collector = Called::over("http", "127.0.0.1", [Say::status(0)], quiet);
        everything_is_traced(collector.url(), OtlpProtocol::Grpc);
        only_steps(collector.rest().iter().flat_map(|call| spans_of(&call.message)));
    });
}
