//! Ids behind the time.

use std::fmt;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::each;

/// A [`FormatTime`] that writes the ids of the open context behind the time of another:
/// `2026-10-03T12:34:56Z trace_id=910a2dec89025cc1beeb8da1658eec67 span_id=f893a2eefb32555e request_id=ORD-7`.
///
/// For the text formats. In JSON the ids would be part of the timestamp's text: there use [`Ids::json`](super::Ids::json).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdsWithTime<T>(T);

impl<T> IdsWithTime<T> {
    /// Ids behind the time as `time` writes it; `()` writes none.
    pub const fn new(time: T) -> Self {
        Self(time)
    }
}

impl<T: FormatTime> FormatTime for IdsWithTime<T> {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        self.0.format_time(writer)?;
        each(|name, id| write!(writer, " {name}={id}"))
    }
}
