//! How one service reaches the next.

use std::io;
use std::time::Duration;

use reqwest::redirect::Policy;
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
        // None of them redirects, and what goes along with a call is for one of them alone.
        .redirect(Policy::none())
        // The services are neighbours: a proxy of the environment is not meant for them.
        .no_proxy()
        .build()
}

/// A path of the service at `base`, which may itself be under a path, as behind a proxy.
pub fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// Whether something listens where `url` points to. A connection is enough: what it answers is shown by the calls.
///
/// # Errors
/// A URL without a host, and whatever keeps the connection from being made.
pub async fn reaches(url: &Url) -> io::Result<()> {
    let host = url.host_str().ok_or_else(|| io::Error::other("the URL has no host"))?;
    let port = url.port_or_known_default().ok_or_else(|| io::Error::other("the URL has no port"))?;
    // A URL has an IPv6 address in brackets, and a resolver has not.
    TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_service_is_under_that_of_its_url() {
        for (base, expected) in [
            ("http://a:1", "http://a:1/v2/pay"),
            ("http://a:1/", "http://a:1/v2/pay"),
            ("http://a/shop/", "http://a/shop/v2/pay"),
        ] {
            assert_eq!(under(&base.parse().unwrap(), "/v2/pay").as_str(), expected);
        }
    }

    #[tokio::test]
    async fn a_service_is_reached_by_name_and_by_either_kind_of_address() {
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let listener = tokio::net::TcpListener::bind(format!("{host}:0")).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let url = |port| format!("http://{host}:{port}/v1").parse().unwrap();
            reaches(&url(port)).await.unwrap_or_else(|error| panic!("{host}: {error}"));
            drop(listener);
            assert!(reaches(&url(port)).await.is_err(), "{host}");
        }
    }
}
