//! Where a span is encoded before it is queued: memory of the thread's own that is used again.

use std::cell::Cell;

use crate::record::SpanRecord;

/// A buffer above this size is given back after its span.
const KEEP_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Encodes `span` and lends its bytes to `then`; a span that cannot be encoded is left out.
pub(crate) fn with_span(span: &SpanRecord<'_>, then: impl FnOnce(&[u8])) {
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    // Every maker of spans here bounds its texts far below the 256 MiB at which encoding refuses.
    if super::span(&mut buffer, span) {
        then(&buffer);
    }
    if buffer.capacity() <= KEEP_BYTES {
        let _ = BUFFER.try_with(|spare| spare.set(buffer));
    }
}
