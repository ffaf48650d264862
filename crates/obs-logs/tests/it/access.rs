//! The access line of each outcome, whole.

use std::time::Duration;

use obs_core::Outcome;
use obs_core::context::Route;
use obs_core::observe::{End, Method, Observer, Request, Verdict, conclude};
use obs_logs::{AccessLog, Colours, Format, Memory, Output};

use crate::{Bench, IDS, TIME, context, parse};

fn request() -> Request<'static> {
    let mut request = Request::new(Method::Get, "/users/42");
    request.peer = Some("10.1.2.3:4567".parse().unwrap());
    request.user_agent = Some("curl/8 \"x\"");
    request
}

fn end(outcome: Outcome, status: Option<u16>, error: Option<&'static str>) -> End<'static> {
    let mut end = End::new(outcome, Duration::from_nanos(12_345_678));
    (end.status, end.error, end.response_bytes) = (status, error, 512);
    end
}

/// `expected` stands between the path and the duration, and behind the user agent.
#[track_caller]
fn check(end: End<'static>, level: &str, expected: (&str, &str)) {
    let bench = Bench::new();
    let access = AccessLog::new(bench.logs.clone());
    let context = context();
    context.local().set_route(Route::from_static("/users/{id}"));
    conclude(&access, &context, &request(), &end);
    let line = format!(
        concat!(
            r#"{}"level":"{}","target":"obs::access","message":"request","method":"GET","#,
            r#""route":"/users/{{id}}","path":"/users/42",{},"duration_ms":12.345,"response_bytes":512,"#,
            r#""client_address":"10.1.2.3","user_agent":"curl/8 \"x\""{},"service":"orders"{}}}"#
        ),
        TIME, level, expected.0, expected.1, IDS
    );
    assert_eq!(bench.memory.lines(), [line.as_str()]);
    parse(&line);
}

#[test]
fn each_outcome_has_its_level_and_fields() {
    use Outcome::*;
    check(end(Success, Some(200), None), "INFO", (r#""status_code":200,"outcome":"success""#, ""));
    check(end(ClientError, Some(404), None), "INFO", (r#""status_code":404,"outcome":"client_error""#, ""));
    check(end(Cancelled, None, None), "INFO", (r#""outcome":"cancelled""#, ""));
    check(end(Cancelled, Some(200), None), "INFO", (r#""status_code":200,"outcome":"cancelled""#, ""));
    check(end(TimedOut, Some(504), None), "ERROR", (r#""status_code":504,"outcome":"timed_out""#, ""));
    check(
        end(ServerError, Some(500), Some("db\ngone")),
        "ERROR",
        (r#""status_code":500,"outcome":"server_error""#, r#","error":"db\ngone""#),
    );
    check(end(Panicked, None, Some("boom")), "ERROR", (r#""outcome":"panicked""#, r#","error":"boom""#));
}

#[test]
fn what_is_not_known_is_left_out_and_an_unmatched_route_says_so() {
    let bench = Bench::new();
    let request = Request::new(Method::Other, "/\u{1}?");
    let end = End::new(Outcome::Success, Duration::from_secs(3_600));
    AccessLog::new(bench.logs.clone()).finish(&context(), &request, &end, Verdict::Drop);
    let expected = format!(
        concat!(
            r#"{}"level":"INFO","target":"obs::access","message":"request","method":"_OTHER","#,
            r#""route":"unmatched","path":"/\u0001?","outcome":"success","duration_ms":3600000.000,"#,
            r#""response_bytes":0,"service":"orders"{}}}"#
        ),
        TIME, IDS
    );
    assert_eq!(bench.memory.lines(), [expected]);
}

#[test]
fn the_filter_applies_to_access_lines() {
    for (filter, expected) in
        [("info", 2), ("obs::access=error", 1), ("off", 0), ("off,obs=info", 2), ("info,obs::access=off", 0)]
    {
        let bench = Bench::with(filter, |builder| builder);
        let access = AccessLog::new(bench.logs.clone());
        for outcome in [Outcome::Success, Outcome::Panicked] {
            access.finish(&context(), &request(), &end(outcome, None, None), Verdict::Keep);
        }
        assert_eq!(bench.memory.lines().len(), expected, "{filter}");
    }
}

#[test]
fn huge_and_hostile_parts_leave_a_valid_line() {
    let bench = Bench::new();
    let path = format!("/{}", "\u{1b}\"".repeat(100_000));
    let mut request = Request::new(Method::Get, &path);
    request.user_agent = Some(&path);
    AccessLog::new(bench.logs.clone()).finish(
        &context(),
        &request,
        &end(Outcome::Success, None, None),
        Verdict::Keep,
    );
    let lines = bench.memory.lines();
    assert!(lines[0].len() < obs_logs::MAX_LINE_BYTES);
    assert_eq!(parse(&lines[0]).last().unwrap().0, "truncated");
}

#[test]
fn there_is_a_line_for_people_too() {
    let pretty = Memory::new();
    let output = Output::memory(&pretty).format(Format::Pretty(Colours::Off));
    let bench = Bench::with("info", |builder| builder.output(output));
    let access = AccessLog::new(bench.logs.clone());
    access.finish(&context(), &request(), &end(Outcome::Success, Some(200), None), Verdict::Keep);
    assert_eq!(bench.memory.lines().len(), 1);
    assert_eq!(
        pretty.lines(),
        [concat!(
            "2026-10-03T12:34:56.123Z INFO  obs::access: request method=GET route=unmatched path=/users/42 ",
            "status_code=200 outcome=success duration_ms=12.345 response_bytes=512 client_address=10.1.2.3 ",
            "user_agent=\"curl/8 \\\"x\\\"\" trace=910a2dec span=f893a2ee request=ORD-2024-98765"
        )]
    );
}
