//! Opens a place on a thread that may be left behind: neither a name nor a handshake that takes its time holds up an end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use obs_core::time;

use super::{Place, SLICE, Wire};
use crate::retry::Patience;

/// Opens it within `timeout` and before the end, and does with it there what is to be done first.
pub(super) fn dial<T: Send + 'static>(
    place: &Arc<dyn Place>,
    timeout: Duration,
    patience: &(impl Patience + ?Sized),
    then: impl FnOnce(Box<dyn Wire>) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let until = time::deadline(timeout);
    let (done, opened) = mpsc::sync_channel(1);
    let place = Arc::clone(place);
    let open = move || {
        let _silence = obs_core::context::silence();
        // Where nobody waits any longer, it is closed again.
        let _ = done.send(place.open(until).and_then(then));
    };
    std::thread::Builder::new().name(String::from("obs-dial")).spawn(open)?;
    loop {
        match opened.recv_timeout(SLICE) {
            Ok(opened) => return opened,
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("it ended by a panic")),
            // A little later than what opens it, which knows better why.
            Err(RecvTimeoutError::Timeout) if Instant::now() > until + 2 * SLICE || is_over(patience) => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Whether there is no time left.
pub(super) fn is_over(patience: &(impl Patience + ?Sized)) -> bool {
    // In this order: a deadline that says `now` has passed.
    patience.deadline().is_some_and(|deadline| deadline <= Instant::now())
}
