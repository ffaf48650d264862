//! The reader beside the writer: on other threads, and when files are damaged under both.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::folder::Folder;
use super::{Journal, drain, independent, open, tiny};
use crate::journal::{Reader, Refused, Writer};

#[test]
fn both_ends_go_to_other_threads() {
    fn is_send<T: Send + 'static>() {}
    is_send::<Writer>();
    is_send::<Reader>();
}

#[test]
fn with_two_producers_and_records_that_are_dropped_each_is_read_or_dropped_once() {
    const EACH: u64 = 20_000;
    let folder = Folder::new();
    let Journal { writer, mut reader, .. } = open(&tiny(&folder, 4096, 6));
    let (writer, over) = (Mutex::new(writer), AtomicBool::new(false));
    let mut read = Vec::new();
    let dropped = std::thread::scope(|scope| {
        let produce = |thread: u64| {
            let mut dropped = 0;
            for number in 0..EACH {
                let mut record = [thread.to_le_bytes(), number.to_le_bytes()].concat();
                record.resize(16 + (number % 90) as usize, thread as u8);
                let mut writer = writer.lock().unwrap();
                loop {
                    match writer.append(&record, 0) {
                        Ok(_) => break,
                        Err(Refused::Full) => dropped += writer.drop_oldest(1),
                        Err(error) => panic!("{error}"),
                    }
                    // All that could be dropped is on its way.
                    std::thread::yield_now();
                }
            }
            dropped
        };
        let producers = [1, 2].map(|thread| scope.spawn(move || produce(thread)));
        scope.spawn(|| {
            loop {
                let is_over = over.load(Ordering::Acquire);
                let batch =
                    reader.read(1000, |record| read.push((record.sequence, record.bytes.to_vec()))).unwrap();
                assert_eq!(batch.lost, 0);
                match batch.last {
                    Some(last) => reader.delivered(last).unwrap(),
                    None if is_over => return,
                    None => drop(reader.prepare_spare().unwrap()),
                }
            }
        });
        let dropped = producers.map(|producer| producer.join().unwrap()).iter().sum::<u64>();
        over.store(true, Ordering::Release);
        dropped
    });
    assert_eq!(read.len() as u64 + dropped, 2 * EACH);
    assert!(dropped > 0 && read.len() > 100, "{dropped} dropped, {} read", read.len());
    assert!(read.is_sorted_by(|one, two| one.0 < two.0));
    for thread in [1, 2] {
        let numbers: Vec<_> =
            read.iter().filter(|(_, bytes)| independent::le(&bytes[..8]) == thread).collect();
        assert!(
            numbers.is_sorted_by(|one, two| independent::le(&one.1[8..16]) < independent::le(&two.1[8..16]))
        );
        for (_, bytes) in numbers {
            let number = independent::le(&bytes[8..16]);
            assert_eq!(bytes[16..], vec![thread as u8; (number % 90) as usize]);
        }
    }
    assert_eq!(writer.into_inner().unwrap().pending().records, 0);
}

#[test]
fn a_segment_that_another_thread_is_making_is_waited_for() {
    /// How many records fit, where the next segment is made by nobody but the writer, or beside it.
    fn fitted(is_made_beside: bool) -> usize {
        let folder = Folder::new();
        let Journal { mut writer, mut reader, .. } = open(&tiny(&folder, 1 << 16, 2));
        let mut fill = || (0..).take_while(|_| writer.append(&[1; 1000], 0).is_ok()).count();
        if !is_made_beside {
            return fill();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| reader.prepare_spare().unwrap());
            fill()
        })
    }
    let alone = fitted(false);
    for round in 0..200 {
        assert_eq!(fitted(true), alone, "in round {round}");
    }
}

#[test]
fn segments_that_are_delivered_are_used_again() {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 2));
    let mut inodes = std::collections::BTreeSet::new();
    for number in 0..1000_u32 {
        journal.writer.append(&number.to_le_bytes(), 0).unwrap();
        if number % 5 == 0 {
            let (_, read) = drain(&mut journal);
            journal.reader.delivered(read.last.unwrap()).unwrap();
        }
        for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            if entry.file_name().to_str().unwrap().len() > 20 {
                inodes.insert(entry.metadata().unwrap().ino());
            }
        }
    }
    assert_eq!(inodes.len(), 2);
}

/// Changes the last byte of a record in its file.
fn damage(folder: &Folder, sequence: u64) {
    let held = independent::read(&folder.files()).into_iter().find(|held| held.sequence == sequence).unwrap();
    let file = OpenOptions::new().write(true).open(folder.path().join(held.file)).unwrap();
    file.write_all_at(&[!held.bytes[held.bytes.len() - 1]], held.place.end as u64 - 1).unwrap();
}

#[test]
fn records_that_are_damaged_while_it_is_open_are_told_once_and_hold_nothing_up() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 4));
    for number in 0..10 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    // Seven in the first segment: one in its midst, its last, and the last of all.
    for sequence in [3, 7, 10] {
        damage(&folder, sequence);
    }
    let (records, sum) = drain(&mut journal);
    assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 2, 4, 5, 6, 8, 9]);
    assert_eq!(sum.lost, 3);
    assert_eq!(journal.writer.pending().records, 7);
    journal.writer.append(&[11; 40], 0).unwrap();
    let (records, more) = drain(&mut journal);
    assert_eq!((records[0].0, records.len(), more.lost), (11, 1, 0));
    journal.reader.delivered(11).unwrap();
    assert_eq!(journal.writer.pending().records, 0);
    // Its bytes are known to be gone once its segment is full.
    while folder.named(".segment").len() == 1 {
        journal.writer.append(&[12; 40], 0).unwrap();
    }
    let (_, read) = drain(&mut journal);
    journal.reader.delivered(read.last.unwrap()).unwrap();
    assert_eq!(journal.writer.pending(), Default::default());
}

