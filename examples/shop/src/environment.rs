//! What an operator says by variables.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use reqwest::Url;
use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be taken.
const BACKLOG: u32 = 1_024;

/// What is wrong with a variable, as an operator reads it.
pub struct Mistake(String);

impl Mistake {
    /// `said` is wrong about the variable; a secret in its value stays out of it.
    pub fn new(variable: &str, said: impl fmt::Display) -> Self {
        Self(format!("{variable}: {said}"))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The same text: an error that `main` returns is printed by `Debug`.
impl fmt::Debug for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Mistake {}

/// The value of a variable, or of `default` where it is not set or empty.
///
/// # Errors
/// A value that is no `T`; the text names the variable and the value.
pub fn or_default<T>(variable: &str, default: &str) -> Result<T, Mistake>
where
    T: FromStr<Err: fmt::Display>,
{
    let set = std::env::var_os(variable).filter(|value| !value.is_empty());
    let value = set.map_or_else(|| default.into(), |value| value.to_string_lossy().into_owned());
    value.parse().map_err(|error| Mistake::new(variable, format!("`{value}`: {error}")))
}

/// Where another service is, by the address in a variable or by `default`.
///
/// # Errors
/// A value that is no URL of HTTP; the text names the variable and the value.
pub fn service(variable: &str, default: &str) -> Result<Url, Mistake> {
    let said: String = or_default(variable, default)?;
    let url = Url::parse(&said).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mistake = || Mistake::new(variable, format!("`{said}` is no URL such as {default}"));
    url.ok_or_else(mistake)
}

/// Listens on the address in a variable, or on `default`; with `SHOP_REUSE_PORT=1` beside others, so that a new instance is
/// there before the old one is told to go.
///
/// # Errors
/// A value that is no address, or one that cannot be listened on; the text names the variable and the address.
pub fn listen(variable: &str, default: &str) -> Result<TcpListener, Mistake> {
    let addr: SocketAddr = or_default(variable, default)?;
    let failed = |error| Mistake::new(variable, format!("cannot listen on {addr}: {error}"));
    let is_shared = std::env::var_os("SHOP_REUSE_PORT").is_some_and(|value| value == "1");
    bind(addr, is_shared).map_err(failed)
}

fn bind(addr: SocketAddr, is_shared: bool) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if is_shared {
        socket.set_reuseport(true)?;
    }
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}
