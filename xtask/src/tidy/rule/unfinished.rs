//! Nothing in the tree waits to be written, and no test is there for show.

use super::super::run::Finding;
use super::super::source::Source;

/// What each means, and how it looks without spaces.
const FORMS: [(&str, &str); 4] = [
    ("todo!", "unfinished code"),
    ("unimplemented!", "unfinished code"),
    ("#[ignore", "a test that does not run"),
    ("assert!(true)", "a test that cannot fail"),
];

pub(crate) fn unfinished(source: &Source) -> Vec<Finding> {
    let compact: Vec<(usize, char)> =
        source.code.char_indices().filter(|(_, char)| !char.is_whitespace()).collect();
    let text: String = compact.iter().map(|(_, char)| *char).collect();
    // Where each byte of the compact text came from.
    let origin: Vec<usize> =
        compact.iter().flat_map(|(at, char)| std::iter::repeat_n(*at, char.len_utf8())).collect();
    FORMS
        .iter()
        .flat_map(|(form, meaning)| text.match_indices(form).map(move |(at, _)| (at, *form, *meaning)))
        .filter(|(at, _, _)| {
            // `debug_assert!` and a name that merely ends like this are something else.
            let before = origin[*at].checked_sub(1).and_then(|before| source.code.as_bytes().get(before));
            !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        })
        .map(|(at, form, meaning)| Finding {
            path: source.path.clone(),
            line: source.line(origin[at]),
            rule: None,
            text: format!("`{form}`: {meaning}"),
        })
        .collect()
}
