//! Logfmt, as whole lines; and a reader of it that is as strict as the grammar of go-logfmt.

use obs_core::Outcome;
use obs_core::context::{Route, enter_poll};
use obs_core::observe::{End, Method, Observer, Request, Verdict};
use obs_logs::{AccessLog, Caller, Colours, Format, Memory, Output};
use tracing::{error, info, info_span};

use crate::{Bench, context, parse};

/// How every logfmt line of a test begins.
const TIME: &str = "timestamp=2026-10-03T12:34:56.123456Z ";

/// A logfmt output beside the JSON one of the bench, so that both are checked to say the same.
fn bench(filter: &str) -> (Bench, Memory) {
    let logfmt = Memory::new();
    let output = Output::memory(&logfmt).format(Format::Logfmt);
    (Bench::with(filter, |builder| builder.caller(Caller::Hidden).output(output)), logfmt)
}

#[track_caller]
fn check(work: impl FnOnce(), expected: &[&str]) {
    let (bench, logfmt) = bench("trace");
    let json = bench.run(work);
    let lines = logfmt.lines();
    let rests: Vec<_> = lines.iter().map(|line| line.strip_prefix(TIME).unwrap_or(line)).collect();
    assert_eq!(rests, expected);
    assert_eq!(json.len(), lines.len());
    json.iter().zip(&lines).for_each(|(json, line)| assert_same(json, line));
}

/// Checks that both lines hold the same keys and values in the same order.
#[track_caller]
pub(crate) fn assert_same(json: &str, logfmt: &str) {
    let (json, logfmt) = (parse(json), read(logfmt));
    assert_eq!(json.len(), logfmt.len(), "{logfmt:?}");
    for ((key, value), (name, text)) in json.iter().zip(&logfmt) {
        assert_eq!(*key, unescaped(name), "{logfmt:?}");
        match value.as_str() {
            Some(value) => assert_eq!(value, text),
            None => assert_eq!(*value, serde_json::from_str::<serde_json::Value>(text).unwrap()),
        }
    }
}

/// Reads a line back as its keys and values in order. After the grammar of github.com/go-logfmt/logfmt: a key is one or
/// more bytes above the space other than `=` and `"` and holds no U+FFFD, `=` follows at once; a value in quotes is a
/// JSON string; any other has neither `=` nor `"`. More than that reader asks: one space between, a value for each key.
#[track_caller]
pub(crate) fn read(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c <= ' ' || c == '=' || c == '"').unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        assert!(!key.is_empty() && !key.contains('\u{fffd}'), "invalid key at {rest:?} of {line:?}");
        let value = behind.strip_prefix('=').unwrap_or_else(|| panic!("no `=` at {behind:?} of {line:?}"));
        let (value, behind) = if value.starts_with('"') {
            let mut stream = serde_json::Deserializer::from_str(value).into_iter::<String>();
            let text = stream.next().unwrap().unwrap_or_else(|error| panic!("{error}: {value:?}"));
            (text, &value[stream.byte_offset()..])
        } else {
            let (text, behind) = value.split_at(value.find(|c: char| c <= ' ').unwrap_or(value.len()));
            assert!(!text.is_empty() && !text.contains(['=', '"']), "invalid value {text:?} of {line:?}");
            (text.to_owned(), behind)
        };
        pairs.push((key.to_owned(), value));
        rest = match behind {
            "" => "",
            behind => behind.strip_prefix(' ').filter(|rest| !rest.is_empty()).expect("one space between"),
        };
    }
    pairs
}

/// The key that stands for itself or in escapes on a line.
fn unescaped(name: &str) -> String {
    match name {
        "\\0" => String::new(),
        name => serde_json::from_str(&format!("\"{name}\"")).unwrap(),
    }
}

#[test]
fn a_line_has_the_parts_of_the_json_line_in_the_same_order() {
    let ids = concat!(
        "trace_id=910a2dec89025cc1beeb8da1658eec67 span_id=f893a2eefb32555e ",
        "request_id=ORD-2024-98765"
    );
    check(
        || {
            info!(order = 42, region = "eu", "accepted");
            let _scope = enter_poll(&context());
            let _span = info_span!("s", tenant = "a b", order = 7, request_id = "x").entered();
            info!(order = 42, level = 3, "order accepted");
        },
        &[
            "level=INFO target=it::logfmt message=accepted order=42 region=eu service=orders",
            &format!(
                "level=INFO target=it::logfmt message=\"order accepted\" order=42 field.level=3 service=orders {ids} \
                 tenant=\"a b\" field.request_id=x"
            ),
        ],
    );
}

#[test]
fn every_type_has_one_form_and_only_texts_that_need_them_have_quotes() {
    check(
        || {
            info!(
                target: "t",
                a = -1_i64, b = u64::MAX, c = 0.75, d = f64::NAN, e = true, f = "x", g = "", h = "a b", i = "a=b",
                j = "C:\\tmp", k = "é", l = ?Some("x"), m = %"plain", n = %"", o = ?(1, 2), p = i128::MIN, q = %'"',
                password = "hunter2", path = "/a/{id}?x", "m"
            )
        },
        &[concat!(
            "level=INFO target=t message=m a=-1 b=18446744073709551615 c=0.75 d=NaN e=true f=x g=\"\" h=\"a b\" ",
            r#"i="a=b" j="C:\\tmp" k="é" l="Some(\"x\")" m=plain n="" o="(1, 2)" "#,
            "p=-170141183460469231731687303715884105728 q=\"\\\"\" password=[redacted] path=/a/{id}?x service=orders"
        )],
    );
}

