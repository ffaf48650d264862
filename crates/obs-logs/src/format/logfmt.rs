//! The logfmt line: the fields of the JSON line in the same order, as `key=value` with a space between.
//!
//! A value is in quotes where it is empty or holds anything but printable ASCII without `"`, `=` and `\`; inside of
//! quotes it is escaped as in JSON. So is a key, whose quotes, spaces and `=` are escaped too: no data can end a value
//! or begin another.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::{Context, with_current};
use obs_core::fields::{Fields, Value, guarded};
use obs_core::keys::field;

use super::escape::{self, Style};
use super::fragment::{LOGFMT, Merge, SpanFragments};
use super::ids::has_fields;
use super::key::Label;
use super::number;
use super::secrets::take_out;
use super::site::{Key, Site};
use super::text::Text;
use super::{Buffer, Line, MAX_LINE_BYTES, Service, TAIL_ROOM, TimeCache, micros};

/// One line being written.
#[derive(Debug)]
pub(crate) struct LogfmtLine<'a> {
    out: &'a mut Buffer,
    /// How long the line may become before its tail.
    limit: usize,
    cut: bool,
    merge: Merge<'a>,
}

impl<'a> LogfmtLine<'a> {
    /// Begins with time, level and target.
    pub(crate) fn open(
        (out, hashes): (&'a mut Buffer, &'a mut Vec<u64>),
        time: &mut TimeCache,
        now: Timestamp,
        site: &'a Site,
        service: &Service,
    ) -> Self {
        out.clear();
        time.open_logfmt(now, out);
        out.extend(&site.logfmt_head);
        let limit = MAX_LINE_BYTES - TAIL_ROOM - service.logfmt.len() - site.logfmt_caller.len();
        Self { out, limit, cut: false, merge: Merge::new(site, hashes) }
    }

    /// Writes a key if it has room for a number behind it.
    fn key(&mut self, key: &[u8]) -> bool {
        // A number has at most 32 bytes.
        let fits = self.out.len() + key.len() + 32 <= self.limit;
        if fits {
            self.out.extend(key);
        } else {
            self.fill();
        }
        fits
    }

    /// Lets nothing more onto the line but its tail.
    #[cold]
    fn fill(&mut self) {
        (self.cut, self.limit) = (true, 0);
    }

    fn text_behind(&mut self, key: &[u8], text: &str) {
        if self.key(key) && push_logfmt_text(self.out, text, self.limit) {
            self.fill();
        }
    }

    /// A field of the event's that has a type of its own.
    pub(crate) fn value(&mut self, key: &Key, value: Value<'_>) {
        match value {
            Value::Str(text) => self.text_behind(&key.names.logfmt, text),
            value => {
                if self.key(&key.names.logfmt) {
                    number::push_bare(self.out, value);
                }
            }
        }
    }

