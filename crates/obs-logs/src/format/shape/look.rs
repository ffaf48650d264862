//! The formats as shaped lines tell them apart, and how each writes a key.

use crate::format::Buffer;
use crate::format::escape::{self, Style};
use crate::format::key::{push_json_key, push_logfmt_key, push_pretty_key};

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Json,
    Logfmt,
    Pretty {
        coloured: bool,
    },
    Ecs,
    Otlp,
    /// Fields of a log record in protobuf, and a newline behind them that is no part of it.
    Record,
}

impl Look {
    /// Whether a line is one JSON object.
    pub(super) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Ecs | Self::Otlp)
    }

    /// Appends a key with all that stands between it, the field before and its value. The first byte goes where the
    /// key is the first.
    pub(super) fn push_key(self, out: &mut Buffer, name: &str) {
        match self {
            Self::Json | Self::Ecs => push_json_key(out, ("", name)),
            Self::Logfmt => push_logfmt_key(out, ("", name)),
            Self::Pretty { .. } => push_pretty_key(out, ("", name)),
            Self::Otlp => {
                out.extend(b",{\"key\":\"");
                escape::push(out, name, Style::Quoted);
                out.extend(b"\",\"value\":");
            }
            // What stands around it depends on the value.
            Self::Record => out.extend(name.as_bytes()),
        }
    }

    /// The same, made ahead.
    pub(super) fn key(self, name: &str) -> Box<[u8]> {
        let mut out = Buffer::new();
        self.push_key(&mut out, name);
        out.as_slice().into()
    }
}
