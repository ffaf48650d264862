//! A line that is watched while it is written, for routes that ask for fields.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use obs_core::fields::{Fields, Value};

use super::event::{EventLine, print_marked};
use super::mixed::Mixed;
use crate::format::{Key, Label, Line, Site, SpanFragments};
use crate::route::Watch;

/// A line and what routes want to know of it.
pub(super) struct Watching<'a> {
    pub(super) line: Mixed<'a>,
    pub(super) site: &'a Site,
    pub(super) watch: Watch<'a>,
    /// A value that is printed.
    pub(super) printed: &'a mut String,
}

impl EventLine for Watching<'_> {
    #[inline(always)]
    fn value_at_sight(&mut self, key: &Key, value: Value<'_>) -> bool {
        !self.watch.asks(self.site.name_of(key)) && self.line.value_at_sight(key, value)
    }

    fn value(&mut self, key: &Key, value: Value<'_>) {
        self.watch.own(self.site.name_of(key), value);
        self.line.value(key, value);
    }

    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        self.printed.clear();
        // A user's code runs once, and is stopped where it prints more than any line holds.
        print_marked(self.printed, value);
        self.watch.own(self.site.name_of(key), Value::Str(self.printed));
        self.line.print(key, format_args!("{}", self.printed));
    }

    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.watch.around(fields);
        self.line.span(written, fields, fragments);
    }

    fn request(&mut self, written: u64, fields: &Fields) {
        self.watch.around(fields);
        self.line.request(written, fields);
    }

    fn mark_cut(&mut self) {
        self.line.mark_cut();
    }
}

/// Looks at the fields of a line of our own, and writes none.
pub(super) struct OwnFields<'a, 'b>(pub(super) &'a mut Watch<'b>);

impl Line for OwnFields<'_, '_> {
    fn message(&mut self, _: &str) {}

    fn text(&mut self, label: &Label, value: &str) {
        self.0.own(label.name, Value::Str(value));
    }

    fn address(&mut self, label: &Label, value: IpAddr) {
        if self.0.asks(label.name) {
            self.0.own(label.name, Value::Str(&value.to_string()));
        }
    }

    fn number(&mut self, label: &Label, value: u64) {
        self.0.own(label.name, Value::U64(value));
    }

    fn millis(&mut self, label: &Label, value: Duration) {
        self.0.own(label.name, Value::F64(value.as_secs_f64() * 1_000.0));
    }
}
