//! Where new ids come from: a per-thread generator in production, a seeded one in tests.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::{RequestId, SpanId, TraceId};

/// Makes trace, span and request ids. Ids are unique, not secret: never use them as credentials.
#[derive(Clone, Debug, Default)]
pub struct IdSource(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Thread,
    Seeded(Arc<Mutex<Generator>>),
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), with the mixing constants
/// of their reference implementation. Each generator walks with a stride of its own, so that two of them would have
/// to agree in both words before they made the same trace id.
#[derive(Clone, Copy, Debug)]
struct Generator {
    state: u64,
    /// Odd; zero means not seeded yet.
    stride: u64,
}

thread_local! {
    static GENERATOR: Cell<Generator> = const { Cell::new(Generator { state: 0, stride: 0 }) };
}

/// Seeds this thread's generator.
#[cold]
fn seeded() -> Generator {
    Generator { state: os_random(), stride: mixed_stride(os_random()) }
}

impl IdSource {
    /// A generator per thread, each seeded from the operating system's randomness.
    pub const fn random() -> Self {
        Self(Kind::Thread)
    }

    /// The same ids in the same order on each run: for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Kind::Seeded(Arc::new(Mutex::new(Generator { state: seed, stride: 0x9e37_79b9_7f4a_7c15 }))))
    }

    /// Whether ids come from the same place; cheap.
    #[inline]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Thread, Kind::Thread) => true,
            (Kind::Seeded(one), Kind::Seeded(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// A new trace id. All 128 bits are random, so the W3C `random` flag may be set with it.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        loop {
            if let Some(id) = TraceId::new(self.next_u128()) {
                return id;
            }
        }
    }

    /// A new span id.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        loop {
            if let Some(id) = SpanId::new(self.next_u64()) {
                return id;
            }
        }
    }

    /// A new request id: 32 hex digits.
    pub fn request_id(&self) -> RequestId {
        RequestId::from_hex(super::hex::encode_wide(self.next_u128()))
    }

    #[inline]
    fn next_u64(&self) -> u64 {
        self.draw(Generator::step)
    }

    #[inline]
    fn next_u128(&self) -> u128 {
        self.draw(|generator| u128::from(generator.step()) << 64 | u128::from(generator.step()))
    }

    #[inline]
    fn draw<T>(&self, draw: impl FnOnce(&mut Generator) -> T) -> T {
        match &self.0 {
            // Nothing is dropped with the cell, so it is there until the thread's very end.
            Kind::Thread => GENERATOR.with(|cell| {
                let mut generator = cell.get();
                if generator.stride == 0 {
                    generator = seeded();
                }
                let drawn = draw(&mut generator);
                cell.set(generator);
                drawn
            }),
            Kind::Seeded(generator) => Self::draw_shared(generator, draw),
        }
    }

    #[cold]
    fn draw_shared<T>(generator: &Mutex<Generator>, draw: impl FnOnce(&mut Generator) -> T) -> T {
        draw(&mut generator.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generator {
    #[inline]
    fn step(&mut self) -> u64 {
        self.state = self.state.wrapping_add(self.stride);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

/// The paper's guard against weak strides: odd, with at least 24 places where neighbouring bits differ.
fn mixed_stride(seed: u64) -> u64 {
    let stride = seed | 1;
    if (stride ^ stride >> 1).count_ones() < 24 { stride ^ 0xaaaa_aaaa_aaaa_aaaa } else { stride }
}

/// 64 bits from the operating system, by the only door the standard library has to them: `RandomState` reads the
/// system once per thread and then counts its keys up, so the hash of nothing under them differs each time.
fn os_random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seeded_source_repeats_itself() {
        let (a, b) = (IdSource::seeded(7), IdSource::seeded(7));
        assert_eq!(a.trace_id(), b.trace_id());
        assert_eq!(a.span_id(), b.span_id());
        assert_eq!(a.request_id(), b.request_id());
        assert_ne!(a.trace_id(), IdSource::seeded(8).trace_id());
    }

    #[test]
    fn threads_never_share_ids() {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn(|| (0..2_000).map(|_| IdSource::random().span_id()).collect::<Vec<_>>())
            })
            .collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for id in thread.join().unwrap() {
                assert!(seen.insert(id), "{id} twice");
            }
        }
        assert_eq!(seen.len(), 16_000);
    }
}
