//! Whom to believe over TLS, and who we are: rustls with the system's certificates or an operator's own.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Whom to believe over TLS, and how to prove who we are. The files are read when a client is made.
#[derive(Clone, Default)]
#[must_use]
pub struct Tls {
    ca_file: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Believes the authorities that the system believes, and proves nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Believes the authorities in this PEM file and no others. Default: those of the system.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// The certificate, its chain after it, and the private key to show to servers that ask, each in a PEM file.
    /// Default: none.
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Reads the files as a client that is made does, so that what is wrong with them is known before.
    ///
    /// # Errors
    /// The file that cannot be used and why, but nothing of what it holds.
    pub fn check(&self) -> io::Result<()> {
        let roots = self.ca_file.as_deref().map_or_else(|| Ok(RootCertStore::empty()), authorities)?;
        self.config_with(roots).map(drop)
    }

    pub(crate) fn config(&self) -> io::Result<ClientConfig> {
        let roots = match &self.ca_file {
            Some(path) => authorities(path)?,
            // A system without any is no fault as long as nothing is asked over TLS; then it says so itself.
            None => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        self.config_with(roots)
    }

    fn config_with(&self, roots: RootCertStore) -> io::Result<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        match &self.identity {
            None => Ok(builder.with_no_client_auth()),
            Some((certificate, key_file)) => {
                let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| at(key_file, error))?;
                let chain = certificates(certificate)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| at(certificate, error))
            }
        }
    }
}

fn authorities(path: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| at(path, error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    let found = found.map_err(|error| at(path, error))?;
    if found.is_empty() { Err(at(path, "no certificate in it")) } else { Ok(found) }
}

/// The file and what is wrong with it, but nothing of what it holds.
fn at(path: &Path, what: impl fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca_file", &self.ca_file)
            .field("certificate", &self.identity.as_ref().map(|(certificate, _)| certificate))
            .finish_non_exhaustive()
    }
}
