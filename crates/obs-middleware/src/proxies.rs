//! Who is behind the proxies in front of a service, as far as those are believed.
//!
//! Each proxy of one's own writes at the right end of a header who has asked it. Read from there, the first address that is no
//! proxy of one's own is the client; whatever stands further left is the client's own invention, and is not looked at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use obs_core::Network;

/// How much is told of the address a request came from. It is personal data in many places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAddress {
    /// The peer of the connection as it is; headers are not read.
    #[default]
    Peer,
    /// None at all.
    Off,
    /// The client's, behind proxies that are trusted, without what tells people apart: of IPv4 the first 24 bits, of IPv6 the
    /// first 48.
    Truncated,
    /// The client's, behind proxies that are trusted.
    Full,
}

/// The header in which proxies say who asked them. One alone is read: a proxy that writes the one hands on the other as the
/// client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, as most write it.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How many proxies are followed.
const HOPS: usize = 32;
/// Without zone and port: the longest IPv6 address in brackets, and `:65535`.
const LONGEST: usize = 64;

/// What a layer tells of clients.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) address: ClientAddress,
    pub(crate) header: ProxyHeader,
    pub(crate) proxies: Vec<Network>,
}

impl Client {
    /// What is told of whoever asked over a connection from `peer`.
    #[inline]
    pub(crate) fn of(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<SocketAddr> {
        if self.address == ClientAddress::Peer { peer } else { self.behind(peer, headers) }
    }

    #[cold]
    fn behind(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<SocketAddr> {
        if self.address == ClientAddress::Off {
            return None;
        }
        let peer = peer?;
        let client = if self.is_proxy(peer.ip()) { self.named(peer, headers)? } else { peer };
        Some(match self.address {
            ClientAddress::Truncated => SocketAddr::new(truncated(client.ip()), 0),
            _ => client,
        })
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    /// The first from the right that is no proxy of ours, or the last of them where all are. `None` where it is not said in a
    /// way that can be read: nothing is guessed.
    fn named(&self, proxy: SocketAddr, headers: &HeaderMap) -> Option<SocketAddr> {
        let name = match self.header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => FORWARDED,
        };
        let mut client = proxy;
        let mut hops = 0;
        // Several lines of one header are one list, in their order (RFC 9110, section 5.3).
        for line in headers.get_all(name).into_iter().rev() {
            let mut rest = Some(line.as_bytes());
            while let Some(list) = rest {
                let (before, element) = last(list, self.header == ProxyHeader::Forwarded)?;
                rest = before;
                let element = element.trim_ascii();
                if element.is_empty() {
                    // An empty element is none (RFC 9110, section 5.6.1).
                    continue;
                }
                hops += 1;
                if hops > HOPS {
                    return None;
                }
                let element = str::from_utf8(element).ok()?;
                client = match self.header {
                    ProxyHeader::XForwardedFor => address(element)?,
                    ProxyHeader::Forwarded => address(&of_forwarded(element)?)?,
                };
                if !self.is_proxy(client.ip()) {
                    return Some(client);
                }
            }
        }
        Some(client)
    }
}

/// Splits off what stands behind the last comma, or the last that is in no quotes where those mean anything. `None` where quotes
/// do not end.
fn last(list: &[u8], quotes: bool) -> Option<(Option<&[u8]>, &[u8])> {
    if !quotes || !list.contains(&b'"') {
        let at = list.iter().rposition(|byte| *byte == b',');
        return Some(at.map_or((None, list), |at| (Some(&list[..at]), &list[at + 1..])));
    }
    let (mut at, mut quoted, mut escaped) = (None, false, false);
    for (index, byte) in list.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => at = Some(index),
            _ => {}
        }
    }
    if quoted { None } else { Some(at.map_or((None, list), |at| (Some(&list[..at]), &list[at + 1..]))) }
}

/// The node that `for` names in one element of `Forwarded` (RFC 7239, section 4). `None` where there is none, or more than one.
fn of_forwarded(element: &str) -> Option<String> {
    let mut found = None;
    for pair in split_outside_quotes(element, b';') {
        let (name, value) = pair.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("for") {
            continue;
        }
        let value = value.trim();
        let plain = match value.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"')?.to_owned(),
            None => value.to_owned(),
        };
        // No address has anything to escape.
        if plain.contains(['"', '\\']) || found.replace(plain).is_some() {
            return None;
        }
    }
    found
}

fn split_outside_quotes(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |char: char| {
        if char == '"' {
            quoted = !quoted;
        }
        !quoted && char == char::from(at)
    })
    .filter(|part| !part.trim().is_empty())
}

/// An address, alone or with a port; of IPv6 in brackets where there is a port.
fn address(text: &str) -> Option<SocketAddr> {
    if text.len() > LONGEST {
        return None;
    }
    let alone = |address: IpAddr| SocketAddr::new(address.to_canonical(), 0);
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(alone(address));
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(SocketAddr::new(socket.ip().to_canonical(), socket.port()));
    }
    let bare = text.strip_prefix('[')?.strip_suffix(']')?;
    bare.parse::<Ipv6Addr>().ok().map(|address| alone(IpAddr::V6(address)))
}

fn truncated(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !0xff)),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
    }
}

#[cfg(test)]
mod tests;
