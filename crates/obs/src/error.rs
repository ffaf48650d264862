//! Why an installation did not come about.

use std::error::Error as StdError;
use std::fmt;

use crate::{Admin, ConfigError};

/// Why nothing was installed. What had been started was ended again.
#[non_exhaustive]
pub enum Error {
    /// Mistakes in the configuration.
    Config(ConfigError),
    /// One of the signals could not be started: an unwritable log file, an endpoint that is no URL.
    Signal {
        /// `metrics`, `logs`, `traces`, or `config` for the watch on the file.
        name: &'static str,
        /// What it says.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The admin listener could not be started.
    Admin {
        /// Where it should have been.
        addr: Admin,
        /// What the system says.
        source: std::io::Error,
    },
    /// This process has an installation already, alive or ended; a process has one.
    AlreadyInstalled,
    /// Another library holds this global: `tracing subscriber`, `metrics recorder` or `log logger`.
    Taken(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // All there is to know, so it is no source.
            Self::Config(mistakes) => write!(f, "{mistakes}"),
            Self::Signal { name, .. } => write!(f, "{name} could not be started"),
            Self::Admin { addr, source } if source.kind() == std::io::ErrorKind::AddrInUse => write!(
                f,
                "the admin listener cannot have {addr}, which is in use; OBS_ADMIN_ADDR names another address, or `off`"
            ),
            Self::Admin { addr, .. } => write!(f, "the admin listener cannot have {addr}"),
            Self::AlreadyInstalled => {
                f.write_str("obs was installed in this process before; call `init` once")
            }
            Self::Taken(what) => {
                write!(f, "a global {what} was installed before obs; install only one of them")
            }
        }
    }
}

/// The message and its causes on one line, because this is what `main` prints when it returns an error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.to_string();
        f.write_str(&said)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors say their cause themselves.
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Signal { source, .. } => Some(&**source),
            Self::Admin { source, .. } => Some(source),
            Self::Config(_) | Self::AlreadyInstalled | Self::Taken(_) => None,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(mistakes: ConfigError) -> Self {
        Self::Config(mistakes)
    }
}
