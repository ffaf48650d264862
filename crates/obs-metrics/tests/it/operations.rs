//! Which end of a call moves which family, and under which labels.

use std::time::Duration;

use obs_core::Outcome;
use obs_core::keys::metric;
use obs_core::observe::{Operation, OperationEnd, OperationKind, OperationObserver};
use obs_metrics::{Operations, Recorder};

use super::{base, open_metrics, recorder, root, text};

const LABELS: [&str; 3] = ["payments", "/v2/pay", "POST"];

fn call<'a>() -> Operation<'a> {
    Operation::new(OperationKind::Client, "POST", &metric::HTTP_CLIENT, &LABELS)
}

fn end(outcome: Outcome, status: Option<u16>, fault: Option<&'static str>) -> OperationEnd<'static> {
    let mut end = OperationEnd::new(outcome, Duration::from_millis(30));
    (end.status, end.fault) = (status, fault);
    end
}

/// The samples of calls, without buckets, sums and help.
fn counted(recorder: &Recorder) -> String {
    let text = text(recorder);
    let of_calls =
        |line: &&str| line.starts_with("http_client_") && !line.contains("_bucket") && !line.contains("_sum");
    text.lines().filter(of_calls).map(|line| format!("{line}\n")).collect()
}

#[test]
fn each_end_moves_its_own_families() {
    let check = |end: OperationEnd<'_>, expected: &str| {
        let recorder = recorder();
        let operations = Operations::new(&recorder);
        // Twice: the second finds its handles in the thread's cache.
        for _ in 0..2 {
            operations.finish(&root(false), &call(), &end);
        }
        let expected = expected.replace('@', "target=\"payments\",route=\"/v2/pay\",method=\"POST\"");
        assert_eq!(counted(&recorder), expected, "{end:?}");
    };
    let ended = |status: &str, errors: &str| {
        format!(
            "http_client_request_duration_seconds_count{{@}} 2\n{errors}\
             http_client_requests_total{{@,status_code=\"{status}\"}} 2\n"
        )
    };
    let failed = |status: &str, kind: &str| {
        ended(status, &format!("http_client_request_errors_total{{@,kind=\"{kind}\"}} 2\n"))
    };
    check(end(Outcome::Success, Some(200), None), &ended("200", ""));
    check(end(Outcome::ClientError, Some(404), None), &ended("404", ""));
    check(end(Outcome::ServerError, Some(502), Some("server_error")), &failed("502", "server_error"));
    check(end(Outcome::ServerError, None, Some("connect")), &failed("error", "connect"));
    check(end(Outcome::TimedOut, None, Some("timeout")), &failed("error", "timeout"));
    check(end(Outcome::ServerError, Some(200), Some("reset")), &failed("200", "reset"));
    for (status, fault) in [(None, None), (Some(200), None), (None, Some("reset"))] {
        check(end(Outcome::Cancelled, status, fault), "http_client_requests_cancelled_total{@} 2\n");
    }
}

#[test]
fn calls_that_differ_in_one_thing_are_apart_in_one_threads_cache() {
    let recorder = recorder();
    let operations = Operations::new(&recorder);
    let statuses = [Some(200), Some(201), None];
    for round in 1..=3 {
        for labels in [["a", "/x", "GET"], ["b", "/x", "GET"], ["a", "/y", "GET"], ["a", "/x", "PUT"]] {
            let call = Operation::new(OperationKind::Client, "GET", &metric::HTTP_CLIENT, &labels);
            for status in statuses {
                operations.finish(&root(false), &call, &end(Outcome::Success, status, None));
            }
        }
        let counted = counted(&recorder);
        let requests: Vec<_> = counted.lines().filter(|line| line.contains("requests_total")).collect();
        assert_eq!(requests.len(), 12, "{requests:#?}");
        assert!(requests.iter().all(|line| line.ends_with(&format!(" {round}"))), "{requests:#?}");
    }
}

#[test]
fn a_recorded_call_leaves_an_exemplar_and_another_does_not() {
    // The time of an exemplar is that of the last reading of the clock.
    base().clock.now();
    let recorder = recorder();
    let operations = Operations::new(&recorder);
    let kept = root(true);
    for context in [&kept, &root(false)] {
        operations.finish(context, &call(), &end(Outcome::Success, Some(200), None));
    }
    let text = open_metrics(&recorder);
    let with: Vec<_> = text.lines().filter(|line| line.contains(" # {")).collect();
    let (exemplars, counted): (Vec<_>, Vec<_>) = with.into_iter().partition(|line| line.contains("_bucket"));
    assert_eq!(exemplars.len(), 1);
    let begin = "http_client_requests_total{target=\"payments\",route=\"/v2/pay\",method=\"POST\",status_code=\"200\"} 2 # {";
    assert!(counted.len() == 1 && counted[0].starts_with(begin), "{counted:#?}");
    let begin = format!(
        "http_client_request_duration_seconds_bucket{{target=\"payments\",route=\"/v2/pay\",method=\"POST\",le=\"0.05\"}} 2 \
         # {{trace_id=\"{}\",span_id=\"{}\"}} 0.03 ",
        kept.trace_id(),
        kept.span_id()
    );
    assert!(exemplars[0].starts_with(&begin), "{}", exemplars[0]);
}

#[test]
fn two_recorders_in_one_thread_count_apart() {
    let (one, other) = (recorder(), recorder());
    let both = [Operations::new(&one), Operations::new(&other)];
    for _ in 0..2 {
        both[0].finish(&root(false), &call(), &end(Outcome::Success, Some(200), None));
    }
    both[1].finish(&root(false), &call(), &end(Outcome::Success, Some(200), None));
    assert!(counted(&one).contains("status_code=\"200\"} 2\n"), "{}", counted(&one));
    assert!(counted(&other).contains("status_code=\"200\"} 1\n"), "{}", counted(&other));
}

#[test]
fn a_stranger_who_answers_every_status_fills_no_family() {
    let recorder = recorder();
    let operations = Operations::new(&recorder);
    for status in 100..=999 {
        operations.finish(&root(false), &call(), &end(Outcome::Success, Some(status), None));
    }
    let counted = counted(&recorder);
    let of = |status: &str| {
        let line = counted.lines().find(|line| line.contains(&format!("status_code=\"{status}\"")));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u32>().ok())
    };
    assert_eq!(
        (of("404"), of("526"), of("2xx"), of("5xx"), of("other")),
        (Some(1), Some(1), Some(90), Some(77), Some(400))
    );
    assert!(counted.lines().count() < 100, "{counted}");
}

#[test]
fn a_label_that_is_missing_moves_no_other() {
    let recorder = recorder();
    let operation = Operation::new(OperationKind::Client, "POST", &metric::HTTP_CLIENT, &LABELS[..2]);
    Operations::new(&recorder).finish(
        &root(false),
        &operation,
        &end(Outcome::ServerError, Some(502), Some("server_error")),
    );
    let counted = counted(&recorder);
    for expected in
        [r#"route="/v2/pay",method="",status_code="502"} 1"#, r#"method="",kind="server_error"} 1"#]
    {
        assert!(counted.contains(expected), "{expected}\n{counted}");
    }
}
