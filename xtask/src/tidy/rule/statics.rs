//! State belongs to a value that somebody made; a `static` that is more than a constant is shared by everybody.

use super::super::allowed::Rule;
use super::super::run::Finding;
use super::super::source::Source;

/// Folders whose programs may hold what state they like.
const FREE: [&str; 2] = ["bench/", "examples/"];

pub(crate) fn statics(source: &Source) -> Vec<Finding> {
    if FREE.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    let threads = super::thread_local::bodies(source);
    source
        .words("static")
        .into_iter()
        .filter(|at| !source.is_test(*at) && !threads.iter().any(|body| body.contains(at)))
        .filter_map(|at| Some((at, item(&source.code, at)?)))
        .filter(|(_, kind)| !is_constant(kind))
        .map(|(at, kind)| Finding {
            path: source.path.clone(),
            line: source.line(at),
            rule: Some(Rule::Static),
            text: format!(
                "a static of type `{kind}` is a global; make it part of a value, or list it with a reason"
            ),
        })
        .collect()
}

/// The type of the static item at `at`; nothing for the lifetime and for closures of that name.
fn item(code: &str, at: usize) -> Option<String> {
    if code[..at].ends_with('\'') {
        return None;
    }
    let rest = &code[at + "static".len()..];
    let (name, kind) = rest.split_once(':')?;
    if name.contains(['|', ';', '{', '(', '=']) {
        return None;
    }
    let kind = kind.split('=').next()?;
    let mutable = if name.split_whitespace().next() == Some("mut") { "mut " } else { "" };
    Some(format!("{mutable}{}", kind.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Texts, numbers, and slices and arrays of what cannot change: nothing an address could be used to change.
fn is_constant(kind: &str) -> bool {
    let changes = ["mut ", "Cell", "Atomic", "Mutex", "Lock"].iter().any(|word| kind.contains(word));
    let plain = ["u8", "u16", "u32", "u64", "usize", "i32", "i64", "f64", "bool", "char"].contains(&kind);
    !changes && (plain || kind.starts_with(['&', '[']))
}
