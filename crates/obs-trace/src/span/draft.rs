//! Where users' `Debug` writes: a scratch list that belongs to nobody else meanwhile.

use std::cell::Cell;
use std::fmt::{self, Debug};

use obs_core::context::Local;
use obs_core::fields::{Fields, Value};
use obs_core::redact::Rules;
use tracing_core::field::Visit;
use tracing_core::span::Record;
use tracing_core::{Event, Field};

use super::special::Special;

/// Fields of one `record` call, event or request, read without any lock and handed over afterwards. Its memory is kept
/// per thread unless it has grown large; a draft that is taken while another is in use, because a `Debug` opens spans
/// itself, has memory of its own.
#[derive(Default)]
pub struct Draft {
    /// The field names, one for each of `fields`, in the same order.
    pub(super) keys: Vec<&'static str>,
    pub(super) fields: Fields,
    pub(super) special: Special,
}

/// A draft that holds more than this many bytes is not kept: one large value must not cost its thread for ever.
const SPARE_BYTES: usize = 16 * 1_024;

thread_local! {
    static SPARE: Cell<Option<Box<Draft>>> = const { Cell::new(None) };
}

impl Draft {
    /// Reads the values of a `record` call and hands the draft to `then`.
    pub fn values(values: &Record<'_>, rules: &Rules, then: impl FnOnce(&mut Self)) {
        Self::filled(rules, |draft| values.record(draft), then);
    }

    /// Reads the fields of an event and hands the draft to `then`.
    pub fn event(event: &Event<'_>, rules: &Rules, then: impl FnOnce(&mut Self)) {
        Self::filled(rules, |draft| event.record(draft), then);
    }

    fn filled(rules: &Rules, fill: impl FnOnce(&mut Self), then: impl FnOnce(&mut Self)) {
        let mut draft = Self::take(rules);
        fill(&mut draft);
        then(&mut draft);
        draft.put_back();
    }

    /// A copy of the fields set on the whole request or job, so that nothing is locked while a sink works with them.
    /// `None` when none was ever set: one load. Is to be [put back](Self::put_back).
    #[inline]
    pub(crate) fn of_local(local: &Local) -> Option<Box<Self>> {
        local.with_fields(Self::copy)
    }

    #[cold]
    fn copy(fields: &Fields) -> Box<Self> {
        // Judged when they were set.
        let mut draft = Self::take(fields.rules());
        draft.fields.copy_from(fields, |_, _| false);
        draft
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    fn take(rules: &Rules) -> Box<Self> {
        let mut draft = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        draft.fields.judge_by(rules);
        draft
    }

    /// Keeps its memory for the next one.
    pub(crate) fn put_back(mut self: Box<Self>) {
        if self.fields.capacity_bytes() > SPARE_BYTES {
            return;
        }
        self.keys.clear();
        self.fields.clear();
        self.special = Special::default();
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }

    fn add(&mut self, field: &Field, value: Value<'_>) {
        let before = self.fields.len();
        self.fields.set(field.name(), value);
        self.note(field, before);
    }

    /// A key that was new has its place at the end of both lists; a known or refused one changes neither.
    fn note(&mut self, field: &Field, before: usize) {
        if self.fields.len() > before {
            self.keys.push(field.name());
        }
    }
}

impl Visit for Draft {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::F64(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::I64(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::U64(value));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        if Special::is_key(field.name()) {
            self.special.set(field.name(), value, self.fields.rules());
        } else {
            self.add(field, Value::Str(value));
        }
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let before = self.fields.len();
        self.fields.set_error(field.name(), value);
        self.note(field, before);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if Special::is_key(field.name()) {
            self.special.set_debug(field.name(), value, self.fields.rules());
            return;
        }
        let before = self.fields.len();
        self.fields.set_display(field.name(), format_args!("{value:?}"));
        self.note(field, before);
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("fields", &self.fields).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare_bytes() -> Option<usize> {
        let draft = SPARE.take();
        let bytes = draft.as_ref().map(|draft| draft.fields.capacity_bytes());
        SPARE.set(draft);
        bytes
    }

    #[test]
    fn memory_is_kept_for_the_next_draft_unless_it_is_large() {
        Draft::filled(Rules::STANDARD, |draft| draft.fields.set("a", Value::Str("short")), |_| ());
        let kept = spare_bytes();
        assert!(kept.is_some_and(|bytes| bytes > 0), "{kept:?}");
        Draft::filled(Rules::STANDARD, |draft| draft.fields.set("a", Value::Str("again")), |_| ());
        assert_eq!(spare_bytes(), kept);
        let large = "x".repeat(SPARE_BYTES + 1);
        Draft::filled(
            Rules::STANDARD,
            |draft| draft.fields.set("a", Value::Str(&large)),
            |draft| assert_eq!(draft.fields.find("a"), Some(Value::Str(&large))),
        );
        assert_eq!(spare_bytes(), None);
        Draft::filled(
            Rules::STANDARD,
            |_| (),
            |draft| assert!(draft.fields.is_empty() && draft.keys.is_empty()),
        );
    }
}
