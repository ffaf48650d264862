//! Who we are to other machines and whom we believe, from what was chosen to what the ways out take.

#[cfg(any(feature = "traces", feature = "logs-ship"))]
mod http;
#[cfg(any(
    feature = "traces-tls",
    feature = "logs-ship-tls",
    feature = "logs-syslog-tls",
    all(feature = "metrics-push-tls", any(feature = "traces", feature = "logs-ship"))
))]
mod tls;

use std::fmt;

use crate::config::Credentials;

#[cfg(any(feature = "traces", feature = "logs-ship"))]
pub(super) use http::client;
#[cfg(feature = "traces")]
pub(super) use http::identified;
#[cfg(feature = "logs-syslog-tls")]
pub(super) use tls::tls;

/// What is wrong, and at which key. Repeats no secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) key: &'static str,
    pub(super) what: String,
}

impl Wrong {
    fn at<E: fmt::Display>(key: &'static str) -> impl Fn(E) -> Self {
        move |what| Self { key, what: what.to_string() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its `{}`: {}", self.key, self.what)
    }
}

/// That nothing is chosen for TLS where it is not built in.
///
/// # Errors
/// The first key that is.
pub(super) fn possible(credentials: &Credentials, is_built_in: bool, feature: &str) -> Result<(), Wrong> {
    let Credentials { ca_file, certificate, key_file, .. } = credentials;
    let files = [("ca_file", ca_file), ("certificate", certificate), ("key_file", key_file)];
    match files.into_iter().find(|(_, file)| file.is_some() && !is_built_in) {
        Some((key, _)) => {
            Err(Wrong::at(key)(format!("TLS is not built in: it needs the feature `{feature}`")))
        }
        None => Ok(()),
    }
}
