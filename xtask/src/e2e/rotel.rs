//! A real OTLP sink that prints every span and log record it takes, and the reader of the spans.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::http::Connection;
use crate::process::Process;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running rotel agent.
pub(super) struct Rotel {
    process: Process,
}

/// A span as rotel saw it; absent ids are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Printed {
    /// Out of the resource the span came with.
    pub(super) service: String,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) parent_id: String,
    pub(super) name: String,
    pub(super) kind: String,
}

impl Rotel {
    /// Starts it and waits until it listens.
    pub(super) fn start(program: &Path, grpc: SocketAddr, http: SocketAddr, folder: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["start", "--exporter", "blackhole"]);
        command.args(["--debug-log", "traces", "--debug-log", "logs", "--debug-log-verbosity", "detailed"]);
        command.args(["--otlp-grpc-endpoint", &grpc.to_string(), "--otlp-http-endpoint", &http.to_string()]);
        command.arg("--pid-file").arg(folder.join("rotel.pid"));
        command.arg("--log-file").arg(folder.join("rotel.log"));
        command.env("NO_COLOR", "1");
        let mut process = Process::start_watched("rotel", &command, folder.join("rotel.output.txt"))?;
        process.wait_until("listening", START_LIMIT, || Connection::open(http).is_ok())?;
        Ok(Self { process })
    }

    /// All that it printed so far.
    pub(super) fn output(&self) -> String {
        self.process.output.text()
    }

    /// Every span printed so far.
    pub(super) fn spans(&self) -> Vec<Printed> {
        parse(&self.process.output.text())
    }

    /// That no span is of another trace than these; how many there are.
    pub(super) fn spans_of<'a>(&self, traces: impl Iterator<Item = &'a str>) -> Result<String> {
        let (traces, spans) = (HashSet::<_>::from_iter(traces), self.spans());
        match spans.iter().find(|span| !traces.contains(span.trace_id.as_str())) {
            None => Ok(format!("{} spans", spans.len())),
            Some(other) => Err(format!("a trace nobody sent: {other:?}")),
        }
    }
}

/// Reads the detailed form: a resource with its attributes, then for each span a line `Span #n` and one line for each
/// field.
fn parse(output: &str) -> Vec<Printed> {
    let mut spans: Vec<Printed> = Vec::new();
    let (mut service, mut in_resource) = ("", false);
    for line in output.lines() {
        if line.starts_with("Span #") {
            in_resource = false;
            spans.push(Printed { service: service.to_owned(), ..Printed::default() });
            continue;
        }
        if line.starts_with("ResourceSpans #") {
            (service, in_resource) = ("", true);
        }
        if in_resource {
            let told =
                line.trim().strip_prefix("-> service.name: Str(").and_then(|rest| rest.strip_suffix(')'));
            service = told.unwrap_or(service);
            continue;
        }
        let (Some(span), Some((name, value))) = (spans.last_mut(), line.split_once(':')) else { continue };
        let field = match name.trim() {
            "Trace ID" => &mut span.trace_id,
            "Parent ID" => &mut span.parent_id,
            "ID" => &mut span.span_id,
            "Name" => &mut span.name,
            "Kind" => &mut span.kind,
            _ => continue,
        };
        // The first wins: what follows a span's own fields may repeat their names.
        if field.is_empty() {
            value.trim().clone_into(field);
        }
    }
    // The last one may still be being printed.
    spans.retain(|span| !span.kind.is_empty());
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_from_between_other_lines() {
        let output = "2026-01-01T00:00:00Z  INFO Starting Rotel. grpc_endpoint=\"a:1\"\nResourceSpans #0\n     -> service.name: Str(shop)\nSpan #0\n    \
                      Trace ID       : 0a\n    Parent ID      : 0b\n    ID             : 0c\n    Name           : \
                      GET /x: y\n    Kind           : SPAN_KIND_SERVER\nStart time: 1\nSpan #1\n    Trace ID       : 0d\n    \
                      Parent ID      : \n    ID             : 0e\n    Name           : b\n    Kind           : \
                      SPAN_KIND_INTERNAL\n     -> service.name: Str(other)\nSpan #2\n    Trace ID       : 0f\n";
        let spans = parse(output);
        let ids: Vec<_> =
            spans.iter().map(|span| (span.trace_id.as_str(), span.parent_id.as_str())).collect();
        assert_eq!(ids, [("0a", "0b"), ("0d", "")]);
        assert!(spans.iter().all(|span| span.service == "shop"));
        assert_eq!((spans[0].name.as_str(), spans[0].kind.as_str()), ("GET /x: y", "SPAN_KIND_SERVER"));
    }
}
