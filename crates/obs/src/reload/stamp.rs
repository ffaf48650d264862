//! What tells that a file may have changed without reading it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which file it is, and when and how large it was left.
///
/// Links are followed: in Kubernetes the file is a link into a folder that is exchanged as a whole, and many editors
/// put a new file in the place of the old one. Both change the inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    /// Of its owner and permissions as well: a file that could not be read may be readable now.
    changed: (i64, i64),
    len: u64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            len: metadata.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn permissions_that_change_are_seen() {
        let path = std::env::temp_dir().join(format!("obs-stamp-{}", std::process::id()));
        std::fs::write(&path, "logs: {}").unwrap();
        let of_mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            Stamp::of(&path).unwrap()
        };
        let before = of_mode(0o600);
        // The file system's clock ticks in steps.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while of_mode(0o644) == before && std::time::Instant::now() < until {}
        let after = Stamp::of(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_ne!(before, after);
    }
}
