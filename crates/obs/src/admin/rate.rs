//! How often one peer may ask: a rate for each, in a memory that does not grow.
//!
//! Peers share a place of the table where their hashes meet; the hash is keyed, so that nobody can choose whom to meet.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One answer each so often, over time.
const EVERY: Duration = Duration::from_millis(4);
/// How much may come at once, in time.
const BURST: Duration = Duration::from_secs(4);
/// How many places there are.
const PLACES: usize = 256;

/// When each peer has paid for what it asked (the generic cell rate algorithm, ITU-T I.371).
pub(super) struct Rate {
    hasher: RandomState,
    paid: Mutex<Box<[Option<Instant>]>>,
}

impl Rate {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), paid: Mutex::new(vec![None; PLACES].into()) }
    }

    /// Whether whoever asks at `now` may have an answer; one from no address always may.
    pub(super) fn allows(&self, house: Option<IpAddr>, now: Instant) -> bool {
        let Some(house) = house else { return true };
        #[expect(clippy::cast_possible_truncation, reason = "any bits are as good")]
        let place = self.hasher.hash_one(house) as usize % PLACES;
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let until = paid[place].map_or(now, |until| until.max(now));
        if until.duration_since(now) > BURST {
            return false;
        }
        paid[place] = Some(until + EVERY);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_burst_and_then_a_rate_and_takes_nothing_from_another() {
        let (rate, start) = (Rate::new(), Instant::now());
        let flood: IpAddr = "10.0.0.7".parse().unwrap();
        let allowed = |now| (0..5_000).filter(|_| rate.allows(Some(flood), now)).count();
        assert_eq!(allowed(start), 1_001);
        assert_eq!(allowed(start), 0);
        assert_eq!(allowed(start + Duration::from_secs(1)), 250);
        // One of them may share its place.
        let others = (0..100u8).map(|last| IpAddr::from([10, 0, 1, last]));
        let heard = others.filter(|other| rate.allows(Some(*other), start + Duration::from_secs(1))).count();
        assert!(heard >= 95, "{heard}");
        assert!((0..1_000).all(|_| rate.allows(None, start)));
    }
}
