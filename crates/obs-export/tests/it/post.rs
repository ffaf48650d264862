//! Every kind of answer, with exact books and no effect beyond them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use obs_core::IdSource;
use obs_export::http::{Client, ClientSettings, Endpoint, Post, Protocol, Response, Retry, Verdict};
use obs_export::queue::{Batch, Counts, Losses, Reason, Settings, Worker};

use crate::stub::{Answer, LONG, Stub};

/// Brackets around a batch; an answer's body is the number of records refused.
struct Brackets;

impl Protocol for Brackets {
    fn wrap(&mut self, batch: &mut Batch, head: &mut Vec<u8>, tail: &mut Vec<u8>) {
        head.extend_from_slice(format!("{}[", batch.records).as_bytes());
        tail.push(b']');
    }

    fn accept(&mut self, response: &Response, _: &Batch) -> Verdict {
        match str::from_utf8(&response.body).unwrap().parse() {
            Ok(refused) => Verdict::Settled(Losses::of(Reason::Rejected, refused)),
            Err(_) => Verdict::Settled(Losses::default()),
        }
    }
}

type Failures = Arc<Mutex<Vec<String>>>;

fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

fn start(url: &str, client: ClientSettings, retry: Retry) -> (Worker, Failures) {
    let failures = Failures::default();
    let seen = Arc::clone(&failures);
    let endpoint = Endpoint::parse(url).unwrap().join("/in");
    let post = Post::new(Client::new(client).unwrap(), endpoint, "text/plain", Brackets)
        .retry(retry)
        .ids(IdSource::seeded(1))
        .on_failure(move |failure| seen.lock().unwrap().push(failure.to_string()));
    let worker = Worker::spawn(Settings::new("t").linger(LONG), "test", post).unwrap();
    (worker, failures)
}

fn counts(worker: &Worker) -> Counts {
    let counts = worker.queue().counts();
    assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending, "{counts:?}");
    counts
}

/// Pushes two records and flushes; returns delivered and all that was dropped, by reason.
fn deliver_two(worker: &Worker) -> (u64, Vec<(Reason, u64)>) {
    worker.queue().push(b"one");
    worker.queue().push(b"two");
    worker.queue().flush(LONG).unwrap();
    let counts = counts(worker);
    let dropped = Reason::ALL.into_iter().map(|reason| (reason, counts.dropped_for(reason)));
    (counts.delivered, dropped.filter(|(_, n)| *n > 0).collect())
}

#[test]
fn a_batch_is_one_request_with_its_envelope_and_headers() {
    let stub = Stub::start([Answer::status(200)]);
    let settings = ClientSettings::new().header("authorization", "Bearer x").unwrap();
    let (worker, failures) = start(&stub.url(), settings, quick());
    assert_eq!(deliver_two(&worker), (2, vec![]));
    let request = stub.next();
    assert_eq!(request.line, "POST /in HTTP/1.1");
    assert_eq!(request.body, b"2[onetwo]");
    assert_eq!(request.header("content-type"), Some("text/plain"));
    assert_eq!(request.header("authorization"), Some("Bearer x"));
    assert_eq!(request.header("host"), Some(stub.address.to_string().as_str()));
    assert!(request.header("user-agent").unwrap().starts_with("obs/"));
    assert!(stub.rest().is_empty() && failures.lock().unwrap().is_empty());
}

#[test]
fn batches_share_one_connection() {
    let stub = Stub::start([Answer::status(204)]);
    let (worker, _) = start(&stub.url(), ClientSettings::new(), quick());
    for _ in 0..5 {
        deliver_two(&worker);
        assert_eq!(stub.next().connection, 0);
    }
    assert_eq!(counts(&worker).delivered, 10);
}

#[test]
fn a_connection_the_server_has_closed_costs_nothing() {
    let bye = Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    let stub = Stub::start([bye]);
    let (worker, failures) = start(&stub.url(), ClientSettings::new(), quick());
    for connection in 0..5 {
        deliver_two(&worker);
        assert_eq!(stub.next().connection, connection);
    }
    assert_eq!(counts(&worker).delivered, 10);
    assert!(stub.rest().is_empty() && failures.lock().unwrap().is_empty());
}

