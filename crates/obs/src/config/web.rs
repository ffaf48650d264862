//! What a web config file says: TLS, headers and users of the admin listener, in the format that exporters of
//! Prometheus share.

use std::path::PathBuf;

/// What is in such a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebConfig {
    /// Where the file is, for those who look at it again.
    pub(crate) file: PathBuf,
    pub(crate) tls: Option<WebTls>,
    /// What is put onto every answer: name and value.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Names, and the bcrypt hashes of their passwords.
    pub(crate) users: Vec<(String, String)>,
}

/// How connections are made private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebTls {
    /// PEM: the certificate, and its chain after it.
    pub(crate) cert_file: PathBuf,
    /// PEM: its private key.
    pub(crate) key_file: PathBuf,
    pub(crate) clients: Clients,
    /// PEM: who vouches for clients.
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Whether TLS 1.2 and TLS 1.3 are spoken; one of them is.
    pub(crate) versions: (bool, bool),
}

/// What clients show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clients {
    /// Nothing.
    Anybody,
    /// A certificate that is verified, or none.
    MayShow,
    /// A certificate that is verified.
    MustShow,
}

impl WebConfig {
    /// Whether whoever asks can prove who they are.
    pub(crate) fn identifies(&self) -> bool {
        !self.users.is_empty() || self.tls.as_ref().is_some_and(|tls| tls.clients == Clients::MustShow)
    }
}
