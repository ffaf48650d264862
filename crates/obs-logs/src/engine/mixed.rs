//! The line of every mix of forms but JSON alone: what a user's code prints is printed once for all of them.

use std::borrow::Cow;
use std::fmt;

use obs_core::Timestamp;
use obs_core::context::Context;
use obs_core::fields::{Fields, Value};
use obs_core::redact::Rules;

use super::event::{EventLine, print_marked};
use super::{Forms, Scratch};
use crate::format::{
    IdCache, JsonLine, Key, Line, LogfmtLine, PrettyLine, Service, ShapedLine, ShapedLines, Site,
    SpanFragments,
};
use crate::sink::Form;

/// One line in each form that is needed.
pub(super) struct Mixed<'a> {
    json: Option<JsonLine<'a>>,
    /// Whether there is no other.
    is_json: bool,
    logfmt: Option<LogfmtLine<'a>>,
    pretty: Option<PrettyLine<'a>>,
    shaped: Option<ShapedLines<'a>>,
    /// A printed value, where it goes to more than one form.
    text: Option<&'a mut String>,
    service: &'a Service,
    /// What is secret.
    rules: &'a Rules,
    ids: &'a mut IdCache,
}

/// What each of the lines can do.
trait Each: EventLine + Line {}

impl<L: EventLine + Line> Each for L {}

impl<'a> Mixed<'a> {
    /// Begins a line in each of the forms whose bits are in `needed`.
    pub(super) fn open(
        forms: &'a Forms,
        needed: u64,
        scratch: &'a mut Scratch,
        now: Timestamp,
        site: &'a Site,
        service: &'a Service,
    ) -> Self {
        scratch.is_mixed = true;
        let Scratch { json, logfmt, pretty, text, time, ids, slots, shaped, .. } = scratch;
        let needs = |form: Form| needed & form.bit() != 0;
        let json =
            needs(Form::Json).then(|| JsonLine::open((&mut json.0, &mut json.1), time, now, site, service));
        let logfmt = needs(Form::Logfmt)
            .then(|| LogfmtLine::open((&mut logfmt.0, &mut logfmt.1), time, now, site, service));
        let pretty = needs(Form::Pretty { coloured: false })
            .then(|| PrettyLine::open((&mut pretty.0, &mut pretty.1), site));
        // The lines of shapes take what is printed already.
        let has_shapes = needed & !Forms::PLAIN != 0;
        let shaped =
            has_shapes.then(|| ShapedLines::open(&forms.shapes, needed, slots, shaped, (time, now), site));
        let text = (needed.count_ones() > 1 || has_shapes).then_some(text);
        let is_json = needed == Forms::JSON;
        Self { json, is_json, logfmt, pretty, shaped, text, service, rules: &site.rules, ids }
    }

    fn each_shaped(&mut self, act: impl FnMut(&mut ShapedLine<'_>)) {
        if let Some(lines) = &mut self.shaped {
            lines.each(act);
        }
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

    #[inline(never)]
    fn plain_value(&mut self, key: &Key, value: Value<'_>) {
        if let Some(lines) = &mut self.shaped
            && lines.value_at_sight(key, value)
        {
            return;
        }
        self.each(|line| line.value(key, value));
        self.each_shaped(|line| line.value(key, value));
    }

    /// A text that looks as if there were a secret in it.
    #[cold]
    fn redacted<'t>(&self, key: &Key, text: &'t str) -> Cow<'t, str> {
        let clean = self.rules.redact(text);
        if let Cow::Borrowed(text) = clean {
            key.seen.keep(text.as_bytes());
        }
        clean
    }

    /// Fields of our own.
    pub(super) fn own(&mut self, fields: impl Fn(&mut dyn Line)) {
        self.each(|line| fields(line));
        self.each_shaped(|line| fields(line));
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
        if let Some(lines) = &mut self.shaped {
            has_fields |= lines.identity();
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
        self.each_shaped(|line| line.identity(Some(context)));
    }

    /// Ends each line.
    pub(super) fn close(mut self, caller: Option<&Site>) {
        self.each_shaped(|line| line.close(caller.is_some()));
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
    /// Quickest where it is JSON alone after all: a line that is watched for its routes.
    #[inline(always)]
    fn value_at_sight(&mut self, key: &Key, value: Value<'_>) -> bool {
        match &mut self.json {
            Some(line) if self.is_json => line.value_at_sight(key, value),
            _ => {
                // All that others would look at once more is known by now.
                self.plain_value(key, value);
                true
            }
        }
    }

    fn value(&mut self, key: &Key, value: Value<'_>) {
        self.each(|line| line.value(key, value));
        self.each_shaped(|line| line.value(key, value));
    }

    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        let Some(text) = self.text.take() else {
            return self.each(|line| line.print(key, value));
        };
        text.clear();
        // A value that prints more than any line holds is stopped.
        print_marked(text, value);
        self.each(|line| line.print(key, format_args!("{text}")));
        // The others take secrets out of what they have made of it.
        let clean = match self.shaped.is_some() && !key.seen.is_clean(text.as_bytes(), self.rules) {
            true => self.redacted(key, text),
            false => Cow::Borrowed(&**text),
        };
        self.each_shaped(|line| line.printed(key, &clean));
        drop(clean);
        self.text = Some(text);
    }

    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.each(|line| line.span(written, fields, fragments));
        self.each_shaped(|line| line.fields(fields));
    }

    fn request(&mut self, written: u64, fields: &Fields) {
        self.each(|line| line.request(written, fields));
        self.each_shaped(|line| line.fields(fields));
    }

    fn mark_cut(&mut self) {
        self.each(|line| line.mark_cut());
        self.each_shaped(|line| line.mark_cut());
    }

    fn mark_recorded(&mut self, mark: &Key) {
        self.each(|line| line.mark_recorded(mark));
        self.each_shaped(|line| line.mark_recorded());
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
