//! What the task of one connection, its socket, its requests and the drain know of each other.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;

use obs_middleware::Upgraded;
use obs_middleware::upgrade::WeakUpgraded;

use super::connections::Upgrades;

/// What a connection is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Order {
    /// Serve.
    Serve,
    /// Serve, and say on each response that there will be no other.
    Draining,
    /// End as soon as nothing is owed to the client.
    Finish,
    /// End now.
    Cut,
}

/// What came of asking the socket whether it has input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Probe {
    /// Nobody asked.
    Idle,
    /// Asked; the socket answers when it is read.
    Asked,
    /// Nothing has arrived.
    Silent,
    /// Something has arrived.
    Heard,
}

/// What has arrived on a connection that owes no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partial {
    Nothing,
    /// A part of a request's head.
    Head,
    /// The same, or what was left of the body of a request that was answered before it was read.
    BodyOrHead,
}

/// One connection. Written by its own task; the orders come from the drain. Nothing here orders other memory, so
/// relaxed is enough: the lock around the waker does for orders.
#[derive(Debug)]
pub(super) struct Conn {
    order: AtomicU8,
    quiet: AtomicBool,
    probe: AtomicU8,
    begun: AtomicU32,
    open: AtomicUsize,
    activity: AtomicU32,
    partial: AtomicBool,
    /// Whether the last request had a body, of which some may still be to come when it is answered.
    had_body: AtomicBool,
    http2: AtomicBool,
    upgraded: AtomicBool,
    /// What is told of its use from then on.
    used: OnceLock<Upgraded>,
    /// Streams of HTTP/2 that speak another protocol.
    tunnels: OnceLock<Upgrades>,
    /// There is, or was, one of which nobody tells when it is over.
    untold: AtomicBool,
    upgrades: Upgrades,
    blocked: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Conn {
    pub(super) fn new(order: Order, upgrades: Upgrades) -> Arc<Self> {
        Arc::new(Self {
            order: AtomicU8::new(order as u8),
            quiet: AtomicBool::new(false),
            probe: AtomicU8::new(Probe::Idle as u8),
            begun: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            activity: AtomicU32::new(0),
            partial: AtomicBool::new(false),
            had_body: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            used: OnceLock::new(),
            tunnels: OnceLock::new(),
            untold: AtomicBool::new(false),
            upgrades,
            blocked: AtomicBool::new(false),
            waker: Mutex::new(None),
        })
    }

    /// What it is to do: one relaxed load.
    #[inline]
    pub(super) fn order(&self) -> Order {
        match self.order.load(Relaxed) {
            0 => Order::Serve,
            1 => Order::Draining,
            2 => Order::Finish,
            _ => Order::Cut,
        }
    }

    /// Gives an order and sees that it is heard; orders only become more urgent. `quiet` says that the client has
    /// been silent for long enough.
    pub(super) fn give(&self, order: Order, quiet: bool) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if quiet {
            self.quiet.store(true, Relaxed);
        }
        self.order.fetch_max(order as u8, Relaxed);
        let waker = waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whom to wake for an order. Orders given before are seen after this.
    pub(super) fn wakes(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    /// Whether the client has been silent for long enough.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet.load(Relaxed)
    }

    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>, has_body: bool) -> Ticket {
        self.partial.store(false, Relaxed);
        self.had_body.store(has_body, Relaxed);
        self.begun.store(self.begun.load(Relaxed).wrapping_add(1), Relaxed);
        self.open.fetch_add(1, Relaxed);
        Ticket(Arc::clone(self))
    }

    /// Requests that have begun and whose response has not been handed over whole.
    pub(super) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// How many requests have begun; wraps.
    pub(super) fn begun(&self) -> u32 {
        self.begun.load(Relaxed)
    }

    /// Bytes have arrived.
    pub(super) fn heard(&self) {
        self.activity.store(self.activity().wrapping_add(1), Relaxed);
        if self.open() == 0 {
            self.partial.store(true, Relaxed);
        }
    }

    /// Changes whenever bytes have arrived.
    pub(super) fn activity(&self) -> u32 {
        self.activity.load(Relaxed)
    }

    /// What has arrived since the last response. Frames of HTTP/2 do not count: what they begin is known by the protocol.
    pub(super) fn partial(&self) -> Partial {
        match self.partial.load(Relaxed) && !self.is_http2() {
            false => Partial::Nothing,
            true if self.had_body.load(Relaxed) => Partial::BodyOrHead,
            true => Partial::Head,
        }
    }

    pub(super) fn speaks_http2(&self) {
        self.http2.store(true, Relaxed);
    }

    pub(super) fn is_http2(&self) -> bool {
        self.http2.load(Relaxed)
    }

    /// It speaks another protocol from here on.
    pub(super) fn upgrades(&self, used: Option<Upgraded>) {
        if let Some(used) = used {
            self.upgrades.add(used.downgrade());
            let _ = self.used.set(used);
        }
        self.upgraded.store(true, Relaxed);
    }

    /// A stream of HTTP/2 speaks another protocol from here on; `told` tells when that is over, where anybody does.
    pub(super) fn tunnels(&self, told: Option<WeakUpgraded>) {
        match told {
            Some(told) => {
                self.tunnels.get_or_init(Upgrades::default).add(told.clone());
                self.upgrades.add(told);
            }
            None => self.untold.store(true, Relaxed),
        }
    }

    /// Whether it has streams that speak another protocol, or may have.
    pub(super) fn has_tunnels(&self) -> bool {
        self.untold.load(Relaxed) || self.tunnels.get().is_some_and(Upgrades::any)
    }

    /// What is to be told of its use, where it speaks another protocol.
    #[inline]
    pub(super) fn used(&self) -> Option<&Upgraded> {
        if self.is_upgraded() { self.used.get() } else { None }
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Relaxed)
    }

    /// Whether a write waits for the client to read.
    pub(super) fn set_blocked(&self, blocked: bool) {
        self.blocked.store(blocked, Relaxed);
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed)
    }

    pub(super) fn probe(&self) -> Probe {
        match self.probe.load(Relaxed) {
            0 => Probe::Idle,
            1 => Probe::Asked,
            2 => Probe::Silent,
            _ => Probe::Heard,
        }
    }

    pub(super) fn set_probe(&self, probe: Probe) {
        self.probe.store(probe as u8, Relaxed);
    }

    /// What would be lost if it ended now: requests, and a response that its client does not read.
    pub(super) fn owed(&self) -> usize {
        self.open().max(usize::from(self.is_blocked()))
    }
}

/// One request that has begun; dropped when its response is handed over, or given up.
#[derive(Debug)]
pub(super) struct Ticket(Arc<Conn>);

impl Ticket {
    pub(super) fn conn(&self) -> &Conn {
        &self.0
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
