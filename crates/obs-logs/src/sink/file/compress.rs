//! Closed files as gzip: made under another name, and put in the place of the plain one only when they are whole.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use flate2::write::GzEncoder;

use super::names::{GZ, TEMP, with};
use super::sync::sync_directory;

/// How much is compressed between two looks at whether it should go on, in bytes.
const STEP: usize = 64 * 1024;

/// Compresses the file at `path`, and removes it once the other is there. `false`, and nothing is changed, where
/// `goes_on` said no or another process is at it.
pub(crate) fn compress(path: &Path, goes_on: &dyn Fn() -> bool) -> io::Result<bool> {
    let mut plain = File::open(path)?;
    // Ends with the process, however that ends.
    if let Err(fs::TryLockError::WouldBlock) = plain.try_lock() {
        return Ok(false);
    }
    let temporary = with(path, TEMP);
    let done = write(&mut plain, &temporary, goes_on);
    if !matches!(done, Ok(true)) {
        let _ = fs::remove_file(&temporary);
        return done;
    }
    fs::rename(&temporary, with(path, GZ))?;
    sync_directory(path);
    fs::remove_file(path)?;
    Ok(true)
}

fn write(plain: &mut File, temporary: &Path, goes_on: &dyn Fn() -> bool) -> io::Result<bool> {
    let metadata = plain.metadata()?;
    let file = File::create(temporary)?;
    let _ = file.set_permissions(metadata.permissions());
    let mut encoder = GzEncoder::new(io::BufWriter::with_capacity(STEP, file), flate2::Compression::new(6));
    let mut buffer = vec![0; STEP];
    let mut length = 0;
    loop {
        if !goes_on() {
            return Ok(false);
        }
        match plain.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                encoder.write_all(&buffer[..read])?;
                length += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Ok(modified) = metadata.modified() {
        let _ = file.set_modified(modified);
    }
    // A crash of the machine must not leave a name without its bytes.
    file.sync_all()?;
    // Somebody who had it open before it was closed may have written to it still.
    Ok(plain.metadata()?.len() == length)
}
