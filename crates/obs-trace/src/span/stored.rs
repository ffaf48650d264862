//! Events and links as a recording keeps them, and as they are shown within the limits.

use std::borrow::Cow;

use obs_core::Timestamp;
use obs_core::context::Ids;
use obs_core::fields::{Fields, Value};
use obs_core::keys::attribute;
use obs_core::redact::Rules;
use tracing_core::Metadata;

use super::Lists;
use super::recording::{MESSAGE, Pair};
use crate::limits::Limits;
use crate::record::{Attributes, Event, Link};

/// One event of a span.
#[derive(Debug)]
pub(crate) struct StoredEvent {
    time: Timestamp,
    name: Cow<'static, str>,
    /// Where in the code it comes from, where it is one of `tracing`'s; those are named by their message.
    code: Option<[Pair; 2]>,
    pub(super) fields: Fields,
    pub(super) lists: Lists,
    /// Attributes that found no room.
    pub(super) dropped: u32,
}

/// One span that is pointed at.
#[derive(Debug)]
pub(crate) struct StoredLink {
    pub(super) ids: Ids,
    pub(super) remote: bool,
    pub(super) trace_state: Option<Box<str>>,
    pub(super) fields: Fields,
    pub(super) lists: Lists,
    /// Attributes that found no room.
    pub(super) dropped: u32,
}

impl StoredEvent {
    pub(super) fn new(metadata: &'static Metadata<'static>, time: Timestamp) -> Self {
        let code = [
            (attribute::LEVEL, Value::Str(metadata.level().as_str())),
            (attribute::TARGET, Value::Str(metadata.target())),
        ];
        let name = Cow::Borrowed(metadata.name());
        Self { time, name, code: Some(code), fields: Fields::new(), lists: Lists::new(), dropped: 0 }
    }

    /// One that has a name of its own.
    pub(super) fn named(name: String, time: Timestamp) -> Self {
        Self {
            time,
            name: Cow::Owned(name),
            code: None,
            fields: Fields::new(),
            lists: Lists::new(),
            dropped: 0,
        }
    }

    /// The same with the memory of an event that is gone and was emptied.
    pub(super) fn reusing(mut self, memory: Fields) -> Self {
        self.fields = memory;
        self
    }

    /// Leaves nothing of it but memory for fields.
    pub(super) fn empty(&mut self) {
        self.name = Cow::Borrowed("");
        self.fields.clear();
        self.lists = Lists::new();
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.name.is_empty() && self.fields.is_empty() && self.lists.capacity() == 0
    }

    pub(crate) fn view(&self, limits: &Limits) -> Event<'_> {
        let code = self.code.as_ref().map_or(&[][..], |code| code);
        let attributes = Attributes::new(code).and(&self.fields).and_lists(&self.lists);
        let message = if self.code.is_some() { self.fields.find(MESSAGE) } else { None };
        let (name, attributes) = match message {
            Some(Value::Str(message)) => (message, attributes.without(MESSAGE)),
            _ => (self.name.as_ref(), attributes),
        };
        let (attributes, dropped) = attributes.within(limits.event_attributes, limits.attribute_length);
        Event { name, time: self.time, attributes, dropped_attributes: self.dropped.saturating_add(dropped) }
    }
}

impl StoredLink {
    pub(super) fn new(ids: Ids, attributes: &[(&'static str, Value<'_>)], rules: &Rules) -> Self {
        let mut fields = Fields::new();
        fields.judge_by(rules);
        for (key, value) in attributes {
            fields.set(*key, *value);
        }
        Self { ids, remote: false, trace_state: None, fields, lists: Lists::new(), dropped: 0 }
    }

    pub(crate) fn view(&self, limits: &Limits) -> Link<'_> {
        let attributes = Attributes::default().and(&self.fields).and_lists(&self.lists);
        let (attributes, dropped) = attributes.within(limits.link_attributes, limits.attribute_length);
        Link {
            ids: self.ids,
            trace_state: self.trace_state.as_deref(),
            remote: self.remote,
            attributes,
            dropped_attributes: self.dropped.saturating_add(dropped),
        }
    }
}