    /// A field of the event's that is printed by a user's code.
    pub(crate) fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        if !self.key(&key.names.logfmt) {
            return;
        }
        // Whether it needs its quotes is known once it is there.
        let (quote, limit) = (self.out.len(), self.limit);
        self.out.push(b'"');
        let mut text = Text { out: self.out, limit, style: Style::Quoted, cut: false };
        guarded(&mut text, value);
        if text.cut {
            self.fill();
        }
        if take_out(self.out, quote + 1, Style::Quoted, (self.merge.rules(), &key.seen), limit) {
            self.fill();
        }
        if is_word(&self.out.as_slice()[quote + 1..]) {
            self.out.remove(quote);
        } else {
            self.out.push(b'"');
        }
    }

    /// Service and ids; the fields of spans follow. Returns whether the request has fields of its own.
    pub(crate) fn identity(&mut self, service: &Service) -> bool {
        self.out.extend(service.logfmt.as_slice());
        let of = |context: &Context| {
            self.ids(context);
            has_fields(context)
        };
        with_current(of).unwrap_or(false)
    }

    /// Service and the ids of `context`.
    pub(crate) fn identity_of(&mut self, service: &Service, context: &Context) {
        self.out.extend(service.logfmt.as_slice());
        self.ids(context);
    }

    fn ids(&mut self, context: &Context) {
        let mut put = |key: &str, value: &[u8]| {
            self.out.push(b' ');
            self.out.extend(key.as_bytes());
            self.out.push(b'=');
            self.out.extend(value);
        };
        put(field::TRACE_ID, &context.trace_id().to_hex());
        put(field::SPAN_ID, &context.span_id().to_hex());
        if let Some(id) = context.request_id() {
            // An `=` may be part of it.
            put(field::REQUEST_ID, b"");
            push_logfmt_text(self.out, id.as_str(), MAX_LINE_BYTES);
        }
    }

    /// The fields of one span, but those whose keys are on the line already; `written` are those of the event.
    pub(crate) fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.cut |= !self.merge.copy(fragments.logfmt(fields), written, self.out, self.limit);
    }

    /// The fields of the request, but those whose keys are on the line already; `written` are those of the line's own.
    pub(crate) fn request(&mut self, written: u64, fields: &Fields) {
        self.cut |= !self.merge.write(fields, LOGFMT, written, self.out, self.limit);
    }

    /// Has the line say that it was cut, before it came here.
    pub(crate) fn mark_cut(&mut self) {
        self.cut = true;
    }

    /// Ends the line; what was cut is marked.
    pub(crate) fn close(self, caller: Option<&Site>) {
        if let Some(site) = caller {
            self.out.extend(&site.logfmt_caller);
        }
        if self.cut {
            for part in [" ", field::TRUNCATED, "=true"] {
                self.out.extend(part.as_bytes());
            }
        }
        self.out.push(b'\n');
    }
}

impl Line for LogfmtLine<'_> {
    fn message(&mut self, text: &str) {
        for part in [" ", field::MESSAGE, "="] {
            self.out.extend(part.as_bytes());
        }
        if push_logfmt_text(self.out, text, self.limit) {
            self.fill();
        }
    }

    fn text(&mut self, label: &Label, value: &str) {
        self.text_behind(&label.names.logfmt, value);
    }

    fn address(&mut self, label: &Label, value: IpAddr) {
        if self.key(&label.names.logfmt) {
            let limit = self.limit;
            let mut text = Text { out: self.out, limit, style: Style::Bare, cut: false };
            number::push_address(&mut text, value);
        }
    }

    fn number(&mut self, label: &Label, value: u64) {
        if self.key(&label.names.logfmt) {
            number::push_u64(self.out, value);
        }
    }

    fn millis(&mut self, label: &Label, value: Duration) {
        if self.key(&label.names.logfmt) {
            number::push_thousandths(self.out, micros(value));
        }
    }
}

/// Whether a text needs no quotes.
pub(super) fn is_word(text: &[u8]) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    !text.is_empty() && text.iter().all(|&byte| plain(byte))
}

/// Appends a text, in quotes where it needs them, and keeps `out` below `limit`. Returns whether it was cut.
pub(super) fn push_logfmt_text(out: &mut Buffer, text: &str, limit: usize) -> bool {
    if is_word(text.as_bytes()) && out.len() + text.len() <= limit {
        out.extend(text.as_bytes());
        return false;
    }
    out.push(b'"');
    let mut quoted = Text { out: &mut *out, limit, style: Style::Quoted, cut: false };
    quoted.push(text);
    let cut = quoted.cut;
    out.push(b'"');
    cut
}

/// Appends a value, in quotes where it is text that needs them.
pub(super) fn push_logfmt_value(out: &mut Buffer, value: Value<'_>) {
    match value {
        Value::Str(text) if is_word(text.as_bytes()) => out.extend(text.as_bytes()),
        Value::Str(text) => {
            out.push(b'"');
            escape::push(out, text, Style::Quoted);
            out.push(b'"');
        }
        value => number::push_bare(out, value),
    }
}
