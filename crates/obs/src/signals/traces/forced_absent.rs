//! No header has a request recorded: that is not built in.

use obs_trace::tracer::Builder;

use crate::config::{Mistake, Traces};

pub(super) fn problems(choices: &Traces) -> impl Iterator<Item = Mistake> {
    const MISSING: &str = "is not built in: it needs the feature `traces-debug`";
    choices.debug_key.is_some().then(|| Mistake::new("traces.debug_key", MISSING)).into_iter()
}

pub(super) fn chosen(builder: Builder, _: &Traces) -> Result<Builder, std::convert::Infallible> {
    Ok(builder)
}
