//! The memory of the flight recorder, and values that log while they are held. In a process of its own, for its
//! allocator and its global subscriber: a scoped one hides events inside of events.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::observe::{End, Method, Request, conclude};
use obs_core::{Base, IdSource, Outcome, RequestId, Resource};
use obs_logs::{AccessLog, FlightRecorder, Logs, LogsGuard, Memory, Output};
use tracing::{debug, info_span};
use tracing_subscriber::layer::SubscriberExt;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// Counts what each thread asks for, and what all of them have.
struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its nature; this one only counts")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as for this function.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        LIVE.fetch_add(new_size as isize - layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as for this function.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const REQUEST_BYTES: usize = 64 * 1024;
const PROCESS_BYTES: usize = 1024 * 1024;

/// The one engine of this process.
struct Bench {
    memory: Memory,
    access: AccessLog,
    ids: IdSource,
    _guard: LogsGuard,
}

impl Bench {
    /// Waits for its turn: what is live is of one test.
    fn turn() -> (&'static Self, MutexGuard<'static, ()>) {
        static BENCH: OnceLock<Bench> = OnceLock::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let bench = BENCH.get_or_init(|| {
            let (bench, logs) = Self::new();
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(logs.layer()))
                .unwrap();
            bench
        });
        bench.memory.take();
        (bench, turn)
    }

    fn new() -> (Self, Logs) {
        let memory = Memory::new();
        let recorder =
            FlightRecorder::new().request_bytes(REQUEST_BYTES).process_bytes(PROCESS_BYTES).slow_quantile();
        let builder = Logs::builder(Base::new(Resource::new("orders"))).recorder(recorder);
        let (logs, guard) = builder.output(Output::memory(&memory)).build().unwrap();
        let access = AccessLog::new(logs.clone());
        (Self { memory, access, ids: IdSource::random(), _guard: guard }, logs)
    }

    fn begin(&self) -> Context {
        let (trace_id, span_id) = (self.ids.trace_id(), self.ids.span_id());
        let ids = Ids { trace_id, span_id, flags: TraceFlags::default() };
        Context::root(ids, Local::server(RequestId::parse("ORD-1").unwrap(), None))
    }

    fn end(&self, context: &Context, outcome: Outcome) {
        let end = End::new(outcome, Duration::from_millis(1));
        conclude(&self.access, context, &Request::new(Method::Get, "/a"), &end);
    }
}

fn line(turn: u64) {
    debug!(
        method = "GET",
        path = "/users/42/orders",
        latency_us = turn,
        ratio = 0.75,
        cached = false,
        attempt = -1,
        reply = ?Some(turn),
        text = %turn,
        password = "x",
        region = "eu\n",
        "handled {turn}"
    );
}

/// Allocations of the thousand calls of `work` that follow a thousand others.
fn allocations(mut work: impl FnMut(u64)) -> u64 {
    (0..1_000).for_each(&mut work);
    let before = ALLOCATIONS.get();
    (0..1_000).for_each(&mut work);
    ALLOCATIONS.get() - before
}

#[test]
fn a_held_line_allocates_nothing_alone_or_inside_spans() {
    let (bench, _turn) = Bench::turn();
    let context = bench.begin();
    {
        let _scope = enter_poll(&context);
        // The request is full soon, so this is also what letting go costs.
        assert_eq!(allocations(line), 0);
        let _a = info_span!("request", tenant = "acme", user = 7).entered();
        let _b = info_span!("handler", region = "x").entered();
        let _c = tracing::debug_span!("query", table = "orders").entered();
        assert_eq!(allocations(line), 0);
    }
    bench.end(&context, Outcome::Success);
}

#[test]
fn a_healthy_request_allocates_a_fixed_few_however_many_lines_it_has() {
    let (bench, _turn) = Bench::turn();
    let of = |lines: u64| {
        allocations(|_| {
            let context = bench.begin();
            {
                let _scope = enter_poll(&context);
                (0..lines).for_each(line);
            }
            bench.end(&context, Outcome::Cancelled);
            // What was written is no matter of ours.
            drop(bench.memory.take());
        })
    };
    // A first chunk is held in place, a list of further ones is an allocation.
    let (none, ten) = (of(0), of(10));
    assert!(ten <= none + 2 * 1_000, "{none} {ten}");
    assert!(of(100) <= none + 4 * 1_000, "{none}");
}

