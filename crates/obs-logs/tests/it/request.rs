//! Fields that were set on the whole request: on every later line of it, outermost.

use std::time::Duration;

use obs_core::Outcome;
use obs_core::context::{Context, Local, enter_poll};
use obs_core::fields::Value;
use obs_core::observe::{End, Method, Observer, Request, Verdict};
use obs_logs::{AccessLog, Colours, Format, Memory, Output};
use tracing::{info, info_span};

use crate::{Bench, IDS, context, parse};

/// Sets the fields, then checks what stands behind the target.
#[track_caller]
fn check(fields: &[(&'static str, Value<'_>)], work: impl FnOnce(), expected: &str) {
    let context = context();
    fields.iter().for_each(|(key, value)| context.local().set_field(*key, *value));
    let _scope = enter_poll(&context);
    Bench::new().check(work, &[&format!(r#""level":"INFO","target":"t",{expected}}}"#)]);
}

#[test]
fn they_ride_behind_the_fields_of_the_spans() {
    let fields = [("user", Value::U64(7)), ("plan", Value::Str("a \"b\"")), ("beta", Value::Bool(true))];
    check(
        &fields,
        || {
            let _span = info_span!("s", table = "orders").entered();
            info!(target: "t", n = 1, "m");
        },
        &format!(
            r#""message":"m","n":1,"service":"orders"{IDS},"table":"orders","user":7,"plan":"a \"b\"","beta":true"#
        ),
    );
}

#[test]
fn the_event_and_every_span_win_over_them() {
    let fields = ["x", "y", "z", "w"].map(|key| (key, Value::Str("request")));
    check(
        &fields,
        || {
            let _a = info_span!("a", y = "outer", z = "outer").entered();
            let _b = info_span!("b", z = "inner").entered();
            info!(target: "t", x = "event", "m");
        },
        &format!(
            r#""message":"m","x":"event","service":"orders"{IDS},"z":"inner","y":"outer","w":"request""#
        ),
    );
}

#[test]
fn their_keys_may_be_any_text_and_take_no_name_of_the_lines_own() {
    let fields = [
        ("level", Value::Str("mine")),
        ("field.level", Value::Str("later")),
        ("a\"\n", Value::F64(0.5)),
        ("password", Value::Str("hunter2")),
        ("truncated", Value::Bool(false)),
    ];
    check(
        &fields,
        || info!(target: "t", "m"),
        &format!(
            concat!(
                r#""message":"m","service":"orders"{},"field.level":"mine","a\"\n":0.5,"password":"[redacted]","#,
                r#""field.truncated":false"#
            ),
            IDS
        ),
    );
}

#[test]
fn they_show_from_then_on_in_all_of_the_request_and_nowhere_else() {
    let (bench, one, other) = (Bench::new(), context(), context());
    let ids = |context: &Context| {
        format!(r#","trace_id":"{}","span_id":"{}""#, context.trace_id(), context.span_id())
    };
    let line = |context: &Context, more: &str| {
        let _scope = enter_poll(context);
        let request = r#","request_id":"ORD-2024-98765""#;
        let expected = format!(
            r#""level":"INFO","target":"t","message":"m","service":"orders"{}{request}{more}}}"#,
            ids(context)
        );
        bench.check(|| info!(target: "t", "m"), &[&expected]);
    };
    line(&one, "");
    one.local().set_field("user", Value::U64(1));
    line(&one, r#","user":1"#);
    line(&one.child(obs_core::IdSource::seeded(9).span_id()), r#","user":1"#);
    line(&other, "");
    one.local().set_field("user", Value::U64(2));
    line(&one, r#","user":2"#);

    let task = Context::root(one.ids(), Local::task());
    task.local().set_field("job", Value::Str("nightly"));
    let _scope = enter_poll(&task);
    let expected = format!(
        r#""level":"INFO","target":"t","message":"m","service":"orders"{},"job":"nightly"}}"#,
        ids(&task)
    );
    bench.check(|| info!(target: "t", "m"), &[&expected]);
}

#[test]
fn they_are_on_the_access_line_but_where_it_has_a_field_of_that_name() {
    let formats = [Format::Logfmt, Format::Pretty(Colours::Off)].map(|format| (Memory::new(), format));
    let bench = Bench::with("info", |builder| {
        formats
            .iter()
            .fold(builder, |builder, (memory, format)| builder.output(Output::memory(memory).format(*format)))
    });
    let alone = Bench::new();
    let context = context();
    for key in ["user", "path", "error", "status_code", "service"] {
        context.local().set_field(key, Value::Str("mine"));
    }
    let mut end = End::new(Outcome::Success, Duration::from_millis(1));
    end.status = Some(200);
    for logs in [&bench.logs, &alone.logs] {
        // Nothing is open: they come from the request that has ended.
        let access = AccessLog::new(logs.clone());
        access.finish(&context, &Request::new(Method::Get, "/a"), &end, Verdict::Keep);
    }
    let line = bench.memory.take().remove(0);
    assert_eq!(alone.memory.lines(), [line.as_str()]);
    // There is no error of the line's own, so that one shows.
    let end = format!(r#","service":"orders"{IDS},"user":"mine","error":"mine","field.service":"mine"}}"#);
    assert!(line.ends_with(&end), "{line}");
    assert!(line.contains(r#""path":"/a","status_code":200,"#), "{line}");
    parse(&line);
    crate::logfmt::assert_same(&line, &formats[0].0.lines()[0]);
    let pretty = formats[1].0.lines().remove(0);
    assert!(pretty.ends_with(" request=ORD-2024-98765 user=mine error=mine field.service=mine"), "{pretty}");
}

#[test]
fn what_finds_no_room_is_left_out_and_the_line_says_so() {
    let long = "\u{1}".repeat(60_000);
    let context = context();
    context.local().set_field("long", Value::Str(&long));
    context.local().set_field("short", Value::U64(1));
    let _scope = enter_poll(&context);
    let lines = Bench::new().run(|| info!("m"));
    let keys: Vec<_> = parse(&lines[0]).into_iter().map(|(key, _)| key).collect();
    assert!(
        lines[0].len() < 1_000 && keys.ends_with(&["request_id".into(), "short".into(), "truncated".into()])
    );
}
