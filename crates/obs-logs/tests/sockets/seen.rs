//! What is seen of a way to a socket: its traffic against what the other side has read, its troubles, and the question
//! whether the other side is there.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;

use obs_export::socket::{SocketSettings, Tls, Trouble};
use obs_logs::Journald;
use rustls::version::TLS13;
use tracing::info;

use crate::receivers::{Manner, Receiver};
use crate::sending::{Sending, hasty, impatient, path, quick, syslog};
use crate::tls::{Clients, file, receiver as tls};

/// Batches, further attempts and bytes.
fn traffic(sending: &Sending) -> (u64, u64, usize) {
    let scrape = sending.scrape();
    let number = |name: &str| scrape[&format!("obs_pipeline_{name}_total")];
    (number("sent_batches"), number("retries"), number("sent_bytes") as usize)
}

/// An address of TCP and of UDP that was somebody's.
fn gone() -> String {
    let (listener, _socket) = loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
            break (listener, socket);
        }
    };
    listener.local_addr().unwrap().to_string()
}

#[test]
fn traffic_is_what_the_other_side_has_read() {
    let receivers = [
        Receiver::tcp(|_| Manner::Reads),
        Receiver::unix(|_| Manner::Reads),
        Receiver::udp(),
        Receiver::unix_datagram(),
        tls(&TLS13, Clients::Anybody, 4),
    ];
    for receiver in receivers {
        let settings = SocketSettings::new().tls(Tls::new().ca_file(file("ca.pem")));
        let sending = Sending::to(syslog(&receiver.url).settings(settings));
        assert_eq!(traffic(&sending), (0, 0, 0), "{}", receiver.url);
        sending.say(|| info!(n = 0_u64));
        // Over UDP it is cut, and as long as it is then.
        sending.say(|| info!(n = 1_u64, long = "x".repeat(5_000)));
        receiver.wait(2);
        assert_eq!(traffic(&sending), (2, 0, receiver.bytes()), "{}", receiver.url);
        assert_eq!(sending.trouble(), None);
    }
}

#[test]
fn traffic_to_the_journal_is_what_its_entries_have() {
    let journal = crate::journal::Journal::new();
    let sending = Sending::to(journal.output());
    sending.say(|| info!("said"));
    let (entry, _) = journal.receive();
    assert_eq!(traffic(&sending), (1, 0, entry.len()));
    sending.say(|| info!(one = "x".repeat(150_000), two = "x".repeat(100_000)));
    let (large, is_file) = journal.receive();
    assert!(is_file);
    assert_eq!(traffic(&sending), (2, 0, entry.len() + large.len()));
}

#[test]
fn each_opening_after_the_first_is_one_more_attempt() {
    let receiver = Receiver::tcp(|_| Manner::ClosesAfter(1));
    let sending = Sending::to(syslog(&receiver.url));
    for n in 0..5_u64 {
        sending.say(|| info!(n));
        receiver.closed(n as usize + 1);
    }
    receiver.wait(5);
    assert_eq!(receiver.connections(), 5);
    assert_eq!(traffic(&sending), (5, 4, receiver.bytes()));
}

#[test]
fn what_of_a_line_was_written_before_it_was_cut_short_is_counted_too() {
    let receiver =
        Receiver::unix(|number| if number == 0 { Manner::BreaksAfter(1_000) } else { Manner::Reads });
    let sending = Sending::to(syslog(&receiver.url));
    sending.say(|| info!(n = 0_u64, long = "x".repeat(250_000)));
    receiver.wait(1);
    let (batches, retries, bytes) = traffic(&sending);
    assert_eq!((batches, retries), (1, 1));
    // The other side has broken off with some unread.
    assert!(bytes > receiver.bytes(), "{bytes} {}", receiver.bytes());
}

