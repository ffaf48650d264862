//! The task of one connection: drives its protocol, and ends it when nothing is owed to the client.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::conn::{Conn, Order, Partial, Probe};
use super::connections::Registered;

/// How long a connection must be silent before it is closed: a client that was answered a moment ago may be sending
/// its next request right now.
pub(super) const QUIET: Duration = Duration::from_millis(500);

/// How long a client that was told to go may take to do so, once it has all its responses.
const LEAVE: Duration = Duration::from_secs(1);

pin_project! {
    pub(super) struct Connection<C> {
        #[pin]
        protocol: C,
        wait: Wait,
        woken_by: Option<Waker>,
        conn: Arc<Conn>,
        // Last: the connection counts as open until its protocol is gone, or has nothing left but streams of other protocols.
        registered: Option<Registered>,
    }
}

/// What is waited for once the connection is to end.
enum Wait {
    /// That nothing is owed.
    Nothing,
    /// That it stays silent; with the activity when it began.
    Quiet(Pin<Box<Sleep>>, u32),
    /// That the socket says so, too.
    Silent,
    /// That what is owed after all is given, and the client goes.
    Told,
    /// That the client goes, and not for ever.
    Leave(Pin<Box<Sleep>>),
}

impl<C> Connection<C> {
    pub(super) fn new(protocol: C, registered: Registered) -> Self {
        let conn = Arc::clone(registered.conn());
        Self { protocol, wait: Wait::Nothing, woken_by: None, conn, registered: Some(registered) }
    }
}

impl<C: GracefulConnection> Future for Connection<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let conn = &*this.conn;
        if this.woken_by.as_ref().is_none_or(|waker| !waker.will_wake(task.waker())) {
            conn.wakes(task.waker());
            *this.woken_by = Some(task.waker().clone());
        }
        loop {
            let order = conn.order();
            if order == Order::Cut || this.protocol.as_mut().poll(task).is_ready() {
                return Poll::Ready(());
            }
            if order != Order::Finish {
                return Poll::Pending;
            }
            // The protocol waits for the client or for the service. While something is owed, so does this.
            let owes = conn.owed() > 0 || conn.partial() == Partial::Head;
            match this.wait {
                Wait::Leave(_) if owes => *this.wait = Wait::Told,
                Wait::Leave(limit) => return limit.as_mut().poll(task),
                Wait::Told if owes => return Poll::Pending,
                // As those of HTTP/1, whose connections were given away: nobody waits for them, and nobody cuts them.
                Wait::Told if conn.has_tunnels() => {
                    *this.registered = None;
                    return Poll::Pending;
                }
                Wait::Told => *this.wait = Wait::Leave(Box::pin(sleep(LEAVE))),
                // Its streams are numbered: the client is told which of them will be answered.
                Wait::Nothing if conn.is_http2() => {
                    this.protocol.as_mut().graceful_shutdown();
                    *this.wait = Wait::Told;
                }
                _ if owes => {
                    *this.wait = Wait::Nothing;
                    return Poll::Pending;
                }
                Wait::Nothing if conn.is_quiet() => *this.wait = Wait::Silent,
                Wait::Nothing => *this.wait = Wait::Quiet(Box::pin(sleep(QUIET)), conn.activity()),
                Wait::Quiet(_, activity) if *activity != conn.activity() => *this.wait = Wait::Nothing,
                Wait::Quiet(limit, _) => {
                    ready!(limit.as_mut().poll(task));
                    *this.wait = Wait::Silent;
                }
                Wait::Silent => {
                    // The runtime may not have heard yet of what the kernel has: the socket is asked when it is read.
                    conn.set_probe(Probe::Asked);
                    let polled = this.protocol.as_mut().poll(task);
                    let probe = conn.probe();
                    conn.set_probe(Probe::Idle);
                    if polled.is_ready() {
                        return Poll::Ready(());
                    }
                    if probe != Probe::Silent {
                        // It is read as soon as the runtime has heard.
                        return Poll::Pending;
                    }
                    this.protocol.as_mut().graceful_shutdown();
                    *this.wait = Wait::Told;
                }
            }
        }
    }
}
