//! The thread that prepares the next segment and tells of trouble.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::journal::{Error, Upkeep};

/// More than one thing of a kind need not wait.
const MOST: usize = 8;

/// Something to be done.
#[derive(Debug)]
pub(crate) enum Chore {
    /// A segment was begun: have another one ready.
    Spare,
    /// Say what went wrong.
    Tell(Error),
}

/// Hands over chores without ever waiting. The thread ends when all are gone.
#[derive(Clone, Debug)]
pub(crate) struct Sender(SyncSender<Chore>);

impl Sender {
    /// What finds as many waiting is dropped: the next one of its kind will do.
    pub(super) fn send(&self, chore: Chore) {
        let _ = self.0.try_send(chore);
    }
}

/// The thread.
#[derive(Debug)]
pub(super) struct Chores {
    sender: Sender,
    thread: JoinHandle<()>,
}

impl Chores {
    pub(super) fn spawn(
        name: &str,
        upkeep: Upkeep,
        on_trouble: Box<dyn FnMut(&Error) + Send>,
    ) -> std::io::Result<Self> {
        let (sender, chores) = sync_channel(MOST);
        // Of longer names Linux shows 15 bytes.
        let name: String = name.chars().take(13).chain("-j".chars()).collect();
        let thread =
            std::thread::Builder::new().name(name).spawn(move || run(&chores, &upkeep, on_trouble))?;
        let sender = Sender(sender);
        sender.send(Chore::Spare);
        Ok(Self { sender, thread })
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Waits until all is done and the journal let go of; nobody else may have a sender any more.
    pub(super) fn end(self) {
        drop(self.sender);
        let _ = self.thread.join();
    }
}

fn run(chores: &Receiver<Chore>, upkeep: &Upkeep, mut on_trouble: Box<dyn FnMut(&Error) + Send>) {
    let _silence = obs_core::context::silence();
    while let Ok(chore) = chores.recv() {
        let error = match chore {
            Chore::Spare => upkeep.prepare_spare().err(),
            Chore::Tell(error) => Some(error),
        };
        if let Some(error) = &error {
            // A hook that panics has been told, and the next file is prepared all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| on_trouble(error)));
        }
    }
}