#[test]
fn what_comes_from_data_ends_no_value_and_begins_no_other() {
    check(
        || {
            let evil = "x\" level=ERROR message=\"fake\n\u{1b}[2J\u{202e}\u{9b}\u{2028}";
            error!(target: "a b", v = evil, d = %evil, "{evil}");
            info!(target: "t", r#type = 1, a.b = 2, "k e=y" = 3, "" = 4, "a\"\n\\" = 5);
        },
        &[
            &format!(
                "level=ERROR target=\"a b\" message={0} v={0} d={0} service=orders",
                r#""x\" level=ERROR message=\"fake\n\u001b[2J\u202e\u009b\u2028""#
            ),
            r#"level=INFO target=t type=1 a.b=2 k\u0020e\u003dy=3 \0=4 a\u0022\n\\=5 service=orders"#,
        ],
    );
}

#[test]
fn a_long_line_is_cut_marked_and_stays_readable() {
    let long = "x\"\u{1}é".repeat(200_000);
    let word = "x".repeat(600_000);
    for text in [&long, &word] {
        let (bench, logfmt) = bench("info");
        let _scope = enter_poll(&context());
        bench.run(|| info!(a = text.as_str(), b = %text, c = 1, "m"));
        bench.run(|| info!(b = %text, a = text.as_str(), "{text}"));
        bench.run(|| info!("{text}"));
        bench.run(|| info!(a = text.as_str()));
        for line in logfmt.lines() {
            assert!(line.len() < obs_logs::MAX_LINE_BYTES && line.len() > 250_000, "{}", line.len());
            let pairs = read(&line);
            let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
            assert!(
                keys.ends_with(&["service", "trace_id", "span_id", "request_id", "truncated"]),
                "{keys:?}"
            );
            assert_eq!(pairs.iter().filter(|(_, text)| text.ends_with('…')).count(), 1);
        }
    }
}

#[test]
fn the_caller_is_shown_by_option() {
    let logfmt = Memory::new();
    let output = Output::memory(&logfmt).format(Format::Logfmt);
    let bench = Bench::with("info", |builder| builder.caller(Caller::Shown).output(output));
    let line = line!() + 1;
    bench.run(|| info!(target: "t", "m"));
    let expected = format!("{TIME}level=INFO target=t message=m service=orders caller={}:{line}", file!());
    assert_eq!(logfmt.lines(), [expected]);
}

#[test]
fn an_access_line_is_the_same_in_logfmt() {
    let (bench, logfmt) = bench("info");
    let context = context();
    context.local().set_route(Route::from_static("/users/{id}"));
    let mut request = Request::new(Method::Get, "/users/4 2");
    request.peer = Some("[2001:db8::1]:80".parse().unwrap());
    request.user_agent = Some("curl/8 \"x\"");
    let mut end = End::new(Outcome::ServerError, std::time::Duration::from_nanos(12_345_678));
    (end.status, end.error, end.response_bytes) = (Some(500), Some("db\ngone"), 512);
    AccessLog::new(bench.logs.clone()).finish(&context, &request, &end, Verdict::Keep);
    let lines = logfmt.lines();
    let expected = concat!(
        "level=ERROR target=obs::access message=request method=GET route=/users/{id} path=\"/users/4 2\" ",
        "status_code=500 outcome=server_error duration_ms=12.345 response_bytes=512 client_address=2001:db8::1 ",
        r#"user_agent="curl/8 \"x\"" error="db\ngone" service=orders "#,
        "trace_id=910a2dec89025cc1beeb8da1658eec67 span_id=f893a2eefb32555e request_id=ORD-2024-98765"
    );
    assert_eq!(lines, [format!("{TIME}{expected}")]);
    assert_same(&bench.memory.lines()[0], &lines[0]);
}

#[test]
fn alone_or_beside_any_other_format_a_line_is_the_same() {
    let formats = [Format::Json, Format::Logfmt, Format::Pretty(Colours::Off)];
    let run = |formats: &[Format]| {
        let memories: Vec<_> = formats.iter().map(|_| Memory::new()).collect();
        let mut builder = obs_logs::Logs::builder(crate::base());
        for (memory, format) in memories.iter().zip(formats) {
            builder = builder.output(Output::memory(memory).format(*format));
        }
        let (logs, _guard) = builder.build().unwrap();
        let bench = Bench { logs, memory: memories[0].clone(), _guard };
        let lines = bench.run(|| {
            let _scope = enter_poll(&context());
            let _span = info_span!("s", user = "a b", d = ?Some(1)).entered();
            info!(n = 1, d = ?Some("x"), "say {}", "hi");
        });
        memories[1..].iter().fold(lines, |mut lines, memory| {
            lines.extend(memory.lines());
            lines
        })
    };
    let alone = formats.map(|format| run(&[format]).concat());
    assert_eq!(run(&formats), alone);
    assert_eq!(run(&formats[1..]), alone[1..]);
    assert_eq!(run(&formats[..2]), alone[..2]);
    assert_eq!(run(&[formats[0], formats[2]]), [alone[0].clone(), alone[2].clone()]);
}
