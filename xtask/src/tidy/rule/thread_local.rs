//! The open context is held in one place per thread; any other state of a thread needs a reason.

use std::ops::Range;

use super::super::allowed::Rule;
use super::super::run::Finding;
use super::super::source::Source;

pub(crate) fn thread_local(source: &Source) -> Vec<Finding> {
    if source.path.starts_with("bench/") {
        return Vec::new();
    }
    bodies(source)
        .into_iter()
        .filter(|body| !source.is_test(body.start))
        .map(|body| Finding {
            path: source.path.clone(),
            line: source.line(body.start),
            rule: Some(Rule::ThreadLocal),
            text: "state of a thread; pass it along, or list it with a reason".to_owned(),
        })
        .collect()
}

/// Each `thread_local!` with what it declares.
pub(super) fn bodies(source: &Source) -> Vec<Range<usize>> {
    let code = &source.code;
    let calls = source.words("thread_local").into_iter();
    calls
        .filter(|at| code[at + "thread_local".len()..].starts_with('!'))
        .map(|at| {
            let mut depth = 0_usize;
            let end = code[at..].char_indices().find_map(|(length, char)| {
                match char {
                    '{' | '(' => depth += 1,
                    '}' | ')' => depth = depth.saturating_sub(1),
                    _ => return None,
                }
                (depth == 0).then_some(at + length + 1)
            });
            at..end.unwrap_or(code.len())
        })
        .collect()
}
