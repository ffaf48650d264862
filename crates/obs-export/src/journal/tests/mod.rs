//! The journal under everything that can happen to it.

mod beside;
mod damage;
mod folder;
mod independent;
mod model;
mod refused;
mod torture;

use super::{Journal, Read, Settings};

/// A record as the tests compare it.
type Owned = (u64, u8, Vec<u8>);

/// Opens a journal with tiny segments, so that few records fill several.
fn tiny(folder: &folder::Folder, segment_bytes: u64, segments: u64) -> Settings {
    Settings::new(folder.path()).tiny_segments(segment_bytes).max_bytes(segment_bytes * segments)
}

#[track_caller]
fn open(settings: &Settings) -> Journal {
    Journal::open(settings.clone()).unwrap()
}

/// Reads until nothing is left, without delivering it, and adds up what the reads say.
fn drain(journal: &mut Journal) -> (Vec<Owned>, Read) {
    let (mut records, mut sum) = (Vec::new(), Read::default());
    loop {
        let read = journal
            .reader
            .read(200, |record| records.push((record.sequence, record.priority, record.bytes.to_vec())))
            .unwrap();
        (sum.records, sum.bytes, sum.lost) =
            (sum.records + read.records, sum.bytes + read.bytes, sum.lost + read.lost);
        sum.last = read.last.or(sum.last);
        if read.records == 0 {
            return (records, sum);
        }
    }
}
