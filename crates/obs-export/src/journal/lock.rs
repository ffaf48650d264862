//! One journal, one process: a file that is locked for as long as the journal is open.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::Error;

/// The lock on a directory; given back when it is dropped, and by the operating system when the process dies.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    pub(super) fn take(directory: &Path) -> Result<Self, Error> {
        let path = directory.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        Self::taken(file.try_lock(), &file, directory, &path)?;
        // Only for who finds it taken; a full disk may have no room for it.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }

    /// Takes it for a look, beside others that look too.
    pub(super) fn borrow(directory: &Path) -> Result<Self, Error> {
        let path = directory.join("lock");
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        Self::taken(file.try_lock_shared(), &file, directory, &path)?;
        Ok(Self(file))
    }

    fn taken(
        taken: Result<(), TryLockError>,
        file: &File,
        directory: &Path,
        path: &Path,
    ) -> Result<(), Error> {
        match taken {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only for the message; whoever has just taken it may not have written yet.
                let _ = file.take(16).read_to_string(&mut text);
                Err(Error::InUse { directory: directory.to_owned(), pid: text.trim().parse().ok() })
            }
            Err(TryLockError::Error(source)) => Err(Error::io("lock", path)(source)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that is not yet another program has it open too.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_given_back_although_a_child_still_has_its_file() {
        let directory = std::env::temp_dir().join(format!("obs-journal-lock-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let lock = Lock::take(&directory).unwrap();
        // What a fork does with it.
        let of_child = lock.0.try_clone().unwrap();
        assert!(Lock::take(&directory).is_err());
        drop(lock);
        assert!(Lock::take(&directory).is_ok());
        drop(of_child);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
