//! Who asks: where a connection comes from, and what it has shown.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) peer: Peer,
    /// Whether it has shown a certificate, and that was verified.
    pub(super) is_certified: bool,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    /// A process that may open the socket's file.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are none elsewhere"))]
    Unix,
}

impl Peer {
    /// Whom limits hold for: an address or, where whoever has one has billions, its network.
    pub(super) fn house(self) -> Option<IpAddr> {
        match self {
            Self::Unix => None,
            Self::Tcp(addr) => Some(match addr.ip().to_canonical() {
                IpAddr::V4(ip) => IpAddr::V4(ip),
                IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_for_an_address_or_a_network_of_64_bits() {
        let house = |text: &str| Peer::Tcp(text.parse().unwrap()).house();
        assert_eq!(house("10.0.0.7:1"), house("[::ffff:10.0.0.7]:2"));
        assert_ne!(house("10.0.0.7:1"), house("10.0.0.8:1"));
        assert_eq!(house("[2001:db8::1]:1"), house("[2001:db8::ffff:1]:1"));
        assert_ne!(house("[2001:db8:0:1::1]:1"), house("[2001:db8:0:2::1]:1"));
        assert_eq!(Peer::Unix.house(), None);
    }
}
