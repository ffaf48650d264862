//! Opens a place on a thread that may be left behind: neither a name nor a handshake that takes its time holds up an end.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use obs_core::time;

use super::{Place, SLICE, Wire};
use crate::retry::Patience;

/// A place that is opened by one thread at a time: one that hangs is not joined by others.
#[derive(Clone)]
pub(super) struct Site {
    place: Arc<dyn Place>,
    is_dialled: Arc<AtomicBool>,
}

impl Site {
    pub(super) fn new(place: Arc<dyn Place>) -> Self {
        Self { place, is_dialled: Arc::default() }
    }

    /// The same place, for whoever has nothing to do with those that open this one.
    pub(super) fn again(&self) -> Self {
        Self::new(Arc::clone(&self.place))
    }

    fn begin(&self) -> Option<Dialling> {
        let was_dialled = self.is_dialled.swap(true, Ordering::AcqRel);
        (!was_dialled).then(|| Dialling(Arc::clone(&self.is_dialled)))
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// Held while a place is being opened.
struct Dialling(Arc<AtomicBool>);

impl Drop for Dialling {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Opens it within `timeout` and before the end, and does with it there what is to be done first.
pub(super) fn dial<T: Send + 'static>(
    site: &Site,
    timeout: Duration,
    patience: &(impl Patience + ?Sized),
    then: impl FnOnce(Box<dyn Wire>) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let until = time::deadline(timeout);
    let dialling = loop {
        if let Some(dialling) = site.begin() {
            break dialling;
        }
        if Instant::now() > until || is_over(patience) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(SLICE.min(timeout));
    };
    let (done, opened) = mpsc::sync_channel(1);
    let place = Arc::clone(&site.place);
    let open = move || {
        let _silence = obs_core::context::silence();
        // Where nobody waits any longer, it is closed again.
        let opened = place.open(until).and_then(then);
        drop(dialling);
        let _ = done.send(opened);
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::retry::Until;

    const SOON: Duration = Duration::from_millis(60);

    fn patience() -> Until {
        Until(Instant::now() + Duration::from_secs(30))
    }

    /// Counts who opens it and is not back.
    struct Counting<P> {
        place: P,
        inside: Arc<AtomicU32>,
    }

    impl<P: fmt::Display> fmt::Display for Counting<P> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.place.fmt(f)
        }
    }

    impl<P: Place> Place for Counting<P> {
        fn open(&self, until: Instant) -> io::Result<Box<dyn Wire>> {
            self.inside.fetch_add(1, Ordering::SeqCst);
            let opened = self.place.open(until);
            self.inside.fetch_sub(1, Ordering::SeqCst);
            opened
        }
    }

    fn site(place: impl Place + 'static) -> (Site, Arc<AtomicU32>) {
        let inside = Arc::default();
        (Site::new(Arc::new(Counting { place, inside: Arc::clone(&inside) })), inside)
    }

    /// Hangs until somebody has sent.
    struct Hangs(Mutex<mpsc::Receiver<()>>);

    impl fmt::Display for Hangs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("hangs")
        }
    }

    impl Place for Hangs {
        fn open(&self, _: Instant) -> io::Result<Box<dyn Wire>> {
            let _ = self.0.lock().unwrap().recv();
            Err(io::ErrorKind::ConnectionRefused.into())
        }
    }

    #[test]
    fn a_place_that_hangs_is_not_opened_once_more_before_it_is_back() {
        let (go_on, hangs) = mpsc::channel();
        let (site, inside) = site(Hangs(Mutex::new(hangs)));
        for _ in 0..4 {
            let error = dial(&site, SOON, &patience(), Ok).err().unwrap();
            assert_eq!((error.kind(), inside.load(Ordering::SeqCst)), (io::ErrorKind::TimedOut, 1));
        }
        drop(go_on);
        let error = dial(&site, Duration::from_secs(30), &patience(), Ok).err().unwrap();
        assert_eq!((error.kind(), inside.load(Ordering::SeqCst)), (io::ErrorKind::ConnectionRefused, 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_that_takes_nobody_leaves_no_thread_behind() {
        use super::super::SocketSettings;
        use super::super::address::{Address, Dialled};
        use socket2::{Domain, SockAddr, Socket, Type};

        let path = std::env::temp_dir().join(format!("obs-dial-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let (address, stream) =
            (SockAddr::unix(&path).unwrap(), || Socket::new(Domain::UNIX, Type::STREAM, None));
        let listener = stream().unwrap();
        listener.bind(&address).unwrap();
        listener.listen(1).unwrap();
        let mut waiting = Vec::new();
        loop {
            let socket = stream().unwrap();
            socket.set_nonblocking(true).unwrap();
            match socket.connect(&address) {
                Ok(()) => waiting.push(socket),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let address = Address::Unix(path.clone());
        let (site, inside) = site(Dialled { address, tls: None, settings: SocketSettings::new() });
        for _ in 0..4 {
            let error = dial(&site, SOON, &patience(), Ok).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            let begun = Instant::now();
            while inside.load(Ordering::SeqCst) > 0 {
                assert!(begun.elapsed() < Duration::from_secs(10), "it waits on");
                std::thread::yield_now();
            }
        }
        // And it is had again once it takes somebody.
        waiting.clear();
        while listener.accept().is_ok_and(|_| dial(&site, SOON, &patience(), Ok).is_err()) {}
        std::fs::remove_file(&path).unwrap();
    }
}
