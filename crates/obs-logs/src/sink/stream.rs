//! Writes batches to a file or standard stream, one write each, and counts exactly the lines that did not get out.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use obs_core::Clock;
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};

use super::complaint::Complaint;
use super::notice::{Notices, Owed};
use mark::Mark;

pub(crate) mod mark;

/// How long a stream that would block is left alone.
const RETRY: Duration = Duration::from_millis(5);

/// How long a full disk is left alone between two attempts.
const RETRY_FULL: Duration = Duration::from_millis(50);

/// A writer without a buffer of its own.
pub(crate) trait Target: Write + Send {
    /// Called before anything is written: makes sure that `next`, which begins with a line, goes to the right place.
    /// Without anything it only looks whether that is still the same. An error loses the batch.
    fn turn(&mut self, next: &[u8]) -> io::Result<Turn> {
        let _ = next;
        Ok(Turn::default())
    }

    /// Called after each batch, whether or not all of it was written. An error says that nothing of it can be relied on.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Nothing is there to be written: does what is due, and says when more will be.
    fn rest(&mut self) -> Option<Duration> {
        None
    }

    /// Which file it writes to and how long that is, where it is one on a disk.
    fn place(&self) -> Option<mark::Place> {
        None
    }

    /// How long the file is now that was at a place once, whatever it is called, where it can be found.
    fn length_at(&self, place: &mark::Place) -> Option<u64> {
        let _ = place;
        None
    }

    /// Whether it should look for the right place although nothing is there to be written.
    fn is_asked_to_reopen(&self) -> bool {
        false
    }
}

impl Target for File {}

/// What a [`Target`] found before it was written to.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Whether what it writes to ends in the middle of a line, where that is another than before.
    pub(super) torn: Option<bool>,
    /// What is amiss although nothing is lost.
    pub(super) trouble: Option<String>,
    /// How many bytes may be written before it is asked again, up to the end of a line; all, where it does not say.
    pub(super) room: Option<usize>,
}

/// Batches to a [`Target`].
#[derive(Debug)]
pub(crate) struct Stream<W> {
    writer: W,
    name: String,
    complaint: Option<Complaint>,
    notices: Notices,
    owed: Owed,
    /// How long a batch waits for room on a disk that is full.
    patience: Duration,
    /// Whether the last write ended in the middle of a line.
    torn: bool,
    /// How many bytes an earlier process has written of what comes next.
    already: usize,
    /// Where the first half of a line is, and ends, that an earlier process began.
    half: Option<mark::Place>,
}

/// Why a text did not get out whole, and how many of its bytes did.
struct Broken {
    written: usize,
    error: io::Error,
    reason: Reason,
}

impl<W: Target> Stream<W> {
    pub(crate) fn new(writer: W, name: &str, clock: Clock, notices: Notices) -> Self {
        Self {
            writer,
            name: name.to_owned(),
            complaint: Some(Complaint::new(clock)),
            notices,
            owed: Owed::default(),
            patience: Duration::ZERO,
            torn: false,
            already: 0,
            half: None,
        }
    }

    /// Never complains on standard error.
    pub(crate) fn quiet(mut self) -> Self {
        self.complaint = None;
        self
    }

