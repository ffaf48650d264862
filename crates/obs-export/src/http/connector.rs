//! Connections where no TLS is built in: TCP alone.

use std::io;

use hyper_util::client::legacy::connect::HttpConnector;

use super::ClientSettings;
use super::proxy::Via;

/// Whether `https://` can be reached.
pub(super) const HTTPS: bool = false;

pub(super) type Connector = Via;

/// Nothing to choose.
#[derive(Clone, Debug, Default)]
pub(super) struct Tls(());

pub(super) fn connector(settings: &ClientSettings, _: &[&[u8]]) -> io::Result<Connector> {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(settings.connect_timeout));
    connector.set_nodelay(true);
    Ok(Via::new(connector, settings.proxies.clone()))
}
