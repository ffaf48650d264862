//! Values whose code blocks: they hold up whoever logs them, and nobody else, whatever is done with their line.

use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use obs_core::Outcome;
use obs_core::observe::{End, Method, Observer, Request, Verdict};
use obs_logs::{AccessLog, Builder, FlightRecorder, Match, Route, Sampling};
use tracing::dispatcher::{self, Dispatch};
use tracing::{debug, info};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{Bench, context, inside};

/// Says that it is being printed, and waits until it may go on.
struct Blocks {
    begun: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = self.begun.send(());
        let _ = self.go_on.lock().unwrap().recv_timeout(Duration::from_secs(60));
        f.write_str("at last")
    }
}

/// While one thread prints a value that blocks, by `log`, everything else goes on.
#[track_caller]
fn check(more: impl FnOnce(Builder) -> Builder, log: impl FnOnce(&Blocks) + Send) {
    let bench = Bench::with("info", more);
    let dispatch = Dispatch::new(registry().with(bench.logs.layer()));
    let ((begun, has_begun), (let_go, go_on)) = (channel(), channel());
    let blocks = Blocks { begun, go_on: Mutex::new(go_on) };
    std::thread::scope(|scope| {
        let blocked = dispatch.clone();
        scope.spawn(move || {
            dispatcher::with_default(&blocked, || inside(&context(), || log(&blocks)));
        });
        has_begun.recv_timeout(Duration::from_secs(60)).expect("the value is printed");
        let free = dispatch.clone();
        let (done, is_done) = channel();
        let logs = bench.logs.clone();
        scope.spawn(move || {
            dispatcher::with_default(&free, || {
                let request = context();
                inside(&request, || {
                    info!(tenant = "acme", "from beside");
                    debug!("held beside");
                });
                AccessLog::new(logs.clone()).finish(
                    &request,
                    &Request::new(Method::Get, "/a"),
                    &End::new(Outcome::Success, Duration::ZERO),
                    Verdict::Keep,
                );
                logs.set_filter("info,other=debug".parse().unwrap());
                logs.catch_up();
            });
            done.send(()).unwrap();
        });
        let done = is_done.recv_timeout(Duration::from_secs(60));
        let_go.send(()).unwrap();
        done.expect("a thread that logs waits for one whose value blocks");
    });
    assert!(bench.memory.take().iter().any(|line| line.contains("from beside")));
}

#[test]
fn a_value_that_blocks_on_an_ordinary_line_holds_up_nobody_else() {
    check(|builder| builder, |blocks| info!(?blocks, "blocked"));
}

#[test]
fn a_value_that_blocks_where_a_route_asks_for_it_holds_up_nobody_else() {
    let routes = [Route::new(Match::field("tenant", "acme"), ["memory"]), Route::otherwise(["memory"])];
    check(|builder| builder.routes(routes), |blocks| info!(tenant = ?blocks, "blocked"));
}

#[test]
fn a_message_that_blocks_where_it_is_sampled_holds_up_nobody_else() {
    check(|builder| builder.sampling(Sampling::new().first(1)), |blocks| info!("blocked {blocks:?}"));
}

#[test]
fn a_value_that_blocks_where_it_is_held_holds_up_nobody_else() {
    check(|builder| builder.recorder(FlightRecorder::new()), |blocks| debug!(?blocks, "blocked"));
}
