//! Which outcome moves which family.

use std::time::Duration;

use obs_core::context::{Context, Ids, Local, Muted, Route, TraceFlags};
use obs_core::observe::{
    End, Method, Observer, Request, RpcCall, RpcCode, RpcEnd, RpcMethod, RpcPassed, conclude,
};
use obs_core::{IdSource, Outcome, RequestId};
use obs_metrics::{Recorder, Red};

use super::{base, open_metrics, recorder, text, value};

fn context(sampled: bool, route: Option<&'static str>) -> Context {
    let ids = IdSource::random();
    let flags = TraceFlags::default().sampled(sampled);
    let local = Local::server(RequestId::parse("r-1").unwrap(), None);
    if let Some(route) = route {
        local.set_route(Route::from_static(route));
    }
    Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, local)
}

fn serve(red: &Red, context: &Context, method: Method, outcome: Outcome, status: Option<u16>) {
    let request = Request::new(method, "/raw/path/1");
    let mut end = End::new(outcome, Duration::from_millis(30));
    end.status = status;
    red.start(context, &request);
    conclude(red, context, &request, &end);
}

/// The samples of requests, without buckets, sums and help.
fn counted(recorder: &Recorder) -> String {
    let text = text(recorder);
    let of_requests =
        |line: &&str| line.starts_with("http_") && !line.contains("_bucket") && !line.contains("_sum");
    text.lines().filter(of_requests).map(|line| format!("{line}\n")).collect()
}

#[test]
fn each_outcome_moves_its_own_families() {
    use Outcome::*;
    let check = |outcome, status, expected: &str| {
        let recorder = recorder();
        let red = Red::new(&recorder);
        // Twice: the second finds its handles in the thread's cache.
        for _ in 0..2 {
            serve(&red, &context(false, Some("/users/{id}")), Method::Get, outcome, status);
        }
        let expected = expected.replace("@", "route=\"/users/{id}\",method=\"GET\"");
        assert_eq!(counted(&recorder), expected, "{outcome:?}");
    };
    let ended = |status: u16, errors: &str| {
        format!(
            "http_request_duration_seconds_count{{@}} 2\n{errors}http_requests_total{{@,status_code=\"{status}\"}} 2\n\
             http_requests_in_flight 0.0\n"
        )
    };
    // Families stand in the order of their names without `_total`.
    let failed = |status, kind| ended(status, &format!("http_request_errors_total{{@,kind=\"{kind}\"}} 2\n"));
    check(Success, Some(200), &ended(200, ""));
    check(Success, Some(304), &ended(304, ""));
    check(ClientError, Some(404), &ended(404, ""));
    check(ServerError, Some(503), &failed(503, "server_error"));
    check(ServerError, Some(200), &failed(200, "server_error"));
    check(ServerError, None, &failed(500, "server_error"));
    check(Panicked, None, &failed(500, "panicked"));
    check(Panicked, Some(200), &failed(500, "panicked"));
    check(TimedOut, None, &failed(504, "timed_out"));
    check(TimedOut, Some(408), &failed(408, "timed_out"));
    for status in [None, Some(200), Some(500)] {
        check(
            Cancelled,
            status,
            "http_request_cancelled_duration_seconds_count{@} 2\nhttp_requests_cancelled_total{@} 2\n\
             http_requests_in_flight 0.0\n",
        );
    }
}

/// A call, or a plain request, that is left out or not.
fn served(red: &Red, muted: Muted, is_rpc: bool) {
    let ids = IdSource::random();
    let mut local = Local::server(RequestId::parse("r-1").unwrap(), None);
    local.mute(muted);
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    let context = Context::root(ids, local);
    // Put together here: a flood of routes beside this test may leave no room for another.
    let full = "shop.Orders/Place";
    let method = RpcMethod { service: "shop.Orders", method: "Place", full, route: None };
    let call = RpcCall { began: method, method };
    let mut request = Request::new(Method::Post, "/shop.Orders/Place");
    request.rpc = is_rpc.then_some(&call);
    let how = RpcEnd { code: RpcCode::Ok, request: None, response: RpcPassed::default() };
    let mut end = End::new(Outcome::Success, Duration::from_millis(30));
    (end.status, end.rpc) = (Some(200), is_rpc.then_some(&how));
    red.start(&context, &request);
    conclude(red, &context, &request, &end);
}

