//! One line, read as what it is: a flat JSON object.

use std::fmt;

use obs_core::keys::field;
use obs_core::{SpanId, TraceId};
use serde_json::Value;

/// A line as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    text: String,
    value: Value,
}

impl Line {
    #[track_caller]
    pub(super) fn parse(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(value) => Self { text: text.to_owned(), value },
            Err(error) => panic!("a line that is no JSON: {error}\n{text}"),
        }
    }

    /// A field by its name; `null` where the line has none.
    pub fn field(&self, name: &str) -> &Value {
        self.value.get(name).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    /// The message; empty where there is none.
    pub fn message(&self) -> &str {
        self.text(field::MESSAGE)
    }

    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    pub fn level(&self) -> &str {
        self.text(field::LEVEL)
    }

    /// The target.
    pub fn target(&self) -> &str {
        self.text(field::TARGET)
    }

    /// The trace it belongs to.
    pub fn trace_id(&self) -> Option<TraceId> {
        TraceId::parse(self.text(field::TRACE_ID).as_bytes())
    }

    /// The span it was written in.
    pub fn span_id(&self) -> Option<SpanId> {
        SpanId::parse(self.text(field::SPAN_ID).as_bytes())
    }

    /// The request it belongs to.
    pub fn request_id(&self) -> Option<&str> {
        self.field(field::REQUEST_ID).as_str()
    }
}

/// As it was written.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
