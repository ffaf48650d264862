//! A stream whose items are put into it by a future: what is open around the future is open for each of them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use sqlx::{Database, Either, Error};

/// What a query gives.
pub(super) type Step<DB> = Either<<DB as Database>::QueryResult, <DB as Database>::Row>;

/// Where an item waits for the one who asked for it.
pub(super) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    /// Hands an item over, and goes on when the next one is asked for.
    async fn put(&self, item: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(item);
        let mut is_asked = false;
        // Nobody has to be woken: whoever is given the item asks again by itself.
        poll_fn(|_| if std::mem::replace(&mut is_asked, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The stream of what `work` puts into the slot it was given.
pub(super) struct Rows<'e, T> {
    /// `None` once it has ended.
    work: Option<BoxFuture<'e, Result<(), Error>>>,
    slot: Slot<T>,
}

impl<'e, T: Send + 'e> Rows<'e, T> {
    pub(super) fn new<F>(work: impl FnOnce(Slot<T>) -> F) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'e,
    {
        let room = Arc::new(Mutex::new(None));
        Self { work: Some(Box::pin(work(Slot(Arc::clone(&room))))), slot: Slot(room) }
    }
}

impl<T> Stream for Rows<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let polled = work.as_mut().poll(task);
        if let Some(item) = self.slot.take() {
            return Poll::Ready(Some(Ok(item)));
        }
        let ended = ready!(polled);
        self.work = None;
        Poll::Ready(ended.err().map(Err))
    }
}

/// Puts all that a query gives into the slot, and says how many rows there were, if any.
pub(super) async fn pour<DB: Database>(
    mut steps: impl Stream<Item = Result<Step<DB>, Error>> + Unpin,
    slot: &Slot<Step<DB>>,
) -> Result<Option<u64>, Error> {
    let mut rows = 0;
    while let Some(step) = poll_fn(|task| Pin::new(&mut steps).poll_next(task)).await {
        let step = step?;
        rows += u64::from(step.is_right());
        slot.put(step).await;
    }
    Ok(Some(rows).filter(|rows| *rows > 0))
}
