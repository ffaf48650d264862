//! The ids of the open context as they stand on a line, kept from line to line: most lines share them with the last.

use std::ptr;

use obs_core::context::{Context, with_current};
use obs_core::{SpanId, TraceId};

use super::Buffer;

/// The ids last written and their text.
#[derive(Debug, Default)]
pub(crate) struct IdCache {
    /// The ids, and where the local root they belong to lives.
    known: Option<(TraceId, SpanId, usize)>,
    json: Buffer,
}

impl IdCache {
    /// `,"trace_id":"...","span_id":"...","request_id":"..."` of the open context, or nothing. Returns whether its
    /// request has fields of its own.
    #[inline]
    pub(super) fn push_current(&mut self, out: &mut Buffer) -> bool {
        let push = |context: &Context| {
            self.push(context, out);
            has_fields(context)
        };
        with_current(push).unwrap_or(false)
    }

    fn push(&mut self, context: &Context, out: &mut Buffer) {
        // The place alone could be that of a newer local root; with both ids it is the same one.
        let asked = Some((context.trace_id(), context.span_id(), ptr::from_ref(context.local()).addr()));
        if self.known != asked {
            self.known = asked;
            self.render(context);
        }
        out.extend(self.json.as_slice());
    }

    fn render(&mut self, context: &Context) {
        self.json.clear();
        push_ids(context, &mut self.json);
    }
}

/// Whether a field was set on the whole request or job: one load where none was.
#[inline]
pub(super) fn has_fields(context: &Context) -> bool {
    context.local().with_fields(|_| ()).is_some()
}

/// The same without a look at what was written before: for lines that each have ids of their own.
pub(super) fn push_ids(context: &Context, out: &mut Buffer) {
    // Ids and request ids hold nothing that JSON would escape. The names are those of `obs_core::keys::field`, in
    // pieces of fixed size.
    out.extend_short(b",\"trace_id\":\"", 13);
    out.extend_short(&context.trace_id().to_hex(), 32);
    out.extend_short(b"\",\"span_id\":\"", 13);
    out.extend_short(&context.span_id().to_hex(), 16);
    if let Some(id) = context.request_id() {
        out.extend_short(b"\",\"request_id\":\"", 16);
        out.extend(id.as_bytes());
    }
    out.push(b'"');
}
