//! The task on the admin thread that says when to look.

use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use tokio::task::AbortHandle;

use super::hangup::Hangup;
use super::judge::Judge;
use super::numbers::Numbers;
use super::watch::{Asker, Watch};
use crate::admin::AdminThread;
use crate::config::Read;
use crate::signals::{Reloader, Reopener};
use crate::subscriber::Subscriber;

/// How long after one look the next comes.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether SIGHUP is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hear {
    /// The process is this installation's: the signal asks for a look instead of ending it.
    Hangup,
    /// Signals are somebody else's affair.
    Nothing,
}

/// Looks at the file until it is dropped.
#[derive(Debug)]
pub(crate) struct Watching(AbortHandle);

impl Watching {
    /// Begins to look at the file that was read. Where none was, SIGHUP has the files of lines opened again, and `None` is
    /// returned where there are none either.
    pub(crate) fn start(
        thread: &AdminThread,
        read: Read,
        base: &Arc<Base>,
        (reloaders, reopeners): (Vec<Reloader>, Vec<Reopener>),
        subscriber: Subscriber,
        hear: Hear,
    ) -> std::io::Result<Option<Self>> {
        let Read { layers, config, bytes } = read;
        let found = layers.file().cloned().zip(bytes);
        if found.is_none() && (reopeners.is_empty() || hear == Hear::Nothing) {
            return Ok(None);
        }
        let handle = thread.handle()?;
        let hangup = {
            let _runtime = handle.enter();
            Hangup::new(hear)?
        };
        let Some((file, bytes)) = found else {
            return Ok(Some(Self(handle.spawn(reopens(reopeners, hangup)).abort_handle())));
        };
        let numbers = Arc::new(Numbers::default());
        base.sources.register(Arc::clone(&numbers) as _);
        let watch = Watch::new(&bytes);
        let apart = hear == Hear::Nothing;
        let judge = Judge {
            file,
            layers,
            running: config,
            watch,
            wrong: None,
            reloaders,
            reopeners,
            numbers,
            subscriber,
            apart,
        };
        Ok(Some(Self(handle.spawn(looks(judge, hangup)).abort_handle())))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Opens files again whenever it is asked to, which only asks their threads to.
async fn reopens(reopeners: Vec<Reopener>, mut hangup: Hangup) {
    loop {
        hangup.heard().await;
        reopeners.iter().for_each(|reopen| reopen());
    }
}

/// Looks after each pause and whenever it is asked to. Looking waits for the file system and writes lines, which the
/// admin thread does neither of.
async fn looks(mut judge: Judge, mut hangup: Hangup) {
    loop {
        let asker = match tokio::time::timeout(PAUSE, hangup.heard()).await {
            Ok(()) => Asker::Operator,
            Err(_) => Asker::Clock,
        };
        let looked = tokio::task::spawn_blocking(move || {
            judge.look(asker);
            judge
        });
        match looked.await {
            Ok(back) => judge = back,
            // Only a panic in somebody's subscriber comes here, which its hook has told.
            Err(_) => return,
        }
    }
}
