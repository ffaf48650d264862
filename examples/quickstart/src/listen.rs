//! Where the service listens.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be taken.
const BACKLOG: u32 = 1_024;

/// `QUICKSTART_ADDR`, or 127.0.0.1:8080. With `QUICKSTART_REUSE_PORT=1` several instances listen on it at once, so
/// that a new one is there before the old one is told to go.
pub(crate) fn listen() -> Result<TcpListener, Box<dyn std::error::Error>> {
    let addr = std::env::var("QUICKSTART_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let bound = addr.parse().map_err(Into::into).and_then(bind);
    bound.map_err(|error: Box<dyn std::error::Error>| format!("{addr}: {error}").into())
}

fn bind(addr: SocketAddr) -> Result<TcpListener, Box<dyn std::error::Error>> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if std::env::var_os("QUICKSTART_REUSE_PORT").is_some_and(|value| value == "1") {
        socket.set_reuseport(true)?;
    }
    socket.bind(addr)?;
    Ok(socket.listen(BACKLOG)?)
}
