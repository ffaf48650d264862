//! The journal: entries by systemd's "Native Journal Protocol", read strictly.

use std::fs::File;
use std::io::{IoSliceMut, Read, Seek};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use obs_logs::{Format, Journald, Output};
use proptest::prelude::*;
use rustix::fs::SealFlags;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use tracing::{debug, error, info, warn};

use crate::sending::{LONG, Sending, hasty, inside_a_request, path, quick};

/// Names and values, in their order.
type Entry = Vec<(String, Vec<u8>)>;

pub(crate) struct Journal {
    pub(crate) path: PathBuf,
    socket: UnixDatagram,
}

impl Journal {
    pub(crate) fn new() -> Self {
        let path = path();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        Self { path, socket }
    }

    pub(crate) fn output(&self) -> Journald {
        Journald::new().socket(&self.path).retry(quick())
    }

    /// The next entry, and whether it came as a file.
    fn next(&self) -> (Entry, bool) {
        let (entry, is_file) = self.receive();
        (parse(&entry), is_file)
    }

    /// The same as it came.
    pub(crate) fn receive(&self) -> (Vec<u8>, bool) {
        let mut bytes = vec![0; 1 << 20];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let received =
            rustix::net::recvmsg(&self.socket, &mut slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
        let files: Vec<OwnedFd> = ancillary
            .drain()
            .flat_map(|message| match message {
                RecvAncillaryMessage::ScmRights(files) => files.collect(),
                _ => Vec::new(),
            })
            .collect();
        if received.bytes > 0 {
            assert!(files.is_empty());
            return (bytes[..received.bytes].to_vec(), false);
        }
        // A file, and nothing beside it; sealed in every way, or the journal does not read it.
        let [file] = files.try_into().unwrap();
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        assert!(rustix::fs::fcntl_get_seals(&file).unwrap().contains(seals));
        let (mut file, mut entry) = (File::from(file), Vec::new());
        file.rewind().unwrap();
        file.read_to_end(&mut entry).unwrap();
        (entry, true)
    }
}

fn parse(mut rest: &[u8]) -> Entry {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a line break");
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        let (name, value) = match line.iter().position(|byte| *byte == b'=') {
            Some(at) => {
                rest = behind;
                (&line[..at], line[at + 1..].to_vec())
            }
            None => {
                let (length, behind) = behind.split_first_chunk::<8>().expect("a length");
                let (value, behind) = behind.split_at(u64::from_le_bytes(*length) as usize);
                assert_eq!(behind[0], b'\n');
                rest = &behind[1..];
                (line, value.to_vec())
            }
        };
        let name = String::from_utf8(name.to_vec()).unwrap();
        let is_of_a_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        assert!((1..=64).contains(&name.len()) && name.bytes().all(is_of_a_name), "{name}");
        // One that begins with `_` is kept for the journal itself.
        assert!(name.as_bytes()[0].is_ascii_uppercase(), "{name}");
        fields.push((name, value));
    }
    fields
}

#[track_caller]
fn check(entry: &Entry, expected: &[(&str, &str)]) {
    let entry: Vec<_> =
        entry.iter().map(|(name, value)| (name.as_str(), str::from_utf8(value).unwrap())).collect();
    assert_eq!(entry, expected);
}

#[test]
fn a_line_is_an_entry_with_its_fields_in_capitals() {
    let journal = Journal::new();
    let sending = Sending::to(journal.output());
    sending.say(|| {
        inside_a_request("ORD-2024-98765", || {
            info!(target: "shop", { order.id = 42, ok = true, priority = "high" }, "two\nlines = \"x\"");
        });
        error!(target: "shop", order = 7);
    });
    let place = [("PRIORITY", "6"), ("CODE_FILE", file!())];
    let (entry, is_file) = journal.next();
    assert!(!is_file);
    check(
        &entry,
        &[
            place[0],
            place[1],
            ("CODE_LINE", &entry[2].1.iter().map(|byte| *byte as char).collect::<String>()),
            ("TRACE_ID", "0af7651916cd43dd8448eb211c80319c"),
            ("SPAN_ID", "b7ad6b7169203331"),
            ("REQUEST_ID", "ORD-2024-98765"),
            ("SYSLOG_IDENTIFIER", "orders"),
            ("MESSAGE", "two\nlines = \"x\""),
            ("TIMESTAMP", "2026-10-03T12:34:56.123456Z"),
            ("LEVEL", "INFO"),
            ("TARGET", "shop"),
            ("ORDER_ID", "42"),
            ("OK", "true"),
            ("FIELD_PRIORITY", "high"),
            ("SERVICE", "orders"),
        ],
    );
    let line: u32 = str::from_utf8(&entry[2].1).unwrap().parse().unwrap();
    assert!((1..line!()).contains(&line), "{line}");
    // Without a message it is shown by its target, as one without would not be shown at all.
    let (entry, _) = journal.next();
    assert_eq!(entry[0].1, b"3");
    assert_eq!(entry[4], (String::from("MESSAGE"), b"shop".to_vec()));
    assert_eq!(sending.books(), (2, 2, vec![]));
}

