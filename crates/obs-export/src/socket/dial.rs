//! Opens a place on a thread that may be left behind: neither a name nor a handshake that takes its time holds up an end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use obs_core::time;

use super::{Place, SLICE, Wire};
use crate::queue::Control;

/// Opens it within `timeout` and before the end.
pub(super) fn dial(
    place: &Arc<dyn Place>,
    timeout: Duration,
    control: &Control,
) -> io::Result<Box<dyn Wire>> {
    let until = time::deadline(timeout);
    let (done, opened) = mpsc::sync_channel(1);
    let place = Arc::clone(place);
    let open = move || {
        let _silence = obs_core::context::silence();
        // Where nobody waits any longer, it is closed again.
        let _ = done.send(place.open(until));
    };
    std::thread::Builder::new().name(String::from("obs-dial")).spawn(open)?;
    loop {
        match opened.recv_timeout(SLICE) {
            Ok(opened) => return opened,
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("it ended by a panic")),
            // A little later than what opens it, which knows better why.
            Err(RecvTimeoutError::Timeout) if Instant::now() > until + 2 * SLICE || control.is_over() => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
