//! What hangs on a span: events and links, from a list of views or from what a recording has stored.

use obs_core::Timestamp;
use obs_core::context::Ids;

use super::Attributes;
use crate::limits::Limits;
use crate::span::{StoredEvent, StoredLink};

/// Something that happened in a span.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What: for a `tracing` event its message.
    pub name: &'a str,
    /// When.
    pub time: Timestamp,
    /// The rest.
    pub attributes: Attributes<'a>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
}

/// The events of one span, in order.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a>(Held<'a, Event<'a>, StoredEvent>);

/// A span that is pointed at.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Trace, span, flags.
    pub ids: Ids,
    /// The trace state that came with it.
    pub trace_state: Option<&'a str>,
    /// Whether it belongs to another process.
    pub remote: bool,
    /// What was said about it.
    pub attributes: Attributes<'a>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
}

/// The links of one span, in order.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a>(Held<'a, Link<'a>, StoredLink>);

#[derive(Debug)]
enum Held<'a, V, S> {
    Views(&'a [V]),
    Stored(&'a [S], &'a Limits),
}

// Derived, these would ask the stored things to be copied too.
impl<V, S> Copy for Held<'_, V, S> {}

impl<V, S> Clone for Held<'_, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, V: Copy, S> Held<'a, V, S> {
    fn iter<F>(self, view: F) -> impl Iterator<Item = V> + use<'a, V, S, F>
    where
        F: Fn(&'a S, &Limits) -> V + Copy,
    {
        let (views, stored) = match self {
            Self::Views(views) => (views, None),
            Self::Stored(stored, limits) => ([].as_slice(), Some((stored, limits))),
        };
        let stored = stored
            .into_iter()
            .flat_map(move |(stored, limits)| stored.iter().map(move |stored| view(stored, limits)));
        views.iter().copied().chain(stored)
    }

    fn len(&self) -> usize {
        match self {
            Self::Views(views) => views.len(),
            Self::Stored(stored, _) => stored.len(),
        }
    }
}

impl Default for Events<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a> Events<'a> {
    /// Of a list.
    pub const fn new(events: &'a [Event<'a>]) -> Self {
        Self(Held::Views(events))
    }

    pub(crate) const fn stored(events: &'a [StoredEvent], limits: &'a Limits) -> Self {
        Self(Held::Stored(events, limits))
    }

    /// Each event.
    pub fn iter(&self) -> impl Iterator<Item = Event<'a>> + use<'a> {
        self.0.iter(StoredEvent::view)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Link<'a> {
    /// A link to a span of this process, with nothing said about it.
    pub fn new(ids: Ids) -> Self {
        Self {
            ids,
            trace_state: None,
            remote: false,
            attributes: Attributes::default(),
            dropped_attributes: 0,
        }
    }
}

impl Default for Links<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a> Links<'a> {
    /// Of a list.
    pub const fn new(links: &'a [Link<'a>]) -> Self {
        Self(Held::Views(links))
    }

    pub(crate) const fn stored(links: &'a [StoredLink], limits: &'a Limits) -> Self {
        Self(Held::Stored(links, limits))
    }

    /// Each link.
    pub fn iter(&self) -> impl Iterator<Item = Link<'a>> + use<'a> {
        self.0.iter(StoredLink::view)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
