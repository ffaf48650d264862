//! All connections that are open, and what is told to all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use obs_middleware::upgrade::WeakUpgraded;

use super::conn::{Conn, Order, Partial};

/// How many sweeps a client may take to send a head it has begun.
const HEAD_SWEEPS: u8 = 3;
/// How many sweeps a connection may be silent: longer than the 60 s after which common load balancers close theirs,
/// so that it is them who close.
const IDLE_SWEEPS: u8 = 15;

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    /// Told when the last connection has ended.
    empty: Notify,
    upgraded: Upgrades,
}

/// The connections that were given away to other protocols and may be in use still.
#[derive(Clone, Debug, Default)]
pub(super) struct Upgrades(Arc<Mutex<Vec<WeakUpgraded>>>);

impl Upgrades {
    pub(super) fn add(&self, upgraded: WeakUpgraded) {
        let mut all = self.lock();
        if all.len() == all.capacity() {
            // Only when there is no room, so that many of them do not look at each other at every one.
            all.retain(|upgraded| !upgraded.is_over());
        }
        all.push(upgraded);
    }

    /// Whether any is in use still.
    pub(super) fn any(&self) -> bool {
        self.lock().iter().any(|upgraded| !upgraded.is_over())
    }

    /// Ends the use of all of them, as far as it is told of.
    fn cut(&self) {
        // Not while it is locked: each of them is told to whoever learns of requests.
        let all = std::mem::take(&mut *self.lock());
        all.iter().for_each(WeakUpgraded::cut);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<WeakUpgraded>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Table {
    open: HashMap<u64, Entry>,
    next: u64,
    /// What connections that are still to come are told.
    order: Option<Order>,
}

#[derive(Debug)]
struct Entry {
    conn: Arc<Conn>,
    /// The activity when the end began, for those that were there.
    drained: Option<u32>,
    /// As the last sweep saw them.
    activity: u32,
    begun: u32,
    silent: u8,
    partial: u8,
}

impl Connections {
    /// Enters a new connection, until what is returned is dropped.
    pub(super) fn register(&self) -> Registered {
        let mut table = self.lock();
        let conn = Conn::new(table.order.unwrap_or(Order::Serve), self.0.upgraded.clone());
        let shared = Arc::clone(&conn);
        let entry = Entry { conn: shared, drained: None, activity: 0, begun: 0, silent: 0, partial: 0 };
        let id = table.next;
        table.next += 1;
        table.open.insert(id, entry);
        Registered { all: self.clone(), id, conn }
    }

    /// How many there are, and how many requests are owed to their clients.
    pub(super) fn counts(&self) -> Counts {
        let table = self.lock();
        Counts {
            connections: table.open.len(),
            requests: table.open.values().map(|entry| entry.conn.owed()).sum(),
        }
    }

    /// From here on each response is the last of its connection.
    pub(super) fn drain(&self) {
        self.give(Order::Draining, |entry| {
            entry.drained = Some(entry.conn.activity());
            false
        });
    }

    /// All are to end as soon as they owe nothing; `long` says that those which were silent since [`Self::drain`]
    /// have been so for long enough.
    pub(super) fn finish(&self, long: bool) {
        self.give(Order::Finish, |entry| long && entry.drained == Some(entry.conn.activity()));
    }

    /// All are to end now. Returns them, so that their requests can be watched ending.
    pub(super) fn cut(&self) -> Vec<Arc<Conn>> {
        self.give(Order::Cut, |_| false);
        self.lock().open.values().map(|entry| Arc::clone(&entry.conn)).collect()
    }

    fn give(&self, order: Order, mut quiet: impl FnMut(&mut Entry) -> bool) {
        let mut table = self.lock();
        table.order = Some(order);
        for entry in table.open.values_mut() {
            let quiet = quiet(entry);
            entry.conn.give(order, quiet);
        }
    }

    /// To be called every few seconds: ends connections whose clients have been silent, or are sending a head, for
    /// too long. No request pays for a timer.
    pub(super) fn sweep(&self) {
        for entry in self.lock().open.values_mut() {
            let (activity, begun) = (entry.conn.activity(), entry.conn.begun());
            let partial = entry.conn.partial();
            let moved = begun != entry.begun || entry.conn.open() > 0 || entry.conn.has_tunnels();
            entry.partial =
                if moved || partial == Partial::Nothing { 0 } else { entry.partial.saturating_add(1) };
            entry.silent =
                if moved || activity != entry.activity { 0 } else { entry.silent.saturating_add(1) };
            (entry.activity, entry.begun) = (activity, begun);
            // What is left of a body is no head, and a client that has sent it may be idle as any other.
            let longest = if partial == Partial::Head { HEAD_SWEEPS } else { IDLE_SWEEPS };
            if entry.silent >= IDLE_SWEEPS {
                entry.conn.give(Order::Finish, true);
            } else if entry.partial > longest {
                entry.conn.give(Order::Cut, false);
            }
        }
    }

    /// Tells of those that their use ends, as the process does.
    pub(super) fn cut_upgraded(&self) {
        self.0.upgraded.cut();
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&self) {
        loop {
            let mut told = std::pin::pin!(self.0.empty.notified());
            // Before looking, so that no end falls between.
            told.as_mut().enable();
            if self.lock().open.is_empty() {
                return;
            }
            told.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections, and requests that are owed to their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) connections: usize,
    pub(super) requests: usize,
}

/// One connection that is open, until this is dropped.
#[derive(Debug)]
pub(crate) struct Registered {
    all: Connections,
    id: u64,
    conn: Arc<Conn>,
}

impl Registered {
    pub(super) fn conn(&self) -> &Arc<Conn> {
        &self.conn
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut table = self.all.lock();
        table.open.remove(&self.id);
        let empty = table.open.is_empty();
        drop(table);
        if empty {
            self.all.0.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swept(connections: &Connections, times: u8) {
        (0..times).for_each(|_| connections.sweep());
    }

    #[test]
    fn a_silent_connection_is_ended_and_one_that_is_heard_stays() {
        let connections = Connections::default();
        let (silent, heard) = (connections.register(), connections.register());
        for _ in 0..IDLE_SWEEPS {
            heard.conn().heard();
            drop(heard.conn().begin(false));
            assert_eq!(silent.conn().order(), Order::Serve);
            connections.sweep();
        }
        assert_eq!((silent.conn().order(), silent.conn().is_quiet()), (Order::Finish, true));
        assert_eq!(heard.conn().order(), Order::Serve);
    }

    #[test]
    fn a_request_in_flight_keeps_its_connection_however_long_it_takes() {
        let connections = Connections::default();
        let busy = connections.register();
        busy.conn().heard();
        let ticket = busy.conn().begin(false);
        swept(&connections, 3 * IDLE_SWEEPS);
        assert_eq!(busy.conn().order(), Order::Serve);
        drop(ticket);
        swept(&connections, IDLE_SWEEPS);
        assert_eq!(busy.conn().order(), Order::Finish);
    }

    #[test]
    fn a_head_that_trickles_is_cut_and_frames_are_no_head() {
        let connections = Connections::default();
        let (slow, frames) = (connections.register(), connections.register());
        frames.conn().speaks_http2();
        for _ in 0..=HEAD_SWEEPS {
            assert_eq!(slow.conn().order(), Order::Serve);
            slow.conn().heard();
            frames.conn().heard();
            connections.sweep();
        }
        assert_eq!((slow.conn().order(), frames.conn().order()), (Order::Cut, Order::Serve));
    }

    #[test]
    fn what_is_left_of_a_body_makes_no_head_and_no_connection_that_trickles_for_ever() {
        let connections = Connections::default();
        let (idle, trickling) = (connections.register(), connections.register());
        for conn in [idle.conn(), trickling.conn()] {
            drop(conn.begin(true));
            conn.heard();
        }
        for _ in 0..IDLE_SWEEPS {
            connections.sweep();
            assert_eq!((idle.conn().order(), trickling.conn().order()), (Order::Serve, Order::Serve));
            trickling.conn().heard();
        }
        connections.sweep();
        assert_eq!(idle.conn().order(), Order::Finish);
        connections.sweep();
        assert_eq!(trickling.conn().order(), Order::Cut);
    }

    #[test]
    fn a_connection_with_streams_of_another_protocol_is_not_idle_however_silent() {
        let connections = Connections::default();
        let tunnels = connections.register();
        tunnels.conn().speaks_http2();
        tunnels.conn().tunnels(None);
        swept(&connections, 3 * IDLE_SWEEPS);
        assert_eq!(tunnels.conn().order(), Order::Serve);
    }

    #[test]
    fn only_connections_silent_since_the_beginning_of_the_end_are_quiet() {
        let connections = Connections::default();
        let (silent, heard) = (connections.register(), connections.register());
        connections.drain();
        heard.conn().heard();
        let late = connections.register();
        assert_eq!(late.conn().order(), Order::Draining);
        connections.sweep();
        connections.finish(true);
        assert!(silent.conn().is_quiet() && !heard.conn().is_quiet() && !late.conn().is_quiet());
        assert_eq!(connections.counts(), Counts { connections: 3, requests: 0 });
    }
}
