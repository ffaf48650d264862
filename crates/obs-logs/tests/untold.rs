//! Panics that routes have go nowhere. In a process of its own: the hook is the process's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use obs_core::{Base, Resource};
use obs_logs::{Logs, Match, Memory, Output, Route};

#[test]
fn a_panic_that_no_route_takes_is_told_by_the_hook_before() {
    let memory = Memory::new();
    let route = Route::new(Match::field("tenant", "acme"), ["memory"]);
    let builder = Logs::builder(Base::new(Resource::new("orders"))).routes([route]);
    let (logs, _guard) = builder.output(Output::memory(&memory)).build().unwrap();
    let told = Arc::new(AtomicUsize::new(0));
    let hook = obs_logs::panic::hook(logs.clone(), {
        let told = Arc::clone(&told);
        move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        }
    });
    let before = std::panic::take_hook();
    std::panic::set_hook(hook);
    let panic = || drop(std::panic::catch_unwind(|| std::panic::panic_any(7)).unwrap_err());
    panic();
    let untold = (told.load(Ordering::Relaxed), memory.take().len());
    logs.set_routes(&[Route::otherwise(["memory"])]).unwrap();
    panic();
    let written = (told.load(Ordering::Relaxed), memory.take().len());
    std::panic::set_hook(before);
    assert_eq!((untold, written), ((1, 0), (1, 1)));
}
