//! The worker of a queue whose records are in a journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Kept;
use super::chores::{Chore, Chores};
use crate::journal::{Error, Read, Reader, Record};
use crate::queue::state::Phase;
use crate::queue::{Batch, Control, Delivery, Losses, Reason, Shared, Sink, worker};

/// How long a journal that cannot be read is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it is left alone where it has nothing although something is pending: it does not happen, and must not become
/// a loop that never rests.
const GLANCE: Duration = Duration::from_millis(20);

/// What the worker's thread owns.
pub(super) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) reader: Reader,
    pub(super) chores: Chores,
    /// What an earlier process noted, and of which record.
    pub(super) earlier: Option<(u64, Vec<u8>)>,
}

impl Run {
    pub(super) fn run(mut self, mut sink: Box<dyn Sink>) {
        let _silence = obs_core::context::silence();
        let control = Control(Arc::clone(&self.shared));
        let mut batch = Batch::default();
        loop {
            worker::clear(&mut batch, &self.shared.settings);
            let Some(state) = worker::gather(&self.shared, &mut *sink) else { break };
            drop(state);
            if control.is_over() {
                break;
            }
            let read = match self.read(&mut batch) {
                Ok(read) => read,
                Err(error) => {
                    self.chores.sender().send(Chore::Tell(error));
                    if control.wait(PAUSE) { continue } else { break }
                }
            };
            if read.records + read.lost == 0 && !control.wait(GLANCE) {
                break;
            }
            self.take(&read, &mut batch, &mut *sink);
            let begun = Instant::now();
            let is_empty = batch.records == 0 && batch.gaps.is_empty();
            let delivery = if is_empty {
                Delivery::Delivered
            } else {
                // A sink that panics loses its batch and goes on with the next one.
                catch_unwind(AssertUnwindSafe(|| sink.deliver(&mut batch, &control)))
                    .unwrap_or(Delivery::Dropped(Reason::Internal, u64::MAX))
            };
            let took = (!is_empty).then(|| begun.elapsed());
            if !self.settle(&read, delivery.losses(), took) {
                break;
            }
        }
        let _ = catch_unwind(AssertUnwindSafe(|| sink.flush()));
        self.close();
    }

    /// Reads the next records into a batch, and notes in the books what is missing in front of them.
    fn read(&mut self, batch: &mut Batch) -> Result<Read, Error> {
        let (shared, settings) = (&self.shared, &self.shared.settings);
        let most = if settings.one_by_one { 0 } else { settings.batch_bytes };
        let take = |record: Record<'_>| {
            batch.bytes.extend_from_slice(record.bytes);
            batch.records += 1;
        };
        self.reader.read_and_lose(most, take, |lose| {
            // Under the lock, so that the books are right at every moment.
            let mut state = shared.lock();
            let lost = lose();
            state.books.drop_records(Reason::Damaged, lost);
            if settings.tells_gaps && lost > 0 {
                state.miss(Reason::Damaged, lost);
            }
            lost
        })
    }

    /// Notes in the books what was read.
    fn take(&mut self, read: &Read, batch: &mut Batch, sink: &mut dyn Sink) {
        let mut state = self.shared.lock();
        state.in_flight_records = read.records;
        state.ages.taken();
        std::mem::swap(&mut batch.gaps, &mut state.filling.gaps);
        drop(state);
        let Some(first) = read.first else { return };
        self.shared.notes.begin(first);
        if let Some((sequence, note)) = self.earlier.take()
            && sequence == first
        {
            let _ = catch_unwind(AssertUnwindSafe(|| sink.resume(&note)));
        }
    }

    /// What was read has its fate, unless the end came first: then it is left for the next process, and `false` returned.
    fn settle(&mut self, read: &Read, losses: Losses, took: Option<Duration>) -> bool {
        let mut state = self.shared.lock();
        // A sink that says so by itself has lost them.
        if state.phase == Phase::Closed && losses.each().any(|(reason, _)| reason == Reason::Shutdown) {
            state.in_flight_records = 0;
            return false;
        }
        // Under the lock, so that the books are right at every moment.
        let is_new = read.last.is_some_and(|last| self.reader.settle(last));
        state.settle_kept(losses, took);
        worker::announce(&self.shared, state);
        if is_new && let Err(error) = self.reader.save() {
            self.chores.sender().send(Chore::Tell(error));
        }
        true
    }

    /// Gives the directory back, and leaves in the books what is still in it.
    fn close(self) {
        let Self { shared, reader, chores, .. } = self;
        let mut state = shared.lock();
        let (records, bytes) = state.kept.as_ref().map_or((0, 0), Kept::pending);
        let kept = state.kept.replace(Kept::Closed(records, bytes));
        drop(state);
        drop((kept, reader, shared.notes.close()));
        chores.end();
        shared.progress.notify_all();
    }
}
