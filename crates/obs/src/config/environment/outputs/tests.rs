//! Collectors of lines by the environment, beside what the file says.

use std::time::Duration;

use crate::config::layers::tests::laid;
use crate::config::{LogDestination, LogFormat, LogPlace, Logs, OtlpCompression, OtlpProtocol};

const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318");
const LOGS: (&str, &str) = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://logs/x");
const ADDED: (&str, &str) = ("OTEL_LOGS_EXPORTER", "otlp");
const ONE: &str = "logs: { outputs: { far: { type: otlp } } }";

#[track_caller]
fn logs(file: &str, variables: &[(&str, &str)]) -> Logs {
    laid(file, variables).unwrap_or_else(|error| panic!("{error}")).logs
}

#[track_caller]
fn one(file: &str, variables: &[(&str, &str)]) -> LogDestination {
    let [output] = logs(file, variables).outputs.try_into().unwrap();
    output
}

fn names(logs: &Logs) -> Vec<&str> {
    logs.outputs.iter().map(|output| output.name.as_str()).collect()
}

#[track_caller]
fn wrong(file: &str, variables: &[(&str, &str)], expected: &str) {
    let told = laid(file, variables).expect_err(file).to_string();
    assert!(told.contains(expected), "{told}");
}

#[test]
fn an_output_without_a_url_takes_what_the_environment_says_of_a_collector() {
    let whole = |output: &LogDestination| (output.ship.urls.join(" "), output.ship.exact);
    assert_eq!(whole(&one(ONE, &[ALL])), ("http://all:4318".to_owned(), false));
    // As the specification has it, without a path of ours.
    assert_eq!(whole(&one(ONE, &[ALL, LOGS])), ("http://logs/x".to_owned(), true));
    let variables = [
        ALL,
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-key=a%20b"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=all"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10"),
        ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "1500"),
    ];
    let ship = one(ONE, &variables).ship;
    assert_eq!((ship.protocol, ship.compression), (OtlpProtocol::Grpc, OtlpCompression::None));
    assert_eq!(ship.headers, [(String::from("x-key"), String::from("a b"))]);
    assert_eq!(ship.timeout, Duration::from_millis(1_500));
    // No limit.
    assert!(one(ONE, &[ALL, ("OTEL_EXPORTER_OTLP_TIMEOUT", "0")]).ship.timeout >= Duration::from_secs(3_600));
    let silent = one(ONE, &[ALL]).ship;
    assert_eq!((silent.protocol, silent.compression), (OtlpProtocol::HttpProtobuf, OtlpCompression::Gzip));
}

#[test]
fn what_an_output_says_goes_before_the_environment() {
    let file = "logs: { outputs: { far: { type: otlp, compression: gzip, headers: { x-key: mine }, timeout: 10s } } }";
    let variables = [
        ALL,
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=all"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
    ];
    let ship = one(file, &variables).ship;
    assert_eq!((ship.compression, ship.timeout), (OtlpCompression::Gzip, Duration::from_secs(10)));
    assert_eq!(ship.headers, [(String::from("x-key"), String::from("mine"))]);
}

