//! Decides on each line whether it is written.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::{self, Ids};
use tracing_core::Level;
use tracing_core::metadata::LevelFilter;

use super::counter::{Counter, Millis};
use super::settings::Sampling;
use super::summary::{Suppressed, SuppressedCounts, SuppressedLines};
use super::table::{Entry, Table};

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Write,
    LeaveOut,
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
        let tick = |tick: Duration| tick.max(Duration::from_millis(1));
        let sites = settings.limit.map_or(settings.tick, |limit| limit.tick);
        Self {
            hashes: RandomState::new(),
            messages: Table::new(tick(settings.tick), Suppressed::Sampled),
            sites: Table::new(tick(sites), Suppressed::RateLimited),
            once: (0..SETS).map(|_| Default::default()).collect(),
            counts: Arc::clone(counts),
            settings,
        }
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
    pub(crate) fn asks_message(&self, level: Level) -> bool {
        self.settings.by_message && level > Level::WARN
    }

    /// Judges by the trace of a line: that of `ids`, or the one that is open.
    pub(crate) fn judge_trace(&self, level: Level, ids: Option<Ids>) -> Verdict {
        let is_recorded = |ids: Ids| ids.flags.is_sampled();
        if self.asks_trace(level) && ids.or_else(context::current_ids).is_some_and(|ids| !is_recorded(ids)) {
            self.counts.count(Suppressed::Unrecorded);
            return Verdict::LeaveOut;
        }
        Verdict::Write
    }

    /// Judges by the call site. `site` tells call sites apart, `like` says which it is.
    pub(crate) fn judge_site(
        &self,
        now: Timestamp,
        level: Level,
        target: &'static str,
        (site, like): (usize, impl FnOnce() -> String),
    ) -> Verdict {
        let Some(limit) = self.settings.limit.filter(|_| self.limits(level)) else { return Verdict::Write };
        let now = Millis::of(now);
        let hash = self.hashes.hash_one(site);
        let make = || Entry::new(Counter::new(now, 0), level, target, &like());
        let Some(entry) = self.sites.find(hash).or_else(|| self.sites.insert(hash, make)) else {
            return Verdict::Write;
        };
        if entry.count(now, limit.tick) <= limit.lines {
            return Verdict::Write;
        }
        self.left_out(&entry, Suppressed::RateLimited)
    }

    /// Judges by level and message. `shown` is what may be told of the message.
    pub(crate) fn judge_message<'m>(
        &self,
        now: Timestamp,
        level: Level,
        target: &'static str,
        (message, shown): (&'m str, impl FnOnce(&'m str) -> Cow<'m, str>),
    ) -> Verdict {
        let Sampling { tick, first, thereafter, .. } = self.settings;
        let now = Millis::of(now);
        let hash = self.hashes.hash_one((level.as_str(), message));
        let entry = match self.messages.find(hash) {
            Some(entry) => entry,
            None => {
                let Some((start, place)) = self.was_seen(hash, now, tick) else { return Verdict::Write };
                let make = || Entry::new(Counter::new(start, 1), level, target, &shown(message));
                let Some(entry) = self.messages.insert(hash, make) else { return Verdict::Write };
                // It has a counter now; others may have its place.
                place.store(0, Ordering::Relaxed);
                entry
            }
        };
        let number = entry.count(now, tick);
        let passes = number <= first || thereafter != 0 && (number - first).is_multiple_of(thereafter);
        if passes { Verdict::Write } else { self.left_out(&entry, Suppressed::Sampled) }
    }

    /// When the line was seen for the first time and where that is noted, if that was in this tick; else this is the
    /// first time. So lines that are all different make no counters.
    fn was_seen(&self, hash: u64, now: Millis, tick: Duration) -> Option<(Millis, &AtomicU64)> {
        let places = &self.once[hash as usize % SETS];
        let mark = (hash >> 32) as u32;
        // Where it is put if it is not there: what was seen longest ago goes.
        let (mut oldest, mut age) = (&places[0], None);
        for place in places {
            let known = place.load(Ordering::Relaxed);
            let start = Millis::from_word(known as u32);
            let since = now.since(start);
            if (known >> 32) as u32 == mark && since < tick {
                return Some((start, place));
            }
            if Some(since) > age {
                (oldest, age) = (place, Some(since));
            }
        }
        oldest.store(u64::from(mark) << 32 | u64::from(now.word()), Ordering::Relaxed);
        None
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

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_791_030_896_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_nanos(START + millis * 1_000_000)
    }

    fn sampling(first: u64, thereafter: u64) -> Sampler {
        Sampler::new(Sampling::new().first(first).thereafter(thereafter), &Arc::default())
    }

    /// The numbers of the lines that are written of `lines` equal ones.
    fn written(sampler: &Sampler, lines: usize) -> Vec<usize> {
        let write = |_: &usize| {
            sampler.judge_message(at(5), Level::INFO, "shop", ("same", Cow::Borrowed)) == Verdict::Write
        };
        (1..=lines).filter(write).collect()
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
        let sampler = sampling(2, 0);
        let write = |millis| {
            sampler.judge_message(at(millis), Level::INFO, "shop", ("same", Cow::Borrowed)) == Verdict::Write
        };
        let found: Vec<_> = [0, 10, 20, 999, 1_500, 1_600, 1_700, 2_499, 2_500].map(write).into();
        assert_eq!(found, [true, true, false, false, true, true, false, false, true]);
    }

    #[test]
    fn levels_and_messages_have_counters_of_their_own() {
        let sampler = sampling(1, 0);
        for level in [Level::INFO, Level::DEBUG] {
            for n in 0..200 {
                let message = format!("message {n}");
                let verdicts =
                    [0; 3].map(|_| sampler.judge_message(at(0), level, "shop", (&message, Cow::Borrowed)));
                assert_eq!(verdicts, [Verdict::Write, Verdict::LeaveOut, Verdict::LeaveOut], "{message}");
            }
        }
    }

    #[test]
    fn messages_that_all_differ_are_all_written_and_take_no_memory() {
        let sampler = sampling(1, 0);
        for n in 0..20_000 {
            let message = format!("message {n}");
            assert_eq!(
                sampler.judge_message(at(0), Level::INFO, "shop", (&message, Cow::Borrowed)),
                Verdict::Write
            );
        }
        assert!(format!("{:?}", sampler.messages).len() < 2_000);
    }

    #[test]
    fn a_call_site_writes_as_many_as_it_may_whatever_it_says() {
        let sampler = Sampler::new(Sampling::off().limit(RateLimit::new(3)), &Arc::default());
        let judge = |site, millis| {
            sampler.judge_site(at(millis), Level::INFO, "shop", (site, || String::from("src/a.rs:7")))
        };
        let written = |site| (0..10).filter(|_| judge(site, 0) == Verdict::Write).count();
        assert_eq!([written(1), written(2)], [3, 3]);
        assert_eq!(judge(1, 1_000), Verdict::Write);
        assert!(!sampler.judges(Level::WARN) && !sampler.asks_message(Level::INFO));
    }

    use super::super::RateLimit;

    #[test]
    fn what_was_left_out_is_told_once_when_its_tick_is_over() {
        let sampler = sampling(1, 0);
        (0..5).for_each(|_| {
            let _ = sampler.judge_message(at(0), Level::INFO, "shop", ("same", Cow::Borrowed));
        });
        let told = |millis, last| {
            let mut told = Vec::new();
            sampler.sweep(at(millis), last, |lines| {
                told.push((lines.like.to_owned(), lines.lines, lines.reason))
            });
            told
        };
        assert_eq!(told(999, false), []);
        assert_eq!(told(1_000, false), [(String::from("same"), 4, Suppressed::Sampled)]);
        assert_eq!(told(1_000, false), []);
        (0..3).for_each(|_| {
            let _ = sampler.judge_message(at(2_000), Level::INFO, "shop", ("same", Cow::Borrowed));
        });
        assert_eq!(
            told(2_001, true),
            [(String::from("same"), 2, Suppressed::Sampled)],
            "the last time tells all"
        );
    }

    #[test]
    fn counters_that_nobody_uses_go() {
        let sampler = sampling(1, 0);
        for n in 0..100 {
            (0..2).for_each(|_| {
                let _ = sampler.judge_message(at(0), Level::INFO, "shop", (&format!("{n}"), Cow::Borrowed));
            });
        }
        let size = || format!("{:?}", sampler.messages).matches("Entry").count();
        assert_eq!(size(), 100);
        sampler.sweep(at(1_000), false, |_| {});
        sampler.sweep(at(9_999), false, |_| {});
        assert_eq!(size(), 100);
        sampler.sweep(at(10_000), false, |_| {});
        assert_eq!(size(), 0);
    }
}
