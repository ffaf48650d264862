//! The thread that compresses and removes closed files, so that neither holds up a line.
//!
//! What there is to do is found in the directory each time: what a process that was ended has left undone is done by
//! the next one.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use obs_core::{Clock, context};

use super::names::{Names, Stamp};
use super::retain::{self, Retention};

/// How often it looks for files that have grown too old.
const PAUSE: Duration = Duration::from_secs(600);

/// Compresses one file; asks whether to go on.
pub(crate) type Compress = fn(&Path, &dyn Fn() -> bool) -> io::Result<bool>;

/// What is done with closed files.
#[derive(Clone, Debug)]
pub(crate) struct Chores {
    pub(crate) names: Names,
    pub(crate) retention: Retention,
    pub(crate) compress: Option<Compress>,
    pub(crate) clock: Clock,
}

impl Chores {
    /// Removes what is not kept, and compresses the rest, the oldest first, one at a time.
    pub(crate) fn work(&self, goes_on: &dyn Fn() -> bool) -> io::Result<()> {
        let mut result = self.prune();
        let Some(compress) = self.compress else { return result };
        for file in retain::closed(&self.names)? {
            if file.is_compressed || !goes_on() {
                continue;
            }
            let told =
                |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.path.display()));
            result = result.and(compress(&file.path, goes_on).map_err(told).map(|_| ()));
        }
        // Compressed they are smaller, so that fewer had to go; more may have been closed meanwhile.
        result.and(self.prune())
    }

    fn prune(&self) -> io::Result<()> {
        let now = Stamp::of(self.clock.now());
        self.retention.prune(retain::closed(&self.names)?, now).1
    }
}

/// Owns the thread; dropping it ends what it is at, which the next start takes up again.
#[derive(Debug)]
pub(crate) struct Keeper {
    bell: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    goes_on: Arc<AtomicBool>,
    trouble: Arc<Mutex<Option<io::Error>>>,
}

impl Keeper {
    pub(crate) fn start(chores: Chores) -> io::Result<Self> {
        let (bell, rings) = channel();
        let goes_on = Arc::new(AtomicBool::new(true));
        let trouble = Arc::new(Mutex::new(None));
        let (go, told) = (Arc::clone(&goes_on), Arc::clone(&trouble));
        let work = move || {
            let _silence = context::silence();
            loop {
                if let Err(error) = chores.work(&|| go.load(Ordering::Relaxed)) {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
                match rings.recv_timeout(PAUSE) {
                    // Files that were closed meanwhile are found together.
                    Ok(()) => while rings.try_recv().is_ok() {},
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = Builder::new().name("obs-log-keeper".to_owned()).spawn(work)?;
        Ok(Self { bell: Some(bell), thread: Some(thread), goes_on, trouble })
    }

    /// A file was closed.
    pub(crate) fn ring(&self) {
        if let Some(bell) = &self.bell {
            let _ = bell.send(());
        }
    }

    /// What went wrong since this was asked before.
    pub(crate) fn trouble(&self) -> Option<io::Error> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.goes_on.store(false, Ordering::Relaxed);
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
