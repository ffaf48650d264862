//! A service that is replaced again and again under load, without a request going missing.

mod fleet;
mod rolling;
mod strict;
mod wrk;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use crate::{Result, ports};
use fleet::Fleet;
pub(super) use rolling::{Rolling, of_the_shop};

/// How often the service is replaced, each time.
const RESTARTS: u32 = 20;
/// From one replacement to the next; the ends of some overlap.
const PACE: Duration = Duration::from_millis(800);

/// By wrk, which connects again when it is told to.
pub(super) fn under_wrk(program: &Path, quickstart: &Path, folder: &Path) -> Result<String> {
    let mut fleet = Fleet::start(quickstart, ports::free::<1>()?[0], &folder.join("wrk"))?;
    let load = wrk::Load::start(program, fleet.service, PACE * (RESTARTS + 2), folder)?;
    replace(&mut fleet)?;
    let seen = load.end()?;
    Ok(format!("{seen}; {}", fleet.end()?))
}

/// By clients that count each request they have written and each answer.
pub(super) fn under_strict_clients(quickstart: &Path, folder: &Path) -> Result<String> {
    let mut fleet = Fleet::start(quickstart, ports::free::<1>()?[0], &folder.join("strict"))?;
    let (service, over) = (fleet.service, AtomicBool::new(false));
    let (replaced, seen) = scope(|scope| {
        let over = &over;
        let clients = strict::Pause::ALL.map(|pause| scope.spawn(move || strict::send(service, pause, over)));
        let replaced = replace(&mut fleet);
        over.store(true, Ordering::Relaxed);
        let seen = clients.map(|client| client.join().unwrap_or_default());
        (replaced, strict::Seen::sum(seen))
    });
    replaced?;
    Ok(format!("{}; {}", seen.judge()?, fleet.end()?))
}

fn replace(fleet: &mut Fleet) -> Result {
    for _ in 0..RESTARTS {
        sleep(PACE);
        fleet.replace()?;
    }
    Ok(())
}
