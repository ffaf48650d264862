//! Nothing subscribes: neither logs nor traces are enabled.

use std::convert::Infallible;
use std::sync::Arc;

use obs_core::observe::{End, Request};
use obs_core::{Base, Context};

use crate::entry::Entry;
use crate::signals::Signals;

/// Nothing.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber;

/// Nothing.
#[derive(Debug)]
pub(crate) struct EnteredSubscriber;

/// Nothing to compose.
pub(crate) type Compose = Option<Infallible>;

impl Subscriber {
    pub(crate) fn new(_: &Signals, _: &Base, _: Compose) -> Self {
        Self
    }

    pub(crate) fn set_apart(&self) {}

    pub(crate) fn enter(&self) -> EnteredSubscriber {
        EnteredSubscriber
    }

    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "nothing changes levels while it runs"))]
    pub(crate) fn levels_changed(&self) {}
}

/// Nothing is carried.
#[derive(Clone, Debug)]
pub(crate) struct Carried;

impl Carried {
    pub(crate) fn here() -> Self {
        Self
    }

    pub(crate) fn enter_subscriber(&self) -> EnteredSubscriber {
        EnteredSubscriber
    }

    pub(crate) fn enter_span(&self) -> EnteredSubscriber {
        EnteredSubscriber
    }
}

/// Nobody wants them.
#[derive(Debug)]
pub(crate) struct RequestSpans;

impl RequestSpans {
    pub(crate) fn of(_: &Subscriber) -> Option<Self> {
        None
    }

    pub(crate) fn open(&self, _: &Context, _: &Request<'_>, _: Option<&Arc<Entry>>) {}

    pub(crate) fn close(&self, _: &Context, _: &End<'_>) {}
}
