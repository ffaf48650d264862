//! What outputs ask for beyond a format: other names, fewer fields, shorter lines.

use obs_core::context::enter_poll;
use obs_logs::{BuildError, Caller, Colours, Format, Logs, MAX_LINE_BYTES, Memory, Output};
use tracing::{info, info_span, warn};

use crate::golden::engine;
use crate::logfmt::read;
use crate::{Bench, base, context, parse};

fn bench(shape: impl FnOnce(Output) -> Output) -> Bench {
    let memory = Memory::new();
    let output = shape(Output::memory(&memory));
    let (logs, guard) = Logs::builder(base()).output(output).build().unwrap();
    Bench { logs, memory, _guard: guard }
}

#[track_caller]
fn check(shape: impl FnOnce(Output) -> Output, work: impl FnOnce(), expected: &[&str]) {
    let lines = bench(shape).run(work);
    assert_eq!(lines, expected);
}

fn work() {
    let context = context();
    let _scope = enter_poll(&context);
    let _span = info_span!("s", user = "ada", level = 3).entered();
    info!(target: "shop", order = 42, status = "new", "accepted");
}

#[test]
fn keys_of_the_line_and_of_the_event_are_renamed_and_dropped() {
    check(
        |output| {
            output
                .rename("timestamp", "ts")
                .rename("level", "severity")
                .rename("message", "msg")
                .rename("trace_id", "logging.trace")
                .rename("order", "order_id")
                .rename("user", "who")
                .rename("field.level", "level")
                .drop_field("span_id")
                .drop_field("service")
                .drop_field("status")
        },
        work,
        &[concat!(
            r#"{"ts":"2026-10-03T12:34:56.123456Z","severity":"INFO","target":"shop","msg":"accepted","order_id":42,"#,
            r#""logging.trace":"910a2dec89025cc1beeb8da1658eec67","request_id":"ORD-2024-98765","who":"ada","level":3}"#
        )],
    );
}

