//! Every way a request can end, over HTTP/1 and HTTP/2, by axum and by hyper alone, as all three signals see it: outcome, counter,
//! duration, span status, line, and what is in flight back at zero.
//!
//! gRPC is held to the same by tests of its own, under `grpc/`, whose service is tonic's. Of the cells here
//!
//! | cell | of gRPC by tonic |
//! |---|---|
//! | success | `a_unary_call_is_one_message_each_way` |
//! | client_error | `an_error_of_the_callers_is_none_of_the_services` |
//! | server_error | `an_error_in_the_trailers_is_read_there` |
//! | service_error | none: tonic makes an answer of every error; see `an_answer_without_a_status_is_unknown` |
//! | panic_before_the_head | `a_panic_is_a_panic_and_the_caller_sees_an_internal_error_or_a_reset` |
//! | panic_that_is_answered | `a_panic_that_is_answered_is_an_internal_error` |
//! | error_in_the_body | `an_error_in_the_trailers_is_read_there` |
//! | abort_before_the_head | `a_caller_that_goes_before_the_answer_has_cancelled` |
//! | abort_in_the_body | `a_stream_that_is_reset_is_cancelled_with_what_it_sent` |
//! | time_out_inside | `a_deadline_that_has_passed_is_no_cancellation` |
//! | server_sent_events | `a_server_stream_ends_at_the_end_of_its_body`, `a_stream_both_ways_counts_both` |
//! | trailers only | `an_error_in_the_headers_is_read_there` |
//! | head, no_content, not_modified, upgrade | none: a call is a POST, and its answer 200, or no answer of gRPC |

mod cells;
mod signals;
pub(crate) mod wire;

/// By what a cell is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    Axum,
    /// No router: the template comes from the layer.
    Hyper,
}

/// Where a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    stack: Stack,
    version: wire::Version,
}

macro_rules! cells {
    (in $module:ident: $stack:ident, $version:ident; $($name:ident),+) => {
        mod $module {
            use super::wire::Version;
            use super::{Setting, Stack};

            const HERE: Setting = Setting { stack: Stack::$stack, version: Version::$version };

            $(#[tokio::test]
            async fn $name() {
                super::cells::$name(HERE).await;
            })+
        }
    };
    (axum: $($axum:ident),+; both: $($both:ident),+ $(,)?) => {
        cells! { in axum_http1: Axum, Http1; $($axum,)+ $($both),+ }
        cells! { in axum_http2: Axum, Http2; $($axum,)+ $($both),+ }
        cells! { in hyper_http1: Hyper, Http1; $($both),+ }
        cells! { in hyper_http2: Hyper, Http2; $($both),+ }
    };
}

cells! {
    axum:
    unmatched,
    service_error,
    time_out_inside,
    time_out_outside,
    served_directory,
    compressed,
    body_limit;
    both:
    success,
    client_error,
    server_error,
    panic_before_the_head,
    panic_that_is_answered,
    panic_in_the_body,
    error_in_the_body,
    abort_before_the_head,
    abort_in_the_body,
    head,
    no_content,
    not_modified,
    sized_stream,
    server_sent_events,
    server_sent_events_left,
    upgrade,
}

#[test]
fn the_cells_of_grpc_are_there() {
    let (table, cells) = (include_str!("mod.rs"), include_str!("../grpc/ends.rs"));
    let named = table
        .lines()
        .filter(|line| line.starts_with("//! | "))
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let named: Vec<_> = named.collect();
    assert!(named.len() > 10, "{named:?}");
    for name in named {
        assert!(cells.contains(&format!("async fn {name}()")), "{name}");
    }
}
