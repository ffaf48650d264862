//! The files of segments: their names, how a new one is made, and how an empty one becomes the next.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Error;
use super::format::{Head, is_sane};
use super::map::Map;

/// What is written at a time to a file that is made.
const ZEROS: &[u8] = &[0; 256 * 1024];

/// An empty file of a segment's length, all of it written.
#[derive(Debug)]
pub(super) struct Spare {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Made ahead, so that whoever needs it does not wait for that.
    pub(super) map: Option<Map>,
}

/// What a file's name says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Segment,
    Spare,
}

impl Kind {
    const fn extension(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Spare => "spare",
        }
    }
}

pub(super) fn path(directory: &Path, number: u64, kind: Kind) -> PathBuf {
    directory.join(format!("{number:020}.{}", kind.extension()))
}

/// What a name in the directory stands for; nothing for names that are not of the exact form.
pub(super) fn parse(name: &str) -> Option<(u64, Kind)> {
    let (digits, extension) = name.split_once('.')?;
    let kind = [Kind::Segment, Kind::Spare].into_iter().find(|kind| kind.extension() == extension)?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|number| is_sane(*number))?;
    is_number.then_some((number, kind))
}

/// Makes an empty file and writes all of it. Where that fails nothing is left behind.
pub(super) fn make(path: PathBuf, bytes: u64) -> Result<Spare, Error> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let file = file.map_err(Error::io("make", &path))?;
    let written = fill(&file, bytes);
    drop(file);
    match written {
        Ok(()) => Ok(Spare { path, bytes, map: None }),
        Err(error) => {
            let _ = std::fs::remove_file(&path);
            Err(Error::io("write", &path)(error))
        }
    }
}

fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let length = left.min(ZEROS.len() as u64) as usize;
        file.write_all(&ZEROS[..length])?;
        left -= length as u64;
    }
    Ok(())
}

/// Whether a file has this length, and all of it has a place on the disk: one that was copied may have holes.
pub(super) fn is_written(path: &Path, bytes: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() == bytes && file.blocks() * 512 >= bytes)
}

/// Maps the whole of a segment's file.
pub(super) fn map(path: &Path, bytes: u64) -> Result<Map, Error> {
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(Error::io("open", path))?;
    Map::new(&file, bytes as usize).map_err(Error::io("map", path))
}

impl Spare {
    /// Maps it and has all its pages there.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let map = map(&self.path, self.bytes)?;
        map.populate();
        self.map = Some(map);
        Ok(())
    }

    /// Makes a segment of it. Its head is in place before it has the name of one.
    pub(super) fn begin(&mut self, directory: &Path, head: Head) -> Result<Map, Error> {
        let mut map = match self.map.take() {
            Some(map) => map,
            None => map(&self.path, self.bytes)?,
        };
        let bytes = head.encode();
        if let Some(place) = map.bytes_mut().get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
        }
        let path = path(directory, head.number, Kind::Segment);
        std::fs::rename(&self.path, &path).map_err(Error::io("rename", &self.path))?;
        Ok(map)
    }
}
