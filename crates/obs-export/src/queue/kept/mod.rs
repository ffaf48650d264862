//! Records that wait in a journal instead of in memory, so that they survive the process.
//!
//! Producers append under the queue's lock; the worker reads beside it, and a record is pending until its fate is known.
//! What only has to be done in time (the next file, words about trouble) is done by a thread of its own, so that neither
//! a producer nor a worker that waits for the other side does it.

mod chores;
mod notes;
mod run;
#[cfg(test)]
mod tests;

use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use obs_core::context;

use super::state::{Phase, State};
use super::{Losses, Policy, Reason, Shared, Sink};
use crate::journal::{Error, Journal, Refused, Writer};
use chores::{Chore, Chores};

pub(super) use notes::Notes;

/// A journal that is open, and who is told of its troubles.
#[derive(Debug)]
#[must_use]
pub struct Durable {
    journal: Journal,
    on_trouble: OnTrouble,
}

struct OnTrouble(Box<dyn FnMut(&Error) + Send>);

impl std::fmt::Debug for OnTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnTrouble")
    }
}

impl Durable {
    /// Records are kept in this journal.
    pub fn new(journal: Journal) -> Self {
        Self { journal, on_trouble: OnTrouble(Box::new(|_| ())) }
    }

    /// Called, on a thread of the queue's own, for each time the journal could not be read, written or made longer;
    /// default nothing. Must not send telemetry through the same queue.
    pub fn on_trouble(mut self, hook: impl FnMut(&Error) + Send + 'static) -> Self {
        self.on_trouble = OnTrouble(Box::new(hook));
        self
    }

    /// Opens the books with what was found, and starts the threads.
    pub(super) fn spawn(
        self,
        shared: Arc<Shared>,
        name: &str,
        sink: Box<dyn Sink>,
    ) -> std::io::Result<JoinHandle<()>> {
        let Journal { writer, reader, note, upkeep, recovered, trouble } = self.journal;
        let chores = Chores::spawn(name, upkeep, self.on_trouble.0)?;
        if let Some(trouble) = trouble {
            chores.sender().send(Chore::Tell(trouble));
        }
        let mut state = shared.lock();
        let begun = writer.begun();
        state.kept = Some(Kept::Open { writer, begun, chores: chores.sender() });
        // What is known to be missing was handed over once, too.
        if recovered.records > 0 {
            state.count_in(recovered.records);
        }
        state.books.produced += recovered.lost;
        state.books.recovered = recovered.records + recovered.lost;
        state.books.drop_records(Reason::Damaged, recovered.lost);
        drop(state);
        let earlier = note.earlier().map(|(sequence, note)| (sequence, note.to_vec()));
        shared.notes.open(note);
        let run = run::Run { shared: Arc::clone(&shared), reader, chores, earlier };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run.run(sink));
        if thread.is_err() {
            // Gives the directory back.
            let kept = shared.lock().kept.take();
            drop((kept, shared.notes.close()));
        }
        thread
    }
}

/// The end where records are put in.
#[derive(Debug)]
pub(super) enum Kept {
    Open {
        writer: Writer,
        /// How many segments it had begun when a next one was last asked for.
        begun: u64,
        chores: chores::Sender,
    },
    /// What was left when the journal was closed: how many records, and their bytes.
    Closed(u64, usize),
}

impl Kept {
    /// How many records, and their bytes.
    pub(super) fn pending(&self) -> (u64, usize) {
        match self {
            Self::Open { writer, .. } => {
                let pending = writer.pending();
                (pending.records, usize::try_from(pending.bytes).unwrap_or(usize::MAX))
            }
            Self::Closed(records, bytes) => (*records, *bytes),
        }
    }

    /// Puts a record in, or says why it is lost unless there is room made; then what may be tried is said by the error.
    fn append(&mut self, record: &[u8], priority: u8) -> Result<(), Full> {
        let Self::Open { writer, begun, chores } = self else { return Err(Full::Never(Reason::Closed)) };
        let appended = writer.append(record, priority);
        if *begun != writer.begun() {
            *begun = writer.begun();
            chores.send(Chore::Spare);
        }
        match appended {
            Ok(_) => Ok(()),
            Err(Refused::Full) => Err(Full::ForNow),
            Err(Refused::TooLarge { .. }) => Err(Full::Never(Reason::QueueFull)),
            Err(Refused::Broken(error)) => {
                chores.send(Chore::Tell(error));
                Err(Full::Never(Reason::Io))
            }
        }
    }

    /// Why a record is lost that found no room and that none is made for.
    fn fault(&self) -> Reason {
        match self {
            Self::Open { writer, .. } if writer.is_broken() => Reason::Io,
            _ => Reason::QueueFull,
        }
    }

