//! What kind of records a journal holds, so that they are not taken for others.

use std::io;
use std::path::Path;

use super::Error;

/// Longer names are none.
const MOST_BYTES: usize = 256;

/// What the journal in a directory holds, where it says so.
pub(super) fn read(directory: &Path) -> Result<Option<String>, Error> {
    let path = directory.join("content");
    match std::fs::read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_BYTES)]).trim().to_owned();
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if super::error::is_unreadable(&error) => Ok(None),
        Err(error) => Err(Error::io("read", &path)(error)),
    }
}

/// Says what it holds from now on.
pub(super) fn write(directory: &Path, content: &str) -> Result<(), Error> {
    let (path, beside) = (directory.join("content"), directory.join("content.new"));
    std::fs::write(&beside, format!("{content}\n")).map_err(Error::io("write", &beside))?;
    std::fs::rename(&beside, &path).map_err(Error::io("make", &path))
}