#[test]
fn a_trouble_is_there_until_something_gets_out() {
    let path = path();
    let sending = Sending::to(syslog(&format!("unix://{}", path.display())).retry(hasty()));
    assert_eq!(sending.trouble(), None, "nothing was tried");
    sending.say(|| info!(n = 0_u64));
    assert_eq!(sending.trouble(), Some(Trouble::Missing));
    let (batches, retries, bytes) = traffic(&sending);
    assert!(batches == 1 && retries > 0 && bytes == 0, "{batches} {retries} {bytes}");
    let receiver = Receiver::unix_at(path, |_| Manner::Reads);
    sending.say(|| info!(n = 1_u64));
    receiver.wait(1);
    assert_eq!(sending.trouble(), None);

    for (url, trouble) in [
        (format!("tcp://{}", gone()), Trouble::Refused),
        (format!("udp://{}", gone()), Trouble::Refused),
        (String::from("tcp://nowhere.invalid"), Trouble::Name),
        (Receiver::unix(|_| Manner::Hangs).url, Trouble::TakesNothing),
    ] {
        let sending = Sending::to(syslog(&url).settings(impatient()).retry(hasty()));
        sending.say(|| info!(long = "x".repeat(250_000)));
        assert_eq!(sending.trouble(), Some(trouble), "{url}");
    }
}

#[test]
fn an_end_is_no_trouble() {
    // One that is connected to and takes nothing, and one that is being connected to.
    let (receiver, silent) = (Receiver::unix(|_| Manner::Hangs), TcpListener::bind("127.0.0.1:0").unwrap());
    for url in [receiver.url, format!("tls://{}", silent.local_addr().unwrap())] {
        let mut sending = Sending::to(syslog(&url));
        sending.begin(|| info!(long = "x".repeat(250_000)));
        sending.end(std::time::Duration::from_millis(50));
        assert_eq!((sending.books().1, sending.trouble()), (0, None), "{url}");
    }
}

#[test]
fn who_is_there_is_asked_without_a_message() {
    let receivers = [Receiver::tcp(|_| Manner::Reads), Receiver::unix(|_| Manner::Reads), Receiver::udp()];
    for receiver in receivers {
        let sending = Sending::to(syslog(&receiver.url));
        assert_eq!(sending.ask(), [""; 0], "{}", receiver.url);
        assert_eq!(traffic(&sending), (0, 0, 0), "a question is no traffic");
        assert_eq!(sending.books(), (0, 0, vec![]));
        sending.say(|| info!(n = 0_u64));
        assert_eq!(receiver.all(1).len(), 1, "what came first was a line");
    }
    let path = path();
    let _journal = UnixDatagram::bind(&path).unwrap();
    assert_eq!(Sending::to(Journald::new().socket(path)).ask(), [""; 0]);
}

#[test]
fn who_is_not_there_is_told_in_plain_words() {
    let gone = gone();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = path();
    drop(UnixDatagram::bind(&nobody).unwrap());
    for (url, told) in [
        (format!("tcp://{gone}"), "connection refused"),
        (format!("tls://{silent}"), "connection refused"),
        (format!("tls://{}", hangs.local_addr().unwrap()), "no answer in time"),
        (String::from("tcp://nowhere.invalid"), "name not known"),
        (String::from("udp://nowhere.invalid"), "name not known"),
        (format!("unix://{}", path().display()), "no such socket"),
        (format!("unix://{}", nobody.display()), "connection refused"),
        (tls(&TLS13, Clients::Anybody, 4).url, "certificate of an unknown authority"),
    ] {
        let settings = impatient().tls(Tls::new().ca_file(file("client.pem")));
        let sending = Sending::to(syslog(&url).settings(settings));
        assert_eq!(sending.ask(), [told], "{url}");
    }
    let certain = SocketSettings::new().tls(Tls::new().ca_file(file("ca.pem")));
    let sending = Sending::to(syslog(&tls(&TLS13, Clients::Shown, 4).url).settings(certain));
    assert_eq!(sending.ask(), ["our certificate is missing or not accepted"]);
    // Of UDP it cannot be known before something is sent.
    assert_eq!(Sending::to(syslog(&format!("udp://{gone}"))).ask(), [""; 0]);
    assert_eq!(Sending::to(Journald::new().socket(path()).retry(quick())).ask(), ["no such socket"]);
}

#[test]
fn each_place_is_asked() {
    let receiver = Receiver::tcp(|_| Manner::Reads);
    let syslog = syslog(&format!("tcp://{}", gone())).or_at(&receiver.url).unwrap();
    let syslog = syslog.or_at("tcp://nowhere.invalid").unwrap();
    assert_eq!(Sending::to(syslog).ask(), ["connection refused", "name not known"]);
}