#[test]
fn one_with_a_url_of_its_own_gets_nothing_that_is_meant_for_another() {
    let file = "logs: { outputs: { far: { type: otlp, url: 'http://mine' } } }";
    let variables = [ALL, ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2"), ADDED];
    let ship = one(file, &variables).ship;
    assert_eq!((ship.urls, ship.headers), (vec![String::from("http://mine")], vec![]));
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    wrong(
        ONE,
        &[],
        "obs.yaml:1:20: logs.outputs.far: has no `url`, and neither `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` nor",
    );
    wrong("", &[ADDED], "OTEL_LOGS_EXPORTER: `otlp` needs `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` or");
    wrong("", &[("OTEL_LOGS_EXPORTER", "oltp")], "OTEL_LOGS_EXPORTER: `oltp` is wrong; did you mean `otlp`?");
    wrong(
        ONE,
        &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "all:4318")],
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: endpoint does not begin with http://",
    );
    let variables = [ALL, ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "hunter2")];
    wrong(ONE, &variables, "OTEL_EXPORTER_OTLP_LOGS_HEADERS: expected a list such as key=value,key=value");
    // Of a variable that spans and lines go by, once.
    let told = laid(ONE, &[ALL, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml")]).unwrap_err();
    assert_eq!(told.mistakes().len(), 1, "{told}");
}

#[test]
fn an_exporter_of_the_environment_stands_beside_what_there_is() {
    let added = logs("logs: { format: ecs, colour: off }", &[ALL, ADDED]);
    assert_eq!(names(&added), ["stdout", "otlp"]);
    assert_eq!((added.outputs[0].format, added.outputs[0].colour), (Some(LogFormat::Ecs), Some(false)));
    assert_eq!(added.outputs[1].ship.urls, [ALL.1]);
    let file = logs("logs: { file: { path: /x.log, rotate: daily, keep: 3 } }", &[ALL, ADDED]);
    assert_eq!((names(&file), file.outputs[0].file.keep), (vec!["file", "otlp"], Some(3)));
    let variable = logs("", &[ALL, ADDED, ("OBS_LOG_FILE", "/y.log")]);
    assert_eq!(variable.outputs[0].to, LogPlace::File("/y.log".into()));
    assert_eq!(names(&logs("logs: { output: off }", &[ALL, ADDED])), ["otlp"]);
    wrong("logs: { output: file }", &[ALL, ADDED], "`file` needs `logs.file.path`");

    let routed = "logs: { outputs: { otlp: { type: stdout } }, routes: [{ match: { level: INFO }, output: otlp }, { match: { target: 'a*' }, output: [] }] }";
    let routed = logs(routed, &[ALL, ADDED]);
    assert_eq!(names(&routed), ["otlp", "otlp_2"]);
    assert_eq!(routed.routes[0].outputs, ["otlp", "otlp_2"]);
    assert_eq!(routed.routes[1].outputs, [""; 0], "what goes nowhere goes nowhere");
    assert_eq!(names(&logs(ONE, &[ALL, ADDED])), ["far"], "there is one");
    assert_eq!(names(&logs("", &[ALL])), [""; 0], "nothing is sent by itself");
}

#[test]
fn no_exporter_and_a_disabled_sdk_leave_what_a_service_writes_itself() {
    let file = "logs: { outputs: { far: { type: otlp }, near: { type: stdout }, elk: { type: elasticsearch, url: 'http://e' } }, \
                routes: [{ match: { level: INFO }, output: [far, near] }, { default: far }] }";
    for variable in [("OTEL_LOGS_EXPORTER", "NONE"), ("OTEL_SDK_DISABLED", "true")] {
        let left = logs(file, &[ALL, variable]);
        assert_eq!(names(&left), ["near", "elk"], "{variable:?}");
        let routes: Vec<_> = left.routes.iter().map(|route| route.outputs.join(" ")).collect();
        assert_eq!(routes, ["near", ""]);
        let none = logs(ONE, &[variable]);
        assert_eq!((none.outputs.len(), none.output), (0, crate::config::LogOutput::Off));
        assert_eq!(logs("", &[variable]).output, crate::config::LogOutput::Stdout);
    }
    assert_eq!(names(&logs("", &[ALL, ADDED, ("OTEL_SDK_DISABLED", "true")])), [""; 0]);
    assert_eq!(names(&logs(ONE, &[ALL, ("OTEL_SDK_DISABLED", "false")])), ["far"]);
    let console = logs(ONE, &[("OTEL_LOGS_EXPORTER", "console")]);
    assert_eq!((names(&console), &console.outputs[0].to), (vec!["stdout"], &LogPlace::Stdout));
}

#[test]
fn what_a_variable_brings_hides_no_less_of_what_the_file_conceals() {
    let file = "logs: { outputs: { near: { type: file, path: '${env:HIDDEN}' } } }";
    let one = "logs: { file: { path: '${env:HIDDEN}' } }";
    for file in [file, one] {
        let hidden = ("HIDDEN", "/hunter2.log");
        let variables = [hidden, ALL, ADDED, ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-key=hunter2")];
        let config = laid(file, &variables).unwrap();
        let printed = format!("{}{config:?}", config.redacted());
        assert!(!printed.contains("hunter2") && printed.contains("http://all:4318"), "{printed}");
    }
}
