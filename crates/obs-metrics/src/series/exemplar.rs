//! Exemplars: for each bucket the last sampled observation of a tick, readable without holding up a writer.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use obs_core::context::Ids;
use obs_core::{SpanId, TraceId, time};

/// How often a reader tries before it leaves an exemplar out of this scrape.
const TRIES: usize = 16;

/// One observation and the span it was made in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) value: f64,
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    /// Milliseconds since the Unix epoch; 0 when no clock was read yet.
    pub(crate) millis: u64,
}

/// A sequence lock of atomics: odd while a writer is at work, 0 while empty.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    sequence: AtomicU64,
    millis: AtomicU64,
    value: AtomicU64,
    trace_high: AtomicU64,
    trace_low: AtomicU64,
    span: AtomicU64,
}

impl Slot {
    /// Keeps this observation unless the slot was written in the same tick or is being written now.
    #[inline]
    pub(crate) fn offer(&self, value: f64, ids: &Ids) {
        if self.is_due() {
            self.replace(self.sequence.load(Ordering::Relaxed), time::tick_millis(), value, ids);
        }
    }

    /// Whether an observation would be kept: where the ids are yet to be found, this is asked first.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.millis.load(Ordering::Relaxed) != time::tick_millis()
            || self.sequence.load(Ordering::Relaxed) == 0
    }

    #[cold]
    fn replace(&self, sequence: u64, tick: u64, value: f64, ids: &Ids) {
        // Whoever finds another writer at work has nothing better to say than that one.
        let claim = self.sequence.compare_exchange(
            sequence & !1,
            (sequence & !1) + 1,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        let Ok(sequence) = claim else { return };
        // A reader that sees any of the stores below sees the odd sequence too.
        fence(Ordering::Release);
        let trace = ids.trace_id.get();
        self.millis.store(tick, Ordering::Relaxed);
        self.value.store(value.to_bits(), Ordering::Relaxed);
        self.trace_high.store((trace >> 64) as u64, Ordering::Relaxed);
        self.trace_low.store(trace as u64, Ordering::Relaxed);
        self.span.store(ids.span_id.get(), Ordering::Relaxed);
        self.sequence.store(sequence + 2, Ordering::Release);
    }

    /// Nothing again; nobody else writes meanwhile.
    pub(crate) fn clear(&self) {
        self.sequence.store(0, Ordering::Release);
    }

    pub(crate) fn read(&self) -> Option<Exemplar> {
        for _ in 0..TRIES {
            let before = self.sequence.load(Ordering::Acquire);
            if before == 0 {
                return None;
            }
            let millis = self.millis.load(Ordering::Relaxed);
            let value = f64::from_bits(self.value.load(Ordering::Relaxed));
            let high = u128::from(self.trace_high.load(Ordering::Relaxed));
            let low = u128::from(self.trace_low.load(Ordering::Relaxed));
            let span = self.span.load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.sequence.load(Ordering::Relaxed) == before {
                let trace_id = TraceId::new(high << 64 | low)?;
                return Some(Exemplar { value, trace_id, span_id: SpanId::new(span)?, millis });
            }
            std::hint::spin_loop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use obs_core::context::TraceFlags;

    use super::*;

    fn ids(n: u64) -> Ids {
        Ids {
            trace_id: TraceId::new(u128::from(n) << 64 | u128::from(n)).unwrap(),
            span_id: SpanId::new(n).unwrap(),
            flags: TraceFlags::default().sampled(true),
        }
    }

    #[test]
    fn a_reader_never_sees_half_of_a_write() {
        let (slot, stop) = (Slot::default(), AtomicBool::new(false));
        assert_eq!(slot.read(), None);
        std::thread::scope(|scope| {
            for start in [1u64, 1_000_000_000] {
                let (slot, stop) = (&slot, &stop);
                scope.spawn(move || {
                    for n in start.. {
                        slot.replace(slot.sequence.load(Ordering::Relaxed), n, n as f64, &ids(n));
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                });
            }
            let mut seen = 0;
            while seen < 20_000 {
                let Some(read) = slot.read() else { continue };
                let n = read.span_id.get();
                assert_eq!((read.value, read.millis, read.trace_id), (n as f64, n, ids(n).trace_id));
                seen += 1;
            }
            stop.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn within_one_tick_the_first_stays() {
        let slot = Slot::default();
        let tick = time::tick_millis();
        slot.offer(1.0, &ids(1));
        slot.offer(2.0, &ids(2));
        let read = slot.read().unwrap();
        // Another test may read the clock in between.
        if time::tick_millis() == tick {
            assert_eq!(read.value, 1.0);
        }
    }
}
