//! The listener as the installation has it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use obs_core::Base;
use tokio::task::AbortHandle;

use super::counts::Counts;
use super::exposed::Exposed;
use super::guard::Guard;
use super::places::Places;
use super::rate::Rate;
use super::serve::Served;
use super::socket::{Left, Socket};
use super::web::Web;
use super::{AdminThread, Endpoint, accept, index, tls};
use crate::config::{Admin, Config, Mistake};

/// Serves endpoints until it is dropped.
pub(crate) struct Listener {
    addr: Option<SocketAddr>,
    task: AbortHandle,
    left: Left,
    hidden: Vec<&'static str>,
}

impl Listener {
    /// Binds at once, so that an address in use is told at start, and serves on the admin thread. `None` when there is
    /// nothing to serve, or nowhere to.
    pub(crate) fn start(
        thread: &AdminThread,
        config: &Config,
        base: &Arc<Base>,
        mut endpoints: Vec<Endpoint>,
    ) -> std::io::Result<Option<Self>> {
        if endpoints.is_empty() {
            return Ok(None);
        }
        if config.admin == Admin::Off {
            return Ok(None);
        }
        let handle = thread.handle()?;
        let bound = {
            let _runtime = handle.enter();
            Socket::at(&config.admin)?
        };
        let Some((socket, left)) = bound else { return Ok(None) };
        let exposed = Exposed::of(config);
        let hidden = exposed.hidden(&endpoints);
        endpoints.push(index::endpoint(base, &endpoints, exposed));
        let addr = socket.addr();
        let counts = Arc::new(Counts::default());
        base.sources.register(Arc::clone(&counts) as _);
        let served = Served {
            endpoints,
            guard: Guard::new(config.admin_token.as_deref()),
            exposed,
            web: Web::new(config.web.as_ref(), Arc::clone(&counts))?,
            rate: Rate::new(),
            places: Places::default(),
            counts,
        };
        let task = handle.spawn(accept::accept(socket, Arc::new(served))).abort_handle();
        Ok(Some(Self { addr, task, left, hidden }))
    }

    /// Where it listens, where that is an address.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        self.addr
    }

    /// Leaves nothing behind where the process ends without a drop.
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "whoever serves ends the process"))]
    pub(crate) fn leave(&self) {
        self.left.remove();
    }

    /// Says once what is not served where it listens.
    pub(crate) fn tell(&self, config: &Config) {
        if !self.hidden.is_empty() {
            super::exposed::tell(&config.admin, &self.hidden);
        }
    }
}

/// What the listener cannot make sense of; nothing is started for it.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let tls = config.web.as_ref().and_then(|web| web.tls.as_ref());
    let wrong = tls.and_then(|tls| tls::Tls::new(tls).err());
    wrong
        .map(|(key, what)| Mistake::new(&format!("admin.web_config.tls_server_config.{key}"), what))
        .into_iter()
        .collect()
}

/// Takes no further connection; those that are open end with the admin thread.
impl Drop for Listener {
    fn drop(&mut self) {
        // Nobody waits for the task, and nobody else begins at its place while it is there.
        self.left.remove();
        self.task.abort();
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("addr", &self.addr).finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::mpsc;

    use http::Response;

    use super::super::{Access, Runs};
    use super::*;

    #[test]
    fn the_file_of_a_socket_is_gone_with_the_listener_whatever_its_thread_does() {
        let path = std::env::temp_dir().join(format!("obs-listener-{}.sock", std::process::id()));
        let (thread, mut config) = (AdminThread::default(), Config::new("orders"));
        config.admin = Admin::Unix(path.clone());
        let endpoint = Endpoint::new("/nothing", Access::Open, Runs::AtOnce, |_| Response::default());
        let base = Base::new(config.resource.clone());
        let listener = Listener::start(&thread, &config, &base, vec![endpoint]).unwrap();
        assert!(path.exists());
        let (done, waits) = mpsc::channel::<()>();
        let (begins, begun) = mpsc::channel();
        thread.handle().unwrap().spawn(async move {
            let _ = begins.send(());
            let _ = waits.recv();
        });
        begun.recv().unwrap();
        drop(listener);
        assert!(!path.exists());
        drop(done);
    }
}
