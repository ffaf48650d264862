//! A sink of a user's, which is given the lines that say what is missing as part of its batches.

use std::time::Duration;

use obs_export::queue::{Batch, Control, Delivery, Sink};

use super::notice::{Notices, Owed};

/// Puts the lines between those of the batch.
pub(crate) struct Telling {
    sink: Box<dyn Sink>,
    notices: Notices,
    owed: Owed,
    spare: Vec<u8>,
}

impl Telling {
    pub(crate) fn new(sink: Box<dyn Sink>, notices: Notices) -> Self {
        Self { sink, notices, owed: Owed::default(), spare: Vec::new() }
    }

    /// What is told is owed until the batch has arrived.
    fn tell(&mut self, batch: &mut Batch) {
        if batch.gaps.is_empty() && self.owed.first().is_none() {
            return;
        }
        self.spare.clear();
        for (reason, lost) in self.owed.all() {
            self.spare.extend_from_slice(self.notices.line(lost, reason));
        }
        let mut from = 0;
        for gap in batch.gaps.drain(..) {
            self.spare.extend_from_slice(&batch.bytes[from..gap.at]);
            self.spare.extend_from_slice(self.notices.line(gap.records, gap.reason));
            self.owed.add(gap.reason, gap.records);
            from = gap.at;
        }
        self.spare.extend_from_slice(&batch.bytes[from..]);
        std::mem::swap(&mut self.spare, &mut batch.bytes);
    }
}

impl Sink for Telling {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let records = batch.records;
        self.tell(batch);
        let delivery = self.sink.deliver(batch, control);
        let losses = delivery.losses();
        // A batch of nothing but notices is dropped without a record being lost.
        if losses.total() == 0 && !matches!(delivery, Delivery::Dropped(..)) {
            self.owed = Owed::default();
        }
        // Else what of it got out is not known.
        losses.each().for_each(|(reason, lost)| self.owed.add(reason, lost.min(records)));
        delivery
    }

    fn rest(&mut self) -> Option<Duration> {
        self.sink.rest()
    }

    fn resume(&mut self, note: &[u8]) {
        self.sink.resume(note);
    }

    fn flush(&mut self) {
        self.sink.flush();
    }
}
