//! Collectors over TLS with certificates of an authority of these tests.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::called::{Called, Say};

/// Where certificates and keys are.
pub(crate) fn path(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../obs-export/tests/it/tls");
    folder.join(name).to_str().unwrap().to_owned()
}

/// Whom a server wants to see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    Anybody,
    Shown,
}

/// A server of gRPC at a local address, with the certificate of this name.
pub(crate) fn collector(name: &str, ip: &'static str, clients: Clients) -> Called {
    let certificate = |name: &str| CertificateDer::from_pem_file(path(name)).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Clients::Anybody => builder.with_no_client_auth(),
        Clients::Shown => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate("ca.pem")).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_file(path(&format!("{name}.key"))).unwrap();
    let chain = vec![certificate(&format!("{name}.pem"))];
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Called::over("https", ip, [Say::status(0)], move |stream| {
        let accept = acceptor.accept(stream);
        async { accept.await.ok() }
    })
}