#[test]
fn a_partial_success_is_counted_and_never_retried() {
    let stub = Stub::start([Answer::Status(200, vec![], b"1".into()), Answer::status(200)]);
    let (worker, failures) = start(&stub.url(), ClientSettings::new(), quick());
    assert_eq!(deliver_two(&worker), (1, vec![(Reason::Rejected, 1)]));
    stub.next();
    assert!(stub.rest().is_empty());
    assert_eq!(*failures.lock().unwrap(), ["1 records lost (rejected) after 1 attempts: status 200"]);
}

#[test]
fn a_final_status_is_rejected_at_once_and_redirects_are_not_followed() {
    for status in [301, 307, 400, 401, 404, 413, 500, 501] {
        let headers = vec![("location", "/elsewhere".to_owned())];
        let stub = Stub::start([Answer::Status(status, headers, vec![]), Answer::status(200)]);
        let (worker, _) = start(&stub.url(), ClientSettings::new(), quick());
        assert_eq!(deliver_two(&worker), (0, vec![(Reason::Rejected, 2)]), "{status}");
        stub.next();
        assert!(stub.rest().is_empty(), "{status}");
    }
}

#[test]
fn what_may_pass_later_is_sent_again_with_the_same_bytes() {
    let again = |status| Answer::Status(status, vec![("retry-after", "0".to_owned())], b"later".into());
    let garbage = Answer::Raw(b"\x00\x01 not at all HTTP\r\n\r\n".to_vec());
    let cut = Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec());
    for answer in
        [again(429), again(502), Answer::status(503), again(504), Answer::Close, garbage, cut, Answer::Hang]
    {
        let stub = Stub::start([answer.clone(), answer.clone(), Answer::status(200)]);
        let settings = match answer {
            Answer::Hang => ClientSettings::new().request_timeout(Duration::from_millis(700)),
            _ => ClientSettings::new().request_timeout(LONG),
        };
        let (worker, failures) = start(&stub.url(), settings, quick());
        assert_eq!(deliver_two(&worker), (2, vec![]), "{answer:?}");
        for _ in 0..3 {
            assert_eq!(stub.next().body, b"2[onetwo]", "{answer:?}");
        }
        assert!(stub.rest().is_empty() && failures.lock().unwrap().is_empty(), "{answer:?}");
    }
}

#[test]
fn the_wait_asked_for_is_kept() {
    let asked = Answer::Status(429, vec![("retry-after", "1".to_owned())], vec![]);
    let stub = Stub::start([asked, Answer::status(200)]);
    let (worker, _) = start(&stub.url(), ClientSettings::new(), Retry::new().first_pause(Duration::ZERO));
    let begun = Instant::now();
    assert_eq!(deliver_two(&worker), (2, vec![]));
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn each_attempt_that_another_follows_is_told() {
    let stub = Stub::start([Answer::status(503), Answer::Close, Answer::status(200)]);
    let told = Failures::default();
    let seen = Arc::clone(&told);
    let endpoint = Endpoint::parse(&stub.url()).unwrap();
    let client = Client::new(ClientSettings::new()).unwrap();
    let post = Post::new(client, endpoint, "text/plain", Brackets)
        .retry(quick())
        .on_retry(move |retrying| seen.lock().unwrap().push(retrying.to_string()));
    let worker = Worker::spawn(Settings::new("t").linger(LONG), "test", post).unwrap();
    assert_eq!(deliver_two(&worker), (2, vec![]));
    let told = told.lock().unwrap();
    assert_eq!((told.len(), told[0].as_str()), (2, "2 records wait after 1 attempts: status 503"));
    assert!(told[1].starts_with("2 records wait after 2 attempts: connection failed: "), "{told:?}");
}

#[test]
fn a_server_that_never_recovers_is_unreachable_when_the_budget_is_spent() {
    let stub = Stub::start([Answer::status(503)]);
    let retry = quick().budget(Duration::from_millis(100));
    let (worker, failures) = start(&stub.url(), ClientSettings::new(), retry);
    assert_eq!(deliver_two(&worker), (0, vec![(Reason::Unreachable, 2)]));
    assert!(stub.rest().len() > 3, "it was tried again");
    let failures = failures.lock().unwrap();
    assert!(failures[0].starts_with("2 records lost (unreachable) after "), "{failures:?}");
    assert!(failures[0].ends_with(": status 503"), "{failures:?}");
}

#[test]
fn a_refused_connection_is_unreachable_and_says_why() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let retry = quick().budget(Duration::from_millis(50));
    let (worker, failures) = start(&format!("http://{address}"), ClientSettings::new(), retry);
    assert_eq!(deliver_two(&worker), (0, vec![(Reason::Unreachable, 2)]));
    let failures = failures.lock().unwrap();
    assert!(failures[0].contains(": connection failed: "), "{failures:?}");
}

