//! One call from any thread, inside or outside of a runtime: it is made on a thread of its own.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use obs_core::{Clock, time};
use tokio::sync::oneshot;

use super::{Attempts, Call, CallError, Client, ClientSettings, Response, Retry, Until};

/// How long after the deadline the thread is waited for: it ends by itself unless the machine hangs.
const GRACE: Duration = Duration::from_millis(250);

/// Makes single calls, each with a connection of its own: for a job that pushes at its end. Whoever sends often keeps
/// an [`Attempts`].
///
/// ```
/// use std::time::Duration;
///
/// use http::Method;
/// use obs_export::http::{Call, CallError, ClientSettings, Endpoint, Once, Retry};
///
/// let call = Call::new(Method::DELETE, Endpoint::parse("http://127.0.0.1:1/metrics/job/x")?);
/// let once = Once::new(ClientSettings::new(), Retry::new());
/// let error = once.call(call, Duration::from_millis(20)).unwrap_err();
/// assert!(matches!(error, CallError::Unreachable { .. } | CallError::Deadline { .. }));
/// # Ok::<(), obs_export::http::EndpointError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Once {
    settings: ClientSettings,
    retry: Retry,
    clock: Clock,
}

impl Once {
    /// Calls by these settings, tried again by `retry`.
    pub fn new(settings: ClientSettings, retry: Retry) -> Self {
        Self { settings, retry, clock: Clock::system() }
    }

    /// The clock that dates in `Retry-After` are compared with; default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the call and blocks this thread until it is answered, refused or given up, at most for `deadline` and a
    /// quarter of a second more. On a thread of an async runtime nothing else runs there meanwhile.
    ///
    /// # Errors
    /// [`CallError`]: anything but a 2xx answer.
    pub fn call(&self, call: Call, deadline: Duration) -> Result<Response, CallError> {
        let (done, ended) = mpsc::sync_channel(1);
        let until = time::deadline(deadline.saturating_add(GRACE));
        self.begin(call, deadline, move |result| drop(done.send(result)))?;
        match ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(CallError::Deadline { attempts: 0, last: None }),
            Err(RecvTimeoutError::Disconnected) => Err(CallError::Thread(None)),
        }
    }

    /// Makes the call without blocking the thread that awaits it.
    ///
    /// # Errors
    /// As [`Once::call`].
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the call to run on until its deadline.
    pub fn call_async(
        &self,
        call: Call,
        deadline: Duration,
    ) -> impl Future<Output = Result<Response, CallError>> + Send + use<> {
        let (done, ended) = oneshot::channel();
        let begun = self.begin(call, deadline, move |result| drop(done.send(result)));
        async move {
            begun?;
            ended.await.unwrap_or(Err(CallError::Thread(None)))
        }
    }

    fn begin(
        &self,
        call: Call,
        deadline: Duration,
        done: impl FnOnce(Result<Response, CallError>) + Send + 'static,
    ) -> Result<(), CallError> {
        let until = Until(time::deadline(deadline));
        // Beyond the deadline there is nothing to wait for, so that the last failure is what is told.
        let retry = self.retry.clone().budget_within(deadline);
        let (settings, clock) = (self.settings.clone(), self.clock.clone());
        let work = move || {
            let _silence = obs_core::context::silence();
            done(match Client::new(settings) {
                Err(error) => Err(CallError::Client(error)),
                Ok(client) => {
                    let mut attempts = Attempts::new(client).retry(retry).clock(clock);
                    attempts.send(&call, &until, |_| ()).into_result()
                }
            });
        };
        let thread = std::thread::Builder::new().name("obs-call".to_owned()).spawn(work);
        thread.map(drop).map_err(|error| CallError::Thread(Some(error)))
    }
}
