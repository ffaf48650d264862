//! Files that were cut or changed: what is damaged is lost, and nothing else.

use std::collections::BTreeMap;

use super::folder::Folder;
use super::independent::{self, Held};
use super::{Journal, Owned, Settings, drain, open, tiny};

type Files = BTreeMap<String, Vec<u8>>;

const SEGMENT: u64 = 512;

/// A journal of three segments, two of which were others before, with a part of the first one delivered.
fn small(folder: &Folder) -> Settings {
    let settings = tiny(folder, SEGMENT, 6).spares(2);
    let mut journal = open(&settings);
    let append = |journal: &mut Journal, numbers: std::ops::Range<u8>| {
        for number in numbers {
            let record = vec![number; 10 + usize::from(number) * 7 % 60];
            journal.writer.append(&record, number).unwrap();
        }
    };
    append(&mut journal, 0..30);
    let (records, read) = drain(&mut journal);
    assert_eq!(records.len(), 30);
    journal.reader.delivered(read.last.unwrap()).unwrap();
    append(&mut journal, 30..44);
    let read = journal.reader.read(100, |_| {}).unwrap();
    journal.reader.delivered(read.last.unwrap()).unwrap();
    // What the files held before is still behind that: more beginnings of records than records.
    let mut files = folder.files();
    files.remove("cursor");
    let begins =
        files.values().flat_map(|bytes| bytes.windows(4)).filter(|four| *four == [0xFF, b'J', 0xF5, 0xC1]);
    let (begins, records) = (begins.count(), independent::read(&files).len());
    assert!(begins > records + 2, "{begins} {records}");
    settings
}

fn owned<'a>(held: impl IntoIterator<Item = &'a Held>) -> Vec<Owned> {
    held.into_iter().map(|held| (held.sequence, held.priority, held.bytes.clone())).collect()
}

/// Opens the journal with these files, and compares what it holds with `left` of what it held; then whether it can be
/// written to, and opened again.
#[track_caller]
fn check(
    folder: &Folder,
    settings: &Settings,
    files: &Files,
    (all, left): (&[Held], Vec<&Held>),
    what: &str,
) {
    folder.set(files);
    let mut journal = open(settings);
    let mut expected = owned(left);
    let last = expected.last().map_or(0, |record| record.0);
    let missing = all.iter().filter(|held| held.sequence <= last).count() - expected.len();
    let recovered = journal.recovered;
    assert_eq!((recovered.records, recovered.lost), (expected.len() as u64, missing as u64), "{what}");
    let (records, sum) = drain(&mut journal);
    assert_eq!(records, expected, "{what}");
    // What is missing is told once, when the journal is opened.
    assert_eq!(sum.lost, 0, "{what}");
    let sequence = journal.writer.append(b"new", 7).unwrap();
    assert!(sequence > last, "{what}");
    expected.push((sequence, 7, b"new".to_vec()));
    drop(journal);
    let mut journal = open(settings);
    assert_eq!(drain(&mut journal).0, expected, "{what}, opened again");
}

#[test]
fn a_byte_that_is_changed_costs_its_record_alone() {
    let folder = Folder::new();
    let settings = small(&folder);
    let files = folder.files();
    let held = independent::read(&files);
    assert!(held.len() > 10 && files.len() >= 4, "{:?}", files.keys());
    let mut damaged = 0;
    for (name, bytes) in &files {
        // Nothing but zeros is in the rest of the cursor.
        let places = (0..bytes.len()).filter(|at| name != "cursor" || at % 2048 < 80);
        for at in places {
            let mut files = files.clone();
            files.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            let is_hit = |held: &&Held| held.file == *name && held.place.contains(&at);
            let left: Vec<_> = held.iter().filter(|held| !is_hit(held)).collect();
            damaged += held.len() - left.len();
            check(&folder, &settings, &files, (&held, left), &format!("byte {at} of {name}"));
        }
    }
    let bytes: usize = held.iter().map(|held| held.place.len()).sum();
    assert_eq!(damaged, bytes, "each byte of each record was tried");
}

