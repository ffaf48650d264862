//! Over TLS: who is believed, and that nothing counts as delivered that the other side has turned down.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use obs_export::socket::{SocketSettings, Tls};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use tracing::info;

use crate::receivers::{Receiver, Stream};
use crate::sending::{Sending, hasty, numbers, quick, syslog};

pub(crate) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../obs-export/tests/it/tls").join(name)
}

/// Whether it wants to see a client's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    Anybody,
    Shown,
}

/// Tickets are what most say once they have looked at a client; with none they say nothing.
pub(crate) fn receiver(
    version: &'static SupportedProtocolVersion,
    clients: Clients,
    tickets: usize,
) -> Receiver {
    let certificate = |name| CertificateDer::from_pem_file(file(name)).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&[version]).unwrap();
    let builder = match clients {
        Clients::Anybody => builder.with_no_client_auth(),
        Clients::Shown => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate("ca.pem")).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let mut config = builder.with_single_cert(vec![certificate("server.pem")], key).unwrap();
    config.send_tls13_tickets = tickets;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tls://{}", listener.local_addr().unwrap());
    Receiver::on(url, move || {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let stream = listener.accept().unwrap().0;
        Box::new(StreamOwned::new(connection, stream)) as Box<dyn Stream>
    })
}

fn send(receiver: &Receiver, tls: Tls, lines: u64) -> (u64, u64, Vec<(String, u64)>) {
    let settings = SocketSettings::new().tls(tls);
    // Long enough for a handshake where one is to succeed.
    let retry = if lines > 10 { quick() } else { hasty() };
    let mut sending = Sending::to(syslog(&receiver.url).settings(settings).retry(retry));
    sending.say(|| (0..lines).for_each(|n| info!(n, "a line")));
    sending.end(crate::sending::LONG);
    sending.books()
}

fn shown() -> Tls {
    Tls::new().ca_file(file("ca.pem")).client_certificate(file("client.pem"), file("client.key"))
}

#[test]
fn lines_arrive_in_order_over_both_versions() {
    for version in [&TLS12, &TLS13] {
        for tickets in [0, 4] {
            for (clients, tls) in
                [(Clients::Anybody, Tls::new().ca_file(file("ca.pem"))), (Clients::Shown, shown())]
            {
                let receiver = receiver(version, clients, tickets);
                assert_eq!(send(&receiver, tls, 3_000), (3_000, 3_000, vec![]));
                assert_eq!(numbers(&receiver.all(3_000)), (0..3_000).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn nothing_goes_to_who_is_not_believed() {
    for version in [&TLS12, &TLS13] {
        for tls in [Tls::new(), Tls::new().ca_file(file("client.pem"))] {
            let receiver = receiver(version, Clients::Anybody, 4);
            let books = send(&receiver, tls, 3);
            assert_eq!(books, (3, 0, vec![(String::from("unreachable"), 3)]));
        }
    }
}

#[test]
fn nothing_counts_as_delivered_to_who_asks_for_a_certificate_and_gets_none() {
    for version in [&TLS12, &TLS13] {
        for tickets in [0, 4] {
            let receiver = receiver(version, Clients::Shown, tickets);
            let books = send(&receiver, Tls::new().ca_file(file("ca.pem")), 3);
            assert_eq!(books, (3, 0, vec![(String::from("unreachable"), 3)]));
        }
    }
}
