//! Tasks of tokio that stay part of the work they were spawned in.

use tokio::task::JoinHandle;

use crate::carry::{Here, in_current};

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
