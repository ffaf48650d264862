//! Futures and closures that take along what is current where they were made.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use obs_core::context::{self, Context, enter_poll};
use pin_project_lite::pin_project;

use crate::entry::Entry;
use crate::subscriber::Carried;

/// Makes `future` part of the work that is going on here, whoever polls it: with the current context and span, and
/// with the installation where that is not the process's own. For spawners other than [`spawn`](crate::spawn), such
/// as `tokio::task::spawn_local` and join sets.
///
/// ```
/// # async fn reindex() {}
/// let task = obs::in_current(async {
///     reindex().await; // its lines carry the request's ids
/// });
/// # drop(task);
/// ```
pub fn in_current<F: Future>(future: F) -> InCurrent<F> {
    InCurrent { inner: Some(future), here: Here::now() }
}

/// As [`in_current`], for a closure that runs elsewhere: on a thread, in a pool of threads, in `JoinSet::spawn_blocking`.
///
/// ```
/// let thread = std::thread::spawn(obs::in_current_call(|| {
///     // Its lines carry the request's ids.
/// }));
/// # thread.join().unwrap();
/// ```
pub fn in_current_call<R>(work: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let here = Here::now();
    move || here.run(work)
}

/// What is current at one place.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    entry: Option<Arc<Entry>>,
    context: Option<Context>,
    carried: Carried,
}

impl Here {
    pub(crate) fn now() -> Self {
        let context = context::current();
        // What is around a request is entered with its context.
        let is_around = context.as_ref().is_some_and(|context| context.local().around().is_some());
        let entry = if is_around { None } else { Entry::current() };
        Self { entry, context, carried: Carried::here() }
    }

    /// Runs `work` in what was current.
    pub(crate) fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.entry.as_ref().map(Entry::enter);
        let _subscriber = self.carried.enter_subscriber();
        let _scope = self.context.as_ref().map(enter_poll);
        let _span = self.carried.enter_span();
        work()
    }
}

pin_project! {
    /// The future of [`in_current`].
    ///
    /// # Cancel safety
    /// As that of the future inside, which is dropped in what was current too.
    #[must_use = "futures do nothing unless polled"]
    pub struct InCurrent<F> {
        #[pin]
        inner: Option<F>,
        here: Here,
    }

    impl<F> PinnedDrop for InCurrent<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                this.here.run(|| this.inner.set(None));
            }
        }
    }
}

impl<F: Future> Future for InCurrent<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.here.run(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else { panic!("polled after it was ready") };
            let polled = inner.poll(task);
            if polled.is_ready() {
                this.inner.set(None);
            }
            polled
        })
    }
}

impl<F> fmt::Debug for InCurrent<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InCurrent").finish_non_exhaustive()
    }
}