    /// Drops the oldest segment, and returns how many records that were.
    fn drop_oldest(&mut self) -> u64 {
        match self {
            Self::Open { writer, .. } => writer.drop_oldest(1),
            Self::Closed(..) => 0,
        }
    }
}

/// Why a record was not put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    /// There is no room.
    ForNow,
    /// It is lost.
    Never(Reason),
}

impl Shared {
    /// Hands over one record to the journal, or does what the policy says.
    #[inline(never)]
    pub(super) fn keep<'a>(&'a self, mut state: MutexGuard<'a, State>, record: &[u8], priority: u8) {
        let mut kept = if state.phase == Phase::Closed {
            Err(Full::Never(Reason::Closed))
        } else {
            state.append(record, priority)
        };
        if kept == Err(Full::ForNow) {
            (state, kept) = self.make_room(state, record, priority);
        }
        let is_kept = kept.is_ok();
        if let Err(full) = kept {
            let reason = match full {
                Full::Never(reason) => reason,
                Full::ForNow => state.kept.as_ref().map_or(Reason::QueueFull, Kept::fault),
            };
            state.refuse(reason, &self.settings);
        }
        let wake = match state.phase {
            // What is missing is told also where nothing follows.
            Phase::Idle if is_kept || state.has_work() => {
                state.phase = Phase::Gathering;
                true
            }
            Phase::Gathering if is_kept && state.gathered_bytes() >= self.settings.batch_bytes => {
                state.phase = Phase::Busy;
                true
            }
            _ => false,
        };
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    /// Does what the policy says for a record that finds no room.
    #[cold]
    fn make_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        record: &[u8],
        priority: u8,
    ) -> (MutexGuard<'a, State>, Result<(), Full>) {
        let kept = match self.settings.policy {
            Policy::DropOldest => state.append_for_others(record, priority, &self.settings),
            Policy::DropBelow(rank) if priority >= rank => {
                state.append_for_others(record, priority, &self.settings)
            }
            Policy::Block(limit) if !limit.is_zero() && !context::is_silenced() => {
                return self.wait_for_segment(state, record, priority, limit);
            }
            Policy::DropNewest | Policy::DropBelow(_) | Policy::Block(_) => Err(Full::ForNow),
        };
        (state, kept)
    }

    /// Waits until the record finds room, the queue is closed or the time is over.
    fn wait_for_segment<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        record: &[u8],
        priority: u8,
        limit: Duration,
    ) -> (MutexGuard<'a, State>, Result<(), Full>) {
        let begun = Instant::now();
        state.hurry += 1;
        state.waiting += 1;
        self.work.notify_one();
        let kept = loop {
            if state.phase == Phase::Closed {
                break Err(Full::Never(Reason::Closed));
            }
            let left = limit.saturating_sub(begun.elapsed());
            match state.append(record, priority) {
                Err(Full::ForNow) if !left.is_zero() => {}
                kept => break kept,
            }
            state = self.room.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        state.hurry -= 1;
        state.waiting -= 1;
        state.books.blocked = state.books.blocked.saturating_add(begun.elapsed());
        (state, kept)
    }
}

impl State {
    /// Takes in records that are in the journal already.
    fn count_in(&mut self, records: u64) {
        self.books.produced += records;
        self.ages.came(self.end);
        self.end += records;
    }

    /// What is no longer pending in the journal has its fate: these records were lost.
    fn settle_kept(&mut self, losses: Losses, took: Option<Duration>) {
        let missing: u64 = self.filling.gaps.iter().map(|gap| gap.records).sum();
        // First in, first out: what is left are the last ones.
        self.settled = self.settled.max(self.end.saturating_sub(self.pending() + missing));
        self.book(losses, took);
    }

    /// Puts a record into the journal and counts it in.
    #[inline]
    fn append(&mut self, record: &[u8], priority: u8) -> Result<(), Full> {
        let Some(kept) = &mut self.kept else { return Err(Full::Never(Reason::Internal)) };
        kept.append(record, priority)?;
        self.count_in(1);
        Ok(())
    }

    /// The same in the place of the oldest ones.
    fn append_for_others(
        &mut self,
        record: &[u8],
        priority: u8,
        settings: &super::Settings,
    ) -> Result<(), Full> {
        let evicted = self.kept.as_mut().map_or(0, Kept::drop_oldest);
        self.books.drop_records(Reason::Evicted, evicted);
        if settings.tells_gaps && evicted > 0 {
            self.miss(Reason::Evicted, evicted);
        }
        self.append(record, priority)
    }
}
