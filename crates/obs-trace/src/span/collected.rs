//! Takes fields that its caller has read already, so that a user's `Debug` runs once for all signals.

use obs_core::context::Context;
use obs_core::fields::Fields;
use tracing_core::Metadata;

use super::{Recording, Span};

impl Span {
    /// What stands for a span that is recorded elsewhere, such as a request's: its ids are a parent's, and nothing
    /// is recorded here.
    pub fn bound(context: Context) -> Self {
        let mut bound = Self::unsampled(context);
        bound.is_bound = true;
        bound
    }

    /// As [`Span::describe`], with first fields that were read before.
    pub fn describe_by(&mut self, metadata: &'static Metadata<'static>, fields: &Fields) {
        if let Some(recording) = &mut self.recording {
            recording.place(metadata);
            recording.take_first(fields);
        }
    }

    /// As [`Span::record`], with fields that were read before.
    pub fn record_by(&mut self, fields: &Fields) {
        if let Some(recording) = &mut self.recording {
            recording.take(fields);
        }
    }
}

impl Recording {
    /// Takes the first fields of a span at once where there is room for all of them.
    fn take_first(&mut self, fields: &Fields) {
        if self.code_len + fields.len() > self.limits.attributes {
            return self.take(fields);
        }
        let (special, rules) = (&mut self.special, self.fields.rules().clone());
        self.fields.copy_from(fields, |key, value| special.take(key, value, &rules));
    }

    fn take(&mut self, fields: &Fields) {
        for (key, value) in fields.pairs() {
            if !self.special.take(&key, value, self.fields.rules()) {
                self.set(key, value);
            }
        }
    }
}
