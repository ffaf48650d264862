//! Events as whole lines: order, types, reserved and secret keys, doubles, the caller, the filter.

use std::fmt;

use obs_core::context::{enter_poll, silence};
use obs_logs::Caller;
use tracing::{debug, error, info, trace, warn};

use crate::{Bench, IDS, TIME, context, parse};

const ORDERS: &str = r#","service":"orders"}"#;

#[test]
fn a_line_has_its_parts_in_order() {
    let at = r#""level":"INFO","target":"it::event","#;
    Bench::new().check(
        || {
            info!(order = 42, region = "eu", "accepted");
            let _scope = enter_poll(&context());
            info!(order = 42, region = "eu", "accepted");
        },
        &[
            &format!(r#"{at}"message":"accepted","order":42,"region":"eu"{ORDERS}"#),
            &format!(r#"{at}"message":"accepted","order":42,"region":"eu","service":"orders"{IDS}}}"#),
        ],
    );
}

#[test]
fn levels_targets_and_missing_messages_are_as_in_the_code() {
    Bench::new().check(
        || {
            trace!(target: "shop::cart", "a");
            debug!(target: "b c\n", "a");
            warn!(n = 1);
            error!("{}", 7);
        },
        &[
            &format!(r#""level":"TRACE","target":"shop::cart","message":"a"{ORDERS}"#),
            &format!(r#""level":"DEBUG","target":"b c\n","message":"a"{ORDERS}"#),
            &format!(r#""level":"WARN","target":"it::event","n":1{ORDERS}"#),
            &format!(r#""level":"ERROR","target":"it::event","message":"7"{ORDERS}"#),
        ],
    );
}

#[track_caller]
fn check(work: impl FnOnce(), fields: &str) {
    Bench::new().check(work, &[&format!(r#""level":"INFO","target":"t",{fields}{ORDERS}"#)]);
}

#[test]
fn every_type_has_one_form() {
    check(
        || {
            info!(
                target: "t",
                a = -1_i64,
                b = u64::MAX,
                c = 0.75,
                d = 1.0,
                e = true,
                f = "x",
                g = %"dis\"play",
                h = ?Some("x"),
                i = %'c',
                j = String::from("own"),
                k = i128::MIN,
                l = u128::MAX,
                m = 1e300,
                n = 7_u8,
            )
        },
        concat!(
            r#""a":-1,"b":18446744073709551615,"c":0.75,"d":1.0,"e":true,"f":"x","g":"dis\"play","#,
            r#""h":"Some(\"x\")","i":"c","j":"own","k":"-170141183460469231731687303715884105728","#,
            r#""l":"340282366920938463463374607431768211455","m":1e+300,"n":7"#
        ),
    );
}

#[test]
fn floats_without_a_number_are_words() {
    check(
        || info!(target: "t", a = f64::NAN, b = f64::INFINITY, c = f64::NEG_INFINITY, d = -0.0),
        r#""a":"NaN","b":"Infinity","c":"-Infinity","d":-0.0"#,
    );
}

#[test]
fn text_is_escaped() {
    check(
        || info!(target: "t", a = "\u{1b}[31m\r\n\u{7f}\u{9b}\u{2028}\u{202e}é\\", "say \"{}\"", "hi\n"),
        r#""message":"say \"hi\n\"","a":"\u001b[31m\r\n\u007f\u009b\u2028\u202eé\\""#,
    );
}

#[test]
fn a_field_named_like_a_part_of_the_line_is_renamed() {
    check(
        || {
            info!(
                target: "t",
                timestamp = 1, level = 2, service = 3, trace_id = 4, span_id = 5, request_id = 6, caller = 7,
                truncated = 8, r#type = 9, method = 10, "m"
            )
        },
        concat!(
            r#""message":"m","field.timestamp":1,"field.level":2,"field.service":3,"field.trace_id":4,"#,
            r#""field.span_id":5,"field.request_id":6,"field.caller":7,"field.truncated":8,"type":9,"method":10"#
        ),
    );
}

#[test]
fn of_two_equal_keys_the_first_that_has_a_value_wins() {
    check(|| info!(target: "t", a = 1, b = 2, a = 3, "m"), r#""message":"m","a":1,"b":2"#);
    check(|| info!(target: "t", level = 1, field.level = 2), r#""field.level":1"#);
    check(|| info!(target: "t", a = tracing::field::Empty, b = 2, a = 3), r#""b":2,"a":3"#);
    check(|| info!(target: "t", a = None::<u64>, a = 3, a = 4), r#""a":3"#);
}

#[test]
fn the_message_stands_in_front_wherever_it_was_given_and_is_text() {
    check(|| info!(target: "t", a = 1, message = "late", b = 2), r#""message":"late","a":1,"b":2"#);
    check(|| info!(target: "t", message = 5), r#""message":"5""#);
    check(|| info!(target: "t", a = 1, message = f64::NAN), r#""message":"NaN","a":1"#);
    check(|| info!(target: "t", a = 1, message = tracing::field::Empty), r#""a":1"#);
}

#[test]
fn secrets_are_redacted_whatever_their_type() {
    check(
        || {
            info!(
                target: "t",
                password = "hunter2", api_key = 12345, token = ?Some("hunter2"), user.pin = 1.5, cookie = true,
                tokens = 3, "m"
            )
        },
        concat!(
            r#""message":"m","password":"[redacted]","api_key":"[redacted]","token":"[redacted]","#,
            r#""user.pin":"[redacted]","cookie":"[redacted]","tokens":3"#
        ),
    );
}

#[derive(Debug)]
struct Failure(&'static str, Option<Box<Failure>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

#[test]
fn an_error_is_followed_by_its_causes() {
    let error =
        Failure("no order", Some(Box::new(Failure("query \"x\"", Some(Box::new(Failure("reset", None)))))));
    let error: &(dyn std::error::Error + 'static) = &error;
    check(|| info!(target: "t", error), r#""error":"no order: query \"x\": reset""#);
}

#[test]
fn the_caller_is_shown_by_option() {
    let bench = Bench::with("info", |builder| builder.caller(Caller::Shown));
    let mut line = 0;
    #[rustfmt::skip]
    let lines = bench.run(|| { line = line!(); info!(target: "t", a = 1); });
    let expected = format!(
        r#"{TIME}"level":"INFO","target":"t","a":1,"service":"orders","caller":"{}:{line}"}}"#,
        file!()
    );
    assert_eq!(lines, [expected]);
}

#[test]
fn the_filter_decides_by_target() {
    let bench = Bench::with("warn,shop=debug,shop::noise=off", |builder| builder);
    let lines = bench.run(|| {
        info!(target: "other", "no");
        warn!(target: "other", "1");
        debug!(target: "shop::cart", "2");
        trace!(target: "shop::cart", "no");
        error!(target: "shop::noise::x", "no");
        info!(target: "shopping", "no");
    });
    let messages: Vec<_> = lines.iter().map(|line| parse(line)[3].1.as_str().unwrap().to_owned()).collect();
    assert_eq!(messages, ["1", "2"]);
}

#[test]
fn telemetry_does_not_log_itself() {
    Bench::new().check(
        || {
            let _silence = silence();
            info!("never");
        },
        &[],
    );
}

#[test]
fn a_long_line_is_cut_marked_and_stays_valid() {
    let long = "x\"\u{1}é".repeat(200_000);
    for (a, b) in [(long.as_str(), "y"), ("y", long.as_str())] {
        let bench = Bench::with("info", |builder| builder.caller(Caller::Shown));
        let _scope = enter_poll(&context());
        let lines = bench.run(|| info!(a, b, c = ?long, d = 1, "m"));
        assert!(lines[0].len() < obs_logs::MAX_LINE_BYTES && lines[0].len() > 250_000, "{}", lines[0].len());
        assert!(lines[0].starts_with(TIME));
        let pairs = parse(&lines[0]);
        let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        let last = ["service", "trace_id", "span_id", "request_id", "caller", "truncated"];
        assert!(keys.ends_with(&last), "{keys:?}");
        let cut = pairs.iter().find(|(_, value)| value.as_str().is_some_and(|text| text.ends_with('…')));
        assert_eq!(cut.unwrap().0, if a.len() > 1 { "a" } else { "b" });
        // The next line is whole again.
        assert!(!bench.run(|| info!("short"))[0].contains("truncated"));
    }
}
