//! How much one span keeps, by the limits the OpenTelemetry specification names.

use obs_core::fields::Fields;

/// How much of each kind one span keeps; what is beyond is left out and counted in the span's `dropped_*_count`.
///
/// By the OpenTelemetry specification ("Span limits" and "Attribute limits"): what is set first stays, and a known
/// key may always be set again. Whatever is asked for here, a span stays bounded: [`Limits::MAX_ATTRIBUTES`],
/// [`Limits::MAX_EVENTS`] and [`Limits::MAX_LINKS`] are the most that is granted.
///
/// ```
/// use obs_trace::Limits;
///
/// let limits = Limits { attribute_length: Some(256), events: 16, ..Limits::default() };
/// assert_eq!(limits.attributes, 128);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attributes of a span; default 128, at most [`Limits::MAX_ATTRIBUTES`].
    pub attributes: usize,
    /// Characters of a text value, wherever an attribute stands; default none. Longer values are cut there, and
    /// nothing is counted, as the specification has it. Bytes are bounded in any case
    /// ([`Fields::MAX_TEXT`], [`MAX_TEXT`](crate::server::MAX_TEXT)).
    pub attribute_length: Option<usize>,
    /// Events of a span; default 128, at most [`Limits::MAX_EVENTS`].
    pub events: usize,
    /// Links of a span; default 128, at most [`Limits::MAX_LINKS`].
    pub links: usize,
    /// Attributes of one event; default 128, at most [`Limits::MAX_ATTRIBUTES`].
    pub event_attributes: usize,
    /// Attributes of one link; default 128, at most [`Limits::MAX_ATTRIBUTES`].
    pub link_attributes: usize,
}

impl Limits {
    /// The most attributes that can be asked for: what one list of fields holds.
    pub const MAX_ATTRIBUTES: usize = Fields::MAX_FIELDS;
    /// The most events that can be asked for.
    pub const MAX_EVENTS: usize = 1_024;
    /// The most links that can be asked for.
    pub const MAX_LINKS: usize = 1_024;

    /// The same with each number at most what is granted.
    pub(crate) fn granted(self) -> Self {
        Self {
            attributes: self.attributes.min(Self::MAX_ATTRIBUTES),
            attribute_length: self.attribute_length,
            events: self.events.min(Self::MAX_EVENTS),
            links: self.links.min(Self::MAX_LINKS),
            event_attributes: self.event_attributes.min(Self::MAX_ATTRIBUTES),
            link_attributes: self.link_attributes.min(Self::MAX_ATTRIBUTES),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attributes: 128,
            attribute_length: None,
            events: 128,
            links: 128,
            event_attributes: 128,
            link_attributes: 128,
        }
    }
}