#[test]
fn a_line_may_begin_with_any_key() {
    let drop = |output: Output| output.drop_field("timestamp").drop_field("level").drop_field("target");
    let drop_all = |output| drop(output).drop_field("message").drop_field("service").drop_field("a");
    let work = || info!(target: "t", a = 1, b = 2, "m");
    check(drop, work, &[r#"{"message":"m","a":1,"b":2,"service":"orders"}"#]);
    check(drop_all, work, &[r#"{"b":2}"#]);
    check(|output| drop_all(output).drop_field("b"), work, &["{}"]);
    check(|output| drop(output).format(Format::Logfmt), work, &["message=m a=1 b=2 service=orders"]);
    check(|output| drop_all(output).format(Format::Logfmt), work, &["b=2"]);
    check(|output| drop(output).format(Format::Pretty(Colours::On)), work, &["m a=1 b=2"]);
    check(|output| drop_all(output).format(Format::Pretty(Colours::Off)), work, &["b=2"]);
    let only_level = |output: Output| output.drop_field("timestamp").drop_field("target");
    let coloured = "\u{1b}[32mINFO \u{1b}[0m m a=1 b=2";
    check(|output| only_level(output).format(Format::Pretty(Colours::On)), work, &[coloured]);
}

#[test]
fn a_name_that_is_taken_goes_to_the_line_then_to_the_first() {
    check(
        |output| {
            output
                .rename("service", "app")
                .rename("a", "level")
                .rename("b", "c")
                .rename("user", "order")
                .rename("x", "y")
                .rename("y", "x")
        },
        || {
            let _outer = info_span!("s", user = "ada", c = 9).entered();
            info!(target: "t", a = 1, b = 2, c = 3, app = 4, x = 5, y = 6, order = 7, "m");
        },
        &[concat!(
            r#"{"timestamp":"2026-10-03T12:34:56.123456Z","level":"INFO","target":"t","message":"m","field.level":1,"#,
            r#""c":2,"field.app":4,"y":5,"x":6,"order":7,"app":"orders"}"#
        )],
    );
}

#[test]
fn renames_apply_to_every_format() {
    let rename =
        |output: Output| output.rename("order", "id").rename("trace_id", "tid").drop_field("request_id");
    let logfmt = concat!(
        "timestamp=2026-10-03T12:34:56.123456Z level=INFO target=shop message=accepted id=42 status=new ",
        "service=orders tid=910a2dec89025cc1beeb8da1658eec67 span_id=f893a2eefb32555e user=ada field.level=3"
    );
    check(|output| rename(output).format(Format::Logfmt), work, &[logfmt]);
    let pretty = "2026-10-03T12:34:56.123Z INFO  shop: accepted id=42 status=new tid=910a2dec span=f893a2ee user=ada field.level=3";
    check(|output| rename(output).format(Format::Pretty(Colours::Off)), work, &[pretty]);
    let otlp = bench(|output| {
        output.rename("order", "id").rename("request_id", "rid").drop_field("status").format(Format::Otlp)
    });
    let record = crate::otlp::read(&otlp.run(work)[0]);
    let keys: Vec<_> = record.attributes.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["id", "rid", "user", "level"]);
}

#[test]
fn secrets_stay_secret_under_any_name() {
    check(
        |output| output.rename("password", "p").drop_field("timestamp"),
        || {
            let _span = info_span!("s", api_key = "k").entered();
            info!(target: "t", password = "hunter2", "m");
        },
        &[concat!(
            r#"{"level":"INFO","target":"t","message":"m","p":"[redacted]","service":"orders","#,
            r#""api_key":"[redacted]"}"#
        )],
    );
}

#[test]
fn outputs_that_ask_for_the_same_have_the_same_line_and_others_have_theirs() {
    let memories = [(); 5].map(|()| Memory::new());
    let [plain, one, same, other, ecs] = &memories;
    let builder = Logs::builder(base())
        .output(Output::memory(plain))
        .output(Output::memory(one).rename("a", "b"))
        .output(Output::memory(same).rename("a", "b"))
        .output(Output::discard().rename("a", "c"));
    let (logs, guard) = builder.build().unwrap();
    let bench = Bench { logs, memory: plain.clone(), _guard: guard };
    let lines = bench.run(|| info!(a = ?Some(1), "m"));
    assert!(lines[0].contains(r#""a":"Some(1)""#), "{lines:?}");
    assert!(one.lines()[0].contains(r#""b":"Some(1)""#));
    assert_eq!(one.lines(), same.lines());
    // Two engines on one thread do not take each other's names.
    let builder = Logs::builder(base())
        .output(Output::memory(other).rename("a", "z"))
        .output(Output::memory(ecs).format(Format::Ecs));
    let (logs, guard) = builder.build().unwrap();
    let second = Bench { logs, memory: other.clone(), _guard: guard };
    for _ in 0..2 {
        let say = || info!(a = 1, "m");
        assert!(second.run(say)[0].contains(r#""z":1"#));
        assert!(bench.run(say)[0].contains(r#""a":1"#));
        assert!(ecs.take()[0].contains(r#""log.level":"INFO","message":"m","a":1"#));
    }
}

#[test]
fn lines_are_bounded_and_say_that_they_were_cut() {
    let long = "x\"\u{1}é🦀".repeat(10_000);
    let words = "word ".repeat(10_000);
    let formats = [Format::Json, Format::Logfmt, Format::Pretty(Colours::On), Format::Ecs, Format::Otlp];
    for format in formats {
        for max in [1_024, 1_500, 4_096, 100_000] {
            let memory = Memory::new();
            let output = Output::memory(&memory).format(format).max_line_bytes(max);
            // The resource is on each record.
            let (logs, guard) = if format == Format::Otlp {
                Logs::builder(base()).caller(Caller::Shown).output(output).build().unwrap()
            } else {
                engine(output, |builder| builder.caller(Caller::Shown))
            };
            let bench = Bench { logs, memory, _guard: guard };
            let context = context();
            context.local().set_field("r", obs_core::fields::Value::Str(&long));
            let _scope = enter_poll(&context);
            for text in [&long, &words] {
                let lines = bench.run(|| {
                    let _span = info_span!("s", s = text.as_str()).entered();
                    info!(a = text.as_str(), b = %text, c = 1, "m");
                    info!(b = %text, a = text.as_str(), "{text}");
                    info!("{text}");
                    info!(text);
                    info!(a = 1, b = 2);
                });
                for line in &lines {
                    assert!(line.len() < max, "{format:?} {max}: {}", line.len());
                    assert!(line.contains("truncated"), "{format:?} {max}: {line}");
                    match format {
                        Format::Json | Format::Ecs => drop(parse(line)),
                        Format::Logfmt => drop(read(line)),
                        Format::Otlp => drop(crate::otlp::read(line)),
                        _ => {}
                    }
                    assert!(line.contains(&context.trace_id().to_string()[..8]), "{format:?}: {line}");
                }
                // What fits is there to the last bytes.
                assert!(
                    lines[..4].iter().all(|line| line.contains('…') && line.len() + 700 > max.min(4_096))
                );
            }
        }
    }
}

#[test]
fn texts_are_bounded_by_their_own_bytes_and_numbers_are_not() {
    check(
        |output| output.max_field_bytes(4).drop_field("timestamp"),
        || {
            let _span = info_span!("s", s = "spans too", t = "four").entered();
            warn!(target: "target", a = "abcdef", b = %"日本", c = "four", d = 123_456_789, e = "\"\"\"\"\"", "message");
            warn!(target: "target", "four");
        },
        &[
            concat!(
                r#"{"level":"WARN","target":"target","message":"mess…","a":"abcd…","b":"日…","c":"four","d":123456789,"#,
                r#""e":"\"\"\"\"…","service":"orders","s":"span…","t":"four","truncated":true}"#
            ),
            concat!(
                r#"{"level":"WARN","target":"target","message":"four","service":"orders","s":"span…","t":"four","#,
                r#""truncated":true}"#
            ),
        ],
    );
    check(
        |output| output.max_field_bytes(4).drop_field("timestamp").format(Format::Logfmt),
        || info!(target: "t", a = "abcdef", b = ?"xyz", "four"),
        &[r#"level=INFO target=t message=four a="abcd…" b="\"xyz…" service=orders truncated=true"#],
    );
    check(
        |output| output.max_field_bytes(4).drop_field("timestamp").format(Format::Pretty(Colours::Off)),
        || info!(target: "t", a = "abcdef", b = %"xyz xyz", "five words"),
        &[r#"INFO  t: five… a="abcd…" b=xyz … truncated=true"#],
    );
}

#[track_caller]
fn refused(shape: impl FnOnce(Output) -> Output, expected: &str) {
    let output = shape(Output::discard());
    match Logs::builder(base()).output(output).build() {
        Err(error @ BuildError::Lines { .. }) => assert_eq!(error.to_string(), expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let empty = "lines of log output discard: the rename of `a` to `` lacks a name";
    refused(|output| output.rename("a", ""), empty);
    refused(
        |output| output.rename("", "a"),
        "lines of log output discard: the rename of `` to `a` lacks a name",
    );
    refused(
        |output| output.rename("a", "b").rename("c", "b"),
        "lines of log output discard: `a` and `c` are both renamed to `b`",
    );
    refused(
        |output| output.rename("a", "b").rename("a", "c"),
        "lines of log output discard: `a` is renamed twice",
    );
    refused(|output| output.rename("a", "a"), "lines of log output discard: `a` is renamed to itself");
    refused(
        |output| output.rename("a", "b").drop_field("a"),
        "lines of log output discard: `a` is both renamed and dropped",
    );
    refused(|output| output.drop_field(""), "lines of log output discard: a field without a name is dropped");
    refused(
        |output| output.rename("level", "service"),
        "lines of log output discard: two of the line's own fields would be called `service`",
    );
    refused(
        |output| output.max_line_bytes(1_023),
        "lines of log output discard: a line of 1023 bytes: between 1024 and 262144 are possible",
    );
    refused(
        |output| output.max_line_bytes(MAX_LINE_BYTES + 1),
        "lines of log output discard: a line of 262145 bytes: between 1024 and 262144 are possible",
    );
    refused(
        |output| output.max_field_bytes(0),
        "lines of log output discard: fields of 0 bytes; to leave one out, drop it",
    );
    let long = "x".repeat(900);
    match Logs::builder(base()).output(Output::discard().rename("level", &long).max_line_bytes(1_024)).build()
    {
        Err(error @ BuildError::Lines { .. }) => {
            assert!(error.to_string().contains("too short for what stands on each"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    // A name that is given up may be taken.
    let taken = Output::discard().rename("level", "service").rename("service", "level");
    assert!(Logs::builder(base()).output(taken).build().is_ok());
    let taken = Output::discard().rename("a", "level").drop_field("level");
    assert!(Logs::builder(base()).output(taken).build().is_ok());
}
