//! An HTTP client that runs on the calling thread, bounded in time and in what it reads.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytes::buf::Chain;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::rt::TokioExecutor;
use obs_core::time;
use tokio::runtime::Runtime;

use super::connector::{self, Connector};
use super::wire::Wire;
use super::{Call, ClientSettings, Patience, Response, SendError};

/// How often a request in flight looks whether the queue has been given a deadline.
const TICK: Duration = Duration::from_millis(20);
/// An idle connection is not used again after this long: most servers close theirs a little later, and nobody runs
/// here meanwhile to see it.
const IDLE: Duration = Duration::from_secs(3);

/// What stands before a batch, the batch, and what stands after it: sent without joining them.
pub(super) type Payload = Chain<Chain<Bytes, Bytes>, Bytes>;

/// Owns a private current-thread runtime that runs only inside of a request, on the worker's thread. So nothing
/// depends on the service's runtime, and a service that blocks or ends its own cannot stop what is being sent.
pub struct Client {
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
    pooled: Pooled<Connector, Full<Payload>>,
    connector: Connector,
    wire: &'static Wire,
    settings: ClientSettings,
}

impl Client {
    /// The longest body read, in bytes: 4 MiB, the limit of OTLP. A longer one is an error, and not read on.
    pub const MAX_RESPONSE: usize = 4 * 1024 * 1024;

    /// Opens no connection yet.
    ///
    /// # Errors
    /// When the operating system gives no event queue, or a file with certificates cannot be used.
    pub fn new(settings: ClientSettings) -> std::io::Result<Self> {
        Self::over(&Wire::HTTP, settings)
    }

    pub(super) fn over(wire: &'static Wire, settings: ClientSettings) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(1)
            .thread_name("obs-resolve")
            .build()?;
        let connector = connector::connector(&settings, wire.alpn)?;
        let pooled = pooled(connector.clone(), wire);
        Ok(Self { runtime: Some(runtime), pooled, connector, wire, settings })
    }

    /// Sends the call once and waits for the whole answer, whatever its status. Blocks at most for the request
    /// time-out, and ends shortly after the deadline.
    pub(super) fn exchange(&mut self, call: &Call, patience: &impl Patience) -> Result<Response, SendError> {
        let Some(runtime) = &self.runtime else { return Err(SendError::Over) };
        let wire = self.wire;
        let mut request = call.request(&self.settings.headers);
        if let Some(value) = self.settings.proxies.authorization(request.uri()).cloned() {
            request.headers_mut().insert(http::header::PROXY_AUTHORIZATION, value);
        }
        let exchange = async {
            let response =
                self.pooled.request(request).await.map_err(|error| SendError::Connection(error.into()))?;
            let (head, body) = response.into_parts();
            let most = Self::MAX_RESPONSE + wire.around;
            let body = Limited::new(body, most).collect().await.map_err(read_error)?;
            let trailers = body.trailers().cloned();
            (wire.read)(Response::new(head, body.to_bytes()), trailers)
        };
        let until = time::deadline(self.settings.request_timeout);
        let answer = runtime.block_on(async { race(pin!(exchange), until, patience).await });
        if answer.is_err() {
            // A connection that many requests share outlives one that got no answer; the next attempt has its own.
            self.pooled = pooled(self.connector.clone(), wire);
        }
        answer
    }
}

fn pooled(connector: Connector, wire: &Wire) -> Pooled<Connector, Full<Payload>> {
    let mut builder = Pooled::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(1);
    (wire.tune)(&mut builder);
    builder.build(connector)
}

/// Runs `exchange` until it ends, its time is up, or the queue's deadline passes. The deadline may be set while the
/// request is in flight, so it is looked at again and again.
async fn race(
    mut exchange: Pin<&mut impl Future<Output = Result<Response, SendError>>>,
    until: Instant,
    patience: &impl Patience,
) -> Result<Response, SendError> {
    loop {
        // In this order: one that says `now` has passed.
        let deadline = patience.deadline();
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Err(SendError::Over);
        }
        if until <= now {
            return Err(SendError::Timeout);
        }
        let end = deadline.map_or(until, |deadline| deadline.min(until));
        let tick = TICK.min(end - now);
        if let Ok(answer) = tokio::time::timeout(tick, exchange.as_mut()).await {
            return answer;
        }
    }
}

fn read_error(error: Box<dyn std::error::Error + Send + Sync>) -> SendError {
    if error.is::<LengthLimitError>() { SendError::ResponseTooLarge } else { SendError::Connection(error) }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Connections end here, on whatever thread that is, and h2 has something to say of it.
        let _silence = obs_core::context::silence();
        // A name look-up that hangs must not hold up the end of the process.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}
