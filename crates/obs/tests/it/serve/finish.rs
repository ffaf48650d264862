//! What a drain must not lose: requests in flight, bodies, the accept queue, and a request that has begun to arrive.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures_core::Stream;
use obs_core::Phase;
use tokio::sync::Notify;

use super::running::{FLAVORS, Flavor, Running, obs};
use super::wire::Wire;
use crate::service::until;

/// Far longer than any of these ends takes.
const LIMIT: Duration = Duration::from_secs(20);
/// What an end may take that has nothing to wait for: the silence of a connection that was just used, and a client
/// that goes when it is told.
const PROMPT: Duration = Duration::from_secs(3);

/// Answers `/` at once, and `/slow` once it was let go.
fn router(go: &Arc<Notify>) -> (Router, Arc<Notify>) {
    let (entered, go) = (Arc::new(Notify::new()), Arc::clone(go));
    let told = Arc::clone(&entered);
    let slow = async move || {
        entered.notify_one();
        go.notified().await;
        "at last"
    };
    (Router::new().route("/", get(async || "hello")).route("/slow", get(slow)), told)
}

fn wait(notify: &Notify) {
    Flavor::Current.runtime().block_on(notify.notified());
}

#[test]
fn a_request_in_flight_is_finished_and_told_that_it_is_the_last() {
    for flavor in FLAVORS {
        let go = Arc::new(Notify::new());
        let (router, entered) = router(&go);
        let running = Running::start(flavor, obs(Duration::ZERO, LIMIT), router);
        let mut wire = Wire::open(running.addr);
        assert!(!wire.get("/").closes());
        wire.ask("/slow");
        wait(&entered);
        running.handle.shut_down();
        until("it takes no more connections", || std::net::TcpStream::connect(running.addr).is_err());
        go.notify_one();
        let answer = wire.answer().unwrap();
        assert_eq!((answer.text(), answer.closes()), ("at last", true), "{flavor:?}");
        wire.closed();
        drop(wire);
        let ended = running.ended();
        assert!(ended.is_drained() && ended.is_delivered(), "{ended:?}");
        assert!(ended.timings().finishing < LIMIT / 2, "{ended:?}");
    }
}

#[test]
fn a_body_that_is_being_sent_is_sent_to_its_end() {
    for flavor in FLAVORS {
        let (send, receive) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
        let receive = Arc::new(std::sync::Mutex::new(Some(receive)));
        let stream = move || {
            let mut receive = receive.lock().unwrap().take().unwrap();
            let body = axum::body::Body::from_stream(Chunks(Box::new(move |task| receive.poll_recv(task))));
            async { body }
        };
        let router = Router::new().route("/", get(stream));
        let running = Running::start(flavor, obs(Duration::ZERO, LIMIT), router);
        let mut wire = Wire::open(running.addr);
        send.send("one ").unwrap();
        wire.ask("/");
        let mut first = [0; 1];
        wire.stream().get_ref().peek(&mut first).unwrap();
        running.handle.shut_down();
        until("it takes no more connections", || std::net::TcpStream::connect(running.addr).is_err());
        send.send("two ").unwrap();
        send.send("three").unwrap();
        drop(send);
        assert_eq!(wire.answer().unwrap().text(), "one two three", "{flavor:?}");
        drop(wire);
        assert!(running.ended().is_drained());
    }
}

type Poll = Box<dyn FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<&'static str>> + Send>;

struct Chunks(Poll);

impl Stream for Chunks {
    type Item = Result<&'static str, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        task: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        (self.0)(task).map(|chunk| chunk.map(Ok))
    }
}

#[test]
fn idle_connections_are_closed_without_a_reset_and_do_not_hold_the_end_up() {
    for flavor in FLAVORS {
        let (router, _) = router(&Arc::default());
        let running = Running::start(flavor, obs(Duration::ZERO, LIMIT), router);
        let mut used = Wire::open(running.addr);
        used.get("/");
        let mut silent = Wire::open(running.addr);
        let closed = std::thread::spawn(move || {
            used.closed();
            silent.closed();
        });
        let (ended, took) = running.end();
        assert!(ended.is_drained() && took < PROMPT, "{ended:?} after {took:?}");
        closed.join().unwrap();
    }
}

