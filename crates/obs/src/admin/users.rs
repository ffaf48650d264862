//! Users and their passwords, by RFC 7617 and bcrypt.
//!
//! bcrypt is slow on purpose, so that it is a weapon in the hands of whoever sends passwords that are wrong. Three things
//! keep it from being one: what was right or wrong before is known by its keyed hash; one password is looked at at a
//! time, apart from the listener's own thread; and each peer has one that is looked at or waits, and waits a while after a
//! wrong one. All three hold for whoever hangs up meanwhile, too: bcrypt goes on without them.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;

use super::caller::Peer;

/// How many right and how many wrong ones are known again.
const KNOWN: usize = 64;
/// How many peers may have one that waits.
const WAITING: usize = 16;
/// How long whoever was wrong waits for the answer.
const WRONG: Duration = Duration::from_millis(250);
/// No one is longer.
const LONGEST: usize = 1024;

/// Whether somebody is a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Yes,
    No,
    /// It takes too long to say.
    Later,
}

/// What is known of those who came.
pub(super) struct Users {
    key: [u8; 32],
    right: Marks,
    wrong: Marks,
    /// One that is looked at.
    turn: Arc<Semaphore>,
    waiting: Arc<Mutex<Vec<Option<IpAddr>>>>,
    verify: Arc<Verify>,
}

/// Tells one attempt from another, and nothing to whoever has no key.
type Mark = [u8; 32];
type Marks = Arc<Mutex<VecDeque<Mark>>>;
/// Whether a hash is of a password.
type Verify = dyn Fn(&[u8], &str) -> bool + Send + Sync;

impl Users {
    pub(super) fn new() -> Self {
        Self::by(Arc::new(|password, hash| matches!(bcrypt::verify(password, hash), Ok(true))))
    }

    fn by(verify: Arc<Verify>) -> Self {
        // Four words out of a keyed hash whose key is the system's randomness and is never seen.
        let random = RandomState::new();
        let mut key = [0; 32];
        for (at, part) in key.chunks_exact_mut(8).enumerate() {
            part.copy_from_slice(&random.hash_one(at).to_le_bytes());
        }
        Self {
            key,
            right: Arc::default(),
            wrong: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Arc::default(),
            verify,
        }
    }

    /// Whether what `given` encodes is one of `users`, each a name and a hash, and its password.
    pub(super) async fn knows(&self, given: &[u8], users: &[(String, String)], peer: Peer) -> Known {
        let decoded = Some(given)
            .filter(|given| given.len() <= LONGEST)
            .map(|given| STANDARD.decode(given.trim_ascii()));
        let Some(Ok(decoded)) = decoded else { return Known::No };
        let Some(colon) = decoded.iter().position(|byte| *byte == b':') else { return Known::No };
        let (name, password) = (&decoded[..colon], decoded[colon + 1..].to_vec());
        let user = users.iter().find(|(known, _)| known.as_bytes() == name);
        // Nobody's is held against somebody's, so that the time it takes does not tell who there is.
        let Some((_, hash)) = user.or(users.first()) else { return Known::No };
        let mark = self.mark(name, hash, &password);
        if has(&self.right, &mark) {
            return Known::Yes;
        }
        if has(&self.wrong, &mark) {
            return Known::No;
        }
        let Some(waits) = Waits::begin(&self.waiting, peer.house()) else { return Known::Later };
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else { return Known::Later };
        let (verify, hash, is_user) = (Arc::clone(&self.verify), hash.to_owned(), user.is_some());
        let (right, wrong) = (Arc::clone(&self.right), Arc::clone(&self.wrong));
        // Nobody can end bcrypt once it has begun. So it has the turn itself, and remembers what it has found: whoever
        // hangs up gives neither the turn to the next nor themselves another try.
        let look = move || {
            let is_right = verify(&password, &hash) && is_user;
            remember(if is_right { &right } else { &wrong }, mark);
            drop(turn);
            is_right
        };
        let answer = tokio::spawn(async move {
            let is_right = matches!(tokio::task::spawn_blocking(look).await, Ok(true));
            if !is_right {
                tokio::time::sleep(WRONG).await;
            }
            drop(waits);
            is_right
        });
        if matches!(answer.await, Ok(true)) { Known::Yes } else { Known::No }
    }

