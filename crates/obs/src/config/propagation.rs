//! In which formats traces come from callers and go to whom is called.

use obs_core::propagate::{Format, Propagation};

/// In which formats traces come from callers and go to whom is called, by the names of [`Format`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Propagate {
    /// What is read, the first that is written well counts; default `tracecontext` and `x-trace-id`. `OTEL_PROPAGATORS`.
    pub extract: Vec<String>,
    /// What is written; default `tracecontext`. `OTEL_PROPAGATORS`.
    pub inject: Vec<String>,
    /// Whether baggage of callers that are believed is handed on; default not. `OTEL_PROPAGATORS`.
    pub baggage: bool,
}

impl Default for Propagate {
    fn default() -> Self {
        let name = |format: Format| format.as_str().to_owned();
        let extract = vec![name(Format::TraceContext), name(Format::TraceId)];
        Self { extract, inject: vec![name(Format::TraceContext)], baggage: false }
    }
}

impl Propagate {
    /// What is wrong with a name, if anything is.
    pub(super) fn fault(names: &[String]) -> Option<String> {
        let known = Format::ALL.map(Format::as_str);
        let wrong = names.iter().find(|name| Format::parse(name).is_none())?;
        Some(super::draft::wrong_word(wrong, &known, &format!("names of {}", known.join(", "))))
    }

    /// The same for the base; names that are none are left out.
    pub(crate) fn propagation(&self) -> Propagation {
        let formats =
            |names: &[String]| names.iter().filter_map(|name| Format::parse(name)).collect::<Vec<_>>();
        Propagation::new().extract(formats(&self.extract)).inject(formats(&self.inject)).baggage(self.baggage)
    }
}
