//! Unary calls of gRPC: what is sent, what each answer means, and the books.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use obs_core::IdSource;
use obs_export::http::{
    ClientSettings, Encoding, Endpoint, Post, Protocol, Response, Retry, Verdict, base64,
};
use obs_export::queue::{Batch, Counts, Losses, Reason, Settings, Worker};

use crate::called::{Called, Say};
use crate::stub::{Answer, LONG, Stub};

const METHOD: &str = "/obs.test.Records/Take";

/// Records of one length each in brackets; an answer is the number of records refused.
struct Brackets(usize);

impl Protocol for Brackets {
    fn wrap(&mut self, _: &mut Batch, head: &mut Vec<u8>, tail: &mut Vec<u8>) {
        head.push(b'[');
        tail.push(b']');
    }

    fn accept(&mut self, response: &Response, _: &Batch) -> Verdict {
        assert_eq!(response.content_type(), Some("application/grpc"));
        let refused = str::from_utf8(&response.body).unwrap().parse().unwrap_or_default();
        Verdict::Settled(Losses::of(Reason::Rejected, refused))
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let half = batch.records / 2;
        Some((half as usize * self.0, half))
    }
}

fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

type Told = Arc<Mutex<Vec<String>>>;

struct Sent {
    worker: Worker,
    failures: Told,
    retries: Told,
}

impl Sent {
    fn to(urls: &[String], change: impl FnOnce(Post<Brackets>) -> Post<Brackets>) -> Self {
        let settings = ClientSettings::new().request_timeout(Duration::from_millis(700));
        Self::by(settings.header("X-Tenant", "shop").unwrap(), urls, change)
    }

    fn by(
        settings: ClientSettings,
        urls: &[String],
        change: impl FnOnce(Post<Brackets>) -> Post<Brackets>,
    ) -> Self {
        let (failures, retries) = (Told::default(), Told::default());
        let (lost, late) = (Arc::clone(&failures), Arc::clone(&retries));
        let places: Vec<_> = urls.iter().map(|url| Endpoint::parse(url).unwrap()).collect();
        let post = Post::grpc(settings, places[0].clone(), METHOD, Brackets(3)).unwrap();
        let post = post
            .endpoints(places)
            .retry(quick())
            .ids(IdSource::seeded(1))
            .on_failure(move |failure| lost.lock().unwrap().push(failure.to_string()))
            .on_retry(move |retrying| late.lock().unwrap().push(retrying.to_string()));
        let queue = Settings::new("t").linger(LONG).batch_bytes(usize::MAX);
        Self { worker: Worker::spawn(queue, "test", change(post)).unwrap(), failures, retries }
    }

    fn push(&self, records: &[&[u8]]) -> Counts {
        for record in records {
            self.worker.queue().push(record);
        }
        self.worker.queue().flush(LONG).unwrap();
        let counts = self.worker.queue().counts();
        assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending, "{counts:?}");
        counts
    }

    fn two(&self) -> (u64, Vec<(Reason, u64)>) {
        let counts = self.push(&[b"one", b"two"]);
        let dropped = Reason::ALL.into_iter().map(|reason| (reason, counts.dropped_for(reason)));
        (counts.delivered, dropped.filter(|(_, n)| *n > 0).collect())
    }

    fn failure(&self) -> String {
        self.failures.lock().unwrap().join("\n")
    }
}

#[test]
fn a_batch_is_one_call_with_its_message_and_metadata() {
    let server = Called::start([Say::Message(vec![])]);
    // Of a URL only the server counts.
    let sent = Sent::to(&[format!("{}/v1/logs?key=1", server.url())], |post| post);
    assert_eq!(sent.two(), (2, vec![]));
    let call = server.next();
    assert_eq!((call.path.as_str(), call.message.as_slice()), (METHOD, &b"[onetwo]"[..]));
    assert_eq!(call.header("x-tenant"), Some("shop"));
    assert_eq!(call.header("grpc-timeout"), Some("700m"));
    assert_eq!(call.header("grpc-encoding"), None);
    assert!(call.header("user-agent").unwrap().starts_with("obs/") && !call.is_compressed);
    assert!(server.rest().is_empty() && sent.failure().is_empty());
}

