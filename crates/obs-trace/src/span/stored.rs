//! Events and links as a recording keeps them, and as they are shown within the limits.

use obs_core::Timestamp;
use obs_core::context::Ids;
use obs_core::fields::{Fields, Value};
use obs_core::keys::attribute;
use obs_core::redact::Rules;
use tracing_core::Metadata;

use super::recording::{MESSAGE, Pair};
use crate::limits::Limits;
use crate::record::{Attributes, Event, Link};

/// One event of a `tracing` span.
#[derive(Debug)]
pub(crate) struct StoredEvent {
    time: Timestamp,
    name: &'static str,
    code: [Pair; 2],
    pub(super) fields: Fields,
}

/// One span that is pointed at.
#[derive(Debug)]
pub(crate) struct StoredLink {
    ids: Ids,
    fields: Fields,
}

impl StoredEvent {
    pub(super) fn new(metadata: &'static Metadata<'static>, time: Timestamp) -> Self {
        let code = [
            (attribute::LEVEL, Value::Str(metadata.level().as_str())),
            (attribute::TARGET, Value::Str(metadata.target())),
        ];
        Self { time, name: metadata.name(), code, fields: Fields::new() }
    }

    /// The same with the memory of an event that is gone.
    pub(super) fn reusing(mut self, mut memory: Fields) -> Self {
        memory.clear();
        self.fields = memory;
        self
    }

    pub(crate) fn view(&self, limits: &Limits) -> Event<'_> {
        let attributes = Attributes::new(&self.code).and(&self.fields);
        let (name, attributes) = match self.fields.find(MESSAGE) {
            Some(Value::Str(message)) => (message, attributes.without(MESSAGE)),
            _ => (self.name, attributes),
        };
        let (attributes, dropped) = attributes.within(limits.event_attributes, limits.attribute_length);
        Event { name, time: self.time, attributes, dropped_attributes: dropped }
    }
}

impl StoredLink {
    pub(super) fn new(ids: Ids, attributes: &[(&'static str, Value<'_>)], rules: &Rules) -> Self {
        let mut fields = Fields::new();
        fields.judge_by(rules);
        for (key, value) in attributes {
            fields.set(*key, *value);
        }
        Self { ids, fields }
    }

    pub(crate) fn view(&self, limits: &Limits) -> Link<'_> {
        let attributes = Attributes::default().and(&self.fields);
        let (attributes, dropped) = attributes.within(limits.link_attributes, limits.attribute_length);
        Link { attributes, dropped_attributes: dropped, ..Link::new(self.ids) }
    }
}
