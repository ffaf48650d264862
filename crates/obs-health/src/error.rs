//! What a check says when it fails, and why a registration is refused.

use std::error::Error;
use std::fmt::{self, Display};
use std::time::Duration;

use crate::text;

/// Why a dependency cannot be used: at most 256 bytes of text, without the credentials that were in it.
///
/// It is made from any error by `?`, with the errors behind it, or from any text by [`CheckError::new`]. What looks
/// like a secret is replaced: user and password of a URL, values of keys such as `password` or `token`,
/// authorization headers and signatures.
///
/// ```
/// use obs_health::CheckError;
///
/// let error = CheckError::new("cannot reach postgres://shop:hunter2@db:5432/shop?sslpassword=swordfish");
/// assert_eq!(error.to_string(), "cannot reach postgres://[redacted]@db:5432/shop?sslpassword=[redacted]");
/// ```
// It is no `Error` itself, or the conversion from any error would meet the one from itself.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckError(String);

impl CheckError {
    /// An error that says `why`. A `why` whose `Display` panics says so.
    pub fn new(why: impl Display) -> Self {
        Self(text::tell(format_args!("{why}")))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As from an error by `?`.
    pub(crate) fn of(error: &dyn Error) -> Self {
        Self(text::tell_error(error))
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl<E: Error> From<E> for CheckError {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

impl Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckError").field(&self.0).finish()
    }
}

/// Why settings are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// A duration or a threshold of zero, by the setting's name.
    Zero(&'static str),
    /// A check that passes would look stale before its next run can have ended.
    StaleTooSoon {
        /// What was asked for.
        stale_after: Duration,
        /// Interval plus time-out: the least there can be.
        least: Duration,
    },
}

impl Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero(setting) => write!(f, "`{setting}` is zero; it must be more"),
            Self::StaleTooSoon { stale_after, least } => write!(
                f,
                "`stale_after` is {stale_after:?}; it must be at least `interval` plus `timeout`, {least:?}"
            ),
        }
    }
}

impl Error for SettingsError {}

/// Why a check or a heartbeat is not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// The name cannot be a label; of a long one, the beginning.
    Name(String),
    /// There is a check of this name.
    Taken(String),
    /// There is a step of this name that runs or is done.
    StepTaken(String),
    /// A group of this name with no check, which would always be ready.
    EmptyGroup(String),
    /// There are as many as there may be.
    TooMany {
        /// Of what: `checks`, `heartbeats`, `groups`, `checks in a group`, `runtimes` or `steps`.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// The settings of this check contradict each other.
    Settings {
        /// The check's name.
        check: String,
        /// What is wrong with them.
        source: SettingsError,
    },
    /// No service of gRPC can have this name; of a long one, the beginning.
    Service(String),
    /// A heartbeat whose greatest age is zero is missed at once.
    MaxAge,
    /// A step of this name, where the start-up has ended.
    Started(String),
    /// What is known of other replicas, for a check of this name, where none that fails open has it.
    NotOpen(String),
    /// The stall watchdog has no thread to look from.
    Thread(std::io::ErrorKind),
    /// The registry has been shut down.
    ShutDown,
}

impl Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "health check, group or step `{}`: its name must be 1 to {} characters of `A-Za-z0-9._-`",
                name.escape_debug(),
                crate::registry::LONGEST_NAME
            ),
            Self::Taken(name) => {
                write!(f, "health check `{name}`: a check of this name is registered already")
            }
            Self::StepTaken(name) => write!(f, "step `{name}`: one of this name runs or is done"),
            Self::EmptyGroup(name) => write!(f, "health group `{name}`: has no check"),
            Self::TooMany { what, most } => write!(f, "more than {most} health {what}"),
            Self::Settings { check, .. } => {
                write!(f, "health check `{check}`: its settings contradict each other")
            }
            Self::Service(name) => {
                let name = name.escape_debug();
                write!(f, "gRPC service `{name}`: its name must be 1 to 256 bytes long")
            }
            Self::MaxAge => f.write_str("heartbeat: `max_age` is zero; it must be longer"),
            Self::Started(name) => write!(f, "step `{name}`: the start-up has ended"),
            Self::NotOpen(name) => {
                write!(f, "health check `{}`: no check that fails open has this name", name.escape_debug())
            }
            Self::Thread(kind) => write!(f, "stall watchdog: no thread to look from: {kind}"),
            Self::ShutDown => f.write_str("health has been shut down and takes no more registrations"),
        }
    }
}

impl Error for RegisterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Settings { source, .. } => Some(source),
            _ => None,
        }
    }
}
