//! What is to be seen of a way out: its traffic against what the other side got, its troubles in plain words, the
//! question whether it is there, and how many connections it has.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use obs_core::meter::{Meter, Source};
use obs_core::{Clock, Timestamp, keys};
use obs_export::http::{
    Call, Client, ClientSettings, Encoding, Endpoint, Patience, Post, Probe, Protocol, Proxy, Remote,
    Response, Retry, Traffic, Trouble, Until, Verdict,
};
use obs_export::queue::{Batch, Losses, Reason, Settings, Worker};

use crate::stub::{Answer, LONG, Stub};

/// Nothing around; an answer with a body has kept nothing.
struct Bare;

impl Protocol for Bare {
    fn wrap(&mut self, _: &mut Batch, _: &mut Vec<u8>, _: &mut Vec<u8>) {}

    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        let lost = if response.body.is_empty() { 0 } else { batch.records };
        Verdict::Settled(Losses::of(Reason::Rejected, lost))
    }
}

fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(1)).longest_pause(Duration::from_millis(2))
}

struct Watched {
    worker: Worker,
    remote: Remote,
    clock: Clock,
}

impl Watched {
    fn start(url: &str, settings: ClientSettings, retry: Retry) -> Self {
        let (traffic, clock) = (Traffic::new(), Clock::manual(Timestamp::from_unix_nanos(1_500_000_000)));
        let endpoint = Endpoint::parse(url).unwrap();
        let post = Post::new(Client::new(settings).unwrap(), endpoint, "text/plain", Bare)
            .retry(retry)
            .encoding(if cfg!(feature = "gzip") { gzip() } else { Encoding::Plain })
            .clock(clock.clone())
            .traffic(&traffic);
        let worker = Worker::spawn(Settings::new("far").linger(LONG), "test", post).unwrap();
        let remote = Remote::new(worker.queue().clone(), traffic);
        Self { worker, remote, clock }
    }

    fn deliver(&self, record: &[u8]) {
        self.worker.queue().push(record);
        self.worker.queue().flush(LONG).unwrap();
    }

    /// What a scrape has.
    fn told(&self) -> BTreeMap<&'static str, f64> {
        struct Told(BTreeMap<&'static str, f64>);
        impl Meter for Told {
            fn counter(&mut self, metric: &'static keys::Metric, labels: &[&str], value: u64) {
                self.gauge(metric, labels, value as f64);
            }
            fn gauge(&mut self, metric: &'static keys::Metric, labels: &[&str], value: f64) {
                assert_eq!(labels[0], "far");
                self.0.insert(metric.name, value);
            }
        }
        let mut told = Told(BTreeMap::new());
        self.remote.collect(&mut told);
        told.0
    }

    fn trouble(&self) -> Option<Trouble> {
        self.remote.traffic().report().trouble
    }
}

#[cfg(feature = "gzip")]
fn gzip() -> Encoding {
    Encoding::Gzip
}

#[cfg(not(feature = "gzip"))]
fn gzip() -> Encoding {
    Encoding::Plain
}

const ATTEMPTS: [&str; 3] =
    ["obs_pipeline_sent_batches_total", "obs_pipeline_retries_total", "obs_pipeline_sent_bytes_total"];

#[test]
fn traffic_is_what_the_other_side_got() {
    let stub = Stub::start([503, 503, 200, 200, 400, 200].map(Answer::status));
    let watched = Watched::start(&stub.url(), ClientSettings::new(), quick());
    assert_eq!(watched.told(), ATTEMPTS.map(|name| (name, 0.0)).into(), "no time where there was nothing");
    watched.deliver(&b"one ".repeat(5_000));
    let told = watched.told();
    assert_eq!((told[ATTEMPTS[0]], told[ATTEMPTS[1]]), (1.0, 2.0));
    assert_eq!(told["obs_pipeline_last_success_timestamp_seconds"], 1.5);
    assert_eq!((told["obs_pipeline_last_failure_timestamp_seconds"], watched.trouble()), (1.5, None));
    watched.deliver(b"two");
    watched.clock.advance(Duration::from_secs(1));
    watched.deliver(b"three");
    assert_eq!(watched.trouble(), Some(Trouble::Status(400)));
    let told = watched.told();
    assert_eq!((told[ATTEMPTS[0]], told[ATTEMPTS[1]]), (3.0, 2.0));
    assert_eq!(told["obs_pipeline_last_success_timestamp_seconds"], 1.5);
    assert_eq!(told["obs_pipeline_last_failure_timestamp_seconds"], 2.5);
    let received: usize = stub.rest().iter().map(|request| request.body.len()).sum();
    assert_eq!(told[ATTEMPTS[2]], received as f64, "as on the wire");
    watched.deliver(b"four");
    assert_eq!(watched.trouble(), None);
}

