//! Troubles of TLS, in plain words.

use rustls::{AlertDescription, CertificateError};

use super::Trouble;

/// What rustls says, in plain words.
pub(crate) fn trouble(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
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
