//! Lines to syslog, as messages of RFC 5424: over TCP (RFC 6587), TLS (RFC 5425), UDP (RFC 5426) and Unix's sockets.
//!
//! Nobody answers: a line is delivered once all of it is written to the socket.

mod facility;
mod frame;
mod url;

use std::fs;
use std::sync::Arc;

use obs_core::Base;
use obs_export::socket::{Address, Retry, SocketSettings};

pub use facility::Facility;
use frame::Message;
pub use url::SyslogError;

use super::sockets::{GATHERING, seen};
use super::{Framed, Shipped};
use crate::Output;

/// The name of our structured data. The number is the one that RFC 5612 keeps for examples, as there is none of our own.
const SD_ID: &str = "obs@32473";

/// Where Linux keeps the host's name.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// Lines to a receiver of syslog.
///
/// ```
/// use obs_logs::{Facility, Output, Syslog};
///
/// let syslog = Syslog::new("tcp://logs-1:601")?.or_at("tcp://logs-2:601")?.facility(Facility::Local0);
/// let output = Output::from(syslog).named("syslog");
/// # drop(output);
/// # Ok::<(), obs_logs::SyslogError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Syslog {
    addresses: Vec<Address>,
    facility: Facility,
    sd_id: String,
    hostname: Option<String>,
    settings: SocketSettings,
    retry: Retry,
}

impl Syslog {
    /// The receiver at this URL: `tcp://host:601`, `tls://host:6514`, `udp://host:514` (with these ports where it names
    /// none) or `unix:///dev/log`, to which datagrams are sent, and where it takes none a stream.
    ///
    /// # Errors
    /// [`SyslogError`]: what is wrong with it.
    pub fn new(url: &str) -> Result<Self, SyslogError> {
        Ok(Self {
            addresses: vec![url::parse(url)?],
            facility: Facility::default(),
            sd_id: SD_ID.to_owned(),
            hostname: None,
            settings: SocketSettings::new(),
            retry: Retry::new(),
        })
    }

    /// A further receiver of the same lines, tried where the one before has trouble.
    ///
    /// # Errors
    /// As [`Syslog::new`].
    pub fn or_at(mut self, url: &str) -> Result<Self, SyslogError> {
        self.addresses.push(url::parse(url)?);
        Ok(self)
    }

    /// What kind of program speaks; default [`Facility::Daemon`].
    pub fn facility(mut self, facility: Facility) -> Self {
        self.facility = facility;
        self
    }

    /// The name of the structured data that holds `trace_id`, `span_id` and `request_id`: a name, `@` and the private
    /// enterprise number of whom it belongs to; default `obs@32473`, which RFC 5612 keeps for examples.
    ///
    /// # Errors
    /// [`SyslogError::SdId`] for what the grammar does not allow, or a number that is none.
    pub fn sd_id(mut self, name: &str) -> Result<Self, SyslogError> {
        let is_of_a_name = |byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'=' | b']' | b'"' | b'@');
        let (before, number) = name.split_once('@').ok_or(SyslogError::SdId)?;
        let fits = name.len() <= frame::SD_NAME && !before.is_empty() && before.bytes().all(is_of_a_name);
        // A number, or one with others of its owner's behind it.
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !fits || !number.split('.').all(is_number) {
            return Err(SyslogError::SdId);
        }
        self.sd_id = name.to_owned();
        Ok(self)
    }

    /// The name of this host; default what the system says, or none.
    ///
    /// # Errors
    /// [`SyslogError::Hostname`]: what the grammar does not allow.
    pub fn hostname(mut self, name: &str) -> Result<Self, SyslogError> {
        let fits = (1..=frame::HOSTNAME).contains(&name.len());
        if !fits || !name.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
            return Err(SyslogError::Hostname);
        }
        self.hostname = Some(name.to_owned());
        Ok(self)
    }

    /// Time-outs, the size of a datagram, and certificates; default [`SocketSettings::new`].
    pub fn settings(mut self, settings: SocketSettings) -> Self {
        self.settings = settings;
        self
    }

    /// How long a receiver that cannot be reached is tried; default [`Retry::new`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl From<Syslog> for Output {
    fn from(syslog: Syslog) -> Self {
        let Syslog { addresses, facility, sd_id, hostname, settings, retry } = syslog;
        let (batch_bytes, linger) = GATHERING;
        let shipped = Shipped {
            frame: Box::new(move |base| {
                let hostname = hostname.unwrap_or_else(name_of_the_host);
                Arc::new(Message::new(facility, &hostname, &base.resource.name, &sd_id))
            }),
            is_record: false,
            batch_bytes,
            linger,
            content: "syslog",
            open: Box::new(move |base: &Arc<Base>, pipeline| {
                let first = addresses.first().map(ToString::to_string).unwrap_or_default();
                let shown = format!("{} ({first})", pipeline.trim_start_matches("logs_"));
                Ok(seen(settings.dispatch(addresses)?, retry, base, shown))
            }),
        };
        Self::shipped("logs_syslog", shipped)
    }
}

/// Nothing where it is not known.
fn name_of_the_host() -> String {
    let name = fs::read_to_string(HOSTNAME).or_else(|_| fs::read_to_string("/etc/hostname"));
    name.map(|name| name.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structured_data_is_named_by_the_grammar() {
        let named = |name: &str| Syslog::new("udp://logs").unwrap().sd_id(name).map(|syslog| syslog.sd_id);
        for name in ["obs@32473", "a@1", "x.y-z@32473.1.2", &format!("{}@1", "n".repeat(30))] {
            assert_eq!(named(name).as_deref(), Ok(name));
        }
        let long = format!("{}@1", "n".repeat(31));
        for name in
            ["", "obs", "@1", "a@", "a@x", "a@1.", "a b@1", "a=@1", "a]@1", "a\"@1", "é@1", "a@b@1", &long]
        {
            assert_eq!(named(name), Err(SyslogError::SdId), "{name}");
        }
    }

    #[test]
    fn facilities_have_the_numbers_of_the_table() {
        for (word, number) in
            [("user", 1), ("daemon", 3), ("authpriv", 10), ("clock", 15), ("local0", 16), ("local7", 23)]
        {
            assert_eq!(word.parse::<Facility>().map(|facility| facility as u8), Ok(number), "{word}");
        }
        for word in ["", "kern", "LOCAL0", "local8", "1"] {
            assert_eq!(word.parse::<Facility>(), Err(SyslogError::Facility), "{word}");
        }
        assert!(Facility::ALL.windows(2).all(|pair| pair[0].1 as u8 + 1 == pair[1].1 as u8));
        assert_eq!(Facility::Local4.priority(5), 165);
    }
}
