//! What gets out, what is lost and what is told, where writing ends short, fails or would block.

use std::collections::VecDeque;

use obs_core::{Base, IdSource, Resource, Timestamp};

use crate::sink::Form;

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

/// Of an output called `test` of a service called `t`, at the beginning of 1970.
pub(super) fn notices() -> Notices {
    let clock = Clock::manual(Timestamp::default());
    let base = Base::with(Resource::new("t"), clock, IdSource::seeded(1));
    Notices::new(&base, (Form::Logfmt, &crate::format::Shapes::default()), "test")
}

fn notice(lost: u64, reason: &str) -> String {
    let lines = if lost == 1 { "line" } else { "lines" };
    format!(
        "timestamp=1970-01-01T00:00:00.000000Z level=WARN target=obs::logs message=\"lost {lost} {lines}\" \
         lost={lost} reason={reason} output=test service=t\n"
    )
}

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
    let mut stream = Stream::new(writer, "test", Clock::system(), notices()).quiet();
    let mut deliver = |text: &[u8], records| {
        stream.deliver_with(&Batch { bytes: text.to_vec(), records, gaps: Vec::new() }, &Waits(patience))
    };
    assert_eq!([deliver(b"one\ntwo\nthree\n", 3), deliver(b"four\n", 1)], expected);
    // Where lines were lost, the next ones stand behind a line that says so.
    let told = match expected {
        [Delivery::Dropped(reason, lost), Delivery::Delivered] => notice(lost, reason.as_str()),
        _ => String::new(),
    };
    assert_eq!(
        String::from_utf8(stream.writer.written).unwrap(),
        written.replace("four", &format!("{told}four"))
    );
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
    fn turn(&mut self, _: &[u8]) -> io::Result<Turn> {
        Err(ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn nothing_is_written_to_the_wrong_place() {
    let writer = Wrong(Scripted { script: VecDeque::new(), written: Vec::new() });
    let mut stream = Stream::new(writer, "test", Clock::system(), notices()).quiet();
    let delivery =
        stream.deliver_with(&Batch { bytes: b"a\nb\n".to_vec(), records: 2, gaps: Vec::new() }, &Waits(true));
    assert_eq!(delivery, Delivery::Dropped(Reason::Io, 2));
    assert!(stream.writer.0.written.is_empty());
}

#[test]
fn a_stream_that_blocks_for_ever_is_given_up_at_the_deadline() {
    let lost = [Delivery::Dropped(Reason::Shutdown, 2), Delivery::Delivered];
    check(&[Ok(4), Err(ErrorKind::WouldBlock)], false, lost, "one\nfour\n");
}

/// Delivers `a`, a gap of 3, and `b`; then `c`.
#[track_caller]
fn check_told(script: &[Result<usize, ErrorKind>], expected: [Delivery; 2], written: &str) {
    let writer = Scripted { script: script.iter().copied().collect(), written: Vec::new() };
    let mut stream = Stream::new(writer, "test", Clock::system(), notices()).quiet();
    let gap = obs_export::queue::Gap { at: 2, reason: Reason::QueueFull, records: 3 };
    let first = Batch { bytes: b"a\nb\n".to_vec(), records: 2, gaps: vec![gap] };
    let second = Batch { bytes: b"c\n".to_vec(), records: 1, gaps: Vec::new() };
    let deliveries = [first, second].map(|batch| stream.deliver_with(&batch, &Waits(true)));
    assert_eq!(
        (deliveries, String::from_utf8(stream.writer.written).unwrap()),
        (expected, written.to_owned())
    );
}

#[test]
fn what_is_missing_is_told_in_its_place_once() {
    let lost = |lines| [Delivery::Dropped(Reason::Io, lines), Delivery::Delivered];
    let told = notice(3, "queue_full");
    check_told(&[], ALL, &format!("a\n{told}b\nc\n"));
    // In front of the gap, in the line that tells of it, and behind it.
    let both = format!("{told}{}", notice(2, "io"));
    check_told(&[FULL], lost(2), &format!("{both}c\n"));
    check_told(&[Ok(2), Ok(9), FULL], lost(1), &format!("a\ntimestamp\n{told}{}c\n", notice(1, "io")));
    check_told(&[Ok(2), Ok(1_000), FULL], lost(1), &format!("a\n{told}{}c\n", notice(1, "io")));
    // One of two that are owed gets out.
    let script = [FULL, Ok(1_000), FULL];
    let twice = [Delivery::Dropped(Reason::Io, 2), Delivery::Dropped(Reason::Io, 1)];
    check_told(&script, twice, &told);
}

#[test]
fn what_is_missing_is_owed_also_where_nothing_in_front_of_it_gets_out() {
    // The line of what is owed already, and the rest of one that an earlier process began.
    for (already, first) in [(0, 1), (1, 0)] {
        let writer = Scripted { script: [FULL, FULL].into(), written: Vec::new() };
        let mut stream = Stream::new(writer, "test", Clock::system(), notices()).quiet();
        stream.already = already;
        let gap = obs_export::queue::Gap { at: 2, reason: Reason::QueueFull, records: 3 };
        let batch = |bytes: &[u8], gaps| Batch { bytes: bytes.to_vec(), records: 1, gaps };
        for _ in 0..first {
            assert_eq!(
                stream.deliver_with(&batch(b"a\n", Vec::new()), &Waits(true)),
                Delivery::Dropped(Reason::Io, 1)
            );
        }
        assert_eq!(
            stream.deliver_with(&batch(b"b\n", vec![gap]), &Waits(true)),
            Delivery::Dropped(Reason::Io, 1)
        );
        stream.writer.script.clear();
        assert_eq!(stream.deliver_with(&batch(b"c\n", Vec::new()), &Waits(true)), Delivery::Delivered);
        let written = String::from_utf8(stream.writer.written).unwrap();
        assert!(written.contains(&notice(3, "queue_full")), "{written}");
        assert!(written.contains(&notice(first + 1, "io")), "{written}");
    }
}

/// Has patience for so many pauses.
struct Pauses(std::cell::Cell<u32>);

impl Patience for Pauses {
    fn wait(&self, pause: Duration) -> bool {
        assert!(pause <= RETRY_FULL);
        self.0.set(self.0.get() + 1);
        true
    }
}

#[test]
fn a_full_disk_is_waited_for_as_long_as_there_is_patience() {
    for (full, delivery, written) in
        [(3, Delivery::Delivered, "one\ntwo\n"), (4, Delivery::Dropped(Reason::Io, 1), "one\nt")]
    {
        let mut script = VecDeque::from([Ok(5)]);
        script.extend([FULL].repeat(full));
        let writer = Scripted { script, written: Vec::new() };
        let patience = 3 * RETRY_FULL;
        let mut stream = Stream::new(writer, "test", Clock::system(), notices()).quiet().patience(patience);
        let batch = Batch { bytes: b"one\ntwo\n".to_vec(), records: 2, gaps: Vec::new() };
        let pauses = Pauses(0.into());
        assert_eq!(stream.deliver_with(&batch, &pauses), delivery);
        assert_eq!((pauses.0.get(), &*stream.writer.written), (3, written.as_bytes()));
    }
}

#[test]
fn a_line_whose_first_half_went_elsewhere_is_written_whole() {
    /// Is another file, which ends within a line, from the second time it is asked.
    struct Another(Scripted, u32);

    impl Write for Another {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Target for Another {
        fn turn(&mut self, _: &[u8]) -> io::Result<Turn> {
            self.1 += 1;
            Ok(Turn { torn: (self.1 == 2).then_some(true), ..Turn::default() })
        }
    }

    let script = VecDeque::from([Ok(6), FULL]);
    let writer = Another(Scripted { script, written: Vec::new() }, 0);
    let patience = RETRY_FULL;
    let mut stream = Stream::new(writer, "test", Clock::system(), notices()).quiet().patience(patience);
    let batch = Batch { bytes: b"one\ntwo\n".to_vec(), records: 2, gaps: Vec::new() };
    assert_eq!(stream.deliver_with(&batch, &Waits(true)), Delivery::Delivered);
    assert_eq!(String::from_utf8(stream.writer.0.written).unwrap(), "one\ntw\ntwo\n");
}