#[test]
fn what_is_left_out_of_metrics_is_in_none_of_them_calls_as_little_as_requests() {
    for (is_rpc, count) in [
        (false, r#"http_requests_total{route="unmatched",method="POST",status_code="200"}"#),
        (true, r#"rpc_server_requests_total{service="shop.Orders",method="Place",code="OK"}"#),
    ] {
        let recorder = recorder();
        let red = Red::new(&recorder);
        let before = text(&recorder);
        served(&red, Muted::METRICS, is_rpc);
        assert_eq!(text(&recorder), before);
        served(&red, Muted::LINE, is_rpc);
        assert_eq!(value(&recorder, count), Some(1.0), "{count}");
    }
}

#[test]
fn in_flight_is_up_between_start_and_finish() {
    let recorder = recorder();
    let red = Red::new(&recorder);
    let (context, request) = (context(false, None), Request::new(Method::Get, "/"));
    red.start(&context, &request);
    red.start(&context, &request);
    assert_eq!(value(&recorder, "http_requests_in_flight"), Some(2.0));
    conclude(&red, &context, &request, &End::new(Outcome::Success, Duration::ZERO));
    assert_eq!(value(&recorder, "http_requests_in_flight"), Some(1.0));
}

#[test]
fn a_kept_request_leaves_an_exemplar_and_a_dropped_one_does_not() {
    base().clock.now();
    let (kept, dropped) = (context(true, Some("/a")), context(false, Some("/b")));
    let recorder = recorder();
    let red = Red::new(&recorder);
    for context in [&kept, &dropped] {
        serve(&red, context, Method::Get, Outcome::Success, Some(200));
    }
    let text = open_metrics(&recorder);
    let with: Vec<_> = text.lines().filter(|line| line.contains(" # {")).collect();
    let (exemplars, counted): (Vec<_>, Vec<_>) = with.into_iter().partition(|line| line.contains("_bucket"));
    assert_eq!(exemplars.len(), 1);
    let begin = "http_requests_total{route=\"/a\",method=\"GET\",status_code=\"200\"} 1 # {";
    assert!(counted.len() == 1 && counted[0].starts_with(begin), "{counted:#?}");
    let begin = format!(
        "http_request_duration_seconds_bucket{{route=\"/a\",method=\"GET\",le=\"0.05\"}} 1 # {{trace_id=\"{}\",span_id=\"{}\"}} 0.03 ",
        kept.trace_id(),
        kept.span_id()
    );
    assert!(exemplars[0].starts_with(&begin), "{}", exemplars[0]);
}

#[test]
fn recorders_of_one_thread_do_not_share_handles_and_unmatched_has_one_name() {
    let (first, second) = (recorder(), recorder());
    let (red_first, red_second) = (Red::new(&first), Red::new(&second));
    for n in 0..6 {
        let red = if n % 3 == 0 { &red_first } else { &red_second };
        serve(red, &context(false, None), Method::Other, Outcome::ClientError, Some(404));
    }
    let sample = "http_requests_total{route=\"unmatched\",method=\"_OTHER\",status_code=\"404\"}";
    assert_eq!((value(&first, sample), value(&second, sample)), (Some(2.0), Some(4.0)));
}

#[test]
fn a_flood_of_routes_and_statuses_stays_within_the_caps() {
    let recorder = Recorder::builder(base()).series_cap(200).build().unwrap();
    let red = Red::new(&recorder);
    for n in 0..100_000u32 {
        let context = context(false, None);
        context.local().set_route(Route::new(&format!("/flood/{}", n % 7_919)));
        serve(&red, &context, Method::Get, Outcome::Success, Some((n % 65_000) as u16));
    }
    let text = text(&recorder);
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("http_requests_total{")).collect();
    assert_eq!(lines.len(), 200);
    let total: u64 = lines.iter().map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
    assert_eq!(total, 100_000);
    let durations: Vec<_> =
        text.lines().filter(|line| line.starts_with("http_request_duration_seconds_count{")).collect();
    assert_eq!(durations.len(), 200);
}