#[test]
fn an_endless_answer_is_cut_off_and_not_asked_for_again() {
    let stub = Stub::start([Answer::Endless]);
    let (worker, failures) = start(&stub.url(), ClientSettings::new(), quick());
    assert_eq!(deliver_two(&worker), (0, vec![(Reason::Rejected, 2)]));
    stub.next();
    assert!(stub.rest().is_empty());
    assert_eq!(
        *failures.lock().unwrap(),
        ["2 records lost (rejected) after 1 attempts: answer is too large"]
    );
}

#[test]
fn shutdown_ends_on_time_while_the_server_hangs() {
    let stub = Stub::start([Answer::Hang]);
    let (mut worker, _) = start(&stub.url(), ClientSettings::new(), Retry::new());
    worker.queue().push(b"one");
    let _ = worker.queue().flush(Duration::from_millis(1));
    worker.queue().push(b"two");
    std::thread::scope(|scope| {
        let queue = worker.queue().clone();
        scope.spawn(move || queue.flush(LONG));
        stub.next();
        let begun = Instant::now();
        worker.shutdown(Duration::from_millis(100));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    });
    let counts = counts(&worker);
    assert_eq!((counts.dropped_for(Reason::Shutdown), counts.pending), (2, 0));
}

#[test]
fn shutdown_cuts_a_back_off_short_for_one_more_attempt() {
    let stub = Stub::start([Answer::status(503), Answer::status(200)]);
    let slow = Retry::new().first_pause(LONG).longest_pause(LONG);
    let (mut worker, _) = start(&stub.url(), ClientSettings::new(), slow);
    worker.queue().push(b"one");
    std::thread::scope(|scope| {
        let queue = worker.queue().clone();
        let flush = scope.spawn(move || queue.flush(LONG));
        stub.next();
        // Whether the sink waits already or is still reading the answer: there is one more attempt.
        worker.shutdown(Duration::from_secs(2));
        flush.join().unwrap().unwrap();
    });
    assert_eq!(counts(&worker).delivered, 1);
    assert_eq!(stub.next().body, b"1[one]");
}

#[test]
fn time_outs_for_ever_are_only_long() {
    let stub = Stub::start([Answer::status(503), Answer::status(200)]);
    let client = ClientSettings::new().connect_timeout(Duration::MAX).request_timeout(Duration::MAX);
    let (mut worker, _) = start(&stub.url(), client, quick().budget(Duration::MAX));
    worker.queue().push(b"one");
    worker.queue().flush(Duration::MAX).unwrap();
    worker.queue().push(b"two");
    worker.shutdown(Duration::MAX);
    assert_eq!(counts(&worker).delivered, 2);
}

/// Records are lines; an answer lists the numbers of those to be sent once more, and of those that are refused.
struct Numbered;

impl Protocol for Numbered {
    fn wrap(&mut self, _: &mut Batch, _: &mut Vec<u8>, _: &mut Vec<u8>) {}

    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        let answer = str::from_utf8(&response.body).unwrap();
        let Some((again, refused)) = answer.split_once(';') else {
            return Verdict::Settled(Losses::default());
        };
        let lines: Vec<_> = str::from_utf8(&batch.bytes).unwrap().lines().collect();
        let bytes: String =
            again.split_whitespace().map(|n| format!("{}\n", lines[n.parse::<usize>().unwrap()])).collect();
        let losses = Losses::of(Reason::Rejected, refused.split_whitespace().count() as u64);
        match bytes.lines().count() as u64 {
            0 => Verdict::Settled(losses),
            records => {
                Verdict::Again(Batch { bytes: bytes.into_bytes(), records, ..Batch::default() }, losses)
            }
        }
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let half = batch.records / 2;
        let ends = batch.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        ends.take(half as usize).last().map(|at| (at, half))
    }
}

