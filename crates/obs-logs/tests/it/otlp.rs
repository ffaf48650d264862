//! OTLP lines read back by the rules of protobuf's JSON form, written down here from the specification.

use obs_core::context::enter_poll;
use obs_logs::{Caller, Format, Memory, Output};
use serde_json::Value;
use tracing::{error, info};

use crate::golden::{self, engine};
use crate::{Bench, context};

/// One log record with what is around it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) resource: Vec<(String, Value)>,
    pub(crate) scope: String,
    pub(crate) nanos: u64,
    pub(crate) severity: (u64, String),
    pub(crate) body: Option<String>,
    pub(crate) attributes: Vec<(String, Value)>,
    /// Trace, span and flags.
    pub(crate) ids: Option<(String, String, u64)>,
}

/// Takes the one element out of a list.
#[track_caller]
fn only(value: &Value) -> &Value {
    let list = value.as_array().unwrap_or_else(|| panic!("a list, not {value}"));
    assert_eq!(list.len(), 1, "{value}");
    &list[0]
}

/// The members of an object, which may have no others than these.
#[track_caller]
fn members<'a, const N: usize>(value: &'a Value, names: [&str; N]) -> [&'a Value; N] {
    let object = value.as_object().unwrap_or_else(|| panic!("an object, not {value}"));
    assert!(object.keys().all(|key| names.contains(&key.as_str())), "{value}");
    names.map(|name| object.get(name).unwrap_or(&Value::Null))
}

/// The value of an `AnyValue`: integers come in strings, and so do floats that are no numbers.
#[track_caller]
fn any(value: &Value) -> Value {
    let object = value.as_object().unwrap();
    assert_eq!(object.len(), 1, "{value}");
    let (kind, value) = object.iter().next().unwrap();
    match kind.as_str() {
        "stringValue" => Value::from(value.as_str().unwrap()),
        "intValue" => Value::from(value.as_str().unwrap().parse::<i64>().unwrap()),
        "boolValue" => Value::from(value.as_bool().unwrap()),
        "doubleValue" if ["NaN", "Infinity", "-Infinity"].map(Some).contains(&value.as_str()) => {
            value.clone()
        }
        "doubleValue" => Value::from(value.as_f64().unwrap()),
        other => panic!("{other}"),
    }
}

#[track_caller]
fn pairs(value: &Value) -> Vec<(String, Value)> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |pair: &Value| {
        let [key, value] = members(pair, ["key", "value"]);
        (key.as_str().unwrap().to_owned(), any(value))
    };
    let pairs: Vec<_> = list.iter().map(pair).collect();
    for (index, (key, _)) in pairs.iter().enumerate() {
        assert!(pairs[..index].iter().all(|(known, _)| known != key), "{key} stands twice");
    }
    pairs
}

/// Reads one line as `LogsData` with one record.
#[track_caller]
pub(crate) fn read(line: &str) -> Record {
    assert!(!line.contains('\n'), "more than one line: {line:?}");
    let whole: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    let [logs] = members(&whole, ["resourceLogs"]);
    let [resource, scopes] = members(only(logs), ["resource", "scopeLogs"]);
    let [resource] = members(resource, ["attributes"]);
    let [scope, records] = members(only(scopes), ["scope", "logRecords"]);
    let [scope] = members(scope, ["name"]);
    let [time, observed, number, text, body, attributes, trace, span, flags] = members(
        only(records),
        [
            "timeUnixNano",
            "observedTimeUnixNano",
            "severityNumber",
            "severityText",
            "body",
            "attributes",
            "traceId",
            "spanId",
            "flags",
        ],
    );
    assert_eq!(time, observed);
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    Record {
        resource: pairs(resource),
        scope: text_of(scope),
        nanos: time.as_str().unwrap().parse().unwrap(),
        severity: (number.as_u64().unwrap(), text_of(text)),
        body: body.as_object().map(|_| text_of(&any(body))),
        attributes: pairs(attributes),
        ids: trace.as_str().map(|trace| (trace.to_owned(), text_of(span), flags.as_u64().unwrap())),
    }
}

