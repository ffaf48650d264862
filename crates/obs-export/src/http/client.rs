//! An HTTP/1.1 client that runs on the calling thread, bounded in time and in what it reads.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use obs_core::time;
use tokio::runtime::Runtime;

use super::{Endpoint, HeaderError, SendError};
use crate::queue::Control;

/// How often a request in flight looks whether the queue has been given a deadline.
const TICK: Duration = Duration::from_millis(20);
/// An idle connection is not used again after this long: most servers close theirs a little later, and nobody runs
/// here meanwhile to see it.
const IDLE: Duration = Duration::from_secs(3);

/// Longer time-outs mean none, and must not bring the sums of the connector and the runtime near the end of the clock.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands before a batch, the batch, and what stands after it: sent without joining them.
type Payload = Chain<Chain<Bytes, Bytes>, Bytes>;

/// Time-outs and headers of a [`Client`].
#[derive(Clone)]
#[must_use]
pub struct ClientSettings {
    connect_timeout: Duration,
    request_timeout: Duration,
    headers: HeaderMap,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientSettings {
    /// 5 s to connect, 10 s for a whole exchange, no headers but our own.
    pub fn new() -> Self {
        let mut headers = HeaderMap::new();
        let agent = concat!("obs/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        Self { connect_timeout: Duration::from_secs(5), request_timeout: Duration::from_secs(10), headers }
    }

    /// How long a connection may take; default 5 s, at most a day.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// How long one attempt may take from connecting to the end of the answer; default 10 s, at most a
    /// day.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// A header sent along with each request, such as `authorization`. Its value is never printed. A second value
    /// for the same name replaces the first.
    ///
    /// # Errors
    /// [`HeaderError`] when the name or the value cannot stand in a header, or when the header is the client's own:
    /// those that frame the message, and `content-type`.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::Name)?;
        let own = [
            header::CONNECTION,
            header::CONTENT_ENCODING,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::EXPECT,
            header::HOST,
            header::TE,
            header::TRANSFER_ENCODING,
            header::UPGRADE,
        ];
        if own.contains(&name) {
            return Err(HeaderError::Reserved(name.as_str().to_owned()));
        }
        let mut value =
            HeaderValue::from_str(value).map_err(|_| HeaderError::Value(name.as_str().to_owned()))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("ClientSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("request_timeout", &self.request_timeout)
            .field("headers", &names)
            .finish()
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, at most [`Client::MAX_RESPONSE`] bytes.
    pub body: Bytes,
}

impl Response {
    /// The media type of the body, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        value.split(';').next().map(str::trim)
    }
}

/// Owns a private current-thread runtime that runs only inside of a request, on the worker's thread. So nothing
/// depends on the service's runtime, and a service that blocks or ends its own cannot stop what is being sent.
pub struct Client {
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
    pooled: Pooled<HttpConnector, Full<Payload>>,
    settings: ClientSettings,
}

impl Client {
    /// The longest body read, in bytes: 4 MiB, the limit of OTLP. A longer one is an error, and not read on.
    pub const MAX_RESPONSE: usize = 4 * 1024 * 1024;

    /// Opens no connection yet.
    ///
    /// # Errors
    /// When the operating system gives no event queue.
    pub fn new(settings: ClientSettings) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(1)
            .thread_name("obs-resolve")
            .build()?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(settings.connect_timeout));
        connector.set_nodelay(true);
        let pooled = Pooled::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self { runtime: Some(runtime), pooled, settings })
    }

    /// Posts the parts as one body, once, and waits for the whole answer, whatever its status. Blocks at most for the request time-out, and
    /// ends shortly after the queue's deadline.
    pub(super) fn post(
        &self,
        endpoint: &Endpoint,
        content_type: &HeaderValue,
        parts: &[Bytes; 3],
        control: &Control,
    ) -> Result<Response, SendError> {
        let Some(runtime) = &self.runtime else { return Err(SendError::Over) };
        let [head, batch, tail] = parts.clone();
        let mut request = Request::new(Full::new(head.chain(batch).chain(tail)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.uri().clone();
        *request.headers_mut() = self.settings.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
        let exchange = async {
            let response =
                self.pooled.request(request).await.map_err(|error| SendError::Connection(error.into()))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, Self::MAX_RESPONSE).collect().await.map_err(read_error)?;
            Ok(Response { status: head.status, headers: head.headers, body: body.to_bytes() })
        };
        let until = time::deadline(self.settings.request_timeout);
        runtime.block_on(async { race(pin!(exchange), until, control).await })
    }
}

/// Runs `exchange` until it ends, its time is up, or the queue's deadline passes. The deadline may be set while the
/// request is in flight, so it is looked at again and again.
async fn race(
    mut exchange: Pin<&mut impl Future<Output = Result<Response, SendError>>>,
    until: Instant,
    control: &Control,
) -> Result<Response, SendError> {
    loop {
        let now = Instant::now();
        let deadline = control.deadline();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_checked_and_never_printed() {
        let settings = ClientSettings::new().header("X-Scope", "hunter2").unwrap();
        let printed = format!("{settings:?}");
        assert!(printed.contains("x-scope") && !printed.contains("hunter2"), "{printed}");
        let error = |name, value| ClientSettings::new().header(name, value).unwrap_err();
        assert_eq!(error("two words", "x"), HeaderError::Name);
        assert_eq!(error("", "x"), HeaderError::Name);
        assert_eq!(error("a", "hunter2\r\nb: c"), HeaderError::Value("a".into()));
        assert_eq!(error("Content-Length", "1"), HeaderError::Reserved("content-length".into()));
    }
}