#[test]
fn a_line_in_another_form_is_the_message() {
    let journal = Journal::new();
    let sending = Sending::to(Output::from(journal.output()).format(Format::Logfmt));
    sending.say(|| inside_a_request("a", || warn!(target: "shop", order = 7, "said")));
    let (entry, _) = journal.next();
    let names: Vec<_> = entry.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "PRIORITY",
            "CODE_FILE",
            "CODE_LINE",
            "TRACE_ID",
            "SPAN_ID",
            "REQUEST_ID",
            "SYSLOG_IDENTIFIER",
            "MESSAGE"
        ]
    );
    let message = str::from_utf8(&entry[7].1).unwrap();
    assert!(
        message
            .starts_with("timestamp=2026-10-03T12:34:56.123456Z level=WARN target=shop message=said order=7")
    );
}

#[test]
fn an_entry_that_is_too_large_for_a_datagram_comes_as_a_sealed_file() {
    let journal = Journal::new();
    let sending = Sending::to(journal.output());
    // Each of these is six bytes of JSON and one here.
    let text = "\u{1}".repeat(40_000);
    let long = "x".repeat(250_000);
    sending.begin(|| {
        info!(long, "large");
        info!(text, "small");
    });
    // Read while it is sent: the queue of a socket is short.
    let (large, is_file) = journal.next();
    let value_of =
        |entry: &Entry, wanted: &str| entry.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    // A machine may be set to allow for datagrams of that size.
    assert_eq!(is_file, refuses(&journal, 250_000));
    assert_eq!(value_of(&large, "LONG"), long.as_bytes());
    let (small, _) = journal.next();
    assert_eq!(value_of(&small, "TEXT"), text.as_bytes());
    sending.say(|| ());
    assert_eq!(sending.books(), (2, 2, vec![]));
}

/// Whether a datagram of so many bytes is refused here.
fn refuses(journal: &Journal, bytes: usize) -> bool {
    let socket = UnixDatagram::unbound().unwrap();
    let too_large = Some(rustix::io::Errno::MSGSIZE.raw_os_error());
    let sent = socket.send_to(&vec![b'x'; bytes + 400], &journal.path);
    match sent {
        Ok(_) => drop(journal.socket.recv(&mut [0; 16])),
        Err(ref error) => assert_eq!(error.raw_os_error(), too_large),
    }
    sent.is_err()
}

#[test]
fn what_no_journal_takes_in_time_is_lost_and_told_to_the_one_that_comes() {
    let path = path();
    let sending = Sending::to(Journald::new().socket(&path).retry(hasty()));
    sending.say(|| (0..3).for_each(|n| debug!(n)));
    assert_eq!(sending.books(), (3, 0, vec![(String::from("unreachable"), 3)]));
    let socket = UnixDatagram::bind(&path).unwrap();
    let journal = Journal { path, socket };
    sending.say(|| debug!("here"));
    let (told, _) = journal.next();
    let value_of = |wanted: &str| {
        let found = told.iter().find(|(name, _)| name == wanted);
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    };
    assert_eq!(
        (value_of("MESSAGE"), value_of("PRIORITY")),
        (String::from("lost 3 lines"), String::from("4"))
    );
    assert_eq!((value_of("REASON"), value_of("LOST")), (String::from("unreachable"), String::from("3")));
    assert_eq!(journal.next().0[0], (String::from("PRIORITY"), b"7".to_vec()));
}

#[test]
fn a_journal_that_began_anew_gets_what_comes_next() {
    let mut journal = Journal::new();
    let sending = Sending::to(journal.output());
    sending.say(|| info!("before"));
    let path = journal.path.clone();
    drop(journal);
    std::fs::remove_file(&path).unwrap();
    journal = Journal { socket: UnixDatagram::bind(&path).unwrap(), path };
    sending.say(|| info!("after"));
    let (entry, _) = journal.next();
    assert!(entry.contains(&(String::from("MESSAGE"), b"after".to_vec())), "{entry:?}");
    assert_eq!(sending.books(), (2, 2, vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_said_is_one_entry_and_comes_as_it_was(text: String, number: f64, word in "\\PC{0,20}") {
        let journal = Journal::new();
        let sending = Sending::to(journal.output());
        sending.say(|| info!(number, word, "{text}"));
        let (entry, _) = journal.next();
        let value_of = |wanted: &str| {
            let found = entry.iter().find(|(name, _)| name == wanted);
            String::from_utf8(found.unwrap().1.clone()).unwrap()
        };
        let message = value_of("MESSAGE");
        if !message.contains("[redacted]") {
            prop_assert_eq!(message, text);
        }
        prop_assert_eq!(value_of("NUMBER").parse::<f64>().unwrap().to_bits(), number.to_bits());
        prop_assert_eq!(value_of("WORD"), word);
    }
}
