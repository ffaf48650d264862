//! Connections where TLS is built in: rustls over TCP.

use std::io;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{AlertDescription, CertificateError};

use super::ClientSettings;
use super::Trouble;
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

/// What rustls says, in plain words.
pub(super) fn trouble(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let error = error.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(wrong) => match wrong {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Trouble::Expired,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Trouble::Authority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Trouble::OtherName
            }
            _ => Trouble::Certificate,
        },
        rustls::Error::AlertReceived(
            AlertDescription::AccessDenied
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate,
        ) => Trouble::OurCertificate,
        _ => Trouble::Tls,
    })
}
