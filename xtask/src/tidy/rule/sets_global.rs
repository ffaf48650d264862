//! `build` gives a value; only the one file that installs it touches globals.

use super::super::allowed::Rule;
use super::super::run::Finding;
use super::super::source::Source;

/// Calls that set something of the whole process.
const CALLS: [&str; 12] = [
    "set_global_default",
    "set_global_recorder",
    "set_boxed_recorder",
    "set_hook",
    "take_hook",
    "set_logger",
    "set_boxed_logger",
    "set_tracer_provider",
    "set_text_map_propagator",
    "set_meter_provider",
    "set_var",
    "remove_var",
];

/// Folders of programs, which own their process.
const FREE: [&str; 3] = ["bench/", "examples/", "xtask/"];

pub(crate) fn sets_global(source: &Source) -> Vec<Finding> {
    if FREE.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    let calls = CALLS.iter().flat_map(|call| source.words(call).into_iter().map(move |at| (at, call)));
    calls
        .filter(|(at, call)| {
            let called = source.code[at + call.len()..].trim_start().starts_with('(');
            // A function of this name may be defined; calling it is what counts.
            let defined = source.code[..*at].trim_end().ends_with("fn");
            called && !defined && !source.is_test(*at)
        })
        .map(|(at, call)| Finding {
            path: source.path.clone(),
            line: source.line(at),
            rule: Some(Rule::SetsGlobal),
            text: format!("`{call}` sets a global; only the umbrella's installation does that"),
        })
        .collect()
}
