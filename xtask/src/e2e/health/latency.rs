//! How long probes take while every dependency hangs.

use std::time::{Duration, Instant};

use super::{NOT_SERVING, Scene};
use crate::Result;
use crate::http::Connection;

const PROBES: usize = 1_000;

/// Far from what is seen, and far from what a probe would take that waits for a check.
const LIMIT: Duration = Duration::from_millis(300);

pub(super) fn quick(scene: &mut Scene<'_>) -> Result<String> {
    let failed = |error| format!("GET /readyz: {error}");
    let mut http = Vec::with_capacity(PROBES);
    for _ in 0..PROBES {
        let begun = Instant::now();
        // As a kubelet does: a connection for each.
        let mut connection = Connection::open(scene.service.admin).map_err(failed)?;
        let answer = connection.send("GET", "/readyz", &[]).map_err(failed)?;
        http.push(begun.elapsed());
        if answer.status != 503 {
            return Err(format!("/readyz answers {}", answer.status));
        }
    }
    let answer = scene.judge.ask(&format!("burst {PROBES}"))?;
    let (said, took) = answer.split_once(' ').ok_or("no times")?;
    if said != NOT_SERVING {
        return Err(format!("Check says {said}"));
    }
    let took = took.split(',').map(|micros| micros.parse().map(Duration::from_micros));
    let grpc = took.collect::<std::result::Result<_, _>>().map_err(|error| format!("{answer}: {error}"))?;
    Ok(format!("HTTP {}; gRPC {}", within(http)?, within(grpc)?))
}

/// Where one in a hundred takes longer than it may, something waits; a single one may have met a busy machine.
fn within(mut took: Vec<Duration>) -> Result<String> {
    took.sort_unstable();
    let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).copied();
    let (Some(half), Some(most), Some(longest)) = (at(50), at(99), at(100)) else {
        return Err("no probes".to_owned());
    };
    let told = format!("half within {half:?}, 99 % within {most:?}, all {} within {longest:?}", took.len());
    if most <= LIMIT { Ok(told) } else { Err(format!("{told}, and not {LIMIT:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_be_slow_and_no_more() {
        let took = |slow: usize| {
            let all = (0..1_000).map(|number| if number < slow { LIMIT * 2 } else { LIMIT / 10 });
            within(all.collect())
        };
        assert!(took(9).unwrap().ends_with("all 1000 within 600ms"));
        assert!(took(11).unwrap_err().ends_with("and not 300ms"));
        assert!(within(Vec::new()).is_err());
    }
}
