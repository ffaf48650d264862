//! A finished span as sinks see it: a borrowed view, so that nothing is built for a sink that only encodes.

use std::fmt;
use std::time::Duration;

use obs_core::context::Ids;
use obs_core::fields::{Fields, Value};
use obs_core::{SpanId, Timestamp};

use crate::span::StoredEvent;

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
    /// What happened in it, in order.
    pub events: Events<'a>,
    /// Events beyond the bound.
    pub dropped_events: u32,
    /// Spans it points at without being their child.
    pub links: &'a [Link<'a>],
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
            events: Events::default(),
            dropped_events: 0,
            links: &[],
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

/// A span that is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Trace, span, flags.
    pub ids: Ids,
    /// The trace state that came with it.
    pub trace_state: Option<&'a str>,
    /// Whether it belongs to another process.
    pub remote: bool,
}

/// Keys and values out of a list and a [`Fields`], without joining them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    pairs: &'a [(&'a str, Value<'a>)],
    fields: Option<&'a Fields>,
    /// A field that is shown elsewhere.
    without: Option<&'static str>,
}

impl<'a> Attributes<'a> {
    /// Of a list.
    pub const fn new(pairs: &'a [(&'a str, Value<'a>)]) -> Self {
        Self { pairs, fields: None, without: None }
    }

    /// The same followed by `fields`.
    #[must_use]
    pub const fn and(mut self, fields: &'a Fields) -> Self {
        self.fields = Some(fields);
        self
    }

    pub(crate) const fn without(mut self, key: &'static str) -> Self {
        self.without = Some(key);
        self
    }

    /// Each key and its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let without = self.without;
        let fields = self.fields.into_iter().flat_map(Fields::iter);
        self.pairs
            .iter()
            .copied()
            .chain(fields.filter(move |(key, _)| without.is_none_or(|without| *key != without)))
    }
}

/// Something that happened in a span.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What: for a `tracing` event its message.
    pub name: &'a str,
    /// When.
    pub time: Timestamp,
    /// The rest.
    pub attributes: Attributes<'a>,
}

/// The events of one span, in order.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a>(Held<'a>);

#[derive(Clone, Copy, Debug)]
enum Held<'a> {
    Views(&'a [Event<'a>]),
    Stored(&'a [StoredEvent]),
}

impl Default for Events<'_> {
    fn default() -> Self {
        Self(Held::Views(&[]))
    }
}

impl<'a> Events<'a> {
    /// Of a list.
    pub const fn new(events: &'a [Event<'a>]) -> Self {
        Self(Held::Views(events))
    }

    pub(crate) const fn stored(events: &'a [StoredEvent]) -> Self {
        Self(Held::Stored(events))
    }

    /// Each event.
    pub fn iter(&self) -> impl Iterator<Item = Event<'a>> + use<'a> {
        let (views, stored) = match self.0 {
            Held::Views(views) => (views, [].as_slice()),
            Held::Stored(stored) => ([].as_slice(), stored),
        };
        views.iter().copied().chain(stored.iter().map(StoredEvent::view))
    }
}
