//! SIGTERM and SIGINT, heard on the admin thread, so that a service which is blocked hears them too.
//!
//! The first one begins the end. The second one is the end: the process exits with 128 and the signal's number. So does
//! one that comes after `serve` has returned. When the first one's time is over and the process is still there,
//! because a handler blocks its thread or `main` does not return, it exits as well, with 1: whoever sent the signal
//! would kill it next, and what was recorded would be lost. An end that was asked for otherwise has the same time, as far as
//! `serve` does not return: what `main` does after that is its own.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::task::Poll;
use std::time::Duration;

use obs_core::keys::target;
use tokio::time::timeout_at;

use super::ended::How;
use super::handle::ShutdownHandle;
use crate::Obs;

/// How long delivering may take when the process exits at once.
const LAST: Duration = Duration::from_millis(250);
/// How long after its time is over the process is given up.
const OVERTIME: Duration = Duration::from_secs(1);

/// Whether signals are listened for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ears {
    /// They begin the end.
    Open,
    /// They are left to the program.
    Shut,
}

/// What the admin thread learns of the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Supervised(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    drained: AtomicBool,
    returned: AtomicBool,
}

impl Supervised {
    /// Requests have ended in this way.
    pub(super) fn ended(&self, how: &How) {
        self.0.drained.store(matches!(how, How::Drained), Ordering::Relaxed);
    }

    /// What is left is up to `main`.
    pub(super) fn returns(&self) {
        self.0.returned.store(true, Ordering::Relaxed);
    }

    /// Whether every request was finished.
    fn is_drained(&self) -> bool {
        self.0.drained.load(Ordering::Relaxed)
    }

    fn has_returned(&self) -> bool {
        self.0.returned.load(Ordering::Relaxed)
    }
}

impl Ears {
    /// Begins to listen, if it is to.
    pub(super) fn open(self, obs: &Arc<Obs>) -> std::io::Result<Supervised> {
        let supervised = Supervised::default();
        if let Self::Open = self {
            let thread = obs.thread.handle()?;
            let entered = thread.enter();
            let signals = system::Signals::new()?;
            drop(entered);
            let hears = Hears {
                handle: obs.shutdown_handle(),
                timeout: obs.config().drain.timeout,
                obs: Arc::downgrade(obs),
                supervised: supervised.clone(),
            };
            thread.spawn(hears.run(signals));
            // From here on signals have no effect but by this thread: it must not end before the process.
            std::mem::forget(Arc::clone(&obs.thread));
        }
        Ok(supervised)
    }
}

struct Hears {
    handle: ShutdownHandle,
    timeout: Duration,
    obs: Weak<Obs>,
    supervised: Supervised,
}

impl Hears {
    async fn run(self, mut signals: system::Signals) {
        let first = self.first(&mut signals).await;
        let asked = self.handle.ask(first.map_or("nobody", |signal| signal.name));
        let far = obs_core::time::deadline(Duration::MAX);
        let over = self.timeout.checked_add(OVERTIME).and_then(|after| asked.at.checked_add(after));
        let over = over.unwrap_or(far);
        let mut is_signalled = first.is_some();
        let last = loop {
            match timeout_at(over.into(), signals.next()).await {
                Ok(signal) if is_signalled => break signal,
                // An orchestrator's, which has asked otherwise before.
                Ok(_) => is_signalled = true,
                // It is up to `main` now.
                Err(_) if self.is_up_to_main(is_signalled) => break signals.next().await,
                Err(_) => self.leave(1, "the time is over"),
            }
        };
        self.leave(128 + last.number, "a second signal came")
    }

    /// The first signal; `None` where the end is asked for otherwise before one comes.
    async fn first(&self, signals: &mut system::Signals) -> Option<Heard> {
        let (mut signal, mut told) = (pin!(signals.next()), pin!(self.handle.told()));
        poll_fn(|task| match signal.as_mut().poll(task) {
            Poll::Ready(signal) => Poll::Ready(Some(signal)),
            Poll::Pending => told.as_mut().poll(task).map(|_| None),
        })
        .await
    }

    /// Whether the process may stay, though the time is over.
    fn is_up_to_main(&self, is_signalled: bool) -> bool {
        self.supervised.is_drained() || !is_signalled && self.supervised.has_returned()
    }

    /// Delivers for a moment, and is gone.
    fn leave(&self, code: i32, why: &'static str) -> ! {
        let (done, told) = mpsc::channel();
        let obs = self.obs.upgrade();
        let here = obs.clone();
        // On a thread of its own, because a sink may hang, and so may a subscriber; and because this one is silenced.
        let last = move || {
            tracing::warn!(target: target::SERVE, phase = "stopped", code, "{why}: the process ends at once");
            if let Some(obs) = &obs {
                obs.flush(LAST);
            }
            let _ = done.send(());
            // Dropping it would deliver for longer.
            std::mem::forget(obs);
        };
        if std::thread::Builder::new().name(String::from("obs-flush")).spawn(last).is_ok() {
            let _ = told.recv_timeout(LAST);
        }
        // Nothing is dropped from here on.
        if let Some(admin) = here.as_ref().and_then(|obs| obs.admin.as_ref()) {
            admin.leave();
        }
        std::process::exit(code)
    }
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    name: &'static str,
    number: i32,
}

#[cfg(unix)]
mod system {
    //! By tokio's driver, as the rest of the program may use it.

    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::Heard;

    pub(super) struct Signals([(Signal, Heard); 2]);

    impl Signals {
        pub(super) fn new() -> std::io::Result<Self> {
            let listen = |kind: SignalKind, name| {
                Ok::<_, std::io::Error>((signal(kind)?, Heard { name, number: kind.as_raw_value() }))
            };
            let terminate = listen(SignalKind::terminate(), "SIGTERM")?;
            Ok(Self([terminate, listen(SignalKind::interrupt(), "SIGINT")?]))
        }

        pub(super) async fn next(&mut self) -> Heard {
            poll_fn(|task| {
                for (signal, heard) in &mut self.0 {
                    if let Poll::Ready(Some(())) = signal.poll_recv(task) {
                        return Poll::Ready(*heard);
                    }
                }
                Poll::Pending
            })
            .await
        }
    }
}

#[cfg(not(unix))]
mod system {
    //! Ctrl-C is all there is.

    use super::Heard;

    pub(super) struct Signals;

    impl Signals {
        pub(super) fn new() -> std::io::Result<Self> {
            Ok(Self)
        }

        pub(super) async fn next(&mut self) -> Heard {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Heard { name: "Ctrl-C", number: 2 }
        }
    }
}
