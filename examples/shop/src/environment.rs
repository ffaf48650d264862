//! What an operator says by variables.

use std::error::Error;
use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;

use tokio::net::TcpListener;

/// The value of a variable, or of `default` where it is not set or empty.
///
/// # Errors
/// A value that is no `T`; the text names the variable and the value.
pub fn or_default<T>(variable: &str, default: &str) -> Result<T, Box<dyn Error>>
where
    T: FromStr<Err: Display>,
{
    let set = std::env::var_os(variable).filter(|value| !value.is_empty());
    let value = set.map_or_else(|| default.into(), |value| value.to_string_lossy().into_owned());
    value.parse().map_err(|error| format!("{variable}: `{value}`: {error}").into())
}

/// Listens on the address in a variable, or on `default`.
///
/// # Errors
/// A value that is no address, or one that cannot be listened on; the text names the variable and the address.
pub async fn listen(variable: &str, default: &str) -> Result<TcpListener, Box<dyn Error>> {
    let addr: SocketAddr = or_default(variable, default)?;
    TcpListener::bind(addr).await.map_err(|error| format!("{variable}: `{addr}`: {error}").into())
}
