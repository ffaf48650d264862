//! Scrapes that overlap share one look at the sources and one exposition.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use bytes::Bytes;

use super::gather::{self, Gathered};
use super::walk::{self, Visit};
use super::{Format, coding, render};
use crate::recorder::Inner;

/// The scrape that is going on, and what all of them cost.
#[derive(Default)]
pub(crate) struct Scrapes {
    /// How many looks at the sources have begun.
    begun: AtomicU64,
    waiting: AtomicUsize,
    last: Mutex<Look>,
    /// Which thread asks the sources right now.
    asking: Mutex<Option<ThreadId>>,
    costs: [Cost; Format::ALL.len()],
    last_len: [AtomicUsize; Format::ALL.len()],
}

/// What the scrapes in one format cost; one that is shared costs once.
#[derive(Debug, Default)]
struct Cost {
    scrapes: AtomicU64,
    nanos: AtomicU64,
    /// Of the last one, before compression.
    bytes: AtomicUsize,
}

/// A look at everything, kept as long as somebody waits who came before it began.
#[derive(Default)]
struct Look {
    number: u64,
    gathered: Vec<Gathered>,
    bodies: [Bodies; Format::ALL.len()],
}

#[derive(Default)]
struct Bodies {
    plain: Option<Bytes>,
    zipped: Option<Bytes>,
}

impl Scrapes {
    /// The exposition of everything that was recorded before this call, and of some that is recorded meanwhile; whether it
    /// is compressed too, which a short one is not though it may be.
    pub(crate) fn body(&self, recorder: &Inner, format: Format, gzip: bool) -> (Bytes, bool) {
        self.look(recorder, |look| {
            let began = recorder.base.clock.monotonic();
            let is_shared = look.bodies[format as usize].plain.is_some();
            let plain = self.plain(recorder, look, format);
            if !is_shared {
                let nanos = recorder.base.clock.monotonic().since(began).as_nanos();
                let cost = &self.costs[format as usize];
                cost.scrapes.fetch_add(1, Ordering::Relaxed);
                cost.nanos.fetch_add(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
                cost.bytes.store(plain.len(), Ordering::Relaxed);
            }
            if !gzip || plain.len() < coding::SHORTEST {
                return (plain, false);
            }
            let zipped = &mut look.bodies[format as usize].zipped;
            (zipped.get_or_insert_with(|| coding::zipped(&plain)).clone(), true)
        })
    }

    /// The same for whoever is no scraper: it costs, but does not count as a scrape.
    pub(crate) fn rendered(&self, recorder: &Inner, format: Format) -> Bytes {
        self.look(recorder, |look| self.plain(recorder, look, format))
    }

    /// Tells `visitor` of everything, for what leaves by itself.
    #[cfg_attr(not(feature = "push"), expect(dead_code, reason = "only what is pushed is told so"))]
    pub(super) fn tell(&self, recorder: &Inner, visitor: &mut impl Visit) {
        self.look(recorder, |look| walk::walk(recorder, &look.gathered, visitor));
    }

    fn plain(&self, recorder: &Inner, look: &mut Look, format: Format) -> Bytes {
        let Look { gathered, bodies, .. } = look;
        let plain = bodies[format as usize].plain.get_or_insert_with(|| {
            // A little more than last time; most of a service's series are there after the first scrape.
            let last = self.last_len[format as usize].load(Ordering::Relaxed);
            let written = render::written(recorder, gathered, format, last + last / 8 + 1_024);
            self.last_len[format as usize].store(written.len(), Ordering::Relaxed);
            written.into()
        });
        plain.clone()
    }

    /// Lends the look at everything that is not older than this call. Whoever comes while another looks waits, and shares
    /// the next look with all who came meanwhile.
    fn look<R>(&self, recorder: &Inner, using: impl FnOnce(&mut Look) -> R) -> R {
        let me = Some(thread::current().id());
        if *self.asking.lock().unwrap_or_else(PoisonError::into_inner) == me {
            // A source that asks for an exposition has all but what sources tell; it would wait for itself.
            return using(&mut Look::default());
        }
        let seen = self.begun.load(Ordering::Acquire);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        if last.number <= seen {
            let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
            // Within the lock, as what is removed must not move what another is writing.
            recorder.sweep();
            *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = me;
            let gathered = gather::gather(recorder);
            *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = None;
            *last = Look { number, gathered, bodies: Default::default() };
        }
        let result = using(&mut last);
        if self.waiting.load(Ordering::Relaxed) == 0 {
            *last = Look::default();
        }
        result
    }

    /// What was scraped so far in each format that was asked for: how often, for how many seconds in all, and how many
    /// bytes the last time.
    pub(super) fn costs(&self) -> impl Iterator<Item = (Format, u64, f64, usize)> + '_ {
        Format::ALL.into_iter().zip(&self.costs).filter_map(|(format, cost)| {
            let scrapes = cost.scrapes.load(Ordering::Relaxed);
            let seconds = cost.nanos.load(Ordering::Relaxed) as f64 / 1e9;
            (scrapes > 0).then(|| (format, scrapes, seconds, cost.bytes.load(Ordering::Relaxed)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Barrier};

    use obs_core::keys::metric;
    use obs_core::meter::{Meter, Source};
    use obs_core::{Base, Resource};

    use super::*;
    use crate::Recorder;

    /// Says when it is asked, and answers when it is told to.
    struct Slow {
        asked: Mutex<Sender<()>>,
        go: Mutex<Receiver<()>>,
        count: AtomicU64,
    }

    impl Source for Slow {
        fn collect(&self, meter: &mut dyn Meter) {
            let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
            let _ = self.asked.lock().unwrap().send(());
            let _ = self.go.lock().unwrap().recv();
            meter.gauge(&metric::PROCESS_THREADS, &[], count as f64);
        }
    }

    #[test]
    fn those_who_come_during_a_look_share_the_next_one() {
        let base = Base::new(Resource::new("test"));
        let ((asked, was_asked), (tell, go)) = (channel(), channel());
        let slow = Arc::new(Slow { asked: Mutex::new(asked), go: Mutex::new(go), count: AtomicU64::new(0) });
        base.sources.register(Arc::<Slow>::clone(&slow));
        let recorder = Recorder::builder(base).build().unwrap();
        let counter = recorder.counter("x", &[]).unwrap();
        let scrape = |format| String::from_utf8(recorder.render(format)).unwrap();
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| scrape(Format::Text));
            was_asked.recv().unwrap();
            // Recorded after the first look began: the others must see it.
            counter.increment(1);
            let others: Vec<_> = [Format::Text, Format::Text, Format::OpenMetrics]
                .map(|format| {
                    let (barrier, scrape) = (&barrier, &scrape);
                    scope.spawn(move || {
                        barrier.wait();
                        scrape(format)
                    })
                })
                .into();
            barrier.wait();
            while recorder.0.scrapes.waiting.load(Ordering::Relaxed) < 3 {
                std::thread::yield_now();
            }
            tell.send(()).unwrap();
            assert!(first.join().unwrap().contains("process_threads 1.0\n"));
            was_asked.recv().unwrap();
            tell.send(()).unwrap();
            for other in others {
                let text = other.join().unwrap();
                assert!(text.contains("process_threads 2.0\n") && text.contains("x_total 1\n"), "{text}");
            }
        });
        assert_eq!(slow.count.load(Ordering::Relaxed), 2);
        // What nobody waits for is not kept.
        assert_eq!(recorder.0.scrapes.last.lock().unwrap().number, 0);
    }
}
