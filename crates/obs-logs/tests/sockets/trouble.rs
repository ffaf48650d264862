//! Receivers that close, hang or are not there.

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use tracing::info;

use crate::receivers::{Manner, Receiver};
use crate::sending::{Sending, hasty, impatient, line, numbers, path, quick, syslog};

/// More than a socket of Unix's holds, so that it is never written to the end as long as nobody reads.
fn long() -> String {
    "x".repeat(250_000)
}

fn lost(reason: &str, lines: u64) -> Vec<(String, u64)> {
    vec![(reason.to_owned(), lines)]
}

#[test]
fn a_connection_that_was_closed_at_rest_loses_nothing() {
    for receiver in [Receiver::tcp(|_| Manner::ClosesAfter(1)), Receiver::unix(|_| Manner::ClosesAfter(1))] {
        let sending = Sending::to(syslog(&receiver.url));
        for n in 0..5_u64 {
            sending.say(|| info!(n));
            receiver.closed(n as usize + 1);
        }
        let connections = receiver.wait(5);
        assert_eq!(
            connections.iter().map(|messages| numbers(messages)[0]).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4]
        );
        assert_eq!(sending.books(), (5, 5, vec![]));
    }
}

#[test]
fn a_line_that_was_cut_short_comes_again_whole() {
    let receiver = Receiver::unix(|number| match number {
        // In the middle of the first line, twice.
        0 | 1 => Manner::BreaksAfter(1_000 * (number + 1)),
        _ => Manner::Reads,
    });
    let sending = Sending::to(syslog(&receiver.url));
    let long = long();
    sending.say(|| (0..3_u64).for_each(|n| info!(n, long)));
    let connections = receiver.wait(3);
    assert_eq!(connections.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 3]);
    assert_eq!(numbers(&connections[2]), [0, 1, 2]);
    assert_eq!(sending.books(), (3, 3, vec![]));
}

#[test]
fn a_receiver_that_hangs_is_left_for_the_next_one() {
    let (hangs, reads) = (Receiver::unix(|_| Manner::Hangs), Receiver::tcp(|_| Manner::Reads));
    let syslog = syslog(&hangs.url).or_at(&reads.url).unwrap().settings(impatient());
    let sending = Sending::to(syslog);
    let long = long();
    sending.say(|| (0..3_u64).for_each(|n| info!(n, long)));
    assert_eq!(numbers(&reads.all(3)), [0, 1, 2]);
    // And it stays there.
    sending.say(|| info!(n = 3_u64));
    assert_eq!(numbers(&reads.all(4)), [0, 1, 2, 3]);
    assert_eq!(sending.books(), (4, 4, vec![]));
}

#[test]
fn a_receiver_that_is_not_there_is_passed_by() {
    let receiver = Receiver::tcp(|_| Manner::Reads);
    // A port that was somebody's.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("tcp://{gone}"), format!("udp://{gone}"), format!("unix://{}", path().display())] {
        let sending = Sending::to(syslog(&url).or_at(&receiver.url).unwrap());
        sending.say(|| (0..3_u64).for_each(|n| info!(n, url)));
        assert_eq!(sending.books(), (3, 3, vec![]), "{url}");
    }
    assert_eq!(numbers(&receiver.all(9)), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[test]
fn what_nobody_takes_in_time_is_lost_and_told_to_who_comes() {
    let path = path();
    let url = format!("unix://{}", path.display());
    let sending = Sending::to(syslog(&url).retry(hasty()));
    sending.say(|| (0..3_u64).for_each(|n| info!(n)));
    assert_eq!(sending.books(), (3, 0, lost("unreachable", 3)));
    let receiver = Receiver::unix_at(path, |_| Manner::Reads);
    sending.say(|| info!(n = 3_u64));
    let [told, said] = receiver.all(2).try_into().unwrap();
    let told_line = line(&told);
    assert_eq!(
        (&told_line["message"], &told_line["reason"]),
        (&"lost 3 lines".into(), &"unreachable".into())
    );
    // A warning of our own, of nobody's request.
    assert_eq!((told.severity, told.msgid.as_deref(), told.data.len()), (4, Some("obs::logs"), 0));
    assert_eq!(line(&said)["n"], 3);
    assert_eq!(sending.books(), (4, 1, lost("unreachable", 3)));
}

#[test]
fn nothing_is_taken_for_delivered_where_no_port_is_open() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sending = Sending::to(syslog(&format!("udp://{gone}")).retry(hasty()));
    sending.say(|| (0..100_u64).for_each(|n| info!(n)));
    assert_eq!(sending.books(), (100, 0, lost("unreachable", 100)));
}

#[test]
fn a_receiver_that_takes_nothing_loses_lines_only_after_its_time() {
    let receiver = Receiver::unix(|_| Manner::Hangs);
    let sending = Sending::to(syslog(&receiver.url).settings(impatient()).retry(hasty()));
    let long = long();
    let begun = std::time::Instant::now();
    sending.say(|| (0..2_u64).for_each(|n| info!(n, long)));
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert_eq!(sending.books(), (2, 0, lost("unreachable", 2)));
}

#[test]
fn an_end_waits_for_nobody_beyond_its_deadline() {
    let gone = format!("unix://{}", path().display());
    let hangs = Receiver::unix(|_| Manner::Hangs);
    for url in [gone, hangs.url.clone()] {
        let mut sending = Sending::to(syslog(&url).retry(quick()));
        let long = long();
        sending.begin(|| (0..2_u64).for_each(|n| info!(n, long)));
        let begun = std::time::Instant::now();
        sending.end(Duration::from_millis(100));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(sending.books(), (2, 0, lost("shutdown", 2)), "{url}");
    }
}

#[test]
fn a_receiver_that_closes_again_and_again_gets_each_line_once_where_it_reads_before() {
    // Each connection takes one line, and each line is said after the one before has arrived.
    let receiver = Receiver::tcp(|_| Manner::ClosesAfter(1));
    let sending = Sending::to(syslog(&receiver.url));
    for n in 0..30_u64 {
        sending.say(|| info!(n));
        receiver.closed(n as usize + 1);
    }
    assert_eq!(numbers(&receiver.all(30)), (0..30).collect::<Vec<_>>());
}

#[test]
fn a_line_that_has_the_receiver_close_each_time_is_lost_alone() {
    let receiver = Receiver::unix(|_| Manner::Refuses(100_000));
    let sending = Sending::to(syslog(&receiver.url));
    let long = long();
    sending.say(|| {
        info!(n = 0_u64);
        info!(n = 1_u64, long);
        (2..5_u64).for_each(|n| info!(n));
    });
    assert_eq!(sending.books(), (5, 4, lost("rejected", 1)));
    // Where a line was lost is told as well.
    let messages = receiver.all(4);
    let told: Vec<_> = messages.iter().map(line).filter_map(|line| line["n"].as_u64()).collect();
    assert_eq!(told, [0, 2, 3, 4]);
}
