//! The admin thread, and the listener on it: HTTP/1 apart from the service's runtime, so that a busy service is still
//! scraped.
//!
//! The listener moves bytes; what an endpoint answers is decided by a pure function of the leaf it belongs to.

mod endpoint;
mod guard;
mod printed;
#[cfg_attr(not(feature = "profiling"), path = "profiling_absent.rs")]
mod profiling;
mod reply;
mod serve;
mod thread;

use std::fmt;
use std::net::{SocketAddr, TcpListener};

use tokio::task::AbortHandle;

pub(crate) use endpoint::{Access, Endpoint, Runs};
pub(crate) use guard::Guard;
pub(crate) use printed::Printed;
pub(crate) use profiling::Profiling;
pub(crate) use thread::AdminThread;

/// Serves endpoints until it is dropped.
pub(crate) struct Listener {
    addr: SocketAddr,
    task: AbortHandle,
}

impl Listener {
    /// Binds `addr` at once, so that an address in use is told at start, and serves it on the admin thread. `None`
    /// when there is nothing to serve.
    pub(crate) fn start(
        thread: &AdminThread,
        addr: SocketAddr,
        endpoints: Vec<Endpoint>,
        guard: Guard,
    ) -> std::io::Result<Option<Self>> {
        if endpoints.is_empty() {
            return Ok(None);
        }
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let task = thread.handle()?.spawn(serve::accept(listener, endpoints, guard)).abort_handle();
        Ok(Some(Self { addr, task }))
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// Takes no further connection; those that are open end with the admin thread.
impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("addr", &self.addr).finish_non_exhaustive()
    }
}
