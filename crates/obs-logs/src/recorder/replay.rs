//! The lines of a request that has failed, written as the lines they would have been.

use std::fmt;

use obs_core::Timestamp;
use obs_core::context::{self, Context};
use obs_core::fields::{Fields, Value};
use obs_core::keys::{field, target};
use obs_core::observe::End;
use obs_core::redact::{REDACTED, Rules};
use tracing_core::callsite::DefaultCallsite;
use tracing_core::{Level, Metadata, metadata};

use super::Recorder;
use super::buffer::{Flight, LetGo, Taken};
use super::chunk::{Chunk, Line};
use super::judge::Reason;
use super::record::{Held, Reader};
use crate::engine::{EventLine, Replayed};
use crate::format::{Key, Kind, Message, Site, is_written};
use crate::{Logs, SpanFragments};

/// What is said of lines that are not there.
static GAP: Metadata<'static> = metadata! {
    name: "gap",
    target: target::RECORDER,
    level: Level::DEBUG,
    fields: &[field::MESSAGE],
    callsite: &CALLSITE,
    kind: tracing_core::metadata::Kind::EVENT,
};
static CALLSITE: DefaultCallsite = DefaultCallsite::new(&GAP);

/// The engine that writes, and the outputs it writes to.
type To<'a> = (&'a Logs, u32);

impl Recorder {
    /// The request has ended and was judged: its lines are written, or forgotten.
    pub(crate) fn finish(&self, logs: &Logs, context: &Context, end: &End<'_>) {
        let Some(flight) = context.local().flight_so_far::<Flight>() else { return };
        if !flight.is_of(self) {
            return;
        }
        let reason = flight.reason().or_else(|| self.of_itself(end));
        let taken = flight.close();
        let Some(reason) = reason else { return };
        let outputs = logs.outputs_of_held(context, end.outcome.is_error());
        // What no route takes is not made, and not counted.
        if outputs != 0 {
            self.write((logs, outputs), context, &taken, reason);
        }
    }

    #[cold]
    fn write(&self, to: To<'_>, context: &Context, taken: &Taken<'_>, reason: Reason) {
        let first = taken.chunks().find_map(|chunk| chunk.lines.first()).map(|line| line.at);
        let now = to.0.base().clock.now();
        // Many lines at once, each of which would wait for its output anew, where one that logs is to wait.
        let _no_waiting = context::silence();
        let from = first.unwrap_or(now);
        let LetGo { earlier, too_large, process_full } = taken.let_go;
        if earlier > 0 {
            self.tell(to, context, from, format_args!("… {earlier} earlier lines were let go"));
        }
        let mut lines = 0;
        for chunk in taken.chunks() {
            let mut spans = Copies::default();
            for line in &chunk.lines {
                self.replay(to, context, (chunk, line), &mut spans);
                lines += 1;
            }
        }
        if too_large > 0 {
            self.tell(to, context, now, format_args!("… {too_large} lines found no room in their request"));
        }
        if process_full > 0 {
            self.tell(to, context, now, format_args!("… {process_full} lines found no room in the process"));
        }
        self.counts.written(lines, reason);
    }

    fn tell(&self, (logs, outputs): To<'_>, context: &Context, at: Timestamp, message: fmt::Arguments<'_>) {
        let fields = |site: &Site, line: &mut dyn EventLine| {
            if let Some(key) = site.key(0) {
                line.print(key, message);
            }
            line.mark_recorded(&self.mark);
            u64::MAX
        };
        let replayed = Replayed { metadata: &GAP, at, outputs, context, is_cut: false, is_counted: false };
        logs.replay(replayed, fields, |_| ());
    }

    fn replay(
        &self,
        (logs, outputs): To<'_>,
        context: &Context,
        (chunk, line): (&Chunk, &Line),
        copies: &mut Copies,
    ) {
        let context = context.child(line.span_id);
        let (start, end) = (line.start as usize, line.end as usize);
        let mut reader = Reader(chunk.bytes.get(start..end).unwrap_or_default());
        let places: Vec<u32> = (0..line.spans).map_while(|_| reader.place()).collect();
        let fields = |site: &Site, out: &mut dyn EventLine| {
            let written = put_all(site, reader, out);
            out.mark_recorded(&self.mark);
            written
        };
        let Line { metadata, at, is_cut, is_counted, .. } = *line;
        let replayed = Replayed { metadata, at, outputs, context: &context, is_cut, is_counted };
        logs.replay(replayed, fields, |spans| {
            for place in places {
                let (fields, fragments) = copies.of(chunk, place, &logs.base().redaction);
                spans.add(fields, fragments);
            }
        });
    }
}

/// Puts the fields of an event on a line, the message in front of all others, of two of the same name the first;
/// returns which they were.
fn put_all(site: &Site, reader: Reader<'_>, line: &mut dyn EventLine) -> u64 {
    let mut written = 0;
    let turns: &[Option<bool>] = match site.message {
        Message::First => &[None],
        Message::Later => &[Some(true), Some(false)],
    };
    for turn in turns {
        let mut reader = reader;
        while let Some((index, held)) = reader.field() {
            let Some(key) = site.key(index) else { continue };
            let is_message = key.kind == Kind::Message;
            let is_its_turn = turn.is_none_or(|only_message| only_message == is_message);
            if is_its_turn && !key.same_as.is_some_and(|first| is_written(written, first)) {
                written |= key.bits;
                put(key, held, &site.rules, line);
            }
        }
    }
    written
}

fn put(key: &Key, held: Held<'_>, rules: &Rules, line: &mut dyn EventLine) {
    match (key.kind, held) {
        (Kind::Secret, _) | (_, Held::Secret) => line.value(key, Value::Str(REDACTED)),
        // As it would have been: whole numbers are no card numbers, however they are written.
        (_, Held::Wide(digits)) => line.value(key, Value::Str(digits)),
        (_, Held::Printed(text)) => line.print(key, format_args!("{text}")),
        (_, Held::Value(Value::Str(text))) => line.value(key, Value::Str(&rules.redact(text))),
        (Kind::Plain, Held::Value(value)) => line.value(key, value),
        (Kind::Message, Held::Value(value)) => line.message_of(key, value),
    }
}

/// The spans of one chunk, each made into fields once.
#[derive(Default)]
struct Copies(Vec<(u32, Fields, SpanFragments)>);

impl Copies {
    fn of(&mut self, chunk: &Chunk, place: u32, rules: &Rules) -> (&Fields, &mut SpanFragments) {
        let at = self.0.iter().position(|(known, ..)| *known == place).unwrap_or_else(|| {
            let bytes = chunk.bytes.get(place as usize..).unwrap_or_default();
            self.0.push((place, Reader(bytes).span(rules), SpanFragments::new()));
            self.0.len() - 1
        });
        let (_, fields, fragments) = &mut self.0[at];
        (fields, fragments)
    }
}
