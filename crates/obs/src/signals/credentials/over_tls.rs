//! Clients over HTTP where TLS is built in.

use obs_export::http::ClientSettings;

use crate::config::Credentials;
use crate::signals::credentials::{Wrong, tls::tls};

pub(super) const IS_BUILT_IN: bool = true;

pub(super) fn over_tls(client: ClientSettings, credentials: &Credentials) -> Result<ClientSettings, Wrong> {
    Ok(client.tls(tls(credentials)?))
}
