//! Outputs of lines to syslog.

use std::fmt::Display;
use std::time::Duration;

use obs_export::socket::{Retry, SocketSettings};
use obs_logs::{Facility, Output, Syslog, SyslogError};

use crate::config::{Credentials, LogShip};
use crate::signals::credentials::{Wrong, possible};

/// An output to syslog.
///
/// # Errors
/// What cannot be asked of it, in words that hold no secret.
pub(super) fn output(ship: &LogShip, patience: Duration) -> Result<Output, String> {
    let is_over_tls = |url: &String| url.starts_with("tls://");
    if cfg!(not(feature = "logs-syslog-tls")) && ship.urls.iter().any(is_over_tls) {
        let what = "TLS is not built in, as its `url` asks for it: it needs the feature `logs-syslog-tls`";
        return Err(String::from(what));
    }
    let mut urls = ship.urls.iter().enumerate();
    let told_url = |at: usize| {
        move |error: SyslogError| match ship.urls.len() {
            1 => format!("its `url` {error}"),
            _ => format!("its `url` number {} {error}", at + 1),
        }
    };
    let (at, first) = urls.next().ok_or("it has no `url`")?;
    let mut syslog = Syslog::new(first).map_err(told_url(at))?;
    for (at, url) in urls {
        syslog = syslog.or_at(url).map_err(told_url(at))?;
    }
    if let Some(facility) = &ship.facility {
        syslog = syslog.facility(facility.parse::<Facility>().map_err(told("facility"))?);
    }
    if let Some(name) = &ship.sd_id {
        syslog = syslog.sd_id(name).map_err(told("sd_id"))?;
    }
    if let Some(name) = &ship.hostname {
        syslog = syslog.hostname(name).map_err(told("hostname"))?;
    }
    let mut settings = SocketSettings::new().timeout(ship.timeout);
    if let Some(bytes) = ship.max_datagram {
        settings = settings.datagram_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    let retry = Retry::new().budget(patience);
    let is_built_in = cfg!(feature = "logs-syslog-tls");
    let settings = possible(&ship.credentials, is_built_in, "logs-syslog-tls")
        .and_then(|()| tls(&ship.credentials, settings))
        .map_err(|wrong| wrong.to_string())?;
    Ok(syslog.settings(settings).retry(retry).into())
}

/// Without TLS nothing was chosen for it, which has been seen to.
#[cfg(not(feature = "logs-syslog-tls"))]
#[expect(clippy::unnecessary_wraps, reason = "where TLS is built in files may be wrong")]
fn tls(_: &Credentials, settings: SocketSettings) -> Result<SocketSettings, Wrong> {
    Ok(settings)
}

#[cfg(feature = "logs-syslog-tls")]
fn tls(credentials: &Credentials, settings: SocketSettings) -> Result<SocketSettings, Wrong> {
    Ok(settings.tls(crate::signals::credentials::tls(credentials)?))
}

fn told<E: Display>(key: &str) -> impl Fn(E) -> String {
    move |error| format!("its `{key}` {error}")
}