#[test]
fn calls_share_one_connection() {
    let server = Called::start([Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post);
    for _ in 0..5 {
        sent.two();
        assert_eq!(server.next().connection, 0);
    }
    assert!(sent.retries.lock().unwrap().is_empty());
}

#[test]
fn what_the_message_refuses_is_counted_and_never_sent_again() {
    let server = Called::start([Say::Message(b"1".to_vec())]);
    let sent = Sent::to(&[server.url()], |post| post);
    assert_eq!(sent.two(), (1, vec![(Reason::Rejected, 1)]));
    assert_eq!(sent.failure(), "1 records lost (rejected) after 1 attempts: gRPC status OK");
    server.next();
    assert!(server.rest().is_empty());
}

#[test]
fn an_answer_without_a_message_is_good_when_its_status_is() {
    for say in [Say::status(0), Say::Trailers(vec![("grpc-status", "0".into())])] {
        let server = Called::start([say]);
        assert_eq!(Sent::to(&[server.url()], |post| post).two(), (2, vec![]));
    }
}

#[test]
fn a_final_status_is_rejected_at_once_wherever_it_stands() {
    for code in [2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 99] {
        let said = vec![("grpc-status", code.to_string()), ("grpc-message", "no%20room\n".trim().into())];
        for say in [Say::Only(said.clone()), Say::Trailers(said.clone())] {
            let server = Called::start([say, Say::Message(vec![])]);
            let sent = Sent::to(&[server.url()], |post| post);
            assert_eq!(sent.two(), (0, vec![(Reason::Rejected, 2)]), "{code}");
            assert!(sent.failure().ends_with(": no room"), "{}", sent.failure());
            server.next();
            assert!(server.rest().is_empty(), "{code}");
        }
    }
}

#[test]
fn what_may_pass_later_is_sent_again_with_the_same_bytes() {
    let statuses = [1, 4, 10, 11, 14, 15].map(Say::status);
    let proxies = [429, 502, 503, 504].map(|status| Say::Http(status, vec![]));
    let breaks = [Say::Close, Say::Cut, Say::Reset, Say::Hang];
    for say in statuses.into_iter().chain(proxies).chain(breaks) {
        let server = Called::start([say.clone(), say.clone(), Say::Message(vec![])]);
        let sent = Sent::to(&[server.url()], |post| post);
        assert_eq!(sent.two(), (2, vec![]), "{say:?}");
        let calls: Vec<_> = (0..3).map(|_| server.next().message).collect();
        assert!(calls.iter().all(|message| message == b"[onetwo]"), "{say:?}");
        assert!(server.rest().is_empty() && sent.failure().is_empty(), "{say:?}");
    }
}

#[test]
fn what_another_than_a_grpc_server_refuses_is_final() {
    for status in [200, 301, 400, 401, 403, 404, 413, 500] {
        let server = Called::start([Say::Http(status, vec![])]);
        let sent = Sent::to(&[server.url()], |post| post.most_bytes(usize::MAX));
        let lost = if status == 413 { sent.push(&[b"one"]).dropped() * 2 } else { sent.two().1[0].1 };
        assert_eq!(lost, 2, "{status}");
        assert!(sent.failure().contains(&format!("HTTP status {status} and no grpc-status")));
    }
}

/// `google.rpc.Status` with code 8 and a `RetryInfo` of so many milliseconds, made by hand from the definitions.
fn details(millis: u32) -> String {
    let nanos = millis * 1_000_000;
    let mut delay = vec![0x10];
    let mut rest = nanos;
    while rest >= 0x80 {
        delay.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    delay.push(rest as u8);
    let info = [&[0x0a, delay.len() as u8], &delay[..]].concat();
    let kind = b"type.googleapis.com/google.rpc.RetryInfo";
    let any = [&[0x0a, kind.len() as u8], &kind[..], &[0x12, info.len() as u8], &info[..]].concat();
    let status = [&[0x08, 8, 0x1a, any.len() as u8], &any[..]].concat();
    base64::standard(&status).trim_end_matches('=').to_owned()
}

#[test]
fn one_that_is_out_of_something_is_asked_again_only_if_it_says_when() {
    let exhausted =
        |millis| Say::Only(vec![("grpc-status", "8".into()), ("grpc-status-details-bin", details(millis))]);
    let server = Called::start([exhausted(400), Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post.retry(Retry::new().first_pause(Duration::ZERO)));
    let begun = Instant::now();
    assert_eq!(sent.two(), (2, vec![]));
    let took = begun.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}");
    assert_eq!(
        *sent.retries.lock().unwrap(),
        ["2 records wait after 1 attempts: gRPC status RESOURCE_EXHAUSTED"]
    );
    // What it asks for is kept up to the longest pause.
    let server = Called::start([exhausted(999), Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post);
    let begun = Instant::now();
    assert_eq!(sent.two(), (2, vec![]));
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
}

#[test]
fn a_message_that_is_too_large_is_cut_and_one_that_cannot_be_is_not_tried_record_by_record() {
    // Some 96 KiB, of which each half is less than what any server takes.
    let record = [b'x'; 3];
    let records = vec![&record[..]; 32 * 1_024];
    let server = Called::start([Say::status(8), Say::Message(vec![]), Say::status(8)]);
    let sent = Sent::to(&[server.url()], |post| post);
    let counts = sent.push(&records);
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Rejected)), (16_384, 16_384));
    let sizes: Vec<_> = server.rest().iter().map(|call| call.message.len()).collect();
    assert_eq!(sizes, [98_306, 49_154, 49_154]);
}

