//! Where held lines go, in every format, and those that sampling has left out.

use std::sync::mpsc::{Receiver, Sender, channel};

use obs_export::queue::{Batch, Control, Delivery, Sink};
use obs_logs::{Format, Match, Memory, Output, Policy, Route, Sampling};
use tracing::{debug, info};

use super::*;
use crate::outputs::LONG;

#[test]
fn held_lines_go_where_the_access_line_of_their_request_goes_in_the_format_of_that_output() {
    for (format, mark) in [
        (Format::Json, r#","recorded":true"#),
        (Format::Logfmt, " recorded=true"),
        (Format::Pretty(obs_logs::Colours::Off), " recorded=true"),
        (Format::Ecs, r#","recorded":true"#),
        (Format::Otlp, r#"{"key":"recorded","value":{"boolValue":true}}"#),
    ] {
        let (failed, rest) = (Memory::new(), Memory::new());
        let routes = [
            Route::new(Match::level(">=ERROR".parse().unwrap()), ["failed"]),
            Route::new(Match::level("INFO".parse().unwrap()), ["rest"]),
        ];
        let flights = Flights::with(FlightRecorder::new().slow(Duration::from_millis(1)), |builder| {
            let outputs = [(&failed, "failed"), (&rest, "rest")];
            let named = outputs.map(|(memory, name)| Output::memory(memory).named(name).format(format));
            named.into_iter().fold(builder.routes(routes), Builder::output)
        });
        flights.run(|| {
            flights.request("f-1", Outcome::ServerError, || debug!("held of the failed"));
            flights.request("s-1", Outcome::Success, || debug!("held of the slow"));
        });
        let of = |memory: &Memory, text: &str| {
            let lines = memory.lines();
            let held = |line: &&String| line.contains("held of");
            assert!(lines.iter().filter(held).all(|line| line.contains(mark)), "{format:?} {lines:?}");
            lines.iter().filter(|line| line.contains(text)).count()
        };
        let counts =
            [&failed, &rest].map(|memory| [of(memory, "held of the failed"), of(memory, "held of the slow")]);
        assert_eq!(counts, [[1, 0], [0, 1]], "{format:?}");
        let plain = |line: &&String| !line.contains("held of") && line.contains("recorded");
        assert_eq!(failed.lines().iter().filter(plain).count(), 0, "the access line is none of them");
    }
}

#[test]
fn what_sampling_leaves_out_is_there_where_a_request_fails() {
    let sampling = Sampling::new().first(1).thereafter(0);
    let flights = Flights::with(FlightRecorder::new(), |builder| builder.sampling(sampling));
    let lines = flights.run(|| {
        for (id, outcome) in
            [("r-1", Outcome::Success), ("r-2", Outcome::Success), ("r-3", Outcome::ServerError)]
        {
            flights.request(id, outcome, || info!("asked the bank"));
        }
    });
    let asked: Vec<_> = lines.iter().filter(|line| text(line, "message") == "asked the bank").collect();
    let of: Vec<_> =
        asked.iter().map(|line| (text(line, "request_id"), line.contains_key("recorded"))).collect();
    assert_eq!(of, [("r-1", false), ("r-3", true)]);
    // Each of the three once, whether it was written, left out, or left out and then written.
    let numbers = Numbers::default();
    flights.base.sources.collect(&mut &numbers);
    let asked = ("log_lines_total".to_owned(), format!("INFO,{}", module_path!()));
    assert_eq!(numbers.0.lock().unwrap().get(&asked), Some(&3.0));
}

#[test]
fn a_request_whose_level_was_raised_is_written_and_not_held_twice() {
    let flights = Flights::new(FlightRecorder::new());
    let scope = obs_logs::Scope::Request(String::from("r-1"));
    flights
        .bench
        .logs
        .change_level(scope, tracing::metadata::LevelFilter::DEBUG, Duration::from_secs(60))
        .unwrap();
    let lines = flights.run(|| {
        for id in ["r-1", "r-2"] {
            flights.request(id, Outcome::ServerError, || debug!("detail"));
        }
    });
    let detail: Vec<_> = lines.iter().filter(|line| text(line, "message") == "detail").collect();
    let of: Vec<_> =
        detail.iter().map(|line| (text(line, "request_id"), line.contains_key("recorded"))).collect();
    assert_eq!(of, [("r-1", false), ("r-2", true)]);
}

#[test]
fn what_no_route_takes_is_not_made_and_not_counted() {
    let memory = Memory::new();
    let nowhere: [&str; 0] = [];
    let routes = [Route::new(Match::target("obs::access"), nowhere), Route::otherwise(["all"])];
    let flights = Flights::with(FlightRecorder::new(), |builder| {
        builder.routes(routes).output(Output::memory(&memory).named("all"))
    });
    flights.run(|| {
        flights.request("f-1", Outcome::ServerError, || debug!(target: "held", "held"));
    });
    assert!(memory.lines().is_empty());
    let (lines, recorded) = ("obs_recorder_lines_written_total", "obs_recorder_requests_total");
    assert_eq!((flights.number(lines, ""), flights.number(recorded, "error")), (0.0, 0.0));
    let numbers = Numbers::default();
    flights.base.sources.collect(&mut &numbers);
    let counted = ("log_lines_total".to_owned(), "DEBUG,held".to_owned());
    assert_eq!(numbers.0.lock().unwrap().get(&counted), None);
    assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
}

/// Tells that it has a batch, and keeps it until nobody is there to take it back.
struct Hung(Sender<()>, Receiver<()>);

impl Sink for Hung {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        let _ = self.0.send(());
        let _ = self.1.recv();
        Delivery::Delivered
    }
}

#[test]
fn a_dump_waits_for_no_output_whatever_its_policy() {
    let ((told, seen), (open, gate)) = (channel(), channel());
    let limit = Duration::from_millis(100);
    // Room for an access line beside what the output has, and for no line that is held.
    let hung = Output::sink("logs_hung", Hung(told, gate)).capacity_bytes(2_000).policy(Policy::Block(limit));
    let flights = Flights::with(FlightRecorder::new(), |builder| builder.output(hung));
    let long = "x".repeat(900);
    flights.run(|| {
        info!(long, "in its hands");
        seen.recv_timeout(LONG).unwrap();
        flights.request("f-1", Outcome::ServerError, || (0..20).for_each(|n| debug!(n, long, "held")));
    });
    let counts = flights.bench.logs.queues().next().unwrap().counts();
    assert_eq!((counts.blocked, counts.dropped(), counts.pending), (Duration::ZERO, 20, 2));
    drop(open);
}
