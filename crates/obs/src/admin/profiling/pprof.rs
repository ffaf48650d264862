//! Samples as `go tool pprof` and its like read them: protobuf, by `profile.proto` of github.com/google/pprof.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use obs_export::proto;

use super::samples::{Frame, Function, Samples};

/// Numbers of fields, by message.
mod field {
    pub(super) const SAMPLE_TYPE: u32 = 1;
    pub(super) const SAMPLE: u32 = 2;
    pub(super) const MAPPING: u32 = 3;
    pub(super) const LOCATION: u32 = 4;
    pub(super) const FUNCTION: u32 = 5;
    pub(super) const STRING_TABLE: u32 = 6;
    pub(super) const TIME_NANOS: u32 = 9;
    pub(super) const DURATION_NANOS: u32 = 10;
    pub(super) const PERIOD_TYPE: u32 = 11;
    pub(super) const PERIOD: u32 = 12;
}

/// The only mapping: everything has a name already, so that nothing is looked up in a program elsewhere.
const PROGRAM: u64 = 1;

/// A table of things that are told once and then by their number.
struct Table<T>(BTreeMap<T, u64>);

impl<T: Clone + Ord> Table<T> {
    /// Its number, and whether it is new; they count from `first`.
    fn number(&mut self, thing: &T, first: u64) -> (u64, bool) {
        if let Some(number) = self.0.get(thing) {
            return (*number, false);
        }
        let number = self.0.len() as u64 + first;
        self.0.insert(thing.clone(), number);
        (number, true)
    }
}

struct Encoder {
    out: Vec<u8>,
    texts: Table<String>,
    functions: Table<(String, String, String)>,
    locations: Table<Frame>,
}

/// The whole profile, not compressed.
pub(super) fn encode(samples: &Samples) -> Vec<u8> {
    let mut encoder = Encoder {
        out: Vec::new(),
        texts: Table(BTreeMap::new()),
        functions: Table(BTreeMap::new()),
        locations: Table(BTreeMap::new()),
    };
    // The first text is the empty one.
    encoder.text("");
    encoder.value_type(field::SAMPLE_TYPE, "samples", "count");
    encoder.value_type(field::SAMPLE_TYPE, "cpu", "nanoseconds");
    encoder.value_type(field::PERIOD_TYPE, "cpu", "nanoseconds");
    encoder.program();
    let period = nanos(samples.period);
    for stack in &samples.stacks {
        let mut locations = Vec::new();
        stack.frames.iter().for_each(|frame| proto::varint(&mut locations, encoder.location(frame)));
        let mut values = Vec::new();
        proto::varint(&mut values, stack.count);
        proto::varint(&mut values, stack.count.saturating_mul(period));
        let (key, thread) = (encoder.text("thread"), encoder.text(&stack.thread));
        proto::message(&mut encoder.out, field::SAMPLE, |out| {
            proto::bytes(out, 1, &locations);
            proto::bytes(out, 2, &values);
            proto::message(out, 3, |out| {
                proto::uint(out, 1, key);
                proto::uint(out, 2, thread);
            });
        });
    }
    let began = samples.began.duration_since(UNIX_EPOCH).unwrap_or_default();
    proto::uint(&mut encoder.out, field::TIME_NANOS, nanos(began));
    proto::uint(&mut encoder.out, field::DURATION_NANOS, nanos(samples.took));
    proto::uint(&mut encoder.out, field::PERIOD, period);
    encoder.out
}

impl Encoder {
    /// The number of a text, which is written where it is new.
    fn text(&mut self, text: &str) -> u64 {
        let (number, is_new) = self.texts.number(&text.to_owned(), 0);
        if is_new {
            proto::bytes(&mut self.out, field::STRING_TABLE, text.as_bytes());
        }
        number
    }

    fn value_type(&mut self, field: u32, kind: &str, unit: &str) {
        let (kind, unit) = (self.text(kind), self.text(unit));
        proto::message(&mut self.out, field, |out| {
            proto::uint(out, 1, kind);
            proto::uint(out, 2, unit);
        });
    }

    fn program(&mut self) {
        let program = std::env::current_exe().ok();
        let name = program.as_deref().and_then(|path| path.file_name()).unwrap_or_default();
        let name = self.text(&name.to_string_lossy());
        proto::message(&mut self.out, field::MAPPING, |out| {
            proto::uint(out, 1, PROGRAM);
            proto::uint(out, 5, name);
            // Functions, files, lines and inlined frames are known.
            (7..=10).for_each(|known| proto::uint(out, known, 1));
        });
    }

    fn function(&mut self, function: &Function) -> u64 {
        let Function { name, symbol, file, .. } = function;
        let (number, is_new) = self.functions.number(&(name.clone(), symbol.clone(), file.clone()), 1);
        if is_new {
            let (name, symbol, file) = (self.text(name), self.text(symbol), self.text(file));
            proto::message(&mut self.out, field::FUNCTION, |out| {
                proto::uint(out, 1, number);
                proto::uint(out, 2, name);
                proto::uint(out, 3, symbol);
                proto::uint(out, 4, file);
            });
        }
        number
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        let (number, is_new) = self.locations.number(frame, 1);
        if is_new {
            let lines: Vec<_> =
                frame.iter().map(|function| (self.function(function), function.line)).collect();
            proto::message(&mut self.out, field::LOCATION, |out| {
                proto::uint(out, 1, number);
                proto::uint(out, 2, PROGRAM);
                for (function, line) in lines {
                    proto::message(out, 4, |out| {
                        proto::uint(out, 1, function);
                        proto::uint(out, 2, u64::from(line));
                    });
                }
            });
        }
        number
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
