//! A filter that is replaced from a thread without a subscriber. In a process of its own: only where there has never
//! been a second subscriber do call sites ask the thread's own.

use std::thread;

use obs_core::{Base, Resource};
use obs_logs::{Logs, Memory, Output};
use tracing::{debug, info};
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn call_sites_are_heard_whatever_thread_replaced_the_filter() {
    let memory = Memory::new();
    let builder = Logs::builder(Base::new(Resource::new("orders")));
    let (logs, _guard) = builder.output(Output::memory(&memory)).build().unwrap();
    let speak = || {
        debug!("quiet");
        info!("loud");
        memory.take().len()
    };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
        assert_eq!(speak(), 1);
        for (filter, lines) in [("debug", 2), ("info", 1), ("off", 0), ("debug", 2)] {
            thread::scope(|scope| scope.spawn(|| logs.set_filter(filter.parse().unwrap())).join().unwrap());
            assert_eq!(speak(), lines, "{filter}");
        }
    });
}
