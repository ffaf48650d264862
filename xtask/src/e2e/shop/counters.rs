//! That the counters of all three are, to the unit, what was sent, on both sides of each call.

use super::super::counts::{Counts, counts, equal};
use super::super::eventually::eventually;
use super::hop::{Hop, PANICKED, PAY_PARTS, Side};
use super::{Fates, Seen};
use crate::Result;
use crate::exposition::{Labels, label, total};
use crate::service::TEXT;
use crate::shop::Part;

const SERVER: [&str; 3] = ["route", "method", "status_code"];
const CLIENT: [&str; 4] = ["target", "route", "method", "status_code"];
const RPC_SERVER: [&str; 3] = ["service", "method", "code"];
const RPC_CLIENT: [&str; 4] = ["target", "service", "method", "code"];

/// What is counted of one side of one protocol, and by what.
struct Counted {
    family: &'static str,
    by: &'static [&'static str],
    is_client: bool,
    is_rpc: bool,
}

const COUNTED: [Counted; 4] = [
    Counted { family: "http_requests_total", by: &SERVER, is_client: false, is_rpc: false },
    Counted { family: "http_client_requests_total", by: &CLIENT, is_client: true, is_rpc: false },
    Counted { family: "rpc_server_requests_total", by: &RPC_SERVER, is_client: false, is_rpc: true },
    Counted { family: "rpc_client_requests_total", by: &RPC_CLIENT, is_client: true, is_rpc: true },
];

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
    for counted in COUNTED {
        let Counted { family, by, .. } = counted;
        let expected = expected(seen, part, &counted);
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
fn expected(seen: &Seen<'_>, part: Part, counted: &Counted) -> Counts {
    let mut counts = Counts::new();
    let hops = seen.sent.iter().flat_map(|sent| &sent.way).filter(|hop| hop.service == part);
    let is_counted =
        |hop: &&Hop| (hop.side != Side::Server) == counted.is_client && hop.is_rpc() == counted.is_rpc;
    for hop in hops.filter(is_counted) {
        if let [status] = hop.statuses {
            *counts.entry(key(hop, status)).or_default() += 1.0;
        } else {
            let Fates { failed, panicked, .. } = seen.fates;
            let of = |status| if status == PANICKED { panicked } else { failed } as f64;
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
    let [first, second] = if hop.is_rpc() { PAY_PARTS } else { [hop.route, hop.method] };
    let own = [first, second, status];
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
            ("rpc_server_requests_total", "rpc_server_request_duration_seconds_count", &RPC_SERVER[..]),
            ("rpc_client_requests_total", "rpc_client_request_duration_seconds_count", &RPC_CLIENT[..3]),
        ] {
            let of = |name| counts(scrape.named(name).map(|sample| (&sample.labels, sample.value)), by);
            equal(&of(histogram), &of(counter))
                .map_err(|error| format!("{} {histogram}: {error}", part.name()))?;
        }
    }
    let slow = |part: usize, family: &str| -> Result<f64> {
        let scrape = seen.shop.services()[part].scrape(TEXT)?;
        let buckets = |at_most: &str| {
            let own = scrape.named(family).filter(|sample| label(&sample.labels, "method") == PAY_PARTS[1]);
            total(own.filter(|sample| label(&sample.labels, "le") == at_most))
        };
        Ok(buckets("+Inf") - buckets("0.25"))
    };
    let taken = slow(Part::Payments as usize, "rpc_server_request_duration_seconds_bucket")?;
    let waited = slow(Part::Orders as usize, "rpc_client_request_duration_seconds_bucket")?;
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
    let (none, answers) = (Counts::new(), kinds(&[("server_error", both)]));
    // A panic resets its stream. Codes tell of what went wrong on the side of the service.
    let payments = kinds(&[("reset", panicked as f64), ("server_error", failed as f64)]);
    let expected = [[&answers, &answers, &none], [&answers, &none, &payments], [&none, &none, &none]];
    for ((part, service), expected) in seen.services().into_iter().zip(expected) {
        eventually(|| {
            let scrape = service.scrape(TEXT)?;
            let of = |name| {
                let mut counts =
                    counts(scrape.named(name).map(|sample| (&sample.labels, sample.value)), &["kind"]);
                counts.retain(|_, count| *count != 0.0);
                counts
            };
            let names = [
                "http_request_errors_total",
                "http_client_request_errors_total",
                "rpc_client_request_errors_total",
            ];
            for (name, expected) in names.into_iter().zip(expected) {
                equal(&of(name), expected).map_err(|error| format!("{} {name}: {error}", part.name()))?;
            }
            let names = [
                "http_requests_in_flight",
                "http_requests_cancelled_total",
                "http_client_requests_cancelled_total",
                "rpc_server_requests_in_flight",
                "rpc_client_requests_cancelled_total",
            ];
            match names.iter().find(|name| scrape.sum(name) != 0.0) {
                None => Ok(()),
                Some(name) => Err(format!("{} {name} is {}", part.name(), scrape.sum(name))),
            }
        })?;
    }
    Ok(format!("{failed} failed, {panicked} panicked"))
}
