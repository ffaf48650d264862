//! What kind of program speaks, by the numbers of RFC 5424, table 1.

use std::str::FromStr;

use super::SyslogError;

/// What kind of program speaks (RFC 5424, table 1). The kernel's own number is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Facility {
    /// A program of a user's.
    User = 1,
    /// The mail system.
    Mail = 2,
    /// A system service; the default.
    #[default]
    Daemon = 3,
    /// Who came in.
    Auth = 4,
    /// The receiver of lines itself.
    Syslog = 5,
    /// Printers.
    Lpr = 6,
    /// Network news.
    News = 7,
    /// UUCP.
    Uucp = 8,
    /// What runs by the clock.
    Cron = 9,
    /// Who came in, for few eyes.
    Authpriv = 10,
    /// FTP.
    Ftp = 11,
    /// NTP.
    Ntp = 12,
    /// The audit log.
    Audit = 13,
    /// Alerts.
    Alert = 14,
    /// The clock.
    Clock = 15,
    /// For local use.
    Local0 = 16,
    /// For local use.
    Local1 = 17,
    /// For local use.
    Local2 = 18,
    /// For local use.
    Local3 = 19,
    /// For local use.
    Local4 = 20,
    /// For local use.
    Local5 = 21,
    /// For local use.
    Local6 = 22,
    /// For local use.
    Local7 = 23,
}

impl Facility {
    /// All of them, by the words they are known by.
    pub const ALL: [(&'static str, Self); 23] = [
        ("user", Self::User),
        ("mail", Self::Mail),
        ("daemon", Self::Daemon),
        ("auth", Self::Auth),
        ("syslog", Self::Syslog),
        ("lpr", Self::Lpr),
        ("news", Self::News),
        ("uucp", Self::Uucp),
        ("cron", Self::Cron),
        ("authpriv", Self::Authpriv),
        ("ftp", Self::Ftp),
        ("ntp", Self::Ntp),
        ("audit", Self::Audit),
        ("alert", Self::Alert),
        ("clock", Self::Clock),
        ("local0", Self::Local0),
        ("local1", Self::Local1),
        ("local2", Self::Local2),
        ("local3", Self::Local3),
        ("local4", Self::Local4),
        ("local5", Self::Local5),
        ("local6", Self::Local6),
        ("local7", Self::Local7),
    ];

    /// PRI, without its brackets.
    pub(super) const fn priority(self, severity: u8) -> u8 {
        self as u8 * 8 + severity
    }
}

impl FromStr for Facility {
    type Err = SyslogError;

    fn from_str(word: &str) -> Result<Self, SyslogError> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == word);
        found.map(|(_, facility)| facility).ok_or(SyslogError::Facility)
    }
}
