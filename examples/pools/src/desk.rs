//! What is done with a pool, whatever its type: connections are taken, wanted, kept and given back.

use std::any::Any;
use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A connection of whatever type; dropped, it goes back.
type Connection = Box<dyn Any + Send>;
type Given = Result<Connection, Box<dyn Error + Send + Sync>>;
type Acquire = Pin<Box<dyn Future<Output = Given> + Send>>;

/// One pool, and who has or wants its connections.
pub(crate) struct Desk {
    acquire: Box<dyn Fn() -> Acquire + Send + Sync>,
    kept: Mutex<Vec<Connection>>,
    wanting: Mutex<Vec<JoinHandle<()>>>,
}

impl Desk {
    pub(crate) fn new<P, F, C, E>(pool: P, acquire: fn(P) -> F) -> Self
    where
        P: Clone + Send + Sync + 'static,
        F: Future<Output = Result<C, E>> + Send + 'static,
        C: Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let acquire = move || -> Acquire {
            let given = acquire(pool.clone());
            Box::pin(async move { given.await.map(|given| Box::new(given) as _).map_err(Into::into) })
        };
        Self { acquire: Box::new(acquire), kept: Mutex::default(), wanting: Mutex::default() }
    }

    /// Takes connections and keeps them.
    pub(crate) async fn hold(&self, connections: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
        for _ in 0..connections {
            let given = (self.acquire)().await?;
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(given);
        }
        Ok(())
    }

    /// Begins acquires, and comes back once all of them wait or have ended. What they get goes back at once.
    pub(crate) async fn want(&self, connections: usize) {
        for _ in 0..connections {
            let mut acquire = (self.acquire)();
            let (waits, begun) = oneshot::channel();
            let wanting = obs::spawn(async move {
                let first = poll_fn(|task| Poll::Ready(acquire.as_mut().poll(task))).await;
                let _ = waits.send(());
                drop(match first {
                    Poll::Ready(given) => given,
                    Poll::Pending => acquire.await,
                });
            });
            self.wanting.lock().unwrap_or_else(PoisonError::into_inner).push(wanting);
            let _ = begun.await;
        }
    }

    /// Gives up every acquire that has not ended.
    pub(crate) async fn leave(&self) {
        let wanting = std::mem::take(&mut *self.wanting.lock().unwrap_or_else(PoisonError::into_inner));
        for one in wanting {
            one.abort();
            let _ = one.await;
        }
    }

    /// Gives back what is kept.
    pub(crate) fn free(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        drop(kept);
    }
}