#[test]
fn a_good_answer_that_kept_nothing_is_a_trouble() {
    let stub = Stub::start([Answer::Status(200, vec![], b"no".into()), Answer::status(200)]);
    let watched = Watched::start(&stub.url(), ClientSettings::new(), quick());
    watched.deliver(b"one");
    assert_eq!(watched.trouble(), Some(Trouble::TurnedAway));
    watched.deliver(b"two");
    assert_eq!(watched.trouble(), None);
}

#[test]
fn how_long_the_oldest_waits_is_known_as_long_as_it_waits() {
    let stub = Stub::start([Answer::Hang, Answer::status(200)]);
    let settings = ClientSettings::new().request_timeout(Duration::from_millis(30));
    let watched = Watched::start(&stub.url(), settings, quick());
    let oldest = || watched.worker.queue().counts().oldest;
    assert_eq!(oldest(), None);
    let began = Instant::now();
    watched.worker.queue().push(b"one");
    let first = oldest().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| watched.worker.queue().flush(LONG).unwrap());
        stub.next();
        let sent = oldest().unwrap();
        assert!(first <= sent && sent <= began.elapsed(), "what is being sent counts");
    });
    assert_eq!(oldest(), None);
}

/// A port where nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn probe(url: &str, settings: ClientSettings) -> Vec<(Trouble, String)> {
    let call = Call::new(Method::PUT, Endpoint::parse(url).unwrap());
    let mut seen = Vec::new();
    let until = Until(Instant::now() + LONG);
    Probe::new(settings, [call])
        .ask(&until, |unwell| {
            assert!(url.starts_with(&unwell.place.trim_end_matches('/').to_owned()));
            seen.push((unwell.trouble, unwell.to_string()));
        })
        .unwrap();
    seen
}

/// A probe and a delivery find the same.
#[track_caller]
fn check(url: &str, settings: &ClientSettings, expected: &(Trouble, &str)) {
    let (trouble, text) = *expected;
    assert_eq!(probe(url, settings.clone()), [(trouble, text.to_owned())], "{url}");
    let watched = Watched::start(url, settings.clone(), quick().budget(Duration::from_millis(1)));
    watched.deliver(b"x");
    assert_eq!(watched.trouble(), Some(trouble), "{url}");
}

#[test]
fn troubles_are_told_apart_in_plain_words() {
    let plain = ClientSettings::new();
    check(&closed(), &plain, &(Trouble::Refused, "connection refused"));
    check("http://nowhere.invalid", &plain, &(Trouble::Name, "name not known"));
    let short = plain.clone().request_timeout(Duration::from_millis(30));
    for (answer, settings, expected) in [
        (Answer::status(401), &plain, (Trouble::Status(401), "401 Unauthorized")),
        (Answer::status(404), &plain, (Trouble::Status(404), "404 Not Found")),
        (Answer::status(302), &plain, (Trouble::Status(302), "302 Found")),
        (Answer::Close, &plain, (Trouble::Broken, "connection ended before an answer")),
        (Answer::Raw(b"SSH-2.0-x\r\n".into()), &plain, (Trouble::Foreign, "answer is none of the protocol")),
        (Answer::Hang, &short, (Trouble::Timeout, "no answer in time")),
    ] {
        let stub = Stub::start([answer]);
        check(&stub.url(), settings, &expected);
    }
}

#[test]
fn who_understands_the_question_is_well() {
    for status in [200, 204, 400, 422, 429] {
        let stub = Stub::start([Answer::status(status)]);
        assert_eq!(probe(&stub.url(), ClientSettings::new()), [], "{status}");
        assert_eq!(stub.next().header("content-length"), Some("0"));
    }
    let stub = Stub::start([Answer::status(403)]);
    let call = Call::new(Method::GET, Endpoint::parse(&stub.url()).unwrap());
    let until = Until(Instant::now() + LONG);
    let probe = Probe::new(ClientSettings::new(), [call]).fine(&[403]);
    probe.ask(&until, |unwell| panic!("{unwell}")).unwrap();
}

#[test]
fn a_question_ends_at_once_when_it_is_to_end() {
    /// Over as soon as the question has arrived.
    struct Over<'a>(&'a Stub, Cell<bool>);
    impl Patience for Over<'_> {
        fn deadline(&self) -> Option<Instant> {
            self.1.set(self.1.get() || !self.0.rest().is_empty());
            self.1.get().then(Instant::now)
        }
        fn wait(&self, _: Duration) -> bool {
            true
        }
    }
    let stub = Stub::start([Answer::Hang]);
    let call = || Call::new(Method::GET, Endpoint::parse(&stub.url()).unwrap());
    let probe = Probe::new(ClientSettings::new().request_timeout(LONG), [call(), call()]);
    let began = Instant::now();
    probe.ask(&Over(&stub, Cell::new(false)), |unwell| panic!("{unwell}")).unwrap();
    assert!(began.elapsed() < LONG / 2);
}

