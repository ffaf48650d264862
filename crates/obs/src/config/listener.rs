//! Where the admin listener is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the admin listener is. `OBS_ADMIN_ADDR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Listens here; port 0 takes any free one.
    At(SocketAddr),
    /// Not at all.
    Off,
}

impl Admin {
    /// Unless another is chosen: loopback only.
    pub(super) const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
}
