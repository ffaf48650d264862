//! How one service reaches the next.

use std::io;
use std::time::Duration;

use reqwest::{Client, Url};
use tokio::net::TcpStream;

/// A client that keeps connections and gives each call at most `timeout`, so that one slow service cannot hold the
/// requests of the service before it for ever.
///
/// # Errors
/// What keeps reqwest from starting.
pub fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(1))
        .pool_max_idle_per_host(64)
        // The services are neighbours: a proxy of the environment is not meant for them.
        .no_proxy()
        .build()
}

/// Whether something listens where `url` points to. A connection is enough: what it answers is shown by the calls.
///
/// # Errors
/// A URL without a host, and whatever keeps the connection from being made.
pub async fn reaches(url: &Url) -> io::Result<()> {
    let host = url.host_str().ok_or_else(|| io::Error::other("the URL has no host"))?;
    let port = url.port_or_known_default().ok_or_else(|| io::Error::other("the URL has no port"))?;
    TcpStream::connect((host, port)).await.map(drop)
}
