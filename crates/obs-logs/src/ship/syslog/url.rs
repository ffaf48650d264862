//! Where a receiver of syslog is, as operators write it.

use std::fmt;

use obs_export::socket::Address;

/// Ports that the RFCs give: 6587 (by its registration), 5425 and 5426.
const TCP: u16 = 601;
const TLS: u16 = 6_514;
const UDP: u16 = 514;

/// Why an output to syslog cannot be as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyslogError {
    /// The URL has none of the schemes there are.
    Scheme,
    /// The URL is `tls://`, and that is not built in.
    NoTls,
    /// No host, or one that cannot be.
    Host,
    /// No number of a port.
    Port,
    /// The URL has more than a host and a port. What it is is not repeated, as it may be secret.
    Extra,
    /// The URL of a socket of Unix's has no path from the root, or there are none on this system.
    Path,
    /// The facility is none.
    Facility,
    /// The name of structured data is none: see [`Syslog::sd_id`](super::Syslog::sd_id).
    SdId,
    /// The host's name is none: 1 to 255 printable ASCII characters without a space.
    Hostname,
}

impl fmt::Display for SyslogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "is none of `tcp://host:601`, `tls://host:6514`, `udp://host:514` and `unix:///path`",
            Self::NoTls => "is over TLS, which is not built in",
            Self::Host => "has no host",
            Self::Port => "has a port that is no number from 1 to 65535",
            Self::Extra => "has more than a host and a port",
            Self::Path if cfg!(unix) => "has no path from the root, as in `unix:///dev/log`",
            Self::Path => "is a socket of Unix's, which this system has not",
            Self::Facility => "is no facility: `user`, `daemon`, `auth`, `cron`, `local0` to `local7` and others of RFC 5424",
            Self::SdId => "is no name of structured data, such as `obs@32473`: at most 32 printable ASCII characters without space, `=`, `]` and `\"`, and digits behind one `@`",
            Self::Hostname => "is no name of a host: 1 to 255 printable ASCII characters without a space",
        })
    }
}

impl std::error::Error for SyslogError {}

/// Reads `tcp://`, `tls://` and `udp://` with a host and by choice a port, and `unix://` with a path.
pub(super) fn parse(url: &str) -> Result<Address, SyslogError> {
    let (scheme, rest) = url.split_once("://").ok_or(SyslogError::Scheme)?;
    let network = |port| authority(rest, port);
    match scheme {
        "tcp" => network(TCP).map(|(host, port)| Address::Tcp { host, port }),
        "tls" if !Address::HAS_TLS => Err(SyslogError::NoTls),
        "tls" => network(TLS).map(|(host, port)| Address::Tls { host, port }),
        "udp" => network(UDP).map(|(host, port)| Address::Udp { host, port }),
        "unix" if cfg!(unix) && rest.len() > 1 && rest.starts_with('/') && !rest.contains('\0') => {
            Ok(Address::Unix(rest.into()))
        }
        "unix" => Err(SyslogError::Path),
        _ => Err(SyslogError::Scheme),
    }
}

fn authority(text: &str, default: u16) -> Result<(String, u16), SyslogError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.contains(['/', '?', '#', '@']) {
        return Err(SyslogError::Extra);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed.split_once(']').ok_or(SyslogError::Host)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| SyslogError::Host)?;
            let port = match port {
                "" => None,
                port => Some(port.strip_prefix(':').ok_or(SyslogError::Host)?),
            };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(is_of_a_host) {
        return Err(SyslogError::Host);
    }
    let port = match port {
        None => default,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => match port.parse() {
            Ok(port @ 1..) => port,
            _ => return Err(SyslogError::Port),
        },
        Some(_) => return Err(SyslogError::Port),
    };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_host_and_the_port_of_its_rfc() {
        for (url, address) in [
            ("tcp://logs", "tcp://logs:601"),
            ("tcp://logs:1514/", "tcp://logs:1514"),
            ("udp://10.0.0.1", "udp://10.0.0.1:514"),
            ("udp://[::1]:5514", "udp://[::1]:5514"),
            ("tcp://[fe80::1]", "tcp://[fe80::1]:601"),
            ("unix:///dev/log", "unix:///dev/log"),
        ] {
            assert_eq!(parse(url).map(|address| address.to_string()).as_deref(), Ok(address), "{url}");
        }
        let tls = parse("tls://logs.example.com").map(|address| address.to_string());
        match Address::HAS_TLS {
            true => assert_eq!(tls.as_deref(), Ok("tls://logs.example.com:6514")),
            false => assert_eq!(tls, Err(SyslogError::NoTls)),
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_apart() {
        use SyslogError::{Extra, Host, Path, Port, Scheme};
        for (url, error) in [
            ("logs:601", Scheme),
            ("", Scheme),
            ("http://logs", Scheme),
            ("TCP://logs", Scheme),
            ("tcp://", Host),
            ("tcp://:601", Host),
            ("tcp://a b", Host),
            ("tcp://[::1", Host),
            ("tcp://[logs]", Host),
            ("tcp://[::1]601", Host),
            ("tcp://logs:", Port),
            ("tcp://logs:0", Port),
            ("tcp://logs:65536", Port),
            ("tcp://logs:+1", Port),
            ("tcp://::1", Host),
            ("tcp://ada:hunter2@logs", Extra),
            ("tcp://logs/path", Extra),
            ("udp://logs?x", Extra),
            ("unix://dev/log", Path),
            ("unix://", Path),
            ("unix:///", Path),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
    }
}
