//! Decides on each line whether it is written.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::{self, Ids};
use obs_core::redact::Rules;
use tracing_core::Level;
use tracing_core::metadata::LevelFilter;

use super::counter::{Counter, Millis};
use super::recent::{Recent, Slot};
use super::settings::Sampling;
use super::summary::{Suppressed, SuppressedCounts, SuppressedLines};
use super::table::{Entry, Table};

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Write,
    LeaveOut,
}

/// A line that may be left out, but for its message.
pub(crate) struct Candidate<'a> {
    pub(crate) now: Timestamp,
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    /// Tells call sites apart.
    pub(crate) site: u64,
    /// Says where the call site is, or what kind of line of our own it is.
    pub(crate) place: &'a dyn Fn() -> String,
    /// Those of the line, where they are not those that are open.
    pub(crate) ids: Option<Ids>,
    /// By which its message may be told.
    pub(crate) rules: &'a Rules,
}

/// Messages that were seen once lately, which need no counter of their own: sets of [`PLACES`], so that several that
/// take turns do not push each other out.
const SETS: usize = 256;
const PLACES: usize = 8;

/// The counters of one engine.
#[derive(Debug)]
pub(crate) struct Sampler {
    settings: Sampling,
    /// Keyed at random, so that nobody can make lines whose hashes meet.
    hashes: RandomState,
    messages: Table,
    sites: Table,
    /// In each place, the upper half of a hash and when it was seen.
    once: Box<[[AtomicU64; PLACES]]>,
    counts: Arc<SuppressedCounts>,
}

impl Sampler {
    /// By these settings, counting there.
    pub(crate) fn new(settings: Sampling, counts: &Arc<SuppressedCounts>) -> Self {
        let sites = settings.limit.map_or(settings.tick, |limit| limit.tick);
        Self {
            hashes: RandomState::new(),
            messages: Table::new(settings.tick, Suppressed::Sampled),
            sites: Table::new(sites, Suppressed::RateLimited),
            once: (0..SETS).map(|_| Default::default()).collect(),
            counts: Arc::clone(counts),
            settings,
        }
    }

    pub(crate) fn settings(&self) -> &Sampling {
        &self.settings
    }

    /// How often there may be something to tell.
    pub(crate) fn tick(&self) -> Duration {
        match self.settings.limit {
            Some(limit) if !self.settings.by_message => limit.tick,
            Some(limit) => limit.tick.min(self.settings.tick),
            None => self.settings.tick,
        }
    }

    /// Whether some lines of this level may be left out.
    pub(crate) fn judges(&self, level: Level) -> bool {
        self.limits(level) || self.asks_trace(level) || self.asks_message(level)
    }

    fn limits(&self, level: Level) -> bool {
        self.settings.limit.is_some_and(|limit| LevelFilter::from_level(level) >= limit.up_to)
    }

    fn asks_trace(&self, level: Level) -> bool {
        self.settings.follow_trace && level > Level::WARN
    }

    /// Whether the message has a say.
    fn asks_message(&self, level: Level) -> bool {
        self.settings.by_message && level > Level::WARN
    }

