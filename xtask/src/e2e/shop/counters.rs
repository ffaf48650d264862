//! That the counters of all three are, to the unit, what was sent, on both sides of each call.

use super::super::counts::{Counts, counts, equal};
use super::super::eventually::eventually;
use super::hop::{Hop, PAY, Side};
use super::{Fates, Seen};
use crate::Result;
use crate::exposition::{Labels, label, total};
use crate::service::TEXT;
use crate::shop::Part;

const SERVER: [&str; 3] = ["route", "method", "status_code"];
const CLIENT: [&str; 4] = ["target", "route", "method", "status_code"];

pub(super) fn scraped(seen: &Seen<'_>) -> Result<String> {
    let mut series = 0;
    for (part, service) in seen.services() {
        series += compared(seen, part, |family| {
            let scrape = service.scrape(TEXT)?;
            Ok(scrape.named(family).map(|sample| (sample.labels.clone(), sample.value)).collect())
        })?;
    }
    Ok(format!("{series} series"))
}

pub(super) fn queried(seen: &Seen<'_>) -> Result<String> {
    let mut series = 0;
    for part in Part::ALL {
        series += compared(seen, part, |family| {
            seen.prometheus.query(&format!("{family}{{job=\"{}\"}}", part.name()))
        })?;
    }
    Ok(format!("{series} series"))
}

/// How many series of requests and of calls there are, each of them right.
fn compared(seen: &Seen<'_>, part: Part, read: impl Fn(&str) -> Result<Vec<(Labels, f64)>>) -> Result<usize> {
    let mut series = 0;
    for (family, by, is_client) in
        [("http_requests_total", &SERVER[..], false), ("http_client_requests_total", &CLIENT[..], true)]
    {
        let expected = expected(seen, part, is_client);
        // A request is counted when its body has left, which the client may learn a moment before.
        eventually(|| {
            let samples = read(family)?;
            let seen = counts(samples.iter().map(|(labels, value)| (labels, *value)), by);
            equal(&seen, &expected).map_err(|error| format!("{} {family}: {error}", part.name()))
        })?;
        series += expected.len();
    }
    Ok(series)
}

/// By what the answers said, and for payments that were not taken by the rates the service was told.
fn expected(seen: &Seen<'_>, part: Part, is_client: bool) -> Counts {
    let mut counts = Counts::new();
    let hops = seen.sent.iter().flat_map(|sent| &sent.way);
    for hop in hops.filter(|hop| hop.service == part && (hop.side != Side::Server) == is_client) {
        if let [status] = hop.statuses {
            *counts.entry(key(hop, status)).or_default() += 1.0;
        } else {
            let Fates { failed, panicked, .. } = seen.fates;
            let of = |status| if status == "502" { failed } else { panicked } as f64;
            counts.extend(hop.statuses.iter().map(|status| (key(hop, status), of(*status))));
        }
    }
    counts
}

fn key(hop: &Hop, status: &str) -> Vec<String> {
    let target = match hop.side {
        Side::Server => None,
        Side::Client(target) => Some(target.name()),
    };
    let own = [hop.route, hop.method, status];
    target.into_iter().chain(own).map(str::to_owned).collect()
}

/// The rates as the customer has seen them.
pub(super) fn unpaid(seen: &Seen<'_>) -> Result<String> {
    let placed: Vec<_> = seen.sent.iter().filter_map(|sent| sent.placed.as_ref()).collect();
    let unpaid = placed.iter().filter(|placed| !placed.is_paid).count();
    let Fates { failed, panicked, .. } = seen.fates;
    if unpaid == failed + panicked {
        Ok(format!("{unpaid} of {}", placed.len()))
    } else {
        Err(format!("{unpaid} of {} and not {failed} + {panicked}", placed.len()))
    }
}

/// How durations are counted, and that the slow ones are.
pub(super) fn durations(seen: &Seen<'_>) -> Result<String> {
    for (part, service) in seen.services() {
        let scrape = service.scrape(TEXT)?;
        for (counter, histogram, by) in [
            ("http_requests_total", "http_request_duration_seconds_count", &SERVER[..2]),
            ("http_client_requests_total", "http_client_request_duration_seconds_count", &CLIENT[..3]),
        ] {
            let of = |name| counts(scrape.named(name).map(|sample| (&sample.labels, sample.value)), by);
            equal(&of(histogram), &of(counter))
                .map_err(|error| format!("{} {histogram}: {error}", part.name()))?;
        }
    }
    let slow = |part: usize, family: &str| -> Result<f64> {
        let scrape = seen.shop.services()[part].scrape(TEXT)?;
        let buckets = |at_most: &str| {
            let own = scrape.named(family).filter(|sample| label(&sample.labels, "route") == PAY);
            total(own.filter(|sample| label(&sample.labels, "le") == at_most))
        };
        Ok(buckets("+Inf") - buckets("0.25"))
    };
    let taken = slow(Part::Payments as usize, "http_request_duration_seconds_bucket")?;
    let waited = slow(Part::Orders as usize, "http_client_request_duration_seconds_bucket")?;
    // A slow payment takes 300 ms; on a machine that is busy another may be slow too, but never all.
    let least = seen.fates.slow as f64;
    let most = seen.fates.begun as f64;
    if (least..most).contains(&taken) && (least..most).contains(&waited) {
        Ok(format!("{taken} payments and {waited} calls took more than 250 ms"))
    } else {
        Err(format!("{taken} payments and {waited} calls took more than 250 ms, with {least} slow ones"))
    }
}

pub(super) fn errors(seen: &Seen<'_>) -> Result<String> {
    let Fates { failed, panicked, .. } = seen.fates;
    let both = (failed + panicked) as f64;
    let kinds = |pairs: &[(&str, f64)]| -> Counts {
        pairs.iter().map(|(kind, count)| (vec![(*kind).to_owned()], *count)).collect()
    };
    let answers = kinds(&[("server_error", both)]);
    // A panic cuts the connection.
    let calls = kinds(&[("reset", panicked as f64), ("server_error", failed as f64)]);
    let payments = kinds(&[("panicked", panicked as f64), ("server_error", failed as f64)]);
    let expected = [(&answers, &answers), (&answers, &calls), (&payments, &Counts::new())];
    for ((part, service), (requests, calls)) in seen.services().into_iter().zip(expected) {
        eventually(|| {
            let scrape = service.scrape(TEXT)?;
            let of = |name| {
                let mut counts =
                    counts(scrape.named(name).map(|sample| (&sample.labels, sample.value)), &["kind"]);
                counts.retain(|_, count| *count != 0.0);
                counts
            };
            for (name, expected) in
                [("http_request_errors_total", requests), ("http_client_request_errors_total", calls)]
            {
                equal(&of(name), expected).map_err(|error| format!("{} {name}: {error}", part.name()))?;
            }
            let names = [
                "http_requests_in_flight",
                "http_requests_cancelled_total",
                "http_client_requests_cancelled_total",
            ];
            match names.iter().find(|name| scrape.sum(name) != 0.0) {
                None => Ok(()),
                Some(name) => Err(format!("{} {name} is {}", part.name(), scrape.sum(name))),
            }
        })?;
    }
    Ok(format!("{failed} failed, {panicked} panicked"))
}
