//! The runtimes that a base's scrapes tell of.

use std::sync::{Mutex, MutexGuard, PoisonError};

use obs_core::Base;
use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use tokio::runtime::{Handle, Id};

use super::{io, unstable, workers};

/// Has the base's scrapes tell how a runtime does, under the label `runtime="<name>"`. It takes the place of what was
/// registered for the same runtime, and of another runtime under the same name, so that one that is begun anew may
/// be registered anew.
///
/// A runtime that has ended goes on with its last totals and without tasks. It is kept in memory, without its threads,
/// as long as it is registered.
pub fn register(base: &Base, handle: &Handle, name: &str) {
    let runtimes = base.sources.only::<Runtimes>();
    let known = Known { id: handle.id(), name: name.to_owned(), handle: handle.clone() };
    let mut all = runtimes.lock();
    all.retain(|other| other.id != known.id && other.name != known.name);
    all.push(known);
}

/// As [`register`], but changes nothing where this runtime is registered already, under whatever name; whether it was
/// not. Where another runtime has the name, this one has it with a number: `main_2`.
pub fn register_new(base: &Base, handle: &Handle, name: &str) -> bool {
    let runtimes = base.sources.only::<Runtimes>();
    let mut all = runtimes.lock();
    if all.iter().any(|known| known.id == handle.id()) {
        return false;
    }
    let mut own = name.to_owned();
    let mut number = 1;
    while all.iter().any(|known| known.name == own) {
        number += 1;
        own = format!("{name}_{number}");
    }
    all.push(Known { id: handle.id(), name: own, handle: handle.clone() });
    true
}

/// All of a base.
#[derive(Debug, Default)]
struct Runtimes(Mutex<Vec<Known>>);

#[derive(Clone, Debug)]
struct Known {
    id: Id,
    name: String,
    handle: Handle,
}

impl Runtimes {
    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Runtimes {
    fn collect(&self, meter: &mut dyn Meter) {
        // Cloned so that a slow scrape holds up no registration.
        let all = self.lock().clone();
        for Known { name, handle, .. } in all {
            let metrics = handle.metrics();
            meter.gauge(&metric::TOKIO_ALIVE_TASKS, &[&name], metrics.num_alive_tasks() as f64);
            meter.gauge(&metric::TOKIO_GLOBAL_QUEUE_DEPTH, &[&name], metrics.global_queue_depth() as f64);
            workers::collect(&name, &metrics, meter);
            unstable::collect(&name, &metrics, meter);
            io::collect(&name, &metrics, meter);
        }
    }
}
