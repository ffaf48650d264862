//! The globals of a process: the only place that sets any.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use obs_core::Base;

use crate::Error;
use crate::signals::Signals;
use crate::subscriber::Subscriber;

static CLAIMED: AtomicBool = AtomicBool::new(false);
/// That of the installation which is the process's own.
static BASE: OnceLock<Arc<Base>> = OnceLock::new();

/// What the process's own installation is built on, if there is one.
pub(crate) fn base() -> Option<&'static Arc<Base>> {
    BASE.get()
}

/// The right to set this process's globals; given back unless it is kept.
#[must_use]
pub(crate) struct Claim(());

/// Claims the globals, once.
pub(crate) fn claim() -> Result<Claim, Error> {
    if CLAIMED.swap(true, Ordering::AcqRel) { Err(Error::AlreadyInstalled) } else { Ok(Claim(())) }
}

impl Claim {
    /// For good: globals cannot be taken back.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.store(false, Ordering::Release);
    }
}

const SUBSCRIBER: &str = "tracing subscriber";

/// Sets what the enabled signals need.
pub(crate) fn globals(base: &Arc<Base>, signals: &Signals, subscriber: &Subscriber) -> Result<(), Error> {
    // Whether the subscriber is taken can be asked without setting it, so that nothing is set where one of the two is.
    if subscriber_is_taken() {
        return Err(Error::Taken(SUBSCRIBER));
    }
    // Before what cannot be given back: a bridge without a subscriber of ours harms nobody.
    set_logger()?;
    set_recorder(signals)?;
    set_subscriber(subscriber)?;
    // Nothing after this fails, and nobody else gets here.
    let _ = BASE.set(Arc::clone(base));
    set_tracer_provider(signals);
    levels_changed();
    set_panic_hook(signals);
    Ok(())
}

#[cfg(any(feature = "logs", feature = "traces"))]
fn subscriber_is_taken() -> bool {
    use tracing::dispatcher;

    let is_set = || dispatcher::get_default(|current| !current.is::<tracing::subscriber::NoSubscriber>());
    // This thread may have one for itself; a new thread sees the global one.
    dispatcher::has_been_set()
        && std::thread::scope(|scope| {
            let asked = std::thread::Builder::new().spawn_scoped(scope, is_set);
            asked.is_ok_and(|asked| asked.join().is_ok_and(|is_set| is_set))
        })
}

#[cfg(not(any(feature = "logs", feature = "traces")))]
fn subscriber_is_taken() -> bool {
    false
}

#[cfg(any(feature = "logs", feature = "traces"))]
fn set_subscriber(subscriber: &Subscriber) -> Result<(), Error> {
    tracing::dispatcher::set_global_default(subscriber.dispatch().clone())
        .map_err(|_| Error::Taken(SUBSCRIBER))?;
    subscriber.set_global();
    Ok(())
}

#[cfg(not(any(feature = "logs", feature = "traces")))]
fn set_subscriber(_: &Subscriber) -> Result<(), Error> {
    Ok(())
}

#[cfg(all(feature = "log", any(feature = "logs", feature = "traces")))]
fn set_logger() -> Result<(), Error> {
    use crate::bridge::{BRIDGE, Bridge};

    // It is, where an attempt before this one failed later on.
    if Bridge::is_set() { Ok(()) } else { log::set_logger(&BRIDGE).map_err(|_| Error::Taken("log logger")) }
}

#[cfg(not(all(feature = "log", any(feature = "logs", feature = "traces"))))]
fn set_logger() -> Result<(), Error> {
    Ok(())
}

/// Tells the `log` crate which levels are looked at; it asks nobody about others.
#[cfg(all(feature = "log", any(feature = "logs", feature = "traces")))]
pub(crate) fn levels_changed() {
    if crate::bridge::Bridge::is_set() {
        log::set_max_level(crate::bridge::max_level());
    }
}

#[cfg(not(all(feature = "log", any(feature = "logs", feature = "traces"))))]
pub(crate) fn levels_changed() {}

#[cfg(feature = "metrics")]
fn set_recorder(signals: &Signals) -> Result<(), Error> {
    metrics::set_global_recorder(signals.metrics.recorder().clone())
        .map_err(|_| Error::Taken("metrics recorder"))
}

#[cfg(not(feature = "metrics"))]
fn set_recorder(_: &Signals) -> Result<(), Error> {
    Ok(())
}

/// After all that can fail: OpenTelemetry does not say whether there was a provider, and takes another at any time.
#[cfg(feature = "traces-opentelemetry")]
fn set_tracer_provider(signals: &Signals) {
    use obs_trace::opentelemetry::{Provider, observe_judging_by};

    let tracer = signals.traces.tracer();
    opentelemetry::global::set_tracer_provider(Provider::new(tracer));
    observe_judging_by(&tracer.base().redaction);
}

#[cfg(not(feature = "traces-opentelemetry"))]
fn set_tracer_provider(_: &Signals) {}

#[cfg(feature = "logs")]
fn set_panic_hook(signals: &Signals) {
    let before = std::panic::take_hook();
    std::panic::set_hook(signals.logs.panic_hook(before));
}

#[cfg(not(feature = "logs"))]
fn set_panic_hook(_: &Signals) {}
