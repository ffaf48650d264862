//! Ranges of IP addresses, as operators write them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range such as `10.0.0.0/8` or `fd00::/8` (RFC 4632, section 3.1; RFC 4291, section 2.3), or one address.
///
/// ```
/// use obs_core::Network;
///
/// let inner: Network = "10.0.0.0/8".parse()?;
/// assert!(inner.contains("10.1.2.3".parse()?));
/// assert!(!inner.contains("192.168.0.1".parse()?));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    prefix: u32,
}

/// Why a text is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkError {
    /// What stands in front of the slash is no address.
    Address,
    /// What stands behind the slash is no length that such an address has.
    Prefix,
    /// The address has bits beyond its prefix; holds the range it is in, which may have been meant.
    Beyond(Network),
}

impl Network {
    /// Whether an address is in the range. An IPv4 client of a dual-stack socket is an IPv4 client.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with all bits beyond its prefix cleared.
fn masked(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let prefix = match prefix {
            None => width(address),
            // As it is written everywhere: digits alone.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= width(address)).ok_or(NetworkError::Prefix)?
            }
            Some(_) => return Err(NetworkError::Prefix),
        };
        // As logs of dual-stack sockets have IPv4: the clients are IPv4 clients.
        let (address, prefix) = match (address, prefix.checked_sub(96)) {
            (IpAddr::V6(mapped), Some(rest)) => match mapped.to_ipv4_mapped() {
                Some(plain) => (IpAddr::V4(plain), rest),
                None => (address, prefix),
            },
            _ => (address, prefix),
        };
        let network = Self { first: masked(address, prefix), prefix };
        if network.first == address { Ok(network) } else { Err(NetworkError::Beyond(network)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({self})")
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("no address or range of addresses such as 10.0.0.0/8 or fd00::/8"),
            Self::Prefix => {
                f.write_str("behind the slash belongs a number of bits, at most 32 for IPv4 and 128 for IPv6")
            }
            Self::Beyond(meant) => write!(f, "the address has bits beyond its prefix; did you mean {meant}?"),
        }
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn addresses_are_in_the_range_they_share_a_prefix_with() {
        assert!(contains("10.0.0.0/8", "10.255.255.255") && !contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "::1"));
        assert!(
            contains("192.168.1.128/25", "192.168.1.200") && !contains("192.168.1.128/25", "192.168.1.127")
        );
        assert!(contains("10.0.0.9", "10.0.0.9") && !contains("10.0.0.9", "10.0.0.8"));
        assert!(contains("10.0.0.9/32", "::ffff:10.0.0.9"), "an IPv4 client of a dual-stack socket");
        assert!(contains("::ffff:10.0.0.9", "10.0.0.9") && contains("::ffff:10.0.0.9", "::ffff:10.0.0.9"));
        assert!(contains("::ffff:10.0.0.0/104", "10.9.9.9") && !contains("::ffff:10.0.0.0/104", "11.0.0.0"));
        assert!(contains("fd00::/8", "fd12:3456::1") && !contains("fd00::/8", "fe80::1"));
        assert!(contains("::/0", "2001:db8::1") && !contains("::/0", "10.0.0.1"));
        assert!(contains("::1", "::1") && !contains("::1", "::2"));
    }

    #[test]
    fn what_is_no_range_is_refused_and_a_slip_is_named() {
        let check = |text: &str, expected| assert_eq!(text.parse::<Network>(), Err(expected), "{text}");
        for text in ["", "10.0.0/8", "localhost", "10.0.0.0:80", "10.0.0.0 /8", "/8"] {
            check(text, NetworkError::Address);
        }
        for text in
            ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/255.0.0.0", "fd00::/129", "10.0.0.0/8/8"]
        {
            check(text, NetworkError::Prefix);
        }
        check("10.0.0.1/8", NetworkError::Beyond("10.0.0.0/8".parse().unwrap()));
        assert!(
            NetworkError::Beyond("10.0.0.0/8".parse().unwrap())
                .to_string()
                .contains("did you mean 10.0.0.0/8?")
        );
    }
}
