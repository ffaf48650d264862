//! Configuration is read in one place, where it is documented and its mistakes are reported together.

use super::super::allowed::Rule;
use super::super::run::Finding;
use super::super::source::Source;

const READS: [&str; 4] = ["var", "var_os", "vars", "vars_os"];

/// The configuration, and programs that are no part of a service.
const FREE: [&str; 4] = ["crates/obs/src/config/", "xtask/", "examples/", "bench/"];

pub(crate) fn environment(source: &Source) -> Vec<Finding> {
    let free =
        FREE.iter().any(|folder| source.path.starts_with(folder)) || source.path.ends_with("/build.rs");
    if free {
        return Vec::new();
    }
    let reads = source.words("env").into_iter().filter(|&at| reads_after(&source.code[at + "env".len()..]));
    reads
        .map(|at| Finding {
            path: source.path.clone(),
            line: source.line(at),
            rule: Some(Rule::Environment),
            text: "reads the environment; only crates/obs/src/config/ does that".to_owned(),
        })
        .collect()
}

/// Whether what follows `env` is one of the reading functions, or an import with one of them.
fn reads_after(rest: &str) -> bool {
    let Some(rest) = rest.trim_start().strip_prefix("::") else { return false };
    let rest = rest.trim_start();
    let named = match rest.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap_or_default(),
        None => {
            let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
            &rest[..end]
        }
    };
    named.split(',').any(|name| READS.contains(&name.split_whitespace().next().unwrap_or_default()))
}
