//! Tasks of tokio that stay part of the work they were spawned in.

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::carry::{Here, in_current, in_current_call};

/// `tokio::spawn` for work that belongs to what is going on here: the task's lines carry the request's ids, its spans
/// are children of the current one, its metrics keep exemplars of the trace; also where the installation is not the
/// process's own.
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::spawn` does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(in_current(future))
}

/// `tokio::task::spawn_blocking` for work that belongs to what is going on here, as [`spawn`].
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::task::spawn_blocking` does.
#[track_caller]
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let here = Here::now();
    tokio::task::spawn_blocking(move || here.run(work))
}

/// What [`spawn`] and [`spawn_blocking`] do, for the tasks of a `JoinSet`.
///
/// ```
/// use obs::JoinSetExt;
///
/// # async fn price(_: u32) -> u32 { 7 }
/// # async fn example() {
/// let mut prices = tokio::task::JoinSet::new();
/// for item in 1..=3 {
///     prices.spawn_in_current(price(item)); // its lines and spans are the request's
/// }
/// # prices.join_all().await;
/// # }
/// ```
pub trait JoinSetExt<T> {
    /// `JoinSet::spawn` for work that belongs to what is going on here.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    fn spawn_in_current<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static;

    /// `JoinSet::spawn_blocking` for work that belongs to what is going on here.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    fn spawn_blocking_in_current<F>(&mut self, work: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static;
}

impl<T: Send + 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_in_current<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.spawn(in_current(future))
    }

    #[track_caller]
    fn spawn_blocking_in_current<F>(&mut self, work: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.spawn_blocking(in_current_call(work))
    }
}
