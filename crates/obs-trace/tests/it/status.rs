//! The status of a span, by the rules of the OpenTelemetry API: `ok` is final, `error` beats nothing said.

use obs_trace::Sampler;
use obs_trace::sink::FinishedStatus::{self, Error, Unset};
use tracing::{Span, error, field, info_span, instrument, warn};

use crate::layer::setup;

/// The status of the one span that `work` makes.
fn status(work: impl FnOnce()) -> FinishedStatus {
    let setup = setup(Sampler::always_on());
    tracing::dispatcher::with_default(&setup.dispatch, work);
    let mut spans = setup.memory.take();
    assert_eq!(spans.len(), 1);
    spans.remove(0).status
}

/// Records each of `said`, a code or a description, on one span, in order.
fn recorded(said: &[(&str, &str)]) -> FinishedStatus {
    status(|| {
        let span = info_span!("a", otel.status_code = field::Empty, otel.status_description = field::Empty);
        for (key, value) in said {
            span.record(*key, *value);
        }
    })
}

const CODE: &str = "otel.status_code";
const TEXT: &str = "otel.status_description";

#[test]
fn a_higher_status_replaces_a_lower_one_and_never_the_other_way_round() {
    for (said, expected) in [
        (&[][..], Unset),
        (&[(CODE, "unset")], Unset),
        (&[(CODE, "error")], Error(String::new())),
        (&[(CODE, "ok")], FinishedStatus::Ok),
        (&[(CODE, "error"), (CODE, "ok")], FinishedStatus::Ok),
        (&[(CODE, "ok"), (CODE, "error")], FinishedStatus::Ok),
        (&[(CODE, "ok"), (CODE, "unset")], FinishedStatus::Ok),
        (&[(CODE, "error"), (CODE, "unset")], Error(String::new())),
        (&[(CODE, "error"), (CODE, "nonsense")], Error(String::new())),
        (&[(CODE, "ok"), (TEXT, "gone")], FinishedStatus::Ok),
        (&[(TEXT, "gone")], Error("gone".into())),
        (&[(TEXT, "gone"), (CODE, "ok")], FinishedStatus::Ok),
        (&[(TEXT, "gone"), (CODE, "error"), (TEXT, "really gone")], Error("really gone".into())),
    ] {
        assert_eq!(recorded(said), expected, "{said:?}");
    }
}

#[test]
fn a_status_given_with_the_span_is_final_too() {
    let given = || info_span!("a", otel.status_code = "OK");
    assert_eq!(
        status(|| {
            given().record(CODE, "error");
        }),
        FinishedStatus::Ok
    );
    assert_eq!(status(|| given().in_scope(|| error!("handled"))), FinishedStatus::Ok);
}

#[test]
fn an_error_event_needs_ok_to_be_no_error() {
    let event = |code: &'static str| {
        status(|| {
            info_span!("a", otel.status_code = field::Empty).in_scope(|| {
                error!(error = "disk", "write failed");
                Span::current().record(CODE, code);
            });
        })
    };
    assert_eq!(event("ok"), FinishedStatus::Ok);
    assert_eq!(event("unset"), Error("disk".into()));
    assert_eq!(event("error"), Error("disk".into()));
    assert_eq!(status(|| info_span!("a").in_scope(|| warn!(error = "disk", "slow"))), Unset);
    let number = status(|| info_span!("a").in_scope(|| error!(error = 5, "write failed")));
    assert_eq!(number, Error("write failed".into()), "a number says less than the message");
}

#[test]
fn instrument_with_err_is_an_error_at_level_error_only() {
    #[instrument(err)]
    fn display(text: &str) -> Result<(), String> {
        Err(text.to_owned())
    }
    #[instrument(err(Debug))]
    fn debug(text: &str) -> Result<(), String> {
        Err(text.to_owned())
    }
    #[instrument(err(level = "warn"))]
    fn expected(text: &str) -> Result<(), String> {
        Err(text.to_owned())
    }
    #[instrument(err)]
    fn success() -> Result<(), String> {
        Ok(())
    }
    assert_eq!(status(|| display("no money").unwrap_err().clear()), Error("no money".into()));
    assert_eq!(status(|| debug("no money").unwrap_err().clear()), Error("\"no money\"".into()));
    assert_eq!(status(|| expected("no money").unwrap_err().clear()), Unset);
    assert_eq!(status(|| success().unwrap()), Unset);
}
