//! The three binaries of the shop, built by one cargo.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::settings::Part;
use crate::{Result, cargo};

/// Where the three are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binaries([PathBuf; 3]);

impl Binaries {
    /// Builds them without optimisation: the first start is what one waits for.
    pub(crate) fn build() -> Result<Self> {
        cargo::build_binaries("shop", Part::ALL.map(Part::binary)).map(Self)
    }

    pub(crate) fn of(&self, part: Part) -> &Path {
        &self.0[part as usize]
    }

    /// As the value of a variable; none where a path has in it what separates them.
    pub(crate) fn joined(&self) -> Option<OsString> {
        std::env::join_paths(&self.0).ok()
    }

    /// Out of the value of such a variable.
    pub(crate) fn split(joined: &OsStr) -> Option<Self> {
        let paths: Vec<_> = std::env::split_paths(joined).collect();
        paths.try_into().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_split_into_the_same() {
        let binaries = Binaries(["/t/a b", "/t/c", "/t/d"].map(PathBuf::from));
        assert_eq!(binaries.of(Part::Orders), Path::new("/t/c"));
        assert_eq!(Binaries::split(&binaries.joined().unwrap()), Some(binaries));
        assert_eq!(Binaries::split(OsStr::new("/t/a")), None);
    }
}
