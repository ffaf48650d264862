//! Where the admin listener is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where the admin listener is. `OBS_ADMIN_ADDR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Listens here; port 0 takes any free one.
    At(SocketAddr),
    /// Listens at this path, which the process's own user alone can open. On Unix.
    Unix(PathBuf),
    /// Not at all.
    Off,
}

impl Admin {
    /// Unless another is chosen: loopback only.
    pub(super) const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

    /// What stands before a path.
    const UNIX: &str = "unix:";

    /// Reads what an operator writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(Self::UNIX) {
            // Where a service is started from changes; where its operator looks for it does not.
            Some(path) => path.starts_with('/').then(|| Self::Unix(PathBuf::from(path))),
            None if text == "off" => Some(Self::Off),
            None => text.parse().ok().map(Self::At),
        }
    }

    /// Whether machines other than this one may reach it.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Self::At(addr) if !addr.ip().to_canonical().is_loopback())
    }
}

/// As an operator writes it.
impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(addr) => write!(f, "{addr}"),
            Self::Unix(path) => write!(f, "{}{}", Self::UNIX, path.display()),
            Self::Off => f.write_str("off"),
        }
    }
}