    fn mark(&self, name: &[u8], hash: &str, password: &[u8]) -> Mark {
        // A key of this length is taken by HMAC as every other is.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return [0; 32] };
        // No name has a colon, and no hash.
        for part in [name, b":", hash.as_bytes(), b":", password] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn has(marks: &Marks, mark: &Mark) -> bool {
    marks.lock().unwrap_or_else(PoisonError::into_inner).contains(mark)
}

fn remember(marks: &Marks, mark: Mark) {
    let mut marks = marks.lock().unwrap_or_else(PoisonError::into_inner);
    if marks.len() == KNOWN {
        marks.pop_front();
    }
    marks.push_back(mark);
}

/// A peer whose password is looked at, until this is dropped.
struct Waits(Arc<Mutex<Vec<Option<IpAddr>>>>, Option<IpAddr>);

impl Waits {
    fn begin(waiting: &Arc<Mutex<Vec<Option<IpAddr>>>>, house: Option<IpAddr>) -> Option<Self> {
        let mut all = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= WAITING || all.contains(&house) {
            return None;
        }
        all.push(house);
        Some(Self(Arc::clone(waiting), house))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().position(|house| *house == self.1) {
            all.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;

    /// Made by the bcrypt of Python, of `s3cret`.
    const HASH: &str = "$2b$04$pzuWZ3EpBKBG4G/ROQP2OuK3MoOMt4ceABkBZFWJRCU8L0Y4zT1r6";

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(future)
    }

    fn peer(last: u8) -> Peer {
        Peer::Tcp(([10, 0, 0, last], 1).into())
    }

    fn users() -> Vec<(String, String)> {
        vec![(String::from("scraper"), String::from(HASH))]
    }

    fn encoded(text: &str) -> Vec<u8> {
        STANDARD.encode(text).into_bytes()
    }

    #[test]
    fn a_user_with_the_password_is_known_and_nobody_else() {
        let known = Users::new();
        let long = format!("scraper:{}", "x".repeat(2_000));
        for (given, expected) in [
            ("scraper:s3cret", Known::Yes),
            ("scraper:s3cret", Known::Yes),
            ("scraper:wrong", Known::No),
            ("scraper:", Known::No),
            ("scraper", Known::No),
            (":s3cret", Known::No),
            ("other:s3cret", Known::No),
            ("Scraper:s3cret", Known::No),
            (&long, Known::No),
        ] {
            assert_eq!(run(known.knows(&encoded(given), &users(), peer(1))), expected, "{given}");
        }
        assert_eq!(run(known.knows(b"!!!", &users(), peer(1))), Known::No);
        // Known, and a user no longer.
        assert_eq!(run(known.knows(&encoded("scraper:s3cret"), &[], peer(1))), Known::No);
    }

    #[test]
    fn a_flood_of_wrong_passwords_keeps_out_neither_who_is_known_nor_another_peer() {
        let known = Arc::new(Users::new());
        run(async {
            let users = users();
            let right = encoded("scraper:s3cret");
            assert_eq!(known.knows(&right, &users, peer(1)).await, Known::Yes);
            let guess = |at: usize| {
                let (known, users) = (Arc::clone(&known), users.clone());
                tokio::spawn(
                    async move { known.knows(&encoded(&format!("scraper:{at}")), &users, peer(7)).await },
                )
            };
            let flood: Vec<_> = (0..100).map(guess).collect();
            tokio::task::yield_now().await;
            // Meanwhile.
            assert_eq!(known.knows(&right, &users, peer(7)).await, Known::Yes);
            assert_eq!(known.knows(&encoded("scraper:other"), &users, peer(8)).await, Known::No);
            let mut answers = Vec::new();
            for guess in flood {
                answers.push(guess.await.unwrap());
            }
            // One was looked at, the others are told to come again without a look.
            assert_eq!(answers[0], Known::No);
            assert!(answers[1..].iter().all(|answer| *answer == Known::Later));
        });
    }

    /// Takes as long as the other end of `gate` is there, and counts.
    struct Slow {
        gate: Mutex<mpsc::Receiver<()>>,
        begun: AtomicUsize,
        running: AtomicUsize,
        most: AtomicUsize,
    }

    impl Slow {
        fn verify(&self) -> bool {
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.most.fetch_max(self.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _ = self.gate.lock().unwrap().recv();
            self.running.fetch_sub(1, Ordering::SeqCst);
            false
        }
    }

    #[test]
    fn whoever_hangs_up_has_begun_one_look_at_most_and_is_remembered_as_wrong() {
        let (held, gate) = mpsc::channel();
        let (gate, [begun, running, most]) = (Mutex::new(gate), [(); 3].map(|()| AtomicUsize::default()));
        let slow = Arc::new(Slow { gate, begun, running, most });
        let counts = Arc::clone(&slow);
        let known = Users::by(Arc::new(move |_, _| counts.verify()));
        run(async {
            let (users, first) = (users(), encoded("scraper:0"));
            for at in 0..100 {
                let given = encoded(&format!("scraper:{at}"));
                // Of one peer that comes again, and of others.
                for peer in [peer(1), peer(at + 2)] {
                    let mut asked = std::pin::pin!(known.knows(&given, &users, peer));
                    let answer = std::future::poll_fn(|task| Poll::Ready(asked.as_mut().poll(task))).await;
                    let is_again = at > 0 && peer == self::peer(1);
                    assert_eq!(answer, if is_again { Poll::Ready(Known::Later) } else { Poll::Pending });
                    // Here the client hangs up.
                }
                tokio::task::yield_now().await;
            }
            assert_eq!(known.waiting.lock().unwrap().len(), 1, "who has not had the turn waits no more");
            drop(held);
            drop(known.turn.acquire().await.unwrap());
            let mark = known.mark(b"scraper", HASH, b"0");
            assert!(has(&known.wrong, &mark));
            assert_eq!(known.knows(&first, &users, peer(9)).await, Known::No);
        });
        assert_eq!((slow.begun.load(Ordering::SeqCst), slow.most.load(Ordering::SeqCst)), (1, 1));
    }

    #[test]
    fn what_is_remembered_does_not_grow() {
        let marks = Marks::default();
        (0..=u8::MAX).for_each(|at| remember(&marks, [at; 32]));
        assert!(!has(&marks, &[0; 32]) && has(&marks, &[255; 32]));
        assert_eq!(marks.lock().unwrap().len(), KNOWN);
    }
}
