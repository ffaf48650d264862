//! What `tracing` calls, in terms of slab, scope and engines.

use std::sync::atomic::Ordering;

use obs_core::context;
use obs_core::fields::Fields;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Id, Metadata, Subscriber};
use tracing_core::span::Current;

use super::fused::Fused;
use super::key::Key;
use super::proxy;
use super::slab::Data;

impl Subscriber for Fused {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.ask(metadata).any() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.ask(metadata).any()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Asked whenever interest is rebuilt: that is how a change of any filter is learned.
        self.changes.fetch_add(1, Ordering::AcqRel);
        Some(self.lines.max_level().max(self.traces.max_level()))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let nowhere = Key::nowhere(self.instance);
        if context::is_silenced() {
            return nowhere.id();
        }
        let metadata = attributes.metadata();
        let wants = self.wants(metadata);
        if !wants.any() {
            return nowhere.id();
        }
        let Some(slot) = self.slab.reserve() else { return nowhere.id() };
        let is_recording = self.parent_of(attributes, |parent, above| {
            slot.prepare(|data| {
                (data.metadata, data.parent) = (Some(metadata), parent);
                if wants.traces {
                    data.traced = self.traces.start(above, metadata);
                }
                if data.traced.context().is_none() {
                    data.inherited = above.cloned();
                }
                data.traced.is_recording()
            })
        });
        if !wants.lines && !is_recording {
            return slot.fill(false, |_| ()).id();
        }
        let mut key = nowhere;
        let fill = |fields: &mut Fields| {
            key = slot.fill(false, |data| {
                data.traced.describe(metadata, fields);
                if wants.lines {
                    data.on_lines = true;
                    data.is_written = wants.written;
                    std::mem::swap(&mut data.fields, fields);
                }
            });
        };
        self.read(|fields| attributes.record(fields), fill);
        key.id()
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let Some(key) = Key::of(self.instance, span) else { return };
        if context::is_silenced() {
            return;
        }
        let is_wanted = |data: &mut Data| data.on_lines || data.traced.is_recording();
        if self.slab.with(key, is_wanted) != Some(true) {
            return;
        }
        self.read(
            |fields| values.record(fields),
            |later| {
                self.slab.with(key, |data| {
                    data.traced.record(later);
                    if data.on_lines {
                        data.fields.merge(later);
                        data.fragments.clear();
                    }
                });
            },
        );
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        let of = |id| Key::of(self.instance, id);
        let (Some(key), Some(followed)) = (of(span), of(follows)) else { return };
        if let Some(context) = self.context_of(followed).flatten() {
            self.slab.with(key, |data| data.traced.follow(&context));
        }
    }

    fn event(&self, event: &Event<'_>) {
        if context::is_silenced() {
            return;
        }
        let wants = self.wants(event.metadata());
        let from = self.span_of(event);
        if wants.lines {
            match from {
                Some(named) if !event.is_contextual() => self.line_of(event, named),
                _ => self.line(event, from),
            }
        }
        if wants.traces {
            self.span_event(event, from);
        }
    }

    fn enter(&self, span: &Id) {
        let Some(key) = Key::of(self.instance, span) else { return };
        // Onto the scope from where it stands, so that it is moved once.
        self.slab.with(key, |data| context::push_tagged(Self::opened_by(data), key.tag()));
    }

    fn exit(&self, span: &Id) {
        if let Some(key) = Key::of(self.instance, span) {
            context::leave_tagged(key.tag());
        }
    }

    fn clone_span(&self, span: &Id) -> Id {
        if let Some(key) = Key::of(self.instance, span) {
            if key.is_proxy() {
                proxy::clone(&self.slab, key);
            } else {
                self.slab.acquire(key);
            }
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let Some(key) = Key::of(self.instance, &span) else { return false };
        if key.is_proxy() {
            proxy::drop(&self.slab, key);
            return false;
        }
        self.release(key)
    }

    fn current_span(&self) -> Current {
        if context::is_silenced() {
            return Current::none();
        }
        let innermost = self.innermost();
        let key = match innermost {
            Some((key, false)) => Some(key),
            outside => context::current()
                .and_then(|context| proxy::of(&self.slab, &context, outside.map(|(key, _)| key))),
        };
        let current = key.and_then(|key| {
            let metadata = self.slab.with(key, |data| data.metadata).flatten()?;
            Some(Current::new(key.id(), metadata))
        });
        current.unwrap_or_else(Current::none)
    }
}
