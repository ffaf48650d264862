//! Puts members at the end of a JSON object that goes by in pieces, without keeping it.

use std::fmt::{self, Write};

use obs_core::keys::field;

use super::each;

/// The names that may be added.
const NAMES: [&str; 3] = [field::TRACE_ID, field::SPAN_ID, field::REQUEST_ID];

/// Passes everything on but the end of the object, which waits for what comes last.
#[derive(Debug)]
pub(super) struct Members<W> {
    out: W,
    depth: usize,
    /// Whether a string is open, and a backslash in it.
    string: bool,
    escaped: bool,
    /// Whether a member is in front.
    any: bool,
    /// How far the last string of the object itself is each of the names; and which of them are keys.
    same: [Option<usize>; NAMES.len()],
    known: [bool; NAMES.len()],
    /// Whether the object's last bracket has come; and what came behind it, which is line ends.
    ended: bool,
    line_ends: usize,
}

impl<W: Write> Members<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            depth: 0,
            string: false,
            escaped: false,
            any: false,
            same: [None; NAMES.len()],
            known: [false; NAMES.len()],
            ended: false,
            line_ends: 0,
        }
    }

    /// Adds the ids and what was held back.
    pub(super) fn finish(mut self) -> fmt::Result {
        if !self.ended {
            return Ok(());
        }
        let (out, any) = (&mut self.out, &mut self.any);
        let (known, names) = (self.known, NAMES);
        each(|name, id| {
            if names.iter().zip(known).any(|(known_name, known)| known && *known_name == name) {
                return Ok(());
            }
            let comma = if std::mem::replace(any, true) { "," } else { "" };
            // Ids hold nothing that JSON would escape.
            write!(out, "{comma}\"{name}\":\"{id}\"")
        })?;
        out.write_char('}')?;
        (0..self.line_ends).try_for_each(|_| out.write_char('\n'))
    }

    /// Takes up one byte; whether it ends the object.
    fn step(&mut self, byte: u8) -> bool {
        if self.string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.string = false,
                _ => {}
            }
            if self.string && byte != b'"' {
                for (same, name) in self.same.iter_mut().zip(NAMES) {
                    *same = same.filter(|at| name.as_bytes().get(*at) == Some(&byte)).map(|at| at + 1);
                }
            }
            return false;
        }
        match byte {
            b'"' => {
                self.string = true;
                self.any |= self.depth == 1;
                self.same = [Some(0).filter(|_| self.depth == 1); NAMES.len()];
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            b':' => {
                // What was read last is a key; what was not of the object itself is none of the names.
                for ((known, same), name) in self.known.iter_mut().zip(self.same).zip(NAMES) {
                    *known |= same == Some(name.len());
                }
                self.same = [None; NAMES.len()];
            }
            _ => {}
        }
        false
    }
}

impl<W: Write> Write for Members<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut end = text.len();
        for (at, byte) in text.bytes().enumerate() {
            if self.ended {
                // Nothing but line ends comes behind the object.
                self.line_ends += usize::from(byte == b'\n');
            } else if self.step(byte) {
                self.ended = true;
                end = at;
            }
        }
        if self.ended && end == text.len() {
            return Ok(());
        }
        self.out.write_str(&text[..end])
    }
}