#[test]
fn a_batch_beyond_the_most_is_cut_before_it_is_sent() {
    let server = Called::start([Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post.most_bytes(6));
    assert_eq!(sent.push(&[b"aaa", b"bbb", b"ccc", b"ddd", b"eee"]).delivered, 5);
    let messages: Vec<_> =
        server.rest().into_iter().map(|call| String::from_utf8(call.message).unwrap()).collect();
    assert_eq!(messages, ["[aaabbb]", "[ccc]", "[dddeee]"]);
}

#[test]
fn what_gathered_while_nobody_took_it_leaves_in_messages_that_any_server_takes() {
    let server = Called::start([Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post);
    let record = [b'x'; 3];
    assert_eq!(sent.push(&vec![&record[..]; 2_000_000]).delivered, 2_000_000);
    let sizes: Vec<_> = server.rest().iter().map(|call| call.message.len()).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 4 << 20), "{sizes:?}");
}

#[test]
fn a_connection_on_which_nothing_was_answered_is_not_used_again() {
    let server = Called::start([Say::Hang, Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post);
    assert_eq!(sent.two(), (2, vec![]));
    assert_eq!((server.next().connection, server.next().connection), (0, 1));
}

#[test]
fn answers_that_are_none_of_grpc_are_not_asked_for_again() {
    for (say, why) in [
        (Say::Body(b"\0\0\0\0\x09short".to_vec()), "answer is none of the protocol"),
        (Say::Body(b"\x01\0\0\0\x01x".to_vec()), "answer is none of the protocol"),
        (Say::Endless, "answer is too large"),
    ] {
        let server = Called::start([say.clone()]);
        let settings = ClientSettings::new().request_timeout(LONG);
        let sent = Sent::by(settings, &[server.url()], |post| post);
        assert_eq!(sent.two(), (0, vec![(Reason::Rejected, 2)]), "{say:?}");
        assert_eq!(sent.failure(), format!("2 records lost (rejected) after 1 attempts: {why}"));
        server.next();
        assert!(server.rest().is_empty());
    }
}

#[test]
fn where_one_place_has_trouble_the_next_is_asked_at_once() {
    for trouble in [Say::Close, Say::Hang, Say::status(14)] {
        let (bad, good) = (Called::start([trouble.clone()]), Called::start([Say::Message(vec![])]));
        let sent = Sent::to(&[bad.url(), good.url()], |post| post);
        assert_eq!(sent.two(), (2, vec![]), "{trouble:?}");
        assert_eq!(sent.two(), (4, vec![]), "{trouble:?}");
        assert_eq!((bad.rest().len(), good.rest().len()), (1, 2), "{trouble:?}");
    }
    // One that asks for less is not passed by.
    let busy = Say::Only(vec![("grpc-status", "8".into()), ("grpc-status-details-bin", details(1))]);
    let (busy, other) = (Called::start([busy, Say::status(0)]), Called::start([Say::status(0)]));
    let sent = Sent::to(&[busy.url(), other.url()], |post| post);
    assert_eq!(sent.two(), (2, vec![]));
    assert_eq!((busy.rest().len(), other.rest().len()), (2, 0));
}

#[test]
fn a_server_of_http_1_is_told_for_what_it_is() {
    let stub = Stub::start([Answer::status(200)]);
    let sent = Sent::to(&[stub.url()], |post| post.retry(quick().budget(Duration::from_millis(50))));
    assert_eq!(sent.two(), (0, vec![(Reason::Unreachable, 2)]));
    assert!(sent.failure().contains("http2 error"), "{}", sent.failure());
}

#[test]
fn shutdown_ends_on_time_while_the_server_hangs() {
    let server = Called::start([Say::Hang]);
    let settings = ClientSettings::new().request_timeout(LONG);
    let mut sent = Sent::by(settings, &[server.url()], |post| post);
    sent.worker.queue().push(b"one");
    let queue = sent.worker.queue().clone();
    std::thread::scope(|scope| {
        scope.spawn(move || queue.flush(LONG));
        server.next();
        let begun = Instant::now();
        sent.worker.shutdown(Duration::from_millis(100));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    });
    assert_eq!(sent.worker.queue().counts().dropped_for(Reason::Shutdown), 1);
}

#[cfg(feature = "gzip")]
#[test]
fn a_compressed_message_says_so_and_reads_back() {
    use std::io::Read;

    let server = Called::start([Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post.encoding(Encoding::Gzip));
    let record = [b'x'; 3];
    sent.push(&vec![&record[..]; 1_000]);
    let call = server.next();
    assert_eq!((call.header("grpc-encoding"), call.header("content-encoding")), (Some("gzip"), None));
    assert!(call.is_compressed && call.message.len() < 300);
    let mut read = String::new();
    flate2::read::GzDecoder::new(&call.message[..]).read_to_string(&mut read).unwrap();
    assert_eq!(read, format!("[{}]", "xxx".repeat(1_000)));
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_is_read_back_by_its_own_library() {
    let server = Called::start([Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post.encoding(Encoding::Zstd));
    let record = [b'x'; 3];
    sent.push(&vec![&record[..]; 1_000]);
    let call = server.next();
    assert_eq!(call.header("grpc-encoding"), Some("zstd"));
    let read = zstd::stream::decode_all(&call.message[..]).unwrap();
    assert!(call.is_compressed && read == format!("[{}]", "xxx".repeat(1_000)).into_bytes());
}

#[cfg(feature = "snappy")]
#[test]
fn snappy_is_nothing_that_grpc_knows() {
    let server = Called::start([Say::Message(vec![])]);
    let sent = Sent::to(&[server.url()], |post| post.encoding(Encoding::Snappy));
    sent.two();
    let call = server.next();
    assert!(!call.is_compressed && call.header("grpc-encoding").is_none());
    assert_eq!(call.message, b"[onetwo]");
}
