//! Loopback ports: free ones for servers of our own, and a clear word about one that is taken.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::Result;

/// `127.0.0.1:port`.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// As many different free ports as asked for. They are held together while being chosen, so that none comes twice.
pub(crate) fn free<const N: usize>() -> Result<[SocketAddr; N]> {
    let mut held = Vec::with_capacity(N);
    let mut chosen = [loopback(0); N];
    for slot in &mut chosen {
        let listener = TcpListener::bind(loopback(0)).map_err(|error| format!("no free port: {error}"))?;
        *slot = listener.local_addr().map_err(|error| format!("no free port: {error}"))?;
        held.push(listener);
    }
    Ok(chosen)
}

/// Says so when `port` cannot be listened on, and names the flag that chooses another.
pub(crate) fn available(port: u16, who: &str, flag: &str) -> Result<SocketAddr> {
    let address = loopback(port);
    match TcpListener::bind(address) {
        Ok(_) => Ok(address),
        Err(error) => Err(format!(
            "{who} cannot listen on {address}: {error}\nend what listens there, or choose others with {flag}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_a_taken_one_is_named() {
        let [a, b, c] = free::<3>().unwrap();
        assert!(a != b && b != c && a != c);
        let taken = TcpListener::bind(loopback(0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = available(port, "orders", "--port N").unwrap_err();
        assert!(
            error.contains(&port.to_string()) && error.contains("--port N") && error.contains("orders"),
            "{error}"
        );
    }
}
