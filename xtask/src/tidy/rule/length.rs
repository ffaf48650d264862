//! A file is a room: past this length it has become two.

use super::super::run::Finding;
use super::super::source::Source;

/// Lines outside of tests.
const MAX_LINES: usize = 600;

pub(crate) fn length(source: &Source) -> Vec<Finding> {
    let lines = source.lines_outside_tests();
    if lines <= MAX_LINES {
        return Vec::new();
    }
    let text = format!("{lines} lines outside of tests; split the file by {MAX_LINES}");
    vec![Finding { path: source.path.clone(), line: MAX_LINES, rule: None, text }]
}
