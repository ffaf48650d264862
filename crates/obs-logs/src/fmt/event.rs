//! Ids on whole lines.

use std::fmt;

use tracing_core::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::each;
use super::members::Members;

/// A [`FormatEvent`] that adds the ids of the open context to the lines of another.
#[derive(Clone, Copy, Debug)]
pub struct Ids<F> {
    format: F,
    style: Style,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    Text,
    Json,
}

impl<F> Ids<F> {
    /// For the text formats (full, compact, pretty): `trace_id=... span_id=... request_id=... ` in front of the line,
    /// which keeps its colours.
    pub const fn new(format: F) -> Self {
        Self { format, style: Style::Text }
    }

    /// For `json()`: the ids as the last members of the object. An id whose name the object has already, because a
    /// field of the event's own is flattened into it, is left out.
    pub const fn json(format: F) -> Self {
        Self { format, style: Style::Json }
    }
}

impl<S, N, F> FormatEvent<S, N> for Ids<F>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.style {
            Style::Text => {
                each(|name, id| write!(writer, "{name}={id} "))?;
                self.format.format_event(context, writer, event)
            }
            Style::Json => {
                let mut members = Members::new(&mut writer);
                self.format.format_event(context, Writer::new(&mut members), event)?;
                members.finish()
            }
        }
    }
}
