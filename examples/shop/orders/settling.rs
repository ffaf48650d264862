//! Orders that are being settled: tasks that outlive their requests, and that the end of the service waits for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Sender;
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// How long the end waits: longer than a payment and what the database takes before and behind it.
const PATIENCE: Duration = Duration::from_secs(10);

/// All of them. Clones share them.
#[derive(Clone)]
pub(crate) struct Settling(Arc<Sender<()>>);

impl Settling {
    pub(crate) fn new() -> Self {
        // Nothing is ever sent: each task is a receiver, and where there is none all are done.
        Self(Arc::new(Sender::new(())))
    }

    /// Settles an order in a task of its own, which is still part of the request.
    pub(crate) fn spawn<F>(&self, settle: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let held = self.0.subscribe();
        obs::spawn(async move {
            let settled = settle.await;
            drop(held);
            settled
        })
    }

    /// Waits until none is under way. Whoever calls it has seen to it that none begins any more.
    pub(crate) async fn done(&self) -> Result<(), Elapsed> {
        timeout(PATIENCE, self.0.closed()).await
    }
}