#[test]
fn the_proxys_words_are_told() {
    let proxy = Stub::start([Answer::status(407)]);
    let settings = ClientSettings::new();
    let settings = settings.proxy(Proxy::parse(&format!("ada:hunter2@{}", proxy.address)).unwrap());
    let expected = (Trouble::Status(407), "407 Proxy Authentication Required");
    check("http://nowhere.invalid", &settings, &expected);
}

/// Counts the connections that are open.
struct Door {
    url: String,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

impl Door {
    /// Answers request number `n` as `judge` says: with a status, not at all (0), or by closing (1).
    fn start(judge: fn(usize) -> u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let [open, most, all, requests] = [(); 4].map(|()| Arc::<AtomicUsize>::default());
        let door = Self { url, open: open.clone(), most: most.clone(), all: all.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                all.fetch_add(1, Ordering::SeqCst);
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (open, requests) = (open.clone(), requests.clone());
                std::thread::spawn(move || {
                    let mut bytes = [0; 65_536];
                    // A request fits into one read here.
                    while matches!(stream.read(&mut bytes), Ok(1..)) {
                        let answer = match judge(requests.fetch_add(1, Ordering::SeqCst)) {
                            0 => continue,
                            1 => break,
                            status => format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n"),
                        };
                        if stream.write_all(answer.as_bytes()).is_err() {
                            break;
                        }
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        door
    }
}

#[test]
fn a_thousand_batches_with_failures_use_one_connection_at_a_time() {
    let door = Door::start(|request| match request % 50 {
        7 => 503,
        19 => 1,
        // Later than anybody waits.
        31 => 0,
        _ => 200,
    });
    let settings = ClientSettings::new().request_timeout(Duration::from_millis(20));
    let watched = Watched::start(&door.url, settings, quick());
    for _ in 0..1_000 {
        watched.deliver(b"x");
    }
    let counts = watched.worker.queue().counts();
    assert_eq!((counts.delivered, counts.dropped()), (1_000, 0));
    let (report, all) = (watched.remote.traffic().report(), door.all.load(Ordering::SeqCst));
    assert!(report.retries >= 60, "{report:?}");
    // A new one only where the one before was given up.
    assert!((41..=60).contains(&all), "{all}");
    // While one that was given up closes the next may be open already.
    assert!(door.most.load(Ordering::SeqCst) <= 2, "{}", door.most.load(Ordering::SeqCst));
    assert!(door.open.load(Ordering::SeqCst) <= 1);
    drop(watched);
    let began = Instant::now();
    while door.open.load(Ordering::SeqCst) > 0 {
        assert!(began.elapsed() < LONG, "the last one is closed with its client");
        std::thread::yield_now();
    }
}

#[cfg(feature = "tls")]
mod certificates {
    use obs_export::http::Tls;

    use super::*;
    use crate::tls::{Clients, file, serve};
    use crate::tunnel::Through;

    fn believing(authority: &str) -> ClientSettings {
        ClientSettings::new().tls(Tls::new().ca_file(file(authority)))
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_in_plain_words() {
        let (good, late, shown) = (serve(Clients::Anybody), serve(Clients::Late), serve(Clients::Shown));
        for (url, settings, trouble, text) in [
            (
                format!("https://{late}"),
                believing("expired-ca.pem"),
                Trouble::Expired,
                "certificate expired, or not valid yet",
            ),
            (
                format!("https://{good}"),
                believing("expired-ca.pem"),
                Trouble::Authority,
                "certificate of an unknown authority",
            ),
            (
                format!("https://{good}"),
                ClientSettings::new(),
                Trouble::Authority,
                "certificate of an unknown authority",
            ),
            (
                String::from("https://elsewhere.invalid"),
                believing("ca.pem").proxy(Through::start(good, None).proxy("")),
                Trouble::OtherName,
                "certificate of another host",
            ),
            (
                format!("https://{shown}"),
                believing("ca.pem"),
                Trouble::OurCertificate,
                "our certificate is missing or not accepted",
            ),
        ] {
            check(&url, &settings, &(trouble, text));
        }
    }

    #[test]
    fn a_target_without_tls_is_told_as_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1_024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let found = probe(&url, believing("ca.pem"));
        assert_eq!(found, [(Trouble::Tls, "no TLS at the other end, or none in common".to_owned())]);
    }

    #[test]
    fn a_tunnel_that_is_refused_is_told_in_the_proxys_words() {
        let refusal = "HTTP/1.1 403 Not on the list\r\n\r\n";
        let through = Through::start("127.0.0.1:1".parse().unwrap(), Some(refusal));
        let settings = ClientSettings::new().proxy(through.proxy("ada:hunter2@"));
        let told = format!("proxy http://{} refuses the tunnel: 403 Not on the list", through.address);
        check("https://target.invalid", &settings, &(Trouble::Proxy(403), &told));
    }
}
