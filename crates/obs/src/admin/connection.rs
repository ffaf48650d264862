//! One connection: private where it is to be, one request, one answer, and an end in any case.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::time::error::Elapsed;

use super::caller::{Caller, Peer};
use super::counts::Refused;
use super::heard::Heard;
use super::places::{Place, Stage};
use super::serve::Served;
use super::socket::Stream;

/// How long a client may take to send a head, and before it to make the connection private.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may last, unless its answer takes longer to make: clients that do not read must not keep the
/// others out.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// How large a request's head may be, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// What is read of a request after it has been answered, in bytes and time: a client that is cut off while it sends reads no
/// answer.
const REST: (usize, Duration) = (4 * 1024 * 1024, Duration::from_secs(1));

/// Answers whoever is at the other end of `stream`.
pub(super) async fn serve(served: Arc<Served>, stream: Box<dyn Stream>, peer: Peer, place: Place) {
    let web = served.web.current().await;
    let stage = place.stage();
    let stream: Box<dyn Stream> = Box::new(Heard { stream, stage: Arc::clone(&stage) });
    let (stream, is_certified) = match &web.tls {
        None => (stream, false),
        Some(tls) => match tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(private)) => private,
            Ok(Err(_)) => return served.counts.refused(Refused::Tls),
            Err(_) => return served.counts.refused(Refused::Slow),
        },
    };
    let caller = Caller { peer, is_certified };
    let service = service_fn(|request: Request<Incoming>| {
        let (served, web, stage) = (Arc::clone(&served), Arc::clone(&web), Arc::clone(&stage));
        Stage::Heard.reach(&stage);
        async move {
            let response = served.respond(&request.map(drop), &web, caller, &stage).await;
            Ok::<_, Infallible>(response.map(Full::new))
        }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // One request each: a scraper that comes every few seconds loses nothing by it, and what stands behind a request
        // is never taken for another one.
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let times = (CONNECTION_TIMEOUT, served.longest(CONNECTION_TIMEOUT));
    match in_time(&mut connection, times, &stage).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.is_timeout() => return served.counts.refused(Refused::Slow),
        Ok(Err(error)) if error.is_parse() => served.counts.refused(Refused::Malformed),
        // A client that breaks off is its own affair.
        Ok(Err(_)) => return,
        Err(_) => return served.counts.refused(Refused::Slow),
    }
    let mut stream = connection.into_parts().io.into_inner();
    let rest = async {
        let (mut left, mut buffer) = (REST.0, [0; 8 * 1024]);
        while let Ok(read @ 1..) = stream.read(&mut buffer).await
            && left > read
        {
            left -= read;
        }
    };
    let _ = tokio::time::timeout(REST.1, rest).await;
}

/// What a connection comes to within the usual time, or within the longest where it is at what takes long by then.
async fn in_time<F: Future + Unpin>(
    connection: &mut F,
    (usual, longest): (Duration, Duration),
    stage: &AtomicU8,
) -> Result<F::Output, Elapsed> {
    match tokio::time::timeout(usual, &mut *connection).await {
        Err(_) if Stage::is_lasting(stage) => {
            tokio::time::timeout(longest.saturating_sub(usual), connection).await
        }
        ended => ended,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// How long a connection that does not end by itself lasts.
    fn lasts(stage: Stage, times: (Duration, Duration)) -> Duration {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let place = AtomicU8::new(0);
        stage.reach(&place);
        let begun = Instant::now();
        let ended = runtime.block_on(in_time(&mut std::future::pending::<()>(), times, &place));
        assert!(ended.is_err());
        begun.elapsed()
    }

    #[test]
    fn a_connection_lasts_longer_only_where_what_it_asked_for_does() {
        let soon = Duration::from_millis(1);
        for stage in [Stage::Silent, Stage::Speaking, Stage::Heard] {
            assert!(lasts(stage, (soon, LONG)) < LONG / 2, "{stage:?}");
        }
        let later = Duration::from_millis(50);
        assert!(lasts(Stage::Lasting, (soon, later)) >= later);
    }

    #[test]
    fn an_answer_that_is_made_in_the_longer_time_is_sent() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let place = AtomicU8::new(0);
        Stage::Lasting.reach(&place);
        let made = Duration::from_millis(20);
        let ended = runtime.block_on(async {
            let mut answer = Box::pin(tokio::time::sleep(made));
            in_time(&mut answer, (made / 20, LONG), &place).await
        });
        assert!(ended.is_ok());
    }
}
