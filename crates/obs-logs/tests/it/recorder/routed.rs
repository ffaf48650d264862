//! Where held lines go, in every format, and those that sampling has left out.

use obs_logs::{Format, Match, Memory, Output, Route, Sampling};
use tracing::{debug, info};

use super::*;

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
