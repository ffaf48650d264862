//! Clients over HTTP with headers and credentials.

#[cfg_attr(
    not(any(feature = "traces-tls", feature = "logs-ship-tls", feature = "metrics-push-tls")),
    path = "no_over_tls.rs"
)]
#[cfg_attr(
    any(feature = "traces-tls", feature = "logs-ship-tls", feature = "metrics-push-tls"),
    path = "over_tls.rs"
)]
mod over_tls;

use std::time::Duration;

use obs_export::http::ClientSettings;

use super::{Wrong, possible};
use crate::config::Credentials;

/// A client with these headers and credentials; `feature` is what brings it TLS.
///
/// # Errors
/// What cannot be asked of it, at its key.
pub(in crate::signals) fn client(
    timeout: Duration,
    headers: &[(String, String)],
    credentials: &Credentials,
    feature: &str,
) -> Result<ClientSettings, Wrong> {
    let mut client = ClientSettings::new().request_timeout(timeout);
    for (name, value) in headers {
        client = client.header(name, value).map_err(Wrong::at("headers"))?;
    }
    identified(client, credentials, feature)
}

/// The same client with these credentials.
///
/// # Errors
/// As [`client`].
pub(in crate::signals) fn identified(
    mut client: ClientSettings,
    credentials: &Credentials,
    feature: &str,
) -> Result<ClientSettings, Wrong> {
    let Credentials { user, password, token, .. } = credentials;
    if let Some(user) = user {
        let password = password.as_deref().unwrap_or_default();
        client = client.basic_auth(user, password).map_err(Wrong::at("user"))?;
    }
    if let Some(token) = token {
        if user.is_some() {
            return Err(Wrong::at("token")("there is a `user` too, and one of them is used"));
        }
        client = client.bearer(token).map_err(Wrong::at("token"))?;
    }
    possible(credentials, over_tls::IS_BUILT_IN, feature)?;
    over_tls::over_tls(client, credentials)
}
