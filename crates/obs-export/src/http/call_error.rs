//! Why a call brought no good answer, with what the server said of it.

use std::fmt;
use std::io;

use super::{Response, SendError};

/// How many bytes of a refusal's text are kept.
const TEXT: usize = 1_024;

/// Why a call brought no 2xx answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The server refused it for good; sending it again would change nothing.
    Refused(Refusal),
    /// The server could not be reached, or kept failing, for as long as is tried.
    Unreachable {
        /// Attempts made.
        attempts: u32,
        /// What came of the last one.
        last: Last,
    },
    /// The deadline passed.
    Deadline {
        /// Attempts begun.
        attempts: u32,
        /// What came of the last one that ended, if any did.
        last: Option<Last>,
    },
    /// The answer cannot be read.
    Answer(SendError),
    /// There is no client to be had: no event queue, or a file with certificates that cannot be used.
    Client(io::Error),
    /// There is no thread to be had, or it ended before its time.
    Thread(Option<io::Error>),
}

/// A refusal in the server's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The answer's status.
    pub status: u16,
    /// The answer's body as text, at most 1 KiB of it, on one line and without control characters.
    pub text: String,
}

/// What came of an attempt.
#[derive(Debug)]
#[non_exhaustive]
pub enum Last {
    /// An answer that says to come again.
    Status(u16),
    /// No answer.
    Error(SendError),
}

impl Last {
    pub(super) fn of(answer: Result<Response, SendError>) -> Self {
        answer.map_or_else(Self::Error, |response| Self::Status(response.status.as_u16()))
    }
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self { status: response.status.as_u16(), text: plain(&response.body) }
    }
}

/// A server's text as it may end up in a log or on a terminal.
pub(super) fn plain(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(TEXT)]);
    let plain = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect::<String>();
    plain.trim().to_owned()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "refused with {refusal}"),
            Self::Unreachable { attempts, last } => {
                write!(f, "given up after {attempts} attempts")?;
                last.write(f)
            }
            Self::Deadline { attempts, last } => {
                write!(f, "deadline passed after {attempts} attempts")?;
                last.as_ref().map_or(Ok(()), |last| last.write(f))
            }
            Self::Answer(_) => f.write_str("answer cannot be read"),
            Self::Client(_) => f.write_str("no client can be made"),
            Self::Thread(_) => f.write_str("no thread to send from"),
        }
    }
}

impl Last {
    /// An error is the source of the whole, and so is not told here.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, ": status {status}"),
            Self::Error(_) => Ok(()),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { last: Last::Error(error), .. }
            | Self::Deadline { last: Some(Last::Error(error)), .. }
            | Self::Answer(error) => Some(error),
            Self::Client(error) | Self::Thread(Some(error)) => Some(error),
            _ => None,
        }
    }
}
