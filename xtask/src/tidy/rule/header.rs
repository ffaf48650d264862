//! Every file says in its first line why it exists.

use super::super::run::Finding;
use super::super::source::Source;

pub(crate) fn header(source: &Source) -> Vec<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//!").is_some_and(|text| !text.trim().is_empty());
    if says {
        return Vec::new();
    }
    let text = "the first line is `//!` and a sentence that says why the file exists".to_owned();
    vec![Finding { path: source.path.clone(), line: 1, rule: None, text }]
}