    /// Waits so long for room on a disk that is full; default not at all.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Writes all of `bytes`, or says how far it came and why no further.
    fn write(&mut self, bytes: &[u8], control: &impl Patience) -> Result<(), Broken> {
        let mut written = 0;
        while written < bytes.len() {
            match self.writer.write(&bytes[written..]) {
                Ok(0) => {
                    return Err(Broken { written, error: ErrorKind::WriteZero.into(), reason: Reason::Io });
                }
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !control.wait(RETRY) {
                        return Err(Broken { written, error, reason: Reason::Shutdown });
                    }
                }
                Err(error) => return Err(Broken { written, error, reason: Reason::Io }),
            }
        }
        Ok(())
    }

    /// Makes sure that the writer writes to the right place.
    fn turn(&mut self, next: &[u8]) -> io::Result<Turn> {
        let mut turn = self.writer.turn(next)?;
        self.torn = turn.torn.unwrap_or(self.torn);
        if let (Some(complaint), Some(trouble)) = (&mut self.complaint, turn.trouble.take()) {
            complaint.trouble(&self.name, &trouble);
        }
        Ok(turn)
    }

    /// Writes whole lines from a byte on, to as many files as that takes, and waits while a disk is full and there is
    /// patience left. What is `noted` is known to the next process, should this one end within.
    fn put(
        &mut self,
        lines: &[u8],
        from: usize,
        noted: bool,
        patience: &mut Duration,
        control: &impl Patience,
    ) -> Result<(), Broken> {
        let mut written = from;
        while written < lines.len() {
            let step = self.step(lines, written, noted, control);
            let Err(broken) = step.map(|end| written = end) else { continue };
            written = broken.written;
            if !is_full(&broken.error) || patience.is_zero() {
                return Err(broken);
            }
            let pause = RETRY_FULL.min(*patience);
            *patience -= pause;
            if !control.wait(pause) {
                return Err(Broken { reason: Reason::Shutdown, ..broken });
            }
        }
        Ok(())
    }

    /// Writes what follows the first `written` bytes, as much as goes to one place.
    fn step(
        &mut self,
        lines: &[u8],
        written: usize,
        noted: bool,
        control: &impl Patience,
    ) -> Result<usize, Broken> {
        let broken = |error| Broken { written, error, reason: Reason::Io };
        let begun = whole(&lines[..written]);
        let end = if begun < written {
            // The rest of a line belongs where its first half is, whatever else would be due there.
            let is_another = self.turn(&[]).map_err(broken)?.torn.is_some();
            let half = self.half.take();
            if half.map_or(is_another, |half| self.writer.place() != Some(half)) {
                // That went elsewhere: the line is written once more, whole, and may need more room than its rest.
                return Ok(begun);
            }
            written
                + lines[written..].iter().position(|&byte| byte == b'\n').map_or(lines.len(), |end| end + 1)
        } else {
            if noted && written > 0 {
                // What is written is so wherever its file goes from here.
                control.note(|| Some(Mark::written(written)));
            }
            let turn = self.turn(&lines[written..]).map_err(broken)?;
            if self.torn {
                // The rest of the torn line is lost; what follows must not be glued to its first half.
                self.write(b"\n", control).map_err(|end| Broken { written, ..end })?;
                self.torn = false;
            }
            written.saturating_add(turn.room.unwrap_or(usize::MAX))
        };
        let end = lines.len().min(end);
        if noted {
            let writer = &self.writer;
            control.note(|| writer.place().map(|place| Mark::writing(written, place, end - written)));
        }
        match self.write(&lines[written..end], control) {
            Ok(()) => {
                self.torn = lines[..end].last().is_some_and(|&last| last != b'\n');
                Ok(end)
            }
            Err(mut end) => {
                if end.written > 0 {
                    self.torn = lines[written + end.written - 1] != b'\n';
                }
                end.written += written;
                Err(end)
            }
        }
    }

    /// Tells what is owed and writes the batch with what is to be told in between. What of the batch got out is in
    /// front of the byte it returns on failure; what was not told of it is owed then.
    fn put_all(&mut self, batch: &Batch, control: &impl Patience) -> Result<(), Broken> {
        let mut told = 0;
        let put = self.put_and_tell(batch, &mut told, control);
        if put.is_err() {
            batch.gaps[told..].iter().for_each(|gap| self.owed.add(gap.reason, gap.records));
        }
        put
    }

    /// The same, but for what is owed of the batch: behind the first `told` of its gaps.
    fn put_and_tell(
        &mut self,
        batch: &Batch,
        told: &mut usize,
        control: &impl Patience,
    ) -> Result<(), Broken> {
        let (bytes, mut patience) = (&batch.bytes[..], self.patience);
        let mut written = self.already.min(bytes.len());
        self.already -= written;
        if whole(&bytes[..written]) < written {
            // An earlier process wrote half of this line.
            let end = bytes[written..].iter().position(|&byte| byte == b'\n');
            let end = end.map_or(bytes.len(), |end| written + end + 1);
            self.put(&bytes[..end], written, true, &mut patience, control)?;
            written = end;
        }
        self.half = None;
        while let Some((reason, lost)) = self.owed.first() {
            self.tell(lost, reason, &mut patience, control).map_err(|end| Broken { written, ..end })?;
            self.owed.told(reason);
        }
        for gap in &batch.gaps {
            let at = gap.at.max(written);
            self.put(&bytes[..at], written, true, &mut patience, control)?;
            self.tell(gap.records, gap.reason, &mut patience, control)
                .map_err(|end| Broken { written: at, ..end })?;
            *told += 1;
            written = at;
        }
        self.put(bytes, written, true, &mut patience, control)
    }

    fn tell(
        &mut self,
        lost: u64,
        reason: Reason,
        patience: &mut Duration,
        control: &impl Patience,
    ) -> Result<(), Broken> {
        let line = self.notices.line(lost, reason).to_vec();
        self.put(&line, 0, false, patience, control)
    }

    fn deliver_with(&mut self, batch: &Batch, control: &impl Patience) -> Delivery {
        let put = self.put_all(batch, control);
        // Also what of a batch got out before it failed must last.
        let settled = self.writer.settle().map_err(|error| Broken { written: 0, error, reason: Reason::Io });
        let Err(Broken { written, error, reason }) = settled.and(put) else { return Delivery::Delivered };
        let got_out = batch.bytes[..written].iter().filter(|&&byte| byte == b'\n').count() as u64;
        let lost = batch.records.saturating_sub(got_out);
        self.owed.add(reason, lost);
        let is_left = reason == Reason::Shutdown && control.is_durable();
        if let Some(complaint) = self.complaint.as_mut().filter(|_| !is_left) {
            complaint.lost(&self.name, lost, &error);
        }
        Delivery::Dropped(reason, lost)
    }
}

