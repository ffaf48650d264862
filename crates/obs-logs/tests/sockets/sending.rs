//! An engine with one output at a socket.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use obs_core::Resource;
use obs_core::context::TraceFlags;
use obs_export::socket::{Retry, SocketSettings};
use obs_logs::{Output, Syslog};
use serde_json::Value;

use crate::engine::inside;
pub(crate) use crate::engine::{Engine as Sending, LONG, quick};
use crate::grammar::Message;

/// The same as [`quick`], which gives up soon.
pub(crate) fn hasty() -> Retry {
    quick().budget(Duration::from_millis(60))
}

pub(crate) fn syslog(url: &str) -> Syslog {
    Syslog::new(url).unwrap().hostname("h1.example.com").unwrap().retry(quick())
}

/// Gives up soon on who takes nothing.
pub(crate) fn impatient() -> SocketSettings {
    SocketSettings::new().timeout(Duration::from_millis(200))
}

impl Sending {
    pub(crate) fn to(output: impl Into<Output>) -> Self {
        Self::of("orders", output)
    }

    pub(crate) fn of(service: &str, output: impl Into<Output>) -> Self {
        Self::with(Resource::new(service), "trace", output)
    }

    /// Ends within this time.
    pub(crate) fn end(&mut self, deadline: Duration) {
        self.guard.shutdown(deadline);
    }
}

/// A request with ids of the test's own.
pub(crate) fn inside_a_request<T>(id: &str, work: impl FnOnce() -> T) -> T {
    inside(TraceFlags::default(), id, work)
}

/// What the line of a message says.
pub(crate) fn line(message: &Message) -> Value {
    serde_json::from_str(message.msg.as_deref().unwrap()).unwrap()
}

/// The field `n` of each line.
pub(crate) fn numbers(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| line(message)["n"].as_u64().unwrap()).collect()
}

/// The paths of one test, at which nothing is left when its thread ends.
#[derive(Default)]
struct Paths(RefCell<Vec<PathBuf>>);

impl Drop for Paths {
    fn drop(&mut self) {
        self.0.take().iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
}

/// A path that nobody else uses, short enough for a socket. What is there at the end of the test is removed.
pub(crate) fn path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static PATHS: Paths = Paths::default();
    }
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("obs-sockets-{}-{next}", std::process::id()));
    PATHS.with(|paths| paths.0.borrow_mut().push(path.clone()));
    path
}
