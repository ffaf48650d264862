//! The journal against a model that knows nothing but a list, with a second reader of its files.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::folder::Folder;
use super::{Journal, Owned, Settings, independent, open, tiny};
use crate::journal::Refused;

const SEGMENT: u64 = 1024;
const SEGMENTS: u64 = 5;
/// A segment without its head and one header.
const MOST: usize = 1024 - 64 - 24;

#[derive(Clone, Debug)]
enum Step {
    Append {
        bytes: usize,
        priority: u8,
    },
    Read {
        batch_bytes: usize,
    },
    /// The oldest of the reads that are not delivered have arrived.
    Deliver {
        reads: usize,
    },
    DropOldest {
        bytes: u64,
    },
    PrepareSpare,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bytes = prop_oneof![20 => 0..300usize, 2 => 0..=MOST, 1 => MOST - 8..3 * SEGMENT as usize];
    let step = prop_oneof![
        30 => (bytes, any::<u8>()).prop_map(|(bytes, priority)| Step::Append { bytes, priority }),
        8 => (0..2000usize).prop_map(|batch_bytes| Step::Read { batch_bytes }),
        6 => (1..4usize).prop_map(|reads| Step::Deliver { reads }),
        3 => (0..3 * SEGMENT).prop_map(|bytes| Step::DropOldest { bytes }),
        1 => Just(Step::PrepareSpare),
        2 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..120)
}

struct Model {
    journal: Option<Journal>,
    /// In flight first, then those that nobody has read.
    records: VecDeque<Owned>,
    /// How many records each read took that is not delivered, and the last of them.
    reads: VecDeque<(usize, u64)>,
    next: u64,
}

impl Model {
    fn new(settings: &Settings) -> Self {
        let journal = Some(open(settings));
        Self { journal, records: VecDeque::new(), reads: VecDeque::new(), next: 1 }
    }

    fn in_flight(&self) -> usize {
        self.reads.iter().map(|read| read.0).sum()
    }

    fn step(&mut self, step: Step, folder: &Folder, settings: &Settings) -> Result<(), TestCaseError> {
        let in_flight = self.in_flight();
        let files = || folder.files().into_iter().filter(|(name, _)| name != "cursor" && name != "note");
        let on_disk = || files().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        let journal = self.journal.as_mut().unwrap();
        match step {
            Step::Append { bytes, priority } => {
                let record = vec![self.next as u8; bytes];
                match journal.writer.append(&record, priority) {
                    Ok(sequence) => {
                        prop_assert!(bytes <= MOST);
                        prop_assert_eq!(sequence, self.next);
                        self.records.push_back((sequence, priority, record));
                        self.next += 1;
                    }
                    Err(Refused::TooLarge { most_bytes }) => {
                        prop_assert_eq!(most_bytes, MOST);
                        prop_assert!(bytes > MOST);
                    }
                    Err(Refused::Full) => prop_assert!(on_disk() + SEGMENT > SEGMENT * SEGMENTS),
                    Err(Refused::Broken(error)) => prop_assert!(false, "{}", error),
                }
            }
            Step::Read { batch_bytes } => {
                let mut taken = Vec::new();
                let read = journal.reader.read(batch_bytes, |record| {
                    taken.push((record.sequence, record.priority, record.bytes.to_vec()));
                });
                let read = read.unwrap();
                let sum: usize = taken.iter().map(|record| record.2.len()).sum();
                prop_assert_eq!(read.records, taken.len() as u64);
                prop_assert_eq!((read.bytes, read.lost), (sum as u64, 0));
                prop_assert_eq!(read.last, taken.last().map(|record| record.0));
                prop_assert!(sum <= batch_bytes || taken.len() == 1);
                prop_assert_eq!(taken.is_empty(), self.records.len() == in_flight);
                prop_assert!(taken.iter().eq(self.records.iter().skip(in_flight).take(taken.len())));
                if let Some(last) = read.last {
                    self.reads.push_back((taken.len(), last));
                }
            }
            Step::Deliver { reads } => {
                for _ in 0..reads.min(self.reads.len()) {
                    let (records, last) = self.reads.pop_front().unwrap();
                    self.records.drain(..records);
                    if self.reads.is_empty() || records % 2 == 0 {
                        journal.reader.delivered(last).unwrap();
                    } else {
                        // In the midst of the next one: that is not delivered by it.
                        journal.reader.delivered(self.reads[0].1 - 1).unwrap();
                    }
                }
            }
            Step::DropOldest { bytes } => {
                let dropped = journal.writer.drop_oldest(bytes) as usize;
                prop_assert!(dropped <= self.records.len() - in_flight);
                self.records.drain(in_flight..in_flight + dropped);
            }
            Step::PrepareSpare => {
                let done = journal.reader.prepare_spare().unwrap();
                prop_assert!(
                    done || on_disk() + SEGMENT > SEGMENT * SEGMENTS
                        || files().any(|(name, _)| name.ends_with(".spare"))
                );
            }
            Step::Reopen => {
                self.journal = None;
                let journal = open(settings);
                prop_assert_eq!((journal.recovered.lost, journal.recovered.damaged_bytes), (0, 0));
                prop_assert_eq!(journal.recovered.records, self.records.len() as u64);
                self.journal = Some(journal);
                self.reads.clear();
            }
        }
        let pending = self.journal.as_ref().unwrap().writer.pending();
        prop_assert_eq!(pending.records, self.records.len() as u64);
        prop_assert_eq!(pending.bytes, self.records.iter().map(|record| record.2.len() as u64).sum::<u64>());
        prop_assert!(on_disk() <= SEGMENT * SEGMENTS);
        let spares = folder.named(".spare").len();
        prop_assert!(spares <= settings.spares.max(1), "{} spares", spares);
        let held = independent::read(&folder.files());
        let held: Vec<Owned> =
            held.into_iter().map(|held| (held.sequence, held.priority, held.bytes)).collect();
        prop_assert!(self.records.iter().eq(held.iter()), "files hold {:?}, not {:?}", held, self.records);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_is_lost_or_comes_twice_or_out_of_order(steps in steps(), spares in 0..3usize) {
        let folder = Folder::new();
        let settings = tiny(&folder, SEGMENT, SEGMENTS).spares(spares);
        let mut model = Model::new(&settings);
        for step in steps {
            model.step(step, &folder, &settings)?;
        }
    }
}
