//! A check of the room that is left on a file system.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, thread};

use rustix::fs::statvfs;
use tokio::sync::oneshot;

use crate::check::Check;
use crate::error::CheckError;

/// How much may be used, in percent.
const PERCENT: u8 = 90;

/// Passes while there is room on the file system that a path is on, as whoever is not root sees it.
///
/// ```
/// # async fn check(health: obs_health::Health) -> Result<(), Box<dyn std::error::Error>> {
/// use obs_health::disk::Room;
///
/// health.check("data_disk", Room::at("/var/lib/orders").bytes(2 << 30).percent(95))?;
/// # Ok(())
/// # }
/// ```
///
/// It looks on a thread of its own, which a file system that hangs holds and nobody waits for; the next look then is not
/// begun, and fails.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    bytes: u64,
    percent: u8,
    /// Whether a look has not come back.
    looks: Arc<AtomicBool>,
}

impl Room {
    /// On the file system that `path` is on.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), bytes: 0, percent: PERCENT, looks: Arc::default() }
    }

    /// How many bytes have to be free; default none.
    #[must_use]
    pub const fn bytes(mut self, free: u64) -> Self {
        self.bytes = free;
        self
    }

    /// How full it may be, in percent; default 90.
    #[must_use]
    pub const fn percent(mut self, used: u8) -> Self {
        self.percent = used;
        self
    }

    fn judge(&self, found: Found) -> Result<(), CheckError> {
        let Found { free, of } = found;
        let used = u128::from(of.saturating_sub(free));
        let (enough, fits) = (free >= self.bytes, used * 100 <= u128::from(of) * u128::from(self.percent));
        if enough && fits {
            return Ok(());
        }
        let (path, bytes, percent) = (self.path.display(), self.bytes, self.percent);
        let has = format_args!("{path}: {free} of {of} bytes are free");
        Err(match enough {
            true => CheckError::new(format_args!("{has}, and at most {percent} % may be used")),
            false => CheckError::new(format_args!("{has}, and at least {bytes} have to be")),
        })
    }
}

impl Check for Room {
    async fn check(&self) -> Result<(), CheckError> {
        if self.looks.swap(true, Ordering::AcqRel) {
            let path = self.path.display();
            return Err(CheckError::new(format_args!(
                "{path}: the last look has not come back: the file system hangs"
            )));
        }
        let (path, looks) = (self.path.clone(), Looks(Arc::clone(&self.looks)));
        let (tell, told) = oneshot::channel();
        // Not one of the runtime's, whose end would wait for it.
        let look = move || {
            let found = look(&path);
            drop(looks);
            let _ = tell.send(found);
        };
        thread::Builder::new().name(String::from("obs-disk")).spawn(look)?;
        let failed = |error: io::Error| CheckError::new(format_args!("{}: {error}", self.path.display()));
        self.judge(told.await?.map_err(failed)?)
    }
}

/// A look that is under way, until this is dropped.
struct Looks(Arc<AtomicBool>);

impl Drop for Looks {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What a file system has, in bytes.
#[derive(Clone, Copy, Debug)]
struct Found {
    free: u64,
    of: u64,
}

fn look(path: &Path) -> io::Result<Found> {
    let found = statvfs(path)?;
    // What is kept for root is in neither: a disk is full to a service when that alone is left.
    let used = found.f_blocks.saturating_sub(found.f_bfree);
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Ok(Found { free: bytes(found.f_bavail), of: bytes(used.saturating_add(found.f_bavail)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(room: &Room, free: u64, expected: Result<(), &str>) {
        let judged = room.judge(Found { free, of: 1_000 });
        assert_eq!(judged.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    }

    #[tokio::test]
    async fn a_look_that_has_not_come_back_is_not_joined_by_another() {
        let room = Room::at("/");
        let looks = Looks(Arc::clone(&room.looks));
        room.looks.store(true, Ordering::Release);
        let error = room.check().await.unwrap_err();
        assert_eq!(error.as_str(), "/: the last look has not come back: the file system hangs");
        drop(looks);
        room.percent(100).check().await.unwrap();
    }

    #[test]
    fn both_the_bytes_and_the_share_have_to_be_there() {
        let room = Room::at("/data").bytes(50).percent(90);
        check(&room, 100, Ok(()));
        check(&room, 99, Err("/data: 99 of 1000 bytes are free, and at most 90 % may be used"));
        check(&room, 49, Err("/data: 49 of 1000 bytes are free, and at least 50 have to be"));
        check(&Room::at("/data").percent(100), 0, Ok(()));
    }
}