fn numbered(stubs: &[&Stub], lines: usize) -> (Counts, Failures) {
    let failures = Failures::default();
    let seen = Arc::clone(&failures);
    let endpoints = stubs.iter().map(|stub| Endpoint::parse(&stub.url()).unwrap());
    let client = Client::new(ClientSettings::new().request_timeout(Duration::from_millis(300))).unwrap();
    let first = Endpoint::parse(&stubs[0].url()).unwrap();
    let post = Post::new(client, first, "text/plain", Numbered)
        .endpoints(endpoints)
        .retry(quick())
        .ids(IdSource::seeded(1))
        .on_failure(move |failure| seen.lock().unwrap().push(failure.to_string()));
    let worker = Worker::spawn(Settings::new("t").linger(LONG), "test", post).unwrap();
    (0..lines).for_each(|line| worker.queue().push(format!("{line}\n").as_bytes()));
    worker.queue().flush(LONG).unwrap();
    (counts(&worker), failures)
}

fn bodies(stub: &Stub) -> Vec<String> {
    stub.rest().into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
}

#[test]
fn a_batch_that_is_too_large_is_cut_until_it_fits_and_only_what_never_fits_is_lost() {
    let script = [413, 413, 200, 413, 200, 200].map(Answer::status);
    let stub = Stub::start(script);
    let (counts, failures) = numbered(&[&stub], 4);
    // 0-3, 0-1, 0, 1 (too large by itself), 2-3.
    assert_eq!(bodies(&stub), ["0\n1\n2\n3\n", "0\n1\n", "0\n", "1\n", "2\n3\n"]);
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Rejected)), (3, 1));
    assert_eq!(*failures.lock().unwrap(), ["1 records lost (rejected) after 1 attempts: status 413"]);
}

#[test]
fn records_that_are_turned_away_for_now_are_sent_once_more_and_no_others() {
    let answer = |text: &str| Answer::Status(200, Vec::new(), text.as_bytes().to_vec());
    let stub = Stub::start([answer("1 3;0"), answer("0;"), answer("")]);
    let (counts, _) = numbered(&[&stub], 4);
    assert_eq!(bodies(&stub), ["0\n1\n2\n3\n", "1\n3\n", "1\n"]);
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Rejected)), (3, 1));
}

#[test]
fn records_that_are_turned_away_for_ever_are_lost_when_the_budget_is_spent() {
    let stub = Stub::start([Answer::Status(200, Vec::new(), b"0;".to_vec())]);
    let (failures, endpoint) = (Failures::default(), Endpoint::parse(&stub.url()).unwrap());
    let seen = Arc::clone(&failures);
    let retry = quick().budget(Duration::from_millis(60));
    let post = Post::new(Client::new(ClientSettings::new()).unwrap(), endpoint, "text/plain", Numbered)
        .retry(retry)
        .on_failure(move |failure| seen.lock().unwrap().push(failure.to_string()));
    let worker = Worker::spawn(Settings::new("t").linger(LONG), "test", post).unwrap();
    worker.queue().push(b"a\n");
    worker.queue().push(b"b\n");
    worker.queue().flush(LONG).unwrap();
    let counts = counts(&worker);
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Unreachable)), (1, 1));
    assert_eq!(*failures.lock().unwrap(), ["1 records lost (unreachable) after 1 attempts: status 200"]);
}

#[test]
fn where_one_place_has_trouble_the_next_is_asked_at_once_and_stays_the_first() {
    for trouble in [Answer::Close, Answer::Hang, Answer::status(503)] {
        let (bad, good) = (Stub::start([trouble.clone()]), Stub::start([Answer::status(200)]));
        let (counts, _) = numbered(&[&bad, &good], 2);
        assert_eq!(counts.delivered, 2, "{trouble:?}");
        assert_eq!((bodies(&bad).len(), bodies(&good).len()), (1, 1), "{trouble:?}");
    }
    // One that asks for less is not passed by.
    let (busy, other) = (Stub::start([429, 200].map(Answer::status)), Stub::start([Answer::status(200)]));
    assert_eq!(numbered(&[&busy, &other], 2).0.delivered, 2);
    assert_eq!((bodies(&busy).len(), bodies(&other).len()), (2, 0));
}
