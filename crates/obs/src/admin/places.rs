//! How many connections there are at a time, and which of them goes when another comes.
//!
//! Nobody waits in front of a full house: the connection that has had the most and shown the least makes room. That is one
//! of the peer that has most of them, so that a flood from one place takes nothing from a scraper at another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

/// How many connections there are at a time.
const PLACES: usize = 64;
/// A connection has this long to begin, however many others come.
const FIRST: Duration = Duration::from_millis(20);
/// And this long to say what it wants, once it has begun.
const SPEAKING: Duration = Duration::from_millis(100);
/// And this long to read its answer.
const READING: Duration = Duration::from_secs(5);

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing has come yet.
    Silent,
    /// Something has come, and no request yet.
    Speaking,
    /// A request has come and is answered.
    Heard,
    /// What it asked for takes as long as it takes.
    Lasting,
}

/// All connections.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<Vec<Taken>>>);

struct Taken {
    place: Arc<AtomicU8>,
    house: Option<IpAddr>,
    since: Instant,
    task: AbortHandle,
}

/// One of the places, until it is dropped.
pub(super) struct Place {
    places: Places,
    stage: Arc<AtomicU8>,
}

/// Whether another may come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is a place.
    Free,
    /// There is one now, as another connection was ended.
    Made,
    /// Not before so long.
    Later(Duration),
    /// Not for long enough to turn it away.
    None,
}

impl Places {
    /// Makes room for one of `house`.
    pub(super) fn room(&self, house: Option<IpAddr>, now: Instant) -> Room {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() < PLACES {
            return Room::Free;
        }
        let mut of = HashMap::new();
        taken.iter().for_each(|other| *of.entry(other.house).or_insert(0) += 1);
        let most = of.values().max().copied();
        let is_crowded = |house| of.get(&house).copied() == most;
        let is_of_the_crowd = is_crowded(house);
        let patience = |other: &Taken| match Stage::of(&other.place) {
            Stage::Silent => Some(FIRST),
            Stage::Speaking => Some(SPEAKING),
            Stage::Heard if is_of_the_crowd => Some(READING),
            Stage::Heard => Some(SPEAKING),
            Stage::Lasting => None,
        };
        // Silent ones before those that read, then the one whose time is over first.
        let next = taken
            .iter()
            .enumerate()
            .filter(|(_, other)| is_crowded(other.house))
            .filter_map(|(at, other)| Some((patience(other)?, other.since, at)))
            .map(|(patience, since, at)| {
                let left = patience.saturating_sub(now.saturating_duration_since(since));
                (!left.is_zero(), patience, left, since, at)
            })
            .min();
        match next {
            Some((false, .., at)) => {
                taken.swap_remove(at).task.abort();
                Room::Made
            }
            // Others that come are not to wait behind one more of a crowd.
            Some((true, _, left, ..)) if left <= SPEAKING => Room::Later(left),
            _ => Room::None,
        }
    }

    /// A place for a connection that is not there yet.
    pub(super) fn place(&self) -> Place {
        Place { places: self.clone(), stage: Arc::new(AtomicU8::new(0)) }
    }

    /// Who is in the place that `stage` is of.
    pub(super) fn take(
        &self,
        stage: Arc<AtomicU8>,
        house: Option<IpAddr>,
        since: Instant,
        task: AbortHandle,
    ) {
        // Done before it was begun: its place is gone already.
        if !task.is_finished() {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            taken.push(Taken { place: stage, house, since, task });
        }
    }
}

impl Place {
    /// What tells it from others.
    pub(super) fn stage(&self) -> Arc<AtomicU8> {
        Arc::clone(&self.stage)
    }
}

impl Stage {
    fn of(place: &AtomicU8) -> Self {
        match place.load(Ordering::Relaxed) {
            0 => Self::Silent,
            1 => Self::Speaking,
            2 => Self::Heard,
            _ => Self::Lasting,
        }
    }

    /// Whether what was asked for takes as long as it takes.
    pub(super) fn is_lasting(place: &AtomicU8) -> bool {
        Self::of(place) == Self::Lasting
    }

