//! The line for people: `2026-10-03T12:34:56.123Z INFO  shop: order accepted order=42 trace=0af76519 request=ORD-7`.
//!
//! What comes from data is always escaped; the only escape sequences on a line are the colours of its head.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::{Context, with_current};
use obs_core::fields::{Fields, Value, guarded};
use tracing_core::Level;

use super::escape::{self, Style};
use super::fragment::{Merge, PRETTY, SpanFragments};
use super::ids::has_fields;
use super::key::Label;
use super::number;
use super::secrets::take_out;
use super::site::{Key, Kind, Site};
use super::text::Text;
use super::{Buffer, Line, MAX_LINE_BYTES, TimeCache, micros};

/// Room kept for the head and what ends a line.
const ENDS_ROOM: usize = 8 * 1024;
/// How many bytes of an id are shown: enough to find it by.
const SHORT_HEX: usize = 8;
const SHORT_REQUEST: usize = 16;

/// One line being written, all but its head, which differs between outputs with and without colours.
#[derive(Debug)]
pub(crate) struct PrettyLine<'a> {
    out: &'a mut Buffer,
    limit: usize,
    cut: bool,
    merge: Merge<'a>,
}

impl<'a> PrettyLine<'a> {
    pub(crate) fn open((out, hashes): (&'a mut Buffer, &'a mut Vec<u64>), site: &'a Site) -> Self {
        out.clear();
        Self { out, limit: MAX_LINE_BYTES - ENDS_ROOM, cut: false, merge: Merge::new(site, hashes) }
    }

    fn key(&mut self, key: &[u8]) -> bool {
        if self.out.len() + key.len() + 32 > self.limit || self.cut {
            self.cut = true;
            return false;
        }
        self.out.extend(key);
        true
    }

    fn writer(&mut self, style: Style) -> Text<'_> {
        Text { out: self.out, limit: self.limit, style, cut: self.cut }
    }

    /// A field of the event's that has a type of its own.
    pub(crate) fn value(&mut self, key: &Key, value: Value<'_>) {
        match (key.kind, value) {
            (Kind::Message, Value::Str(text)) => self.message(text),
            (_, Value::Str(text)) => self.quoted(&key.names.pretty, text),
            (_, value) => {
                if self.key(&key.names.pretty) {
                    push_pretty_value(self.out, value);
                }
            }
        }
    }

    /// A field of the event's that is printed by a user's code.
    pub(crate) fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        let head = if key.kind == Kind::Message { b" " } else { &*key.names.pretty };
        if self.key(head) {
            let start = self.out.len();
            let mut writer = self.writer(Style::Bare);
            guarded(&mut writer, value);
            self.cut = writer.cut;
            self.cut |= take_out(self.out, start, Style::Bare, (self.merge.rules(), &key.seen), self.limit);
        }
    }

    fn plain(&mut self, key: &[u8], text: &str) {
        if self.key(key) {
            self.out.extend(text.as_bytes());
        }
    }

    fn quoted(&mut self, key: &[u8], text: &str) {
        if is_word(text) {
            return self.plain(key, text);
        }
        if self.key(key) {
            self.out.push(b'"');
            let mut writer = self.writer(Style::Quoted);
            writer.push(text);
            self.cut = writer.cut;
            self.out.push(b'"');
        }
    }

    /// The ids of the open context, shortened. Returns whether its request has fields of its own.
    pub(crate) fn identity(&mut self) -> bool {
        let of = |context: &Context| {
            self.identity_of(context);
            has_fields(context)
        };
        with_current(of).unwrap_or(false)
    }

    /// The ids of `context`, shortened.
    pub(crate) fn identity_of(&mut self, context: &Context) {
        let mut put = |key: &[u8], id: &[u8], is_request: bool| {
            self.out.extend(key);
            push_short(self.out, id, is_request);
        };
        put(b" trace=", &context.trace_id().to_hex(), false);
        put(b" span=", &context.span_id().to_hex(), false);
        if let Some(id) = context.request_id() {
            put(b" request=", id.as_bytes(), true);
        }
    }

    /// The fields of one span, but those whose keys are on the line already.
    pub(crate) fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.cut |= !self.merge.copy(fragments.pretty(fields), written, self.out, self.limit);
    }

    /// The fields of the request, but those whose keys are on the line already; `written` are those of the line's own.
    pub(crate) fn request(&mut self, written: u64, fields: &Fields) {
        self.cut |= !self.merge.write(fields, PRETTY, written, self.out, self.limit);
    }

    /// Has the line say that it was cut, before it came here.
    pub(crate) fn mark_cut(&mut self) {
        self.cut = true;
    }

    /// Ends the line; what was cut is marked.
    pub(crate) fn close(self, caller: Option<&Site>) {
        if let Some(site) = caller {
            self.out.extend(&site.pretty_caller);
        }
        if self.cut {
            self.out.extend(b" truncated=true");
        }
        self.out.push(b'\n');
    }
}

