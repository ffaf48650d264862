//! The one protocol of OTLP's signals whose batches are entries side by side, for both ways to send them.

use obs_core::Resource;

use super::{Envelope, rejected};
use crate::http::{Protocol, Response, Verdict};
use crate::proto::Reader;
use crate::queue::{Batch, Losses, Reason};

/// Batches of entries, each with the tag of field 2 and its length in front, as one export request; what the answer
/// says was refused is counted and never sent again. What is too large is cut between two entries, near its middle in
/// bytes.
#[derive(Debug)]
pub struct Export(Envelope);

impl Export {
    /// For the records of one service.
    pub fn new(resource: &Resource) -> Self {
        Self(Envelope::new(resource))
    }
}

impl Protocol for Export {
    fn wrap(&mut self, batch: &mut Batch, head: &mut Vec<u8>, _: &mut Vec<u8>) {
        self.0.write(batch.bytes.len(), head);
    }

    /// A 2xx answer without a body, or with one in JSON, is taken at its word. Anything else that is no answer to an
    /// export request comes from something that is no OTLP receiver, which has not kept the entries.
    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        if response.content_type() == Some("application/json") {
            return Verdict::Settled(Losses::default());
        }
        let rejected = rejected(&response.body).unwrap_or(batch.records);
        Verdict::Settled(Losses::of(Reason::Rejected, rejected.min(batch.records)))
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let mut entries = Reader::new(&batch.bytes);
        let (mut at, mut front) = (0, 0);
        // The last one is never in front, so that there is always something behind.
        while front + 1 < batch.records && (front == 0 || at < batch.bytes.len() / 2) {
            entries.next()?.ok()?;
            at = batch.bytes.len() - entries.left();
            front += 1;
        }
        Some((at, front))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;

    fn batch(sizes: &[usize]) -> Batch {
        let mut batch = Batch::default();
        for size in sizes {
            proto::bytes(&mut batch.bytes, 2, &vec![b'x'; *size]);
            batch.records += 1;
        }
        batch
    }

    #[test]
    fn a_batch_is_cut_between_entries_near_its_middle_in_bytes() {
        let mut export = Export::new(&Resource::new("shop"));
        for (sizes, at, front) in [
            (&[10, 10, 10, 10][..], 24, 2),
            (&[100, 1, 1, 1], 102, 1),
            (&[1, 1, 1, 100], 9, 3),
            (&[1, 100], 3, 1),
            (&[100, 1], 102, 1),
        ] {
            assert_eq!(export.cut(&batch(sizes)), Some((at, front)), "{sizes:?}");
        }
        // One by itself has no front.
        assert_eq!(export.cut(&batch(&[5])), Some((0, 0)));
        let torn = Batch { bytes: b"\x12\x7fshort".to_vec(), records: 2, ..Batch::default() };
        assert_eq!(export.cut(&torn), None);
    }
}
