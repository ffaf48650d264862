//! A header by which requests are recorded whatever else decides.

use obs_trace::signed::{DebugKey, DebugKeyError};
use obs_trace::tracer::Builder;

use crate::config::{Mistake, Traces};

fn key(choices: &Traces) -> Result<Option<DebugKey>, DebugKeyError> {
    choices.debug_key.as_ref().map(|key| DebugKey::new(key.as_bytes())).transpose()
}

/// What is wrong with the key and the name, which are the header's.
pub(super) fn problems(choices: &Traces) -> impl Iterator<Item = Mistake> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let name = &choices.debug_header;
    let is_name = !name.is_empty() && name.len() <= 128 && name.bytes().all(is_of_name);
    let name = (!is_name).then(|| {
        Mistake::new(
            "traces.debug_header",
            "is no name of a header: letters, digits, `-` and `_`, 128 at most",
        )
    });
    let key = key(choices).err().map(|error| Mistake::new("traces.debug_key", error));
    key.into_iter().chain(name)
}

/// The same tracer, with the key where one was chosen.
pub(super) fn chosen(builder: Builder, choices: &Traces) -> Result<Builder, DebugKeyError> {
    Ok(match key(choices)? {
        Some(key) => builder.debug_key(key),
        None => builder,
    })
}
