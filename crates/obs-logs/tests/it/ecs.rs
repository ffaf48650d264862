//! Lines by the Elastic Common Schema: types, required fields, and that an index can take each beside any other.

use std::collections::{HashMap, HashSet};

use obs_core::context::enter_poll;
use obs_logs::{Caller, Format, Memory, Output};
use serde_json::Value;
use tracing::{info, info_span};

use crate::golden::{self, engine};
use crate::{Bench, context, parse};

fn bench(output: impl FnOnce(Output) -> Output, caller: Caller) -> Bench {
    let memory = Memory::new();
    let output = output(Output::memory(&memory).format(Format::Ecs));
    let (logs, guard) = engine(output, |builder| builder.caller(caller));
    Bench { logs, memory, _guard: guard }
}

/// No name is a value on one line and an object on it too.
#[track_caller]
pub(crate) fn assert_paths(line: &str) {
    let pairs = parse(line);
    for (key, _) in &pairs {
        let below = format!("{key}.");
        assert!(pairs.iter().all(|(other, _)| !other.starts_with(&below)), "{key} is an object too: {line}");
    }
}

#[test]
fn the_lines_of_the_golden_file_have_what_the_schema_asks_for() {
    let lines = golden::lines(|memory| Output::memory(memory).format(Format::Ecs));
    // By the field reference; what is not here is a user's.
    let types = HashMap::from([
        ("http.response.status_code", 'n'),
        ("http.response.body.bytes", 'n'),
        ("event.duration", 'n'),
        ("event.outcome", 's'),
        ("http.request.id", 's'),
        ("trace.id", 's'),
        ("span.id", 's'),
        ("url.path", 's'),
        ("client.ip", 's'),
        ("error.message", 's'),
        ("service.version", 's'),
    ]);
    for line in &lines {
        assert_paths(line);
        let pairs = parse(line);
        let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys[..2], ["@timestamp", "log.level"]);
        for required in ["ecs.version", "log.logger", "service.name"] {
            assert!(keys.contains(&required), "{line}");
        }
        for (key, value) in &pairs {
            match types.get(key.as_str()) {
                Some('n') => assert!(value.is_u64(), "{key}: {value}"),
                Some(_) => assert!(value.is_string(), "{key}: {value}"),
                None => {}
            }
        }
    }
    let of = |line: &str, key: &str| {
        parse(line).into_iter().find(|(known, _)| known == key).map(|(_, value)| value)
    };
    // Numbers stay numbers.
    assert_eq!(of(&lines[2], "int"), Some(i64::MIN.into()));
    assert_eq!(of(&lines[2], "ratio"), Some(0.1.into()));
    assert_eq!(of(&lines[2], "yes"), Some(true.into()));
    let outcomes: Vec<_> =
        lines[lines.len() - 6..].iter().map(|line| of(line, "event.outcome").unwrap()).collect();
    assert_eq!(outcomes, ["success", "success", "failure", "unknown", "failure", "failure"]);
    let durations: Vec<_> = lines.iter().filter_map(|line| of(line, "event.duration")).collect();
    assert_eq!(durations, [12_345_678; 6].map(Value::from));
}

#[test]
fn every_name_of_the_page_is_on_some_line() {
    // Those of panic lines are looked at where a hook can be set, that of held lines where requests fail.
    let of_panics = ["error.type", "error.stack_trace", "process.thread.name", "recorded"];
    let bench = bench(|output| output.max_field_bytes(100), Caller::Shown);
    let mut lines = bench.run(|| {
        golden::events(&bench.logs);
        golden::remote(&bench.logs);
        golden::upgraded(&bench.logs);
        info!(long = "x".repeat(200));
    });
    let found: HashSet<_> = lines.drain(..).flat_map(|line| parse(&line)).map(|(key, _)| key).collect();
    let labels = found.iter().any(|key| key.starts_with("labels."));
    for name in obs_core::keys::ecs::ALL {
        let known = of_panics.contains(name) || *name == "labels" && labels || found.contains(*name);
        assert!(known, "{name} is on no line");
    }
}

#[test]
fn the_caller_is_file_and_line() {
    let bench = bench(|output| output, Caller::Shown);
    let line = line!() + 1;
    let lines = bench.run(|| info!(target: "t", "m"));
    let end = format!(r#","log.origin.file.name":"{}","log.origin.file.line":{line}}}"#, file!());
    assert!(lines[0].ends_with(&end), "{}", lines[0]);
}

#[test]
fn fields_of_spans_give_way_to_objects_of_the_event() {
    let bench = bench(|output| output, Caller::Hidden);
    let context = context();
    let _scope = enter_poll(&context);
    let lines = bench.run(|| {
        let _span = info_span!("s", cart = 1, order.id = 2, nan = f64::NAN, labels.a = 3).entered();
        info!(cart.items = 2, order = 3, "m");
    });
    assert_paths(&lines[0]);
    let pairs = parse(&lines[0]);
    let of = |key: &str| pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    assert_eq!((of("cart.items"), of("order")), (Some(2.into()), Some(3.into())));
    assert_eq!((of("labels.cart"), of("labels.order_id")), (Some(1.into()), Some(2.into())));
    assert_eq!((of("labels.nan"), of("labels.a")), (Some("NaN".into()), Some(3.into())));
}

#[test]
fn fields_are_renamed_by_either_of_their_names() {
    let rename = |output: Output| {
        output
            .rename("user", "user.name")
            .rename("labels.host", "host.name")
            .rename("log.logger", "logger")
            .drop_field("ecs.version")
            .drop_field("process")
    };
    let bench = bench(rename, Caller::Hidden);
    let lines = bench.run(|| info!(target: "t", user = "ada", host = "a", process = 1, logger = 2, "m"));
    let expected = concat!(
        r#"{"@timestamp":"2026-10-03T12:34:56.123456Z","log.level":"INFO","message":"m","user.name":"ada","#,
        r#""host.name":"a","labels.logger":2,"logger":"t","service.name":"orders","service.version":"1.4.2","#,
        r#""service.environment":"prod"}"#
    );
    assert_eq!(lines, [expected]);
}
