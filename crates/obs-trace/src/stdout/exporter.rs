//! The sink: spans are encoded where they end and printed from a thread of its own.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Base, time};
use obs_export::queue::{Batch, Control, Delivery, FlushTimeout, Queue, Reason, Sink, Worker};

use super::patrol::Shared;
use super::printer::Printer;
use super::settings::Settings;
use crate::encode;
use crate::record::SpanRecord;
use crate::sink::SpanSink;

/// The name of the way out on metrics.
pub const PIPELINE: &str = "traces_stdout";

/// The producers' end; clones share the queue.
#[derive(Clone)]
pub struct StdoutTree {
    queue: Queue,
    shared: Arc<Shared>,
}

impl StdoutTree {
    /// Starts the printing thread, and one that prints what waits too long. Numbers are registered with the base: a
    /// span counts as delivered once it waits to be printed. The worker's end prints all that waits.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn spawn(base: &Arc<Base>, settings: Settings) -> io::Result<(Self, Worker)> {
        let queue = settings.queue.clone();
        let shared = Shared::new(Printer::new(settings), base.clock.clone());
        let sink = Trees(Arc::clone(&shared));
        let patrol = Arc::clone(&shared);
        std::thread::Builder::new().name("obs-trees-late".to_owned()).spawn(move || patrol.patrol())?;
        // Where this fails, dropping the sink ends the other thread.
        let worker = Worker::spawn(queue, "obs-trees", sink)?;
        let queue = worker.queue().clone();
        base.sources.register(Arc::new(queue.clone()));
        Ok((Self { queue, shared }, worker))
    }

    /// The queue and its books. Its own flush leaves waiting what still misses its local root.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Waits until every span that ended before this call is printed; those whose local root has not ended are
    /// printed as parts.
    ///
    /// # Errors
    /// [`FlushTimeout`] when `deadline` passes first; nothing is lost by it.
    pub fn flush(&self, deadline: Duration) -> Result<(), FlushTimeout> {
        let until = time::deadline(deadline);
        self.queue.flush(deadline)?;
        if self.shared.flush(until.saturating_duration_since(Instant::now())) {
            Ok(())
        } else {
            Err(FlushTimeout { pending: self.queue.counts().pending })
        }
    }
}

impl SpanSink for StdoutTree {
    fn export(&self, span: &SpanRecord<'_>) {
        encode::with_span(span, |bytes| self.queue.push(bytes));
    }

    fn export_encoded(&self, span: &[u8]) {
        self.queue.push(span);
    }
}

impl fmt::Debug for StdoutTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdoutTree").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// The worker's end.
struct Trees(Arc<Shared>);

impl Sink for Trees {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        match self.0.take(&batch.bytes) {
            0 => Delivery::Delivered,
            lost => Delivery::Dropped(Reason::Io, lost.min(batch.records)),
        }
    }

    fn flush(&mut self) {
        self.0.end();
    }
}

impl Drop for Trees {
    fn drop(&mut self) {
        self.0.end();
    }
}
