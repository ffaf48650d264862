//! What can go wrong while logs are set up. Once they run, faults are counted, not returned.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::RouteError;

/// Why a filter text is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    directive: String,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NoLevel,
    UnknownLevel,
    NoTarget,
    Span,
    Target,
}

/// What an error repeats of a directive, in characters.
const SHOWN: usize = 64;

impl FilterError {
    pub(crate) fn new(directive: &str, fault: Fault) -> Self {
        Self { directive: directive.to_owned(), fault }
    }

    /// The directive at fault, as it was written.
    pub fn directive(&self) -> &str {
        &self.directive
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directive, fault } = self;
        // As much of it as tells which it is.
        let cut: String = directive.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        let dots = if directive.chars().nth(SHOWN).is_some() { ".." } else { "" };
        write!(f, "log filter directive `{cut}{dots}`: ")?;
        f.write_str(match fault {
            Fault::NoLevel => {
                "is no level (off, error, warn, info, debug, trace); for a target write `target=level`"
            }
            Fault::UnknownLevel => "its level is none of off, error, warn, info, debug, trace",
            Fault::NoTarget => "has no target before the `=`",
            Fault::Span => "selects by span or field, which is not supported; write `target=level`",
            Fault::Target => "its target has a space, a control character or a further `=`",
        })
    }
}

impl std::error::Error for FilterError {}

/// Why logs cannot be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A file cannot be opened for appending.
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Standard output or standard error cannot be used.
    Stream {
        /// Which: `stdout` or `stderr`.
        stream: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The same output is named twice; its lines would mix.
    Twice(String),
    /// A route that can take no line, or leads to no output.
    Route(RouteError),
    /// The lines of an output cannot be as it asks for.
    Lines {
        /// The output.
        output: String,
        /// What makes no sense, or has no room.
        problem: String,
    },
    /// An output's name is none.
    Name(String),
    /// More outputs of one kind than there are names for on metrics.
    TooMany(usize),
    /// An output to another machine has no client: a certificate that cannot be read, or no event queue.
    Client {
        /// The output.
        output: String,
        /// Why not.
        source: io::Error,
    },
    /// The journal of an output cannot be opened.
    #[cfg(all(feature = "journal", unix))]
    Journal {
        /// The output.
        output: String,
        /// Why not.
        source: Box<obs_export::journal::Error>,
    },
    /// The operating system gives no thread for an output.
    Thread {
        /// The output's name on metrics.
        pipeline: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl BuildError {
    pub(crate) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open { path: path.to_owned(), source }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The cause is part of the text here: this is what an operator reads at start, often by itself.
            Self::Open { path, source } => {
                write!(f, "log file {} cannot be opened for appending: {source}", path.display())
            }
            Self::Stream { stream, source } => write!(f, "{stream} cannot be used for logs: {source}"),
            Self::Twice(output) => write!(f, "log output {output} is named twice"),
            Self::Route(error) => write!(f, "log route {}: {error}", error.route + 1),
            Self::Lines { output, problem } => write!(f, "lines of log output {output}: {problem}"),
            Self::Name(name) => {
                let cut: String = name.chars().take(SHOWN).flat_map(char::escape_debug).collect();
                write!(f, "log output name `{cut}`: it needs 1 to 64 letters, digits, `_` and `-`")
            }
            Self::TooMany(most) => write!(f, "more than {most} log outputs of one kind"),
            Self::Client { output, source } => write!(f, "log output {output}: {source}"),
            #[cfg(all(feature = "journal", unix))]
            Self::Journal { output, source } => {
                write!(f, "journal of log output {output}: {source}")?;
                let cause = std::error::Error::source(source);
                cause.map_or(Ok(()), |cause| write!(f, ": {cause}"))
            }
            Self::Thread { pipeline, source } => write!(f, "no thread for log output {pipeline}: {source}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open { source, .. }
            | Self::Stream { source, .. }
            | Self::Client { source, .. }
            | Self::Thread { source, .. } => Some(source),
            #[cfg(all(feature = "journal", unix))]
            Self::Journal { source, .. } => Some(source.as_ref()),
            Self::Twice(_) | Self::Name(_) | Self::Route(_) | Self::TooMany(_) | Self::Lines { .. } => None,
        }
    }
}