#[test]
fn a_file_that_is_cut_costs_what_was_behind_the_cut() {
    let folder = Folder::new();
    let settings = small(&folder);
    let files = folder.files();
    let held = independent::read(&files);
    for (name, bytes) in &files {
        let lengths = (0..bytes.len()).filter(|at| name != "cursor" || at % 2048 < 80);
        for length in lengths {
            let mut files = files.clone();
            files.get_mut(name).unwrap().truncate(length);
            let is_behind = |held: &&Held| held.file == *name && held.place.end > length;
            let mut all = held.clone();
            if name == "cursor" && length < 64 {
                // Without any whole copy of it, all that is still there comes again.
                all = independent::read(&files);
            }
            let left: Vec<_> = all.iter().filter(|held| !is_behind(held)).collect();
            check(&folder, &settings, &files, (&all, left), &format!("{length} bytes of {name}"));
        }
    }
}

#[test]
fn without_a_cursor_and_heads_all_records_are_found() {
    let folder = Folder::new();
    let settings = small(&folder);
    let mut files = folder.files();
    files.remove("cursor");
    let all = independent::read(&files);
    for (_, bytes) in files.iter_mut().filter(|(name, _)| name.ends_with(".segment")) {
        bytes[..64].fill(0xEE);
    }
    check(&folder, &settings, &files, (&all, all.iter().collect()), "no cursor, no heads");
}

#[test]
fn a_segment_that_is_gone_is_counted_as_lost() {
    let folder = Folder::new();
    let settings = small(&folder);
    let mut files = folder.files();
    let all = independent::read(&files);
    let gone = folder.named(".segment")[1].clone();
    files.remove(&gone);
    let left: Vec<_> = all.iter().filter(|held| held.file != gone).collect();
    assert!(left.len() + 2 < all.len());
    check(&folder, &settings, &files, (&all, left), "one of three segments is gone");
}

#[test]
fn what_was_left_half_made_is_removed_and_other_files_are_left_alone() {
    let folder = Folder::new();
    let settings = small(&folder);
    let mut files = folder.files();
    let all = independent::read(&files);
    files.retain(|name, _| !name.ends_with(".spare"));
    files.insert(format!("{:020}.spare", 900), vec![0; SEGMENT as usize / 2]);
    files.insert(format!("{:020}.segment", 901), vec![0; SEGMENT as usize]);
    files.insert("notes.txt".to_owned(), b"mine".to_vec());
    files.insert("1.segment".to_owned(), b"mine too".to_vec());
    // The second reader goes by the names alone.
    check(&folder, &settings, &files, (&all, all.iter().collect()), "with files that are none");
    let after = folder.files();
    assert!(!after.contains_key(&format!("{:020}.spare", 900)));
    assert_eq!((&*after["notes.txt"], &*after["1.segment"]), (&b"mine"[..], &b"mine too"[..]));
    let ours = after.iter().filter(|(name, _)| name.len() > 20 && name.contains(".s"));
    assert!(ours.clone().count() >= 3 && ours.clone().all(|(_, bytes)| bytes.len() == SEGMENT as usize));
}

#[test]
fn what_is_put_in_after_a_delivered_record_was_damaged_is_there() {
    let folder = Folder::new();
    let settings = tiny(&folder, SEGMENT, 6);
    let mut journal = open(&settings);
    for number in 0..5 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    let mut files = folder.files();
    let last = independent::read(&files).pop().unwrap();
    let (_, read) = drain(&mut journal);
    journal.reader.delivered(read.last.unwrap()).unwrap();
    drop(journal);
    let cursor = folder.files().remove("cursor").unwrap();
    files.insert("cursor".to_owned(), cursor);
    files.get_mut(&last.file).unwrap()[last.place.end - 1] ^= 1;
    // Behind the fourth, a sixth could not be told from what is no record.
    check(&folder, &settings, &files, (&[], Vec::new()), "all delivered, the last one damaged");
}
