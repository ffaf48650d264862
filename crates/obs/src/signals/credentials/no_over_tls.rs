//! Clients over HTTP without TLS, which is not built in.

use obs_export::http::ClientSettings;

use crate::config::Credentials;
use crate::signals::credentials::Wrong;

pub(super) const IS_BUILT_IN: bool = false;

/// The same client: that nothing is chosen for TLS has been seen to.
#[expect(clippy::unnecessary_wraps, reason = "where TLS is built in files may be wrong")]
pub(super) fn over_tls(client: ClientSettings, _: &Credentials) -> Result<ClientSettings, Wrong> {
    Ok(client)
}