#[test]
fn a_segment_without_any_whole_record_is_freed_by_reading_it() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 2));
    for number in 0..14 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    assert!(matches!(journal.writer.append(&[15; 40], 0), Err(Refused::Full)));
    for sequence in 1..=7 {
        damage(&folder, sequence);
    }
    let read = journal.reader.read(1, |record| assert_eq!(record.sequence, 8)).unwrap();
    assert_eq!((read.records, read.lost), (1, 7));
    journal.writer.append(&[15; 40], 0).unwrap();
}

#[test]
fn what_was_read_and_not_delivered_comes_again_and_what_was_dropped_does_not() {
    let folder = Folder::new();
    let settings = tiny(&folder, 512, 6);
    let mut journal = open(&settings);
    for number in 0..30 {
        journal.writer.append(&[number; 40], number).unwrap();
    }
    let first = journal.reader.read(40, |_| {}).unwrap();
    journal.reader.read(80, |_| {}).unwrap();
    journal.reader.delivered(first.last.unwrap()).unwrap();
    // The rest of the first segment, and the second.
    assert_eq!(journal.writer.drop_oldest(1), 4 + 7);
    drop(journal);
    let mut journal = open(&settings);
    assert_eq!((journal.recovered.records, journal.recovered.lost), (2 + 16, 0));
    let (records, _) = drain(&mut journal);
    let sequences: Vec<_> = records.iter().map(|record| record.0).collect();
    assert_eq!(sequences, [2, 3].into_iter().chain(15..=30).collect::<Vec<_>>());
    assert!(records.iter().all(|record| u64::from(record.1) + 1 == record.0));
}

#[test]
fn where_two_ranges_would_have_to_be_noted_nothing_between_them_is_dropped() {
    let folder = Folder::new();
    let settings = tiny(&folder, 512, 8);
    let mut journal = open(&settings);
    for number in 0..42 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    // Two segments of seven, and two records of the third are on their way; the rest of it goes with the fourth.
    for (bytes, last) in [(280, 7), (280, 14), (80, 16)] {
        assert_eq!(journal.reader.read(bytes, |_| {}).unwrap().last, Some(last));
    }
    assert_eq!(journal.writer.drop_oldest(1), 5 + 7);
    drop(journal);
    let mut journal = open(&settings);
    assert_eq!(journal.reader.read(40, |_| {}).unwrap().last, Some(1));
    // Up to the end of the second segment would be one range, and there is the one of before.
    assert_eq!(journal.writer.drop_oldest(1), 0);
    assert_eq!((journal.writer.pending().records, independent::read(&folder.files()).len()), (30, 30));
    assert_eq!(journal.writer.drop_oldest(513), 6 + 7 + 2);
    assert_eq!((journal.writer.pending().records, independent::read(&folder.files()).len()), (15, 15));
    let (records, _) = drain(&mut journal);
    assert!(records.iter().map(|record| record.0).eq(29..=42));
}

#[test]
fn what_is_lost_is_told_although_the_segment_behind_it_cannot_be_read() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 4));
    for number in 0..14 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    for sequence in 1..=7 {
        damage(&folder, sequence);
    }
    let second = folder.path().join(&folder.named(".segment")[1]);
    std::fs::rename(&second, folder.path().join("aside")).unwrap();
    std::fs::create_dir(&second).unwrap();
    let read = journal.reader.read(1, |_| panic!("none is whole")).unwrap();
    assert_eq!((read.records, read.lost), (0, 7));
    assert!(journal.reader.read(1, |_| ()).is_err());
    assert_eq!(journal.writer.pending().records, 7);
}

#[test]
fn a_segment_that_is_removed_while_it_is_open_is_lost_and_holds_nothing_up() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 4));
    for number in 0..21 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    let named = folder.named(".segment");
    std::fs::remove_file(folder.path().join(&named[0])).unwrap();
    std::fs::remove_file(folder.path().join(&named[1])).unwrap();
    let (records, sum) = drain(&mut journal);
    assert!(records.iter().map(|record| record.0).eq(15..=21));
    assert_eq!((sum.lost, journal.writer.pending().records), (14, 7));
    journal.reader.delivered(21).unwrap();
    // Their place is free again.
    for number in 0..21 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    assert_eq!(drain(&mut journal).0.len(), 21);
}

#[test]
fn what_is_lost_stops_to_be_pending_where_its_reader_counts_it() {
    let folder = Folder::new();
    let Journal { mut writer, mut reader, .. } = open(&tiny(&folder, 512, 4));
    for number in 0..3 {
        writer.append(&[number; 40], 0).unwrap();
    }
    damage(&folder, 3);
    reader.read(1_000, |_| ()).unwrap();
    let mut seen = Vec::new();
    let read = reader.read_and_lose(
        1_000,
        |_| (),
        |lose| {
            seen.push(writer.pending().records);
            let lost = lose();
            seen.push(writer.pending().records);
            lost
        },
    );
    assert_eq!((read.unwrap().lost, seen), (1, vec![3, 2]));
}