#[test]
fn while_draining_connections_are_taken_and_each_response_closes_its_own() {
    for flavor in FLAVORS {
        let (router, _) = router(&Arc::default());
        let obs = obs(Duration::from_secs(2), LIMIT);
        let base = Arc::clone(obs.base());
        let running = Running::start(flavor, obs, router);
        let mut old = Wire::open(running.addr);
        assert!(!old.get("/").closes());
        assert_eq!(base.lifecycle.phase(), Phase::Ready);
        running.handle.shut_down();
        until("it is unready", || base.lifecycle.phase() == Phase::Draining);
        for mut wire in [old, Wire::open(running.addr)] {
            until("it was told", || wire_closes(&mut wire));
            wire.closed();
        }
        let ended = running.ended();
        let draining = ended.timings().draining;
        assert!(ended.is_drained(), "{ended:?}");
        assert!(draining >= Duration::from_secs(1) && draining < PROMPT, "{draining:?}");
    }
}

/// The phase is told a moment before the connections are.
fn wire_closes(wire: &mut Wire) -> bool {
    wire.get("/").closes()
}

/// A runtime that is held up, so that connections and bytes wait in the kernel.
struct HeldUp {
    barrier: Arc<Barrier>,
}

impl HeldUp {
    fn router(router: Router) -> (Self, Router) {
        let barrier = Arc::new(Barrier::new(2));
        let hold = Arc::clone(&barrier);
        let held = async move || {
            hold.wait();
            hold.wait();
            "released"
        };
        (Self { barrier }, router.route("/hold", get(held)))
    }
}

#[test]
fn the_accept_queue_is_emptied_before_the_listener_is_closed() {
    const CLIENTS: usize = 100;
    for delay in [Duration::ZERO, Duration::from_millis(600)] {
        let (held, router) = HeldUp::router(router(&Arc::default()).0);
        let running = Running::start(Flavor::Current, obs(delay, LIMIT), router);
        let mut holder = Wire::open(running.addr);
        holder.ask("/hold");
        held.barrier.wait();
        // Nothing is accepted now. Half of them are silent until later.
        let mut wires: Vec<_> = (0..CLIENTS).map(|_| Wire::open(running.addr)).collect();
        wires.iter_mut().step_by(2).for_each(|wire| wire.ask("/"));
        running.handle.shut_down();
        held.barrier.wait();
        let (asked, silent): (Vec<_>, Vec<_>) = wires.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
        for (n, mut wire) in asked {
            let answer = wire.answer().unwrap_or_else(|error| panic!("client {n}: {error}"));
            assert_eq!((answer.status, answer.closes()), (200, true));
        }
        for (n, mut wire) in silent {
            wire.ask("/");
            assert!(wire.answer().is_ok_and(|answer| answer.closes()), "client {n}");
        }
        assert_eq!(holder.answer().unwrap().text(), "released");
        drop(holder);
        assert!(running.ended().is_drained());
    }
}

#[test]
fn a_request_that_waits_in_the_socket_of_an_idle_connection_is_answered() {
    const IDLE: usize = 20;
    let (held, router) = HeldUp::router(router(&Arc::default()).0);
    // Long enough that connections silent for all of it are closed at once.
    let delay = Duration::from_millis(600);
    let running = Running::start(Flavor::Current, obs(delay, LIMIT), router);
    let mut wires: Vec<_> = (0..IDLE).map(|_| Wire::open(running.addr)).collect();
    wires.iter_mut().for_each(|wire| assert!(!wire.get("/").closes()));
    let mut holder = Wire::open(running.addr);
    running.handle.shut_down();
    until("it has been told", || holder_is_told(&mut holder, running.addr));
    holder.ask("/hold");
    held.barrier.wait();
    // The end of the delay passes while the service sees and does nothing.
    std::thread::sleep(delay);
    wires.iter_mut().for_each(|wire| wire.ask("/"));
    held.barrier.wait();
    for (n, wire) in wires.iter_mut().enumerate() {
        let answer = wire.answer().unwrap_or_else(|error| panic!("client {n}: {error}"));
        assert_eq!((answer.text(), answer.closes()), ("hello", true));
    }
    assert_eq!(holder.answer().unwrap().text(), "released");
    drop((holder, wires));
    assert!(running.ended().is_drained());
}

/// Asks until a response says that it is the last, and leaves a new connection behind.
fn holder_is_told(wire: &mut Wire, addr: std::net::SocketAddr) -> bool {
    let told = wire.get("/").closes();
    if told {
        *wire = Wire::open(addr);
    }
    told
}

