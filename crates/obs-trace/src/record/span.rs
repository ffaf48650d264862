//! The span itself: its place in the trace, its name, time and status.

use std::fmt;
use std::time::Duration;

use obs_core::context::Ids;
use obs_core::{SpanId, Timestamp};

use super::{Attributes, Events, Links};

/// One finished span.
#[derive(Clone, Copy, Debug)]
pub struct SpanRecord<'a> {
    /// Trace, span, flags.
    pub ids: Ids,
    /// The span above it; `None` for the root of a trace.
    pub parent: Option<Parent>,
    /// What came with the request from other vendors.
    pub trace_state: Option<&'a str>,
    /// Its name, of low cardinality.
    pub name: Name<'a>,
    /// Its side of a call.
    pub kind: Kind,
    /// When it began.
    pub start: Timestamp,
    /// How long it took, by a clock that never steps back.
    pub duration: Duration,
    /// Its attributes, each key once.
    pub attributes: Attributes<'a>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
    /// What happened in it, in order.
    pub events: Events<'a>,
    /// Events beyond the limit.
    pub dropped_events: u32,
    /// Spans it points at without being their child.
    pub links: Links<'a>,
    /// Links beyond the limit.
    pub dropped_links: u32,
    /// How it ended.
    pub status: Status<'a>,
}

impl<'a> SpanRecord<'a> {
    /// A root span of no length with nothing known but ids and name.
    pub fn new(ids: Ids, name: impl Into<Name<'a>>) -> Self {
        let name = name.into();
        Self {
            ids,
            parent: None,
            trace_state: None,
            name,
            kind: Kind::Internal,
            start: Timestamp::default(),
            duration: Duration::ZERO,
            attributes: Attributes::default(),
            dropped_attributes: 0,
            events: Events::default(),
            dropped_events: 0,
            links: Links::default(),
            dropped_links: 0,
            status: Status::Unset,
        }
    }
}

/// A span's name in one part, or in two with a space between them, so that a method and a route need not be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    first: &'a str,
    second: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// `first`, a space and `second`; `first` alone without a second part.
    pub const fn joined(first: &'a str, second: Option<&'a str>) -> Self {
        Self { first, second }
    }

    /// The parts as they were given.
    pub const fn parts(&self) -> (&'a str, Option<&'a str>) {
        (self.first, self.second)
    }

    /// Bytes of the whole name.
    pub fn len(&self) -> usize {
        self.first.len() + self.second.map_or(0, |second| second.len() + 1)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(name: &'a str) -> Self {
        Self::joined(name, None)
    }
}

impl<'a> From<&'a String> for Name<'a> {
    fn from(name: &'a String) -> Self {
        Self::joined(name, None)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.first)?;
        match self.second {
            Some(second) => write!(f, " {second}"),
            None => Ok(()),
        }
    }
}

/// The span above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its id.
    pub span_id: SpanId,
    /// Whether it belongs to another process.
    pub remote: bool,
}

/// Which side of a call a span is. The numbers are OTLP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Work inside of the process.
    #[default]
    Internal = 1,
    /// A request served.
    Server = 2,
    /// A request made.
    Client = 3,
    /// A message sent.
    Producer = 4,
    /// A message taken.
    Consumer = 5,
}

impl Kind {
    /// The kind of OTLP's number; internal where it is none.
    pub(crate) fn of_number(number: u64) -> Self {
        let all = [Self::Server, Self::Client, Self::Producer, Self::Consumer];
        all.into_iter().find(|kind| *kind as u64 == number).unwrap_or_default()
    }

    /// Reads `server`, `client`, `producer`, `consumer` or `internal` in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            ("internal", Self::Internal),
            ("server", Self::Server),
            ("client", Self::Client),
            ("producer", Self::Producer),
            ("consumer", Self::Consumer),
        ];
        all.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
    }
}

/// How a span ended, as the OpenTelemetry API means it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status<'a> {
    /// Nobody said.
    #[default]
    Unset,
    /// Declared a success by the application.
    Ok,
    /// An error; the description may be empty.
    Error(&'a str),
}
