//! One value, as each look has it.

use std::net::IpAddr;

use obs_core::fields::Value;

use super::Look;
use crate::format::escape::Style;
use crate::format::json::push_json_number;
use crate::format::number;
use crate::format::text::{CUT, Text};
use crate::format::{Buffer, logfmt, pretty};

/// What is written behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'a> {
    Value(Value<'a>),
    /// What a user's code has printed.
    Printed(&'a str),
    Address(IpAddr),
    Thousandths(u64),
}

/// How much of a text got onto the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    /// The output's bound of fields has cut it.
    Cut,
    /// The line is full.
    Full,
}

/// What bounds a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How long the line may become.
    pub(super) limit: usize,
    /// How long a text may be, before it is escaped.
    pub(super) field: Option<usize>,
}

impl Look {
    pub(super) fn push_said(self, out: &mut Buffer, said: Said<'_>, bounds: Bounds) -> Fit {
        match said {
            Said::Value(Value::Str(text)) => self.push_text(out, text, false, bounds),
            Said::Printed(text) => self.push_text(out, text, true, bounds),
            Said::Value(value) => self.push_bare(out, value),
            Said::Address(address) => self.wrap(out, |out, style| {
                number::push_address(&mut Text { out, limit: bounds.limit + 64, style, cut: false }, address);
                Fit::Whole
            }),
            Said::Thousandths(value) => {
                if self == Self::Otlp {
                    out.extend(b"{\"doubleValue\":");
                }
                number::push_thousandths(out, value);
                if self == Self::Otlp {
                    out.extend(b"}}");
                }
                Fit::Whole
            }
        }
    }

    /// All texts come through here. `printed` ones need no quotes where people read.
    fn push_text(self, out: &mut Buffer, text: &str, printed: bool, bounds: Bounds) -> Fit {
        let (text, cut) = cut_to(text, bounds.field);
        let bare = match self {
            Self::Json | Self::Ecs | Self::Otlp | Self::Record => false,
            Self::Logfmt => !cut && logfmt::is_word(text.as_bytes()),
            Self::Pretty { .. } => printed || !cut && pretty::is_word(text),
        };
        let push = |out: &mut Buffer, style| {
            let mut writer = Text { out, limit: bounds.limit, style, cut: false };
            writer.push(text);
            if writer.cut {
                return Fit::Full;
            }
            if cut {
                out.extend(CUT.as_bytes());
                return Fit::Cut;
            }
            Fit::Whole
        };
        if !bare {
            return self.quote(out, |out| push(out, Style::Quoted));
        }
        let start = out.len();
        let fit = push(out, Style::Bare);
        if self == Self::Logfmt && fit == Fit::Full {
            // With the mark of the cut it is no word any more.
            out.truncate(start);
            return self.quote(out, |out| push(out, Style::Quoted));
        }
        fit
    }

    /// Puts quotes around what `write` appends, and what OTLP has around those.
    fn quote(self, out: &mut Buffer, write: impl FnOnce(&mut Buffer) -> Fit) -> Fit {
        out.extend(if self == Self::Otlp { b"{\"stringValue\":\"" } else { b"\"" });
        let fit = write(out);
        out.extend(if self == Self::Otlp { b"\"}}" } else { b"\"" });
        fit
    }

    /// The same for texts that need no quotes where these are not the rule.
    fn wrap(self, out: &mut Buffer, write: impl FnOnce(&mut Buffer, Style) -> Fit) -> Fit {
        if self.is_json() {
            self.quote(out, |out| write(out, Style::Quoted))
        } else {
            write(out, Style::Bare)
        }
    }

    fn push_bare(self, out: &mut Buffer, value: Value<'_>) -> Fit {
        match self {
            Self::Json | Self::Ecs | Self::Record => push_json_number(out, value),
            Self::Logfmt | Self::Pretty { .. } => number::push_bare(out, value),
            Self::Otlp => {
                let (open, close): (&[u8], &[u8]) = match value {
                    Value::I64(_) => (b"{\"intValue\":\"", b"\"}}"),
                    // The protocol has none without a sign.
                    Value::U64(value) if i64::try_from(value).is_ok() => (b"{\"intValue\":\"", b"\"}}"),
                    Value::U64(_) | Value::Str(_) => (b"{\"stringValue\":\"", b"\"}}"),
                    Value::F64(_) => (b"{\"doubleValue\":", b"}}"),
                    Value::Bool(_) => (b"{\"boolValue\":", b"}}"),
                };
                out.extend(open);
                push_json_number(out, value);
                out.extend(close);
            }
        }
        Fit::Whole
    }
}

/// As much of a text as a field may have, and whether that is less than all.
pub(super) fn cut_to(text: &str, max: Option<usize>) -> (&str, bool) {
    let Some(max) = max.filter(|max| *max < text.len()) else { return (text, false) };
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    (&text[..end], true)
}
