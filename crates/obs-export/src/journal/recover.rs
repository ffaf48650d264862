//! Opens a journal: finds what the last process left behind, whatever it died of.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cursor::{self, Cursor, Mark};
use super::format::{HEAD, Head, Sealed, Seed};
use super::lock::Lock;
use super::scan::Scan;
use super::segment::{self, Kind, Spare};
use super::shared::Shared;
use super::table::{Amount, Entry, Table};
use super::writer::Active;
use super::{Error, Note, Reader, Settings, Upkeep, Writer, content, error, note};

/// Files are read in pieces of this size: small enough to stay in the cache until they are checked.
const CHUNK: usize = 256 * 1024;

/// A journal that has been opened. Its two ends can go different ways; the directory is free again once both are
/// dropped.
#[derive(Debug)]
pub struct Journal {
    /// Where records are put in.
    pub writer: Writer,
    /// Where they are taken out. Begins with what was recovered.
    pub reader: Reader,
    /// What whoever delivers noted of records on their way.
    pub note: Note,
    /// For a thread that has the time.
    pub upkeep: Upkeep,
    /// What was found.
    pub recovered: Recovered,
    /// Why there is no segment to write to, where the disk is full: records are refused until it has room, which is looked
    /// for each second.
    pub trouble: Option<Error>,
}

/// What was found in a journal when it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records that are whole and neither delivered nor dropped.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records that are missing between those that are there. A last one cannot be told from one that was never put in.
    pub lost: u64,
    /// Bytes that belong to no record, in front of one that is whole.
    pub damaged_bytes: u64,
}

/// A segment's file.
#[derive(Debug)]
struct Segment {
    number: u64,
    path: PathBuf,
    bytes: u64,
    /// Nothing where it is damaged.
    head: Option<Head>,
}

impl Journal {
    /// Opens the journal in a directory, which is made where it is missing, and reads all that is in it: at least 1 GB a
    /// second from memory, or as fast as the disk. A record that is damaged costs itself alone; what the disk does not give
    /// is as good as damaged.
    ///
    /// # Errors
    /// [`Error`], which names the file or directory: it is in use, cannot be written, read or mapped, the settings
    /// make no sense, or a newer version wrote it. No record is lost by that. A disk that is full is none: see
    /// [`Journal::trouble`].
    pub fn open(settings: Settings) -> Result<Self, Error> {
        let settings = settings.check()?;
        let directory = &settings.directory;
        std::fs::create_dir_all(directory).map_err(Error::io("make", directory))?;
        let lock = Lock::take(directory)?;
        let (generation, mark) = cursor::read(directory)?;
        let (noted, content) = (note::read(directory)?, content::read(directory)?);
        let files = Files::list(directory)?;
        let mut walk = Walk::new(mark);
        for segment in &files.segments {
            walk.pass(segment)?;
        }
        if let (Some(holds), Some(wanted)) = (&content, &settings.content)
            && holds != wanted
            && walk.recovered.records > 0
        {
            let (holds, wanted) = (holds.clone(), wanted.clone());
            return Err(Error::Content { directory: directory.clone(), holds, wanted });
        }

        // All has been read; from here on files are changed.
        let next = walk.next();
        let mut mark = walk.mark;
        mark.settle(walk.first_live.unwrap_or(next) - 1);
        let cursor = Cursor::open(directory, generation, mark)?;
        let note = Note::open(directory, noted)?;
        let mut unsaid = settings.content.clone().filter(|wanted| content.as_ref() != Some(wanted));
        if let Some(wanted) = &unsaid {
            match content::write(directory, wanted) {
                // It is said before anything is put in.
                Err(error) if error.is_full() => {}
                wrote => {
                    wrote?;
                    unsaid = None;
                }
            }
        }
        let mut table = Table { mark, next_number: files.next_number, ..Table::default() };
        let active = if unsaid.is_none() { walk.take_active(&files, &settings, next)? } else { None };
        table.file_bytes = walk.entries.iter().map(|entry| entry.file_bytes).sum();
        table.spares = files.keep_spares(&settings)?;
        table.file_bytes += table.spares.iter().map(|spare| spare.bytes).sum::<u64>();
        // Where a segment ends is where the next one begins, also where its last records are damaged.
        let ends: Vec<_> = walk.entries.iter().skip(1).map(|entry| entry.first - 1).collect();
        for (entry, end) in walk.entries.iter_mut().zip(ends) {
            entry.counted = end.max(entry.counted);
            entry.closed = Some(entry.counted);
        }
        let is_empty = |entry: &Entry| entry.records == 0 && entry.closed.is_some();
        (table.freed, table.segments) = {
            let (freed, held): (Vec<_>, Vec<_>) = walk.entries.into_iter().partition(is_empty);
            (freed, held.into())
        };

        let shared = Arc::new(Shared::new(settings, next - 1, cursor, table, lock));
        Error::unless_full(shared.save())?;
        let recovered = walk.recovered;
        let total = Amount { records: recovered.records, bytes: recovered.bytes };
        let starts = active.is_none();
        let mut writer = Writer::new(Arc::clone(&shared), active, unsaid, next, total);
        let trouble = match if starts { writer.start() } else { Ok(()) } {
            Err(error) if error.is_full() => Some(error),
            started => started.map(|()| None)?,
        };
        let upkeep = Upkeep::new(Arc::clone(&shared));
        Ok(Self { writer, reader: Reader::new(shared), note, upkeep, recovered, trouble })
    }
}

