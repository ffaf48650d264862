//! The socket of a connection as its protocol sees it: notes what comes and goes, and ends without a reset.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use obs_core::Outcome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::conn::{Conn, Probe};
use super::listener::Socket;

/// How long a client may go on sending after its last response: a socket closed with bytes unread resets the
/// connection, and the client may lose the response it has not read yet.
const LINGER: Duration = Duration::from_secs(1);

/// What a client of HTTP/2 sends first begins like this, and no method does (RFC 9113, section 3.4).
const HTTP2: &[u8] = b"PRI";

#[derive(Debug)]
pub(super) struct Io<S> {
    socket: S,
    conn: Arc<Conn>,
    /// How many bytes of [`HTTP2`] have come; `None` once it is known what is spoken.
    sniffed: Option<usize>,
    end: End,
    /// Whether the head that granted another protocol is still to be written.
    granting: bool,
}

#[derive(Debug)]
enum End {
    Open,
    /// Nothing more is sent; reads until the client has closed as well.
    Lingering(Pin<Box<Sleep>>),
    Closed,
}

impl<S: Socket> Io<S> {
    pub(super) fn new(socket: S, conn: Arc<Conn>) -> Self {
        Self { socket, conn, sniffed: Some(0), end: End::Open, granting: true }
    }

    fn sniff(&mut self, bytes: &[u8]) {
        let Some(seen) = self.sniffed else { return };
        let wanted = &HTTP2[seen..];
        if bytes.starts_with(wanted) {
            self.conn.speaks_http2();
        }
        self.sniffed = wanted.starts_with(bytes).then_some(seen + bytes.len());
        self.sniffed.take_if(|seen| *seen == HTTP2.len());
    }

    fn wrote(&mut self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if polled.is_pending() != self.conn.is_blocked() {
            self.conn.set_blocked(polled.is_pending());
        }
        if let Some(used) = self.conn.used() {
            match &polled {
                // The first is the end of HTTP, not of what comes after it.
                Poll::Ready(Ok(_)) if std::mem::replace(&mut self.granting, false) => {}
                Poll::Ready(Ok(bytes)) => used.sent(*bytes),
                Poll::Ready(Err(_)) => used.ended(Outcome::Cancelled),
                Poll::Pending => {}
            }
        }
        polled
    }

    /// Reads and forgets, until the client closes or its time is over.
    fn poll_linger(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 4 * 1024];
        while let End::Lingering(limit) = &mut self.end {
            let mut buffer = ReadBuf::new(&mut scratch);
            let over = limit.as_mut().poll(task).is_ready()
                || match ready!(Pin::new(&mut self.socket).poll_read(task, &mut buffer)) {
                    Ok(()) => buffer.filled().is_empty(),
                    Err(_) => true,
                };
            if over {
                self.end = End::Closed;
            }
        }
        Poll::Ready(())
    }
}

impl<S: Socket> AsyncRead for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.socket).poll_read(task, buffer);
        if polled.is_pending() {
            if this.conn.probe() == Probe::Asked {
                let heard = this.socket.has_input();
                this.conn.set_probe(if heard { Probe::Heard } else { Probe::Silent });
            }
        } else if buffer.filled().len() > before {
            this.conn.heard();
            if let Some(used) = this.conn.used() {
                used.received(buffer.filled().len() - before);
            }
            this.sniff(&buffer.filled()[before..]);
        } else if let (Poll::Ready(Err(_)), Some(used)) = (&polled, this.conn.used()) {
            used.ended(Outcome::Cancelled);
        }
        polled
    }
}

impl<S: Socket> AsyncWrite for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.socket).poll_write(task, bytes);
        this.wrote(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.socket).poll_write_vectored(task, slices);
        this.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let End::Open = this.end {
            ready!(Pin::new(&mut this.socket).poll_shutdown(task))?;
            // What comes after an upgrade belongs to whoever asked for it.
            if this.conn.is_upgraded() {
                return Poll::Ready(Ok(()));
            }
            this.end = End::Lingering(Box::pin(tokio::time::sleep(LINGER)));
        }
        this.poll_linger(task).map(Ok)
    }
}

/// A task that panics lets go of its connection while it does.
impl<S> Drop for Io<S> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(used) = self.conn.used()
        {
            used.ended(Outcome::Panicked);
        }
    }
}