/// How many bytes of a text are whole lines.
fn whole(text: &[u8]) -> usize {
    text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1)
}

/// Whether there may be room again later.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl<W: Target> Sink for Stream<W> {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        self.deliver_with(batch, control)
    }

    fn rest(&mut self) -> Option<Duration> {
        if self.writer.is_asked_to_reopen() {
            // Where that fails it is tried again, and told, with the next batch.
            let _ = self.turn(&[]);
        }
        self.writer.rest()
    }

    /// Goes on behind what an earlier process has written.
    fn resume(&mut self, note: &[u8]) {
        let Some(mark) = Mark::decode(note) else { return };
        let length = self.writer.length_at(&mark.place);
        (self.already, self.half) = mark.got_out(length);
    }

    fn flush(&mut self) {
        let _ = self.writer.flush();
    }
}

/// Whether there is time to try again, and who remembers how far a batch has come.
trait Patience {
    fn wait(&self, pause: Duration) -> bool;

    /// Whether what is not delivered at the end is left to the next process.
    fn is_durable(&self) -> bool {
        false
    }

    /// Has the next process know, where records survive this one.
    fn note(&self, mark: impl FnOnce() -> Option<Mark>) {
        let _ = mark;
    }
}

impl Patience for Control {
    fn wait(&self, pause: Duration) -> bool {
        Control::wait(self, pause)
    }

    fn is_durable(&self) -> bool {
        Control::is_durable(self)
    }

    fn note(&self, mark: impl FnOnce() -> Option<Mark>) {
        if Control::is_durable(self)
            && let Some(mark) = mark()
        {
            Control::note(self, &mark.encode());
        }
    }
}

#[cfg(test)]
mod files;
#[cfg(test)]
mod tests;
