//! TLS of the listener, by rustls.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::socket::Stream;
use crate::config::{Clients, WebTls};

/// How connections are made private.
#[derive(Clone)]
pub(super) struct Tls(TlsAcceptor);

/// The key that is wrong, and what is, but nothing of what its file holds.
pub(super) type Wrong = (&'static str, String);

impl Tls {
    pub(super) fn new(choice: &WebTls) -> Result<Self, Wrong> {
        let at = |key, path: &Path, what: &dyn fmt::Display| (key, format!("{}: {what}", path.display()));
        let certificates = |key, path: &Path| {
            let found: Result<Vec<_>, _> =
                CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
            let found = found.map_err(|error| at(key, path, &error))?;
            if found.is_empty() { Err(at(key, path, &"no certificate in it")) } else { Ok(found) }
        };
        let chain = certificates("cert_file", &choice.cert_file)?;
        let key = PrivateKeyDer::from_pem_file(&choice.key_file)
            .map_err(|error| at("key_file", &choice.key_file, &error))?;
        let provider = Arc::new(ring::default_provider());
        let mut versions = Vec::new();
        versions.extend(choice.versions.1.then_some(&TLS13));
        versions.extend(choice.versions.0.then_some(&TLS12));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|error| ("min_version", error.to_string()))?;
        let builder = match &choice.client_ca_file {
            Some(path) if choice.clients != Clients::Anybody => {
                let wrong = |error: &dyn fmt::Display| at("client_ca_file", path, error);
                let mut roots = RootCertStore::empty();
                for certificate in certificates("client_ca_file", path)? {
                    roots.add(certificate).map_err(|error| wrong(&error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match choice.clients {
                    Clients::MayShow => verifier.allow_unauthenticated(),
                    _ => verifier,
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| wrong(&error))?)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| at("cert_file", &choice.cert_file, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The connection in private, and whether the other end has shown a certificate.
    pub(super) async fn accept(&self, stream: Box<dyn Stream>) -> io::Result<(Box<dyn Stream>, bool)> {
        let stream = self.0.accept(stream).await?;
        // What was shown and could not be verified has ended the handshake.
        let is_certified = stream.get_ref().1.peer_certificates().is_some_and(|shown| !shown.is_empty());
        Ok((Box::new(stream), is_certified))
    }
}
