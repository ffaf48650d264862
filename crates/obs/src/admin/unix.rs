//! A listener at a path: a socket that a dead process has left is taken over, one of a living process is not.

use std::fs::{self, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Whoever may open the file may ask for whatever is there, as on a loopback address.
const OWNER_ALONE: u32 = 0o600;

/// A socket that is bound and not on a runtime yet.
pub(super) struct Bound(UnixListener, File);

/// The same on the runtime it was made ready on.
pub(super) struct Socket(tokio::net::UnixListener, #[expect(dead_code, reason = "ends with it")] File);

impl Bound {
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        if is_left_behind(path)? {
            fs::remove_file(path)?;
        }
        // Made beside its place and moved there: whoever sees it sees it as it is to be opened, and another process that
        // starts at the same time is not robbed of its own.
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
        Ok(Self(listener, file))
    }

    pub(super) fn ready(self) -> io::Result<Socket> {
        Ok(Socket(tokio::net::UnixListener::from_std(self.0)?, self.1))
    }
}

impl Socket {
    pub(super) async fn accept(&self) -> io::Result<tokio::net::UnixStream> {
        Ok(self.0.accept().await?.0)
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

/// The socket's file, which goes with it unless another has come into its place.
struct File {
    path: PathBuf,
    identity: (u64, u64),
}

impl File {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // Whoever starts next takes it over where this fails.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
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
        let first = Bound::at(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Bound::at(&path).err().unwrap().kind(), ErrorKind::AddrInUse);
        UnixStream::connect(&path).expect("the first is as it was");
        // As a process that was killed leaves it.
        let Bound(listener, file) = first;
        std::mem::forget(file);
        drop(listener);
        assert!(path.exists());
        let second = Bound::at(&path).unwrap();
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
        assert_eq!(Bound::at(&path).err().unwrap().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "keep");
    }

    #[test]
    fn a_file_that_has_come_into_its_place_stays() {
        let folder = Folder::new("other");
        let path = folder.0.join("admin.sock");
        let bound = Bound::at(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(bound);
        assert!(path.exists());
    }
}