#[test]
fn memory_stays_within_the_caps_and_all_of_it_comes_back() {
    let (_, _turn) = Bench::turn();
    // One of its own, which keeps nothing from before.
    let (bench, logs) = Bench::new();
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(logs.layer()));
    let begin_and_fill = |lines: u64| {
        let context = bench.begin();
        let _scope = enter_poll(&context);
        (0..lines).for_each(line);
        context.clone()
    };
    // Whatever this thread keeps for itself is there after one.
    bench.end(&begin_and_fill(10), Outcome::Cancelled);
    drop(bench.memory.take());
    let before = LIVE.load(Ordering::Relaxed);
    let one = begin_and_fill(10_000);
    let of_one = LIVE.load(Ordering::Relaxed) - before;
    assert!(of_one > 0 && of_one < REQUEST_BYTES as isize * 5 / 4, "{of_one}");
    let many: Vec<_> = (0..1_000).map(|_| begin_and_fill(50)).collect();
    let of_all = LIVE.load(Ordering::Relaxed) - before;
    // The requests themselves come on top, with some half a kilobyte each.
    assert!(of_all < PROCESS_BYTES as isize + 1_000 * 544 + 100_000, "{of_all}");
    assert!(of_all > PROCESS_BYTES as isize * 3 / 4, "{of_all}");
    many.iter().for_each(|context| bench.end(context, Outcome::Cancelled));
    bench.end(&one, Outcome::Cancelled);
    drop((one, many, bench.memory.take()));
    // What is kept for the next is at most a megabyte, and no more with each round.
    let kept = LIVE.load(Ordering::Relaxed) - before;
    assert!(kept <= (1 << 20) + 100_000, "{kept}");
    for _ in 0..3 {
        let many: Vec<_> = (0..1_000).map(|_| begin_and_fill(50)).collect();
        many.iter().for_each(|context| bench.end(context, Outcome::Cancelled));
        drop((many, bench.memory.take()));
    }
    let later = LIVE.load(Ordering::Relaxed) - before;
    assert!(later <= kept + 100_000, "{kept} {later}");
}

#[test]
fn a_value_that_logs_while_it_is_held_has_its_own_line_held_before_it() {
    struct Chatty(u32);
    impl fmt::Debug for Chatty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if self.0 > 0 {
                debug!(depth = self.0, value = ?Chatty(self.0 - 1), "from inside");
            }
            f.write_str("chatty")
        }
    }
    let (bench, _turn) = Bench::turn();
    let context = bench.begin();
    {
        let _scope = enter_poll(&context);
        let _span = info_span!("a", table = "orders").entered();
        debug!(depth = 3, value = ?Chatty(2), "outside");
    }
    bench.end(&context, Outcome::ServerError);
    let lines: Vec<serde_json::Value> =
        bench.memory.take().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let depths: Vec<_> = lines.iter().filter_map(|line| line["depth"].as_u64()).collect();
    assert_eq!(depths, [1, 2, 3]);
    assert!(
        lines[..3].iter().all(|line| line["value"] == "chatty" && line["table"] == "orders"),
        "{lines:?}"
    );
}

#[test]
fn a_panic_has_its_own_line_at_once_and_what_was_held_at_the_end() {
    let (_, _turn) = Bench::turn();
    let (bench, logs) = Bench::new();
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    let context = bench.begin();
    let before = std::panic::take_hook();
    std::panic::set_hook(obs_logs::panic::hook(logs, |_| ()));
    let caught = tracing::subscriber::with_default(subscriber, || {
        std::panic::catch_unwind(|| {
            let _scope = enter_poll(&context);
            debug!("held");
            panic!("no such order");
        })
    });
    std::panic::set_hook(before);
    assert!(caught.is_err());
    bench.end(&context, Outcome::Panicked);
    let lines: Vec<serde_json::Value> =
        bench.memory.take().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> = lines.iter().map(|line| (&line["message"], &line["request_id"])).collect();
    let expected = ["no such order", "held", "request"].map(serde_json::Value::from);
    let id = serde_json::Value::from("ORD-1");
    assert_eq!(seen, expected.iter().map(|message| (message, &id)).collect::<Vec<_>>());
}