    /// Judges a line: by its trace, then by its call site, then by its level and message, for which `message` is asked
    /// only then. `recent` are the counters that this thread used last.
    pub(crate) fn judge<'m>(
        self: &Arc<Self>,
        line: &Candidate<'_>,
        recent: &mut Recent,
        message: impl FnOnce() -> &'m str,
    ) -> Verdict {
        if self.asks_trace(line.level) && !is_recorded(line) {
            self.counts.count(Suppressed::Unrecorded);
            return Verdict::LeaveOut;
        }
        let now = Millis::of(line.now);
        let slot = recent.slot(line.site, self);
        if let Some(limit) = self.settings.limit.filter(|_| self.limits(line.level))
            && let Some((entry, number)) = self.count_site(line, slot, now, limit.tick)
            && number > limit.lines
        {
            return self.left_out(entry, Suppressed::RateLimited);
        }
        if self.asks_message(line.level)
            && let Some((entry, number)) = self.count_message(line, slot, now, message())
            && !self.settings.passes(number)
        {
            return self.left_out(entry, Suppressed::Sampled);
        }
        Verdict::Write
    }

    /// The counter of the call site, and which of its lines this is; nothing where there are too many of them.
    fn count_site<'s>(
        &self,
        line: &Candidate<'_>,
        slot: &'s mut Slot,
        now: Millis,
        tick: Duration,
    ) -> Option<(&'s Entry, u64)> {
        let known = slot.by_site.as_ref().and_then(|entry| entry.count(now, tick));
        let number = match known {
            Some(number) => number,
            None => {
                let hash = self.hashes.hash_one(line.site);
                let make =
                    |start| Entry::new(Counter::new(start, 0), line.level, line.target, &(line.place)());
                let (entry, number) = self.sites.count((hash, now, tick), || Some(now), make)?;
                slot.by_site = Some(entry);
                number
            }
        };
        slot.by_site.as_deref().map(|entry| (entry, number))
    }

    /// The counter of level and message, and which of their lines this is; nothing for the first, and where there are
    /// too many of them.
    fn count_message<'s>(
        &self,
        line: &Candidate<'_>,
        slot: &'s mut Slot,
        now: Millis,
        message: &str,
    ) -> Option<(&'s Entry, u64)> {
        let tick = self.settings.tick;
        let known = slot.by_message(message).and_then(|entry| entry.count(now, tick));
        let number = match known {
            Some(number) => number,
            None => {
                let hash = self.hashes.hash_one((line.level.as_str(), message));
                let make = |start| {
                    // Before it is shortened, or half of a secret would be told.
                    let like = line.rules.redact(message);
                    Entry::new(Counter::new(start, 1), line.level, line.target, &like)
                };
                let begun = || self.seen_before(hash, now, tick);
                let (entry, number) = self.messages.count((hash, now, tick), begun, make)?;
                slot.keep(message, entry);
                number
            }
        };
        slot.last().map(|entry| (entry, number))
    }

    /// When the line was seen for the first time, if that was in this tick; else this is the first time, which is noted.
    /// So lines that are all different make no counters.
    fn seen_before(&self, hash: u64, now: Millis, tick: Duration) -> Option<Millis> {
        let places = &self.once[hash as usize % SETS];
        let mark = (hash >> 32) as u32;
        let noted = u64::from(mark) << 32 | u64::from(now.word());
        loop {
            // Where it is put if it is not there: what was seen longest ago goes.
            let (mut oldest, mut age) = ((&places[0], 0), None);
            for place in places {
                let known = place.load(Ordering::Relaxed);
                let start = Millis::from_word(known as u32);
                if (known >> 32) as u32 == mark && now.is_in_tick(start, tick) {
                    return Some(start);
                }
                let since = Some(now.since(start));
                if since > age {
                    (oldest, age) = ((place, known), since);
                }
            }
            let (place, known) = oldest;
            // Where another thread was faster it may have noted the same line.
            if place.compare_exchange(known, noted, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return None;
            }
        }
    }

    fn left_out(&self, entry: &Entry, reason: Suppressed) -> Verdict {
        self.counts.count(reason);
        entry.left_out();
        Verdict::LeaveOut
    }

    /// Calls `tell` of all lines that were left out in ticks that are over by now; of all, where it is the `last` time.
    pub(crate) fn sweep(&self, now: Timestamp, last: bool, mut tell: impl FnMut(SuppressedLines<'_>)) {
        let now = Millis::of(now);
        self.messages.sweep(now, last, &mut tell);
        self.sites.sweep(now, last, &mut tell);
    }
}

