//! Accepts connections within limits and answers them by path.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use super::{Access, Endpoint, Guard, Runs, reply};

/// More scrapers than this wait in the accept queue.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may take to send a head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may last: clients that do not read must not keep the others out.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// How large a request's head may be, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How long to wait after accepting failed, for lack of file descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Runs until it is dropped.
pub(super) async fn accept(listener: TcpListener, endpoints: Vec<Endpoint>, guard: Guard) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let endpoints: Arc<[Endpoint]> = endpoints.into();
    let longest =
        endpoints.iter().filter_map(|endpoint| endpoint.lasts).fold(CONNECTION_TIMEOUT, Duration::max);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (endpoints, guard) = (Arc::clone(&endpoints), guard.clone());
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(|request: Request<Incoming>| {
                let (endpoints, guard) = (Arc::clone(&endpoints), guard.clone());
                async move {
                    let response = respond(endpoints, request.map(drop), &guard, peer);
                    Ok::<_, Infallible>(response.await.map(Full::new))
                }
            });
            // A client that breaks off is its own affair.
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                // One request each: a scraper that comes every few seconds loses nothing by it.
                .keep_alive(false)
                .max_buf_size(MAX_HEAD)
                .serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(longest, connection).await;
        });
    }
}

async fn respond(
    endpoints: Arc<[Endpoint]>,
    request: Request<()>,
    guard: &Guard,
    peer: SocketAddr,
) -> Response<Bytes> {
    let Some(at) = endpoints.iter().position(|endpoint| endpoint.path == request.uri().path()) else {
        return not_found(&endpoints);
    };
    if endpoints[at].access == Access::Guarded
        && let Some(refusal) = guard.refusal(&request, peer)
    {
        return refusal;
    }
    if endpoints[at].runs == Runs::AtOnce {
        return (endpoints[at].respond)(&request);
    }
    let answer = tokio::task::spawn_blocking(move || {
        // As on the admin thread: what is done here is not telemetry.
        let _silence = obs_core::context::silence();
        (endpoints[at].respond)(&request)
    });
    answer.await.unwrap_or_else(|_| {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

fn not_found(endpoints: &[Endpoint]) -> Response<Bytes> {
    let paths: Vec<_> = endpoints.iter().map(|endpoint| endpoint.path).collect();
    reply::text(StatusCode::NOT_FOUND, &format!("not found; there is {}", paths.join(", ")))
}
