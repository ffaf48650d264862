//! A bounded load of what a service meets: normal and slow requests, faults, scans, and clients that go away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::http::Connection;
use crate::ids::Ids;

/// Paths a scanner tries; none of them exists.
const SCANNED: [&str; 6] =
    ["/wp-login.php", "/.env", "/admin", "/api/v2/hello", "/cgi-bin/luci", "/actuator/env"];

/// When a client that goes away does so: inside of the slow handler's 50 ms.
const ABORT_AFTER: Duration = Duration::from_millis(15);

/// What one request does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Hello,
    User,
    Slow,
    Fail,
    Scan,
    Abort,
}

/// One round of the load; each thread goes round and round.
const ROUND: [Kind; 20] = {
    use Kind::{Abort, Fail, Hello, Scan, Slow, User};
    [
        Hello, User, Hello, Slow, Hello, Scan, User, Hello, Fail, Hello, Slow, User, Hello, Abort, Hello,
        Scan, User, Hello, Slow, Hello,
    ]
};

/// Running load; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Load {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    const THREADS: u32 = 4;
    /// Requests a second, all threads together: enough to see something, little enough to work beside.
    pub(crate) const PER_SECOND: u32 = 60;

    pub(crate) fn start(service: SocketAddr) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let threads = (0..Self::THREADS).map(|number| {
            let ended = Arc::clone(&ended);
            std::thread::spawn(move || client(service, number, &ended))
        });
        Self { threads: threads.collect(), ended }
    }

    /// Ends it; requests under way come to their end.
    pub(crate) fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.join();
    }
}

fn client(service: SocketAddr, number: u32, ended: &AtomicBool) {
    let pace = Duration::from_secs(1) * Load::THREADS / Load::PER_SECOND;
    let mut ids = Ids::new();
    let mut connection = None;
    let mut due = Instant::now() + pace * number / Load::THREADS;
    // Threads begin at different places of the round.
    let round = ROUND.iter().cycle().skip(number as usize * ROUND.len() / Load::THREADS as usize);
    for kind in round {
        sleep(due.saturating_duration_since(Instant::now()));
        due = Instant::now().max(due + pace);
        if ended.load(Ordering::Relaxed) {
            return;
        }
        // A service that is gone is the main thread's to report; the load just tries again.
        connection = request(service, connection, *kind, &mut ids).ok();
    }
}

/// Sends one request, over `connection` when there is one, and gives back a connection for the next.
fn request(
    service: SocketAddr,
    connection: Option<Connection>,
    kind: Kind,
    ids: &mut Ids,
) -> std::io::Result<Connection> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => Connection::open(service)?,
    };
    match kind {
        Kind::Abort => {
            connection.write("GET", "/api/slow", &[])?;
            sleep(ABORT_AFTER);
            drop(connection);
            return Connection::open(service);
        }
        Kind::Hello => connection.send("GET", "/api/hello", &[])?,
        Kind::Slow => connection.send("GET", "/api/slow", &[])?,
        Kind::Fail => connection.send("GET", "/api/fail", &[])?,
        Kind::User => connection.send("GET", &format!("/api/users/{}", ids.number() % 10_000), &[])?,
        Kind::Scan => {
            let at = ids.number() as usize % SCANNED.len();
            connection.send("GET", SCANNED[at], &[])?
        }
    };
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_has_each_kind_and_is_mostly_normal() {
        let count = |kind| ROUND.iter().filter(|&&other| other == kind).count();
        for kind in [Kind::Slow, Kind::Fail, Kind::Scan, Kind::Abort] {
            assert!((1..=3).contains(&count(kind)), "{kind:?}");
        }
        assert!(count(Kind::Hello) + count(Kind::User) >= ROUND.len() / 2);
    }
}
