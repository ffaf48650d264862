//! A bounded load on the gateway, from clients that each wait for their answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::clients::{Client, Orders, ROUND};

/// Running load; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Load {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// So many that one slow payment holds up little of the rest.
    const THREADS: u32 = 12;
    /// Requests a second, all threads together: enough to see something, little enough to work beside.
    pub(super) const PER_SECOND: u32 = 60;
    const PACE: Duration = Duration::from_micros(1_000_000 * Self::THREADS as u64 / Self::PER_SECOND as u64);

    pub(super) fn start(gateway: SocketAddr, answers: &Arc<Answers>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let orders = Arc::new(Orders::default());
        let threads = (0..Self::THREADS).map(|number| {
            let (ended, orders, answers) = (Arc::clone(&ended), Arc::clone(&orders), Arc::clone(answers));
            std::thread::spawn(move || {
                go_round(Client::new(gateway, &orders, &answers), number, &ended);
            })
        });
        Self { threads: threads.collect(), ended }
    }

    /// Ends it; requests under way come to their end.
    pub(super) fn stop(mut self) {
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

fn go_round(mut client: Client<'_>, number: u32, ended: &AtomicBool) {
    let mut due = Instant::now() + Load::PACE * number / Load::THREADS;
    // Threads begin at different places of the round.
    let round = ROUND.iter().cycle().skip(number as usize * ROUND.len() / Load::THREADS as usize);
    for kind in round {
        sleep(due.saturating_duration_since(Instant::now()));
        // What was late is caught up, but for a service that hung: then there is no burst behind it.
        due = (due + Load::PACE).max(Instant::now() - Load::PACE * 2);
        if ended.load(Ordering::Relaxed) {
            return;
        }
        client.send(*kind);
    }
}
