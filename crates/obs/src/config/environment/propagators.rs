//! `OTEL_PROPAGATORS` (OpenTelemetry specification, "General SDK Configuration").

use obs_core::propagate::Format;

use super::super::key::Value;
use super::{Reader, in_our_case};

const NAME: &str = "OTEL_PROPAGATORS";

/// What is read and written alike. `x-trace-id`, which has no name there, goes on being read.
pub(super) fn propagators(read: &mut Reader<'_, '_>) {
    let expected = "a list of tracecontext, baggage, b3, b3multi and jaeger, or none";
    let Some((formats, baggage)) = read.parsed(NAME, expected, |text| parse(&in_our_case(NAME, text))) else {
        return;
    };
    let names = |formats: &[Format]| formats.iter().map(|format| format.as_str().to_owned()).collect();
    read.choose_at("traces.inject", Value::Names(names(&formats)), NAME);
    let extract = if formats.is_empty() { formats } else { [formats, vec![Format::TraceId]].concat() };
    read.choose_at("traces.extract", Value::Names(names(&extract)), NAME);
    read.choose_at("traces.baggage", Value::Flag(baggage), NAME);
}

/// The formats in their order, each once, and whether baggage is among them.
fn parse(text: &str) -> Option<(Vec<Format>, bool)> {
    let (mut formats, mut baggage) = (Vec::new(), false);
    for name in text.split(',').map(str::trim) {
        match name {
            "baggage" => baggage = true,
            // Alone, or it says nothing.
            "none" if text.trim() == "none" => {}
            name => {
                let format = Format::parse(name).filter(|format| *format != Format::TraceId)?;
                if !formats.contains(&format) {
                    formats.push(format);
                }
            }
        }
    }
    Some((formats, baggage))
}