#[test]
fn a_request_whose_head_has_begun_to_arrive_is_answered() {
    for (delay, first) in [(Duration::ZERO, "GET / HT"), (Duration::from_millis(600), "G")] {
        let (router, _) = router(&Arc::default());
        let running = Running::start(Flavor::OneWorker, obs(delay, LIMIT), router);
        let (mut fresh, mut used) = (Wire::open(running.addr), Wire::open(running.addr));
        used.get("/");
        for wire in [&mut fresh, &mut used] {
            wire.write(first);
        }
        running.handle.shut_down();
        until("it takes no more connections", || std::net::TcpStream::connect(running.addr).is_err());
        // Longer than an idle connection would live.
        std::thread::sleep(Duration::from_millis(700));
        for wire in [&mut fresh, &mut used] {
            wire.write(&"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[first.len()..]);
            let answer = wire.answer().unwrap();
            assert_eq!((answer.text(), answer.closes()), ("hello", true), "{first}");
        }
        drop((fresh, used));
        assert!(running.ended().is_drained());
    }
}

/// Clients that send head and body in two writes, to a handler that answers by the head alone.
#[test]
fn a_body_that_nobody_reads_does_not_hold_the_end_up() {
    let (go, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (released, told) = (Arc::clone(&go), Arc::clone(&entered));
    let post = axum::routing::post(async move |request: axum::extract::Request| {
        told.notify_one();
        released.notified().await;
        drop(request);
        "no, thank you"
    });
    let running =
        Running::start(Flavor::OneWorker, obs(Duration::ZERO, LIMIT), Router::new().route("/", post));
    let mut wire = Wire::open(running.addr);
    wire.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
    wait(&entered);
    wire.write("hello");
    go.notify_one();
    let answer = wire.answer().unwrap();
    assert_eq!((answer.text(), answer.closes()), ("no, thank you", false));
    let (ended, took) = running.end();
    assert!(ended.is_drained() && took < PROMPT, "{took:?} {ended:?}");
    wire.closed();
}

#[test]
fn a_response_is_followed_by_no_reset_though_its_request_was_not_read() {
    let post = axum::routing::post(async || "no, thank you");
    let (held, router) = HeldUp::router(Router::new().route("/", post));
    let running = Running::start(Flavor::Current, obs(Duration::ZERO, LIMIT), router);
    let (mut holder, mut wire) = (Wire::open(running.addr), Wire::open(running.addr));
    holder.ask("/hold");
    held.barrier.wait();
    wire.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n");
    wire.write(&"x".repeat(60_000));
    held.barrier.wait();
    assert_eq!(wire.answer().unwrap().text(), "no, thank you");
    wire.closed();
    // The server says no more; what the client still sends is taken. A reset would be here by now.
    std::thread::sleep(Duration::from_millis(50));
    wire.write(&"x".repeat(60_000));
    assert!(wire.stream().get_ref().take_error().unwrap().is_none());
    drop((holder, wire));
    assert!(running.end().0.is_drained());
}

#[cfg(target_os = "linux")]
#[test]
fn where_a_port_is_shared_no_connection_is_lost_between_two_instances() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    const ROUNDS: usize = 6;
    const CLIENTS: usize = 4;
    let start = |addr| {
        let (router, _) = router(&Arc::default());
        Running::start_shared(Flavor::OneWorker, obs(Duration::ZERO, LIMIT), router, addr)
    };
    let mut current = start("127.0.0.1:0".parse().unwrap());
    let (addr, over) = (current.addr, AtomicBool::new(false));
    // Each request has a connection of its own: there is always one about to begin.
    let client = || {
        let mut answered = 0;
        while !over.load(Relaxed) {
            let mut wire = Wire::open(addr);
            wire.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
            assert_eq!(wire.answer().unwrap().text(), "hello");
            answered += 1;
        }
        answered
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        for _ in 0..ROUNDS {
            let next = start(addr);
            std::thread::sleep(Duration::from_millis(200));
            assert!(std::mem::replace(&mut current, next).end().0.is_drained());
        }
        over.store(true, Relaxed);
        let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
        assert!(answered > ROUNDS * CLIENTS, "{answered}");
    });
    assert!(current.end().0.is_drained());
}
