//! Spans that wait for their local root, by trace and in the order the traces came.

use std::collections::{BTreeMap, HashMap};

use obs_core::time::Monotonic;
use obs_core::{SpanId, TraceId};

use crate::decode::Place;

/// One span that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) place: Place,
    pub(super) bytes: Box<[u8]>,
}

/// Spans of one trace that are printed together.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) trace_id: TraceId,
    /// Whether the first of them is their local root and all others are below it.
    pub(super) whole: bool,
    pub(super) spans: Vec<Waiting>,
}

#[derive(Debug)]
struct Group {
    trace_id: TraceId,
    /// When the first of them came.
    since: Monotonic,
    spans: Vec<Waiting>,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// By the number under which the trace came.
    groups: BTreeMap<u64, Group>,
    numbers: HashMap<TraceId, u64>,
    next: u64,
    bytes: usize,
}

impl Waiting {
    /// What it costs to keep it, its share of tables and trees included.
    fn cost(&self) -> usize {
        const TABLES: usize = 256;
        self.bytes.len() + size_of::<Self>() + TABLES
    }
}

impl Gather {
    /// Keeps a span, or hands it out with all that is below it where it is a local root.
    pub(super) fn add(&mut self, span: Waiting, now: Monotonic) -> Option<Piece> {
        let trace_id = span.place.trace_id;
        if span.place.is_local_root() {
            return Some(self.complete(span));
        }
        self.bytes += span.cost();
        let number = *self.numbers.entry(trace_id).or_insert(self.next);
        if number == self.next {
            self.next += 1;
        }
        let group = self.groups.entry(number);
        group.or_insert_with(|| Group { trace_id, since: now, spans: Vec::new() }).spans.push(span);
        None
    }

    fn complete(&mut self, root: Waiting) -> Piece {
        let trace_id = root.place.trace_id;
        let number = self.numbers.get(&trace_id).copied();
        let Some(mut group) = number.and_then(|number| self.groups.remove(&number)) else {
            return Piece { trace_id, whole: true, spans: vec![root] };
        };
        // A trace may have several local roots in one process; only what is below this one is its own.
        let below = below(root.place.span_id, &group.spans);
        let (mut spans, mut rest) = (vec![root], Vec::new());
        for (span, is_below) in group.spans.drain(..).zip(below) {
            if is_below {
                self.bytes -= span.cost();
                spans.push(span);
            } else {
                rest.push(span);
            }
        }
        match number {
            Some(number) if !rest.is_empty() => {
                self.groups.insert(number, Group { spans: rest, ..group });
            }
            _ => {
                self.numbers.remove(&trace_id);
            }
        }
        Piece { trace_id, whole: true, spans }
    }

    /// Hands out the trace that has waited longest.
    pub(super) fn take_oldest(&mut self) -> Option<Piece> {
        let (_, group) = self.groups.pop_first()?;
        self.numbers.remove(&group.trace_id);
        self.bytes -= group.spans.iter().map(Waiting::cost).sum::<usize>();
        Some(Piece { trace_id: group.trace_id, whole: false, spans: group.spans })
    }

    /// When the trace that has waited longest came.
    pub(super) fn oldest(&self) -> Option<Monotonic> {
        self.groups.first_key_value().map(|(_, group)| group.since)
    }

    /// What all of it costs.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Which of `spans` are below `root`. Each is looked at once, however their ids are twisted.
fn below(root: SpanId, spans: &[Waiting]) -> Vec<bool> {
    let mut children: HashMap<SpanId, Vec<usize>> = HashMap::new();
    for (index, span) in spans.iter().enumerate() {
        if let Some(parent) = span.place.parent {
            children.entry(parent).or_default().push(index);
        }
    }
    let mut below = vec![false; spans.len()];
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for index in children.remove(&parent).unwrap_or_default() {
            below[index] = true;
            open.push(spans[index].place.span_id);
        }
    }
    below
}
