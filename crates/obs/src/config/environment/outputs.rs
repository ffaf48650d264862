//! Outputs of lines by the variables of OpenTelemetry: whether there is one to a collector, and what it goes by.

use super::super::draft::Place;
use super::super::key::{Form, Value};
use super::super::logs::{OTLP_VARIABLES, OUTPUT_KEYS, OutputKey};
use super::super::{LogDestination, LogOutput, LogPlace, Logs};
use super::Reader;

const EXPORTER: &str = "OTEL_LOGS_EXPORTER";
const DISABLED: &str = "OTEL_SDK_DISABLED";

/// Adds or takes away what the variables say, and gives outputs of type `otlp` that say nothing of a URL what they say
/// of a collector.
pub(super) fn outputs(read: &mut Reader<'_, '_>) {
    let word = read.word(EXPORTER, &["otlp", "console", "none"]);
    if read.flag(DISABLED) == Some(true) {
        without_otlp(read, DISABLED);
        return;
    }
    match word {
        Some(Value::Word("otlp")) => {
            let [all, logs] = OTLP_VARIABLES[0].names;
            let is_there = |place: &LogDestination| place.to == LogPlace::Otlp;
            if read.raw(all).or(read.raw(logs)).is_some()
                || read.draft.config.logs.outputs.iter().any(is_there)
            {
                with(read, LogPlace::Otlp, "otlp");
            } else {
                let what = format!("`otlp` needs `{logs}` or `{all}`, and neither is set");
                read.draft.fault(Place::Variable(EXPORTER), what);
            }
        }
        Some(Value::Word("console")) => {
            without_otlp(read, EXPORTER);
            with(read, LogPlace::Stdout, "stdout");
        }
        Some(Value::Word("none")) => without_otlp(read, EXPORTER),
        _ => {}
    }
    let outputs = &read.draft.config.logs.outputs;
    let takes = |output: &LogDestination| output.to == LogPlace::Otlp && output.ship.urls.is_empty();
    let by_variables: Vec<_> = (0..outputs.len()).filter(|at| takes(&outputs[*at])).collect();
    by_variables.into_iter().for_each(|at| collector(read, at));
}

/// Lines go to no collector. Where they would go nowhere else, they go nowhere.
fn without_otlp(read: &mut Reader<'_, '_>, variable: &'static str) {
    // In place, so that what is concealed in the others stays so.
    let logs = &mut read.draft.config.logs;
    let is_otlp = |output: &LogDestination| output.to == LogPlace::Otlp;
    let gone: Vec<_> =
        logs.outputs.iter().filter(|output| is_otlp(output)).map(|output| output.name.clone()).collect();
    if gone.is_empty() {
        return;
    }
    logs.outputs.retain(|output| !is_otlp(output));
    for route in &mut logs.routes {
        route.outputs.retain(|name| !gone.contains(name));
    }
    if logs.outputs.is_empty() {
        read.choose_at("logs.outputs", Value::Outputs(Vec::new()), variable);
        read.choose_at("logs.routes", Value::Routes(Vec::new()), variable);
        read.choose_at("logs.output", Value::Word("off"), variable);
    }
}

/// Lines go to such a place beside where they go anyway.
fn with(read: &mut Reader<'_, '_>, to: LogPlace, name: &str) {
    let logs = &mut read.draft.config.logs;
    if logs.outputs.is_empty() {
        logs.outputs = single(logs).into_iter().collect();
        if read.draft.config.conceals("logs.file.path") {
            read.draft.conceal(String::from("logs.outputs.file.path"));
        }
        // Not the file's: what the file says of its one output has its effect.
        read.draft.locate(String::from("logs.outputs"), Place::Variable(EXPORTER));
    }
    let logs = &mut read.draft.config.logs;
    if logs.outputs.iter().any(|output| output.to == to) {
        return;
    }
    let is_taken = |name: &str| logs.outputs.iter().any(|output| output.name == name);
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name));
    let name = free.unwrap_or_default();
    // What goes nowhere is to go nowhere.
    for route in logs.routes.iter_mut().filter(|route| !route.outputs.is_empty()) {
        route.outputs.push(name.clone());
    }
    logs.outputs.push(LogDestination::new(&name, to));
    read.draft.locate(format!("logs.outputs.{name}"), Place::Variable(EXPORTER));
}

/// The one output as one of several, under the name that it has on metrics.
fn single(logs: &Logs) -> Option<LogDestination> {
    let (name, to) = match &logs.output {
        LogOutput::Stdout => ("stdout", LogPlace::Stdout),
        LogOutput::Stderr => ("stderr", LogPlace::Stderr),
        LogOutput::File(path) => ("file", LogPlace::File(path.clone())),
        LogOutput::Off => return None,
    };
    let mut output = LogDestination::new(name, to);
    (output.format, output.colour) = (logs.format, logs.colour);
    (output.file.rotate, output.file.keep) = (logs.rotate, logs.keep);
    Some(output)
}

/// What the variables say of a collector, for the output at `at`, where it does not say so itself.
fn collector(read: &mut Reader<'_, '_>, at: usize) {
    let name = read.draft.config.logs.outputs[at].name.clone();
    let silent = LogDestination::new(&name, LogPlace::Otlp);
    for row in &OTLP_VARIABLES {
        let Some(key) = OUTPUT_KEYS.iter().find(|key| key.name == row.key) else { continue };
        let path = format!("logs.outputs.{name}.{}", key.name);
        let is_said = (key.get)(&read.draft.config.logs.outputs[at]) != (key.get)(&silent);
        if is_said || read.draft.is_chosen(&path) {
            continue;
        }
        for variable in row.names {
            if let Some(value) = value(read, key, row.form, variable) {
                let output = &mut read.draft.config.logs.outputs[at];
                (key.set)(output, value);
                // Of logs alone it is whole; of all signals it has no path of theirs.
                output.ship.exact |= key.name == "url" && variable == row.names[1];
                read.draft.locate(path.clone(), Place::Variable(variable));
            }
        }
    }
}

fn value(read: &mut Reader<'_, '_>, key: &OutputKey, form: Form, variable: &'static str) -> Option<Value> {
    match (form, key.name) {
        (Form::Same, _) => read.same(variable, key.kind),
        (Form::Millis, _) => read.millis(variable, key.kind),
        (Form::Special, "headers") => read.pairs(variable).map(Value::Pairs),
        (Form::Special, _) => read.text(variable).map(|url| Value::Names(vec![url])),
    }
}

#[cfg(test)]
mod tests;
