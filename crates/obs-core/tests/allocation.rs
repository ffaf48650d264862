//! Work that nobody records allocates nothing, nor does a local root after another. In a process of its own, for its allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt;
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::conventions::cache::Cache;
use obs_core::conventions::db::Database;
use obs_core::conventions::messaging::Destination;
use obs_core::observe::{Operation, OperationEnd, OperationObserver};
use obs_core::{Base, Resource};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what each thread asks for.
struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its nature; this one only counts")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for this function.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An error that nobody may print.
#[derive(Debug)]
struct Silent;

impl fmt::Display for Silent {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it was printed")
    }
}

/// Learns of everything and keeps none of it.
struct Deaf;

impl OperationObserver for Deaf {
    fn finish(&self, _: &Context, operation: &Operation<'_>, _: &OperationEnd<'_>) {
        assert!(operation.attributes.is_empty() && !operation.labels[0].is_empty());
    }
}

fn done<F: Future>(work: F) -> F::Output {
    match pin!(work).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Allocations of the hundred calls of `work` that follow a hundred others, in a context of these flags.
fn allocations(base: &Arc<Base>, sampled: bool, mut work: impl FnMut()) -> u64 {
    let flags = TraceFlags::default().sampled(sampled);
    let ids = Ids { trace_id: base.ids.trace_id(), span_id: base.ids.span_id(), flags };
    let request = Context::root(ids, Local::task());
    let scope = enter_poll(&request);
    (0..100).for_each(|_| work());
    let before = ALLOCATIONS.get();
    (0..100).for_each(|_| work());
    let count = ALLOCATIONS.get() - before;
    drop(scope);
    count
}

#[test]
fn what_nobody_records_allocates_and_prints_nothing() {
    let base = Base::new(Resource::new("test"));
    base.operations.register(Arc::new(Deaf));
    let some = || Some(Arc::clone(&base));
    let (orders, users) = (Database::new(some(), "postgresql", "orders"), Cache::new(some(), "redis"));
    let placed = Destination::new(some(), "kafka", "placed");
    let headers = vec![("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")];
    let all = || {
        let sql = "SELECT total FROM shop.orders o WHERE o.id = 7";
        done(orders.query(sql).run(ready(Ok::<_, Silent>(())))).unwrap();
        done(orders.query(sql).run(ready(Err::<(), _>(Silent)))).unwrap_err();
        done(users.get("user:42").run(ready(Ok::<_, Silent>(Some(1))))).unwrap();
        done(users.get("user:42").run(ready(Err::<Option<u8>, _>(Silent)))).unwrap_err();
        done(placed.publish().message_id("m-1").partition(7).run(ready(Err::<(), _>(Silent)))).unwrap_err();
        done(placed.process().from(&headers).message_id("m-1").run(ready(())));
    };
    assert_eq!(allocations(&base, false, all), 0);
}

#[test]
fn what_is_recorded_allocates_so_that_the_count_means_something() {
    let base = Base::new(Resource::new("test"));
    let orders = Database::new(Some(Arc::clone(&base)), "postgresql", "orders");
    let all = || done(orders.query("SELECT 1 FROM a").run(ready(Ok::<_, Silent>(())))).unwrap();
    assert!(allocations(&base, true, all) >= 100);
}

#[test]
fn a_local_root_takes_the_memory_of_the_one_before() {
    let base = Base::new(Resource::new("test"));
    let root = || {
        let (root, parent) = base.open_operation();
        assert_eq!(parent, None);
        let child = root.child(base.ids.span_id());
        drop(enter_poll(&child));
    };
    (0..10).for_each(|_| root());
    let before = ALLOCATIONS.get();
    (0..100).for_each(|_| root());
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