impl Recovered {
    /// What a journal would bring if it were opened; nothing of it is changed.
    ///
    /// # Errors
    /// [`Error`], as [`Journal::open`]: it is in use, cannot be read, or a newer version wrote it.
    pub fn look_at(directory: &Path) -> Result<Self, Error> {
        let _lock = Lock::borrow(directory)?;
        let (_, mark) = cursor::read(directory)?;
        let mut walk = Walk::new(mark);
        for segment in &Files::list(directory)?.segments {
            walk.pass(segment)?;
        }
        Ok(walk.recovered)
    }
}

/// What is in a directory.
#[derive(Debug)]
struct Files {
    /// In the order of their numbers.
    segments: Vec<Segment>,
    spares: Vec<PathBuf>,
    /// Above all numbers that are there.
    next_number: u64,
}

impl Files {
    /// Files with other names are left alone.
    fn list(directory: &Path) -> Result<Self, Error> {
        let listed = || -> io::Result<Vec<OsString>> {
            std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
        };
        let names = listed().map_err(Error::io("list", directory))?;
        let mut files = Self { segments: Vec::new(), spares: Vec::new(), next_number: 1 };
        for (number, kind) in names.iter().filter_map(|name| segment::parse(name.to_str()?)) {
            files.next_number = files.next_number.max(number + 1);
            let path = segment::path(directory, number, kind);
            match kind {
                Kind::Segment => files.segments.push(Segment::look_at(number, path)?),
                Kind::Spare => files.spares.push(path),
            }
        }
        files.segments.sort_by_key(|segment| segment.number);
        Ok(files)
    }

    /// Those that can be used; the others, which were not finished or are too many, are removed.
    fn keep_spares(&self, settings: &Settings) -> Result<Vec<Spare>, Error> {
        let bytes = settings.segment_bytes;
        let mut spares = Vec::new();
        for path in &self.spares {
            if spares.len() < settings.spares && segment::is_written(path, bytes) {
                spares.push(Spare { path: path.clone(), bytes, map: None });
            } else {
                std::fs::remove_file(path).map_err(Error::io("remove", path))?;
            }
        }
        Ok(spares)
    }
}

