//! Over TLS: who is believed, who is shown to be whom, and that neither works by accident.
//!
//! The certificates are an authority's that signed nothing else and whose key was thrown away; they hold until 2126.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use obs_export::http::{Call, CallError, Client, ClientSettings, Endpoint, Once, Retry, Tls};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::stub::LONG;

pub(crate) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

/// Whether the server wants to see a client's certificate.
#[derive(Clone, Copy)]
pub(crate) enum Clients {
    Anybody,
    Shown,
    /// Anybody, by a server whose certificate expired in 2020.
    Late,
}

/// A server that answers each connection with 200 and the number of bytes that came.
pub(crate) fn serve(clients: Clients) -> SocketAddr {
    let certificate = |name: &str| CertificateDer::from_pem_file(file(name)).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Clients::Anybody | Clients::Late => builder.with_no_client_auth(),
        Clients::Shown => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate("ca.pem")).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let name = if matches!(clients, Clients::Late) { "expired" } else { "server" };
    let key = PrivateKeyDer::from_pem_file(file(&format!("{name}.key"))).unwrap();
    let chain = vec![certificate(&format!("{name}.pem"))];
    let config = Arc::new(builder.with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut request = vec![0; 4_096];
            // A handshake that fails ends here.
            let Ok(read) = stream.read(&mut request) else { continue };
            assert!(request[..read].starts_with(b"PUT / HTTP/1.1\r\n"));
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nover");
        }
    });
    address
}

/// A server that hands on what each connection agreed on and begins with, and ends it.
#[cfg(feature = "grpc")]
fn overhear() -> (SocketAddr, std::sync::mpsc::Receiver<[Vec<u8>; 2]>) {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let (send, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        let mut begin = vec![0; 24];
        stream.read_exact(&mut begin).unwrap();
        send.send([stream.conn.alpn_protocol().unwrap_or_default().to_vec(), begin]).unwrap();
    });
    (address, heard)
}

#[cfg(feature = "grpc")]
#[test]
fn grpc_agrees_on_http_2_and_begins_with_it() {
    use obs_export::http::{Post, Protocol};
    use obs_export::queue::{Batch, Settings, Worker};

    struct Bare;
    impl Protocol for Bare {
        fn wrap(&mut self, _: &mut Batch, _: &mut Vec<u8>, _: &mut Vec<u8>) {}
    }

    let (address, heard) = overhear();
    let endpoint = Endpoint::parse(&format!("https://{address}")).unwrap();
    let settings = ClientSettings::new().tls(Tls::new().ca_file(file("ca.pem")));
    let post = Post::grpc(settings, endpoint, "/a/B", Bare).unwrap();
    let worker = Worker::spawn(Settings::new("t").linger(Duration::ZERO), "test", post).unwrap();
    worker.queue().push(b"x");
    let [agreed, begin] = heard.recv_timeout(LONG).unwrap();
    assert_eq!(agreed, b"h2");
    assert_eq!(begin, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

fn ask(address: SocketAddr, tls: Tls) -> Result<Vec<u8>, CallError> {
    let endpoint = Endpoint::parse(&format!("https://{address}")).unwrap();
    let retry = Retry::new().budget(Duration::from_millis(1));
    let once = Once::new(ClientSettings::new().tls(tls), retry);
    let response = once.call(Call::new(Method::PUT, endpoint).body("text/plain", "x"), LONG)?;
    Ok(response.body.to_vec())
}

#[test]
fn an_authority_of_ones_own_is_believed_and_only_where_it_is_given() {
    let address = serve(Clients::Anybody);
    assert_eq!(ask(address, Tls::new().ca_file(file("ca.pem"))).unwrap(), b"over");
    for tls in [Tls::new(), Tls::new().ca_file(file("client.pem"))] {
        let error = ask(address, tls).unwrap_err();
        assert!(matches!(error, CallError::Unreachable { .. }), "{error:?}");
        assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    }
}

#[test]
fn a_server_that_asks_sees_the_certificate() {
    let address = serve(Clients::Shown);
    let tls = Tls::new().ca_file(file("ca.pem"));
    assert!(ask(address, tls.clone()).is_err());
    let shown = tls.client_certificate(file("client.pem"), file("client.key"));
    assert_eq!(ask(address, shown).unwrap(), b"over");
}

#[test]
fn a_plain_endpoint_is_reached_in_the_same_client() {
    let stub = crate::stub::Stub::start([crate::stub::Answer::status(200)]);
    let once = Once::new(ClientSettings::new().tls(Tls::new().ca_file(file("ca.pem"))), Retry::new());
    once.call(Call::new(Method::PUT, Endpoint::parse(&stub.url()).unwrap()), LONG).unwrap();
}

#[test]
fn files_that_cannot_be_used_are_named_at_once() {
    let missing = Tls::new().ca_file(file("absent.pem"));
    let no_certificate = Tls::new().ca_file(file("server.key"));
    let no_key = Tls::new().client_certificate(file("client.pem"), file("client.pem"));
    let other_key = Tls::new().client_certificate(file("client.pem"), file("server.key"));
    for (tls, named) in [
        (missing, "absent.pem: "),
        (no_certificate, "server.key: no certificate in it"),
        (no_key, "client.pem: "),
        (other_key, "client.pem: "),
    ] {
        let error = Client::new(ClientSettings::new().tls(tls)).unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains("BEGIN"), "{error}");
    }
}
