//! A listener at a path: a socket that a dead process has left is taken over, one of a living process is not.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whoever may open the file may ask for whatever is there, as on a loopback address.
const OWNER_ALONE: u32 = 0o600;

/// A socket at `path`, and its file, which is removed with what is returned.
pub(super) fn bind(path: &Path) -> io::Result<(UnixListener, File)> {
    // Where somebody listens that is told in a folder as well in which no lock can be made.
    is_left_behind(path)?;
    let _lock = Lock::of(path)?;
    if is_left_behind(path)? {
        fs::remove_file(path)?;
    }
    // Made beside its place and moved there: whoever sees it sees it as it is to be opened.
    let beside = beside(path);
    let listener = UnixListener::bind(&beside)?;
    let file = fs::set_permissions(&beside, Permissions::from_mode(OWNER_ALONE))
        .and_then(|()| fs::hard_link(&beside, path))
        .and_then(|()| File::of(path));
    let removed = fs::remove_file(&beside);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => ErrorKind::AddrInUse.into(),
        _ => error,
    })?;
    removed?;
    listener.set_nonblocking(true)?;
    Ok((listener, file))
}

/// Held while somebody finds out whose a path is and takes it: of two who find a dead socket there, the second must not
/// remove what the first has put in its place.
///
/// It is a file beside the path, which the system unlocks when its process ends in whatever way, and which is removed by
/// whoever has it.
struct Lock {
    path: PathBuf,
    _file: fs::File,
}

impl Lock {
    fn of(path: &Path) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".lock");
        let path = path.with_file_name(name);
        loop {
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(OWNER_ALONE);
            let file = options.open(&path)?;
            match file.lock() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // Some file systems know no locks. What is left then is the time between a look and a removal.
                Err(error) if error.kind() == ErrorKind::Unsupported => {}
                locked => locked?,
            }
            let [here, there] = [file.metadata(), fs::metadata(&path)].map(|found| found.ok().map(number));
            // Unless whoever had it before has removed it: what is locked then nobody else would find.
            if here.is_some() && here == there {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked still, so that nobody removes what another has locked.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether there is a socket at `path` that nobody listens at any more.
///
/// # Errors
/// Where somebody does, or something else is there, which is not ours to remove.
fn is_left_behind(path: &Path) -> io::Result<bool> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A name in the same folder that nobody else has; short, as the names of sockets have to be.
fn beside(path: &Path) -> PathBuf {
    let any = RandomState::new().hash_one(path) >> 32;
    path.with_file_name(format!(".{any:08x}"))
}

/// The socket's file, which goes with this unless another has come into its place.
pub(super) struct File {
    path: PathBuf,
    identity: (u64, u64),
    is_removed: AtomicBool,
}

impl File {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)?, is_removed: AtomicBool::new(false) })
    }

    /// Once: after the socket has ended, another's file may have the same identity.
    pub(super) fn remove(&self) {
        let is_removed = self.is_removed.swap(true, Ordering::Relaxed);
        if !is_removed && identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // Whoever starts next takes it over where this fails.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(number)
}

fn number(found: fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("obs-unix-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_living_socket_is_left_alone_and_a_dead_one_taken_over() {
        let folder = Folder::new("taken");
        let path = folder.0.join("admin.sock");
        let (listener, file) = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(bind(&path).err().unwrap().kind(), ErrorKind::AddrInUse);
        UnixStream::connect(&path).expect("the first is as it was");
        // As a process that was killed leaves it.
        std::mem::forget(file);
        drop(listener);
        assert!(path.exists());
        let second = bind(&path).unwrap();
        UnixStream::connect(&path).expect("somebody listens again");
        drop(second);
        assert!(!path.exists(), "and leaves nothing behind");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_socket_is_not_removed() {
        let folder = Folder::new("file");
        let path = folder.0.join("notes.txt");
        fs::write(&path, "keep").unwrap();
        assert_eq!(bind(&path).err().unwrap().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "keep");
    }

    #[test]
    fn a_file_that_has_come_into_its_place_stays() {
        let folder = Folder::new("other");
        let path = folder.0.join("admin.sock");
        let bound = bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(bound);
        assert!(path.exists());
    }

    /// As a process that was killed leaves it.
    fn leave_behind(path: &Path) {
        let (listener, file) = bind(path).unwrap();
        std::mem::forget(file);
        drop(listener);
        assert!(path.exists());
    }

    #[test]
    fn of_those_who_start_at_once_beside_a_dead_socket_one_has_the_path() {
        let folder = Folder::new("at-once");
        let path = folder.0.join("admin.sock");
        for round in 0..200 {
            leave_behind(&path);
            let start = Barrier::new(8);
            let begin = || {
                start.wait();
                bind(&path)
            };
            let bound: Vec<_> = std::thread::scope(|scope| {
                let begun: Vec<_> = (0..8).map(|_| scope.spawn(begin)).collect();
                begun.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let (won, lost): (Vec<_>, Vec<_>) = bound.into_iter().partition(Result::is_ok);
            let lost: Vec<_> = lost.into_iter().map(|lost| lost.err().unwrap().kind()).collect();
            assert_eq!(lost, [ErrorKind::AddrInUse; 7], "round {round}");
            UnixStream::connect(&path).expect("the one is there");
            drop(won);
            assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "round {round}");
        }
    }

    #[test]
    fn a_lock_that_a_killed_process_has_left_is_taken_over() {
        let folder = Folder::new("lock");
        let path = folder.0.join("admin.sock");
        fs::write(folder.0.join(".admin.sock.lock"), "").unwrap();
        let bound = bind(&path).unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "the socket alone");
        drop(bound);
    }

    #[test]
    fn a_folder_that_is_missing_or_not_to_be_written_is_told_as_such() {
        let folder = Folder::new("told");
        let missing = bind(&folder.0.join("missing/admin.sock")).err().unwrap();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        let path = folder.0.join("admin.sock");
        let bound = bind(&path).unwrap();
        let mode = |mode| fs::set_permissions(&folder.0, Permissions::from_mode(mode)).unwrap();
        mode(0o500);
        assert_eq!(bind(&path).err().unwrap().kind(), ErrorKind::AddrInUse);
        mode(0o700);
        drop(bound);
        // Root writes anywhere but where nobody does.
        let kind = bind(Path::new("/proc/admin.sock")).err().unwrap().kind();
        assert!(matches!(kind, ErrorKind::NotFound | ErrorKind::PermissionDenied), "{kind:?}");
    }

    #[test]
    fn what_is_removed_once_is_not_removed_again() {
        let folder = Folder::new("once");
        let path = folder.0.join("admin.sock");
        let (_listener, mut file) = bind(&path).unwrap();
        file.remove();
        let (_next, of_next) = bind(&path).unwrap();
        // File systems give the number of a file that is gone to another one.
        file.identity = of_next.identity;
        drop(file);
        UnixStream::connect(&path).expect("the next is as it was");
    }
}