#[test]
fn the_records_of_the_golden_file_say_what_was_logged() {
    let records: Vec<_> = golden::lines(|memory| Output::memory(memory).format(Format::Otlp))
        .iter()
        .map(|line| read(line))
        .collect();
    let resource = [
        ("service.name", "orders"),
        ("service.version", "1.4.2"),
        ("deployment.environment.name", "prod"),
        ("team", "check\"out"),
    ]
    .map(|(key, value)| (key.to_owned(), Value::from(value)));
    for record in &records {
        assert_eq!(record.resource, resource);
        assert_eq!(record.nanos, crate::NOW);
    }
    // The numbers of the data model.
    let severities: Vec<_> =
        records[..5].iter().map(|record| (record.severity.0, &*record.severity.1)).collect();
    assert_eq!(severities, [(1, "TRACE"), (5, "DEBUG"), (9, "INFO"), (13, "WARN"), (17, "ERROR")]);
    assert_eq!(records[2].scope, "shop::cart");
    assert_eq!(records[2].body.as_deref(), Some("every type"));
    let of = |key: &str| records[2].attributes.iter().find(|(known, _)| known == key).unwrap().1.clone();
    assert_eq!(of("int"), Value::from(i64::MIN));
    assert_eq!(of("uint"), Value::from(u64::MAX.to_string()), "the protocol has none that large");
    assert_eq!(of("wide"), Value::from(i128::MAX.to_string()));
    assert_eq!((of("ratio"), of("tiny"), of("whole")), (0.1.into(), 1e-7.into(), 2.0.into()));
    assert_eq!((of("nan"), of("down"), of("yes")), ("NaN".into(), "-Infinity".into(), true.into()));
    let last = records.last().unwrap();
    let ids = ("910a2dec89025cc1beeb8da1658eec67".to_owned(), "f893a2eefb32555e".to_owned(), 1);
    assert_eq!(last.ids.as_ref(), Some(&ids));
    assert_eq!(records[0].ids, None);
    let status = ("http.response.status_code".to_owned(), Value::from(504));
    assert!(last.attributes.contains(&status), "{last:?}");
    assert!(last.attributes.contains(&("duration_ms".to_owned(), Value::from(12.345))), "{last:?}");
}

#[test]
fn every_attribute_of_the_page_is_on_some_record() {
    // Those of panic lines are looked at where a hook can be set, that of held lines where requests fail, and that of
    // records that are sent where they are.
    let elsewhere =
        ["exception.message", "exception.type", "exception.stacktrace", "thread.name", "recorded", "target"];
    let memory = Memory::new();
    let output = Output::memory(&memory).format(Format::Otlp).max_field_bytes(100);
    let (logs, guard) = engine(output, |builder| builder.caller(Caller::Shown));
    let bench = Bench { logs, memory, _guard: guard };
    let lines = bench.run(|| {
        golden::events(&bench.logs);
        golden::remote(&bench.logs);
        golden::upgraded(&bench.logs);
        info!(long = "x".repeat(200));
    });
    let records: Vec<_> = lines.iter().map(|line| read(line)).collect();
    for name in obs_core::keys::log_attribute::ALL {
        let on = |record: &Record| record.attributes.iter().any(|(key, _)| key == name);
        assert!(elsewhere.contains(name) || records.iter().any(on), "{name} is on no record");
    }
}

#[test]
fn the_caller_has_two_attributes_and_no_field_takes_their_place() {
    let memory = Memory::new();
    let (logs, guard) =
        engine(Output::memory(&memory).format(Format::Otlp), |builder| builder.caller(Caller::Shown));
    let bench = Bench { logs, memory, _guard: guard };
    let line = line!() + 1;
    let lines = bench.run(|| info!(code.line.number = "mine", truncated = 1));
    let expected: [(&str, Value); 4] = [
        ("field.code.line.number", "mine".into()),
        ("field.truncated", 1.into()),
        ("code.file.path", file!().into()),
        ("code.line.number", line.into()),
    ];
    let record = read(&lines[0]);
    assert_eq!(record.attributes, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(record.body, None);
}

#[test]
fn a_long_record_is_cut_and_stays_one() {
    let memory = Memory::new();
    let (logs, guard) = engine(Output::memory(&memory).format(Format::Otlp), |builder| builder);
    let bench = Bench { logs, memory, _guard: guard };
    let long = "x\"\u{1}é".repeat(200_000);
    let context = context();
    let _scope = enter_poll(&context);
    let lines = bench.run(|| {
        error!(a = &*long, b = 1, "{}", 1);
        error!(a = 1, "{long}");
    });
    for (line, text) in lines.iter().zip([0, 1]) {
        assert!(line.len() < obs_logs::MAX_LINE_BYTES && line.len() > 250_000, "{}", line.len());
        let record = read(line);
        assert!(record.attributes.contains(&("truncated".to_owned(), true.into())));
        assert!(record.attributes.contains(&("request_id".to_owned(), "ORD-2024-98765".into())));
        assert!(record.ids.is_some());
        let cut = [record.attributes[0].1.as_str().unwrap_or_default(), record.body.as_deref().unwrap()];
        assert!(cut[text].ends_with('…') && long.starts_with(cut[text].trim_end_matches('…')), "{text}");
    }
}