/// Writes what stands in front of a line's body: time, level, target.
pub(crate) fn push_head(out: &mut Buffer, time: &mut TimeCache, now: Timestamp, site: &Site, coloured: bool) {
    Head { level: site.level, target: &site.target, coloured, shown: [true; 3] }.push(out, time, now);
}

/// What stands in front of a line's body.
pub(super) struct Head<'a> {
    pub(super) level: Level,
    /// Escaped.
    pub(super) target: &'a [u8],
    pub(super) coloured: bool,
    /// Which of time, level and target are there.
    pub(super) shown: [bool; 3],
}

impl Head<'_> {
    pub(super) fn push(&self, out: &mut Buffer, time: &mut TimeCache, now: Timestamp) {
        let (level, colour) = match self.level {
            Level::ERROR => ("ERROR", "\u{1b}[31m"),
            Level::WARN => ("WARN ", "\u{1b}[33m"),
            Level::INFO => ("INFO ", "\u{1b}[32m"),
            Level::DEBUG => ("DEBUG", "\u{1b}[34m"),
            Level::TRACE => ("TRACE", "\u{1b}[35m"),
        };
        let dim = "\u{1b}[2m";
        let [shows_time, shows_level, shows_target] = self.shown;
        if shows_time {
            self.paint(out, dim, |out| time.push_millis(now, out));
        }
        if shows_level {
            self.paint(out, colour, |out| out.extend(level.as_bytes()));
        }
        if shows_target {
            self.paint(out, dim, |out| {
                out.extend(self.target);
                out.push(b':');
            });
        }
    }

    fn paint(&self, out: &mut Buffer, colour: &str, write: impl FnOnce(&mut Buffer)) {
        if out.len() > 0 {
            out.push(b' ');
        }
        if self.coloured {
            out.extend(colour.as_bytes());
        }
        write(out);
        if self.coloured {
            out.extend("\u{1b}[0m".as_bytes());
        }
    }
}

/// Appends as much of an id as it is found by.
pub(super) fn push_short(out: &mut Buffer, id: &[u8], is_request: bool) {
    let most = if is_request { SHORT_REQUEST } else { SHORT_HEX };
    out.extend(&id[..id.len().min(most)]);
    if is_request && id.len() > most {
        out.extend("…".as_bytes());
    }
}

impl Line for PrettyLine<'_> {
    fn message(&mut self, text: &str) {
        self.out.push(b' ');
        let mut writer = self.writer(Style::Bare);
        writer.push(text);
        self.cut = writer.cut;
    }

    fn text(&mut self, label: &Label, value: &str) {
        self.quoted(&label.names.pretty, value);
    }

    fn address(&mut self, label: &Label, value: IpAddr) {
        if self.key(&label.names.pretty) {
            number::push_address(&mut self.writer(Style::Bare), value);
        }
    }

    fn number(&mut self, label: &Label, value: u64) {
        if self.key(&label.names.pretty) {
            number::push_u64(self.out, value);
        }
    }

    fn millis(&mut self, label: &Label, value: Duration) {
        if self.key(&label.names.pretty) {
            number::push_thousandths(self.out, micros(value));
        }
    }
}

/// Whether a text reads as one word, so that it needs no quotes.
pub(super) fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+%{}[]".contains(&byte);
    !text.is_empty() && text.len() <= 256 && text.bytes().all(plain)
}

/// Appends a value, in quotes where it is text of more than one word.
pub(super) fn push_pretty_value(out: &mut Buffer, value: Value<'_>) {
    match value {
        Value::Str(text) if is_word(text) => out.extend(text.as_bytes()),
        Value::Str(text) => {
            out.push(b'"');
            escape::push(out, text, Style::Quoted);
            out.push(b'"');
        }
        value => number::push_bare(out, value),
    }
}