/// Whether the line's trace is recorded; lines outside of any are.
fn is_recorded(line: &Candidate<'_>) -> bool {
    line.ids.or_else(context::current_ids).is_none_or(|ids| ids.flags.is_sampled())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_791_030_896_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_nanos(START + millis * 1_000_000)
    }

    fn sampling(first: u64, thereafter: u64) -> Arc<Sampler> {
        Arc::new(Sampler::new(Sampling::new().first(first).thereafter(thereafter), &Arc::default()))
    }

    /// One thread's lines.
    struct Lines {
        sampler: Arc<Sampler>,
        recent: Recent,
        rules: Rules,
    }

    impl Lines {
        fn of(sampler: &Arc<Sampler>) -> Self {
            Self { sampler: Arc::clone(sampler), recent: Recent::default(), rules: Rules::new() }
        }

        /// Whether a line from this call site is written.
        fn write(&mut self, millis: u64, (site, level): (u64, Level), message: &str) -> bool {
            let place = || format!("src/a.rs:{site}");
            let (now, rules) = (at(millis), &self.rules);
            let line = Candidate { now, level, target: "shop", site, place: &place, ids: None, rules };
            self.sampler.judge(&line, &mut self.recent, || message) == Verdict::Write
        }

        fn info(&mut self, millis: u64, message: &str) -> bool {
            self.write(millis, (7, Level::INFO), message)
        }
    }

    /// The numbers of the lines that are written of `lines` equal ones.
    fn written(sampler: &Arc<Sampler>, lines: usize) -> Vec<usize> {
        let mut of = Lines::of(sampler);
        (1..=lines).filter(|_| of.info(5, "same")).collect()
    }

    #[test]
    fn the_first_are_written_and_then_each_nth() {
        assert_eq!(written(&sampling(2, 3), 9), [1, 2, 5, 8]);
        assert_eq!(written(&sampling(5, 10), 17), [1, 2, 3, 4, 5, 15]);
        assert_eq!(written(&sampling(3, 0), 20), [1, 2, 3]);
        assert_eq!(written(&sampling(100, 10), 300).len(), 120);
        assert_eq!(written(&sampling(1, 1), 5), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_new_tick_counts_anew_from_its_first_line() {
        let mut lines = Lines::of(&sampling(2, 0));
        let found: Vec<_> =
            [0, 10, 20, 999, 1_500, 1_600, 1_700, 2_499, 2_500].map(|now| lines.info(now, "same")).into();
        assert_eq!(found, [true, true, false, false, true, true, false, false, true]);
    }

    #[test]
    fn levels_and_messages_have_counters_of_their_own() {
        let mut lines = Lines::of(&sampling(1, 0));
        for (site, level) in [(1, Level::INFO), (2, Level::DEBUG)] {
            for n in 0..200 {
                let message = format!("message {n}");
                let written = [0; 3].map(|_| lines.write(0, (site, level), &message));
                assert_eq!(written, [true, false, false], "{message}");
            }
        }
    }

    #[test]
    fn threads_and_call_sites_share_the_counter_of_a_message() {
        // Each pair meets a message that is new to both, at the same moment as nearly as two threads can.
        for _ in 0..300 {
            let sampler = sampling(100, 10);
            let waiting = AtomicU64::new(0);
            let written: usize = std::thread::scope(|scope| {
                let threads = [1, 2].map(|site| {
                    let (sampler, waiting) = (&sampler, &waiting);
                    scope.spawn(move || {
                        let mut lines = Lines::of(sampler);
                        waiting.fetch_add(1, Ordering::Relaxed);
                        while waiting.load(Ordering::Relaxed) < 2 {
                            std::hint::spin_loop();
                        }
                        (0..150).filter(|_| lines.write(0, (site, Level::INFO), "same")).count()
                    })
                });
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            assert_eq!(written, 120);
        }
    }

    #[test]
    fn a_call_site_that_says_one_thing_after_another_counts_each() {
        let mut lines = Lines::of(&sampling(2, 0));
        let long = "x".repeat(1_000);
        let messages = ["a", &long, "", "b", &long];
        let written = [0; 3].map(|_| messages.map(|message| lines.info(0, message)));
        assert_eq!(written, [[true; 5], [true, false, true, true, false], [false; 5]]);
    }

    #[test]
    fn messages_that_all_differ_are_all_written_and_take_no_memory() {
        let sampler = sampling(1, 0);
        let mut lines = Lines::of(&sampler);
        for n in 0..20_000 {
            assert!(lines.info(0, &format!("message {n}")));
        }
        assert!(!format!("{:?}", sampler.messages).contains("Entry"));
    }

    #[test]
    fn as_many_kinds_are_counted_as_there_is_room_for_and_others_are_written() {
        let sampler = sampling(1, 0);
        let mut lines = Lines::of(&sampler);
        let written = (0..9_000).map(|n| {
            let message = format!("message {n}");
            [0; 3].map(|_| lines.info(0, &message))
        });
        let counted = written.filter(|written| *written == [true, false, false]).count();
        let kinds = format!("{:?}", sampler.messages).matches("Entry").count();
        assert_eq!((counted, kinds), (4_096, 4_096));
    }

    #[test]
    fn a_call_site_writes_as_many_as_it_may_whatever_it_says() {
        let sampler = Sampler::new(Sampling::off().limit(RateLimit::new(3)), &Arc::default());
        let mut lines = Lines::of(&Arc::new(sampler));
        let mut written =
            |site| (0..10).filter(|n| lines.write(0, (site, Level::INFO), &format!("{n}"))).count();
        assert_eq!([written(1), written(2)], [3, 3]);
        assert!(lines.write(1_000, (1, Level::INFO), "later"));
        assert!(!lines.sampler.judges(Level::WARN) && !lines.sampler.asks_message(Level::INFO));
    }

    /// What is told by then, as what the lines are like and how many.
    fn told(sampler: &Sampler, millis: u64, last: bool) -> Vec<(String, u64, Suppressed)> {
        let mut told = Vec::new();
        sampler
            .sweep(at(millis), last, |lines| told.push((lines.like.to_owned(), lines.lines, lines.reason)));
        told
    }

    #[test]
    fn what_was_left_out_is_told_once_when_its_tick_is_over() {
        let sampler = sampling(1, 0);
        let mut lines = Lines::of(&sampler);
        let _ = [0; 5].map(|_| lines.info(0, "same"));
        assert_eq!(told(&sampler, 999, false), []);
        assert_eq!(told(&sampler, 1_000, false), [(String::from("same"), 4, Suppressed::Sampled)]);
        assert_eq!(told(&sampler, 1_000, false), []);
        let _ = [0; 3].map(|_| lines.info(2_000, "same"));
        assert_eq!(
            told(&sampler, 2_001, true),
            [(String::from("same"), 2, Suppressed::Sampled)],
            "the last time tells all"
        );
    }

    #[test]
    fn counters_that_nobody_uses_go_and_come_again() {
        let sampler = sampling(1, 0);
        let mut lines = Lines::of(&sampler);
        let size = || format!("{:?}", sampler.messages).matches("Entry").count();
        for n in 0..100 {
            let _ = [0; 2].map(|_| lines.info(0, &format!("{n}")));
        }
        assert_eq!(size(), 100);
        assert_eq!((told(&sampler, 1_000, false).len(), told(&sampler, 9_999, false).len()), (100, 0));
        assert_eq!(size(), 100);
        assert_eq!(told(&sampler, 10_000, false), []);
        // Kept for one sweep more, in which what was left out at the same time is told.
        assert_eq!((told(&sampler, 10_001, false), size()), (Vec::new(), 0));
        // The thread still has the last one, which counts nothing any more.
        let written = [0; 3].map(|_| lines.info(20_000, "99"));
        assert_eq!(written, [true, false, false]);
        assert_eq!(told(&sampler, 21_000, false), [(String::from("99"), 2, Suppressed::Sampled)]);
    }

    use super::super::RateLimit;
}
