//! Polls a future inside of the context of the work it does.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};

use super::{Describe, Judged, Opened};
use crate::context::{self, Context};

impl<D: Describe> Opened<D> {
    /// Does the work: `future` is polled, and dropped, inside of the context, and what it gives is judged by `judge`.
    ///
    /// # Panics
    /// Where `future` does, after that was told.
    ///
    /// # Cancel safety
    /// As `future` itself; a drop is told as cancelled.
    pub async fn run<F, J>(mut self, future: F, judge: J) -> F::Output
    where
        F: Future,
        J: for<'a> FnOnce(&'a F::Output, &mut D) -> Judged<'a>,
    {
        let mut room = pin!(Some(future));
        // Dropped in front of the guard, so that what the future does as it is dropped comes before the end.
        let mut polled = Polled { context: self.context().cloned(), future: room.as_mut() };
        let output = match poll_fn(|task| polled.poll(task)).await {
            Ok(output) => output,
            Err(panic) => {
                drop(polled);
                self.panicked(panic_text(&*panic));
                resume_unwind(panic)
            }
        };
        drop(polled);
        self.judge(&output, judge);
        output
    }

    /// As [`Opened::run`], for work that is no future.
    ///
    /// # Panics
    /// Where `work` does, after that was told.
    pub fn call<T>(
        mut self,
        work: impl FnOnce() -> T,
        judge: impl for<'a> FnOnce(&'a T, &mut D) -> Judged<'a>,
    ) -> T {
        let scope = self.context().map(context::enter_poll);
        let done = catch_unwind(AssertUnwindSafe(work));
        drop(scope);
        match done {
            Ok(output) => {
                self.judge(&output, judge);
                output
            }
            Err(panic) => {
                self.panicked(panic_text(&*panic));
                resume_unwind(panic)
            }
        }
    }
}

/// A future that is polled, and dropped, inside of a context.
struct Polled<'f, F> {
    context: Option<Context>,
    future: Pin<&'f mut Option<F>>,
}

impl<F: Future> Polled<'_, F> {
    /// Ready with what it gave, or with its panic; the future is gone by then.
    fn poll(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<F::Output, Box<dyn Any + Send>>> {
        let _scope = self.context.as_ref().map(context::enter_poll);
        let future = &mut self.future;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(inner) = future.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = inner.poll(task);
            if polled.is_ready() {
                future.set(None);
            }
            polled
        }));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl<F> Drop for Polled<'_, F> {
    fn drop(&mut self) {
        if self.future.is_some() {
            let _scope = self.context.as_ref().map(context::enter_poll);
            self.future.set(None);
        }
    }
}

/// The text of a panic, where it has one.
pub fn panic_text(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
