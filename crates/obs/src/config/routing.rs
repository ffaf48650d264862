//! Outputs and routes of lines as they are printed: on one line, without what is not to be shown.

use obs_core::redact::REDACTED;

use super::Config;
use super::logs::{LogDestination, LogMatch, LogRoute, OUTPUT_KEYS};
use super::redacted::{flow, quoted};

pub(super) fn output(config: &Config, path: &str, output: &LogDestination) -> String {
    let defaults = LogDestination::new("", super::LogPlace::Stdout);
    let chosen = OUTPUT_KEYS.iter().filter_map(|key| {
        let value = (key.get)(output);
        // What was not chosen says nothing.
        let told = key.name == "type" || value != (key.get)(&defaults);
        let shown = config.shown(&format!("{path}.{}.{}", output.name, key.name), key.kind, value)?;
        told.then(|| format!("{}: {shown}", key.name))
    });
    format!("{}: {}", quoted(&output.name), flow('{', '}', chosen))
}

/// Where any of its texts was put in from elsewhere, none of its condition is shown.
pub(super) fn route(route: &LogRoute, concealed: bool) -> String {
    let condition = |when: &LogMatch| condition(when, concealed);
    let outputs = match route.outputs.as_slice() {
        [one] => quoted(one),
        several => flow('[', ']', several.iter().map(|name| quoted(name))),
    };
    match &route.when {
        LogMatch::All(parts) if parts.is_empty() => format!("{{ default: {outputs} }}"),
        when => format!("{{ match: {}, output: {outputs} }}", condition(when)),
    }
}

fn condition(when: &LogMatch, concealed: bool) -> String {
    let condition = |when: &LogMatch| condition(when, concealed);
    let quoted = |text: &str| quoted(if concealed { REDACTED } else { text });
    let joined = |word: &str, parts: &[LogMatch]| {
        format!("{{ {word}: {} }}", flow('[', ']', parts.iter().map(condition)))
    };
    let fact = |word: &str, text: &str| format!("{{ {word}: {} }}", quoted(text));
    match when {
        LogMatch::All(parts) => joined("all", parts),
        LogMatch::Any(parts) => joined("any", parts),
        LogMatch::Not(part) => format!("{{ not: {} }}", condition(part)),
        LogMatch::Level(text) => fact("level", text),
        LogMatch::Env(text) => fact("env", text),
        LogMatch::Module(text) => fact("module", text),
        LogMatch::Target(text) => fact("target", text),
        LogMatch::Field(name, value) => format!("{{ fields: {{ {}: {} }} }}", quoted(name), quoted(value)),
    }
}
