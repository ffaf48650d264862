//! Ids of the open context on the lines of `tracing_subscriber::fmt`, for those who stay with it.
//!
//! [`Ids`] wraps the format of whole lines and [`IdsWithTime`] that of the time; one of both is enough. Either writes
//! `trace_id`, `span_id` and `request_id` of the context that is open on the thread, and nothing where none is.
//!
//! ```
//! use std::io;
//! use std::sync::{Arc, Mutex};
//!
//! use obs_core::context::{Context, Ids as SpanIds, Local, TraceFlags, enter_poll};
//! use obs_core::{IdSource, RequestId};
//! use obs_logs::fmt::Ids;
//! use tracing_subscriber::fmt::format;
//!
//! # #[derive(Clone, Default)]
//! # struct Lines(Arc<Mutex<Vec<u8>>>);
//! # impl io::Write for Lines {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         self.0.lock().unwrap().extend_from_slice(bytes);
//! #         Ok(bytes.len())
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # let lines = Lines::default();
//! # let writer = lines.clone();
//! let subscriber = tracing_subscriber::fmt()
//!     .with_ansi(false)
//!     .event_format(Ids::new(format().without_time()))
//!     .with_writer(move || writer.clone())
//!     .finish();
//!
//! // A layer of obs opens this around each request.
//! let ids = IdSource::seeded(1);
//! let ids = SpanIds { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
//! let context = Context::root(ids, Local::server(RequestId::parse("ORD-7").unwrap(), None));
//!
//! tracing::subscriber::with_default(subscriber, || {
//!     let _scope = enter_poll(&context);
//!     tracing::info!(target: "shop", order = 42, "accepted");
//! });
//! let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
//! assert_eq!(
//!     lines,
//!     "trace_id=910a2dec89025cc1beeb8da1658eec67 span_id=f893a2eefb32555e request_id=ORD-7  \
//!      INFO shop: accepted order=42\n"
//! );
//! ```
//!
//! With the `json` feature of `tracing-subscriber` the members come last in each object:
//!
//! ```text
//! .json().event_format(Ids::json(format().json()))
//! {"timestamp":..,"level":"INFO","fields":{"message":"accepted","order":42},"target":"shop","trace_id":..,"span_id":..}
//! ```

mod event;
mod members;
mod time;

use std::fmt;

use obs_core::context::{Context, with_current};
use obs_core::keys::field;

pub use event::Ids;
pub use time::IdsWithTime;

/// Calls `write` with name and text of each id of the open context.
fn each(mut write: impl FnMut(&'static str, &str) -> fmt::Result) -> fmt::Result {
    let of = |context: &Context| {
        let (trace_id, span_id) = (context.trace_id().to_hex(), context.span_id().to_hex());
        let text = |bytes| str::from_utf8(bytes).unwrap_or_default();
        let ids = [
            (field::TRACE_ID, text(&trace_id)),
            (field::SPAN_ID, text(&span_id)),
            (field::REQUEST_ID, context.request_id().map_or("", |id| id.as_str())),
        ];
        ids.into_iter().filter(|(_, id)| !id.is_empty()).try_for_each(|(name, id)| write(name, id))
    };
    with_current(of).unwrap_or(Ok(()))
}
