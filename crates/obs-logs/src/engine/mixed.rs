//! The line of every mix of formats but JSON alone: what a user's code prints is printed once for all of them.

use std::fmt;

use obs_core::Timestamp;
use obs_core::context::Context;
use obs_core::fields::{Bounded, Fields, Value, guarded};

use super::Scratch;
use super::event::EventLine;
use super::forms::Set;
use crate::format::{IdCache, JsonLine, Key, Line, LogfmtLine, PrettyLine, Service, Site, SpanFragments};

/// One line in each format of a set.
pub(super) struct Mixed<'a> {
    json: Option<JsonLine<'a>>,
    logfmt: Option<LogfmtLine<'a>>,
    pretty: Option<PrettyLine<'a>>,
    /// A printed value, where it goes to more than one format.
    text: Option<&'a mut String>,
    service: &'a Service,
    ids: &'a mut IdCache,
}

/// What each of the lines can do.
trait Each: EventLine + Line {}

impl<L: EventLine + Line> Each for L {}

impl<'a> Mixed<'a> {
    pub(super) fn open(
        forms: Set,
        scratch: &'a mut Scratch,
        now: Timestamp,
        site: &'a Site,
        service: &'a Service,
    ) -> Self {
        let Scratch { json, logfmt, pretty, text, time, ids, .. } = scratch;
        let json = forms.json.then(|| JsonLine::open((&mut json.0, &mut json.1), time, now, site, service));
        let logfmt =
            forms.logfmt.then(|| LogfmtLine::open((&mut logfmt.0, &mut logfmt.1), time, now, site, service));
        let pretty = forms.pretty.then(|| PrettyLine::open((&mut pretty.0, &mut pretty.1), site));
        let text = (!forms.is_one()).then_some(text);
        Self { json, logfmt, pretty, text, service, ids }
    }

    fn each(&mut self, mut act: impl FnMut(&mut dyn Each)) {
        if let Some(line) = &mut self.json {
            act(line);
        }
        if let Some(line) = &mut self.logfmt {
            act(line);
        }
        if let Some(line) = &mut self.pretty {
            act(line);
        }
    }

    /// Fields of our own.
    pub(super) fn own(&mut self, fields: impl Fn(&mut dyn Line)) {
        self.each(|line| fields(line));
    }

    /// Service and ids of the open context. Returns whether its request has fields of its own.
    pub(super) fn identity(&mut self) -> bool {
        let mut has_fields = false;
        if let Some(line) = &mut self.json {
            has_fields |= line.identity(self.service, self.ids);
        }
        if let Some(line) = &mut self.logfmt {
            has_fields |= line.identity(self.service);
        }
        if let Some(line) = &mut self.pretty {
            has_fields |= line.identity();
        }
        has_fields
    }

    /// Service and ids of `context`.
    pub(super) fn identity_of(&mut self, context: &Context) {
        if let Some(line) = &mut self.json {
            line.identity_of(self.service, context);
        }
        if let Some(line) = &mut self.logfmt {
            line.identity_of(self.service, context);
        }
        if let Some(line) = &mut self.pretty {
            line.identity_of(context);
        }
    }

    /// Ends each line.
    pub(super) fn close(self, caller: Option<&Site>) {
        if let Some(line) = self.json {
            line.close(caller);
        }
        if let Some(line) = self.logfmt {
            line.close(caller);
        }
        if let Some(line) = self.pretty {
            line.close(caller);
        }
    }
}

impl EventLine for Mixed<'_> {
    fn value(&mut self, key: &Key, value: Value<'_>) {
        self.each(|line| line.value(key, value));
    }

    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        let Some(text) = self.text.take() else {
            return self.each(|line| line.print(key, value));
        };
        text.clear();
        // A value that prints more than any line holds is stopped.
        guarded(&mut Bounded::new(text, crate::MAX_LINE_BYTES), value);
        self.each(|line| line.print(key, format_args!("{text}")));
        self.text = Some(text);
    }

    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.each(|line| line.span(written, fields, fragments));
    }

    fn request(&mut self, written: u64, fields: &Fields) {
        self.each(|line| line.request(written, fields));
    }

    fn mark_cut(&mut self) {
        self.each(|line| line.mark_cut());
    }
}

impl EventLine for LogfmtLine<'_> {
    fn value(&mut self, key: &Key, value: Value<'_>) {
        LogfmtLine::value(self, key, value);
    }

    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        LogfmtLine::print(self, key, value);
    }

    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        LogfmtLine::span(self, written, fields, fragments);
    }

    fn request(&mut self, written: u64, fields: &Fields) {
        LogfmtLine::request(self, written, fields);
    }

    fn mark_cut(&mut self) {
        LogfmtLine::mark_cut(self);
    }
}

impl EventLine for PrettyLine<'_> {
    fn value(&mut self, key: &Key, value: Value<'_>) {
        PrettyLine::value(self, key, value);
    }

    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        PrettyLine::print(self, key, value);
    }

    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        PrettyLine::span(self, written, fields, fragments);
    }

    fn request(&mut self, written: u64, fields: &Fields) {
        PrettyLine::request(self, written, fields);
    }

    fn mark_cut(&mut self) {
        PrettyLine::mark_cut(self);
    }
}