impl Segment {
    fn look_at(number: u64, path: PathBuf) -> Result<Self, Error> {
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        let bytes = file.metadata().map_err(Error::io("look at", &path))?.len();
        let mut head = [0; HEAD];
        let head = match file.read_exact_at(&mut head, 0) {
            Ok(()) => Head::decode(&head),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Sealed::Damaged,
            Err(error) if error::is_unreadable(&error) => Sealed::Damaged,
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let head = match head {
            Sealed::Whole(head) => Some(head).filter(|head| head.number == number && head.first > 0),
            Sealed::Newer(version) => return Err(Error::Newer { path, version }),
            Sealed::Damaged => None,
        };
        Ok(Self { number, path, bytes, head })
    }
}

/// One pass over all segments.
#[derive(Debug)]
struct Walk {
    mark: Mark,
    /// The sequence that should come next, once it is known.
    expected: Option<u64>,
    /// The highest sequence that was found.
    last: u64,
    /// Where writing could go on in the last segment, and the sequence in front of that place.
    end: Option<(u64, u64)>,
    entries: Vec<Entry>,
    first_live: Option<u64>,
    recovered: Recovered,
}

impl Walk {
    fn new(mark: Option<Mark>) -> Self {
        Self {
            mark: mark.unwrap_or_default(),
            expected: mark.map(|mark| mark.settled + 1),
            last: 0,
            end: None,
            entries: Vec::new(),
            first_live: None,
            recovered: Recovered::default(),
        }
    }

    fn pass(&mut self, segment: &Segment) -> Result<(), Error> {
        let Segment { number, path, bytes, head } = segment;
        // Where the head is damaged, the number in the name says which checksums are right here.
        let first = head.map(|head| head.first).filter(|first| *first > self.last);
        if let Some(first) = first {
            self.expect(first);
        }
        let before = first.map_or(self.last, |first| first - 1);
        let file = File::open(path).map_err(Error::io("open", path))?;
        let scan = Scan::new(file, *number, before, first.is_some(), CHUNK);
        let mut scan = scan.map_err(Error::io("read", path))?;
        scan.pass_unreadable();
        let (mut found_first, mut held) = (None, Amount::default());
        while let Some(found) = scan.next().map_err(Error::io("read", path))? {
            let sequence = found.sequence;
            self.expect(sequence);
            self.expected = Some(sequence + 1);
            self.recovered.damaged_bytes += found.skipped;
            if found_first.is_none() {
                found_first = Some(sequence);
                self.recovered.damaged_bytes += if first.is_none() { HEAD as u64 } else { 0 };
            }
            if self.mark.is_live(sequence) {
                self.first_live.get_or_insert(sequence);
                held.add(Amount { records: 1, bytes: found.record.len() as u64 });
            }
        }
        self.last = self.last.max(scan.last());
        // A page that the disk does not give must not be stored to.
        self.end = head.filter(|_| !scan.is_unreadable()).map(|_| (scan.behind(), scan.last()));
        self.recovered.records += held.records;
        self.recovered.bytes += held.bytes;
        self.entries.push(Entry {
            number: *number,
            file_bytes: *bytes,
            first: first.or(found_first).unwrap_or(self.last + 1),
            closed: Some(scan.last()),
            records: held.records,
            counted: scan.last(),
            bytes: held.bytes,
            taken: Amount::default(),
            is_unreadable: scan.is_unreadable(),
        });
        Ok(())
    }

    /// A record of this sequence comes next: those that should have come before are missing.
    fn expect(&mut self, sequence: u64) {
        let expected = self.expected.unwrap_or(sequence);
        self.recovered.lost += self.mark.live_between(expected, sequence);
        self.expected = Some(expected.max(sequence));
    }

    /// The sequence of the next record: above all that were ever there.
    fn next(&self) -> u64 {
        let dropped = self.mark.hole.map_or(0, |(_, to)| to);
        self.last.max(self.mark.settled).max(dropped) + 1
    }

    /// Goes on in the last segment, where that is sound and nothing is missing at its end.
    fn take_active(
        &mut self,
        files: &Files,
        settings: &Settings,
        next: u64,
    ) -> Result<Option<Active>, Error> {
        let (Some(segment), Some(entry), Some((at, last))) =
            (files.segments.last(), self.entries.last_mut(), self.end)
        else {
            return Ok(None);
        };
        let bytes = settings.segment_bytes;
        if last + 1 != next || !segment::is_written(&segment.path, bytes) {
            return Ok(None);
        }
        let map = segment::map(&segment.path, bytes)?;
        map.populate();
        entry.closed = None;
        Ok(Some(Active { map, at: at as usize, seed: Seed::new(segment.number), bytes: entry.bytes }))
    }
}
