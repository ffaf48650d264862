//! Which targets are asked without a proxy, by the rules that Go programs read `NO_PROXY` by (golang.org/x/net,
//! package `httpproxy`): they are the narrowest in use, and the only ones that know ports.

use std::net::IpAddr;

use obs_core::{Network, NetworkError};

use super::super::Endpoint;

/// Targets without a proxy. This machine (`localhost`, `127.0.0.0/8`, `::1`) always is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bypass(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    All,
    Network(Network),
    Address(IpAddr, Option<u16>),
    /// A name in lower case, with a dot in front; whether what stands behind the dot is meant too.
    Name {
        dotted: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl Bypass {
    /// Reads a list with commas between: a name (which stands for itself and all below it), a name with a dot or `*.` in
    /// front (all below it alone), an address, each of them with `:port` or without, a range such as `10.0.0.0/8`, or `*`
    /// for all. What is none of these stands for nothing.
    pub fn parse(list: &str) -> Self {
        Self(list.split(',').filter_map(|entry| Entry::parse(&entry.trim().to_ascii_lowercase())).collect())
    }

    /// Whether an endpoint is asked without a proxy.
    pub fn takes(&self, endpoint: &Endpoint) -> bool {
        self.has(endpoint.uri().host().unwrap_or_default(), endpoint.port_of_server())
    }

    /// Whether a target is among them; a name is never looked up for this.
    pub(super) fn has(&self, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&host);
        let address = bare.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        if bare == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        self.0.iter().any(|entry| match (entry, address) {
            (Entry::All, _) => true,
            (Entry::Network(network), Some(address)) => network.contains(address),
            (Entry::Address(known, only), Some(address)) => *known == address && fits(*only, port),
            (Entry::Name { dotted, itself, port: only }, None) => {
                let is = bare.ends_with(dotted.as_str()) || *itself && dotted.strip_prefix('.') == Some(bare);
                is && fits(*only, port)
            }
            _ => false,
        })
    }
}

fn fits(only: Option<u16>, port: u16) -> bool {
    only.is_none_or(|only| only == port)
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if text.contains('/') {
            return match text.parse() {
                // Which bits are set beyond the prefix makes no difference.
                Ok(network) | Err(NetworkError::Beyond(network)) => Some(Self::Network(network)),
                Err(_) => None,
            };
        }
        let (host, port) = split(text)?;
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical(), port));
        }
        let name = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        match name.strip_prefix('.') {
            Some("") => None,
            Some(_) => Some(Self::Name { dotted: name.to_owned(), itself: false, port }),
            None if name.is_empty() => None,
            None => Some(Self::Name { dotted: format!(".{name}"), itself: true, port }),
        }
    }
}

/// Host and port; colons without brackets around are those of an address.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return match port.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => port.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Some((host, Some(port.parse().ok()?))),
        _ => Some((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each target with whether it is among the entries, as Go's `httpproxy` has it.
    #[track_caller]
    fn check(list: &str, targets: &[(&str, u16, bool)]) {
        let bypass = Bypass::parse(list);
        for (host, port, is) in targets {
            assert_eq!(bypass.has(host, *port), *is, "{list}: {host}:{port}");
        }
    }

    #[test]
    fn a_name_stands_for_itself_and_all_below_it() {
        let below = [
            ("foo.com", 80, true),
            ("FOO.com", 443, true),
            ("bar.foo.com", 80, true),
            ("a.bar.foo.com", 80, true),
            ("barfoo.com", 80, false),
            ("foo.com.cn", 80, false),
            ("foo", 80, false),
        ];
        check("foo.com", &below);
        check(" other , Foo.Com ", &below);
        let only_below = [("foo.com", 80, false), ("bar.foo.com", 80, true), ("barfoo.com", 80, false)];
        check(".foo.com", &only_below);
        check("*.foo.com", &only_below);
    }

    #[test]
    fn a_port_narrows_an_entry() {
        check("foo.com:8080", &[("foo.com", 8080, true), ("a.foo.com", 8080, true), ("foo.com", 80, false)]);
        check("10.0.0.1:81", &[("10.0.0.1", 81, true), ("10.0.0.1", 80, false)]);
        check("[2001:db8::1]:81", &[("[2001:db8::1]", 81, true), ("[2001:db8::1]", 80, false)]);
    }

    #[test]
    fn addresses_and_ranges_are_compared_as_numbers_and_no_name_is_looked_up() {
        check("10.0.0.1", &[("10.0.0.1", 80, true), ("10.0.0.10", 80, false), ("x.10.0.0.1", 80, false)]);
        check("10.0.0.0/8", &[("10.255.0.1", 80, true), ("11.0.0.1", 80, false), ("ten.example", 80, false)]);
        check("10.1.2.3/8", &[("10.255.0.1", 80, true)]);
        check("::ffff:10.0.0.1", &[("10.0.0.1", 80, true)]);
        check("2001:db8::1", &[("[2001:db8::1]", 443, true), ("[2001:db8:0:0::1]", 443, true)]);
        check("2001:db8::/32", &[("[2001:db8:1::1]", 443, true), ("[2001:db9::1]", 443, false)]);
    }

    #[test]
    fn this_machine_never_has_one_and_a_star_is_all() {
        let here =
            [("localhost", 80, true), ("127.0.0.1", 80, true), ("127.9.9.9", 1, true), ("[::1]", 80, true)];
        check("", &here);
        check("", &[("host", 80, false), ("10.0.0.1", 80, false), ("localhost.example", 80, false)]);
        check("*", &[("host", 80, true), ("10.0.0.1", 80, true)]);
    }

    #[test]
    fn what_is_no_entry_stands_for_nothing() {
        check(
            ",, ,.,*.,:80,/8,10.0.0.0/33,foo.com:port,[::1,[::2]x",
            &[("foo.com", 80, false), ("10.0.0.1", 80, false), ("host", 80, false), ("a.", 80, false)],
        );
    }
}
