//! Writes batches to a file or standard stream, one write each, and counts exactly the lines that did not get out.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use obs_core::Clock;
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};

use super::complaint::Complaint;

/// How long a stream that would block is left alone.
const RETRY: Duration = Duration::from_millis(5);

/// A writer without a buffer of its own.
pub(crate) trait Target: Write + Send {
    /// Called before each batch: makes sure that what follows goes to the right place. An error loses the batch.
    fn turn(&mut self) -> io::Result<Turn> {
        Ok(Turn::default())
    }
}

impl Target for File {}

/// What a [`Target`] found before a batch.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Whether what it writes to ends in the middle of a line, where that is another than before.
    pub(super) torn: Option<bool>,
    /// What is amiss although nothing is lost.
    pub(super) trouble: Option<String>,
}

/// Batches to a [`Target`].
#[derive(Debug)]
pub(crate) struct Stream<W> {
    writer: W,
    name: String,
    complaint: Option<Complaint>,
    /// Whether the last write ended in the middle of a line.
    torn: bool,
}

impl<W: Target> Stream<W> {
    pub(crate) fn new(writer: W, name: &str, clock: Clock) -> Self {
        Self { writer, name: name.to_owned(), complaint: Some(Complaint::new(clock)), torn: false }
    }

    /// Never complains on standard error.
    pub(crate) fn quiet(mut self) -> Self {
        self.complaint = None;
        self
    }

    /// Writes all of `bytes`, or says how far it came and why no further.
    fn write(&mut self, bytes: &[u8], control: &impl Patience) -> Result<(), (usize, io::Error, Reason)> {
        let mut done = 0;
        while done < bytes.len() {
            match self.writer.write(&bytes[done..]) {
                Ok(0) => return Err((done, ErrorKind::WriteZero.into(), Reason::Io)),
                Ok(written) => done += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !control.wait(RETRY) {
                        return Err((done, error, Reason::Shutdown));
                    }
                }
                Err(error) => return Err((done, error, Reason::Io)),
            }
        }
        Ok(())
    }

    fn deliver_with(&mut self, batch: &Batch, control: &impl Patience) -> Delivery {
        match self.writer.turn() {
            Ok(turn) => {
                self.torn = turn.torn.unwrap_or(self.torn);
                if let (Some(complaint), Some(trouble)) = (&mut self.complaint, turn.trouble) {
                    complaint.trouble(&self.name, &trouble);
                }
            }
            Err(error) => return self.lost(batch.records, &error, Reason::Io),
        }
        if self.torn {
            // The rest of the torn line is lost; what follows must not be glued to its first half.
            match self.write(b"\n", control) {
                Ok(()) => self.torn = false,
                Err((_, error, reason)) => return self.lost(batch.records, &error, reason),
            }
        }
        match self.write(&batch.bytes, control) {
            Ok(()) => Delivery::Delivered,
            Err((written, error, reason)) => {
                let written = &batch.bytes[..written];
                self.torn = written.last().is_some_and(|&byte| byte != b'\n');
                let whole = written.iter().filter(|&&byte| byte == b'\n').count() as u64;
                self.lost(batch.records - whole.min(batch.records), &error, reason)
            }
        }
    }

    fn lost(&mut self, lost: u64, error: &io::Error, reason: Reason) -> Delivery {
        if let Some(complaint) = &mut self.complaint {
            complaint.lost(&self.name, lost, error);
        }
        Delivery::Dropped(reason, lost)
    }
}

impl<W: Target> Sink for Stream<W> {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        self.deliver_with(batch, control)
    }

    fn flush(&mut self) {
        let _ = self.writer.flush();
    }
}

/// Whether there is time to try again.
trait Patience {
    fn wait(&self, pause: Duration) -> bool;
}

impl Patience for Control {
    fn wait(&self, pause: Duration) -> bool {
        Control::wait(self, pause)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Answers each write from a script: so many bytes, or an error; takes everything once the script has ended.
    struct Scripted {
        script: VecDeque<Result<usize, ErrorKind>>,
        written: Vec<u8>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = self.script.pop_front().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
            self.written.extend_from_slice(&bytes[..len]);
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Target for Scripted {}

    struct Waits(bool);

    impl Patience for Waits {
        fn wait(&self, _: Duration) -> bool {
            self.0
        }
    }

    /// Delivers `one\ntwo\nthree\n` and then `four\n`.
    #[track_caller]
    fn check(script: &[Result<usize, ErrorKind>], patience: bool, expected: [Delivery; 2], written: &str) {
        let writer = Scripted { script: script.iter().copied().collect(), written: Vec::new() };
        let mut stream = Stream::new(writer, "test", Clock::system()).quiet();
        let mut deliver = |text: &[u8], records| {
            stream.deliver_with(&Batch { bytes: text.to_vec(), records }, &Waits(patience))
        };
        assert_eq!([deliver(b"one\ntwo\nthree\n", 3), deliver(b"four\n", 1)], expected);
        assert_eq!(String::from_utf8(stream.writer.written).unwrap(), written);
    }

    const FULL: Result<usize, ErrorKind> = Err(ErrorKind::StorageFull);
    const ALL: [Delivery; 2] = [Delivery::Delivered; 2];

    #[test]
    fn short_and_interrupted_writes_go_on_where_they_ended() {
        let script = [Ok(2), Err(ErrorKind::Interrupted), Ok(5), Err(ErrorKind::WouldBlock)];
        check(&script, true, ALL, "one\ntwo\nthree\nfour\n");
    }

    #[test]
    fn whole_lines_count_as_delivered_and_a_torn_one_is_closed_off() {
        let lost = |lines| [Delivery::Dropped(Reason::Io, lines), Delivery::Delivered];
        check(&[FULL], true, lost(3), "four\n");
        check(&[Ok(2), FULL], true, lost(3), "on\nfour\n");
        check(&[Ok(4), FULL], true, lost(2), "one\nfour\n");
        check(&[Ok(4), Ok(6), FULL], true, lost(1), "one\ntwo\nth\nfour\n");
        check(&[Ok(0)], true, lost(3), "four\n");
    }

    #[test]
    fn a_torn_line_that_cannot_be_closed_off_loses_what_follows() {
        let lost = [Delivery::Dropped(Reason::Io, 3), Delivery::Dropped(Reason::Io, 1)];
        check(&[Ok(2), FULL, FULL], true, lost, "on");
    }

    /// Could be written, but is not the right place.
    struct Wrong(Scripted);

    impl Write for Wrong {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Target for Wrong {
        fn turn(&mut self) -> io::Result<Turn> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }

    #[test]
    fn nothing_is_written_to_the_wrong_place() {
        let writer = Wrong(Scripted { script: VecDeque::new(), written: Vec::new() });
        let mut stream = Stream::new(writer, "test", Clock::system()).quiet();
        let delivery = stream.deliver_with(&Batch { bytes: b"a\nb\n".to_vec(), records: 2 }, &Waits(true));
        assert_eq!(delivery, Delivery::Dropped(Reason::Io, 2));
        assert!(stream.writer.0.written.is_empty());
    }

    #[test]
    fn a_stream_that_blocks_for_ever_is_given_up_at_the_deadline() {
        let lost = [Delivery::Dropped(Reason::Shutdown, 2), Delivery::Delivered];
        check(&[Ok(4), Err(ErrorKind::WouldBlock)], false, lost, "one\nfour\n");
    }
}
