//! A tunnel through a proxy.
//!
//! hyper speaks it, so that a refusal has its status and its words: of `hyper_util`'s own `Tunnel` only 407 is told
//! apart, and why a proxy says 403 or 502 is what an operator needs to know.

use std::fmt;

use bytes::Bytes;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::{Method, Request, Response, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Proxy;
use crate::http::settings::AGENT;

/// The most characters of a proxy's words that are kept.
const WORDS: usize = 200;

type Tcp = TokioIo<TcpStream>;
type Error = Box<dyn std::error::Error + Send + Sync>;

/// A proxy would not let a connection through.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TunnelRefused {
    /// The proxy, without credentials.
    pub proxy: String,
    /// The status of its answer.
    pub status: u16,
    /// Its words, on one line.
    pub words: String,
}

/// Asks the proxy at the other end for a tunnel to the target.
pub(super) async fn open(tcp: Tcp, proxy: &Proxy, target: &Uri) -> Result<Tcp, Error> {
    let host = target.host().unwrap_or_default();
    // A port has to be there (RFC 9110, section 9.3.6).
    let authority = format!("{host}:{}", target.port_u16().unwrap_or(443));
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = authority.parse()?;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::try_from(authority)?);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(authorization) = &proxy.authorization {
        headers.insert(PROXY_AUTHORIZATION, authorization.clone());
    }
    let (mut requests, connection) = http1::handshake(tcp).await?;
    // It ends when its requests do, or when it is a tunnel.
    tokio::spawn(connection.with_upgrades());
    let response = requests.send_request(request).await?;
    if !response.status().is_success() {
        return Err(refused(proxy, &response).into());
    }
    let parts = hyper::upgrade::on(response).await?.downcast::<Tcp>();
    match parts {
        // Whoever is at the other end waits for us to speak first.
        Ok(parts) if parts.read_buf.is_empty() => Ok(parts.io),
        _ => Err("proxy speaks in the place of the target".into()),
    }
}

fn refused(proxy: &Proxy, response: &Response<Incoming>) -> TunnelRefused {
    let status = response.status();
    let own =
        response.extensions().get::<ReasonPhrase>().map(|words| String::from_utf8_lossy(words.as_bytes()));
    let words = own.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().into());
    let plain = words.chars().filter(|char| !char.is_control()).take(WORDS).collect();
    TunnelRefused { proxy: proxy.to_string(), status: status.as_u16(), words: plain }
}

impl fmt::Display for TunnelRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, status, words } = self;
        write!(f, "proxy {proxy} refuses the tunnel: {status} {words}")
    }
}

impl std::error::Error for TunnelRefused {}
