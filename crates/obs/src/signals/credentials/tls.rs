//! Certificates, their keys, and authorities.

use obs_export::tls::Tls;

use super::Wrong;
use crate::config::Credentials;

/// Over TLS as chosen. The files are read once here, so that what is wrong with them is known before anything starts.
///
/// # Errors
/// The file that cannot be used and why, at its key.
pub(in crate::signals) fn tls(credentials: &Credentials) -> Result<Tls, Wrong> {
    let mut tls = Tls::new();
    if let Some(file) = &credentials.ca_file {
        tls = tls.ca_file(file);
        tls.check().map_err(Wrong::at("ca_file"))?;
    }
    match (&credentials.certificate, &credentials.key_file) {
        (Some(certificate), Some(key)) => {
            tls = tls.client_certificate(certificate, key);
            tls.check().map_err(Wrong::at("certificate"))?;
        }
        (None, None) => {}
        (Some(_), None) => return Err(Wrong::at("certificate")("there is no `key_file` beside it")),
        (None, Some(_)) => return Err(Wrong::at("key_file")("there is no `certificate` beside it")),
    }
    Ok(tls)
}