    /// It never goes back.
    pub(super) fn reach(self, place: &AtomicU8) {
        place.fetch_max(self as u8, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|other| !Arc::ptr_eq(&other.place, &self.stage));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_millis(50);

    fn house(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    struct House {
        runtime: tokio::runtime::Runtime,
        places: Places,
        start: Instant,
    }

    impl House {
        fn new() -> Self {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            Self { runtime, places: Places::default(), start: Instant::now() }
        }

        /// One more connection, `after` the start; its task.
        fn come(&self, of: Option<IpAddr>, after: Duration, stage: Stage) -> AbortHandle {
            let place = self.places.place();
            stage.reach(&place.stage);
            let stage = place.stage();
            let task = self.runtime.spawn(async move {
                let _place = place;
                std::future::pending::<()>().await;
            });
            self.places.take(stage, of, self.start + after, task.abort_handle());
            task.abort_handle()
        }

        fn room(&self, of: Option<IpAddr>, after: Duration) -> Room {
            let room = self.places.room(of, self.start + after);
            // What was ended is gone.
            self.runtime.block_on(tokio::task::yield_now());
            room
        }
    }

    #[test]
    fn the_oldest_silent_connection_of_the_crowd_makes_room() {
        let house_of = House::new();
        let scraper = house_of.come(house(1), Duration::ZERO, Stage::Silent);
        let ms = Duration::from_millis;
        let flood: Vec<_> = (1..64).map(|at| house_of.come(house(7), ms(at), Stage::Silent)).collect();
        assert_eq!(house_of.room(house(7), LATER + ms(64)), Room::Made);
        assert!(flood[0].is_finished() && !flood[1].is_finished());
        assert!(!scraper.is_finished(), "though it came first");
        assert_eq!(house_of.room(house(2), LATER + ms(64)), Room::Free);
    }

    #[test]
    fn whoever_has_just_come_has_time_to_speak() {
        let house_of = House::new();
        for _ in 0..64 {
            house_of.come(house(7), Duration::ZERO, Stage::Silent);
        }
        let soon = Duration::from_millis(5);
        assert_eq!(house_of.room(house(7), soon), Room::Later(FIRST - soon));
        assert_eq!(house_of.room(house(7), FIRST), Room::Made);
    }

    #[test]
    fn a_crowd_that_reads_slowly_makes_room_for_a_stranger_and_not_for_one_of_its_own() {
        let house_of = House::new();
        for _ in 0..64 {
            house_of.come(house(7), Duration::ZERO, Stage::Heard);
        }
        assert_eq!(house_of.room(house(7), LATER), Room::None);
        assert_eq!(house_of.room(house(1), LATER), Room::Later(LATER));
        assert_eq!(house_of.room(house(1), LATER * 2), Room::Made);
    }

    #[test]
    fn who_has_begun_to_speak_goes_after_the_silent_however_long_it_has_been_there() {
        let house_of = House::new();
        let speaking = house_of.come(house(7), Duration::ZERO, Stage::Speaking);
        for _ in 1..64 {
            house_of.come(house(7), SPEAKING, Stage::Silent);
        }
        assert_eq!(house_of.room(house(7), SPEAKING + FIRST), Room::Made);
        assert!(!speaking.is_finished());
    }

    #[test]
    fn who_is_answered_goes_after_the_silent_and_what_lasts_never_goes() {
        let house_of = House::new();
        let lasting = house_of.come(house(7), Duration::ZERO, Stage::Lasting);
        let heard = house_of.come(house(7), Duration::ZERO, Stage::Heard);
        let silent: Vec<_> =
            (0..62).map(|_| house_of.come(house(7), Duration::ZERO, Stage::Silent)).collect();
        for _ in &silent {
            assert_eq!(house_of.room(house(7), READING * 2), Room::Made);
            assert!(!heard.is_finished());
            house_of.come(house(7), READING * 2, Stage::Lasting);
        }
        assert!(silent.iter().all(AbortHandle::is_finished));
        assert_eq!(house_of.room(house(7), READING * 2), Room::Made);
        assert!(heard.is_finished());
        house_of.come(house(7), READING * 2, Stage::Lasting);
        assert_eq!(house_of.room(house(7), READING * 2), Room::None);
        assert!(!lasting.is_finished());
    }
}
