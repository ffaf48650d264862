//! A service under `serve_until`, on a runtime and thread of its own.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use obs::{Ended, Obs, ShutdownHandle};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// Longer than anything here should take.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// How many threads the service has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flavor {
    /// The one that calls `block_on`.
    Current,
    /// One worker beside it.
    OneWorker,
}

/// Both: neither leaves a thread for what blocks.
pub(super) const FLAVORS: [Flavor; 2] = [Flavor::Current, Flavor::OneWorker];

impl Flavor {
    pub(super) fn runtime(self) -> Runtime {
        let mut builder = match self {
            Self::Current => Builder::new_current_thread(),
            Self::OneWorker => Builder::new_multi_thread(),
        };
        builder.worker_threads(1).enable_all().build().unwrap()
    }
}

/// A service that takes connections.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) addr: SocketAddr,
    pub(super) handle: ShutdownHandle,
    thread: JoinHandle<Ended>,
}

/// An installation without outputs that ends like this.
pub(super) fn obs(delay: Duration, timeout: Duration) -> Obs {
    let obs = obs::builder("orders").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
    obs.drain(delay, timeout).build().unwrap()
}

impl Running {
    pub(super) fn start(flavor: Flavor, obs: Obs, router: Router) -> Self {
        let bind = async || TcpListener::bind("127.0.0.1:0").await;
        Self::on(bind, flavor, obs, router)
    }

    /// On an address that others listen on, too.
    #[cfg(target_os = "linux")]
    pub(super) fn start_shared(flavor: Flavor, obs: Obs, router: Router, addr: SocketAddr) -> Self {
        let bind = async move || {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.set_reuseport(true)?;
            socket.bind(addr)?;
            socket.listen(1_024)
        };
        Self::on(bind, flavor, obs, router)
    }

    fn on(
        bind: impl AsyncFnOnce() -> std::io::Result<TcpListener> + Send + 'static,
        flavor: Flavor,
        obs: Obs,
        router: Router,
    ) -> Self {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = flavor.runtime();
            let ended = runtime.block_on(async {
                let listener = bind().await.unwrap();
                tell.send((listener.local_addr().unwrap(), obs.shutdown_handle())).unwrap();
                obs::axum::serve_until(obs, listener, router, std::future::pending()).await
            });
            // A handler that blocks its thread is no reason to wait here.
            runtime.shutdown_background();
            ended
        });
        let (addr, handle) = told.recv_timeout(LONG).unwrap();
        Self { addr, handle, thread }
    }

    /// How it ended, once it has.
    #[track_caller]
    pub(super) fn ended(self) -> Ended {
        let until = Instant::now() + LONG;
        while !self.thread.is_finished() {
            assert!(Instant::now() < until, "serving does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.thread.join().unwrap()
    }

    /// Asks for the end and waits for it; how it ended, and how long that took.
    #[track_caller]
    pub(super) fn end(self) -> (Ended, Duration) {
        let begun = Instant::now();
        self.handle.shut_down();
        let ended = self.ended();
        (ended, begun.elapsed())
    }
}
