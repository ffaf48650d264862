//! A panic is one line on each output, also where its stack is asked for, which has many.

use axum::Router;
use axum::routing::get;

use super::running::{Running, parsed};
use crate::process::alone;
use crate::service::{Service, exchange, request, until};

const TEXT: &str = "
logs:
  outputs:
    json: { type: file, path: FOLDER/json.log }
    logfmt: { type: file, path: FOLDER/logfmt.log, format: logfmt }
    pretty: { type: file, path: FOLDER/pretty.log, format: pretty }
    ecs: { type: file, path: FOLDER/ecs.log, format: ecs }
    otlp: { type: file, path: FOLDER/otlp.log, format: otlp }
";
const FORMATS: [&str; 5] = ["json", "logfmt", "pretty", "ecs", "otlp"];

/// Stands on its stack by its name.
#[inline(never)]
fn panics_in_the_handler(text: &str) -> &'static str {
    panic!("boom \"{text}\"\nand more");
}

/// The one line of the panic in this form.
#[track_caller]
fn panic_line(running: &Running, format: &str) -> String {
    let text = running.text(&format!("{format}.log"));
    let lines: Vec<_> = text.lines().filter(|line| line.contains("obs::panic")).collect();
    let [line] = lines[..] else { panic!("{format}: {} lines\n{text}", lines.len()) };
    // Beside it there is the access line, and no line that is a part of either.
    assert_eq!(text.lines().count(), 2, "{format}\n{text}");
    assert_eq!(text.lines().filter(|line| line.contains("obs::access")).count(), 1, "{format}\n{text}");
    assert!(text.ends_with('\n') && !text.contains('\r'), "{format}");
    line.to_owned()
}

/// The stack on a line of data.
fn stack(line: &str, format: &str) -> Option<String> {
    let [line] = parsed([line].into_iter()).try_into().unwrap();
    let stack = match format {
        "json" => line["backtrace"].clone(),
        "ecs" => line["error.stack_trace"].clone(),
        _ => {
            let record = &line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
            let attributes = record["attributes"].as_array().unwrap();
            let stack = attributes.iter().find(|pair| pair["key"] == "exception.stacktrace");
            stack.map_or(serde_json::Value::Null, |pair| pair["value"]["stringValue"].clone())
        }
    };
    stack.as_str().map(str::to_owned)
}

/// A service of which a handler panics, once.
fn panicked(name: &str) -> Running {
    let running = Running::install(name, TEXT);
    let handler = get(async || panics_in_the_handler("here"));
    let service = Service::start(Router::new().route("/", handler).layer(running.obs.layer()));
    assert!(exchange(service.addr, &request("GET", "/", "")).is_none());
    until("the request has ended", || running.text("json.log").contains("obs::access"));
    running
}

#[test]
fn a_panic_with_its_stack_is_one_line_in_every_format() {
    let name = "a_panic_with_its_stack_is_one_line_in_every_format";
    alone(module_path!(), name, &[("RUST_BACKTRACE", "1")], || {
        let running = panicked("stack");
        let lines = FORMATS.map(|format| panic_line(&running, format));
        let stacks = ["json", "ecs", "otlp"].map(|format| {
            let line = &lines[FORMATS.iter().position(|known| *known == format).unwrap()];
            stack(line, format).unwrap_or_else(|| panic!("{format}: {line}"))
        });
        assert!(
            stacks[0].contains("panics_in_the_handler") && stacks[0].lines().count() > 5,
            "{}",
            stacks[0]
        );
        assert_eq!((&stacks[1], &stacks[2]), (&stacks[0], &stacks[0]));
        // Where the form has no way back to the text, each line of it is there, and the breaks between are escaped.
        let escaped = stacks[0].replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        for (line, key) in [(&lines[1], "backtrace="), (&lines[2], "backtrace=")] {
            let (_, rest) = line.split_once(key).unwrap_or_else(|| panic!("{line}"));
            assert!(rest.starts_with(&format!("\"{}\"", escaped)), "{rest}\n{escaped}");
        }
    });
}

#[test]
fn a_panic_has_no_stack_unless_one_is_asked_for() {
    let name = "a_panic_has_no_stack_unless_one_is_asked_for";
    alone(module_path!(), name, &[], || {
        let running = panicked("no-stack");
        for format in FORMATS {
            let line = panic_line(&running, format);
            let has = ["backtrace", "stack_trace", "stacktrace", "panics_in_the_handler"];
            assert!(!has.iter().any(|part| line.contains(part)), "{line}");
        }
    });
}
