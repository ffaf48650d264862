//! `${env:NAME}` and `${file:/path}` in the file's texts: what they stand for, which is never shown.

use std::path::Path;

use super::super::environment::Lookup;
use super::find::regular;

/// A larger secret is refused, in bytes.
const LARGEST: u64 = 64 * 1024;

/// A text with everything put in, and whether anything was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    pub(super) concealed: bool,
}

/// Puts in what a text asks for; `$${` stands for `${` itself.
///
/// # Errors
/// What is missing, by its name, and nothing of what is there.
pub(super) fn expand(text: &str, lookup: Lookup<'_>) -> Result<Expanded, String> {
    let mut expanded = Expanded { text: String::with_capacity(text.len()), concealed: false };
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, asked) = (&rest[..start], &rest[start + 2..]);
        if let Some(plain) = before.strip_suffix('$') {
            expanded.text.push_str(plain);
            expanded.text.push_str("${");
            rest = asked;
            continue;
        }
        let Some(end) = asked.find('}') else {
            return Err(String::from("`${` has no `}`; `$${` stands for a plain `${`"));
        };
        expanded.text.push_str(before);
        expanded.text.push_str(&stands_for(&asked[..end], lookup)?);
        expanded.concealed = true;
        rest = &asked[end + 1..];
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

fn stands_for(asked: &str, lookup: Lookup<'_>) -> Result<String, String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match asked.split_once(':') {
        Some(("env", name)) if is_name(name) => match lookup(name).filter(|value| !value.is_empty()) {
            None => Err(format!("the variable {name} is not set")),
            Some(value) => value.into_string().map_err(|_| format!("the variable {name} is not UTF-8")),
        },
        Some(("file", path)) if path.starts_with('/') => {
            let shown = super::super::draft::shown(path);
            let bytes = regular(Path::new(path), LARGEST).map_err(|why| format!("the file {shown} {why}"))?;
            let mut text = String::from_utf8(bytes).map_err(|_| format!("the file {shown} is not UTF-8"))?;
            // Editors and `echo` end a file so; it is no part of the secret.
            if text.ends_with('\n') {
                text.truncate(text.len() - 1);
                if text.ends_with('\r') {
                    text.truncate(text.len() - 1);
                }
            }
            if text.is_empty() { Err(format!("the file {shown} is empty")) } else { Ok(text) }
        }
        _ => Err(String::from("`${..}` is `${env:NAME}` or `${file:/path}`; `$${` stands for a plain `${`")),
    }
}
