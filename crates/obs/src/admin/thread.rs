//! The one thread an installation runs its own affairs on: the admin listener, signals, the watch on the config file.
//!
//! It is started when the first of them asks for it, and knows none of them.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A current-thread runtime on a thread of its own. Dropping it ends the thread and whatever runs on it.
#[derive(Debug, Default)]
pub(crate) struct AdminThread(Mutex<Option<Running>>);

#[derive(Debug)]
struct Running {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AdminThread {
    /// Where to spawn; starts the thread when it is not there yet.
    pub(crate) fn handle(&self) -> std::io::Result<Handle> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Ok(running.handle.clone());
        }
        let started = Running::start()?;
        Ok(running.insert(started).handle.clone())
    }
}

impl Running {
    fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("obs-scrape")
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name(String::from("obs-admin")).spawn(move || {
            // What hyper says about itself while serving telemetry is not telemetry.
            let _silence = obs_core::context::silence();
            // Either way it is time to end: the sender never sends, it is dropped.
            let _ = runtime.block_on(stopped);
            // Connections still open end with their runtime, here, and never outlive the installation.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
