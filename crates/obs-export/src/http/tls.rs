//! Connections where TLS is built in: rustls over TCP.

use std::io;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;

use super::ClientSettings;
use super::proxy::Via;
pub(super) use crate::tls::Tls;

/// Whether `https://` can be reached.
pub(super) const HTTPS: bool = true;

pub(super) type Connector = HttpsConnector<Via>;

impl ClientSettings {
    /// Certificates over TLS; default [`Tls::new`].
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

pub(super) fn connector(settings: &ClientSettings, alpn: &[&[u8]]) -> io::Result<Connector> {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(settings.connect_timeout));
    connector.set_nodelay(true);
    // Otherwise it takes `https` for a mistake.
    connector.enforce_http(false);
    let mut config = settings.tls.config()?;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok((Via::new(connector, settings.proxies.clone()), config).into())
}
