//! Warns of requests that took long or were large, when they end, and not more often than a reader can take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use obs_core::context::{self, Context, Route, is_silenced};
use obs_core::keys::target;
use obs_core::observe::{End, Observer, Request, Verdict};

use crate::config::Requests;

/// Of each kind so many a second are told.
const A_SECOND: u64 = 10;

/// Told of each request that ends; there where anything is to be warned of.
pub(crate) struct Warnings {
    slow: Option<(Duration, Told)>,
    large_request: Option<(u64, Told)>,
    large_response: Option<(u64, Told)>,
}

impl Warnings {
    /// `None` where nothing is to be warned of, so that requests pay nothing for it.
    pub(crate) fn of(choices: &Requests) -> Option<Box<dyn Observer>> {
        let large = |bytes: Option<u64>| bytes.map(|bytes| (bytes, Told::default()));
        let warnings = Self {
            slow: choices.slow.map(|time| (time, Told::default())),
            large_request: large(choices.large_request),
            large_response: large(choices.large_response),
        };
        let any =
            warnings.slow.is_some() || warnings.large_request.is_some() || warnings.large_response.is_some();
        any.then(|| Box::new(warnings) as _)
    }
}

impl Observer for Warnings {
    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, _: Verdict) {
        let told = [
            over(&self.slow, Some(end.duration)).map(|told| ("slow request", told)),
            over(&self.large_request, end.request_bytes).map(|told| ("large request body", told)),
            over(&self.large_response, Some(end.response_bytes)).map(|told| ("large response body", told)),
        ];
        for (message, told) in told.into_iter().flatten() {
            told.warn(message, context, request, end);
        }
    }
}

fn over<N: PartialOrd>(limit: &Option<(N, Told)>, value: Option<N>) -> Option<&Told> {
    let (limit, told) = limit.as_ref()?;
    (value? >= *limit).then_some(told)
}

/// How many of one kind were told in one second. What two threads do at the border of two may tell one more.
#[derive(Debug, Default)]
struct Told {
    second: AtomicU64,
    count: AtomicU64,
    suppressed: AtomicU64,
}

impl Told {
    /// How many were left out before this one, where it may be told.
    fn take(&self, now: u64) -> Option<u64> {
        if self.second.swap(now, Ordering::Relaxed) != now {
            self.count.store(0, Ordering::Relaxed);
        }
        if self.count.fetch_add(1, Ordering::Relaxed) >= A_SECOND {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.suppressed.swap(0, Ordering::Relaxed))
    }

    #[cold]
    fn warn(&self, message: &str, context: &Context, request: &Request<'_>, end: &End<'_>) {
        let at = request.started.after(end.duration).unix_nanos() / 1_000_000_000;
        if is_silenced() {
            return;
        }
        let Some(suppressed) = self.take(at) else { return };
        // As a line of the request itself: with its ids, and in its installation.
        let _scope = context::enter_poll(context);
        tracing::warn!(
            target: target::REQUESTS,
            method = request.method.as_str(),
            route = context.local().route().unwrap_or(Route::UNMATCHED).as_str(),
            status_code = end.status,
            outcome = end.outcome.as_str(),
            duration_ms = end.duration.as_secs_f64() * 1e3,
            request_bytes = end.request_bytes,
            response_bytes = end.response_bytes,
            suppressed = (suppressed > 0).then_some(suppressed),
            "{message}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_are_told_and_the_next_says_how_many_were_not() {
        let told = Told::default();
        let first: Vec<_> = (0..13).map(|_| told.take(7)).collect();
        assert_eq!(first[..10], [Some(0); 10]);
        assert_eq!(first[10..], [None; 3]);
        assert_eq!((told.take(8), told.take(8)), (Some(3), Some(0)));
    }
}
