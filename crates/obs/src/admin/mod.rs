//! The admin listener: HTTP/1 on a thread and runtime of its own, so that a busy service is still scraped.
//!
//! It moves bytes; what an endpoint answers is decided by a pure function of the leaf it belongs to.

mod serve;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::oneshot;

/// One path and what answers it.
pub(crate) struct Endpoint {
    /// The exact path.
    pub(crate) path: &'static str,
    /// Called on the admin thread.
    pub(crate) respond: Respond,
}

/// A pure function of the leaf an endpoint belongs to.
pub(crate) type Respond = Box<dyn Fn(&Request<()>) -> Response<Bytes> + Send + Sync>;

/// Serves endpoints until it is dropped.
pub(crate) struct Listener {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Binds `addr` at once, so that an address in use is told at start, and serves it from a new thread. `None`
    /// when there is nothing to serve.
    pub(crate) fn start(addr: SocketAddr, endpoints: Vec<Endpoint>) -> std::io::Result<Option<Self>> {
        if endpoints.is_empty() {
            return Ok(None);
        }
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name(String::from("obs-admin")).spawn(move || {
            // What hyper says about itself while serving telemetry is not telemetry.
            let _silence = obs_core::context::silence();
            runtime.spawn(serve::accept(listener, endpoints));
            // Either way it is time to end: the sender never sends, it is dropped.
            let _ = runtime.block_on(stopped);
            // Connections still open end with their runtime, here, and never outlive the installation.
            runtime.shutdown_background();
        })?;
        Ok(Some(Self { addr, stop: Some(stop), thread: Some(thread) }))
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("addr", &self.addr).finish_non_exhaustive()
    }
}
