//! What cannot be opened or put in says why, names the file, and changes nothing.
//!
//! A disk that is really full needs a file system of its own: that is for `cargo xtask e2e`.

use std::error::Error as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::folder::Folder;
use super::{Journal, Settings, drain, independent, open, tiny};
use crate::journal::{Error, Refused};

/// A head as a later version would write it.
fn newer(bytes: &mut [u8], version: u8) {
    bytes[8] = version;
    let checksum = independent::crc(&[&bytes[..60]]);
    bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn a_newer_version_is_refused_and_nothing_is_changed() {
    let folder = Folder::new();
    let settings = tiny(&folder, 512, 6);
    let mut journal = open(&settings);
    for number in 0..20 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    drop(journal);
    let whole = folder.files();
    assert!(whole.len() > 3);
    for name in whole.keys() {
        for at in [0, 2048].into_iter().filter(|at| *at == 0 || name == "cursor") {
            let mut files = whole.clone();
            newer(&mut files.get_mut(name).unwrap()[at..], 2);
            // What a start would otherwise tidy up.
            files.insert(format!("{:020}.spare", 99), vec![0; 7]);
            folder.set(&files);
            let error = Journal::open(settings.clone()).unwrap_err();
            let path = folder.path().join(name);
            assert_eq!(
                error.to_string(),
                format!(
                    "{} has version 2 of the journal's format, which is newer than this library",
                    path.display()
                )
            );
            assert!(matches!(error, Error::Newer { version: 2, .. }));
            assert_eq!(folder.files(), files);
        }
    }
}

#[test]
fn a_directory_in_use_is_refused_with_the_process_that_has_it() {
    let folder = Folder::new();
    let Journal { writer, reader, .. } = open(&Settings::new(folder.path()));
    let mine = std::process::id();
    let refused = |what: &str| {
        let error = Journal::open(Settings::new(folder.path())).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{} is in use by process {mine}", folder.path().display()),
            "{what}"
        );
    };
    refused("both ends");
    drop(writer);
    refused("the reader");
    drop(reader);
    open(&Settings::new(folder.path()));
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path()).unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    // Whoever may do everything is not stopped by that, but by what the kernel has.
    let stops = std::fs::write(folder.path().join("probe"), "").is_err();
    let directory = if stops { folder.path() } else { Path::new("/proc/self/task") };
    let error = Journal::open(Settings::new(directory)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open {}", directory.join("lock").display()));
    assert!(error.source().is_some());
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path()).unwrap();
    let file = folder.path().join("journal");
    std::fs::write(&file, "mine").unwrap();
    for directory in [file.clone(), file.join("below")] {
        let error = Journal::open(Settings::new(&directory)).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot make {}", directory.display()));
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    for name in ["cursor", "lock", "00000000000000000001.segment"] {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
        let error = Journal::open(Settings::new(folder.path())).unwrap_err();
        assert!(matches!(&error, Error::Io { path, .. } if *path == folder.path().join(name)), "{error}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_before_anything_is_made() {
    let folder = Folder::new();
    let of = |segment_bytes, max_bytes| {
        let settings = Settings::new(folder.path()).segment_bytes(segment_bytes).max_bytes(max_bytes);
        Journal::open(settings).unwrap_err().to_string()
    };
    let most = 1 << 30;
    for bytes in [0, 65_535, most + 1, u64::MAX] {
        let expected = format!("segments of a journal are from 64 KiB to 1 GiB long, not {bytes} bytes");
        assert_eq!(of(bytes, u64::MAX), expected);
    }
    for bytes in [0, 131_071] {
        let expected = format!("a journal of at most {bytes} bytes has no room for two segments of 65536");
        assert_eq!(of(65_536, bytes), expected);
    }
    assert!(!folder.path().exists());
}

#[test]
fn where_no_segment_can_be_made_the_record_is_refused_and_the_others_stay() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 6));
    for number in 0..6 {
        journal.writer.append(&[number; 40], 0).unwrap();
    }
    // The next file cannot be made where a directory has its name.
    for number in 0..9 {
        std::fs::create_dir(folder.path().join(format!("{number:020}.spare"))).ok();
    }
    let Err(Refused::Broken(error)) = journal.writer.append(&[7; 100], 0) else { panic!("not refused") };
    assert!(error.to_string().starts_with(&format!("cannot make {}", folder.path().display())), "{error}");
    // Not tried again for each record, while what fits in the segment is still taken.
    assert!(matches!(journal.writer.append(&[8; 100], 0), Err(Refused::Full)));
    journal.writer.append(&[9; 8], 0).unwrap();
    assert!(journal.reader.prepare_spare().is_err());
    for number in 0..9 {
        std::fs::remove_dir(folder.path().join(format!("{number:020}.spare"))).ok();
    }
    assert_eq!(drain(&mut journal).0.len(), 7);
    // What is prepared meanwhile is used at once.
    assert!(journal.reader.prepare_spare().unwrap());
    journal.writer.append(&[10; 100], 0).unwrap();
    assert_eq!(drain(&mut journal).0.len(), 1);
    assert_eq!(folder.named(".segment").len(), 2);
}

#[test]
fn a_full_journal_takes_records_again_once_the_oldest_are_dropped() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 3));
    let fill = |journal: &mut Journal| {
        let mut taken = 0;
        while journal.writer.append(&[1; 40], 0).is_ok() {
            taken += 1;
        }
        taken
    };
    // Seven to a segment: (512 - 64) / 64.
    assert_eq!(fill(&mut journal), 21);
    assert_eq!(journal.writer.drop_oldest(1), 7);
    assert_eq!(fill(&mut journal), 7);
    assert_eq!(journal.writer.drop_oldest(513), 14);
    assert_eq!(fill(&mut journal), 14);
    // What is on its way is not dropped, and holds up its segment alone.
    let read = journal.reader.read(80, |_| {}).unwrap();
    assert_eq!(read.records, 2);
    assert_eq!(journal.writer.drop_oldest(1), 5 + 7);
    assert_eq!(journal.writer.pending().records, 2 + 7);
    assert_eq!(fill(&mut journal), 7);
    assert_eq!(journal.writer.drop_oldest(1), 7);
    // Only the segment that is written to is left beside it.
    assert_eq!(journal.writer.drop_oldest(1), 0);
    journal.reader.delivered(read.last.unwrap()).unwrap();
    assert_eq!(journal.writer.pending().records, 7);
    let (records, sum) = drain(&mut journal);
    assert_eq!((records.len(), sum.lost), (7, 0));
}

#[test]
fn records_up_to_a_whole_segment_are_taken() {
    let folder = Folder::new();
    let mut journal = open(&tiny(&folder, 512, 4));
    let most = journal.writer.most_bytes();
    assert_eq!(most, 512 - 64 - 24);
    journal.writer.append(&vec![1; most], 0).unwrap();
    let refused = journal.writer.append(&vec![2; most + 1], 0).unwrap_err();
    assert!(matches!(refused, Refused::TooLarge { most_bytes } if most_bytes == most));
    assert_eq!(
        refused.to_string(),
        format!("the record is longer than the {most} bytes that a segment holds")
    );
    journal.writer.append(b"", 0).unwrap();
    let (records, _) = drain(&mut journal);
    assert_eq!(records, [(1, 0, vec![1; most]), (2, 0, vec![])]);
}
